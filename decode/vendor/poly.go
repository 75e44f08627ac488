package vendor

// Poly and Polycom phones with UC Software post XML to one URL, and those of
// its OBi edition send URLs of their own.
var poly = Vendor{
	Name: "poly", Label: "Poly",
	Agents: []string{"polycom", "polyedge", "poly ", "obihai", "obi"},
	Blocks: []string{"00:04:f2", "48:25:67", "64:16:7f", "9c:ad:ef"},
}

package vendor

// VTech ErisTerminal phones, and the Snom C620, M100 and M200 that are made of them.
var vtech = Vendor{
	Name: "vtech", Label: "VTech",
	Agents: []string{"vtech"},
	Blocks: []string{"00:12:2a", "14:ae:db", "1c:8e:e6", "a4:97:5c", "c4:68:d0"},
	Form:   Dollars,
}

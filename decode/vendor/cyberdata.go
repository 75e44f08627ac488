package vendor

// CyberData intercoms, and Guardian telephones, which post XML.
var cyberdata = Vendor{
	Name: "cyberdata", Label: "CyberData",
	Agents: []string{"cyberdata", "guardian "},
	Blocks: []string{"00:20:f7"},
}

package vendor

// CyberData intercoms, and Guardian telephones, which post XML.
var cyberdata = Vendor{
	Name: "cyberdata", Label: "CyberData",
	Agents: []string{"cyberdata", "guardian "},
	Blocks: []string{"00:20:f7"},
	Posts:  []string{"cyberdata", "guardian"},
	Events: map[string]string{
		"POWERON": "boot_completed", "HEARTBEAT": "device_heartbeat", "BUTTON": "button_pressed",
		"CALL_ACTIVE": "established_call", "CALL_TERMINATED": "terminated_call",
	},
}

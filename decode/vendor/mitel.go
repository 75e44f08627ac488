package vendor

// Mitel and Aastra phones, after the administrator guides of releases 2.4 to 4.2.
var mitel = Vendor{
	Name: "mitel", Label: "Mitel",
	Agents: []string{"mitel", "aastra"},
	Blocks: []string{"00:08:5d", "00:10:bc", "00:30:42", "08:00:0f", "14:00:e9"},
	Form:   Dollars,
	Variables: []Variable{
		{"REMOTENUMBER", Number, "number of the far side", false},
		{"SIPUSERNAME", User, "user name of the account", false},
		{"SIPAUTHNAME", Other, "authentication name of the account", false},
		{"PROXYURL", Other, "URL of the proxy", false},
		{"ACTIVEPROXY", Other, "proxy in use", false},
		{"LINESTATE", Other, "state of the line", false},
	},
	Settings: []Setting{
		{"action uri startup", "boot_completed", Documented},
		{"action uri registered", "registered", Documented},
		{"action uri incoming", "incoming_call", Documented},
		{"action uri outgoing", "outgoing_call", Documented},
		{"action uri offhook", "off_hook", Documented},
		{"action uri onhook", "on_hook", Documented},
		{"action uri connected", "established_call", Documented},
		{"action uri disconnected", "terminated_call", Documented},
		{"action uri poll", "action_poll", Documented},
		{"action uri registration event", "registration_event", Documented},
	},
}

package vendor

// VTech ErisTerminal phones, and the Snom C620, M100 and M200 that are made of
// them. There is no event for the end of a call but on_hook.
var vtech = Vendor{
	Name: "vtech", Label: "VTech",
	Agents:     []string{"vtech"},
	Blocks:     []string{"00:12:2a", "14:ae:db", "1c:8e:e6", "a4:97:5c", "c4:68:d0"},
	Form:       Dollars,
	EndsOnHook: true,
	Prefixes:   []string{"system_event."},
	Variables: []Variable{
		{"SIPUSERNAME", User, "user name of the account", false},
		{"DISPLAYNAME", DisplayLocal, "display name of the phone's own side", false},
		{"LOCALIP", PhoneIP, "IP address of the phone", false},
		{"INCOMINGNAME", DisplayRemote, "display name of the far side", false},
		{"REMOTENUMBER", Number, "number of the far side", false},
		{"REGISTRATIONSTATE", Other, "REGISTERED, DEREGISTERED or FAIL", false},
		{"MAC", MAC, "MAC address of the phone", false},
		{"MODEL", Product, "model of the phone", false},
	},
	Settings: []Setting{
		{"system_event.startup.action_uri", "boot_completed", Documented},
		{"system_event.registered.action_uri", "registered", Documented},
		{"system_event.on_hook.action_uri", "on_hook", Documented},
		{"system_event.off_hook.action_uri", "off_hook", Documented},
		{"system_event.incoming_call.action_uri", "incoming_call", Documented},
		{"system_event.outgoing_call.action_uri", "outgoing_call", Documented},
		{"system_event.connected.action_uri", "established_call", Inferred},
	},
}

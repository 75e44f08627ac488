package vendor

// Mitel and Aastra phones, after the administrator guides of releases 2.4 to
// 4.2. What a phone cannot replace becomes an empty text.
var mitel = Vendor{
	Name: "mitel", Label: "Mitel",
	Agents:   []string{"mitel", "aastra"},
	Blocks:   []string{"00:08:5d", "00:10:bc", "00:30:42", "08:00:0f", "14:00:e9"},
	Form:     Dollars,
	Prefixes: []string{"action uri "},
	Others:   []string{"action uri poll interval", "sip xml notify event"},
	MaxOf:    map[string]int{"incoming_call": 128, "outgoing_call": 128, "off_hook": 128, "on_hook": 128},
	Variables: []Variable{
		{"REMOTENUMBER", Number, "number of the far side", false},
		{"DISPLAYNAME", DisplayLocal, "display name of the phone's own side", false},
		{"SIPUSERNAME", User, "user name of the account", false},
		{"SIPAUTHNAME", Other, "authentication name of the account", false},
		{"INCOMINGNAME", DisplayRemote, "display name of the far side", false},
		{"PROXYURL", Other, "URL of the proxy", false},
		{"LINESTATE", OfCall, "state of the line", false},
		{"LOCALIP", PhoneIP, "IP address of the phone", false},
		{"REGISTRATIONSTATE", Other, "REGISTERED, UNREGISTERED, EXPIRED, REFUSED or TIMEOUT", false},
		{"REGISTRATIONCODE", Other, "three digits: 001 is success, 403 refused", false},
		{"CALLDURATION", Duration, "length of the current or last call in seconds", false},
		{"CALLDIRECTION", Direction, "whether the phone is calling or called", false},
		{"ACTIVEPROXY", Other, "proxy in use", false},
	},
	Settings: []Setting{
		{"action uri startup", "boot_completed", Documented},
		{"action uri registered", "registered", Documented},
		{"action uri registration event", "registration_event", Documented},
		{"action uri incoming", "incoming_call", Documented},
		{"action uri outgoing", "outgoing_call", Documented},
		{"action uri offhook", "off_hook", Documented},
		{"action uri onhook", "on_hook", Documented},
		{"action uri connected", "established_call", Documented},
		{"action uri disconnected", "terminated_call", Documented},
		{"action uri xml sip notify", "xml_notify", Documented},
		{"action uri poll", "action_poll", Documented},
	},
}

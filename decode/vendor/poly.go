package vendor

// Poly and Polycom phones. Those with UC Software post XML to one URL for all
// events, of which each has a switch; those of the OBi edition have URLs of each
// line.
var poly = Vendor{
	Name: "poly", Label: "Poly",
	Agents:   []string{"polycom", "polyedge", "poly ", "obihai", "obi"},
	Blocks:   []string{"00:04:f2", "48:25:67", "64:16:7f", "9c:ad:ef"},
	Roots:    []string{"parameterlist", "polycomconfig", "phone_config"},
	Others:   []string{"userpref.phonebook.actionurl", "voiceservice.1.phone.cstmlinekey.*"},
	Prefixes: []string{"apps.telnotification.url"},
	Switches: []Switch{
		{"apps.telNotification.incomingEvent", []string{"1"}, "the phone does not post incoming calls"},
		{"apps.telNotification.outgoingEvent", []string{"1"}, "the phone does not post outgoing calls"},
		{"apps.telNotification.offhookEvent", []string{"1"}, "the phone does not post that the receiver is lifted"},
		{"apps.telNotification.onhookEvent", []string{"1"}, "the phone does not post that the receiver is put down"},
		{"apps.telNotification.lineRegistrationEvent", []string{"1"}, "the phone does not post registrations"},
		{"apps.telNotification.userLogInOutEvent", []string{"1"}, "the phone does not post logins"},
		{"apps.telNotification.callStateChangeEvent", []string{"1"}, "the phone does not post how calls go on"},
	},
	Settings: []Setting{
		{"apps.telNotification.URL", Any, Observed},
		{"apps.telNotification.1.URL", Any, Observed},
		{"VoiceService.1.VoiceProfile.1.Line.1.CallingFeatures.X_IncomingCallRingingActionURL", "incoming_call", Observed},
		{"VoiceService.1.VoiceProfile.1.Line.1.CallingFeatures.X_CallConnectedActionURL", "established_call", Observed},
		{"VoiceService.1.VoiceProfile.1.Line.1.CallingFeatures.X_CallEndedActionURL", "terminated_call", Observed},
		{"VoiceService.1.VoiceProfile.1.Line.1.X_NetServices.ActionURL.SyncURL", "", Observed},
		{"VoiceService.1.VoiceProfile.1.Line.1.X_NetServices.ActionURL.OBiStatusNotifyURL", "", Observed},
	},
	Posts: []string{
		"incomingcallevent", "outgoingcallevent", "offhookevent", "onhookevent", "phonelockedevent", "phoneunlockedevent",
		"lineregistrationevent", "lineunregistrationevent", "userloginoutevent", "callstatechangeevent",
	},
	Events: map[string]string{
		"IncomingCallEvent": "incoming_call", "OutgoingCallEvent": "outgoing_call", "OffHookEvent": "off_hook", "OnHookEvent": "on_hook",
		"PhoneLockedEvent": "phone_locked", "PhoneUnlockedEvent": "phone_unlocked",
		"LineRegistrationEvent": "registered", "LineUnregistrationEvent": "unregistered", "UserLoggedIn": "log_on", "UserLoggedOut": "log_off",
		// Of a CallStateChangeEvent, its CallState.
		"Offering": "incoming_call", "Ringback": "outgoing_call", "Connected": "established_call", "CallHold": "hold_call", "Hold": "hold_call",
		"Held": "held_call", "CallHeld": "held_call", "Disconnected": "terminated_call", "Free": "terminated_call",
	},
	Keys: []Variable{
		{"PhoneIP", PhoneIP, "IP address of the phone", false},
		{"MACAddress", MAC, "MAC address of the phone", false},
		{"CallingPartyNumber", Caller, "number of who called", false},
		{"CallingPartyDirNum", Caller, "number of who called", false},
		{"CallingPartyName", CallerName, "name of who called", false},
		{"CalledPartyNumber", Called, "number of who was called", false},
		{"CalledPartyDirNum", Called, "number of who was called", false},
		{"CalledPartyName", CalledName, "name of who was called", false},
		{"CallReference", CallID, "the phone's own handle of the call", false},
		{"CallState", Event, "how far the call has come", false},
		{"CallType", Direction, "whether the phone is calling or called", false},
		{"CallDuration", Duration, "length of the call in seconds", false},
		{"LineDirNum", User, "number of the line", false},
	},
	OwnCallIDs: true,
}

package vendor

import "slices"

// FlyingVoice phones have Yealink's keys; newer firmware has keys of its own, of
// which the manual could be read in part.
var flyingvoice = Vendor{
	Name: "flyingvoice", Label: "FlyingVoice",
	Agents:    []string{"flyingvoice"},
	Blocks:    []string{"78:99:12"},
	Prefixes:  []string{"dbid_actionurl_"},
	Variables: twelve,
	Settings: slices.Concat(yealinkSettings(Observed), []Setting{
		{"DBID_ACTIONURL_RING", "incoming_call", Documented},
		{"DBID_ACTIONURL_DIALING", "outgoing_call", Documented},
		{"DBID_ACTIONURL_CONNECTED", "established_call", Documented},
		{"DBID_ACTIONURL_DISCONNECTED", "terminated_call", Documented},
		{"DBID_ACTIONURL_MISSREMIND", "missed_call", Documented},
		{"DBID_ACTIONURL_HOOKON", "on_hook", Documented},
		{"DBID_ACTIONURL_HOLD_STOP", "resume_call", Documented},
		{"DBID_ACTIONURL_DND_ENABLE", "dnd_on", Documented},
	}),
}

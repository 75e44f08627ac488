package vendor

import "slices"

// Yealink phones, after the vendor's administrator guides.
var yealink = Vendor{
	Name: "yealink", Label: "Yealink",
	Agents: []string{"yealink"},
	Blocks: []string{
		"00:15:65", "24:9a:d8", "34:97:d7", "44:db:d2", "64:4f:56", "80:5e:0c", "80:5e:c0", "b0:61:a9",
		"c4:fc:22", "ec:1d:a9", "f0:16:53",
	},
	MaxURL:     511,
	OwnCallIDs: true,
	Variables: []Variable{
		{"mac", MAC, "MAC address of the phone", false},
		{"ip", IP, "IP address of the phone", false},
		{"model", Product, "model of the phone", false},
		{"firmware", Version, "software version of the phone", false},
		{"active_url", OfCall, "SIP URI of the account in the call", false},
		{"active_user", Account, "account that is in the call", false},
		{"active_host", OfCall, "SIP server of that account", false},
		{"local", Local, "SIP URI: the caller when dialling out, the called when receiving", false},
		{"remote", Remote, "SIP URI: the called when dialling out, the caller when receiving", false},
		{"display_local", DisplayLocal, "display name of the phone's own side", false},
		{"display_remote", DisplayRemote, "display name of the far side", false},
		{"call_id", CallID, "the phone's own handle of the call, not its Call-ID", false},
		{"callerID", Caller, "display name of the caller", false},
		{"calledNumber", OfCall, "number that was called", false},
		{"wifi_number", Other, "number on the wireless side (CP960)", false},
		{"duration", Duration, "talk time in seconds (T20)", false},
		{"callDirection", Direction, "whether the phone is calling or called (T20)", false},
	},
	Settings: slices.Concat(
		yealinkSettings(Documented),
		[]Setting{ // of older and newer firmware, from published templates
			{"action_url.log_on", "log_on", Observed},
			{"action_url.log_off", "log_off", Observed},
			{"action_url.peripheral_information", "peripheral_information", Observed},
			{"action_url.vpn_ip", "vpn_ip", Observed},
			{"action_url.alarm.trigger", "alarm", Observed},
		},
	),
}

// yealinkSettings are those of the guide, which other vendors' phones have, too.
func yealinkSettings(grade Grade) []Setting {
	all := []Setting{
		{"action_url.setup_completed", "boot_completed", grade},
		{"action_url.registered", "registered", grade},
		{"action_url.unregistered", "unregistered", grade},
		{"action_url.register_failed", "register_failed", grade},
		{"action_url.off_hook", "off_hook", grade},
		{"action_url.on_hook", "on_hook", grade},
		{"action_url.incoming_call", "incoming_call", grade},
		{"action_url.outgoing_call", "outgoing_call", grade},
		{"action_url.call_established", "established_call", grade},
		{"action_url.call_terminated", "terminated_call", grade},
		{"action_url.dnd_on", "dnd_on", grade},
		{"action_url.dnd_off", "dnd_off", grade},
		{"action_url.always_fwd_on", "forward_always_on", grade},
		{"action_url.always_fwd_off", "forward_always_off", grade},
		{"action_url.busy_fwd_on", "forward_busy_on", grade},
		{"action_url.busy_fwd_off", "forward_busy_off", grade},
		{"action_url.no_answer_fwd_on", "forward_no_answer_on", grade},
		{"action_url.no_answer_fwd_off", "forward_no_answer_off", grade},
		{"action_url.transfer_call", "transfer_call", grade},
		{"action_url.blind_transfer_call", "blind_transfer", grade},
		{"action_url.attended_transfer_call", "attended_transfer", grade},
		{"action_url.hold", "hold_call", grade},
		{"action_url.unhold", "resume_call", grade},
		{"action_url.held", "held_call", grade},
		{"action_url.unheld", "unheld_call", grade},
		{"action_url.mute", "mute_call", grade},
		{"action_url.unmute", "unmute_call", grade},
		{"action_url.missed_call", "missed_call", grade},
		{"action_url.busy_to_idle", "busy_to_idle", grade},
		{"action_url.idle_to_busy", "idle_to_busy", grade},
		{"action_url.ip_change", "ip_changed", grade},
		{"action_url.forward_incoming_call", "forwarded_call", grade},
		{"action_url.reject_incoming_call", "rejected_call", grade},
		{"action_url.answer_new_incoming_call", "answered_call", grade},
		{"action_url.transfer_finished", "transfer_finished", grade},
		{"action_url.transfer_failed", "transfer_failed", grade},
		{"action_url.setup_autop_finish", "autoprovision_completed", grade},
		{"action_url.call_waiting_on", "call_waiting_on", grade},
		{"action_url.call_waiting_off", "call_waiting_off", grade},
		{"action_url.headset", "headset", grade},
		{"action_url.handfree", "handsfree", grade},
		{"action_url.cancel_callout", "callout_canceled", grade},
		{"action_url.remote_busy", "remote_busy", grade},
		{"action_url.call_remote_canceled", "remote_canceled", grade},
	}
	return all
}

// twelve are the variables that phones after Yealink's have in common.
var twelve = []Variable{
	{"mac", MAC, "MAC address of the phone", false},
	{"ip", IP, "IP address of the phone", false},
	{"model", Product, "model of the phone", false},
	{"firmware", Version, "software version of the phone", false},
	{"active_url", OfCall, "SIP URI of the account in the call", false},
	{"active_user", Account, "account that is in the call", false},
	{"active_host", OfCall, "SIP server of that account", false},
	{"local", Local, "SIP name of the phone's own side", false},
	{"remote", Remote, "SIP name of the far side", false},
	{"display_local", DisplayLocal, "display name of the phone's own side", false},
	{"display_remote", DisplayRemote, "display name of the far side", false},
	{"call_id", CallID, "the phone's own handle of the call", false},
}

package actionurl

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/decode/vendor"
)

// The guide's events, page 4, and its variables, pages 4 and 5, in its order.
const (
	guideEvents = `Incoming Call, Outgoing Call, Establish Call, Terminate Call, Off Hook, On Hook, Missed Call,
		DND On, DND Off, Call Forwarding On, Call Forwarding Off, Hold Call, Resume Call, Syslog On, Syslog Off,
		Booting Completed, Blind Transferring, Attended Transferring, Registration, Sign Off`
	guideVariables = `phone_ip, mac, product, program_version, hardware_version, language, local, display_local,
		remote, display_remote, call-id, active_user, active_host, duration, calldirection`
)

func list(s string) []string {
	var all []string
	for word := range strings.SplitSeq(s, ",") {
		all = append(all, strings.TrimSpace(word))
	}
	return all
}

func TestCatalogIsTheGuides(t *testing.T) {
	var labels, names []string
	for _, k := range Kinds() {
		if k.Guide {
			labels = append(labels, k.Label)
		}
	}
	for _, u := range vendor.Uses() {
		if u.Guide {
			names = append(names, u.Name)
		}
	}
	if diff := cmp.Diff(list(guideEvents), labels); diff != "" {
		t.Errorf("events (-guide +catalogue):\n%s", diff)
	}
	if diff := cmp.Diff(list(guideVariables), names); diff != "" {
		t.Errorf("variables (-guide +catalogue):\n%s", diff)
	}
}

// A name that stood for two events would silently be the later one.
func TestNoNameStandsForTwoEvents(t *testing.T) {
	byName := map[string]string{}
	byP := map[int]string{}
	for _, k := range Kinds() {
		names := append([]string{k.Slug, k.Label}, k.Alias...)
		for _, name := range append(names, k.Names...) {
			w := words(name)
			if other, ok := byName[w]; ok && other != k.Slug || w == "" {
				t.Errorf("%q (%q) stands for %s and %s", name, w, other, k.Slug)
			}
			byName[w] = k.Slug
		}
		if other, ok := byP[k.P]; ok && k.P != 0 {
			t.Errorf("P%d stands for %s and %s", k.P, other, k.Slug)
		}
		byP[k.P] = k.Slug
		if k.P != 0 && k.PGrade == "" {
			t.Errorf("%s: nothing says how well P%d is known", k.Slug, k.P)
		}
	}
}

// The settings of phones, from published provisioning templates and from
// phones' own lists: P-value, alias, event, and the names on web pages.
var settings = []struct {
	p           int
	alias, slug string
	names       string
}{
	{8304, "setupCompleted", "boot_completed", "Booting Completed, Setup Completed, Bootup Completed"},
	{8305, "registered", "registered", "Registration, Registered, Register"},
	{8306, "unregistered", "unregistered", "Sign Off, Unregistered, Unregister"},
	{8307, "registerFailed", "register_failed", "Register failed"},
	{8308, "offHook", "off_hook", "Off Hook"},
	{8309, "onHook", "on_hook", "On Hook"},
	{8310, "incomingCall", "incoming_call", "Incoming Call"},
	{8311, "outgoingCall", "outgoing_call", "Outgoing Call"},
	{8312, "missedCall", "missed_call", "Missed Call"},
	{8313, "establishedCall", "established_call", "Establish Call, Established Call, Connected"},
	{8314, "terminatedCall", "terminated_call", "Terminate Call, Terminated Call, Disconnected, Call Terminated"},
	{8315, "rejectIncomingCall", "rejected_call", "Rejected Call"},
	{8316, "openDnd", "dnd_on", "DND On, Open DND, Enable DND"},
	{8317, "closedDnd", "dnd_off", "DND Off, Close DND, Disable DND"},
	{8318, "openForward", "forward_on", "Call Forwarding On, Open Forward, Forward On"},
	{8319, "closedForward", "forward_off", "Call Forwarding Off, Close Forward"},
	{8320, "blindTransfer", "blind_transfer", "Blind Transferring, Blind Transfer"},
	{8321, "attendedTransfer", "attended_transfer", "Attended Transferring, Attended Transfer"},
	{8322, "transferFinished", "transfer_finished", "Transfer Completed"},
	{8323, "transferFailed", "transfer_failed", "Transfer failed"},
	{8324, "holdCall", "hold_call", "Hold Call, On Hold"},
	{8325, "unholdCall", "resume_call", "Resume Call, UnHold Call, Unhold, On Unhold"},
	{8326, "mute", "mute_call", "Mute Call"},
	{8327, "unMute", "unmute_call", "Unmute Call"},
	{8328, "idleToBusy", "idle_to_busy", "Idle to Busy"},
	{8329, "busyToIdle", "busy_to_idle", "Busy to Idle"},
	{8330, "", "syslog_on", "Syslog On, Open Syslog"},
	{8331, "", "syslog_off", "Syslog Off, Close Syslog"},
	{22171, "answerNewInCall", "answered_call", "Answered Call"},
	{22568, "batteryLow", "low_battery", "Low Battery"},
	{22570, "batterySufficient", "sufficient_battery", "Sufficient Battery"},
	{0, "IPChanged", "ip_changed", "IP Change"},
	{0, "autopFinish", "autoprovision_completed", "Auto Provision Completed"},
	{0, "forwardIncomingCall", "forwarded_call", "Forwarded Call"},
	{0, "enableForward", "forward_on", ""},
	{0, "disableForward", "forward_off", ""},
	{0, "enableAlwaysForward", "forward_always_on", "Open Forward Always"},
	{0, "disableAlwaysForward", "forward_always_off", "Close Forward Always"},
	{0, "enableBusyForward", "forward_busy_on", "Enable Call Forward Busy"},
	{0, "disableBusyForward", "forward_busy_off", "Disable Call Forward Busy"},
	{0, "enableNoAnswerForward", "forward_no_answer_on", ""},
	{0, "disableNoAnswerForward", "forward_no_answer_off", ""},
	{0, "CPUTempAbnormal", "cpu_temperature_abnormal", ""},
	{0, "CPUTempNormal", "cpu_temperature_normal", ""},
	{0, "batteryTempAbnormal", "battery_temperature_abnormal", ""},
	{0, "batteryTempNormal", "battery_temperature_normal", ""},
	{0, "batteryVoltageAbnormal", "battery_voltage_abnormal", ""},
	{0, "batteryVoltageNormal", "battery_voltage_normal", ""},
	{0, "safetyCall", "alarm", "Alarm, Panic Call, SAFE Call"},
	{0, "alarmEnded", "alarm_ended", "Alarm Ended"},
	{0, "", "log_on", "Log On"},
	{0, "", "log_off", "Log Off"},

	// Other vendors' (vendors.go).
	{0, "", "transfer_call", "Transfer Call"},
	{0, "", "received_attended_transfer", "Received Attended Transfer"},
	{0, "", "held_call", "Held Call, held"},
	{0, "", "unheld_call", "Unheld Call, unheld"},
	{0, "", "callout_canceled", "Cancel Callout"},
	{0, "", "remote_busy", "Remote Busy"},
	{0, "", "remote_canceled", "Remote Canceled"},
	{0, "", "call_waiting_on", "Call Waiting On"},
	{0, "", "call_waiting_off", "Call Waiting Off"},
	{0, "", "headset", "Headset"},
	{0, "", "handsfree", "Handsfree"},
	{0, "", "mute_on", "Mute On"},
	{0, "", "mute_off", "Mute Off"},
	{0, "", "phone_state_idle", "Phone State Idle"},
	{0, "", "phone_state_ringing", "Phone State Ringing"},
	{0, "", "phone_state_talking", "Phone State Talking"},
	{0, "", "reboot_started", "Start Reboot"},
	{0, "", "registration_event", "Registration Event"},
	{0, "", "new_mwi", "New MWI"},
	{0, "", "new_sms", "New SMS"},
	{0, "", "subscription_notify", "Received Subscription Notify"},
	{0, "", "long_press", "Long Press"},
	{0, "", "snom_vision", "Snom Vision"},
	{0, "", "action_poll", "Action URI Poll"},
	{0, "", "peripheral_information", "Peripheral Information"},
	{0, "", "vpn_ip", "VPN IP"},
	{0, "", "xml_notify", "XML SIP Notify"},
	{0, "", "web_auth_changed", "Web Password Changed"},
	{0, "", "phone_reset", "Factory Reset"},
	{0, "", "memory_low", "Insufficient Memory"},
	{0, "", "sip_message", "SIP Message Received"},
	{0, "", "capabilities", "Equipment Capabilities"},
	{0, "", "phone_locked", "Phone Locked"},
	{0, "", "phone_unlocked", "Phone Unlocked"},
	{0, "", "device_heartbeat", "Device Heartbeat, Heartbeat"},
	{0, "", "button_pressed", "Button Pressed, button"},
	{0, "", "motion_detected", "Motion Detected"},
	{0, "", "code_valid", "Valid Code Entered, valid code"},
	{0, "", "code_invalid", "Invalid Code Entered, invalid code"},
	{0, "", "card_valid", "Valid Card Entered, valid card"},
	{0, "", "card_invalid", "Invalid Card Entered, invalid card"},
	{0, "", "face_valid", "Valid Face Recognition, valid face"},
	{0, "", "face_invalid", "Invalid Face Recognition, invalid face"},
	{0, "", "qr_valid", "Valid QR Code Entered, valid qr, valid qr code"},
	{0, "", "qr_invalid", "Invalid QR Code Entered, invalid qr, invalid qr code"},
	{0, "", "tamper_alarm", "Tamper Alarm, tamper alarm triggered, tamper"},
	{0, "", "break_in_alarm", "Break-in Alarm, input break in"},
	{0, "", "break_in_alarm_a", "Break-in Alarm A"},
	{0, "", "break_in_alarm_b", "Break-in Alarm B"},
	{0, "", "break_in_alarm_c", "Break-in Alarm C"},
	{0, "", "break_in_alarm_d", "Break-in Alarm D"},
	{0, "", "door_open_timeout_a", "Door Open Timeout A"},
	{0, "", "door_open_timeout_b", "Door Open Timeout B"},
	{0, "", "relay_a_triggered", "Relay A Triggered, relay triggered a"},
	{0, "", "relay_a_closed", "Relay A Closed, relay closed a"},
	{0, "", "relay_b_triggered", "Relay B Triggered, relay triggered b"},
	{0, "", "relay_b_closed", "Relay B Closed, relay closed b"},
	{0, "", "relay_c_triggered", "Relay C Triggered, relay triggered c"},
	{0, "", "relay_c_closed", "Relay C Closed, relay closed c"},
	{0, "", "relay_d_triggered", "Relay D Triggered, relay triggered d"},
	{0, "", "relay_d_closed", "Relay D Closed, relay closed d"},
	{0, "", "input_a_triggered", "Input A Triggered, input triggered a"},
	{0, "", "input_a_closed", "Input A Closed, input closed a"},
	{0, "", "input_b_triggered", "Input B Triggered, input triggered b"},
	{0, "", "input_b_closed", "Input B Closed, input closed b"},
	{0, "", "input_c_triggered", "Input C Triggered, input triggered c"},
	{0, "", "input_c_closed", "Input C Closed, input closed c"},
	{0, "", "input_d_triggered", "Input D Triggered, input triggered d"},
	{0, "", "input_d_closed", "Input D Closed, input closed d"},
}

func TestLookup(t *testing.T) {
	for _, s := range settings {
		spellings := []string{s.slug, " " + s.slug + " ", strings.ToUpper(s.slug), strings.ReplaceAll(s.slug, "_", "-")}
		if s.p != 0 {
			spellings = append(spellings, fmt.Sprint("P", s.p), fmt.Sprint("p", s.p), fmt.Sprint(s.p))
		}
		if s.alias != "" {
			for _, alias := range []string{s.alias, strings.ToLower(s.alias), strings.ToUpper(s.alias)} {
				spellings = append(spellings, alias, "ons.actionUrl."+alias, "ONS.actionurl."+alias)
			}
		}
		if s.names != "" {
			for _, name := range list(s.names) {
				spellings = append(spellings, name, strings.ToLower(name), strings.ReplaceAll(name, " ", ""))
			}
		}
		for _, spelling := range spellings {
			k := Lookup(spelling)
			if k == nil || k.Slug != s.slug {
				t.Errorf("Lookup(%q) = %+v, want %s", spelling, k, s.slug)
			}
		}
	}
}

func TestLookupNothing(t *testing.T) {
	for _, name := range []string{
		"", " ", "call", "P", "Pp8310", "P0", "0", "-1", "P8332", "8333", "P1500", // P1500 and on is a rumour
		"ons.actionUrl.", "ons.actionUrl.P8310", "ons.actionUrl.Incoming Call", "unknown", "recall", "in",
	} {
		if k := Lookup(name); k != nil {
			t.Errorf("Lookup(%q) = %s, want nothing", name, k.Slug)
		}
	}
}

// Each event of the catalogue is in the list of settings above, so that none
// is without a source.
func TestSettingsAreWhole(t *testing.T) {
	for _, k := range Kinds() {
		p, aliases := 0, map[string]bool{}
		found := false
		for _, s := range settings {
			if s.slug == k.Slug {
				found, p, aliases[s.alias] = true, p+s.p, true
			}
		}
		if !found || p != k.P {
			t.Errorf("%s has P%d, want P%d", k.Slug, k.P, p)
		}
		for _, alias := range k.Alias {
			if !aliases[alias] {
				t.Errorf("%s has the alias %s, of which no source tells", k.Slug, alias)
			}
		}
	}
}

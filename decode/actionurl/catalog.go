package actionurl

import (
	"slices"
	"strconv"
	"strings"

	"actionurl/decode/vendor"
)

// aliasPrefix begins the names of the settings in configuration version 2.
const aliasPrefix = "ons.actionUrl."

// Kinds returns the events in the order of the guide, then those of newer
// Grandstream models, then those of other vendors' phones only. P-values and aliases are those of published
// provisioning templates and of settings read from phones.
func Kinds() []*Kind { return slices.Clone(catalog.kinds) }

// catalog is built once and never changed.
var catalog = newCatalog([]*Kind{
	{Slug: "incoming_call", Label: "Incoming Call", Guide: true, Names: []string{"incoming", "ringing"}, Act: Begins, Direction: Incoming, SIP: Signals{Received: OnInvite, WithSent: OnRinging}, Vars: ofCall},
	{Slug: "outgoing_call", Label: "Outgoing Call", Guide: true, Names: []string{"outgoing", "dialing"}, Act: Begins, Direction: Outgoing, SIP: Signals{Sent: OnInvite, WithReceived: OnRinging}, Vars: ofCall},
	{Slug: "established_call", Label: "Establish Call", Guide: true, Names: []string{"established", "connected"}, Act: Answers, SIP: Signals{Sent: OnAnswer, Received: OnAnswer, WithSent: OnAck, WithReceived: OnAck}, Vars: ofCall},
	{Slug: "terminated_call", Label: "Terminate Call", Guide: true, Names: []string{"terminated", "disconnected", "hangup", "hung up", "ended", "end"}, Act: Ends, SIP: Signals{Sent: OnBye, Received: OnBye, WithSent: unanswered, WithReceived: unanswered}, Vars: ofCall | 1<<vendor.Duration},
	{Slug: "off_hook", Label: "Off Hook", Guide: true, Switch: OffHook, To: On},
	{Slug: "on_hook", Label: "On Hook", Guide: true, Switch: OffHook, To: Off},
	{Slug: "missed_call", Label: "Missed Call", Guide: true, Names: []string{"missed"}, Act: Misses, Direction: Incoming, SIP: Signals{Received: OnCancel, WithReceived: OnCancelElsewhere, WithSent: OnCanceled | OnReject | OnRefuse}, Vars: ofCall},
	{Slug: "dnd_on", Label: "DND On", Guide: true, Names: []string{"enable DND"}, Switch: DND, To: On},
	{Slug: "dnd_off", Label: "DND Off", Guide: true, Names: []string{"close DND", "disable DND"}, Switch: DND, To: Off},
	{Slug: "forward_on", Label: "Call Forwarding On", Guide: true, Switch: Forwarding, To: On},
	{Slug: "forward_off", Label: "Call Forwarding Off", Guide: true, Names: []string{"close forward"}, Switch: Forwarding, To: Off},
	{Slug: "hold_call", Label: "Hold Call", Guide: true, Names: []string{"hold", "on hold", "hold on"}, Act: Holds, SIP: Signals{Sent: OnHold}, Vars: ofCall},
	{Slug: "resume_call", Label: "Resume Call", Guide: true, Names: []string{"unhold", "on unhold", "resume", "resumed", "hold off"}, Act: Resumes, SIP: Signals{Sent: OnResume}, Vars: ofCall},
	{Slug: "syslog_on", Label: "Syslog On", Guide: true, Names: []string{"open syslog"}, Switch: Syslog, To: On},
	{Slug: "syslog_off", Label: "Syslog Off", Guide: true, Names: []string{"close syslog"}, Switch: Syslog, To: Off},
	{Slug: "boot_completed", Label: "Booting Completed", Guide: true, Names: []string{"bootup completed", "boot completed", "setup completed"}, Act: Restarts},
	{Slug: "blind_transfer", Label: "Blind Transferring", Guide: true, Act: Transfers, SIP: Signals{Sent: OnRefer}},
	{Slug: "attended_transfer", Label: "Attended Transferring", Guide: true, Act: Transfers, SIP: Signals{Sent: OnReferReplaces}},
	{Slug: "registered", Label: "Registration", Guide: true, Names: []string{"register"}, Switch: Registration, To: On, Again: true, SIP: Signals{WithReceived: OnRegister}},
	{Slug: "unregistered", Label: "Sign Off", Guide: true, Names: []string{"unregister"}, Switch: Registration, To: Off, Again: true, SIP: Signals{WithReceived: OnUnregister}},

	{Slug: "register_failed", Label: "Register Failed", Names: []string{"registration failed"}, Switch: Registration, To: Off, Again: true, Failed: true, SIP: Signals{WithReceived: OnRegisterFailed}},
	{Slug: "rejected_call", Label: "Rejected Call", Names: []string{"rejected"}, Act: Rejects, Direction: Incoming, SIP: Signals{Sent: OnReject, WithSent: OnRefuse}, Vars: ofCall},
	{Slug: "answered_call", Label: "Answered Call", Names: []string{"answered", "answer"}, Act: Answers, Direction: Incoming, SIP: Signals{Sent: OnAnswer, WithSent: OnAck, WithReceived: OnAck}, Vars: ofCall},
	{Slug: "transfer_finished", Label: "Transfer Completed", Act: Transferred, SIP: Signals{WithReceived: OnTransferred}},
	{Slug: "transfer_failed", Label: "Transfer Failed", Act: Notes, Failed: true, SIP: Signals{WithReceived: OnTransferFailed}},
	{Slug: "mute_call", Label: "Mute Call", Switch: Mute, To: On},
	{Slug: "unmute_call", Label: "Unmute Call", Switch: Mute, To: Off},
	{Slug: "idle_to_busy", Label: "Idle to Busy", Switch: Busy, To: On},
	{Slug: "busy_to_idle", Label: "Busy to Idle", Switch: Busy, To: Off},
	{Slug: "low_battery", Label: "Low Battery", Vars: 1 << vendor.Battery},
	{Slug: "sufficient_battery", Label: "Sufficient Battery", Names: []string{"battery ok"}, Vars: 1 << vendor.Battery},
	{Slug: "ip_changed", Label: "IP Change"},
	{Slug: "autoprovision_completed", Label: "Auto Provision Completed", Names: []string{"autoprov finished"}},
	{Slug: "forwarded_call", Label: "Forwarded Call", Names: []string{"forwarded"}, Act: Ends, Direction: Incoming, SIP: Signals{Sent: OnRedirect}},
	{Slug: "forward_always_on", Label: "Open Forward Always", Names: []string{"fwd always on"}, Switch: ForwardingAlways, To: On},
	{Slug: "forward_always_off", Label: "Close Forward Always", Names: []string{"fwd always off"}, Switch: ForwardingAlways, To: Off},
	{Slug: "forward_busy_on", Label: "Enable Call Forward Busy", Names: []string{"fwd busy on"}, Switch: ForwardingBusy, To: On},
	{Slug: "forward_busy_off", Label: "Disable Call Forward Busy", Names: []string{"fwd busy off"}, Switch: ForwardingBusy, To: Off},
	{Slug: "forward_no_answer_on", Label: "Enable Call Forward No Answer", Names: []string{"fwd noanswer on"}, Switch: ForwardingNoAnswer, To: On},
	{Slug: "forward_no_answer_off", Label: "Disable Call Forward No Answer", Names: []string{"fwd noanswer off"}, Switch: ForwardingNoAnswer, To: Off},
	{Slug: "cpu_temperature_abnormal", Label: "Abnormal CPU Temperature"},
	{Slug: "cpu_temperature_normal", Label: "Normal CPU Temperature"},
	{Slug: "battery_temperature_abnormal", Label: "Abnormal Battery Temperature"},
	{Slug: "battery_temperature_normal", Label: "Normal Battery Temperature"},
	{Slug: "battery_voltage_abnormal", Label: "Abnormal Battery Voltage"},
	{Slug: "battery_voltage_normal", Label: "Normal Battery Voltage"},
	{Slug: "alarm", Label: "Alarm", Names: []string{"panic call", "safe call"}},
	{Slug: "alarm_ended", Label: "Alarm Ended"},
	{Slug: "log_on", Label: "Log On", Switch: LogOn, To: On},
	{Slug: "log_off", Label: "Log Off", Switch: LogOn, To: Off},

	// Of other vendors' phones; their settings are in package vendor.
	{Slug: "transfer_call", Label: "Transfer Call", Act: Transfers, SIP: Signals{WithSent: OnRefer | OnReferReplaces}},
	{Slug: "received_attended_transfer", Label: "Received Attended Transfer", Act: Notes},
	{Slug: "held_call", Label: "Held Call", Act: FarHolds, SIP: Signals{WithReceived: OnHold}},
	{Slug: "unheld_call", Label: "Unheld Call", Act: FarResumes, SIP: Signals{WithReceived: OnResume}},
	{Slug: "callout_canceled", Label: "Cancel Callout", Act: Ends, Direction: Outgoing, SIP: Signals{WithSent: OnCancel | OnCancelElsewhere, WithReceived: OnCanceled | OnReject | OnRefuse}},
	{Slug: "remote_busy", Label: "Remote Busy", Act: Ends, Direction: Outgoing, SIP: Signals{WithReceived: OnCanceled | OnReject | OnRefuse}},
	{Slug: "remote_canceled", Label: "Remote Canceled", Act: Misses, Direction: Incoming, SIP: Signals{WithReceived: OnCancel | OnCancelElsewhere, WithSent: OnCanceled}},
	{Slug: "call_waiting_on", Label: "Call Waiting On", Switch: CallWaiting, To: On},
	{Slug: "call_waiting_off", Label: "Call Waiting Off", Switch: CallWaiting, To: Off},
	{Slug: "headset", Label: "Headset"},
	{Slug: "handsfree", Label: "Handsfree"},
	{Slug: "mute_on", Label: "Mute On", Switch: Mute, To: On},
	{Slug: "mute_off", Label: "Mute Off", Switch: Mute, To: Off},
	{Slug: "phone_state_idle", Label: "Phone State Idle", Switch: Busy, To: Off, SIP: Signals{WithSent: OnBye | unanswered, WithReceived: OnBye | unanswered}},
	{Slug: "phone_state_ringing", Label: "Phone State Ringing", Switch: Busy, To: On, Again: true, SIP: Signals{WithSent: OnRinging, WithReceived: OnInvite}},
	{Slug: "phone_state_talking", Label: "Phone State Talking", Switch: Busy, To: On, Again: true, SIP: Signals{WithSent: OnAnswer | OnAck, WithReceived: OnAnswer | OnAck}},
	{Slug: "reboot_started", Label: "Start Reboot"},
	{Slug: "registration_event", Label: "Registration Event"},
	{Slug: "new_mwi", Label: "New MWI"},
	{Slug: "new_sms", Label: "New SMS"},
	{Slug: "subscription_notify", Label: "Received Subscription Notify"},
	{Slug: "long_press", Label: "Long Press"},
	{Slug: "snom_vision", Label: "Snom Vision"},
	{Slug: "action_poll", Label: "Action URI Poll"},
	{Slug: "peripheral_information", Label: "Peripheral Information"},
	{Slug: "vpn_ip", Label: "VPN IP"},
	{Slug: "xml_notify", Label: "XML SIP Notify"},
	{Slug: "web_auth_changed", Label: "Web Password Changed"},
	{Slug: "phone_reset", Label: "Factory Reset"},
	{Slug: "memory_low", Label: "Insufficient Memory"},
	{Slug: "sip_message", Label: "SIP Message Received"},
	{Slug: "capabilities", Label: "Equipment Capabilities"},
	{Slug: "phone_locked", Label: "Phone Locked"},
	{Slug: "phone_unlocked", Label: "Phone Unlocked"},
	{Slug: "device_heartbeat", Label: "Device Heartbeat", Names: []string{"heartbeat"}},

	// Of door phones and access terminals.
	{Slug: "button_pressed", Label: "Button Pressed", Names: []string{"button"}},
	{Slug: "motion_detected", Label: "Motion Detected"},
	{Slug: "code_valid", Label: "Valid Code Entered", Names: []string{"valid code"}},
	{Slug: "code_invalid", Label: "Invalid Code Entered", Names: []string{"invalid code"}},
	{Slug: "card_valid", Label: "Valid Card Entered", Names: []string{"valid card"}},
	{Slug: "card_invalid", Label: "Invalid Card Entered", Names: []string{"invalid card"}},
	{Slug: "face_valid", Label: "Valid Face Recognition", Names: []string{"valid face"}},
	{Slug: "face_invalid", Label: "Invalid Face Recognition", Names: []string{"invalid face"}},
	{Slug: "qr_valid", Label: "Valid QR Code Entered", Names: []string{"valid qr", "valid qr code"}},
	{Slug: "qr_invalid", Label: "Invalid QR Code Entered", Names: []string{"invalid qr", "invalid qr code"}},
	{Slug: "tamper_alarm", Label: "Tamper Alarm", Names: []string{"tamper alarm triggered", "tamper"}},
	{Slug: "break_in_alarm", Label: "Break-in Alarm", Names: []string{"input break in"}},
	{Slug: "break_in_alarm_a", Label: "Break-in Alarm A"},
	{Slug: "break_in_alarm_b", Label: "Break-in Alarm B"},
	{Slug: "break_in_alarm_c", Label: "Break-in Alarm C"},
	{Slug: "break_in_alarm_d", Label: "Break-in Alarm D"},
	{Slug: "door_open_timeout_a", Label: "Door Open Timeout A"},
	{Slug: "door_open_timeout_b", Label: "Door Open Timeout B"},
	{Slug: "relay_a_triggered", Label: "Relay A Triggered", Names: []string{"relay triggered a"}},
	{Slug: "relay_a_closed", Label: "Relay A Closed", Names: []string{"relay closed a"}},
	{Slug: "relay_b_triggered", Label: "Relay B Triggered", Names: []string{"relay triggered b"}},
	{Slug: "relay_b_closed", Label: "Relay B Closed", Names: []string{"relay closed b"}},
	{Slug: "relay_c_triggered", Label: "Relay C Triggered", Names: []string{"relay triggered c"}},
	{Slug: "relay_c_closed", Label: "Relay C Closed", Names: []string{"relay closed c"}},
	{Slug: "relay_d_triggered", Label: "Relay D Triggered", Names: []string{"relay triggered d"}},
	{Slug: "relay_d_closed", Label: "Relay D Closed", Names: []string{"relay closed d"}},
	{Slug: "input_a_triggered", Label: "Input A Triggered", Names: []string{"input triggered a"}},
	{Slug: "input_a_closed", Label: "Input A Closed", Names: []string{"input closed a"}},
	{Slug: "input_b_triggered", Label: "Input B Triggered", Names: []string{"input triggered b"}},
	{Slug: "input_b_closed", Label: "Input B Closed", Names: []string{"input closed b"}},
	{Slug: "input_c_triggered", Label: "Input C Triggered", Names: []string{"input triggered c"}},
	{Slug: "input_c_closed", Label: "Input C Closed", Names: []string{"input closed c"}},
	{Slug: "input_d_triggered", Label: "Input D Triggered", Names: []string{"input triggered d"}},
	{Slug: "input_d_closed", Label: "Input D Closed", Names: []string{"input closed d"}},
})

// A kinds is a catalogue and its indexes.
type kinds struct {
	kinds   []*Kind
	bySlug  map[string]*Kind
	byName  map[string]*Kind // by words
	byP     map[int]*Kind
	signals Signals // of any kind
}

func newCatalog(all []*Kind) *kinds {
	c := &kinds{kinds: all, bySlug: map[string]*Kind{}, byName: map[string]*Kind{}, byP: map[int]*Kind{}}
	for i, k := range all {
		k.number = uint8(i + 1)
		c.bySlug[k.Slug] = k
		c.signals.Sent |= k.SIP.Sent
		c.signals.Received |= k.SIP.Received
		c.signals.WithSent |= k.SIP.WithSent
		c.signals.WithReceived |= k.SIP.WithReceived
		for _, name := range append([]string{k.Slug, k.Label}, k.Names...) {
			c.byName[words(name)] = k
		}
	}
	for _, s := range vendor.Named("grandstream").Settings {
		k := c.bySlug[s.Event]
		if k == nil {
			continue // a test reports it
		}
		if alias, ok := strings.CutPrefix(s.Key, aliasPrefix); ok {
			k.Alias = append(k.Alias, alias)
			c.byName[words(alias)] = k
		} else if n, err := strconv.Atoi(s.Key[1:]); err == nil {
			k.P, k.PGrade = n, s.Grade
			c.byP[n] = k
		}
	}
	return c
}

// words reduces a name to what distinguishes it: "Incoming Call",
// "incoming-call", "incomingCall", "INCOMINGCALL" and "call_incoming" are one.
func words(name string) string { return string(appendWords(nil, name)) }

func appendWords(dst []byte, name string) []byte {
	const call = "call"
	from := len(dst)
	for i := range len(name) {
		switch c := lower(name[i]); {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			dst = append(dst, c)
		}
		if n := len(dst) - len(call); n >= from && dst[len(dst)-1] == 'l' && string(dst[n:]) == call {
			dst = dst[:n]
		}
	}
	return dst
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// maxName is the longest name of an event that is looked up.
const maxName = 64

// named returns the event that has a name, nil for none.
func (c *kinds) named(name string) *Kind {
	if len(name) > maxName {
		return nil
	}
	var w [maxName]byte
	return c.byName[string(appendWords(w[:0], name))]
}

// Lookup returns the event of a slug, a label, a P-value ("P8310" or "8310")
// or an alias ("ons.actionUrl.incomingCall"), nil for none. Case, spaces and
// hyphens do not matter.
func Lookup(name string) *Kind {
	name = strings.TrimSpace(name)
	digits := name
	if digits != "" && (digits[0] == 'P' || digits[0] == 'p') {
		digits = digits[1:]
	}
	if digits != "" && digits[0] <= '9' { // else the error alone takes longer than all below
		if n, err := strconv.Atoi(digits); err == nil {
			return catalog.byP[n]
		}
	}
	if len(name) > len(aliasPrefix) && strings.EqualFold(name[:len(aliasPrefix)], aliasPrefix) {
		name = name[len(aliasPrefix):]
		for _, k := range catalog.kinds { // these are written in lower case, too
			for _, alias := range k.Alias {
				if strings.EqualFold(alias, name) {
					return k
				}
			}
		}
		return nil
	}
	return catalog.named(name)
}

package actionurl

import (
	"fmt"
	"slices"
	"strings"
)

// A Vendor is a maker of phones, and what is its own about Action URLs.
type Vendor struct {
	Name      string // as a flag takes it
	Label     string
	Settings  []*Setting // that hold Action URLs
	Variables []Variable
	Spelling  string   // of a variable in a URL: "$%s" or "$$%s$$"
	Open      bool     // further variables are known to its phones, such as the phone's settings
	MaxURL    int      // bytes of a URL that a phone keeps; 0 where that is not known
	OUIs      []string // what MAC addresses of its phones begin with, lower case with colons
	Agents    []string // first words of its phones' user agents, lower case
}

// A Setting is the place in a phone's settings for the Action URL of an event.
type Setting struct {
	Vendor *Vendor
	Key    string // as the vendor writes it
	Kind   *Kind
	Grade  Grade
}

// Vendors returns the vendors. They and what they point to must not be changed.
func Vendors() []*Vendor { return slices.Clone(vendors) }

// VendorNamed returns the vendor of that name, nil for none.
func VendorNamed(name string) *Vendor {
	for _, v := range vendors {
		if v.Name == strings.ToLower(name) {
			return v
		}
	}
	return nil
}

// VendorOf returns the vendor of the phone with this MAC address, nil if it is
// not known.
func VendorOf(mac string) *Vendor {
	mac = NormalizeMAC(mac)
	if mac == "" {
		return nil
	}
	for _, v := range vendors {
		if slices.Contains(v.OUIs, mac[:8]) {
			return v
		}
	}
	return nil
}

// Knows reports whether the vendor's phones replace the variable.
func (v *Vendor) Knows(variable string) bool {
	return v.Open || slices.ContainsFunc(v.Variables, func(w Variable) bool { return w.Name == variable })
}

// Spell returns the variable as it is written in a URL.
func (v *Vendor) Spell(variable string) string { return fmt.Sprintf(v.Spelling, variable) }

// Instead returns what the vendor's phones replace in place of a variable that
// others have, as it is written in a URL; empty for nothing.
func (v *Vendor) Instead(variable string) string {
	for _, same := range [][]string{
		{"phone_ip", "ip"}, {"product", "model"}, {"program_version", "firmware"}, {"call-id", "call_id", "callid"},
		{"calldirection", "callDirection"}, {"remote", "REMOTENUMBER", "callerID"}, {"display_remote", "callerID"},
	} {
		if !slices.Contains(same, variable) {
			continue
		}
		for _, known := range same {
			if known != variable && slices.ContainsFunc(v.Variables, func(w Variable) bool { return w.Name == known }) {
				return v.Spell(known)
			}
		}
	}
	return ""
}

// vendors is built once and never changed.
var vendors = newVendors()

func newVendors() []*Vendor {
	const (
		dollar  = "$%s"
		dollars = "$$%s$$"
	)
	all := []*Vendor{
		{
			Name: "grandstream", Label: "Grandstream", Spelling: dollar, MaxURL: 256,
			OUIs: []string{"00:0b:82", "c0:74:ad", "ec:74:d7"}, Agents: []string{"grandstream"},
			Settings: grandstreamSettings(),
			Variables: named(`phone_ip mac product program_version hardware_version language local display_local remote
				display_remote call-id call_id active_user active_host duration calldirection battery`,
				"call_id", "another spelling of call-id, of the GXV33xx"),
		},
		{
			Name: "yealink", Label: "Yealink", Spelling: dollar, MaxURL: 511,
			OUIs: []string{
				"00:15:65", "24:9a:d8", "34:97:d7", "44:db:d2", "80:5e:0c", "80:5e:c0", "c4:fc:22", "ec:1d:a9",
			},
			Agents:    []string{"yealink"},
			Settings:  slices.Concat(settingsOf(Documented, yealinkKeys), settingsOf(Observed, yealinkLaterKeys)),
			Variables: named(yealinkVariables, yealinkMeanings...),
		},
		{
			Name: "snom", Label: "Snom", Spelling: dollar, Open: true,
			OUIs: []string{"00:04:13"}, Agents: []string{"snom"},
			Settings: slices.Concat(settingsOf(Documented, snomKeys), settingsOf(Observed, "action_vision_url snom_vision")),
			Variables: named(`local remote active_url active_user active_host csta_id call-id display_local display_remote
				expansion_module active_key phone_ip nr_ongoing_calls context_url cancel_reason longpress_key mac
				redirect_number`,
				"local", "number of the called side", "remote", "number of the calling side"),
		},
		{
			Name: "htek", Label: "Htek", Spelling: dollar,
			OUIs: []string{"00:1f:c1"}, Agents: []string{"htek", "hanlong"},
			Settings: settingsOf(Observed, htekKeys),
		},
		{
			Name: "sangoma", Label: "Sangoma", Spelling: dollar,
			OUIs: []string{"00:50:58"}, Agents: []string{"sangoma"},
			Settings: settingsOf(Documented, htekKeys),
		},
		{
			Name: "akuvox", Label: "Akuvox", Spelling: dollar,
			OUIs: []string{"0c:11:05"}, Agents: []string{"akuvox"},
			Settings: settingsOf(Inferred, akuvoxKeys),
			Variables: named(`mac ip model firmware active_url active_user active_host local remote display_local
				display_remote call_id`,
				"call_id", "the phone's own handle of the call",
				"local", "SIP name of the phone's own side", "remote", "SIP name of the far side"),
		},
		{
			Name: "fanvil", Label: "Fanvil", Spelling: dollar,
			OUIs: []string{"0c:38:3e"}, Agents: []string{"fanvil"},
			Settings: settingsOf(Observed, fanvilKeys),
		},
		{
			Name: "mitel", Label: "Mitel", Spelling: dollars,
			OUIs: []string{"00:08:5d", "00:10:bc", "08:00:0f", "14:00:e9"}, Agents: []string{"mitel", "aastra"},
			Settings:  settingsOf(Documented, mitelKeys),
			Variables: named("REMOTENUMBER SIPUSERNAME SIPAUTHNAME PROXYURL ACTIVEPROXY LINESTATE"),
		},
		{
			Name: "flyingvoice", Label: "FlyingVoice", Spelling: dollar,
			OUIs: []string{"78:99:12"}, Agents: []string{"flyingvoice"},
			Settings: settingsOf(Observed, yealinkKeys),
		},
	}
	for _, v := range all {
		for _, s := range v.Settings {
			s.Vendor = v
		}
	}
	return all
}

// grandstreamSettings are the P-values and aliases of the catalogue. The
// aliases are those of published provisioning templates.
func grandstreamSettings() []*Setting {
	var all []*Setting
	for _, k := range catalog.kinds {
		if k.P != 0 {
			all = append(all, &Setting{Key: fmt.Sprintf("P%d", k.P), Kind: k, Grade: k.PGrade})
		}
		for _, alias := range k.Alias {
			all = append(all, &Setting{Key: aliasPrefix + alias, Kind: k, Grade: Observed})
		}
	}
	return all
}

// settingsOf reads a table of keys and slugs. A "_" of a key that begins with
// "action_uri_" is a blank.
func settingsOf(grade Grade, table string) []*Setting {
	words := strings.Fields(table)
	all := make([]*Setting, 0, len(words)/2)
	for i := 0; i+1 < len(words); i += 2 {
		key := words[i]
		if strings.HasPrefix(key, "action_uri_") {
			key = strings.ReplaceAll(key, "_", " ")
		}
		all = append(all, &Setting{Key: key, Kind: catalog.bySlug[words[i+1]], Grade: grade})
	}
	return all
}

// named returns the variables of these names. Meanings are pairs of a name and
// what it means to this vendor's phones, where that is something of their own.
func named(names string, meanings ...string) []Variable {
	var all []Variable
	for _, name := range strings.Fields(names) {
		i := slices.IndexFunc(variables, func(v Variable) bool { return v.Name == name })
		v := variables[i]
		for m := 0; m+1 < len(meanings); m += 2 {
			if meanings[m] == name {
				v.Meaning = meanings[m+1]
			}
		}
		all = append(all, v)
	}
	return all
}

// The settings of cfg files: the vendor's administrator guide.
const yealinkKeys = `
	action_url.setup_completed boot_completed
	action_url.registered registered
	action_url.unregistered unregistered
	action_url.register_failed register_failed
	action_url.off_hook off_hook
	action_url.on_hook on_hook
	action_url.incoming_call incoming_call
	action_url.outgoing_call outgoing_call
	action_url.call_established established_call
	action_url.call_terminated terminated_call
	action_url.dnd_on dnd_on
	action_url.dnd_off dnd_off
	action_url.always_fwd_on forward_always_on
	action_url.always_fwd_off forward_always_off
	action_url.busy_fwd_on forward_busy_on
	action_url.busy_fwd_off forward_busy_off
	action_url.no_answer_fwd_on forward_no_answer_on
	action_url.no_answer_fwd_off forward_no_answer_off
	action_url.transfer_call transfer_call
	action_url.blind_transfer_call blind_transfer
	action_url.attended_transfer_call attended_transfer
	action_url.hold hold_call
	action_url.unhold resume_call
	action_url.held held_call
	action_url.unheld unheld_call
	action_url.mute mute_call
	action_url.unmute unmute_call
	action_url.missed_call missed_call
	action_url.busy_to_idle busy_to_idle
	action_url.idle_to_busy idle_to_busy
	action_url.ip_change ip_changed
	action_url.forward_incoming_call forwarded_call
	action_url.reject_incoming_call rejected_call
	action_url.answer_new_incoming_call answered_call
	action_url.transfer_finished transfer_finished
	action_url.transfer_failed transfer_failed
	action_url.setup_autop_finish autoprovision_completed
	action_url.call_waiting_on call_waiting_on
	action_url.call_waiting_off call_waiting_off
	action_url.headset headset
	action_url.handfree handsfree
	action_url.cancel_callout callout_canceled
	action_url.remote_busy remote_busy
	action_url.call_remote_canceled remote_canceled`

// Those of older and newer firmware, from published templates.
const yealinkLaterKeys = `
	action_url.log_on log_on
	action_url.log_off log_off
	action_url.peripheral_information peripheral_information
	action_url.vpn_ip vpn_ip
	action_url.alarm.trigger alarm`

const yealinkVariables = `mac ip model firmware active_url active_user active_host local remote display_local
	display_remote call_id callerID calledNumber wifi_number duration callDirection`

var yealinkMeanings = []string{
	"local", "SIP URI: the caller when dialling out, the called when receiving",
	"remote", "SIP URI: the called when dialling out, the caller when receiving",
	"call_id", "the phone's own handle of the call, not its Call-ID",
	"wifi_number", "number on the wireless side (CP960)",
	"duration", "talk time in seconds (T20)",
	"callDirection", "whether the phone is calling or called (T20)",
}

const snomKeys = `
	action_setup_url boot_completed
	action_log_on_url log_on
	action_log_off_url log_off
	action_reg_failed register_failed
	action_offhook_url off_hook
	action_onhook_url on_hook
	action_incoming_url incoming_call
	action_outgoing_url outgoing_call
	action_connected_url established_call
	action_disconnected_url terminated_call
	action_missed_url missed_call
	action_dnd_on_url dnd_on
	action_dnd_off_url dnd_off
	action_redirection_on_url forward_on
	action_redirection_off_url forward_off
	action_hold hold_call
	action_unhold resume_call
	action_transfer transfer_call
	action_blind_transfer blind_transfer
	action_attended_transfer attended_transfer
	action_received_attended_transfer received_attended_transfer
	action_received_subscr_notify_url subscription_notify
	action_longpress_url long_press`

// The numbers; the names beside them in the files are ActionUrl.SetupCompleted
// and so on.
const htekKeys = `
	P3701 boot_completed
	P3702 log_on
	P3703 log_off
	P3704 register_failed
	P3705 off_hook
	P3706 on_hook
	P3707 incoming_call
	P3708 outgoing_call
	P3709 established_call
	P3710 terminated_call
	P3711 dnd_on
	P3712 dnd_off
	P3713 forward_always_on
	P3714 forward_always_off
	P3715 forward_busy_on
	P3716 forward_busy_off
	P3717 forward_no_answer_on
	P3718 forward_no_answer_off
	P3719 transfer_call
	P3720 blind_transfer
	P3721 attended_transfer
	P3722 hold_call
	P3723 resume_call
	P3724 mute_call
	P3725 unmute_call
	P3726 missed_call
	P3727 idle_to_busy
	P3728 busy_to_idle
	P3729 forwarded_call
	P3730 rejected_call
	P3731 answered_call
	P3732 transfer_finished
	P3733 transfer_failed`

// The vendor lists the events; the keys are the prefix that its devices use
// and the events' names.
const akuvoxKeys = `
	Config.Features.ACTIONURL.SetupCompleted boot_completed
	Config.Features.ACTIONURL.Registered registered
	Config.Features.ACTIONURL.Unregistered unregistered
	Config.Features.ACTIONURL.RegisterFailed register_failed
	Config.Features.ACTIONURL.OffHook off_hook
	Config.Features.ACTIONURL.OnHook on_hook
	Config.Features.ACTIONURL.IncomingCall incoming_call
	Config.Features.ACTIONURL.OutgoingCall outgoing_call
	Config.Features.ACTIONURL.Established established_call
	Config.Features.ACTIONURL.Terminated terminated_call
	Config.Features.ACTIONURL.OpenDND dnd_on
	Config.Features.ACTIONURL.CloseDND dnd_off
	Config.Features.ACTIONURL.OpenAlwaysFWD forward_always_on
	Config.Features.ACTIONURL.CloseAlwaysFWD forward_always_off
	Config.Features.ACTIONURL.OpenBusyFWD forward_busy_on
	Config.Features.ACTIONURL.CloseBusyFWD forward_busy_off
	Config.Features.ACTIONURL.OpenNoAnswerFWD forward_no_answer_on
	Config.Features.ACTIONURL.CloseNoAnswerFWD forward_no_answer_off
	Config.Features.ACTIONURL.TransferCall transfer_call
	Config.Features.ACTIONURL.BlindTransfer blind_transfer
	Config.Features.ACTIONURL.AttendedTransfer attended_transfer
	Config.Features.ACTIONURL.Hold hold_call
	Config.Features.ACTIONURL.UnHold resume_call
	Config.Features.ACTIONURL.Mute mute_call
	Config.Features.ACTIONURL.UnMute unmute_call
	Config.Features.ACTIONURL.MissedCall missed_call
	Config.Features.ACTIONURL.IPChanged ip_changed
	Config.Features.ACTIONURL.ForwardIncomingCall forwarded_call
	Config.Features.ACTIONURL.RejectIncomingCall rejected_call
	Config.Features.ACTIONURL.AnswerNewCall answered_call
	Config.Features.ACTIONURL.TransferFinished transfer_finished
	Config.Features.ACTIONURL.TransferFailed transfer_failed
	Config.Features.ACTIONURL.IdleToBusy idle_to_busy
	Config.Features.ACTIONURL.BusyToIdle busy_to_idle`

// Elements under cti. OnhookUri is spelled so.
const fanvilKeys = `
	BootCompletedUrl boot_completed
	StartRebootUrl reboot_started
	IPChangeUrl ip_changed
	RegOnUrl registered
	RegOffUrl unregistered
	RegFailedUrl register_failed
	PhoneStateIdleUrl phone_state_idle
	PhoneStateTalking phone_state_talking
	PhoneStateRinging phone_state_ringing
	OnhookUri on_hook
	OffhookUrl off_hook
	DNDOnUrl dnd_on
	DNDOffUrl dnd_off
	AlwaysFWDOnUrl forward_always_on
	AlwaysFWDOffUrl forward_always_off
	BusyFWDOnUrl forward_busy_on
	BusyFWDOffUrl forward_busy_off
	NoAnsFWDOnUrl forward_no_answer_on
	NoAnsFWDOffUrl forward_no_answer_off
	MuteOnUrl mute_on
	MuteOffUrl mute_off
	IncomingCallUrl incoming_call
	OutgoingCallUrl outgoing_call
	CallActiveUrl established_call
	CallStopUrl terminated_call
	TransferUrl transfer_call
	HoldOnUrl hold_call
	HoldOffUrl resume_call
	HeldOnUrl held_call
	HeldOffUrl unheld_call
	MuteOnCallUrl mute_call
	MuteOffCallUrl unmute_call
	NewMissedcallUrl missed_call
	NewMWIUrl new_mwi
	NewSMSUrl new_sms`

const mitelKeys = `
	action_uri_startup boot_completed
	action_uri_registered registered
	action_uri_incoming incoming_call
	action_uri_outgoing outgoing_call
	action_uri_offhook off_hook
	action_uri_onhook on_hook
	action_uri_connected established_call
	action_uri_disconnected terminated_call
	action_uri_poll action_poll
	action_uri_registration_event registration_event`

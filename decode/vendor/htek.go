package vendor

// Htek phones (Hanlong): the numbers are those of published templates, in which
// names such as ActionUrl.SetupCompleted stand beside them.
var htek = Vendor{
	Name: "htek", Label: "Htek",
	Agents:    []string{"htek", "hanlong"},
	Blocks:    []string{"00:1f:c1"},
	Roots:     []string{"hl_provision"},
	Attr:      "para",
	Private:   true,
	Variables: twelve,
	Settings:  htekSettings(Observed),
}

// Sangoma's S series has the same firmware.
var sangoma = Vendor{
	Name: "sangoma", Label: "Sangoma",
	Agents:    []string{"sangoma"},
	Blocks:    []string{"00:50:58"},
	Roots:     []string{"sangoma_provision"},
	Private:   true,
	Variables: twelve,
	Settings:  htekSettings(Documented),
}

func htekSettings(grade Grade) []Setting {
	return []Setting{
		{"P3701", "boot_completed", grade},
		{"P3702", "log_on", grade},
		{"P3703", "log_off", grade},
		{"P3704", "register_failed", grade},
		{"P3705", "off_hook", grade},
		{"P3706", "on_hook", grade},
		{"P3707", "incoming_call", grade},
		{"P3708", "outgoing_call", grade},
		{"P3709", "established_call", grade},
		{"P3710", "terminated_call", grade},
		{"P3711", "dnd_on", grade},
		{"P3712", "dnd_off", grade},
		{"P3713", "forward_always_on", grade},
		{"P3714", "forward_always_off", grade},
		{"P3715", "forward_busy_on", grade},
		{"P3716", "forward_busy_off", grade},
		{"P3717", "forward_no_answer_on", grade},
		{"P3718", "forward_no_answer_off", grade},
		{"P3719", "transfer_call", grade},
		{"P3720", "blind_transfer", grade},
		{"P3721", "attended_transfer", grade},
		{"P3722", "hold_call", grade},
		{"P3723", "resume_call", grade},
		{"P3724", "mute_call", grade},
		{"P3725", "unmute_call", grade},
		{"P3726", "missed_call", grade},
		{"P3727", "idle_to_busy", grade},
		{"P3728", "busy_to_idle", grade},
		{"P3729", "forwarded_call", grade},
		{"P3730", "rejected_call", grade},
		{"P3731", "answered_call", grade},
		{"P3732", "transfer_finished", grade},
		{"P3733", "transfer_failed", grade},
	}
}

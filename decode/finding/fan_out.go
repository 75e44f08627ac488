package finding

// FanOut is a call that several phones announced.
const FanOut Kind = 26

func fanOut() info {
	return info{
		slug: "fan_out", severity: Notice, title: "calls announced by several phones",
		meaning:    "several phones rang for one call, and each reported it",
		hint:       "let the receiver treat calls from one number within 2 s as one; phones of a group share no call ID",
		recognized: "Phones announced a call from the same number within 2 s, or with the same SIP Call-ID.",
		silent:     "The caller has no number.",
		example:    "Three phones announce incoming_call of 5001 within 200 ms.",
	}
}

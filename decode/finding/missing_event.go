package finding

// MissingEvent is an event of a call that was not announced.
const MissingEvent Kind = 14

func missingEvent() info {
	return info{
		slug: "missing_event", severity: Warning, title: "events that are missing in a call",
		meaning:    "the phone did not report an event of a call, though other events show that it happened",
		hint:       "check that the phone has a URL for it, and that the capture has no gap there",
		recognized: "A phone that announces such events of other calls did not announce it of this one: the other events, or SIP, show that it happened.",
		silent:     "The phone never announces the event, or a slow response may have delayed it.",
		example:    "A phone announces incoming_call, established_call and terminated_call of all calls but one, which has no established_call between the others.",
	}
}

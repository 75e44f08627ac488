package finding

// MissingEvent is an event of a call that was not announced.
const MissingEvent Kind = 14

func missingEvent() info {
	return info{
		slug: "missing_event", severity: Warning, title: "events that are missing in a call",
		meaning:    "an event of a call was not announced, though others show that it happened",
		hint:       "check that it has a URL in the phone, and that the capture lost nothing there",
		recognized: "A phone that announces such events of other calls did not announce it of this one: the other events, or SIP, show that it happened.",
		silent:     "The phone never announces the event, or a slow response may have delayed it.",
	}
}

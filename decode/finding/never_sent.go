package finding

// NeverSent is an event that a phone has a template for and never sent.
const NeverSent Kind = 6

func neverSent() info {
	return info{
		slug: "never_sent", severity: Warning, title: "events that are never sent",
		meaning:    "an event occurred, but the phone sent no request for its template",
		hint:       "check the URL in the phone itself: it may be too long, have https, or need a restart to take effect",
		recognized: "A phone with a template for an event sent its counterpart several times (DND Off, and never DND On), but not the event.",
		silent:     "The capture shows no counterpart, or too few.",
		example:    "Both are configured; the phone sends dnd_off three times, and never dnd_on.",
	}
}

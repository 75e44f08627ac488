package finding

// Repeated is an event that was sent twice.
const Repeated Kind = 12

func repeated() info {
	return info{
		slug: "repeated", severity: Warning, title: "events sent twice",
		meaning:    "the phone sent the same event again within 10 s",
		hint:       "let the server answer 200 at once, and treat repeats as one event",
		recognized: "The same phone sent the same event of the same call to the same server within 10 s; for events without a call, within 1 s or after a failed request.",
		silent:     "The event can happen again, such as a hold, or the capture holds the same packets twice.",
		example:    "Two requests for off_hook with the same values, half a second apart.",
	}
}

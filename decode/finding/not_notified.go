package finding

// NotNotified is a call that a phone did not announce.
const NotNotified Kind = 24

func notNotified() info {
	return info{
		slug: "not_notified", severity: Warning, title: "calls that are not announced",
		meaning:    "SIP has a whole call of a phone that has templates for it, and the phone announced nothing of it",
		hint:       "check that the phone was set up by then, and whether other calls of the account, the line or the ring group are announced",
		recognized: "A call began, rang and ended in the capture, 15 s passed, and the phone sent no request at all for it.",
		silent:     "The call came beside another, did not ring, is captured in part, or the phone's connections failed.",
	}
}

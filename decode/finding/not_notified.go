package finding

// NotNotified is a call that a phone did not announce.
const NotNotified Kind = 24

func notNotified() info {
	return info{
		slug: "not_notified", severity: Warning, title: "calls that are not announced",
		meaning:    "the phone reported nothing of a whole call that its SIP shows, though it has a template for that, or others of its vendor report theirs",
		hint:       "check that Action URLs are configured and active in the phone, and whether it reports other calls of the account, line or ring group",
		recognized: "A call began, rang and ended in the capture, 15 s passed, and the phone sent no request at all for it. Without a template, it sent no event in the whole capture, and phones of its vendor announced such an event of their calls.",
		silent:     "The call came beside another, did not ring, is captured in part, or the phone's connections failed.",
		example:    "SIP shows a call that rang at the phone and ended 15 s ago, and the phone sent no request.",
	}
}

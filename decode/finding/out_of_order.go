package finding

// OutOfOrder is an event that came before one that happens first.
const OutOfOrder Kind = 15

func outOfOrder() info {
	return info{
		slug: "out_of_order", severity: Warning, title: "events out of order",
		meaning:    "events of a call arrived out of order",
		hint:       "let the receiver rely on call ID and call state, not on the order of requests",
		recognized: "An event of a call came after one that can only follow it, such as an answer after the end.",
		silent:     "The phone sends no call ID, so they may be two calls.",
		example:    "terminated_call is announced before the established_call of the same call.",
		text: func(d *Detail, _ Severity) string {
			return d.Name + " after " + d.Other
		},
	}
}

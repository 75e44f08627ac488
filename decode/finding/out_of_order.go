package finding

// OutOfOrder is an event that came before one that happens first.
const OutOfOrder Kind = 15

func outOfOrder() info {
	return info{
		slug: "out_of_order", severity: Warning, title: "events out of order",
		meaning:    "events of a call came in another order than they happen",
		hint:       "let the receiver use the call ID and the state of the call, not the order of requests",
		recognized: "An event of a call came after one that can only follow it, such as an answer after the end.",
		silent:     "The phone sends no call ID, so they may be two calls.",
		text: func(d *Detail, _ Severity) string {
			return d.Name + " after " + d.Other
		},
	}
}

package finding

// Unreachable is a connection that got no answer.
const Unreachable Kind = 2

func unreachable() info {
	return info{
		slug: "unreachable", severity: Error, title: "unanswered connections",
		meaning:    "the phone could not reach the server",
		hint:       "check firewalls, the address, and the route from the server back to the phone's network",
		recognized: "A phone repeated its SYN for 3 s and the capture holds no answer, or one that does not reach the phone: it repeats its SYN after it. Or an ICMP message says that the SYN cannot be delivered, which the detail names with its sender; servers as for refused.",
		silent:     "The capture holds one direction only, or ends within 3 s.",
		example:    "The phone sends a SYN to 192.168.40.208:80, repeats it after 1 s and 3 s, and nothing comes back.",
		text: func(d *Detail, _ Severity) string {
			if d.Why != "" {
				return d.Name + " (" + d.Why + ")"
			}
			return d.Name
		},
	}
}

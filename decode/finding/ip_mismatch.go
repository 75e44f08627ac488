package finding

import "fmt"

// IPMismatch is an address that is not the sender's.
const IPMismatch Kind = 28

func ipMismatch() info {
	return info{
		slug: "ip_mismatch", severity: Notice, title: "addresses behind NAT",
		meaning:    "the address in the URL is not the source address of the request: there is a NAT or proxy in between",
		hint:       "identify phones by $mac; the server does not see their own addresses",
		recognized: "The value of $phone_ip or $ip is not the source address of the request.",
		silent:     "The value is not an address.",
		example:    "GET /event?ip=10.0.0.5 from 192.168.40.50, where the template has ip=$ip.",
		text: func(d *Detail, _ Severity) string {
			return fmt.Sprintf("%v from %v", d.Addr, d.From)
		},
	}
}

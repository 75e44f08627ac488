package finding

import "fmt"

// IPMismatch is an address that is not the sender's.
const IPMismatch Kind = 28

func ipMismatch() info {
	return info{
		slug: "ip_mismatch", severity: Notice, title: "addresses behind a translator",
		meaning:    "the address that the phone names is not the one its request comes from: a translator or proxy is between",
		hint:       "identify phones by $mac; the server sees other addresses than the phones have",
		recognized: "The value of $phone_ip or $ip is not the source address of the request.",
		silent:     "The value is not an address.",
		text: func(d *Detail, _ Severity) string {
			return fmt.Sprintf("%v from %v", d.Addr, d.From)
		},
	}
}

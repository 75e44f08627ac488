package finding

// DNSFailure is a lookup of a server's name that failed.
const DNSFailure Kind = 35

func dnsFailure() info {
	return info{
		slug: "dns_failure", severity: Error, title: "failed DNS lookups",
		meaning:    "the phone asked DNS for a server's name and got no address",
		hint:       "correct the name in the phone's Action URL or in DNS, or the DNS server in the phone's network settings; a URL with an IP address needs no DNS",
		recognized: "The answer to a phone's query for an address is an error or has no address in it, or the query is sent again without an answer. The name is that of a template, or the Host of events. It is a warning where the phone got an address at other times or announces events to that host, and a notice for another name that a phone asks for which announces nothing.",
		silent:     "An address comes within 10 s, as from a second DNS server. DNS over TCP, TLS and HTTPS is not read.",
		example:    "The phone asks 192.168.40.1 for crm.example.com, and the answer is NXDOMAIN.",
		text:       func(d *Detail, _ Severity) string { return d.Name + " (" + d.Why + ")" },
	}
}

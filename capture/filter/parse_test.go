package filter_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/capture/filter"
)

// TestSyntaxErrors shows what is refused, with its place.
func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct {
		text, place, problem string
		tcpdump              bool // takes it
	}{
		{text: "and port 80", place: "^", problem: `unexpected "and"`},
		{text: "port 80 or", place: "          ^", problem: "ends here"},
		{text: "port", place: "    ^", problem: "ends here; expected a value"},
		{text: "(port 80", place: "        ^", problem: `ends here; expected ")"`},
		{text: "port 80)", place: "       ^", problem: `unexpected ")"`},
		{text: "()", place: " ^", problem: `unexpected ")"`},
		{text: "192.168.40.50", place: "^", problem: "a qualifier before it"},
		{text: "80 or port 90", place: "^", problem: "a qualifier before it"},
		{text: "(80)", place: " ^", problem: "a qualifier before it"},
		{text: "tcp 80", place: "    ^", problem: `unexpected "80"`},
		{text: "tcp ip", place: "    ^", problem: `unexpected "ip"`},
		{text: "tcp and 80", place: "        ^", problem: "no qualifier"},
		{text: "port 80 and tcp and 90", place: "                    ^", problem: "no qualifier"},
		{text: "(port 80) or 90", place: "             ^", problem: "no qualifier"},
		{text: "vlan 100 or 200", place: "            ^", problem: "no qualifier"},
		{text: "port 80 or (8080 or tcp)", place: "                    ^", problem: "expected a value"},
		{text: "src or port 80", place: "       ^", problem: `expected "dst"`},
		{text: "port 80 & port 90", place: "        ^", problem: `unexpected '&'`},
		{text: "port 80;", place: "       ^", problem: `unexpected ';'`},
		{text: "port 80 AND port 90", place: "        ^", problem: `unexpected "AND"`},
		{text: "Ω", place: "^", problem: `unexpected 'Ω'`},

		{text: "host pbx.example", place: "     ^", problem: "names are not resolved"},
		{text: "host 192.168.40.50 or pbx", place: "                      ^", problem: "names are not resolved"},
		{text: "host 1.2.3.400", place: "     ^", problem: "not an IPv4 address"},
		{text: "host 0x0a.1.2.3", place: "     ^", problem: "not an address"},
		{text: "host 1.2.3.4.5", place: "     ^", problem: "not an address"},
		{text: "host 1.2.3.4%eth0", place: "            ^", problem: "unexpected '%'"},
		{text: "host 4294967296", place: "     ^", problem: "not a 32-bit number"},
		{text: "host -1", place: "     ^", problem: "unexpected '-'"},
		{text: "host fe80::1::2", place: "     ^", problem: "neither an IPv6 nor an Ethernet address"},
		{text: "host 00:0b:82:12:34:32", place: "^", problem: "ether host"},
		{text: "ether host 1.2.3.4", place: "^", problem: `"ether host" does not go with an IPv4 address`},
		{text: "ether net 10", place: "^", problem: "does not go with"},
		{text: "tcp host 1.2.3.4", place: "^", problem: `"tcp host" does not go with an IPv4 address`},
		{text: "ip6 host 1.2.3.4", place: "^", problem: "does not go with an IPv4 address"},
		{text: "ip host 2001:db8::1", place: "^", problem: "does not go with an IPv6 address"},
		{text: "host 10.0.0.0/8", place: "     ^", problem: "expected net"},
		{text: "src 10.0.0.0/8", place: "    ^", problem: "expected net"},
		{text: "host ::1/64", place: "     ^", problem: "expected net"},
		{text: "net 10.0.0.1/8", place: "    ^", problem: "bits outside of its mask"},
		{text: "net 10.0.0.0/33", place: "             ^", problem: "at most 32 bits"},
		{text: "net 2001:db8::1/32", place: "    ^", problem: "bits outside of its mask"},
		{text: "net 2001:db8::/129", place: "               ^", problem: "at most 128 bits"},
		{text: "net 10.1 mask 255.0.0.0", place: "    ^", problem: "bits outside of its mask"},
		{text: "net 10/8", place: "    ^", problem: "10.0"},
		{text: "net 10 mask 255.0.0.0", place: "    ^", problem: "10.0"},

		{text: "port 65536", place: "     ^", problem: "at most 65535"},
		{text: "port nope", place: "     ^", problem: "not a known port name"},
		{text: "port 80-90", place: "     ^", problem: "not a known port name"},
		{text: "port 1.2", place: "     ^", problem: "not a port"},
		{text: "port ::1", place: "     ^", problem: "not a port"},
		{text: "port 08", place: "     ^", problem: "not a 32-bit number"},
		{text: "udp port http", place: "         ^", problem: "not one of udp"},
		{text: "ip port 80", place: "^", problem: `"ip port" does not go with ports`},
		{text: "portrange 80-", place: "            ^", problem: "unexpected '-'"},
		{text: "portrange 1-65536", place: "          ^", problem: "not a port range"},
		{text: "proto tcp", place: "      ^", problem: "expected a value"},
		{text: "ip proto nope", place: "         ^", problem: "not a known IP protocol"},
		{text: "tcp proto 6", place: "^", problem: "does not go with"},
		{text: "arp proto 6", place: "^", problem: "does not go with"},
		{text: "src proto 6", place: "    ^", problem: "unexpected"},
		{text: "ether", place: "     ^", problem: "ends here"},
		{text: "ether proto nope", place: "            ^", problem: "not a known EtherType"},
		{text: "tcp multicast", place: "^", problem: "no multicast"},
		{text: "vlan 4096", place: "     ^", problem: "at most 4095"},
		{text: "vlan (tcp)", place: "      ^", problem: "the number of a VLAN"},
		{text: "vlan port 80", place: "     ^", problem: "unexpected"},
		{text: "less (5)", place: "     ^", problem: "a number of bytes"},
		{text: "len 5", place: "    ^", problem: "a comparison"},
		{text: "gateway pbx", place: "^", problem: `"gateway" is not supported`},

		// Not supported, or not as certain as it looks.
		{text: "tcp[13] & 2 != 0", place: "   ^", problem: "byte tests", tcpdump: true},
		{text: "port 80 or mpls 5", place: "           ^", problem: `"mpls" is not supported`, tcpdump: true},
		{text: "inbound", place: "^", problem: `"inbound" is not supported`, tcpdump: true},
		{text: "ip broadcast", place: "^", problem: "ip broadcast", tcpdump: true},
		{text: "ip proto 300", place: "         ^", problem: "not a known IP protocol", tcpdump: true},
		{text: "ether proto 0x10000", place: "            ^", problem: "not a known EtherType", tcpdump: true},
		{text: "ether proto 5", place: "            ^", problem: "LLC", tcpdump: true},
		{text: "portrange http-90", place: "          ^", problem: "not a port range", tcpdump: true},
		{text: "portrange 1-2-3", place: "          ^", problem: "not a port range", tcpdump: true},
		{text: "5 < len", place: "^", problem: "a qualifier before it", tcpdump: true},
	} {
		_, err := filter.Parse(c.text)
		var syntax *filter.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: error %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.text+"\n"+c.place, syntax.Excerpt()); diff != "" {
			t.Errorf("%q: (-want +got)\n%s%v", c.text, diff, err)
		}
		if !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%q: error %q, want %q", c.text, err, c.problem)
		}
		if _, err := exec.LookPath("tcpdump"); err != nil {
			continue
		}
		if _, err := tcpdump(t, capture.LinkEthernet, c.text); (err == nil) != c.tcpdump {
			t.Errorf("%q: tcpdump: %v", c.text, err)
		}
	}
}

package filter_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"actionurl/capture"
	"actionurl/capture/filter"
)

// A generator makes expressions at random.
type generator struct{ *rand.Rand }

func (g generator) pick(words ...string) string { return words[g.IntN(len(words))] }

// primitive returns a primitive of those that match something in the made
// frames now and then.
func (g generator) primitive() string {
	way := func() string { return g.pick("", "", "src ", "dst ", "src or dst ", "src and dst ") }
	address := func() string {
		return g.pick("192.168.40.50", "192.168.40.207", "192.168.40.51", "10.99.0.1", "192.168.40")
	}
	ports := func() string { return g.pick("80", "40001", "5060", "8080", "53", "0x50", "http", "sip") }
	switch g.IntN(12) {
	case 0:
		return g.pick("", "ip ", "arp ") + way() + "host " + g.values(address)
	case 1:
		return way() + "net " + g.values(func() string {
			return g.pick("192.168.40.0/24", "192.168", "10", "192.0.0.0/9", "2001:db8::/33", "::/1", "192.168.40.0 mask 255.255.252.0")
		})
	case 2:
		return way() + "host " + g.pick("2001:db8::50", "fe80::1", "ff02::1")
	case 3, 4:
		return g.pick("", "tcp ", "sctp ") + way() + "port " + g.values(func() string { return strings.Replace(ports(), "http", "80", 1) })
	case 5:
		return g.pick("", "tcp ", "udp ") + way() + "portrange " + g.values(func() string { return g.pick("80-8080", "1-79", "5060-5070", "40000-65535") })
	case 6:
		return g.pick("ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "esp", "ip multicast", "ip6 multicast")
	case 7:
		return g.pick("", "ip ", "ip6 ") + "proto " + g.values(func() string { return g.pick("6", "17", "1", "47", "gre") })
	case 8:
		return g.pick("ether ", "ether src ", "ether dst ") + "host 00:0b:82:12:34:32"
	case 9:
		return g.pick("vlan", "vlan", "vlan 40", "vlan 7", "not vlan")
	case 10:
		return g.pick("broadcast", "multicast", "ether proto 0x0800", "ether proto 0x88cc")
	default:
		return g.pick("less 60", "greater 100", "len > 60", "len != 68")
	}
}

// values returns a value, several, or none of several. tcpdump does not know
// parentheses around the first of several.
func (g generator) values(value func() string) string {
	switch g.IntN(8) {
	case 0:
		return "not " + value()
	case 1:
		return fmt.Sprintf("(%s %s %s)", value(), g.pick("or", "and"), value())
	case 2:
		return fmt.Sprintf("not (%s or (%s and not %s))", value(), value(), value())
	case 3, 4:
		return fmt.Sprintf("%s %s %s", value(), g.pick("or", "and not"), value())
	}
	return value()
}

// expression returns an expression of a depth.
func (g generator) expression(depth int) string {
	if depth == 0 {
		return g.primitive()
	}
	switch g.IntN(6) {
	case 0:
		return g.pick("not ", "! ") + g.expression(depth-1)
	case 1:
		return "(" + g.expression(depth-1) + ")"
	case 2:
		return g.primitive()
	}
	return g.expression(depth-1) + g.pick(" and ", " or ", " && ", "||") + g.expression(depth-1)
}

// TestRandom compares random expressions with tcpdump.
func TestRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	frames := made(t, capture.LinkEthernet)
	g := generator{rand.New(rand.NewPCG(1, 2))}
	for range 200 {
		compare(t, capture.LinkEthernet, g.expression(4), frames)
	}
}

// TestString holds that an expression in full means what it meant in short.
func TestString(t *testing.T) {
	frames := made(t, capture.LinkEthernet)
	for _, text := range expressions(t) {
		e, err := filter.Parse(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		full, err := filter.Parse(e.String())
		if err != nil {
			t.Errorf("%q in full: %v", text, err)
			continue
		}
		if full.String() != e.String() {
			t.Errorf("%q is %q, which is %q", text, e, full)
		}
		short, err := e.Compile(capture.LinkEthernet)
		if err != nil {
			t.Fatal(err)
		}
		long, err := full.Compile(capture.LinkEthernet)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			if short.Match(f.data, f.length) != long.Match(f.data, f.length) {
				t.Errorf("%q and %q differ in %s", text, e, f.place)
				break
			}
		}
	}
}

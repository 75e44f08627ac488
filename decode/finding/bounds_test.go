package finding

import (
	"net/netip"
	"testing"

	"actionurl/capture"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/stream"
)

// TestPairsBound keeps no more than a bounded number of pairs, whoever scans.
func TestPairsBound(t *testing.T) {
	told := 0
	c := NewChecker(Config{Templates: templates(t, "hold_call=192.168.40.207/x"), Found: func(o *Occurrence) { told += o.Times }}, phone.NewRegistry())
	a := stream.Attempt{
		Origin: packet.Origin{Interface: &capture.Interface{}}, Refused: true,
		Server: netip.MustParseAddrPort("192.168.40.207:80"),
	}
	for i := range maxPairs + 100 {
		a.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 40000)
		for range 2 {
			c.Attempt(&a)
		}
	}
	c.Flush()
	if told != 2*maxPairs {
		t.Errorf("%d told, want %d", told, 2*maxPairs)
	}
}

// TestServersBound keeps no more than a bounded number of servers, and of who
// asked them for something.
func TestServersBound(t *testing.T) {
	c := newConns(nil)
	for i := range maxReached + 100 {
		server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 80)
		c.took(netip.MustParseAddr("10.0.0.1"), server)
		x := get("/favicon.ico")
		x.Server = server
		c.other(x)
	}
	if len(c.taking) != maxServers || len(c.hosts) != maxServers || len(c.speaking) != maxServers || len(c.reached) != maxReached {
		t.Errorf("%d servers take events, on %d hosts, %d answer; %d pairs", len(c.taking), len(c.hosts), len(c.speaking), len(c.reached))
	}
}

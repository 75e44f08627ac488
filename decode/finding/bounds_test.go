package finding

import (
	"net/netip"
	"strings"
	"testing"

	"actionurl/capture"
	"actionurl/decode/dns"
	"actionurl/decode/httpwire"
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

// TestLookupsBound keeps no more than a bounded number of names, whoever asks.
func TestLookupsBound(t *testing.T) {
	reported := 0
	c := NewChecker(Config{Templates: templates(t, "hold_call=crm.example.com/x"), Found: func(o *Occurrence) { reported += o.Times }}, phone.NewRegistry())
	for i := range maxLookups + 100 {
		client := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		for range 2 {
			c.Lookup(&dns.Lookup{Origin: packet.Origin{Interface: &capture.Interface{}}, Client: client, Server: netip.AddrFrom4([4]byte{10, 1}), Name: "crm.example.com", Outcome: dns.NoName})
		}
		c.lookups.event(&httpwire.Exchange{Client: netip.AddrPortFrom(client, 40000), Host: "crm.example.com"})
	}
	c.lookups.event(&httpwire.Exchange{Host: strings.Repeat("x", 300)})
	if len(c.lookups.events) != maxAsked || len(c.lookups.hosts) != 1 {
		t.Errorf("%d who asked, for %d hosts", len(c.lookups.events), len(c.lookups.hosts))
	}
	if c.Flush(); reported != 2*maxLookups {
		t.Errorf("%d reported, want %d", reported, 2*maxLookups)
	}
}

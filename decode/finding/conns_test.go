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

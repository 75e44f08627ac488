package packet_test

import (
	"fmt"
	"net/netip"
	"testing"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/packet"
)

// TestRejections shows which ICMP messages say that a TCP segment cannot be
// delivered, and that nothing is read beyond what was captured of them.
func TestRejections(t *testing.T) {
	phone, server, router := netip.MustParseAddrPort("192.168.40.50:40000"), netip.MustParseAddrPort("192.168.40.207:80"), netip.MustParseAddr("192.168.40.1")
	phone6, server6, router6 := netip.MustParseAddrPort("[2001:db8::50]:40000"), netip.MustParseAddrPort("[2001:db8::7]:80"), netip.MustParseAddr("2001:db8::1")
	v4 := func(code uint8) []byte { return capturetest.Rejection(router, phone, server, 1000, code) }
	v6 := func(code uint8) []byte { return capturetest.Rejection(router6, phone6, server6, 1000, code) }
	const ends, ends6 = " by 192.168.40.1: 192.168.40.50:40000 > 192.168.40.207:80 1000", " by 2001:db8::1: [2001:db8::50]:40000 > [2001:db8::7]:80 1000"
	reject := func(data []byte) (said string) {
		d := packet.NewDecoder(func(*packet.Segment) { t.Error("a segment") }, packet.Config{Rejected: func(r *packet.Rejection) {
			said += fmt.Sprintf("%s by %v: %v > %v %d", r.Why, packet.Endpoint{Addr: r.By}.AddrPort().Addr(), r.Src.AddrPort(), r.Dst.AddrPort(), r.Seq)
		}})
		d.Decode(frame(capture.LinkEthernet, data))
		return said
	}
	const atICMP = 34
	for _, test := range []struct {
		what  string
		frame []byte
		want  string
	}{
		{"network", v4(0), "network unreachable" + ends},
		{"host", v4(1), "host unreachable" + ends},
		{"port", v4(3), "port unreachable" + ends},
		{"a firewall", v4(13), "administratively prohibited" + ends},
		{"a firewall, IPv6", v6(1), "administratively prohibited" + ends6},
		{"port, IPv6", v6(4), "port unreachable" + ends6},
		{"not: too long for a link", v4(4), ""},
		{"not: an echo", patch(v4(1), atICMP, 8), ""},
		{"not: of UDP", patch(v4(1), atICMP+8+9, 17), ""},
		{"not: another version quoted", patch(v4(1), atICMP+8, 0x75), ""},
		{"not: a header longer than the message", patch(v4(1), atICMP+8, 0x4f)[:atICMP+8+30], ""},
	} {
		if got := reject(test.frame); got != test.want {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
	for _, whole := range [][]byte{v4(1), v6(1)} {
		for n := range whole {
			reject(whole[:n])
		}
	}
}

package packet_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/decode/packet"
)

// told returns all that a decoder tells of a frame.
func told(link capture.LinkType, data []byte) (all []string) {
	d := packet.NewDecoder(func(s *packet.Segment) { all = append(all, fmt.Sprintf("%+v", view(s))) }, packet.Config{
		Datagram: func(g *packet.Datagram) bool {
			all = append(all, fmt.Sprintf("%v > %v %q %d", g.Src.AddrPort(), g.Dst.AddrPort(), g.Payload, g.Cut))
			return false
		},
		Lost: func(at *packet.Origin, what string) { all = append(all, fmt.Sprintf("%d: %s", at.Frame, what)) },
	})
	d.Decode(frame(link, data))
	d.Flush()
	return append(all, fmt.Sprintf("%+v", d.Counts))
}

// The frames that are decoded at once must be told as the walk from header to
// header tells them. It is taken where four bytes stand before the Ethernet
// frame (LINKTYPE_NETANALYZER).
func TestUsualFramesAreToldAlike(t *testing.T) {
	tagged := func(frame []byte) []byte {
		return bytes.Join([][]byte{frame[:12], {0x81, 0, 0x20, 10}, frame[12:]}, nil)
	}
	frames := [][]byte{
		ethernet(tcp4(data, request)), ethernet(tcp4(data, request), 10), ethernet(tcp4(data, request), 10, 20), ethernet(tcp6(data, request)),
		udp("192.0.2.50:5060", "192.0.2.10:5070", "OPTIONS sip:pbx SIP/2.0\r\n"),
		udp("192.0.2.50:16384", "192.0.2.10:16386", "\x80\x00"+strings.Repeat("\xd5", 20)),
		udp("192.0.2.50:16384", "192.0.2.10:4789", "\x08\x00\x00\x00\x00\x00\x01\x00"+string(ethernet(tcp4(data, request)))),
	}
	for _, f := range frames[4:] {
		frames = append(frames, tagged(f))
	}
	alike := func(what string, data []byte) {
		t.Helper()
		behind := append(make([]byte, 4), data...)
		if diff := cmp.Diff(told(capture.LinkNetAnalyzer, behind), told(capture.LinkEthernet, data)); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", what, diff)
		}
	}
	for i, f := range frames {
		for n := range len(f) + 1 {
			alike(fmt.Sprintf("frame %d cut at %d", i, n), f[:n])
		}
		for at := range min(len(f), 120) {
			for _, by := range []byte{0, 1, 0x40, 0xff, f[at] + 1, f[at] ^ 0x20} {
				alike(fmt.Sprintf("frame %d with %#x at %d", i, by, at), patch(bytes.Clone(f), at, by))
			}
		}
	}
}

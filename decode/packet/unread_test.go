package packet_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/decode/packet"
)

// decoded returns all that a decoder finds in an Ethernet frame.
func decoded(data []byte) (all []string) {
	d := packet.NewDecoder(func(s *packet.Segment) { all = append(all, fmt.Sprintf("%+v", view(s))) }, packet.Config{
		Datagram: func(g *packet.Datagram) bool {
			all = append(all, fmt.Sprintf("%v > %v %q %d", g.Src.AddrPort(), g.Dst.AddrPort(), g.Payload, g.Cut))
			return false
		},
		Lost: func(at *packet.Origin, what string) { all = append(all, fmt.Sprintf("%d: %s", at.Frame, what)) },
	})
	d.Decode(frame(capture.LinkEthernet, data))
	d.Flush()
	return append(all, fmt.Sprintf("%+v", d.Counts))
}

// withPadding puts four bytes of padding options into the IPv4 header of a frame,
// and reports whether it has one without options.
func withPadding(frame []byte, ip int) ([]byte, bool) {
	const header = 20
	if len(frame) < ip+header || frame[ip] != 0x45 {
		return nil, false
	}
	f := slices.Concat(frame[:ip+header], []byte{1, 1, 1, 1}, frame[ip+header:])
	f[ip]++
	total := binary.BigEndian.Uint16(f[ip+2:])
	if total != 0 {
		total += 4
	}
	binary.BigEndian.PutUint16(f[ip+2:], total)
	return f, total < 1<<16-4
}

// The look that drops RTP must drop nothing else. It passes IPv4 headers with
// options, so the same packet with padding is decoded without it.
func TestUnread(t *testing.T) {
	compared := 0
	same := func(what string, data []byte, ip int) {
		t.Helper()
		padded, ok := withPadding(data, ip)
		if !ok {
			return
		}
		compared++
		if diff := cmp.Diff(decoded(padded), decoded(data)); diff != "" {
			t.Errorf("%s: with padding -, without +:\n%s", what, diff)
		}
	}
	for i, f := range [][]byte{
		ethernet(tcp4(data, request)),
		udp("192.0.2.50:5060", "192.0.2.10:5070", "OPTIONS sip:pbx SIP/2.0\r\n"),
		udp("192.0.2.50:16384", "192.0.2.10:16386", "\x80\x00"+strings.Repeat("\xd5", 20)),
		udp("192.0.2.50:16384", "192.0.2.10:4789", "\x08\x00\x00\x00\x00\x00\x01\x00"+string(ethernet(tcp4(data, request)))),
	} {
		for _, tags := range []int{0, 1, 2} {
			f, ip := tag(f, make([]byte, tags)...), atIP+4*tags
			for n := range len(f) + 1 {
				same(fmt.Sprintf("frame %d, %d tags, cut at %d", i, tags, n), f[:n], ip)
			}
			for at := ip; at < min(len(f), ip+100); at++ {
				for _, by := range []byte{0, 1, 0x40, 0xff, f[at] + 1, f[at] ^ 0x20} {
					same(fmt.Sprintf("frame %d, %d tags, with %#x at %d", i, tags, by, at), patch(bytes.Clone(f), at, by), ip)
				}
			}
		}
	}
	if compared < 1000 {
		t.Errorf("%d frames compared", compared)
	}
}

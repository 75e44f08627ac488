package packet_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/packet"
)

// datagrams returns what a decoder offers of frames, as text.
func datagrams(take bool, frames ...[]byte) (all []string, counts packet.Counts) {
	d := packet.NewDecoder(func(*packet.Segment) {}, packet.Config{Datagram: func(p *packet.Datagram) bool {
		s := p.Src.AddrPort().String() + " > " + p.Dst.AddrPort().String() + " " + string(p.Payload)
		if p.Cut > 0 {
			s += strings.Repeat(".", p.Cut)
		}
		all = append(all, s)
		return take
	}})
	for _, data := range frames {
		d.Decode(frame(capture.LinkEthernet, data))
	}
	return all, d.Counts
}

// udp returns an Ethernet frame with a UDP datagram.
func udp(src, dst, payload string) []byte {
	from, to := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	return capturetest.Ethernet(from.Addr(), to.Addr(), nil, capturetest.UDP(from, to, 7, payload)...)
}

func TestDatagrams(t *testing.T) {
	const (
		text = "OPTIONS sip:pbx SIP/2.0\r\n"
		in4  = "192.0.2.50:5060 > 192.0.2.10:5070 "
	)
	short := udp("192.0.2.50:5060", "192.0.2.10:5070", text)
	for _, test := range []struct {
		what   string
		frames [][]byte
		want   []string
	}{
		{"IPv4", [][]byte{short}, []string{in4 + text}},
		{"padding after it", [][]byte{append(short[:len(short):len(short)], "padding"...)}, []string{in4 + text}},
		{"cut by the snaplen", [][]byte{short[:len(short)-10]}, []string{in4 + text[:len(text)-10] + ".........."}},
		{"IPv6", [][]byte{udp("[2001:db8::50]:5060", "[2001:db8::10]:5060", text)}, []string{"[2001:db8::50]:5060 > [2001:db8::10]:5060 " + text}},
		{"fragments", fragments(udp("192.0.2.50:5060", "192.0.2.10:5070", strings.Repeat(text, 3)), 32), []string{in4 + strings.Repeat(text, 3)}},
		{"a tunnel's port", [][]byte{udp("192.0.2.50:6081", "192.0.2.10:5070", text)}, []string{"192.0.2.50:6081 > 192.0.2.10:5070 " + text}},
		{"RTP", [][]byte{udp("192.0.2.50:5060", "192.0.2.10:5070", "\x80\x08"+text)}, nil},
		{"lower case", [][]byte{udp("192.0.2.50:5060", "192.0.2.10:5070", "sip")}, nil},
		{"empty", [][]byte{udp("192.0.2.50:5060", "192.0.2.10:5070", "")}, nil},
	} {
		got, counts := datagrams(true, test.frames...)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
		if counts.Malformed > 0 || counts.Fragments > 0 {
			t.Errorf("%s: %+v", test.what, counts)
		}
	}
}

// A tunnel's header may begin with a capital letter, too: here that of MPLS, as
// the label is 0x41000. Who has no use for the datagram leaves it to the tunnel.
func TestDatagramOfTunnel(t *testing.T) {
	inner := tcp4(data, request)
	frame := udp("192.0.2.1:50000", "192.0.2.2:6635", "A\x00\x01\x40"+string(inner))
	if _, counts := datagrams(false, frame); counts.Segments != 1 {
		t.Errorf("not taken: %+v", counts)
	}
	if _, counts := datagrams(true, frame); counts.Segments != 0 {
		t.Errorf("taken: %+v", counts)
	}
}

// fragments cuts the payload of an IPv4 packet in an Ethernet frame into pieces
// of size bytes.
func fragments(frame []byte, size int) [][]byte {
	packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	eth := packet.LinkLayer().(*layers.Ethernet)
	ip := *packet.NetworkLayer().(*layers.IPv4)
	ip.Flags = 0
	payload := ip.Payload
	var all [][]byte
	for at := 0; at < len(payload); at += size {
		piece := ip
		piece.FragOffset = uint16(at / 8)
		if at+size < len(payload) {
			piece.Flags = layers.IPv4MoreFragments
		}
		all = append(all, capturetest.Serialize(eth, &piece, gopacket.Payload(payload[at:min(at+size, len(payload))])))
	}
	return all
}

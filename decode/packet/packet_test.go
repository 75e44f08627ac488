package packet_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/packet"
)

// A segment is what a packet.Segment says, in a form that is easy to read.
type segment struct {
	VLANs    []uint16
	Source   string // empty for none
	Src, Dst string
	Seq, Ack uint32
	Flags    string
	Payload  string
	Cut      int
}

// view returns what s says.
func view(s *packet.Segment) segment {
	v := segment{
		Src: s.Src.AddrPort().String(), Dst: s.Dst.AddrPort().String(),
		Seq: s.Seq, Ack: s.Ack, Payload: string(s.Payload), Cut: s.Cut,
		Flags: flags(s.SYN, s.FIN, s.RST, s.ACK),
	}
	v.VLANs = append(v.VLANs, s.VLANs.IDs()...)
	if s.Source != (packet.MAC{}) {
		v.Source = s.Source.String()
	}
	return v
}

func flags(syn, fin, rst, ack bool) string {
	var set []string
	for _, flag := range []struct {
		on   bool
		name string
	}{{syn, "SYN"}, {fin, "FIN"}, {rst, "RST"}, {ack, "ACK"}} {
		if flag.on {
			set = append(set, flag.name)
		}
	}
	return strings.Join(set, " ")
}

// The phone and the server of all frames here.
var (
	phone4  = netip.MustParseAddrPort("192.0.2.50:40001")
	server4 = netip.MustParseAddrPort("192.0.2.10:80")
	phone6  = netip.MustParseAddrPort("[2001:db8::50]:40001")
	server6 = netip.MustParseAddrPort("[2001:db8::10]:80")
)

// request is the payload of the frames that have one.
const request = "GET /incoming?mac=000b82123432&number=101 HTTP/1.1\r\n\r\n"

// data is the TCP header of a segment with data.
var data = layers.TCP{PSH: true, ACK: true, Seq: 1000, Ack: 5000}

// from4 and from6 are what such segments say.
var (
	from4 = segment{Src: "192.0.2.50:40001", Dst: "192.0.2.10:80", Seq: 1000, Ack: 5000, Flags: "ACK", Payload: request}
	from6 = segment{Src: "[2001:db8::50]:40001", Dst: "[2001:db8::10]:80", Seq: 1000, Ack: 5000, Flags: "ACK", Payload: request}
)

// phoneMAC is the source address of the frames of links that have one.
const phoneMAC = "00:0b:82:12:34:32"

// with returns the segment with some of it changed.
func (s segment) with(change func(*segment)) segment {
	change(&s)
	return s
}

// at returns the segment as captured on a link with addresses and VLANs.
func (s segment) at(vlans ...uint16) segment {
	s.Source, s.VLANs = phoneMAC, vlans
	return s
}

// tcp4 and tcp6 return IP packets with a TCP segment.
func tcp4(t layers.TCP, payload string) []byte {
	return capturetest.Serialize(capturetest.IP(phone4, server4, 1, t, payload)...)
}

func tcp6(t layers.TCP, payload string) []byte {
	return capturetest.Serialize(capturetest.IP(phone6, server6, 1, t, payload)...)
}

// options4 returns an IPv4 packet with the router alert option.
func options4() []byte {
	l := capturetest.IP(phone4, server4, 1, data, request)
	l[0].(*layers.IPv4).Options = []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}
	return capturetest.Serialize(l...)
}

// udp4 and udp6 return IP packets of the media, 20 ms of G.711.
func udp4() []byte {
	return capturetest.Serialize(
		&layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: phone4.Addr().AsSlice(), DstIP: server4.Addr().AsSlice()},
		gopacket.Payload(datagram))
}

func udp6() []byte {
	return capturetest.Serialize(
		&layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: phone6.Addr().AsSlice(), DstIP: server6.Addr().AsSlice()},
		gopacket.Payload(datagram))
}

var datagram = "\x2b\x66\x2b\x68" + // ports 11110, 11112
	"\x00\xb4" + // length 180
	"\x00\x00" + // no checksum
	"\x80\x08" + // RTP version 2, PCMA
	strings.Repeat("\xd5", 170)

// An extension is a header of IPv6: its number, and its bytes from the second
// on; the first names the header that follows.
type extension struct {
	number byte
	rest   string
}

var (
	hopByHop    = extension{0, "\x00" + "\x05\x02\x00\x00" + "\x01\x00"}                                                     // 8 bytes: router alert, padding
	destination = extension{60, "\x01" + "\x01\x0c" + strings.Repeat("\x00", 12)}                                            // 16 bytes of padding
	routing     = extension{43, "\x02" + "\x04\x00\x00\x00\x00\x00" + strings.Repeat("\x20\x01\x0d\xb8\x00\x00\x00\x01", 2)} // segment routing, RFC 8754
	authentic   = extension{51, "\x04" + "\x00\x00" + "\x00\x00\x00\x01" + "\x00\x00\x00\x01" + strings.Repeat("\xaa", 12)}  // 24 bytes, counted in fours less two
	atomic      = extension{44, "\x00" + "\x00\x00" + "\x00\x00\x00\x2a"}                                                    // offset 0, no more: RFC 6946
	reserved    = extension{44, "\xff" + "\x00\x06" + "\x00\x00\x00\x2a"}                                                    // the same, reserved bits set
	firstOf     = extension{44, "\x00" + "\x00\x01" + "\x00\x00\x00\x2a"}                                                    // offset 0, more follow
	lastOf      = extension{44, "\x00" + "\x05\xa8" + "\x00\x00\x00\x2a"}                                                    // offset 1448, the last
)

// extend puts extension headers into an IPv6 packet.
func extend(ip []byte, headers ...extension) []byte {
	next := ip[6]
	var chain []byte
	for _, h := range slices.Backward(headers) {
		chain = slices.Concat([]byte{next}, []byte(h.rest), chain)
		next = h.number
	}
	out := slices.Concat(ip[:40], chain, ip[40:])
	out[6] = next
	binary.BigEndian.PutUint16(out[4:], uint16(len(out)-40))
	return out
}

// ethernet returns a frame with tags, each a TPID and a TCI.
func ethernet(ip []byte, tags ...uint16) []byte {
	frame := []byte("\x02\x00\x00\x00\x00\x0a" + "\x00\x0b\x82\x12\x34\x32")
	for _, word := range tags {
		frame = binary.BigEndian.AppendUint16(frame, word)
	}
	if ip[0]>>4 == 4 {
		frame = append(frame, 0x08, 0x00)
	} else {
		frame = append(frame, 0x86, 0xdd)
	}
	return append(frame, ip...)
}

// patch returns the bytes with some replaced.
func patch(b []byte, at int, by ...byte) []byte {
	b = slices.Clone(b)
	copy(b[at:], by)
	return b
}

// Where headers begin in an untagged Ethernet frame of IPv4.
const (
	atIP  = 14
	atTCP = atIP + 20
)

// A sample is a frame with what it says.
type sample struct {
	what string
	link capture.LinkType
	data []byte

	want    *segment // nil if it is no TCP segment
	counts  packet.Counts
	unsized bool // its headers do not hold the size of the segment
	refused bool // gopacket finds fault with it, and allocates the error
}

// samples returns frames with a segment and without, well-formed and not.
func samples() []sample {
	const eth = capture.LinkEthernet
	var all []sample
	yes := func(what string, link capture.LinkType, data []byte, want segment) *sample {
		all = append(all, sample{what: what, link: link, data: data, want: &want, counts: packet.Counts{Frames: 1, Segments: 1}})
		return &all[len(all)-1]
	}
	no := func(what string, link capture.LinkType, data []byte, counts packet.Counts) *sample {
		counts.Frames = 1
		all = append(all, sample{what: what, link: link, data: data, counts: counts, refused: counts.Malformed > 0})
		return &all[len(all)-1]
	}
	ip4, ip6 := tcp4(data, request), tcp6(data, request)

	// Link types.
	yes("Ethernet, IPv4", eth, ethernet(ip4), from4.at())
	yes("Ethernet, IPv6", eth, ethernet(ip6), from6.at())
	yes("Ethernet, IPv6 under IPv4's EtherType", eth, patch(ethernet(ip6), atIP-2, 8, 0), from6.at())
	yes("802.1Q", eth, ethernet(ip4, 0x8100, 100), from4.at(100))
	yes("802.1Q with priority 5 and DEI", eth, ethernet(ip4, 0x8100, 0xb000|100), from4.at(100))
	yes("priority tag", eth, ethernet(ip4, 0x8100, 0xa000), from4.at(0))
	yes("QinQ 8100", eth, ethernet(ip4, 0x8100, 100, 0x8100, 4095), from4.at(100, 4095))
	yes("QinQ 88a8", eth, ethernet(ip6, 0x88a8, 100, 0x8100, 40), from6.at(100, 40))
	yes("QinQ 9100", eth, ethernet(ip4, 0x9100, 100, 0x8100, 40), from4.at(100, 40))
	yes("four tags", eth, ethernet(ip4, 0x88a8, 1, 0x88a8, 2, 0x8100, 3, 0x8100, 4), from4.at(1, 2, 3, 4))
	yes("five tags; four are kept", eth, ethernet(ip4, 0x8100, 1, 0x8100, 2, 0x8100, 3, 0x8100, 4, 0x8100, 5), from4.at(1, 2, 3, 4))
	for _, link := range []capture.LinkType{capture.LinkRaw, capture.LinkRaw12, capture.LinkRaw14} {
		yes(fmt.Sprintf("raw %d, IPv4", link), link, ip4, from4)
		yes(fmt.Sprintf("raw %d, IPv6", link), link, ip6, from6)
	}
	yes("raw 228", capture.LinkIPv4, ip4, from4)
	yes("raw 229", capture.LinkIPv6, ip6, from6)
	yes("null of a little-endian machine", capture.LinkNull, append([]byte{2, 0, 0, 0}, ip4...), from4)
	yes("null of a big-endian machine", capture.LinkNull, append([]byte{0, 0, 0, 2}, ip4...), from4)
	yes("null with FreeBSD's number of IPv6", capture.LinkNull, append([]byte{28, 0, 0, 0}, ip6...), from6)
	yes("null with Darwin's number of IPv6", capture.LinkNull, append([]byte{0, 0, 0, 30}, ip6...), from6)
	yes("loop", capture.LinkLoop, append([]byte{0, 0, 0, 2}, ip4...), from4)
	sll := "\x00\x04" + // sent by us
		"\x00\x01" + // ARPHRD_ETHER
		"\x00\x06" + "\x00\x0b\x82\x12\x34\x32\x00\x00" // address
	yes("SLL", capture.LinkLinuxSLL, append([]byte(sll+"\x08\x00"), ip4...), from4.at())
	yes("SLL, tagged", capture.LinkLinuxSLL, append([]byte(sll+"\x81\x00"+"\x00\x64"+"\x86\xdd"), ip6...), from6.at(100))
	yes("SLL of a tunnel device", capture.LinkLinuxSLL, append([]byte(
		"\x00\x00"+ // to us
			"\xff\xfe"+ // ARPHRD_NONE
			"\x00\x00"+"junkjunk"+ // no address
			"\x08\x00"), ip4...), from4)
	yes("SLL2", capture.LinkLinuxSLL2, append([]byte("\x08\x00"+ // protocol
		"\x00\x00"+"\x00\x00\x00\x02"+ // reserved, interface
		"\x00\x01"+"\x04"+ // ARPHRD_ETHER, sent by us
		"\x06"+"\x00\x0b\x82\x12\x34\x32\x00\x00"), // address
		ip4...), from4.at())
	yes("SLL2 of a tunnel device", capture.LinkLinuxSLL2, append([]byte("\x86\xdd"+
		"\x00\x00"+"\x00\x00\x00\x03"+
		"\xff\xfe"+"\x00"+
		"\x00"+"junkjunk"), // no address
		ip6...), from6)
	no("unknown link type", 148, ethernet(ip4), packet.Counts{UnknownLink: 1})

	// IPv4.
	yes("IPv4 options", eth, ethernet(options4()), from4.at())
	yes("total length 0", eth, patch(ethernet(ip4), atIP+2, 0, 0), from4.at()).unsized = true
	yes("padding to the least size", eth, append(ethernet(tcp4(data, "x")), make([]byte, 5)...),
		from4.at().with(func(s *segment) { s.Payload = "x" }))
	yes("padding after a segment without data", eth, append(ethernet(tcp4(layers.TCP{ACK: true, Seq: 1, Ack: 2}, "")), make([]byte, 6)...),
		from4.at().with(func(s *segment) { s.Seq, s.Ack, s.Payload = 1, 2, "" }))
	yes("frame check sequence", eth, append(ethernet(ip4), 0xde, 0xad, 0xbe, 0xef), from4.at())
	yes("cut by the snaplen", eth, ethernet(ip4)[:atTCP+20+10],
		from4.at().with(func(s *segment) { s.Payload, s.Cut = request[:10], len(request)-10 }))
	yes("cut by the snaplen after the TCP header", eth, ethernet(ip4)[:atTCP+20],
		from4.at().with(func(s *segment) { s.Payload, s.Cut = "", len(request) }))
	no("cut by the snaplen in the TCP header", eth, ethernet(ip4)[:atTCP+19], packet.Counts{Malformed: 1})
	no("first fragment", eth, patch(ethernet(ip4), atIP+6, 0x20, 0), packet.Counts{Fragments: 1})
	no("later fragment", eth, patch(ethernet(ip4), atIP+6, 0x20, 0xb9), packet.Counts{Fragments: 1})
	no("last fragment", eth, patch(ethernet(ip4), atIP+6, 0, 0xb9), packet.Counts{Fragments: 1})
	yes("may be fragmented but is not", eth, patch(ethernet(ip4), atIP+6, 0, 0), from4.at())
	no("header length of 4 words", eth, patch(ethernet(ip4), atIP, 0x44), packet.Counts{Malformed: 1})
	no("header longer than the packet", eth, patch(ethernet(ip4), atIP, 0x4f)[:atIP+59], packet.Counts{Malformed: 1})
	no("total length less than the header", eth, patch(ethernet(ip4), atIP+2, 0, 19), packet.Counts{Malformed: 1})
	no("total length without room for TCP", eth, patch(ethernet(ip4), atIP+2, 0, 39), packet.Counts{Malformed: 1})
	no("EtherType of another version", eth, patch(ethernet(ip4), atIP, 0x75), packet.Counts{Malformed: 1})

	// IPv6.
	yes("hop-by-hop", eth, ethernet(extend(ip6, hopByHop)), from6.at())
	yes("destination options", eth, ethernet(extend(ip6, destination)), from6.at())
	yes("routing", eth, ethernet(extend(ip6, routing)), from6.at())
	yes("authentication", eth, ethernet(extend(ip6, authentic)), from6.at())
	yes("atomic fragment", eth, ethernet(extend(ip6, atomic)), from6.at())
	yes("atomic fragment, reserved bits set", eth, ethernet(extend(ip6, reserved)), from6.at())
	yes("all of them", eth, append(ethernet(extend(ip6, hopByHop, destination, routing, atomic, authentic, destination)), 0, 0, 0), from6.at())
	yes("payload length 0", eth, patch(ethernet(ip6), atIP+4, 0, 0), from6.at()).unsized = true
	yes("payload length 0 with an extension", eth, patch(ethernet(extend(ip6, hopByHop)), atIP+4, 0, 0), from6.at()).unsized = true
	yes("IPv6 with padding", eth, append(ethernet(ip6), 0, 0, 0, 0), from6.at())
	yes("IPv6 addresses that are mapped from IPv4", capture.LinkRaw,
		capturetest.Serialize(mapped(phone4, server4)...),
		from6.with(func(s *segment) { s.Src, s.Dst = "[::ffff:192.0.2.50]:40001", "[::ffff:192.0.2.10]:80" }))
	no("first IPv6 fragment", eth, ethernet(extend(ip6, firstOf)), packet.Counts{Fragments: 1})
	no("last IPv6 fragment", eth, ethernet(extend(ip6, hopByHop, lastOf)), packet.Counts{Fragments: 1})
	no("extension longer than the packet", eth, ethernet(patch(extend(ip6, hopByHop), 41, 0xff)), packet.Counts{Malformed: 1})
	no("extension longer than the payload length", eth, patch(ethernet(extend(ip6, destination)), atIP+4, 0, 8), packet.Counts{Malformed: 1})
	no("extension cut", eth, ethernet(extend(ip6, hopByHop))[:atIP+47], packet.Counts{Malformed: 1})
	no("payload length without room for TCP", eth, patch(ethernet(ip6), atIP+4, 0, 19), packet.Counts{Malformed: 1})
	no("EtherType of IPv6, version 4", eth, patch(ethernet(ip6), atIP, 0x45), packet.Counts{Malformed: 1})

	// TCP.
	yes("SYN with options", eth, ethernet(tcp4(layers.TCP{SYN: true, Seq: 7, Options: []layers.TCPOption{
		{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 0xb4}},
		{OptionType: layers.TCPOptionKindSACKPermitted, OptionLength: 2},
		{OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: make([]byte, 8)},
		{OptionType: layers.TCPOptionKindNop},
		{OptionType: layers.TCPOptionKindWindowScale, OptionLength: 3, OptionData: []byte{7}},
	}}, "")), from4.at().with(func(s *segment) { s.Flags, s.Seq, s.Ack, s.Payload = "SYN", 7, 0, "" }))
	yes("FIN", eth, ethernet(tcp6(layers.TCP{FIN: true, ACK: true, Seq: 1<<32 - 1, Ack: 1 << 31}, "")),
		from6.at().with(func(s *segment) { s.Flags, s.Seq, s.Ack, s.Payload = "FIN ACK", 1<<32-1, 1<<31, "" }))
	yes("RST", eth, ethernet(tcp4(layers.TCP{RST: true, Seq: 9}, "")),
		from4.at().with(func(s *segment) { s.Flags, s.Seq, s.Ack, s.Payload = "RST", 9, 0, "" }))
	option := ethernet(tcp4(layers.TCP{PSH: true, ACK: true, Seq: 1000, Ack: 5000,
		Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 0xb4}}}}, request))
	yes("option longer than the header", eth, patch(option, atTCP+21, 40), from4.at()).refused = true
	yes("option of length 0", eth, patch(option, atTCP+21, 0), from4.at()).refused = true
	yes("option without a length", eth, patch(option, atTCP+20, 1, 1, 1, 2), from4.at()).refused = true
	yes("malformed option, no data", eth, patch(ethernet(tcp4(layers.TCP{SYN: true, Seq: 7, Options: []layers.TCPOption{
		{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 0xb4}}}}, "")), atTCP+21, 0),
		from4.at().with(func(s *segment) { s.Flags, s.Seq, s.Ack, s.Payload = "SYN", 7, 0, "" })).refused = true
	no("data offset of 4 words", eth, patch(ethernet(ip4), atTCP+12, 0x40), packet.Counts{Malformed: 1})
	no("data offset beyond the segment", eth, patch(ethernet(tcp4(data, "x")), atTCP+12, 0xf0), packet.Counts{Malformed: 1})

	// What is no TCP.
	none := packet.Counts{}
	no("RTP", eth, ethernet(udp4(), 0x8100, 100), none)
	no("RTP over IPv6", eth, ethernet(udp6()), none)
	no("RTP after a destination option", eth, ethernet(extend(udp6(), destination)), none)
	no("ICMP", eth, ethernet(patch(udp4(), 9, 1)), none)
	no("ICMPv6", eth, ethernet(patch(udp6(), 6, 58)), none)
	no("IPv6 without a next header", eth, ethernet(patch(tcp6(data, ""), 6, 59)), none)
	no("IP in IP, the inner not IP", eth, ethernet(patch(ip4, 9, 4)), packet.Counts{Malformed: 1})
	no("ARP", eth, patch(ethernet(ip4), 12, 0x08, 0x06), none)
	no("LLDP", eth, patch(ethernet(ip4), 12, 0x88, 0xcc), none)
	no("spanning tree, 802.3", eth, append([]byte("\x01\x80\xc2\x00\x00\x00"+"\x00\x0b\x82\x12\x34\x32"+"\x00\x27"+"\x42\x42\x03"), make([]byte, 43)...), none)
	no("raw of another version", capture.LinkRaw, patch(ip4, 0, 0x50), none)
	no("empty Ethernet frame", eth, nil, packet.Counts{Malformed: 1})
	no("empty raw packet", capture.LinkRaw, nil, packet.Counts{Malformed: 1})
	return all
}

// mapped returns the layers of a segment over IPv6 between IPv4-mapped addresses.
func mapped(src, dst netip.AddrPort) []gopacket.SerializableLayer {
	l := capturetest.IP(phone6, server6, 1, data, request)
	ip := l[0].(*layers.IPv6)
	from, to := src.Addr().As16(), dst.Addr().As16()
	ip.SrcIP, ip.DstIP = from[:], to[:]
	return l
}

// frame returns a capture's frame; no byte after data can be reached.
func frame(link capture.LinkType, data []byte) *capture.Frame {
	return &capture.Frame{
		Data: slices.Clip(data), Time: 1_700_000_000_123_456_789, Number: 7, Length: len(data),
		Interface: &capture.Interface{Capture: "phone.pcap", Link: link},
	}
}

// A decoder is a packet.Decoder that returns the segment it finds. None of the
// frames here holds two.
type decoder struct {
	*packet.Decoder
	last  packet.Segment
	found bool
}

func newDecoder() *decoder { return newDecoderWith(packet.Config{}) }

func newDecoderWith(c packet.Config) *decoder {
	d := &decoder{}
	d.Decoder = packet.NewDecoder(func(s *packet.Segment) { d.last, d.found = *s, true }, c)
	return d
}

func (d *decoder) Decode(f *capture.Frame, s *packet.Segment) bool {
	d.found = false
	d.Decoder.Decode(f)
	*s = d.last
	return d.found
}

func TestDecode(t *testing.T) {
	// One decoder and one segment for all: nothing of the frame before may be
	// left in them.
	d := newDecoder()
	var s packet.Segment
	for _, test := range samples() {
		t.Run(test.what, func(t *testing.T) {
			f := frame(test.link, test.data)
			d.Counts = packet.Counts{}
			found := d.Decode(f, &s)
			if found != (test.want != nil) {
				t.Fatalf("Decode = %v", found)
			}
			if diff := cmp.Diff(test.counts, d.Counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if !found {
				return
			}
			if diff := cmp.Diff(*test.want, view(&s)); diff != "" {
				t.Errorf("segment (-want +got):\n%s", diff)
			}
			if s.Interface != f.Interface || s.Frame != f.Number || s.Time != f.Time {
				t.Errorf("frame %d of %v at %d", s.Frame, s.Interface, s.Time)
			}
		})
	}
}

// However short a frame is cut, what is there of the segment is decoded, or the
// frame is counted as malformed.
func TestDecodeCut(t *testing.T) {
	for _, test := range samples() {
		for size := range test.data {
			d := newDecoder()
			var s packet.Segment
			if !d.Decode(frame(test.link, test.data[:size]), &s) {
				if test.want != nil && d.Counts.Malformed != 1 {
					t.Errorf("%s, %d bytes: neither decoded nor counted", test.what, size)
				}
				continue
			}
			if test.want == nil {
				t.Errorf("%s, %d bytes: decoded to %v", test.what, size, view(&s))
				continue
			}
			want := *test.want
			if all := len(want.Payload) + want.Cut; !test.unsized {
				want.Cut = all - len(s.Payload)
			}
			if len(s.Payload) > len(want.Payload) {
				t.Fatalf("%s, %d bytes: payload %q", test.what, size, s.Payload)
			}
			want.Payload = want.Payload[:len(s.Payload)]
			if diff := cmp.Diff(want, view(&s)); diff != "" {
				t.Errorf("%s, %d bytes (-want +got):\n%s", test.what, size, diff)
			}
		}
	}
}

// A link type that is not known is named once, however many its frames are.
func TestUnknownLinkTypes(t *testing.T) {
	d := newDecoder()
	var s packet.Segment
	for _, link := range []capture.LinkType{148, 20, 148, 147, 148, 20} {
		if d.Decode(frame(link, ethernet(tcp4(data, request))), &s) {
			t.Errorf("link type %d was decoded", link)
		}
	}
	if diff := cmp.Diff([]capture.LinkType{148, 20, 147}, d.Unknown); diff != "" {
		t.Errorf("unknown link types (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(packet.Counts{Frames: 6, UnknownLink: 6}, d.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// So is what a tunnel carries and is not known, except for what is known to be
// no packet.
func TestUnknownTunnels(t *testing.T) {
	d := newDecoder()
	var s packet.Segment
	gre := func(protocol uint16) []byte {
		return capturetest.Serialize(
			&layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6), EthernetType: layers.EthernetTypeIPv4},
			&layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolGRE, SrcIP: phone4.Addr().AsSlice(), DstIP: server4.Addr().AsSlice()},
			&layers.GRE{Protocol: layers.EthernetType(protocol)}, gopacket.Payload(make([]byte, 40)))
	}
	for _, protocol := range []uint16{0x81ff, 0x83f1, 0, 0x2001, 0x81ff, 0x0806, 0x81ff} {
		if d.Decode(frame(capture.LinkEthernet, gre(protocol)), &s) {
			t.Errorf("protocol %#x was decoded", protocol)
		}
	}
	if diff := cmp.Diff([]packet.Tunnel{{"GRE", 0x81ff}, {"GRE", 0x83f1}}, d.Tunnels); diff != "" {
		t.Errorf("unknown tunnels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(packet.Counts{Frames: 7, UnknownTunnel: 4}, d.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	for protocol := range uint16(1000) {
		d.Decode(frame(capture.LinkEthernet, gre(0xf000+protocol)), &s)
	}
	if n := len(d.Tunnels); n != 64 {
		t.Errorf("%d unknown tunnels are kept", n)
	}
}

// The place of an urgent byte is known where it is in the segment.
func TestUrgent(t *testing.T) {
	d := newDecoder()
	for _, test := range []struct {
		flag    bool
		pointer uint16
		want    int
	}{{true, 1, 1}, {true, 4, 4}, {true, 5, 0}, {true, 0, 0}, {false, 2, 0}} {
		tcp := &layers.TCP{SrcPort: 40000, DstPort: 80, ACK: true, URG: test.flag, Urgent: test.pointer}
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: phone4.Addr().AsSlice(), DstIP: server4.Addr().AsSlice()}
		tcp.SetNetworkLayerForChecksum(ip)
		var s packet.Segment
		if !d.Decode(frame(capture.LinkIPv4, capturetest.Serialize(ip, tcp, gopacket.Payload("GxET"))), &s) || s.Urgent != test.want {
			t.Errorf("flag %v, pointer %d: got %d", test.flag, test.pointer, s.Urgent)
		}
	}
}

func TestAllocations(t *testing.T) {
	d := newDecoder()
	var s packet.Segment
	for _, test := range samples() {
		f := frame(test.link, test.data)
		allocs := testing.AllocsPerRun(100, func() { d.Decode(f, &s) })
		if allocs != 0 && !test.refused && test.counts.Fragments == 0 { // fragments are kept
			t.Errorf("%s: %v allocations", test.what, allocs)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, bench := range []struct {
		what string
		data []byte
	}{
		{"TCP", ethernet(tcp4(data, request), 0x8100, 100)},
		{"TCP over IPv6", ethernet(tcp6(data, request), 0x8100, 100)},
		{"RTP", ethernet(udp4(), 0x8100, 100)},
	} {
		b.Run(bench.what, func(b *testing.B) {
			f := frame(capture.LinkEthernet, bench.data)
			d := newDecoderWith(packet.Config{Datagram: func(*packet.Datagram) bool { return true }})
			var s packet.Segment
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(f, &s)
			}
		})
	}
}

// Package packet finds the TCP segment in a captured frame, or the UDP datagram
// that may be of interest.
//
//  1. A look at a few bytes drops the frames that hold neither: on a VoIP network
//     97 of 100 frames are RTP.
//  2. The link type says what the frame begins with: Ethernet, 802.11, PPP and
//     others (link.go, ether.go, wlan.go).
//  3. Tags and tunnels are followed to the innermost IP packet, to a bounded depth
//     (ether.go, tunnel.go).
//  4. Fragments are put together (ip.go, fragment.go).
//
// gopacket's layers decode the headers of 802.1Q, IPv4, IPv6, UDP and TCP, by
// DecodeFromBytes, into layers that the Decoder owns. The rest is decoded by hand,
// and tests compare it with gopacket where gopacket has it:
//
//	RadioTap, LinuxSLL, GRE,   panic on damaged bytes
//	ERSPANII, Geneve
//	PPP, PPPoE, MPLS, AH,      exist for NewPacket alone, which allocates
//	IPv6 extension headers
//	Dot11                      takes the last 4 bytes for a check sequence in any capture
//	GTPv1U                     prints to standard output in gopacket's releases
//	Ethernet, VXLAN, LLC,      decode more than what is used; they are shorter by hand
//	SNAP, EtherIP, Loopback,
//	PrismHeader
//	ip4defrag                  refuses fragments marked not to be fragmented, and last ones of less
//	                           than 8 bytes; there is none for IPv6
//
// All other link types and tunnels are ones that gopacket lacks.
//
// The package also knows what a kernel may drop before a frame is captured
// (kernel.go).
package packet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
)

const (
	// maxVLANs is the number of VLAN ids that are kept of a frame.
	maxVLANs = 4

	// maxDepth bounds how many packets may be within one another.
	maxDepth = 12
)

// VLANs are the VLAN ids of a frame, outermost first.
type VLANs struct {
	ids [maxVLANs]uint16
	n   uint8
}

// IDs returns the ids, outermost first.
func (v *VLANs) IDs() []uint16 { return v.ids[:v.n] }

// Add adds an id inside the others, if there are not maxVLANs.
func (v *VLANs) Add(id uint16) {
	if v.n < maxVLANs {
		v.ids[v.n] = id
		v.n++
	}
}

// An Origin is where in a capture bytes came from.
type Origin struct {
	Interface *capture.Interface
	Frame     int   // 1-based, in its capture file
	Time      int64 // nanoseconds since 1970-01-01 UTC, as captured
	Clock     int64 // the time that the capture had reached, see Reached; 0 where it is not known
	VLANs     VLANs
	Source    MAC // the sender's address on its link, in a tunnel the innermost; zero where there is none
}

// Reached returns the time by which what waits is measured: Time, except of a
// frame whose clock was ahead of the others.
func (o *Origin) Reached() int64 {
	if o.Clock == 0 {
		return o.Time
	}
	return min(o.Time, o.Clock)
}

// After reports whether o is after p in the capture, or, of two captures, in time.
func (o *Origin) After(p *Origin) bool {
	if o.Interface == p.Interface || o.Interface.Capture == p.Interface.Capture {
		return o.Frame > p.Frame
	}
	return o.Time > p.Time
}

// An Address is an IP address as two big-endian words, which are hashed and
// compared faster than bytes. An IPv4 address stands after twelve bytes of
// ones, where no IPv6 address can be: those that are mapped from IPv4 (RFC 4291,
// section 2.5.5.2) do occur in IPv6 packets.
type Address struct{ Hi, Lo uint64 }

// What stands before an IPv4 address in its words.
const (
	onesHi = 1<<64 - 1
	onesLo = (1<<32 - 1) << 32
)

// ipv4Address reads an IPv4 address.
func ipv4Address(b []byte) Address {
	return Address{onesHi, onesLo | uint64(binary.BigEndian.Uint32(b))}
}

// ipv6Address reads an IPv6 address.
func ipv6Address(b []byte) Address {
	return Address{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// An Endpoint is an IP address and a port.
type Endpoint struct {
	Addr Address
	Port uint16
}

// EndpointOf is the inverse of [Endpoint.AddrPort].
func EndpointOf(a netip.AddrPort) Endpoint {
	bytes := a.Addr().AsSlice()
	if len(bytes) == 4 {
		return Endpoint{ipv4Address(bytes), a.Port()}
	}
	return Endpoint{ipv6Address(bytes), a.Port()}
}

// AddrPort returns the endpoint as package netip has it.
func (e Endpoint) AddrPort() netip.AddrPort {
	if e.Addr.Hi == onesHi && e.Addr.Lo >= onesLo {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(e.Addr.Lo))
		return netip.AddrPortFrom(netip.AddrFrom4(b), e.Port)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], e.Addr.Hi)
	binary.BigEndian.PutUint64(b[8:], e.Addr.Lo)
	return netip.AddrPortFrom(netip.AddrFrom16(b), e.Port)
}

// A Segment is a TCP segment.
type Segment struct {
	Origin
	Src, Dst Endpoint
	Dest     MAC // the receiver's address on its Ethernet, in a tunnel the innermost; zero where there is none
	Seq, Ack uint32
	SYN, FIN bool
	RST, ACK bool
	Payload  []byte // points into the frame, or into the packet that its fragments made up
	Cut      int    // bytes of payload that the sender sent and the capture does not hold
	Urgent   int    // place of the urgent byte in Payload, from 1 on; 0 if there is none (RFC 6093)
}

// A Datagram is a UDP datagram of DNS's port, or one whose payload begins with a
// capital letter, as the text of SIP does (RFC 3261, section 7) and RTP never (RFC
// 3550, section 5.1: the first two bits are its version, 2).
type Datagram struct {
	Origin
	Src, Dst Endpoint
	Payload  []byte // points into the frame, or into the packet that its fragments made up
	Cut      int    // bytes of payload that the sender sent and the capture does not hold
}

// A Rejection is an ICMP message that a TCP segment could not be delivered.
type Rejection struct {
	Origin
	Dest     MAC      // the receiver's address on its link; zero where there is none
	By       Address  // who sends the message: the host, a router or a firewall
	Src, Dst Endpoint // of the segment
	Seq      uint32   // of the segment
	Why      string   // it could not be delivered, in words
}

// Bare reports whether the segment does nothing but to acknowledge.
func (s *Segment) Bare() bool {
	return len(s.Payload) == 0 && s.Cut == 0 && !s.SYN && !s.FIN && !s.RST
}

// A Lost gets what could not be decoded, and its place.
type Lost func(at *Origin, what string)

// Counts are what became of the frames.
type Counts struct {
	Frames      int
	Segments    int // TCP segments found
	UnknownLink int // frames of link types that are not known
	Malformed   int // frames whose headers contradict themselves or end early
	Encrypted   int // frames that are encrypted on their link, or in their tunnel
	Fragments   int // fragments without a whole packet, so far

	UnknownTunnel int // frames in whose tunnel is a protocol that is not known
}

// Config says what a Decoder looks for beside TCP, and whom it reports to.
type Config struct {
	// Lost, unless nil, gets each frame that is not decoded although it should be.
	Lost Lost
	// VXLANPort is a further UDP port of VXLAN; 0 for none.
	VXLANPort uint16
	// Datagram, unless nil, gets each Datagram, which is valid until it returns. It
	// reports whether it has use for it; one that it has none for may be a tunnel's.
	Datagram func(*Datagram) bool
	// Rejected, unless nil, gets each Rejection, which is valid until it returns.
	Rejected func(*Rejection)
}

// A Decoder decodes frames. It is not safe for concurrent use.
type Decoder struct {
	Counts Counts
	// Unknown holds the link types met that are not known, each once.
	Unknown []capture.LinkType
	// Tunnels holds the tunnels met whose protocol inside is not known, each once,
	// and the first maxTunnels of them.
	Tunnels []Tunnel

	config    Config
	found     func(*Segment)
	seg       Segment
	layers    headers
	datagram  Datagram
	depth     int
	fragments fragments
	inflater  io.ReadCloser // of compressed packets
	inflated  bytes.Buffer
}

// NewDecoder returns a Decoder that calls found with each TCP segment. A frame
// may hold several. The segment is valid until found returns.
func NewDecoder(found func(*Segment), c Config) *Decoder {
	d := &Decoder{config: c, found: found}
	d.fragments.gaveUp = d.incomplete
	return d
}

// Flush drops the packets that are not whole: there are no more frames.
func (d *Decoder) Flush() { d.fragments.flush() }

func (d *Decoder) lost(what string) {
	if d.config.Lost != nil {
		d.config.Lost(&d.seg.Origin, what)
	}
}

// incomplete reports a packet with missing fragments.
func (d *Decoder) incomplete(p *fragmented) {
	if d.config.Lost != nil {
		d.config.Lost(&p.origin, fmt.Sprintf("%d fragments of a packet that is not whole", p.count))
	}
}

// headers are gopacket's layers, decoded one after the other and again for each
// frame. What outlives the next header is copied from them.
type headers struct {
	tag layers.Dot1Q
	ip4 layers.IPv4
	ip6 layers.IPv6
	udp layers.UDP
	tcp layers.TCP
}

// Decode decodes a frame.
func (d *Decoder) Decode(f *capture.Frame) {
	d.Counts.Frames++
	ethernet := f.Interface.Link == capture.LinkEthernet
	if ethernet && d.unreadFrame(f.Data) {
		return
	}
	s := &d.seg
	s.Interface, s.Frame, s.Time = f.Interface, f.Number, f.Time
	s.VLANs.n = 0
	s.Source, s.Dest = MAC{}, MAC{}
	d.depth = 0
	if ethernet {
		d.ethernet(f.Data)
		return
	}
	d.link(f.Interface.Link, f.Data)
}

// unreadFrame reports whether an Ethernet frame, with a tag at most, holds what
// unread knows: most frames of a span port are RTP, and end here.
func (d *Decoder) unreadFrame(data []byte) bool {
	const ether, tag = 14, 4
	if len(data) < ether+tag {
		return false
	}
	t, ip := etherType(data[12:]), data[ether:]
	if t == layers.EthernetTypeDot1Q {
		t, ip = etherType(data[ether+2:]), data[ether+tag:]
	}
	return t == layers.EthernetTypeIPv4 && isUDP(ip) && d.unread(ip)
}

// isUDP reports whether an IPv4 packet says that it holds UDP.
func isUDP(ip []byte) bool { return len(ip) > 9 && layers.IPProtocol(ip[9]) == layers.IPProtocolUDP }

// unread reports whether an IPv4 packet with UDP, without options and in one
// piece, holds a datagram that is not read.
func (d *Decoder) unread(ip []byte) bool {
	const header, least = 20, 8
	if len(ip) < header+least {
		return false
	}
	const unfragmented = 0x4000 // "don't fragment" may be set
	h := ip[:header]
	return h[0] == 0x45 && binary.BigEndian.Uint16(h[6:])&^unfragmented == 0 &&
		binary.BigEndian.Uint16(h[2:]) >= header && !d.matters(layers.IPProtocolUDP, ip[header:])
}

// within decodes data that is inside of another packet.
func (d *Decoder) within(next func([]byte), data []byte) {
	if d.depth == maxDepth {
		d.malformed()
		return
	}
	d.depth++
	next(data)
	d.depth--
}

func (d *Decoder) malformed() {
	d.Counts.Malformed++
	d.lost("a header is damaged or cut off")
}

func (d *Decoder) encrypted() {
	d.Counts.Encrypted++
	d.lost("it is encrypted on its link or in its tunnel")
}

// unknown counts a frame of a link type that is not known, and keeps the type
// for the summary. There are 65,536 at most.
func (d *Decoder) unknown(link capture.LinkType) {
	d.Counts.UnknownLink++
	if d.config.Lost != nil {
		d.lost(fmt.Sprintf("link type %v is not known", link))
	}
	for _, known := range d.Unknown {
		if known == link {
			return
		}
	}
	d.Unknown = append(d.Unknown, link)
}

// segment decodes a TCP segment (RFC 9293, section 3.1) of size bytes, of
// which data holds those that were captured, and perhaps padding.
func (d *Decoder) segment(data []byte, size int) {
	s := &d.seg
	s.Cut = 0
	if size > len(data) {
		s.Cut = size - len(data)
	} else {
		data = data[:size]
	}
	tcp := &d.layers.tcp
	tcp.Payload = nil
	// An error with a payload is of an option, and options are not used.
	if err := tcp.DecodeFromBytes(data, gopacket.NilDecodeFeedback); err != nil && tcp.Payload == nil {
		d.malformed()
		return
	}
	s.Src.Port, s.Dst.Port = uint16(tcp.SrcPort), uint16(tcp.DstPort)
	s.Seq, s.Ack = tcp.Seq, tcp.Ack
	s.SYN, s.FIN, s.RST, s.ACK = tcp.SYN, tcp.FIN, tcp.RST, tcp.ACK
	s.Payload = tcp.Payload
	s.Urgent = 0
	if tcp.URG && int(tcp.Urgent) <= len(s.Payload) {
		s.Urgent = int(tcp.Urgent)
	}
	d.Counts.Segments++
	d.found(s)
}

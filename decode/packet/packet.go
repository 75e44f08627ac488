// Package packet finds the TCP segment in a captured frame, or the UDP datagram
// that may be of interest.
//
//  1. The link type says what the frame begins with: Ethernet, 802.11, PPP and
//     others (link.go, ether.go, wlan.go).
//  2. Tags and tunnels are walked through to the innermost IP packet, to a
//     bounded depth (ether.go, tunnel.go).
//  3. Fragments are put together (ip.go, fragment.go).
//  4. The TCP header is decoded.
//
// A frame that holds neither is left at the first header that says so: on a
// VoIP network 97 of 100 frames are RTP.
//
// The headers are walked by hand for that reason, and because gopacket's layers
// for most of them panic, misread, or lack what is needed. Where they do not,
// tests compare with them.
package packet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"

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

// An Origin tells where in a capture bytes came from.
type Origin struct {
	Interface *capture.Interface
	Frame     int   // 1-based, in its capture file
	Time      int64 // nanoseconds since 1970-01-01 UTC
	VLANs     VLANs
	Source    MAC // the sender's address on its link, in a tunnel the innermost; zero where there is none
}

// After reports whether o is behind p in the capture, or, of two captures, in time.
func (o *Origin) After(p *Origin) bool {
	if o.Interface == p.Interface || o.Interface.Capture == p.Interface.Capture {
		return o.Frame > p.Frame
	}
	return o.Time > p.Time
}

// An Address is an IP address as two big-endian words, which are hashed and
// compared faster than bytes. An IPv4 address stands behind twelve bytes of
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
	Seq, Ack uint32
	SYN, FIN bool
	RST, ACK bool
	Payload  []byte // points into the frame, or into the packet that its fragments made up
	Cut      int    // bytes of payload that the sender sent and the capture does not hold
}

// A Datagram is a UDP datagram whose payload begins with a capital letter, as
// the text of SIP does (RFC 3261, section 7) and RTP never (RFC 3550, section
// 5.1: the first two bits are its version, 2).
type Datagram struct {
	Origin
	Src, Dst Endpoint
	Payload  []byte // points into the frame, or into the packet that its fragments made up
	Cut      int    // bytes of payload that the sender sent and the capture does not hold
}

// Bare reports whether the segment does nothing but to acknowledge.
func (s *Segment) Bare() bool {
	return len(s.Payload) == 0 && s.Cut == 0 && !s.SYN && !s.FIN && !s.RST
}

// A Lost is told of something that could not be decoded, and of its place.
type Lost func(at *Origin, what string)

// Counts tell what became of the frames.
type Counts struct {
	Frames      int
	Segments    int // TCP segments found
	UnknownLink int // frames of link types that are not known
	Malformed   int // frames whose headers contradict themselves or end early
	Encrypted   int // frames that are encrypted on their link, or in their tunnel
	Fragments   int // fragments of which no whole packet was made, so far
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
}

// A Decoder decodes frames. It is not safe for concurrent use.
type Decoder struct {
	Counts Counts
	// Unknown holds the link types met that are not known, each once.
	Unknown []capture.LinkType

	config    Config
	found     func(*Segment)
	seg       Segment
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

// Flush gives up the packets that are not whole: there are no more frames.
func (d *Decoder) Flush() { d.fragments.flush() }

func (d *Decoder) lost(what string) {
	if d.config.Lost != nil {
		d.config.Lost(&d.seg.Origin, what)
	}
}

// incomplete tells of a packet of which fragments are missing.
func (d *Decoder) incomplete(p *fragmented) {
	if d.config.Lost != nil {
		d.config.Lost(&p.origin, fmt.Sprintf("%d fragments of a packet that is not whole", p.count))
	}
}

// Decode decodes a frame.
func (d *Decoder) Decode(f *capture.Frame) {
	d.Counts.Frames++
	ethernet := f.Interface.Link == capture.LinkEthernet
	if ethernet && d.usual(f) {
		return
	}
	d.begin(f)
	d.depth = 0
	if ethernet {
		d.ethernet(f.Data)
		return
	}
	d.link(f.Interface.Link, f.Data)
}

// begin notes which frame is decoded.
func (d *Decoder) begin(f *capture.Frame) {
	s := &d.seg
	s.Interface, s.Frame, s.Time = f.Interface, f.Number, f.Time
	s.VLANs.n = 0
	s.Source = MAC{}
}

// usual decodes an Ethernet frame as nearly all are, and reports whether it is
// one: with a VLAN tag at most, and UDP or TCP in IPv4 without options, in one
// piece. It does what the walk from header to header would.
func (d *Decoder) usual(f *capture.Frame) bool {
	const ether, tag, header, least = 14, 4, 20, 8
	data := f.Data
	if len(data) < ether+tag+header+least {
		return false
	}
	t, ip := binary.BigEndian.Uint16(data[12:]), data[ether:]
	tagged := t == typeVLAN
	if tagged {
		t, ip = binary.BigEndian.Uint16(data[ether+2:]), data[ether+tag:]
	}
	const unfragmented = 0x4000 // "don't fragment" may be set
	h := ip[:header]
	total := int(binary.BigEndian.Uint16(h[2:]))
	if t != typeIPv4 || h[0] != 0x45 || binary.BigEndian.Uint16(h[6:])&^unfragmented != 0 || total < header+least {
		return false
	}
	switch h[9] {
	case protoUDP:
		return !d.matters(protoUDP, ip[header:])
	case protoTCP:
		d.begin(f)
		s := &d.seg
		if tagged {
			d.vlan(binary.BigEndian.Uint16(data[ether:]))
		}
		s.Source = MAC(data[6:])
		s.Src.Addr, s.Dst.Addr = ipv4Address(h[12:]), ipv4Address(h[16:])
		d.segment(ip[header:], total-header)
		return true
	}
	return false
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
		d.lost(fmt.Sprintf("link type %d is not known", link))
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
	if len(data) < 20 {
		d.malformed()
		return
	}
	header := int(data[12]>>4) * 4
	if header < 20 || header > len(data) {
		d.malformed()
		return
	}
	s.Src.Port, s.Dst.Port = binary.BigEndian.Uint16(data), binary.BigEndian.Uint16(data[2:])
	s.Seq, s.Ack = binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	const fin, syn, rst, ack = 0x01, 0x02, 0x04, 0x10
	flags := data[13]
	s.SYN, s.FIN, s.RST, s.ACK = flags&syn != 0, flags&fin != 0, flags&rst != 0, flags&ack != 0
	s.Payload = data[header:]
	d.Counts.Segments++
	d.found(s)
}

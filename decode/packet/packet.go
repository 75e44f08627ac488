// Package packet finds the TCP segment in a captured frame.
//
// It walks from the link-layer header over VLAN tags and the IP header with
// its options or extension headers to the TCP header, which gopacket decodes.
// A frame that holds no TCP segment is left at the first header that says so:
// on a VoIP network 97 of 100 frames are RTP.
//
// The link and network headers are walked by hand for that reason, and because
// of what gopacket's layers do not know: TPID 0x9100, SLL2, IPv6 extension
// headers without an allocation.
package packet

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
)

// maxVLANs is the number of VLAN tags that are kept and walked over.
const maxVLANs = 4

// VLANs are the VLAN ids of a frame, outermost first.
type VLANs struct {
	ids [maxVLANs]uint16
	n   uint8
}

// IDs returns the ids, outermost first.
func (v *VLANs) IDs() []uint16 { return v.ids[:v.n] }

// MAC is an Ethernet address.
type MAC [6]byte

// An Origin tells where in a capture bytes came from.
type Origin struct {
	Interface *capture.Interface
	Frame     int   // 1-based, in its capture file
	Time      int64 // nanoseconds since 1970-01-01 UTC
	VLANs     VLANs
	Source    MAC // the sender's address on the captured link; zero where the link has none
}

// An Endpoint is an IP address and a port. An IPv4 address stands behind
// twelve bytes of ones, where no IPv6 address can be: those that are mapped
// from IPv4 (RFC 4291, section 2.5.5.2) do occur in IPv6 packets.
type Endpoint struct {
	Addr [16]byte
	Port uint16
}

// ones is what stands before an IPv4 address.
var ones = [12]byte(bytes.Repeat([]byte{0xff}, 12))

// v4 sets the address to an IPv4 address.
func (e *Endpoint) v4(addr []byte) {
	copy(e.Addr[:], ones[:])
	copy(e.Addr[12:], addr[:4])
}

// AddrPort returns the endpoint as package netip has it.
func (e Endpoint) AddrPort() netip.AddrPort {
	addr := netip.AddrFrom16(e.Addr)
	if [12]byte(e.Addr[:]) == ones {
		addr = netip.AddrFrom4([4]byte(e.Addr[12:]))
	}
	return netip.AddrPortFrom(addr, e.Port)
}

// A Segment is a TCP segment.
type Segment struct {
	Origin
	Src, Dst Endpoint
	Seq, Ack uint32
	SYN, FIN bool
	RST, ACK bool
	Payload  []byte // points into the frame
	Cut      int    // bytes of payload that the sender sent and the capture does not hold
}

// Counts tell what became of the frames.
type Counts struct {
	Frames      int
	Segments    int // frames that hold a TCP segment
	UnknownLink int // frames of link types that are not known
	Fragments   int // fragments of IP packets, which are not put together
	Malformed   int // frames whose headers contradict themselves or end early
}

// A Decoder decodes frames. It is not safe for concurrent use.
type Decoder struct {
	Counts Counts
	// Unknown holds the link types met that are not known, each once.
	Unknown []capture.LinkType

	tcp layers.TCP
}

// Decode decodes the frame to s and reports whether it holds a TCP segment.
// The segment's payload is valid as long as the frame's bytes are.
func (d *Decoder) Decode(f *capture.Frame, s *Segment) bool {
	d.Counts.Frames++
	data := f.Data
	s.VLANs.n = 0
	s.Source = MAC{}
	var found bool
	switch link := f.Interface.Link; link {
	case capture.LinkEthernet:
		if len(data) < 14 {
			return d.malformed()
		}
		s.Source = MAC(data[6:])
		found = d.ethertype(binary.BigEndian.Uint16(data[12:]), data[14:], s)
	case capture.LinkRaw, capture.LinkRaw12, capture.LinkRaw14, capture.LinkIPv4, capture.LinkIPv6:
		found = d.ip(data, s)
	case capture.LinkNull, capture.LinkLoop:
		found = d.loopback(data, s)
	case capture.LinkLinuxSLL:
		found = d.cooked(data, s)
	case capture.LinkLinuxSLL2:
		found = d.cooked2(data, s)
	default:
		d.unknown(link)
	}
	if !found {
		return false
	}
	d.Counts.Segments++
	s.Interface, s.Frame, s.Time = f.Interface, f.Number, f.Time
	return true
}

func (d *Decoder) malformed() bool {
	d.Counts.Malformed++
	return false
}

// unknown counts a frame of a link type that is not known, and keeps the type
// for the summary. There are 65,536 at most.
func (d *Decoder) unknown(link capture.LinkType) {
	d.Counts.UnknownLink++
	for _, known := range d.Unknown {
		if known == link {
			return
		}
	}
	d.Unknown = append(d.Unknown, link)
}

// The EtherTypes that are followed. 0x9100 is a tag protocol identifier that
// was in use before 0x88a8 (IEEE 802.1ad) was assigned.
const (
	typeIPv4  = uint16(layers.EthernetTypeIPv4)
	typeIPv6  = uint16(layers.EthernetTypeIPv6)
	typeVLAN  = uint16(layers.EthernetTypeDot1Q)
	typeQinQ  = uint16(layers.EthernetTypeQinQ)
	typeQinQ1 = 0x9100
)

// ethertype decodes what follows an EtherType, VLAN tags (IEEE 802.1Q) included.
func (d *Decoder) ethertype(t uint16, data []byte, s *Segment) bool {
	for t == typeVLAN || t == typeQinQ || t == typeQinQ1 {
		if len(data) < 4 || s.VLANs.n == maxVLANs {
			return d.malformed()
		}
		s.VLANs.ids[s.VLANs.n] = binary.BigEndian.Uint16(data) & 0x0fff
		s.VLANs.n++
		t, data = binary.BigEndian.Uint16(data[2:]), data[4:]
	}
	switch t {
	case typeIPv4:
		return d.ipv4(data, s)
	case typeIPv6:
		return d.ipv6(data, s)
	}
	return false
}

// loopback decodes BSD loopback encapsulation: a protocol family in the byte
// order of the machine that captured (LINKTYPE_NULL) or of the network
// (LINKTYPE_LOOP). The families' numbers differ between systems, so the IP
// version decides.
func (d *Decoder) loopback(data []byte, s *Segment) bool {
	if len(data) < 4 {
		return d.malformed()
	}
	return d.ip(data[4:], s)
}

// cooked decodes Linux "any" captures of the first kind (LINKTYPE_LINUX_SLL):
// packet type, device type, address length, address of 8 bytes, protocol.
func (d *Decoder) cooked(data []byte, s *Segment) bool {
	if len(data) < 16 {
		return d.malformed()
	}
	if binary.BigEndian.Uint16(data[4:]) == 6 {
		s.Source = MAC(data[6:])
	}
	return d.ethertype(binary.BigEndian.Uint16(data[14:]), data[16:], s)
}

// cooked2 decodes Linux "any" captures of the second kind
// (LINKTYPE_LINUX_SLL2): protocol, 2 bytes, interface, device type, packet
// type, address length, address of 8 bytes.
func (d *Decoder) cooked2(data []byte, s *Segment) bool {
	if len(data) < 20 {
		return d.malformed()
	}
	if data[11] == 6 {
		s.Source = MAC(data[12:])
	}
	return d.ethertype(binary.BigEndian.Uint16(data), data[20:], s)
}

// ip decodes an IP packet of the version that it says it has.
func (d *Decoder) ip(data []byte, s *Segment) bool {
	if len(data) == 0 {
		return d.malformed()
	}
	switch data[0] >> 4 {
	case 4:
		return d.ipv4(data, s)
	case 6:
		return d.ipv6(data, s)
	}
	return false
}

// ipv4 decodes an IPv4 packet (RFC 791, section 3.1).
func (d *Decoder) ipv4(data []byte, s *Segment) bool {
	if len(data) < 20 {
		return d.malformed()
	}
	if data[9] != uint8(layers.IPProtocolTCP) {
		return false
	}
	header := int(data[0]&0x0f) * 4
	total := int(binary.BigEndian.Uint16(data[2:]))
	if total == 0 { // segmentation left to the network card: its driver fills it in later
		total = len(data)
	}
	if data[0]>>4 != 4 || header < 20 || total < header || len(data) < header {
		return d.malformed()
	}
	if binary.BigEndian.Uint16(data[6:])&0x3fff != 0 { // more fragments, or an offset
		d.Counts.Fragments++
		return false
	}
	s.Src.v4(data[12:])
	s.Dst.v4(data[16:])
	return d.segment(data[header:], total-header, s)
}

// Extension headers of IPv6 that are walked over (RFC 8200, section 4).
const (
	hopByHop    = uint8(layers.IPProtocolIPv6HopByHop)
	routing     = uint8(layers.IPProtocolIPv6Routing)
	fragment    = uint8(layers.IPProtocolIPv6Fragment)
	destination = uint8(layers.IPProtocolIPv6Destination)
	authentic   = uint8(layers.IPProtocolAH)
)

// extends reports whether a next header is an extension that is walked over.
func extends(next uint8) bool {
	switch next {
	case hopByHop, routing, fragment, destination, authentic:
		return true
	}
	return false
}

// ipv6 decodes an IPv6 packet (RFC 8200, section 3).
func (d *Decoder) ipv6(data []byte, s *Segment) bool {
	if len(data) < 40 {
		return d.malformed()
	}
	next := data[6]
	size := int(binary.BigEndian.Uint16(data[4:]))
	if size == 0 { // a jumbogram, or segmentation left to the network card
		size = len(data) - 40
	}
	rest := data[40:]
	for next != uint8(layers.IPProtocolTCP) {
		if !extends(next) {
			return false
		}
		if len(rest) < 8 {
			return d.malformed()
		}
		var length int
		switch next {
		case hopByHop, routing, destination:
			length = int(rest[1])*8 + 8
		case authentic: // RFC 4302, section 2.2
			length = int(rest[1])*4 + 8
		case fragment:
			if binary.BigEndian.Uint16(rest[2:])&^6 != 0 {
				d.Counts.Fragments++
				return false
			}
			length = 8 // of a packet that is whole (RFC 6946)
		}
		if length > len(rest) || length > size {
			return d.malformed()
		}
		next, rest, size = rest[0], rest[length:], size-length
	}
	if data[0]>>4 != 6 {
		return d.malformed()
	}
	s.Src.Addr = [16]byte(data[8:])
	s.Dst.Addr = [16]byte(data[24:])
	return d.segment(rest, size, s)
}

// segment decodes a TCP segment (RFC 9293, section 3.1) of size bytes, of
// which data holds those that were captured, and perhaps padding.
func (d *Decoder) segment(data []byte, size int, s *Segment) bool {
	s.Cut = 0
	if size > len(data) {
		s.Cut = size - len(data)
	} else {
		data = data[:size]
	}
	if len(data) < 20 {
		return d.malformed()
	}
	d.tcp.Payload = nil
	// An option that is malformed does not harm the payload, which is set before the options are read.
	if err := d.tcp.DecodeFromBytes(data, gopacket.NilDecodeFeedback); err != nil && d.tcp.Payload == nil {
		return d.malformed()
	}
	t := &d.tcp
	s.Src.Port, s.Dst.Port = uint16(t.SrcPort), uint16(t.DstPort)
	s.Seq, s.Ack = t.Seq, t.Ack
	s.SYN, s.FIN, s.RST, s.ACK = t.SYN, t.FIN, t.RST, t.ACK
	s.Payload = t.Payload
	return true
}

package packet

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// IP protocols that are followed and that gopacket does not name, extension
// headers of IPv6 among them.
const (
	protoIPComp   layers.IPProtocol = 108 // RFC 3173
	protoL2TP     layers.IPProtocol = 115 // RFC 3931
	protoMobility layers.IPProtocol = 135 // RFC 6275
	protoHIP      layers.IPProtocol = 139 // RFC 7401
	protoShim6    layers.IPProtocol = 140 // RFC 5533
)

// ip decodes an IP packet of the version that it says it has.
func (d *Decoder) ip(data []byte) {
	if len(data) == 0 {
		d.malformed()
		return
	}
	switch data[0] >> 4 {
	case 4:
		d.ipv4(data)
	case 6:
		d.ipv6(data)
	}
}

// matters reports whether a packet of a protocol may hold a TCP segment, a
// Datagram or a Rejection. It is what most frames end at.
func (d *Decoder) matters(protocol layers.IPProtocol, data []byte) bool {
	switch protocol {
	case layers.IPProtocolTCP, layers.IPProtocolIPv4, layers.IPProtocolIPv6, layers.IPProtocolGRE, layers.IPProtocolAH, protoIPComp, layers.IPProtocolEtherIP, protoL2TP, layers.IPProtocolMPLSInIP:
		return true
	case layers.IPProtocolUDP:
		return len(data) >= 8 &&
			(len(data) > 8 && capital(data[8]) && d.config.Datagram != nil ||
				d.tunnels(binary.BigEndian.Uint16(data[2:])) || d.tunnels(binary.BigEndian.Uint16(data)))
	case layers.IPProtocolICMPv4, layers.IPProtocolICMPv6:
		return d.config.Rejected != nil && len(data) > 1 && rejects(protocol, data[0], data[1]) != ""
	}
	return false
}

// ipv4 decodes an IPv4 packet (RFC 791, section 3.1).
func (d *Decoder) ipv4(data []byte) {
	if isUDP(data) && d.unread(data) {
		return
	}
	ip := &d.layers.ip4
	ip.Payload = nil
	err := ip.DecodeFromBytes(data, gopacket.NilDecodeFeedback)
	if err != nil && ip.Payload == nil || ip.Version != 4 { // with a payload, the error is of an option
		d.malformed()
		return
	}
	protocol, rest := ip.Protocol, ip.Payload
	size := int(ip.Length) - len(ip.Contents)
	if binary.BigEndian.Uint16(data[2:]) == 0 {
		// Segmentation was left to the network card, whose driver fills in the
		// length later; gopacket takes the data's, modulo 64 KiB.
		rest = data[len(ip.Contents):]
		size = len(rest)
	}
	more := ip.Flags&layers.IPv4MoreFragments != 0
	whole := !more && ip.FragOffset == 0
	if whole && protocol != layers.IPProtocolTCP && !d.matters(protocol, rest) {
		return
	}
	d.seg.Src.Addr, d.seg.Dst.Addr = ipv4Address(ip.SrcIP), ipv4Address(ip.DstIP)
	if !whole {
		key := fragmentKey{d.seg.Src.Addr, d.seg.Dst.Addr, uint32(ip.Id), uint16(protocol)}
		rest = d.together(key, int(ip.FragOffset)*8, more, rest, size)
		if size = len(rest); rest == nil {
			return
		}
	}
	d.transport(protocol, rest, size)
}

// together takes a fragment of size bytes, and returns the packet when it is
// whole. A fragment that the capture has only a part of is left out.
func (d *Decoder) together(key fragmentKey, offset int, more bool, data []byte, size int) []byte {
	d.Counts.Fragments++
	if len(data) < size {
		return nil
	}
	whole, used := d.fragments.add(key, &d.seg.Origin, offset, more, data[:size])
	d.Counts.Fragments -= used
	return whole
}

// ipv6 decodes an IPv6 packet (RFC 8200, section 3).
func (d *Decoder) ipv6(data []byte) {
	if len(data) < 40 || data[0]>>4 != 6 {
		d.malformed()
		return
	}
	next := layers.IPProtocol(data[6])
	if next == layers.IPProtocolUDP && !d.matters(layers.IPProtocolUDP, data[40:]) {
		return
	}
	size := int(binary.BigEndian.Uint16(data[4:]))
	if size == 0 || next == layers.IPProtocolIPv6HopByHop {
		// By hand: gopacket refuses the length of a jumbogram and of segmentation
		// left to the network card, and decodes hop-by-hop options with the header,
		// allocating.
		if size == 0 {
			size = len(data) - 40
		}
		d.extended(next, data[40:], size, ipv6Address(data[8:]), ipv6Address(data[24:]))
		return
	}
	ip := &d.layers.ip6
	if err := ip.DecodeFromBytes(data, gopacket.NilDecodeFeedback); err != nil {
		d.malformed()
		return
	}
	d.extended(ip.NextHeader, ip.Payload, int(ip.Length), ipv6Address(ip.SrcIP), ipv6Address(ip.DstIP))
}

// extends reports whether a next header is an extension that is walked over.
func extends(next layers.IPProtocol) bool {
	switch next {
	case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Fragment, layers.IPProtocolAH, layers.IPProtocolIPv6Destination, protoMobility, protoHIP, protoShim6:
		return true
	}
	return false
}

// extended decodes what follows an IPv6 header with these addresses: extension
// headers, and a packet of size bytes in all. gopacket's extension headers are no
// layers that can be decoded into.
func (d *Decoder) extended(next layers.IPProtocol, rest []byte, size int, src, dst Address) {
	for extends(next) {
		if len(rest) < 8 || size < 8 {
			d.malformed()
			return
		}
		var length int
		switch next {
		case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Destination, protoMobility, protoHIP, protoShim6:
			length = int(rest[1])*8 + 8
		case layers.IPProtocolAH:
			length = int(rest[1])*4 + 8
		case layers.IPProtocolIPv6Fragment:
			const more, offset = 1, 0xfff8
			field := binary.BigEndian.Uint16(rest[2:])
			if field&(more|offset) == 0 {
				length = 8 // of a packet that is whole (RFC 6946)
				break
			}
			key := fragmentKey{src, dst, binary.BigEndian.Uint32(rest[4:]), uint16(layers.IPProtocolIPv6Fragment)}
			next = layers.IPProtocol(rest[0])
			whole := d.together(key, int(field&offset), field&more != 0, rest[8:], size-8)
			if whole == nil {
				return
			}
			rest, size = whole, len(whole)
			continue
		}
		if length > len(rest) || length > size {
			d.malformed()
			return
		}
		next, rest, size = layers.IPProtocol(rest[0]), rest[length:], size-length
	}
	if !d.matters(next, rest) {
		return
	}
	d.seg.Src.Addr, d.seg.Dst.Addr = src, dst
	d.transport(next, rest, size)
}

// transport decodes what is in an IP packet: size bytes; data holds
// those that were captured.
func (d *Decoder) transport(protocol layers.IPProtocol, data []byte, size int) {
	switch protocol {
	case layers.IPProtocolTCP:
		d.segment(data, size)
	case layers.IPProtocolUDP:
		d.udp(data, size)
	case layers.IPProtocolICMPv4, layers.IPProtocolICMPv6:
		d.icmp(protocol, data)
	case layers.IPProtocolIPv4:
		d.within(d.ipv4, data)
	case layers.IPProtocolIPv6:
		d.within(d.ipv6, data)
	case layers.IPProtocolGRE:
		d.gre(data)
	case layers.IPProtocolAH:
		if len(data) < 12 || min(len(data), size) < int(data[1])*4+8 {
			d.malformed()
			return
		}
		n := int(data[1])*4 + 8
		d.within(func(b []byte) { d.transport(layers.IPProtocol(data[0]), b, size-n) }, data[n:])
	case protoIPComp:
		d.ipcomp(data)
	case layers.IPProtocolEtherIP: // 2 bytes of version
		if len(data) >= 2 {
			d.within(d.ethernet, data[2:])
		}
	case protoL2TP:
		d.l2tp3(data)
	case layers.IPProtocolMPLSInIP:
		d.mpls(data)
	}
}

// ipcomp decodes a compressed packet (RFC 3173, section 3): the next protocol,
// flags, and an index of the algorithm; DEFLATE (RFC 2394) is in use,
// under its number or one that was negotiated.
func (d *Decoder) ipcomp(data []byte) {
	if len(data) < 4 {
		d.malformed()
		return
	}
	from := bytes.NewReader(data[4:])
	if d.inflater == nil {
		d.inflater = flate.NewReader(from)
	} else {
		d.inflater.(flate.Resetter).Reset(from, nil)
	}
	d.inflated.Reset()
	// What a damaged or encrypted packet yields is decoded.
	n, _ := io.Copy(&d.inflated, io.LimitReader(d.inflater, maxPacket))
	if n == 0 {
		return
	}
	d.within(func(b []byte) { d.transport(layers.IPProtocol(data[0]), b, len(b)) }, d.inflated.Bytes())
}

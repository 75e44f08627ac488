package packet

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
)

// IP protocols (IANA's numbers) that are followed, extension headers of IPv6
// (RFC 8200, section 4) among them.
const (
	protoHopByHop    = 0
	protoIPv4        = 4 // RFC 2003
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41 // RFC 4213
	protoRouting     = 43 // RFC 8754 for segment routing
	protoFragment    = 44
	protoGRE         = 47 // RFC 2784
	protoAH          = 51 // RFC 4302
	protoDestination = 60
	protoIPComp      = 108 // RFC 3173
	protoEtherIP     = 97  // RFC 3378
	protoL2TP        = 115 // RFC 3931
	protoMPLS        = 137 // RFC 4023
	protoMobility    = 135 // RFC 6275
	protoHIP         = 139 // RFC 7401
	protoShim6       = 140 // RFC 5533
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

// matters reports whether a packet of a protocol may hold a TCP segment, or a
// Datagram. It is what most frames end at.
func (d *Decoder) matters(protocol uint8, data []byte) bool {
	switch protocol {
	case protoTCP, protoIPv4, protoIPv6, protoGRE, protoAH, protoIPComp, protoEtherIP, protoL2TP, protoMPLS:
		return true
	case protoUDP:
		return len(data) >= 8 &&
			(len(data) > 8 && capital(data[8]) && d.config.Datagram != nil ||
				d.tunnels(binary.BigEndian.Uint16(data[2:])) || d.tunnels(binary.BigEndian.Uint16(data)))
	}
	return false
}

// ipv4 decodes an IPv4 packet (RFC 791, section 3.1).
func (d *Decoder) ipv4(data []byte) {
	if len(data) < 20 {
		d.malformed()
		return
	}
	header := int(data[0]&0x0f) * 4
	total := int(binary.BigEndian.Uint16(data[2:]))
	if total == 0 { // segmentation left to the network card: its driver fills it in later
		total = len(data)
	}
	if data[0]>>4 != 4 || header < 20 || total < header || len(data) < header {
		d.malformed()
		return
	}
	const moreFragments, offset = 0x2000, 0x1fff
	protocol, rest, size := data[9], data[header:], total-header
	fragment := binary.BigEndian.Uint16(data[6:]) & (moreFragments | offset)
	if fragment == 0 && !d.matters(protocol, rest) {
		return
	}
	d.seg.Src.Addr = ipv4Address(data[12:])
	d.seg.Dst.Addr = ipv4Address(data[16:])
	if fragment != 0 {
		key := fragmentKey{d.seg.Src.Addr, d.seg.Dst.Addr, uint32(binary.BigEndian.Uint16(data[4:])), uint16(protocol)}
		rest = d.together(key, int(fragment&offset)*8, fragment&moreFragments != 0, rest, size)
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
	size := int(binary.BigEndian.Uint16(data[4:]))
	if size == 0 { // a jumbogram, or segmentation left to the network card
		size = len(data) - 40
	}
	d.extended(data[6], data[40:], size, data[8:40])
}

// extends reports whether a next header is an extension that is walked over.
func extends(next uint8) bool {
	switch next {
	case protoHopByHop, protoRouting, protoFragment, protoAH, protoDestination, protoMobility, protoHIP, protoShim6:
		return true
	}
	return false
}

// extended decodes what follows an IPv6 header with these addresses: extension
// headers, and a packet of size bytes in all.
func (d *Decoder) extended(next uint8, rest []byte, size int, addresses []byte) {
	for extends(next) {
		if len(rest) < 8 || size < 8 {
			d.malformed()
			return
		}
		var length int
		switch next {
		case protoHopByHop, protoRouting, protoDestination, protoMobility, protoHIP, protoShim6:
			length = int(rest[1])*8 + 8
		case protoAH:
			length = int(rest[1])*4 + 8
		case protoFragment:
			const more, offset = 1, 0xfff8
			field := binary.BigEndian.Uint16(rest[2:])
			if field&(more|offset) == 0 {
				length = 8 // of a packet that is whole (RFC 6946)
				break
			}
			key := fragmentKey{ipv6Address(addresses), ipv6Address(addresses[16:]), binary.BigEndian.Uint32(rest[4:]), uint16(protoFragment)}
			next = rest[0]
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
		next, rest, size = rest[0], rest[length:], size-length
	}
	if !d.matters(next, rest) {
		return
	}
	d.seg.Src.Addr = ipv6Address(addresses)
	d.seg.Dst.Addr = ipv6Address(addresses[16:])
	d.transport(next, rest, size)
}

// transport decodes what is in an IP packet: size bytes, of which data holds
// those that were captured.
func (d *Decoder) transport(protocol uint8, data []byte, size int) {
	switch protocol {
	case protoTCP:
		d.segment(data, size)
	case protoUDP:
		d.udp(data, size)
	case protoIPv4:
		d.within(d.ipv4, data)
	case protoIPv6:
		d.within(d.ipv6, data)
	case protoGRE:
		d.gre(data)
	case protoAH:
		if len(data) < 12 || min(len(data), size) < int(data[1])*4+8 {
			d.malformed()
			return
		}
		n := int(data[1])*4 + 8
		d.within(func(b []byte) { d.transport(data[0], b, size-n) }, data[n:])
	case protoIPComp:
		d.ipcomp(data)
	case protoEtherIP: // 2 bytes of version
		if len(data) >= 2 {
			d.within(d.ethernet, data[2:])
		}
	case protoL2TP:
		d.l2tp3(data)
	case protoMPLS:
		d.mpls(data)
	}
}

// ipcomp decodes a compressed packet (RFC 3173, section 3): the next protocol,
// flags, and an index of the algorithm, of which DEFLATE (RFC 2394) is in use,
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
	// What a damaged or encrypted packet yields is decoded as far as it goes.
	n, _ := io.Copy(&d.inflated, io.LimitReader(d.inflater, maxPacket))
	if n == 0 {
		return
	}
	d.within(func(b []byte) { d.transport(data[0], b, len(b)) }, d.inflated.Bytes())
}

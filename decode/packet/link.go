package packet

import (
	"encoding/binary"

	"actionurl/capture"
)

// link decodes a frame of a link type.
func (d *Decoder) link(t capture.LinkType, data []byte) {
	switch t {
	case capture.LinkEthernet:
		d.ethernet(data)
	case capture.LinkRaw, capture.LinkRaw12, capture.LinkRaw14, capture.LinkIPv4, capture.LinkIPv6:
		d.ip(data)
	case capture.LinkNull, capture.LinkLoop:
		d.skip(data, 4, d.ip)
	case capture.LinkLinuxSLL:
		d.cooked(data)
	case capture.LinkLinuxSLL2:
		d.cooked2(data)
	case capture.LinkPPP, capture.LinkPPPHDLC:
		d.ppp(data)
	case capture.LinkPPPEther:
		d.pppoe(data)
	case capture.LinkCHDLC:
		d.chdlc(data)
	case capture.LinkFDDI:
		d.fddi(data)
	case capture.LinkATM:
		d.llc(data)
	case capture.LinkARCNET:
		d.arcnet(data)
	case capture.LinkARCNETLinux: // 2 bytes of offset between addresses and protocol
		d.skip(data, 2, d.arcnet)
	case capture.LinkIEEE1394:
		d.ieee1394(data)
	case capture.LinkFrameRelay:
		d.frameRelay(data)
	case capture.LinkMPLS:
		d.mpls(data)
	case capture.LinkENC:
		d.skip(data, 12, d.ip)
	case capture.LinkPFLOG:
		d.pflog(data)
	case capture.LinkNFLOG:
		d.nflog(data)
	case capture.LinkPKTAP, capture.LinkPKTAPOld:
		d.pktap(data)
	case capture.LinkWLAN:
		d.wlan(data, false)
	case capture.LinkRadiotap:
		d.radiotap(data)
	case capture.LinkPPI:
		d.ppi(data)
	case capture.LinkPrism:
		d.prism(data)
	case capture.LinkAVS:
		d.avs(data)
	case capture.LinkNetAnalyzer:
		d.skip(data, 4, d.ethernet)
	case capture.LinkDSABroadcom:
		d.afterMACs(data, 4)
	case capture.LinkDSABroadcomPrepend:
		d.skip(data, 4, d.ethernet)
	case capture.LinkDSA:
		d.dsa(data)
	case capture.LinkEDSA:
		d.afterMACs(data, 8)
	default:
		d.unknown(t)
	}
}

// skip decodes what follows n bytes that do not matter.
func (d *Decoder) skip(data []byte, n int, next func([]byte)) {
	if len(data) < n {
		d.malformed()
		return
	}
	next(data[n:])
}

// cooked decodes Linux "any" captures of the first kind (LINKTYPE_LINUX_SLL):
// packet type, device type, address length, address of 8 bytes, protocol.
func (d *Decoder) cooked(data []byte) {
	if len(data) < 16 {
		d.malformed()
		return
	}
	if binary.BigEndian.Uint16(data[4:]) == 6 {
		d.seg.Source = MAC(data[6:])
	}
	d.ethertype(etherType(data[14:]), data[16:])
}

// cooked2 decodes Linux "any" captures of the second kind
// (LINKTYPE_LINUX_SLL2): protocol, 2 bytes, interface, device type, packet
// type, address length, address of 8 bytes.
func (d *Decoder) cooked2(data []byte) {
	if len(data) < 20 {
		d.malformed()
		return
	}
	if data[11] == 6 {
		d.seg.Source = MAC(data[12:])
	}
	d.ethertype(etherType(data), data[20:])
}

// chdlc decodes Cisco HDLC (LINKTYPE_C_HDLC): address, control, EtherType.
func (d *Decoder) chdlc(data []byte) {
	if len(data) < 4 {
		d.malformed()
		return
	}
	d.ethertype(etherType(data[2:]), data[4:])
}

// fddi decodes FDDI: frame control, two addresses, LLC.
func (d *Decoder) fddi(data []byte) {
	if len(data) < 13 {
		d.malformed()
		return
	}
	if data[0]&0xf0 == 0x50 { // LLC frames
		d.llc(data[13:])
	}
}

// arcnet decodes ARCNET as BSD captures it: two addresses, and a protocol
// number (240 and 212: IP of RFC 1051 and RFC 1201).
func (d *Decoder) arcnet(data []byte) {
	if len(data) < 6 {
		d.malformed()
		return
	}
	switch {
	case data[2] == 240:
		d.ip(data[3:])
	case data[2] == 212 && data[3] == 0: // not fragmented; then a sequence number
		d.ip(data[6:])
	}
}

// ieee1394 decodes IP over FireWire (LINKTYPE_APPLE_IP_OVER_IEEE1394): two
// addresses of 8 bytes, EtherType.
func (d *Decoder) ieee1394(data []byte) {
	if len(data) < 18 {
		d.malformed()
		return
	}
	d.ethertype(etherType(data[16:]), data[18:])
}

// frameRelay decodes Frame Relay with a two-byte address (RFC 2427): NLPID, or
// SNAP after it, or Cisco's EtherType.
func (d *Decoder) frameRelay(data []byte) {
	if len(data) < 4 || data[1]&1 == 0 {
		return
	}
	switch {
	case data[2] == 0x03 && (data[3] == 0xcc || data[3] == 0x8e): // NLPID of IPv4 and IPv6
		d.ip(data[4:])
	case data[2] == 0x03 && len(data) >= 10 && data[3] == 0x00 && data[4] == 0x80: // padding, SNAP
		d.ethertype(etherType(data[8:]), data[10:])
	default:
		d.ethertype(etherType(data[2:]), data[4:])
	}
}

// pflog decodes OpenBSD's packet filter log: a header whose length is its
// first byte, rounded up to a multiple of 4.
func (d *Decoder) pflog(data []byte) {
	if len(data) == 0 {
		d.malformed()
		return
	}
	d.skip(data, (int(data[0])+3)&^3, d.ip)
}

// nflog decodes Linux netfilter log captures: address family, version,
// resource id, then attributes in the byte order of the machine that captured,
// one of them the packet.
func (d *Decoder) nflog(data []byte) {
	if len(data) < 4 {
		d.malformed()
		return
	}
	const payload = 9
	for rest := data[4:]; len(rest) >= 4; {
		length, kind := int(binary.LittleEndian.Uint16(rest)), binary.LittleEndian.Uint16(rest[2:])
		if length < 4 || length > len(rest) {
			if kind&0x7fff != payload || length < 4 { // the packet itself may be cut
				d.malformed()
				return
			}
			length = len(rest)
		}
		if kind&0x7fff == payload {
			d.ip(rest[4:length])
			return
		}
		rest = rest[min(len(rest), (length+3)&^3):]
	}
}

// pktap decodes Apple's packet tap (LINKTYPE_PKTAP): the header's length, a
// record type, and the link type of what follows, all little-endian.
func (d *Decoder) pktap(data []byte) {
	if len(data) < 12 {
		d.malformed()
		return
	}
	length, inner := binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[8:])
	if length < 12 || int64(length) > int64(len(data)) || inner > 0xffff ||
		inner == uint32(capture.LinkPKTAP) || inner == uint32(capture.LinkPKTAPOld) {
		d.malformed()
		return
	}
	d.link(capture.LinkType(inner), data[length:])
}

// afterMACs decodes an Ethernet frame that has n bytes more after its
// addresses: switch tags.
func (d *Decoder) afterMACs(data []byte, n int) {
	if len(data) < 14+n {
		d.malformed()
		return
	}
	d.seg.Dest, d.seg.Source = MAC(data), MAC(data[6:])
	d.ethertype(etherType(data[12+n:]), data[14+n:])
}

// dsa decodes Marvell's distributed switch architecture tag: 4 bytes after
// the addresses, which take the place of the VLAN tag where there was one.
func (d *Decoder) dsa(data []byte) {
	if len(data) >= 16 && data[12]&0x20 != 0 {
		d.seg.VLANs.Add(binary.BigEndian.Uint16(data[14:]) & 0x0fff)
	}
	d.afterMACs(data, 4)
}

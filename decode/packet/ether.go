package packet

import "encoding/binary"

// EtherTypes (IEEE 802 numbers) that are followed.
const (
	typeIPv4     = 0x0800
	typeIPv6     = 0x86dd
	typeVLAN     = 0x8100 // IEEE 802.1Q
	typeQinQ     = 0x88a8 // IEEE 802.1ad
	typeQinQOld  = 0x9100 // in use before 802.1ad assigned 0x88a8
	typeMPLS     = 0x8847 // RFC 5332
	typeMPLSMul  = 0x8848
	typePPP      = 0x880b
	typePPPoE    = 0x8864 // RFC 2516
	typeBridged  = 0x6558 // transparent Ethernet bridging
	typeERSPAN   = 0x88be // types I and II
	typeERSPAN3  = 0x22eb
	typeVNTag    = 0x8926 // IEEE 802.1BR's predecessor
	typeMACsec   = 0x88e5
	typeBackbone = 0x88e7 // IEEE 802.1ah
	typeWCCP     = 0x883e

	maxLength = 1500 // up to it, the field is a length (IEEE 802.3, section 3.2.6)
)

// Protocols of PPP (IANA's numbers) that are followed.
const (
	pppIPv4    = 0x0021
	pppIPv6    = 0x0057
	pppMPLS    = 0x0281 // RFC 3032
	pppMPLSMul = 0x0283
)

// ethernet decodes an Ethernet frame.
func (d *Decoder) ethernet(data []byte) {
	if len(data) < 14 {
		d.malformed()
		return
	}
	d.seg.Source = MAC(data[6:])
	d.ethertype(binary.BigEndian.Uint16(data[12:]), data[14:])
}

// vlan notes a VLAN id of a tag's control information.
func (d *Decoder) vlan(control uint16) {
	d.seg.VLANs.Add(control & 0x0fff)
}

// ethertype decodes what follows an EtherType.
func (d *Decoder) ethertype(t uint16, data []byte) {
	for t == typeVLAN || t == typeQinQ || t == typeQinQOld { // IEEE 802.1Q
		if len(data) < 4 {
			d.malformed()
			return
		}
		d.vlan(binary.BigEndian.Uint16(data))
		t, data = binary.BigEndian.Uint16(data[2:]), data[4:]
	}
	switch t {
	case typeIPv4:
		d.ipv4(data)
	case typeIPv6:
		d.ipv6(data)
	case typeMPLS, typeMPLSMul:
		d.mpls(data)
	case typePPPoE:
		d.pppoe(data)
	case typePPP:
		d.ppp(data)
	case typeBridged:
		d.within(d.ethernet, data)
	case typeVNTag:
		if len(data) >= 6 {
			d.within(func(b []byte) { d.ethertype(binary.BigEndian.Uint16(b[4:]), b[6:]) }, data)
		}
	case typeMACsec:
		d.macsec(data)
	case typeBackbone: // a service tag of 4 bytes, then the customer's frame
		if len(data) >= 4 {
			d.within(d.ethernet, data[4:])
		}
	default:
		if t <= maxLength {
			d.llc(data[:min(len(data), int(t))])
		}
	}
}

// llc decodes an LLC header (IEEE 802.2) with SNAP behind it.
func (d *Decoder) llc(data []byte) {
	if len(data) < 8 || data[0] != 0xaa || data[1] != 0xaa || data[2] != 3 {
		return
	}
	oui := [3]byte(data[3:])
	if oui != [3]byte{} && oui != [3]byte{0, 0, 0xf8} { // RFC 1042, and IEEE 802.1H for what lacks it
		return
	}
	if t := binary.BigEndian.Uint16(data[6:]); t > maxLength {
		d.within(func(b []byte) { d.ethertype(t, b) }, data[8:])
	}
}

// ppp decodes PPP (RFC 1661, section 2), with the address and control fields
// of RFC 1662 or without, and a protocol field of one byte or two.
func (d *Decoder) ppp(data []byte) {
	if len(data) >= 2 && (data[0] == 0xff || data[0] == 0x0f || data[0] == 0x8f) && (data[1] == 3 || data[0] != 0xff) {
		if data[0] != 0xff { // Cisco's HDLC addresses: an EtherType follows
			d.chdlc(data)
			return
		}
		data = data[2:]
	}
	if len(data) < 2 {
		d.malformed()
		return
	}
	protocol := binary.BigEndian.Uint16(data)
	rest := data[2:]
	if data[0]&1 != 0 {
		protocol, rest = uint16(data[0]), data[1:]
	}
	switch protocol {
	case pppIPv4:
		d.within(d.ipv4, rest)
	case pppIPv6:
		d.within(d.ipv6, rest)
	case pppMPLS, pppMPLSMul:
		d.mpls(rest)
	}
}

// pppoe decodes a PPPoE session packet (RFC 2516, section 4).
func (d *Decoder) pppoe(data []byte) {
	if len(data) < 6 || data[0] != 0x11 {
		d.malformed()
		return
	}
	if data[1] == 0 {
		d.within(d.ppp, data[6:])
	}
}

// mpls decodes a stack of MPLS labels (RFC 3032, section 2). Nothing says what
// follows it: an IP packet, or the Ethernet frame of a pseudowire with or
// without a control word (RFC 4448, section 4.6).
func (d *Decoder) mpls(data []byte) {
	for {
		if len(data) < 4 {
			d.malformed()
			return
		}
		bottom := data[2]&1 != 0
		data = data[4:]
		if bottom {
			break
		}
	}
	switch {
	case plausibleIP(data):
		d.within(d.ip, data)
	case len(data) >= 4 && data[0]>>4 == 0 && plausibleEthernet(data[4:]):
		d.within(d.ethernet, data[4:])
	case plausibleEthernet(data):
		d.within(d.ethernet, data)
	}
}

// macsec decodes a MACsec frame that is authenticated but not encrypted (IEEE
// 802.1AE, section 9). The check value behind it is cut off by the IP length.
func (d *Decoder) macsec(data []byte) {
	if len(data) < 8 {
		d.malformed()
		return
	}
	const secure, encrypted, changed = 0x20, 0x08, 0x04
	if data[0]&(encrypted|changed) != 0 {
		d.encrypted()
		return
	}
	rest := data[6:]
	if data[0]&secure != 0 { // the channel's identifier
		rest = rest[min(len(rest), 8):]
	}
	if len(rest) >= 2 {
		d.within(func(b []byte) { d.ethertype(binary.BigEndian.Uint16(b), b[2:]) }, rest)
	}
}

// plausibleIP reports whether data begins with an IP header, where nothing
// else says so.
func plausibleIP(data []byte) bool {
	if len(data) < 20 {
		return false
	}
	switch data[0] >> 4 {
	case 4:
		total := int(binary.BigEndian.Uint16(data[2:]))
		return data[0]&15 >= 5 && (total >= 20 || total == 0)
	case 6:
		return len(data) >= 40
	}
	return false
}

// plausibleEthernet reports whether data begins with an Ethernet header of
// something that is decoded, where nothing else says so.
func plausibleEthernet(data []byte) bool {
	if len(data) < 34 {
		return false
	}
	switch t := binary.BigEndian.Uint16(data[12:]); t {
	case typeIPv4, typeIPv6:
		return plausibleIP(data[14:])
	case typeVLAN, typeQinQ, typeMPLS, typePPPoE:
		return true
	default:
		return t <= maxLength && t >= 8 && data[14] == 0xaa && data[15] == 0xaa
	}
}

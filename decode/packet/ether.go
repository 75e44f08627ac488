package packet

import (
	"encoding/binary"
	"slices"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
)

// EtherTypes that are followed and that gopacket does not name.
const (
	typeERSPAN3  layers.EthernetType = 0x22eb
	typeVNTag    layers.EthernetType = 0x8926 // IEEE 802.1BR's predecessor
	typeMACsec   layers.EthernetType = 0x88e5
	typeBackbone layers.EthernetType = 0x88e7 // IEEE 802.1ah
	typeWCCP     layers.EthernetType = 0x883e
	typeNHRP     layers.EthernetType = 0x2001 // RFC 2332

	// In GRE, from an Aruba access point to its controller: 802.11 frames, a
	// number for each network.
	typeAruba     layers.EthernetType = 0x8200
	typeArubaLast layers.EthernetType = 0x83f0

	maxLength = 1500 // up to it, the field is a length (IEEE 802.3, section 3.2.6)
)

// ethernet decodes an Ethernet frame.
func (d *Decoder) ethernet(data []byte) {
	if len(data) < 14 {
		d.malformed()
		return
	}
	d.seg.Dest, d.seg.Source = MAC(data[:6]), MAC(data[6:12])
	d.ethertype(etherType(data[12:]), data[14:])
}

// etherType reads an EtherType, or the length that may stand in its place.
func etherType(data []byte) layers.EthernetType {
	return layers.EthernetType(binary.BigEndian.Uint16(data))
}

// ethertype decodes what follows an EtherType.
func (d *Decoder) ethertype(t layers.EthernetType, data []byte) {
	for t == layers.EthernetTypeDot1Q || t == layers.EthernetTypeQinQ || t == capture.TypeQinQOld { // IEEE 802.1Q
		tag := &d.layers.tag
		if err := tag.DecodeFromBytes(data, gopacket.NilDecodeFeedback); err != nil {
			d.malformed()
			return
		}
		d.seg.VLANs.Add(tag.VLANIdentifier)
		t, data = tag.Type, tag.Payload
	}
	switch t {
	case layers.EthernetTypeIPv4:
		if len(data) > 0 && data[0]>>4 == 6 {
			d.ipv6(data) // some senders have one number for both
		} else {
			d.ipv4(data)
		}
	case layers.EthernetTypeIPv6:
		d.ipv6(data)
	case layers.EthernetTypeMPLSUnicast, layers.EthernetTypeMPLSMulticast:
		d.mpls(data)
	case layers.EthernetTypePPPoESession:
		d.pppoe(data)
	case layers.EthernetTypePPP:
		d.ppp(data)
	case layers.EthernetTypeTransparentEthernetBridging:
		d.within(d.ethernet, data)
	case typeVNTag:
		if len(data) >= 6 {
			d.within(func(b []byte) { d.ethertype(etherType(b[4:]), b[6:]) }, data)
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

// follows reports whether ethertype decodes what follows an EtherType.
func follows(t layers.EthernetType) bool {
	switch t {
	case layers.EthernetTypeIPv4, layers.EthernetTypeIPv6, layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ, capture.TypeQinQOld:
		return true
	}
	return slices.Contains(followed(), uint32(t))
}

// llc decodes an LLC header (IEEE 802.2) with SNAP after it.
func (d *Decoder) llc(data []byte) {
	if len(data) < 8 || data[0] != 0xaa || data[1] != 0xaa || data[2] != 3 {
		return
	}
	oui := [3]byte(data[3:])
	if oui != [3]byte{} && oui != [3]byte{0, 0, 0xf8} { // RFC 1042, and IEEE 802.1H for what lacks it
		return
	}
	if t := etherType(data[6:]); t > maxLength {
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
	protocol := layers.PPPType(binary.BigEndian.Uint16(data))
	rest := data[2:]
	if data[0]&1 != 0 {
		protocol, rest = layers.PPPType(data[0]), data[1:]
	}
	switch protocol {
	case layers.PPPTypeIPv4:
		d.within(d.ipv4, rest)
	case layers.PPPTypeIPv6:
		d.within(d.ipv6, rest)
	case layers.PPPTypeMPLSUnicast, layers.PPPTypeMPLSMulticast:
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
// 802.1AE, section 9). The check value after it is cut off by the IP length.
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
		d.within(func(b []byte) { d.ethertype(etherType(b), b[2:]) }, rest)
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
	switch t := etherType(data[12:]); t {
	case layers.EthernetTypeIPv4, layers.EthernetTypeIPv6:
		return plausibleIP(data[14:])
	case layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ, layers.EthernetTypeMPLSUnicast, layers.EthernetTypePPPoESession:
		return true
	default:
		return t <= maxLength && t >= 8 && data[14] == 0xaa && data[15] == 0xaa
	}
}

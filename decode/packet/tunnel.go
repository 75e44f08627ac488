package packet

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// UDP ports of tunnels (IANA's, or the vendors' choice), and of what is read.
const (
	portVXLAN      = 4789 // RFC 7348
	portVXLANLinux = 8472 // Linux's, from before the assignment
	portVXLANGPE   = 4790 // draft-ietf-nvo3-vxlan-gpe
	portGENEVE     = 6081 // RFC 8926
	portTZSP       = 37008
	portGTPU       = 2152 // 3GPP TS 29.281
	portCAPWAP     = 5247 // RFC 5415, data
	portL2TP       = 1701 // RFC 2661
	portTeredo     = 3544 // RFC 4380
	portMPLS       = 6635 // RFC 7510
	portGRE        = 4754 // RFC 8086

	portSIP = 5060 // RFC 3261, section 18.1.1

	// PortDNS is the port of DNS (RFC 1035, section 4.2).
	PortDNS = 53
)

// tunnels reports whether a UDP port is a tunnel's, or that of DNS.
func (d *Decoder) tunnels(port uint16) bool {
	if port > portVXLANLinux { // as most of RTP's
		return port == portTZSP || port == d.config.VXLANPort
	}
	switch port {
	case portVXLAN, portVXLANLinux, portVXLANGPE, portGENEVE, portGTPU, portCAPWAP,
		portL2TP, portTeredo, portMPLS, portGRE:
		return true
	case PortDNS:
		return d.config.Datagram != nil
	}
	return port != 0 && port == d.config.VXLANPort
}

// capital reports whether c is a capital letter.
func capital(c byte) bool { return c >= 'A' && c <= 'Z' }

// udp decodes a UDP datagram (RFC 768) in size bytes; data holds those
// that were captured, and perhaps padding: one that is asked for, or else that
// of a tunnel by one of its ports, the destination's or else the source's.
func (d *Decoder) udp(data []byte, size int) {
	data = data[:min(len(data), max(0, size))]
	udp := &d.layers.udp
	// The error of a whole header is a length that is less than its own.
	if err := udp.DecodeFromBytes(data, gopacket.NilDecodeFeedback); err != nil && len(data) < 8 {
		d.malformed()
		return
	}
	data = data[8:]
	if len(data) > 0 && capital(data[0]) && d.config.Datagram != nil && d.text(data, size-8) {
		return
	}
	port := uint16(udp.DstPort)
	if !d.tunnels(port) {
		port = uint16(udp.SrcPort)
	}
	switch port {
	case PortDNS:
		d.text(data, size-8)
	case portVXLANGPE:
		d.vxlanGPE(data)
	case portGENEVE:
		d.geneve(data)
	case portTZSP:
		d.tzsp(data)
	case portGTPU:
		d.gtp(data)
	case portCAPWAP:
		d.capwap(data)
	case portL2TP:
		d.l2tp(data)
	case portTeredo:
		d.teredo(data)
	case portMPLS:
		d.mpls(data)
	case portGRE:
		d.gre(data)
	default:
		d.vxlan(data)
	}
}

// text offers the datagram of the UDP header at hand, with a payload of size
// bytes, those that were captured in data, and reports whether it is taken.
func (d *Decoder) text(data []byte, size int) bool {
	udp, t := &d.layers.udp, &d.datagram
	t.Origin, t.Src, t.Dst = d.seg.Origin, d.seg.Src, d.seg.Dst
	t.Src.Port, t.Dst.Port = uint16(udp.SrcPort), uint16(udp.DstPort)
	if udp.Length > 8 {
		size = min(size, int(udp.Length)-8)
	}
	t.Payload = data[:min(len(data), size)]
	t.Cut = size - len(t.Payload)
	return d.config.Datagram(t)
}

// gre decodes GRE (RFC 2784, section 2; RFC 2890 for key and sequence number)
// and its version 1 of PPTP (RFC 2637, section 4.1).
func (d *Decoder) gre(data []byte) {
	if len(data) < 4 {
		d.malformed()
		return
	}
	const checksum, routing, key, sequence, ack = 0x8000, 0x4000, 0x2000, 0x1000, 0x0080
	flags, protocol := binary.BigEndian.Uint16(data), etherType(data[2:])
	header := 4
	if flags&(checksum|routing) != 0 {
		header += 4
	}
	if flags&key != 0 {
		header += 4
	}
	if flags&sequence != 0 {
		header += 4
	}
	version := flags & 7
	if version == 1 && flags&ack != 0 {
		header += 4
	}
	if version > 1 || flags&routing != 0 || len(data) < header {
		return // routing was never in use (RFC 2784, section 5.2)
	}
	rest := data[header:]
	if protocol >= typeAruba && protocol <= typeArubaLast {
		d.within(d.wlanSwapped, rest)
		return
	}
	switch protocol {
	case layers.EthernetTypeERSPAN:
		d.erspan(rest, flags&sequence != 0)
	case typeERSPAN3:
		d.erspan3(rest)
	case typeWCCP: // a redirect header of 4 bytes in version 2
		if !plausibleIP(rest) && len(rest) >= 4 {
			rest = rest[4:]
		}
		d.within(d.ip, rest)
	default:
		d.inside("GRE", protocol, rest)
	}
}

// inside decodes what a tunnel carries by an EtherType.
func (d *Decoder) inside(tunnel string, t layers.EthernetType, data []byte) {
	switch {
	case follows(t):
		d.within(func(b []byte) { d.ethertype(t, b) }, data)
	case !carriesNoIP(t):
		d.unknownTunnel(tunnel, uint16(t))
	}
}

// carriesNoIP reports whether an EtherType is known to stand before something
// other than packets, as tunnels carry it for themselves.
func carriesNoIP(t layers.EthernetType) bool {
	const keepalive, iso = 0, 0x00fe
	switch t {
	case keepalive, iso, layers.EthernetTypeARP, layers.EthernetTypeCiscoDiscovery, typeNHRP,
		layers.EthernetTypeLinkLayerDiscovery, layers.EthernetTypeEAPOL, layers.EthernetTypeEthernetCTP:
		return true
	}
	return false
}

// A Tunnel is a tunnel whose protocol inside is not known.
type Tunnel struct {
	Name     string // of the tunnel's own protocol
	Protocol uint16 // inside
}

func (t Tunnel) String() string { return fmt.Sprintf("%s protocol %#04x", t.Name, t.Protocol) }

// maxTunnels bounds the tunnels that are kept for the summary, 24 bytes each.
const maxTunnels = 64

// unknownTunnel counts a frame in whose tunnel is a protocol that is not known.
func (d *Decoder) unknownTunnel(name string, protocol uint16) {
	d.Counts.UnknownTunnel++
	t := Tunnel{name, protocol}
	if d.config.Lost != nil {
		d.lost(t.String() + " is not known")
	}
	if len(d.Tunnels) < maxTunnels && !slices.Contains(d.Tunnels, t) {
		d.Tunnels = append(d.Tunnels, t)
	}
}

// erspan decodes ERSPAN types I and II (draft-foschiano-erspan, sections 4.1
// and 4.2): without a sequence number in GRE there is no header of its own.
func (d *Decoder) erspan(data []byte, header bool) {
	if header && len(data) >= 8 {
		if data[0]>>4 == 2 {
			d.erspan3(data)
			return
		}
		data = data[8:]
	}
	d.within(d.ethernet, data)
}

// erspan3 decodes ERSPAN type III (draft-foschiano-erspan, section 4.3).
func (d *Decoder) erspan3(data []byte) {
	if len(data) < 12 {
		d.malformed()
		return
	}
	flags := binary.BigEndian.Uint16(data[10:])
	rest := data[12:]
	if flags&1 != 0 { // the platform's subheader
		rest = rest[min(len(rest), 8):]
	}
	const ethernet, ip = 0, 2
	switch flags >> 10 & 31 {
	case ethernet:
		d.within(d.ethernet, rest)
	case ip:
		d.within(d.ip, rest)
	}
}

// vxlan decodes VXLAN (RFC 7348, section 5): flags, one of which must be set,
// and the network's number. What is reserved is not looked at.
func (d *Decoder) vxlan(data []byte) {
	if len(data) >= 8 && data[0]&0x08 != 0 {
		d.within(d.ethernet, data[8:])
	}
}

// vxlanGPE decodes VXLAN with a protocol number (draft-ietf-nvo3-vxlan-gpe,
// section 3).
func (d *Decoder) vxlanGPE(data []byte) {
	if len(data) < 8 {
		d.malformed()
		return
	}
	switch rest := data[8:]; data[3] {
	case 1, 2:
		d.within(d.ip, rest)
	case 0, 3:
		d.within(d.ethernet, rest)
	case 5:
		d.mpls(rest)
	default:
		d.unknownTunnel("VXLAN-GPE", uint16(data[3]))
	}
}

// geneve decodes GENEVE (RFC 8926, section 3.4).
func (d *Decoder) geneve(data []byte) {
	if len(data) < 8 {
		d.malformed()
		return
	}
	header := 8 + int(data[0]&0x3f)*4
	if data[0]>>6 != 0 || len(data) < header {
		return
	}
	d.inside("GENEVE", etherType(data[2:]), data[header:])
}

// tzsp decodes the TaZmen Sniffer Protocol: version, type, protocol, then
// tagged fields to an end tag.
func (d *Decoder) tzsp(data []byte) {
	if len(data) < 5 || data[0] != 1 {
		return
	}
	protocol := binary.BigEndian.Uint16(data[2:])
	const padding, end = 0, 1
	rest := data[4:]
	for len(rest) > 0 && rest[0] != end {
		n := 1
		if rest[0] != padding {
			if len(rest) < 2 {
				return
			}
			n = 2 + int(rest[1])
		}
		if n > len(rest) {
			return
		}
		rest = rest[n:]
	}
	if len(rest) == 0 {
		return
	}
	rest = rest[1:]
	switch protocol {
	case 1:
		d.within(d.ethernet, rest)
	case 18:
		d.within(func(b []byte) { d.wlan(b, false) }, rest)
	case 119:
		d.within(d.prism, rest)
	case 127:
		d.within(d.avs, rest)
	default:
		d.unknownTunnel("TZSP", protocol)
	}
}

// gtp decodes the user plane of GTP (3GPP TS 29.281, section 5.1).
func (d *Decoder) gtp(data []byte) {
	if len(data) < 8 {
		d.malformed()
		return
	}
	const version1, userData = 0x30, 0xff
	if data[0]&0xf0 != version1 || data[1] != userData {
		return
	}
	rest := data[8:]
	if data[0]&7 != 0 {
		if len(rest) < 4 {
			return
		}
		next := data[0]&4 != 0 && rest[3] != 0
		rest = rest[4:]
		for next {
			if len(rest) < 4 || rest[0] == 0 || len(rest) < int(rest[0])*4 {
				return
			}
			n := int(rest[0]) * 4
			next = rest[n-1] != 0
			rest = rest[n:]
		}
	}
	d.within(d.ip, rest)
}

// capwap decodes the data channel of CAPWAP (RFC 5415, section 4.3), which
// carries Ethernet or 802.11 frames.
func (d *Decoder) capwap(data []byte) {
	if len(data) < 8 || data[0]>>4 != 0 {
		return
	}
	if data[0]&15 == 1 {
		d.encrypted() // DTLS
		return
	}
	header := int(data[1]>>3) * 4
	if header < 8 || len(data) < header {
		return
	}
	const native, fragment, last = 1 << 0, 1 << 7, 1 << 6
	rest := data[header:]
	wireless := data[2]&native != 0
	if data[3]&fragment != 0 {
		offset := binary.BigEndian.Uint16(data[6:])
		key := fragmentKey{src: d.seg.Src.Addr, dst: d.seg.Dst.Addr, protocol: portCAPWAP, id: uint32(binary.BigEndian.Uint16(data[4:]))}
		if rest = d.together(key, int(offset&^7), data[3]&last == 0, rest, len(rest)); rest == nil {
			return
		}
	}
	if wireless {
		d.within(d.wlanSwapped, rest)
	} else {
		d.within(d.ethernet, rest)
	}
}

// l2tp decodes L2TP over UDP: version 2 with PPP (RFC 2661, section 3.1) and
// version 3 (RFC 3931, section 4.1.2).
func (d *Decoder) l2tp(data []byte) {
	if len(data) < 8 {
		d.malformed()
		return
	}
	const control, length, sequence, offset = 0x8000, 0x4000, 0x0800, 0x0200
	flags := binary.BigEndian.Uint16(data)
	if flags&control != 0 {
		return
	}
	if flags&15 == 3 {
		d.l2tp3(data[4:])
		return
	}
	header := 6
	if flags&length != 0 {
		header += 2
	}
	if flags&sequence != 0 {
		header += 4
	}
	if flags&offset != 0 {
		if len(data) < header+2 {
			return
		}
		header += 2 + int(binary.BigEndian.Uint16(data[header:]))
	}
	if flags&15 == 2 && len(data) >= header {
		d.within(d.ppp, data[header:])
	}
}

// l2tp3 decodes what follows in version 3: a session, then a cookie of 0, 4 or
// 8 bytes and a sublayer of 0 or 4, which only the ends of the tunnel know,
// then an Ethernet frame.
func (d *Decoder) l2tp3(data []byte) {
	for skip := 4; skip <= 16 && skip <= len(data); skip += 4 {
		if plausibleEthernet(data[skip:]) {
			d.within(d.ethernet, data[skip:])
			return
		}
	}
}

// teredo decodes Teredo (RFC 4380, section 5.1.1): perhaps an authentication
// and an origin indication, then an IPv6 packet.
func (d *Decoder) teredo(data []byte) {
	if len(data) >= 4 && data[0] == 0 && data[1] == 1 {
		n := 4 + int(data[2]) + int(data[3]) + 9
		data = data[min(len(data), n):]
	}
	if len(data) >= 8 && data[0] == 0 && data[1] == 0 {
		data = data[8:]
	}
	if plausibleIP(data) && data[0]>>4 == 6 {
		d.within(d.ipv6, data)
	}
}

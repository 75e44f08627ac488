package packet

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"
)

// rejects returns why a packet could not be delivered, in words, as an ICMP
// message of this type and code has it; empty for another message. That it was
// too long for a link is none: a SYN is not.
func rejects(protocol layers.IPProtocol, kind, code byte) string {
	const net, host, admin, port = "network unreachable", "host unreachable", "administratively prohibited", "port unreachable"
	switch {
	case protocol == layers.IPProtocolICMPv4 && kind == layers.ICMPv4TypeDestinationUnreachable:
		switch code {
		case layers.ICMPv4CodeNet, layers.ICMPv4CodeNetUnknown:
			return net
		case layers.ICMPv4CodeHost, layers.ICMPv4CodeHostUnknown:
			return host
		case layers.ICMPv4CodePort:
			return port
		case layers.ICMPv4CodeNetAdminProhibited, layers.ICMPv4CodeHostAdminProhibited, layers.ICMPv4CodeCommAdminProhibited:
			return admin
		}
	case protocol == layers.IPProtocolICMPv6 && kind == layers.ICMPv6TypeDestinationUnreachable:
		switch code {
		case layers.ICMPv6CodeNoRouteToDst:
			return net
		case layers.ICMPv6CodeAddressUnreachable:
			return host
		case layers.ICMPv6CodePortUnreachable:
			return port
		case layers.ICMPv6CodeAdminProhibited, layers.ICMPv6CodeSrcAddressFailedPolicy, layers.ICMPv6CodeRejectRouteToDst:
			return admin
		}
	}
	return ""
}

// icmp decodes an ICMP message (RFC 792, RFC 4443, section 3.1) that quotes a TCP
// segment, of which it has the first 8 bytes at least.
func (d *Decoder) icmp(protocol layers.IPProtocol, data []byte) {
	const header, least = 8, 8
	if len(data) < header {
		return
	}
	r := Rejection{Origin: d.seg.Origin, Dest: d.seg.Dest, By: d.seg.Src.Addr, Why: rejects(protocol, data[0], data[1])}
	ip := data[header:]
	var tcp []byte
	switch {
	case len(ip) >= 20 && ip[0]>>4 == 4 && layers.IPProtocol(ip[9]) == layers.IPProtocolTCP:
		r.Src.Addr, r.Dst.Addr = ipv4Address(ip[12:]), ipv4Address(ip[16:])
		if n := int(ip[0]&15) * 4; n >= 20 && n <= len(ip) {
			tcp = ip[n:]
		}
	case len(ip) >= 40 && ip[0]>>4 == 6 && layers.IPProtocol(ip[6]) == layers.IPProtocolTCP:
		r.Src.Addr, r.Dst.Addr = ipv6Address(ip[8:]), ipv6Address(ip[24:])
		tcp = ip[40:]
	}
	if len(tcp) < least {
		return
	}
	r.Src.Port, r.Dst.Port = binary.BigEndian.Uint16(tcp), binary.BigEndian.Uint16(tcp[2:])
	r.Seq = binary.BigEndian.Uint32(tcp[4:])
	d.config.Rejected(&r)
}

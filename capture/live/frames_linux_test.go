package live

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture/capturetest"
)

var (
	phone4, server4 = netip.MustParseAddr("192.168.40.50"), netip.MustParseAddr("192.168.40.207")
	phone6, server6 = netip.MustParseAddr("2001:db8::50"), netip.MustParseAddr("2001:db8::207")
)

// frame returns an Ethernet frame of a protocol.
func frame(protocol uint16, payload ...byte) []byte {
	f := []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}
	return append(binary.BigEndian.AppendUint16(f, protocol), payload...)
}

// local is a protocol for experiments (IEEE 802, Local Experimental EtherType 1).
const local = 0x88b5

// datagram returns a frame with a UDP datagram.
func datagram(src, dst netip.Addr, from, to uint16, payload string, vlans ...uint16) []byte {
	u := &layers.UDP{SrcPort: layers.UDPPort(from), DstPort: layers.UDPPort(to)}
	if src.Is4() {
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: src.AsSlice(), DstIP: dst.AsSlice(),
			Options: []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}} // router alert
		u.SetNetworkLayerForChecksum(ip)
		return capturetest.Ethernet(src, dst, vlans, ip, u, gopacket.Payload(payload))
	}
	ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	u.SetNetworkLayerForChecksum(ip)
	return capturetest.Ethernet(src, dst, vlans, ip, u, gopacket.Payload(payload))
}

func segment(src, dst netip.Addr, vlans ...uint16) []byte {
	return capturetest.Ethernet(src, dst, vlans, capturetest.IP(netip.AddrPortFrom(src, 40000), netip.AddrPortFrom(dst, 8085), 1, layers.TCP{SYN: true}, "")...)
}

const rtp = "\x80\x00\x12\x34\x00\x00\x00\xa0\xde\xad\xbe\xef...................."

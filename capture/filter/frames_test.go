package filter_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
	"actionurl/capture/capturetest"
)

// A packet is what a frame of any link type may hold.
type packet struct {
	what      string
	etherType layers.EthernetType
	data      []byte
}

// Ends of the packets, as in the captures of testdata.
var (
	phone   = netip.MustParseAddr("192.168.40.50")
	server  = netip.MustParseAddr("192.168.40.207")
	phone6  = netip.MustParseAddr("2001:db8::50")
	server6 = netip.MustParseAddr("2001:db8::207")
)

// packets returns packets of everything that filters look at.
func packets() []packet {
	var all []packet
	add := func(what string, etherType layers.EthernetType, l ...gopacket.SerializableLayer) {
		all = append(all, packet{what, etherType, capturetest.Serialize(l...)})
	}
	ports := func(src, dst uint16) gopacket.Payload {
		return append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, src), dst), make([]byte, 16)...)
	}
	ip4 := func(src, dst netip.Addr, proto layers.IPProtocol) *layers.IPv4 {
		return &layers.IPv4{Version: 4, TTL: 64, Protocol: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	}
	ip6 := func(src, dst netip.Addr, proto layers.IPProtocol) *layers.IPv6 {
		return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	}
	for _, proto := range []layers.IPProtocol{6, 17, 132, 47, 50, 51, 103, 112, 1, 2, 58} {
		for i, p := range [][2]uint16{{40001, 80}, {80, 40001}, {5060, 5060}, {8080, 443}, {36412, 53}, {68, 67}, {8085, 69}} {
			if i > 0 && proto != 6 && (proto != 17 || i < 2) {
				continue
			}
			what := fmt.Sprintf("proto %d, ports %d and %d", proto, p[0], p[1])
			add(what, layers.EthernetTypeIPv4, ip4(phone, server, proto), ports(p[0], p[1]))
			add(what+", IPv6", layers.EthernetTypeIPv6, ip6(phone6, server6, proto), ports(p[0], p[1]))
		}
	}
	for _, offset := range []uint16{0, 1, 0x1fff} {
		fragment := ip4(server, phone, 17)
		fragment.FragOffset, fragment.Flags = offset, layers.IPv4MoreFragments
		add(fmt.Sprintf("fragment at %d", offset), layers.EthernetTypeIPv4, fragment, ports(5060, 5060))
		add(fmt.Sprintf("fragment at %d, IPv6", offset), layers.EthernetTypeIPv6, ip6(server6, phone6, 44),
			gopacket.Payload{17, 0, byte(offset >> 5), byte(offset<<3) | 1, 0, 0, 0, 1}, ports(5060, 5060))
	}
	options := ip4(phone, server, 6)
	options.Options = []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}
	add("options", layers.EthernetTypeIPv4, options, ports(40001, 80))
	add("hop-by-hop options, IPv6", layers.EthernetTypeIPv6, ip6(phone6, server6, 0), gopacket.Payload{6, 0, 1, 4, 0, 0, 0, 0}, ports(40001, 80))
	for _, a := range [][2]string{
		{"192.168.40.51", "192.168.40.50"}, {"192.168.40.50", "192.168.40.50"}, {"10.99.0.1", "10.99.0.2"}, {"10.1.2.3", "224.0.1.75"},
		{"192.168.41.1", "192.7.40.9"}, {"8.8.8.8", "255.255.255.255"}, {"0.0.0.0", "10.0.0.1"},
		{"2001:db8::50", "2001:db8::50"}, {"fe80::1", "ff02::1"}, {"::1", "::1"}, {"2001:db8:8000::1", "2001:d01::1"}, {"::ffff:192.168.40.50", "2002::1"},
	} {
		src, dst := netip.MustParseAddr(a[0]), netip.MustParseAddr(a[1])
		what := fmt.Sprintf("%v to %v", src, dst)
		if src.Is4() {
			add(what, layers.EthernetTypeIPv4, ip4(src, dst, 17), ports(5070, 123))
			for _, t := range []layers.EthernetType{layers.EthernetTypeARP, 0x8035} {
				add(fmt.Sprintf("%v, type %#x", what, uint16(t)), t, &layers.ARP{AddrType: 1, Protocol: 0x800, HwAddressSize: 6, ProtAddressSize: 4, Operation: 1,
					SourceHwAddress: capturetest.MAC(src), SourceProtAddress: src.AsSlice(), DstHwAddress: make([]byte, 6), DstProtAddress: dst.AsSlice()})
			}
			continue
		}
		add(what, layers.EthernetTypeIPv6, ip6(src, dst, 17), ports(5070, 123))
	}
	add("LLDP", 0x88cc, gopacket.Payload(make([]byte, 46)))
	add("802.3", 46, gopacket.Payload(make([]byte, 46)))
	add("a long one", layers.EthernetTypeIPv4, ip4(phone, server, 6), gopacket.Payload(make([]byte, 1400)))
	return all
}

// made returns frames of a link type, and what is left of each when it is cut
// at any place.
func made(t testing.TB, link capture.LinkType) []frame {
	var all []frame
	add := func(what string, data []byte, cut int) {
		all = append(all, frame{data, len(data), what})
		for n := range min(len(data), cut) {
			all = append(all, frame{data[:n:n], len(data), fmt.Sprintf("%s, cut at %d", what, n)})
		}
	}
	for _, p := range packets() {
		if link != capture.LinkEthernet {
			add(p.what, slices.Concat(header(t, link, p), p.data), 70)
			continue
		}
		for _, tags := range [][]uint16{nil, {0x8100, 40}, {0x88a8, 7, 0x8100, 40}, {0x9100, 0xf000, 0x8100, 41, 0x8100, 40}} {
			for _, dst := range []net.HardwareAddr{capturetest.MAC(server), layers.EthernetBroadcast, {1, 0, 0x5e, 0, 0, 1}} {
				if dst[0]&1 != 0 && len(tags) != 2 {
					continue
				}
				data := slices.Concat(dst, capturetest.MAC(phone))
				for _, n := range tags {
					data = binary.BigEndian.AppendUint16(data, n)
				}
				data = binary.BigEndian.AppendUint16(data, uint16(p.etherType))
				cut := 0
				if len(tags)%4 == 0 { // none, or two
					cut = 70 + 2*len(tags)
				}
				add(fmt.Sprintf("%s, tags %x, to %v", p.what, tags, dst), slices.Concat(data, p.data), cut)
			}
		}
	}
	return all
}

// header returns the header of a link type in front of a packet.
func header(t testing.TB, link capture.LinkType, p packet) []byte {
	ether := binary.BigEndian.AppendUint16(nil, uint16(p.etherType))
	ppp := ether
	family := byte(0) // Linux's, which this machine's tcpdump takes for everyone's
	switch p.etherType {
	case layers.EthernetTypeIPv4:
		ppp, family = []byte{0, 0x21}, 2
	case layers.EthernetTypeIPv6:
		ppp, family = []byte{0, 0x57}, 10
	}
	zeros := func(n int) []byte { return make([]byte, n) }
	switch link {
	case capture.LinkNetAnalyzer:
		return slices.Concat(zeros(4), capturetest.MAC(server), capturetest.MAC(phone), ether)
	case capture.LinkFDDI:
		return slices.Concat(zeros(1), capturetest.MAC(server), capturetest.MAC(phone), []byte{0xaa, 0xaa, 3, 0, 0, 0}, ether)
	case capture.LinkATM:
		return slices.Concat([]byte{0xaa, 0xaa, 3, 0, 0, 0}, ether)
	case capture.LinkIEEE1394:
		return slices.Concat(zeros(16), ether)
	case capture.LinkCHDLC:
		return slices.Concat([]byte{0x0f, 0}, ether)
	case capture.LinkLinuxSLL:
		return slices.Concat(zeros(14), ether)
	case capture.LinkLinuxSLL2:
		return slices.Concat(ether, zeros(18))
	case capture.LinkPPP, capture.LinkPPPHDLC:
		return slices.Concat([]byte{0xff, 3}, ppp)
	case capture.LinkPPPEther:
		return slices.Concat([]byte{0x11, 0, 0, 7, 0, 0}, ppp)
	case capture.LinkNull:
		return []byte{family, 0, 0, 0}
	case capture.LinkLoop:
		return []byte{0, 0, 0, family}
	case capture.LinkENC:
		return append([]byte{family, 0, 0, 0}, zeros(8)...)
	case capture.LinkRaw, capture.LinkRaw12, capture.LinkRaw14, capture.LinkIPv4, capture.LinkIPv6:
		return nil
	}
	t.Fatalf("no header for link type %d", link)
	return nil
}

package live

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/net/bpf"

	"actionurl/capture"
	"actionurl/capture/capturetest"
)

// keeps reports whether a program keeps a frame.
func keeps(t *testing.T, program []bpf.Instruction, frame []byte) bool {
	t.Helper()
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	n, err := vm.Run(frame)
	if err != nil {
		t.Fatal(err)
	}
	return n >= len(frame) && n > 0
}

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

// patched returns a frame with one byte changed.
func patched(frame []byte, at int, to byte) []byte {
	frame[at] = to
	return frame
}

const rtp = "\x80\x00\x12\x34\x00\x00\x00\xa0\xde\xad\xbe\xef...................."

func TestNotifications(t *testing.T) {
	const options = "OPTIONS sip:192.168.40.10 SIP/2.0\r\n\r\n"
	for _, test := range []struct {
		what    string
		frame   []byte
		none    bool // kept where nothing is wanted beside TCP
		sip     bool // kept where SIP is
		tunnels bool // kept where tunnels are
	}{
		{"TCP", segment(phone4, server4), true, true, true},
		{"TCP over IPv6", segment(phone6, server6), true, true, true},
		{"TCP in a VLAN", segment(phone4, server4, 40), true, true, true},
		{"TCP in three VLANs", segment(phone6, server6, 1, 2, 3), true, true, true},
		{"TCP in four VLANs", segment(phone4, server4, 1, 2, 3, 4), true, true, true},
		{"TCP in a VLAN of 0x9100", patched(segment(phone4, server4, 40), 12, 0x91), true, true, true},
		{"TCP, a fragment", patched(segment(phone4, server4), 20, 0x20), true, true, true},
		{"RTP", datagram(phone4, server4, 10000, 20000, rtp), false, false, false},
		{"RTP over IPv6", datagram(phone6, server6, 10000, 20000, rtp), false, false, false},
		{"RTP in a VLAN", datagram(phone4, server4, 10000, 20000, rtp, 40), false, false, false},
		{"RTP in three VLANs", datagram(phone6, server6, 10000, 20000, rtp, 1, 2, 3), false, false, false},
		{"RTP, a fragment", patched(datagram(phone4, server4, 10000, 20000, rtp), 20, 0x20), false, true, true},
		{"RTP, a later fragment", patched(datagram(phone4, server4, 10000, 20000, rtp), 21, 1), false, true, true},
		{"SIP", datagram(phone4, server4, 5060, 5060, options), false, true, false},
		{"SIP, the response", datagram(server4, phone4, 5060, 36000, "SIP/2.0 200 OK\r\n"), false, true, false},
		{"SIP, at other ports", datagram(phone6, server6, 36000, 36001, options), false, true, false},
		{"SIP, from its port", datagram(phone6, server6, 5060, 36001, "\r\n\r\n"), false, true, false},
		{"SIP in a VLAN", datagram(phone6, server6, 36000, 36001, options, 40), false, true, false},
		{"DNS", datagram(phone4, server4, 36000, 53, "\x12\x34\x01\x00"), false, false, false},
		{"UDP without data", datagram(phone4, server4, 36000, 36001, ""), false, false, false},
		{"VXLAN", datagram(phone4, server4, 36000, 4789, "\x08"), false, false, true},
		{"GENEVE, from its port", datagram(phone6, server6, 6081, 36000, "\x08"), false, false, true},
		{"TZSP", datagram(phone4, server4, 36000, 37008, "\x01"), false, false, true},
		{"VXLAN at another port", datagram(phone4, server4, 36000, 14789, "\x08"), false, false, true},
		{"GRE", patched(segment(phone4, server4), 23, 47), false, false, true},
		{"IPv6 in IPv6", patched(segment(phone6, server6), 20, 41), false, false, true},
		{"authentication", patched(segment(phone6, server6), 20, 51), true, true, true},
		{"IPv6 with options", patched(segment(phone6, server6), 20, 0), true, true, true},
		{"ESP", patched(segment(phone4, server4), 23, 50), false, false, false},
		{"ICMP", patched(segment(phone4, server4), 23, 1), false, false, false},
		{"ICMPv6", patched(segment(phone6, server6), 20, 58), false, false, false},
		{"PPPoE", frame(0x8864, 0x11, 0), false, false, true},
		{"PPPoE discovery", frame(0x8863, 0x11, 9), false, false, false},
		{"MPLS", frame(0x8847, 0, 0, 1, 64), false, false, true},
		{"MPLS in a VLAN", frame(0x8100, 0, 40, 0x88, 0x47, 0, 0, 1, 64), false, false, true},
		{"ARP", frame(0x0806, 0, 1), false, false, false},
		{"LLC with SNAP", frame(60, 0xaa, 0xaa, 3), true, true, true},
		{"a spanning tree", frame(38, 0x42, 0x42, 3), false, false, false},
		{"LLDP", frame(0x88cc, 2, 7), false, false, false},
		{"cut behind the addresses", frame(0)[:12], false, false, false},
		{"cut behind the type", frame(typeIPv4), false, false, false},
	} {
		for _, c := range []struct {
			wanted Wanted
			want   bool
		}{
			{Wanted{}, test.none},
			{Wanted{SIP: true}, test.sip},
			{Wanted{Tunnels: true, VXLANPort: 14789}, test.tunnels},
			{Wanted{SIP: true, Tunnels: true, VXLANPort: 14789}, test.sip || test.tunnels},
		} {
			if got := keeps(t, Notifications(capture.LinkEthernet, c.wanted), test.frame); got != c.want {
				t.Errorf("%s: kept %v with %+v", test.what, got, c.wanted)
			}
			// The same packet without Ethernet before it.
			link := capture.LinkRaw
			if e := binary.BigEndian.Uint16(test.frame[min(12, len(test.frame)-2):]); e != typeIPv4 && e != typeIPv6 {
				continue
			}
			if got := keeps(t, Notifications(link, c.wanted), test.frame[14:]); got != c.want {
				t.Errorf("%s: kept %v as a packet alone with %+v", test.what, got, c.wanted)
			}
		}
	}
}

func TestJoin(t *testing.T) {
	// The first byte is n at least.
	least := func(n uint32) []bpf.Instruction {
		return []bpf.Instruction{
			bpf.LoadAbsolute{Off: 0, Size: 1},
			bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: n, SkipFalse: 1},
			bpf.RetConstant{Val: 1000 + n},
			bpf.RetConstant{},
		}
	}
	for _, test := range []struct {
		a, b uint32
		in   byte
		want int
	}{
		{4, 10, 3, 0}, {4, 10, 4, 0}, {4, 10, 9, 0}, {4, 10, 10, 1010}, {10, 4, 9, 0}, {10, 4, 10, 1004},
	} {
		vm, err := bpf.NewVM(Join(least(test.a), least(test.b)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := vm.Run([]byte{test.in}); err != nil || got != test.want {
			t.Errorf("%+v: %d, %v", test, got, err)
		}
	}
	// A program whose last instruction keeps.
	if got := keeps(t, Join(Notifications(capture.LinkEthernet, Wanted{}), least(2)), segment(phone4, server4)); !got {
		t.Error("a segment is dropped")
	}
	if fmt.Sprint(Join(nil, least(2))) != fmt.Sprint(least(2)) {
		t.Error("no program joined with one is not the one")
	}
}

package packet_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/net/bpf"

	"actionurl/capture"
	"actionurl/decode/packet"
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

// tag puts VLAN tags into an Ethernet frame.
func tag(frame []byte, ids ...byte) []byte {
	for _, id := range slices.Backward(ids) {
		frame = slices.Concat(frame[:12], []byte{0x81, 0, 0, id}, frame[12:])
	}
	return frame
}

// ofType returns an Ethernet frame of a type.
func ofType(t uint16, payload ...byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte("\x02\x00\x00\x00\x00\x0a\x00\x0b\x82\x12\x34\x32"), t), payload...)
}

func TestKernelFilter(t *testing.T) {
	const (
		phone, server   = "192.0.2.50", "192.0.2.10"
		phone6, server6 = "[2001:db8::50]", "[2001:db8::10]"

		options = "OPTIONS sip:192.0.2.10 SIP/2.0\r\n\r\n"
		media   = "\x80\x00\x12\x34\x00\x00\x00\xa0\xde\xad\xbe\xef...................."
	)
	tcp4, tcp6 := ethernet(tcp4(data, "")), ethernet(tcp6(data, ""))
	rtp4, rtp6 := udp(phone+":10000", server+":20000", media), udp(phone6+":10000", server6+":20000", media)
	for _, test := range []struct {
		what    string
		frame   []byte
		none    bool // kept where TCP alone is wanted
		sip     bool // kept where SIP is
		tunnels bool // kept where tunnels are
	}{
		{"TCP", tcp4, true, true, true},
		{"TCP over IPv6", tcp6, true, true, true},
		{"TCP in a VLAN", tag(tcp4, 40), true, true, true},
		{"TCP in three VLANs", tag(tcp6, 1, 2, 3), true, true, true},
		{"TCP in four VLANs", tag(tcp4, 1, 2, 3, 4), true, true, true},
		{"TCP in a VLAN of 0x9100", patch(tag(tcp4, 40), 12, 0x91), true, true, true},
		{"TCP, a fragment", patch(tcp4, 20, 0x20), true, true, true},
		{"RTP", rtp4, false, false, false},
		{"RTP over IPv6", rtp6, false, false, false},
		{"RTP in a VLAN", tag(rtp4, 40), false, false, false},
		{"RTP in three VLANs", tag(rtp6, 1, 2, 3), false, false, false},
		{"RTP, a fragment", patch(rtp4, 20, 0x20), false, true, true},
		{"RTP, a later fragment", patch(rtp4, 21, 1), false, true, true},
		{"SIP", udp(phone+":5060", server+":5060", options), false, true, false},
		{"SIP, the response", udp(server+":5060", phone+":36000", "SIP/2.0 200 OK\r\n"), false, true, false},
		{"SIP, at other ports", udp(phone6+":36000", server6+":36001", options), false, true, false},
		{"SIP, from its port", udp(phone6+":5060", server6+":36001", "\r\n\r\n"), false, true, false},
		{"SIP in a VLAN", tag(udp(phone6+":36000", server6+":36001", options), 40), false, true, false},
		{"DNS", udp(phone+":36000", server+":53", "\x12\x34\x01\x00"), true, true, true},
		{"DNS, an answer in a VLAN", tag(udp(server6+":53", phone6+":36000", "\x12\x34\x81\x83"), 40), true, true, true},
		{"UDP without data", udp(phone+":36000", server+":36001", ""), false, false, false},
		{"VXLAN", udp(phone+":36000", server+":4789", "\x08"), false, false, true},
		{"GENEVE, from its port", udp(phone6+":6081", server6+":36000", "\x08"), false, false, true},
		{"TZSP", udp(phone+":36000", server+":37008", "\x01"), false, false, true},
		{"VXLAN at another port", udp(phone+":36000", server+":14789", "\x08"), false, false, true},
		{"GRE", patch(tcp4, 23, 47), false, false, true},
		{"IPv6 in IPv6", patch(tcp6, 20, 41), false, false, true},
		{"authentication", patch(tcp6, 20, 51), true, true, true},
		{"IPv6 with options", patch(tcp6, 20, 0), true, true, true},
		{"ESP", patch(tcp4, 23, 50), false, false, false},
		{"ICMP", patch(tcp4, 23, 1), false, false, false},
		{"ICMPv6", patch(tcp6, 20, 58), false, false, false},
		{"ICMP, unreachable", patch(patch(tcp4, 23, 1), atTCP, 3), true, true, true},
		{"ICMPv6, unreachable", patch(patch(tcp6, 20, 58), atTCP+20, 1), true, true, true},
		{"PPPoE", ofType(0x8864, 0x11, 0), false, false, true},
		{"PPPoE discovery", ofType(0x8863, 0x11, 9), false, false, false},
		{"MPLS", ofType(0x8847, 0, 0, 1, 64), false, false, true},
		{"MPLS in a VLAN", ofType(0x8100, 0, 40, 0x88, 0x47, 0, 0, 1, 64), false, false, true},
		{"ARP", ofType(0x0806, 0, 1), false, false, false},
		{"LLC with SNAP", ofType(60, 0xaa, 0xaa, 3), true, true, true},
		{"a spanning tree", ofType(38, 0x42, 0x42, 3), false, false, false},
		{"LLDP", ofType(0x88cc, 2, 7), false, false, false},
		{"cut after the addresses", ofType(0)[:12], false, false, false},
		{"cut after the type", ofType(0x0800), false, false, false},
		{"RTP after IPv4 options", withOptions(rtp4), false, false, false},
		{"SIP after IPv4 options", withOptions(udp(phone+":36000", server+":36001", options)), false, true, false},
	} {
		for _, c := range []struct {
			want  packet.Want
			keeps bool
		}{
			{packet.Want{}, test.none},
			{packet.Want{SIP: true}, test.sip},
			{packet.Want{Tunnels: true, VXLANPort: 14789}, test.tunnels},
			{packet.Want{SIP: true, Tunnels: true, VXLANPort: 14789}, test.sip || test.tunnels},
		} {
			if got := keeps(t, packet.KernelFilter(capture.LinkEthernet, c.want), test.frame); got != c.keeps {
				t.Errorf("%s: kept %v with %+v", test.what, got, c.want)
			}
			if e := binary.BigEndian.Uint16(test.frame[min(12, len(test.frame)-2):]); e != 0x0800 && e != 0x86dd {
				continue
			}
			if got := keeps(t, packet.KernelFilter(capture.LinkRaw, c.want), test.frame[14:]); got != c.keeps {
				t.Errorf("%s: kept %v as a packet alone with %+v", test.what, got, c.want)
			}
		}
	}
}

// withOptions puts a router alert into the header of an IPv4 packet.
func withOptions(frame []byte) []byte {
	f := slices.Concat(frame[:atTCP], []byte{148, 4, 0, 0}, frame[atTCP:])
	f[atIP]++
	return f
}

package live

import (
	"fmt"

	"golang.org/x/net/bpf"

	"actionurl/capture"
)

// whole is what a program returns to keep a frame, whatever its length.
const whole = 1<<31 - 1

// Join returns a program that keeps the frames that both a and b keep, as much
// of them as b says. What a returns must be constants.
func Join(a, b []bpf.Instruction) []bpf.Instruction {
	all := make([]bpf.Instruction, 0, len(a)+len(b))
	for i, in := range a {
		if ret, ok := in.(bpf.RetConstant); ok && ret.Val != 0 {
			in = bpf.Jump{Skip: uint32(len(a) - i - 1)}
		}
		all = append(all, in)
	}
	return append(all, b...)
}

// Wanted says what is to be kept by Notifications beside TCP.
type Wanted struct {
	SIP       bool   // over UDP
	Tunnels   bool   // whatever has packets inside: GRE, VXLAN, MPLS, PPPoE and so on
	VXLANPort uint16 // a further UDP port of VXLAN; 0 for none
}

// Numbers that packets are told by. Package decode/packet, which follows all
// of them, has where each is from.
const (
	typeIPv4  = 0x0800
	typeIPv6  = 0x86dd
	maxLength = 1500 // up to it, an EtherType is a length
	snap      = 0xaaaa
	protoTCP  = 6
	protoUDP  = 17
	portSIP   = 5060
)

// Notifications returns a program that keeps the frames of which something is
// used: TCP, and what is wanted beside it, in VLANs or not. The RTP that most
// frames of a span port are is dropped. Of link types other than Ethernet and
// those that are an IP packet, all frames are kept.
//
// It holds for frames with their outer VLAN tag and without. Fragments are kept
// of TCP, and of UDP where any of it is wanted. So are packets of IPv6 with
// extension headers, behind which the program does not look.
func Notifications(link capture.LinkType, want Wanted) []bpf.Instruction {
	a := assembler{labels: make(map[string]int)}
	switch link {
	case capture.LinkEthernet:
		a.ethernet(want)
	case capture.LinkRaw, capture.LinkRaw12, capture.LinkRaw14, capture.LinkIPv4, capture.LinkIPv6:
		a.packet(0)
	case capture.LinkNull, capture.LinkLoop:
		a.packet(4)
	default:
		return []bpf.Instruction{bpf.RetConstant{Val: whole}}
	}
	a.ipv4(want)
	a.ipv6(want)
	a.udp(want)
	a.label("drop")
	a.add(bpf.RetConstant{})
	a.label("keep")
	a.add(bpf.RetConstant{Val: whole})
	return a.assemble()
}

// ethernet goes on at the packet in an Ethernet frame, with its place in X.
func (a *assembler) ethernet(want Wanted) {
	const maxTags = 3 // more are not looked behind
	for tags := range uint32(maxTags + 1) {
		if tags > 0 {
			a.label(fmt.Sprint("tag ", tags))
		}
		a.add(bpf.LoadConstant{Dst: bpf.RegX, Val: 14 + 4*tags})
		a.add(bpf.LoadAbsolute{Off: 12 + 4*tags, Size: 2})
		a.when(bpf.JumpEqual, "ipv4", typeIPv4)
		a.when(bpf.JumpEqual, "ipv6", typeIPv6)
		inner := "keep"
		if tags < maxTags {
			inner = fmt.Sprint("tag ", tags+1)
		}
		a.when(bpf.JumpEqual, inner, 0x8100, 0x88a8, 0x9100)
		a.jump("other")
	}
	a.label("other")
	if want.Tunnels {
		// MPLS and its multicast, PPPoE sessions, PPP, bridging, VN-Tag, MACsec, MAC-in-MAC.
		a.when(bpf.JumpEqual, "keep", 0x8847, 0x8848, 0x8864, 0x880b, 0x6558, 0x8926, 0x88e5, 0x88e7)
	}
	a.when(bpf.JumpGreaterThan, "drop", maxLength)
	a.add(bpf.LoadIndirect{Off: 0, Size: 2})
	a.when(bpf.JumpEqual, "keep", snap)
	a.jump("drop")
}

// packet goes on at the IP packet behind a header of n bytes.
func (a *assembler) packet(n uint32) {
	a.add(bpf.LoadConstant{Dst: bpf.RegX, Val: n})
	a.add(bpf.LoadAbsolute{Off: n, Size: 1})
	a.add(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	a.when(bpf.JumpEqual, "ipv4", 4)
	a.when(bpf.JumpEqual, "ipv6", 6)
	a.jump("drop")
}

// ipv4 decides about the IPv4 packet at X.
func (a *assembler) ipv4(want Wanted) {
	a.label("ipv4")
	a.add(bpf.LoadIndirect{Off: 9, Size: 1})
	a.protocols(want)
	a.when(bpf.JumpNotEqual, "drop", protoUDP)
	const moreFragmentsOrOffset = 0x3fff
	a.add(bpf.LoadIndirect{Off: 6, Size: 2})
	fragment := "drop"
	if want.SIP || want.Tunnels {
		fragment = "keep"
	}
	a.when(bpf.JumpBitsSet, fragment, moreFragmentsOrOffset)
	a.add(bpf.LoadIndirect{Off: 0, Size: 1})
	a.add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 15})
	a.add(bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2})
	a.add(bpf.ALUOpX{Op: bpf.ALUOpAdd})
	a.add(bpf.TAX{})
	a.jump("udp")
}

// ipv6 decides about the IPv6 packet at X.
func (a *assembler) ipv6(want Wanted) {
	a.label("ipv6")
	a.add(bpf.LoadIndirect{Off: 6, Size: 1})
	a.protocols(want)
	// The extension headers: of options, routing, fragments, mobility, and the identity of hosts.
	a.when(bpf.JumpEqual, "keep", 0, 43, 44, 60, 135, 139, 140)
	a.when(bpf.JumpNotEqual, "drop", protoUDP)
	a.add(bpf.TXA{})
	a.add(bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 40})
	a.add(bpf.TAX{})
}

// protocols keeps a packet for the protocol in A.
func (a *assembler) protocols(want Wanted) {
	a.when(bpf.JumpEqual, "keep", protoTCP, 51, 108) // TCP, authentication, compression
	if want.Tunnels {
		a.when(bpf.JumpEqual, "keep", 4, 41, 47, 97, 115, 137) // IPv4, IPv6, GRE, EtherIP, L2TP, MPLS
	}
}

// udp decides about the UDP datagram at X.
func (a *assembler) udp(want Wanted) {
	a.label("udp")
	for _, port := range []uint32{2, 0} { // the destination's first
		a.add(bpf.LoadIndirect{Off: port, Size: 2})
		if want.SIP {
			a.when(bpf.JumpEqual, "keep", portSIP)
		}
		if want.Tunnels && want.VXLANPort != 0 {
			a.when(bpf.JumpEqual, "keep", uint32(want.VXLANPort))
		}
		if !want.Tunnels {
			continue
		}
		// TZSP, and those up to VXLAN's as Linux had it. RTP has mostly a port above.
		const vxlanLinux = 8472
		high := fmt.Sprint("no tunnel ", port)
		a.when(bpf.JumpEqual, "keep", 37008)
		a.when(bpf.JumpGreaterThan, high, vxlanLinux)
		// L2TP, GTP-U, Teredo, GRE, VXLAN, VXLAN-GPE, CAPWAP, GENEVE, MPLS.
		a.when(bpf.JumpEqual, "keep", 1701, 2152, 3544, 4754, 4789, 4790, 5247, 6081, 6635, vxlanLinux)
		a.label(high)
	}
	if want.SIP { // begins with a method, or with SIP/2.0
		a.add(bpf.LoadIndirect{Off: 8, Size: 1})
		a.when(bpf.JumpGreaterThan, "drop", 'Z')
		a.when(bpf.JumpGreaterOrEqual, "keep", 'A')
	}
}

// An assembler puts a program together, with labels to jump to.
type assembler struct {
	code   []bpf.Instruction
	labels map[string]int
	jumps  []jump
}

// A jump is an instruction that jumps to a label, not more than 255
// instructions further.
type jump struct {
	at int
	to string
}

func (a *assembler) add(in bpf.Instruction) { a.code = append(a.code, in) }

func (a *assembler) label(name string) { a.labels[name] = len(a.code) }

// when jumps to a label where A has one of the values.
func (a *assembler) when(is bpf.JumpTest, to string, values ...uint32) {
	for _, v := range values {
		a.jumps = append(a.jumps, jump{len(a.code), to})
		a.add(bpf.JumpIf{Cond: is, Val: v})
	}
}

func (a *assembler) jump(to string) {
	a.jumps = append(a.jumps, jump{len(a.code), to})
	a.add(bpf.Jump{})
}

// assemble returns the program, its jumps filled in.
func (a *assembler) assemble() []bpf.Instruction {
	for _, j := range a.jumps {
		skip := a.labels[j.to] - j.at - 1
		switch in := a.code[j.at].(type) {
		case bpf.JumpIf:
			in.SkipTrue = uint8(skip)
			a.code[j.at] = in
		case bpf.Jump:
			in.Skip = uint32(skip)
			a.code[j.at] = in
		}
	}
	return a.code
}

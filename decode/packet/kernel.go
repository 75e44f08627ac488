package packet

import (
	"fmt"
	"slices"

	"github.com/google/gopacket/layers"
	"golang.org/x/net/bpf"

	"actionurl/capture"
)

// A Want says which frames are needed beside those with TCP and DNS.
type Want struct {
	SIP       bool   // over UDP
	Tunnels   bool   // whatever has packets inside: GRE, VXLAN, MPLS, PPPoE and so on
	VXLANPort uint16 // a further UDP port of VXLAN; 0 for none
}

// followed returns the EtherTypes, other than those of IP and of VLAN tags,
// after which a Decoder finds packets.
func followed() []uint32 {
	return words(layers.EthernetTypeMPLSUnicast, layers.EthernetTypeMPLSMulticast, layers.EthernetTypePPPoESession,
		layers.EthernetTypePPP, layers.EthernetTypeTransparentEthernetBridging, typeVNTag, typeMACsec, typeBackbone)
}

// encapsulating returns the IP protocols that carry packets.
func encapsulating() []uint32 {
	return words(layers.IPProtocolIPv4, layers.IPProtocolIPv6, layers.IPProtocolGRE, layers.IPProtocolEtherIP, protoL2TP, layers.IPProtocolMPLSInIP)
}

// tunnelPorts returns the ports that Decoder.tunnels knows, in two groups: RTP
// mostly has ports above the low ones, and is compared with few of them.
func tunnelPorts() (low, high []uint32) {
	return words[uint16](portL2TP, portGTPU, portTeredo, portGRE, portVXLAN, portVXLANGPE, portCAPWAP, portGENEVE, portMPLS, portVXLANLinux),
		words[uint16](portTZSP)
}

// words converts numbers to the machine's words.
func words[N ~uint8 | ~uint16](numbers ...N) []uint32 {
	all := make([]uint32, len(numbers))
	for i, n := range numbers {
		all[i] = uint32(n)
	}
	return all
}

// whole is what a program returns to keep a frame, whatever its length.
const whole = 1<<31 - 1

// KernelFilter returns a program that lets the frames pass that a [Decoder]
// needs: TCP, DNS, ICMP messages that a packet could not be delivered, and what is
// wanted beside these, in VLANs or not. It drops RTP, which most frames of a span port are.
// All frames pass of link types other than Ethernet and those that begin with an IP
// packet or an address family.
//
// The program works on frames with their outer VLAN tag and without. Fragments
// of TCP pass, and those of UDP where any of it is wanted; so do IPv6 packets
// with extension headers, which the program does not follow.
func KernelFilter(link capture.LinkType, want Want) []bpf.Instruction {
	a := assembler{labels: make(map[string]int)}
	switch link {
	case capture.LinkEthernet:
		a.ethernet(want)
	case capture.LinkRaw, capture.LinkRaw12, capture.LinkRaw14, capture.LinkIPv4, capture.LinkIPv6:
		a.afterHeader(0)
	case capture.LinkNull, capture.LinkLoop:
		a.afterHeader(4)
	default:
		return []bpf.Instruction{bpf.RetConstant{Val: whole}}
	}
	a.ipv4(want)
	a.ipv6(want)
	a.udp(want)
	a.jump("drop")
	a.icmp("icmp", 20, layers.ICMPv4TypeDestinationUnreachable)
	a.icmp("icmp6", 40, layers.ICMPv6TypeDestinationUnreachable)
	a.label("drop")
	a.add(bpf.RetConstant{})
	a.label("keep")
	a.add(bpf.RetConstant{Val: whole})
	return a.assemble()
}

// ethernet finds the packet in an Ethernet frame, and goes on with its place in X.
func (a *assembler) ethernet(want Want) {
	const maxTags = 3 // frames with more are kept
	for tags := range uint32(maxTags + 1) {
		if tags > 0 {
			a.label(fmt.Sprint("tag ", tags))
		}
		a.add(bpf.LoadConstant{Dst: bpf.RegX, Val: 14 + 4*tags})
		a.add(bpf.LoadAbsolute{Off: 12 + 4*tags, Size: 2})
		a.when(bpf.JumpEqual, "ipv4", uint32(layers.EthernetTypeIPv4))
		a.when(bpf.JumpEqual, "ipv6", uint32(layers.EthernetTypeIPv6))
		inner := "keep"
		if tags < maxTags {
			inner = fmt.Sprint("tag ", tags+1)
		}
		a.when(bpf.JumpEqual, inner, words(layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ, capture.TypeQinQOld)...)
		a.jump("other")
	}
	a.label("other")
	if want.Tunnels {
		a.when(bpf.JumpEqual, "keep", followed()...)
	}
	a.when(bpf.JumpGreaterThan, "drop", maxLength)
	const snap = 0xaaaa // both service access points of LLC
	a.add(bpf.LoadIndirect{Off: 0, Size: 2})
	a.when(bpf.JumpEqual, "keep", snap)
	a.jump("drop")
}

// afterHeader finds the IP packet after a header of n bytes.
func (a *assembler) afterHeader(n uint32) {
	a.add(bpf.LoadConstant{Dst: bpf.RegX, Val: n})
	a.add(bpf.LoadAbsolute{Off: n, Size: 1})
	a.add(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	a.when(bpf.JumpEqual, "ipv4", 4)
	a.when(bpf.JumpEqual, "ipv6", 6)
	a.jump("drop")
}

// ipv4 filters the IPv4 packet at X, which may be one of IPv6 under the other's
// EtherType.
func (a *assembler) ipv4(want Want) {
	a.label("ipv4")
	a.add(bpf.LoadIndirect{Off: 0, Size: 1})
	a.when(bpf.JumpGreaterOrEqual, "ipv6", 0x60)
	a.add(bpf.LoadIndirect{Off: 9, Size: 1})
	a.protocols(want)
	a.when(bpf.JumpEqual, "icmp", uint32(layers.IPProtocolICMPv4))
	a.when(bpf.JumpNotEqual, "drop", uint32(layers.IPProtocolUDP))
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

// ipv6 filters the IPv6 packet at X.
func (a *assembler) ipv6(want Want) {
	a.label("ipv6")
	a.add(bpf.LoadIndirect{Off: 6, Size: 1})
	a.protocols(want)
	a.when(bpf.JumpEqual, "keep", words(layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Fragment,
		layers.IPProtocolIPv6Destination, protoMobility, protoHIP, protoShim6)...)
	a.when(bpf.JumpEqual, "icmp6", uint32(layers.IPProtocolICMPv6))
	a.when(bpf.JumpNotEqual, "drop", uint32(layers.IPProtocolUDP))
	a.add(bpf.TXA{})
	a.add(bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 40})
	a.add(bpf.TAX{})
}

// protocols keeps a packet for the protocol in A.
func (a *assembler) protocols(want Want) {
	a.when(bpf.JumpEqual, "keep", words(layers.IPProtocolTCP, layers.IPProtocolAH, protoIPComp)...)
	if want.Tunnels {
		a.when(bpf.JumpEqual, "keep", encapsulating()...)
	}
}

// udp filters the UDP datagram at X.
func (a *assembler) udp(want Want) {
	a.label("udp")
	for _, port := range []uint32{2, 0} { // the destination's first
		a.add(bpf.LoadIndirect{Off: port, Size: 2})
		a.when(bpf.JumpEqual, "keep", PortDNS)
		if want.SIP {
			a.when(bpf.JumpEqual, "keep", portSIP)
		}
		if want.Tunnels && want.VXLANPort != 0 {
			a.when(bpf.JumpEqual, "keep", uint32(want.VXLANPort))
		}
		if !want.Tunnels {
			continue
		}
		low, high := tunnelPorts()
		above := fmt.Sprint("above ", port)
		a.when(bpf.JumpEqual, "keep", high...)
		a.when(bpf.JumpGreaterThan, above, slices.Max(low))
		a.when(bpf.JumpEqual, "keep", low...)
		a.label(above)
	}
	if want.SIP { // a method, or SIP/2.0
		a.add(bpf.LoadIndirect{Off: 8, Size: 1})
		a.when(bpf.JumpGreaterThan, "drop", 'Z')
		a.when(bpf.JumpGreaterOrEqual, "keep", 'A')
	}
}

// icmp keeps the ICMP messages of a type, at X and the length of an IP header
// without options.
func (a *assembler) icmp(label string, header uint32, kind uint32) {
	a.label(label)
	a.add(bpf.LoadIndirect{Off: header, Size: 1})
	a.when(bpf.JumpEqual, "keep", kind)
	a.jump("drop")
}

// An assembler builds a program with labels to jump to.
type assembler struct {
	code   []bpf.Instruction
	labels map[string]int
	jumps  []jump
}

// A jump is an instruction that jumps to a label, at most 255 instructions
// ahead.
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

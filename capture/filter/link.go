package filter

import "actionurl/capture"

// A layout is where the frames of a link type have what filters test.
type layout struct {
	name string

	typeAt   uint32 // offset of the network protocol's type
	typeSize uint8  // its bytes
	typeMask uint32 // 0 for all bits
	types    func(etherType) []uint32
	fixed    etherType // the network protocol of all frames; then there is no type

	payload   uint32 // offset of the network protocol's header
	ether     bool   // there are Ethernet addresses
	addresses uint32 // their offset
	vlan      bool   // there may be VLAN tags in front of the type
}

// layoutOf returns the layout of a link type.
func layoutOf(link capture.LinkType) (layout, bool) {
	switch link {
	case capture.LinkEthernet:
		return layout{name: "Ethernet", typeAt: 12, typeSize: 2, types: itself, payload: 14, ether: true, vlan: true}, true
	case capture.LinkNetAnalyzer: // Ethernet after 4 bytes
		return layout{name: "netANALYZER", typeAt: 16, typeSize: 2, types: itself, payload: 18, ether: true, addresses: 4, vlan: true}, true
	case capture.LinkFDDI: // with LLC and SNAP
		return layout{name: "FDDI", typeAt: 19, typeSize: 2, types: itself, payload: 21, ether: true, addresses: 1}, true
	case capture.LinkATM: // with LLC and SNAP
		return layout{name: "ATM", typeAt: 6, typeSize: 2, types: itself, payload: 8}, true
	case capture.LinkIEEE1394:
		return layout{name: "IEEE 1394", typeAt: 16, typeSize: 2, types: itself, payload: 18}, true
	case capture.LinkCHDLC:
		return layout{name: "Cisco HDLC", typeAt: 2, typeSize: 2, types: itself, payload: 4}, true
	case capture.LinkLinuxSLL:
		return layout{name: "Linux cooked v1", typeAt: 14, typeSize: 2, types: itself, payload: 16}, true
	case capture.LinkLinuxSLL2:
		return layout{name: "Linux cooked v2", typeAt: 0, typeSize: 2, types: itself, payload: 20}, true
	case capture.LinkPPP, capture.LinkPPPHDLC:
		return layout{name: "PPP", typeAt: 2, typeSize: 2, types: ppp, payload: 4}, true
	case capture.LinkPPPEther:
		return layout{name: "PPPoE", typeAt: 6, typeSize: 2, types: ppp, payload: 8}, true
	case capture.LinkNull:
		return layout{name: "BSD loopback", typeSize: 4, types: familyOfHost, payload: 4}, true
	case capture.LinkLoop:
		return layout{name: "OpenBSD loopback", typeSize: 4, types: family, payload: 4}, true
	case capture.LinkENC:
		return layout{name: "OpenBSD encapsulation", typeSize: 4, types: familyOfHost, payload: 12}, true
	case capture.LinkRaw, capture.LinkRaw12, capture.LinkRaw14:
		return layout{name: "raw IP", typeSize: 1, typeMask: 0xf0, types: ipVersion}, true
	case capture.LinkIPv4:
		return layout{name: "raw IPv4", fixed: etherIPv4}, true
	case capture.LinkIPv6:
		return layout{name: "raw IPv6", fixed: etherIPv6}, true
	}
	return layout{}, false
}

// itself is for links whose types are EtherTypes.
func itself(t etherType) []uint32 { return []uint32{uint32(t)} }

// ppp is for links whose types are those of PPP (RFC 1332, RFC 5072).
func ppp(t etherType) []uint32 {
	switch t {
	case etherIPv4:
		return []uint32{0x21}
	case etherIPv6:
		return []uint32{0x57}
	}
	return []uint32{uint32(t)}
}

// family is for links whose types are address families in network order. IPv6
// is 10 on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD and 30 on macOS.
func family(t etherType) []uint32 {
	switch t {
	case etherIPv4:
		return []uint32{2}
	case etherIPv6:
		return []uint32{10, 24, 28, 30}
	}
	return nil
}

// familyOfHost is family in the order of the host that captured, whichever
// that was.
func familyOfHost(t etherType) []uint32 {
	numbers := family(t)
	for _, n := range numbers {
		numbers = append(numbers, n<<24)
	}
	return numbers
}

// ipVersion is for links without a type: the version of IP is looked at.
func ipVersion(t etherType) []uint32 {
	switch t {
	case etherIPv4:
		return []uint32{0x40}
	case etherIPv6:
		return []uint32{0x60}
	}
	return nil
}

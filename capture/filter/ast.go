package filter

import (
	"fmt"
	"math/bits"
	"net"
	"net/netip"

	"github.com/google/gopacket/layers"
)

// A node is a part of an expression. Its String is the same in full, in
// tcpdump's syntax.
type node interface {
	fmt.Stringer
	// condition returns what is to be tested in frames of the compiler's link
	// type.
	condition(c *compiler) condition
}

type (
	andNode struct{ x, y node }
	orNode  struct{ x, y node }
	notNode struct{ x node }

	// everything is the empty expression.
	everything struct{}

	// An etherType is a protocol over the link.
	etherType uint16

	// An ipProto is a protocol over IP.
	ipProto struct {
		ip     etherType // etherIPv4 or etherIPv6, or 0 for both
		number layers.IPProtocol
	}

	// A host4 is the sender or receiver of an IPv4 or ARP packet.
	host4 struct {
		in  etherType // etherIPv4, etherARP or etherRARP, or 0 for all three
		way direction
		ipv4
	}

	// A host6 is the sender or receiver of an IPv6 packet.
	host6 struct {
		way direction
		net netip.Prefix
	}

	// ports is a range of ports.
	ports struct {
		proto    layers.IPProtocol // TCP, UDP or SCTP, or 0 for all three
		way      direction
		low, top uint16
	}

	// An etherHost is the sender or receiver of an Ethernet frame.
	etherHost struct {
		way     direction
		address [6]byte
	}

	// A group is any receiver that is a group of hosts.
	group struct {
		of etherType // etherIPv4 or etherIPv6, or 0 for Ethernet
	}

	// A vlan is a tag, after those of the vlans before it. What stands after
	// it in the expression looks for its headers after the tag.
	vlan struct {
		id int // -1 for any
	}

	// A length compares the frame's length on the wire.
	length struct {
		relation string
		bytes    uint32
	}
)

// A direction is which of two addresses or ports is meant.
type direction uint8

const (
	either direction = iota
	source
	destination
	both
)

func (d direction) String() string {
	return [...]string{"", "src ", "dst ", "src and dst "}[d]
}

const (
	etherIPv4 = etherType(layers.EthernetTypeIPv4)
	etherARP  = etherType(layers.EthernetTypeARP)
	etherIPv6 = etherType(layers.EthernetTypeIPv6)

	etherRARP etherType = 0x8035 // not named by gopacket
)

func (n andNode) String() string  { return fmt.Sprintf("(%v and %v)", n.x, n.y) }
func (n orNode) String() string   { return fmt.Sprintf("(%v or %v)", n.x, n.y) }
func (n notNode) String() string  { return fmt.Sprintf("not %v", n.x) }
func (everything) String() string { return "" }

func (t etherType) String() string {
	switch t {
	case 0:
		return ""
	case etherIPv4:
		return "ip"
	case etherIPv6:
		return "ip6"
	case etherARP:
		return "arp"
	case etherRARP:
		return "rarp"
	}
	return fmt.Sprintf("ether proto %#x", uint16(t))
}

// qualifier returns the protocol with a space after it, if there is one.
func (t etherType) qualifier() string {
	if t == 0 {
		return ""
	}
	return t.String() + " "
}

func (n ipProto) String() string { return fmt.Sprintf("%sproto %d", n.ip.qualifier(), n.number) }

func (n host4) String() string {
	address := func(v uint32) string {
		return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}).String()
	}
	what := fmt.Sprintf("host %s", address(n.address))
	switch ones := bits.LeadingZeros32(^n.mask); {
	case ones == 32:
	case n.mask<<ones == 0:
		what = fmt.Sprintf("net %s/%d", address(n.address), ones)
	default:
		what = fmt.Sprintf("net %s mask %s", address(n.address), address(n.mask))
	}
	return n.in.qualifier() + n.way.String() + what
}

func (n host6) String() string {
	if n.net.IsSingleIP() {
		return fmt.Sprintf("%vhost %v", n.way, n.net.Addr())
	}
	return fmt.Sprintf("%vnet %v", n.way, n.net)
}

func (n ports) String() string {
	proto := map[layers.IPProtocol]string{layers.IPProtocolTCP: "tcp ", layers.IPProtocolUDP: "udp ", layers.IPProtocolSCTP: "sctp "}[n.proto]
	if n.low == n.top {
		return fmt.Sprintf("%s%vport %d", proto, n.way, n.low)
	}
	return fmt.Sprintf("%s%vportrange %d-%d", proto, n.way, n.low, n.top)
}

func (n etherHost) String() string {
	return fmt.Sprintf("ether %vhost %v", n.way, net.HardwareAddr(n.address[:]))
}

func (n group) String() string { return n.of.qualifier() + "multicast" }

func (n vlan) String() string {
	if n.id < 0 {
		return "vlan"
	}
	return fmt.Sprintf("vlan %d", n.id)
}

func (n length) String() string { return fmt.Sprintf("len %s %d", n.relation, n.bytes) }

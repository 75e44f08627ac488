package filter

import (
	"encoding/binary"
	"fmt"

	"github.com/google/gopacket/layers"

	"actionurl/capture"
)

// A LinkError is an expression that cannot be compiled for a link type.
type LinkError struct {
	Link capture.LinkType
	Part string // of the expression; "" for all of it
}

func (e *LinkError) Error() string {
	name := fmt.Sprintf("link type %d", e.Link)
	if l, ok := layoutOf(e.Link); ok {
		name = fmt.Sprintf("%s (%s)", l.name, name)
	}
	if e.Part == "" {
		return "filters cannot be compiled for " + name
	}
	return fmt.Sprintf("the filter %q cannot be compiled for %s", e.Part, name)
}

// Compile returns the program for frames of a link type, as capture files have
// them. Its errors are LinkErrors.
func (e *Expr) Compile(link capture.LinkType) (*Program, error) {
	c, err := compile(e, link, false)
	if err != nil {
		return nil, err
	}
	return newProgram(c), nil
}

// A compiler makes conditions for one link type. It goes through an expression
// from the left, since a vlan moves what stands after it.
type compiler struct {
	link   capture.LinkType
	layout layout
	tags   uint32 // bytes of VLAN tags in front of the type of the network protocol
	// stripped says that the outermost tag, that of the first vlan, is not in
	// the frame but held by the kernel.
	stripped bool
	err      error // the first
}

// compile returns the condition that an expression is.
func compile(e *Expr, link capture.LinkType, stripped bool) (condition, error) {
	l, ok := layoutOf(link)
	if !ok {
		return nil, &LinkError{Link: link}
	}
	c := &compiler{link: link, layout: l, stripped: stripped}
	condition := e.root.condition(c)
	return condition, c.err
}

// unsupported notes that the link type does not have what a node tests.
func (c *compiler) unsupported(n node) condition {
	if c.err == nil {
		c.err = &LinkError{c.link, n.String()}
	}
	return always(false)
}

// network is the offset of a byte of the network protocol's header.
func (c *compiler) network(offset uint32) uint32 { return c.layout.payload + c.tags + offset }

// linkType tests the type of the network protocol.
func (c *compiler) linkType(t etherType) condition {
	if f := c.layout.fixed; f != 0 {
		return always(f == t)
	}
	var all condition = always(false)
	for _, v := range c.layout.types(t) {
		one := is(c.layout.typeAt+c.tags, c.layout.typeSize, v)
		if m := c.layout.typeMask; m != 0 {
			one = one.masked(m)
		}
		all = anyOf{all, one}
	}
	return all
}

// combine combines the tests of a sender's and a receiver's part.
func (d direction) combine(src, dst condition) condition {
	switch d {
	case source:
		return src
	case destination:
		return dst
	case both:
		return allOf{src, dst}
	}
	return anyOf{src, dst}
}

func (n andNode) condition(c *compiler) condition {
	x := n.x.condition(c)
	return allOf{x, n.y.condition(c)}
}

func (n orNode) condition(c *compiler) condition {
	x := n.x.condition(c)
	return anyOf{x, n.y.condition(c)}
}

func (n notNode) condition(c *compiler) condition { return noneOf{n.x.condition(c)} }

func (everything) condition(*compiler) condition { return always(true) }

func (t etherType) condition(c *compiler) condition { return c.linkType(t) }

func (n ipProto) condition(c *compiler) condition {
	number := uint32(n.number)
	over4 := allOf{c.linkType(etherIPv4), is(c.network(9), 1, number)}
	// In IPv6 the header may stand after that of a fragment; further
	// extension headers are not looked through.
	over6 := allOf{c.linkType(etherIPv6), anyOf{
		is(c.network(6), 1, number),
		allOf{is(c.network(6), 1, uint32(layers.IPProtocolIPv6Fragment)), is(c.network(40), 1, number)},
	}}
	switch n.ip {
	case etherIPv4:
		return over4
	case etherIPv6:
		return over6
	}
	return anyOf{over4, over6}
}

func (n host4) condition(c *compiler) condition {
	at := func(source, destination uint32) condition {
		one := func(offset uint32) condition { return is(c.network(offset), 4, n.address).masked(n.mask) }
		return n.way.combine(one(source), one(destination))
	}
	if n.in != 0 && n.in != etherIPv4 {
		return allOf{c.linkType(n.in), at(14, 24)}
	}
	ip := allOf{c.linkType(etherIPv4), at(12, 16)}
	if n.in == etherIPv4 {
		return ip
	}
	return anyOf{ip, allOf{anyOf{c.linkType(etherARP), c.linkType(etherRARP)}, at(14, 24)}}
}

func (n host6) condition(c *compiler) condition {
	address := n.net.Addr().As16()
	at := func(offset uint32) condition {
		var all condition = always(true)
		for i := range uint32(4) {
			bits := min(32, max(0, n.net.Bits()-32*int(i)))
			word := is(c.network(offset+4*i), 4, binary.BigEndian.Uint32(address[4*i:]))
			all = allOf{all, word.masked(uint32(0xffffffff << (32 - bits)))}
		}
		return all
	}
	return allOf{c.linkType(etherIPv6), n.way.combine(at(8), at(24))}
}

func (n ports) condition(c *compiler) condition {
	protocol := func(offset uint32) condition {
		if n.proto != 0 {
			return is(c.network(offset), 1, uint32(n.proto))
		}
		carries := func(p layers.IPProtocol) condition { return is(c.network(offset), 1, uint32(p)) }
		return oneOf(carries(layers.IPProtocolSCTP), carries(layers.IPProtocolTCP), carries(layers.IPProtocolUDP))
	}
	port := func(t test) condition {
		if n.low == n.top {
			return t
		}
		above := t
		above.constant = uint32(n.top)
		return allOf{t.compared(greaterOrEqual), noneOf{above.compared(greater)}}
	}
	after := func(offset uint32) test {
		return test{value{afterIPv4, c.network(offset), 2, c.network(0)}, ^uint32(0), equal, uint32(n.low)}
	}
	low := uint32(n.low)
	over6 := allOf{c.linkType(etherIPv6), allOf{protocol(6),
		n.way.combine(port(is(c.network(40), 2, low)), port(is(c.network(42), 2, low)))}}
	firstFragment := noneOf{is(c.network(6), 2, 0x1fff).compared(anyBit)}
	over4 := allOf{c.linkType(etherIPv4), allOf{protocol(9), allOf{firstFragment, n.way.combine(port(after(0)), port(after(2)))}}}
	return anyOf{over6, over4}
}

func (n etherHost) condition(c *compiler) condition {
	if !c.layout.ether {
		return c.unsupported(n)
	}
	at := func(offset uint32) condition {
		offset += c.layout.addresses
		return allOf{
			is(offset+2, 4, binary.BigEndian.Uint32(n.address[2:])),
			is(offset, 2, uint32(binary.BigEndian.Uint16(n.address[:]))),
		}
	}
	return n.way.combine(at(6), at(0))
}

func (n group) condition(c *compiler) condition {
	switch n.of {
	case etherIPv4:
		return allOf{c.linkType(etherIPv4), is(c.network(16), 1, 224).compared(greaterOrEqual)}
	case etherIPv6:
		return allOf{c.linkType(etherIPv6), is(c.network(24), 1, 255)}
	}
	if !c.layout.ether {
		return c.unsupported(n)
	}
	return is(c.layout.addresses, 1, 1).compared(anyBit)
}

func (n vlan) condition(c *compiler) condition {
	if !c.layout.vlan {
		return c.unsupported(n)
	}
	if c.stripped {
		c.stripped = false
		if n.id < 0 {
			return always(true)
		}
		return test{value{from: tagControl}, 0xfff, equal, uint32(n.id)}
	}
	at := c.layout.typeAt + c.tags
	c.tags += 4
	tagged := oneOf(is(at, 2, uint32(layers.EthernetTypeDot1Q)), is(at, 2, uint32(layers.EthernetTypeQinQ)), is(at, 2, uint32(capture.TypeQinQOld)))
	if n.id < 0 {
		return tagged
	}
	return allOf{tagged, is(at+2, 2, uint32(n.id)).masked(0xfff)}
}

func (n length) condition(*compiler) condition {
	compare := func(r relation) condition { return test{value{from: wireLength}, ^uint32(0), r, n.bytes} }
	switch n.relation {
	case "<":
		return noneOf{compare(greaterOrEqual)}
	case "<=":
		return noneOf{compare(greater)}
	case ">":
		return compare(greater)
	case ">=":
		return compare(greaterOrEqual)
	case "!=":
		return noneOf{compare(equal)}
	}
	return compare(equal)
}

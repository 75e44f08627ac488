package filter

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/gopacket/layers"
)

const (
	// maxText is how many bytes an expression may have. It bounds what is
	// made of it: a primitive takes 6 bytes at least ("port 1"), and 24 tests
	// of 40 bytes at most, twice for an interface (64 KiB / 6 * 24 * 2 * 40 B
	// = 20 MiB).
	maxText = 64 << 10

	// maxDepth is how deep parentheses and negations may be nested.
	maxDepth = 1000
)

// A SyntaxError is an expression that is wrong or not supported.
type SyntaxError struct {
	Text   string // the expression
	Offset int    // of the place, in bytes; len(Text) for the end
	Err    error  // what is wrong there
}

// Error names the column, which is 1-based and counts characters.
func (e *SyntaxError) Error() string { return fmt.Sprintf("column %d: %v", e.column(), e.Err) }

// Unwrap returns what is wrong.
func (e *SyntaxError) Unwrap() error { return e.Err }

func (e *SyntaxError) column() int { return 1 + utf8.RuneCountInString(e.Text[:e.Offset]) }

// Excerpt returns two lines that show the place: the expression, and a caret
// below. Of a long expression they show the part around the place. What is not
// printable is shown as a question mark.
func (e *SyntaxError) Excerpt() string {
	const before, after = 60, 40 // characters
	show := func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return '?'
	}
	left := []rune(strings.Map(show, e.Text[:e.Offset]))
	right := []rune(strings.Map(show, e.Text[e.Offset:]))
	if len(left) > before {
		left = append([]rune("…"), left[len(left)-before:]...)
	}
	if len(right) > after {
		right = append(right[:after], '…')
	}
	return string(left) + string(right) + "\n" + strings.Repeat(" ", len(left)) + "^"
}

// An Expr is an expression that was understood.
type Expr struct{ root node }

// String returns the expression in full: every value with its qualifiers,
// every operation in parentheses. It means the same to Parse and to tcpdump.
func (e *Expr) String() string { return e.root.String() }

// Parse reads an expression. Its errors are SyntaxErrors. An empty expression
// matches every frame.
func Parse(text string) (e *Expr, err error) {
	p := &parser{text: text}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *SyntaxError:
			e, err = nil, r
		default:
			panic(r)
		}
	}()
	if len(text) > maxText {
		panic(p.errorAt(maxText, "an expression has at most %d bytes", maxText))
	}
	p.token = p.scan(0)
	if p.token.kind == end {
		return &Expr{everything{}}, nil
	}
	root, _ := p.expression(qualifiers{})
	if p.token.kind != end {
		panic(p.unexpected("expected and, or, or the end"))
	}
	return &Expr{root}, nil
}

// A parser reads an expression from the left, one token ahead. It panics with
// SyntaxErrors, which Parse recovers.
type parser struct {
	text  string
	token token
	depth int
}

// errorAt returns an error with its place.
func (p *parser) errorAt(at int, format string, args ...any) *SyntaxError {
	return &SyntaxError{p.text, at, fmt.Errorf(format, args...)}
}

// unexpected returns the error of a token that cannot stand where it stands.
func (p *parser) unexpected(expected string) *SyntaxError {
	t := p.token
	switch {
	case t.kind == end:
		return p.errorAt(t.at, "the expression ends here; %s", expected)
	case t.is("["):
		return p.errorAt(t.at, "byte tests such as tcp[13] & 2 != 0 are not supported")
	case t.kind == name && isUnsupported(t.text):
		return p.errorAt(t.at, "%q is not supported", t.text)
	}
	return p.errorAt(t.at, "unexpected %q; %s", p.text[t.at:t.stop], expected)
}

// take returns the token, and goes to the next.
func (p *parser) take() token {
	t := p.token
	p.token = p.scan(t.stop)
	return t
}

// accept takes the token if it is this symbol or keyword.
func (p *parser) accept(text string) bool {
	if !p.token.is(text) {
		return false
	}
	p.take()
	return true
}

// expect takes a token that must be this one.
func (p *parser) expect(text string) {
	if !p.accept(text) {
		panic(p.unexpected(fmt.Sprintf("expected %q", text)))
	}
}

// nest counts the levels of nesting.
func (p *parser) nest() {
	if p.depth++; p.depth > maxDepth {
		panic(p.errorAt(p.token.at, "more than %d levels of parentheses and negations", maxDepth))
	}
}

// qualifiers are what stands before a value.
type qualifiers struct {
	at    int    // offset of the first, in bytes
	proto string // a protocol's keyword, "" for none
	way   direction
	of    string // host, net, port, portrange or proto; "" for no qualifiers at all
}

// expression reads terms with "and" and "or" between. A value after these
// takes the qualifiers of the term before. That before a parenthesis counts
// after it again: "before" is what holds in front of the expression. It
// returns what holds after.
func (p *parser) expression(before qualifiers) (node, qualifiers) {
	x, q := p.term(before)
	for {
		isAnd := p.token.is("and")
		if !isAnd && !p.token.is("or") {
			return x, q
		}
		p.take()
		var y node
		if p.beforeValue() {
			y = p.value(q)
		} else {
			y, q = p.term(q)
		}
		if isAnd {
			x = andNode{x, y}
		} else {
			x = orNode{x, y}
		}
	}
}

// beforeValue reports whether a value follows, perhaps negated or in
// parentheses, and not a primitive.
func (p *parser) beforeValue() bool {
	t := p.token
	for t.is("(") || t.is("not") {
		t = p.scan(t.stop)
	}
	return t.isValue() && !isUnsupported(t.text)
}

// term reads a primitive, or a negation, or an expression in parentheses.
func (p *parser) term(before qualifiers) (node, qualifiers) {
	p.nest()
	defer func() { p.depth-- }()
	switch {
	case p.accept("not"):
		x, q := p.term(before)
		return notNode{x}, q
	case p.accept("("):
		x, _ := p.expression(before)
		p.expect(")")
		return x, before
	}
	return p.primitive()
}

// primitive reads qualifiers with a value, or a primitive without values. No
// value may follow the latter.
func (p *parser) primitive() (node, qualifiers) {
	switch t := p.token; {
	case p.accept("vlan"):
		return p.vlan(), qualifiers{}
	case p.accept("less"):
		return length{"<=", p.number("a number of bytes")}, qualifiers{}
	case p.accept("greater"):
		return length{">=", p.number("a number of bytes")}, qualifiers{}
	case t.is("len") || t.is("length"):
		p.take()
		return p.length(), qualifiers{}
	}
	q := qualifiers{at: p.token.at}
	if protocol := p.token; p.protocol() {
		q.proto = p.take().text
		switch {
		case p.accept("broadcast"):
			return p.broadcast(protocol), qualifiers{}
		case p.accept("multicast"):
			return p.multicast(protocol), qualifiers{}
		}
		if !p.qualify(&q) {
			return p.abbreviation(protocol), qualifiers{}
		}
		return p.value(q), q
	}
	switch t := p.token; {
	case p.accept("broadcast"):
		return p.broadcast(t), qualifiers{}
	case p.accept("multicast"):
		return p.multicast(t), qualifiers{}
	case p.qualify(&q):
		return p.value(q), q
	}
	if p.token.isValue() && !isUnsupported(p.token.text) {
		panic(p.unexpected("expected a qualifier before it, such as host or port"))
	}
	panic(p.unexpected("expected a primitive, such as host 192.0.2.1, port 80 or tcp"))
}

// protocol reports whether the token is a protocol.
func (p *parser) protocol() bool {
	switch p.token.text {
	case "ether", "link", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "pim", "vrrp", "ah", "esp":
		return p.token.kind == keyword
	}
	return false
}

// qualify reads direction and type, and reports whether there are any.
func (p *parser) qualify(q *qualifiers) bool {
	if p.accept("proto") {
		q.of = "proto"
		return true
	}
	for _, d := range []struct {
		word, other string
		way         direction
	}{{"src", "dst", source}, {"dst", "src", destination}} {
		if !p.accept(d.word) {
			continue
		}
		q.of, q.way = "host", d.way
		switch {
		case p.accept("or"):
			q.way = either
			p.expect(d.other)
		case p.accept("and"):
			q.way = both
			p.expect(d.other)
		}
		break
	}
	for _, word := range []string{"host", "net", "port", "portrange"} {
		if p.accept(word) {
			q.of = word
			break
		}
	}
	return q.of != ""
}

// abbreviation returns the primitive that a protocol is alone.
func (p *parser) abbreviation(t token) node {
	switch t.text {
	case "ip":
		return etherIPv4
	case "ip6":
		return etherIPv6
	case "arp":
		return etherARP
	case "rarp":
		return etherRARP
	case "tcp":
		return ipProto{0, layers.IPProtocolTCP}
	case "udp":
		return ipProto{0, layers.IPProtocolUDP}
	case "sctp":
		return ipProto{0, layers.IPProtocolSCTP}
	case "icmp":
		return ipProto{etherIPv4, 1}
	case "icmp6":
		return ipProto{etherIPv6, 58}
	case "igmp":
		return ipProto{etherIPv4, 2}
	case "pim":
		return ipProto{0, 103}
	case "vrrp":
		return ipProto{etherIPv4, 112}
	case "ah":
		return ipProto{0, 51}
	case "esp":
		return ipProto{0, 50}
	}
	panic(p.unexpected(fmt.Sprintf("expected host, src, dst, proto, broadcast or multicast after %q", t.text)))
}

func (p *parser) broadcast(t token) node {
	if t.text == "ip" {
		panic(p.errorAt(t.at, "ip broadcast is not supported: a capture does not show which addresses are"))
	}
	if !t.is("broadcast") && !t.is("ether") && !t.is("link") {
		panic(p.errorAt(t.at, "%q has no broadcast", t.text))
	}
	return etherHost{destination, [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
}

func (p *parser) multicast(t token) node {
	switch t.text {
	case "multicast", "ether", "link":
		return group{}
	case "ip":
		return group{etherIPv4}
	case "ip6":
		return group{etherIPv6}
	}
	panic(p.errorAt(t.at, "%q has no multicast", t.text))
}

// vlan reads the id of a vlan, if there is one.
func (p *parser) vlan() node {
	open := 0
	for p.accept("(") {
		open++
	}
	if open == 0 && p.token.kind != number {
		return vlan{-1}
	}
	at := p.token.at
	id := p.number("the number of a VLAN")
	if id > 4095 {
		panic(p.errorAt(at, "a VLAN ID is at most 4095"))
	}
	for range open {
		p.expect(")")
	}
	return vlan{int(id)}
}

// number reads a number.
func (p *parser) number(what string) uint32 {
	if p.token.kind != number {
		panic(p.unexpected("expected " + what))
	}
	return p.take().number
}

// length reads a comparison of the frame's length.
func (p *parser) length() node {
	for _, relation := range []string{"<=", ">=", "!=", "<", ">", "="} {
		if p.accept(relation) {
			return length{relation, p.number("a number of bytes")}
		}
	}
	panic(p.unexpected("expected a comparison, such as len > 1000"))
}

// value reads what qualifiers stand before: a value, a negation, or several
// in parentheses with "and" and "or" between.
func (p *parser) value(q qualifiers) node {
	p.nest()
	defer func() { p.depth-- }()
	if p.accept("not") {
		return notNode{p.value(q)}
	}
	if !p.accept("(") {
		return p.primitiveOf(q)
	}
	x := p.value(q)
	for {
		switch {
		case p.accept("and"):
			x = andNode{x, p.value(q)}
		case p.accept("or"):
			x = orNode{x, p.value(q)}
		default:
			p.expect(")")
			return x
		}
	}
}

// primitiveOf reads a value, and returns the primitive that it is with its
// qualifiers.
func (p *parser) primitiveOf(q qualifiers) node {
	if !p.token.isValue() {
		panic(p.unexpected("expected a value, such as an address or a number"))
	}
	switch q.of {
	case "":
		panic(p.errorAt(p.token.at, "%q has no qualifier such as host or port, nor does what precedes it", p.text[p.token.at:p.token.stop]))
	case "host", "net":
		return p.host(q)
	case "port":
		return p.port(q)
	case "portrange":
		return p.portRange(q)
	}
	return p.proto(q)
}

// cannot returns the error of qualifiers that do not go with a value.
func (p *parser) cannot(q qualifiers, what string) *SyntaxError {
	return p.errorAt(q.at, "%q does not go with %s", strings.TrimSpace(q.proto+" "+q.of), what)
}

// host reads an address.
func (p *parser) host(q qualifiers) node {
	switch t := p.take(); t.kind {
	case mac:
		if q.proto != "ether" && q.proto != "link" || q.of == "net" {
			panic(p.cannot(q, "an Ethernet address; expected ether host"))
		}
		return etherHost{q.way, t.mac}
	case ipv6:
		if q.proto != "" && q.proto != "ip6" {
			panic(p.cannot(q, "an IPv6 address"))
		}
		return host6{q.way, p.prefix6(q, t)}
	case dotted:
		return host4{p.over(q), q.way, p.mask4(q, t)}
	case number:
		a := ipv4{t.number, 0xffffffff}
		// A network's bytes are counted from the left: net 10 is net 10.0.0.0/8.
		for q.of == "net" && a.address != 0 && a.address>>24 == 0 {
			a.address <<= 8
			a.mask <<= 8
		}
		if p.token.is("/") || p.token.is("mask") {
			panic(p.errorAt(t.at, "a network with a mask needs two bytes at least: %d.0", t.number))
		}
		return host4{p.over(q), q.way, a}
	default:
		panic(p.errorAt(t.at, "%q is not an address (names are not resolved)", t.text))
	}
}

// over returns the protocol that an IPv4 address is looked for in.
func (p *parser) over(q qualifiers) etherType {
	switch q.proto {
	case "":
		return 0
	case "ip":
		return etherIPv4
	case "arp":
		return etherARP
	case "rarp":
		return etherRARP
	}
	panic(p.cannot(q, "an IPv4 address"))
}

// mask4 reads a mask after an IPv4 address.
func (p *parser) mask4(q qualifiers, t token) ipv4 {
	a := t.ipv4
	switch {
	case p.accept("/"):
		bits := p.bits(32)
		a.mask = uint32(0xffffffff << (32 - bits))
	case q.of == "net" && p.accept("mask"):
		if p.token.kind != dotted {
			panic(p.unexpected("expected a mask, such as 255.255.0.0"))
		}
		m := p.take().ipv4
		a.mask = m.address
	default:
		return a
	}
	if q.of != "net" {
		panic(p.errorAt(t.at, "a host has no mask; expected net"))
	}
	if a.address&^a.mask != 0 {
		panic(p.errorAt(t.at, "%q has bits outside of its mask", t.text))
	}
	return a
}

// prefix6 reads a mask after an IPv6 address.
func (p *parser) prefix6(q qualifiers, t token) netip.Prefix {
	bits := 128
	if p.accept("/") {
		bits = p.bits(128)
	}
	if q.of != "net" && bits != 128 {
		panic(p.errorAt(t.at, "a host has no mask; expected net"))
	}
	net := netip.PrefixFrom(t.ipv6, bits)
	if net.Masked() != net {
		panic(p.errorAt(t.at, "%q has bits outside of its mask", t.text))
	}
	return net
}

// bits reads the length of a mask.
func (p *parser) bits(most uint32) int {
	at := p.token.at
	n := p.number("the length of a mask")
	if n > most {
		panic(p.errorAt(at, "a mask has at most %d bits", most))
	}
	return int(n)
}

// transport returns the protocol that ports are looked for in.
func (p *parser) transport(q qualifiers) layers.IPProtocol {
	switch q.proto {
	case "":
		return 0
	case "tcp":
		return layers.IPProtocolTCP
	case "udp":
		return layers.IPProtocolUDP
	case "sctp":
		return layers.IPProtocolSCTP
	}
	panic(p.cannot(q, "ports; expected tcp, udp or sctp"))
}

// port reads a port, by number or name.
func (p *parser) port(q qualifiers) node {
	proto := p.transport(q)
	t := p.take()
	switch t.kind {
	case number:
		if t.number > 65535 {
			panic(p.errorAt(t.at, "a port is at most 65535"))
		}
		return ports{proto, q.way, uint16(t.number), uint16(t.number)}
	case name:
		s, ok := service(t.text)
		if !ok {
			panic(p.errorAt(t.at, "%q is not a known port name; expected a number", t.text))
		}
		if s.proto != 0 && proto != 0 && s.proto != proto {
			panic(p.errorAt(t.at, "the port %q is not one of %s", t.text, q.proto))
		}
		return ports{max(proto, s.proto), q.way, s.port, s.port}
	}
	panic(p.errorAt(t.at, "%q is not a port", t.text))
}

// portRange reads two ports with a dash between, or one.
func (p *parser) portRange(q qualifiers) node {
	proto := p.transport(q)
	t := p.take()
	low, top, found := strings.Cut(t.text, "-")
	if !found {
		top = low
	}
	from, err := strconv.ParseUint(low, 10, 16)
	to, err2 := strconv.ParseUint(top, 10, 16)
	if t.kind != number && t.kind != name || err != nil || err2 != nil {
		panic(p.errorAt(t.at, "%q is not a port range such as 5060-5080", t.text))
	}
	return ports{proto, q.way, uint16(min(from, to)), uint16(max(from, to))}
}

// proto reads a protocol, by number or name.
func (p *parser) proto(q qualifiers) node {
	t := p.take()
	switch q.proto {
	case "ether", "link":
		n := etherType(t.number)
		if t.kind == name {
			n = etherTypeOf(t.text)
		}
		if t.kind != number && n == 0 || t.number > 0xffff {
			panic(p.errorAt(t.at, "%q is not a known EtherType; expected its number, or \\ip, \\ip6, \\arp or \\rarp", t.text))
		}
		if n <= 1500 || n == 0x809b || n == 0x80f3 {
			panic(p.errorAt(t.at, "the protocols of LLC and AppleTalk are not supported"))
		}
		return n
	case "", "ip", "ip6":
		n := layers.IPProtocol(t.number)
		if t.kind == name {
			n = protocolOf(t.text)
		}
		if t.kind != number && n == 0 || t.number > 255 {
			panic(p.errorAt(t.at, "%q is not a known IP protocol; expected its number, or a name such as \\tcp", t.text))
		}
		return ipProto{map[string]etherType{"ip": etherIPv4, "ip6": etherIPv6}[q.proto], n}
	}
	panic(p.cannot(q, "a number; expected ip, ip6 or ether"))
}

package filter

// A condition is what an expression is for one link type: tests, with
// operations between.
type condition interface {
	// emit adds the tests to a program, and returns the first block of them.
	// The program goes on with yes where the condition holds, else with no.
	emit(p *Program, yes, no target) target
}

type (
	allOf  struct{ a, b condition } // b is not tested where a fails
	anyOf  struct{ a, b condition } // b is not tested where a holds
	noneOf struct{ a condition }
	ifElse struct {
		test test
		a, b condition // b where the test fails
	}
	always bool

	// A test compares a value of the frame, under a mask, to a constant.
	test struct {
		value    value
		mask     uint32
		relation relation
		constant uint32
	}
)

// A value is a number in the frame, or one that the kernel holds of it.
type value struct {
	from   origin
	offset uint32 // in the frame, or after the IPv4 header
	size   uint8  // bytes: 1, 2 or 4, the highest first
	header uint32 // offset of the IPv4 header in the frame, for afterIPv4
}

// An origin is where a value is to be found.
type origin uint8

const (
	inFrame origin = iota
	afterIPv4
	wireLength
	tagPresent // 1 if the kernel took a VLAN tag away, else 0
	tagControl // what the tag was: the VLAN's id in the lower 12 bits
)

// A relation is how a value is compared.
type relation uint8

const (
	equal relation = iota
	greater
	greaterOrEqual
	anyBit
)

func (c allOf) emit(p *Program, yes, no target) target {
	return c.a.emit(p, c.b.emit(p, yes, no), no)
}

func (c anyOf) emit(p *Program, yes, no target) target {
	return c.a.emit(p, yes, c.b.emit(p, yes, no))
}

func (c noneOf) emit(p *Program, yes, no target) target { return c.a.emit(p, no, yes) }

func (c ifElse) emit(p *Program, yes, no target) target {
	return p.add(block{c.test, c.a.emit(p, yes, no), c.b.emit(p, yes, no)})
}

func (c always) emit(_ *Program, yes, no target) target {
	if c {
		return yes
	}
	return no
}

func (c test) emit(p *Program, yes, no target) target {
	if c.mask == 0 {
		return always(c.constant == 0).emit(p, yes, no)
	}
	return p.add(block{c, yes, no})
}

// is returns the test that bytes of the frame are a number.
func is(offset uint32, size uint8, constant uint32) test {
	return test{value{offset: offset, size: size}, ^uint32(0), equal, constant}
}

// masked returns the test with a mask.
func (c test) masked(mask uint32) test {
	c.mask = mask
	return c
}

// compared returns the test with a relation other than equality.
func (c test) compared(r relation) test {
	c.relation = r
	return c
}

// oneOf returns the condition that one of several holds at least.
func oneOf(first condition, others ...condition) condition {
	for _, c := range others {
		first = anyOf{first, c}
	}
	return first
}

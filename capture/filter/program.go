package filter

import "encoding/binary"

// A Program tells which frames of one link type match an expression.
type Program struct {
	// blocks are made from the last to the first: a block's targets stand
	// before it.
	blocks []block
	first  target
	index  map[block]target // of blocks; nil when all are made
}

// A block is a test, and where the program goes on.
type block struct {
	test
	yes, no target
}

// A target is the index of a block, or an end of the program.
type target int32

const (
	rejected target = -1
	accepted target = -2
)

// newProgram returns the program of a condition.
func newProgram(c condition) *Program {
	p := &Program{index: map[block]target{}}
	p.first = c.emit(p, accepted, rejected)
	p.index = nil
	return p
}

// add adds a block, unless it is there, and returns its index.
func (p *Program) add(b block) target {
	b.yes = p.skip(b, true, b.yes)
	b.no = p.skip(b, false, b.no)
	if b.yes == b.no && b.value.from > afterIPv4 { // a frame may be too short for the others
		return b.yes
	}
	at, ok := p.index[b]
	if !ok {
		at = target(len(p.blocks))
		p.blocks = append(p.blocks, b)
		p.index[b] = at
	}
	return at
}

// skip returns the first target whose outcome is not known already from that
// of b, which stands before it.
func (p *Program) skip(b block, held bool, to target) target {
	for to >= 0 {
		holds, known := b.implies(held, p.blocks[to].test)
		switch {
		case !known:
			return to
		case holds:
			to = p.blocks[to].yes
		default:
			to = p.blocks[to].no
		}
	}
	return to
}

// implies reports whether another test of the same value is decided by this
// one's outcome, and its outcome.
func (t test) implies(held bool, other test) (holds, known bool) {
	switch {
	case t == other:
		return held, true
	case t.value == other.value && t.mask == other.mask && t.relation == equal && other.relation == equal && held:
		return false, true
	}
	return false, false
}

// Match reports whether a frame matches. Length is its length on the wire, and
// frame the bytes of it that were captured.
func (p *Program) Match(frame []byte, length int) bool {
	at := p.first
	for at >= 0 {
		b := &p.blocks[at]
		v, ok := b.value.of(frame, length)
		if !ok {
			return false
		}
		if b.holds(v & b.mask) {
			at = b.yes
		} else {
			at = b.no
		}
	}
	return at == accepted
}

// of returns the value that a frame has, if it has it.
func (v *value) of(frame []byte, length int) (uint32, bool) {
	at := uint64(v.offset)
	switch v.from {
	case wireLength:
		return uint32(length), true
	case afterIPv4:
		if uint64(v.header) >= uint64(len(frame)) {
			return 0, false
		}
		at += uint64(frame[v.header]&0xf) * 4
	}
	if at+uint64(v.size) > uint64(len(frame)) {
		return 0, false
	}
	switch b := frame[at:]; v.size {
	case 1:
		return uint32(b[0]), true
	case 2:
		return uint32(binary.BigEndian.Uint16(b)), true
	default:
		return binary.BigEndian.Uint32(b), true
	}
}

// holds reports whether a masked value compares as it should.
func (t *test) holds(v uint32) bool {
	switch t.relation {
	case equal:
		return v == t.constant
	case greater:
		return v > t.constant
	case greaterOrEqual:
		return v >= t.constant
	default:
		return v&t.constant != 0
	}
}

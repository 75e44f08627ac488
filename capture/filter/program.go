package filter

import (
	"encoding/binary"
	"slices"
)

// A Program decides which frames of one link type match an expression.
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
	p.shorten()
	return p
}

// add adds a block, unless it is there, and returns its index.
func (p *Program) add(b block) target {
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

// maxOutcomes is how many outcomes are remembered in front of a block: 16 of 8
// bytes each, less than what the block itself takes.
const maxOutcomes = 16

// An outcome is what a test came to.
type outcome struct {
	of   target
	held bool
}

// shorten lets every way through the program pass over the tests whose outcome
// is known from those before, so that whether a frame is IP is tested once, and
// not for each host.
func (p *Program) shorten() {
	known := make([][]outcome, len(p.blocks)) // on all ways to each block, the last first; nil where none leads
	if p.first >= 0 {
		known[p.first] = []outcome{}
	}
	for i := p.first; i >= 0; i-- { // a block's targets come after it
		if known[i] == nil {
			continue
		}
		b := &p.blocks[i]
		b.yes = p.lead(b.yes, known, outcome{i, true})
		b.no = p.lead(b.no, known, outcome{i, false})
		known[i] = nil
	}
}

// lead returns where a way that begins with an outcome leads to, and notes
// there what is known.
func (p *Program) lead(to target, known [][]outcome, last outcome) target {
	before := known[last.of]
	all := append([]outcome{last}, before[:min(len(before), maxOutcomes-1)]...)
	for to >= 0 {
		holds, decided := p.decide(to, all)
		switch {
		case !decided && known[to] == nil:
			known[to] = all
			return to
		case !decided:
			known[to] = slices.DeleteFunc(known[to], func(o outcome) bool { return !slices.Contains(all, o) })
			return to
		case holds:
			to = p.blocks[to].yes
		default:
			to = p.blocks[to].no
		}
	}
	return to
}

// decide reports whether the outcome of a block's test is known, and which it
// is. A value that was compared is there, so that the frame is not too short
// for the test that is passed over.
func (p *Program) decide(at target, known []outcome) (holds, decided bool) {
	t := &p.blocks[at].test
	for _, o := range known {
		before := &p.blocks[o.of].test
		switch {
		case before.value != t.value:
		case *before == *t:
			return o.held, true
		case o.held && before.relation == equal && t.mask&^before.mask == 0:
			return t.holds(before.constant & t.mask), true
		}
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

package publish

import "hash/maphash"

// A numbering follows the numbers of a sensor's lines. They come in order, except
// where a cluster lost messages that were on their way: those are sent again, after
// up to a window of others.
type numbering struct {
	run   int64  // of the sensor
	top   int64  // the greatest number of the run
	holes []hole // numbers below it that are missing and may come, the lowest first
}

// A hole is a range of numbers.
type hole struct {
	from, to int64
	stored   int64 // when the line after it was stored
	after    int   // lines that came since
}

// take takes the number of a line, and returns how many lines before it are known
// to be missing now.
func (n *numbering) take(run, line, stored int64) (missing int64) {
	if run != n.run { // what was before it is over
		missing = n.fillAll()
		n.run, n.top = run, line
		return missing
	}
	if line <= n.top {
		n.fill(line)
		return 0
	}
	if line > n.top+1 && n.top > 0 {
		n.holes = append(n.holes, hole{from: n.top + 1, to: line - 1, stored: stored})
	}
	n.top = line
	for i := range n.holes {
		n.holes[i].after++
	}
	for len(n.holes) > 0 && n.holes[0].after > window {
		missing += n.drop()
	}
	return missing
}

// heartbeat takes the number that a sensor has reached which has nothing left to
// send.
func (n *numbering) heartbeat(run, line int64) (missing int64) {
	if run != n.run {
		missing = n.fillAll()
		n.run, n.top = run, line
		return missing
	}
	for len(n.holes) > 0 && n.holes[0].from <= line {
		missing += n.drop()
	}
	if n.top > 0 {
		missing += max(0, line-n.top)
	}
	n.top = max(n.top, line)
	return missing
}

// fill notes that a missing line has come.
func (n *numbering) fill(line int64) {
	for i, h := range n.holes {
		switch {
		case line < h.from || line > h.to:
			continue
		case h.from == h.to:
			n.holes = append(n.holes[:i], n.holes[i+1:]...)
		case line == h.from:
			n.holes[i].from++
		case line == h.to:
			n.holes[i].to--
		default:
			rest := h
			rest.from, n.holes[i].to = line+1, line-1
			n.holes = append(n.holes[:i+1], append([]hole{rest}, n.holes[i+1:]...)...)
		}
		return
	}
}

// drop drops the first hole, and returns its size.
func (n *numbering) drop() int64 {
	h := n.holes[0]
	n.holes = n.holes[1:]
	return h.to - h.from + 1
}

// fillAll drops all holes, and returns their size.
func (n *numbering) fillAll() (missing int64) {
	for len(n.holes) > 0 {
		missing += n.drop()
	}
	return missing
}

// blocked reports whether a line that comes before m may still come.
func (n *numbering) blocked(m *message) bool {
	return len(n.holes) > 0 && m.run == n.run && n.holes[0].from < m.n
}

// maxRecent is how many ids of messages are known, 64 bits and 30 bytes of an index
// each: 2.5 MiB. A server that has lost its own memory of ids gets what was on its way
// once more, which is a window a sensor.
const maxRecent = 64 << 10

// recent are the ids of the latest messages.
type recent struct {
	seed  maphash.Seed
	ids   map[uint64]struct{}
	order []uint64 // a ring
	at    int
}

// add adds an id, and reports whether it was there.
func (r *recent) add(id string) bool {
	if id == "" {
		return false
	}
	if r.ids == nil {
		r.seed, r.ids = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	h := maphash.String(r.seed, id)
	if _, ok := r.ids[h]; ok {
		return true
	}
	r.ids[h] = struct{}{}
	if len(r.order) < maxRecent {
		r.order = append(r.order, h)
		return false
	}
	delete(r.ids, r.order[r.at])
	r.order[r.at] = h
	r.at = (r.at + 1) % maxRecent
	return false
}

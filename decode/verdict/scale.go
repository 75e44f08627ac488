package verdict

import (
	"math/bits"
	"slices"
)

// maxExact is how many latencies are kept as they are: 4 KiB.
const maxExact = 512

// A latencies keeps the first latencies as they are, and counts more of them in a
// histogram whose buckets are 1/64 of a power of two wide: a quantile is then off
// by less than 1 %. Of the 40 powers that latencies up to 18 minutes have, it keeps
// those that occur, 256 bytes each.
type latencies struct {
	exact  []int64
	powers [64]*[64]uint32
	n      int
	max    int64
}

// add counts a latency in nanoseconds; one below 64, also of a clock that was
// set back, counts as 64.
func (l *latencies) add(ns int64) {
	ns = max(ns, 64)
	l.n++
	l.max = max(l.max, ns)
	if l.n <= maxExact {
		l.exact = append(l.exact, ns)
		return
	}
	for _, before := range l.exact {
		l.count(before)
	}
	l.exact = nil
	l.count(ns)
}

// count counts a latency in the histogram.
func (l *latencies) count(ns int64) {
	power, part := bucket(ns)
	if l.powers[power] == nil {
		l.powers[power] = new([64]uint32)
	}
	l.powers[power][part]++
}

// bucket returns the power of two, and the 64th of it, that a latency of at
// least 64 ns is in.
func bucket(ns int64) (power, part int) {
	power = bits.Len64(uint64(ns))
	return power, int(ns>>(power-7)) & 63
}

// quantile returns the latency that a share q of all does not exceed, 0 for none.
func (l *latencies) quantile(q float64) int64 {
	rank := max(1, int(q*float64(l.n)+0.5))
	if l.exact != nil {
		return slices.Sorted(slices.Values(l.exact))[rank-1]
	}
	for power, parts := range l.powers {
		if parts == nil {
			continue
		}
		for part, n := range parts {
			if rank -= int(n); rank <= 0 && n > 0 {
				return min(l.max, value(power, part))
			}
		}
	}
	return l.max
}

// value returns the middle of a bucket.
func value(power, part int) int64 {
	width := int64(1) << (power - 7)
	return int64(1)<<(power-1) + int64(part)*width + width/2
}

// parts is how many parts of time the events of a server are counted in.
const parts = 64

// counts are events in parts of time.
type counts struct {
	n       [parts]int
	doubled int // how often its scale has
}

// A scale says when the first part begins, and how long each is. It doubles
// when an event lies beyond it; counts follow when they are next used.
type scale struct {
	begin, width int64 // nanoseconds
	doubled      int
}

// add counts an event at a time.
func (s *scale) add(c *counts, at int64) {
	if s.width == 0 {
		s.begin, s.width = at, 1e9
	}
	for (at-s.begin)/s.width >= parts {
		s.width *= 2
		s.doubled++
	}
	s.adjust(c)
	c.n[max(0, (at-s.begin)/s.width)]++
}

// adjust brings counts to the scale.
func (s *scale) adjust(c *counts) {
	for ; c.doubled < s.doubled; c.doubled++ {
		for i := range parts / 2 {
			c.n[i] = c.n[2*i] + c.n[2*i+1]
		}
		clear(c.n[parts/2:])
	}
}

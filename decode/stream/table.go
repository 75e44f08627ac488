package stream

import (
	"iter"
	"math/bits"
	"math/rand/v2"

	"actionurl/decode/packet"
)

// A table finds connections by their two ends, whichever of them sends: a hash
// table with linear probing. Go's maps take more than twice the time, as they
// hash and compare both ends in one order only, which has to be established
// before.
//
// A slot is eight bytes, and connections are numbered in slabs, so that a search
// among very many of them misses the caches no more than twice.
type table struct {
	slots []slot // a power of two, at least half of them free
	n     int
	seeds [3]uint64 // so that nobody can choose ends that collide
	slabs [][]Conn  // all connections that were ever made, those that are free included
	made  uint32
}

type slot struct {
	hash   uint32
	number uint32 // of the connection; 0 where the slot is free
}

// slabSize is how many connections are allocated at a time.
const slabSize = 256

func newTable() table {
	return table{slots: make([]slot, 256), seeds: [3]uint64{rand.Uint64(), rand.Uint64(), rand.Uint64() | 1}}
}

// make returns a connection with the next number.
func (t *table) make() *Conn {
	if t.made%slabSize == 0 {
		t.slabs = append(t.slabs, make([]Conn, slabSize))
	}
	t.made++
	c := t.conn(t.made)
	c.number = t.made
	return c
}

// conn returns the connection with a number, which begin at 1.
func (t *table) conn(number uint32) *Conn {
	n := number - 1
	return &t.slabs[n/slabSize][n%slabSize]
}

// find returns the connection between two ends, nil if there is none, and which
// of its sides src is.
func (t *table) find(src, dst *packet.Endpoint) (c *Conn, from Side) {
	hash := t.hash(src, dst)
	for i := t.home(hash); ; i = t.after(i) {
		s := t.slots[i]
		if s.number == 0 {
			return nil, 0
		}
		if s.hash != hash {
			continue
		}
		switch c := t.conn(s.number); {
		case c.ends[0] == *src && c.ends[1] == *dst:
			return c, 0
		case c.ends[1] == *src && c.ends[0] == *dst:
			return c, 1
		}
	}
}

// all yields the connections in the table, any of which may be removed meanwhile.
func (t *table) all() iter.Seq[*Conn] {
	return func(yield func(*Conn) bool) {
		for n := range t.made {
			if c := t.conn(n + 1); c.known && !yield(c) {
				return
			}
		}
	}
}

// add adds a connection that is not in the table.
func (t *table) add(c *Conn) {
	if 2*t.n >= len(t.slots) {
		t.grow()
	}
	c.known = true
	t.put(slot{t.hash(&c.ends[0], &c.ends[1]), c.number})
	t.n++
}

func (t *table) put(s slot) {
	i := t.home(s.hash)
	for t.slots[i].number != 0 {
		i = t.after(i)
	}
	t.slots[i] = s
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.number != 0 {
			t.put(s)
		}
	}
}

// remove removes a connection that is in the table. Those behind it move up, as
// far as their places allow.
func (t *table) remove(c *Conn) {
	c.known = false
	t.n--
	i := t.home(t.hash(&c.ends[0], &c.ends[1]))
	for t.slots[i].number != c.number {
		i = t.after(i)
	}
	for j := t.after(i); t.slots[j].number != 0; j = t.after(j) {
		if t.distance(t.home(t.slots[j].hash), j) >= t.distance(i, j) {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = slot{}
}

func (t *table) home(hash uint32) uint32         { return hash & uint32(len(t.slots)-1) }
func (t *table) after(i uint32) uint32           { return (i + 1) & uint32(len(t.slots)-1) }
func (t *table) distance(from, to uint32) uint32 { return (to - from) & uint32(len(t.slots)-1) }

// hash is the same for both orders of the ends.
func (t *table) hash(a, b *packet.Endpoint) uint32 {
	hi, lo := bits.Mul64(t.mix(a)+t.mix(b), t.seeds[2])
	return uint32(hi ^ lo)
}

// mix multiplies the parts of an endpoint with one another, as wyhash does.
func (t *table) mix(e *packet.Endpoint) uint64 {
	hi, lo := bits.Mul64(e.Addr.Hi^t.seeds[0], e.Addr.Lo^t.seeds[1])
	hi, lo = bits.Mul64(hi^lo^uint64(e.Port), t.seeds[2])
	return hi ^ lo
}

package wire

import "actionurl/decode/httpwire"

// A ring holds exchanges in the order of their frames.
type ring struct {
	slots []*httpwire.Exchange // a power of two
	head  int                  // of the oldest
	n     int
	text  int // bytes of their strings
}

func (r *ring) slot(i int) **httpwire.Exchange {
	return &r.slots[(r.head+i)&(len(r.slots)-1)]
}

func (r *ring) oldest() *httpwire.Exchange { return *r.slot(0) }

// insert puts x in its place: mostly the end, as frames come in order, but a
// request that waited for bytes before it has an earlier frame. Of two
// captures the time decides.
func (r *ring) insert(x *httpwire.Exchange) {
	if r.n == len(r.slots) {
		r.grow()
	}
	i := r.n
	r.n++
	r.text += x.TextSize()
	for ; i > 0; i-- {
		before := *r.slot(i - 1)
		if !before.After(&x.Origin) {
			break
		}
		*r.slot(i) = before
	}
	*r.slot(i) = x
}

func (r *ring) remove() *httpwire.Exchange {
	s := r.slot(0)
	x := *s
	*s = nil
	r.head = (r.head + 1) & (len(r.slots) - 1)
	r.n--
	r.text -= x.TextSize()
	return x
}

func (r *ring) grow() {
	slots := make([]*httpwire.Exchange, max(64, 2*len(r.slots)))
	for i := range r.n {
		slots[i] = *r.slot(i)
	}
	r.slots, r.head = slots, 0
}

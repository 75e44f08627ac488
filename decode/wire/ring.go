package wire

import (
	"container/heap"
	"iter"

	"actionurl/decode/httpwire"
)

// A ring holds exchanges in the order of their frames. Of two captures the time
// decides. Mostly they come in order; those that come late, because they waited
// for bytes before them, are kept aside.
type ring struct {
	slots []*httpwire.Exchange // a power of two
	head  int                  // of the oldest that came in order
	used  int                  // slots
	late  late
	turns int // of those that came late, so far
	n     int
	text  int // bytes of their strings
}

func (r *ring) slot(i int) **httpwire.Exchange {
	return &r.slots[(r.head+i)&(len(r.slots)-1)]
}

// oldest returns the first exchange. Of equal ones it is the one that came first.
func (r *ring) oldest() *httpwire.Exchange {
	if r.lateFirst() {
		return r.late[0].Exchange
	}
	return *r.slot(0)
}

func (r *ring) lateFirst() bool {
	return len(r.late) > 0 && (r.used == 0 || (*r.slot(0)).After(&r.late[0].Origin))
}

func (r *ring) insert(x *httpwire.Exchange) {
	r.n++
	r.text += x.TextSize()
	if r.used > 0 && (*r.slot(r.used - 1)).After(&x.Origin) {
		heap.Push(&r.late, lateExchange{x, r.turns})
		r.turns++
		return
	}
	if r.used == len(r.slots) {
		r.grow()
	}
	*r.slot(r.used) = x
	r.used++
}

// all yields the exchanges in no order.
func (r *ring) all() iter.Seq[*httpwire.Exchange] {
	return func(yield func(*httpwire.Exchange) bool) {
		for i := range r.used {
			if !yield(*r.slot(i)) {
				return
			}
		}
		for _, l := range r.late {
			if !yield(l.Exchange) {
				return
			}
		}
	}
}

func (r *ring) remove() *httpwire.Exchange {
	x := r.oldest()
	if r.lateFirst() {
		heap.Pop(&r.late)
	} else {
		*r.slot(0) = nil
		r.head = (r.head + 1) & (len(r.slots) - 1)
		r.used--
	}
	r.n--
	r.text -= x.TextSize()
	return x
}

func (r *ring) grow() {
	slots := make([]*httpwire.Exchange, max(64, 2*len(r.slots)))
	for i := range r.used {
		slots[i] = *r.slot(i)
	}
	r.slots, r.head = slots, 0
}

// late is a heap of exchanges.
type late []lateExchange

type lateExchange struct {
	*httpwire.Exchange
	turn int // in which it came
}

var _ heap.Interface = (*late)(nil)

func (l late) Len() int      { return len(l) }
func (l late) Swap(i, j int) { l[i], l[j] = l[j], l[i] }

func (l late) Less(i, j int) bool {
	switch {
	case l[j].After(&l[i].Origin):
		return true
	case l[i].After(&l[j].Origin):
		return false
	}
	return l[i].turn < l[j].turn
}

func (l *late) Push(x any) { *l = append(*l, x.(lateExchange)) }

func (l *late) Pop() any {
	last := len(*l) - 1
	x := (*l)[last]
	(*l)[last] = lateExchange{}
	*l = (*l)[:last]
	return x
}

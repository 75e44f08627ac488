package timeline

import (
	"unsafe"
)

// stepSize is the size of an event of a call, in bytes.
const stepSize = int(unsafe.Sizeof(Step{}))

// roomSteps is how many events a call has room for without a slice of its own.
const roomSteps = 4

// spill returns how many bytes the slice of a call's events takes, if it has one.
func (c *Call) spill() int { return (cap(c.Steps) - roomSteps) * stepSize }

// A lane is the calls that wait equally long for their next event, in the order
// in which they began to wait. After the timeout, in nanoseconds, they are closed.
type lane struct {
	timeout     int64
	first, last *Call
}

func (l *lane) push(c *Call, now int64) {
	c.lane, c.since = l, now
	c.prev, c.next = l.last, nil
	if l.last != nil {
		l.last.next = c
	} else {
		l.first = c
	}
	l.last = c
}

func (l *lane) remove(c *Call) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		l.last = c.prev
	}
	c.lane = nil
}

// place puts a call into its lane: one that is over waits for late and repeated
// events, one that rings or talks for its end.
func (t *Timeline) place(c *Call, now int64) {
	l := &t.talking
	switch {
	case c.over():
		l = &t.over
	case !c.answered:
		l = &t.ringing
	}
	if c.lane == l {
		if l != &t.talking {
			return
		}
		if l.last == c {
			c.since = now
			return
		}
	}
	if c.lane != nil {
		c.lane.remove(c)
	}
	l.push(c, now)
}

// ref returns the phone's reference to a call that is not closed.
func (c *Call) ref() *ref {
	for i := len(c.Phone.open) - 1; i >= 0; i-- {
		if r := &c.Phone.open[i]; r.call == c {
			return r
		}
	}
	panic("timeline: a call that its phone does not have")
}

// close closes a call, which then waits to be handed out. Its
// signalling stays what it is now, however long that takes.
func (t *Timeline) close(c *Call) {
	c.closed = true
	if c.SIP != nil {
		now := *c.SIP
		c.SIP = &now
	}
	c.lane.remove(c)
	t.waiting.push(c, 0)
	if c.group != nil {
		c.group.close(c)
	}
	p := c.Phone
	for i := range p.open {
		if p.open[i].call == c {
			copy(p.open[i:], p.open[i+1:])
			p.open[len(p.open)-1] = ref{}
			p.open = p.open[:len(p.open)-1]
			break
		}
	}
}

// handOut hands out the closed calls that wait for no older one.
func (t *Timeline) handOut() {
	for t.config.Live && t.waiting.first != nil {
		t.handOver(t.waiting.first)
	}
	for t.oldest != nil && t.oldest.closed && (t.oldest.group == nil || t.oldest.group.ready(t.now)) {
		t.handOver(t.oldest)
	}
}

// makeRoom makes room for a call. First the closed ones go, though older ones
// are open.
func (t *Timeline) makeRoom() {
	for t.calls >= t.room || t.long >= maxLong {
		if t.waiting.first == nil {
			t.drop(t.oldest)
		}
		t.handOver(t.waiting.first)
	}
}

// drop closes a call before its time.
func (t *Timeline) drop(c *Call) {
	if !c.over() {
		c.cut = true
		t.cut++
	}
	t.close(c)
}

// emit hands a closed call out, and forgets it.
func (t *Timeline) emit(c *Call) {
	if t.config.Closed != nil {
		t.config.Closed(c.filled())
	}
	t.waiting.remove(c)
	t.unlink(c)
	t.long -= int(c.size) + c.spill()
	t.free = append(t.free, c)
}

// link makes a call the youngest.
func (t *Timeline) link(c *Call) {
	t.calls++
	c.elder, c.younger = t.youngest, nil
	if c.elder != nil {
		c.elder.younger = c
	} else {
		t.oldest = c
	}
	t.youngest = c
}

func (t *Timeline) unlink(c *Call) {
	t.calls--
	if c.elder != nil {
		c.elder.younger = c.younger
	} else {
		t.oldest = c.younger
	}
	if c.younger != nil {
		c.younger.elder = c.elder
	} else {
		t.youngest = c.elder
	}
}

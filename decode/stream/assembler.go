package stream

import (
	"fmt"

	"actionurl/decode/packet"
)

// Counts says what became of the segments.
type Counts struct {
	Conns      int   // connections followed, those joined included
	Evicted    int   // connections forgotten because there were too many
	Gaps       int   // holes that were skipped
	GapBytes   int64 // and the bytes missing in them
	Duplicates int   // segments that hold nothing new
}

// Config says whom an Assembler reports to; each may be nil.
type Config struct {
	Lost   packet.Lost    // gaps, and connections that were forgotten
	Failed func(*Attempt) // connections that were not established; the Attempt is the callee's
}

// An Assembler follows the connections of one capture. It is not safe for
// concurrent use.
type Assembler struct {
	Counts Counts

	config   Config
	receiver Receiver
	table    table
	free     []*Conn
	hand     uint32 // number of the connection after which the search for one to evict continues

	closed  []closedConn // a ring of maxClosed
	oldest  int          // index of the oldest in closed
	nclosed int

	waiting  int      // bytes waiting, segmentCost included
	segments *segment // to be used again
	held     int      // memory of all segments, those to be used again included
	mark     Mark     // of the segment at hand
}

// A closedConn is a connection that lingers.
type closedConn struct {
	conn    *Conn
	closing uint32
	time    int64
}

// NewAssembler returns an Assembler that hands the streams to r.
func NewAssembler(r Receiver, c Config) *Assembler {
	return &Assembler{config: c, receiver: r, table: newTable(), closed: make([]closedConn, maxClosed)}
}

// Segment takes the next segment of the capture. What it keeps of it, it copies.
func (a *Assembler) Segment(s *packet.Segment) {
	if s.SYN {
		a.expire(s.Clock) // it may begin one between the same ports, even with the same number
	}
	c, side := a.table.find(&s.Src, &s.Dst)
	if c == nil {
		if !s.SYN && len(s.Payload) == 0 {
			return // nothing to follow yet
		}
		c = a.open(s)
	}
	c.touched = true
	h := &c.halves[side]
	h.seen = true
	if s.Bare() && !c.halves[side.Other()].waits() {
		a.acknowledge(c, side.Other(), s)
		return // the usual case
	}
	a.mark.Origin, a.mark.Ack, a.mark.HasAck = s.Origin, s.Ack, s.ACK
	seq := s.Seq
	if s.SYN {
		a.syn(c, side, s)
		h.seen = true // also of a connection that begins again
		seq++
	}
	a.acknowledge(c, side.Other(), s)
	switch {
	case s.RST:
		a.reset(c, side, s)
	case len(s.Payload)+s.Cut > 0 || s.FIN:
		a.data(c, side, seq, s)
	}
}

// syn begins a connection with a SYN of side, unless it did so before.
func (a *Assembler) syn(c *Conn, side Side, s *packet.Segment) {
	h, o := &c.halves[side], &c.halves[side.Other()]
	start := s.Seq + 1
	if h.open && h.start == start {
		h.synced = true
		a.tried(c, side, s)
		return // a copy of it
	}
	if late := After(start, h.start); h.open && !h.synced && late > 0 && late < maxHalfWaiting {
		h.synced = true
		return // it comes after the data
	}
	// Its answer came first, or it is the answer. Either may acknowledge data
	// that came with the SYN (RFC 7413).
	answered := h.hasAcked && within(h.acked, start, start+uint32(len(s.Payload)+s.Cut))
	answers := s.ACK && o.synced && within(s.Ack, o.start, o.next)
	if h.open || o.open && !answered && !answers {
		a.restart(c)
	}
	h.open, h.synced, h.start, h.next = true, true, start, start
	if !s.ACK {
		c.began = s.Clock
	}
}

// restart makes c a new connection between the same ports.
func (a *Assembler) restart(c *Conn) {
	a.lose(c)
	a.Counts.Conns++
	c.halves = [2]half{}
	c.closed, c.rejected = false, false
	c.closing++
}

// lose hands on what waits and ends both directions.
func (a *Assembler) lose(c *Conn) {
	a.unanswered(c)
	mark := a.mark
	for side := range Side(2) {
		a.settle(c, side, true)
	}
	a.mark = mark
	a.receiver.End(c, 0, Lost, &a.mark)
	c.State = nil
}

// acknowledge notes that the other side has all that side sent before what s, a
// segment of that side, acknowledges.
func (a *Assembler) acknowledge(c *Conn, side Side, s *packet.Segment) {
	h, ack := &c.halves[side], s.Ack
	if !s.ACK || h.open && far(h.next, ack) {
		return
	}
	if !h.hasAcked || After(h.acked, ack) > 0 {
		h.acked, h.hasAcked = ack, true
		if h.waits() {
			a.settle(c, side, false)
		}
	}
}

// reset ends the connection by an RST of side, if it is a valid one: in the
// window (RFC 9293, section 3.10.7.4), or the answer to a SYN. One that came
// late from an earlier connection is not.
func (a *Assembler) reset(c *Conn, side Side, s *packet.Segment) {
	h, o := &c.halves[side], &c.halves[side.Other()]
	var valid bool
	switch {
	case h.open:
		d := After(h.next, s.Seq)
		valid = d >= 0 && d < maxHalfWaiting
	case s.ACK:
		valid = o.open && !far(o.next, s.Ack)
	default:
		valid = h.hasAcked && h.acked == s.Seq
	}
	if !valid || h.ended && o.ended {
		return
	}
	a.refused(c, side, s)
	mark := a.mark
	a.settle(c, side, true)
	a.settle(c, side.Other(), true)
	a.mark = mark
	h.ended, o.ended = true, true
	a.receiver.End(c, side, Reset, &a.mark)
	a.linger(c)
}

// data takes the bytes of a segment, which begin at seq, and its FIN.
func (a *Assembler) data(c *Conn, side Side, seq uint32, s *packet.Segment) {
	if s.Urgent > 0 {
		a.urgent(c, side, seq, s)
		return
	}
	h := &c.halves[side]
	if h.open && far(h.next, seq) {
		if len(s.Payload)+s.Cut == 0 {
			return // a FIN that came late from an earlier connection
		}
		a.jump(c, side, seq)
	}
	if !h.open {
		h.open, h.start, h.next = true, seq, seq
		h.hasAcked = h.hasAcked && !far(seq, h.acked)
	}
	end := seq + uint32(len(s.Payload)+s.Cut)
	if s.FIN && !h.hasFin {
		h.hasFin, h.fin = true, end
	}
	switch {
	case After(h.next, end) <= 0: // nothing new, but perhaps a FIN
		if len(s.Payload) > 0 {
			a.Counts.Duplicates++
			h.again, h.hasAgain = end, true
		}
	case After(h.next, seq) <= 0 && h.waiting == nil:
		a.deliver(c, side, seq, s.Payload)
	default:
		a.wait(h, seq, s.Payload)
	}
	if h.waits() {
		a.settle(c, side, false)
	}
	for cut := After(h.next, end); cut > 0 && cut <= s.Cut; cut = After(h.next, end) {
		if h.waiting != nil {
			cut = min(cut, After(h.next, h.waiting.seq))
		}
		a.gap(c, side, cut, true)
		a.settle(c, side, false)
	}
}

// urgent takes the bytes of a segment around its urgent one, which the receiving
// program gets apart from the others (RFC 6093), or never.
func (a *Assembler) urgent(c *Conn, side Side, seq uint32, s *packet.Segment) {
	at := s.Urgent - 1
	before, one, after := *s, *s, *s
	before.Payload, one.Payload, after.Payload = s.Payload[:at], s.Payload[at:at+1], s.Payload[at+1:]
	before.FIN, before.Cut, before.Urgent = false, 0, 0
	one.FIN, one.Cut, one.Urgent = false, 0, 0
	after.Urgent = 0
	if at > 0 {
		a.data(c, side, seq, &before)
	}
	a.mark.urgent = true
	a.data(c, side, seq+uint32(at), &one)
	a.mark.urgent = false
	if len(after.Payload)+after.Cut > 0 || after.FIN {
		a.data(c, side, seq+uint32(at)+1, &after)
	}
}

// jump continues at a sequence number unrelated to the ones before: the
// ports are used again and the SYN was not captured, or a long part is missing.
func (a *Assembler) jump(c *Conn, side Side, seq uint32) {
	h := &c.halves[side]
	a.settle(c, side, true)
	switch {
	case h.ended:
		a.restart(c)
		h.seen = true
	case far(h.next, seq):
		a.gap(c, side, int(seq-h.next), false)
		h.start, h.hasAcked, h.hasFin, h.hasAgain, h.synced = seq, false, false, false, false
	}
}

// settle hands on what can be: waiting segments whose turn it is, and those
// after a hole that will not be filled. With force, none will be.
func (a *Assembler) settle(c *Conn, side Side, force bool) {
	h := &c.halves[side]
	for h.waiting != nil {
		w := h.waiting
		if hole := After(h.next, w.seq); hole > 0 {
			if !force && !a.lost(h, w.seq) {
				return
			}
			a.gap(c, side, hole, false)
		}
		h.waiting = w.next
		now := a.mark
		a.mark = w.mark
		if After(h.next, w.end()) > 0 {
			a.deliver(c, side, w.seq, w.data)
		}
		a.mark = now
		a.release(h, w)
	}
	if h.hasFin && !h.ended {
		hole := After(h.next, h.fin)
		if hole > 0 {
			if !force && !a.lost(h, h.fin) {
				return
			}
			a.gap(c, side, hole, false)
		}
		h.ended = true
		a.receiver.End(c, side, Closed, &a.mark)
		if c.halves[side.Other()].ended {
			a.linger(c)
		}
	}
}

// lost reports whether the hole before seq is not worth waiting for: the other
// side has the bytes, the receiver has no use for them, what follows it has
// waited for long, or too many others wait.
func (a *Assembler) lost(h *half, seq uint32) bool {
	return h.hasAcked && After(h.acked, seq) <= 0 ||
		h.waiting != nil && a.mark.Clock-h.waiting.mark.Clock > patience ||
		h.skip >= int64(After(h.next, seq)) ||
		h.size > maxHalfWaiting || a.waiting > maxWaiting
}

// deliver gives the receiver those bytes of data, which begin at seq, that are new.
func (a *Assembler) deliver(c *Conn, side Side, seq uint32, data []byte) {
	h := &c.halves[side]
	old := After(seq, h.next)
	if old >= len(data) {
		return
	}
	data = data[old:]
	seq = h.next
	h.next += uint32(len(data))
	if a.mark.urgent {
		return
	}
	h.skip = a.receiver.Data(c, side, data, seq, &a.mark)
}

// gap skips the next n bytes, which were cut off a segment or not captured at all.
func (a *Assembler) gap(c *Conn, side Side, n int, cut bool) {
	h := &c.halves[side]
	if h.skip < int64(n) {
		a.Counts.Gaps++
		a.Counts.GapBytes += int64(n)
		if a.config.Lost != nil {
			a.config.Lost(&a.mark.Origin, fmt.Sprintf("%d bytes from %v to %v are missing", n, c.Addr(side), c.Addr(side.Other())))
		}
	}
	seq := h.next
	h.next += uint32(n)
	h.skip = a.receiver.Gap(c, side, seq, n, cut, &a.mark)
}

// wait keeps a copy of the bytes that are not waiting already.
func (a *Assembler) wait(h *half, seq uint32, data []byte) {
	p := &h.waiting
	for *p != nil && len(data) > 0 {
		w := *p
		n := len(data)
		switch before := After(seq, w.seq); {
		case before > 0:
			n = min(n, before)
			p = a.insert(h, p, seq, data[:n])
		default:
			n = min(n, max(0, After(seq, w.end())))
			p = &w.next
		}
		seq, data = seq+uint32(n), data[n:]
	}
	if len(data) > 0 {
		a.insert(h, p, seq, data)
	}
}

// insert puts a copy of data where p points, and returns where the next one goes.
func (a *Assembler) insert(h *half, p **segment, seq uint32, data []byte) **segment {
	w := a.segments
	if w == nil {
		w = new(segment)
		a.held += segmentCost
	} else {
		a.segments = w.next
	}
	w.seq, w.mark = seq, a.mark
	a.held -= cap(w.data)
	w.data = append(w.data[:0], data...)
	a.held += cap(w.data)
	w.next = *p
	*p = w
	h.size += int32(len(data) + segmentCost)
	a.waiting += len(data) + segmentCost
	return &w.next
}

// release takes back a segment that has been handed on, to be used again
// unless there are enough.
func (a *Assembler) release(h *half, w *segment) {
	h.size -= int32(len(w.data) + segmentCost)
	a.waiting -= len(w.data) + segmentCost
	if a.held > maxWaiting {
		a.held -= cap(w.data) + segmentCost
		return
	}
	w.next = a.segments
	a.segments = w
}

// open returns a new connection, whose first segment side 0 sent. If there are
// too many connections, it replaces an old one.
func (a *Assembler) open(s *packet.Segment) *Conn {
	a.Counts.Conns++
	var c *Conn
	switch {
	case len(a.free) > 0:
		c = a.free[len(a.free)-1]
		a.free = a.free[:len(a.free)-1]
	case a.table.made < maxConns:
		c = a.table.make()
	default:
		c = a.evict()
	}
	number, closing := c.number, c.closing+1
	*c = Conn{}
	c.number, c.closing = number, closing
	c.ends[0], c.ends[1] = s.Src, s.Dst
	a.table.add(c)
	return c
}

// evict forgets a connection that was idle for long: the first that was not
// touched since the hand last passed it.
func (a *Assembler) evict() *Conn {
	for {
		a.hand = a.hand%a.table.made + 1
		c := a.table.conn(a.hand)
		if c.touched {
			c.touched = false
			continue
		}
		if !c.closed {
			a.Counts.Evicted++
			if a.config.Lost != nil {
				a.config.Lost(&a.mark.Origin, fmt.Sprintf("the connection of %v and %v is forgotten, as too many are open", c.Addr(0), c.Addr(1)))
			}
		}
		a.lose(c)
		a.table.remove(c)
		return c
	}
}

// linger remembers an ended connection for a while, so that copies of
// its frames are not mistaken for another's.
func (a *Assembler) linger(c *Conn) {
	if c.closed {
		return
	}
	c.closed = true
	c.closing++
	a.expire(a.mark.Clock)
	a.closed[(a.oldest+a.nclosed)%maxClosed] = closedConn{c, c.closing, a.mark.Clock}
	a.nclosed++
}

// expire forgets the connections that have lingered, and makes room for one more.
func (a *Assembler) expire(now int64) {
	for a.nclosed > 0 && (a.nclosed == maxClosed || now-a.closed[a.oldest].time > lingerTime) {
		old := a.closed[a.oldest]
		a.oldest = (a.oldest + 1) % maxClosed
		a.nclosed--
		if old.conn.closing == old.closing {
			a.forget(old.conn)
		}
	}
}

// forget drops a connection.
func (a *Assembler) forget(c *Conn) {
	if !c.closed || c.State != nil || c.halves[0].waiting != nil || c.halves[1].waiting != nil {
		a.lose(c)
	}
	a.table.remove(c)
	c.closing++
	a.free = append(a.free, c)
}

// Open returns how many connections are followed, or remembered as they have
// just ended.
func (a *Assembler) Open() int { return a.table.n }

// Waiting returns how many bytes wait for earlier ones, segmentCost included.
func (a *Assembler) Waiting() int { return a.waiting }

// Flush ends all connections: there are no more segments.
func (a *Assembler) Flush() {
	for c := range a.table.all() {
		a.forget(c)
	}
}

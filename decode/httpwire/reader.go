package httpwire

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"actionurl/decode/packet"
	"actionurl/decode/stream"
)

// Bounds on what traffic can grow.
const (
	// maxHead bounds the bytes of one head; servers take 8 KiB or so.
	maxHead = 64 << 10

	// maxLine bounds a line between chunks.
	maxLine = 4 << 10

	// maxParts bounds the bytes of all heads and lines that have come in
	// part, partCost included: 16 MiB. Memory that is kept to be used again
	// takes as much at most.
	maxParts = 16 << 20

	// partCost is what a part takes beside its bytes.
	partCost = 128

	// maxUnanswered bounds the requests of one connection that wait for a
	// response: pipelining beyond it is not followed.
	maxUnanswered = 256

	// textSize is how much memory the strings of exchanges get at a time, in
	// bytes: those of about a hundred share it.
	textSize = 32 << 10
)

// Counts tell what was read and what was not.
type Counts struct {
	Requests  int
	Responses int
	LongHeads int // heads given up because they are too long
	Broken    int // messages lost in part, to a gap or to something that is not HTTP
}

// Config says whom a Reader reports to; each may be nil.
type Config struct {
	// Lost gets the places of messages that are lost in part.
	Lost packet.Lost
}

// A Reader reads the exchanges of all connections. It is a [stream.Receiver].
type Reader struct {
	Counts Counts

	config    Config
	found     func(*Exchange)
	exchanges *Exchange       // to be used again
	conns     []*conn         // to be used again
	parts     []*part         // to be used again
	kept      int             // bytes in parts that are in use, partCost included
	held      int             // memory of all parts, those to be used again included
	text      strings.Builder // of exchanges
}

var _ stream.Receiver = (*Reader)(nil)

// NewReader returns a Reader that calls found with each request when its head
// is complete. The response is filled in later, until Done is set. Whoever is
// finished with an exchange gives it back with [Reader.Release].
func NewReader(found func(*Exchange), c Config) *Reader {
	return &Reader{config: c, found: found}
}

// A state says what the next byte of a direction is.
type state uint8

const (
	begin     state = iota // of a message
	inHead                 // of a head that has come in part
	inBody                 // of a body or chunk of known length
	chunkSize              // of the line before a chunk
	chunkEnd               // of the line end behind a chunk
	trailer                // of the lines behind the last chunk
	toClose                // of a body that ends with the connection
	search                 // unknown: a segment that begins like a message is waited for
)

// conn is the state of a connection that has spoken HTTP.
type conn struct {
	stream      *stream.Conn
	first, last *Exchange // requests without a response, oldest first
	unanswered  int
	expired     int    // requests that were given up and may be answered yet
	expiredAck  uint32 // what the client had received when it sent the latest of them
	early       answer
	sides       [2]side
}

// side is one direction of it.
type side struct {
	part    *part // the head or line that has come in part; nil if none
	left    int64 // bytes of a body or chunk to come
	state   state
	role    kind // request or response, which it sends; neither: not known yet
	chunked bool // the body is in chunks
	fresh   bool // of the body, nothing has come yet
	lost    bool // something is missing since the last message
	ended   bool // it sends no more
}

// A part is the beginning of a head or line, and where it came from.
type part struct {
	data   []byte
	seq    uint32
	first  stream.Mark // of its first byte
	latest stream.Mark // of the latest frame that had a share in it
}

// An answer is what a response tells its request.
type answer struct {
	valid    bool // acked is
	seq, ack uint32
	status   int
	time     int64
}

// Data implements [stream.Receiver].
func (r *Reader) Data(c *stream.Conn, sd stream.Side, data []byte, seq uint32, at *stream.Mark) int64 {
	h, _ := c.State.(*conn)
	var o opening // of the data, if it is known yet
	if h == nil {
		if o = recognize(data[emptyLines(data):], c.Starts(sd, seq)); o.kind == neither {
			return stream.Forever
		}
		h = r.connect(c)
	}
	if h.sides[sd.Other()].state == inHead {
		r.conclude(h, sd.Other(), false)
	}
	s := &h.sides[sd]
	for atStart := true; len(data) > 0; atStart = false {
		var n int
		switch s.state {
		case begin:
			if n = emptyLines(data); n > 0 {
				break // they are passed over (RFC 9112, section 2.2)
			}
			if o.kind == neither {
				o = recognize(data, true)
			}
			n = r.begin(h, sd, &o, data, seq, at)
			o.kind = neither
		case inHead:
			n = r.more(h, sd, data, at)
		case inBody:
			n = r.body(h, s, data)
		case chunkSize, chunkEnd, trailer:
			n = r.line(h, sd, data, at)
		case toClose:
			n = len(data)
		case search:
			n = len(data)
			if atStart {
				if o = recognize(data, false); s.sends(o.kind) {
					s.state, n = begin, 0
				}
			}
		}
		data = data[n:]
		seq += uint32(n)
	}
	return s.skip()
}

// sends reports whether a side sends messages of a kind, as far as is known.
func (s *side) sends(k kind) bool {
	return k == partial || k != neither && (s.role == neither || s.role == k)
}

// skip returns how many of the next bytes do not matter.
func (s *side) skip() int64 {
	switch {
	case s.state == inBody && !s.fresh:
		return s.left
	case s.state == toClose, s.state == search && s.role != request:
		return stream.Forever
	}
	return 0
}

// Gap implements [stream.Receiver].
func (r *Reader) Gap(c *stream.Conn, sd stream.Side, n int, cut bool, at *stream.Mark) int64 {
	h, _ := c.State.(*conn)
	if h == nil {
		return 0
	}
	s := &h.sides[sd]
	if s.state == inBody && s.left >= int64(n) {
		s.consume(int64(n))
		return s.skip()
	}
	if !cut {
		h.doubt()
	}
	switch {
	case s.state == begin:
		r.refuse(h, sd, at)
	case s.state == inHead && cut && r.readCut(h, sd):
	case s.state != toClose && s.state != search:
		r.lose(h, sd, at)
	}
	return s.skip()
}

// readCut reads a head that the capture has cut off, and reports whether there
// was enough of it.
func (r *Reader) readCut(h *conn, sd stream.Side) bool {
	s := &h.sides[sd]
	p := s.part
	o := openingOf(p.data, false)
	if line, _ := cutLine(p.data); o.kind == neither && !beginsRequest(line) {
		return false
	}
	s.state = search
	r.parted(h, sd, p, len(p.data), true)
	s.state = search // how long its body is may have been cut off, too
	return true
}

// End implements [stream.Receiver].
func (r *Reader) End(c *stream.Conn, sd stream.Side, how stream.End, _ *stream.Mark) {
	h, _ := c.State.(*conn)
	if h == nil {
		return
	}
	for s := range stream.Side(2) {
		if (how != stream.Closed || s == sd) && h.sides[s].state == inHead {
			r.conclude(h, s, true)
		}
	}
	switch how {
	case stream.Closed:
		h.closed(sd)
		if h.sides[sd.Other()].ended {
			h.closed(sd.Other()) // what was asked of it since
			r.disconnect(h)
		}
	case stream.Reset:
		h.giveUp(0, ResetByPeer)
		h.giveUp(1, ResetByPeer)
		r.disconnect(h)
	case stream.Lost:
		h.giveUp(0, NotCaptured)
		h.giveUp(1, NotCaptured)
		r.disconnect(h)
	}
}

// closed gives up what was asked of side, which sends no more.
func (h *conn) closed(side stream.Side) {
	h.sides[side].ended = true
	reason := ClosedFirst
	if h.sides[side].lost {
		reason = NotCaptured
	}
	h.giveUp(side.Other(), reason)
}

// lose gives up the message at hand.
func (r *Reader) lose(h *conn, sd stream.Side, at *stream.Mark) {
	r.Counts.Broken++
	if r.config.Lost != nil {
		r.config.Lost(&at.Origin, fmt.Sprintf("a message from %v to %v is lost in part", h.stream.Addr(sd), h.stream.Addr(sd.Other())))
	}
	r.abandon(&h.sides[sd])
}

// refuse gives up what is no message, or may be none as the side has sent none
// before.
func (r *Reader) refuse(h *conn, sd stream.Side, at *stream.Mark) {
	if h.sides[sd].role != neither {
		r.lose(h, sd, at)
		return
	}
	r.abandon(&h.sides[sd])
}

func (r *Reader) abandon(s *side) {
	r.drop(s)
	s.state, s.lost = search, true
}

// begin reads the beginning of a message and returns how many bytes that took.
func (r *Reader) begin(h *conn, sd stream.Side, o *opening, data []byte, seq uint32, at *stream.Mark) int {
	s := &h.sides[sd]
	if !s.sends(o.kind) {
		if x := h.oldest(sd.Other()); x != nil && x.Version == "" && s.role != request {
			// What HTTP/0.9 answers has no head.
			h.answer(x, answer{time: at.Time})
			s.state = toClose
			return 0
		}
		r.refuse(h, sd, at)
		return 0
	}
	if o.size > 0 {
		if f, size, whole := readFields(data[o.size:]); whole {
			s.state = search // unless the message says otherwise
			size += o.size
			r.message(h, sd, o, f, head{end: seq + uint32(size), seq: seq, first: at, latest: at})
			return size
		}
	}
	s.state = inHead
	s.part = r.take()
	s.part.seq, s.part.first, s.part.latest = seq, *at, *at
	return r.more(h, sd, data, at)
}

// more reads on in a head that has come in part.
func (r *Reader) more(h *conn, sd stream.Side, data []byte, at *stream.Mark) int {
	s := &h.sides[sd]
	p := s.part
	before := len(p.data)
	n := min(len(data), maxHead-before)
	r.extend(p, data[:n], at)
	if end, ok := headEnd(p.data, before); ok {
		s.state = search
		r.parted(h, sd, p, end, false)
		return end - before
	}
	switch {
	case len(p.data) == maxHead || r.kept > maxParts:
		r.Counts.LongHeads++
		r.lose(h, sd, at)
	case bytes.IndexByte(p.data[:before], '\n') < 0 && recognize(p.data, true).kind == neither:
		r.refuse(h, sd, at)
	}
	return n
}

// conclude makes the best of a head when the side has ended, or the other one
// has sent something: a request without a version may have no more than its
// first line, and the status line of a response that ends is worth having.
func (r *Reader) conclude(h *conn, sd stream.Side, ended bool) {
	s := &h.sides[sd]
	if bytes.IndexByte(s.part.data, '\n') < 0 {
		return
	}
	if o := openingOf(s.part.data, false); o.kind == request && o.version != nil || o.kind != request && !ended {
		return
	}
	s.state = search
	r.parted(h, sd, s.part, len(s.part.data), false)
}

// A head is where a message's head was captured.
type head struct {
	seq, end      uint32       // sequence numbers of its first byte, and behind its last one
	first, latest *stream.Mark // the frames that its first byte and its completion came in
	cut           bool         // it is the beginning of one
}

// parted reads a head of so many bytes that has come in a part, which is given
// up then. If cut, it is the beginning of one.
func (r *Reader) parted(h *conn, sd stream.Side, p *part, size int, cut bool) {
	data := p.data[:size]
	o := openingOf(data, cut)
	f, _, _ := readFields(data[o.size:])
	r.message(h, sd, &o, f, head{seq: p.seq, end: p.seq + uint32(size), first: &p.first, latest: &p.latest, cut: cut})
	r.dropPart(p)
}

// message reads a message that begins with o and has these fields.
func (r *Reader) message(h *conn, sd stream.Side, o *opening, f fields, at head) {
	s, other := &h.sides[sd], &h.sides[sd.Other()]
	s.part = nil
	if !s.sends(o.kind) {
		r.refuse(h, sd, at.latest)
		return
	}
	s.role, s.lost = o.kind, false
	if o.kind == response {
		if other.role == neither {
			other.role = request
		}
		r.response(h, sd, answer{
			seq: at.seq, ack: at.first.Ack, valid: at.first.HasAck, status: o.status, time: at.first.Time,
		}, f)
		return
	}
	x := r.exchange(o, f)
	x.Origin = at.latest.Origin
	x.Client, x.Server = h.stream.Addr(sd), h.stream.Addr(sd.Other())
	x.side, x.end = sd, at.end
	x.ack, x.hasAck = at.first.Ack, at.first.HasAck
	x.Cut = at.cut
	if other.role == neither {
		other.role = response
	}
	s.expect(f, false)
	r.Counts.Requests++
	h.append(x)
	r.found(x)
	if e := h.early; e.valid && x.hasAck && stream.After(x.ack, e.seq) >= 0 && stream.After(x.end, e.ack) >= 0 {
		h.answer(x, e)
	}
	h.early.valid = false
	if h.unanswered > maxUnanswered {
		h.expire(h.first, NotCaptured)
	}
}

// response reads a response's head.
func (r *Reader) response(h *conn, sd stream.Side, a answer, f fields) {
	r.Counts.Responses++
	s := &h.sides[sd]
	if a.status < 200 && a.status != 101 {
		s.state = begin // an interim response; the final one follows
		return
	}
	method := ""
	if x := h.match(sd, a); x != nil {
		method = x.Method
		h.answer(x, a)
	} else if h.unanswered == 0 {
		h.early = a
	}
	switch {
	case a.status == 101 || method == "CONNECT" && a.status < 300:
		// Another protocol follows, or the same again within a tunnel.
		for i := range h.sides {
			r.drop(&h.sides[i])
			h.sides[i].state, h.sides[i].role = search, neither
		}
	case method == "HEAD" || a.status == 204 || a.status == 304:
		s.state = begin
	default:
		s.expect(f, true)
	}
}

// expect sets what follows a head (RFC 9112, section 6.3).
func (s *side) expect(f fields, untilClose bool) {
	s.state, s.left, s.chunked, s.fresh = begin, 0, f.chunked, true
	switch {
	case f.chunked:
		s.state = chunkSize
	case f.length > 0:
		s.state, s.left = inBody, f.length
	case f.length < 0 && untilClose:
		s.state = toClose
	}
}

// body skips the bytes of a body.
func (r *Reader) body(h *conn, s *side, data []byte) int {
	if s.fresh {
		s.fresh = false
		if s.role == request && h.unanswered == 0 && recognize(data, false).kind == request {
			// Already answered, so the body announced by "Expect: 100-continue" was not wanted.
			s.state = begin
			return 0
		}
	}
	n := min(int64(len(data)), s.left)
	s.consume(n)
	return int(n)
}

// consume counts n bytes of a body, which has as many.
func (s *side) consume(n int64) {
	s.fresh = false
	if s.left -= n; s.left > 0 {
		return
	}
	s.state = begin
	if s.chunked {
		s.state = chunkEnd
	}
}

// line reads a line before, between or behind chunks (RFC 9112, section 7.1).
func (r *Reader) line(h *conn, sd stream.Side, data []byte, at *stream.Mark) int {
	s := &h.sides[sd]
	n := bytes.IndexByte(data, '\n') + 1
	if n == 0 || s.part != nil {
		if s.part == nil {
			s.part = r.take()
			s.part.latest = *at
		}
		if n == 0 {
			n = len(data)
		}
		r.extend(s.part, data[:n], at)
		if len(s.part.data) > maxLine || r.kept > maxParts {
			r.lose(h, sd, at)
			return n
		}
		if data = s.part.data; data[len(data)-1] != '\n' {
			return n
		}
	} else {
		data = data[:n]
	}
	line := bytes.TrimRight(data, "\r\n \t")
	switch s.state {
	case chunkSize:
		digits, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseInt(string(bytes.TrimSpace(digits)), 16, 62)
		switch {
		case err != nil || size < 0:
			r.lose(h, sd, at)
			return n
		case size == 0:
			s.state = trailer
		default:
			s.state, s.left = inBody, size
		}
	case chunkEnd:
		if len(line) > 0 {
			r.lose(h, sd, at)
			return n
		}
		s.state = chunkSize
	case trailer:
		if len(line) == 0 {
			s.state = begin
		}
	}
	r.drop(s)
	return n
}

// take returns an empty part.
func (r *Reader) take() *part {
	r.kept += partCost
	if n := len(r.parts); n > 0 {
		p := r.parts[n-1]
		r.parts = r.parts[:n-1]
		return p
	}
	r.held += partCost
	return new(part)
}

// extend appends a copy of data to p.
func (r *Reader) extend(p *part, data []byte, at *stream.Mark) {
	r.held -= cap(p.data)
	p.data = append(p.data, data...)
	r.held += cap(p.data)
	r.kept += len(data)
	if at.After(&p.latest.Origin) {
		p.latest = *at
	}
}

// drop gives up what s has in part.
func (r *Reader) drop(s *side) {
	if s.part != nil {
		r.dropPart(s.part)
		s.part = nil
	}
}

// dropPart takes back a part, to be used again unless there are enough.
func (r *Reader) dropPart(p *part) {
	r.kept -= len(p.data) + partCost
	if r.held > maxParts {
		r.held -= cap(p.data) + partCost
		return
	}
	*p = part{data: p.data[:0]}
	r.parts = append(r.parts, p)
}

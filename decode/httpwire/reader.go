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
	// part, partCost included: 4 MiB. Memory that is kept to be used again
	// takes as much at most.
	maxParts = 4 << 20

	// partCost is what a part takes beside its bytes.
	partCost = 128

	// maxUnanswered bounds the requests of one connection that wait for a
	// response: pipelining beyond it is not followed.
	maxUnanswered = 256

	// MaxBody bounds what is kept of a request's body, and maxBodies what is kept
	// of all that wait for their responses, redirects included: 4 MiB, and as much in
	// room to grow. What is beyond is counted.
	MaxBody   = 64 << 10
	maxBodies = 4 << 20

	// maxEarly bounds the responses whose requests are not captured yet: 4,096 of at
	// most 700 bytes, 2.8 MiB. Others are taken for ones without a request.
	maxEarly = 4 << 10

	// maxReply bounds what is kept of an answer that is not HTTP.
	maxReply = 64

	// textSize is how much memory the strings of exchanges get at a time, in
	// bytes: those of about a hundred share it.
	textSize = 32 << 10

	// ownText is how long a string must be to have memory of its own, so that no
	// more than an eighth of what strings share is left over.
	ownText = textSize / 8
)

// Counts say what was read and what was not.
type Counts struct {
	Requests  int
	Responses int
	LongHeads int // heads cut off because they are too long
	Bodies    int // bodies that were not kept because others took the room
	Broken    int // messages lost in part, to a gap or to something that is not HTTP
	Copies    int // requests that were seen at another place before
	Unasked   int // responses to requests that were not captured
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
	copies    copies
	found     func(*Exchange)
	exchanges *Exchange       // to be used again
	conns     []*conn         // to be used again
	parts     []*part         // to be used again
	bodies    int             // bytes of bodies and redirects of requests that are not released
	early     int             // responses that wait for their requests
	copied    int             // copies of requests that are in use
	kept      int             // bytes in parts that are in use, partCost included
	held      int             // memory of all parts, those to be used again included
	text      strings.Builder // of exchanges
}

var _ stream.Receiver = (*Reader)(nil)

// NewReader returns a Reader that calls found with each request when its head
// is complete, or will not be. The response is filled in later, until Done is
// set. Whoever is finished with an exchange gives it back with [Reader.Release].
func NewReader(found func(*Exchange), c Config) *Reader {
	return &Reader{config: c, copies: newCopies(), found: found}
}

// A state says what the next byte of a direction is.
type state uint8

const (
	begin     state = iota // of a message
	inHead                 // of a head that has come in part
	inBody                 // of a body or chunk of known length
	chunkSize              // of the line before a chunk
	chunkEnd               // of the line end after a chunk
	trailer                // of the lines after the last chunk
	toClose                // of a body that ends with the connection
	search                 // unknown: a segment that begins like a message is waited for
)

// conn is the state of a connection that has spoken HTTP.
type conn struct {
	stream      *stream.Conn
	first, last *Exchange // requests without a response, oldest first
	unanswered  int
	late        int32  // requests after the last of these that were given up and may still be answered
	lastAck     uint32 // what the client had received when it sent its latest request; valid iff asked
	asked       bool
	pipelines   bool      // the client has sent a request before the response to another had come
	doubtful    bool      // and bytes are missing since
	switched    bool      // another protocol may follow
	posting     *Exchange // whose body comes, if its uses are those; nil for none
	uses        uint32
	copies      *Exchange // that are resolved, to be used again
	early       *answer   // a response whose request is not captured yet; mostly nil
	sides       [2]side
}

// side is one direction of it.
type side struct {
	part    *part  // the head or line that has come in part; nil if none
	left    int64  // bytes of a body or chunk to come
	next    uint32 // sequence number of the next byte; valid iff open
	hole    uint32 // sequence number after the latest bytes that are missing; valid iff holed
	state   state
	role    kind // request or response, which it sends; neither: not known yet
	open    bool // something of it has come
	holed   bool // bytes are missing that may be those of messages
	lost    bool // something of it could not be read since its latest message
	chunked bool // the body is in chunks
	fresh   bool // of the body, nothing has come yet
	ended   bool // it sends no more
}

// A part is the beginning of a head or line, and where it came from.
type part struct {
	data   []byte
	seq    uint32
	first  stream.Mark // of its first byte
	latest stream.Mark // of the latest frame that had a share in it
}

// An answer is what a request needs of its response.
type answer struct {
	at       packet.Origin // of its first byte
	seq, ack uint32
	hasAck   bool
	status   int
	location string // of a redirect
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
	if other := sd.Other(); h.sides[other].state == inHead {
		r.bare(h, other)
	}
	s := &h.sides[sd]
	if !s.open {
		s.open = true
		s.hole, s.holed = c.Joined(sd) // all before is missing
	}
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
				if o = recognize(data, false); s.sends(o.kind, data) || h.due(sd, seq) != nil {
					s.state, n = begin, 0
				}
			}
		}
		data = data[n:]
		seq += uint32(n)
	}
	s.next = seq
	return h.skip(s)
}

// Leave gives up a connection on which another protocol follows, as in a tunnel, and
// reports whether it is one.
func (r *Reader) Leave(c *stream.Conn) bool {
	h, _ := c.State.(*conn)
	if h == nil || !h.switched || h.first != nil {
		return false
	}
	r.disconnect(h)
	return true
}

// sends reports whether data, which begins a message of a kind, may be one that
// the side sends.
func (s *side) sends(k kind, data []byte) bool {
	if k == partial {
		n := min(len(data), len(version1))
		return s.role != response || string(data[:n]) == version1[:n]
	}
	return k != neither && (s.role == neither || s.role == k)
}

// skip returns how many of the next bytes of a side do not matter.
func (h *conn) skip(s *side) int64 {
	switch {
	case s.state == inBody && !s.fresh:
		if x := h.post(s); x != nil && x.Method == "POST" && x.BodySize == int64(len(x.Body)) && len(x.Body) < MaxBody {
			return 0
		}
		return s.left
	case s.state == toClose, s.state == search && s.role == neither:
		return stream.Forever
	}
	return 0
}

// Gap implements [stream.Receiver].
func (r *Reader) Gap(c *stream.Conn, sd stream.Side, seq uint32, n int, cut bool, at *stream.Mark) int64 {
	h, _ := c.State.(*conn)
	if h == nil {
		return 0
	}
	s := &h.sides[sd]
	s.next = seq + uint32(n)
	switch {
	case s.state == toClose:
		return stream.Forever
	case s.state == inBody && s.left >= int64(n):
		if x := h.post(s); x != nil {
			x.BodySize += int64(n) // so that no more of it is kept
		}
		s.consume(int64(n))
		return h.skip(s)
	case s.state == inHead:
		r.cutOff(h, sd, at, cut, !cut)
	case s.state == begin:
		r.refuse(h, sd, at)
	case s.state != search:
		r.lose(h, sd, at)
	}
	if !cut || s.role != request {
		h.miss(sd, s.next, n)
	}
	return h.skip(s)
}

// End implements [stream.Receiver].
func (r *Reader) End(c *stream.Conn, sd stream.Side, how stream.End, at *stream.Mark) {
	h, _ := c.State.(*conn)
	if h == nil {
		return
	}
	for s := range stream.Side(2) {
		if (how != stream.Closed || s == sd) && h.sides[s].state == inHead {
			r.cutOff(h, s, at, false, false)
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
		h.reset(sd)
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
	if h.sides[side].lost || !h.stream.Placed(side) {
		reason = NotCaptured
	}
	h.giveUp(side.Other(), reason)
}

// cutOff makes the best of a head of which no more will come: a request whose
// line is complete is one, and so is a response whose status is. Of a frame that
// the capture has cut, the beginning of a request line is enough.
func (r *Reader) cutOff(h *conn, sd stream.Side, at *stream.Mark, cut, hole bool) {
	s := &h.sides[sd]
	p := s.part
	o := openingOf(p.data, cut)
	switch {
	case o.kind == response, o.kind == request && (cut || bytes.IndexByte(p.data, '\n') >= 0):
		// A request without a version may have no more than this.
		r.parted(h, sd, p, len(p.data), cut || hole || o.version != nil, hole)
		s.state = search // how long its body is may have been cut off, too
	case s.role == response && (cut || hole) && recognize(p.data, true).kind == partial: // the rest may make it a status line
		r.lose(h, sd, at)
	case r.foreign(h, sd, p.data, p.seq):
		r.abandon(s)
	case s.role != neither || beginsRequest(p.data):
		r.lose(h, sd, at)
	default:
		r.abandon(s)
	}
}

// lose gives up the message at hand.
func (r *Reader) lose(h *conn, sd stream.Side, at *stream.Mark) {
	r.Counts.Broken++
	if r.config.Lost != nil {
		r.config.Lost(&at.Origin, fmt.Sprintf("a message from %v to %v is lost in part", h.stream.Addr(sd), h.stream.Addr(sd.Other())))
	}
	r.abandon(&h.sides[sd])
}

// refuse gives up what is not a message, or may be none as the side has sent
// none before.
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

// foreign resolves the request that data of side is the answer to, which is not
// HTTP, and reports whether there is one.
func (r *Reader) foreign(h *conn, sd stream.Side, data []byte, seq uint32) bool {
	x := h.due(sd, seq)
	if x == nil {
		return false
	}
	x.Reply = r.clone(data[:min(len(data), maxReply)])
	h.resolve(x, NotHTTP)
	return true
}

// unasked counts the response that waits for its request: that was not captured.
func (r *Reader) unasked(h *conn) {
	if h.early == nil {
		return
	}
	r.Counts.Unasked++
	if r.config.Lost != nil {
		r.config.Lost(&h.early.at, "a response without a request: that was not captured")
	}
	r.paired(h)
}

// paired drops the response that waited for its request.
func (r *Reader) paired(h *conn) {
	h.early = nil
	r.early--
}

// begin reads the beginning of a message and returns how many bytes that took.
func (r *Reader) begin(h *conn, sd stream.Side, o *opening, data []byte, seq uint32, at *stream.Mark) int {
	s := &h.sides[sd]
	if !s.sends(o.kind, data) {
		r.unreadable(h, sd, data, seq, at)
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

// unreadable takes data, which begin where a message should and are none.
func (r *Reader) unreadable(h *conn, sd stream.Side, data []byte, seq uint32, at *stream.Mark) {
	s := &h.sides[sd]
	x := h.oldest(sd.Other())
	switch {
	case x != nil && x.Version == "" && s.role != request:
		// What HTTP/0.9 answers has no head.
		r.answer(h, x, &answer{at: at.Origin})
		s.state = toClose
	case r.foreign(h, sd, data, seq):
		r.abandon(s)
	default:
		r.refuse(h, sd, at)
	}
}

// more reads on in a head that has come in part.
func (r *Reader) more(h *conn, sd stream.Side, data []byte, at *stream.Mark) int {
	s := &h.sides[sd]
	p := s.part
	before := len(p.data)
	n := min(len(data), maxHead-before)
	r.extend(p, data[:n], at)
	if end, ok := headEnd(p.data, before); ok {
		r.parted(h, sd, p, end, false, false)
		return end - before
	}
	switch {
	case len(p.data) == maxHead || r.kept > maxParts:
		r.Counts.LongHeads++
		r.cutOff(h, sd, at, false, false)
	case bytes.IndexByte(p.data[:before], '\n') < 0 && !s.sends(recognize(p.data, true).kind, p.data):
		r.unreadable(h, sd, p.data, p.seq, at)
		r.drop(s)
	}
	return n
}

// bare reads a request without a version that its server answers: it may have
// no more than its first line.
func (r *Reader) bare(h *conn, sd stream.Side) {
	p := h.sides[sd].part
	if o := openingOf(p.data, false); o.kind == request && o.version == nil && bytes.IndexByte(p.data, '\n') >= 0 {
		r.parted(h, sd, p, len(p.data), false, false)
	}
}

// A head is where a message's head was captured.
type head struct {
	seq, end      uint32       // sequence numbers of its first byte, and after its last one
	first, latest *stream.Mark // the frames that its first byte and its completion came in
	cut           bool         // it is the beginning of one
	hole          bool         // that a hole follows
}

// parted reads a head of so many bytes that has come in a part, and drops that.
// If cut, it is the beginning of one.
func (r *Reader) parted(h *conn, sd stream.Side, p *part, size int, cut, hole bool) {
	data := p.data[:size]
	o := openingOf(data, cut)
	f, _, _ := readFields(data[o.size:])
	h.sides[sd].state = search // unless the message says otherwise
	r.message(h, sd, &o, f, head{seq: p.seq, end: p.seq + uint32(size), first: &p.first, latest: &p.latest, cut: cut, hole: hole})
	r.dropPart(p)
}

// message reads a message that begins with o and has these fields.
func (r *Reader) message(h *conn, sd stream.Side, o *opening, f fields, at head) {
	s, other := &h.sides[sd], &h.sides[sd.Other()]
	s.part = nil
	if o.kind == neither || s.role != neither && s.role != o.kind {
		r.refuse(h, sd, at.latest)
		return
	}
	s.role = o.kind
	h.switched = false
	if o.kind == response {
		s.lost = false
		if other.role == neither {
			other.role = request
		}
		r.response(h, sd, &answer{
			at: at.first.Origin, seq: at.seq, ack: at.first.Ack, hasAck: at.first.HasAck, status: o.status, location: f.redirect(o.status),
		}, f)
		return
	}
	x := r.exchange(o, f)
	x.Origin = at.latest.Origin
	x.Client, x.Server = h.stream.Addr(sd), h.stream.Addr(sd.Other())
	x.side, x.end = sd, at.end
	x.ack, x.hasAck = at.first.Ack, at.first.HasAck
	x.Cut, x.holed = at.cut, at.hole
	if other.role == neither {
		other.role = response
	}
	s.expect(f, false)
	h.posting = nil
	r.spent(h)
	first, isCopy := r.copies.of(x, at.seq)
	if isCopy {
		r.Counts.Copies++
		r.copied++
		x.first = x // of none that is left
		if first != nil {
			x.first, x.firstUses = first, first.uses
			r.seen(first, x)
		}
		x.Target, x.Host, x.UserAgent, x.ContentType = "", "", "", "" // nobody asks for them
	} else {
		r.Counts.Requests++
		if s.state != begin {
			h.posting, h.uses = x, x.uses
		}
	}
	h.append(x)
	s.lost = false
	if !isCopy {
		r.found(x)
	}
	if e := h.early; e != nil && e.hasAck && x.hasAck && stream.After(x.ack, e.seq) >= 0 && stream.After(x.end, e.ack) >= 0 {
		r.answer(h, x, e)
		r.paired(h)
	}
	r.unasked(h)
	switch {
	case h.unanswered > maxUnanswered:
		h.expire(h.first, NotCaptured)
	case isCopy && r.copied > maxCopies && !x.Done:
		h.expire(x, NotCaptured)
		r.spent(h)
	}
}

// response reads a response's head.
func (r *Reader) response(h *conn, sd stream.Side, a *answer, f fields) {
	r.Counts.Responses++
	s := &h.sides[sd]
	if a.status < 200 && a.status != 101 {
		s.state = begin // an interim response; the final one follows
		return
	}
	method := ""
	x, late := h.match(sd, a)
	switch {
	case x != nil:
		method = x.Method
		r.answer(h, x, a)
	case !late && !h.doubtful:
		r.unasked(h)
		early := *a
		h.early = &early
		r.early++
		if h.unanswered > 0 || r.early > maxEarly {
			r.unasked(h)
		}
	}
	switch {
	case a.status == 101 || method == "CONNECT" && a.status < 300:
		// Another protocol follows, or the same again within a tunnel.
		for i := range h.sides {
			t := &h.sides[i]
			if t.role = neither; t != s && t.state != begin {
				r.drop(t)
				t.state = search
			}
		}
		s.state = begin
		h.switched = true
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
	if x := h.post(s); x != nil {
		r.keepBody(x, data[:n])
	}
	s.consume(n)
	return int(n)
}

// post returns the request whose body a side sends, nil for none that anybody
// waits for.
func (h *conn) post(s *side) *Exchange {
	if x := h.posting; x != nil && s.role == request && x.uses == h.uses {
		return x
	}
	return nil
}

// keepBody adds to the body of a request, which grows as it comes.
func (r *Reader) keepBody(x *Exchange, data []byte) {
	whole := x.BodySize == int64(len(x.Body)) // so far
	x.BodySize += int64(len(data))
	if x.Method != "POST" || !whole {
		return
	}
	data = data[:min(len(data), MaxBody-len(x.Body))]
	if r.bodies+len(data) > maxBodies {
		r.Counts.Bodies++
		return
	}
	r.bodies += len(data)
	x.Body = append(x.Body, data...)
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

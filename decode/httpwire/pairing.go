package httpwire

import (
	"actionurl/decode/stream"
)

// connect makes c a connection that speaks HTTP.
func (r *Reader) connect(c *stream.Conn) *conn {
	var h *conn
	if n := len(r.conns); n > 0 {
		h = r.conns[n-1]
		r.conns = r.conns[:n-1]
	} else {
		h = new(conn)
	}
	h.stream = c
	c.State = h
	return h
}

// disconnect takes back the state of a connection that has ended and whose
// requests are resolved. The stream may be remembered for much longer.
func (r *Reader) disconnect(h *conn) {
	r.unasked(h)
	r.spent(h)
	h.stream.State = nil
	for i := range h.sides {
		r.drop(&h.sides[i])
	}
	*h = conn{}
	r.conns = append(r.conns, h)
}

// exchange returns a new exchange with what a request's head says.
func (r *Reader) exchange(o *opening, f fields) *Exchange {
	x := r.exchanges
	if x == nil {
		x = new(Exchange)
	} else {
		r.exchanges = x.next
	}
	x.next = nil
	x.Method, x.Version = methodName(o.method), versionName(o.version)
	x.Target, x.Host, x.UserAgent = r.clone(o.target), r.clone(f.host), r.clone(f.userAgent)
	x.ContentLength, x.Credentials = f.length, f.credentials
	if len(f.contentType) > 0 {
		x.ContentType = r.clone(f.contentType)
	}
	return x
}

// clone returns b as a string. The strings of many exchanges share memory, so
// that they take few allocations: clone one to keep it for long.
func (r *Reader) clone(b []byte) string {
	if len(b) >= ownText {
		return string(b)
	}
	if r.text.Cap()-r.text.Len() < len(b) {
		r.text.Reset()
		r.text.Grow(textSize)
	}
	from := r.text.Len()
	r.text.Write(b)
	return r.text.String()[from:]
}

// methodName spares common methods an allocation.
func methodName(b []byte) string {
	switch string(b) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	case "HEAD":
		return "HEAD"
	}
	return string(b)
}

// versionName spares common versions an allocation.
func versionName(b []byte) string {
	switch string(b) {
	case "HTTP/1.1":
		return "HTTP/1.1"
	case "HTTP/1.0":
		return "HTTP/1.0"
	}
	return string(b)
}

// Release takes back an exchange that is done. Its strings and its body stay valid.
func (r *Reader) Release(x *Exchange) {
	r.bodies -= len(x.Body) + len(x.Location) + placeCost*len(x.Also)
	*x = Exchange{uses: x.uses + 1}
	x.next, r.exchanges = r.exchanges, x
}

// Expire resolves an exchange that has waited long enough for its response.
func (r *Reader) Expire(x *Exchange) {
	why := x.conn.unless(x, Timeout)
	if why == Timeout && !x.Gap && x.conn.stream.Unacknowledged(x.side, x.end) {
		why = Unacknowledged
	}
	x.conn.expire(x, why)
}

// unless returns why a request has no response, unless the capture may lack it.
func (h *conn) unless(x *Exchange, why Reason) Reason {
	switch server := x.side.Other(); {
	case !h.stream.Seen(server), h.sides[server].lost:
		return NotCaptured
	case h.stream.Misses(server, x.ack):
		x.Gap = true
	}
	return why
}

// GiveUp resolves an exchange that cannot wait for its response, which may come.
func (r *Reader) GiveUp(x *Exchange) { x.conn.expire(x, NotCaptured) }

// expire resolves a request that may still be answered.
func (h *conn) expire(x *Exchange, why Reason) {
	late := x.late + 1
	if x.next != nil {
		x.next.late += late
	} else {
		h.late += late
	}
	h.resolve(x, why)
}

// miss notes that n bytes which side sent before seq are missing. Of the other
// side's requests those that were sent before have lost their response: it would
// have begun where the client's acknowledgement stood.
func (h *conn) miss(side stream.Side, seq uint32, n int) {
	s := &h.sides[side]
	s.hole, s.holed, s.lost = seq, true, true
	if s.role == request && n > stream.Reach {
		// The ports are used again, and the handshake was not captured.
		h.giveUp(side, NotCaptured)
		h.late, h.asked, h.pipelines, h.doubtful = 0, false, false, false
	}
	h.doubtful = h.doubtful || h.pipelines
	for x := h.first; x != nil; {
		next := x.next
		x.Gap = true
		if x.side != side {
			x.late = 0
			x.unsure = h.pipelines
			if h.passed(x) {
				h.resolve(x, NotCaptured)
			}
		}
		x = next
	}
	if s.role != request {
		h.late = 0
	}
}

// passed reports whether bytes that the server sent since x are missing.
func (h *conn) passed(x *Exchange) bool {
	s := &h.sides[x.side.Other()]
	n := stream.After(x.ack, s.hole)
	return s.holed && x.hasAck && (n > 0 || n < -stream.Reach)
}

// append queues a request.
func (h *conn) append(x *Exchange) {
	client, server := &h.sides[x.side], &h.sides[x.side.Other()]
	if x.hasAck {
		waits := h.unanswered > 0 || h.late > 0
		h.pipelines = h.pipelines || h.asked && x.ack == h.lastAck || waits && server.open && x.ack == server.next
		h.doubtful = h.doubtful || h.pipelines && client.lost
		h.asked, h.lastAck = true, x.ack
	}
	x.conn = h
	x.late, h.late = h.late, 0
	if h.doubtful {
		x.unsure, x.Gap = true, true
	}
	if h.last == nil {
		h.first = x
	} else {
		h.last.next = x
	}
	h.last = x
	h.unanswered++
}

// oldest returns the oldest request of side without a response.
func (h *conn) oldest(side stream.Side) *Exchange {
	x := h.first
	for x != nil && x.side != side {
		x = x.next
	}
	return x
}

// match returns the request that a response of side belongs to; nil if that was
// given up before, or not captured.
//
// Where no byte is missing it is the oldest. After a hole of the server's it is
// one that was sent since, which the client's acknowledgement in it proves.
// After a hole of a client that does not wait for one response before it sends
// the next request, nothing does.
func (h *conn) match(side stream.Side, a *answer) (x *Exchange, late bool) {
	for x = h.oldest(side.Other()); x != nil && h.passed(x); x = h.oldest(side.Other()) {
		x.Gap = true
		h.resolve(x, NotCaptured)
	}
	switch {
	case x == nil:
		if h.late > 0 {
			h.late--
			return nil, true
		}
	case x.unsure:
		return nil, false
	case x.late > 0:
		x.late--
		return nil, true
	case x.hasAck && stream.After(x.ack, a.seq) < 0:
		return nil, false // it was there before the request
	}
	return x, false
}

// due returns the request that data of side, which begin at seq, must be the
// answer to, whatever they are; nil for none. The client had received all before
// them when it asked, and has no other request open.
func (h *conn) due(side stream.Side, seq uint32) *Exchange {
	x := h.oldest(side.Other())
	if x == nil || !x.hasAck || x.ack != seq || x.unsure || x.late > 0 || h.pipelines || h.sides[side].role == request {
		return nil
	}
	return x
}

// answer resolves a request by its response. A redirect is kept while there is room.
func (r *Reader) answer(h *conn, x *Exchange, a *answer) {
	x.Status = a.status
	if r.bodies+len(a.location) <= maxBodies {
		r.bodies += len(a.location)
		x.Location = a.location
	}
	x.Latency = max(0, a.at.Time-x.Time)
	h.resolve(x, Answered)
}

// resolve makes a request final and takes it out of the queue. The server is not
// to blame where the capture lost something.
func (h *conn) resolve(x *Exchange, why Reason) {
	switch {
	case why == Answered:
	case x.second:
		why = Answered
	case why != NotHTTP && (x.Gap || x.holed):
		x.Gap, why = true, NotCaptured
	}
	var before *Exchange
	for y := h.first; y != x; y = y.next {
		before = y
	}
	if before == nil {
		h.first = x.next
	} else {
		before.next = x.next
	}
	if h.last == x {
		h.last = before
	}
	h.unanswered--
	x.next, x.conn = nil, nil
	x.NoResponse, x.Done = why, true
	if x.first != nil {
		if why == Answered {
			x.answered()
		}
		x.next, h.copies = h.copies, x
	}
}

// giveUp resolves the requests of side that have no response.
func (h *conn) giveUp(side stream.Side, why Reason) {
	for x := h.oldest(side); x != nil; x = h.oldest(side) {
		h.resolve(x, why)
	}
}

// reset resolves the requests that have no response when side resets the connection.
// Clients do so after a response, too.
func (h *conn) reset(side stream.Side) {
	for h.first != nil {
		why := ResetByPeer
		if h.first.side == side {
			why = Aborted
		}
		h.resolve(h.first, h.unless(h.first, why))
	}
}

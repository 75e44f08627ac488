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
	h.stream.State = nil
	for i := range h.sides {
		r.drop(&h.sides[i])
	}
	*h = conn{}
	r.conns = append(r.conns, h)
}

// exchange returns a new exchange with what a request's head tells.
func (r *Reader) exchange(o *opening, f fields) *Exchange {
	x := r.exchanges
	if x == nil {
		x = new(Exchange)
	} else {
		r.exchanges = x.next
	}
	x.next = nil
	x.Method, x.Version = methodName(o.method), versionName(o.version)
	x.Target, x.Host, x.UserAgent = r.keep(o.target), r.keep(f.host), r.keep(f.userAgent)
	x.ContentLength = f.length
	return x
}

// keep returns b as a string. The strings of many exchanges share memory, so
// that few allocations are made for them: who keeps one for long, clones it.
func (r *Reader) keep(b []byte) string {
	if r.text.Cap()-r.text.Len() < len(b) {
		r.text.Reset()
		r.text.Grow(max(textSize, len(b)))
	}
	from := r.text.Len()
	r.text.Write(b)
	return r.text.String()[from:]
}

// methodName spares the usual methods an allocation.
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

// versionName spares the usual versions an allocation.
func versionName(b []byte) string {
	switch string(b) {
	case "HTTP/1.1":
		return "HTTP/1.1"
	case "HTTP/1.0":
		return "HTTP/1.0"
	}
	return string(b)
}

// Release takes back an exchange that is done. Its strings stay valid.
func (r *Reader) Release(x *Exchange) {
	*x = Exchange{}
	x.next, r.exchanges = r.exchanges, x
}

// Expire resolves an exchange whose response is not waited for any longer.
func (r *Reader) Expire(x *Exchange) {
	why := Timeout
	if c, server := x.conn.stream, x.side.Other(); !c.Seen(server) || c.Misses(server, x.ack) {
		why = NotCaptured
	}
	x.conn.expire(x, why)
}

// expire resolves a request that may be answered yet.
func (h *conn) expire(x *Exchange, why Reason) {
	h.expired++
	h.expiredAck = x.ack
	h.resolve(x, why)
}

// doubt notes that bytes of the connection are missing that may be those of a
// response.
func (h *conn) doubt() {
	for x := h.first; x != nil; x = x.next {
		x.Gap = true
	}
}

// append queues a request.
func (h *conn) append(x *Exchange) {
	x.conn = h
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

// match returns the request that a response of side belongs to, nil if that
// was not captured.
//
// The order alone would pair a response with the wrong request once either is
// missing. What the client had received when it sent a request tells: the
// response to it begins behind that, and the response to the request before
// it begins before that.
func (h *conn) match(side stream.Side, a answer) *Exchange {
	x := h.oldest(side.Other())
	for x != nil && x.next != nil && x.hasAck && x.next.hasAck && stream.After(x.next.ack, a.seq) >= 0 &&
		(stream.After(x.ack, x.next.ack) > 0 || stream.After(x.ack, a.seq) < 0) {
		h.resolve(x, NotCaptured)
		x = h.oldest(side.Other())
	}
	if h.expired > 0 {
		if x == nil || stream.After(h.expiredAck, x.ack) <= 0 {
			h.expired--
			return nil
		}
		h.expired = 0
	}
	if x != nil && x.hasAck && stream.After(x.ack, a.seq) < 0 {
		return nil
	}
	return x
}

// answer resolves a request by its response.
func (h *conn) answer(x *Exchange, a answer) {
	x.Status = a.status
	x.Latency = max(0, a.time-x.Time)
	h.resolve(x, Answered)
}

// resolve makes a request final and takes it out of the queue.
func (h *conn) resolve(x *Exchange, why Reason) {
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
}

// giveUp resolves the requests of side that have no response.
func (h *conn) giveUp(side stream.Side, why Reason) {
	for x := h.oldest(side); x != nil; x = h.oldest(side) {
		h.resolve(x, why)
	}
}

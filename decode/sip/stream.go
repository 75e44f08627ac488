package sip

import (
	"bytes"

	"actionurl/decode/stream"
)

const (
	// maxMessage bounds the bytes of a message in a stream; of a longer one
	// the head is read, if that is shorter.
	maxMessage = 64 << 10

	// maxParts bounds the bytes of all messages that have come in part: 4 MiB.
	maxParts = 4 << 20
)

// A Reader reads the messages of TCP connections (RFC 3261, section 18.3), and
// hands them to a Tracker. Its methods are those of a [stream.Receiver], for the
// connections that speak SIP.
type Reader struct {
	tracker *Tracker
	kept    int // bytes in parts
}

// NewReader returns a Reader for a Tracker.
func NewReader(t *Tracker) *Reader { return &Reader{tracker: t} }

// A Conn is what a Reader keeps of a connection, in its State.
type Conn struct{ sides [2]side }

// A side is one direction of a connection.
type side struct {
	part     []byte // a message that has come in part
	searched int    // bytes of part in which no end of the head is
	whole    int    // bytes of the message; 0 until its head is there
	left     int64  // bytes of a long body to come, which are not kept
	lost     bool   // what comes next is not known: a segment that begins like a message is waited for
}

// Data takes the next bytes that a side sends.
func (r *Reader) Data(c *stream.Conn, sd stream.Side, data []byte, at *stream.Mark) (skip int64) {
	conn, _ := c.State.(*Conn)
	if conn == nil {
		conn = new(Conn)
		c.State = conn
	}
	s := &conn.sides[sd]
	if s.lost && Begins(bytes.TrimLeft(data, "\r\n")) != No {
		s.lost = false
	}
	for len(data) > 0 && !s.lost {
		var n int
		switch {
		case s.left > 0:
			n = int(min(s.left, int64(len(data))))
			s.left -= int64(n)
		case len(s.part) > 0:
			n = r.more(c, sd, s, data, at)
		default:
			n = r.begin(c, sd, s, data, at)
		}
		data = data[n:]
	}
	return s.skip()
}

// skip returns how many of the next bytes do not matter.
func (s *side) skip() int64 {
	if s.lost {
		return stream.Forever
	}
	return s.left
}

// begin reads a message, or keeps its beginning, and returns how many bytes that
// took. Empty lines between messages keep the connection alive (RFC 5626,
// section 3.5.1).
func (r *Reader) begin(c *stream.Conn, sd stream.Side, s *side, data []byte, at *stream.Mark) int {
	if rest := bytes.TrimLeft(data, "\r\n"); len(rest) < len(data) {
		return len(data) - len(rest)
	}
	if Begins(data) == No {
		s.lost = true
		return 0
	}
	if head := headEnd(data, 0); head > 0 {
		if whole := head + bodyLength(data[:head]); whole <= len(data) {
			r.message(c, sd, data[:whole], at)
			return whole
		}
	}
	return r.more(c, sd, s, data, at)
}

// more takes bytes of a message that has come in part.
func (r *Reader) more(c *stream.Conn, sd stream.Side, s *side, data []byte, at *stream.Mark) int {
	before := len(s.part)
	room := maxMessage - before
	if s.whole > 0 {
		room = min(room, s.whole-before)
	}
	n := min(len(data), room)
	s.part = append(s.part, data[:n]...)
	r.kept += n
	if s.whole == 0 {
		if head := headEnd(s.part, s.searched); head > 0 {
			s.whole = head + bodyLength(s.part[:head])
			if over := len(s.part) - s.whole; over > 0 { // the next message has begun
				s.part = s.part[:s.whole]
				r.kept -= over
				n -= over
			}
		}
		s.searched = max(0, len(s.part)-3)
	}
	switch {
	case s.whole > 0 && (len(s.part) == s.whole || len(s.part) == maxMessage):
		s.left = int64(s.whole - len(s.part))
		r.message(c, sd, s.part, at)
		r.drop(s)
	case len(s.part) == maxMessage, r.kept > maxParts:
		r.lose(s, at)
	}
	return n
}

// headEnd returns where the head ends, behind its empty line, 0 if it does not.
// Its end is not within the first from bytes.
func headEnd(data []byte, from int) int {
	for at := from; ; {
		n := bytes.IndexByte(data[at:], '\n')
		if n < 0 {
			return 0
		}
		at += n + 1
		switch rest := data[at:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return at + 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return at + 2
		}
	}
}

// bodyLength returns the Content-Length of a head: 0 where it says nothing,
// which no stream may leave open.
func bodyLength(head []byte) int {
	var m Message
	m.Parse(head)
	return max(0, m.Length)
}

// message hands a message on.
func (r *Reader) message(c *stream.Conn, sd stream.Side, data []byte, at *stream.Mark) {
	if r.tracker.read(data, &at.Origin) {
		r.tracker.follow(c.Addr(sd).Addr(), c.Addr(sd.Other()).Addr())
	}
}

// drop gives up what has come in part.
func (r *Reader) drop(s *side) {
	r.kept -= len(s.part)
	s.part, s.searched, s.whole = nil, 0, 0
}

// lose gives up the message at hand, and waits for another.
func (r *Reader) lose(s *side, at *stream.Mark) {
	if len(s.part) > 0 {
		r.tracker.unread(&at.Origin)
	}
	r.drop(s)
	s.lost, s.left = true, 0
}

// Gap says that the next n bytes are missing.
func (r *Reader) Gap(c *stream.Conn, sd stream.Side, n int, at *stream.Mark) (skip int64) {
	conn, _ := c.State.(*Conn)
	if conn == nil {
		return 0
	}
	s := &conn.sides[sd]
	if s.left >= int64(n) {
		s.left -= int64(n)
	} else {
		r.lose(s, at)
	}
	return s.skip()
}

// End says that a side sends no more, or with Reset and Lost that neither does.
func (r *Reader) End(c *stream.Conn, sd stream.Side, how stream.End) {
	conn, _ := c.State.(*Conn)
	if conn == nil {
		return
	}
	r.drop(&conn.sides[sd])
	if how != stream.Closed {
		r.drop(&conn.sides[sd.Other()])
	}
}

package sip

import (
	"bytes"
	"net/netip"

	"actionurl/decode/packet"
	"actionurl/decode/stream"
)

const (
	// maxMessage bounds the bytes of a message in a stream; of a longer one
	// the head is read, if that is shorter.
	maxMessage = 64 << 10

	// maxParts bounds the bytes of all messages that have come in part: 2 MiB,
	// and as much in room to grow.
	maxParts = 2 << 20
)

// maxCallID bounds the length of a Call-ID, in bytes.
const maxCallID = 256

// Counts tell what was read.
type Counts struct {
	Messages int // SIP messages
	Unread   int // of these, with a head that is damaged, cut off or too long
}

// A Reader reads the messages in datagrams and in TCP connections (RFC 3261,
// section 18.3). Data, Gap and End are those of a [stream.Receiver], for the
// connections that speak SIP. It is not safe for concurrent use.
type Reader struct {
	Counts  Counts
	found   func(*Message)
	lost    packet.Lost
	message Message
	parts   int // bytes of messages that have come in part
}

// NewReader returns a Reader that calls found with each message that says
// something of a call or a registration, and lost, unless that is nil, with the
// place of each that cannot be read. A message is valid until found returns.
func NewReader(found func(*Message), lost packet.Lost) *Reader {
	return &Reader{found: found, lost: lost}
}

// Datagram takes a UDP datagram, and reports whether it is a SIP message.
func (r *Reader) Datagram(d *packet.Datagram) bool {
	if Begins(d.Payload) != Yes {
		return false
	}
	if r.read(d.Payload, &d.Origin) {
		r.hand(d.Src.AddrPort().Addr(), d.Dst.AddrPort().Addr())
	}
	return true
}

// read reads a message, and reports whether it says something of a call or a
// registration.
func (r *Reader) read(data []byte, at *packet.Origin) bool {
	r.Counts.Messages++
	if n := methodLength(data); n > 0 && methodOf(data[:n]) == otherMethod {
		return false // a request of another kind: keep-alives, presence, text
	}
	m := &r.message
	if !m.Parse(data) || len(m.CallID) > maxCallID {
		r.unread(at)
		return false
	}
	m.Origin = *at
	return methodOf(m.Method) != otherMethod && (m.Status == 0 || m.Status >= 180)
}

func (r *Reader) unread(at *packet.Origin) {
	r.Counts.Unread++
	if r.lost != nil {
		r.lost(at, "a SIP message is damaged, not whole or too long")
	}
}

// hand hands on the message that was read, with the addresses of its two ends.
func (r *Reader) hand(sender, receiver netip.Addr) {
	r.message.Sender, r.message.Receiver = sender, receiver
	r.found(&r.message)
}

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
			r.whole(c, sd, data[:whole], at)
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
	r.parts += n
	if s.whole == 0 {
		if head := headEnd(s.part, s.searched); head > 0 {
			s.whole = head + bodyLength(s.part[:head])
			if over := len(s.part) - s.whole; over > 0 { // the next message has begun
				s.part = s.part[:s.whole]
				r.parts -= over
				n -= over
			}
		}
		s.searched = max(0, len(s.part)-3)
	}
	switch {
	case s.whole > 0 && (len(s.part) == s.whole || len(s.part) == maxMessage):
		s.left = int64(s.whole - len(s.part))
		r.whole(c, sd, s.part, at)
		r.drop(s)
	case len(s.part) == maxMessage, r.parts > maxParts:
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

// whole takes a message that is whole, or as much of it as there will be.
func (r *Reader) whole(c *stream.Conn, sd stream.Side, data []byte, at *stream.Mark) {
	if r.read(data, &at.Origin) {
		r.hand(c.Addr(sd).Addr(), c.Addr(sd.Other()).Addr())
	}
}

// drop gives up what has come in part.
func (r *Reader) drop(s *side) {
	r.parts -= len(s.part)
	s.part, s.searched, s.whole = nil, 0, 0
}

// lose gives up the message at hand, and waits for another.
func (r *Reader) lose(s *side, at *stream.Mark) {
	if len(s.part) > 0 {
		r.unread(&at.Origin)
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

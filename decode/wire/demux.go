package wire

import (
	"bytes"
	"encoding/binary"

	"actionurl/decode/httpwire"
	"actionurl/decode/sip"
	"actionurl/decode/stream"
	"actionurl/decode/tls"
)

// A demux hands the streams of a connection to the reader of its protocol, which
// the first bytes of a message tell. What is neither SIP nor TLS is httpwire's to
// recognize.
type demux struct {
	http *httpwire.Reader
	sip  *sip.Reader
	tls  *tls.Reader // of connections from their beginning on
	late int         // connections of TLS without their beginning
}

var _ stream.Receiver = (*demux)(nil)

// undecided is the state of a connection of which too few bytes have come to
// tell: it begins with "P", say. Less than a method's name does.
type undecided struct {
	side  stream.Side
	seq   uint32
	bytes []byte
	mark  stream.Mark
}

// joinedLate is the state of a connection of TLS without its beginning. HTTP may
// still find a message in it: that it is TLS is a guess.
type joinedLate struct{}

// Data implements [stream.Receiver].
func (d *demux) Data(c *stream.Conn, side stream.Side, data []byte, seq uint32, at *stream.Mark) int64 {
	switch s := c.State.(type) {
	case nil:
		return d.begin(c, side, data, seq, at)
	case *sip.Conn:
		return d.sip.Data(c, side, data, at)
	case *tls.Conn:
		return d.tls.Data(c, side, data, seq, at)
	case *undecided:
		if s.side == side {
			return d.more(c, s, data, at)
		}
		d.settle(c, s)
	default:
		if begins, _ := tls.Begins(data); begins && d.http.Leave(c) {
			return d.tls.Data(c, side, data, seq, at)
		}
	}
	return d.http.Data(c, side, data, seq, at)
}

// begin takes bytes of a connection whose protocol is not known. Empty lines
// before a message tell nothing.
func (d *demux) begin(c *stream.Conn, side stream.Side, data []byte, seq uint32, at *stream.Mark) int64 {
	first := c.Starts(side, seq)
	if n := proxyHeader(data); first && n > 0 {
		if data, seq = data[n:], seq+uint32(n); len(data) == 0 {
			return 0
		}
	}
	rest := data
	for len(rest) > 0 && (rest[0] == '\r' || rest[0] == '\n') {
		rest = rest[1:]
	}
	if first && len(rest) == 0 {
		return 0
	}
	begun := seq + uint32(len(data)-len(rest))
	switch protocolOf(rest, first) {
	case isSIP:
		return d.sip.Data(c, side, rest, at)
	case isTLS:
		return d.tls.Data(c, side, rest, begun, at)
	case undecidedYet:
		if first {
			c.State = &undecided{side, begun, bytes.Clone(rest), *at}
			return 0
		}
	}
	skip := d.http.Data(c, side, data, seq, at)
	if c.State == nil && !first && tls.Continues(data) {
		d.late++
		c.State = joinedLate{}
	}
	return skip
}

// proxyHeader returns the size of the header with which a proxy says whom it speaks
// for, 0 for none: a line of at most 107 bytes, or a signature, a version, and the
// length of what follows (the PROXY protocol of HAProxy, sections 2.1 and 2.2).
func proxyHeader(data []byte) int {
	const longest, signature, fixed, version = 107, "\r\n\r\n\x00\r\nQUIT\n", 16, 2
	if rest, yes := bytes.CutPrefix(data, []byte("PROXY ")); yes {
		if bytes.HasPrefix(rest, []byte("TCP")) || bytes.HasPrefix(rest, []byte("UNKNOWN")) {
			return bytes.IndexByte(data[:min(len(data), longest)], '\n') + 1
		}
		return 0
	}
	if len(data) < fixed || string(data[:len(signature)]) != signature || data[len(signature)]>>4 != version {
		return 0
	}
	if n := fixed + int(binary.BigEndian.Uint16(data[fixed-2:])); n <= len(data) {
		return n
	}
	return 0
}

// A protocol is what the first bytes of a stream show.
type protocol uint8

const (
	neither protocol = iota
	isSIP
	isTLS
	undecidedYet // they are too few
)

// protocolOf returns the protocol of bytes with which a message begins. TLS is
// followed from a ClientHello on only: where they are not the first bytes of the
// connection, all that shows one has to be there.
func protocolOf(data []byte, first bool) protocol {
	if yes, perhaps := tls.Begins(data); yes {
		return isTLS
	} else if perhaps && first {
		return undecidedYet
	}
	switch sip.Begins(data) {
	case sip.Yes:
		return isSIP
	case sip.Perhaps:
		return undecidedYet
	}
	return neither
}

// more takes further bytes of a connection of which too few have come.
func (d *demux) more(c *stream.Conn, s *undecided, data []byte, at *stream.Mark) int64 {
	seq := s.seq + uint32(len(s.bytes))
	all := append(s.bytes, data...)
	switch protocolOf(all, true) {
	case isSIP:
		c.State = nil
		return d.sip.Data(c, s.side, all, at)
	case isTLS:
		c.State = nil
		return d.tls.Data(c, s.side, all, s.seq, at)
	case undecidedYet:
		s.bytes = all
		return 0
	}
	d.settle(c, s)
	return d.http.Data(c, s.side, data, seq, at)
}

// settle gives what has come to HTTP: it was not enough for another protocol.
func (d *demux) settle(c *stream.Conn, s *undecided) {
	c.State = nil
	c.Begin(s.side, true)
	d.http.Data(c, s.side, s.bytes, s.seq, &s.mark)
	c.Begin(s.side, false)
}

// Gap implements [stream.Receiver].
func (d *demux) Gap(c *stream.Conn, side stream.Side, seq uint32, n int, cut bool, at *stream.Mark) int64 {
	switch s := c.State.(type) {
	case *sip.Conn:
		return d.sip.Gap(c, side, n, at)
	case *tls.Conn:
		return d.tls.Gap(c, side, seq, n, cut, at)
	case *undecided:
		d.settle(c, s)
	}
	return d.http.Gap(c, side, seq, n, cut, at)
}

// End implements [stream.Receiver].
func (d *demux) End(c *stream.Conn, side stream.Side, how stream.End, at *stream.Mark) {
	switch s := c.State.(type) {
	case *sip.Conn:
		d.sip.End(c, side, how)
		return
	case *tls.Conn:
		d.tls.End(c, side, how, at)
		return
	case *undecided:
		d.settle(c, s)
	}
	d.http.End(c, side, how, at)
}

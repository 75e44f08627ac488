// Package stream puts TCP segments in order.
//
// Each direction of a connection is followed by itself, so a capture of one
// direction is as good as one of both. For every segment:
//
//  1. A SYN begins a connection, or is a copy of the one that did, or says
//     that the ports are used again.
//  2. The acknowledgement shows what the other side has: a hole before it is
//     missing in the capture only, and is skipped.
//  3. Bytes that continue the stream are handed to the [Receiver]; bytes that
//     were handed on before are dropped, so of an overlap the first copy is
//     kept; bytes beyond a hole wait.
//  4. FIN and RST end a direction when the stream has reached them.
//
// A connection whose beginning was not captured is joined at the first bytes
// seen, and these are handed on at once.
//
// # Limits
//
// Checksums are not verified: the frames that a machine captures of its own
// sending have none yet.
package stream

import (
	"net/netip"

	"actionurl/decode/packet"
)

// Bounds on what traffic can grow.
const (
	// maxConns bounds the connections followed. One takes 192 bytes, its
	// places in the table 21, and what the receiver keeps of it 144 or so: 102,400
	// make 35 MiB.
	maxConns = 100 << 10

	// maxClosed bounds the closed connections that are remembered, so that
	// late copies of their frames are recognized. With 20,000
	// connections a second it is for 50 ms, and they stay in the cache.
	maxClosed = 1 << 10

	// lingerTime is how long, in nanoseconds of capture time, they are remembered.
	lingerTime = 30e9

	// maxHalfWaiting bounds the bytes of one direction that wait for a hole
	// to be filled: a usual TCP window.
	maxHalfWaiting = 256 << 10

	// maxWaiting bounds the bytes that wait in all directions: 4 MiB. Memory
	// that is kept to be used again takes as much at most.
	maxWaiting = 4 << 20

	// patience is how long, in nanoseconds of capture time, to wait for a hole
	// that no acknowledgement covers: the time of some retransmissions.
	patience = 5e9

	// segmentCost is the memory of a waiting segment without its bytes.
	segmentCost = 160

	// Reach is how far from the expected sequence number a segment of the same
	// stream may be: the largest window in use (RFC 7323 allows 1 GiB; systems
	// stop at 16 MiB or less).
	Reach = 16 << 20
)

// A Side is one of the two ends of a connection.
type Side uint8

// Other returns the other end.
func (s Side) Other() Side { return s ^ 1 }

// End says how the stream of a direction ended.
type End uint8

const (
	Closed End = iota // FIN
	Reset             // RST
	Lost              // the capture ended, the ports were used again, or the connection was forgotten at a bound
)

// A Receiver takes the bytes of the streams. Its methods are called in the
// order of each direction's bytes.
type Receiver interface {
	// Data takes the next bytes that side sends, which begin at sequence
	// number seq. It returns how many of the following bytes it does not need:
	// the Assembler does not wait for a hole in them.
	Data(c *Conn, side Side, data []byte, seq uint32, at *Mark) (skip int64)
	// Gap says that the next n bytes, from sequence number seq on, are missing.
	// If cut, the sender's segment was captured except for these bytes.
	Gap(c *Conn, side Side, seq uint32, n int, cut bool, at *Mark) (skip int64)
	// End says that side sends no more. With Lost, both sides end, and the
	// connection's State is no longer used.
	End(c *Conn, side Side, how End, at *Mark)
}

// Forever is what Data and Gap return if they need none of the following bytes
// in order.
const Forever = 1 << 62

// A Mark is where bytes came from: their frame, and what the segment
// acknowledged.
type Mark struct {
	packet.Origin
	Ack    uint32
	HasAck bool
	urgent bool // an urgent byte, which is not part of the stream
}

// A Conn is a TCP connection.
type Conn struct {
	State any // the receiver's own; nil in a new connection

	// Its two ends. VLAN IDs are not part of them, so that tagged and untagged
	// copies of a frame count as copies.
	ends     [2]packet.Endpoint
	halves   [2]half
	began    int64  // time of the SYN; valid iff a side is synced
	retry    *retry // of the SYN, while it has no answer; mostly nil
	number   uint32 // from 1 on, see table
	closing  uint32 // counts the times it was closed, to tell old entries of Assembler.closed
	known    bool   // it is in the table
	closed   bool
	rejected bool // its SYN, by an ICMP message
	touched  bool // since the eviction's hand passed
}

// Addr returns the address and port of a side.
func (c *Conn) Addr(s Side) netip.AddrPort { return c.ends[s].AddrPort() }

// Seen reports whether any segment that the side sent was captured.
func (c *Conn) Seen(s Side) bool { return c.halves[s].seen }

// Placed reports whether the side's stream was captured from its SYN on, or some
// of its bytes were: else nothing shows whether there were any before its end.
func (c *Conn) Placed(s Side) bool {
	h := &c.halves[s]
	return h.synced || h.open && h.next != h.start
}

// Misses reports whether the capture lacks the last bytes that the side sent:
// the other side has acknowledged more. Where nothing but
// acknowledgements were captured, it has acknowledged more than since.
func (c *Conn) Misses(s Side, since uint32) bool {
	h := &c.halves[s]
	if h.open {
		since = h.next
	}
	if h.hasFin && h.fin == since {
		since++
	}
	return h.hasAcked && After(since, h.acked) > 0
}

// Unacknowledged reports whether the side sent again what is before seq, and the other
// side has acknowledged less than that: alone either may be for what the capture lacks.
func (c *Conn) Unacknowledged(s Side, seq uint32) bool {
	h := &c.halves[s]
	return h.hasAgain && After(h.again, seq) <= 0 && h.hasAcked && After(h.acked, seq) > 0
}

// Starts reports whether seq is where the side's stream starts: after a SYN
// that was seen, or as Begin says.
func (c *Conn) Starts(s Side, seq uint32) bool {
	h := &c.halves[s]
	return h.synced && h.start == seq || h.begins
}

// Begin says whether the side's bytes at hand are the first of a stream within its
// stream, as in TLS.
func (c *Conn) Begin(s Side, first bool) { c.halves[s].begins = first }

// Joined returns the sequence number at which the side's stream was joined, and
// whether it was: what it sent before was not captured.
func (c *Conn) Joined(s Side) (seq uint32, ok bool) {
	h := &c.halves[s]
	return h.start, h.open && !h.synced
}

// half is one direction of a connection.
type half struct {
	waiting *segment // segments beyond a hole, in order, without overlap
	skip    int64    // bytes from next on that the receiver has no use for
	start   uint32   // sequence number of the first byte, or of where it was joined
	next    uint32   // sequence number expected
	acked   uint32   // what the other side has acknowledged; valid iff hasAcked
	fin     uint32   // sequence number of the FIN; valid iff hasFin
	again   uint32   // where what it sent again last ends; valid iff hasAgain
	size    int32    // bytes waiting, segmentCost included
	seen    bool     // a segment was captured
	open    bool     // start and next are valid
	synced  bool     // the SYN was seen
	ended   bool     // End was called
	begins  bool     // as Begin says

	hasAcked, hasFin, hasAgain bool
}

// waits reports whether something waits: segments, or the end.
func (h *half) waits() bool { return h.waiting != nil || h.hasFin && !h.ended }

// A segment waits for the hole before it to be filled.
type segment struct {
	next *segment
	seq  uint32
	data []byte
	mark Mark
}

func (w *segment) end() uint32 { return w.seq + uint32(len(w.data)) }

// After returns how far b lies after a in sequence space (RFC 9293, section
// 3.4); negative if before.
func After(a, b uint32) int { return int(int32(b - a)) }

// within reports whether seq lies from a to b.
func within(seq, a, b uint32) bool { return After(a, seq) >= 0 && After(seq, b) >= 0 }

// far reports whether b is too far from a to be of the same stream.
func far(a, b uint32) bool {
	d := After(a, b)
	return d > Reach || d < -Reach
}

// Package keep holds frames back until it is known whether their connections
// matter.
//
// Which connections do is known seconds after their first frames: when the
// request has come, and its response, or the time for it is over. Until then
// their frames wait here, all in one line:
//
//  1. A frame joins the end of the line, with its connection.
//  2. A connection is wanted from some time on.
//  3. A frame leaves the front of the line as soon as its connection is
//     wanted, and is handed on; or when it has waited for long enough or the
//     line is full, and is let go.
//
// So the frames come out in the order in which they came in. Those that were
// let go too early are counted.
package keep

import (
	"net/netip"

	"actionurl/capture"
	"actionurl/decode/packet"
)

// Bounds on what traffic can grow, 29 MiB in all.
const (
	// maxBytes bounds the bytes of the frames that wait: 16 MiB, of which only
	// the part is used that was ever needed.
	maxBytes = 16 << 20

	// maxHeld bounds the frames that wait: 32 Ki of 80 bytes, 2.5 MiB.
	maxHeld = 32 << 10

	// maxConns bounds the connections that are remembered without frames that
	// wait: 16 Ki. With as many as have frames, they take 100 bytes each, and
	// the table about as much, 10 MiB at the very most.
	maxConns = 16 << 10

	// idle is how long after its last frame, in nanoseconds, a connection is
	// remembered when there are too many.
	idle = 60e9
)

// A Conn names a TCP connection by its ends, in either order.
type Conn [2]netip.AddrPort

// Counts tell what became of the frames.
type Counts struct {
	Kept      int // frames handed on
	Missed    int // frames of wanted connections that were let go before that was known
	Forgotten int // wanted connections that were forgotten because there were too many
}

// A Keeper holds frames back. It is not safe for concurrent use.
type Keeper struct {
	Counts Counts

	hold  int64
	write func(*capture.Frame) error
	err   error // the first of write

	conns map[Conn]*conn
	sweep int // connections at which the idle ones are looked for

	line  []held // a ring, of a power of two
	front int    // index of the oldest
	n     int
	arena []byte // a ring of the frames' bytes, of maxBytes
	end   int    // in arena, behind the youngest

	last capture.Frame // that was handed on: its number and interface
}

// A held is a frame that waits.
type held struct {
	frame capture.Frame // whose bytes are in arena
	conn  *conn
	at    int // in arena
}

// A conn is what is known of a connection.
type conn struct {
	wanted bool
	ended  [2]bool // by end: it sends no more
	held   int     // its frames in the line
	gone   int     // its frames that were let go
	seen   int64   // time of its last frame
}

// over reports whether nothing more is expected of the connection.
func (c *conn) over() bool { return c.ended[0] && c.ended[1] }

// New returns a Keeper that lets frames wait for hold nanoseconds of capture
// time at most, and hands those of wanted connections to write. A frame's
// bytes are valid until write returns.
func New(hold int64, write func(*capture.Frame) error) *Keeper {
	return &Keeper{hold: hold, write: write, conns: map[Conn]*conn{}, sweep: maxConns}
}

// ordered returns c with its lesser end first.
func ordered(c Conn) Conn {
	if c[1].Compare(c[0]) < 0 {
		return Conn{c[1], c[0]}
	}
	return c
}

// side returns which end of c, when it is ordered, is its first.
func side(c Conn) int {
	if c == ordered(c) {
		return 0
	}
	return 1
}

// conn returns what is known of c.
func (k *Keeper) conn(c Conn, now int64) *conn {
	c = ordered(c)
	known := k.conns[c]
	if known == nil {
		if len(k.conns) >= k.sweep {
			k.forget(now)
		}
		known = new(conn)
		k.conns[c] = known
	}
	known.seen = max(known.seen, now)
	return known
}

// forget forgets the connections without frames that wait: those that are over
// or were idle for long, or, if that does not help, all of them.
func (k *Keeper) forget(now int64) {
	for _, before := range []int64{now - idle, now} {
		for c, known := range k.conns {
			if known.held == 0 && (known.over() || known.seen <= before) {
				if known.wanted && !known.over() && before == now {
					k.Counts.Forgotten++
				}
				delete(k.conns, c)
			}
		}
		if len(k.conns) < maxConns {
			break
		}
	}
	k.sweep = max(maxConns, 2*len(k.conns))
}

// Frame takes a frame, of which it makes a copy, and a segment in it. A frame
// that holds several is told once for each of them. It returns the first error
// of write.
func (k *Keeper) Frame(f *capture.Frame, s *packet.Segment) error {
	of := Conn{s.Src.AddrPort(), s.Dst.AddrPort()}
	c := k.conn(of, f.Time)
	switch sender := side(of); {
	case s.SYN:
		c.ended = [2]bool{}
	case s.RST:
		c.ended = [2]bool{true, true}
	case s.FIN:
		c.ended[sender] = true
	}
	at, ok := k.place(len(f.Data))
	for !ok || k.n == maxHeld {
		k.leave()
		at, ok = k.place(len(f.Data))
	}
	if k.n == len(k.line) {
		k.grow()
	}
	k.end = at + len(f.Data)
	h := held{*f, c, at}
	h.frame.Data = k.arena[at:k.end:k.end]
	copy(h.frame.Data, f.Data)
	*k.slot(k.n) = h
	k.n++
	c.held++
	return k.err
}

// Want says that a connection matters, from its frames that wait on.
func (k *Keeper) Want(c Conn, now int64) {
	known := k.conn(c, now)
	known.wanted = true
	k.Counts.Missed += known.gone
	known.gone = 0
}

// Advance lets those frames leave of which it is known, or to be known no
// longer, at the capture time now. It returns the first error of write.
func (k *Keeper) Advance(now int64) error {
	for k.n > 0 {
		if h := k.slot(0); !h.conn.wanted && now-h.frame.Time < k.hold {
			break
		}
		k.leave()
	}
	return k.err
}

// Flush lets all frames leave: there are no more. It returns the first error
// of write.
func (k *Keeper) Flush() error {
	for k.n > 0 {
		k.leave()
	}
	return k.err
}

// leave hands on the oldest frame, if it is wanted.
func (k *Keeper) leave() {
	h := k.slot(0)
	h.conn.held--
	copied := h.frame.Number == k.last.Number && h.frame.Interface == k.last.Interface
	switch {
	case !h.conn.wanted:
		h.conn.gone++
	case !copied && k.err == nil:
		k.err = k.write(&h.frame)
		k.Counts.Kept++
		k.last = capture.Frame{Number: h.frame.Number, Interface: h.frame.Interface}
	}
	*h = held{}
	k.front = (k.front + 1) & (len(k.line) - 1)
	k.n--
}

// place returns where in arena there is room for so many bytes, if there is.
func (k *Keeper) place(size int) (at int, ok bool) {
	if k.arena == nil {
		k.arena = make([]byte, maxBytes)
	}
	if k.n == 0 {
		return 0, true
	}
	oldest := k.slot(0).at
	switch {
	case k.end <= oldest:
		return k.end, oldest-k.end > size
	case len(k.arena)-k.end >= size:
		return k.end, true
	}
	return 0, oldest > size
}

func (k *Keeper) slot(i int) *held { return &k.line[(k.front+i)&(len(k.line)-1)] }

func (k *Keeper) grow() {
	line := make([]held, max(64, 2*len(k.line)))
	for i := range k.n {
		line[i] = *k.slot(i)
	}
	k.line, k.front = line, 0
}

package tls

import (
	"slices"

	"actionurl/decode/stream"
)

// A waiting is what a connection said while its keys were not known.
type waiting struct {
	stream *stream.Conn
	conn   *Conn
	since  int64 // in nanoseconds of capture time
	parts  []part
	bytes  int // of parts and of this, as Reader.held counts them
}

// A part is a record, a hole or an end.
type part struct {
	side   stream.Side
	record record // of a hole: where it begins
	hole   int    // bytes; 0 for none
	end    bool
	how    stream.End // of an end
	mark   stream.Mark
}

const (
	// waitingSize is what a connection takes that waits: its state, what its keys
	// are made of, and its copy of the stream's.
	waitingSize = 2 << 10

	// partSize is what a part takes beside the bytes of its record, in a slice that
	// may be half empty.
	partSize = 256
)

// unlock makes the keys of a connection. Where a key log may still bring them,
// the connection waits.
func (r *Reader) unlock(c *stream.Conn, conn *Conn, now int64) {
	conn.unlock(r.config.Secrets)
	if r.config.Secrets.grows && conn.locked() {
		conn.open.failed = Decrypted
		conn.open.waiting = &waiting{stream: c, conn: conn, since: now, bytes: waitingSize}
		r.waiting = append(r.waiting, conn.open.waiting)
		r.held += waitingSize
	}
}

// wait keeps a part for a connection that waits. Where that is too much, it
// waits no longer, nor do the connections that have waited longest.
func (r *Reader) wait(c *stream.Conn, conn *Conn, p *part) {
	w := conn.open.waiting
	p.record.data = append([]byte(nil), p.record.data...)
	w.parts = append(w.parts, *p)
	size := partSize + cap(p.record.data)
	w.bytes += size
	r.held += size
	if p.end && p.how == stream.Lost {
		snapshot := *c // c will be another connection
		w.stream = &snapshot
	}
	for r.held > maxRecords && len(r.waiting) > 0 {
		r.resume(r.waiting[0])
	}
	if w.bytes > maxWaiting && conn.open.waiting == w {
		r.resume(w)
	}
}

// Retry has those connections go on whose keys have come, or that have waited
// too long. Now is the time that the capture has reached, in nanoseconds since
// 1970-01-01 UTC. It is to be called when secrets were added, and time and again.
func (r *Reader) Retry(now int64) {
	if len(r.waiting) == 0 {
		return
	}
	if r.tried != r.config.Secrets.added {
		r.tried = r.config.Secrets.added
		for _, w := range slices.Clone(r.waiting) {
			if w.conn.unlock(r.config.Secrets); w.conn.locked() {
				w.conn.open.failed = Decrypted
			} else {
				r.resume(w)
			}
		}
	}
	for len(r.waiting) > 0 && now-r.waiting[0].since > maxWait {
		r.resume(r.waiting[0])
	}
}

// Flush ends the waiting: no more secrets come.
func (r *Reader) Flush() {
	for len(r.waiting) > 0 {
		r.resume(r.waiting[0])
	}
}

// forget lets go of what a connection said while it waited, if it does.
func (r *Reader) forget(conn *Conn) {
	if conn.open == nil || conn.open.waiting == nil {
		return
	}
	w := conn.open.waiting
	conn.open.waiting = nil
	r.held -= w.bytes
	i := slices.Index(r.waiting, w)
	r.waiting = slices.Delete(r.waiting, i, i+1)
}

// resume reads what a connection said meanwhile, as far as there are keys.
func (r *Reader) resume(w *waiting) {
	conn := w.conn
	r.forget(conn)
	conn.unlock(r.config.Secrets)
	if !conn.reads() || !conn.h.offersHTTP2 {
		r.found(conn) // else the client's first bytes say whether it is HTTP/2
	}
	conn.sides[0].missed, conn.sides[1].missed = false, false
	parts := w.parts
	w.parts = nil
	for i := range parts {
		if !conn.reads() {
			return
		}
		p := &parts[i]
		switch {
		case p.end:
			r.found(conn)
			r.inside(w.stream, conn, func() { r.config.Inside.End(w.stream, p.side, p.how, &p.mark) })
		case p.hole > 0:
			if conn.sides[p.side].keys != nil {
				r.lose(w.stream, conn, p.side, p.record.seq, p.hole, &p.mark)
			}
		default:
			r.decrypt(w.stream, conn, p.side, p.record, &p.mark)
		}
	}
}

package tls

import "actionurl/decode/stream"

// A waiting is what a connection said while its keys were not known.
type waiting struct {
	stream *stream.Conn
	conn   *Conn
	since  int64 // in nanoseconds of capture time
	parts  []part
	bytes  int  // of parts and of this, as Reader.held counts them
	over   bool // it waits no longer
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

// partSize is what a part takes beside the bytes of its record, and more than a
// waiting takes beside its parts.
const partSize = 160

// unlock makes the keys of a connection. Where a key log may still bring them,
// the connection waits.
func (r *Reader) unlock(c *stream.Conn, conn *Conn, now int64) {
	conn.unlock(r.config.Secrets)
	if r.config.Secrets.grows && conn.locked() {
		conn.open.failed = Decrypted
		conn.open.waiting = &waiting{stream: c, conn: conn, since: now, bytes: partSize}
		r.waiting = append(r.waiting, conn.open.waiting)
		r.held += partSize
	}
}

// wait keeps a part for a connection that waits. Where that is too much, it
// waits no longer, nor do the connections that have waited longest.
func (r *Reader) wait(c *stream.Conn, conn *Conn, p *part) {
	w := conn.open.waiting
	p.record.data = append([]byte(nil), p.record.data...)
	w.parts = append(w.parts, *p)
	size := partSize + len(p.record.data)
	w.bytes += size
	r.held += size
	if p.end {
		snapshot := *c // c will be another connection
		w.stream = &snapshot
	}
	for r.held > maxRecords && len(r.waiting) > 0 {
		r.first()
	}
	if w.bytes > maxWaiting && !w.over {
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
		before := r.waiting
		r.waiting = nil
		for _, w := range before {
			if w.over {
				continue
			}
			if w.conn.unlock(r.config.Secrets); w.conn.locked() {
				w.conn.open.failed = Decrypted
				r.waiting = append(r.waiting, w)
			} else {
				r.resume(w)
			}
		}
	}
	for len(r.waiting) > 0 && (r.waiting[0].over || now-r.waiting[0].since > maxWait) {
		r.first()
	}
}

// Flush ends the waiting: no more secrets come.
func (r *Reader) Flush() {
	for len(r.waiting) > 0 {
		r.first()
	}
}

// first has the connection that has waited longest go on.
func (r *Reader) first() {
	w := r.waiting[0]
	r.waiting = r.waiting[1:]
	if !w.over {
		r.resume(w)
	}
}

// resume reads what a connection said meanwhile, as far as there are keys.
func (r *Reader) resume(w *waiting) {
	conn := w.conn
	conn.open.waiting = nil
	w.over = true
	r.held -= w.bytes
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

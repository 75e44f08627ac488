package pcapfile

import (
	"errors"
	"io"
)

// windowSize is how much of a file is in memory: a few times the largest
// record, small enough to stay in a processor's second-level cache.
const windowSize = 512 << 10

// firstWindow is the window until its first bytes are used up: of many files no
// more is needed than the time of the first frame.
const firstWindow = 64 << 10

// A window is the part of a file that is in memory.
type window struct {
	r      io.Reader
	narrow bool // it grows for records that do not fit alone
	buf    []byte
	lo, hi int   // buf[lo:hi] has been read and not yet consumed
	offset int64 // of buf[lo] in the file
	err    error // why no more can be read; io.EOF at the end
}

// rest returns the bytes that are in memory and not yet consumed.
func (w *window) rest() []byte { return w.buf[w.lo:w.hi] }

// consume marks n bytes of rest as done with.
func (w *window) consume(n int) {
	w.lo += n
	w.offset += int64(n)
}

// more reads on, once, so that a pipe's bytes are seen as they come. What
// rest returned before is no longer valid. It reports whether bytes came.
func (w *window) more() bool {
	if w.err != nil {
		return false
	}
	buf := w.buf
	if len(buf) < windowSize && (w.hi > 0 && !w.narrow || w.hi-w.lo == len(buf)) {
		buf = make([]byte, windowSize)
	}
	copy(buf, w.rest())
	w.buf, w.lo, w.hi = buf, 0, w.hi-w.lo
	if w.hi == len(w.buf) {
		return false
	}
	n := 0
	for tries := 0; n == 0 && w.err == nil; tries++ {
		if n, w.err = w.r.Read(w.buf[w.hi:]); tries == 100 {
			w.err = io.ErrNoProgress
		}
	}
	w.hi += n
	return n > 0
}

// atLeast reads until rest holds n bytes, and reports whether it does.
func (w *window) atLeast(n int) bool {
	for w.hi-w.lo < n && w.more() {
	}
	return w.hi-w.lo >= n
}

// discard consumes n bytes, however many that are, and reports whether all of
// them were there.
func (w *window) discard(n int64) bool {
	for {
		step := min(n, int64(w.hi-w.lo))
		w.consume(int(step))
		if n -= step; n == 0 {
			return true
		}
		if !w.more() {
			return false
		}
	}
}

// failed returns the error that ended reading, if it was neither the end of
// the file nor damage in it.
func (w *window) failed() error {
	if w.err == nil || errors.Is(w.err, io.EOF) || errors.Is(w.err, io.ErrUnexpectedEOF) || w.damaged() != nil {
		return nil
	}
	return w.err
}

// damaged returns the damage in compressed data that ended reading, if any.
func (w *window) damaged() error {
	var damage *damageError
	if errors.As(w.err, &damage) {
		return damage
	}
	return nil
}

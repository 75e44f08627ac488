package pcapfile

import (
	"errors"
	"fmt"

	"actionurl/capture"
)

const (
	// enough is how many records in a row make sure that they are some.
	enough = 3

	// maxWire is the most bytes on the wire that are believed where a record is
	// searched for: those of a segment that a network card splits, and to spare.
	maxWire = 1 << 20
)

// A find is what reading can go on with.
type find struct {
	at      int    // in the bytes searched
	records int    // in a row; 0 if a capture begins
	next    format // of the capture that begins, and how much of its header is passed over
	header  int
}

// find searches bytes for a record, or for the file header of another capture.
// If it stopped early for want of bytes, more is set and f.at is where; if final,
// there are no more.
func (r *Reader) find(rest []byte, from int, final bool) (f find, ok, more bool) {
	for at := from; at < len(rest); at++ {
		next, header, more := r.header(rest[at:], final)
		if next != nil {
			return find{at: at, next: next, header: header}, true, false
		}
		records := 0
		if !more {
			records, more = r.format.fits(rest[at:], final)
		}
		if records > 0 || more {
			return find{at: at, records: records}, records > 0, more
		}
	}
	return find{at: len(rest)}, false, false
}

// skip continues after an impossible record: with the next capture, if its file
// header stands there, as where captures were joined by cat, or else with the
// next record that fits. It needs a batch without frames, as it reads on, and
// leaves the record to the next call where there are some.
func (r *Reader) skip(b *capture.Batch, cause error) {
	if len(b.Frames) > 0 {
		return
	}
	from := r.window.offset
	if next, header, _ := r.header(r.window.rest(), true); next != nil {
		r.join(b, next, header)
		return
	}
	for at := 1; ; at = 0 {
		rest := r.window.rest()
		final := r.window.err != nil || len(rest) == windowSize
		f, ok, _ := r.find(rest, at, final)
		r.window.consume(f.at)
		if ok {
			r.goOn(b, from, cause, f)
			return
		}
		if !r.window.more() && final {
			break
		}
	}
	if r.failed() == nil {
		r.problem(b, r.frames, from, fmt.Errorf("%w; no later record fits", cause))
	}
}

// goOn reports what was skipped from an offset on, up to what was found.
func (r *Reader) goOn(b *capture.Batch, from int64, cause error, f find) {
	r.problem(b, r.frames, from, fmt.Errorf("%w; skipped %d bytes", cause, r.window.offset-from))
	if f.next != nil {
		r.join(b, f.next, f.header)
	}
}

// join begins to read the capture whose file header stands next.
func (r *Reader) join(b *capture.Batch, next format, header int) {
	r.problem(b, r.frames, r.window.offset, errors.New("another capture begins"))
	b.Problems[len(b.Problems)-1].Harmless = true
	r.window.consume(header)
	r.format = next
}

// resume continues in a record that claims more bytes than the file has, if other
// records stand in it, and reports whether they do.
func (r *Reader) resume(b *capture.Batch) bool {
	f, ok, _ := r.find(r.window.rest(), 1, true)
	if !ok || f.records == 1 {
		return false
	}
	from := r.window.offset
	r.window.consume(f.at)
	r.goOn(b, from, errors.New("the record claims more bytes than there are before the next"), f)
	return true
}

// header returns the format of the capture whose file header rest begins with,
// and the length of what is to be passed over of it; nil if it does not. With
// more it needs more bytes to know.
func (r *Reader) header(rest []byte, final bool) (next format, size int, more bool) {
	if len(rest) < 4 {
		return nil, 0, !final
	}
	magic := [4]byte(rest)
	p := pcapMagic(magic)
	switch {
	case p == nil && magic != blockMagic:
		return nil, 0, false
	case len(rest) < pcapHeader:
		return nil, 0, !final
	case p != nil && p.read(rest, r.name):
		return p, pcapHeader, false
	case p == nil:
		ng := &pcapng{}
		if length, err := ng.blockLength(rest); err == nil && length <= windowSize {
			return ng, 0, false
		}
	}
	return nil, 0, false
}

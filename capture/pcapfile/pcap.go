package pcapfile

import (
	"errors"
	"fmt"
	"slices"

	"actionurl/capture"
)

// Sizes of the headers of a classic capture (draft-ietf-opsawg-pcap, sections
// 4 and 5), and of the records of its modified variant.
const (
	pcapHeader     = 24
	recordHeader   = 16
	modifiedHeader = 24
)

// dgux is the version that DG/UX wrote.
const dgux = 543

// pcap is the classic container: a header, then records.
type pcap struct {
	order   byteOrder
	unit    int64 // nanoseconds in a unit of a timestamp's fraction
	header  int   // size of a record's header
	lengths lengths
	latest  uint32 // time of the latest record, in seconds; 0 if there is none
	on      capture.Interface
}

// lengths says in which order a record has the bytes captured and those on the
// wire. Before version 2.3 it was the other way round, and 2.3 was written
// either way.
type lengths uint8

const (
	capturedFirst lengths = iota
	capturedLast
	lesserIsCaptured
)

// pcapMagic returns the kind of a classic capture by its magic number, nil if
// it is none.
func pcapMagic(m [4]byte) *pcap {
	for _, order := range []byteOrder{littleEndian, bigEndian} {
		switch order.Uint32(m[:]) {
		case 0xa1b2c3d4:
			return &pcap{order: order, unit: 1000, header: recordHeader}
		case 0xa1b23c4d: // nanoseconds
			return &pcap{order: order, unit: 1, header: recordHeader}
		case 0xa1b2cd34: // Kuznetzov's, with the interface and the packet type in each record
			return &pcap{order: order, unit: 1000, header: modifiedHeader}
		}
	}
	return nil
}

// open reads the file header.
func (p *pcap) open(r *Reader) error {
	if !r.window.atLeast(pcapHeader) {
		if err := r.failed(); err != nil {
			return err
		}
		return fmt.Errorf("%s: the file ends in its header, after %s of %d",
			r.name, bytesOf(len(r.window.rest())), pcapHeader)
	}
	head := r.window.rest()
	if !p.read(head, r.name) {
		return fmt.Errorf("%s: %w: version %d.%d of pcap; 2.4 is known",
			r.name, ErrFormat, p.order.Uint16(head[4:]), p.order.Uint16(head[6:]))
	}
	r.window.consume(pcapHeader)
	return nil
}

// read reads a file header of a known magic number, and reports whether its
// version is known.
func (p *pcap) read(head []byte, name string) bool {
	major, minor := p.order.Uint16(head[4:]), p.order.Uint16(head[6:])
	switch {
	case major == 2 && minor < 3, major == dgux && minor == 0:
		p.lengths = capturedLast
	case major == 2 && minor == 3:
		p.lengths = lesserIsCaptured
	case major != 2:
		return false
	}
	// The upper half of the word has the length of the frame check sequence,
	// which the lengths in the packets leave out by themselves.
	p.on = capture.Interface{Capture: name, Link: capture.LinkType(p.order.Uint32(head[20:]))}
	return true
}

func (p *pcap) records(r *Reader, b *capture.Batch) {
	for {
		if p.lengths == capturedFirst {
			p.plain(r, b)
		}
		n, rest := len(b.Frames), r.window.rest()
		if n > 0 {
			p.latest = uint32(b.Frames[n-1].Time / 1e9)
		}
		if n >= batchFrames || len(rest) < p.header {
			return
		}
		captured, length := p.lengths.sort(p.order.Uint32(rest[8:]), p.order.Uint32(rest[12:]))
		if captured > maxFrame || captured|length == 0 && (!p.near(p.order.Uint32(rest)) || pcapMagic([4]byte(rest)) != nil) {
			r.skip(b, recordError(captured))
			return
		}
		end := p.header + int(captured)
		if len(rest) < end {
			return
		}
		r.frame(b, rest[p.header:end], p.time(rest), length, &p.on)
		r.window.consume(end)
	}
}

// plain reads the records up to the first that something is odd about. It is what
// nearly all time is spent in.
func (p *pcap) plain(r *Reader, b *capture.Batch) {
	data := r.window.rest()
	at, header, order, unit, on := 0, p.header, p.order, p.unit, &p.on // at hand
	n := len(b.Frames)
	number := r.frames - n // of the frame before the batch's first
	frames := slices.Grow(b.Frames, batchFrames)[:max(n, batchFrames)]
	for n < len(frames) && len(data)-at >= header {
		h := (*[recordHeader]byte)(data[at:])
		captured := order.Uint32(h[8:])
		end := at + header + int(captured)
		if captured == 0 || captured > maxFrame || end > len(data) {
			break
		}
		f := &frames[n]
		f.Data = data[at+header : end]
		f.Time = int64(order.Uint32(h[:]))*1e9 + int64(order.Uint32(h[4:]))*unit
		f.Length = int(order.Uint32(h[12:]))
		f.Interface = on
		n++
		f.Number = number + n
		at = end
	}
	r.frames, b.Frames = number+n, frames[:n]
	r.window.consume(at)
}

// time returns the time of a record.
func (p *pcap) time(rec []byte) int64 {
	return int64(p.order.Uint32(rec))*1e9 + int64(p.order.Uint32(rec[4:]))*p.unit
}

// sort returns the bytes captured and those on the wire.
func (l lengths) sort(a, b uint32) (captured, length uint32) {
	if l == capturedLast || l == lesserIsCaptured && a > b {
		return b, a
	}
	return a, b
}

// near reports whether a time in seconds is within a year of the latest record's.
func (p *pcap) near(seconds uint32) bool {
	const year = 365 * 24 * 3600
	return p.latest == 0 || seconds-p.latest < year || p.latest-seconds < year
}

// recordError says why a record cannot be one.
func recordError(captured uint32) error {
	if captured == 0 {
		return errors.New("the record has no length, and another time than the one before it")
	}
	return fmt.Errorf("the record claims %d bytes, more than the %d that a frame can have", captured, maxFrame)
}

// fits implements [format]. A record's header has a time near that of the latest
// record, no more than a second in the fraction of one, and no more bytes
// captured than on the wire and than a frame can have.
func (p *pcap) fits(rest []byte, final bool) (records int, more bool) {
	for records < enough {
		if len(rest) < p.header {
			break
		}
		seconds := p.order.Uint32(rest)
		captured, length := p.lengths.sort(p.order.Uint32(rest[8:]), p.order.Uint32(rest[12:]))
		if captured > maxFrame || captured > length || length == 0 || length > maxWire ||
			int64(p.order.Uint32(rest[4:]))*p.unit >= 1e9 || !p.near(seconds) {
			return 0, false
		}
		size := p.header + int(captured)
		if size > len(rest) {
			break
		}
		records++
		rest = rest[size:]
	}
	switch {
	case records == enough, final && records > 0 && len(rest) == 0, final && records > 1 && len(rest) >= p.header:
		return records, false
	}
	return 0, !final
}

func (p *pcap) cut(r *Reader, b *capture.Batch) error {
	rest := r.window.rest()
	if len(rest) < p.header {
		return fmt.Errorf("the file ends in a record's header, after %s of %d", bytesOf(len(rest)), p.header)
	}
	captured, length := p.lengths.sort(p.order.Uint32(rest[8:]), p.order.Uint32(rest[12:]))
	r.frame(b, rest[p.header:], p.time(rest), length, &p.on)
	r.window.consume(len(rest))
	return fmt.Errorf("the file ends in a frame, after %s of %d", bytesOf(len(rest)-p.header), captured)
}

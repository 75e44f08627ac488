package pcapfile

import (
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

// pcap is the classic container: a header, then records.
type pcap struct {
	order  byteOrder
	unit   int64 // nanoseconds in a unit of a timestamp's fraction
	header int   // size of a record's header
	on     capture.Interface
}

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
	if major := p.order.Uint16(head[4:]); major != 2 {
		return fmt.Errorf("%s: %w: version %d.%d of pcap; 2.4 is known",
			r.name, ErrFormat, major, p.order.Uint16(head[6:]))
	}
	// The upper half of the word tells the length of the frame check sequence,
	// which the lengths in the packets leave out by themselves.
	p.on = capture.Interface{Capture: r.name, Link: capture.LinkType(p.order.Uint32(head[20:]))}
	r.window.consume(pcapHeader)
	return nil
}

func (p *pcap) records(r *Reader, b *capture.Batch) {
	rest := r.window.rest()
	// What every record changes is at hand, and noted behind the last one.
	at, header, order := 0, p.header, p.order
	captured := uint32(0)
	n := len(b.Frames)
	number := r.frames - n // of the frame before the batch's first
	frames := slices.Grow(b.Frames, batchFrames)[:max(n, batchFrames)]
	for n < batchFrames && len(rest)-at >= header {
		rec := rest[at:]
		captured = order.Uint32(rec[8:])
		if captured > maxFrame || len(rec)-header < int(captured) {
			break
		}
		f := &frames[n]
		p.read(f, rec, int(captured))
		n++
		f.Number = number + n
		at += header + int(captured)
	}
	r.frames, b.Frames = number+n, frames[:n]
	r.window.consume(at)
	if captured > maxFrame {
		r.stop(b, fmt.Errorf("the record claims %d bytes, more than the %d that a frame can have; what follows cannot be read", captured, maxFrame))
	}
}

// read reads the frame of a record, which begins with its header, but for the
// frame's number.
func (p *pcap) read(f *capture.Frame, rec []byte, captured int) {
	f.Data = rec[p.header : p.header+captured]
	f.Time = int64(p.order.Uint32(rec))*1e9 + int64(p.order.Uint32(rec[4:]))*p.unit
	f.Length = int(p.order.Uint32(rec[12:]))
	f.Interface = &p.on
}

func (p *pcap) cut(r *Reader, b *capture.Batch) error {
	rest := r.window.rest()
	if len(rest) < p.header {
		return fmt.Errorf("the file ends in a record's header, after %s of %d", bytesOf(len(rest)), p.header)
	}
	captured := p.order.Uint32(rest[8:])
	r.frames++
	b.Frames = append(b.Frames, capture.Frame{Number: r.frames})
	p.read(&b.Frames[len(b.Frames)-1], rest, len(rest)-p.header)
	r.window.consume(len(rest))
	return fmt.Errorf("the file ends in a frame, after %s of %d", bytesOf(len(rest)-p.header), captured)
}

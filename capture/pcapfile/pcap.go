package pcapfile

import (
	"fmt"

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
	whole := 0 // bytes of rest
	for len(b.Frames) < batchFrames && len(rest)-whole >= p.header {
		rec := rest[whole:]
		captured := p.order.Uint32(rec[8:])
		size := p.header + int(captured)
		if captured > maxFrame || len(rec) < size {
			break
		}
		p.record(r, b, rec[:size])
		whole += size
	}
	r.window.consume(whole)
	if rest = rest[whole:]; len(rest) >= p.header {
		if captured := p.order.Uint32(rest[8:]); captured > maxFrame {
			r.stop(b, fmt.Errorf("the record claims %d bytes, more than the %d that a frame can have; what follows cannot be read", captured, maxFrame))
		}
	}
}

// record adds the frame of a record, which begins with its header, to b.
func (p *pcap) record(r *Reader, b *capture.Batch, rec []byte) {
	time := int64(p.order.Uint32(rec))*1e9 + int64(p.order.Uint32(rec[4:]))*p.unit
	r.frame(b, rec[p.header:], time, p.order.Uint32(rec[12:]), &p.on)
}

func (p *pcap) cut(r *Reader, b *capture.Batch) error {
	rest := r.window.rest()
	if len(rest) < p.header {
		return fmt.Errorf("the file ends in a record's header, after %s of %d", bytesOf(len(rest)), p.header)
	}
	captured := p.order.Uint32(rest[8:])
	p.record(r, b, rest)
	r.window.consume(len(rest))
	return fmt.Errorf("the file ends in a frame, after %s of %d", bytesOf(len(rest)-p.header), captured)
}

package pcapfile

import (
	"encoding/binary"
	"fmt"

	"actionurl/capture"
)

// Sizes of the headers of a classic capture (draft-ietf-opsawg-pcap, sections 4 and 5).
const (
	pcapHeader   = 24
	recordHeader = 16
)

// pcap is the classic container: a header, then records.
type pcap struct {
	order byteOrder
	unit  int64 // nanoseconds in a unit of a timestamp's fraction
	on    capture.Interface
}

// pcapMagic tells a classic capture's byte order, nil for none, and the unit
// of its fractions of seconds.
func pcapMagic(m [4]byte) (byteOrder, int64) {
	for _, order := range []byteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(m[:]) {
		case 0xa1b2c3d4:
			return order, 1000
		case 0xa1b23c4d:
			return order, 1
		}
	}
	return nil, 0
}

// openPcap reads the file header.
func openPcap(r *Reader, order byteOrder, unit int64) (*pcap, error) {
	if !r.window.atLeast(pcapHeader) {
		if err := r.failed(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s: the file ends in its header, after %s of %d",
			r.name, bytesOf(len(r.window.rest())), pcapHeader)
	}
	head := r.window.rest()
	if major := order.Uint16(head[4:]); major != 2 {
		return nil, fmt.Errorf("%s: %w: version %d.%d of pcap; 2.4 is known",
			r.name, ErrFormat, major, order.Uint16(head[6:]))
	}
	// The upper half of the word tells the length of the frame check sequence.
	link := capture.LinkType(order.Uint32(head[20:]))
	r.window.consume(pcapHeader)
	return &pcap{order: order, unit: unit, on: capture.Interface{Capture: r.name, Link: link}}, nil
}

func (p *pcap) records(r *Reader, b *capture.Batch) {
	for len(b.Frames) < batchFrames {
		rest := r.window.rest()
		if len(rest) < recordHeader {
			return
		}
		captured := p.order.Uint32(rest[8:])
		if captured > maxFrame {
			r.stop(b, fmt.Errorf("the record claims %d bytes, more than the %d that a frame can have; what follows cannot be read", captured, maxFrame))
			return
		}
		if len(rest) < recordHeader+int(captured) {
			return
		}
		p.record(r, b, rest[:recordHeader+captured])
	}
}

// record moves a record, its header included, from the window to b.
func (p *pcap) record(r *Reader, b *capture.Batch, rec []byte) {
	time := int64(p.order.Uint32(rec))*1e9 + int64(p.order.Uint32(rec[4:]))*p.unit
	r.frame(b, rec[recordHeader:], time, p.order.Uint32(rec[12:]), &p.on)
	r.window.consume(len(rec))
}

func (p *pcap) cut(r *Reader, b *capture.Batch) error {
	rest := r.window.rest()
	if len(rest) < recordHeader {
		return fmt.Errorf("the file ends in a record's header, after %s of %d", bytesOf(len(rest)), recordHeader)
	}
	captured := p.order.Uint32(rest[8:])
	p.record(r, b, rest)
	return fmt.Errorf("the file ends in a frame, after %s of %d", bytesOf(len(rest)-recordHeader), captured)
}

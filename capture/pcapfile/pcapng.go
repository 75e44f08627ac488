package pcapfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"actionurl/capture"
)

// Block types (draft-ietf-opsawg-pcapng, section 11.1).
const (
	blockInterface  = 1
	blockPacket     = 2 // obsolete, still found
	blockSimple     = 3
	blockStatistics = 5
	blockEnhanced   = 6
	blockSecrets    = 10
	blockSection    = 0x0a0d0d0a
)

// blockMagic begins a pcapng file in either byte order.
var blockMagic = [4]byte{0x0a, 0x0d, 0x0d, 0x0a}

// byteOrderMagic stands in a section header.
const byteOrderMagic = 0x1a2b3c4d

const (
	blockHeader  = 8  // type and length
	blockMinimum = 12 // and the length again

	optionEnd      = 0
	optionName     = 2 // of an interface
	optionTSResol  = 9
	optionTSOffset = 14
	optionDropped  = 4 // of an enhanced packet
	optionIfDrop   = 5 // of statistics
	optionOSDrop   = 7

	// maxDrops is the most packets that are believed to be lost at a time.
	maxDrops = 1 << 40

	// maxInterfaces bounds the interfaces of a section, 64 bytes each: 256 KiB.
	maxInterfaces = 4096
)

// pcapng is the container of blocks: a section header, then descriptions of
// interfaces, then packets that refer to them by number.
type pcapng struct {
	order      byteOrder
	interfaces []*ngInterface
}

// An ngInterface is an interface with its clock.
type ngInterface struct {
	capture.Interface
	snaplen uint32
	clock   ngClock
	latest  int64  // time of the latest packet or statistics
	dropped uint64 // packets, as packets and statistics said so far
}

// An ngClock converts the units of an interface's timestamps.
type ngClock struct {
	offset int64  // seconds to add
	perSec uint64 // units in a second; 0 stands for 2^64 and is never set
}

// nanoseconds converts a timestamp. What does not fit wraps around, as a
// timestamp of centuries means nothing anyway.
func (c ngClock) nanoseconds(units uint64) int64 {
	switch c.perSec {
	case 1e9:
		return int64(units) + c.offset*1e9
	case 1e6:
		return int64(units)*1000 + c.offset*1e9
	}
	sec, part := units/c.perSec, units%c.perSec
	hi, lo := bits.Mul64(part, 1e9)
	ns, _ := bits.Div64(hi, lo, c.perSec) // part < perSec, so hi < perSec
	return (int64(sec)+c.offset)*1e9 + int64(ns)
}

// resolution interprets if_tsresol: a negative power of ten, or of two where
// the highest bit is set.
func resolution(b byte) (perSec uint64, err error) {
	base, power := uint64(10), b&0x7f
	if b&0x80 != 0 {
		base = 2
	}
	perSec = 1
	for range power {
		hi, lo := bits.Mul64(perSec, base)
		if hi != 0 {
			return 0, fmt.Errorf("a time resolution of %d to the power of -%d is too fine", base, power)
		}
		perSec = lo
	}
	return perSec, nil
}

func (p *pcapng) records(r *Reader, b *capture.Batch) {
	for len(b.Frames) < batchFrames && (len(b.Problems) == 0 || len(b.Frames) == 0 && len(b.Problems) < batchProblems) && len(b.Secrets) == 0 {
		rest := r.window.rest()
		if len(rest) < blockMinimum {
			return
		}
		length, err := p.blockLength(rest)
		kind := p.order.Uint32(rest)
		if err != nil || pcapMagic([4]byte(rest)) != nil {
			if err == nil {
				err = fmt.Errorf("a block of type %#x", kind)
			}
			r.skip(b, err)
			return
		}
		if length > windowSize {
			if len(b.Frames) > 0 {
				return // passing it overwrites the bytes of these
			}
			p.pass(r, b, kind, length)
			continue
		}
		if len(rest) < int(length) {
			return
		}
		p.block(r, b, kind, rest[:length])
		r.window.consume(int(length))
	}
}

// blockLength returns the length of the block that rest begins with; a section
// header sets the byte order first.
func (p *pcapng) blockLength(rest []byte) (uint32, error) {
	if [4]byte(rest) == blockMagic {
		switch uint32(byteOrderMagic) {
		case binary.LittleEndian.Uint32(rest[8:]):
			p.order = littleEndian
		case binary.BigEndian.Uint32(rest[8:]):
			p.order = bigEndian
		default:
			return 0, errors.New("a section header without byte-order magic")
		}
	}
	length := p.order.Uint32(rest[4:])
	if length < blockMinimum || length%4 != 0 {
		return 0, fmt.Errorf("a block of type %#x claims a length of %d", p.order.Uint32(rest), length)
	}
	return length, nil
}

// pass leaves out a block that is larger than any packet's. Decryption
// secrets, lists of names and what vendors put into files of their own can be.
func (p *pcapng) pass(r *Reader, b *capture.Batch, kind, length uint32) {
	offset := r.window.offset
	if kind == blockPacket || kind == blockSimple || kind == blockEnhanced || kind == blockInterface || kind == blockSection {
		r.skip(b, fmt.Errorf("a block of type %#x claims %d bytes, more than it can have", kind, length))
		return
	}
	if !r.window.discard(int64(length)) && r.window.failed() == nil {
		r.problem(b, r.frames, offset, fmt.Errorf("the file ends in a block of type %#x and %d bytes", kind, length))
	}
}

// fits implements [format]: the type of a block is one of those that captures
// have, and its length stands at both ends.
func (p *pcapng) fits(rest []byte, final bool) (records int, more bool) {
	if len(rest) < blockMinimum {
		return 0, !final
	}
	kind, length := p.order.Uint32(rest), p.order.Uint32(rest[4:])
	if kind == 0 || kind > blockSecrets && kind != blockSection || length < blockMinimum || length%4 != 0 || length > windowSize {
		return 0, false
	}
	if len(rest) < int(length) {
		return 0, !final
	}
	if p.order.Uint32(rest[length-4:]) != length {
		return 0, false
	}
	return enough, false
}

// block reads a whole block. One that is damaged is a problem and is left out.
func (p *pcapng) block(r *Reader, b *capture.Batch, kind uint32, block []byte) {
	before := r.frames
	end := len(block) - 4
	body := block[blockHeader:end]
	var err error
	switch kind {
	case blockSection:
		p.interfaces = p.interfaces[:0]
		if len(body) >= 6 && p.order.Uint16(body[4:]) != 1 {
			err = fmt.Errorf("a section of version %d.%d; 1.0 is known", p.order.Uint16(body[4:]), p.order.Uint16(body[6:]))
		}
	case blockInterface:
		err = p.describe(r.name, body)
	case blockSecrets:
		err = p.secrets(b, body)
	case blockStatistics:
		p.statistics(b, body)
	case blockEnhanced, blockPacket, blockSimple:
		err = p.packet(r, b, kind, body, len(body))
	}
	if again := p.order.Uint32(block[end:]); err == nil && again != uint32(len(block)) {
		err = fmt.Errorf("a block of %d bytes gives its length as %d at its end", len(block), again)
	}
	if err != nil {
		r.problem(b, before, r.window.offset, err)
	}
}

// describe reads an interface description. One that cannot be used still
// takes its number, or the packets after it would be misattributed.
func (p *pcapng) describe(name string, body []byte) error {
	on := &ngInterface{clock: ngClock{perSec: 1e6}}
	on.Capture = name
	if len(p.interfaces) >= maxInterfaces {
		return fmt.Errorf("more than %d interfaces in a section", maxInterfaces)
	}
	p.interfaces = append(p.interfaces, on)
	if len(body) < 8 {
		return errors.New("an interface description of " + bytesOf(len(body)))
	}
	on.Link = capture.LinkType(p.order.Uint16(body))
	on.snaplen = p.order.Uint32(body[4:])
	for options := body[8:]; len(options) >= 4; {
		code, length := p.order.Uint16(options), int(p.order.Uint16(options[2:]))
		if code == optionEnd {
			break
		}
		if length > len(options)-4 {
			return errors.New("an option of an interface description is longer than the block")
		}
		value := options[4 : 4+length]
		switch {
		case code == optionTSResol && length == 1:
			perSec, err := resolution(value[0])
			if err != nil {
				return err
			}
			on.clock.perSec = perSec
		case code == optionTSOffset && length == 8:
			on.clock.offset = int64(p.order.Uint64(value))
		}
		options = options[min(len(options), 4+(length+3)&^3):]
	}
	return nil
}

// secrets reads a decryption secrets block (draft-ietf-opsawg-pcapng, section
// 4.7): a kind, a length, the secrets.
func (p *pcapng) secrets(b *capture.Batch, body []byte) error {
	if len(body) < 8 {
		return fmt.Errorf("a block of decryption secrets with a body of %s", bytesOf(len(body)))
	}
	length := p.order.Uint32(body[4:])
	if uint64(length) > uint64(len(body)-8) {
		return fmt.Errorf("decryption secrets claim %d bytes in a block that holds %d", length, len(body)-8)
	}
	b.Secrets = append(b.Secrets, capture.Secret{Kind: p.order.Uint32(body), Data: bytes.Clone(body[8 : 8+length])})
	return nil
}

// packet reads a packet's block, whose body is size bytes long; there are fewer
// where the file ends in it.
func (p *pcapng) packet(r *Reader, b *capture.Batch, kind uint32, body []byte, size int) error {
	header := 20
	if kind == blockSimple {
		header = 4
	}
	if len(body) < header {
		return fmt.Errorf("a packet's block with a body of %s", bytesOf(len(body)))
	}
	number := p.order.Uint32(body)
	switch kind {
	case blockPacket: // 16 bits of interface, 16 of drop count
		number = uint32(p.order.Uint16(body))
	case blockSimple:
		number = 0
	}
	if number >= uint32(len(p.interfaces)) {
		return fmt.Errorf("a packet refers to interface %d, of %d described", number, len(p.interfaces))
	}
	on := p.interfaces[number]
	var time int64
	var captured, length uint32
	if kind == blockSimple {
		length = p.order.Uint32(body)
		captured = min(length, uint32(size-header))
		if on.snaplen > 0 {
			captured = min(captured, on.snaplen)
		}
	} else {
		units := uint64(p.order.Uint32(body[4:]))<<32 | uint64(p.order.Uint32(body[8:]))
		time = on.clock.nanoseconds(units)
		captured, length = p.order.Uint32(body[12:]), p.order.Uint32(body[16:])
	}
	if captured > maxFrame {
		return fmt.Errorf("a packet claims %d bytes, more than the %d that a frame can have", captured, maxFrame)
	}
	if kind != blockSimple {
		p.drops(b, on, kind, body, header+(int(captured)+3)&^3, time)
	}
	data := body[header:]
	r.frame(b, data[:min(int(captured), len(data))], time, length, &on.Interface)
	if int(captured) > size-header {
		return fmt.Errorf("a packet claims %d bytes in a block that holds %d", captured, size-header)
	}
	return nil
}

// drops reads how many packets were lost before one. What damages it damages
// nothing else.
func (p *pcapng) drops(b *capture.Batch, on *ngInterface, kind uint32, body []byte, options int, time int64) {
	n := uint64(0)
	const unknown = 0xffff
	if kind == blockPacket {
		if n = uint64(p.order.Uint16(body[2:])); n == unknown {
			n = 0
		}
	} else if options < len(body) {
		n = p.count(body[options:], optionDropped)
	}
	if n > 0 {
		n = min(n, maxDrops)
		b.Miss(capture.Gap{From: min(on.latest, time), To: time, Frames: int(n)})
		on.dropped += n
	}
	on.latest = time
}

// statistics reads how many packets an interface has lost so far.
func (p *pcapng) statistics(b *capture.Batch, body []byte) {
	if len(body) < 12 || p.order.Uint32(body) >= uint32(len(p.interfaces)) {
		return
	}
	on := p.interfaces[p.order.Uint32(body)]
	time := on.clock.nanoseconds(uint64(p.order.Uint32(body[4:]))<<32 | uint64(p.order.Uint32(body[8:])))
	n := p.count(body[12:], optionIfDrop) + p.count(body[12:], optionOSDrop)
	if n > on.dropped {
		b.Miss(capture.Gap{To: time, Frames: int(min(n-on.dropped, maxDrops))})
	}
	on.dropped = max(n, on.dropped)
}

// count returns the option of 8 bytes that has a code, 0 if there is none.
func (p *pcapng) count(options []byte, code uint16) uint64 {
	for len(options) >= 4 {
		c, length := p.order.Uint16(options), int(p.order.Uint16(options[2:]))
		if c == optionEnd || length > len(options)-4 {
			break
		}
		if c == code && length == 8 {
			return p.order.Uint64(options[4:])
		}
		options = options[min(len(options), 4+(length+3)&^3):]
	}
	return 0
}

func (p *pcapng) cut(r *Reader, b *capture.Batch) error {
	rest := r.window.rest()
	if len(rest) < blockMinimum {
		return fmt.Errorf("the file ends in a block's header, after %s of %d", bytesOf(len(rest)), blockMinimum)
	}
	kind, length := p.order.Uint32(rest), p.order.Uint32(rest[4:])
	switch kind {
	case blockEnhanced, blockPacket, blockSimple:
		size := int(length) - blockMinimum
		body := rest[blockHeader:min(len(rest), blockHeader+size)]
		if err := p.packet(r, b, kind, body, size); err != nil {
			return err
		}
	}
	return fmt.Errorf("the file ends in a block, after %s of %d", bytesOf(len(rest)), length)
}

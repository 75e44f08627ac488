// Package pcapfile reads capture files: classic pcap
// (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), either also
// compressed by gzip, zstd, lz4 or xz.
//
// A [Reader] is one of gopacket's data sources. It is not built on pcapgo, which
// cuts link types to 8 bits, allocates what a damaged length claims, ends a
// truncated pcapng without a word, and takes twice the time for a frame.
package pcapfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/google/gopacket"

	"actionurl/capture"
)

// maxFrame is the largest frame that is believed. It fits in a window, so no
// length that a file claims allocates anything.
const maxFrame = capture.MaxFrame

// batchFrames bounds a batch: 1,024 frames of 56 bytes, 56 KiB.
const batchFrames = 1024

// batchProblems bounds the problems of a batch without frames, 64 of about 200 bytes.
const batchProblems = 64

// A Reader reads the frames of one capture file. It keeps one window of the
// file in memory, whatever the file's size.
type Reader struct {
	capture.Packets // for gopacket

	name   string
	window window
	frames int // read so far
	format format
	ended  bool
	ahead  *ahead // nil if it is not compressed, or closed
	memory int
}

var (
	_ capture.Source                    = (*Reader)(nil)
	_ gopacket.PacketDataSource         = (*Reader)(nil)
	_ gopacket.ZeroCopyPacketDataSource = (*Reader)(nil)
)

// A format is what differs between the containers.
type format interface {
	// records moves the records that are whole in the window to b.
	records(r *Reader, b *capture.Batch)
	// cut moves what is there of the record that the file ends in to b, and
	// says what is missing.
	cut(r *Reader, b *capture.Batch) error
	// fits returns how many records in a row rest begins with, up to enough. With
	// more it needs more bytes to know; if final, there are none.
	fits(rest []byte, final bool) (records int, more bool)
}

// ErrFormat is the error of Open for what is not a capture.
var ErrFormat = errors.New("not a pcap or pcapng capture")

// Open begins to read a capture. Its kind and compression are detected from its
// content. The name is the one that frames and problems carry.
func Open(name string, from io.Reader) (*Reader, error) {
	r := &Reader{name: name, window: window{r: from, buf: make([]byte, firstWindow)}}
	r.Packets = capture.NewPackets(r)
	r.window.atLeast(maxMagic)
	for _, c := range compressions() {
		if bytes.HasPrefix(r.window.rest(), []byte(c.magic)) {
			r.window.atLeast(maxHeader)
			r.memory = c.memory(r.window.rest()) + aheadBlocks*aheadSize
		}
	}
	plain, compressed, err := decompressed(r.window.rest(), from)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, pathless(err))
	}
	if compressed {
		r.ahead = readAhead(plain)
		r.window = window{r: r.ahead, buf: r.window.buf, narrow: r.window.narrow}
		r.window.atLeast(maxMagic)
	}
	if err := r.begin(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Memory returns how many bytes decompressing the capture takes, as its beginning
// says: 0 if it is not compressed.
func (r *Reader) Memory() int { return r.memory }

// Narrow has the Reader keep 64 KiB of the capture in memory, and only where a
// record is larger 512 KiB: where many are open, that is less.
func (r *Reader) Narrow() { r.window.narrow = true }

// Close frees what reading a compressed capture takes. It is needed where one is
// not read to its end, and does not close what Open was given.
func (r *Reader) Close() error {
	if r.ahead == nil {
		return nil
	}
	ahead := r.ahead
	r.ahead = nil
	return ahead.Close()
}

// begin detects the container and reads its header.
func (r *Reader) begin() error {
	head := r.window.rest()
	if err := r.failed(); err != nil && len(head) < 4 {
		return err
	}
	if damage := r.window.damaged(); damage != nil && len(head) == 0 {
		return fmt.Errorf("%s: %w: %w", r.name, ErrFormat, damage)
	}
	if len(head) == 0 {
		return fmt.Errorf("%s: %w: it is empty", r.name, ErrFormat)
	}
	if len(head) >= 4 {
		magic := [4]byte(head)
		if magic == blockMagic {
			r.format = &pcapng{}
			return nil
		}
		if p := pcapMagic(magic); p != nil {
			r.format = p
			return p.open(r)
		}
	}
	r.window.atLeast(recognized)
	head = r.window.rest()
	if what := foreign(r.name, head[:min(len(head), recognized)]); what != "" {
		return fmt.Errorf("%s: %w: %s", r.name, ErrFormat, what)
	}
	return fmt.Errorf("%s: %w: it begins with %q", r.name, ErrFormat, head[:min(len(head), quoted)])
}

// maxMagic is the length of the longest magic number, xz's.
const maxMagic = 6

// quoted is how many bytes a message shows of a file that is not a capture.
const quoted = 8

// Next implements [capture.Source].
func (r *Reader) Next(b *capture.Batch) error {
	b.Reset()
	for {
		if r.ended {
			return io.EOF
		}
		r.format.records(r, b)
		if len(b.Frames) > 0 || len(b.Problems) > 0 || len(b.Secrets) > 0 || len(b.Gaps) > 0 {
			return nil
		}
		if !r.window.more() {
			return r.end(b)
		}
	}
}

// end handles the last bytes of a file: none, or a record that is not whole.
func (r *Reader) end(b *capture.Batch) error {
	if err := r.failed(); err != nil {
		r.ended = true
		return err
	}
	if r.resume(b) {
		return nil
	}
	r.ended = true
	before, offset := r.frames, r.window.offset
	var problem error
	if len(r.window.rest()) > 0 {
		problem = r.format.cut(r, b)
	}
	if damage := r.window.damaged(); damage != nil {
		problem = damage // why it is not whole
	}
	if problem == nil {
		return io.EOF
	}
	r.problem(b, before, offset, problem)
	return nil
}

// failed returns the error that ended reading, if it was not the end of the file.
func (r *Reader) failed() error {
	if err := r.window.failed(); err != nil {
		return fmt.Errorf("%s: %w", r.name, pathless(err))
	}
	return nil
}

// frame appends a frame to b.
func (r *Reader) frame(b *capture.Batch, data []byte, time int64, length uint32, on *capture.Interface) {
	r.frames++
	b.Frames = append(b.Frames, capture.Frame{
		Data: data, Time: time, Number: r.frames, Length: int(length), Interface: on,
	})
}

// problem appends a problem to b.
func (r *Reader) problem(b *capture.Batch, frame int, offset int64, err error) {
	b.Problems = append(b.Problems, capture.Problem{Capture: r.name, Frame: frame, Offset: offset, Err: err})
}

// pathless returns the cause of an error of the operating system: the message
// names the file already.
func pathless(err error) error {
	type unwrapper interface{ Unwrap() error }
	if u, ok := err.(unwrapper); ok && u.Unwrap() != nil {
		return u.Unwrap()
	}
	return err
}

// bytesOf renders a count of bytes for a message.
func bytesOf(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// A byteOrder is that of the machine that wrote a file. It is not a
// [binary.ByteOrder], as calls through an interface cost more than all else
// that is done for a record.
type byteOrder bool

const (
	littleEndian byteOrder = false
	bigEndian    byteOrder = true
)

func (o byteOrder) Uint16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if o == bigEndian {
		v = bits.ReverseBytes16(v)
	}
	return v
}

func (o byteOrder) Uint32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if o == bigEndian {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (o byteOrder) Uint64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if o == bigEndian {
		v = bits.ReverseBytes64(v)
	}
	return v
}

package pcapfile_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
)

// Magic numbers of a classic capture (draft-ietf-opsawg-pcap, section 4).
const (
	magicMicro = 0xa1b2c3d4
	magicNano  = 0xa1b23c4d
)

// Block types of pcapng (draft-ietf-opsawg-pcapng, section 11.1).
const (
	blockInterface = 1
	blockPacket    = 2
	blockSimple    = 3
	blockNames     = 4
	blockEnhanced  = 6
	blockSection   = 0x0a0d0d0a
	blockVendor    = 0x80000abc // local use
)

// largerThanWindow is the size of a block that does not fit in the reader's
// memory.
const largerThanWindow = 700 << 10

// A byteOrder reads and writes.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var byteOrders = []byteOrder{binary.LittleEndian, binary.BigEndian}

// A file is a capture file in the making. It is written here and not by
// gopacket, which writes pcapng in one byte order and one resolution.
type file struct {
	order byteOrder
	data  []byte
	parts []part
}

// A part is a record or a block of a file.
type part struct {
	start, end int
	frame      bool
	at         int // of the frame's first byte
	captured   int
}

func (f *file) u16(v uint16) { f.data = f.order.AppendUint16(f.data, v) }
func (f *file) u32(v uint32) { f.data = f.order.AppendUint32(f.data, v) }

// pcap begins a classic capture.
func (f *file) pcap(magic, link uint32) *file {
	f.u32(magic)
	f.u16(2) // version 2.4
	f.u16(4)
	f.u32(0)      // reserved
	f.u32(0)      // reserved
	f.u32(262144) // snaplen
	f.u32(link)
	return f
}

// record adds a frame to a classic capture; missing bytes of it were not captured.
func (f *file) record(seconds, fraction uint32, data string, missing int) *file {
	start := len(f.data)
	f.u32(seconds)
	f.u32(fraction)
	f.u32(uint32(len(data)))
	f.u32(uint32(len(data) + missing))
	f.data = append(f.data, data...)
	f.parts = append(f.parts, part{start, len(f.data), true, start + 16, len(data)})
	return f
}

// block adds a block, padded to 32 bits.
func (f *file) block(kind uint32, body []byte) *file {
	start := len(f.data)
	length := uint32(12 + (len(body)+3)&^3)
	f.u32(kind)
	f.u32(length)
	f.data = append(f.data, body...)
	f.data = append(f.data, make([]byte, -len(body)&3)...)
	f.u32(length)
	f.parts = append(f.parts, part{start: start, end: len(f.data)})
	return f
}

// body returns the concatenation of fields: strings as they are, numbers in
// the file's byte order.
func (f *file) body(fields ...any) []byte {
	var b []byte
	for _, field := range fields {
		switch v := field.(type) {
		case string:
			b = append(b, v...)
		case []byte:
			b = append(b, v...)
		default:
			var err error
			if b, err = binary.Append(b, f.order, v); err != nil {
				panic(err) // a test's field has no fixed size
			}
		}
	}
	return b
}

// section begins a section of unknown length.
func (f *file) section() *file {
	return f.block(blockSection, f.body(uint32(0x1a2b3c4d), uint16(1), uint16(0), int64(-1)))
}

// on describes an interface.
func (f *file) on(link capture.LinkType, snaplen uint32, options ...[]byte) *file {
	b := f.body(uint16(link), uint16(0), snaplen)
	for _, o := range options {
		b = append(b, o...)
	}
	return f.block(blockInterface, b)
}

// option is one of a block, padded to 32 bits.
func (f *file) option(code uint16, value ...byte) []byte {
	return f.body(code, uint16(len(value)), value, make([]byte, -len(value)&3))
}

func (f *file) resolution(b byte) []byte { return f.option(9, b) }

func (f *file) offset(seconds int64) []byte {
	return f.option(14, f.order.AppendUint64(nil, uint64(seconds))...)
}

// enhanced adds an enhanced packet block.
func (f *file) enhanced(number uint32, units uint64, data string, missing int) *file {
	f.block(blockEnhanced, f.body(number, uint32(units>>32), uint32(units), uint32(len(data)), uint32(len(data)+missing), data))
	return f.holds(28, len(data))
}

// simple adds a simple packet block.
func (f *file) simple(data string, missing int) *file {
	f.block(blockSimple, f.body(uint32(len(data)+missing), data))
	return f.holds(12, len(data))
}

// obsolete adds a packet block as written before 2004.
func (f *file) obsolete(number, drops uint16, units uint64, data string, missing int) *file {
	f.block(blockPacket, f.body(number, drops, uint32(units>>32), uint32(units), uint32(len(data)), uint32(len(data)+missing), data))
	return f.holds(28, len(data))
}

// holds notes that the last block holds a frame.
func (f *file) holds(at, captured int) *file {
	p := &f.parts[len(f.parts)-1]
	p.frame, p.at, p.captured = true, p.start+at, captured
	return f
}

// A frame is one that was read, its bytes copied.
type frame struct {
	Link   capture.LinkType
	Time   int64
	Length int
	Data   string
}

// A problem is one that was read.
type problem struct {
	Frame  int
	Offset int64
	Err    string
}

// name is the capture's in all tests.
const name = "phone.pcap"

// readAll opens a capture and reads it to its end or its error, and checks on
// the way what capture.Source promises. It copies the frames before it reads
// on, as what consumes them may.
func readAll(t testing.TB, from io.Reader) (frames []frame, problems []problem, err error) {
	t.Helper()
	r, err := pcapfile.Open(name, from)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	var b capture.Batch
	for {
		if err := r.Next(&b); err != nil {
			if again := r.Next(&b); again != io.EOF || len(b.Frames)+len(b.Problems)+len(b.Secrets) > 0 {
				t.Fatalf("Next after the end: %d frames, %d problems, error %v", len(b.Frames), len(b.Problems), again)
			}
			if err == io.EOF {
				err = nil
			}
			return frames, problems, err
		}
		if len(b.Frames)+len(b.Problems)+len(b.Secrets) == 0 && len(b.Gaps) == 0 {
			t.Fatal("Next returned neither a frame nor a problem nor a secret nor an error")
		}
		for _, f := range b.Frames {
			if f.Interface.Capture != name {
				t.Fatalf("a frame of capture %q", f.Interface.Capture)
			}
			frames = append(frames, frame{f.Interface.Link, f.Time, f.Length, string(f.Data)})
			if f.Number != len(frames) {
				t.Fatalf("frame %d has number %d", len(frames), f.Number)
			}
		}
		for _, p := range b.Problems {
			if p.Capture != name {
				t.Fatalf("a problem of capture %q", p.Capture)
			}
			problems = append(problems, problem{p.Frame, p.Offset, p.Err.Error()})
		}
	}
}

// eachOrder runs a test in both byte orders.
func eachOrder(t *testing.T, test func(t *testing.T, order byteOrder)) {
	for _, order := range byteOrders {
		t.Run(fmt.Sprint(order), func(t *testing.T) { test(t, order) })
	}
}

package pcapfile

import (
	"bufio"
	"encoding/binary"
	"io"

	"actionurl/capture"
)

// bufferSize is the size of a Writer's buffer, in bytes.
const bufferSize = 64 << 10

// A Writer writes frames as pcapng, with times in nanoseconds.
type Writer struct {
	w          *bufio.Writer
	interfaces map[capture.Interface]uint32 // their numbers in the section
	begun      bool
	block      []byte
}

// NewWriter returns a Writer that begins a section on w: at the beginning of a
// file, or after another section. Nothing is written before the first frame.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, bufferSize), interfaces: map[capture.Interface]uint32{}}
}

// Frame writes a frame, and before it the description of its interface if it
// is the first of it.
func (w *Writer) Frame(f *capture.Frame) error {
	id, known := w.interfaces[*f.Interface]
	if !known {
		if len(w.interfaces) == maxInterfaces {
			clear(w.interfaces)
			w.begun = false // go on in another section
		}
		id = uint32(len(w.interfaces))
		w.interfaces[*f.Interface] = id
		if err := w.describe(f.Interface); err != nil {
			return err
		}
	}
	w.start(blockEnhanced)
	w.uint32(id)
	w.uint32(uint32(uint64(f.Time) >> 32))
	w.uint32(uint32(uint64(f.Time)))
	w.uint32(uint32(len(f.Data)))
	w.uint32(uint32(max(f.Length, len(f.Data))))
	w.pad(f.Data)
	return w.end()
}

// Secret writes what decrypts the frames after it.
func (w *Writer) Secret(s *capture.Secret) error {
	if err := w.section(); err != nil {
		return err
	}
	w.start(blockSecrets)
	w.uint32(s.Kind)
	w.uint32(uint32(len(s.Data)))
	w.pad(s.Data)
	return w.end()
}

// Flush writes what is buffered.
func (w *Writer) Flush() error { return w.w.Flush() }

// Whole returns how many bytes at the beginning of what a [Writer] wrote are
// whole blocks.
func Whole(from io.Reader) int64 {
	r := bufio.NewReaderSize(from, bufferSize)
	var whole int64
	for {
		head, err := r.Peek(blockHeader)
		if err != nil || whole == 0 && [4]byte(head) != blockMagic {
			return whole
		}
		length := binary.LittleEndian.Uint32(head[4:])
		if length < blockMinimum || length%4 != 0 {
			return whole
		}
		var end [4]byte
		if n, _ := r.Discard(int(length - 4)); n < int(length-4) {
			return whole
		}
		if _, err := io.ReadFull(r, end[:]); err != nil || binary.LittleEndian.Uint32(end[:]) != length {
			return whole
		}
		whole += int64(length)
	}
}

// section begins the section, once.
func (w *Writer) section() error {
	if w.begun {
		return nil
	}
	w.begun = true
	w.start(blockSection)
	w.uint32(0x1a2b3c4d) // the magic of the byte order
	w.uint32(1)          // version 1.0
	w.uint32(^uint32(0))
	w.uint32(^uint32(0)) // of a length that is not known
	return w.end()
}

// describe writes the description of an interface.
func (w *Writer) describe(on *capture.Interface) error {
	if err := w.section(); err != nil {
		return err
	}
	w.start(blockInterface)
	w.uint32(uint32(on.Link))
	w.uint32(maxFrame)
	w.option(optionName, []byte(on.Capture))
	w.option(optionTSResol, []byte{9}) // nanoseconds
	w.uint32(optionEnd)
	return w.end()
}

// start begins a block.
func (w *Writer) start(kind uint32) {
	w.block = w.block[:0]
	w.uint32(kind)
	w.uint32(0) // its length, which end fills in
}

// end ends the block and writes it.
func (w *Writer) end() error {
	length := uint32(len(w.block) + 4)
	binary.LittleEndian.PutUint32(w.block[4:], length)
	w.uint32(length)
	_, err := w.w.Write(w.block)
	return err
}

// option adds an option to the block. Of a value that is too long for one, the
// beginning is written.
func (w *Writer) option(code uint16, value []byte) {
	value = value[:min(len(value), 0xffff)]
	w.block = binary.LittleEndian.AppendUint16(w.block, code)
	w.block = binary.LittleEndian.AppendUint16(w.block, uint16(len(value)))
	w.pad(value)
}

// pad adds data to the block, and zeros up to a multiple of four bytes.
func (w *Writer) pad(data []byte) {
	w.block = append(w.block, data...)
	w.block = append(w.block, make([]byte, -len(data)&3)...)
}

func (w *Writer) uint32(v uint32) { w.block = binary.LittleEndian.AppendUint32(w.block, v) }

package pcapfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/xi2/xz"
)

// maxWindow bounds the memory that compressed data may ask for, the window of
// zstd and the dictionary of xz: 64 MiB, what "xz -9" takes and twice what
// "zstd -19" does.
const maxWindow = 64 << 20

// A compression is a format in which captures are kept, known by its magic
// number. Several members in a row are read as one.
type compression struct {
	name  string
	magic string
	open  func(io.Reader) (io.Reader, error)
	// memory returns how many bytes decompressing takes, by the first maxHeader of
	// them.
	memory func(head []byte) int
}

func compressions() []compression {
	return []compression{
		{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }, func([]byte) int { return 64 << 10 }},
		{"zstd", "\x28\xb5\x2f\xfd", func(r io.Reader) (io.Reader, error) {
			return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		}, zstdMemory},
		{"lz4", "\x04\x22\x4d\x18", func(r io.Reader) (io.Reader, error) { return lz4.NewReader(r), nil }, lz4Memory},
		{"xz", "\xfd7zXZ\x00", func(r io.Reader) (io.Reader, error) { return xz.NewReader(r, maxWindow) }, xzMemory},
	}
}

// maxHeader is how many bytes of compressed data say what they take.
const maxHeader = 64

// zstdMemory returns what the first frame of zstd takes: its window (RFC 8878,
// section 3.1.1.1), and as much for what was read of it. What says nothing is taken
// for one of the largest.
func zstdMemory(head []byte) int {
	var h zstd.Header
	if h.Decode(head) != nil || h.Skippable {
		return 2 * maxWindow
	}
	size := h.WindowSize
	if h.SingleSegment {
		size = h.FrameContentSize
	}
	return 2 * int(min(size, maxWindow))
}

// lz4Memory returns what the first frame of LZ4 takes: a few of its blocks.
func lz4Memory(head []byte) int {
	if len(head) < 6 {
		return 16 << 20
	}
	return 4 << (8 + 2*(head[5]>>4&7)) // 64 KiB, 256 KiB, 1 MiB or 4 MiB
}

// xzMemory returns what the first block of xz takes: its dictionary, which is a
// property of its last filter (the format's specification, sections 2.1.1, 3.1 and
// 5.3.1).
func xzMemory(head []byte) int {
	const streamHeader, lzma2 = 12, 0x21
	if len(head) < streamHeader+2 {
		return maxWindow
	}
	size := 4 * (int(head[streamHeader]) + 1)
	block := head[streamHeader:]
	block = block[:min(size, len(block))]
	if i := bytes.Index(block[2:], []byte{lzma2, 1}); i >= 0 && len(block) > i+4 {
		bits := block[i+4] & 0x3f
		if bits <= 30 {
			return min((2|int(bits&1))<<(bits/2+11), maxWindow)
		}
	}
	return maxWindow
}

// Decompress returns a reader of what is in from, compressed in one of these
// formats or not.
func Decompress(from io.Reader) (io.Reader, error) {
	var head [6]byte // the longest magic number
	n, err := io.ReadFull(from, head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if r, compressed, err := decompressed(head[:n], from); compressed || err != nil {
		return r, err
	}
	return io.MultiReader(bytes.NewReader(head[:n]), from), nil
}

// decompressed returns a reader of what is in from, whose head has been
// read already: from itself if that is not compressed.
func decompressed(head []byte, from io.Reader) (io.Reader, bool, error) {
	for _, c := range compressions() {
		if !bytes.HasPrefix(head, []byte(c.magic)) {
			continue
		}
		raw := &rawReader{r: io.MultiReader(bytes.NewReader(bytes.Clone(head)), from)}
		r, err := c.open(raw)
		d := &decompressor{name: c.name, r: r, raw: raw}
		if err != nil {
			return nil, true, d.explain(err)
		}
		return d, true, nil
	}
	return from, false, nil
}

// A decompressor reads compressed data, and distinguishes damage in them from a
// failure to read them.
type decompressor struct {
	name string
	r    io.Reader
	raw  *rawReader
}

func (d *decompressor) Read(b []byte) (int, error) {
	n, err := d.r.Read(b)
	if err != nil && err != io.EOF {
		err = d.explain(err)
	}
	return n, err
}

// explain says what an error of decompression means.
func (d *decompressor) explain(err error) error {
	if d.raw.err != nil && d.raw.err != io.EOF {
		return d.raw.err
	}
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, xz.ErrMemlimit):
		return &damageError{fmt.Errorf("the %s data need more than %d MiB of memory; the rest cannot be read", d.name, maxWindow>>20)}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, xz.ErrBuf) && d.raw.err == io.EOF:
		return &damageError{fmt.Errorf("the %s data end early", d.name)}

	}
	return &damageError{fmt.Errorf("the %s data are damaged: %w; the rest cannot be read", d.name, err)}
}

// A damageError is an error in the data, and not of reading them.
type damageError struct{ err error }

func (e *damageError) Error() string { return e.err.Error() }
func (e *damageError) Unwrap() error { return e.err }

// IsDamage reports whether an error is one of compressed data, and not of
// reading them.
func IsDamage(err error) bool {
	var damage *damageError
	return errors.As(err, &damage)
}

// A rawReader remembers the error of the reader below a decompressor, which
// may hide it.
type rawReader struct {
	r   io.Reader
	err error
}

func (r *rawReader) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	if err != nil {
		r.err = err
	}
	return n, err
}

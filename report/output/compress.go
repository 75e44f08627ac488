package output

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compressions are the extensions of compressed files.
func Compressions() []string { return []string{".gz", ".zst"} }

// compressionOf returns the extension of a name that says how it is compressed;
// nothing for not at all.
func compressionOf(name string) string {
	for _, extension := range Compressions() {
		if strings.HasSuffix(name, extension) {
			return extension
		}
	}
	return ""
}

// Plain returns a name without the extension that says how it is compressed.
func Plain(name string) string { return strings.TrimSuffix(name, compressionOf(name)) }

// A compressor compresses what is written to it. After Flush, all of it can be
// read.
type compressor interface {
	io.WriteCloser
	Flush() error
}

// window is how far back zstd looks, in bytes: with its tables, a compressor
// takes about 5 MiB.
const window = 1 << 20

func newCompressor(extension string, to io.Writer) compressor {
	if extension == ".gz" {
		return gzip.NewWriter(to)
	}
	z, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options are wrong
	}
	return z
}

// newDecompressor returns what reads what a compressor wrote.
func newDecompressor(extension string, from io.Reader) (io.Reader, error) {
	if extension == ".gz" {
		return gzip.NewReader(from)
	}
	return zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
}

// A point is a place in an output that can be its end: all rows before it are
// whole, and what is compressed was flushed.
type point struct {
	size int64  // of the file
	sum  uint32 // CRC-32 of what was compressed until then
	n    uint64 // bytes of that
}

// add adds what is compressed.
func (p *point) add(b []byte) {
	p.sum = crc32.Update(p.sum, crc32.IEEETable, b)
	p.n += uint64(len(b))
}

// ending returns what ends a file that is cut off at a point: an empty last block
// (RFC 1951, section 3.2.3, and RFC 8878, section 3.1.1.2), and gzip's trailer (RFC 1952,
// section 2.3.1).
func (p *point) ending(extension string) []byte {
	switch {
	case p.n == 0:
		return nil
	case extension == ".gz":
		return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32([]byte{3, 0}, p.sum), uint32(p.n))
	case extension == ".zst":
		return []byte{1, 0, 0}
	}
	return nil
}

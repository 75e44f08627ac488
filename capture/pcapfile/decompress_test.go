package pcapfile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/pcapfile"
)

// compressors are the formats in which captures are kept.
var compressors = []struct {
	name string
	open func(io.Writer) (io.WriteCloser, error)
}{
	{"gzip", func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }},
	{"zstd", func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }},
	{"lz4", func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil }},
	{"xz", func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }},
}

// compress returns the parts compressed, each as a member of its own.
func compress(t *testing.T, open func(io.Writer) (io.WriteCloser, error), parts ...[]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	for _, part := range parts {
		w, err := open(&buf)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return buf.Bytes()
}

// frames returns the data of all frames of a capture, and its problems.
func frames(from io.Reader) (data []string, problems []string, err error) {
	r, err := pcapfile.Open("x", from)
	if err != nil {
		return nil, nil, err
	}
	var b capture.Batch
	for err = r.Next(&b); err == nil; err = r.Next(&b) {
		for _, f := range b.Frames {
			data = append(data, string(f.Data))
		}
		for i := range b.Problems {
			problems = append(problems, b.Problems[i].Error())
		}
	}
	if err == io.EOF {
		err = nil
	}
	return data, problems, err
}

func TestCompressed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	c := capturetest.New()
	c.Conn("192.0.2.50:40001", "192.0.2.7:80").Open().Send(strings.Repeat("GET / HTTP/1.1\r\n\r\n", 5000)).Close()
	var plain bytes.Buffer
	if err := c.WritePcap(&plain); err != nil {
		t.Fatal(err)
	}
	want, _, err := frames(bytes.NewReader(plain.Bytes()))
	if err != nil || len(want) != len(c.Frames) {
		t.Fatal(len(want), err)
	}
	for _, compressor := range compressors {
		t.Run(compressor.name, func(t *testing.T) {
			half := plain.Len() / 2
			for what, packed := range map[string][]byte{
				"one member":  compress(t, compressor.open, plain.Bytes()),
				"two members": compress(t, compressor.open, plain.Bytes()[:half], plain.Bytes()[half:]),
			} {
				got, problems, err := frames(iotest.HalfReader(bytes.NewReader(packed)))
				if err != nil || problems != nil || !cmp.Equal(got, want) {
					t.Errorf("%s: %d frames of %d, problems %v, error %v", what, len(got), len(want), problems, err)
				}
			}

			packed := compress(t, compressor.open, plain.Bytes())
			for cut := len(packed) - 1; cut > len(packed)-20 && cut > 16; cut-- {
				got, problems, err := frames(bytes.NewReader(packed[:cut]))
				if err != nil && !errors.Is(err, pcapfile.ErrFormat) {
					t.Fatalf("cut at %d: %v", cut, err)
				}
				if err == nil && len(problems) != 1 && len(got) < len(want) {
					t.Errorf("cut at %d: %d frames, problems %q", cut, len(got), problems)
				}
			}

			broken := errors.New("input/output error")
			_, _, err := frames(io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), iotest.ErrReader(broken)))
			if !errors.Is(err, broken) {
				t.Errorf("an error of reading came back as %v", err)
			}

			// Damage anywhere differs from an error of reading, and ends.
			for at := 6; at < len(packed); at += 1 + len(packed)/100 {
				damaged := bytes.Clone(packed)
				damaged[at] ^= 0x55
				if _, _, err := frames(bytes.NewReader(damaged)); err != nil && errors.Is(err, broken) {
					t.Fatal(err)
				}
			}
		})
	}
}

// Data that ask for more memory than they may get none of it.
func TestCompressedMemory(t *testing.T) {
	// The block header of xz (format 1.2.1, section 3.1) follows the 12 bytes of
	// the stream header; its filter's one property is the dictionary's size.
	packed := compress(t, compressors[3].open, make([]byte, 1000))
	header := packed[12 : 12+4*(int(packed[12])+1)]
	header[4] = 29 // 96 MiB
	binary.LittleEndian.PutUint32(header[len(header)-4:], crc32.ChecksumIEEE(header[:len(header)-4]))
	for name, data := range map[string][]byte{
		"xz": packed,
		// RFC 8878, section 3.1.1.1: no flags, a window of 128 MiB; then the
		// header of a block of a byte.
		"zstd": {0x28, 0xb5, 0x2f, 0xfd, 0, 17 << 3, 9, 0, 0, 'x'},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := frames(bytes.NewReader(data))
		runtime.ReadMemStats(&after)
		if want := name + " data need more than 64 MiB of memory"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
			t.Errorf("%s: took %d bytes", name, took)
		}
	}
}

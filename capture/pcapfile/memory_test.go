package pcapfile

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// The beginning of compressed data says what decompressing takes.
func TestMemory(t *testing.T) {
	file := bytes.Repeat([]byte("a capture "), 1<<20)
	zstandard := func(window int) []byte {
		var out bytes.Buffer
		w, _ := zstd.NewWriter(&out, zstd.WithWindowSize(window), zstd.WithSingleSegment(false))
		w.ReadFrom(bytes.NewReader(file))
		w.Close()
		return out.Bytes()
	}
	xzs := func(dictionary int) []byte {
		var out bytes.Buffer
		w, err := xz.WriterConfig{DictCap: dictionary}.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(file[:1000])
		w.Close()
		return out.Bytes()
	}
	lz4s := func(size lz4.BlockSize) []byte {
		var out bytes.Buffer
		w := lz4.NewWriter(&out)
		w.Apply(lz4.BlockSizeOption(size))
		w.Write(file)
		w.Close()
		return out.Bytes()
	}
	for name, test := range map[string]struct {
		memory func([]byte) int
		data   []byte
		want   int
	}{
		"zstd, 1 MiB":  {zstdMemory, zstandard(1 << 20), 2 << 20},
		"zstd, 16 MiB": {zstdMemory, zstandard(16 << 20), 32 << 20},
		"zstd, cut":    {zstdMemory, zstandard(1 << 20)[:5], 2 * maxWindow},
		"xz, 8 MiB":    {xzMemory, xzs(8 << 20), 8 << 20},
		"xz, 12 MiB":   {xzMemory, xzs(12 << 20), 12 << 20},
		"xz, 64 MiB":   {xzMemory, xzs(64 << 20), 64 << 20},
		"xz, cut":      {xzMemory, xzs(8 << 20)[:12], maxWindow},
		"lz4, 64 KiB":  {lz4Memory, lz4s(lz4.Block64Kb), 256 << 10},
		"lz4, 4 MiB":   {lz4Memory, lz4s(lz4.Block4Mb), 16 << 20},
	} {
		if got := test.memory(test.data[:min(len(test.data), maxHeader)]); got != test.want {
			t.Errorf("%s: %d bytes, want %d", name, got, test.want)
		}
	}
}

// The program xz says the same of what it writes.
func TestMemoryOfXZ(t *testing.T) {
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip(err)
	}
	for preset, want := range map[string]int{"-0": 256 << 10, "-6": 8 << 20, "-9": 64 << 20, "--x86 --lzma2=dict=4MiB": 4 << 20} {
		cmd := exec.Command("xz", append(strings.Fields(preset), "-c", "--threads=1")...)
		cmd.Stdin = strings.NewReader("a capture")
		data, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := xzMemory(data[:min(len(data), maxHeader)]); got != want {
			t.Errorf("xz %s: %d bytes, want %d", preset, got, want)
		}
	}
}

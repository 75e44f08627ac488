package pcapfile_test

import (
	"bytes"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture/pcapfile"
)

// FuzzReader checks that a file of any bytes is read to an end, and that it is
// read the same wherever the reads end.
func FuzzReader(f *testing.F) {
	for _, order := range byteOrders {
		for _, sample := range samples(order) {
			f.Add(sample.data)
			f.Add(sample.data[:len(sample.data)-3])
		}
		f.Add((&file{order: order}).section().on(1, 0).head(blockVendor, 1<<20).data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return // reading what a frame of many bytes grows by, one byte at a time, takes the square of it
		}
		if _, err := pcapfile.Open(name, bytes.NewReader(data)); err != nil {
			if _, again := pcapfile.Open(name, iotest.OneByteReader(bytes.NewReader(data))); again == nil || again.Error() != err.Error() {
				t.Fatalf("Open: %v; byte by byte: %v", err, again)
			}
			return
		}
		bounded(t, data)
		frames, problems, err := readAll(t, bytes.NewReader(data))
		chunkFrames, chunkProblems, chunkErr := readAll(t, iotest.OneByteReader(bytes.NewReader(data)))
		if diff := cmp.Diff(frames, chunkFrames); diff != "" {
			t.Errorf("frames (-at once +byte by byte):\n%s", diff)
		}
		if diff := cmp.Diff(problems, chunkProblems); diff != "" {
			t.Errorf("problems (-at once +byte by byte):\n%s", diff)
		}
		if err != nil || chunkErr != nil {
			t.Errorf("error at once: %v; byte by byte: %v", err, chunkErr)
		}
	})
}

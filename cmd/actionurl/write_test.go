package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket/pcapgo"
)

// What -w writes is read by pcapgo, frame by frame: those of the capture, where
// all connections have requests.
func TestWrittenFramesAreReadByPcapgo(t *testing.T) {
	const capture = "../../testdata/guide-events.pcap"
	kept := filepath.Join(t.TempDir(), "kept.pcapng")
	if status := execute(context.Background(), nil, []string{"analyze", "-w", kept, capture}, strings.NewReader(""), io.Discard, io.Discard); status != statusDone {
		t.Fatalf("exit status %d", status)
	}
	before, err := os.ReadFile(capture)
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pcapgo.NewReader(bytes.NewReader(before))
	if err != nil {
		t.Fatal(err)
	}
	got, err := pcapgo.NewNgReader(bytes.NewReader(after), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		a, ai, errA := want.ReadPacketData()
		b, bi, errB := got.ReadPacketData()
		if errA != errB || errA != nil && errA != io.EOF {
			t.Fatalf("frame %d: %v and %v", n, errA, errB)
		}
		if errA != nil {
			return
		}
		if !bytes.Equal(a, b) || !ai.Timestamp.Equal(bi.Timestamp) || ai.Length != bi.Length {
			t.Errorf("frame %d: %+v, written as %+v", n, ai, bi)
		}
	}
}

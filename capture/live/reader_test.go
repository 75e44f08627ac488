package live

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/google/gopacket"

	"actionurl/capture"
)

// A fakeHandle reads what is sent to it, a frame for each string, and fails
// where the channel is closed.
type fakeHandle struct {
	frames  chan string
	seen    uint64
	closed  bool
	dropped uint64
}

func (h *fakeHandle) ReadPacketData() ([]byte, gopacket.CaptureInfo, error) {
	select {
	case f, ok := <-h.frames:
		if !ok {
			return nil, gopacket.CaptureInfo{}, errors.New("device not configured")
		}
		h.seen++
		return []byte(f), gopacket.CaptureInfo{Timestamp: time.Unix(0, int64(h.seen)), CaptureLength: len(f), Length: len(f)}, nil
	case <-time.After(time.Millisecond):
		return nil, gopacket.CaptureInfo{}, os.ErrDeadlineExceeded
	}
}

func (h *fakeHandle) on() *capture.Interface {
	return &capture.Interface{Capture: "en0", Link: capture.LinkNull}
}
func (h *fakeHandle) count() (received, dropped uint64) { return h.seen, h.dropped }
func (h *fakeHandle) close() error                      { h.closed = true; return nil }

// Where the kernel has no ring, a goroutine reads; an interface that fails is
// opened anew, and its counts go on.
func TestReader(t *testing.T) {
	handles := []*fakeHandle{{frames: make(chan string, 8), dropped: 3}, {frames: make(chan string, 8), dropped: 4}}
	opened := 0
	b := newBell()
	d, err := newReadDevice(b, func() (handle, error) {
		if opened == len(handles) {
			return nil, errors.New("no such device")
		}
		opened++
		return handles[opened-1], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var changes []State
	s := &Source{waiter: b, config: Config{Changed: func(_ string, to State) { changes = append(changes, to) }}}
	p := &port{name: "en0", device: d}
	p.queues = []*queue{{tap: d.taps()[0], port: p}}
	s.ports = []*port{p}

	var got []string
	var batch capture.Batch
	read := func(n int) {
		t.Helper()
		for end := time.Now().Add(2 * time.Second); len(got) < n; {
			if err := s.Next(&batch); err != nil || time.Now().After(end) {
				t.Fatalf("%q, %v", got, err)
			}
			for _, f := range batch.Frames {
				got = append(got, fmt.Sprintf("%d %s", f.Number, f.Data))
				if *f.Interface != *new(fakeHandle).on() {
					t.Errorf("a frame of %v", f.Interface)
				}
			}
		}
	}
	// More than there are blocks.
	for i := range 6 {
		handles[0].frames <- fmt.Sprint("frame ", i)
	}
	read(6)
	close(handles[0].frames)
	handles[1].frames <- "again"
	read(7)
	if want := "[1 frame 0 2 frame 1 3 frame 2 4 frame 3 5 frame 4 6 frame 5 7 again]"; fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
	if fmt.Sprint(changes) != "[gone up]" {
		t.Errorf("changes: %v", changes)
	}
	if stats := s.Stats()[0]; stats != (Stats{Interface: "en0", Received: 7, Dropped: 7}) {
		t.Errorf("%+v", stats)
	}
	s.Stop()
	for err = nil; err == nil; {
		err = s.Next(&batch)
	}
	if err != io.EOF {
		t.Error(err)
	}
	if err := s.Close(); err != nil || !handles[0].closed || !handles[1].closed {
		t.Errorf("%v; closed: %v, %v", err, handles[0].closed, handles[1].closed)
	}
}

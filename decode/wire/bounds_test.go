package wire

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/httpwire"
)

func TestPendingBound(t *testing.T) {
	const requests = maxPending + 100
	got := 0
	d := New(Config{ResponseTimeout: time.Hour}, &sink{exchange: func(*httpwire.Exchange) { got++ }})
	ask := newAsker(d)
	for range requests {
		ask.next()
		if d.pending.n > maxPending {
			t.Fatalf("%d requests wait", d.pending.n)
		}
	}
	if got != 100 || d.Summary().Crowded != 100 {
		t.Fatalf("%d records before the end, %d went on because too many waited", got, d.Summary().Crowded)
	}
	d.Flush()
	if got != requests {
		t.Errorf("%d records of %d requests", got, requests)
	}
}

// Long targets must not take more memory than the bound of requests promises.
func TestPendingBoundOfBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	d := New(Config{ResponseTimeout: time.Hour}, &sink{exchange: func(*httpwire.Exchange) {}})
	ask := newAsker(d)
	ask.pad(60_000)
	got := capturetest.Grown(func() {
		for range 5000 {
			ask.next()
		}
	})
	if got > 64<<20 {
		t.Errorf("requests of 60 kB that wait take %d MiB", got>>20)
	}
	if d.Summary().Crowded == 0 {
		t.Error("none went on because too many waited")
	}
	runtime.KeepAlive(d)
}

// An asker sends a request on a new connection with each call of next, which
// stays open. It changes the bytes of a frame that it has made once.
type asker struct {
	d       *Decoder
	frames  []capture.Frame // SYN and request
	numbers int
}

func newAsker(d *Decoder) *asker {
	a := &asker{d: d}
	a.pad(0)
	return a
}

// pad makes targets longer by n bytes, which takes several segments.
func (a *asker) pad(n int) {
	c := capturetest.New()
	k := c.Conn("192.168.40.50:49152", server)
	k.Open()
	request := get("/mac=000b82123456&local=5002&pad=" + strings.Repeat("x", n))
	for len(request) > 0 {
		n := min(len(request), 1460)
		k.Push(true, request[:n])
		request = request[n:]
	}
	a.frames = batch(c.Frames).Frames
	a.frames = slices.Delete(a.frames, 1, 3) // leaves the SYN
}

func (a *asker) next() {
	a.numbers++
	for i := range a.frames {
		f := &a.frames[i]
		f.Number++
		f.Time++
		// The connection's number goes to the client's address, 10.x.x.x.
		n := a.numbers
		copy(f.Data[26:], []byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
		// And to what it acknowledges: else it would be a copy of the first.
		copy(f.Data[42:], []byte{0, byte(n >> 16), byte(n >> 8), byte(n)})
	}
	a.d.Batch(&capture.Batch{Frames: a.frames})
}

func TestMemoryOfOpenConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const conns = 100_000
	d := New(Config{ResponseTimeout: time.Hour}, &sink{exchange: func(*httpwire.Exchange) {}})
	ask := newAsker(d)
	got := capturetest.Grown(func() {
		for range conns {
			ask.next()
		}
	})
	t.Logf("%d bytes a connection", got/conns)
	if s := d.Summary(); s.Stream.Conns != conns || s.Stream.Evicted != 0 || s.HTTP.Requests != conns {
		t.Fatalf("%+v", s)
	}
	if got > 64<<20 {
		t.Errorf("%d open connections with a request each take %d KiB", conns, got>>10)
	}
	runtime.KeepAlive(d)
}

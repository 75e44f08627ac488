package decode

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/dns"
	"actionurl/decode/httpwire"
	"actionurl/decode/sip"
	"actionurl/decode/stream"
	"actionurl/decode/tls"
	"actionurl/decode/wire"
)

// requests returns the frames of this many requests, each on its own connection.
func requests(n int) []capturetest.Frame {
	c := capturetest.New()
	for i := range n {
		k := c.Conn(fmt.Sprintf("192.168.40.%d:%d", 50+i%100, 10000+i), server).Open()
		k.Send(get(fmt.Sprint("/", i)))
		k.Reply(answer)
		k.Close()
	}
	return c.Frames
}

// TestBeside runs analysis beside wire, slower and faster than that: the records are
// the same.
func TestBeside(t *testing.T) {
	defer goleak.VerifyNone(t)
	const n = 2 * chunks * chunkItems
	frames := requests(n)
	for _, slow := range []bool{false, true} {
		got := 0
		p := New(Config{Beside: true, Wire: Wire{ResponseTimeout: 10 * time.Second}}, func(r *Record) error {
			if want := fmt.Sprint("/", got); r.Target != want || r.Status != 200 {
				t.Fatalf("%s %d, want %s", r.Target, r.Status, want)
			}
			if got++; slow && got%chunkItems == 1 {
				time.Sleep(10 * time.Millisecond)
			}
			return nil
		})
		if err := p.Batch(batch(frames)); err != nil {
			t.Fatal(err)
		}
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		if s := p.Summary(); got != n || s.Frames != len(frames) || s.HTTP.Requests != n {
			t.Errorf("%d records of %d; %d frames of %d", got, n, s.Frames, len(frames))
		}
	}
}

// A record comes when its batch is handed on, though nothing follows.
func TestHandOn(t *testing.T) {
	defer goleak.VerifyNone(t)
	came := make(chan string, 1)
	p := New(Config{Beside: true, Wire: Wire{ResponseTimeout: 10 * time.Second}}, func(r *Record) error {
		came <- r.Target
		return nil
	})
	defer p.Close()
	if err := p.Batch(batch(requests(1))); err != nil {
		t.Fatal(err)
	}
	p.HandOn()
	select {
	case got := <-came:
		if got != "/0" {
			t.Error(got)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("no record")
	}
}

// After an error nothing is called any more, both sides end, and the counts are those
// of the batch that it was in: as where both are one thread.
func TestBesideFails(t *testing.T) {
	defer goleak.VerifyNone(t)
	failed := errors.New("disk full")
	frames := requests(3 * chunks * chunkItems)
	for _, from := range []string{"emit", "Then"} {
		var want Summary
		for _, beside := range []bool{false, true} {
			records, stops := 0, 0
			p := New(Config{Beside: beside, Wire: Wire{ResponseTimeout: 10 * time.Second}, Failed: func() { stops++ }}, func(r *Record) error {
				if records++; from == "emit" && records == 100 {
					return failed
				}
				return nil
			})
			var err error
			all := batch(frames).Frames
			for len(all) > 0 && err == nil {
				n := min(len(all), 700)
				p.Batch(&capture.Batch{Frames: all[:n]})
				err = p.Then(func() error {
					if from == "Then" && records >= 100 {
						return failed
					}
					if records >= 200 {
						t.Error("called after the error")
					}
					return nil
				})
				all = all[n:]
			}
			if err := p.Flush(); err != failed || p.Close() != failed || p.Batch(new(capture.Batch)) != failed {
				t.Errorf("%s: error %v", from, err)
			}
			if beside {
				if diff := cmp.Diff(want, p.Summary()); diff != "" || stops != 1 {
					t.Errorf("%s: stopped %d times; counts (-one thread +two):\n%s", from, stops, diff)
				}
			}
			want = p.Summary()
		}
	}
}

// What waits for analysis is bounded by its text, too.
func TestChunkText(t *testing.T) {
	r := new(relay)
	r.begin(nil)
	defer r.end()
	r.to = discard{}
	x := &httpwire.Exchange{Target: strings.Repeat("x", 60_000)}
	m := &sip.Message{Body: make([]byte, 60_000)}
	for range 100 {
		r.Exchange(x)
		r.Message(m)
		if got := r.at.text + len(r.at.bytes); got > chunkText {
			t.Fatalf("%d bytes wait", got)
		}
	}
	for what, size := range map[reflect.Type]uintptr{
		reflect.TypeFor[httpwire.Exchange](): 416, reflect.TypeFor[sip.Message](): 376, reflect.TypeFor[wire.Summary](): 600,
		reflect.TypeFor[stream.Attempt](): 600, reflect.TypeFor[tls.Handshake](): 600,
		reflect.TypeFor[dns.Lookup](): 600,
	} {
		if what.Size() > size {
			t.Errorf("%v has %d bytes; correct the bounds", what, what.Size())
		}
	}
}

// discard is a Sink that takes nothing.
type discard struct{}

func (discard) Exchange(*httpwire.Exchange) {}
func (discard) Message(*sip.Message)        {}
func (discard) Attempt(*stream.Attempt)     {}
func (discard) Handshake(*tls.Handshake)    {}
func (discard) Lookup(*dns.Lookup)          {}
func (discard) Advance(now, horizon int64)  {}

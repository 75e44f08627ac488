package wire_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
	"actionurl/decode/dns"
	"actionurl/decode/httpwire"
	"actionurl/decode/sip"
	"actionurl/decode/stream"
	"actionurl/decode/tls"
	"actionurl/decode/wire"
)

// requests gathers what was decoded: of each request its connection and target,
// and what became of it.
type requests struct{ all []request }

type request struct {
	who    string // client, server, method and target
	status int
	reason httpwire.Reason
	cut    bool
}

func (r *requests) Exchange(x *httpwire.Exchange) {
	r.all = append(r.all, request{fmt.Sprintf("%v > %v %s %s", x.Client, x.Server, x.Method, x.Target), x.Status, x.NoResponse, x.Cut})
}
func (r *requests) Attempt(*stream.Attempt)    {}
func (r *requests) Handshake(*tls.Handshake)   {}
func (r *requests) Lookup(*dns.Lookup)         {}
func (r *requests) Message(*sip.Message)       {}
func (r *requests) Advance(now, horizon int64) {}

// decoded returns the requests in frames, and whether something is said to be lost.
func decoded(frames []capture.Frame) (*requests, bool) {
	r := new(requests)
	d := wire.New(wire.Config{ResponseTimeout: 10 * time.Second}, r)
	d.Batch(&capture.Batch{Frames: slices.Clone(frames)})
	d.Flush()
	s := d.Summary()
	return r, s.Stream.Gaps+s.HTTP.Broken+s.HTTP.Unasked+s.Fragments+s.Malformed > 0
}

// framesOf reads a capture of testdata.
func framesOf(t *testing.T, name string) []capture.Frame {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapfile.Open(name, f)
	if err != nil {
		t.Fatal(err)
	}
	var all []capture.Frame
	var b capture.Batch
	for {
		if err := r.Next(&b); err != nil {
			if err != io.EOF {
				t.Fatal(err)
			}
			return all
		}
		for _, frame := range b.Frames {
			frame.Data = slices.Clone(frame.Data)
			all = append(all, frame)
		}
	}
}

// TestDamagedCaptures drops, doubles and reorders frames of whole captures, and
// cuts them off: what is shown is as in the whole, and what is missing is said.
func TestDamagedCaptures(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"guide-events.pcap", "calls.pcap", "call.pcapng", "values.pcap", "deployment.pcap", "real/sip-held.pcap", "real/guide.pcap"} {
		frames := framesOf(t, filepath.Join("../../testdata", name))
		whole, _ := decoded(frames)
		known := map[string]request{}
		for _, x := range whole.all {
			known[x.who] = x
		}
		if len(known) != len(whole.all) {
			t.Fatalf("%s: requests that look alike", name)
		}
		check := func(what string, part []capture.Frame, same, complete bool) {
			t.Helper()
			got, lost := decoded(part)
			seen := map[string]bool{}
			for _, x := range got.all {
				want, ok := known[x.who]
				if !ok && x.cut { // a part of one
					ok = slices.ContainsFunc(whole.all, func(w request) bool { return strings.HasPrefix(w.who, x.who) })
					want.status = x.status
				}
				switch {
				case !ok:
					t.Errorf("%s, %s: shows %q, which is not in the whole", name, what, x.who)
				case seen[x.who]:
					t.Errorf("%s, %s: shows %q twice", name, what, x.who)
				case x.reason == httpwire.Answered && x.status != want.status:
					t.Errorf("%s, %s: %q has status %d, in the whole %d", name, what, x.who, x.status, want.status)
				case x.reason == httpwire.Timeout && !complete: // all that came after on its connection may be gone
				case want.reason == httpwire.Answered && x.reason != httpwire.Answered && x.reason != httpwire.NotCaptured:
					t.Errorf("%s, %s: %q was answered, and is said to be %v", name, what, x.who, x.reason)
				}
				seen[x.who] = true
			}
			if same && len(got.all) != len(whole.all) {
				t.Errorf("%s, %s: %d requests, in the whole %d", name, what, len(got.all), len(whole.all))
			}
			if complete && len(got.all) < len(whole.all) && !lost {
				t.Errorf("%s, %s: %d requests of %d, and nothing is said to be lost", name, what, len(got.all), len(whole.all))
			}
		}
		for i := range frames { // without one frame
			check(fmt.Sprintf("without frame %d", i+1), slices.Delete(slices.Clone(frames), i, i+1), false, true)
		}
		for range 200 {
			n := 1 + random.IntN(len(frames)/4)
			part := slices.Clone(frames)
			for range n {
				i := random.IntN(len(part))
				part = slices.Delete(part, i, i+1)
			}
			check(fmt.Sprintf("without %d frames", n), part, false, false)

			i := random.IntN(len(frames))
			check(fmt.Sprintf("up to frame %d", i), frames[:i], false, false)
			check(fmt.Sprintf("from frame %d", i), frames[i:], false, false)

			double := slices.Clone(frames)
			double = slices.Insert(double, i, frames[i])
			check(fmt.Sprintf("with frame %d twice", i+1), double, true, true)

			if i+1 < len(frames) {
				swapped := slices.Clone(frames)
				swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
				swapped[i].Time, swapped[i+1].Time = frames[i].Time, frames[i+1].Time
				check(fmt.Sprintf("with frames %d and %d swapped", i+1, i+2), swapped, true, true)
			}
		}
	}
}

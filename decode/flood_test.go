package decode_test

import (
	"flag"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/timeline"
	"actionurl/decode/verdict"
)

var (
	floods       = flag.Int("floods", 1, "how many times as long floods are")
	floodProfile = flag.String("floodprofile", "", "write what all floods fill to a `file`")
)

// maxFlooded bounds what a pipeline keeps of any traffic, with what a verdict takes,
// in bytes. Package decode gives the parts; all floods fill nearly all of them.
const maxFlooded = 192 << 20

// A flooded is a pipeline that gets frames.
type flooded struct {
	t     testing.TB
	p     *decode.Pipeline
	batch capture.Batch
	on    capture.Interface
	now   int64
	n     int
	began uint64 // memory in use before
	most  uint64 // and at any time since
}

func flood(t testing.TB, group timeline.Grouping) *flooded {
	f := &flooded{t: t, now: 1e18, on: capture.Interface{Capture: "flood", Link: capture.LinkEthernet}}
	f.measure()
	f.began = f.most
	c := decode.Config{}
	c.ResponseTimeout = 10 * time.Second
	c.SlowResponse = time.Second
	c.Group = group
	for slug, url := range capturetest.FloodTemplates {
		template, err := actionurl.ParseTemplate(actionurl.Lookup(slug), url)
		if err != nil {
			t.Fatal(err)
		}
		c.Templates = append(c.Templates, template)
	}
	v := verdict.New()
	c.Call = func(*decode.Call) error { return nil }
	c.Found = func(o *finding.Occurrence) { v.Found(o) }
	f.p = decode.New(c, func(r *decode.Record) error {
		v.Record(r)
		return nil
	})
	return f
}

func (f *flooded) frame(data []byte) {
	f.n++
	f.now += int64(time.Microsecond)
	f.batch.Frames = append(f.batch.Frames, capture.Frame{Data: data, Time: f.now, Number: f.n, Length: len(data), Interface: &f.on})
	if len(f.batch.Frames) == 64 {
		f.hand()
	}
	if f.n%100_000 == 0 {
		f.measure()
	}
}

func (f *flooded) hand() {
	if err := f.p.Batch(&f.batch); err != nil {
		f.t.Fatal(err)
	}
	f.batch.Reset()
}

func (f *flooded) measure() {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	f.most = max(f.most, m.HeapAlloc)
}

// end returns how much memory was in use at most.
func (f *flooded) end() int {
	f.hand()
	f.measure()
	if err := f.p.Flush(); err != nil {
		f.t.Fatal(err)
	}
	return int(f.most - f.began)
}

// What a flood of one kind fills stays within bounds.
func TestFloods(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const most = 112 << 20 // events of ever more phones on connections that stay open
	for _, flooding := range capturetest.Floods() {
		t.Run(flooding.Name, func(t *testing.T) {
			f := flood(t, timeline.ByCallID)
			for i := range flooding.N * *floods {
				flooding.Send(i, f.frame)
			}
			took := f.end()
			t.Logf("%d MiB of %d frames", took>>20, f.n)
			if took > most {
				t.Errorf("%d MiB are kept", took>>20)
			}
		})
	}
}

// All floods at once fill all that a pipeline keeps.
func TestAllFloods(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	f := flood(t, timeline.ByNumber)
	capturetest.AllFloods(*floods, f.frame)
	f.hand()
	f.measure()
	if *floodProfile != "" {
		out, err := os.Create(*floodProfile)
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		pprof.Lookup("heap").WriteTo(out, 0)
	}
	took := f.end()
	t.Logf("%d MiB of %d frames", took>>20, f.n)
	if took > maxFlooded {
		t.Errorf("%d MiB are kept", took>>20)
	}
}

package decode

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
)

const (
	server = "192.168.40.207:80"
	answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
)

func get(target string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: 192.168.40.207\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.64\r\n\r\n"
}

// batch returns the frames of a capture in memory of its own.
func batch(frames []capturetest.Frame) *capture.Batch { return capturetest.Batch("test.pcap", frames) }

// decode returns a line per record: its frame, target and status or reason.
func decode(t testing.TB, frames []capturetest.Frame) ([]string, Summary) {
	t.Helper()
	var lines []string
	p := New(Config{Wire: Wire{ResponseTimeout: 10 * time.Second}}, func(r *Record) error {
		lines = append(lines, line(r))
		return nil
	})
	b := batch(frames)
	// A source's memory is reused after each batch.
	for f := range slices.Chunk(b.Frames, 3) {
		if err := p.Batch(&capture.Batch{Frames: f}); err != nil {
			t.Fatal(err)
		}
		for i := range f {
			clear(f[i].Data)
		}
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	return lines, p.Summary()
}

func line(r *Record) string {
	result := r.NoResponse.String()
	if r.NoResponse == httpwire.Answered {
		result = strconv.Itoa(r.Status)
	}
	return fmt.Sprintf("%d %s %s", r.Frame, r.Target, result)
}

// later returns n lines of requests, of which each is some frames after the one
// before it.
func later(first, step, n int) []string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("%d /later 200", first+i*step))
	}
	return lines
}

func TestPipeline(t *testing.T) {
	tests := []struct {
		name string
		make func(c *capturetest.Capture)
		want []string
	}{
		{"a response after the time-out, where nothing else shows that it is over", func(c *capturetest.Capture) {
			k := c.Conn("192.168.40.50:49152", server).Open()
			k.Send(get("/late"))
			c.Wait(10 * time.Second)
			k.Reply(answer)
			k.Send(get("/next"))
			k.Reply(answer)
		}, []string{"4 /late 200", "8 /next 200"}},
		{"a response just within the time-out", func(c *capturetest.Capture) {
			k := c.Conn("192.168.40.50:49152", server).Open()
			k.Send(get("/slow"))
			c.Wait(10*time.Second - time.Millisecond)
			k.Reply(answer)
		}, []string{"4 /slow 200"}},
		{"no response: the time-out counts from the request", func(c *capturetest.Capture) {
			silent := c.Conn("192.168.40.50:49152", server).Open()
			silent.Send(get("/silent"))
			other := c.Conn("192.168.40.51:49152", server).Open()
			other.Send(get("/other"))
			other.Reply(answer)
			for range 11 {
				c.Wait(time.Second)
				other.Send(get("/later"))
				other.Reply(answer)
			}
			silent.Reply(answer)
		}, append([]string{"4 /silent timeout", "9 /other 200"}, later(13, 4, 11)...)},
		{"the capture ends", func(c *capturetest.Capture) {
			c.Conn("192.168.40.50:49152", server).Open().Send(get("/x"))
		}, []string{"4 /x not_captured"}},
		{"records in the order of requests, whenever they are answered", func(c *capturetest.Capture) {
			first := c.Conn("192.168.40.50:49152", server).Open()
			second := c.Conn("192.168.40.51:49152", server).Open()
			third := c.Conn("192.168.40.52:49152", server).Open()
			first.Send(get("/1"))
			second.Send(get("/2"))
			third.Send(get("/3"))
			third.Reply(answer)
			second.Reset(false)
			first.Reply(answer)
		}, []string{"10 /1 200", "12 /2 reset", "14 /3 200"}},
		{"tagged and untagged copies", func(c *capturetest.Capture) {
			k := c.Conn("192.168.40.50:49152", server).Open()
			k.Push(true, get("/1"))
			k.VLANs = []uint16{40}
			k.Client -= uint32(len(get("/1")))
			k.Push(true, get("/1"))
			k.Reply(answer)
		}, []string{"4 /1 200"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := capturetest.New()
			test.make(c)
			got, summary := decode(t, c.Frames)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if losses := summary.Losses(true); len(losses) > 0 {
				t.Errorf("losses: %v", losses)
			}
		})
	}
}

// day is a capture of phones that announce events, each on connections of its
// own, kept alive or not, some at the same time. Every request is answered.
func day(phones, requests int) *capturetest.Capture {
	c := capturetest.New()
	random := rand.New(rand.NewPCG(7, 7))
	conns := make([]*capturetest.Conn, phones)
	for i := range requests {
		n := random.IntN(phones)
		if conns[n] == nil {
			conns[n] = c.Conn(fmt.Sprintf("192.168.40.%d:%d", 50+n, 20000+i), server).Open()
		}
		conns[n].Send(get(fmt.Sprintf("/request=%d&pad=%s", i, strings.Repeat("x", random.IntN(100)))))
		conns[n].Reply(answer)
		if random.IntN(3) == 0 {
			conns[n].Close()
			conns[n] = nil
		}
	}
	return c
}

// targets returns the lines without their frames.
func targets(lines []string) []string {
	var all []string
	for _, l := range lines {
		_, rest, _ := strings.Cut(l, " ")
		all = append(all, rest)
	}
	return all
}

func TestEachRequestOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	c := day(20, 1000)
	want, _ := decode(t, c.Frames)
	if len(want) != 1000 || !strings.HasSuffix(want[999], " 200") {
		t.Fatalf("%d records, the last %q", len(want), want[len(want)-1])
	}
	t.Run("each frame twice", func(t *testing.T) {
		var frames []capturetest.Frame
		for _, f := range c.Frames {
			frames = append(frames, f, f)
		}
		got, summary := decode(t, frames)
		if diff := cmp.Diff(targets(want), targets(got)); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		if summary.Stream.Duplicates != 2000 {
			t.Errorf("%d duplicates, not one of each request and response", summary.Stream.Duplicates)
		}
	})
	t.Run("each frame again a little later", func(t *testing.T) {
		frames := slices.Clone(c.Frames)
		const later = 7
		for i := range c.Frames {
			frames = slices.Insert(frames, min(len(frames), 2*i+later), c.Frames[i])
		}
		got, _ := decode(t, frames)
		slices.Sort(got)
		if diff := cmp.Diff(slices.Sorted(slices.Values(targets(want))), slices.Sorted(slices.Values(targets(got)))); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
	for _, window := range []int{2, 3, 4} {
		t.Run(fmt.Sprintf("shuffled by %d", window), func(t *testing.T) {
			for seed := range uint64(20) {
				random := rand.New(rand.NewPCG(seed, 0))
				frames := slices.Clone(c.Frames)
				for part := range slices.Chunk(frames, window) {
					random.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
				}
				got, _ := decode(t, frames)
				sorted := slices.Sorted(slices.Values(targets(got)))
				if diff := cmp.Diff(slices.Sorted(slices.Values(targets(want))), sorted); diff != "" {
					t.Fatalf("seed %d: want -, got +:\n%s", seed, diff)
				}
			}
		})
	}
}

func TestRecordsInOrderOfFrames(t *testing.T) {
	c := day(30, 1000)
	random := rand.New(rand.NewPCG(3, 3))
	// Some frames are missing: responses and requests remain unanswered.
	c.Frames = slices.DeleteFunc(c.Frames, func(capturetest.Frame) bool { return random.IntN(20) == 0 })
	got, summary := decode(t, c.Frames)
	last := 0
	for _, l := range got {
		frame, err := strconv.Atoi(l[:strings.IndexByte(l, ' ')])
		if err != nil {
			t.Fatal(err)
		}
		if frame < last {
			t.Errorf("frame %d after %d", frame, last)
		}
		last = frame
	}
	if len(got) < 900 || summary.Stream.Gaps == 0 {
		t.Errorf("%d records, %d gaps", len(got), summary.Stream.Gaps)
	}
}

// Requests that wait for the response to an earlier one are emitted all at
// once. Each must keep its own event.
func TestEventsOfWaiting(t *testing.T) {
	c := capturetest.New()
	slow := c.Conn("192.168.40.49:20000", server).Open()
	slow.Send(get("/slow"))
	const waiting = 49
	for i := range waiting {
		conn := c.Conn(fmt.Sprintf("192.168.40.50:%d", 20000+i), server).Open()
		path := fmt.Sprintf("/event=hold&local=%d", i)
		if i%3 == 0 {
			path = fmt.Sprintf("/index.html?%d", i) // no Action URL
		}
		conn.Send(get(path))
		conn.Reply(answer)
	}
	slow.Reply(answer)
	n := -1
	p := New(Config{Wire: Wire{ResponseTimeout: time.Hour}}, func(r *Record) error {
		var local string
		if r.Event != nil && len(r.Event.Vars) == 2 {
			local = r.Event.Vars[1].Value
		}
		want := strconv.Itoa(n)
		if n < 0 || n%3 == 0 {
			want = ""
		}
		if local != want {
			t.Errorf("%s: $local is %q", r.Target, local)
		}
		n++
		return nil
	})
	if err := p.Batch(batch(c.Frames)); err != nil {
		t.Fatal(err)
	}
	if n != waiting {
		t.Errorf("%d records, want %d", n, waiting)
	}
}

func TestEmitError(t *testing.T) {
	full := errors.New("disk full")
	calls := 0
	p := New(Config{Wire: Wire{ResponseTimeout: time.Second}}, func(*Record) error {
		calls++
		return full
	})
	c := day(3, 10)
	if err := p.Batch(batch(c.Frames)); err != full {
		t.Errorf("Batch returns %v", err)
	}
	if err := p.Flush(); err != full {
		t.Errorf("Flush returns %v", err)
	}
	if calls != 1 {
		t.Errorf("emit is called %d times", calls)
	}
}

func TestEvent(t *testing.T) {
	template, err := actionurl.ParseTemplate(actionurl.Lookup("incoming_call"), "192.168.40.207/mac=$mac&local=$local")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	p := New(Config{Analysis: Analysis{Templates: []*actionurl.Template{template}}, Wire: Wire{ResponseTimeout: time.Second}}, func(r *Record) error {
		slug := "none"
		if r.Event != nil {
			slug = r.Event.Kind.Slug
		}
		got = append(got, r.Target+" "+slug)
		return nil
	})
	c := capturetest.New()
	k := c.Conn("192.168.40.50:49152", server).Open()
	k.Send(get("/mac=000b82123456&local=5002"))
	k.Send("GET /favicon.ico HTTP/1.1\r\nHost: 192.168.40.207\r\n\r\n")
	if err := errors.Join(p.Batch(batch(c.Frames)), p.Flush()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/mac=000b82123456&local=5002 incoming_call", "/favicon.ico none"}, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// looped returns a batch of connections that exchange a request and a
// response each, and a function that makes it another time of the same.
func looped(conns int) (b *capture.Batch, again func()) {
	c := capturetest.New()
	for i := range conns {
		k := c.Conn(fmt.Sprintf("192.168.40.%d:%d", 50+i%50, 20000+i), server).Open()
		k.Send(get("/mac=000b82123456&local=5002"))
		k.Reply(answer)
		k.Close()
	}
	b = batch(c.Frames)
	span := b.Frames[len(b.Frames)-1].Time - b.Frames[0].Time + 1
	return b, func() {
		for i := range b.Frames {
			f := &b.Frames[i]
			f.Time += span
			f.Number += len(b.Frames)
			// Both initial sequence numbers, and with them what is acknowledged, are others.
			f.Data[14+20+4]++
			f.Data[14+20+8]++
		}
	}
}

func TestAllocs(t *testing.T) {
	const conns = 100
	b, again := looped(conns)
	records := 0
	p := New(Config{Wire: Wire{ResponseTimeout: 10 * time.Second}}, func(*Record) error { records++; return nil })
	run := func() {
		p.Batch(b)
		again()
	}
	for range 100 {
		run()
	}
	records = 0
	// A request's strings are one allocation; the rest is that of its event.
	perRequest := testing.AllocsPerRun(100, run) / conns
	t.Logf("%.2f allocations per request", perRequest)
	if want := 101 * conns; records != want {
		t.Fatalf("%d records, not %d", records, want)
	}
	if perRequest > 8 {
		t.Errorf("%.2f allocations per request", perRequest)
	}
}

func BenchmarkPipeline(b *testing.B) {
	frames, again := looped(1000)
	p := New(Config{Wire: Wire{ResponseTimeout: 10 * time.Second}}, func(*Record) error { return nil })
	bytes := 0
	for _, f := range frames.Frames {
		bytes += len(f.Data)
	}
	b.SetBytes(int64(bytes))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		p.Batch(frames)
		again()
		n++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*len(frames.Frames)), "ns/frame")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*1000), "ns/request")
}

// Frames that hold no TCP segment are the most there are.
func BenchmarkRTP(b *testing.B) {
	c := capturetest.New()
	k := c.Conn("192.168.40.50:49152", server)
	k.Push(true, strings.Repeat("x", 172))
	f := batch(c.Frames)
	f.Frames[0].Data[14+9] = 17 // UDP
	f.Frames = slices.Repeat(f.Frames, 1000)
	p := New(Config{Wire: Wire{ResponseTimeout: 10 * time.Second}}, func(*Record) error { return nil })
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		p.Batch(f)
		n++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*len(f.Frames)), "ns/frame")
}

// A clock that is wrong is reported, and ends no wait.
func TestClocks(t *testing.T) {
	type capt = capturetest.Capture
	for _, test := range []struct {
		name   string
		make   func(c *capt, first, second *capturetest.Conn)
		want   []string
		losses string
	}{
		{"a step ahead", func(c *capt, first, second *capturetest.Conn) {
			first.Send(get("/1"))
			c.Wait(time.Hour)
			second.Send(get("/2")).Reply(answer)
			first.Reply(answer)
		}, []string{"7 /1 200 5ms", "9 /2 200 2ms"}, "[1 step of the capture's clock]"},
		{"a step back", func(c *capt, first, second *capturetest.Conn) {
			first.Send(get("/1"))
			c.Wait(-time.Hour)
			second.Send(get("/2")).Reply(answer)
			first.Reply(answer)
		}, []string{"7 /1 200 0s", "9 /2 200 2ms"}, "[1 step of the capture's clock]"},
		{"a frame ahead", func(c *capt, first, second *capturetest.Conn) {
			first.Send(get("/1"))
			second.Send(get("/2"))
			c.Frames[8].Time = c.Frames[8].Time.Add(29 * 365 * 24 * time.Hour)
			second.Reply(answer)
			first.Reply(answer)
		}, []string{"7 /1 200 6ms", "9 /2 200 0s"}, "[1 frame with a time far from the others']"},
		{"silence", func(c *capt, first, second *capturetest.Conn) {
			first.Send(get("/1"))
			c.Wait(time.Hour)
			second.Send(get("/2")).Reply(answer)
		}, []string{"7 /1 timeout 0s", "9 /2 200 2ms"}, "[]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := capturetest.New()
			test.make(c, c.Conn("192.168.40.50:49152", server).Open(), c.Conn("192.168.40.51:49152", server).Open())
			var got []string
			p := New(Config{Wire: Wire{ResponseTimeout: 10 * time.Second}}, func(r *Record) error {
				got = append(got, fmt.Sprintf("%s %v", line(r), time.Duration(r.Latency)))
				return nil
			})
			if err := errors.Join(p.Batch(batch(c.Frames)), p.Flush()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			s := p.Summary()
			if got := fmt.Sprint(s.Losses(true)); got != test.losses {
				t.Errorf("losses %s, want %s", got, test.losses)
			}
		})
	}
}

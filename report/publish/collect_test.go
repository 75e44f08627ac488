package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"actionurl/decode/finding"
	"actionurl/report"
)

// row returns the line of a request, at a number of milliseconds.
func row(sensor string, ms int) []byte {
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
	return fmt.Appendf(nil, `{"time":%q,"sensor":%q,"frame":%d,"target":"/%d"}`+"\n", at.Format(time.RFC3339Nano), sensor, ms, ms)
}

func (y *system) sensor(t *testing.T, name string) *Publisher {
	c := y.config(filepath.Join(t.TempDir(), name))
	c.Sensor = name
	return open(t, c)
}

func (y *system) collect(t *testing.T, ctx context.Context, lateness time.Duration) *Collector {
	t.Helper()
	k, err := Collect(ctx, CollectConfig{Servers: y.servers(), Lateness: lateness, Say: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func send(t *testing.T, p *Publisher, sensor string, ms ...int) {
	t.Helper()
	for _, n := range ms {
		if err := p.Line(ID{Kind: "request", Time: int64(n), Frame: n}, int64(n), row(sensor, n)); err != nil {
			t.Fatal(err)
		}
	}
	for p.Counts().Waiting > 0 {
		time.Sleep(time.Millisecond)
	}
}

// targets returns the next n records, or all if n is 0, each by its time and
// sensor, and a mark where it is late.
func targets(t *testing.T, k *Collector, n int) string {
	t.Helper()
	var got []string
	for deadline := time.Now().Add(20 * time.Second); n == 0 || len(got) < n; {
		rec, err := k.Next()
		switch {
		case errors.Is(err, io.EOF):
			return strings.Join(got, " ")
		case errors.Is(err, ErrIdle):
			if time.Now().After(deadline) {
				t.Fatalf("nothing comes after %v", got)
			}
		case err != nil:
			t.Fatal(err)
		case rec.Kind == report.SavedRequest:
			x := rec.Request.Exchange
			late := ""
			if x.Late {
				late = "!"
			}
			got = append(got, fmt.Sprintf("%s%d%s", x.Interface.Sensor, x.Frame, late))
		}
	}
	return strings.Join(got, " ")
}

// A row waits for those of slower sensors, and not longer than the lateness; what
// comes after that is late.
func TestMerge(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	y := newSystem(t)
	y.start()
	a, b := y.sensor(t, "a"), y.sensor(t, "b")
	ctx, interrupt := context.WithCancel(t.Context())
	k := y.collect(t, ctx, 2*time.Second)
	send(t, a, "a", 10, 30, 50)
	send(t, b, "b", 20, 40, 60)
	if got, want := targets(t, k, 5), "a10 b20 a30 b40 a50"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := targets(t, k, 1), "b60"; got != want { // a said nothing more for long enough
		t.Errorf("got %s, want %s", got, want)
	}
	y.stop() // the server
	y.start()
	send(t, a, "a", 55, 70)
	if got, want := targets(t, k, 2), "a55! a70"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	send(t, b, "b", 80)
	interrupt()
	if got := targets(t, k, 0); got != "b80" && got != "" { // it came in time, or not
		t.Errorf("got %s at the end", got)
	}
	if c := k.Counts(); c.Late != 1 || c.Lost != 0 {
		t.Errorf("%+v", c)
	}
	closed(t, a)
	closed(t, b)
}

// A message of nobody's is passed over, and the time is known from it.
func TestForeignMessage(t *testing.T) {
	y := newSystem(t)
	y.start()
	p := y.sensor(t, "a")
	send(t, p, "a", 10)
	closed(t, p)
	c, err := nats.Connect(y.servers().urls[0])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Request(subjectsPrefix+"ä"+linesSuffix, []byte("{}"), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	k := y.collect(t, t.Context(), 10*time.Millisecond)
	if got, want := targets(t, k, 1), "a10"; got != want || len(k.sensors) != 1 || !k.Whole() {
		t.Errorf("got %s of %d sensors, whole: %v; want %s", got, len(k.sensors), k.Whole(), want)
	}
}

// What a sensor had no room for is missing in the sequence of its lines.
func TestLost(t *testing.T) {
	y := newSystem(t)
	c := y.config(t.TempDir())
	c.Wait, c.Spool = false, 5_000
	p := open(t, c)
	for n := 1; n <= 100; n++ {
		if err := p.Line(ID{Frame: n}, int64(n), row("hq", n)); err != nil {
			t.Fatal(err)
		}
	}
	y.start()
	for p.Counts().Waiting > 0 {
		time.Sleep(time.Millisecond)
	}
	send(t, p, "hq", 101)
	closed(t, p)
	k := y.collect(t, t.Context(), time.Millisecond)
	if f := nextFinding(t, k); f.Finding.Kind != finding.SensorGap || int(f.Finding.Detail.N) != p.Counts().Dropped {
		t.Errorf("found %v, want %d lines", f, p.Counts().Dropped)
	}
	if got := k.Counts().Lost; got != p.Counts().Dropped || got == 0 {
		t.Errorf("%d lines are missing, want %d", got, p.Counts().Dropped)
	}
}

// Two collectors do not write the same output.
func TestCollectTwice(t *testing.T) {
	y := newSystem(t)
	y.start()
	file := filepath.Join(t.TempDir(), "all.ndjson")
	c := CollectConfig{Servers: y.servers(), Durable: "all", File: file, State: file + ".nats", Say: func(string) {}}
	first, err := Collect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"all", "other"} {
		c.Durable = name
		if k, err := Collect(t.Context(), c); !errors.Is(err, errCollecting) {
			t.Errorf("%s: error %v", name, err)
			if err == nil {
				k.Close()
			}
		}
	}
	first.Close()
	second, err := Collect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

// A collector that was killed while it noted how far it had come leaves nothing for
// good, whatever stands in the place of what it wrote.
func TestKilledInNote(t *testing.T) {
	y := newSystem(t)
	y.start()
	file := filepath.Join(t.TempDir(), "all.ndjson")
	c := CollectConfig{Servers: y.servers(), Durable: "all", File: file, State: file + ".nats", Say: func(string) {}}
	k, err := Collect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
	noted, err := os.ReadFile(c.State)
	if err != nil {
		t.Fatal(err)
	}
	partial := filepath.Join(filepath.Dir(file), ".all.ndjson.nats.partial")
	for name, leave := range map[string]func() error{
		"half": func() error { return os.WriteFile(partial, noted[:len(noted)/2], 0o600) },
		"link": func() error { return os.Symlink(file, partial) },
	} {
		if err := leave(); err != nil {
			t.Fatal(err)
		}
		k, err := Collect(t.Context(), c)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		k.Close()
		if again, err := os.ReadFile(c.State); err != nil || string(again) != string(noted) {
			t.Errorf("%s: noted %q, %v; want %q", name, again, err, noted)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); len(left) != 1 || left[0] != c.State {
			t.Errorf("%s: files %q", name, left)
		}
	}
}

// A stream that was deleted and made anew is not the one that is read: the numbers of
// its lines are others.
func TestStreamMadeAnew(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	y := newSystem(t)
	y.start()
	p := y.sensor(t, "a")
	send(t, p, "a", 1, 2, 3)
	closed(t, p)
	k := y.collect(t, t.Context(), 0)
	if got, want := targets(t, k, 3), "a1 a2 a3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	y.stop()
	if err := os.RemoveAll(y.dir); err != nil {
		t.Fatal(err)
	}
	y.start()
	p = y.sensor(t, "a")
	send(t, p, "a", 4, 5)
	closed(t, p)
	for deadline := time.Now().Add(20 * time.Second); ; {
		if _, err := k.Next(); errors.Is(err, io.EOF) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it reads on")
		}
	}
	if err := k.Failed(); !errors.Is(err, errAnother) {
		t.Errorf("it failed as of %v", err)
	}
}

package browse

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"actionurl/capture"
	"actionurl/capture/files"
	"actionurl/cmd/actionurl/internal/run"
	"actionurl/decode/analysis"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
)

var keysToo = flag.Bool("keys", false, "measure how soon a key shows while events arrive")

var measured = flag.String("capture", "", "a capture to measure the screen with, such as the storm of 1 GB")

// resident returns the memory of the process, in MiB.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	kib, _ := strconv.Atoi(strings.Fields(after)[0])
	return kib >> 10
}

// TestMeasureCapture reads a large capture: the first rows are there within a second,
// a key shows within 50 ms while it is read, and it fits in 250 MB.
func TestMeasureCapture(t *testing.T) {
	if *measured == "" {
		t.Skip("no -capture")
	}
	debug.SetGCPercent(gcPercent)
	began := time.Now()
	screen, err := New(Config{Zone: time.UTC, Clock: "utc", Frames: true, Name: "large"})
	if err != nil {
		t.Fatal(err)
	}
	config := run.Config{Output: "-"}
	config.Options.Clock = utc(t)
	config.Decode.ResponseTimeout, config.Decode.SlowResponse = 10*time.Second, time.Second
	screen.Attach(&config)
	ended := make(chan error, 1)
	go func() {
		in, err := files.Open(t.Context(), []string{*measured}, nil)
		if err == nil {
			err = run.Captures(config, in)
		}
		ended <- err
	}()
	s := show(t, screen, 120, 40)
	s.await("1 of ", " events")
	first := time.Since(began)
	var delays []time.Duration
	for i := 0; len(ended) == 0; i++ {
		time.Sleep(20 * time.Millisecond)
		pressed := time.Now()
		s.press([]string{"3", "down", "2", "4", "end", "up", "5"}[i%7])
		s.shown()
		delays = append(delays, time.Since(pressed))
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	read := time.Since(began)
	first_, end := screen.store.bounds()
	peak := resident(t)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	slices.Sort(delays)
	t.Logf("first rows %v, all %v; %d events, %d calls, lines %d MiB; peak %d MiB, heap %d MiB; keys: median %v, 99 %% %v, worst %v of %d",
		first, read, end-first_, len(screen.store.calls), screen.store.lines.size>>20, peak, m.HeapAlloc>>20,
		delays[len(delays)/2], delays[len(delays)*99/100], delays[len(delays)-1], len(delays))
	if first > time.Second {
		t.Errorf("the first rows took %v", first)
	}
	if peak > 250e6>>20 {
		t.Errorf("%d MiB", peak)
	}
	began = time.Now()
	s.press("4", "/", "zzz")
	s.await("no events (of ")
	for strings.Contains(s.shown(), "to look at") {
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("a filter that nothing matches: %v", time.Since(began))
}

// TestMeasureKeys presses keys while 500 events a second arrive. A key shows within
// 50 ms.
func TestMeasureKeys(t *testing.T) {
	if !*keysToo {
		t.Skip("no -keys")
	}
	screen, err := New(Config{Zone: time.UTC, Clock: "utc", Live: true, Name: "eth1"})
	if err != nil {
		t.Fatal(err)
	}
	reader, writer := io.Pipe()
	m, err := newModel(screen)
	if err != nil {
		t.Fatal(err)
	}
	out := &watched{shown: make(chan struct{}, 1)}
	program := tea.NewProgram(m, tea.WithInput(reader), tea.WithOutput(out), tea.WithWindowSize(120, 40), tea.WithoutSignalHandler(), tea.WithEnvironment([]string{"TERM=xterm-256color"}))
	done := make(chan struct{})
	go func() { program.Run(); close(done) }()
	stop := make(chan struct{})
	fed := make(chan int)
	go func() {
		n := 0
		f := newFeeder(screen.taker)
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-tick.C:
				for range 5 {
					f.event(n)
					n++
				}
				screen.taker.Flush()
			case <-stop:
				fed <- n
				return
			}
		}
	}()
	time.Sleep(500 * time.Millisecond)
	var delays []time.Duration
	for i := range 60 {
		// What the key shows is the name of a pane, in the line of the tabs.
		key, want := "?", "keys"
		if i%2 == 1 {
			key, want = "\x7f", "latency_ms" // back to the list
		}
		out.await(want)
		pressed := time.Now()
		io.WriteString(writer, key)
		select {
		case <-out.shown:
			delays = append(delays, time.Since(pressed))
		case <-time.After(2 * time.Second):
			t.Fatalf("%q does not show", key)
		}
		time.Sleep(25 * time.Millisecond)
	}
	close(stop)
	n := <-fed
	program.Kill()
	<-done
	slices.Sort(delays)
	t.Logf("%d events; keys: median %v, worst %v of %d", n, delays[len(delays)/2], delays[len(delays)-1], len(delays))
	if worst := delays[len(delays)*95/100]; worst > 50*time.Millisecond {
		t.Errorf("a key shows after %v", worst)
	}
}

// A watched output says when a text is written.
type watched struct {
	want  atomic.Pointer[string]
	shown chan struct{}
}

func (w *watched) await(text string) {
	select {
	case <-w.shown:
	default:
	}
	w.want.Store(&text)
}

func (w *watched) Write(b []byte) (int, error) {
	if text := w.want.Load(); text != nil && bytes.Contains(b, []byte(*text)) {
		w.want.Store(nil)
		w.shown <- struct{}{}
	}
	return len(b), nil
}

// A feeder makes events of phones and calls, as an analyzer does.
type feeder struct{ analyzer *analysis.Analyzer }

func newFeeder(to *taker) *feeder {
	return &feeder{analysis.New(analysis.Config{Live: true, Call: to.Call, Found: to.Found, Message: to.message}, to.Record)}
}

var eth1 = &capture.Interface{Capture: "eth1", Link: capture.LinkEthernet}

// event makes the nth event: of 100 phones, each has calls of two.
func (f *feeder) event(n int) {
	of := n / 200
	name := [...]string{"incoming_call", "terminated_call"}[n/100%2]
	phone := n % 100
	x := &httpwire.Exchange{
		Origin: packet.Origin{Interface: eth1, Frame: n + 1, Time: 1_770_000_000e9 + int64(n)*2e6},
		Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 168, 40, byte(phone + 1)}), uint16(30000+n%20000)),
		Server: netip.MustParseAddrPort("192.168.41.207:8085"),
		Method: "GET", Version: "HTTP/1.1", Host: "192.168.41.207:8085", Status: 200, Latency: 3e6, Done: true, ContentLength: -1,
		Target: fmt.Sprintf("/cti?event=%s&mac=000b8212%04x&call-id=%08x-%d&remote=%d", name, phone, of, phone, 4930000000+n%9973),
	}
	f.analyzer.Exchange(x)
	f.analyzer.Advance(x.Time, x.Time)
}

package run

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/gopacket/layers"
	"go.uber.org/goleak"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/files"
	"actionurl/capture/live"
	"actionurl/capture/pcapfile"
	"actionurl/cmd/actionurl/internal/metrics"
	"actionurl/report"
	"actionurl/report/output"
	"actionurl/report/output/outputtest"
)

// A script is a live source that does what a test says, each step when the run is
// done with what the one before it brought.
type script struct {
	run   *run
	steps []func(*capture.Batch)
	stats live.Stats

	metrics *metrics.Server

	on     *capture.Interface
	frames int
	port   int
}

func newScript() *script {
	return &script{stats: live.Stats{Interface: "eth1"}, on: &capture.Interface{Capture: "eth1", Link: capture.LinkEthernet}}
}

func (s *script) Next(b *capture.Batch) error {
	b.Reset()
	if len(s.steps) == 0 {
		return io.EOF
	}
	s.wait()
	step := s.steps[0]
	s.steps = s.steps[1:]
	step(b)
	return nil
}

// wait waits until the run is done with what came before, or has failed.
func (s *script) wait() {
	done := make(chan struct{})
	err := s.run.pipeline.Then(func() error { close(done); return nil })
	s.run.pipeline.HandOn()
	for err == nil {
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
			err = s.run.pipeline.Then(func() error { return nil })
		}
	}
}

// at lets the time pass, and fn happen.
func (s *script) at(after time.Duration, fn func()) {
	s.steps = append(s.steps, func(b *capture.Batch) {
		if fn != nil {
			fn()
		}
		b.Now = capturetest.Start.Add(after).UnixNano()
	})
}

// event lets a phone announce something, and a server take it.
func (s *script) event(after time.Duration, target string) {
	c := capturetest.New()
	c.Wait(after + time.Millisecond)
	s.port++
	k := c.Conn(fmt.Sprint("192.168.40.50:", 49152+s.port), "192.168.40.207:80").Open()
	k.Send("GET " + target + " HTTP/1.1\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.64\r\n\r\n")
	k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	k.Close()
	s.steps = append(s.steps, func(b *capture.Batch) {
		for _, f := range c.Frames {
			s.frames++
			b.Frames = append(b.Frames, capture.Frame{Data: f.Data, Time: f.Time.UnixNano(), Number: s.frames, Length: len(f.Data), Interface: s.on})
		}
	})
}

// play runs the script. It returns what was written, and the error.
func (s *script) play(t *testing.T, c Config, hangup chan os.Signal) (out, messages string, err error) {
	t.Helper()
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var stdout, stderr strings.Builder
	c = complete(c)
	c.Stdout, c.Stderr = &stdout, &stderr
	in := &Live{Source: s, Stats: func() []live.Stats { return []live.Stats{s.stats} }, Metrics: s.metrics, Hangup: hangup}
	s.run = &run{Config: c, live: in}
	err = s.run.over(in)
	return stdout.String(), stderr.String(), err
}

// complete fills in what flags have by default.
func complete(c Config) Config {
	c.Decode.ResponseTimeout, c.Decode.SlowResponse = 10*time.Second, time.Second
	c.Filter.View = report.View(cmp.Or(string(c.Filter.View), string(report.Events)))
	c.Output = cmp.Or(c.Output, "-")
	if c.Options.Format.Name == "" {
		c.Options.Format, _ = report.Plain().Of(strings.TrimSuffix(c.Output, ".gz"))
	}
	c.Options.Clock, _ = report.NewClock("utc")
	return c
}

// Losses are reported once a minute while they grow, in the output, and in the
// summary.
func TestLosses(t *testing.T) {
	s := newScript()
	s.stats.Received = 1000
	s.at(0, nil)
	s.at(30*time.Second, func() { s.stats.Dropped, s.stats.Freezes = 5, 1 })
	s.at(59*time.Second, nil)
	s.at(60*time.Second, func() { s.stats.Dropped = 7 })
	s.at(119*time.Second, nil)
	s.at(120*time.Second, nil) // a minute without loss
	s.event(130*time.Second, "/?event=hold")
	s.at(180*time.Second, nil)
	s.at(185*time.Second, func() { s.stats.Dropped = 10 })
	out, messages, err := s.play(t, Config{Options: report.Options{Format: report.Plain().Named("ndjson"), Columns: "event"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"time":"2026-03-02T08:01:00.000000000Z","capture_loss":{"interface":"eth1","since":"2026-03-02T08:00:00.000000000Z","dropped":7,"freezes":1}}
{"event":"hold_call"}
{"time":"2026-03-02T08:03:05.000000000Z","capture_loss":{"interface":"eth1","since":"2026-03-02T08:03:00.000000000Z","dropped":3}}
`
	if diff := gocmp.Diff(want, out); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	want = `actionurl: warning: in the last minute: eth1: 7 frames dropped: they came faster than they were read
actionurl: warning: in the last minute: eth1: 1 overflow of the ring: enlarge it with --ring-size
actionurl: 11 frames, 1 HTTP request, 1 Action URL
actionurl: eth1: 1000 frames passed the filter, 10 dropped (1 overflow of the ring)
2026-03-02 08:02:10–08:02:10 UTC  1 phone  1 event
 ✓ no problem found

 server             phones   events     ok     p50     p95     max
 192.168.40.207:80       1        1   100%  2.0 ms  2.0 ms  2.0 ms
`
	if diff := gocmp.Diff(want, messages); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// A flood of connections that never come about pushes the oldest out. That is
// reported, and what is announced among them is not lost.
func TestFlood(t *testing.T) {
	s := newScript()
	s.at(0, nil)
	const flood = 300_000
	c := capturetest.New()
	c.Conn("10.0.0.0:1", "192.168.40.207:80").Segment(true, layers.TCP{SYN: true}, "")
	syn := c.Frames[0].Data
	for from := 0; from < flood; from += 1000 {
		s.steps = append(s.steps, func(b *capture.Batch) {
			for i := from; i < from+1000; i++ {
				data := bytes.Clone(syn)
				binary.BigEndian.PutUint32(data[26:], 10<<24|uint32(i)) // the sender's address
				s.frames++
				b.Frames = append(b.Frames, capture.Frame{Data: data, Time: capturetest.Start.UnixNano() + int64(i)*1e4, Number: s.frames, Length: len(data), Interface: s.on})
			}
		})
		if from%100_000 == 0 {
			s.event(time.Duration(from)*1e4, "/?event=hold")
		}
	}
	s.at(61*time.Second, nil)
	out, messages, err := s.play(t, Config{Options: report.Options{Format: report.Plain().Named("csv"), Columns: "event"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "event\r\n" + strings.Repeat("hold_call\r\n", 3); out != want {
		t.Errorf("rows %q, want %q", out, want)
	}
	if !strings.Contains(messages, " connections dropped: too many open\n") {
		t.Errorf("messages\n%s", messages)
	}
}

// After SIGHUP the output is a new file, also where there is none in its place.
func TestHangup(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "events.csv")
	hangup := make(chan os.Signal, 1)
	s := newScript()
	s.event(time.Second, "/?event=hold")
	s.at(2*time.Second, func() {
		if err := os.Rename(file, file+".1"); err != nil {
			t.Error(err)
		}
		hangup <- syscall.SIGHUP
	})
	s.event(3*time.Second, "/?event=unhold")
	if _, _, err := s.play(t, Config{Output: file, Options: columns("event"), Frames: filepath.Join(dir, "w.pcapng")}, hangup); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, dir, map[string]string{"events.csv.1": "event\r\nhold_call\r\n", "events.csv": "event\r\nresume_call\r\n"})

	// Another run adds to it.
	s.event(5*time.Second, "/?event=hold")
	if _, _, err := s.play(t, Config{Output: file, Options: columns("event"), Frames: filepath.Join(dir, "w.pcapng")}, hangup); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, dir, map[string]string{"events.csv": "event\r\nresume_call\r\nhold_call\r\n"})
	in, err := files.Open(t.Context(), []string{filepath.Join(dir, "w.pcapng")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	c := complete(Config{Options: report.Options{Format: report.Plain().Named("csv"), Columns: "event"}})
	c.Stdout, c.Stderr = &out, io.Discard
	if err := Captures(c, in); err != nil {
		t.Error(err)
	}
	if want := "event\r\nhold_call\r\nresume_call\r\nhold_call\r\n"; out.String() != want {
		t.Errorf("the frames of both runs have the events %q, want %q", out.String(), want)
	}
}

// A compressed file can be read while it grows, and does not grow where nothing
// happens.
func TestCompressedWhileItGrows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events.csv.gz")
	content := func() string {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(r) // up to its unexpected end
		return string(data)
	}
	s := newScript()
	s.event(time.Second, "/?event=hold")
	var size int64
	s.at(2*time.Second, func() {
		if got := content(); got != "event\r\nhold_call\r\n" {
			t.Errorf("it holds %q", got)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		size = info.Size()
	})
	for i := range 100 {
		s.at(3*time.Second+time.Duration(i)*50*time.Millisecond, nil)
	}
	s.at(9*time.Second, func() {
		if info, err := os.Stat(file); err != nil || info.Size() != size {
			t.Errorf("it grew from %d bytes to %d", size, info.Size())
		}
	})
	if _, _, err := s.play(t, Config{Output: file, Options: columns("event")}, nil); err != nil {
		t.Fatal(err)
	}
	if got := content(); got != "event\r\nhold_call\r\n" {
		t.Errorf("it holds %q in the end", got)
	}
}

// A period's file gets its name when nothing of it can come any more, though
// nothing else comes.
func TestRotationOfWhatIsLive(t *testing.T) {
	dir := t.TempDir()
	s := newScript()
	s.event(59*time.Minute+59*time.Second, "/?event=hold")
	s.at(60*time.Minute+14*time.Second, func() { checkFiles(t, dir, nil) })
	s.at(60*time.Minute+16*time.Second, nil)
	s.at(60*time.Minute+17*time.Second, func() { checkFiles(t, dir, map[string]string{"08-59-59.csv": "event\r\nhold_call\r\n"}) })
	s.event(65*time.Minute, "/?event=unhold")
	s.event(66*time.Minute, "/?event=hold")
	c := Config{Output: filepath.Join(dir, "%H-%M-%S.csv"), Options: columns("event"), Rotate: output.Rotation{Every: time.Hour}}
	if _, _, err := s.play(t, c, nil); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, dir, map[string]string{"08-59-59.csv": "event\r\nhold_call\r\n", "09-05-00.csv": "event\r\nresume_call\r\nhold_call\r\n"})
}

// A full disk ends the run with all that could be written, and the summary.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	for _, c := range []Config{
		{Output: "/dev/full"},
		{Output: "-", Frames: "/dev/full"},
	} {
		s := newScript()
		s.event(time.Second, "/?event=hold")
		s.at(2*time.Second, nil)
		s.at(3*time.Second, nil)
		out, messages, err := s.play(t, c, nil)
		if err == nil || err.Error() != "/dev/full: no space left on device" {
			t.Errorf("error %v", err)
		}
		if !strings.Contains(messages, "1 Action URL\n") || c.Frames != "" && !strings.Contains(out, "Hold Call") {
			t.Errorf("wrote %q, and\n%s", out, messages)
		}
	}
}

// Where a file is truncated, it begins anew, with what each of its kind begins with.
func TestTruncated(t *testing.T) {
	for _, compression := range []string{"", ".gz"} {
		dir := t.TempDir()
		s := newScript()
		s.event(time.Second, "/?event=hold")
		s.at(2*time.Second, func() {
			for _, name := range []string{"events.csv", "w.pcapng"} {
				if err := os.Truncate(filepath.Join(dir, name+compression), 0); err != nil {
					t.Error(err)
				}
			}
		})
		s.event(3*time.Second, "/?event=unhold")
		c := Config{Output: filepath.Join(dir, "events.csv"+compression), Options: columns("event"), Frames: filepath.Join(dir, "w.pcapng"+compression)}
		_, messages, err := s.play(t, c, nil)
		if err != nil {
			t.Error(err)
		}
		for _, name := range []string{c.Output, c.Frames} {
			if !strings.Contains(messages, name+" was truncated\n") {
				t.Errorf("nothing is said of %s:\n%s", name, messages)
			}
		}
		if rows := outputtest.Read(t, c.Output); rows != "event\r\nresume_call\r\n" {
			t.Errorf("rows %q", rows)
		}
		if frames := outputtest.Read(t, c.Frames); pcapfile.Whole(strings.NewReader(frames)) != int64(len(frames)) || !strings.Contains(frames, "unhold") {
			t.Errorf("frames %q", frames)
		}
	}
}

// Where the folder of the outputs is removed, that is said at once, in the metrics
// and by the error, and the run goes on in the folder that is made anew.
func TestFolderRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	anew := func() {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	anew()
	m, err := metrics.New(":0")
	if err != nil {
		t.Fatal(err)
	}
	m.Serve(func() []live.Stats { return []live.Stats{{Interface: "eth1"}} })
	defer m.Close()
	hangup := make(chan os.Signal, 1)
	s := newScript()
	s.metrics = m
	s.event(time.Second, "/?event=hold")
	s.at(2*time.Second, func() {
		os.RemoveAll(dir)
		hangup <- syscall.SIGHUP
	})
	s.event(3*time.Second, "/?event=unhold")
	s.at(4*time.Second, anew)
	s.event(5*time.Second, "/?event=hold")
	var served string
	s.at(6*time.Second, func() { served = scrape(t, m, "/metrics") })
	file, frames := filepath.Join(dir, "events.csv"), filepath.Join(dir, "w.pcapng")
	_, messages, err := s.play(t, Config{Output: file, Options: columns("event"), Frames: frames}, hangup)
	if err == nil || err.Error() != file+": 2 rows lost: the file was removed; "+frames+": 22 frames lost: the file was removed" {
		t.Errorf("error %v", err)
	}
	checkFiles(t, dir, map[string]string{"events.csv": "event\r\nhold_call\r\n"})
	for _, want := range []string{
		"warning: " + file + " was removed, with 1 row of this run\n", file + ": started a new file; 1 row lost meanwhile\n",
		"warning: " + frames + " was removed, with 11 frames of this run\n", frames + ": started a new file; 11 frames lost meanwhile\n",
	} {
		if !strings.Contains(messages, "actionurl: "+want) {
			t.Errorf("no %q in\n%s", want, messages)
		}
	}
	for _, want := range []string{fmt.Sprintf("actionurl_lost_rows_total{output=%q} 2\n", file), fmt.Sprintf("actionurl_lost_rows_total{output=%q} 22\n", frames)} {
		if !strings.Contains(served, want) {
			t.Errorf("no %s in\n%s", want, served)
		}
	}
}

// checkFiles compares the files in a folder that have their names, except captures,
// with what they should be, or says that there are none.
func checkFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if want == nil && !strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s is there", e.Name())
		}
	}
	for name, content := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != content {
			t.Errorf("%s: %q %v, want %q", name, got, err, content)
		}
	}
}

func columns(names string) report.Options { return report.Options{Columns: names} }

// scrape returns what is served at a path.
func scrape(t *testing.T, m *metrics.Server, path string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	r, err := client.Get("http://" + m.Addr() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", path, r.Status, err)
	}
	return string(body)
}

// What is served while a run goes on.
func TestMetrics(t *testing.T) {
	defer goleak.VerifyNone(t)
	m, err := metrics.New(":0")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if host := m.Addr(); !strings.HasPrefix(host, "127.0.0.1:") {
		t.Errorf("a port alone is served at %s", host)
	}
	s := newScript()
	s.stats.Received, s.stats.Dropped = 100, 3
	m.Serve(func() []live.Stats { return []live.Stats{s.stats} })
	s.event(time.Second, "/?event=hold")
	s.event(2*time.Second, "/?event=hold")
	s.event(3*time.Second, "/index.html")
	s.at(4*time.Second, nil)
	var got string
	s.steps = append(s.steps, func(b *capture.Batch) {
		b.Now = 1
		got = scrape(t, m, "/metrics")
	})
	s.metrics = m
	if _, _, err := s.play(t, Config{}, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`actionurl_frames_total 33`,
		`actionurl_requests_total 3`,
		`actionurl_events_total{event="hold_call"} 2`,
		`actionurl_responses_total{status="200"} 2`,
		`actionurl_connections 3`,
		`actionurl_waiting_bytes 0`,
		`actionurl_interface_received_frames_total{interface="eth1"} 100`,
		`actionurl_interface_dropped_frames_total{interface="eth1"} 3`,
		`actionurl_interface_up{interface="eth1"} 1`,
	} {
		if !strings.Contains("\n"+got, "\n"+want+"\n") {
			t.Errorf("no %s in:\n%s", want, got)
		}
	}
	if got := scrape(t, m, "/healthz"); got != "ok\n" {
		t.Errorf("/healthz says %q", got)
	}
}

// A time before the end is refused where the end is not known.
func TestNoEnd(t *testing.T) {
	var c Config
	if err := c.Filter.Add("since", "-10m", time.UTC); err != nil {
		t.Fatal(err)
	}
	if out, messages, err := newScript().play(t, c, nil); err != files.ErrNoEnd || out+messages != "" {
		t.Errorf("%v, %q", err, out+messages)
	}
}

// A time of day is one of the first day.
func TestTimeOfDay(t *testing.T) {
	s := newScript()
	s.event(time.Second, "/?event=hold")
	s.event(time.Hour, "/?event=unhold")
	c := Config{Options: report.Options{Format: report.Plain().Named("csv"), Columns: "event"}}
	if err := c.Filter.Add("since", "08:30", time.UTC); err != nil {
		t.Fatal(err)
	}
	out, _, err := s.play(t, c, nil)
	if want := "event\r\nresume_call\r\n"; err != nil || out != want {
		t.Errorf("rows %q, %v; want %q", out, err, want)
	}
}

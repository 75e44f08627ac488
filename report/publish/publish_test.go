package publish

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A system is a real server, which can be stopped and started again on what it
// has stored.
type system struct {
	t    *testing.T
	dir  string
	port int
	s    *server.Server
}

// newSystem returns a system that is not started, with a free port.
func newSystem(t *testing.T) *system {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	y := &system{t: t, dir: t.TempDir(), port: l.Addr().(*net.TCPAddr).Port}
	t.Cleanup(y.stop)
	return y
}

func (y *system) start() {
	y.t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: y.port, JetStream: true, StoreDir: y.dir, NoSigs: true, NoLog: true})
	if err != nil {
		y.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		y.t.Fatal("the server does not start")
	}
	y.s = s
}

func (y *system) stop() {
	if y.s != nil {
		y.s.Shutdown()
		y.s.WaitForShutdown()
		y.s = nil
	}
}

func (y *system) servers() *Servers {
	y.t.Helper()
	s, err := NewServers(fmt.Sprintf("nats://127.0.0.1:%d", y.port), "", "")
	if err != nil {
		y.t.Fatal(err)
	}
	return s
}

// stored returns the lines of the stream, in its order.
func (y *system) stored() []jetstream.RawStreamMsg {
	y.t.Helper()
	c, err := nats.Connect(fmt.Sprintf("nats://127.0.0.1:%d", y.port))
	if err != nil {
		y.t.Fatal(err)
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		y.t.Fatal(err)
	}
	st, err := js.Stream(y.t.Context(), StreamName)
	if err != nil {
		y.t.Fatal(err)
	}
	var all []jetstream.RawStreamMsg
	for seq := st.CachedInfo().State.FirstSeq; seq <= st.CachedInfo().State.LastSeq; seq++ {
		m, err := st.GetMsg(y.t.Context(), seq)
		if err != nil {
			y.t.Fatal(err)
		}
		if strings.HasSuffix(m.Subject, linesSuffix) {
			all = append(all, *m)
		}
	}
	return all
}

// check checks that the stream has lines 1 to n, each once, in order.
func (y *system) check(n int) {
	y.t.Helper()
	all := y.stored()
	if len(all) != n {
		y.t.Fatalf("the stream has %d lines, want %d", len(all), n)
	}
	for i, m := range all {
		if want := strings.TrimSpace(string(line(i + 1))); string(m.Data) != want {
			y.t.Fatalf("line %d of the stream is %s, want %s", i+1, m.Data, want)
		}
	}
}

func line(n int) []byte { return fmt.Appendf(nil, `{"n":%d}`+"\n", n) }

// publish publishes lines from one number to another.
func publish(t *testing.T, p *Publisher, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if err := p.Line(ID{Kind: "event", Capture: "a.pcap", Time: int64(n), Frame: n}, int64(n), line(n)); err != nil {
			t.Fatal(err)
		}
	}
}

func (y *system) config(dir string) Config {
	return Config{Servers: y.servers(), Sensor: "hq", Dir: dir, Spool: 1 << 20, Wait: true, Say: func(string) {}}
}

func open(t *testing.T, c Config) *Publisher {
	t.Helper()
	p, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func closed(t *testing.T, p *Publisher) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// Through an outage lines wait, and come in their order; a sensor that is
// started again on its files publishes nothing twice.
func TestOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	y := newSystem(t)
	dir := filepath.Join(t.TempDir(), "hq")
	p := open(t, y.config(dir)) // before there is a server
	publish(t, p, 1, 500)
	y.start()
	publish(t, p, 501, 1000)
	for p.Counts().Published < 700 {
		time.Sleep(time.Millisecond)
	}
	y.stop()
	publish(t, p, 1001, 1500)
	y.start()
	publish(t, p, 1501, 2000)
	closed(t, p)
	y.check(2000)

	again := open(t, y.config(dir))
	publish(t, again, 1, 2000)
	closed(t, again)
	y.check(2000)
	if c := again.Counts(); c.Duplicates != 2000 || c.Lines != 2000 || c.Waiting != 0 || c.Dropped != 0 {
		t.Errorf("published again: %+v", c)
	}
}

// Lines of one frame that are alike are several.
func TestOrdinal(t *testing.T) {
	y := newSystem(t)
	y.start()
	p := open(t, y.config(t.TempDir()))
	id := ID{Kind: "event", Capture: "a.pcap", Time: 7, Frame: 7}
	for range 3 {
		if err := p.Line(id, 7, line(1)); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, p)
	if n := len(y.stored()); n != 3 {
		t.Errorf("%d lines are stored, want 3", n)
	}
}

// What waits when a run is interrupted is sent by the next one.
func TestInterrupt(t *testing.T) {
	y := newSystem(t)
	dir := t.TempDir()
	ctx, interrupt := context.WithCancel(t.Context())
	p, err := New(ctx, y.config(dir))
	if err != nil {
		t.Fatal(err)
	}
	publish(t, p, 1, 100)
	interrupt()
	if err := p.Close(); err == nil || !strings.Contains(err.Error(), "100 lines wait in "+dir) {
		t.Fatalf("got the error %v", err)
	}
	// The last line was not written whole.
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	f, err := os.OpenFile(names[0], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `hq-101-00 1 101 101 {"n":1`)
	f.Close()

	y.start()
	p = open(t, y.config(dir))
	publish(t, p, 101, 200)
	closed(t, p)
	y.check(200)
}

// What does not fit is counted, to the line.
func TestFull(t *testing.T) {
	y := newSystem(t)
	c := y.config(t.TempDir())
	c.Wait, c.Spool = false, 20_000
	p := open(t, c)
	publish(t, p, 1, 1000)
	count := p.Counts()
	if count.Lines != 1000 || count.Dropped == 0 || count.Dropped+count.Waiting != 1000 {
		t.Fatalf("the spool is full: %+v", count)
	}
	y.start()
	for p.Counts().Waiting > 0 {
		time.Sleep(time.Millisecond)
	}
	publish(t, p, 1001, 1001)
	closed(t, p)
	all := y.stored()
	if len(all) != 1001-count.Dropped {
		t.Errorf("%d lines are stored of 1001, and %d dropped", len(all), count.Dropped)
	}
	if got := all[len(all)-1].Header.Get(headerLine); got != "1001" { // who reads them sees the gap
		t.Errorf("the last is line %s", got)
	}
}

// Files wait for room.
func TestWait(t *testing.T) {
	y := newSystem(t)
	c := y.config(t.TempDir())
	c.Spool = 20_000
	p := open(t, c)
	time.AfterFunc(100*time.Millisecond, y.start)
	publish(t, p, 1, 2000)
	closed(t, p)
	y.check(2000)
}

// A line that is longer than the server, or the stream, accepts is left out and counted,
// and those after it are published.
func TestTooLong(t *testing.T) {
	const most = 4 << 10
	for _, test := range []struct {
		name     string
		payload  int32
		messages int32
	}{{"server", most, 0}, {"stream", 0, most}} {
		servers, err := NewServers(fmt.Sprintf("nats://127.0.0.1:%d", startServer(t, server.Options{MaxPayload: test.payload})), "", "")
		if err != nil {
			t.Fatal(err)
		}
		c, err := nats.Connect(servers.urls[0])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		js, err := jetstream.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: StreamName, Subjects: []string{subjectsPrefix + ">"}, MaxMsgSize: test.messages}); err != nil {
			t.Fatal(err)
		}
		p := open(t, Config{Servers: servers, Sensor: "hq", Dir: t.TempDir(), Spool: 1 << 20, Wait: true, Say: func(string) {}})
		publish(t, p, 1, 2)
		if err := p.Line(ID{Frame: 3}, 3, []byte(`{"x":"`+strings.Repeat("x", most)+"\"}\n")); err != nil {
			t.Fatal(err)
		}
		publish(t, p, 4, 5)
		for deadline := time.Now().Add(20 * time.Second); p.Counts().Waiting > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %+v", test.name, p.Counts())
			}
		}
		closed(t, p)
		if c := p.Counts(); c.Published != 4 || c.Refused != 1 {
			t.Errorf("%s: %+v", test.name, c)
		}
	}
}

// Two sensors cannot have one spool.
func TestLocked(t *testing.T) {
	y := newSystem(t)
	c := y.config(t.TempDir())
	p := open(t, c)
	defer p.Close()
	if _, err := New(t.Context(), c); err == nil || !strings.Contains(err.Error(), errLocked.Error()) {
		t.Errorf("got the error %v", err)
	}
}

// A sensor without events says which time it has reached.
func TestHeartbeat(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	y := newSystem(t)
	y.start()
	c := y.config(t.TempDir())
	c.Wait = false
	p := open(t, c)
	defer closed(t, p)
	nc, err := nats.Connect(fmt.Sprintf("nats://127.0.0.1:%d", y.port))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	beats, err := nc.SubscribeSync("actionurl.hq.heartbeat")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Reached(1772438400123456789); err != nil {
		t.Fatal(err)
	}
	m, err := beats.NextMsg(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(m.Data), `{"time":"2026-03-02T08:00:00.123456789Z","sensor":"hq","sensor_alive":{}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Secrets are not given where everybody sees them.
func TestNewServers(t *testing.T) {
	for _, text := range []string{"nats://me:secret@127.0.0.1", "nats://", "http://127.0.0.1", "nats://127.0.0.1/x", "nats://127.0.0.1:99999"} {
		if _, err := NewServers(text, "", ""); err == nil {
			t.Errorf("%s is taken", text)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats the password: %v", text, err)
		}
	}
	s, err := NewServers("nats://127.0.0.1,127.0.0.2:4333", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(s.Ports()) != "[4222 4333]" {
		t.Errorf("ports %v", s.Ports())
	}
}

// outage is how many lines come while there is no server: of 100 a second, those of
// six minutes, and with -outage 360000 of an hour.
var outage = flag.Int("outage", 36_000, "lines that come while there is no server")

// An outage takes disk, and no memory: 16 MiB at most.
func TestOutageMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	y := newSystem(t)
	c := y.config(t.TempDir())
	c.Wait, c.Spool = false, 1<<30
	p := open(t, c)
	defer p.Close()
	event := []byte(`{"x":"` + strings.Repeat("e", 674) + "\"}\n")
	publishing := func(n int) {
		for i := range n {
			if err := p.Line(ID{Kind: "event", Capture: "eth1", Time: int64(i), Frame: i}, int64(i), event); err != nil {
				t.Fatal(err)
			}
		}
	}
	publishing(1000)
	before := memory(t)
	publishing(*outage)
	grown := memory(t) - before
	t.Logf("%d lines: %d KiB more than %d KiB", *outage, grown>>10, before>>10)
	if grown > 16<<20 {
		t.Errorf("%d lines take %d bytes of memory", *outage, grown)
	}
	if c := p.Counts(); c.Waiting != *outage+1000 || c.Dropped != 0 {
		t.Errorf("%+v", c)
	}
}

// memory returns the memory that the process has, in bytes.
func memory(t *testing.T) int {
	t.Helper()
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		var size, resident int
		if _, err := fmt.Sscan(string(text), &size, &resident); err == nil {
			return resident * os.Getpagesize()
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.Sys - m.HeapReleased)
}

func BenchmarkPublish(b *testing.B) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: b.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		b.Fatal(err)
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(10 * time.Second) {
		b.Fatal("the server does not start")
	}
	servers, err := NewServers("nats://"+strings.TrimPrefix(s.Addr().String(), "nats://"), "", "")
	if err != nil {
		b.Fatal(err)
	}
	p, err := New(b.Context(), Config{Servers: servers, Sensor: "hq", Dir: b.TempDir(), Spool: DefaultSpool, Wait: true, Say: func(string) {}})
	if err != nil {
		b.Fatal(err)
	}
	event := []byte(`{"x":"` + strings.Repeat("e", 674) + "\"}\n")
	b.ResetTimer()
	for n := range b.N { // and not Loop, as the end is timed, too
		if err := p.Line(ID{Kind: strconv.Itoa(n), Frame: n}, int64(n), event); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// The default name of a sensor is a valid one, whatever the host is called.
func TestSensorOf(t *testing.T) {
	for host, want := range map[string]string{
		"hq.example.com": "hq", "span port #1": "span-port--1", "münchen": "m-nchen", "under_score": "under_score", "..": "", "": "", "-": "",
		strings.Repeat("x", 70): strings.Repeat("x", 64),
	} {
		got := SensorOf(host)
		if got != want || want != "" && CheckSensor(got) != nil {
			t.Errorf("%q: got %q, want %q", host, got, want)
		}
	}
}

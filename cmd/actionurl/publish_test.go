package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"actionurl/capture/live"
	"actionurl/report/publish"
)

// natsServer starts a real server, and returns its URL, and what starts it again
// on what it has stored.
func natsServer(t testing.TB) (url string, restart func()) {
	t.Helper()
	o := server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true}
	var s *server.Server
	stop := func() { s.Shutdown(); s.WaitForShutdown() }
	start := func() {
		own := o
		var err error
		if s, err = server.NewServer(&own); err != nil {
			t.Fatal(err)
		}
		s.Start()
		if !s.ReadyForConnections(10 * time.Second) {
			t.Fatal("the server does not start")
		}
	}
	start()
	o.Port = s.Addr().(*net.TCPAddr).Port
	t.Cleanup(func() { stop() })
	return fmt.Sprintf("nats://%s", s.Addr()), func() { stop(); start() }
}

// What is published is what --complete saves, with the sensor's name; and what
// is published twice is stored once.
func TestPublish(t *testing.T) {
	url, _ := natsServer(t)
	file := "../../testdata/deployment.pcap"
	want := outputOf(t, nil, "analyze", "--sensor", "hq", "--complete", "--view", "requests", "--format", "ndjson", file)
	if !strings.Contains(want, `"sensor":"hq"`) || !strings.Contains(want, `"finding":{`) || !strings.Contains(want, `"capture_end":{`) {
		t.Fatalf("not all kinds of lines in %s", want)
	}
	for range 2 {
		outputOf(t, nil, "analyze", "--publish", url, "--sensor", "hq", "--spool-dir", t.TempDir(), "--view", "requests", "-o", filepath.Join(t.TempDir(), "rows.csv"), file)
	}
	c, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	st, err := js.Stream(t.Context(), publish.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for seq := range st.CachedInfo().State.LastSeq {
		m, err := st.GetMsg(t.Context(), seq+1)
		if err != nil {
			t.Fatal(err)
		}
		if m.Subject != "actionurl.hq.events" {
			t.Errorf("subject %s", m.Subject)
		}
		got.Write(append(m.Data, '\n'))
	}
	if got.String() != want {
		t.Errorf("published\n%s\nwant\n%s", head(got.String()), head(want))
	}
}

// An interrupt keeps what is not published, and says where.
func TestPublishInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	dir := t.TempDir()
	ctx, interrupt := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, interrupt)
	var out bytes.Buffer
	var messages watched
	args := []string{"analyze", "--publish", "nats://127.0.0.1:1", "--sensor", "hq", "--spool-dir", dir, "../../testdata/guide-events.pcap"}
	if status := execute(ctx, nil, args, nil, &out, &messages); status != statusFailed || !strings.Contains(messages.String(), "lines wait in "+dir) {
		t.Errorf("status %d: %s", status, messages.String())
	}
	if !strings.Contains(out.String(), "remote=5003") {
		t.Errorf("the rows are missing: %s", out.String())
	}
}

// The metrics of a sensor whose spool is full say exactly what is lost.
func TestPublishMetrics(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	servers, err := publish.NewServers("nats://127.0.0.1:1", "", "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := publish.New(t.Context(), publish.Config{Servers: servers, Sensor: "hq", Dir: t.TempDir(), Spool: 10_000, Say: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	line := []byte(`{"x":"` + strings.Repeat("x", 900) + "\"}\n")
	for n := range 100 {
		if err := p.Line(publish.ID{Kind: "event", Frame: n}, int64(n+1), line); err != nil {
			t.Fatal(err)
		}
	}
	m, err := openMetrics("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	m.Published(p.Counts)
	m.Serve(func() []live.Stats { return nil })
	response, err := http.Get("http://" + m.Addr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	fits := 10_000 / (len(line) + len("hq-00-0123456789abcdef0123456789abcdef 1 00 00 "))
	for _, want := range []string{
		"actionurl_publish_lines_total 100\n", "actionurl_publish_acknowledged_total 0\n", "actionurl_publish_duplicates_total 0\n",
		fmt.Sprintf("actionurl_publish_dropped_total %d\n", 100-fits), fmt.Sprintf("actionurl_publish_spooled %d\n", fits),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// Homer gets each event that is shown.
func TestHEP(t *testing.T) {
	homer, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer homer.Close()
	rows := outputOf(t, nil, "analyze", "--hep", homer.LocalAddr().String(), "--format", "ndjson", "../../testdata/guide-callid.pcap")
	buf := make([]byte, 64<<10)
	for row := range strings.Lines(rows) {
		homer.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, _, err := homer.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(buf[:n]), "HEP3") || !strings.HasSuffix(string(buf[:n]), strings.TrimSuffix(row, "\n")) {
			t.Errorf("got %q for %s", buf[:n], row)
		}
	}
}

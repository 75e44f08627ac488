package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"actionurl/capture"
	"actionurl/capture/live"
)

// scrape returns what is served at a path.
func scrape(t *testing.T, m *monitor, path string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	r, err := client.Get("http://" + m.listener.Addr().String() + path)
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

func TestMonitor(t *testing.T) {
	defer goleak.VerifyNone(t)
	m, err := newMonitor(":0")
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	if host := m.listener.Addr().String(); !strings.HasPrefix(host, "127.0.0.1:") {
		t.Errorf("a port alone is served at %s", host)
	}
	s := newScript()
	s.stats.Received, s.stats.Dropped = 100, 3
	m.serve(func() []live.Stats { return []live.Stats{s.stats} })
	s.event(time.Second, "/?event=hold")
	s.event(2*time.Second, "/?event=hold")
	s.event(3*time.Second, "/index.html")
	s.at(4*time.Second, nil)
	var got string
	s.steps = append(s.steps, func(b *capture.Batch) {
		b.Now = 1
		got = scrape(t, m, "/metrics")
	})
	s.monitor = m
	if _, _, err := s.play(t, &analysis{}, nil); err != nil {
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

func TestMonitorAddress(t *testing.T) {
	for _, address := range []string{"9100", "localhost", "a:b:c"} {
		if m, err := newMonitor(address); err == nil {
			m.listener.Close()
			t.Errorf("%s is taken for an address", address)
		}
	}
	m, err := newMonitor("0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer m.listener.Close()
	if got := m.listener.Addr().String(); !strings.HasPrefix(got, "0.0.0.0:") && !strings.HasPrefix(got, "[::]:") {
		t.Errorf("served at %s", got)
	}
}

// A server cannot make the counters grow without bound.
func TestMonitorLabels(t *testing.T) {
	m, err := newMonitor(":0")
	if err != nil {
		t.Fatal(err)
	}
	defer m.listener.Close()
	for i := range 2 * maxLabels {
		m.count(m.responses, "x{status=%q}", string(rune('A'+i%26))+strings.Repeat("x", i/26))
	}
	if len(m.responses) > maxLabels+1 {
		t.Errorf("%d counters", len(m.responses))
	}
}

package metrics

import (
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"actionurl/capture/live"
)

func TestAddress(t *testing.T) {
	for _, address := range []string{"9100", "localhost", "a:b:c", ":99999", ":-1", ":nothing"} {
		if m, err := New(address); err == nil {
			m.listener.Close()
			t.Errorf("%s is taken for an address", address)
		}
	}
	m, err := New("0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer m.listener.Close()
	if got := m.Addr(); !strings.HasPrefix(got, "0.0.0.0:") && !strings.HasPrefix(got, "[::]:") {
		t.Errorf("served at %s", got)
	}
}

// A server cannot make the counters grow without bound.
func TestLabels(t *testing.T) {
	counters := map[string]int{}
	for i := range 2 * maxLabels {
		count(counters, string(rune('A'+i%26))+strings.Repeat("x", i/26))
	}
	if len(counters) > maxLabels+1 || counters["other"] < maxLabels {
		t.Errorf("%d counters", len(counters))
	}
}

// The text is what Prometheus reads, whatever an output or an interface is called.
func TestText(t *testing.T) {
	m := &Server{events: map[string]int{"hold_call": 2, "boot_completed": 1}, statuses: map[string]int{}, lost: map[string]int{"a \"b\"\\\n\u00a0é\xff.csv": 3}}
	m.capture()
	m.interfaces(func() []live.Stats {
		return []live.Stats{{Interface: "eth1", Received: 7, State: live.Up}, {Interface: "eth2", State: live.Down}}
	})
	m.Gauge("actionurl_publish_spooled", "Lines that wait in the spool.", func() int { return 4 })
	text := string(m.text())
	for _, want := range []string{
		"# HELP actionurl_frames_total Frames that were read.\n# TYPE actionurl_frames_total counter\nactionurl_frames_total 0\n",
		"# TYPE actionurl_events_total counter\nactionurl_events_total{event=\"boot_completed\"} 1\nactionurl_events_total{event=\"hold_call\"} 2\n",
		`actionurl_lost_rows_total{output="a \"b\"\\\\x0a` + "\u00a0é" + `\\xff.csv"} 3` + "\n",
		"# TYPE actionurl_interface_up gauge\nactionurl_interface_up{interface=\"eth1\"} 1\nactionurl_interface_up{interface=\"eth2\"} 0\n",
		"# TYPE actionurl_publish_spooled gauge\nactionurl_publish_spooled 4\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// Who connects and says nothing, or reads nothing, keeps out others for a time, and
// takes no more than is known.
func TestConnectionsAreBounded(t *testing.T) {
	m, err := New(":0")
	if err != nil {
		t.Fatal(err)
	}
	m.Serve(func() []live.Stats { return nil })
	defer m.Close()
	var open []net.Conn
	for range maxConns {
		c, err := net.Dial("tcp", m.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open = append(open, c)
	}
	ask := func(wait time.Duration) error {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: wait}
		r, err := client.Get("http://" + m.Addr() + "/healthz")
		if err == nil {
			r.Body.Close()
		}
		return err
	}
	if ask(200*time.Millisecond) == nil {
		t.Errorf("%d connections are served", maxConns+1)
	}
	open[0].Close()
	if err := ask(5 * time.Second); err != nil {
		t.Errorf("after one was closed: %v", err)
	}
}

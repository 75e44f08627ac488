package metrics

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"actionurl/capture/live"
)

func TestAddress(t *testing.T) {
	for _, address := range []string{"9100", "localhost", "a:b:c"} {
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
	m, err := New(":0")
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

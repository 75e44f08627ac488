package metrics

import (
	"strings"
	"testing"
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

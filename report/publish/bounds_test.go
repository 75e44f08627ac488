package publish

import (
	"fmt"
	"strings"
	"testing"

	"actionurl/decode/httpwire"
)

func TestClocksBound(t *testing.T) {
	var c clocks
	x := new(httpwire.Exchange)
	compare := func(sensor string, at int64, target string) bool {
		x.Time, x.Target = at, target
		_, off := c.compare(sensor, x)
		return off != 0
	}
	for i := range maxSeen + 5 {
		compare("a", 0, fmt.Sprint(i))
	}
	if len(c.seen) != maxSeen || len(c.order) != maxSeen {
		t.Errorf("%d requests are compared", len(c.seen))
	}
	long := strings.Repeat("x", maxTarget+1)
	if compare("a", 0, long) || compare("b", 5e9, long) {
		t.Error("a long target is compared")
	}
	compare("a", 0, "far")
	if compare("b", int64(maxApart)+1, "far") {
		t.Error("a request of long ago is compared")
	}
	for i := range maxPairs + 5 {
		compare("a", 0, "same")
		if compare(fmt.Sprint(i), 5e9, "same") != (i < maxPairs) {
			t.Errorf("pair %d", i)
		}
	}
	if len(c.reported) != maxPairs {
		t.Errorf("%d pairs of sensors", len(c.reported))
	}
}

// No more lines are held than that, also while written ones are read again: what is
// held comes without further ones.
func TestHeldBound(t *testing.T) {
	long := `{"time":"2026-03-02T08:00:00Z","target":"/` + strings.Repeat("x", 1<<20) + `"}`
	for _, mode := range []Mode{Rows, Replay} {
		k := offline(t, mode, make([]message, maxHeld>>20+10)...)
		for range cap(k.messages) {
			m := <-k.messages
			m.line, m.n, m.sensor = long, int64(m.sequence), "a"
			k.messages <- m
		}
		if mode == Replay {
			k.source("a").was.Floor, k.replayTo = 1<<20, 1<<20
		}
		for range 5 {
			if _, err := k.Next(); err != nil {
				t.Fatalf("mode %d: %v", mode, err)
			}
			if k.held < maxHeld || k.held >= maxHeld+len(long) {
				t.Errorf("mode %d: %d bytes are held, want %d and a line at most", mode, k.held, maxHeld)
			}
		}
	}
}

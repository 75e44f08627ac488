package publish

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"actionurl/report"
)

// offline returns a collector that has these messages and gets no more of a stream, of
// which other messages follow.
func offline(t *testing.T, mode Mode, all ...message) *Collector {
	k := &Collector{
		config: CollectConfig{Durable: "all", Mode: mode, Lateness: time.Hour}, done: make(chan struct{}),
		messages: make(chan message, len(all)), reader: report.NewReader("", strings.NewReader("")), state: state{Sensors: map[string]written{}},
	}
	k.ctx, k.cancel = context.WithCancel(t.Context())
	for i, m := range all {
		m.sequence, m.stored, m.pending, m.run = uint64(i+1), int64(i+1), 1, 1
		m.line = strings.TrimSpace(string(row(m.sensor, int(m.n))))
		k.messages <- m
	}
	return k
}

// rest returns the records that come when a collector is to end.
func rest(t *testing.T, k *Collector) string {
	t.Helper()
	k.cancel()
	close(k.done)
	got := make(chan string, 1)
	go func() { got <- targets(t, k, 0) }()
	select {
	case all := <-got:
		return all
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
		return ""
	}
}

// At the end nothing is waited for. Lines behind one that is missing are left to a run
// that continues this one; so are lines that were read while it replayed.
func TestEndsAtOnce(t *testing.T) {
	for _, test := range []struct {
		durable, want string
		lost          int
	}{{"", "a1 a3 a4", 1}, {"all", "a1", 0}} {
		k := offline(t, Rows, message{sensor: "a", n: 1}, message{sensor: "a", n: 3}, message{sensor: "a", n: 4})
		k.config.Durable = test.durable
		if got := rest(t, k); got != test.want || k.Counts().Lost != test.lost {
			t.Errorf("durable %q: got %s, and %d lost, want %s and %d", test.durable, got, k.Counts().Lost, test.want, test.lost)
		}
		if k.note(partly{}); test.durable != "" && k.state.Floor != 1 {
			t.Errorf("it continues after line %d, want 1", k.state.Floor)
		}
	}
	k := offline(t, Replay, message{sensor: "a", n: 1}, message{sensor: "b", n: 1})
	k.replayTo, k.source("a").was.Floor = 3, 3
	if got, want := rest(t, k), "a1"; got != want || !k.Replaying() {
		t.Errorf("got %s, and it replays: %v; want %s", got, k.Replaying(), want)
	}
}

// A line that came after the lines of the same sensor that follow it comes after them
// once more, where they are written and it is not.
func TestReplayLateLine(t *testing.T) {
	k := offline(t, Replay, message{sensor: "a", n: 1}, message{sensor: "a", n: 3}, message{sensor: "a", n: 4}, message{sensor: "a", n: 2})
	k.replayTo, k.source("a").was.Floor = 3, 3
	k.config.Lateness = 0
	var got []string
	for range 3 {
		rec, err := k.Next()
		if err != nil {
			t.Fatalf("%v after %v", err, got)
		}
		got = append(got, rec.Request.Target)
	}
	if _, err := k.Next(); !errors.Is(err, ErrReplayed) {
		t.Fatalf("%v after %v", err, got)
	}
	rec, err := k.Next()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(append(got, rec.Request.Target), " "); got != "/1 /3 /4 /2" {
		t.Errorf("got %s", got)
	}
}

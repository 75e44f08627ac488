package publish

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"actionurl/decode/finding"
	"actionurl/report"
)

// nextFinding returns the next finding of a collector.
func nextFinding(t *testing.T, k *Collector) finding.Occurrence {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		rec, err := k.Next()
		if err != nil && !errors.Is(err, ErrIdle) {
			t.Fatal(err)
		}
		if rec != nil && rec.Kind == report.SavedFinding {
			return rec.Finding
		}
	}
	t.Fatal("nothing is found")
	return finding.Occurrence{}
}

// A sensor that stopped without a word is silent, once; one that has ended its
// capture is not.
func TestSilent(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	y := newSystem(t)
	y.start()
	for _, name := range []string{"ended", "gone"} {
		p := y.sensor(t, name)
		send(t, p, name, 10)
		if name == "ended" {
			if err := p.Line(ID{Kind: "end"}, 20, []byte(`{"time":"2026-03-02T08:00:00.000000020Z","capture_end":{}}`+"\n")); err != nil {
				t.Fatal(err)
			}
		}
		closed(t, p)
	}
	k := y.collect(t, t.Context(), 200*time.Millisecond)
	k.silentAfter = 500 * time.Millisecond
	if f := nextFinding(t, k); f.Finding.Kind != finding.SensorSilent || f.Finding.Detail.Name != "gone" {
		t.Errorf("found %v", f)
	}
	for range 10 {
		if rec, _ := k.Next(); rec != nil && rec.Kind == report.SavedFinding {
			t.Errorf("found %v", rec.Finding)
		}
	}
}

// Two sensors that see the same request at times far apart have other clocks.
func TestClocks(t *testing.T) {
	for _, test := range []struct {
		off   time.Duration // of the second sensor
		found bool
	}{{900 * time.Millisecond, false}, {2 * time.Second, true}, {-2 * time.Second, true}, {time.Hour, false}} {
		y := newSystem(t)
		y.start()
		at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
		for i, name := range []string{"a", "b"} {
			p := y.sensor(t, name)
			seen := at.Add(time.Duration(i) * test.off)
			line := fmt.Appendf(nil, `{"time":%q,"sensor":%q,"frame":1,"src_ip":"192.168.40.50","src_port":40001,"dest_ip":"192.168.40.207","dest_port":80,"target":"/incoming"}`+"\n", seen.Format(time.RFC3339Nano), name)
			if err := p.Line(ID{Kind: "request", Frame: 1}, seen.UnixNano(), line); err != nil {
				t.Fatal(err)
			}
			closed(t, p)
		}
		k := y.collect(t, t.Context(), 100*time.Millisecond)
		if !test.found {
			targets(t, k, 2)
			if len(k.found) > 0 {
				t.Errorf("%v: found %v", test.off, k.found)
			}
			continue
		}
		if f := nextFinding(t, k); f.Finding.Kind != finding.SensorClock || f.Finding.Detail.N != test.off.Nanoseconds() && f.Finding.Detail.N != -test.off.Nanoseconds() {
			t.Errorf("%v: found %v", test.off, f)
		}
	}
}

package report

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"actionurl/capture/capturetest"
	"actionurl/decode"
	"actionurl/decode/verdict"
)

// verdictOn returns the verdict on a capture.
func verdictOn(t *testing.T, make func(*capturetest.Capture)) *verdict.Verdict {
	t.Helper()
	c := capturetest.New()
	make(c)
	collector := verdict.New()
	config := decode.Config{
		Wire:     decode.Wire{ResponseTimeout: 10 * time.Second},
		Analysis: decode.Analysis{SlowResponse: time.Second, Found: collector.Found},
	}
	p := decode.New(config, func(r *decode.Record) error { collector.Record(r); return nil })
	if err := errors.Join(p.Batch(capturetest.Batch("busy.pcap", c.Frames)), p.Flush()); err != nil {
		t.Fatal(err)
	}
	return collector.Verdict()
}

func rendered(t *testing.T, v *verdict.Verdict, width int) string {
	t.Helper()
	var b strings.Builder
	if err := WriteVerdict(&b, v, VerdictOptions{Name: "busy.pcap", Width: width}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestVerdict(t *testing.T) {
	busy := verdictOn(t, func(c *capturetest.Capture) { capturetest.BusyHour(c, 8) })
	for _, width := range []int{40, 80, 120} {
		text := rendered(t, busy, width)
		golden(t, fmt.Sprintf("verdict-%d.txt", width), text)
		for line := range strings.Lines(text) {
			if n := cellWidth(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns of %d: %s", n, width, line)
			}
		}
	}
	if text := rendered(t, verdictOn(t, func(*capturetest.Capture) {}), 80); text != "busy.pcap  no HTTP request and no phone in it\n" {
		t.Errorf("nothing: %q", text)
	}
}

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

// TestQuiet shows the verdict without a cause.
func TestQuiet(t *testing.T) {
	send := func(c *capturetest.Capture, target, answer string) {
		k := c.Conn("192.168.40.50:40000", "192.168.40.207:80").Open()
		k.Push(true, "GET "+target+" HTTP/1.1\r\nHost: x\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b82123432\r\n\r\n")
		if answer != "" {
			k.Reply(answer)
		}
	}
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	for _, test := range []struct {
		what string
		make func(*capturetest.Capture)
		want string
	}{
		{"an answer", func(c *capturetest.Capture) { send(c, "/incoming?remote=1", ok) }, "✓ no problem found"},
		{"none", func(c *capturetest.Capture) { send(c, "/incoming?remote=1", "") }, "? no answer was captured"},
	} {
		if got := Quiet(verdictOn(t, test.make)); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
}

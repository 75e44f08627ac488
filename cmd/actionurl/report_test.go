package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"actionurl/capture/capturetest"
	"actionurl/report"
)

// outputOf runs a command and returns what it wrote to standard output.
func outputOf(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	var out, messages bytes.Buffer
	status := run(context.Background(), args, bytes.NewReader(stdin), &out, &messages)
	if status != statusDone && status != statusDamaged {
		t.Fatalf("%q: status %d, %s", args, status, messages.String())
	}
	return out.String()
}

// compareSaved compares what report makes of saved events with what analyze
// makes of the capture, in each view and format. Findings that are of no
// request are in no saved event.
func compareSaved(t *testing.T, file string, views []string, formats []string, flags ...string) {
	t.Helper()
	saved := outputOf(t, nil, append([]string{"analyze", "--format", "ndjson", file}, flags...)...)
	requests := outputOf(t, nil, append([]string{"analyze", "--format", "ndjson", "--view", "requests", file}, flags...)...)
	for _, view := range views {
		for _, format := range formats {
			how := []string{"--view", view, "--format", format}
			want := outputOf(t, nil, append(append([]string{"analyze", file}, how...), flags...)...)
			if view == string(report.Findings) {
				want = withoutConnections(want)
			}
			for _, from := range []struct{ what, saved string }{{"events", saved}, {"requests", requests}} {
				if view == string(report.Requests) && from.what == "events" {
					continue // it lacks the others
				}
				got := outputOf(t, []byte(from.saved), append([]string{"report", "-"}, how...)...)
				if view == string(report.Findings) {
					got = withoutConnections(got)
				}
				if got != want {
					t.Errorf("%s: %s from saved %s as %s:\n%s\nwant\n%s", file, view, from.what, format, head(got), head(want))
				}
			}
		}
	}
}

// withoutConnections returns findings without those that are of connections,
// and of requests that are no events.
func withoutConnections(findings string) string {
	var kept []string
	for line := range strings.Lines(findings) {
		if !strings.Contains(line, "refused,") && !strings.Contains(line, "unreachable,") && !strings.Contains(line, "encrypted,") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func head(s string) string { return s[:min(len(s), 3000)] }

// The result of saved events equals that of the capture.
func TestReportEqualsAnalyze(t *testing.T) {
	captures, err := filepath.Glob("../../testdata/*.pcap*")
	if err != nil || len(captures) == 0 {
		t.Fatal(captures, err)
	}
	real, err := filepath.Glob("../../testdata/real/*.pcap*")
	if err != nil || len(real) == 0 {
		t.Fatal(real, err)
	}
	connections := map[string]bool{"deployment.pcap": true, "streams.pcap": true}
	for _, file := range append(captures, real...) {
		formats := report.Formats()
		var views []string
		for _, view := range report.Views() {
			switch view {
			case string(report.Findings):
				if connections[filepath.Base(file)] {
					continue
				}
			case string(report.Calls):
				if strings.HasPrefix(filepath.Base(file), "sip-") {
					continue // what SIP alone tells of a call is in no saved event
				}
			}
			views = append(views, view)
		}
		compareSaved(t, file, views, formats)
		compareSaved(t, file, []string{string(report.Findings)}, []string{"csv"})
	}
	compareSaved(t, "../../testdata/guide-events.pcap", report.Views(), report.Formats(), "-p", "../../testdata/profiles/site.yaml")
}

// The same of captures of other programs.
func TestCorpusReport(t *testing.T) {
	n := 0
	for file := range capturetest.Corpus(t) {
		if info, err := os.Stat(file); err != nil || info.Size() > 1<<20 {
			continue
		}
		var out, messages bytes.Buffer
		if status := run(context.Background(), []string{"analyze", "--view", "requests", "--format", "ndjson", file}, nil, &out, &messages); status == statusFailed || out.Len() == 0 {
			continue // no capture, or no HTTP in it
		}
		if n++; n%16 > 0 { // all of them take half a minute
			continue
		}
		compareSaved(t, file, []string{"events", "calls", "phones", "requests"}, []string{"table", "csv"})
	}
	if n == 0 {
		t.Error("no capture has HTTP")
	}
}

// What comes through a pipe is shown while the pipe is silent, and an interrupt
// ends the wait for more.
func TestReportFollows(t *testing.T) {
	const line = `{"time":"2026-03-02T08:00:00.003000000Z","target":"/mac=000b82123432","event":"unknown"}` + "\n"
	for _, test := range []struct {
		name, sent, summary string
		rows                int
	}{
		{"before the first byte", "", "saved, 0 HTTP requests, 0 Action URLs", 0},
		{"between lines", line + line, "saved, 2 HTTP requests, 2 Action URLs", 2},
		{"within a line", line + line[:40], "saved, 1 HTTP request, 1 Action URL", 1},
	} {
		for _, format := range []string{"csv", "table"} {
			t.Run(test.name+", "+format, func(t *testing.T) {
				in, feed := io.Pipe()
				defer feed.Close()
				ctx, cancel := context.WithCancel(t.Context())
				var out, messages watched
				ended := make(chan int)
				go func() {
					ended <- run(ctx, []string{"report", "--format", format, "--columns", "target", "-"}, in, &out, &messages)
				}()
				if test.sent != "" {
					feed.Write([]byte(test.sent))
					await(t, "rows", func() bool { return strings.Count(out.String(), "/mac=") == test.rows })
				}
				cancel()
				select {
				case status := <-ended:
					if status != statusDone {
						t.Errorf("exit status %d", status)
					}
				case <-time.After(5 * time.Second):
					t.Fatal("it goes on")
				}
				if !strings.Contains(messages.String(), test.summary) {
					t.Errorf("no summary of %q in:\n%s", test.summary, messages.String())
				}
			})
		}
	}
}

// A million saved events are read in seconds.
func BenchmarkReport(b *testing.B) {
	var saved bytes.Buffer
	for i := range 10_000 {
		fmt.Fprintf(&saved, `{"time":"2026-03-02T08:%02d:%02d.003000000Z","capture":"a.pcap","frame":%d,"src_ip":"192.168.40.50","src_port":40001,"dest_ip":"192.168.40.207","dest_port":80,"method":"GET","host":"192.168.40.207","target":"/incoming?mac=000b82123432&local=%d","version":"HTTP/1.1","status":200,"latency_ms":5,"event":"incoming_call","label":"Incoming Call","by":"name","phone_mac":"00:0b:82:12:34:32","phone_ip":"192.168.40.50","vars":{"mac":"000b82123432","local":"%d"},"identified":"url"}`+"\n",
			i/60%60, i%60, i+1, i, i)
	}
	for b.Loop() {
		var out, messages bytes.Buffer
		if status := run(context.Background(), []string{"report", "--format", "csv", "-"}, bytes.NewReader(saved.Bytes()), &out, &messages); status != statusDone {
			b.Fatal(messages.String())
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "events/s")
}

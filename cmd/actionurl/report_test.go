package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"actionurl/capture/capturetest"
	"actionurl/report"
)

// outputOf runs a command and returns what it wrote to standard output.
func outputOf(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	var messages watched
	status := execute(context.Background(), nil, args, bytes.NewReader(stdin), &out, &messages)
	if status != statusDone && status != statusDamaged {
		t.Fatalf("%q: status %d, %s", args, status, messages.String())
	}
	return out.String()
}

// What a capture is made to say of times is read again from what was saved of it:
// a response that came years later, an event before 1970 and one after 2100.
func TestReportOfDecades(t *testing.T) {
	for _, apart := range []time.Duration{29 * 8760 * time.Hour, -29 * 8760 * time.Hour, 80 * 8760 * time.Hour} {
		c := capturetest.New()
		k := c.Conn("192.168.40.50:40000", "192.168.40.207:80").Open()
		k.Push(true, "GET /incoming?mac=000b82123432&remote=5001 HTTP/1.1\r\nHost: 192.168.40.207\r\n\r\n")
		c.Wait(apart)
		k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").Close()
		var file bytes.Buffer
		if err := c.WritePcap(&file); err != nil {
			t.Fatal(err)
		}
		saved := outputOf(t, file.Bytes(), "analyze", "--format", "ndjson", "--complete", "-")
		want := outputOf(t, file.Bytes(), "analyze", "--format", "csv", "-")
		if got := outputOf(t, []byte(saved), "report", "--format", "csv", "-"); got != want || strings.Count(got, "\n") != 2 {
			t.Errorf("%v apart: from saved events:\n%s\nfrom the capture:\n%s", apart, got, want)
		}
	}
}

// compareSaved compares what report makes of events that were saved with
// --complete with what analyze makes of the capture, in each view and format.
func compareSaved(t *testing.T, file string, views []string, formats []string, flags ...string) {
	t.Helper()
	saved := outputOf(t, nil, append([]string{"analyze", "--format", "ndjson", "--complete", file}, flags...)...)
	requests := outputOf(t, nil, append([]string{"analyze", "--format", "ndjson", "--complete", "--view", "requests", file}, flags...)...)
	columns := filepath.Join(t.TempDir(), "requests.parquet")
	outputOf(t, nil, append([]string{"analyze", "-o", columns, "--complete", "--view", "requests", file}, flags...)...)
	for _, view := range views {
		for _, format := range formats {
			how := []string{"--view", view, "--format", format}
			want := outputOf(t, nil, append(append([]string{"analyze", file}, how...), flags...)...)
			for _, from := range []struct{ what, saved string }{{"events", saved}, {"requests", requests}} {
				if view == string(report.Requests) && from.what == "events" {
					continue // it lacks the others
				}
				got := outputOf(t, []byte(from.saved), append([]string{"report", "-"}, how...)...)
				if got != want {
					t.Errorf("%s: %s from saved %s as %s:\n%s\nwant\n%s", file, view, from.what, format, head(got), head(want))
				}
			}
			if got := outputOf(t, nil, append([]string{"report", columns}, how...)...); got != want {
				t.Errorf("%s: %s from Parquet as %s:\n%s\nwant\n%s", file, view, format, head(got), head(want))
			}
		}
	}
}

func head(s string) string { return s[:min(len(s), 3000)] }

// The view of requests has each Action URL as the view of events has it, with
// what is wrong with several of them together.
func TestRequestsAsEvents(t *testing.T) {
	captures, err := filepath.Glob("../../testdata/*.pcap*")
	if err != nil || len(captures) == 0 {
		t.Fatal(captures, err)
	}
	several := false
	for _, file := range captures {
		view := func(name string) string {
			return outputOf(t, nil, "analyze", "--format", "ndjson", "--view", name, file)
		}
		var got strings.Builder
		for line := range strings.Lines(view("requests")) {
			if strings.Contains(line, `,"event":"`) {
				got.WriteString(line)
			}
		}
		want := view("events")
		if got.String() != want {
			t.Errorf("%s: requests have\n%s\nevents\n%s", file, head(got.String()), head(want))
		}
		several = several || strings.Contains(want, `"fan_out"`)
	}
	if !several {
		t.Error("no capture shows a finding of several requests")
	}
}

// The result of saved events equals that of the capture.
func TestReportEqualsAnalyze(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	captures, err := filepath.Glob("../../testdata/*.pcap*")
	if err != nil || len(captures) == 0 {
		t.Fatal(captures, err)
	}
	real, err := filepath.Glob("../../testdata/real/*.pcap*")
	if err != nil || len(real) == 0 {
		t.Fatal(real, err)
	}
	for _, file := range append(captures, real...) {
		compareSaved(t, file, report.Views(), report.Plain().Names())
	}
	compareSaved(t, "../../testdata/guide-events.pcap", report.Views(), report.Plain().Names(), "-p", "../../testdata/profiles/site.yaml")
}

// What SIP says of calls, findings of no request, and the end of the capture
// are saved with --complete: calls that overlap, one that is not announced, one
// that goes on after its announced end, and one that is not heard of for long.
func TestReportCalls(t *testing.T) {
	c := capturetest.New()
	ports := 0
	ring := func(phone, number string) *capturetest.SIPCall {
		ports++
		return c.SIPCall("192.168.40.10:5060", phone+":5060", "<sip:"+number+"@pbx>", "<sip:101@pbx>", fmt.Sprintf("call%d@pbx", ports)).
			Request(true, "INVITE", capturetest.Talk).Respond(false, 180, "INVITE", "")
	}
	send := func(phone, target string) {
		ports++
		k := c.Conn(fmt.Sprintf("%s:%d", phone, 40000+ports), "192.168.40.207:80").Open()
		k.Send("GET " + target + " HTTP/1.1\r\nHost: 192.168.40.207\r\n\r\n").Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").Close()
	}
	const a, b = "192.168.40.50", "192.168.40.51"
	long := ring(a, "5003")
	send(a, "/in?r=5003")
	c.Wait(5 * time.Second)
	short := ring(b, "5004")
	send(b, "/in?r=5004")
	c.Wait(3 * time.Second)
	short.Request(true, "CANCEL", "").Respond(false, 487, "INVITE", "")
	long.Respond(false, 200, "INVITE", capturetest.Talk).Request(true, "ACK", "")
	c.Wait(30 * time.Second)
	send(b, "/mac=000b82123433&local=1")
	send(a, "/end?i=call1@pbx")
	c.Wait(20 * time.Second)
	long.Request(true, "BYE", "").Respond(false, 200, "BYE", "")
	c.Wait(30 * time.Second)
	silent := ring(b, "5005")
	c.Wait(3 * time.Second)
	silent.Request(true, "CANCEL", "").Respond(false, 487, "INVITE", "")
	c.Wait(30 * time.Second)
	send(a, "/in?r=5006")
	c.Wait(660 * time.Second)
	c.SIPCall("192.168.40.10:5060", "192.168.40.11:5060", "<sip:1@pbx>", "<sip:2@pbx>", "far@pbx").Request(true, "INVITE", capturetest.Talk)

	dir := t.TempDir()
	file, saved := filepath.Join(dir, "a.pcap"), filepath.Join(dir, "a.ndjson")
	var pcap bytes.Buffer
	if err := errors.Join(c.WritePcap(&pcap), os.WriteFile(file, pcap.Bytes(), 0o666)); err != nil {
		t.Fatal(err)
	}
	flags := []string{"-t", "incoming_call=192.168.40.207/in?r=$remote", "-t", "terminated_call=192.168.40.207/end?i=$call-id", file}
	outputOf(t, nil, append([]string{"analyze", "--complete", "-o", saved}, flags...)...)
	text, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	for key, n := range map[string]int{`"sip_call":{`: 2, `"slug":"sip_mismatch"`: 1, `"slug":"not_notified"`: 1, `"capture_end":{`: 1} {
		if got := strings.Count(string(text), key); got != n {
			t.Errorf("%d of %s in\n%s", got, key, text)
		}
	}
	outputOf(t, nil, append([]string{"analyze", "--complete", "--rotate", "30s", "-o", filepath.Join(dir, "r%H%M%S.ndjson")}, flags...)...)
	rotated, err := filepath.Glob(filepath.Join(dir, "r*.ndjson"))
	if err != nil || len(rotated) < 2 {
		t.Fatal(rotated, err)
	}
	slices.Reverse(rotated)
	var calls, others []byte
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte(`"sip_call":`)) {
			calls = append(calls, line...)
		} else {
			others = append(others, line...)
		}
	}
	split := []string{filepath.Join(dir, "calls.ndjson"), filepath.Join(dir, "others.ndjson")}
	if err := errors.Join(os.WriteFile(split[0], calls, 0o666), os.WriteFile(split[1], others, 0o666)); err != nil {
		t.Fatal(err)
	}
	for _, view := range []string{"events", "calls", "calls --group number", "phones", "findings"} {
		how := append([]string{"--format", "csv", "--view"}, strings.Fields(view)...)
		want := outputOf(t, nil, append(append([]string{"analyze"}, how...), flags...)...)
		if got := outputOf(t, nil, append(append([]string{"report"}, how...), saved)...); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", view, got, want)
		}
		for _, files := range [][]string{rotated, split} {
			if got := outputOf(t, nil, append(append([]string{"report"}, how...), files...)...); got != want {
				t.Errorf("%s of %q:\n%s\nwant\n%s", view, files, got, want)
			}
		}
		if strings.Contains(view, "--group") {
			continue // which are numbered as they come
		}
		// A pipe's calls come as they are over, and not in the order of their beginnings.
		if got := outputOf(t, text, append(append([]string{"report"}, how...), "-")...); sorted(got) != sorted(want) {
			t.Errorf("%s of a pipe:\n%s\nwant\n%s", view, got, want)
		}
	}
}

// sorted returns a text with its lines in order.
func sorted(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}

// The same of captures of other programs.
func TestCorpusReport(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	n := 0
	for file := range capturetest.Corpus(t) {
		if info, err := os.Stat(file); err != nil || info.Size() > 1<<20 {
			continue
		}
		var out, messages bytes.Buffer
		if status := execute(context.Background(), nil, []string{"analyze", "--view", "requests", "--format", "ndjson", file}, nil, &out, &messages); status == statusFailed || out.Len() == 0 {
			continue // no capture, or no HTTP in it
		}
		if n++; n%16 > 0 { // all of them take half a minute
			continue
		}
		compareSaved(t, file, report.Views(), []string{"table", "csv"})
	}
	if n == 0 {
		t.Error("no capture has HTTP")
	}
}

// What comes through a pipe is shown while the pipe is silent, and an interrupt
// ends the wait for more.
func TestReportFollows(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const line = `{"time":"2026-03-02T08:00:00.003000000Z","target":"/mac=000b82123432","event":"unknown"}` + "\n"
	for _, test := range []struct {
		name, sent, summary string
		rows                int
	}{
		{"before the first byte", "", "saved events: 0 HTTP requests, 0 Action URLs", 0},
		{"between lines", line + line, "saved events: 2 HTTP requests, 2 Action URLs", 2},
		{"within a line", line + line[:40], "saved events: 1 HTTP request, 1 Action URL", 1},
	} {
		for _, format := range []string{"csv", "table"} {
			t.Run(test.name+", "+format, func(t *testing.T) {
				in, feed := io.Pipe()
				defer feed.Close()
				ctx, cancel := context.WithCancel(t.Context())
				var out, messages watched
				ended := make(chan int)
				go func() {
					ended <- execute(ctx, nil, []string{"report", "--format", format, "--columns", "target", "-"}, in, &out, &messages)
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
		if status := execute(context.Background(), nil, []string{"report", "--format", "csv", "-"}, bytes.NewReader(saved.Bytes()), &out, &messages); status != statusDone {
			b.Fatal(messages.String())
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "events/s")
}

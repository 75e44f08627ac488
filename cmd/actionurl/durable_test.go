package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"actionurl/capture/capturetest"
	"actionurl/report/output"
)

// callCapture writes a capture of n calls of the phones of a site, two seconds
// apart, and of an event after all of them are over.
func callCapture(t *testing.T, site, n int) string {
	t.Helper()
	c := capturetest.New()
	c.Wait(time.Duration(site) * 400 * time.Microsecond)
	port := 10000
	event := func(phone int, name, rest string) {
		port++
		k := c.Conn(fmt.Sprintf("192.168.%d.%d:%d", 40+site, 50+phone, port), "192.168.40.207:80").Open()
		k.Send(fmt.Sprintf("GET /%s?mac=000b82%02x%04x&%s HTTP/1.1\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.64\r\n\r\n", name, site, phone, rest))
		k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		k.Close()
	}
	for i := range n {
		call := fmt.Sprintf("call-id=%d-%d@192.168.40.10&remote=4930%d%05d", site, i, site, i)
		event(i%50, "incoming_call", call)
		event(i%50, "established_call", call)
		c.Wait(2 * time.Second)
		event(i%50, "terminated_call", call)
	}
	c.Wait(time.Hour)
	event(0, "boot_completed", "x=1")
	file := filepath.Join(t.TempDir(), fmt.Sprintf("calls%d.pcap", site))
	var pcap bytes.Buffer
	if err := errors.Join(c.WritePcap(&pcap), os.WriteFile(file, pcap.Bytes(), 0o666)); err != nil {
		t.Fatal(err)
	}
	return file
}

// written returns what is in the files of a pattern, which may be compressed, in
// the order of their names.
func written(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	if filepath.Ext(pattern) == ".parquet" {
		if len(names) == 0 {
			return ""
		}
		return outputOf(t, nil, append([]string{"report", "--format", "ndjson"}, names...)...)
	}
	var all strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var plain io.Reader = bytes.NewReader(data)
		switch filepath.Ext(name) {
		case ".gz":
			plain, err = gzip.NewReader(plain)
		case ".zst":
			plain, err = zstd.NewReader(plain)
		}
		if err == nil {
			_, err = io.Copy(&all, plain)
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) { // it is being written
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all.String()
}

// sizes returns the sizes of the files of a pattern.
func sizes(pattern string) string {
	names, _ := filepath.Glob(pattern)
	var all []int64
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			all = append(all, info.Size())
		}
	}
	return fmt.Sprint(all)
}

// sortedLines returns the lines of a text in their order, without those that equal the
// first, as of a table in several files.
func sortedLines(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	head := lines[0]
	lines = slices.DeleteFunc(lines, func(line string) bool { return line == head })
	slices.Sort(lines)
	return append([]string{head}, lines...)
}

// Whatever a collector makes: where it is killed, again and again, the next one goes
// on, and in the end the files say what one machine would have that had read all
// captures, once.
func TestDurable(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	url, _ := natsServer(t)
	const n = 1500
	a, b := callCapture(t, 1, n), callCapture(t, 2, n)
	const lateness = 10 * time.Second // one sensor is read after the other
	passed := time.After(lateness)
	for i, file := range []string{a, b} {
		outputOf(t, nil, "analyze", "--publish", url, "--sensor", fmt.Sprintf("site-%d", i+1), "--spool-dir", t.TempDir(), "-o", os.DevNull, "--format", "ndjson", file)
	}
	<-passed
	program := filepath.Join(t.TempDir(), "actionurl")
	if err := os.Symlink(os.Args[0], program); err != nil {
		t.Fatal(err)
	}
	floor := regexp.MustCompile(`"floor":\d*`)
	noSensor := regexp.MustCompile(`"sensor":("[^"]*"|\[[^]]*\]),`)
	for _, test := range []struct {
		name, file string
		flags      []string
		end        string // what the output has when all is read
	}{
		{"events", "all.ndjson", nil, `"event":"boot_completed"`},
		{"csv", "all.csv", []string{"--columns", "time,phone_mac,event"}, "boot_completed"},
		{"gzip", "all.ndjson.gz", nil, `"event":"boot_completed"`},
		{"zstd", "all.csv.zst", []string{"--columns", "time,phone_mac,event"}, "boot_completed"},
		{"hourly", "%H-%M.csv", []string{"--columns", "time,phone_mac,event", "--rotate", "10m"}, ""},
		{"hourly gzip", "day=%d/%H-%M.ndjson.gz", []string{"--rotate", "10m"}, ""},
		{"sized", "%H-%M-%S.ndjson", []string{"--rotate", "100kB"}, ""},
		{"parquet", "all.parquet", nil, ""},
		{"parquet hourly", "day=%d/%H-%M.parquet", []string{"--rotate", "10m"}, ""},
		{"calls", "calls.ndjson", []string{"--view", "calls"}, fmt.Sprintf(`"call_id":"1-%d@`, n-1)},
		{"calls gzip", "calls.csv.gz", []string{"--view", "calls", "--columns", "time,phone_mac,state,talk_s,call_id,events"}, fmt.Sprintf(`,1-%d@`, n-1)},
		{"calls hourly", "%H-%M.ndjson", []string{"--view", "calls", "--rotate", "10m"}, ""},
		{"phones", "phones.csv", []string{"--view", "phones", "--columns", "phone_mac,calls,events,last_seen"}, ""},
		{"servers", "servers.ndjson", []string{"--view", "servers"}, ""},
		{"findings", "findings.ndjson", []string{"--view", "findings"}, ""},
		{"trace", "all.trace", nil, ""},
		{"page", "all.html", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // they wait, most of the time
			want := t.TempDir()
			plain := slices.Clone(test.flags)
			for i := 0; i < len(plain); i++ { // one file has what several have
				if plain[i] == "--rotate" {
					plain = slices.Delete(plain, i, i+2)
				}
			}
			whole := filepath.Join(want, "whole"+filepath.Ext(output.Plain(test.file)))
			outputOf(t, nil, append(append([]string{"analyze"}, plain...), "-o", whole, a, b)...)

			dir := t.TempDir()
			out := filepath.Join(dir, test.file)
			pattern := out
			if strings.Contains(out, "%") {
				pattern = regexp.MustCompile(`%.(-%.)*`).ReplaceAllString(out, "*")
			}
			said := new(strings.Builder)
			start := func() *exec.Cmd {
				cmd := exec.Command(program, append([]string{"report", url, "--durable", "test", "--lateness", lateness.String(), "-o", out}, test.flags...)...)
				said.Reset()
				cmd.Stderr = said
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
				return cmd
			}
			// It is killed when something is written, when it has noted that, and at
			// other moments.
			for kill := range 3 {
				cmd := start()
				if kill%2 == 0 {
					now := func() string { return sizes(pattern) }
					if kill > 0 {
						now = func() string { return floor.FindString(written(t, filepath.Join(dir, "*.nats"))) }
					}
					before := now()
					for deadline := time.Now().Add(1500 * time.Millisecond); now() == before && time.Now().Before(deadline); time.Sleep(3 * time.Millisecond) {
					}
				} else {
					time.Sleep(time.Duration(150+100*kill) * time.Millisecond)
				}
				cmd.Process.Kill()
				cmd.Wait()
			}
			cmd := start()
			for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
				if test.end != "" && strings.Contains(written(t, pattern), test.end) {
					break
				}
				if test.end == "" && time.Until(deadline) < 27*time.Second { // what is made at the end
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("no end in %q\n%s", head(written(t, pattern)), said)
				}
			}
			time.Sleep(500 * time.Millisecond) // until it takes an interrupt
			cmd.Process.Signal(os.Interrupt)
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			got := noSensor.ReplaceAllString(written(t, pattern), "")
			if test.name == "page" {
				comparePages(t, url, lateness, dir, program, out)
				return
			}
			wantText := written(t, whole)
			if g, w := sortedLines(got), sortedLines(wantText); !slices.Equal(g, w) {
				for i := range min(len(g), len(w)) {
					if g[i] != w[i] {
						t.Fatalf("line %d of %d, want %d:\n%s\nwant\n%s", i, len(g), len(w), g[i], w[i])
					}
				}
				t.Fatalf("%d lines, want %d\n%s", len(g), len(w), said)
			}
			if test.file == "all.ndjson" && got != wantText {
				t.Error("the events are not in order")
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(pattern), ".*")); len(left) > 0 {
				t.Errorf("left over: %q", left)
			}
		})
	}
}

// Of several rows that come of one line, some can be in a file that has its name when
// the collector is killed, and the others not.
func TestDurablePartly(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	url, _ := natsServer(t)
	c := capturetest.New()
	port := 10000
	event := func(phone int, name string) {
		port++
		k := c.Conn(fmt.Sprintf("192.168.40.%d:%d", 50+phone, port), "192.168.40.207:80").Open()
		k.Send(fmt.Sprintf("GET /%s?mac=000b8200%04x&call-id=%d@192.168.40.10 HTTP/1.1\r\n\r\n", name, phone, phone))
		k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		k.Close()
	}
	for phone, wait := range []time.Duration{10*time.Minute - 2*time.Second, 4 * time.Second} { // in two files
		c.Wait(wait)
		event(phone, "incoming_call")
		event(phone, "established_call")
	}
	event(0, "terminated_call")
	event(1, "terminated_call")
	c.Wait(time.Hour)
	event(2, "boot_completed") // ends both
	file := filepath.Join(t.TempDir(), "calls.pcap")
	var pcap bytes.Buffer
	if err := errors.Join(c.WritePcap(&pcap), os.WriteFile(file, pcap.Bytes(), 0o666)); err != nil {
		t.Fatal(err)
	}
	outputOf(t, nil, "analyze", "--publish", url, "--sensor", "hq", "--spool-dir", t.TempDir(), "-o", os.DevNull, "--format", "ndjson", file)

	dir := t.TempDir()
	program := filepath.Join(dir, "actionurl")
	if err := os.Symlink(os.Args[0], program); err != nil {
		t.Fatal(err)
	}
	pattern := filepath.Join(dir, "*.csv")
	for range 3 {
		cmd := exec.Command(program, "report", url, "--durable", "test", "--lateness", "100ms", "--view", "calls", "--columns", "phone_mac", "--rotate", "10m", "-o", filepath.Join(dir, "%H-%M.csv"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(5 * time.Second); written(t, pattern) == "" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		}
		time.Sleep(500 * time.Millisecond)
		if names, _ := filepath.Glob(pattern); len(names) != 1 {
			t.Errorf("the files are %q, want one", names)
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	outputOfContext(ctx, t, "report", url, "--durable", "test", "--lateness", "100ms", "--view", "calls", "--columns", "phone_mac", "--rotate", "10m", "-o", filepath.Join(dir, "%H-%M.csv"))
	if got, want := written(t, pattern), "phone_mac\r\n00:0b:82:00:00:00\r\nphone_mac\r\n00:0b:82:00:00:01\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A file that is made of the whole stream stays as it is where the collector ends before
// it has read that, as where there is no server.
func TestDurableUnread(t *testing.T) {
	dir := t.TempDir()
	for name, flags := range map[string][]string{"phones.csv": {"--view", "phones"}, "page.html": nil} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("whole"), 0o666); err != nil {
			t.Fatal(err)
		}
		ctx, interrupt := context.WithCancel(t.Context())
		interrupt()
		var stderr watched
		args := append([]string{"report", "nats://127.0.0.1:1", "--durable", "test", "-o", file}, flags...)
		if status := execute(ctx, nil, args, nil, io.Discard, &stderr); status != statusFailed || !strings.Contains(stderr.String(), name+": not written") {
			t.Errorf("%s: status %d, %s", name, status, stderr.String())
		}
		if got := written(t, file); got != "whole" {
			t.Errorf("%s is %q", name, head(got))
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
}

// outputOfContext runs the program until ctx ends.
func outputOfContext(ctx context.Context, t *testing.T, args ...string) {
	t.Helper()
	var stdout bytes.Buffer
	var stderr watched
	if status := execute(ctx, nil, args, nil, &stdout, &stderr); status != statusDone {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
}

// comparePages checks that a page of a collector that was killed is that of one that
// was not.
func comparePages(t *testing.T, url string, lateness time.Duration, dir, program, page string) {
	t.Helper()
	other := filepath.Join(dir, "other.html")
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	cmd := exec.CommandContext(ctx, program, "report", url, "--lateness", lateness.String(), "-o", other)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if out, err := cmd.CombinedOutput(); err != nil && ctx.Err() == nil {
		t.Fatalf("%v: %s", err, out)
	}
	a, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) || len(a) < 10_000 {
		t.Errorf("a page of %d bytes, want one of %d", len(a), len(b))
	}
}

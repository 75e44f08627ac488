package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"actionurl/capture/capturetest"
)

// siteCapture writes a capture of n events of the phones of a site.
func siteCapture(t testing.TB, site, n int) string {
	t.Helper()
	c := capturetest.New()
	c.Wait(time.Duration(site) * 400 * time.Microsecond)
	for i := range n {
		k := c.Conn(fmt.Sprintf("192.168.%d.%d:%d", 40+site, 50+i%50, 10000+i%50000), "192.168.40.207:80").Open()
		k.Send(fmt.Sprintf("GET /incoming?mac=000b82%02x%04x&n=%d HTTP/1.1\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.64\r\n\r\n", site, i%50, i))
		k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		k.Close()
	}
	file := filepath.Join(t.TempDir(), fmt.Sprintf("site%d.pcap", site))
	var pcap bytes.Buffer
	if err := errors.Join(c.WritePcap(&pcap), os.WriteFile(file, pcap.Bytes(), 0o666)); err != nil {
		t.Fatal(err)
	}
	return file
}

// A collector that is killed, again and again, has in the end each event once, in
// the order of time, as if one machine had read all captures.
func TestCollect(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	url, restart := natsServer(t)
	const n = 3000
	a, b := siteCapture(t, 1, n), siteCapture(t, 2, n)
	want := outputOf(t, nil, "analyze", "--format", "ndjson", a, b)

	dir := t.TempDir()
	program, out := filepath.Join(dir, "actionurl"), filepath.Join(dir, "all.ndjson")
	if err := os.Symlink(os.Args[0], program); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	metrics := free.Addr().String()
	free.Close()
	start := func() *exec.Cmd {
		cmd := exec.Command(program, "report", url, "--metrics", metrics, "--durable", "test", "--lateness", "2s", "-o", out)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		return cmd
	}
	collector := start() // before there is a stream
	published := make(chan string, 2)
	for i, file := range []string{a, b} {
		spool := t.TempDir()
		go func() {
			var stdout bytes.Buffer
			var stderr watched
			args := []string{"analyze", "--publish", url, "--sensor", fmt.Sprintf("site-%d", i+1), "--spool-dir", spool, "-o", os.DevNull, "--format", "ndjson", file}
			if status := execute(context.Background(), nil, args, nil, &stdout, &stderr); status != statusDone {
				published <- stderr.String()
				return
			}
			published <- ""
		}()
	}
	rows := func() int {
		data, _ := os.ReadFile(out)
		return bytes.Count(data, []byte{'\n'})
	}
	wait := func(least int) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); rows() < least; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d rows after a minute, want %d", rows(), least)
			}
		}
	}
	for _, least := range []int{1, n} {
		wait(least)
		collector.Process.Kill()
		collector.Wait()
		f, err := os.OpenFile(out, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, `{"time":"2026-0`) // a line that is not whole
		f.Close()
		collector = start()
		wait(least + 1) // it is in the sandbox, and connects again from there
		restart()
	}
	for range 2 {
		if message := <-published; message != "" {
			t.Fatal(message)
		}
	}
	wait(2 * n)
	served, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(served.Body)
	served.Body.Close()
	if err != nil || !strings.Contains(string(text), "\nactionurl_collect_late_total 0\n") {
		t.Errorf("metrics: %v\n%s", err, text)
	}
	collector.Process.Signal(os.Interrupt)
	if err := collector.Wait(); err != nil {
		t.Errorf("the collector: %v", err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(data), `"sensor":"site-1"`) != n {
		t.Errorf("not each row has its sensor")
	}
	got := regexp.MustCompile(`"sensor":"[^"]*",`).ReplaceAllString(string(data), "")
	if got != want {
		g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("row %d of %d, want %d:\n%s\nwant\n%s", i+1, len(g), len(w), g[i], w[i])
			}
		}
		t.Errorf("%d rows, want %d", len(g), len(w))
	}
}

// BenchmarkCollect reads what sensors have published, and writes it as it is saved.
func BenchmarkCollect(b *testing.B) {
	url, _ := natsServer(b)
	const n = 10_000
	if status := execute(b.Context(), nil, []string{"analyze", "--publish", url, "--sensor", "hq", "--spool-dir", b.TempDir(), "-o", os.DevNull, "--format", "ndjson", siteCapture(b, 1, n)}, nil, io.Discard, io.Discard); status != statusDone {
		b.Fatalf("status %d", status)
	}
	for b.Loop() {
		args := []string{"report", url, "--lateness", "1ms", "-c", strconv.Itoa(n), "-o", os.DevNull, "--format", "ndjson"}
		var messages watched
		if status := execute(b.Context(), nil, args, nil, io.Discard, &messages); status != statusDone {
			b.Fatalf("status %d: %s", status, messages.String())
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "events/s")
}

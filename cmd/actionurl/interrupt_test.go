package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A watched is a buffer that may be read while it is written.
type watched struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// await waits until the condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for began := time.Now(); !condition(); time.Sleep(time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatal("no", what)
		}
	}
}

// TestInterruptSilentPipe interrupts a run that waits for a pipe in which
// nothing comes.
func TestInterruptSilentPipe(t *testing.T) {
	guide, err := os.ReadFile("../../testdata/guide-events.pcap")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		sent    []byte
		summary string
	}{
		{"before the first byte", nil, "0 frames, 0 HTTP requests, 0 Action URLs"},
		{"between frames", guide, "33 frames, 3 HTTP requests, 3 Action URLs"},
		{"within a frame", guide[:len(guide)-1], "32 frames, 3 HTTP requests, 3 Action URLs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, feed := io.Pipe()
			defer feed.Close()
			ctx, cancel := context.WithCancel(t.Context())
			var out, messages watched
			ended := make(chan int)
			go func() { ended <- execute(ctx, nil, []string{"analyze", "--format", "csv", "-"}, in, &out, &messages) }()
			if len(test.sent) > 0 {
				feed.Write(test.sent)
				await(t, "rows", func() bool { return strings.Count(out.String(), "\r\n2026") == 3 })
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

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestFailPrint has commands print to a disk without room.
func TestFailPrint(t *testing.T) {
	out, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer out.Close()
	for _, command := range []string{
		"", "help", "help live", "live", "help analyze", "analyze --help", "profile", "version", "--version", "catalog", "schema", "explain refused",
		"completion bash", "profile show ../../testdata/profiles/site.yaml",
	} {
		var messages strings.Builder
		status := execute(t.Context(), nil, strings.Fields(command), nil, out, &messages)
		if want := "actionurl: standard output: no space left on device\n"; status != statusFailed || messages.String() != want {
			t.Errorf("%q: exit status %d, %q", command, status, messages.String())
		}
	}
}

// TestFailSilentPipe fails to write what has come of a pipe in which nothing more
// comes: the run ends, with one thread and with two.
func TestFailSilentPipe(t *testing.T) {
	guide, err := os.ReadFile("../../testdata/guide-events.pcap")
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, threads := range []int{1, 2} {
		runtime.GOMAXPROCS(threads)
		in, feed := io.Pipe()
		ended := make(chan int)
		go func() {
			ended <- execute(t.Context(), nil, []string{"analyze", "--format", "csv", "-"}, in, full{}, io.Discard)
		}()
		feed.Write(guide)
		select {
		case status := <-ended:
			if status != statusFailed {
				t.Errorf("%d threads: exit status %d", threads, status)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%d threads: it goes on", threads)
		}
		feed.Close()
	}
}

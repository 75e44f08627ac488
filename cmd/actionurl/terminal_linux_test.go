package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"actionurl/report/output/outputtest"
)

// Reading from a terminal prints what is expected there.
func TestAwaits(t *testing.T) {
	terminal, _ := outputtest.Terminal(t)
	for _, args := range [][]string{{"analyze", "-"}, {"check", "-"}, {"learn", "-"}, {"report", "-"}} {
		ctx, cancel := context.WithCancel(t.Context())
		var out, messages watched
		ended := make(chan int)
		go func() { ended <- execute(ctx, nil, args, terminal, &out, &messages) }()
		await(t, "message", func() bool {
			return strings.Contains(messages.String(), " on standard input, which is a terminal; Ctrl-C ends it\n")
		})
		cancel()
		<-ended
	}
}

// Two interrupts in quick succession are one, and the summary is printed.
func TestInterruptTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	program := filepath.Join(t.TempDir(), "actionurl")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	guide, err := os.ReadFile("../../testdata/guide-events.pcap")
	if err != nil {
		t.Fatal(err)
	}
	// Standard error is a pipe that is full, so that the summary takes its time.
	messages, full, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Close()
	capacity, err := unix.FcntlInt(full.Fd(), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		t.Fatal(err)
	}
	full.Write(make([]byte, capacity))
	cmd := exec.Command(program, "analyze", "--format", "csv", "-")
	var out watched
	cmd.Stdout, cmd.Stderr = &out, full
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	full.Close()
	in.Write(guide)
	await(t, "rows", func() bool { return strings.Count(out.String(), "\r\n2026") == 3 })
	for range 3 {
		cmd.Process.Signal(syscall.SIGINT)
		time.Sleep(5 * time.Millisecond)
	}
	text, err := io.ReadAll(messages)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(string(text), "33 frames, 3 HTTP requests") {
		t.Errorf("%v\n%s", err, bytes.Trim(text, "\x00"))
	}
}

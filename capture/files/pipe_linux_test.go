package files

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// An interrupt ends the wait for who writes to a named pipe, as it does the wait
// for what is written.
func TestInterruptNamedPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, interrupt)
	done := make(chan error, 1)
	go func() {
		c, err := Open(ctx, []string{name}, nil)
		if err == nil {
			err = c.Close()
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it goes on waiting")
	}
	if w, err := syscall.Open(name, syscall.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
		syscall.Close(w) // lets the opening end
	}
}

package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"actionurl/capture"
	"actionurl/capture/capturetest"
)

// pcap returns a capture of one datagram with a text, some time after
// capturetest.Start; of none for an empty text.
func pcap(t *testing.T, after time.Duration, text string) []byte {
	t.Helper()
	c := capturetest.New()
	c.Wait(after)
	if text != "" {
		c.Datagram("10.0.0.1:5004", "10.0.0.2:5004", text)
	}
	var b bytes.Buffer
	if err := c.WritePcap(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// folder writes files, by their paths, to a folder.
func folder(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, data, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// texts reads the datagrams that pcap wrote, each with its capture and without
// the padding of Ethernet.
func texts(c capture.Source) (all []string, err error) {
	var b capture.Batch
	for {
		if err := c.Next(&b); err != nil {
			if err == io.EOF {
				err = nil
			}
			return all, err
		}
		for _, f := range b.Frames {
			all = append(all, filepath.Base(f.Interface.Capture)+" "+strings.TrimRight(string(f.Data[42:]), "\x00"))
		}
	}
}

func TestOpen(t *testing.T) {
	dir := folder(t, map[string][]byte{
		"ring/b.pcap":       pcap(t, 2*time.Second, "second"),
		"ring/a.pcap":       pcap(t, 3*time.Second, "third"),
		"ring/below/c.pcap": pcap(t, time.Second, "first"),
		"ring/notes.txt":    []byte("nothing of a capture"),
		"empty.pcap":        pcap(t, 0, ""),
		"none/notes.txt":    []byte("nothing of a capture"),
	})
	open := func(stdin io.Reader, names ...string) (*Captures, error) {
		for i, name := range names {
			if name != "-" {
				names[i] = filepath.Join(dir, name)
			}
		}
		return Open(t.Context(), names, stdin)
	}
	c, err := open(nil, "ring", "empty.pcap")
	if err != nil {
		t.Fatal(err)
	}
	if read, size := c.Progress(); read != 0 || size <= 0 || c.Piped() || len(c.Files()) != 4 {
		t.Errorf("before: read %d of %d bytes in %d files, piped is %t", read, size, len(c.Files()), c.Piped())
	}
	got, err := texts(c)
	if want := []string{"c.pcap first", "b.pcap second", "a.pcap third"}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}
	if read, size := c.Progress(); read != size {
		t.Errorf("in the end: read %d of %d bytes", read, size)
	}

	c, err = open(bytes.NewReader(pcap(t, 0, "piped")), "ring", "-", "empty.pcap")
	if err != nil {
		t.Fatal(err)
	}
	got, err = texts(c)
	if want := []string{"- piped", "c.pcap first", "b.pcap second", "a.pcap third"}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}
	if _, size := c.Progress(); size != 0 || !c.Piped() {
		t.Errorf("a pipe has a size of %d, piped is %t", size, c.Piped())
	}

	for _, test := range []struct {
		names []string
		want  string
	}{
		{[]string{"none"}, "none: contains no captures"},
		{[]string{"none/notes.txt"}, `notes.txt: not a pcap or pcapng capture`},
		{[]string{"missing"}, "missing: no such file or directory"},
		{[]string{"-", "ring", "-"}, "-: standard input is named twice"},
	} {
		if _, err := open(strings.NewReader(""), test.names...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error %v, want %s", test.names, err, test.want)
		}
	}
}

// An interrupt ends a pipe, also while it is silent, and cuts files short.
func TestInterrupt(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.pcap": pcap(t, 0, "first")})
	ctx, cancel := context.WithCancel(t.Context())
	c, err := Open(ctx, []string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if got, err := texts(c); err != ErrInterrupted || len(got) > 0 {
		t.Errorf("files: read %q, %v", got, err)
	}

	for _, sent := range [][]byte{nil, pcap(t, 0, "first")} {
		ctx, cancel := context.WithCancel(t.Context())
		in, feed := io.Pipe()
		if sent == nil {
			cancel()
		}
		go func() {
			feed.Write(sent)
			time.Sleep(time.Millisecond)
			cancel()
		}()
		c, err := Open(ctx, []string{"-"}, in)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := texts(c); err != nil || len(got) > len(sent) {
			t.Errorf("a pipe: read %q, %v", got, err)
		}
		feed.Close()
		c.Close()
	}
	goleak.VerifyNone(t)
}

// While a pipe is silent, somebody is called who can show what came of it.
func TestIdle(t *testing.T) {
	in, feed := io.Pipe()
	idle := make(chan bool, 1)
	input := NewInput(t.Context(), in, func() { idle <- true })
	f, err := input.Open("-")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-idle
		feed.Write([]byte("x"))
		feed.Close()
	}()
	if got, err := io.ReadAll(f); err != nil || string(got) != "x" {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := input.Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a folder; expected a file") {
		t.Errorf("a folder: %v", err)
	}
}

// A folder that cannot be read is named as it was given.
func TestUnreadableFolder(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if err := new(Captures).addFolder(missing); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), missing+": ") {
		t.Errorf("%v", err)
	}
}

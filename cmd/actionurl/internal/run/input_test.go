package run

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"actionurl/capture/files"
	"actionurl/decode"
)

// A failing reader fails at the end of what it reads, and says so.
type failing struct {
	io.Reader
	failed chan<- struct{}
}

func (f *failing) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if err == io.EOF {
		close(f.failed)
		err = errors.New("input/output error")
	}
	return n, err
}

// A run that has shown as many rows as were asked for is done, though reading, which
// goes on beside, has failed by then.
func TestEnoughBeforeFailure(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	guide, err := os.Open("../../../../testdata/guide-events.pcap")
	if err != nil {
		t.Fatal(err)
	}
	defer guide.Close()
	failed := make(chan struct{})
	in, err := files.Open(t.Context(), []string{"-"}, &failing{Reader: guide, failed: failed})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	c := complete(Config{Count: 1, Stdout: &out, Stderr: io.Discard, Only: func(*decode.Record) bool {
		<-failed
		return true
	}})
	if err := Captures(c, in); err != nil || strings.Count(out.String(), "192.168.40.207:80") != 1 {
		t.Errorf("%v\n%s", err, out.String())
	}
}

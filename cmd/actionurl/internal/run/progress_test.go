package run

import (
	"actionurl/capture"
	"actionurl/decode"
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestProgressText(t *testing.T) {
	for _, test := range []struct {
		read, size int64
		took       time.Duration
		want       string
	}{
		{0, 1e9, time.Second, "0.0 of 1000.0 MB, 0 %, 0.0 MB/s"},
		{25e7, 1e9, time.Second, "250.0 of 1000.0 MB, 25 %, 250.0 MB/s, 3s left"},
		{5e8, 1e9, 100 * time.Second, "500.0 of 1000.0 MB, 50 %, 5.0 MB/s, 1m40s left"},
		{2e9, 1e9, time.Second, "2000.0 of 1000.0 MB, 200 %, 2000.0 MB/s, 0s left"}, // the file grew
		{5e6, 0, 2 * time.Second, "5.0 MB, 2.5 MB/s"},
	} {
		if got := progressText(test.read, test.size, test.took); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

// A progress stays until something else is written.
func TestProgressStays(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, scriptedInput{}, nil)
	if p.w != nil {
		t.Error("a buffer is a terminal")
	}
	p.w = &b
	p.update()
	if b.Len() > 0 {
		t.Errorf("it is shown at once: %q", b.String())
	}
	p.next = time.Time{}
	p.update()
	shown := b.String()
	p.update()
	if shown == "" || b.String() != shown {
		t.Errorf("it shows %q, then %q", shown, b.String())
	}
	p.clear()
	p.clear()
	if b.String() != shown+"\r\x1b[K" {
		t.Errorf("cleared it is %q", b.String())
	}
}

type scriptedInput struct{ input }

func (scriptedInput) Progress() (read, size int64) { return 1e6, 2e6 }
func (scriptedInput) Files() []os.FileInfo         { return nil }

// Of many problems the first are printed, and how many there are.
func TestProblemsBound(t *testing.T) {
	var b bytes.Buffer
	r := &run{Config: Config{Stderr: &b}, progress: &progress{}, sum: summary{w: &b}}
	for range maxProblems + 7 {
		r.problem(&capture.Problem{Capture: "x", Err: errors.New("is damaged")})
	}
	r.sum.print(decode.Summary{}, "")
	if n := strings.Count(b.String(), "is damaged\n"); n != maxProblems || !strings.Contains(b.String(), ": 7 further problems not shown\n") {
		t.Errorf("%d problems of %d:\n%s", n, maxProblems+7, &b)
	}
}

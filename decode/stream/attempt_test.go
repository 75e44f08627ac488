package stream

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// attempts returns connections that did not come about.
func attempts(t *testing.T, text string) string {
	t.Helper()
	var lines []string
	a := NewAssembler(ignorer{}, Config{Failed: func(f *Attempt) {
		what := "unanswered"
		if f.Refused {
			what = "refused"
		}
		if f.Unheard {
			what = "unheard"
		}
		lines = append(lines, fmt.Sprintf("%s at %d: %v to %v, %v of %v", what, f.Frame, f.Client, f.Server,
			time.Duration(f.Time-f.First), time.Duration(f.Until-f.First)))
	}})
	for _, s := range script(t, text) {
		a.Segment(s)
	}
	a.Flush()
	return strings.Join(lines, "\n")
}

func TestAttempts(t *testing.T) {
	const both = "[2001:db8::1]:40000 to [2001:db8::2]:80"
	tests := []struct{ name, script, want string }{
		{"refused", `
			> 1000 SYN
			< 0 RST ack=1001`, "refused at 2: " + both + ", 1ms of 1ms"},
		{"refused, and the RST is there twice", `
			> 1000 SYN
			< 0 RST ack=1001
			< 0 RST ack=1001`, "refused at 2: " + both + ", 1ms of 1ms"},
		{"refused twice, from the same port", `
			> 1000 SYN
			< 0 RST ack=1001
			> 90001000 SYN after=1s
			< 0 RST ack=90001001`, "refused at 2: " + both + ", 1ms of 1ms\nrefused at 4: " + both + ", 1ms of 1ms"},
		{"an RST of an earlier connection", `
			> 1000 SYN
			< 0 RST ack=500
			< 5000 SYN ack=1001`, ""},
		{"a scanner resets what is answered", `
			> 1000 SYN
			< 5000 SYN ack=1001
			> 1001 RST`, ""},
		{"reset later", `
			> 1000 SYN
			< 5000 SYN ack=1001
			> 1001 ack=5001 "GET"
			< 5001 RST ack=1004`, ""},
		{"reset by the server after an answer that was not captured", `
			> 1000 SYN
			> 1001 ack=5001 "GET"
			< 0 RST ack=1004`, ""},
		{"unanswered", `
			> 1000 SYN
			> 1000 SYN after=999ms
			> 1000 SYN after=1999ms`, "unanswered at 3: " + both + ", 3s of 3s"},
		{"unanswered, and the ports are used again", `
			> 1000 SYN
			> 1000 SYN after=999ms
			> 90001000 SYN after=59s
			< 5000 SYN ack=90001001`, "unanswered at 2: " + both + ", 1s of 1m0.001s"},
		{"answered each time, and sent again", `
			> 1000 SYN
			< 5000 SYN ack=1001
			> 1000 SYN after=999ms
			< 5000 SYN ack=1001
			> 1000 SYN after=1999ms
			< 5000 SYN ack=1001`, "unheard at 5: " + both + ", 3.002s of 3.003s"},
		{"answered when it had been sent again, and the capture ends", `
			> 1000 SYN
			> 1000 SYN after=1s
			> 1000 SYN after=2s
			< 5000 SYN ack=1001`, ""},
		{"answered, sent again, and heard then", `
			> 1000 SYN
			< 5000 SYN ack=1001
			> 1000 SYN after=1s
			< 5000 SYN ack=1001
			> 1001 ack=5001`, ""},
		{"answered, sent again, and its data captured alone", `
			> 1000 SYN
			< 5000 SYN ack=1001
			> 1000 SYN after=1s
			> 1001 "GET"`, ""},
		{"each SYN is there twice, and the capture ends", `
			> 1000 SYN
			> 1000 SYN`, ""},
		{"one SYN, and the capture ends", `
			> 1000 SYN`, ""},
		{"answered when it was sent again", `
			> 1000 SYN
			> 1000 SYN after=1s
			< 5000 SYN ack=1001`, ""},
		{"one direction only: the client goes on", `
			> 1000 SYN
			> 1000 SYN after=1s
			> 1001 ack=5001`, ""},
		{"the other direction only: the answer is sent again", `
			< 5000 SYN ack=1001
			< 5000 SYN ack=1001 after=1s`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, attempts(t, test.script)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// TestAttemptsOfManyConnections reports an attempt when its connection gives
// way to another.
func TestAttemptsOfManyConnections(t *testing.T) {
	failed := 0
	a := NewAssembler(ignorer{}, Config{Failed: func(*Attempt) { failed++ }})
	s := script(t, "> 1000 SYN")[0]
	for n := range maxConns + 10 {
		s.Src.Port, s.Dst.Port = uint16(n), uint16(n>>16)
		s.Time, s.Clock = 0, 0
		a.Segment(s)
		if n%2 == 0 {
			s.Time, s.Clock = 1e9, 1e9
			a.Segment(s)
		}
	}
	if failed != 5 {
		t.Errorf("%d reported, want 5 of the 10 that gave way", failed)
	}
	a.Flush()
	if want := maxConns/2 + 5; failed != want {
		t.Errorf("%d reported in the end, want %d", failed, want)
	}
}

func TestMisses(t *testing.T) {
	tests := []struct {
		name, script string
		want         bool
	}{
		{"all is there", `
			> 1000 SYN
			< 5000 SYN ack=1001
			< 5001 ack=1001 "OK"
			> 1001 ack=5003`, false},
		{"the last bytes are missing", `
			> 1000 SYN
			< 5000 SYN ack=1001
			> 1001 ack=5003`, true},
		{"the end is acknowledged", `
			> 1000 SYN
			< 5000 SYN ack=1001
			< 5001 ack=1001 FIN
			> 1001 ack=5002`, false},
		{"joined, with acknowledgements only: as many as before", `
			> 1001 ack=5001 "GET"
			< 5001 ack=1004
			> 1004 ack=5001`, false},
		{"joined, with acknowledgements only: more than before", `
			> 1001 ack=5001 "GET"
			< 5001 ack=1004
			> 1004 ack=5010`, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := NewAssembler(ignorer{}, Config{})
			var c *Conn
			for _, s := range script(t, test.script) {
				a.Segment(s)
				c, _ = a.table.find(&s.Src, &s.Dst)
			}
			if got := c.Misses(1, 5001); got != test.want {
				t.Errorf("Misses = %v, want %v", got, test.want)
			}
		})
	}
}

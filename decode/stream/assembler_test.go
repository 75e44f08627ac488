package stream

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/decode/packet"
)

// endpoint returns an endpoint from "[2001:db8::1]:80".
func endpoint(s string) packet.Endpoint {
	return packet.EndpointOf(netip.MustParseAddrPort(s))
}

// The client's address is the lesser one.
var (
	client = endpoint("[2001:db8::1]:40000")
	server = endpoint("[2001:db8::2]:80")
)

// script reads segments from lines such as
//
//	> 1000 SYN
//	< 5000 SYN ack=1001
//	> 1001 ack=5001 "GET" cut=20 urgent=2 FIN
//
// where ">" is sent by the client, and the number is the sequence number,
// which may begin with "-" to count back from 2^32. Line n is frame n; a frame
// follows another after a millisecond, or "after=1m".
func script(t testing.TB, text string) []*packet.Segment {
	t.Helper()
	var all []*packet.Segment
	now := int64(0)
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		s := &packet.Segment{Src: client, Dst: server}
		now += int64(time.Millisecond)
		for i, word := range strings.Fields(line) {
			name, value, _ := strings.Cut(word, "=")
			switch {
			case i == 0:
				if word == "<" {
					s.Src, s.Dst = server, client
				}
			case i == 1:
				s.Seq = number(t, word)
			case word == "SYN":
				s.SYN = true
			case word == "FIN":
				s.FIN = true
			case word == "RST":
				s.RST = true
			case name == "ack":
				s.ACK, s.Ack = true, number(t, value)
			case name == "urgent":
				s.Urgent = int(number(t, value))
			case name == "cut":
				s.Cut = int(number(t, value))
			case name == "after":
				d, err := time.ParseDuration(value)
				if err != nil {
					t.Fatal(err)
				}
				now += int64(d)
			case word[0] == '"':
				data, err := strconv.Unquote(word)
				if err != nil {
					t.Fatalf("%s: %v", word, err)
				}
				s.Payload = []byte(data)
			default:
				t.Fatalf("%q: unknown word %q", line, word)
			}
		}
		s.Frame, s.Time, s.Clock = len(all)+1, now, now
		all = append(all, s)
	}
	return all
}

func number(t testing.TB, s string) uint32 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}

// A recorder is a Receiver that records what it gets, and checks what
// is promised to every Receiver.
type recorder struct {
	t     testing.TB
	skip  int64 // what Data and Gap return
	quiet bool  // only check
	log   []string
	conns map[*Conn]*recorded
}

// recorded is what was handed on of a connection.
type recorded struct {
	data [2][]byte // unless quiet
	next [2]uint32 // valid iff any
	any  [2]bool
}

func newRecorder(t testing.TB) *recorder { return &recorder{t: t, conns: map[*Conn]*recorded{}} }

// of returns the record of a connection. The State is set as a real Receiver does.
func (r *recorder) of(c *Conn) *recorded {
	if c.State == nil {
		r.conns[c] = &recorded{}
		c.State = r.conns[c]
	}
	if c.State != r.conns[c] {
		r.t.Fatal("the State is another's")
	}
	return r.conns[c]
}

func (r *recorder) note(format string, args ...any) {
	if !r.quiet {
		r.log = append(r.log, fmt.Sprintf(format, args...))
	}
}

func (r *recorder) Data(c *Conn, side Side, data []byte, seq uint32, at *Mark) int64 {
	x := r.of(c)
	if len(data) == 0 {
		r.t.Fatal("Data without bytes")
	}
	if x.any[side] && x.next[side] != seq && x.next[side]+1 != seq { // one more where there was an urgent byte
		r.t.Fatalf("Data at %d where the stream is at %d", seq, x.next[side])
	}
	x.any[side], x.next[side] = true, seq+uint32(len(data))
	if !r.quiet {
		x.data[side] = append(x.data[side], data...)
	}
	r.note("%s %q #%d", arrow(c, side), data, at.Frame)
	return r.skip
}

func (r *recorder) Gap(c *Conn, side Side, _ uint32, n int, cut bool, at *Mark) int64 {
	x := r.of(c)
	if n <= 0 {
		r.t.Fatalf("Gap of %d bytes", n)
	}
	x.next[side] += uint32(n)
	r.note("%s gap %d", arrow(c, side), n)
	return r.skip
}

func (r *recorder) End(c *Conn, side Side, how End, at *Mark) {
	if how == Lost {
		r.note("lost")
		delete(r.conns, c)
		return
	}
	r.of(c)
	r.note("%s %s #%d", arrow(c, side), [...]string{Closed: "closed", Reset: "reset"}[how], at.Frame)
}

// arrow points from the lesser address to the other, or back.
func arrow(c *Conn, s Side) string {
	if c.Addr(s).Compare(c.Addr(s.Other())) < 0 {
		return ">"
	}
	return "<"
}

// Each script is a capture; want is what the receiver gets, with the frames
// that it came from. "lost" at the end, which every open connection gets when
// the capture ends, is left out.
func TestAssembler(t *testing.T) {
	const handshake = `
		> 1000 SYN
		< 5000 SYN ack=1001
		> 1001 ack=5001`
	const farewell = `
		> 1001 ack=5001 FIN
		< 5001 ack=1002 FIN
		> 1002 ack=5002`
	tests := []struct {
		name   string
		script string
		skip   int64
		want   []string
	}{
		// What must not be believed.
		{"stale RST, before what was received", handshake + `
			> 1001 ack=5001 "one"
			> 900 RST
			> 1004 ack=5001 "two"`, 0,
			[]string{`> "one" #4`, `> "two" #6`}},
		{"stale RST, out of the window", handshake + `
			> 1001 ack=5001 "one"
			> 3000000000 RST
			< 900000 ack=0 RST
			> 1004 ack=5001 "two"`, 0,
			[]string{`> "one" #4`, `> "two" #7`}},
		{"RST of an earlier connection answers nothing", `
			> 1000 SYN
			< 0 ack=777777777 RST
			< 777777777 RST
			> 1001 "one"`, 0,
			[]string{`> "one" #4`}},
		{"FIN of an earlier connection", handshake + `
			> 1001 ack=5001 "one"
			> 900000000 ack=5001 FIN
			< 800000000 ack=1001 FIN
			> 1004 ack=5001 "two"`, 0,
			[]string{`> "one" #4`, `> "two" #7`}},
		{"late copies after the end", handshake + `
			> 1001 ack=5001 "one"` + `
			> 1004 ack=5001 FIN
			< 5001 ack=1005 FIN
			> 1001 ack=5001 "one"
			> 1000 SYN
			< 5000 SYN ack=1001
			> 1004 ack=5001 FIN`, 0,
			[]string{`> "one" #4`, `> closed #5`, `< closed #6`}},
		{"acknowledgement of another connection", handshake + `
			> 1004 "two"
			< 5001 ack=900000000
			> 1001 "one"`, 0,
			[]string{`> "one" #6`, `> "two" #4`}},
		{"keep-alives", handshake + `
			> 1001 ack=5001 "one"
			> 1003 ack=5001
			> 1003 ack=5001 "\x00"
			< 5000 ack=1004 "\x00"
			> 1004 ack=5001 "two"`, 0,
			[]string{`> "one" #4`, `> "two" #8`}},

		// Urgent bytes.
		{"an urgent byte", handshake + `
			> 1001 ack=5001 "GxET" urgent=2
			> 1005 ack=5001 "one"`, 0,
			[]string{`> "G" #4`, `> "ET" #4`, `> "one" #5`}},
		{"an urgent byte alone, first, last, behind a hole", handshake + `
			> 1001 ack=5001 "x" urgent=1
			> 1002 ack=5001 "xone" urgent=1
			> 1010 ack=5001 "threx" urgent=5 FIN
			> 1006 ack=5001 "twox" urgent=4`, 0,
			[]string{`> "one" #5`, `> "two" #7`, `> "thre" #6`, `> closed #7`}},
		{"an urgent byte twice", handshake + `
			> 1001 ack=5001 "GxET" urgent=2
			> 1001 ack=5001 "GxET" urgent=2
			> 1001 ack=5001 "GxET/" urgent=2`, 0,
			[]string{`> "G" #4`, `> "ET" #4`, `> "/" #6`}},

		// The order of bytes.
		{"in order", handshake + `
			> 1001 ack=5001 "one"
			< 5001 ack=1004 "uno"
			> 1004 ack=5004 "two"`, 0,
			[]string{`> "one" #4`, `< "uno" #5`, `> "two" #6`}},
		{"reordering", handshake + `
			> 1007 ack=5001 "three"
			> 1004 ack=5001 "two"
			> 1001 ack=5001 "one"`, 0,
			[]string{`> "one" #6`, `> "two" #5`, `> "three" #4`}},
		{"a hole that nothing fills or acknowledges, for long", handshake + `
			> 1004 "two"
			> 1007 after=4s "three"
			> 1012 after=2s "four"`, 0,
			[]string{`> gap 3`, `> "two" #4`, `> "three" #5`, `> "four" #6`}},
		{"a hole that is filled after a while", handshake + `
			> 1004 "two"
			> 1001 after=4s "one"`, 0,
			[]string{`> "one" #5`, `> "two" #4`}},
		{"retransmission", handshake + `
			> 1001 ack=5001 "one"
			> 1001 ack=5001 "one"
			> 1004 ack=5001 "two"
			> 1001 ack=5001 "onetwo"`, 0,
			[]string{`> "one" #4`, `> "two" #6`}},
		{"retransmission with more", handshake + `
			> 1001 ack=5001 "one"
			> 1001 ack=5001 "onetwo"`, 0,
			[]string{`> "one" #4`, `> "two" #5`}},
		{"overlap in order: the first copy counts", handshake + `
			> 1001 "abcd"
			> 1003 "XXef"`, 0,
			[]string{`> "abcd" #4`, `> "ef" #5`}},
		{"overlap with what waits: the first copy counts", handshake + `
			> 1005 "ef"
			> 1003 "cdXXgh"
			> 1002 "bYY"
			> 1001 "aZZZZZZZij"`, 0,
			[]string{`> "a" #7`, `> "b" #6`, `> "cd" #5`, `> "ef" #4`, `> "gh" #5`, `> "ij" #7`}},
		{"overlap around what waits", handshake + `
			> 1004 "d"
			> 1003 "cXe"
			> 1002 "bYYYf"
			> 1001 "a"`, 0,
			[]string{`> "a" #7`, `> "b" #6`, `> "c" #5`, `> "d" #4`, `> "e" #5`, `> "f" #6`}},
		{"overlap with the end of what waits", handshake + `
			> 1003 "cd"
			> 1004 "Xef"
			> 1001 "abY"`, 0,
			[]string{`> "ab" #6`, `> "cd" #4`, `> "ef" #5`}},
		{"each frame twice", `
			> 1000 SYN
			> 1000 SYN
			< 5000 SYN ack=1001
			< 5000 SYN ack=1001
			> 1001 ack=5001 "one"
			> 1001 ack=5001 "one"
			< 5001 ack=1004 "uno"
			< 5001 ack=1004 "uno"
			> 1004 ack=5004 FIN
			> 1004 ack=5004 FIN
			< 5004 ack=1005 FIN
			< 5004 ack=1005 FIN
			> 1005 ack=5005
			> 1005 ack=5005`, 0,
			[]string{`> "one" #5`, `< "uno" #7`, `> closed #9`, `< closed #11`}},
		{"sequence numbers wrap", `
			> -4 SYN
			> -3 "abcdef"
			> 3 "gh"`, 0,
			[]string{`> "abcdef" #2`, `> "gh" #3`}},
		{"retransmission across the wrap", `
			> -4 SYN
			> -3 "abcdef"
			> -3 "abcdef"
			> -1 "cdefgh"
			> 0 "defghi"`, 0,
			[]string{`> "abcdef" #2`, `> "gh" #4`, `> "i" #5`}},
		{"reordering across the wrap", `
			> -4 SYN
			> 1 "efg"
			> -2 "bcdX"
			> -3 "a"`, 0,
			[]string{`> "a" #4`, `> "bcd" #3`, `> "efg" #2`}},

		// How connections begin.
		{"join in the middle", `
			> 1001 ack=5001 "one"
			< 5001 ack=1004 "uno"
			> 1004 ack=5004 "two"`, 0,
			[]string{`> "one" #1`, `< "uno" #2`, `> "two" #3`}},
		{"join at a server's segment", `
			< 5001 ack=1001 "uno"
			> 1001 ack=5004 "one"`, 0,
			[]string{`< "uno" #1`, `> "one" #2`}},
		{"one direction only", `
			> 1000 SYN
			> 1001 ack=5001 "one"
			> 1004 ack=5004 "two"
			> 1007 ack=5007 FIN`, 0,
			[]string{`> "one" #2`, `> "two" #3`, `> closed #4`}},
		{"SYN with data", `
			> 1000 SYN "one"
			< 5000 SYN ack=1004
			> 1004 ack=5001 "two"`, 0,
			[]string{`> "one" #1`, `> "two" #3`}},
		{"SYN with data that the server did not take", `
			> 1000 SYN "one"
			< 5000 SYN ack=1001
			> 1001 ack=5001 "onetwo"`, 0,
			[]string{`> "one" #1`, `> "two" #3`}},
		{"SYN-ACK before SYN", `
			< 5000 SYN ack=1001
			> 1000 SYN
			> 1001 ack=5001 "one"
			< 5001 ack=1004 "uno"`, 0,
			[]string{`> "one" #3`, `< "uno" #4`}},
		{"SYN after data", `
			> 1001 ack=5001 "one"
			> 1000 SYN
			> 1004 ack=5001 "two"
			< 5000 SYN ack=1001
			< 5001 ack=1007 "uno"`, 0,
			[]string{`> "one" #1`, `> "two" #3`, `< "uno" #5`}},
		{"SYN after the second segment", `
			> 1004 ack=5001 "two"
			> 1000 SYN
			> 1007 ack=5001 "three"`, 0,
			[]string{`> "two" #1`, `> "three" #3`}},
		{"simultaneous open", `
			> 1000 SYN
			< 5000 SYN
			> 1000 SYN ack=5001
			< 5000 SYN ack=1001
			> 1001 ack=5001 "one"`, 0,
			// Until it is acknowledged, the second SYN looks like that of a new connection.
			[]string{`lost`, `> "one" #5`}},

		// How connections end.
		{"FIN before missing data", handshake + `
			> 1007 ack=5001 FIN
			> 1004 ack=5001 "two"
			> 1001 ack=5001 "one"`, 0,
			[]string{`> "one" #6`, `> "two" #5`, `> closed #6`}},
		{"FIN with data", handshake + `
			> 1001 ack=5001 "one" FIN`, 0,
			[]string{`> "one" #4`, `> closed #4`}},
		{"half-closed", handshake + `
			> 1001 ack=5001 "one" FIN
			< 5001 ack=1005 "uno"
			< 5004 ack=1005 "due" FIN`, 0,
			[]string{`> "one" #4`, `> closed #4`, `< "uno" #5`, `< "due" #6`, `< closed #6`}},
		{"RST", handshake + `
			> 1001 ack=5001 "one"
			< 5001 ack=1004 RST
			< 5001 ack=1004 RST`, 0,
			[]string{`> "one" #4`, `< reset #5`}},
		{"RST hands on what waits", handshake + `
			> 1004 ack=5001 "two"
			< 5001 RST`, 0,
			[]string{`> gap 3`, `> "two" #4`, `< reset #5`}},
		{"RST answers a SYN", `
			> 1000 SYN
			< 0 ack=1001 RST`, 0,
			[]string{`< reset #2`}},
		{"RST after a joined segment of the other side", `
			> 1001 ack=5001 "one"
			< 5001 RST`, 0,
			[]string{`> "one" #1`, `< reset #2`}},

		// Ports that are used again.
		{"port reuse without FIN", handshake + `
			> 1001 ack=5001 "one"
			> 90000 SYN
			< 70000 SYN ack=90001
			> 90001 ack=70001 "two"
			< 70001 ack=90004 "due"`, 0,
			[]string{`> "one" #4`, `lost`, `> "two" #7`, `< "due" #8`}},
		{"port reuse after an orderly end", handshake + farewell + `
			> 90000 SYN
			< 70000 SYN ack=90001
			> 90001 ack=70001 "two"`, 0,
			[]string{`> closed #4`, `< closed #5`, `lost`, `> "two" #9`}},
		{"port reuse after a FIN, one direction only", `
			> 1000 SYN
			> 1001 "one"
			> 1004 FIN
			> 90000 SYN
			> 90001 "two"
			> 90004 FIN`, 0,
			[]string{`> "one" #2`, `> closed #3`, `lost`, `> "two" #5`, `> closed #6`}},
		{"port reuse after a FIN, one direction only, SYN missing", `
			> 1000 SYN
			> 1001 "one"
			> 1004 FIN
			> 2000000001 "two"
			> 2000000004 FIN`, 0,
			[]string{`> "one" #2`, `> closed #3`, `lost`, `> "two" #4`, `> closed #5`}},
		{"port reuse after an end, SYN missing", handshake + farewell + `
			> 2000000001 ack=3000000001 "two"
			< 3000000001 ack=2000000004 "due"`, 0,
			[]string{`> closed #4`, `< closed #5`, `lost`, `> "two" #7`, `< "due" #8`}},
		{"port reuse without FIN, SYN missing", handshake + `
			> 1001 ack=5001 "one"
			> 2000000001 ack=3000000001 "two"
			> 2000000004 ack=3000000001 "three"`, 0,
			[]string{`> "one" #4`, `> gap 1999998997`, `> "two" #5`, `> "three" #6`}},
		{"port reuse, SYN only in the answer", handshake + farewell + `
			< 70000 SYN ack=90001
			> 90001 ack=70001 "two"`, 0,
			[]string{`> closed #4`, `< closed #5`, `lost`, `> "two" #8`}},
		{"a SYN at what was acknowledged is a new connection", handshake + `
			> 1001 ack=5001 "one"
			< 5001 ack=1004
			> 1003 SYN
			> 1004 "two"`, 0,
			[]string{`> "one" #4`, `lost`, `> "two" #7`}},

		// Holes.
		{"a hole that the other side has is given up", handshake + `
			> 1004 ack=5001 "two"
			< 5001 ack=1007
			> 1001 ack=5001 "one"`, 0,
			[]string{`> gap 3`, `> "two" #4`}},
		{"a hole that the other side has not is waited for", handshake + `
			> 1004 ack=5001 "two"
			< 5001 ack=1001
			< 5001 ack=1003
			> 1001 ack=5001 "one"`, 0,
			[]string{`> "one" #7`, `> "two" #4`}},
		{"a hole before a FIN that the other side has", handshake + `
			> 1004 ack=5001 FIN
			< 5001 ack=1005`, 0,
			[]string{`> gap 3`, `> closed #5`}},
		{"a hole in bytes of no use", handshake + `
			> 1001 ack=5001 "one"
			> 1007 ack=5001 "three"
			> 1004 ack=5001 "two"`, 10,
			[]string{`> "one" #4`, `> gap 3`, `> "three" #5`}},
		{"a hole beyond the bytes of no use", handshake + `
			> 1001 ack=5001 "one"
			> 1007 ack=5001 "three"
			> 1004 ack=5001 "two"`, 2,
			[]string{`> "one" #4`, `> "two" #6`, `> "three" #5`}},
		{"cut off by the capture", handshake + `
			> 1001 ack=5001 "one" cut=100
			> 1104 ack=5001 "two"`, 0,
			[]string{`> "one" #4`, `> gap 100`, `> "two" #5`}},
		{"cut off, reordered", handshake + `
			> 1104 ack=5001 "two" cut=7 FIN
			> 1001 ack=5001 "one" cut=100
			< 5001 ack=1115`, 0,
			[]string{`> "one" #5`, `> gap 100`, `> "two" #4`, `> gap 7`, `> closed #6`}},
		{"cut off before what waits", handshake + `
			> 1006 ack=5001 "two"
			> 1001 ack=5001 "one" cut=10 FIN`, 0,
			[]string{`> "one" #5`, `> gap 2`, `> "two" #4`, `> gap 5`, `> closed #5`}},
		{"cut off wholly", handshake + `
			> 1001 ack=5001 cut=100
			> 1101 ack=5001 "two"`, 0,
			[]string{`> gap 100`, `> "two" #5`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRecorder(t)
			r.skip = test.skip
			a := NewAssembler(r, Config{})
			for _, s := range script(t, test.script) {
				a.Segment(s)
				check(t, a)
			}
			if diff := cmp.Diff(test.want, r.log); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			r.quiet = true
			a.Flush()
			check(t, a)
			if len(r.conns) > 0 || a.table.n > 0 || a.waiting != 0 {
				t.Errorf("after Flush: %d connections known to the receiver, %d to the assembler, %d bytes waiting",
					len(r.conns), a.table.n, a.waiting)
			}
		})
	}
}

// check checks what is always true of an Assembler.
func check(t testing.TB, a *Assembler) {
	t.Helper()
	waiting := 0
	for c := range a.table.all() {
		for i := range c.halves {
			h := &c.halves[i]
			size, next := 0, h.next
			for w := h.waiting; w != nil; w = w.next {
				if len(w.data) == 0 || After(next, w.seq) < 0 {
					t.Fatal("segments wait without bytes, out of order or with an overlap")
				}
				size += len(w.data) + segmentCost
				next = w.end()
			}
			if size != int(h.size) || size > maxHalfWaiting {
				t.Fatalf("%d bytes wait in a direction, %d counted, %d allowed", size, h.size, maxHalfWaiting)
			}
			waiting += size
		}
	}
	if waiting != a.waiting || waiting > maxWaiting {
		t.Fatalf("%d bytes wait, %d counted, %d allowed", waiting, a.waiting, maxWaiting)
	}
	if a.table.n+len(a.free) != int(a.table.made) {
		t.Fatalf("%d connections in use and %d free, of %d", a.table.n, len(a.free), int(a.table.made))
	}
}

func TestCounts(t *testing.T) {
	a := NewAssembler(newRecorder(t), Config{})
	for _, s := range script(t, `
		> 1000 SYN
		> 1001 "one"
		> 1001 "one"
		> 1014 "two"
		< 5000 ack=1017
		> 1017 "three"
		> 90000 SYN
		> 90001 "four"`) {
		a.Segment(s)
	}
	want := Counts{Conns: 2, Gaps: 1, GapBytes: 10, Duplicates: 1}
	if diff := cmp.Diff(want, a.Counts); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestConn(t *testing.T) {
	var c *Conn
	r := &starts{}
	a := NewAssembler(r, Config{})
	for _, s := range script(t, `
		> 1000 SYN
		> 1001 "one"
		> 1004 "two"`) {
		a.Segment(s)
	}
	c = r.conn
	if got := c.Addr(0).String() + " " + c.Addr(1).String(); got != "[2001:db8::1]:40000 [2001:db8::2]:80" {
		t.Errorf("addresses %s", got)
	}
	if !c.Seen(0) || c.Seen(1) {
		t.Error("the sides seen are wrong")
	}
	if diff := cmp.Diff([]bool{true, false}, r.got); diff != "" {
		t.Errorf("Starts: want -, got +:\n%s", diff)
	}
}

// starts writes down whether each Data is where the stream starts.
type starts struct {
	ignorer
	conn *Conn
	got  []bool
}

func (r *starts) Data(c *Conn, side Side, _ []byte, seq uint32, _ *Mark) int64 {
	r.conn = c
	r.got = append(r.got, c.Starts(side, seq))
	return 0
}

// An ignorer is a Receiver that wants all and keeps nothing.
type ignorer struct{}

func (ignorer) Data(*Conn, Side, []byte, uint32, *Mark) int64   { return 0 }
func (ignorer) Gap(*Conn, Side, uint32, int, bool, *Mark) int64 { return 0 }
func (ignorer) End(*Conn, Side, End, *Mark)                     {}

// A segment's place is counted from where its stream began, or was joined.
func TestPlace(t *testing.T) {
	phone, server := packet.EndpointOf(netip.MustParseAddrPort("10.0.0.1:40000")), packet.EndpointOf(netip.MustParseAddrPort("10.0.0.2:80"))
	a := NewAssembler(ignore{}, Config{})
	for _, step := range []struct {
		segment packet.Segment
		want    Place
	}{
		{packet.Segment{Seq: 1<<32 - 3, SYN: true}, Place{}},
		{packet.Segment{Seq: 1<<32 - 2, Payload: []byte("abc")}, Place{}},
		{packet.Segment{Seq: 1, Payload: []byte("def")}, Place{Offset: 3}},
		{packet.Segment{Seq: 2, Payload: []byte("efgh")}, Place{Offset: 4, Repeats: 2}},
		{packet.Segment{Seq: 0, Payload: []byte("c")}, Place{Offset: 2, Repeats: 1}},
		{packet.Segment{Seq: 10, Payload: []byte("m")}, Place{Offset: 12, Missing: 4}},
		{packet.Segment{Seq: 1 << 30, Payload: []byte("other")}, Place{Joined: true}}, // the ports are used again
		{packet.Segment{Seq: 1<<30 + 5, Payload: []byte("more")}, Place{Offset: 5, Joined: true}},
	} {
		s := &step.segment
		s.Src, s.Dst, s.Interface = phone, server, &capture.Interface{}
		if got := a.Place(s); got != step.want {
			t.Errorf("%q at %d: %+v, want %+v", s.Payload, s.Seq, got, step.want)
		}
		a.Segment(s)
	}
}

// ignore is a Receiver that ignores everything.
type ignore struct{}

func (ignore) Data(*Conn, Side, []byte, uint32, *Mark) int64   { return 0 }
func (ignore) Gap(*Conn, Side, uint32, int, bool, *Mark) int64 { return 0 }
func (ignore) End(*Conn, Side, End, *Mark)                     {}

package live

import (
	"fmt"
	"testing"
	"time"

	"actionurl/capture"
)

// A script is a tap whose blocks are written down as the times of their frames,
// in milliseconds.
type script struct {
	blocks [][]int
	freed  int
	lost   Stats // since the last count
}

func (s *script) read(frames []capture.Frame) []capture.Frame {
	if len(s.blocks) == 0 {
		return frames
	}
	for _, ms := range s.blocks[0] {
		frames = append(frames, capture.Frame{Time: at(ms).UnixNano()})
	}
	s.blocks = s.blocks[1:]
	return frames
}

func (s *script) free(n int) { s.freed += n }
func (s *script) count(to *Stats) {
	to.Dropped += s.lost.Dropped
	to.Freezes += s.lost.Freezes
	s.lost = Stats{}
}

// at is a time some milliseconds after a start.
func at(ms int) time.Time { return time.Unix(1e9, 0).Add(time.Duration(ms) * time.Millisecond) }

// What was lost between two looks is a gap between their times.
func TestGap(t *testing.T) {
	tap := new(script)
	p := new(port)
	p.queues = []*queue{{tap: tap, port: p}}
	s := &Source{ports: []*port{p}, counted: at(0)}
	var got []string
	for i, lost := range []Stats{{}, {Dropped: 5}, {}, {Freezes: 1}, {Dropped: 2, Freezes: 1}} {
		tap.lost = lost
		var b capture.Batch
		s.gap(&b, at(10*(i+1)))
		for _, g := range b.Gaps {
			got = append(got, fmt.Sprintf("%d-%d: %d", (g.From-at(0).UnixNano())/1e6, (g.To-at(0).UnixNano())/1e6, g.Frames))
		}
	}
	if want := "[10-20: 5 30-40: 0 40-50: 2]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestMerge(t *testing.T) {
	surely := int(delay / time.Millisecond)
	type blocks [][]int
	for _, test := range []struct {
		what string
		taps []blocks
		now  int
		stop int
		want string // of each call, until nothing comes
	}{
		{"one tap: nothing is waited for", []blocks{{{1, 2}, {3}}}, 3, 0, "[1 2 3]"},
		{"two taps", []blocks{{{1, 4}, {6}}, {{2, 3}, {5}}}, 1000, 0, "[1 2 3 4 5 6]"},
		{"one tap is behind: what it may still have comes first", []blocks{{{1, 4}}, {{2}}}, surely + 3, 0, "[1 2]"},
		{"until it is sure that it has none", []blocks{{{1, 4}}, {{2}}}, surely + 4, 0, "[1 2 4]"},
		{"one tap has nothing", []blocks{{{10}}, {}}, 10 + surely - 1, 0, ""},
		{"one tap has had nothing for long enough", []blocks{{{10}}, {}}, 10 + surely, 0, "[10]"},
		{"the same time", []blocks{{{5, 5}}, {{5}}}, 1000, 0, "[5 5 5]"},
		{"the clock was set back", []blocks{{{9000, 9001, 3}}, {}}, 10, 0, "[9000 9001 3]"},
		{"three taps", []blocks{{{7, 8}}, {{1, 9}}, {{4}}}, 1000, 0, "[1 4 7 8 9]"},
		{"what came after the stop", []blocks{{{1, 2, 3}}, {{2, 4}}}, 1000, 2, "[1 2 2]"},
		{"what came after the stop, of one tap", []blocks{{{1, 2, 3}}}, 1000, 2, "[1 2]"},
	} {
		s := new(Source)
		var taps []*script
		for _, blocks := range test.taps {
			taps = append(taps, &script{blocks: blocks})
		}
		p := new(port)
		for _, tap := range taps {
			p.queues = append(p.queues, &queue{tap: tap, port: p})
		}
		s.ports = []*port{p}
		var stop *time.Time
		if test.stop > 0 {
			after := at(test.stop)
			stop = &after
		}
		var b capture.Batch
		s.merge(&b, at(test.now), stop)
		var got []int64
		for i, f := range b.Frames {
			got = append(got, (f.Time-at(0).UnixNano())/1e6)
			if f.Number != i+1 {
				t.Errorf("%s: number %d, want %d", test.what, f.Number, i+1)
			}
		}
		if fmt.Sprint(got) != test.want && (len(got) > 0 || test.want != "") {
			t.Errorf("%s: %v, want %s", test.what, got, test.want)
		}
	}
}

// A batch is bounded, and no block is given back while a frame of it is in use.
func TestMergeIsBounded(t *testing.T) {
	tap := &script{}
	for range 4 {
		tap.blocks = append(tap.blocks, make([]int, batchFrames-1))
	}
	p := new(port)
	p.queues = []*queue{{tap: tap, port: p}}
	s := &Source{ports: []*port{p}}
	var got []string
	var b capture.Batch
	for {
		b.Reset()
		s.merge(&b, at(0), nil)
		if len(b.Frames) == 0 {
			break
		}
		got = append(got, fmt.Sprintf("%d:%d", len(b.Frames), tap.freed))
	}
	// The first batch has all of the first block and a frame of the second.
	if want := "[4096:0 4096:1 4096:2 4092:3]"; fmt.Sprint(got) != want || tap.freed != 4 {
		t.Errorf("frames and blocks given back before: %v, and %d at the end; want %s and 4", got, tap.freed, want)
	}
}

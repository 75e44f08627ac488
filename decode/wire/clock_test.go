package wire

import (
	"testing"
	"time"
)

const (
	hour  = int64(time.Hour)
	start = 1772438400 * second
)

// Frames that agree move the time on; one that does not is left out.
func TestClock(t *testing.T) {
	const years = 29 * 365 * 24 * hour
	tests := []struct {
		name   string
		frames []int64 // times after the start
		now    int64   // after it
		strays int
		back   int
	}{
		{"frames in order", []int64{0, 1, second, 2 * second}, 2 * second, 0, 0},
		{"frames in disorder", []int64{0, second, 0, 2 * second, second}, 2 * second, 0, 0},
		{"a frame an hour ahead", []int64{0, second, hour, second + 1}, second + 1, 1, 0},
		{"a frame 29 years ahead", []int64{0, second, years, second + 1, years, second + 2}, second + 2, 2, 0},
		{"a frame 29 years ahead, the last", []int64{0, second, years}, second, 0, 0},
		{"the first frame 29 years ahead", []int64{years, 0, 1, 2, 3, 4}, 4, 0, 1},
		{"a frame without a time", []int64{0, second, -start, second + 1}, second + 1, 0, 0},
		{"a frame an hour ahead and one an hour behind", []int64{0, second, hour, -hour, second + 1}, second + 1, 2, 0},
		{"silence", []int64{0, second, hour, hour + 1}, hour + 1, 0, 0},
		{"frames that are far apart", []int64{0, hour, 2 * hour, 3 * hour}, 2 * hour, 0, 0},
		{"silence, and a frame ahead after it", []int64{0, hour, hour + 1, 3 * hour, hour + 2}, hour + 2, 1, 0},
		{"a step ahead", []int64{0, 1, 2, hour, hour + 1, hour + 2}, hour + 2, 0, 0},
		{"a step back", []int64{0, 1, 2, -hour, 1 - hour, 2 - hour, 3 - hour, 4 - hour}, 4 - hour, 0, 1},
		{"a step back, with few frames", []int64{0, 1, 2, -hour, 60*second - hour, 120*second - hour, 180*second - hour}, 180*second - hour, 0, 1},
		{"two clocks, in turn", []int64{0, hour, 1, hour, 2, hour, 3, hour, 4, hour, 5}, 5, 5, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var c clock
			back := 0
			reached := int64(0)
			for _, at := range test.frames {
				if c.frame(start + at) {
					back++
				}
				if r := c.reached(); r < reached {
					t.Errorf("the time without steps goes back by %v", time.Duration(reached-r))
				}
				reached = c.reached()
			}
			if got := c.now - start; got != test.now || c.strays != test.strays || back != test.back {
				t.Errorf("now %v, %d strays, %d steps back; want %v, %d, %d", time.Duration(got), c.strays, back, time.Duration(test.now), test.strays, test.back)
			}
		})
	}
}

// A wait that a leap comes into goes on after it for its time.
func TestClockOver(t *testing.T) {
	const wait = 10 * second
	type moment struct {
		at   int64
		over bool
	}
	tests := []struct {
		name  string
		then  []moment
		ticks bool
	}{
		{"no leap", []moment{{2 * second, false}, {4 * second, false}, {6 * second, false}, {8 * second, false}, {10 * second, false}, {10*second + 1, true}}, false},
		{"a leap", []moment{{hour, false}, {hour + 1, false}, {hour + second, false}, {hour + 3*second, false}, {hour + 5*second, false}, {hour + 7*second, false}, {hour + 9*second, false}, {hour + 10*second, false}, {hour + 10*second + 1, true}}, false},
		{"two leaps", []moment{{hour, false}, {hour + 1, false}, {2 * hour, false}, {2*hour + 1, true}}, false},
		{"one frame ahead", []moment{{hour, false}, {second, false}, {hour, false}, {2 * second, false}}, false},
		{"a step back", []moment{{-hour, false}, {1 - hour, false}, {2 - hour, false}, {3 - hour, false}, {2*second - hour, false}, {4*second - hour, false}, {6*second - hour, false}, {8*second - hour, false}, {10*second - hour, false}, {11*second - hour, true}}, false},
		{"ticks", []moment{{10 * second, false}, {11 * second, true}}, true},
		{"ticks over a step", []moment{{hour, false}, {hour + second, false}, {hour + 9*second, false}, {hour + 11*second, true}}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var c clock
			c.frame(start)
			since := c.reached()
			for _, m := range test.then {
				if test.ticks {
					c.tick(start + m.at)
				} else {
					c.frame(start + m.at)
				}
				if got := c.over(since, wait); got != m.over {
					t.Errorf("over %v after %v", got, time.Duration(m.at))
				}
			}
		})
	}
}

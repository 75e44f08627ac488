package decode

import (
	"fmt"
	"testing"

	"actionurl/capture"
	"actionurl/decode/timeline"
)

// What was lost is named with its number, and nothing else is.
func TestLosses(t *testing.T) {
	var s Summary
	s.UnknownLink, s.Links = 3, []capture.LinkType{20, 147}
	s.Stream.Gaps, s.Stream.GapBytes = 1, 220
	s.Calls = timeline.Counts{Cut: 2}
	if got, want := fmt.Sprint(s.Losses(false)), "[3 frames of unknown link types (20, 147) 1 gap in TCP streams (220 bytes missing)]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(s.Losses(true)[2:]), "[2 calls shown before the end: too many open]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

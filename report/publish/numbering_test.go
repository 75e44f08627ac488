package publish

import (
	"fmt"
	"testing"
)

// Numbers that come late are not missing; those that do not come are, once, as soon
// as that is certain.
func TestNumbering(t *testing.T) {
	for _, test := range []struct {
		lines   []int64 // of run 1; one below 0 is a heartbeat
		missing int64
		holes   string
	}{
		{[]int64{1, 2, 3}, 0, "[]"},
		{[]int64{7, 8}, 0, "[]"}, // it joins in the middle
		{[]int64{1, 4}, 0, "[{2 3 0 1}]"},
		{[]int64{1, 4, -4}, 2, "[]"},
		{[]int64{1, -4, 5}, 3, "[]"},
		{[]int64{1, 4, 2, 3}, 0, "[]"},
		{[]int64{1, 4, 3, 2, -4}, 0, "[]"},
		{[]int64{1, 6, 4}, 0, "[{2 3 0 1} {5 5 0 1}]"},
		{[]int64{1, 6, 4, -6}, 3, "[]"},
	} {
		var n numbering
		var missing int64
		for _, line := range test.lines {
			if line < 0 {
				missing += n.heartbeat(1, -line)
			} else {
				missing += n.take(1, line, 0)
			}
		}
		if missing != test.missing || fmt.Sprint(n.holes) != test.holes {
			t.Errorf("%v: %d missing and %v, want %d and %s", test.lines, missing, n.holes, test.missing, test.holes)
		}
	}
	var n numbering
	n.take(1, 1, 0)
	for line := int64(3); line < 3+window; line++ {
		if got := n.take(1, line, 0); got != 0 {
			t.Fatalf("line 2 is missing at line %d", line)
		}
	}
	if got := n.take(1, 3+window, 0); got != 1 {
		t.Errorf("%d are missing after a window of others, want 1", got)
	}
	n.take(1, 1000, 0)
	if got := n.take(2, 1, 0); got != 1000-(3+window)-1 || n.run != 2 || n.top != 1 {
		t.Errorf("%d are missing of the run before", got)
	}
}

// Ids are known as long as there is room for them.
func TestRecent(t *testing.T) {
	var r recent
	for i := range maxRecent + 1 {
		if r.add(fmt.Sprint(i)) {
			t.Fatalf("%d is known before it came", i)
		}
	}
	if !r.add(fmt.Sprint(maxRecent)) || !r.add("1") || r.add("0") || r.add("") {
		t.Error("the wrong ids are known")
	}
}

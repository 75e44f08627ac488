package publish

import (
	"fmt"
	"strings"
	"testing"

	"actionurl/decode/httpwire"
)

func TestClocksBound(t *testing.T) {
	var c clocks
	x := new(httpwire.Exchange)
	compare := func(sensor string, at int64, target string) bool {
		x.Time, x.Target = at, target
		_, off := c.compare(sensor, x)
		return off != 0
	}
	for i := range maxSeen + 5 {
		compare("a", 0, fmt.Sprint(i))
	}
	if len(c.seen) != maxSeen || len(c.order) != maxSeen {
		t.Errorf("%d requests are compared", len(c.seen))
	}
	long := strings.Repeat("x", maxTarget+1)
	if compare("a", 0, long) || compare("b", 5e9, long) {
		t.Error("a long target is compared")
	}
	compare("a", 0, "far")
	if compare("b", int64(maxApart)+1, "far") {
		t.Error("a request of long ago is compared")
	}
	for i := range maxPairs + 5 {
		compare("a", 0, "same")
		if compare(fmt.Sprint(i), 5e9, "same") != (i < maxPairs) {
			t.Errorf("pair %d", i)
		}
	}
	if len(c.reported) != maxPairs {
		t.Errorf("%d pairs of sensors", len(c.reported))
	}
}

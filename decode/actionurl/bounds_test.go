package actionurl

import (
	"fmt"
	"hash/maphash"
	"strings"
	"testing"

	"actionurl/decode/packet"
)

func TestCallsBound(t *testing.T) {
	c := calls{seed: maphash.MakeSeed()}
	e := &Event{Kind: Lookup("incoming_call")}
	for i := range 2 * maxCalls {
		e.PhoneMAC = packet.MAC{0, 0x0b, 0x82, byte(i >> 16), byte(i >> 8), byte(i)}
		e.CallID = fmt.Sprint(i)
		c.happened(e)
		if n := len(c.stages) + len(c.switches); n > maxCalls+1 {
			t.Fatalf("%d calls and phones are followed", n)
		}
	}
}

// Templates whose comparison takes too long are different unless they are equal.
func TestCellsBound(t *testing.T) {
	long := strings.Repeat("$remote/", 2100/2)
	var o Overlapper
	all := templates(t, "hold_call=/"+long, "resume_call=/"+long+"$local", "on_hook=/"+long)
	if _, ok := o.Overlap(all[0], all[1]); ok || cap(o.from) > maxCells {
		t.Errorf("overlap: %v, in %d steps", ok, cap(o.from))
	}
	if _, ok := o.Overlap(all[0], all[2]); !ok {
		t.Error("equal templates do not overlap")
	}
}

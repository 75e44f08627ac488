package timeline

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"actionurl/decode/packet"
)

func TestStepsBound(t *testing.T) {
	tl := follow(Config{})
	x, e := event(t, []string{"0", "hold_call", "id=1@x"})
	var call *Call
	for range maxSteps + 5 {
		_, call = tl.Add(x, e)
	}
	if len(call.Steps) != maxSteps {
		t.Errorf("%d events of a call are kept", len(call.Steps))
	}
}

func TestGroupsBound(t *testing.T) {
	tl := follow(Config{Group: ByCallID})
	x, e := event(t, []string{"0", "incoming_call"})
	for i := range maxGroups + 5 {
		e.CallID = fmt.Sprintf("%d@x", i)
		tl.Add(x, e)
	}
	if len(tl.groups) != maxGroups {
		t.Errorf("%d groups", len(tl.groups))
	}
}

// Texts that phones share are kept once, up to a number; others, and the further
// addresses of phones, up to a size.
func TestTextsBound(t *testing.T) {
	tl := follow(Config{})
	x, e := event(t, []string{"0", "registered"})
	long := strings.Repeat("x", maxText-8)
	for i := range maxCommon + maxOwn/maxText + 100 {
		e.PhoneMAC = packet.MAC{0x00, 0x0b, 0x82, byte(i >> 16), byte(i >> 8), byte(i)}
		e.PhoneProduct = fmt.Sprintf("%08d", i) + long
		tl.Add(x, e)
	}
	full := tl.own
	if len(tl.common) != maxCommon || full > maxOwn || full < maxOwn-maxText {
		t.Errorf("%d texts in common, %d bytes of others", len(tl.common), full)
	}
	for i := range 2 * maxText {
		e.PhoneIP = netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		p, _ := tl.Add(x, e)
		if tl.own > maxOwn || len(p.Addresses) > maxAddresses {
			t.Fatalf("%d bytes with %d addresses", tl.own, len(p.Addresses))
		}
	}
}

// Whatever lengths the texts of calls have, no more than a third as much memory is
// left over beside them.
func TestTextsOfCallsBound(t *testing.T) {
	for _, lengths := range [][]int{{256, 1}, {171}, {129}, {128, 128, 127, 2}, {103}, {1}} {
		tl := follow(Config{})
		kept := make([]string, 0, maxLong)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		text := strings.Repeat("x", maxText)
		for i := 0; tl.long < maxLong/4; i++ {
			kept = append(kept, tl.copyText(new(Call), text[:lengths[i%len(lengths)]]))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int(after.HeapAlloc) - int(before.HeapAlloc); grown > tl.long*4/3+64<<10 {
			t.Errorf("texts of %v bytes: %d KiB for %d", lengths, grown>>10, tl.long>>10)
		}
		runtime.KeepAlive(kept)
	}
}

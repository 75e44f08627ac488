package timeline

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/decode/packet"
	"actionurl/decode/phone"
)

// Calls come in the order of their first events, and live as they are closed.
func TestTurns(t *testing.T) {
	const script = `
		0  incoming_call id=long@x
		1  established_call id=long@x
		2  incoming_call id=short@x
		3  missed_call id=short@x
		20 dnd_on
		30 incoming_call id=last@x
		40 terminated_call id=long@x
		60 dnd_off`
	for _, test := range []struct {
		live bool
		want []string // by the event that handed it out
	}{
		{false, []string{"long@x at 60", "short@x at 60", "last@x at the end"}},
		{true, []string{"short@x at 20", "long@x at 60", "last@x at the end"}},
	} {
		var got []string
		at := ""
		tl := follow(Config{Live: test.live, Closed: func(c *Call) { got = append(got, c.ID+" at "+at) }})
		for line := range strings.Lines(script) {
			if words := strings.Fields(line); len(words) > 0 {
				at = words[0]
				play(t, tl, line)
			}
		}
		at = "the end"
		tl.Flush()
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("live %t: want -, got +:\n%s", test.live, diff)
		}
	}
}

// A call is handed out when the time for what may be told late is over, though
// no further event comes.
func TestTick(t *testing.T) {
	n := 0
	tl := follow(Config{Closed: func(*Call) { n++ }})
	play(t, tl, "0 missed_call id=1@x")
	tl.Tick(start.UnixNano() + repeating)
	if n != 0 {
		t.Error("it was handed out too early")
	}
	tl.Tick(start.UnixNano() + repeating + 1)
	if n != 1 {
		t.Error("it was not handed out")
	}
}

// Of more calls at a time than are kept, the oldest is cut, and told so; what
// comes of it then is of another one.
func TestTooManyCalls(t *testing.T) {
	for live, most := range map[bool]int{false: maxCalls, true: maxLive} {
		states := map[State]int{}
		tl := follow(Config{Live: live, Closed: func(c *Call) { states[c.State()]++ }})
		x, e := event(t, []string{"0", "established_call"})
		for i := range most + 10 {
			e.PhoneMAC = packet.MAC{0x00, 0x0b, 0x82, byte(i >> 16), byte(i >> 8), byte(i)}
			e.CallID = fmt.Sprint(i)
			tl.Add(x, e)
		}
		if diff := cmp.Diff(map[State]int{Unfinished: 10}, states); diff != "" {
			t.Errorf("live: %v: want -, got +:\n%s", live, diff)
		}
		tl.Flush()
		if states[Active] != most || tl.Counts().Cut != 10 {
			t.Errorf("live: %v: states at the end: %v; cut %d", live, states, tl.Counts().Cut)
		}
	}
}

// Calls that are over, but wait behind one that is not, make room without
// being cut.
func TestTooManyWait(t *testing.T) {
	states := map[State]int{}
	tl := follow(Config{Closed: func(c *Call) { states[c.State()]++ }})
	play(t, tl, "0 established_call id=long@x")
	x, e := event(t, []string{"0", "missed_call", "mac=00:0b:82:00:00:01"})
	for i := range maxCalls + 100 {
		e.CallID = fmt.Sprint(i)
		x.Time += 1e9
		tl.Add(x, e)
	}
	if states[Missed] == 0 || len(states) != 1 || tl.Counts().Cut != 0 {
		t.Errorf("states: %v; cut %d", states, tl.Counts().Cut)
	}
	tl.Flush()
	if states[Missed] != maxCalls+100 || states[Active] != 1 {
		t.Errorf("states at the end: %v", states)
	}
}

// One phone has no more calls at a time than it may, as any of its events is
// held against each of them.
func TestTooManyCallsOfAPhone(t *testing.T) {
	n := 0
	tl := follow(Config{Closed: func(*Call) { n++ }, Live: true})
	x, e := event(t, []string{"0", "established_call"})
	for i := range 10 * maxOpen {
		e.CallID = fmt.Sprint(i)
		_, c := tl.Add(x, e)
		if len(c.Phone.open) > maxOpen {
			t.Fatalf("%d calls are open", len(c.Phone.open))
		}
	}
	tl.Tick(x.Time)
	if n != 9*maxOpen || tl.Counts().Cut != n {
		t.Errorf("%d calls were handed out, %d cut", n, tl.Counts().Cut)
	}
}

func TestTooManyPhones(t *testing.T) {
	tl := follow(Config{})
	x, e := event(t, []string{"0", "registered"})
	for i := range phone.MaxPhones + 10 {
		e.PhoneMAC = packet.MAC{0x00, 0x0b, 0x82, byte(i >> 16), byte(i >> 8), byte(i)}
		if p, _ := tl.Add(x, e); (p == nil) != (i >= phone.MaxPhones) {
			t.Fatalf("phone %d: %v", i, p)
		}
	}
	if len(tl.Phones()) != phone.MaxPhones || tl.Counts().Unnamed != 10 {
		t.Errorf("%d phones, %d events of others", len(tl.Phones()), tl.Counts().Unnamed)
	}
	play(t, tl, "0 dnd_on mac=00:0b:82:00:00:00") // one that is known goes on
	if tl.Counts().Unnamed != 10 {
		t.Error("an event of a phone that is kept was not counted for it")
	}
}

// Nothing that a phone says makes what is kept of it large.
func TestLongTexts(t *testing.T) {
	long := strings.Repeat("x", 60_000)
	tl := follow(Config{})
	for i := range 2 * maxAccounts {
		play(t, tl, fmt.Sprintf("0 incoming_call id=%d%s local=%d%s remote=%s display_remote=y%s ip=10.0.0.%d", i, long, i, long, long, long, i))
		play(t, tl, fmt.Sprintf("0 dnd_on active_user=%d", i))
	}
	p := tl.Phones()[0]
	if len(p.Addresses) != maxAddresses || len(p.Accounts) != maxAccounts {
		t.Errorf("%d addresses, %d accounts", len(p.Addresses), len(p.Accounts))
	}
	for c := tl.oldest; c != nil; c = c.younger {
		if len(c.ID) != maxText || len(c.Local) != maxText || len(c.Remote) != maxText || len(c.DisplayRemote) != maxText {
			t.Errorf("texts of %d, %d, %d and %d bytes", len(c.ID), len(c.Local), len(c.Remote), len(c.DisplayRemote))
		}
	}
	play(t, tl, "0 established_call id=1@x")
	for range 10 * maxSteps {
		play(t, tl, "0 hold_call id=1@x")
	}
	tl.Flush()
	if tl.long != 0 || tl.calls != 0 {
		t.Errorf("%d bytes of %d calls are left", tl.long, tl.calls)
	}
}

// The texts and events of all calls have a bound of their own.
func TestTooLong(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	tl := follow(Config{})
	x, e := event(t, []string{"0", "established_call"})
	long := strings.Repeat("x", maxText-10)
	for i := range maxCalls {
		e.PhoneMAC = packet.MAC{0x00, 0x0b, 0x82, byte(i >> 16), byte(i >> 8), byte(i)}
		e.CallID = fmt.Sprintf("%d%s", i, long)
		for range 20 * roomSteps {
			tl.Add(x, e)
		}
		if tl.long > maxLong+10*maxText {
			t.Fatalf("%d bytes are kept", tl.long)
		}
	}
	if tl.Counts().Cut == 0 {
		t.Error("no call was cut")
	}
}

// What 100,000 phones with a call each at a time take: a million calls take no
// more than the first 200,000, as older ones are handed out.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const phones, calls, bound = 100_000, 200_000, 96 << 20
	var made, after runtime.MemStats
	site := newSite(phones)
	runtime.GC()
	runtime.ReadMemStats(&made)
	handed := 0
	tl := follow(Config{Closed: func(*Call) { handed++ }})
	most := uint64(0)
	for i := 0; site.calls < calls; i++ {
		tl.Add(site.next(1e5))
		if i%100_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&after)
			most = max(most, after.HeapAlloc)
		}
	}
	kept := most - made.HeapAlloc
	t.Logf("%d phones, %d calls handed out, %d cut: at most %d MiB", len(tl.Phones()), handed, tl.Counts().Cut, kept>>20)
	if kept > bound {
		t.Errorf("%d MiB are kept, more than %d", kept>>20, bound>>20)
	}
	if tl.Flush(); handed != site.calls && tl.Counts().Cut == 0 {
		t.Errorf("%d calls were handed out, not %d", handed, site.calls)
	}
}

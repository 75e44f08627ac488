package timeline

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"actionurl/capture"
	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
)

// TestAnyEvents adds events in any order, at times that go back, too, of phones
// that come and go: each call is handed out once, with all of its events, and
// nothing is left.
func TestAnyEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	kinds := actionurl.Kinds()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		pick := func(of ...string) string { return of[random.IntN(len(of))] }
		config := Config{Live: seed%2 == 0, Group: Grouping(pick("", "call-id", "number"))}
		handed, steps := 0, 0
		config.Closed = func(c *Call) {
			handed++
			steps += len(c.Steps)
			if len(c.Steps) == 0 || c.State() == "" || c.Phone == nil || (c.Group > 0) != (config.Group != "") {
				t.Fatalf("seed %d: %+v", seed, c)
			}
			ring, _ := c.Ring()
			talk, _ := c.Talk()
			hold, _ := c.Hold()
			if ring < 0 || talk < 0 || hold < 0 {
				t.Fatalf("seed %d: rings %v, talks %v, held %v", seed, ring, talk, hold)
			}
		}
		macs := []packet.MAC{{}, {0, 0x0b, 0x82, 0, 0, 1}, {0, 0x0b, 0x82, 0, 0, 2}, {0, 4, 0x13, 0, 0, 1}}
		tl := follow(config)
		added, begun := 0, 0
		x := &httpwire.Exchange{Status: 200, Origin: packet.Origin{Interface: &capture.Interface{}}}
		x.Time = start.UnixNano()
		for range 2000 {
			x.Time += int64(random.ExpFloat64()*3e9) - 5e8
			if random.IntN(200) == 0 {
				x.Time += int64(random.IntN(1000)) * 1e9
			}
			e := &actionurl.Event{
				Kind:     kinds[random.IntN(len(kinds))],
				PhoneMAC: macs[random.IntN(len(macs))],
				PhoneIP:  netip.MustParseAddr(pick("10.0.0.1", "10.0.0.2")),
				CallID:   pick("", "", "1@x", "2@x", "3"),
			}
			switch random.IntN(4) {
			case 0:
				e.Kind = actionurl.Lookup(pick("incoming_call", "outgoing_call", "established_call", "terminated_call", "hold_call", "resume_call"))
			case 1:
				e.Kind = actionurl.Unknown
				for range random.IntN(3) {
					e.Candidates = append(e.Candidates, kinds[random.IntN(len(kinds))])
				}
			}
			for _, name := range []string{"local", "remote", "display_remote", "duration", "calldirection", "active_user"} {
				if value := pick("", "", "5001", "5002", "in"); value != "" {
					e.Vars = append(e.Vars, actionurl.VarOf(name, value))
				}
			}
			if _, c := tl.Add(x, e); c != nil {
				added++
			}
		}
		tl.Flush()
		for _, p := range tl.Phones() {
			begun += p.Calls
			if len(p.open) != 0 {
				t.Errorf("seed %d: %d calls of %s are open", seed, len(p.open), p.MAC)
			}
		}
		if handed != begun || steps != added {
			t.Errorf("seed %d: %d calls of %d handed out, with %d events of %d", seed, handed, begun, steps, added)
		}
		if tl.calls != 0 || tl.long != 0 || tl.oldest != nil || tl.youngest != nil {
			t.Errorf("seed %d: %d calls and %d bytes are left", seed, tl.calls, tl.long)
		}
		for _, l := range []*lane{&tl.over, &tl.ringing, &tl.talking, &tl.waiting} {
			if l.first != nil || l.last != nil {
				t.Errorf("seed %d: a lane is not empty", seed)
			}
		}
	}
}

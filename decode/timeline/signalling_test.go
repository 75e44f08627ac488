package timeline

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
)

// A call is filled from its SIP with what no event told, and nothing else.
func TestFilled(t *testing.T) {
	at := func(seconds int64) int64 { return start.UnixNano() + seconds*1e9 }
	whole := sip.Call{
		ID: "3f1c6a2e@pbx", Direction: actionurl.Incoming, State: sip.Over,
		Local: sip.Party{User: "101"}, Remote: sip.Party{User: "5003", Name: "Jane"},
		Started: at(0), Answer: at(4), Ended: at(30), Held: 7e9, Holds: 1, Referred: 1,
	}
	with := func(change func(*sip.Call)) *sip.Call {
		c := whole
		change(&c)
		return &c
	}
	for _, test := range []struct {
		what   string
		script string
		sip    *sip.Call
		want   string
	}{
		{"no SIP", "0 incoming_call remote=5003", nil,
			"incoming ringing >5003 id  holds 0 transfers 0: "},
		{"the answer alone was announced", "4 established_call remote=5003", &whole,
			"incoming ended 101>5003 Jane id 3f1c6a2e@pbx ring 4s talk 26s hold 7s holds 1 transfers 1: direction local display_remote state ring_s talk_s hold_s holds call_id transfers"},
		{"all was announced", "0 incoming_call local=101 remote=5003 display_remote=Jane id=3f1c6a2e@pbx\n5 established_call id=3f1c6a2e@pbx\n10 hold_call id=3f1c6a2e@pbx\n12 resume_call id=3f1c6a2e@pbx\n13 blind_transfer id=3f1c6a2e@pbx\n29 terminated_call id=3f1c6a2e@pbx", &whole,
			"incoming ended 101>5003 Jane id 3f1c6a2e@pbx ring 5s talk 24s hold 2s holds 1 transfers 1: "},
		{"the end is missing", "0 incoming_call remote=5003\n4 established_call remote=5003", with(func(c *sip.Call) { c.Holds, c.Held, c.Referred = 0, 0, 0 }),
			"incoming ended 101>5003 Jane id 3f1c6a2e@pbx ring 4s talk 26s holds 0 transfers 0: local display_remote state talk_s call_id"},
		{"canceled", "0 incoming_call remote=5003", with(func(c *sip.Call) {
			*c = sip.Call{Direction: actionurl.Incoming, State: sip.Canceled, Started: at(0), Ended: at(9)}
		}),
			"incoming missed >5003 id  ring 9s holds 0 transfers 0: state ring_s"},
		{"taken by another phone", "0 incoming_call remote=5003", with(func(c *sip.Call) {
			*c = sip.Call{Direction: actionurl.Incoming, State: sip.Elsewhere, Started: at(0), Ended: at(9)}
		}),
			"incoming ended >5003 id  ring 9s holds 0 transfers 0: state ring_s"},
		{"rejected", "0 incoming_call remote=5003", with(func(c *sip.Call) {
			*c = sip.Call{Direction: actionurl.Incoming, State: sip.Rejected, Started: at(0), Ended: at(9)}
		}),
			"incoming rejected >5003 id  ring 9s holds 0 transfers 0: state ring_s"},
		{"called, and given up", "0 outgoing_call remote=5003", with(func(c *sip.Call) {
			*c = sip.Call{Direction: actionurl.Outgoing, State: sip.Canceled, Started: at(0), Ended: at(9)}
		}),
			"outgoing ended >5003 id  ring 9s holds 0 transfers 0: state ring_s"},
		{"on hold still", "0 incoming_call remote=5003", with(func(c *sip.Call) {
			*c = sip.Call{Direction: actionurl.Incoming, State: sip.OnHold, Started: at(0), Answer: at(2), Holds: 1}
		}),
			"incoming held >5003 id  ring 2s hold 0s holds 1 transfers 0: state ring_s hold_s holds"},
		{"what was announced stays, though SIP says otherwise", "0 incoming_call remote=7777 id=x@pbx\n3 missed_call id=x@pbx", &whole,
			"incoming missed 101>7777 Jane id x@pbx ring 3s hold 7s holds 1 transfers 1: local display_remote hold_s holds transfers"},
	} {
		var got string
		tl := follow(Config{Closed: func(c *Call) {
			b := c.Direction.String() + " " + string(c.State()) + " " + c.Local + ">" + strings.TrimSpace(c.Remote+" "+c.DisplayRemote) + " id " + c.ID
			if d, ok := c.Ring(); ok {
				b += " ring " + d.String()
			}
			if d, ok := c.Talk(); ok {
				b += " talk " + d.String()
			}
			if d, ok := c.Hold(); ok {
				b += " hold " + d.String()
			}
			got = b + " holds " + string(rune('0'+c.Holds)) + " transfers " + string(rune('0'+c.Transfers)) + ": " + strings.Join(partNames(c.FromSIP), " ")
		}})
		for line := range strings.Lines(test.script) {
			x, e := event(t, strings.Fields(line))
			if _, c := tl.Add(x, e); c != nil {
				c.SIP = test.sip
			}
		}
		tl.Flush()
		if diff := cmp.Diff(strings.Fields(test.want), strings.Fields(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
		if tl.long != 0 {
			t.Errorf("%s: %d bytes of text are left", test.what, tl.long)
		}
	}
}

// What SIP tells behind the time when nothing can change a call any more does not
// count, though the call waits for its turn.
func TestSignallingEnds(t *testing.T) {
	var got []string
	tl := follow(Config{Closed: func(c *Call) { got = append(got, c.Remote+" "+c.DisplayRemote) }})
	_, waited := tl.Add(event(t, strings.Fields("0 incoming_call local=1 remote=5003")))
	_, c := tl.Add(event(t, strings.Fields("1 incoming_call local=1 remote=5004")))
	waited.SIP, c.SIP = &sip.Call{}, &sip.Call{}
	early, late := waited.SIP, c.SIP
	tl.Add(event(t, strings.Fields("2 terminated_call local=1 remote=5004")))
	tl.Tick(start.UnixNano() + 60e9)
	early.Remote.Name, late.Remote.Name = "Early", "Late"
	tl.Flush()
	if want := []string{"5003 Early", "5004 "}; cmp.Diff(want, got) != "" {
		t.Errorf("handed out %q, want %q", got, want)
	}
}

// SIP that was saved is that of an open call of its phone, as it is known by then.
func TestSignalled(t *testing.T) {
	at := start.UnixNano()
	for _, test := range []struct {
		what, mac, addr string
		first           int64
		want            string
	}{
		{"by its MAC address", "00:0b:82:12:34:32", "192.168.40.99", at, "Jane"},
		{"another phone", "00:0b:82:12:34:33", "192.168.40.50", at, ""},
		{"no phone", "", "192.168.40.50", at, ""},
		{"another time", "00:0b:82:12:34:32", "192.168.40.50", at + 1, ""},
	} {
		got := "not handed out"
		tl := follow(Config{Closed: func(c *Call) { got = c.DisplayRemote }})
		x, e := event(t, strings.Fields("0 incoming_call remote=5003"))
		e.PhoneMAC = packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x32}
		tl.Add(x, e)
		mac, _ := packet.ParseMAC(test.mac)
		tl.Signalled(tl.phones.Find(mac, netip.MustParseAddr(test.addr)), test.first, &sip.Call{Remote: sip.Party{Name: "Jane"}})
		tl.Flush()
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
}

func partNames(parts []Part) []string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = [...]string{"direction", "local", "remote", "display_remote", "state", "ring_s", "talk_s", "hold_s", "holds", "call_id", "transfers"}[p]
	}
	return names
}

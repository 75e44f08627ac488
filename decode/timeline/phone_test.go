package timeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/decode/actionurl"
)

// phones returns what becomes of the phones of a script, a line for each.
func phones(t testing.TB, script string) []string {
	t.Helper()
	tl := follow(Config{})
	play(t, tl, script)
	tl.Flush()
	var lines []string
	for _, p := range tl.Phones() {
		lines = append(lines, phoneLine(p))
	}
	return lines
}

// phoneLine says what is known of a phone: what is not known is left out.
func phoneLine(p *Phone) string {
	var words []string
	word := func(s string) {
		if s != "" {
			words = append(words, s)
		}
	}
	if !p.MAC.IsZero() {
		word(p.MAC.String())
	}
	for _, a := range p.Addresses {
		word(a.String())
	}
	word("by " + string(p.Known))
	word(p.Vendor.Title())
	word(p.Product)
	word(p.Version)
	if p.Accounts != nil {
		word(strings.Join(p.Accounts, "+"))
	}
	for _, s := range []struct {
		what string
		is   actionurl.Position
	}{{"registered", p.Switches[actionurl.Registration]}, {"dnd", p.Switches[actionurl.DND]}, {"forward", p.Switches.Forwarding()}, {"off_hook", p.Switches[actionurl.OffHook]}} {
		switch s.is {
		case actionurl.On:
			word(s.what)
		case actionurl.Off:
			word("not_" + s.what)
		}
	}
	word(fmt.Sprintf("calls=%d events=%d failures=%d", p.Calls, p.Events, p.Failures))
	word(fmt.Sprintf("%g-%g", float64(p.First-start.UnixNano())/1e9, float64(p.Last-start.UnixNano())/1e9))
	return strings.Join(words, " ")
}

const grandstream = "00:0b:82:12:34:32 192.168.40.50 by url Grandstream "

func TestPhones(t *testing.T) {
	for _, test := range []struct {
		what, script string
		want         []string
	}{
		{"registered", "0 registered active_user=5002", []string{grandstream + "5002 registered calls=0 events=1 failures=0 0-0"}},
		{"no longer", "0 registered\n5 unregistered", []string{grandstream + "not_registered calls=0 events=2 failures=0 0-5"}},
		{"in vain", "0 registered\n5 register_failed", []string{grandstream + "not_registered calls=0 events=2 failures=0 0-5"}},
		{"do not disturb", "0 dnd_on", []string{grandstream + "dnd calls=0 events=1 failures=0 0-0"}},
		{"disturb", "0 dnd_on\n1 dnd_off", []string{grandstream + "not_dnd calls=0 events=2 failures=0 0-1"}},
		{"off hook", "0 off_hook", []string{grandstream + "off_hook calls=0 events=1 failures=0 0-0"}},
		{"on hook", "0 off_hook\n1 on_hook", []string{grandstream + "not_off_hook calls=0 events=2 failures=0 0-1"}},
		{"started anew", "0 off_hook\n1 boot_completed", []string{grandstream + "calls=0 events=2 failures=0 0-1"}},
		{"forwarding", "0 forward_on", []string{grandstream + "forward calls=0 events=1 failures=0 0-0"}},
		{"one of two kinds of forwarding", "0 forward_busy_on\n1 forward_always_on\n2 forward_always_off", []string{grandstream + "forward calls=0 events=3 failures=0 0-2"}},
		{"no kind of forwarding", "0 forward_busy_on\n1 forward_no_answer_on\n2 forward_busy_off\n3 forward_no_answer_off", []string{grandstream + "not_forward calls=0 events=4 failures=0 0-3"}},
		{"all kinds at once", "0 forward_busy_on\n1 forward_off", []string{grandstream + "not_forward calls=0 events=2 failures=0 0-1"}},
		{"an ambiguous event", "0 dnd_on|dnd_off", []string{grandstream + "calls=0 events=1 failures=0 0-0"}},
		{"calls, events and failures", "0 incoming_call id=1@x local=5002\n1 established_call id=1@x status=404\n9 outgoing_call id=2@x local=5003 status=0\n10 dnd_on status=204", []string{
			grandstream + "5002+5003 dnd calls=2 events=4 failures=2 0-10"}},
		{"it moves, and comes back", "0 registered\n1 registered ip=192.168.40.51\n2 registered", []string{
			"00:0b:82:12:34:32 192.168.40.51 192.168.40.50 by url Grandstream registered calls=0 events=3 failures=0 0-2"}},
		{"first known by its address", "0 incoming_call mac= remote=5001\n1 established_call remote=5001", []string{
			grandstream + "calls=1 events=2 failures=0 0-1"}},
		{"its address may have been another's", "0 incoming_call mac= remote=5001\n601 registered", []string{
			"192.168.40.50 by address calls=1 events=1 failures=0 0-0",
			grandstream + "registered calls=0 events=1 failures=0 601-601"}},
		{"two phones behind one address", "0 registered\n1 registered mac=00:15:65:00:00:01\n2 dnd_on mac=", []string{
			grandstream + "registered calls=0 events=1 failures=0 0-0",
			"00:15:65:00:00:01 192.168.40.50 by url Yealink registered calls=0 events=1 failures=0 1-1",
			"192.168.40.50 by address dnd calls=0 events=1 failures=0 2-2"}},
		{"Snom's $local is the other side of a call that it began", "0 outgoing_call mac=00:04:13:00:00:01 local=5001 remote=5002", []string{
			"00:04:13:00:00:01 192.168.40.50 by url Snom 5002 calls=1 events=1 failures=0 0-0"}},
		{"and may be that of any event", "0 dnd_on mac=00:04:13:00:00:01 local=5001", []string{
			"00:04:13:00:00:01 192.168.40.50 by url Snom dnd calls=0 events=1 failures=0 0-0"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			if diff := cmp.Diff(test.want, phones(t, test.script)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

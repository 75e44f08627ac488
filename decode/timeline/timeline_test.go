package timeline

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
)

// start is when a script begins.
var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// play adds the events of a script: a line each, with the seconds since the
// start, the slug ("a|b" if it is ambiguous), and variables. The phone is
// 00:0b:82:12:34:32 at 192.168.40.50, unless mac and ip say otherwise, the
// answer 200 unless status does.
func play(t testing.TB, tl *Timeline, script string) {
	t.Helper()
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		x, e := event(t, words)
		tl.Add(x, e)
	}
}

func event(t testing.TB, words []string) (*httpwire.Exchange, *actionurl.Event) {
	t.Helper()
	after, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	x := &httpwire.Exchange{Status: 200}
	x.Time = start.Add(time.Duration(after*1000+0.5) * time.Millisecond).UnixNano()
	e := &actionurl.Event{
		Slug: words[1], PhoneMAC: "00:0b:82:12:34:32", PhoneIP: netip.MustParseAddr("192.168.40.50"), PhoneKnown: actionurl.InURL,
	}
	if strings.Contains(e.Slug, "|") {
		e.Slug, e.Candidates = actionurl.Unknown, strings.Split(e.Slug, "|")
	}
	for _, slug := range append(e.Candidates, e.Slug) {
		if slug != actionurl.Unknown && actionurl.Lookup(slug) == nil {
			t.Fatalf("no event is called %q", slug)
		}
	}
	for _, word := range words[2:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "mac":
			if e.PhoneMAC = value; value == "" {
				e.PhoneKnown = actionurl.InAddress
			}
		case "ip":
			e.PhoneIP = netip.MustParseAddr(value)
		case "agent":
			e.PhoneVendor = value
		case "status":
			x.Status, _ = strconv.Atoi(value)
		case "id":
			e.CallID = value
		default:
			e.Vars = append(e.Vars, actionurl.Var{Name: key, Value: value})
		}
	}
	return x, e
}

// calls returns what becomes of a script, a line for each call.
func calls(t testing.TB, script string) []string {
	t.Helper()
	var lines []string
	tl := New(Config{Closed: func(c *Call) { lines = append(lines, line(c)) }})
	play(t, tl, script)
	tl.Flush()
	return lines
}

// line says what is known of a call: what is not known is left out.
func line(c *Call) string {
	var b strings.Builder
	word := func(s string) {
		if s != "" {
			b.WriteString(s + " ")
		}
	}
	lasting := func(what string, d time.Duration, ok bool) {
		if ok {
			word(what + "=" + strconv.FormatFloat(d.Seconds(), 'g', -1, 64))
		}
	}
	word(c.Direction.String())
	word(string(c.State()))
	d, ok := c.Ring()
	lasting("ring", d, ok)
	d, ok = c.Talk()
	lasting("talk", d, ok)
	d, ok = c.Hold()
	lasting("hold", d, ok)
	if c.Holds > 1 {
		word(fmt.Sprintf("holds=%d", c.Holds))
	}
	if c.Transfers > 0 {
		word(fmt.Sprintf("transfers=%d", c.Transfers))
	}
	if c.Said >= 0 {
		word(fmt.Sprintf("said=%d", c.Said))
	}
	for _, v := range []string{c.Local, c.Remote, c.DisplayRemote} {
		word(v)
	}
	word("[" + c.Key() + "]")
	for _, s := range c.Steps {
		word(strings.TrimSuffix(s.Slug, "_call"))
	}
	return strings.TrimSpace(b.String())
}

func TestCalls(t *testing.T) {
	for _, test := range []struct {
		what, script string
		want         []string
	}{
		{"ringing, as the capture ends", "0 incoming_call id=1@x remote=5001", []string{
			"incoming ringing 5001 [call_id] incoming"}},
		{"dialing, as the capture ends", "0 outgoing_call id=1@x remote=5001", []string{
			"outgoing dialing 5001 [call_id] outgoing"}},
		{"answered", "0 incoming_call id=1@x remote=5001\n2.1 established_call id=1@x remote=5001\n", []string{
			"incoming active ring=2.1 5001 [call_id] incoming established"}},
		{"on hold", `
			0  outgoing_call id=1@x remote=5001
			4  established_call id=1@x
			13 hold_call id=1@x`, []string{
			"outgoing held ring=4 hold=0 5001 [call_id] outgoing established hold"}},
		{"a whole call", `
			0   incoming_call id=1@x remote=5001 display_remote=Ann local=5002
			2   established_call id=1@x
			11  hold_call id=1@x
			42  resume_call id=1@x
			50  hold_call id=1@x
			51  resume_call id=1@x
			62  terminated_call id=1@x duration=60`, []string{
			"incoming ended ring=2 talk=60 hold=32 holds=2 said=60 5002 5001 Ann [call_id] incoming established hold resume hold resume terminated"}},
		{"missed", "0 incoming_call id=1@x\n20 missed_call id=1@x", []string{
			"incoming missed ring=20 [call_id] incoming missed"}},
		{"rejected", "0 incoming_call id=1@x\n3 rejected_call id=1@x", []string{
			"incoming rejected ring=3 [call_id] incoming rejected"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			if diff := cmp.Diff(test.want, calls(t, test.script)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

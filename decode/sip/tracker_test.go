package sip_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture/capturetest"
	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
)

const (
	phone  = "192.0.2.50:5060"
	phone2 = "192.0.2.51:5060"
	pbx    = "192.0.2.10:5060"
	jane   = `"Jane Doe" <sip:+4930123456@example.org>`
	desk   = "<sip:101@example.org>"
	id     = "3f1c6a2e@192.0.2.10"
)

// follow hands the messages of a capture to a Tracker, and counts them.
func follow(t *sip.Tracker, c *capturetest.Capture) sip.Counts {
	r := sip.NewReader(t.Message, nil)
	d := packet.NewDecoder(func(*packet.Segment) {}, packet.Config{Datagram: r.Datagram})
	for _, f := range capturetest.Batch("test.pcap", c.Frames).Frames {
		d.Decode(&f)
	}
	return r.Counts
}

// newTracker returns a Tracker of whose calls nobody hears the end.
func newTracker() *sip.Tracker { return sip.NewTracker(func(*sip.Call, int64) {}) }

// seen says what a call is at an end, with times relative to the first frame.
func seen(c *sip.Call) string {
	at := func(t int64) string {
		if t == 0 {
			return "-"
		}
		return time.Duration(t - capturetest.Start.UnixNano()).Round(time.Second).String()
	}
	return fmt.Sprintf("%v %v %s(%s)>%s(%s) start %s ring %s answer %s end %s held %v/%d transfers %d",
		c.Direction, c.State, c.Local.User, c.Local.Name, c.Remote.User, c.Remote.Name,
		at(c.Started), at(c.Rang), at(c.Answer), at(c.Ended), time.Duration(c.Held).Round(time.Second), c.Holds, c.Referred)
}

// calls returns what the calls of an address were.
func calls(address string, c *capturetest.Capture) (all []string, counts sip.Counts) {
	addr := netip.MustParseAddrPort(address).Addr()
	t := sip.NewTracker(func(c *sip.Call, _ int64) {
		if c.Addr == addr {
			all = append(all, seen(c))
		}
	})
	counts = follow(t, c)
	t.Flush(0)
	return all, counts
}

// scene makes a call of Jane's to the phone.
func scene(make func(c *capturetest.Capture, call *capturetest.SIPCall)) *capturetest.Capture {
	c := capturetest.New()
	make(c, c.SIPCall(pbx, phone, jane, desk, id))
	return c
}

func TestCalls(t *testing.T) {
	second := func(c *capturetest.Capture) { c.Wait(time.Second) }
	for _, test := range []struct {
		what string
		make func(c *capturetest.Capture, call *capturetest.SIPCall)
		want string
	}{
		{"answered and ended", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Request(true, "INVITE", capturetest.Talk).Respond(false, 100, "INVITE", "").Respond(false, 180, "INVITE", "")
			second(c)
			call.Respond(false, 200, "INVITE", capturetest.Talk).Request(true, "ACK", "")
			second(c)
			call.Request(false, "BYE", "").Respond(true, 200, "BYE", "")
		}, "incoming over 101()>+4930123456(Jane Doe) start 0s ring 0s answer 1s end 2s held 0s/0 transfers 0"},
		{"canceled", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Request(true, "INVITE", capturetest.Talk).Respond(false, 180, "INVITE", "")
			second(c)
			call.Request(true, "CANCEL", "").Respond(false, 200, "CANCEL", "").Respond(false, 487, "INVITE", "").Request(true, "ACK", "")
		}, "incoming canceled 101()>+4930123456(Jane Doe) start 0s ring 0s answer - end 1s held 0s/0 transfers 0"},
		{"rejected", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Request(true, "INVITE", capturetest.Talk).Respond(false, 180, "INVITE", "")
			second(c)
			call.Respond(false, 486, "INVITE", "").Request(true, "ACK", "")
		}, "incoming rejected 101()>+4930123456(Jane Doe) start 0s ring 0s answer - end 1s held 0s/0 transfers 0"},
		{"forwarded", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Request(true, "INVITE", capturetest.Talk).Respond(false, 302, "INVITE", "").Request(true, "ACK", "")
		}, "incoming forwarded 101()>+4930123456(Jane Doe) start 0s ring - answer - end 0s held 0s/0 transfers 0"},
		{"challenged, then answered", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Request(true, "INVITE", capturetest.Talk).Respond(false, 407, "INVITE", "").Request(true, "ACK", "")
			*call = *c.SIPCall(pbx, phone, jane, desk, id)
			call.Request(true, "OPTIONS", "").Answered() // the same Call-ID with the next number
		}, "incoming active 101()>+4930123456(Jane Doe) start 0s ring 0s answer 0s end - held 0s/0 transfers 0"},
		{"held twice, in two ways, and resumed", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered()
			for _, hold := range []string{capturetest.Hold, capturetest.HoldZero} {
				call.Request(false, "INVITE", hold).Respond(true, 200, "INVITE", capturetest.Talk).Request(false, "ACK", "")
				second(c)
				call.Request(false, "UPDATE", capturetest.Talk).Respond(true, 200, "UPDATE", capturetest.Talk)
			}
			call.Request(true, "INVITE", capturetest.Talk).Respond(false, 200, "INVITE", capturetest.Talk) // a session refresh
			call.Request(true, "BYE", "")
		}, "incoming over 101()>+4930123456(Jane Doe) start 0s ring 0s answer 0s end 2s held 2s/2 transfers 0"},
		{"a hold that the other end does not accept", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered().Request(false, "INVITE", capturetest.Hold).Respond(true, 491, "INVITE", "")
		}, "incoming active 101()>+4930123456(Jane Doe) start 0s ring 0s answer 0s end - held 0s/0 transfers 0"},
		{"on hold until the end", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered().Request(false, "INVITE", capturetest.Hold).Respond(true, 200, "INVITE", capturetest.Talk)
			second(c)
			call.Request(true, "BYE", "")
		}, "incoming over 101()>+4930123456(Jane Doe) start 0s ring 0s answer 0s end 1s held 1s/1 transfers 0"},
		{"held by the other end", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered().Request(true, "INVITE", capturetest.Hold).Respond(false, 200, "INVITE", capturetest.Talk)
		}, "incoming active 101()>+4930123456(Jane Doe) start 0s ring 0s answer 0s end - held 0s/0 transfers 0"},
		{"transferred", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered().Request(false, "REFER", "", "Refer-To: <sip:102@example.org>").Respond(true, 202, "REFER", "")
			call.Request(true, "NOTIFY", "SIP/2.0 200 OK\r\n", "Event: refer", "Content-Type: message/sipfrag")
			call.Request(false, "BYE", "").Respond(true, 200, "BYE", "")
		}, "incoming over 101()>+4930123456(Jane Doe) start 0s ring 0s answer 0s end 0s held 0s/0 transfers 1"},
		{"joined in the middle", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered()
			c.Frames = nil
			second(c)
			call.Request(true, "BYE", "").Respond(false, 200, "BYE", "")
		}, " over ()>() start - ring - answer - end 1s held 0s/0 transfers 0"},
		{"without the INVITE", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered()
			c.Frames = c.Frames[1:]
		}, "incoming active 101()>+4930123456(Jane Doe) start - ring 0s answer 0s end - held 0s/0 transfers 0"},
		{"each frame twice", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered().Request(false, "INVITE", capturetest.Hold).Respond(true, 200, "INVITE", capturetest.Talk).Request(true, "BYE", "")
			var twice []capturetest.Frame
			for _, f := range c.Frames {
				twice = append(twice, f, f)
			}
			c.Frames = twice
		}, "incoming over 101()>+4930123456(Jane Doe) start 0s ring 0s answer 0s end 0s held 0s/1 transfers 0"},
	} {
		got, counts := calls(phone, scene(test.make))
		if diff := cmp.Diff([]string{test.want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
		if counts.Unread > 0 {
			t.Errorf("%s: %+v", test.what, counts)
		}
	}
}

// The other end has the same call, seen from its side.
func TestOtherEnd(t *testing.T) {
	got, _ := calls(pbx, scene(func(c *capturetest.Capture, call *capturetest.SIPCall) { call.Answered() }))
	want := []string{"outgoing active +4930123456(Jane Doe)>101() start 0s ring 0s answer 0s end - held 0s/0 transfers 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Requests that say nothing of a call are counted and make no call.
func TestOtherMessages(t *testing.T) {
	got, counts := calls(phone, scene(func(c *capturetest.Capture, call *capturetest.SIPCall) {
		call.Request(true, "OPTIONS", "").Respond(false, 200, "OPTIONS", "")
		call.Request(true, "NOTIFY", "").Respond(false, 481, "NOTIFY", "")
		c.Datagram(phone, pbx, "INVITE sip:101@example.org SIP/2.0\r\nFrom: none\r\n\r\n")
		c.Datagram(phone, pbx, "NOT SIP AT ALL")
	}))
	if len(got) > 0 {
		t.Errorf("calls: %v", got)
	}
	if want := (sip.Counts{Messages: 5, Unread: 1}); counts != want {
		t.Errorf("counts %+v; expected %+v", counts, want)
	}
}

// An ask is a request of the phone, as the decoder asks for its message.
type ask struct {
	after time.Duration // the call's first frame
	from  string        // the phone, unless it is another
	id    string
	vars  string // name=value, blanks between
	slugs string // blanks between
}

func (a ask) of(tracker *sip.Tracker) string {
	from := a.from
	if from == "" {
		from = phone
	}
	q := &actionurl.Question{
		Capture: "test.pcap", Time: capturetest.Start.Add(a.after).UnixNano(), CallID: a.id, Kinds: kinds(strings.Fields(a.slugs)...),
		Phone: [2]netip.Addr{netip.MustParseAddrPort(from).Addr(), netip.MustParseAddrPort(from).Addr()}, Target: "/" + a.vars,
	}
	for _, pair := range strings.Fields(a.vars) {
		name, value, _ := strings.Cut(pair, "=")
		q.Vars = append(q.Vars, actionurl.VarOf(name, value))
	}
	m, _, ok := tracker.Match(q)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s %d %s %d", m.Kind, m.Frame, m.Method, m.Delay/1e6)
}

// kinds returns the events with these slugs.
func kinds(slugs ...string) []*actionurl.Kind {
	var all []*actionurl.Kind
	for _, slug := range slugs {
		all = append(all, actionurl.Lookup(slug))
	}
	return all
}

// conversation is a call of Jane's to the phone: INVITE at 0 s, 180 at once, 200
// at 10 s, hold at 20 s, resume at 30 s, BYE at 40 s.
func conversation(c *capturetest.Capture) {
	call := c.SIPCall(pbx, phone, jane, desk, id)
	call.Request(true, "INVITE", capturetest.Talk).Respond(false, 180, "INVITE", "")
	c.Until(10 * time.Second)
	call.Respond(false, 200, "INVITE", capturetest.Talk).Request(true, "ACK", "")
	c.Until(20 * time.Second)
	call.Request(false, "INVITE", capturetest.Hold).Respond(true, 200, "INVITE", capturetest.Talk).Request(false, "ACK", "")
	c.Until(30 * time.Second)
	call.Request(false, "INVITE", capturetest.Talk).Respond(true, 200, "INVITE", capturetest.Talk).Request(false, "ACK", "")
	c.Until(40 * time.Second)
	call.Request(true, "BYE", "").Respond(false, 200, "BYE", "")
}

func TestMatch(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for _, test := range []struct {
		what string
		ask  ask
		want string // event, frame, method and delay in milliseconds; empty for no message
	}{
		// An event that is known, by Call-ID.
		{"incoming", ask{40 * ms, "", id, "", "incoming_call"}, "incoming_call 1 INVITE 40"},
		{"established", ask{10*s + 30*ms, "", id, "", "established_call"}, "established_call 3 200 INVITE 30"},
		{"answered is with the same message", ask{10*s + 30*ms, "", id, "", "answered_call"}, "answered_call 3 200 INVITE 30"},
		{"hold", ask{20*s + 30*ms, "", id, "", "hold_call"}, "hold_call 5 INVITE 30"},
		{"resume", ask{30*s + 30*ms, "", id, "", "resume_call"}, "resume_call 8 INVITE 30"},
		{"terminated", ask{40*s + 30*ms, "", id, "", "terminated_call"}, "terminated_call 11 BYE 30"},
		{"before its message", ask{9*s + 500*ms, "", id, "", "established_call"}, "established_call 3 200 INVITE -500"},
		{"too early", ask{7 * s, "", id, "", "established_call"}, ""},
		{"late, and known by the Call-ID", ask{8 * s, "", id, "", "incoming_call"}, "incoming_call 1 INVITE 8000"},
		{"much too late", ask{35 * s, "", id, "", "incoming_call"}, ""},
		{"without the host", ask{40 * ms, "", "3f1c6a2e", "", "incoming_call"}, "incoming_call 1 INVITE 40"},
		{"under another key", ask{40 * ms, "", "", "nr=3f1c6a2e@192.0.2.10", ""}, "incoming_call 1 INVITE 40"},
		{"an event that has no message", ask{40 * ms, "", id, "", "dnd_on"}, ""},
		{"an event whose message did not come", ask{40 * ms, "", id, "", "missed_call"}, ""},
		{"from an address that no message has", ask{40 * ms, "198.51.100.1:1", id, "", "incoming_call"}, "incoming_call 1 INVITE 40"},

		// By number, and by time.
		{"by number", ask{40 * ms, "", "", "remote=+4930123456", "incoming_call"}, "incoming_call 1 INVITE 40"},
		{"without the plus", ask{40 * ms, "", "", "remote=4930123456", "incoming_call"}, "incoming_call 1 INVITE 40"},
		{"a blank instead of it", ask{40 * ms, "", "", "remote=sip:4930123456@pbx", "incoming_call"}, "incoming_call 1 INVITE 40"},
		{"late", ask{6 * s, "", "", "remote=4930123456", "incoming_call"}, ""},
		{"another number", ask{40 * ms, "", "", "remote=4930123457", "incoming_call"}, ""},
		{"the Call-ID of another call", ask{40 * ms, "", "other@192.0.2.10", "remote=4930123456", "incoming_call"}, ""},
		{"a handle that is no Call-ID", ask{40 * ms, "", "33093", "remote=4930123456", "incoming_call"}, "incoming_call 1 INVITE 40"},
		{"no number", ask{40 * ms, "", "", "local=101", "incoming_call"}, "incoming_call 1 INVITE 40"},
		{"another phone", ask{40 * ms, phone2, "", "remote=4930123456", "incoming_call"}, ""},

		// Which event it is, where nothing tells it.
		{"named: incoming", ask{40 * ms, "", id, "", ""}, "incoming_call 1 INVITE 40"},
		{"named: established", ask{10*s + 40*ms, "", id, "", ""}, "established_call 3 200 INVITE 40"},
		{"named: hold", ask{20*s + 40*ms, "", id, "", ""}, "hold_call 5 INVITE 40"},
		{"named: resume", ask{30*s + 40*ms, "", id, "", ""}, "resume_call 8 INVITE 40"},
		{"named: terminated", ask{40*s + 40*ms, "", id, "", ""}, "terminated_call 11 BYE 40"},
		{"named by number", ask{40 * ms, "", "", "number=+4930123456", ""}, "incoming_call 1 INVITE 40"},
		{"not named: between two messages", ask{9*s + 500*ms, "", id, "", ""}, ""},
		{"not named: long behind", ask{4 * s, "", id, "", ""}, ""},
		{"not named: the local number is in every URL", ask{40 * ms, "", "", "local=101", ""}, ""},
		{"not named: nothing of the call is in it", ask{40 * ms, "", "", "mac=000b82123432", ""}, ""},
		{"not named: which end it is, is not known", ask{40 * ms, "198.51.100.1:1", id, "", ""}, ""},

		// Which of several.
		{"hold or resume: hold", ask{20*s + 40*ms, "", id, "", "hold_call resume_call"}, "hold_call 5 INVITE 40"},
		{"hold or resume: resume", ask{30*s + 40*ms, "", "", "local=101", "hold_call resume_call"}, "resume_call 8 INVITE 40"},
		{"ended or missed", ask{40*s + 40*ms, "", id, "", "missed_call terminated_call"}, "terminated_call 11 BYE 40"},
		{"established or answered, which come with the same message", ask{10*s + 40*ms, "", id, "", "answered_call established_call"}, ""},
		{"incoming, or one without a message", ask{40 * ms, "", "", "local=101", "incoming_call idle_to_busy"}, ""},
		{"the same with the Call-ID", ask{40 * ms, "", id, "", "incoming_call idle_to_busy"}, "incoming_call 1 INVITE 40"},
		{"but a call can be muted at any time", ask{20*s + 40*ms, "", id, "", "hold_call mute_call"}, ""},
	} {
		c := capturetest.New()
		conversation(c)
		tracker := newTracker()
		follow(tracker, c)
		if got := test.ask.of(tracker); got != test.want {
			t.Errorf("%s: %q; expected %q", test.what, got, test.want)
		}
	}
}

// What the messages mean that are not in every call. All asks come 40 ms behind
// the last message, from the phone, with the Call-ID.
func TestMeanings(t *testing.T) {
	for _, test := range []struct {
		what  string
		make  func(c *capturetest.Capture, call *capturetest.SIPCall)
		slugs string // of the event, if it is known
		want  string
	}{
		{"attended transfer", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered()
			c.Until(10 * time.Second)
			call.Request(false, "REFER", "", "Refer-To: <sip:102@example.org?Replaces=1%402%3Bto-tag%3Da>")
		}, "", "attended_transfer 6 REFER 40"},
		{"transferred by the other end", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered()
			c.Until(10 * time.Second)
			call.Request(true, "REFER", "", "Refer-To: <sip:102@example.org>")
		}, "", ""},
		{"transfer finished", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered().Request(false, "REFER", "", "Refer-To: <sip:102@example.org>")
			c.Until(10 * time.Second)
			call.Request(true, "NOTIFY", "SIP/2.0 100 Trying", "Content-Type: message/sipfrag")
			call.Request(true, "NOTIFY", "SIP/2.0 200 OK", "Content-Type: message/sipfrag;version=2.0")
		}, "transfer_finished", "transfer_finished 8 NOTIFY 40"},
		{"transfer failed", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered().Request(false, "REFER", "", "Refer-To: <sip:102@example.org>")
			c.Until(10 * time.Second)
			call.Request(true, "NOTIFY", "SIP/2.0 486 Busy\r\n", "Content-Type: message/sipfrag")
		}, "transfer_finished transfer_failed", "transfer_failed 7 NOTIFY 40"},
		{"a transfer's result does not hide the end", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered().Request(false, "REFER", "", "Refer-To: <sip:102@example.org>")
			c.Until(10 * time.Second)
			call.Request(true, "NOTIFY", "SIP/2.0 200 OK", "Content-Type: message/sipfrag").Request(false, "BYE", "")
		}, "", "terminated_call 8 BYE 40"},
		{"missed", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Request(true, "INVITE", "").Respond(false, 180, "INVITE", "")
			c.Until(10 * time.Second)
			call.Request(true, "CANCEL", "")
		}, "", "missed_call 3 CANCEL 40"},
		{"taken by another phone: it may be missed or not", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Request(true, "INVITE", "").Respond(false, 180, "INVITE", "")
			c.Until(10 * time.Second)
			call.Request(true, "CANCEL", "", `Reason: SIP ;cause=200 ;text="Call completed elsewhere"`)
		}, "", ""},
		{"taken by another phone, and announced as missed", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Request(true, "INVITE", "").Respond(false, 180, "INVITE", "")
			c.Until(10 * time.Second)
			call.Request(true, "CANCEL", "", `Reason: SIP ;cause=200 ;text="Call completed elsewhere"`)
		}, "missed_call", "missed_call 3 CANCEL 40"},
		{"forwarded", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Request(true, "INVITE", "").Respond(false, 180, "INVITE", "")
			c.Until(10 * time.Second)
			call.Respond(false, 302, "INVITE", "")
		}, "", "forwarded_call 3 302 INVITE 40"},
		{"busy at once: nobody heard it ring", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Request(true, "INVITE", "").Respond(false, 486, "INVITE", "")
		}, "", ""},
		{"held by the other end", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered()
			c.Until(10 * time.Second)
			call.Request(true, "INVITE", capturetest.Hold)
		}, "held_call", "held_call 6 INVITE 40"},
		{"a session refresh is nothing", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Answered()
			c.Until(10 * time.Second)
			call.Request(false, "INVITE", capturetest.Talk).Respond(true, 200, "INVITE", capturetest.Talk)
		}, "", ""},
		{"two messages at once", func(c *capturetest.Capture, call *capturetest.SIPCall) {
			call.Request(true, "INVITE", "").Respond(false, 200, "INVITE", "")
		}, "", ""},
	} {
		c := capturetest.New()
		call := c.SIPCall(pbx, phone, jane, desk, id)
		test.make(c, call)
		tracker := newTracker()
		follow(tracker, c)
		last := c.Frames[len(c.Frames)-1].Time.Sub(capturetest.Start)
		if got := (ask{last + 40*time.Millisecond, "", id, "", test.slugs}).of(tracker); got != test.want {
			t.Errorf("%s: %q; expected %q", test.what, got, test.want)
		}
	}
}

// A message names the requests of one kind: the phone has sent another one about
// it, so at most one of the two is what the message means. The same again is.
func TestNamedOnce(t *testing.T) {
	c := capturetest.New()
	conversation(c)
	tracker := newTracker()
	follow(tracker, c)
	const ms = time.Millisecond
	for i, test := range []struct{ vars, want string }{
		{"id=" + id, "incoming_call 1 INVITE 40"},
		{"busy=" + id, ""},
		{"id=" + id, "incoming_call 1 INVITE 40"},
	} {
		if got := (ask{40 * ms, "", "", test.vars, ""}).of(tracker); got != test.want {
			t.Errorf("request %d: %q; expected %q", i+1, got, test.want)
		}
	}
}

// The Call-ID of a call is not overruled by another call that ends just then.
func TestCallIDWithoutHost(t *testing.T) {
	c := capturetest.New()
	c.SIPCall(pbx, phone, "<sip:5001@pbx>", desk, "64667088ff778d32").Answered()
	other := c.SIPCall(pbx, phone, "<sip:5002@pbx>", desk, "11ec5e5e2e3b2b92").Answered()
	c.Until(60 * time.Second)
	other.Request(true, "BYE", "")
	tracker := newTracker()
	follow(tracker, c)
	for id, want := range map[string]string{
		"64667088ff778d32": "",
		"11ec5e5e2e3b2b92": "terminated_call 11 BYE 40",
		"33093":            "terminated_call 11 BYE 40", // the phone's own handle
	} {
		if got := (ask{60*time.Second + 40*time.Millisecond, "", id, "", "terminated_call"}).of(tracker); got != want {
			t.Errorf("%s: %q; expected %q", id, got, want)
		}
	}
}

// Of two calls at a time, a request is of that whose number it has.
func TestTwoCalls(t *testing.T) {
	c := capturetest.New()
	c.SIPCall(pbx, phone, "<sip:5001@pbx>", desk, "one@pbx").Request(true, "INVITE", "").Respond(false, 180, "INVITE", "")
	c.SIPCall(phone, pbx, desk, "<sip:5002@pbx>", "two@pbx").Request(true, "INVITE", "").Respond(false, 180, "INVITE", "")
	tracker := newTracker()
	follow(tracker, c)
	const ms = time.Millisecond
	for _, test := range []struct{ vars, slugs, want string }{
		{"remote=5001", "", "incoming_call 1 INVITE 40"},
		{"remote=5002", "", "outgoing_call 3 INVITE 38"},
		{"remote=5001", "outgoing_call", ""},
		{"remote=5003", "outgoing_call", ""},
		{"local=101", "incoming_call outgoing_call", ""},
	} {
		if got := (ask{40 * ms, "", "", test.vars, test.slugs}).of(tracker); got != test.want {
			t.Errorf("%s %s: %q; expected %q", test.vars, test.slugs, got, test.want)
		}
	}
}

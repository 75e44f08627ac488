package decode

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/actionurl"
)

// signalled returns a line per record: its event, how that is known, and the
// SIP message that it belongs to.
func signalled(t *testing.T, c *capturetest.Capture, templates ...string) []string {
	t.Helper()
	config := Config{Wire: Wire{ResponseTimeout: 10 * time.Second}}
	for i := 0; i < len(templates); i += 2 {
		template, err := actionurl.ParseTemplate(actionurl.Lookup(templates[i]), templates[i+1])
		if err != nil {
			t.Fatal(err)
		}
		config.Templates = append(config.Templates, template)
	}
	var lines []string
	p := New(config, func(r *Record) error {
		e := r.Event
		if e == nil {
			lines = append(lines, r.Target)
			return nil
		}
		lines = append(lines, fmt.Sprintf("%s %s %v: %d %s %d ms", e.Kind, e.By, e.Candidates, e.SIP.Frame, e.SIP.Method, e.SIP.Delay/1e6))
		return nil
	})
	if err := p.Batch(batch(c.Frames)); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// announced makes an incoming call that is answered, held and ended, and the
// phone's requests about it, with a target of the call alone.
func announced(target string) *capturetest.Capture {
	c := capturetest.New()
	call := c.SIPCall("192.168.40.10:5060", "192.168.40.50:5060", "<sip:+4930123456@pbx>", "<sip:101@pbx>", "3f1c6a2e@192.168.40.10")
	port := 40000
	announce := func() {
		c.Wait(30 * time.Millisecond)
		port++
		k := c.Conn(fmt.Sprintf("192.168.40.50:%d", port), server).Open()
		k.Send(get(target)).Reply(answer).Close()
	}
	call.Request(true, "INVITE", capturetest.Talk).Respond(false, 180, "INVITE", "")
	announce()
	c.Until(5 * time.Second)
	call.Respond(false, 200, "INVITE", capturetest.Talk).Request(true, "ACK", "")
	announce()
	c.Until(10 * time.Second)
	announce() // before the message
	c.Wait(100 * time.Millisecond)
	call.Request(false, "INVITE", capturetest.Hold).Respond(true, 200, "INVITE", capturetest.Talk).Request(false, "ACK", "")
	c.Until(20 * time.Second)
	call.Request(true, "BYE", "").Respond(false, 200, "BYE", "")
	announce()
	return c
}

func TestEventsBySIP(t *testing.T) {
	for _, test := range []struct {
		what, target string
		templates    []string
		want         []string
	}{
		{"by Call-ID", "/call-id=3f1c6a2e@192.168.40.10", nil, []string{
			"incoming_call sip []: 1 INVITE 34 ms",
			"established_call sip []: 14 200 INVITE 34 ms",
			"hold_call sip []: 38 INVITE -107 ms",
			"terminated_call sip []: 41 BYE 34 ms"}},
		{"by Call-ID, escaped", "/call-id=3f1c6a2e%40192.168.40.10", nil, []string{
			"incoming_call sip []: 1 INVITE 34 ms",
			"established_call sip []: 14 200 INVITE 34 ms",
			"hold_call sip []: 38 INVITE -107 ms",
			"terminated_call sip []: 41 BYE 34 ms"}},
		{"nothing of the call", "/mac=000b82123432&local=101", nil, []string{
			"unknown  []: 0  0 ms", "unknown  []: 0  0 ms", "unknown  []: 0  0 ms", "unknown  []: 0  0 ms"}},
		{"templates that are ambiguous", "/mac=000b82123432", []string{"hold_call", "192.168.40.207/mac=$mac", "terminated_call", "192.168.40.207/mac=$mac"}, []string{
			"unknown  [hold_call terminated_call]: 0  0 ms",
			"unknown  [hold_call terminated_call]: 0  0 ms",
			"hold_call narrowed []: 38 INVITE -107 ms",
			"terminated_call narrowed []: 41 BYE 34 ms"}},
		{"a template that tells", "/remote=%2B4930123456", []string{"missed_call", "192.168.40.207/remote=$remote"}, []string{
			"missed_call template []: 0  0 ms", "missed_call template []: 0  0 ms",
			"missed_call template []: 0  0 ms", "missed_call template []: 0  0 ms"}},
	} {
		if diff := cmp.Diff(test.want, signalled(t, announced(test.target), test.templates...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
	}
}

// Only requests of phones whose signalling is known wait for what comes behind
// them, and they are emitted as soon as that is over.
func TestWaitForSIP(t *testing.T) {
	for _, test := range []struct {
		known, prompt bool
		want          time.Duration // from the request to its record
	}{{true, false, 2 * time.Second}, {false, false, 2 * time.Millisecond}, {true, true, 2 * time.Millisecond}} {
		c := capturetest.New()
		phone := "192.168.40.51:5060"
		if test.known {
			phone = "192.168.40.50:5060"
		}
		c.SIPCall("192.168.40.10:5060", phone, "<sip:1@pbx>", "<sip:2@pbx>", "id").Answered()
		k := c.Conn("192.168.40.50:40000", server).Open()
		k.Send(get("/call-id=id")).Reply(answer)
		for range 400 {
			c.Wait(10 * time.Millisecond)
			c.Datagram("192.168.40.50:5060", phone, "\r\n\r\n")
		}
		var now, sent int64
		p := New(Config{Wire: Wire{ResponseTimeout: 10 * time.Second}, Analysis: Analysis{Prompt: test.prompt}}, func(r *Record) error {
			sent = now - r.Time
			return nil
		})
		for _, f := range batch(c.Frames).Frames {
			now = f.Time
			if err := p.Batch(&capture.Batch{Frames: []capture.Frame{f}}); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Duration(sent); got < test.want || got > test.want+20*time.Millisecond {
			t.Errorf("known %v, prompt %v: emitted after %v; expected %v", test.known, test.prompt, got, test.want)
		}
	}
}

// A message of another capture has no frame in that of the request.
func TestSIPOfAnotherCapture(t *testing.T) {
	c := announced("/call-id=3f1c6a2e@192.168.40.10")
	b := batch(c.Frames)
	other := &capture.Interface{Capture: "sip.pcap", Link: capture.LinkEthernet}
	b.Frames[0].Interface, b.Frames[1].Interface = other, other
	var got []string
	p := New(Config{Wire: Wire{ResponseTimeout: 10 * time.Second}}, func(r *Record) error {
		got = append(got, fmt.Sprintf("%s %d %s", r.Event.Kind, r.Event.SIP.Frame, r.Event.SIP.Method))
		return nil
	})
	if err := p.Batch(b); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"incoming_call 0 INVITE", "established_call 14 200 INVITE", "hold_call 38 INVITE", "terminated_call 41 BYE"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

package finding_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket/layers"

	"actionurl/capture/capturetest"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/packet"
)

// A site is a capture with phones, a PBX that calls them, and a server.
type site struct {
	*capturetest.Capture
	calls, ports int
}

const phoneEnd, otherEnd, pbxEnd = "192.168.40.50:5060", "192.168.40.51:5060", "192.168.40.10:5060"

// ring adds a call to a phone that rings.
func (s *site) ring(phone string) *capturetest.SIPCall {
	s.calls++
	return s.SIPCall(pbxEnd, phone, "<sip:5003@pbx>", "<sip:101@pbx>", fmt.Sprintf("call%d@pbx", s.calls)).
		Request(true, "INVITE", capturetest.Talk).Respond(false, 180, "INVITE", "")
}

// announce adds a request of a phone.
func (s *site) announce(phone, target string) {
	s.ports++
	k := s.Conn(strings.TrimSuffix(phone, "5060")+strconv.Itoa(40000+s.ports), server).Open()
	k.Send(get(target)).Reply(answer).Close()
}

func (s *site) after(seconds int) { s.Wait(time.Duration(seconds) * time.Second) }

// found returns the findings of SIP in a capture, with the address of the phone
// and the frame.
func found(t *testing.T, c *capturetest.Capture, templates ...string) []string {
	t.Helper()
	var all []string
	config := decode.Config{Wire: decode.Wire{ResponseTimeout: 10 * time.Second}, Analysis: decode.Analysis{Found: func(o *finding.Occurrence) {
		if o.Kind == finding.SIPMismatch || o.Kind == finding.NotNotified || o.Kind == finding.MissingEvent {
			all = append(all, fmt.Sprintf("%v %s %v %d", o.Kind, o.Detail.Name, o.Phone.Addr, o.Frame))
		}
	}}}
	for i := 0; i < len(templates); i += 3 {
		template, err := actionurl.ParseTemplate(actionurl.Lookup(templates[i]), templates[i+1])
		if err != nil {
			t.Fatal(err)
		}
		mac, _ := packet.ParseMAC(templates[i+2]) // zero for any phone
		config.Templates = append(config.Templates, template.Bound(mac))
	}
	p := decode.New(config, func(*decode.Record) error { return nil })
	if err := p.Batch(capturetest.Batch("test.pcap", c.Frames)); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestNotNotified(t *testing.T) {
	common := []string{"incoming_call", "192.168.40.207/in?r=$remote", ""}
	bound := []string{"incoming_call", "192.168.40.207/in?r=$remote", "00:0b:82:12:34:32"}
	missed := func(s *site, end, target string) { // a call, announced unless the target is empty
		call := s.ring(end)
		if target != "" {
			s.announce(end, target)
		}
		s.after(3)
		call.Request(true, "CANCEL", "").Respond(false, 487, "INVITE", "")
	}
	announced := func(s *site) { missed(s, phoneEnd, "/in?r=5003"); s.after(30) }
	silent := func(s *site) { missed(s, phoneEnd, "") }
	for _, test := range []struct {
		what      string
		templates []string
		make      func(s *site)
		want      []string
	}{
		{"a call without any request", common, func(s *site) { announced(s); silent(s); s.after(20); s.announce(otherEnd, "/x") },
			[]string{"not_notified incoming_call 192.168.40.50 16"}},
		{"a phone with templates of its own, and others' are seen", bound, func(s *site) { s.announce(otherEnd, "/in?r=1"); silent(s); s.after(20); s.announce(otherEnd, "/x") },
			[]string{"not_notified incoming_call 192.168.40.50 12"}},
		{"long before the capture ends", common, func(s *site) { announced(s); silent(s); s.after(200); s.ring(otherEnd) },
			[]string{"not_notified incoming_call 192.168.40.50 16"}},

		{"not: a phone with templates of its own, and no request to the server is seen", bound, func(s *site) { silent(s); s.after(20); s.ring(otherEnd) }, nil},
		{"no templates, and another phone of the vendor announces such calls", nil, func(s *site) {
			missed(s, otherEnd, "/incoming?mac=000b82123433&remote=5003")
			silent(s)
			s.after(20)
			silent(s)
			s.after(20)
			s.announce(otherEnd, "/x")
		}, []string{"not_notified incoming_call 192.168.40.50 16"}},
		{"not: no templates, and another phone announces other events", nil, func(s *site) {
			missed(s, otherEnd, "/off_hook?mac=000b82123433")
			silent(s)
			s.after(20)
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: no templates", nil, func(s *site) { announced(s); silent(s); s.after(20); s.announce(otherEnd, "/x") }, nil},
		{"not: that of another phone", common, func(s *site) {
			announced(s)
			s.ring(otherEnd).Request(true, "CANCEL", "")
			s.after(20)
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: the phone is told other events", []string{"terminated_call", "192.168.40.207/in?r=$remote", ""}, func(s *site) { announced(s); silent(s); s.after(20); s.announce(otherEnd, "/x") }, nil},
		{"not: any request came", common, func(s *site) {
			announced(s)
			silent(s)
			s.after(1)
			s.announce(phoneEnd, "/whatever")
			s.after(20)
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: a request that came before", common, func(s *site) {
			announced(s)
			s.announce(phoneEnd, "/in?r=5003")
			silent(s)
			s.after(20)
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: the capture ends", common, func(s *site) { announced(s); silent(s); s.after(10); s.announce(otherEnd, "/x") }, nil},
		{"not: it did not ring", common, func(s *site) {
			announced(s)
			s.SIPCall(pbxEnd, phoneEnd, "<sip:5003@pbx>", "<sip:101@pbx>", "busy").Request(true, "INVITE", "").Respond(false, 486, "INVITE", "")
			s.after(20)
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: it is not over", common, func(s *site) { announced(s); s.ring(phoneEnd); s.after(20); s.announce(otherEnd, "/x") }, nil},
		{"not: beside another", common, func(s *site) {
			announced(s)
			first := s.ring(phoneEnd)
			silent(s)
			first.Request(true, "CANCEL", "")
			s.after(20)
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: it is in the capture in part", common, func(s *site) {
			announced(s)
			n := len(s.Frames)
			silent(s)
			s.Frames = append(s.Frames[:n], s.Frames[n+1:]...)
			s.after(20)
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: the phone tried", common, func(s *site) {
			announced(s)
			k := s.Conn("192.168.40.50:50000", server)
			k.Segment(true, layers.TCP{SYN: true, Seq: k.Client}, "")
			k.Client++
			k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client}, "")
			silent(s)
			s.after(20)
			s.announce(otherEnd, "/x")
		}, nil},
	} {
		s := &site{Capture: capturetest.New()}
		test.make(s)
		if diff := cmp.Diff(test.want, found(t, s.Capture, test.templates...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
	}
}

// TestMissingInSIP shows calls that the phone announced in part.
func TestMissingInSIP(t *testing.T) {
	templates := []string{
		"incoming_call", "192.168.40.207/incoming_call?r=$remote&mac=$mac", "", "established_call", "192.168.40.207/established_call?r=$remote&mac=$mac", "",
		"terminated_call", "192.168.40.207/terminated_call?r=$remote&mac=$mac", "", "missed_call", "192.168.40.207/missed_call?r=$remote&mac=$mac", "",
	}
	// talk is a call of which the phone announces some events, as it goes on.
	talk := func(s *site, events ...string) {
		call := s.ring(phoneEnd)
		tell := func(event string) {
			s.after(1)
			if slices.Contains(events, event) {
				s.announce(phoneEnd, "/"+event+"?r=5003&mac=000b82123432")
			}
		}
		tell("incoming_call")
		call.Respond(false, 200, "INVITE", capturetest.Talk).Request(true, "ACK", "")
		tell("established_call")
		s.after(20)
		call.Request(true, "BYE", "").Respond(false, 200, "BYE", "")
		tell("terminated_call")
		tell("more")
		tell("dnd_on")
		s.after(30)
	}
	whole := func(s *site) { talk(s, "incoming_call", "established_call", "terminated_call") }
	for _, test := range []struct {
		what string
		make func(s *site)
		want []string
	}{
		{"the end", func(s *site) { whole(s); talk(s, "incoming_call", "established_call"); s.announce(otherEnd, "/x") },
			[]string{"missing_event terminated_call 192.168.40.50 40"}},
		{"the beginning", func(s *site) { talk(s, "established_call", "terminated_call"); whole(s) }, []string{"missing_event incoming_call 192.168.40.50 1"}},
		{"the answer", func(s *site) { whole(s); talk(s, "incoming_call", "terminated_call"); s.announce(otherEnd, "/x") },
			[]string{"missing_event established_call 192.168.40.50 40"}},

		{"not: all is announced", func(s *site) { whole(s); whole(s); s.announce(otherEnd, "/x") }, nil},
		{"not: the phone never announces the end", func(s *site) {
			talk(s, "incoming_call", "established_call")
			talk(s, "incoming_call", "established_call")
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: the capture ends", func(s *site) {
			whole(s)
			talk(s, "incoming_call", "established_call")
			s.Frames = s.Frames[:len(s.Frames)-1]
		}, nil},
		{"not: what was announced may be it", func(s *site) {
			whole(s)
			talk(s, "incoming_call", "established_call", "more")
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: what was announced is of no call", func(s *site) { whole(s); talk(s, "dnd_on"); s.announce(otherEnd, "/x") }, nil},
		{"not: the server is slow", func(s *site) {
			whole(s)
			call := s.ring(phoneEnd)
			s.ports++
			k := s.Conn("192.168.40.50:"+strconv.Itoa(40000+s.ports), server).Open()
			k.Send(get("/incoming_call?r=5003&mac=000b82123432"))
			s.after(4)
			k.Reply(answer).Close()
			call.Respond(false, 200, "INVITE", capturetest.Talk).Request(true, "ACK", "")
			s.after(1)
			call.Request(true, "BYE", "").Respond(false, 200, "BYE", "")
			s.after(30)
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: it was missed", func(s *site) {
			whole(s)
			call := s.ring(phoneEnd)
			s.announce(phoneEnd, "/incoming_call?r=5003&mac=000b82123432")
			s.after(3)
			call.Request(true, "CANCEL", "").Respond(false, 487, "INVITE", "")
			s.announce(phoneEnd, "/missed_call?r=5003&mac=000b82123432")
			s.after(30)
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: beside another", func(s *site) {
			whole(s)
			other := s.ring(phoneEnd)
			talk(s, "incoming_call", "established_call")
			other.Request(true, "CANCEL", "").Respond(false, 487, "INVITE", "")
			s.after(30)
			s.announce(otherEnd, "/x")
		}, nil},
		{"not: the phone passed it on", func(s *site) {
			whole(s)
			call := s.ring(phoneEnd)
			s.announce(phoneEnd, "/incoming_call?r=5003&mac=000b82123432")
			call.Respond(false, 200, "INVITE", capturetest.Talk).Request(true, "ACK", "")
			s.announce(phoneEnd, "/established_call?r=5003&mac=000b82123432")
			s.after(3)
			call.Request(false, "REFER", "").Request(false, "BYE", "")
			s.after(30)
			s.announce(otherEnd, "/x")
		}, nil},
	} {
		s := &site{Capture: capturetest.New()}
		test.make(s)
		if diff := cmp.Diff(test.want, found(t, s.Capture, templates...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
	}
	s := &site{Capture: capturetest.New()}
	whole(s)
	talk(s, "incoming_call", "established_call")
	s.announce(otherEnd, "/x")
	if diff := cmp.Diff([]string{"missing_event terminated_call 192.168.40.50 40"}, found(t, s.Capture)); diff != "" {
		t.Errorf("the end, of a phone that announced an earlier one, without templates (-want +got):\n%s", diff)
	}
}

func TestSIPMismatch(t *testing.T) {
	for _, test := range []struct {
		what   string
		target string
		end    func(s *site, call *capturetest.SIPCall)
		want   []string
	}{
		{"it ends much later", "/terminated?call-id=call1@pbx", func(s *site, call *capturetest.SIPCall) { s.after(30); call.Request(true, "BYE", "") },
			[]string{"sip_mismatch terminated_call 192.168.40.50 7"}},
		{"it is held much later", "/missed?call-id=call1@pbx", func(s *site, call *capturetest.SIPCall) { s.after(30); call.Request(false, "INVITE", capturetest.Hold) },
			[]string{"sip_mismatch missed_call 192.168.40.50 7"}},
		{"not: it ends soon", "/terminated?call-id=call1@pbx", func(s *site, call *capturetest.SIPCall) { s.after(7); call.Request(true, "BYE", "") }, nil},
		{"not: it has ended, and BYE is sent again", "/terminated?call-id=call1@pbx", func(s *site, call *capturetest.SIPCall) {
			call.Request(true, "BYE", "")
			last := s.Frames[len(s.Frames)-1]
			s.after(20)
			s.Add(last.Data)
		}, nil},
		{"not: nothing shows that it goes on", "/terminated?call-id=call1@pbx", func(s *site, call *capturetest.SIPCall) { s.after(60) }, nil},
		{"not: another event", "/mute?call-id=call1@pbx", func(s *site, call *capturetest.SIPCall) { s.after(30); call.Request(true, "BYE", "") }, nil},
		{"not: another call", "/terminated?call-id=call2@pbx", func(s *site, call *capturetest.SIPCall) { s.after(30); call.Request(true, "BYE", "") }, nil},
		{"not: which call is not told", "/terminated?remote=5003", func(s *site, call *capturetest.SIPCall) { s.after(30); call.Request(true, "BYE", "") }, nil},
	} {
		s := &site{Capture: capturetest.New()}
		call := s.ring(phoneEnd).Respond(false, 200, "INVITE", capturetest.Talk)
		s.announce(phoneEnd, test.target)
		test.end(s, call)
		if diff := cmp.Diff(test.want, found(t, s.Capture)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
	}
}

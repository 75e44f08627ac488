package finding

import (
	"net/netip"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/sip"
	"actionurl/decode/vendor"
)

// maxTellers bounds the addresses of which is known which events of calls come
// from them: 65,536 of about 60 bytes, 4 MiB. Nothing is missed of further ones.
const maxTellers = 64 << 10

// settled is how long after its end, in nanoseconds of capture time, no request
// about a call is expected any more: 5 s, and 10 s for its response.
const settled = 15e9

// A callEvents is a set of the events that come with most calls.
type callEvents uint8

const (
	tellsIncoming callEvents = 1 << iota
	tellsEstablished
	tellsTerminated
)

// callEvent returns the event as a set, which is empty for all others.
func callEvent(slug string) callEvents {
	switch slug {
	case "incoming_call":
		return tellsIncoming
	case "established_call":
		return tellsEstablished
	case "terminated_call":
		return tellsTerminated
	}
	return 0
}

// Announced returns which events of a call an event is, nil for none, as
// [sip.Call] has it in Said: all, where it may be any.
func Announced(e *actionurl.Event) uint8 {
	switch {
	case e == nil:
		return 0
	case e.Kind == actionurl.Unknown:
		return uint8(tellsIncoming | tellsEstablished | tellsTerminated)
	}
	return uint8(callEvent(e.Kind.Slug))
}

func (e callEvents) String() string {
	switch {
	case e&tellsIncoming != 0:
		return "incoming_call"
	case e&tellsEstablished != 0:
		return "established_call"
	case e&tellsTerminated != 0:
		return "terminated_call"
	}
	return ""
}

// signalling is what is known of phones whose SIP is in the capture.
type signalling struct {
	tellers map[netip.Addr]callEvents // that came by a template, by the phone's address
	bound   map[string][]boundTo      // by MAC address; nil until it is asked for
}

// A boundTo is the events of a call that templates of a phone send to a server.
type boundTo struct {
	server netip.Addr
	events callEvents
}

// Tells notes that a phone whose SIP is in the capture was told a template.
func (c *Checker) Tells(x *httpwire.Exchange, e *actionurl.Event) {
	event := callEvent(e.Kind.Slug)
	if event == 0 || e.Template == nil {
		return
	}
	s := &c.signalling
	from := x.Client.Addr()
	known, again := s.tellers[from]
	if known&event != 0 || !again && len(s.tellers) >= maxTellers {
		return
	}
	if s.tellers == nil {
		s.tellers = map[netip.Addr]callEvents{}
	}
	s.tellers[from] = known | event
}

// Signalled checks the end of a call that SIP tells of, at the capture time now:
// whether the phone announced its end before it came, or not all of it.
func (c *Checker) Signalled(call *sip.Call, now int64) {
	if d := &call.Denial; d.Time != 0 {
		c.config.Found(&Occurrence{
			Finding: New(SIPMismatch, Detail{Name: d.Kind.Slug}),
			Place:   Place{Time: d.Time, Capture: d.Capture, Frame: d.Frame, Phone: c.phoneOf(call)},
			Times:   1, Last: d.Time,
		})
	}
	kind, event := c.missing(call, now)
	if event == 0 {
		return
	}
	c.config.Found(&Occurrence{
		Finding: New(kind, Detail{Name: event.String()}),
		Place:   Place{Time: call.First, Capture: call.Capture.Capture, Frame: call.Frame, Phone: c.phoneOf(call)},
		Times:   1, Last: call.First,
	})
}

// missing returns the events that the phone should have announced of a call:
// NotNotified where it announced nothing at all, MissingEvent where it announced
// others. What may have other reasons is none: a call that the capture has in
// part, that did not ring, or that came beside another.
func (c *Checker) missing(call *sip.Call, now int64) (Kind, callEvents) {
	if call.Beside || call.Started == 0 || call.Ended == 0 || now-call.Ended < settled {
		return 0, 0
	}
	told := c.signalling.tellers[call.Addr] | c.boundEvents(call)
	kind := NotNotified
	var said callEvents
	if call.Requests > 0 {
		kind = MissingEvent
		told |= c.sent(call.Addr)
		if said = callEvents(call.Said); said == 0 || call.Referred > 0 || c.delayed(call) {
			return 0, 0
		}
	}
	due := told & dueOf(call) &^ said
	if due != 0 && c.conns.failed(call.Addr) {
		return 0, 0 // it may have tried
	}
	return kind, due
}

// dueOf returns the events that come with a call as it went.
func dueOf(call *sip.Call) (due callEvents) {
	if call.Direction == actionurl.Incoming && call.Rang != 0 {
		due |= tellsIncoming
	}
	if call.Answer != 0 {
		due |= tellsEstablished
		if call.State == sip.Over {
			due |= tellsTerminated
		}
	}
	return due
}

// sent returns the events that a phone sent of any call, as far as they are counted.
func (c *Checker) sent(from netip.Addr) (all callEvents) {
	phone := c.clients[from]
	if phone == nil {
		return 0
	}
	if phone.Past.Sent[established] > 0 {
		all |= tellsEstablished
	}
	if phone.Past.Sent[terminated] > 0 {
		all |= tellsTerminated
	}
	return all
}

// delayed reports whether a late response may have kept the phone from sending
// what it had to tell of a call.
func (c *Checker) delayed(call *sip.Call) bool {
	phone := c.clients[call.Addr]
	return phone != nil && phone.Past.Delayed > call.First
}

// boundEvents returns the events of a call that the phone was told to send to
// servers which took such requests within the capture, by templates that are
// bound to it.
func (c *Checker) boundEvents(call *sip.Call) (events callEvents) {
	s := &c.signalling
	if s.bound == nil {
		s.bound = map[string][]boundTo{}
		for _, t := range c.config.Templates {
			host, _ := t.Server()
			server, err := netip.ParseAddr(host)
			if event := callEvent(t.Kind.Slug); event != 0 && t.Phone != "" && err == nil && !t.Secure() {
				s.bound[t.Phone] = append(s.bound[t.Phone], boundTo{server, event})
			}
		}
	}
	if len(s.bound) == 0 {
		return 0
	}
	for _, b := range s.bound[c.phoneOf(call).MAC] {
		if _, takes := c.conns.hosts[b.server]; takes {
			events |= b.events
		}
	}
	return events
}

// phoneOf returns the phone that has an end of a call: by the events from its
// address, or by the source address of its frames.
func (c *Checker) phoneOf(call *sip.Call) Phone {
	if phone := c.clients[call.Addr]; phone != nil {
		return Phone{Name: phone.Name, MAC: phone.MAC, Addr: call.Addr}
	}
	p := Phone{Addr: call.Addr}
	if vendor.Of(call.Source) != nil {
		p.MAC = call.Source.String()
	}
	return p
}

// failed reports whether connections of a client failed, or were encrypted.
func (c *conns) failed(client netip.Addr) bool {
	for i := range c.pairs {
		if c.pairs[i].client == client {
			return true
		}
	}
	return false
}

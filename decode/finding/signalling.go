package finding

import (
	"net/netip"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
	"actionurl/decode/vendor"
)

// maxSenders bounds the addresses whose events of calls are known: 65,536 of about
// 70 bytes, 4.5 MiB. No event is missing of further ones.
const maxSenders = 64 << 10

// settled is how long after its end, in nanoseconds of capture time, no request
// about a call is expected any more: 5 s, and 10 s for its response.
const settled = 15e9

// comesWithCalls reports whether an event comes with most calls, as they go.
func comesWithCalls(k *actionurl.Kind) bool {
	if k.Direction == actionurl.Undirected {
		return k.Act == actionurl.Answers || k.Act == actionurl.Ends
	}
	return k.Direction == actionurl.Incoming && k.Act == actionurl.Begins
}

// allOfCalls are the events that come with most calls.
var allOfCalls = func() (all actionurl.KindSet) {
	for _, k := range actionurl.Kinds() {
		if comesWithCalls(k) {
			all.Add(k)
		}
	}
	return all
}()

// Announced returns which of the events that come with most calls an event is,
// nil for none: all, where it may be any.
func Announced(e *actionurl.Event) (is actionurl.KindSet) {
	switch {
	case e == nil:
	case e.Kind == actionurl.Unknown:
		return allOfCalls
	case allOfCalls.Has(e.Kind):
		is.Add(e.Kind)
	}
	return is
}

// signalling is what is known of phones whose SIP is in the capture.
type signalling struct {
	sent  map[netip.Addr]actionurl.KindSet // of the events that come with most calls, by a template, by the phone's address
	bound map[packet.MAC][]boundTo         // by MAC address; nil until it is asked for
}

// A boundTo is an event that a template of a phone sends to a server.
type boundTo struct {
	server netip.Addr
	event  *actionurl.Kind
}

// Configured notes the template of an event of a phone whose SIP is in the
// capture.
func (c *Checker) Configured(x *httpwire.Exchange, e *actionurl.Event) {
	if e.Template == nil || !allOfCalls.Has(e.Kind) {
		return
	}
	s := &c.signalling
	from := x.Client.Addr()
	events, again := s.sent[from]
	if events.Has(e.Kind) || !again && len(s.sent) >= maxSenders {
		return
	}
	if s.sent == nil {
		s.sent = map[netip.Addr]actionurl.KindSet{}
	}
	events.Add(e.Kind)
	s.sent[from] = events
}

// Signalled checks a call whose SIP is complete, at the capture time now:
// whether the phone announced its end too early, or left out an event.
func (c *Checker) Signalled(call *sip.Call, now int64) {
	if d := &call.Denial; d.Time != 0 {
		c.config.Found(&Occurrence{
			Finding: New(SIPMismatch, Detail{Name: d.Kind.Slug}),
			Place:   Place{Time: d.Time, Capture: d.Capture, Frame: d.Frame, Phone: c.phoneOf(call)},
			Times:   1, Last: d.Time,
		})
	}
	kind, event := c.missing(call, now)
	if event == nil {
		return
	}
	c.config.Found(&Occurrence{
		Finding: New(kind, Detail{Name: event.Slug}),
		Place:   Place{Time: call.First, Capture: call.Capture.Capture, Frame: call.Frame, Phone: c.phoneOf(call)},
		Times:   1, Last: call.First,
	})
}

// missing returns the first event that the phone should have announced of a
// call, nil for none: NotNotified where it announced nothing at all, MissingEvent
// where it announced others. None is missing where there may be other reasons: of
// a call that the capture has in part, that did not ring, or that came beside
// another.
func (c *Checker) missing(call *sip.Call, now int64) (Kind, *actionurl.Kind) {
	if call.Beside || call.Started == 0 || call.Ended == 0 || now-call.Ended < settled {
		return 0, nil
	}
	sends := c.signalling.sent[call.Addr].With(c.boundEvents(call))
	kind := NotNotified
	if call.Requests > 0 {
		if call.Announced == (actionurl.KindSet{}) || call.Referred > 0 || c.delayed(call) {
			return 0, nil
		}
		kind, sends = MissingEvent, sends.With(c.sent(call.Addr))
	}
	for k := range sends.All() {
		if !happened(k, call) || call.Announced.Has(k) {
			continue
		}
		if c.conns.failed(call.Addr) {
			break // it may have tried
		}
		return kind, k
	}
	return 0, nil
}

// happened reports whether one of the events that come with most calls came with
// a call.
func happened(k *actionurl.Kind, call *sip.Call) bool {
	switch k.Act {
	case actionurl.Begins:
		return call.Direction == actionurl.Incoming && call.Rang != 0
	case actionurl.Answers:
		return call.Answer != 0
	}
	return call.Answer != 0 && call.State == sip.Over
}

// sent returns those of the events that come with most calls that a phone sent of
// any call, if they are counted.
func (c *Checker) sent(from netip.Addr) (all actionurl.KindSet) {
	phone := c.clients[from]
	if phone == nil {
		return all
	}
	for k := range allOfCalls.All() {
		if i := counterOf(k); i >= 0 && phone.Past.Sent[i] > 0 {
			all.Add(k)
		}
	}
	return all
}

// delayed reports whether a late response may have kept the phone from sending
// events of a call.
func (c *Checker) delayed(call *sip.Call) bool {
	phone := c.clients[call.Addr]
	return phone != nil && phone.Past.Delayed > call.First
}

// boundEvents returns the events of a call that templates bound to the phone send
// to servers which took such requests within the capture.
func (c *Checker) boundEvents(call *sip.Call) (events actionurl.KindSet) {
	s := &c.signalling
	if s.bound == nil {
		s.bound = map[packet.MAC][]boundTo{}
		for _, t := range c.config.Templates {
			host, _ := t.Server()
			server, err := netip.ParseAddr(host)
			if allOfCalls.Has(t.Kind) && !t.Phone.IsZero() && err == nil && !t.Secure() {
				s.bound[t.Phone] = append(s.bound[t.Phone], boundTo{server, t.Kind})
			}
		}
	}
	if len(s.bound) == 0 {
		return events
	}
	for _, b := range s.bound[c.phoneOf(call).MAC] {
		if _, takes := c.conns.hosts[b.server]; takes {
			events.Add(b.event)
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
		p.MAC = call.Source
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

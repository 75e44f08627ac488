package finding

import (
	"cmp"
	"slices"

	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
	"actionurl/decode/timeline"
	"actionurl/decode/vendor"
)

// settled is how long after its end, in nanoseconds of capture time, no request
// about a call is expected any more: 5 s, and 10 s for its response.
const settled = 15e9

// maxQuiet bounds the phones whose calls are kept until others' are known: 4,096
// of about 250 bytes, 1 MiB.
const maxQuiet = 4 << 10

// A quiet is a phone that announced nothing of its calls, as far as these are
// known. There is no template for it.
type quiet struct {
	vendor *vendor.Vendor
	first  Place // of its first call
	last   int64 // when the latest began
	calls  int
	came   actionurl.KindSet // events that came with them
}

// An event is missing where something else shows that it happened, and the phone
// is known to announce such events. Closed goes by the phone's other events,
// Signalled by its SIP.

// Closed checks a call that is complete, and returns what was found wrong with
// it. The capture must have it from its beginning.
func (c *Checker) Closed(call *timeline.Call) Set {
	of := c.checked(call)
	if k, at := c.missingIn(call, of.left); k != nil {
		f := New(MissingEvent, Detail{Name: k.Slug})
		c.Mark([]Finding{f}, call.Phone, call)
		c.missed(f, Place{Time: at.Time, Sensor: at.Interface.Sensor, Capture: at.Interface.Capture, Frame: at.Frame, Phone: phoneIn(call.Phone)})
	}
	findings := of.findings
	*of = checked{} // the next call has the slot
	return findings
}

// missingIn returns an event that is missing among those of a call, nil for none,
// and where that shows: it was taken back, so it was on hold; the phone became
// idle, or talked in another call, so it had ended.
func (c *Checker) missingIn(call *timeline.Call, left packet.Origin) (*actionurl.Kind, packet.Origin) {
	none := packet.Origin{}
	if call.Began == 0 {
		return nil, none
	}
	var inCall actionurl.KindSet
	var answered, ended, held, resumed bool
	for _, s := range call.Steps {
		unknown := s.Kind == actionurl.Unknown
		answered = answered || s.Kind.Act == actionurl.Answers
		held = held || unknown || s.Kind.Act == actionurl.Holds
		resumed = resumed || s.Kind.Act == actionurl.Resumes
		ended = ended || unknown || s.Kind.Act.Final()
		inCall.Add(s.Kind)
	}
	unheld, unended := resumed && answered && !held, answered && !ended && call.Transfers == 0
	if !unheld && !unended {
		return nil, none // as nearly all
	}
	hold, end := actionurl.Holds.Kind(), actionurl.Ends.Kind()
	a := c.announcer(call.Phone.ID, call.Phone.MAC, inCall)
	l := c.past(call.Phone).lately
	switch {
	case unheld && l != nil && a.announces(hold):
		return hold, l.resumed
	case !unended || !a.announces(end) || call.SIP != nil && call.SIP.Ended != 0: // which SIP shows better
	case l != nil && call.Over != 0 && call.Over == l.idle.Time:
		return end, l.idle
	case call.Over == 0 && left.Time > call.Last && a.announces(hold):
		return end, left
	}
	return nil, none
}

// Signalled checks a call whose SIP is complete, at the capture time now:
// whether the phone announced its end too early, or left out an event.
func (c *Checker) Signalled(call *sip.Call, now int64) {
	if d := &call.Denial; d.Time != 0 {
		c.missed(New(SIPMismatch, Detail{Name: d.Kind.Slug}), Place{Time: d.Time, Capture: d.Capture, Frame: d.Frame, Phone: c.phoneOf(call)})
	}
	if call.Beside || call.Started == 0 || call.Ended == 0 || now-call.Ended < settled {
		return // there may be other reasons
	}
	kind := NotNotified
	if call.Requests > 0 {
		kind = MissingEvent
		if call.Announced == (actionurl.KindSet{}) || call.Referred > 0 || c.delayed(call) {
			return
		}
	}
	who := c.phoneOf(call)
	a := c.announcer(c.registry.At(call.Addr), who.MAC, call.Announced)
	events := a.everyCall()
	if maker := vendor.Of(who.MAC); maker != nil {
		if call.Requests > 0 {
			c.fleet[maker] = c.fleet[maker].With(call.Announced)
		} else if events == (actionurl.KindSet{}) {
			c.kept(call, who, maker)
		}
	}
	for k := range events.All() {
		if !happened(k, call) || a.inCall.Has(k) {
			continue
		}
		if !c.tried(call.Addr) { // else it may have tried
			c.missed(New(kind, Detail{Name: k.Slug}), Place{Time: call.First, Sensor: call.Capture.Sensor, Capture: call.Capture.Capture, Frame: call.Frame, Phone: who})
		}
		return
	}
}

// kept keeps a call of which the phone announced nothing.
func (c *Checker) kept(call *sip.Call, who Phone, maker *vendor.Vendor) {
	q := c.quiet[call.Addr]
	if q == nil {
		if len(c.quiet) == maxQuiet {
			return
		}
		q = &quiet{vendor: maker, first: Place{Time: call.First, Sensor: call.Capture.Sensor, Capture: call.Capture.Capture, Frame: call.Frame, Phone: who}}
		c.quiet[call.Addr] = q
	}
	q.calls++
	q.last = max(q.last, call.First)
	for k := range allOfCalls.All() {
		if happened(k, call) {
			q.came.Add(k)
		}
	}
}

// unannounced reports the phones that announced nothing at all, while others of
// their vendor announce such calls.
func (c *Checker) unannounced() {
	var all []*quiet
	for addr, q := range c.quiet {
		if c.at(addr) == nil && !c.tried(addr) {
			all = append(all, q)
		}
	}
	slices.SortFunc(all, func(a, b *quiet) int {
		return cmp.Or(cmp.Compare(a.first.Time, b.first.Time), a.first.Phone.Addr.Compare(b.first.Phone.Addr))
	})
	for _, q := range all {
		fleet := c.fleet[q.vendor]
		for k := range q.came.All() {
			if fleet.Has(k) {
				c.config.Found(&Occurrence{Finding: New(NotNotified, Detail{Name: k.Slug}), Place: q.first, Times: q.calls, Last: q.last})
				break
			}
		}
	}
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

// missed reports a finding of a call.
func (c *Checker) missed(f Finding, at Place) {
	c.config.Found(&Occurrence{Finding: f, Place: at, Times: 1, Last: at.Time})
}

// delayed reports whether a late response may have kept the phone from sending
// events of a call.
func (c *Checker) delayed(call *sip.Call) bool {
	p := c.at(call.Addr)
	return p != nil && p.delayed > call.First
}

// phoneOf returns the phone that has an end of a call: by the events from its
// address, or by the source address of its frames.
func (c *Checker) phoneOf(call *sip.Call) Phone {
	if p := c.at(call.Addr); p != nil {
		return Phone{Name: p.phone.Name, MAC: p.phone.MAC, Addr: call.Addr}
	}
	who := Phone{Addr: call.Addr}
	if vendor.Of(call.Source) != nil {
		who.MAC = call.Source
	}
	return who
}

// phoneIn returns a phone as a finding has it.
func phoneIn(p *timeline.Phone) Phone {
	who := Phone{Name: p.Name, MAC: p.MAC}
	if n := len(p.Addresses); n > 0 {
		who.Addr = p.Addresses[n-1]
	}
	return who
}

package finding

import (
	"net/netip"
	"slices"

	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
)

// An announcer is what is known of which events a phone announces: those that its
// templates make it send, those that it sent, and those that it sent in one call.
// All findings of events that did not come ask it.
type announcer struct {
	configured actionurl.KindSet // by its templates, and those bound to no phone
	accepted   actionurl.KindSet // by its templates whose servers take Action URLs
	announced
	inCall actionurl.KindSet
}

// announcer returns what is known of a phone, which may have announced nothing,
// and of a call with these events.
func (c *Checker) announcer(id phone.ID, mac packet.MAC, inCall actionurl.KindSet) announcer {
	a := announcer{configured: c.configured.of(mac), inCall: inCall}
	for _, t := range c.configured.bound[mac] {
		if _, takes := c.conns.hosts[t.server]; takes {
			a.accepted.Add(t.event)
		}
	}
	if int(id) < len(c.phones) {
		a.announced = c.phones[id].announced
	}
	return a
}

// announces reports whether the phone is known to announce an event: it did, or
// has a template for it.
func (a *announcer) announces(k *actionurl.Kind) bool {
	return a.has(k) || a.configured.Has(k)
}

// everyCall returns which of the events that come with most calls the phone is
// known to announce to servers of this capture. Where it announced nothing of a
// call, events that it sent without a template say nothing of other calls.
func (a *announcer) everyCall() actionurl.KindSet {
	all := a.byTemplate.With(a.accepted)
	if a.inCall == (actionurl.KindSet{}) {
		return all
	}
	for k := range allOfCalls.All() {
		if a.has(k) {
			all.Add(k)
		}
	}
	return all
}

// A configured is the events that templates make phones send.
type configured struct {
	events map[packet.MAC]actionurl.KindSet // by phone; zero is any phone
	bound  map[packet.MAC][]bound           // of those that come with most calls
}

// A bound is an event that a template of a phone sends to a server.
type bound struct {
	server netip.Addr
	event  *actionurl.Kind
}

func newConfigured(all []*actionurl.Template) configured {
	t := configured{map[packet.MAC]actionurl.KindSet{}, map[packet.MAC][]bound{}}
	for _, template := range all {
		if template.Secure() {
			continue
		}
		events := t.events[template.Phone]
		events.Add(template.Kind)
		t.events[template.Phone] = events
		host, _ := template.Server()
		if server, err := netip.ParseAddr(host); err == nil && allOfCalls.Has(template.Kind) && !template.Phone.IsZero() {
			t.bound[template.Phone] = append(t.bound[template.Phone], bound{server, template.Kind})
		}
	}
	return t
}

// of returns the events that templates make a phone send.
func (t *configured) of(mac packet.MAC) actionurl.KindSet {
	return t.events[packet.MAC{}].With(t.events[mac])
}

// What is on and off alternates, and a phone has no more than a few accounts or
// calls at a time: where one event of a pair came often, the other has happened,
// too. So a phone's events are counted, by switch and position, and by act.
var (
	countedSwitches = [...]actionurl.Switch{actionurl.DND, actionurl.Forwarding, actionurl.OffHook, actionurl.Busy}
	countedActs     = [...]actionurl.Act{actionurl.Holds, actionurl.Resumes, actionurl.Ends, actionurl.Answers}
)

// An announced is what a phone sent.
type announced struct {
	sent       [2*len(countedSwitches) + len(countedActs)]uint8 // how often, up to 255, by counterOf
	byTemplate actionurl.KindSet                                // of the events that come with most calls
}

// add notes an event, or those that it may be.
func (a *announced) add(e *actionurl.Event) {
	a.count(e.Kind)
	for _, k := range e.Candidates {
		a.count(k)
	}
	if e.Template != nil && allOfCalls.Has(e.Kind) {
		a.byTemplate.Add(e.Kind)
	}
}

func (a *announced) count(k *actionurl.Kind) {
	if i := counterOf(k); i >= 0 && a.sent[i] < 255 {
		a.sent[i]++
	}
}

// has reports whether an event was sent, if it is counted.
func (a *announced) has(k *actionurl.Kind) bool {
	i := counterOf(k)
	return i >= 0 && a.sent[i] > 0
}

// counterOf returns the index of an event in announced.sent, -1 if it is not
// counted. That of the other event of its pair differs in the lowest bit.
func counterOf(k *actionurl.Kind) int {
	switch {
	case k.Switch != actionurl.NoSwitch && !k.Again:
		if i := slices.Index(countedSwitches[:], k.Switch); i >= 0 {
			return 2*i + int(k.To-actionurl.On)
		}
	case k.Act.OfCall() && k.Direction == actionurl.Undirected:
		if i := slices.Index(countedActs[:], k.Act); i >= 0 {
			return 2*len(countedSwitches) + i
		}
	}
	return -1
}

// oftenEnough returns how often the other event of its pair must have come for
// an event to have happened, 0 for never.
func oftenEnough(k *actionurl.Kind) uint8 {
	switch k.Act {
	case actionurl.Resumes, actionurl.Answers: // a call may end on hold, or unanswered
		return 0
	case actionurl.Ends:
		return 5
	}
	return 3
}

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

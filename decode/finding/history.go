package finding

import (
	"hash/maphash"
	"net/netip"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/timeline"
)

// Times, in nanoseconds of capture time.
const (
	// repeating is within what an event that is told again is the same one.
	repeating = 10e9
	// burst is within what nobody makes an event happen twice.
	burst = 1e9
	// ringing is within what the phones of a group begin to ring.
	ringing = 2e9
	// failing is within what failures of a phone to register belong together.
	failing = 600e9
	// tolerance is how far a duration that the phone tells may be from the one
	// that was measured: the one is of whole seconds, the other of requests.
	tolerance = 2e9
)

// flood is how many failures to register are more than a restart of the server.
// A Yealink phone tells of one every 30 s.
const flood = 5

// past is what a phone did before.
type past struct {
	client netip.Addr     // that its latest request came from
	server netip.AddrPort // that took it

	// The latest event that is known.
	slug   string
	target uint64 // hash of it
	time   int64
	badly  bool // it was not answered as it should be

	sent    [watched]uint8 // how often it sent each of the watched events, up to 255
	delayed int64          // until when a late response kept it from sending

	*rare // nil where none of it was
}

// A rare is what few phones do, kept apart so that what every event touches of
// the others lies together in memory.
type rare struct {
	failures int   // to register, in a row
	failed   int64 // when the first of them was
	idle     where // of its latest busy_to_idle
	resumed  where // of its latest resume_call
}

// rarely returns the rest of what a phone did.
func (p *past) rarely() *rare {
	if p.rare == nil {
		p.rare = new(rare)
	}
	return p.rare
}

// pastOf returns what a phone did before, nil if nothing is known.
func pastOf(phone *timeline.Phone) *past {
	p, _ := phone.State.(*past)
	return p
}

// A where is the place of an event.
type where struct {
	time    int64
	capture string
	frame   int
}

// history checks an event against what its phone did before.
func (c *Checker) history(x *httpwire.Exchange, e *actionurl.Event, phone *timeline.Phone, call *timeline.Call) {
	p := pastOf(phone)
	if p == nil {
		p = new(past)
		phone.State = p
	}
	if client := x.Client.Addr(); client != p.client {
		p.client = client
		c.clients[client] = phone
	}
	c.repeated(x, e, p)
	if x.Server != p.server {
		p.server = x.Server
		c.conns.took(x.Server)
	}
	switch e.Slug {
	case "register_failed":
		r := p.rarely()
		if r.failures == 0 || x.Time-r.failed > failing {
			r.failures, r.failed = 0, x.Time
		}
		if r.failures++; r.failures >= flood {
			c.add(RegisterFlood, Detail{})
		}
	case "registered":
		if p.rare != nil {
			p.failures = 0
		}
	case "busy_to_idle", "phone_state_idle":
		p.rarely().idle = where{x.Time, x.Interface.Capture, x.Frame}
	case "resume_call":
		p.rarely().resumed = where{x.Time, x.Interface.Capture, x.Frame}
	case "incoming_call":
		if call != nil {
			c.fanOut(x, phone, call)
		}
	case "terminated_call":
		if call != nil {
			c.duration(x, p, call)
		}
	}
	if call != nil && call.ID != "" {
		c.order(e.Slug, call)
	}
	p.count(e)
	if x.NoResponse != httpwire.Answered || x.Latency >= burst {
		p.delayed = max(p.delayed, x.Time+max(x.Latency, repeating))
	}
}

// repeated checks whether the phone sends the same event again: of a call that
// has an id, or at once, or as the server did not take it. Else it may have
// happened again, and what came between is not among what the phone tells.
func (c *Checker) repeated(x *httpwire.Exchange, e *actionurl.Event, p *past) {
	if e.Slug == actionurl.Unknown {
		return
	}
	target := maphash.String(c.seed, x.Target)
	if p.slug == e.Slug && p.target == target && p.server == x.Server && x.Time-p.time < repeating &&
		(p.badly || x.Time-p.time < burst || e.CallID != "" && once(e.Slug)) {
		c.add(Repeated, Detail{Name: e.Slug})
	}
	p.slug, p.target, p.time = e.Slug, target, x.Time
	p.badly = x.NoResponse != httpwire.Answered || x.Status >= 300 && x.Status != 304 || c.config.Slow > 0 && x.Latency >= c.config.Slow
}

// A rank is where in a call an event stands.
type rank uint8

const (
	nowhere rank = iota // anywhere, or in no call
	first
	second
	middle // happens several times
	last
)

func rankOf(slug string) rank {
	switch slug {
	case "incoming_call", "outgoing_call":
		return first
	case "established_call", "answered_call":
		return second
	case "hold_call", "resume_call":
		return middle
	case "terminated_call", "missed_call", "rejected_call":
		return last
	}
	return nowhere
}

// once reports whether an event happens once in a call.
func once(slug string) bool {
	r := rankOf(slug)
	return r != nowhere && r != middle
}

// order checks whether an event comes behind one that it must come before. Some
// phones tell of the end in two ways, which have no order.
func (c *Checker) order(slug string, call *timeline.Call) {
	r := rankOf(slug)
	if r == nowhere || len(call.Steps) < 2 {
		return
	}
	for _, s := range call.Steps[:len(call.Steps)-1] {
		if before := rankOf(s.Slug); before > r && !(r == second && before == middle) && s.Slug != slug {
			c.add(OutOfOrder, Detail{Name: slug, Other: s.Slug})
			return
		}
	}
}

// duration compares the talk time that the phone tells with that between its
// events. Times on hold may be part of it or not.
func (c *Checker) duration(x *httpwire.Exchange, p *past, call *timeline.Call) {
	talk, known := call.Talk()
	if !known || call.Said < 0 || p.delayed > call.First || call.Over != x.Time {
		return
	}
	hold, _ := call.Hold()
	said := int64(call.Said) * 1e9
	if near(said, int64(talk)) || near(said, int64(talk-hold)) {
		return
	}
	c.add(DurationMismatch, Detail{N: said, M: int64(talk)})
}

func near(a, b int64) bool { return a-b <= tolerance && b-a <= tolerance }

// rings is where phones that ring for the same call are found: 1,024 places of
// 32 bytes. A later call takes the place of an earlier one.
type rings [1024]struct {
	call  uint64 // hash of the caller
	time  int64  // when the first phone rang
	phone *timeline.Phone
}

// fanOut checks whether another phone rings for the same call: one from the
// same number, at once. Numbers of less than three digits, and words such as
// anonymous, are those of many callers; and a phone's own numbers of its calls
// tell nothing of another's.
func (c *Checker) fanOut(x *httpwire.Exchange, phone *timeline.Phone, call *timeline.Call) {
	name := call.Remote
	if digits(name) < 3 {
		name = call.ID
		if !strings.Contains(name, "@") {
			return
		}
	}
	caller := maphash.String(c.seed, name)
	r := &c.rings[caller%uint64(len(c.rings))]
	if r.call != caller || x.Time-r.time > ringing {
		r.call, r.time, r.phone = caller, x.Time, phone
		return
	}
	if r.phone != phone {
		c.add(FanOut, Detail{})
	}
}

func digits(s string) (n int) {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// Closed takes a call that is complete. An event is missed only where another
// one tells that it happened, the capture has the call from its beginning, and
// the phone is known to send such events: it did, or has a template for them.
func (c *Checker) Closed(call *timeline.Call) {
	if call.Began == 0 {
		return
	}
	var answered, ended, held, resumed bool
	for _, s := range call.Steps {
		switch s.Slug {
		case "established_call", "answered_call":
			answered = true
		case "hold_call", actionurl.Unknown:
			held = true
		case "resume_call":
			resumed = true
		}
		ended = ended || rankOf(s.Slug) == last || s.Slug == actionurl.Unknown
	}
	unheld, unended := resumed && answered && !held, answered && !ended && call.Transfers == 0 && call.Over != 0
	if !unheld && !unended {
		return // as nearly all are
	}
	p := pastOf(call.Phone)
	if p == nil {
		return
	}
	sends := func(event int) bool {
		return p.sent[event] > 0 || (c.typed[""]|c.typed[call.Phone.MAC])&(1<<event) != 0
	}
	switch {
	case unheld && sends(holdCall):
		c.missed(call, "hold_call", p.rarely().resumed)
	case unended && p.rare != nil && call.Over == p.idle.time && sends(terminated):
		c.missed(call, "terminated_call", p.idle)
	}
}

func (c *Checker) missed(call *timeline.Call, slug string, at where) {
	f := Finding{MissingEvent, Detail{Name: slug}}
	Mark([]Finding{f}, call.Phone, call)
	c.config.Found(&Occurrence{
		Finding: f,
		Place:   Place{Time: at.time, Capture: at.capture, Frame: at.frame, Phone: phoneIn(call.Phone)},
		Times:   1, Last: at.time,
	})
}

// Mark notes in a phone and its call, which may be nil, what was found of them.
func Mark(found []Finding, phone *timeline.Phone, call *timeline.Call) {
	for i := range found {
		if phone != nil {
			phone.Findings |= 1 << found[i].Kind
		}
		if call != nil {
			call.Findings |= 1 << found[i].Kind
		}
	}
}

// phoneIn returns a phone as a finding has it.
func phoneIn(p *timeline.Phone) Phone {
	phone := Phone{Name: p.Name, MAC: p.MAC}
	if n := len(p.Addresses); n > 0 {
		phone.Addr = p.Addresses[n-1]
	}
	return phone
}

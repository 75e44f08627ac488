package finding

import (
	"hash/maphash"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/timeline"
)

// Times, in nanoseconds of capture time.
const (
	// repeating is the time within which the same event again is a repetition.
	repeating = 10e9
	// burst is the time within which nobody makes an event happen twice.
	burst = 1e9
	// ringing is the time within which the phones of a group begin to ring.
	ringing = 2e9
	// failing is the time within which failures to register belong together.
	failing = 600e9
	// tolerance is how far $duration may be from the measured talk time: one is in
	// whole seconds, the other between requests.
	tolerance = 2e9
)

// flood is how many failures to register are more than a restart of the server.
// A Yealink phone announces one every 30 s.
const flood = 5

// A rare is what few phones do: the rest of a [timeline.Past].
type rare struct {
	failures int           // to register, in a row
	failed   int64         // when the first of them was
	idle     packet.Origin // its latest busy_to_idle
	resumed  packet.Origin // its latest resume_call
}

// rareOf returns the rest of what a phone did, nil where none of it was.
func rareOf(p *timeline.Past) *rare {
	r, _ := p.Rest.(*rare)
	return r
}

// rarely is rareOf where something of it is now.
func rarely(p *timeline.Past) *rare {
	r := rareOf(p)
	if r == nil {
		r = new(rare)
		p.Rest = r
	}
	return r
}

// history checks an event against what its phone did before.
func (c *Checker) history(x *httpwire.Exchange, e *actionurl.Event, phone *timeline.Phone, call *timeline.Call) {
	p := &phone.Past
	if client := x.Client.Addr(); client != p.Client {
		p.Client = client
		c.clients[client] = phone
	}
	c.repeated(x, e, p)
	if x.Server != p.Server {
		p.Server = x.Server
		c.conns.took(x.Client.Addr(), x.Server)
	}
	switch k := e.Kind; {
	case k.Switch == actionurl.Registration && k.Failed:
		r := rarely(p)
		if r.failures == 0 || x.Time-r.failed > failing {
			r.failures, r.failed = 0, x.Time
		}
		if r.failures++; r.failures >= flood {
			c.add(RegisterFlood, Detail{})
		}
	case k.Switch == actionurl.Registration && k.To == actionurl.On:
		if r := rareOf(p); r != nil {
			r.failures = 0
		}
	case k.Switch == actionurl.Busy && k.To == actionurl.Off:
		rarely(p).idle = x.Origin
	case k.Act == actionurl.Resumes:
		rarely(p).resumed = x.Origin
	case call == nil:
	case k.Act == actionurl.Begins && k.Direction == actionurl.Incoming:
		c.fanOut(x, phone, call)
	case k.Act == actionurl.Answers:
		leave(x, phone, call)
	case k.Act == actionurl.Ends:
		c.duration(x, p, call)
	}
	if call != nil && call.ID != "" {
		c.order(e.Kind, call)
	}
	count(p, e)
	if x.NoResponse != httpwire.Answered || x.Latency >= burst {
		p.Delayed = max(p.Delayed, x.Time+max(x.Latency, repeating))
	}
}

// repeated checks whether the phone sends the same event again: of a call with an
// id, or at once, or because the server failed. Otherwise it may have happened
// again, and the phone does not announce what came between.
func (c *Checker) repeated(x *httpwire.Exchange, e *actionurl.Event, p *timeline.Past) {
	if e.Kind == actionurl.Unknown {
		return
	}
	target := maphash.String(c.seed, x.Target)
	if p.Kind == e.Kind && p.Target == target && p.Server == x.Server && x.Time-p.Time < repeating &&
		(p.Badly || x.Time-p.Time < burst || e.CallID != "" && once(e.Kind)) {
		c.add(Repeated, Detail{Name: e.Kind.Slug})
	}
	p.Kind, p.Target, p.Time = e.Kind, target, x.Time
	p.Badly = x.NoResponse != httpwire.Answered || x.Status >= 300 && x.Status != 304 || c.config.Slow > 0 && x.Latency >= c.config.Slow
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

func rankOf(k *actionurl.Kind) rank {
	switch k.Act {
	case actionurl.Begins:
		return first
	case actionurl.Answers:
		return second
	case actionurl.Holds, actionurl.Resumes, actionurl.FarHolds, actionurl.FarResumes:
		return middle
	}
	if k.Act.Final() {
		return last
	}
	return nowhere
}

// once reports whether an event happens once in a call.
func once(k *actionurl.Kind) bool {
	r := rankOf(k)
	return r != nowhere && r != middle
}

// order checks whether an event comes after one that it must come before. Some
// phones announce the end by two events, which have no order.
func (c *Checker) order(k *actionurl.Kind, call *timeline.Call) {
	r := rankOf(k)
	if r == nowhere || len(call.Steps) < 2 {
		return
	}
	for _, s := range call.Steps[:len(call.Steps)-1] {
		if before := rankOf(s.Kind); before > r && !(r == second && before == middle) && s.Kind != k {
			c.add(OutOfOrder, Detail{Name: k.Slug, Other: s.Kind.Slug})
			return
		}
	}
}

// leave notes the calls that a phone left unannounced when it began to talk in
// this one.
func leave(x *httpwire.Exchange, phone *timeline.Phone, call *timeline.Call) {
	if call.ID == "" {
		return
	}
	for other := range phone.Open() {
		if other != call && other.ID != "" && other.Talks() {
			other.Left = x.Origin
		}
	}
}

// duration compares $duration with the talk time between the phone's events.
// Times on hold may be part of it or not.
func (c *Checker) duration(x *httpwire.Exchange, p *timeline.Past, call *timeline.Call) {
	talk, known := call.Talk()
	if !known || call.Duration < 0 || p.Delayed > call.First || call.Over != x.Time {
		return
	}
	hold, _ := call.Hold()
	announced := int64(call.Duration) * 1e9
	if near(announced, int64(talk)) || near(announced, int64(talk-hold)) {
		return
	}
	c.add(DurationMismatch, Detail{N: announced, M: int64(talk)})
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
// anonymous, are shared by many callers; ids that the phone counts itself mean
// nothing to another.
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

// Closed checks a complete call for missing events. One is missing only where
// another event shows that it happened, the capture has the call from its
// beginning, and the phone sends such events: it did, or has a template for them.
func (c *Checker) Closed(call *timeline.Call) {
	if call.Began == 0 {
		return
	}
	var answered, ended, held, resumed bool
	for _, s := range call.Steps {
		unknown := s.Kind == actionurl.Unknown
		answered = answered || s.Kind.Act == actionurl.Answers
		held = held || unknown || s.Kind.Act == actionurl.Holds
		resumed = resumed || s.Kind.Act == actionurl.Resumes
		ended = ended || unknown || s.Kind.Act.Final()
	}
	unheld, unended := resumed && answered && !held, answered && !ended && call.Transfers == 0
	if !unheld && !unended {
		return // as nearly all are
	}
	p := &call.Phone.Past
	hold, end := actionurl.Holds.Kind(), actionurl.Ends.Kind()
	sends := func(k *actionurl.Kind) bool {
		configured := c.configuredFor(call.Phone)
		return p.Sent[counterOf(k)] > 0 || configured.Has(k)
	}
	r := rareOf(p)
	switch {
	case unheld && r != nil && sends(hold):
		c.missed(call, hold, r.resumed)
	case !unended || !sends(end) || call.SIP != nil && call.SIP.Ended != 0: // which SIP shows better
	case r != nil && call.Over != 0 && call.Over == r.idle.Time:
		c.missed(call, end, r.idle)
	case call.Over == 0 && call.Left.Time > call.Last && sends(hold):
		c.missed(call, end, call.Left)
	}
}

func (c *Checker) missed(call *timeline.Call, k *actionurl.Kind, at packet.Origin) {
	f := New(MissingEvent, Detail{Name: k.Slug})
	Mark([]Finding{f}, call.Phone, call)
	c.config.Found(&Occurrence{
		Finding: f,
		Place:   Place{Time: at.Time, Capture: at.Interface.Capture, Frame: at.Frame, Phone: phoneIn(call.Phone)},
		Times:   1, Last: at.Time,
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

package finding

import (
	"hash/maphash"
	"math/bits"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
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

// A lately is what few phones announced.
type lately struct {
	failures int           // to register, in a row
	failing  int64         // when the first of them was
	idle     packet.Origin // where it became idle
	resumed  packet.Origin // where it took a call back
}

// late returns what few phones announced, for something of it to be noted.
func (p *past) late() *lately {
	if p.lately == nil {
		p.lately = new(lately)
	}
	return p.lately
}

// history checks an event against what its phone did before.
func (c *Checker) history(x *httpwire.Exchange, e *actionurl.Event, of *timeline.Phone, call *timeline.Call) {
	p := c.past(of)
	p.phone = of
	c.repeated(x, e, p)
	c.lookups.event(x)
	if x.Server != p.server {
		p.server = x.Server
		c.conns.took(x.Client.Addr(), x.Server)
	}
	switch k := e.Kind; {
	case k.Switch == actionurl.Registration && k.Failed:
		l := p.late()
		if l.failures == 0 || x.Time-l.failing > failing {
			l.failures, l.failing = 0, x.Time
		}
		if l.failures++; l.failures >= flood {
			c.add(RegisterFlood, Detail{})
		}
	case k.Switch == actionurl.Registration && k.To == actionurl.On:
		if p.lately != nil {
			p.lately.failures = 0
		}
	case k.Switch == actionurl.Busy && k.To == actionurl.Off:
		p.late().idle = x.Origin
	case k.Act == actionurl.Resumes:
		p.late().resumed = x.Origin
	case call == nil:
	case k.Act == actionurl.Begins && k.Direction == actionurl.Incoming:
		c.fanOut(x, of.ID, call)
	case k.Act == actionurl.Answers:
		c.leave(x, of, call)
	case k.Act == actionurl.Ends:
		c.duration(x, p, call)
	}
	if call != nil && call.ID != "" {
		c.order(e.Kind, call)
	}
	p.announced.add(e)
	if x.NoResponse != httpwire.Answered || x.Latency >= burst {
		p.delayed = max(p.delayed, x.Time+max(x.Latency, repeating))
	}
}

// repeated checks whether the phone sends the same event again: of a call with an
// id, or at once, or because the server failed. Otherwise it may have happened
// again, and the phone does not announce what came between.
func (c *Checker) repeated(x *httpwire.Exchange, e *actionurl.Event, p *past) {
	if e.Kind == actionurl.Unknown {
		return
	}
	target := maphash.String(c.seed, x.Target)
	if x.Method == "POST" { // all that distinguishes it may be in the body
		for i := range e.Vars {
			target = bits.RotateLeft64(target, 1) ^ maphash.String(c.seed, e.Vars[i].Value)
		}
	}
	if p.kind == e.Kind && p.target == target && p.server == x.Server && within(repeating, x.Time, p.time) &&
		(p.failed || within(burst, x.Time, p.time) || e.CallID != "" && once(e.Kind)) {
		c.add(Repeated, Detail{Name: e.Kind.Slug})
	}
	p.kind, p.target, p.time = e.Kind, target, x.Time
	p.failed = x.NoResponse != httpwire.Answered || x.Status >= 300 && x.Status != 304 || c.config.Slow > 0 && x.Latency >= c.config.Slow
}

// within reports whether two times are less than d nanoseconds apart. The later
// request may have the earlier time: clocks are set back.
func within(d, a, b int64) bool { return a-b < d && b-a < d }

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
func (c *Checker) leave(x *httpwire.Exchange, phone *timeline.Phone, call *timeline.Call) {
	if call.ID == "" {
		return
	}
	for other := range phone.Open() {
		if other != call && other.ID != "" && other.Talks() {
			c.checked(other).left = x.Origin
		}
	}
}

// duration compares $duration with the talk time between the phone's events.
// Times on hold may be part of it or not.
func (c *Checker) duration(x *httpwire.Exchange, p *past, call *timeline.Call) {
	talk, known := call.Talk()
	if !known || call.Duration < 0 || p.delayed > call.First || call.Over != x.Time {
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
// 24 bytes. A later call takes the place of an earlier one.
type rings [1024]struct {
	call  uint64 // hash of the caller
	time  int64  // when the first phone rang
	phone phone.ID
}

// fanOut checks whether another phone rings for the same call: one from the
// same number, at once. Numbers of less than three digits, and words such as
// anonymous, are shared by many callers; ids that the phone counts itself mean
// nothing to another.
func (c *Checker) fanOut(x *httpwire.Exchange, of phone.ID, call *timeline.Call) {
	name := call.Remote
	if digits(name) < 3 {
		name = call.ID
		if !strings.Contains(name, "@") {
			return
		}
	}
	caller := maphash.String(c.seed, name)
	r := &c.rings[caller%uint64(len(c.rings))]
	if r.call != caller || !within(ringing+1, x.Time, r.time) {
		r.call, r.time, r.phone = caller, x.Time, of
		return
	}
	if r.phone != of {
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

package sip

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"actionurl/decode/actionurl"
)

// Times here are in nanoseconds of capture time.
const (
	// Before and after are how long a request may come before and after the
	// message that it belongs to: phones send both at once. A known event that has
	// the Call-ID may come as late as afterID.
	Before  = 2e9
	after   = 5e9
	afterID = 30e9

	// early is how many times less likely a request before its message is than
	// one as long after it.
	early = 4

	// lesser is how much farther a message counts that does not announce the event.
	lesser = 500e6

	// A message names the event of a request if it comes at most sure before it or
	// sureBefore after it, and no message of another meaning is within margin
	// times its distance, and slack more.
	sure       = 2e9
	sureBefore = 250e6
	margin     = 3
	slack      = 100e6

	// shortestID and shortestNumber are the least lengths of a Call-ID, and of a
	// number where the URL does not call it one.
	shortestID     = 6
	shortestNumber = 3
)

// evidence is how a request is known to be of a call, the best first.
type evidence uint8

const (
	byCallID evidence = iota
	byNumber
	byTime // and by the phone
	byNothing
)

// A fit is a message near a request.
type fit struct {
	call     *Call // nil of a registration, or where the phone is neither end
	moment   *moment
	evidence evidence
	distance int64
}

// Heard reports whether any call or registration was heard of.
func (t *Tracker) Heard() bool { return t.calls != nil || t.young != nil }

// Knows reports whether a call or registration of an address is known.
func (t *Tracker) Knows(addr netip.Addr) bool {
	return t.phones[addr] != nil || t.young[addr] != nil || t.old[addr] != nil
}

// Match finds the message that a request belongs to, and the call of the phone
// that it is of, nil where that is not known. It is not ok if there is no such
// message, or if it may be one of several; the call may be known even then.
func (t *Tracker) Match(q *actionurl.Question) (m actionurl.Message, call *Call, ok bool) {
	t.fits, call = t.fits[:0], t.byID(q)
	for i, addr := range q.Phone {
		if i > 0 && addr == q.Phone[0] {
			break
		}
		t.near(q, addr, call != nil)
	}
	if len(t.fits) == 0 && len(q.Kinds) == 1 && q.CallID != "" {
		// Captured elsewhere, as beyond NAT: which end the phone is, is not known,
		// but the call is its.
		if d := t.calls[q.CallID]; d != nil {
			for _, c := range d.ends {
				for i := range min(c.n, maxMoments) {
					t.add(q, nil, &c.moments[i], byCallID)
				}
			}
		}
	}
	best := t.best(q)
	if best == nil {
		call.deny(q)
		return actionurl.Message{}, call, false
	}
	var kind *actionurl.Kind
	switch len(q.Kinds) {
	case 0:
		kind = t.names(q, best)
	case 1:
		kind = q.Kinds[0]
	default:
		kind = t.narrows(q, best)
	}
	if kind == nil {
		return actionurl.Message{}, call, false
	}
	at := best.moment
	at.request = maphash.String(t.seed, q.Target)
	if best.call != nil {
		call = best.call
		call.Events++
	}
	m = actionurl.Message{Kind: kind, Frame: at.frame, Method: at.text(), Delay: q.Time - at.time}
	if at.on.Capture != q.Capture {
		m.Frame = 0
	}
	return m, call, true
}

// deny notes an event that announces the end of the call while it is on.
func (c *Call) deny(q *actionurl.Question) {
	if c == nil || len(q.Kinds) != 1 || c.claim.Time != 0 || c.Answer == 0 || c.Ended != 0 {
		return
	}
	switch q.Kinds[0].Act {
	case actionurl.Misses, actionurl.Rejects, actionurl.Ends:
		c.claim = Denial{q.Kinds[0], q.Time, q.Capture, q.Frame}
	}
}

// Requested notes that an HTTP request came from an address, and what it
// announced.
func (t *Tracker) Requested(addr netip.Addr, at int64, announced actionurl.KindSet) {
	p := t.phones[addr]
	if p == nil {
		return
	}
	for _, c := range *p {
		if at >= c.First-Before && (c.Ended == 0 || at <= c.Ended+after) {
			c.Requests++
			c.Announced = c.Announced.With(announced)
		}
	}
}

// byID returns the phone's call whose Call-ID a request has; no message of it may
// belong to the request.
func (t *Tracker) byID(q *actionurl.Question) *Call {
	d := t.calls[q.CallID]
	if d == nil {
		return nil
	}
	for _, c := range d.ends {
		if c.Addr == q.Phone[0] || c.Addr == q.Phone[1] {
			return c
		}
	}
	return nil
}

// near collects the messages near a request at an address: of the call whose
// Call-ID it has, if there is one, or else of all that it may be of.
func (t *Tracker) near(q *actionurl.Question, addr netip.Addr, identified bool) {
	if p := t.phones[addr]; p != nil {
		for _, c := range *p {
			if e := c.evidence(q); e == byCallID || e != byNothing && !identified {
				t.collect(q, c, e)
			}
		}
	}
	r := t.young[addr]
	if r == nil {
		r = t.old[addr]
	}
	if r != nil && len(q.Kinds) > 0 {
		for i := range min(r.n, len(r.moments)) {
			t.add(q, nil, &r.moments[i], byTime)
		}
	}
}

func (t *Tracker) collect(q *actionurl.Question, c *Call, e evidence) {
	for i := range min(c.n, maxMoments) {
		t.add(q, c, &c.moments[i], e)
	}
}

// add adds a message to the fits if it is near enough. A known event must be one
// that may come with it; otherwise any message of a call speaks for an event or
// against it.
func (t *Tracker) add(q *actionurl.Question, c *Call, m *moment, e evidence) {
	delay := q.Time - m.time
	if delay < -Before || delay > afterID || delay > after && (e != byCallID || len(q.Kinds) != 1) {
		return
	}
	f := fit{call: c, moment: m, evidence: e, distance: delay}
	if delay < 0 {
		f.distance = -early * delay
	}
	if !m.is.Means(m.sent) || (len(q.Kinds) == 1 || c == nil) && !slices.ContainsFunc(q.Kinds, m.includes) {
		return
	}
	t.fits = append(t.fits, f)
}

// best leaves the fits of the best evidence, and returns the nearest of them,
// nil if there is none.
func (t *Tracker) best(q *actionurl.Question) *fit {
	strongest := byNothing
	for i := range t.fits {
		strongest = min(strongest, t.fits[i].evidence)
	}
	t.fits = slices.DeleteFunc(t.fits, func(f fit) bool { return f.evidence > strongest })
	var best *fit
	for i := range t.fits {
		if f := &t.fits[i]; best == nil || f.weight(q) < best.weight(q) {
			best = f
		}
	}
	return best
}

// weight is the distance, more if the message does not announce the event in
// question, or any.
func (f *fit) weight(q *actionurl.Question) int64 {
	if m := f.moment; len(q.Kinds) == 1 && m.announces(q.Kinds[0]) || len(q.Kinds) != 1 && m.is.Announces(m.sent) != nil {
		return f.distance
	}
	return f.distance + lesser
}

// names returns the event that the nearest message names where nothing else
// does, nil for none: the request is known to be of the call, the message
// announces an event and has named no other request, and nothing else is near.
func (t *Tracker) names(q *actionurl.Question, best *fit) *actionurl.Kind {
	m := best.moment
	delay := q.Time - m.time
	k := m.is.Announces(m.sent)
	if k != nil && best.evidence <= byNumber && delay >= -sureBefore && delay <= sure &&
		(m.request == 0 || m.request == maphash.String(t.seed, q.Target)) && t.undisputed(best, k) {
		return k
	}
	return nil
}

// undisputed reports whether every message near may come with the event. What few
// phones announce does not count: that the other end holds the call, and the
// outcome of a transfer, which often ends the call at once.
func (t *Tracker) undisputed(best *fit, k *actionurl.Kind) bool {
	for i := range t.fits {
		f := &t.fits[i]
		switch f.moment.is {
		case actionurl.OnTransferred, actionurl.OnTransferFailed:
			continue
		case actionurl.OnHold, actionurl.OnResume:
			if !f.moment.sent {
				continue
			}
		}
		if !f.moment.includes(k) && f.distance <= margin*best.distance+slack {
			return false
		}
	}
	return true
}

// narrows returns the one of several events that the nearest message leaves, nil
// for none: the one that it announces, or else the only one that may come with
// it. An event without SIP messages could be known by their absence only, so it
// leaves nothing; unless the request has the Call-ID, and the event is none that
// happens during a call.
func (t *Tracker) narrows(q *actionurl.Question, best *fit) *actionurl.Kind {
	var left *actionurl.Kind
	announced, several := false, false
	for _, k := range q.Kinds {
		if k.SIP == (actionurl.Signals{}) && (best.evidence != byCallID || k.Act.OfCall() || k.Switch == actionurl.Mute) {
			return nil
		}
		if !best.moment.includes(k) {
			continue
		}
		switch is := best.moment.announces(k); {
		case left == nil || is && !announced:
			left, announced, several = k, is, false
		case is == announced:
			several = true
		}
	}
	if left == nil || several || !t.undisputed(best, left) {
		return nil
	}
	return left
}

// includes reports whether an event may come with the message.
func (m *moment) includes(k *actionurl.Kind) bool { return k.SIP.Includes(m.is, m.sent) }

// announces reports whether the message announces an event.
func (m *moment) announces(k *actionurl.Kind) bool { return k.SIP.Announced(m.is, m.sent) }

// text returns what the message is called in a table.
func (m *moment) text() string {
	if m.status == 0 {
		return m.method.String()
	}
	return strconv.Itoa(int(m.status)) + " " + m.method.String()
}

// evidence returns how a request is known to be of the call.
func (c *Call) evidence(q *actionurl.Question) evidence {
	if q.CallID != "" && sameID(q.CallID, c.ID) || strings.IndexByte(c.ID, '%') >= 0 && strings.Contains(q.Target, c.ID) {
		return byCallID
	}
	number, contradicts := false, false
	for i := range q.Vars {
		v := &q.Vars[i]
		if v.State != actionurl.Filled {
			continue
		}
		if sameID(v.Value, c.ID) {
			return byCallID
		}
		switch same := sameNumber(v.Value, c.Remote.User); {
		case same && (v.Name == "remote" || len(v.Value) >= shortestNumber && v.Name != "local" && v.Name != "active_user"):
			number = true
		case v.Name == "remote":
			contradicts = c.Remote.User != ""
		}
	}
	switch {
	case strings.IndexByte(q.CallID, '@') > 0: // that of another call
		return byNothing
	case number:
		return byNumber
	case contradicts:
		return byNothing
	}
	return byTime
}

// sameID reports whether a text is a Call-ID, or what stands in it before "@":
// phones leave the host out.
func sameID(s, id string) bool {
	if s == id {
		return true
	}
	if len(s) < shortestID {
		return false
	}
	local, _, ok := strings.Cut(id, "@")
	return ok && s == local
}

// sameNumber reports whether a value of a URL is a number or user of SIP:
// either may be a URI, have a "+" in front, or visual separators (RFC 3966,
// section 5.1.1).
func sameNumber(value, user string) bool {
	value, user = bare(value), bare(user)
	if value == "" {
		return false
	}
	for value != "" && user != "" {
		switch {
		case separator(value[0]):
			value = value[1:]
		case separator(user[0]):
			user = user[1:]
		case value[0]|0x20 != user[0]|0x20:
			return false
		default:
			value, user = value[1:], user[1:]
		}
	}
	return strings.Trim(value, separators) == "" && strings.Trim(user, separators) == ""
}

const separators = "-.() "

func separator(c byte) bool { return strings.IndexByte(separators, c) >= 0 }

// bare removes what is around a number: spaces, a name, the scheme, the host,
// parameters, a "+".
func bare(s string) string {
	s = strings.Trim(s, " ")
	if open := strings.IndexByte(s, '<'); open >= 0 {
		s = s[open+1:]
	}
	for _, scheme := range []string{"sip:", "sips:", "tel:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
			break
		}
	}
	if end := strings.IndexAny(s, "@;>"); end >= 0 {
		s = s[:end]
	}
	return strings.TrimPrefix(s, "+")
}

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
	// Before and after are how far a request may be from the message that it
	// belongs to: before it, as both are sent at once, and behind it. A known
	// event that has the Call-ID may be as far behind as afterID.
	Before  = 2e9
	after   = 5e9
	afterID = 30e9

	// early is how much less likely a request before its message is than one
	// that is as far behind it.
	early = 4

	// lesser is how much farther a message counts that an event may come with
	// than the one that stands for it.
	lesser = 500e6

	// A message names an event if it is at most sure before the request, or
	// sureBefore behind it, and no message that says something else is within
	// margin times its distance, and slack more.
	sure       = 2e9
	sureBefore = 250e6
	margin     = 3
	slack      = 100e6

	// shortestID is how long a text must be to be taken for a Call-ID, and
	// shortestNumber for a number where the URL does not call it one.
	shortestID     = 6
	shortestNumber = 3
)

// A meaning is what a message means at its end.
type meaning struct {
	slugs  [4]string // events that may come with it
	stands int       // for how many of them, the first ones, it stands
}

// meaning tells what the message means (after what vendors say of their events;
// RFC 3261, section 13, and RFC 5589 for transfers).
func (m *moment) meaning() meaning {
	switch m.kind {
	case acknowledged:
		return meaning{slugs: [4]string{"established_call", "answered_call", "phone_state_talking"}}
	case ended:
		return meaning{slugs: [4]string{"terminated_call", "phone_state_idle"}, stands: 1}
	}
	if m.sent {
		return m.meaningSent()
	}
	return m.meaningReceived()
}

func (m *moment) meaningSent() meaning {
	switch m.kind {
	case invited:
		return meaning{slugs: [4]string{"outgoing_call"}, stands: 1}
	case ringing:
		return meaning{slugs: [4]string{"incoming_call", "phone_state_ringing"}}
	case answered:
		return meaning{slugs: [4]string{"established_call", "answered_call", "phone_state_talking"}, stands: 2}
	case canceled, canceledElsewhere:
		return meaning{slugs: [4]string{"callout_canceled", "terminated_call", "phone_state_idle"}}
	case cancelAnswered:
		return meaning{slugs: [4]string{"missed_call", "remote_canceled", "terminated_call", "phone_state_idle"}}
	case rejected:
		return meaning{slugs: [4]string{"rejected_call", "missed_call", "terminated_call", "phone_state_idle"}, stands: 1}
	case refused:
		return meaning{slugs: [4]string{"rejected_call", "missed_call", "terminated_call", "phone_state_idle"}}
	case redirected:
		return meaning{slugs: [4]string{"forwarded_call"}, stands: 1}
	case held:
		return meaning{slugs: [4]string{"hold_call"}, stands: 1}
	case resumed:
		return meaning{slugs: [4]string{"resume_call"}, stands: 1}
	case referred:
		return meaning{slugs: [4]string{"blind_transfer", "transfer_call"}, stands: 1}
	case referredReplacing:
		return meaning{slugs: [4]string{"attended_transfer", "transfer_call"}, stands: 1}
	}
	return meaning{}
}

func (m *moment) meaningReceived() meaning {
	switch m.kind {
	case invited:
		return meaning{slugs: [4]string{"incoming_call", "phone_state_ringing"}, stands: 1}
	case ringing:
		return meaning{slugs: [4]string{"outgoing_call"}}
	case answered:
		return meaning{slugs: [4]string{"established_call", "phone_state_talking"}, stands: 1}
	case canceled:
		return meaning{slugs: [4]string{"missed_call", "remote_canceled", "terminated_call", "phone_state_idle"}, stands: 1}
	case canceledElsewhere:
		return meaning{slugs: [4]string{"missed_call", "remote_canceled", "terminated_call", "phone_state_idle"}}
	case cancelAnswered, rejected, refused:
		return meaning{slugs: [4]string{"terminated_call", "remote_busy", "callout_canceled", "phone_state_idle"}}
	case held:
		return meaning{slugs: [4]string{"held_call"}}
	case resumed:
		return meaning{slugs: [4]string{"unheld_call"}}
	case transferred:
		return meaning{slugs: [4]string{"transfer_finished"}}
	case notTransferred:
		return meaning{slugs: [4]string{"transfer_failed"}}
	case registered:
		return meaning{slugs: [4]string{"registered"}}
	case unregistered:
		return meaning{slugs: [4]string{"unregistered"}}
	case notRegistered:
		return meaning{slugs: [4]string{"register_failed"}}
	}
	return meaning{}
}

// means reports whether an event may come with the message.
func (m meaning) means(slug string) bool { return slug != "" && slices.Contains(m.slugs[:], slug) }

// evidence tells how a request is known to be of a call, the best first.
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
	meaning  meaning
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
	if len(t.fits) == 0 && len(q.Slugs) == 1 && q.CallID != "" {
		// Seen from elsewhere, as behind a translator of addresses: which end
		// the phone is cannot be told, but the call is its.
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
	slug := best.meaning.slugs[0]
	switch len(q.Slugs) {
	case 0:
		if !t.names(q, best) {
			return actionurl.Message{}, call, false
		}
	case 1:
		slug = q.Slugs[0]
	default:
		if slug, ok = t.narrows(q, best); !ok {
			return actionurl.Message{}, call, false
		}
	}
	at := best.moment
	at.told = maphash.String(t.seed, q.Target)
	if best.call != nil {
		call = best.call
		call.Events++
	}
	m = actionurl.Message{Slug: slug, Frame: at.frame, Method: at.text(), Delay: q.Time - at.time}
	if at.on.Capture != q.Capture {
		m.Frame = 0
	}
	return m, call, true
}

// deny notes an event that says the call is over while it is on.
func (c *Call) deny(q *actionurl.Question) {
	if c == nil || len(q.Slugs) != 1 || c.claim.Time != 0 || c.Answer == 0 || c.Ended != 0 {
		return
	}
	switch q.Slugs[0] {
	case "terminated_call", "missed_call", "rejected_call":
		c.claim = Denial{q.Slugs[0], q.Time, q.Capture, q.Frame}
	}
}

// Requested notes that an HTTP request came from an address, and what it
// announced: see Call.Said.
func (t *Tracker) Requested(addr netip.Addr, at int64, said uint8) {
	p := t.phones[addr]
	if p == nil {
		return
	}
	for _, c := range *p {
		if at >= c.First-Before && (c.Ended == 0 || at <= c.Ended+after) {
			c.Requests++
			c.Said |= said
		}
	}
}

// byID returns the phone's call of which a request has the Call-ID, though no
// message of it may be what the request announces.
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
	if r != nil && len(q.Slugs) > 0 {
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

// add adds a message to the fits if it is near enough. Where the event is known,
// it must be one that this may come with; else any message of a call speaks for
// an event or against it.
func (t *Tracker) add(q *actionurl.Question, c *Call, m *moment, e evidence) {
	delay := q.Time - m.time
	if delay < -Before || delay > afterID || delay > after && (e != byCallID || len(q.Slugs) != 1) {
		return
	}
	f := fit{call: c, moment: m, meaning: m.meaning(), evidence: e, distance: delay}
	if delay < 0 {
		f.distance = -early * delay
	}
	if f.meaning.slugs[0] == "" || (len(q.Slugs) == 1 || c == nil) && !slices.ContainsFunc(q.Slugs, f.meaning.means) {
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

// weight is the distance, more if the message does not stand for the event in
// question, or for any.
func (f *fit) weight(q *actionurl.Question) int64 {
	stood := f.meaning.slugs[:f.meaning.stands]
	if len(q.Slugs) == 1 && slices.Contains(stood, q.Slugs[0]) || len(q.Slugs) != 1 && len(stood) > 0 {
		return f.distance
	}
	return f.distance + lesser
}

// names reports whether the nearest message names an event that nothing else
// tells: the request is known to be of the call, the message stands for an
// event and has named no other request, and nothing else is near.
func (t *Tracker) names(q *actionurl.Question, best *fit) bool {
	m := best.moment
	delay := q.Time - m.time
	return best.evidence <= byNumber && best.meaning.stands > 0 && delay >= -sureBefore && delay <= sure &&
		(m.told == 0 || m.told == maphash.String(t.seed, q.Target)) &&
		t.alone(best, best.meaning.slugs[0])
}

// alone reports whether no message is near that does not mean the event. What
// few phones announce does not count: that the other end holds the call, and
// what became of a transfer, which often ends the call at once.
func (t *Tracker) alone(best *fit, slug string) bool {
	for i := range t.fits {
		f := &t.fits[i]
		switch f.moment.kind {
		case transferred, notTransferred:
			continue
		case held, resumed:
			if !f.moment.sent {
				continue
			}
		}
		if !f.meaning.means(slug) && f.distance <= margin*best.distance+slack {
			return false
		}
	}
	return true
}

// narrows returns the one of several events that the nearest message leaves. One
// that no SIP message goes with could be told by its absence only, so it
// leaves nothing; unless the request has the Call-ID, and so is of a call.
func (t *Tracker) narrows(q *actionurl.Question, best *fit) (slug string, ok bool) {
	for _, s := range q.Slugs {
		if signalled(s) {
			continue
		}
		if best.evidence != byCallID || s == "mute_call" || s == "unmute_call" {
			return "", false
		}
	}
	for i, s := range best.meaning.slugs {
		switch {
		case s == "" || !slices.Contains(q.Slugs, s):
		case slug == "":
			slug = s
		case i >= best.meaning.stands && slices.Contains(best.meaning.slugs[:best.meaning.stands], slug):
			// it stands for the other
		default:
			return "", false
		}
	}
	return slug, slug != "" && t.alone(best, slug)
}

// signalled reports whether SIP messages go with an event.
func signalled(slug string) bool {
	for k := nothing; k <= notRegistered; k++ {
		for _, sent := range []bool{false, true} {
			if (&moment{kind: k, sent: sent}).meaning().means(slug) {
				return true
			}
		}
	}
	return false
}

// text returns what the message is called in a table.
func (m *moment) text() string {
	if m.status == 0 {
		return m.method.String()
	}
	return strconv.Itoa(int(m.status)) + " " + m.method.String()
}

// evidence tells how a request is known to be of the call.
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

// bare takes off what is around a number: blanks, a name, the scheme, the host,
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

// Package analysis makes records of HTTP requests, and calls, phones and findings
// of those that are Action URLs.
//
//  1. Where the phone's SIP is captured, a request waits for the message that it
//     may belong to; challenged or redirected, for the one that follows
//     (queue.go, follow.go).
//  2. actionurl recognizes Action URLs, and decodes what they announce; phone
//     knows who sent them.
//  3. sip finds the message and the call that a request belongs to, and so the
//     event where the URL does not name it.
//  4. timeline puts events together to calls and phones.
//  5. finding checks each request, phone and call.
//
// Requests come from package wire, an Analyzer being its Sink, or were analyzed
// and saved before: see [Analyzer.Event].
package analysis

import (
	"net/netip"
	"time"

	"actionurl/decode/actionurl"
	"actionurl/decode/dns"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/sip"
	"actionurl/decode/stream"
	"actionurl/decode/timeline"
	"actionurl/decode/tls"
)

// A Record is an HTTP request with its response.
type Record struct {
	*httpwire.Exchange
	// Sent is the request as it was answered, where Exchange has the response to
	// the one that followed: a challenge that was met, a redirect that was
	// followed. Nil where the two are the same.
	Sent     *httpwire.Exchange
	Event    *actionurl.Event  // nil if it is no Action URL
	Phone    *timeline.Phone   // that announced it; nil if there is no event, or too many phones
	Call     *timeline.Call    // that the event is of; nil if it is of none
	Findings []finding.Finding // what is wrong with it; mostly none
}

// A Call is what a phone announced of one call.
type Call struct {
	*timeline.Call
	Findings finding.Set // what is wrong with its events
}

// A Phone is what a phone announced.
type Phone struct {
	*timeline.Phone
	Findings finding.Set // what is wrong with its events
	Silent   bool        // it announced nothing
}

// Place returns where and when the record's request was captured, and from whom.
func (r *Record) Place() finding.Place {
	at := finding.Place{Time: r.Time, Sensor: r.Interface.Sensor, Capture: r.Interface.Capture, Frame: r.Frame, Phone: finding.Phone{Addr: r.Client.Addr()}}
	if r.Event != nil {
		at.Phone = finding.Phone{Name: r.Event.PhoneName, MAC: r.Event.PhoneMAC, Addr: r.Event.PhoneIP}
	}
	return at
}

// Config says what is known beforehand, and what is wanted.
type Config struct {
	Templates    []*actionurl.Template
	Profiled     bool              // they are all that the phones have
	Keys         map[string]string // see actionurl.Config
	PhoneNames   map[packet.MAC]string
	ServerNames  map[string]string // see actionurl.Config
	SlowResponse time.Duration     // from which on a response is a finding; 0 for never

	// Found, unless nil, gets findings that are of no single request. What it gets
	// is valid until it returns.
	Found func(*finding.Occurrence)

	// Message, unless nil, gets each SIP message, which is valid until it returns.
	Message func(*sip.Message)

	// Call, unless nil, gets each call when nothing can change it any more: in the
	// order of their first events, or, if Live is set, as soon as that is so. The
	// call is valid until Call returns.
	Call  func(*Call) error
	Live  bool
	Group timeline.Grouping // of calls

	// Prompt says that a record is wanted as soon as its response is there. Else
	// it waits for the SIP message that may be captured after it, where its phone's
	// SIP is.
	Prompt bool
}

// An Analyzer analyzes the requests of one capture, or of several merged by time.
// It is not safe for concurrent use.
type Analyzer struct {
	phones  *phone.Registry
	events  *actionurl.Decoder
	sip     *sip.Tracker
	calls   *timeline.Timeline
	checker *finding.Checker
	silent  silent

	emit    func(*Record) error
	err     error              // the first of emit and Config.Call
	message func(*sip.Message) // nil for nothing
	prompt  bool
	waiting queue
	now     int64 // capture time that is reached
	record  Record
	closed  Call
	ask     actionurl.Question
}

// New returns an Analyzer that calls emit with each record. The record and all
// it points to are valid until emit returns; its strings stay valid. After an
// error of emit or of Config.Call, neither is called again.
func New(c Config, emit func(*Record) error) *Analyzer {
	a := &Analyzer{emit: emit, message: c.Message, prompt: c.Prompt, phones: phone.NewRegistry()}
	a.events = actionurl.NewDecoder(actionurl.Config{
		Templates: c.Templates, Keys: c.Keys, PhoneNames: c.PhoneNames, ServerNames: c.ServerNames,
	}, a.phones)
	a.checker = finding.NewChecker(finding.Config{
		Slow: int64(c.SlowResponse), Templates: c.Templates, Profiled: c.Profiled, Found: func(o *finding.Occurrence) {
			a.silent.found(o)
			if c.Found != nil {
				c.Found(o)
			}
		},
	}, a.phones)
	a.sip = sip.NewTracker(a.checker.Signalled)
	a.calls = timeline.New(timeline.Config{Live: c.Live, Group: c.Group, Closed: func(call *timeline.Call) {
		a.closed = Call{call, a.checker.Closed(call)}
		if a.err == nil && c.Call != nil {
			a.err = c.Call(&a.closed)
		}
	}})
	return a
}

// Err returns the first error of emit or Config.Call.
func (a *Analyzer) Err() error { return a.err }

// Exchange takes a request that is complete. It may wait for its SIP message.
func (a *Analyzer) Exchange(x *httpwire.Exchange) {
	a.reach(x.Reached())
	if a.waiting.n() > 0 || a.waits(x, a.now) {
		a.waiting.push(x)
		return
	}
	a.exchange(x, nil)
}

// Message takes a SIP message.
func (a *Analyzer) Message(m *sip.Message) {
	a.reach(m.Reached())
	a.settle(m.Time) // the message itself shows it, whether its clock is right or not
	if a.message != nil {
		a.message(m)
	}
	a.silent.message(m)
	a.sip.Message(m)
}

// Attempt takes a connection that did not come about.
func (a *Analyzer) Attempt(t *stream.Attempt) { a.checker.Attempt(t) }

// Handshake takes how a TLS connection began.
func (a *Analyzer) Handshake(h *tls.Handshake) { a.checker.Handshake(h) }

// Lookup takes a lookup of a host name that failed, or that succeeds after that.
func (a *Analyzer) Lookup(l *dns.Lookup) { a.checker.Lookup(l) }

// Advance takes the capture time that is reached, and that of the earliest request
// that may come yet.
func (a *Analyzer) Advance(now, horizon int64) {
	a.reach(now)
	if a.waiting.n() > 0 {
		horizon = min(horizon, a.waiting.oldest().Time)
	}
	a.calls.Tick(horizon)
}

// Flush ends the capture: the requests that wait are emitted, and the calls are
// closed. It returns the first error of emit or Config.Call.
func (a *Analyzer) Flush() error {
	for a.waiting.n() > 0 {
		a.waited(a.waiting.pop())
	}
	a.calls.Tick(a.now)
	a.calls.Flush()
	a.sip.Flush(a.now)
	if a.err == nil {
		a.checker.Flush()
	}
	return a.err
}

// exchange emits the record of a request, of which last is the end of the chain
// that it begins, nil if it begins none.
func (a *Analyzer) exchange(x, last *httpwire.Exchange) {
	if a.err != nil {
		return
	}
	e := a.events.Decode(x)
	var sent *httpwire.Exchange
	if e != nil && last != nil {
		x, sent = merged(x, last), x
	}
	a.write(x, sent, e, a.joinSIP(x, e), nil)
}

// waited emits the record of a request that has waited. The event of a chain is
// that of its first.
func (a *Analyzer) waited(w *waiter) {
	switch {
	case !w.follows:
		a.exchange(&w.Exchange, w.last)
	case a.err == nil:
		a.write(&w.Exchange, nil, nil, nil, nil)
	}
}

// joinSIP joins a request to the SIP of the capture, if there is any. It
// returns the call of the phone that the request is about, nil where that is not
// known.
func (a *Analyzer) joinSIP(x *httpwire.Exchange, e *actionurl.Event) (call *sip.Call) {
	if e != nil {
		if a.sip.Heard() {
			a.ask.Ask(x, e)
			var m actionurl.Message
			var ok bool
			if m, call, ok = a.sip.Match(&a.ask); ok {
				e.Attach(m)
			}
		}
		a.events.Happened(e)
	}
	if a.sip.Heard() {
		a.sip.Requested(x.Client.Addr(), x.Time, finding.Announced(e))
	}
	return call
}

// write emits the record of a request, and of how it was sent where another one
// followed. Its call in SIP may be known, and its findings, unless that is nil.
func (a *Analyzer) write(x, sent *httpwire.Exchange, e *actionurl.Event, signalled *sip.Call, known *[]finding.Finding) {
	r := &a.record
	*r = Record{Exchange: x, Sent: sent, Event: e}
	if e != nil {
		e.Sides = e.ReadSides() // which event it is, is known now
		id := a.phones.Add(e.PhoneMAC, e.PhoneIP, x.Client.Addr(), x.Time)
		r.Phone, r.Call = a.calls.Add(id, x, e, signalled)
	} else {
		a.silent.request(x, a.phones.Sender(x).Agent())
	}
	r.Findings = a.checker.Check(x, e, r.Phone, r.Call)
	if known != nil {
		r.Findings = finding.Only(r.Findings, *known)
	}
	a.checker.Mark(r.Findings, r.Phone, r.Call)
	if a.err == nil { // unless a call that it closed could not be taken
		a.err = a.emit(r)
	}
}

// Event takes a request that was analyzed before, with its event, nil for none,
// and what was found to be wrong with it; nothing else is. Requests come in the
// order in which they were emitted. It returns the first error of emit or
// Config.Call.
func (a *Analyzer) Event(x *httpwire.Exchange, e *actionurl.Event, found []finding.Finding) error {
	a.now = max(a.now, x.Time)
	if a.err == nil {
		a.write(x, nil, e, nil, &found)
	}
	return a.err
}

// SIPCall takes the SIP of a call that was analyzed before, after the events
// that were emitted before it and ahead of those after it: of the call of a
// phone, by its MAC address or else its address, whose first event was at a time.
func (a *Analyzer) SIPCall(mac packet.MAC, addr netip.Addr, first int64, call *sip.Call) {
	a.calls.Signalled(a.phones.Find(mac, addr), first, call)
}

// Phones returns the phones that announced something, in the order in which
// they were first heard of, and then those that are known otherwise.
func (a *Analyzer) Phones() []*Phone {
	all := make([]*Phone, len(a.calls.Phones()))
	for i, p := range a.calls.Phones() {
		all[i] = &Phone{Phone: p, Findings: a.checker.Of(p)}
	}
	return append(all, a.silent.phones(a.calls.Phones())...)
}

// Role returns what a text that a phone sent at a time is in its SIP calls of
// then, as far as the capture is known by now.
func (a *Analyzer) Role(phone netip.Addr, text string, at int64) sip.Role {
	return a.sip.Role(phone, text, at)
}

// Counts say what was dropped at the bounds.
type Counts struct {
	Calls        timeline.Counts
	SIPForgotten int // SIP calls that were forgotten before they ended, as there were too many
}

// Counts returns the counts so far.
func (a *Analyzer) Counts() Counts { return Counts{a.calls.Counts(), a.sip.Forgotten} }

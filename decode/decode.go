// Package decode turns captured frames into records: HTTP requests, and what
// those that are Action URLs announce.
//
// A frame passes these stages, each a package of its own:
//
//  1. packet finds the TCP segment in the frame.
//  2. stream puts the segments of each direction of a connection in order.
//  3. httpwire reads the requests and responses, and pairs them; sip follows
//     the calls that the same phones have, in streams and in datagrams.
//  4. actionurl tells which requests are Action URLs and what they say.
//  5. timeline puts what they say together to calls and phones.
//  6. finding tells what is wrong with them.
//
// Between 3 and 4 a request waits here for its response, so that the records
// come out in the order of the frames that they stand for.
package decode

import (
	"fmt"
	"net/netip"
	"time"

	"actionurl/capture"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
	"actionurl/decode/stream"
	"actionurl/decode/timeline"
)

// maxPending and maxPendingText bound the requests that wait for a response,
// and behind them for their turn: 32,768 of 272 bytes, and the 16 MiB that they
// say; 25 MiB. Beyond it the oldest goes on without.
const (
	maxPending     = 32 << 10
	maxPendingText = 16 << 20
)

// A Record is an HTTP request with its response.
type Record struct {
	*httpwire.Exchange
	Event    *actionurl.Event  // nil if it is no Action URL
	Phone    *timeline.Phone   // that announced it; nil if there is no event, or too many phones
	Call     *timeline.Call    // that the event is of; nil if it is of none
	Findings []finding.Finding // what is wrong with it; mostly none
}

// Place returns where and when the record's request was captured, and from whom.
func (r *Record) Place() finding.Place {
	at := finding.Place{Time: r.Time, Capture: r.Interface.Capture, Frame: r.Frame, Phone: finding.Phone{Addr: r.Client.Addr()}}
	if r.Event != nil {
		at.Phone = finding.Phone{Name: r.Event.PhoneName, MAC: r.Event.PhoneMAC, Addr: r.Event.PhoneIP}
	}
	return at
}

// Config says how to decode.
type Config struct {
	Templates       []*actionurl.Template
	Profiled        bool              // they are all that the phones were told
	Keys            map[string]string // see actionurl.Decoder
	PhoneNames      map[string]string // see actionurl.Decoder
	ServerNames     map[string]string // see actionurl.Decoder
	ResponseTimeout time.Duration     // of capture time
	SlowResponse    time.Duration     // from which on a response is a finding; 0 for never
	VXLANPort       uint16            // a further UDP port of VXLAN; 0 for none
	Lost            func(Loss)        // told of each loss, if set

	// Found, if set, is told of findings that are of no single request. What it
	// gets is valid until it returns.
	Found func(*finding.Occurrence)

	// Segment, if set, is told of each TCP segment that a frame holds, or
	// completes, before what it means is known.
	Segment func(*capture.Frame, *packet.Segment)

	// Call is told of each call when nothing can change it any more, if set:
	// in the order of their first events, or, if Live is set, as soon as that
	// is so. The call is valid until Call returns.
	Call  func(*timeline.Call) error
	Live  bool
	Group timeline.Grouping // of calls

	// Prompt says that a record is wanted as soon as its response is there. Else
	// it waits for the SIP message that may be captured behind it, where its
	// phone's SIP is.
	Prompt bool
}

// A Loss is something that could not be decoded, with its place.
type Loss struct {
	Capture string
	Frame   int // 1-based
	What    string
}

func (l Loss) String() string { return fmt.Sprintf("%s:%d: %s", l.Capture, l.Frame, l.What) }

// A Pipeline decodes the frames of one capture, or of several merged by time.
// It is not safe for concurrent use.
type Pipeline struct {
	packets *packet.Decoder
	streams *stream.Assembler
	http    *httpwire.Reader
	sip     *sip.Reader
	tracker *sip.Tracker
	events  *actionurl.Decoder
	calls   *timeline.Timeline
	checker *finding.Checker

	emit    func(*Record) error
	err     error // the first of emit and Config.Call
	timeout int64
	prompt  bool
	pending ring
	now     int64 // capture time of the latest frame or tick
	wake    int64 // before it, nothing in pending has its turn
	crowded int   // requests that went on because too many waited
	record  Record
	frame   *capture.Frame // at hand
	ask     actionurl.Question
}

// New returns a Pipeline that calls emit with each record. The record and all
// it points to are valid until emit returns; its strings stay valid. After an
// error of emit or of Config.Call, neither is called again.
func New(c Config, emit func(*Record) error) *Pipeline {
	p := &Pipeline{emit: emit, timeout: int64(c.ResponseTimeout), prompt: c.Prompt, events: actionurl.NewDecoder(c.Templates)}
	p.events.Keys, p.events.PhoneNames, p.events.ServerNames = c.Keys, c.PhoneNames, c.ServerNames
	p.checker = finding.NewChecker(finding.Config{Slow: int64(c.SlowResponse), Templates: c.Templates, Profiled: c.Profiled, Found: c.Found})
	var lost packet.Lost
	if c.Lost != nil {
		lost = func(at *packet.Origin, what string) { c.Lost(Loss{at.Interface.Capture, at.Frame, what}) }
	}
	p.tracker = sip.NewTracker(p.checker.Signalled)
	p.sip = sip.NewReader(p.tracker.Message, lost)
	p.http = httpwire.NewReader(p.pending.insert, httpwire.Config{Lost: lost, Foreign: p.checker.Foreign})
	p.streams = stream.NewAssembler(&demux{p.http, p.sip}, stream.Config{Lost: lost, Failed: p.checker.Attempt})
	p.packets = packet.NewDecoder(func(s *packet.Segment) {
		p.catchUp(s.Time) // a response that comes too late is none
		if c.Segment != nil {
			c.Segment(p.frame, s)
		}
		p.streams.Segment(s)
		p.catchUp(s.Time)
	}, packet.Config{Lost: lost, VXLANPort: c.VXLANPort, Datagram: func(d *packet.Datagram) bool {
		p.catchUp(d.Time)
		return p.sip.Datagram(d)
	}})
	p.calls = timeline.New(timeline.Config{Live: c.Live, Group: c.Group, Closed: func(call *timeline.Call) {
		p.checker.Closed(call)
		if p.err == nil && c.Call != nil {
			p.err = c.Call(call)
		}
	}})
	return p
}

// Batch decodes the frames of b, and lets the time pass that it tells. It
// returns the first error of emit.
func (p *Pipeline) Batch(b *capture.Batch) error {
	for i := range b.Frames {
		p.frame = &b.Frames[i]
		p.packets.Decode(p.frame)
	}
	now := b.Now
	if n := len(b.Frames); n > 0 {
		now = max(now, b.Frames[n-1].Time)
	}
	p.now = max(p.now, now)
	if p.pending.n > 0 {
		p.drain(now)
	}
	if p.pending.n > 0 {
		now = p.pending.oldest().Time // what is to come of the calls is at least as late
	}
	p.calls.Tick(now)
	return p.err
}

// Flush ends the capture: what waits is emitted, and the calls are closed. It
// returns the first error of emit or Config.Call.
func (p *Pipeline) Flush() error {
	p.packets.Flush()
	p.streams.Flush()
	for p.pending.n > 0 {
		p.next()
	}
	p.calls.Tick(p.now)
	p.calls.Flush()
	p.tracker.Flush(p.now)
	if p.err == nil {
		p.checker.Flush(p.calls.Phones())
	}
	return p.err
}

// Phones returns the phones that announced something, in the order in which
// they were first heard of.
func (p *Pipeline) Phones() []*timeline.Phone { return p.calls.Phones() }

// catchUp emits the records whose turn has come at the capture time now.
func (p *Pipeline) catchUp(now int64) {
	if p.pending.n == 0 {
		return
	}
	if x := p.pending.oldest(); x.Done && now >= p.wake || now-x.Time > p.timeout || p.crowds() {
		p.drain(now)
	}
}

// crowds reports whether more wait than may.
func (p *Pipeline) crowds() bool {
	return p.pending.n > maxPending || p.pending.text > maxPendingText
}

// Role returns what a text that a phone sent at a time is in its SIP calls of
// then, as far as the capture told by now.
func (p *Pipeline) Role(phone netip.Addr, text string, at int64) sip.Role {
	return p.tracker.Role(phone, text, at)
}

// drain emits the records whose turn has come at the capture time now.
func (p *Pipeline) drain(now int64) {
	p.wake = 0
	for p.pending.n > 0 && p.due(p.pending.oldest(), now) {
		p.next()
	}
}

// due reports whether the turn of the oldest pending request has come at the
// capture time now. A response that is not waited for any longer is given up.
func (p *Pipeline) due(x *httpwire.Exchange, now int64) bool {
	crowded := p.crowds()
	switch {
	case x.Done && !p.prompt && !crowded && now-x.Time <= sip.Before && p.tracker.Knows(x.Client.Addr()):
		p.wake = x.Time + sip.Before // the SIP message that it belongs to may come behind it
		return false
	case x.Done:
	case now-x.Time > p.timeout:
		p.http.Expire(x)
	case crowded:
		p.crowded++
		p.http.Expire(x)
	default:
		return false
	}
	return true
}

// next emits the record of the oldest pending request.
func (p *Pipeline) next() {
	x := p.pending.remove()
	if p.err == nil {
		e := p.events.Decode(x)
		p.tell(x, e, p.signalled(x, e), nil)
	}
	p.http.Release(x)
}

// signalled joins a request to the SIP of the capture, if there is any. It
// returns the call of the phone that the request is about, nil where that is not
// known.
func (p *Pipeline) signalled(x *httpwire.Exchange, e *actionurl.Event) (call *sip.Call) {
	if e != nil {
		if p.tracker.Heard() {
			p.ask.Ask(x, e)
			var m actionurl.Message
			var ok bool
			if m, call, ok = p.tracker.Match(&p.ask); ok {
				e.Attach(m)
			}
		}
		p.events.Happened(e)
	}
	if p.tracker.Heard() {
		p.tracker.Requested(x.Client.Addr(), x.Time, finding.Announced(e))
	}
	return call
}

// tell emits the record of a request, whose call in SIP may be known. Of what is
// wrong with it, only what is known is said, unless that is nil.
func (p *Pipeline) tell(x *httpwire.Exchange, e *actionurl.Event, signalled *sip.Call, known *finding.Set) {
	r := &p.record
	*r = Record{Exchange: x, Event: e}
	if e != nil {
		r.Phone, r.Call = p.calls.Add(x, e)
		if r.Call != nil && r.Call.SIP == nil {
			r.Call.SIP = signalled
		}
		if p.tracker.Heard() {
			p.checker.Tells(x, e)
		}
	}
	r.Findings = p.checker.Check(x, e, r.Phone, r.Call)
	if known != nil {
		r.Findings = finding.Only(r.Findings, *known)
	}
	finding.Mark(r.Findings, r.Phone, r.Call)
	if p.err == nil { // as far as the calls that were closed by it
		p.err = p.emit(r)
	}
}

// Replay takes a request that was decoded before in place of frames, with its
// event, nil for none, and with what was found to be wrong with it. Requests
// come in the order in which they were emitted. It returns the first error of
// emit or Config.Call.
func (p *Pipeline) Replay(x *httpwire.Exchange, e *actionurl.Event, found finding.Set) error {
	p.now = max(p.now, x.Time)
	p.checker.Mute()
	if p.err == nil {
		p.tell(x, e, nil, &found)
	}
	return p.err
}

// ReplayCall takes what SIP told of a call in place of its messages, behind the
// requests that were decoded before it and ahead of those behind it: of the
// call of a phone, by its MAC address or else its address, whose first event
// was at a time.
func (p *Pipeline) ReplayCall(mac string, addr netip.Addr, first int64, call *sip.Call) {
	p.calls.Signalled(mac, addr, first, call)
}

// ReplayEnd takes the time that the capture had reached in its end.
func (p *Pipeline) ReplayEnd(now int64) { p.now = max(p.now, now) }

// A Summary says what was decoded, and what could not be.
type Summary struct {
	packet.Counts
	Stream       stream.Counts
	HTTP         httpwire.Counts
	SIP          sip.Counts
	SIPForgotten int // SIP calls forgotten before they ended, as there were too many
	Calls        timeline.Counts
	Open         int // connections that are followed now, those that have just ended included
	Waiting      int // bytes of them that wait for what is before them
	Crowded      int // requests that were not waited for, because too many were
	Links        []capture.LinkType
}

// Summary returns the counts so far.
func (p *Pipeline) Summary() Summary {
	return Summary{p.packets.Counts, p.streams.Counts, p.http.Counts, p.sip.Counts, p.tracker.Forgotten, p.calls.Counts(), p.streams.Open(), p.streams.Waiting(), p.crowded, p.packets.Unknown}
}

// Losses returns what could not be decoded, each kind with its count.
func (s Summary) Losses() []string {
	var all []string
	for _, link := range s.Links {
		all = append(all, fmt.Sprintf("link type %d is not known", link))
	}
	for _, loss := range []struct {
		n    int
		what string
	}{
		{s.UnknownLink, "frames of link types that are not known"},
		{s.Encrypted, "frames encrypted on their link or in their tunnel"},
		{s.Fragments, "fragments of packets that were not whole"},
		{s.Malformed, "frames with damaged headers"},
		{s.Stream.Gaps, "gaps in TCP streams"},
		{int(s.Stream.GapBytes), "bytes missing in them"},
		{s.Stream.Evicted, "connections forgotten, as too many were open"},
		{s.HTTP.Broken, "HTTP messages lost in part"},
		{s.HTTP.LongHeads, "HTTP heads too long to be read"},
		{s.SIP.Unread, "SIP messages that could not be read"},
		{s.SIPForgotten, "SIP calls forgotten, as there were too many"},
		{s.Crowded, "requests not waited for, as too many had no response"},
	} {
		if loss.n > 0 {
			all = append(all, fmt.Sprintf("%s: %d", loss.what, loss.n))
		}
	}
	return all
}

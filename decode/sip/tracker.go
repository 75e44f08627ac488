package sip

import (
	"hash/maphash"
	"net/netip"
	"slices"

	"actionurl/capture"
	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
)

// Bounds on what traffic can grow.
const (
	// maxCalls bounds the Call-IDs that are followed: 8,192 of 330 bytes and, mostly,
	// two ends each of 768 bytes and at most 512 of texts; 25 MiB. Of real ones, whose
	// texts are short, 15 MiB: more than the 5,700 whose sound fills a gigabit. The
	// ones silent for longest give way.
	maxCalls = 8 << 10

	// maxEnds bounds the addresses of one call: a proxy may ring a whole group
	// under one Call-ID. Of all calls there are at most maxAllEnds.
	maxEnds    = 32
	maxAllEnds = 9 * maxCalls / 4

	// maxOfPhone bounds the calls of one address that are looked at for an
	// event: the latest. It is a phone's, or that of a server of many, from
	// which no events come.
	maxOfPhone = 32

	// maxMoments is how many messages are remembered of an end of a call.
	maxMoments = 8

	// maxRegistrars bounds the addresses whose registrations are remembered:
	// two generations of 16,384 of about 290 bytes, 9 MiB.
	maxRegistrars = 16 << 10

	// lingerTime is how long, in nanoseconds of capture time, a call that has
	// ended is remembered, and silenceTime how long one that has not: session
	// timers (RFC 4028) speak more often, and few calls without are as long.
	lingerTime  = 60e9
	silenceTime = 6 * 3600e9
)

// A Tracker follows the calls of one capture. It is not safe for concurrent use.
type Tracker struct {
	Forgotten int // calls forgotten before they ended, as there were too many

	done       func(c *Call, now int64)
	calls      map[string]*dialog
	open, over list // of the calls, the longest silent first
	ends       int
	phones     map[netip.Addr]*[]*Call // by the address of the end; the latest last
	young, old map[netip.Addr]*registrations
	now        int64
	at         moment // of the message at hand
	fits       []fit  // with the request at hand
	seed       maphash.Seed
}

// NewTracker returns a Tracker that has heard nothing yet. It calls done with
// each end of a call when it is forgotten, which is a while after the call has
// ended, and with the capture time then. The Call does not change any more.
func NewTracker(done func(c *Call, now int64)) *Tracker {
	return &Tracker{done: done, seed: maphash.MakeSeed()}
}

// A dialog is what has one Call-ID: a call, or a transfer on its own.
type dialog struct {
	id         string
	ends       []*Call
	prev, next *dialog
	in         *list
	last       int64 // when its latest message came
}

// A Call is a call as one of its ends has it: at the phone, or at a server. Times
// are in nanoseconds since 1970-01-01 UTC, 0 where nothing was captured of it.
type Call struct {
	ID        string // the Call-ID
	Addr      netip.Addr
	Direction actionurl.Direction // Undirected if the INVITE was not captured
	State     State
	Local     Party // this end
	Remote    Party

	Capture  *capture.Interface // of the first message
	Frame    int                // of the first message, 1-based
	First    int64              // when the first message came
	Last     int64              // when the latest message came
	Started  int64              // INVITE
	Rang     int64              // 180 or 183
	Answer   int64              // 200 to the INVITE
	Ended    int64              // BYE, CANCEL or a refusal
	Held     int64              // nanoseconds on hold by this end
	Holds    int                // how often
	Referred int                // transfers that this end began
	Events   int                // requests that belong to one of its messages

	// Requests is how many HTTP requests came from the address while the call
	// was on, Before and After included; Announced are their events, as package
	// finding counts them. Beside says that another call was on.
	Requests  int
	Announced actionurl.KindSet
	Beside    bool
	// Source is the sender's address on the link of a frame that this end sent,
	// zero for none.
	Source packet.MAC
	// Denial is the first event that says the call is over while its signalling
	// shows, much later, that it went on. Its Time is 0 if there is none.
	Denial Denial

	claim   Denial  // the same before it is shown
	invite  uint32  // CSeq of the INVITE that began it; valid iff Started != 0
	offer   uint32  // CSeq of the latest offer of this end
	onHold  [2]bool // by this end, by the other
	since   int64   // when this end put it on hold
	moments [maxMoments]moment
	n       int // moments that were ever there
}

// A Denial is an event that contradicts the signalling, and where it is.
type Denial struct {
	Kind    *actionurl.Kind
	Time    int64 // nanoseconds since 1970-01-01 UTC
	Capture string
	Frame   int // 1-based
}

// A State is how far a call has come.
type State uint8

const (
	Unheard   State = iota // the capture begins in the middle of it
	Dialing                // INVITE
	Ringing                // 180 or 183
	Active                 // answered
	OnHold                 // and put on hold by this end
	Over                   // ended by BYE
	Canceled               // before it was answered
	Elsewhere              // taken by another phone
	Rejected               // by one who let it ring: 480, 486, 600, 603
	Refused                // another 4xx to 6xx
	Forwarded              // 3xx
)

// String returns a word for it.
func (s State) String() string {
	return [...]string{"unheard", "dialing", "ringing", "active", "held", "over", "canceled", "elsewhere", "rejected", "refused", "forwarded"}[s]
}

// A moment is a message that says something of a call.
type moment struct {
	time    int64
	on      *capture.Interface
	frame   int
	cseq    uint32
	status  uint16           // 0 of a request
	is      actionurl.Moment // 0 for nothing
	method  method
	sent    bool   // by this end
	request uint64 // hash of the target of the latest request that belongs to it; 0 for none
}

// A method is one that matters here.
type method uint8

const (
	otherMethod method = iota
	mINVITE
	mACK
	mBYE
	mCANCEL
	mREGISTER
	mUPDATE
	mREFER
	mNOTIFY
)

// methodOf returns the method of that name.
func methodOf(name []byte) method {
	switch string(name) {
	case "INVITE":
		return mINVITE
	case "ACK":
		return mACK
	case "BYE":
		return mBYE
	case "CANCEL":
		return mCANCEL
	case "REGISTER":
		return mREGISTER
	case "UPDATE":
		return mUPDATE
	case "REFER":
		return mREFER
	case "NOTIFY":
		return mNOTIFY
	}
	return otherMethod
}

func (m method) String() string {
	return [...]string{"", "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "UPDATE", "REFER", "NOTIFY"}[m]
}

// Message takes the next message of the capture.
func (t *Tracker) Message(m *Message) {
	t.now = m.Time
	t.expire(m.Reached())
	t.at = moment{
		time: m.Time, on: m.Interface, frame: m.Frame,
		cseq: m.CSeq, status: uint16(m.Status), method: methodOf(m.Method),
	}
	if t.at.method == mREGISTER {
		t.register(m)
		return
	}
	t.call(m)
}

// call notes a message of a call at both of its ends.
func (t *Tracker) call(m *Message) {
	d := t.calls[string(m.CallID)]
	if d == nil {
		if !begins(m, t.at.method) {
			return
		}
		d = t.begin(m)
	}
	d.last = t.at.time
	if m.Sender == m.Receiver {
		return // which of the two ends a message is sent by, the addresses do not tell
	}
	over := false
	for _, end := range [2]struct {
		addr netip.Addr
		sent bool
	}{{m.Sender, true}, {m.Receiver, false}} {
		if c := t.end(d, end.addr); c != nil {
			t.at.sent = end.sent
			if end.sent && c.Source == (packet.MAC{}) {
				c.Source = m.Source
			}
			c.note(m, &t.at)
			over = over || c.Ended != 0
		}
	}
	in := &t.open
	if over {
		in = &t.over
	}
	d.in.remove(d)
	in.add(d)
}

// begins reports whether a message is one that calls are known from: the
// capture may begin in the middle of them.
func begins(m *Message, method method) bool {
	switch method {
	case mINVITE:
		return m.Status < 300
	case mBYE, mCANCEL, mUPDATE, mREFER:
		return m.Status == 0
	}
	return false
}

// begin returns a new dialog, with the Call-ID of a message.
func (t *Tracker) begin(m *Message) *dialog {
	for len(t.calls) >= maxCalls || t.ends >= maxAllEnds {
		if d := t.over.first; d != nil {
			t.forget(d)
			continue
		}
		t.Forgotten++
		t.forget(t.open.first)
	}
	if t.calls == nil {
		t.calls, t.phones = map[string]*dialog{}, map[netip.Addr]*[]*Call{}
	}
	d := &dialog{id: string(m.CallID)}
	t.calls[d.id] = d
	t.open.add(d)
	return d
}

// end returns the call as addr has it, nil if there are too many others.
func (t *Tracker) end(d *dialog, addr netip.Addr) *Call {
	for _, c := range d.ends {
		if c.Addr == addr {
			return c
		}
	}
	if len(d.ends) == maxEnds {
		return nil
	}
	c := &Call{ID: d.id, Addr: addr, Capture: t.at.on, Frame: t.at.frame, First: t.at.time}
	d.ends = append(d.ends, c)
	t.ends++
	p := t.phones[addr]
	if p == nil {
		p = new([]*Call)
		t.phones[addr] = p
	}
	for _, other := range *p {
		if other.Ended == 0 {
			c.Beside, other.Beside = true, true
		}
	}
	if len(*p) == maxOfPhone {
		*p = slices.Delete(*p, 0, 1)
	}
	*p = append(*p, c)
	return c
}

// expire forgets the calls whose time is over.
func (t *Tracker) expire(now int64) {
	for d := t.over.first; d != nil && now-d.last > lingerTime; d = t.over.first {
		t.forget(d)
	}
	for d := t.open.first; d != nil && now-d.last > silenceTime; d = t.open.first {
		t.forget(d)
	}
}

func (t *Tracker) forget(d *dialog) {
	d.in.remove(d)
	delete(t.calls, d.id)
	t.ends -= len(d.ends)
	for _, c := range d.ends {
		if p := t.phones[c.Addr]; p != nil {
			*p = slices.DeleteFunc(*p, func(other *Call) bool { return other == c })
			if len(*p) == 0 {
				delete(t.phones, c.Addr)
			}
		}
		t.done(c, t.now)
	}
}

// Flush ends the capture, at the time now: all calls are forgotten.
func (t *Tracker) Flush(now int64) {
	t.now = max(t.now, now)
	for _, l := range []*list{&t.over, &t.open} {
		for l.first != nil {
			t.forget(l.first)
		}
	}
}

// A list holds dialogs in the order in which they were added.
type list struct{ first, last *dialog }

func (l *list) add(d *dialog) {
	d.in, d.prev, d.next = l, l.last, nil
	if l.last == nil {
		l.first = d
	} else {
		l.last.next = d
	}
	l.last = d
}

func (l *list) remove(d *dialog) {
	if d.prev == nil {
		l.first = d.next
	} else {
		d.prev.next = d.next
	}
	if d.next == nil {
		l.last = d.prev
	} else {
		d.next.prev = d.prev
	}
}

// Package timeline puts events together: what happened to each call, and what
// state each phone is in.
//
//  1. Each event belongs to a phone: by its MAC address, else by its IP address.
//  2. It belongs to one of the phone's calls, begins one, or belongs to none, like
//     a registration. The call id decides; without one, the other side's number
//     and what can happen next.
//  3. The call's state follows from its events, in whatever order they come:
//     families of phones differ, and requests overtake each other.
//  4. A call is closed when nothing can change it any more, and handed out.
//
// An ambiguous event counts for what all of its candidates do.
//
// Time is that of the events. Everything kept is bounded; beyond the bounds the
// oldest calls are closed as they are, and counted.
package timeline

import (
	"hash/maphash"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/phone"
	"actionurl/decode/sip"
)

// The bounds of what is kept, 40 MiB in all. Of phones there are no more than
// phone.MaxPhones, 40,960 of 320 bytes and a first address: 14 MiB. Events of further
// ones are counted.
const (
	// maxCalls is how many calls are kept, open ones and closed ones that wait
	// for older ones: 16,384 of 416 bytes, 4 events included; 7 MiB.
	maxCalls = 16 << 10
	// maxLive is how many are kept where none waits for older ones, 3.4 MiB: more
	// than the 5,700 whose sound, 174 kbit/s of G.711 each, fills a gigabit.
	maxLive = 8 << 10
	// maxLong is how much their texts, events and signalling may take beyond that, in
	// bytes: 8 MiB, and a third as much that is left over beside texts.
	maxLong = 8 << 20
	// sipCost is what the signalling of a call takes beside its texts, in bytes of
	// maxLong.
	sipCost = 768
	// maxText is how many bytes of each text of calls and phones are kept.
	maxText = 256
	// maxOwn is how much the texts may take that phones do not share, in bytes:
	// accounts, products and versions beyond maxCommon, and further addresses; 4 MiB.
	// Beyond it they are left out.
	maxOwn = 4 << 20
	// maxCommon is how many texts are kept once for all phones: 4,096 of at most
	// 256 bytes, 1 MiB.
	maxCommon = 4 << 10
	// textSize is how much memory the texts of calls get at a time, in bytes: a
	// call that stays keeps those of its neighbours, two or three.
	textSize = 512
	// ownSize is how long a text may be, in bytes, that shares memory: no more
	// than a quarter of it is left over.
	ownSize = textSize / 4
	// maxSteps is how many events of a call are kept.
	maxSteps = 512
)

// Config says how calls are handed out.
type Config struct {
	// Closed is called with each call when nothing can change it any more. The
	// call is valid until Closed returns; its strings stay valid.
	Closed func(*Call)
	// Live hands calls out as soon as they are closed; else they come in the
	// order of their first events, as long as there is room for those that wait.
	// Less is kept then.
	Live bool
	// Group joins the calls of several phones: they get one number, and come
	// together unless they are handed out live.
	Group Grouping
}

// A Timeline keeps the phones and their calls. It is not safe for concurrent use.
type Timeline struct {
	config Config
	seed   maphash.Seed

	phones  []*Phone          // by their ID, from 1 on
	unnamed int               // events of phones that are not kept
	common  map[string]string // products and versions, which phones share; at most maxCommon
	own     int               // bytes of texts that they do not share

	// All calls that were not handed out, in the order of their first events.
	oldest, youngest *Call
	calls            int
	long             int // bytes of their texts and events
	cut              int // calls that were closed as there were too many
	ringing          lane
	talking          lane
	over             lane
	waiting          lane // the closed ones
	free             []*Call
	slots            int             // of calls that there ever were at a time
	texts            strings.Builder // of the latest calls

	room   int // for calls
	now    int64
	groups map[uint64]*group // by their keys
	handed int               // groups that were handed out, in whole or in part
	forgot int64             // when groups were forgotten last
}

// New returns an empty Timeline.
func New(c Config) *Timeline {
	room := maxCalls
	if c.Live {
		room = maxLive
	}
	return &Timeline{
		room: room, config: c, seed: maphash.MakeSeed(),
		groups: map[uint64]*group{}, common: map[string]string{},
		ringing: lane{timeout: 600e9}, talking: lane{timeout: 86400e9}, over: lane{timeout: repeating},
	}
}

// Add adds an event of a phone, and returns the phone and the call that it is of: nil if
// it is of none, and both nil if the phone is none, as there are too many. They are valid
// until the next call of a method; the phone stays valid. The SIP of the call is
// nil where that is not known.
func (t *Timeline) Add(id phone.ID, x *httpwire.Exchange, e *actionurl.Event, signalled *sip.Call) (*Phone, *Call) {
	t.Tick(x.Reached())
	p := t.phone(id, x.Time)
	if p == nil {
		t.unnamed++
		return nil, nil
	}
	t.heard(p, x, e)
	s := t.read(e)
	f := e.Effect()
	if p.hookEnds && e.Kind.Switch == actionurl.OffHook && e.Kind.To == actionurl.Off && len(p.open) > 0 {
		f.Act = actionurl.Ends
	}
	if !f.Act.OfCall() {
		t.ofPhone(p, &s, e.Kind, x.Time)
		return p, nil
	}
	if s.Direction != actionurl.Undirected {
		f.Direction = s.Direction
	}
	c := p.find(&s, e.Kind, f, x.Time)
	if c == nil {
		if f.Act == actionurl.Notes || f.Act == actionurl.Transferred {
			return p, nil // the capture may begin in the middle of a call, but these say too little of it
		}
		c = t.begin(p, &s, f, x.Time)
		c.Sensor = x.Interface.Sensor
	}
	if c.SIP == nil {
		t.signal(c, signalled)
	}
	c.apply(f, x.Time)
	if c.Direction == actionurl.Undirected && s.id != "" {
		c.Direction = actionurl.CallIDDirection(s.id, e.PhoneIP)
	}
	t.learn(c, &s)
	t.note(c, e.Kind, x.Time)
	t.place(c, x.Reached())
	if t.config.Group != NoGroups {
		if c.group == nil {
			t.join(c, x.Time)
		}
		if c.group != nil {
			c.group.last = x.Time
		}
	}
	return p, c
}

// Tick advances the time: calls that expect no more events are closed.
func (t *Timeline) Tick(now int64) {
	t.now = now
	for _, l := range []*lane{&t.over, &t.ringing, &t.talking} {
		for l.first != nil && now-l.first.since > l.timeout {
			c := l.first
			c.cut = c.Over == 0
			t.close(c)
		}
	}
	t.handOut()
}

// Flush ends the capture: the calls are closed as they stand, and handed out.
func (t *Timeline) Flush() {
	for c := t.oldest; c != nil; c = c.younger {
		if !c.closed {
			t.close(c)
		}
	}
	for t.oldest != nil {
		t.handOver(t.oldest)
	}
}

// Phones returns the phones, in the order in which they were first heard of.
// They must not be changed.
func (t *Timeline) Phones() []*Phone { return t.phones }

// Counts says what was dropped at the bounds.
type Counts struct {
	Cut     int // calls that were handed out before they were over, as there were too many
	Unnamed int // events of phones that were not kept, as there were too many
}

// Counts returns the counts so far.
func (t *Timeline) Counts() Counts { return Counts{t.cut, t.unnamed} }

// phone returns a phone that announces an event, nil for none.
func (t *Timeline) phone(id phone.ID, now int64) *Phone {
	if id == 0 {
		return nil
	}
	for len(t.phones) < int(id) {
		p := &Phone{ID: phone.ID(len(t.phones) + 1), First: now}
		p.open = p.few[:0]
		t.phones = append(t.phones, p)
	}
	return t.phones[id-1]
}

// ofPhone notes an event that is of no call.
func (t *Timeline) ofPhone(p *Phone, s *facts, k *actionurl.Kind, now int64) {
	own := s.Account
	if own == "" && !s.ByCaller {
		own = s.Local
	}
	t.account(p, own)
	if s.Lasted {
		p.lasted(s.Duration)
	}
	switch {
	case k.Switch == actionurl.Busy && k.To == actionurl.Off:
		for _, r := range p.open { // their ends may not be announced
			if c := r.call; !c.over() && now-c.Last > overtaking {
				c.idled = true
				c.end(now)
				t.place(c, now)
			}
		}
	case k.Act == actionurl.Restarts:
		for _, r := range p.open {
			if c := r.call; !c.over() {
				c.cut = true
				t.place(c, now)
			}
		}
	}
}

// lasted notes how long the latest call lasted, where an event says so that is of
// none, as on_hook.
func (p *Phone) lasted(seconds int) {
	for i := len(p.open) - 1; i >= 0; i-- {
		if c := p.open[i].call; c.answered && c.Duration < 0 {
			c.Duration = seconds
			return
		}
	}
}

// begin returns a new call. Those that it shows to be over are cut: one with the
// same id, or, without an id, one that still rings with the same number.
func (t *Timeline) begin(p *Phone, s *facts, f actionurl.Effect, now int64) *Call {
	for _, r := range p.open {
		same := r.id == s.idHash && (r.own == 0 || s.own == 0 || r.own == s.own)
		if s.idHash == 0 {
			same = same && f.Act == actionurl.Begins && s.remoteHash != 0 && r.remote == s.remoteHash && !r.call.answered
		}
		if same && !r.call.over() {
			r.call.cut = true
			t.place(r.call, now)
		}
	}
	for len(p.open) >= maxOpen {
		t.drop(p.open[0].call)
		t.handOut()
	}
	t.makeRoom()
	var c *Call
	if n := len(t.free); n > 0 {
		c, t.free = t.free[n-1], t.free[:n-1]
	} else {
		c = &Call{Slot: t.slots}
		t.slots++
	}
	*c = Call{Slot: c.Slot, Phone: p, Address: p.address, First: now, Duration: -1}
	c.Steps = c.few[:0]
	p.Calls++
	p.open = append(p.open, ref{call: c})
	t.link(c)
	return c
}

// learn adds the facts of an event to its call and its phone. Where $remote is
// always who called, the sides are swapped for a call that the phone began.
func (t *Timeline) learn(c *Call, s *facts) {
	sides, hash := s.Toward(c.Direction), s.remoteHash
	if s.ByCaller && c.Direction == actionurl.Outgoing {
		hash = s.localHash
	}
	local, remote, name := sides.Local, sides.Remote, sides.RemoteName
	own := local
	if s.Account != "" {
		own = s.Account
	}
	if local == "" {
		local = own
	}
	if r := c.ref(); r.own == 0 {
		r.own = s.own
	}
	if c.ID == "" && s.id != "" {
		c.ID = t.copyText(c, s.id)
		c.ref().id = s.idHash
	}
	if c.Local == "" && local != "" {
		c.Local = t.copyText(c, local)
	}
	if c.Remote == "" && remote != "" {
		c.Remote = t.copyText(c, remote)
		c.ref().remote = hash
	}
	if c.DisplayRemote == "" && name != "" && bare(name) != bare(remote) { // some phones put the number there
		c.DisplayRemote = t.copyText(c, name)
	}
	if s.Lasted {
		c.Duration = s.Duration
	}
	if sides.ByCaller {
		own = s.Account // it may be either side
	}
	t.account(c.Phone, own)
}

// copyText returns a copy of a text for a call.
func (t *Timeline) copyText(c *Call, s string) string {
	s = s[:min(len(s), maxText)]
	c.size += int32(len(s))
	t.long += len(s)
	if len(s) > ownSize {
		return strings.Clone(s)
	}
	if t.texts.Cap()-t.texts.Len() < len(s) {
		t.texts.Reset()
		t.texts.Grow(textSize)
	}
	from := t.texts.Len()
	t.texts.WriteString(s)
	return t.texts.String()[from:]
}

// signal sets the SIP of a call, if that is known.
func (t *Timeline) signal(c *Call, s *sip.Call) {
	if s == nil {
		return
	}
	size := sipCost + len(s.ID) + len(s.Local.User) + len(s.Local.Name) + len(s.Remote.User) + len(s.Remote.Name)
	c.SIP = s
	c.size += int32(size)
	t.long += size
}

// note adds an event to a call.
func (t *Timeline) note(c *Call, k *actionurl.Kind, now int64) {
	c.Last = now
	if len(c.Steps) == maxSteps {
		return
	}
	before := c.spill()
	c.Steps = append(c.Steps, Step{now, k})
	t.long += c.spill() - before
}

package timeline

import (
	"net/netip"
	"time"

	"actionurl/decode/actionurl"
	"actionurl/decode/sip"
)

// A State is how far a call has come.
type State string

const (
	Ringing    State = "ringing"
	Dialing    State = "dialing"
	Active     State = "active"
	Held       State = "held"     // by either side
	Ended      State = "ended"    // answered or not
	Missed     State = "missed"   // and never answered
	Rejected   State = "rejected" // by the phone
	Unfinished State = "unfinished"
)

// A Step is an event of a call.
type Step struct {
	Time int64           // nanoseconds since 1970-01-01 UTC
	Kind *actionurl.Kind // actionurl.Unknown if it is ambiguous
}

// A Call is what a phone announced of one call. What every event touches comes
// first, so that it lies together in memory.
type Call struct {
	Phone *Phone
	Slot  int // a small number that no other call has until this one is handed out

	// Times are in nanoseconds since 1970-01-01 UTC, 0 for what did not happen
	// or was not announced.
	First, Last int64 // its first and latest event
	Began       int64 // incoming or outgoing
	Established int64
	Over        int64

	lane  *lane
	since int64 // when it came into its lane

	prev, next     *Call // in the lane
	elder, younger *Call // in the order of their first events

	Direction actionurl.Direction
	answered  bool
	missed    bool
	rejected  bool
	idled     bool // it is over because the phone announced that it is idle
	cut       bool // its end was not seen, and no more will come
	closed    bool
	holders   [2]bool // that hold it: the phone, the other side

	size int32 // bytes of its texts and its signalling

	// SIP is the call as the phone's signalling has it, nil if that is not
	// known. It takes 736 bytes and its texts.
	SIP *sip.Call

	Steps []Step
	few   [roomSteps]Step // what Steps is of, while there are no more

	// The two sides as the phone names them, whichever of them called: of a SIP
	// URI the user part. Each has at most maxText bytes.
	Local, Remote, DisplayRemote string

	ID      string     // its call id; empty if no event has it
	Address netip.Addr // that the phone had at its first event
	Sensor  string     // that captured that; empty for this machine

	Holds     int // times that it was put on hold
	Transfers int
	Duration  int // the $duration of the phone, in seconds; -1 if none
	Group     int // 1-based number of the group that it is in, in the order of the groups; 0 if calls are not grouped

	// FromSIP is what SIP added to the events, in a call that is handed out.
	FromSIP []Part

	held      int64 // how long it was on hold in all, in nanoseconds
	heldSince int64
	stray     int64 // when it was resumed without having been held
	group     *group
}

// Key says what ties the events of the call together: "call_id", or "remote"
// for the other side's number, where there is one, and the time.
func (c *Call) Key() string {
	if c.ID != "" {
		return "call_id"
	}
	return "remote"
}

// State returns how far the call has come.
func (c *Call) State() State {
	switch {
	case c.rejected:
		return Rejected
	case c.missed && !c.answered:
		return Missed
	case c.Over != 0:
		return Ended
	}
	switch c.stage() {
	case actionurl.Held:
		return Held
	case actionurl.Active:
		return Active
	case actionurl.Ringing:
		return Ringing
	case actionurl.Dialing:
		return Dialing
	}
	return Unfinished
}

// stage returns the stage of the call that an event comes at.
func (c *Call) stage() actionurl.Stage {
	switch {
	case c.over():
		return actionurl.Over
	case c.onHold():
		return actionurl.Held
	case c.answered:
		return actionurl.Active
	case c.Direction == actionurl.Incoming:
		return actionurl.Ringing
	case c.Direction == actionurl.Outgoing:
		return actionurl.Dialing
	}
	return actionurl.Unheard
}

// Ring returns how long it rang, or the phone waited for an answer; false
// where that is not known.
func (c *Call) Ring() (time.Duration, bool) {
	switch {
	case c.Began == 0:
		return 0, false
	case c.Established != 0:
		return span(c.Began, c.Established), true
	case c.Over != 0 && !c.answered:
		return span(c.Began, c.Over), true
	}
	return 0, false
}

// Talk returns how long it took from the answer to the end, times on hold
// included; false where that is not known.
func (c *Call) Talk() (time.Duration, bool) {
	if c.Established == 0 || c.Over == 0 {
		return 0, false
	}
	return span(c.Established, c.Over), true
}

// Hold returns how long it was on hold in all; false if it never was. While it
// is on hold, that time does not count yet.
func (c *Call) Hold() (time.Duration, bool) { return time.Duration(c.held), c.Holds > 0 }

// span returns the time between two events, which may have overtaken each
// other.
func span(from, to int64) time.Duration { return time.Duration(max(0, to-from)) }

// Talks reports whether the phone talks in the call, by its events.
func (c *Call) Talks() bool { return c.answered && !c.onHold() && !c.over() }

func (c *Call) onHold() bool { return c.holders[0] || c.holders[1] }

// over reports whether the call has ended, or no more of it will come.
func (c *Call) over() bool { return c.Over != 0 || c.cut }

// apply changes the call by an event. Events may come in another order than
// they happened: an answer before the ringing, the cause of the end after it.
func (c *Call) apply(f actionurl.Effect, now int64) {
	if c.Direction == actionurl.Undirected {
		c.Direction = f.Direction
	}
	if c.idled && !f.Act.Final() && f.Act != actionurl.Notes {
		c.Over, c.idled = 0, false // so it was another call that ended
	}
	switch f.Act {
	case actionurl.Begins:
		if c.Began == 0 {
			c.Began = now
		}
	case actionurl.Answers:
		if c.Established == 0 {
			c.Established = now
		}
		c.answered = true
	case actionurl.Holds:
		c.hold(0, now)
	case actionurl.FarHolds:
		c.hold(1, now)
	case actionurl.Resumes:
		c.resume(0, now)
	case actionurl.FarResumes:
		c.resume(1, now)
	case actionurl.Transfers:
		c.answered = true
		c.Transfers++
	case actionurl.Misses:
		c.missed = true
	case actionurl.Rejects:
		c.rejected = true
	}
	if f.Act.Final() {
		c.end(now)
	}
}

// hold puts the call on hold by one side.
func (c *Call) hold(side int, now int64) {
	c.answered = true
	switch {
	case c.holders[side]: // repeated
	case c.stray != 0 && now-c.stray <= overtaking:
		c.Holds++ // its end came first
		c.stray = 0
	default:
		if !c.onHold() {
			c.Holds++
			c.heldSince = now
		}
		c.holders[side] = true
	}
}

// resume takes the call off the hold of one side.
func (c *Call) resume(side int, now int64) {
	c.answered = true
	if !c.holders[side] {
		c.stray = now
		return
	}
	c.holders[side] = false
	if !c.onHold() {
		c.held += max(0, now-c.heldSince)
	}
}

// end ends the call. A second end changes nothing.
func (c *Call) end(now int64) {
	if c.Over != 0 {
		return
	}
	c.Over = now
	if c.onHold() {
		c.held += max(0, now-c.heldSince)
		c.holders = [2]bool{}
	}
}

// has reports whether the event is one of the call's.
func (c *Call) has(k *actionurl.Kind) bool {
	for i := range c.Steps {
		if c.Steps[i].Kind == k {
			return true
		}
	}
	return false
}

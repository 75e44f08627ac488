package actionurl

// maxCalls bounds the calls and phones whose state is followed: 65,536 of
// about 200 bytes, 13 MiB. Beyond it all are forgotten, and learnt anew.
const maxCalls = 64 << 10

// A callKey names a call of a phone, or, without a call id, the phone itself.
type callKey struct{ phone, call string }

// A stage is how far a call has come.
type stage uint8

const (
	unheard stage = iota // nothing is known of it
	ringing
	dialing
	active
	held
	over
)

// calls follows calls and phones as far as it takes to tell which of several
// events can have happened.
type calls struct {
	stages map[callKey]stage
	last   map[callKey]string // of a switch, the event that set it; the call is the switch's name
}

// switches are the events of which one undoes the other: either can follow
// only the other.
func switchOf(slug string) string {
	switch slug {
	case "dnd_on", "dnd_off":
		return "dnd"
	case "forward_on", "forward_off":
		return "forward"
	case "off_hook", "on_hook":
		return "hook"
	case "syslog_on", "syslog_off":
		return "syslog"
	case "mute_call", "unmute_call":
		return "mute"
	case "idle_to_busy", "busy_to_idle":
		return "busy"
	}
	return ""
}

// after returns the stage that a call is in after an event, unheard if the
// event says nothing about it.
func after(slug string) stage {
	switch slug {
	case "incoming_call":
		return ringing
	case "outgoing_call":
		return dialing
	case "established_call", "answered_call", "resume_call":
		return active
	case "hold_call":
		return held
	case "terminated_call", "missed_call", "rejected_call":
		return over
	}
	return unheard
}

// canFollow reports whether an event can come next of a call, or of its phone.
// Where nothing is known, anything can. No order is assumed beyond what the
// words mean: families of phones differ.
func (c *calls) canFollow(k *Kind, key callKey) bool {
	if name := switchOf(k.Slug); name != "" {
		return c.last[callKey{key.phone, name}] != k.Slug
	}
	now := c.stages[key]
	switch k.Slug {
	case "incoming_call", "outgoing_call":
		return key.call == "" || now == unheard
	case "established_call", "answered_call":
		return now == unheard || now == ringing || now == dialing
	case "missed_call", "rejected_call":
		return now == unheard || now == ringing
	case "hold_call":
		return now == unheard || now == active
	case "resume_call":
		return now == unheard || now == held
	case "terminated_call":
		return now != over
	}
	return true
}

// happened notes an event that is known.
func (c *calls) happened(e *Event) {
	if e.Kind == Unknown {
		return
	}
	phone := e.PhoneMAC
	if phone == "" {
		phone = e.PhoneIP.String()
	}
	if len(c.stages)+len(c.last) >= maxCalls || c.stages == nil {
		c.stages, c.last = map[callKey]stage{}, map[callKey]string{}
	}
	if name := switchOf(e.Kind.Slug); name != "" {
		c.last[callKey{phone, name}] = e.Kind.Slug
		return
	}
	if s := after(e.Kind.Slug); s != unheard {
		c.stages[callKey{phone, e.CallID}] = s
	}
}

package actionurl

// maxCalls bounds the calls and phones whose state is followed: 65,536 of
// about 200 bytes, 13 MiB. Beyond it all are forgotten, and followed anew.
const maxCalls = 64 << 10

// A callKey names a call of a phone, or, without a call id, the phone itself.
type callKey struct{ phone, call string }

// calls follows calls and phones, as far as needed to know which of several
// events can have happened.
type calls struct {
	stages   map[callKey]Stage
	switches map[string]Switches // by phone
}

// canFollow reports whether an event can come next of a call, or of its phone.
// Where nothing is known, anything can.
func (c *calls) canFollow(k *Kind, key callKey) bool {
	if k.Act == Begins && key.call == "" {
		return true // a phone has several calls
	}
	s := c.switches[key.phone]
	return s.Allow(k) && k.Act.Follows(c.stages[key])
}

// happened notes what an event does to its call and its phone.
func (c *calls) happened(e *Event) {
	phone := e.PhoneMAC
	if phone == "" {
		phone = e.PhoneIP.String()
	}
	if len(c.stages)+len(c.switches) >= maxCalls || c.stages == nil {
		c.stages, c.switches = map[callKey]Stage{}, map[string]Switches{}
	}
	if k := e.Kind; k.Switch != NoSwitch || k.Act == Begins || k.Act == Restarts {
		s := c.switches[phone]
		s.Turn(k)
		c.switches[phone] = s
	}
	if to := e.Effect().Stage(); to != Unheard {
		c.stages[callKey{phone, e.CallID}] = to
	}
}

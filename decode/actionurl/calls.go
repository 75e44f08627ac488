package actionurl

import (
	"hash/maphash"

	"actionurl/decode/phone"
)

// maxCalls bounds the calls and phones whose state is followed: 32,768 of
// about 160 bytes, 5 MiB. Beyond it all are forgotten, and followed anew.
const maxCalls = 32 << 10

// A callKey names a call of a phone, or, without a call id, the phone itself.
type callKey struct {
	phone phone.Key
	call  uint64 // hash of the call id, which may be long; 0 without one
}

// calls follows calls and phones, as far as needed to know which of several
// events can have happened.
type calls struct {
	seed     maphash.Seed
	stages   map[callKey]Stage
	switches map[phone.Key]Switches // by phone
}

func (c *calls) key(of phone.Key, id string) callKey {
	if id == "" {
		return callKey{phone: of}
	}
	return callKey{of, maphash.String(c.seed, id) | 1}
}

// canFollow reports whether an event can come next of a call, or of its phone.
// Where nothing is known, anything can.
func (c *calls) canFollow(k *Kind, key callKey) bool {
	if k.Act == Begins && key.call == 0 {
		return true // a phone has several calls
	}
	s := c.switches[key.phone]
	return s.Allow(k) && k.Act.Follows(c.stages[key])
}

// happened notes what an event does to its call and its phone. What an ambiguous
// one may have changed is not known any more.
func (c *calls) happened(e *Event) {
	key := c.key(phone.KeyOf(e.PhoneMAC, e.PhoneIP), e.CallID)
	if len(c.stages)+len(c.switches) >= maxCalls || c.stages == nil {
		c.stages, c.switches = map[callKey]Stage{}, map[phone.Key]Switches{}
	}
	f := e.Effect()
	if to := f.Stage(); to != Unheard {
		c.stages[key] = to
	} else if len(e.Candidates) > 0 && f.Act.OfCall() {
		delete(c.stages, key)
	}
	before := c.switches[key.phone]
	now := before
	now.Turn(e.Kind)
	for _, k := range e.Candidates {
		now[k.Switch] = NotKnown
	}
	if now != before {
		c.switches[key.phone] = now
	}
}

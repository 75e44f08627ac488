package sip

import (
	"net/netip"

	"actionurl/decode/actionurl"
)

// registrations are what the latest messages told of those of an address.
type registrations struct {
	releasing bool   // the latest REGISTER takes the binding back
	cseq      uint32 // its number
	moments   [4]moment
	n         int // moments that were ever there
}

// register notes a REGISTER, or the answer to one, of the phone that sent it.
func (t *Tracker) register(m *Message) {
	if t.at.status == 0 {
		r := t.registrations(m.Sender)
		r.releasing, r.cseq = m.releases(), m.CSeq
		return
	}
	r := t.registrations(m.Receiver)
	at := &t.at
	switch {
	case at.status == 401, at.status == 407, at.status == 423: // tried again (RFC 3261, sections 22.2 and 10.2.8)
		return
	case at.status >= 300:
		at.is = actionurl.OnRegisterFailed
	case at.status < 200:
		return
	case r.cseq == m.CSeq && r.releasing || len(m.Contact) == 0 || m.releases():
		at.is = actionurl.OnUnregister
	default:
		at.is = actionurl.OnRegister
	}
	at.sent = false
	r.moments[r.n%len(r.moments)] = *at
	r.n++
}

// registrations returns what is known of an address. The addresses not heard of
// for longest are forgotten by halves.
func (t *Tracker) registrations(addr netip.Addr) *registrations {
	if r := t.young[addr]; r != nil {
		return r
	}
	r := t.old[addr]
	if r == nil {
		r = new(registrations)
	}
	if len(t.young) >= maxRegistrars || t.young == nil {
		t.young, t.old = map[netip.Addr]*registrations{}, t.young
	}
	t.young[addr] = r
	return r
}

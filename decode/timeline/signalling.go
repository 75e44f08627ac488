package timeline

import (
	"time"

	"actionurl/decode/actionurl"
	"actionurl/decode/phone"
	"actionurl/decode/sip"
)

// Signalled sets the SIP of a call that is not closed: by its phone, and by the
// time of its first event. It does nothing if there is no such call.
func (t *Timeline) Signalled(id phone.ID, first int64, s *sip.Call) {
	if id == 0 {
		return
	}
	p := t.phones[id-1]
	for _, r := range p.open {
		if r.call.First == first && r.call.SIP == nil {
			t.signal(r.call, s)
			return
		}
	}
}

// filled returns the call with what its events lack taken from its SIP. What the
// events have stays, though SIP may differ.
func (c *Call) filled() *Call {
	s := c.SIP
	if s == nil {
		return c
	}
	f := *c
	if f.Direction == actionurl.Undirected {
		f.Direction = s.Direction
	}
	for _, text := range []struct {
		to   *string
		from string
	}{{&f.ID, s.ID}, {&f.Local, s.Local.User}, {&f.Remote, s.Remote.User}, {&f.DisplayRemote, s.Remote.Name}} {
		if *text.to == "" {
			*text.to = text.from
		}
	}
	if f.Began == 0 {
		f.Began = s.Started
	}
	if s.Answer != 0 && !f.missed && !f.rejected {
		f.answered = true
		if f.Established == 0 {
			f.Established = s.Answer
		}
	}
	if f.Holds == 0 {
		f.Holds, f.held = s.Holds, s.Held
		f.holders[0] = f.Over == 0 && s.State == sip.OnHold
	}
	f.Transfers = max(f.Transfers, s.Referred)
	if f.Over == 0 && s.Ended != 0 {
		f.end(s.Ended)
		incoming := s.Direction == actionurl.Incoming
		f.missed = f.missed || incoming && s.State == sip.Canceled
		f.rejected = f.rejected || incoming && s.State == sip.Rejected
	}
	f.FromSIP = f.differences(c)
	return &f
}

// A Part is something that is known of a call.
type Part uint8

// The parts that SIP can add.
const (
	DirectionPart Part = iota
	LocalPart
	RemotePart
	DisplayRemotePart
	StatePart
	RingPart
	TalkPart
	HoldPart
	HoldsPart
	IDPart
	TransfersPart
)

// differences returns the parts in which f is not as c.
func (f *Call) differences(c *Call) (parts []Part) {
	for part, differs := range [...]bool{
		DirectionPart:     f.Direction != c.Direction,
		LocalPart:         f.Local != c.Local,
		RemotePart:        f.Remote != c.Remote,
		DisplayRemotePart: f.DisplayRemote != c.DisplayRemote,
		StatePart:         f.State() != c.State(),
		RingPart:          differ(f.Ring, c.Ring),
		TalkPart:          differ(f.Talk, c.Talk),
		HoldPart:          differ(f.Hold, c.Hold),
		HoldsPart:         f.Holds != c.Holds,
		IDPart:            f.ID != c.ID,
		TransfersPart:     f.Transfers != c.Transfers,
	} {
		if differs {
			parts = append(parts, Part(part))
		}
	}
	return parts
}

func differ(f, g func() (time.Duration, bool)) bool {
	a, known := f()
	b, was := g()
	return a != b || known != was
}

package actionurl

import (
	"net/netip"

	"actionurl/decode/httpwire"
)

// A Question is what is known of a request whose SIP message is looked for.
type Question struct {
	Capture string
	Frame   int           // 1-based
	Time    int64         // nanoseconds since 1970-01-01 UTC
	Phone   [2]netip.Addr // addresses that the phone may have: the sender's, and the one in the URL
	Target  string        // as sent
	CallID  string        // of a variable that is called so; empty for none
	Vars    []Var
	Kinds   []*Kind // what it may announce; empty if nothing is known
}

// A Message is the SIP message that a request belongs to.
type Message struct {
	Kind   *Kind  // the event that it means; one of the question's, if these were any
	Frame  int    // 1-based; 0 if it is in another capture than the request
	Method string // "INVITE"; of a response status and method, "200 INVITE"
	Delay  int64  // nanoseconds from the message to the request; negative if that came first
}

// Ask fills in what is known of a request and its event.
func (q *Question) Ask(x *httpwire.Exchange, e *Event) {
	*q = Question{
		Capture: x.Interface.Capture, Frame: x.Frame, Time: x.Time, Phone: [2]netip.Addr{x.Client.Addr(), e.PhoneIP}, Target: x.Target,
		CallID: e.CallID, Vars: e.Vars, Kinds: append(q.Kinds[:0], e.Candidates...),
	}
	if e.Kind != Unknown {
		q.Kinds = append(q.Kinds, e.Kind)
	}
}

// Attach notes the SIP message that the event belongs to, and takes the event
// from it where nothing else names it.
func (e *Event) Attach(m Message) {
	e.SIP = m
	if e.Kind != Unknown {
		return
	}
	by := BySIP
	if len(e.Candidates) > 0 {
		by = ByNarrowed
	}
	e.Candidates = e.Candidates[:0]
	e.candidate(m.Kind)
	e.settle(by)
}

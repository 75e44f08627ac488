package sip

import "actionurl/decode/actionurl"

// note takes a message that this end sent or received.
func (c *Call) note(m *Message, at *moment) {
	c.Last = at.time
	at.is = 0
	switch at.method {
	case mINVITE:
		if at.status == 0 {
			c.inviteSent(m, at)
		} else {
			c.inviteAnswered(m, at)
		}
	case mUPDATE:
		if at.status == 0 {
			c.offered(m, at)
		} else {
			c.declined(at)
		}
	case mACK:
		if c.Answer != 0 && at.cseq == c.invite && at.sent == (c.Direction == actionurl.Outgoing) {
			at.is = actionurl.OnAck
		}
	case mBYE:
		if at.status == 0 {
			at.is = actionurl.OnBye
			c.end(Over, at)
		}
	case mCANCEL:
		if at.status == 0 && c.Answer == 0 {
			if at.is = actionurl.OnCancel; m.elsewhere() {
				at.is = actionurl.OnCancelElsewhere
				c.end(Elsewhere, at)
			}
			c.end(Canceled, at)
		}
	case mREFER:
		if at.status == 0 {
			at.is = actionurl.OnRefer
			if replaces(m.ReferTo) {
				at.is = actionurl.OnReferReplaces
			}
		}
	case mNOTIFY:
		if at.status == 0 {
			switch status := m.fragment(); {
			case status >= 300:
				at.is = actionurl.OnTransferFailed
			case status >= 200:
				at.is = actionurl.OnTransferred
			}
		}
	}
	c.goesOn(at)
	if at.is != 0 && c.remember(at) && at.is&(actionurl.OnRefer|actionurl.OnReferReplaces) != 0 && at.sent {
		c.Referred++
	}
}

// remember keeps a moment, and reports whether it is not the copy of one.
func (c *Call) remember(at *moment) bool {
	for i := range min(c.n, maxMoments) {
		o := &c.moments[i]
		if o.is == at.is && o.sent == at.sent && o.cseq == at.cseq && o.status == at.status {
			return false
		}
	}
	c.moments[c.n%maxMoments] = *at
	c.n++
	return true
}

// inviteSent takes an INVITE: one that begins a call, or, with a tag in To, one
// that changes it.
func (c *Call) inviteSent(m *Message, at *moment) {
	if tagged(m.To) {
		c.offered(m, at)
		return
	}
	at.is = actionurl.OnInvite
	if c.Started == 0 {
		c.Started = at.time
		c.begin(m, at.sent)
	}
	if c.Ended == 0 && c.Answer == 0 || c.State == Refused || c.State == Rejected { // tried again, as after a challenge
		c.State, c.Ended = Dialing, 0
		c.invite = at.cseq
	}
}

// begin notes the two ends of a call. This one sent the INVITE if sent is set.
func (c *Call) begin(m *Message, sent bool) {
	if sent {
		c.Direction = actionurl.Outgoing
		c.Local, c.Remote = party(m.From), party(m.To)
	} else {
		c.Direction = actionurl.Incoming
		c.Local, c.Remote = party(m.To), party(m.From)
	}
}

// inviteAnswered takes a response to an INVITE.
func (c *Call) inviteAnswered(m *Message, at *moment) {
	if c.Direction == actionurl.Undirected && c.State == Unheard && at.status < 300 && at.status != 200 {
		c.begin(m, !at.sent) // the INVITE was not captured
		c.invite = at.cseq
	}
	if c.Direction == actionurl.Undirected || at.cseq != c.invite || at.sent != (c.Direction == actionurl.Incoming) { // each end counts for itself
		c.declined(at)
		return
	}
	switch {
	case at.status < 200:
		if at.status == 180 || at.status == 183 {
			at.is = actionurl.OnRinging
			if c.State == Dialing || c.State == Unheard {
				c.State, c.Rang = Ringing, at.time
			}
		}
	case at.status < 300:
		at.is = actionurl.OnAnswer
		if c.Answer == 0 {
			c.Answer, c.State, c.Ended = at.time, Active, 0
		}
	case at.status == 401, at.status == 407, at.status == 422:
		// tried again with what was asked for (RFC 3261, section 22.2; RFC 4028, section 6)
	case at.status < 400:
		at.is = actionurl.OnRedirect
		c.end(Forwarded, at)
	case at.status == 487:
		at.is = actionurl.OnCanceled
		c.end(Canceled, at)
	default:
		at.is = actionurl.OnRefuse
		switch at.status {
		case 480, 486, 600, 603:
			if c.Rang != 0 {
				at.is = actionurl.OnReject
				c.end(Rejected, at)
			}
		}
		c.end(Refused, at)
	}
}

// end notes that the call is over. The first message to say so counts.
func (c *Call) end(s State, at *moment) {
	if c.Ended != 0 {
		return
	}
	c.setHold(0, false, at)
	c.Ended, c.State = at.time, s
}

// offered takes an offer of media within a call.
func (c *Call) offered(m *Message, at *moment) {
	quiet, ok := offers(m.ContentType, m.Body)
	if !ok || c.Ended != 0 || c.Direction != actionurl.Undirected && c.Answer == 0 {
		return
	}
	by := 1
	if at.sent {
		by = 0
		c.offer = at.cseq
	}
	switch {
	case quiet == c.onHold[by]:
		return
	case quiet:
		at.is = actionurl.OnHold
	default:
		at.is = actionurl.OnResume
	}
	c.setHold(by, quiet, at)
}

// setHold notes that an end has put the call on hold, or taken it back.
func (c *Call) setHold(by int, hold bool, at *moment) {
	if c.onHold[by] == hold {
		return
	}
	c.onHold[by] = hold
	if by == 1 {
		return
	}
	if hold {
		c.Holds++
		c.since = at.time
		c.State = OnHold
		return
	}
	c.Held += at.time - c.since
	c.State = Active
}

// declined takes a response to an offer within the call: refused, it has changed
// nothing.
func (c *Call) declined(at *moment) {
	if at.status < 300 || at.sent || at.cseq != c.offer || c.Ended != 0 {
		return
	}
	for i := range min(c.n, maxMoments) {
		o := &c.moments[i]
		if !o.sent || o.cseq != at.cseq {
			continue
		}
		switch o.is {
		case actionurl.OnHold:
			c.Holds--
			c.onHold[0], c.State = false, Active
			o.is = 0
		case actionurl.OnResume:
			c.onHold[0], c.State = true, OnHold
			o.is = 0
		}
	}
}

// plainlyOn is how long, in nanoseconds, a call must go on after an event that
// announces its end, so that neither delays nor retransmissions explain it (RFC
// 3261, section 17.1.2.2: for 32 s at most, but from 0.5 s on).
const plainlyOn = 10e9

// goesOn notes that a call was on when a request within it came.
func (c *Call) goesOn(at *moment) {
	if c.claim.Time == 0 || at.status != 0 || at.time-c.claim.Time < plainlyOn || c.Ended != 0 && c.Ended != at.time {
		return
	}
	switch at.method {
	case mINVITE, mUPDATE, mREFER, mBYE:
		if c.Denial.Time == 0 {
			c.Denial = c.claim
		}
	}
}

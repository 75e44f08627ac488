package actionurl

import "actionurl/decode/vendor"

// The grades of P-values.
const (
	Documented = vendor.Documented
	Observed   = vendor.Observed
	Inferred   = vendor.Inferred
)

// A Kind is an event that phones announce: all that is known of it. What the
// program does with an event depends on these fields, never on its name.
type Kind struct {
	Slug  string
	Label string // the guide's name, or that of a newer model's web page
	Guide bool   // it is one of the guide's twenty (guide, page 4)

	P      int          // number of the Grandstream setting, 0 where none is known
	PGrade vendor.Grade // of P
	Alias  []string     // names of the setting in configuration version 2, without "ons.actionUrl."
	Names  []string     // further names in use: labels of other models, words in URLs

	SIP Signals // the messages that it belongs to
}

// String returns the slug.
func (k *Kind) String() string { return k.Slug }

// Unknown is the kind of an event that may be any.
var Unknown = &Kind{Slug: "unknown"}

// A Moment is what a SIP message does to a call or a registration. Each is a
// bit, so that several are a set (RFC 3261, section 13; RFC 5589 for transfers).
type Moment uint32

const (
	OnInvite Moment = 1 << iota
	OnRinging
	OnAnswer
	OnAck
	OnBye
	OnCancel
	OnCancelElsewhere // as another phone took the call
	OnCanceled        // 487, the answer to a canceled INVITE
	OnRefuse
	OnReject // refused after it rang
	OnRedirect
	OnHold
	OnResume
	OnRefer
	OnReferReplaces
	OnTransferred
	OnTransferFailed
	OnRegister
	OnUnregister
	OnRegisterFailed
)

// unanswered are the moments that end a call before it is answered.
const unanswered = OnCancel | OnCancelElsewhere | OnCanceled | OnReject | OnRefuse

// Signals are the messages that an event belongs to, as the phone sends or
// receives them.
type Signals struct {
	Sent, Received         Moment // those that announce it
	WithSent, WithReceived Moment // those that it may come with, but that announce another event, or none
}

// Announced reports whether a message announces the event.
func (s *Signals) Announced(m Moment, sent bool) bool {
	if sent {
		return s.Sent&m != 0
	}
	return s.Received&m != 0
}

// Includes reports whether the event may come with a message.
func (s *Signals) Includes(m Moment, sent bool) bool {
	if sent {
		return (s.Sent|s.WithSent)&m != 0
	}
	return (s.Received|s.WithReceived)&m != 0
}

// Means reports whether any event may come with a message.
func (m Moment) Means(sent bool) bool { return catalog.signals.Includes(m, sent) }

// Announces returns the first event of the catalogue that a message announces,
// nil for none.
func (m Moment) Announces(sent bool) *Kind {
	if catalog.signals.Announced(m, sent) {
		for _, k := range catalog.kinds {
			if k.SIP.Announced(m, sent) {
				return k
			}
		}
	}
	return nil
}

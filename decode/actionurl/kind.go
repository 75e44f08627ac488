package actionurl

import (
	"iter"

	"actionurl/decode/vendor"
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

	Act       Act       // what it does to its call
	Direction Direction // of the calls that it can be of
	Switch    Switch    // of the phone that it turns
	To        Position  // of the switch
	Again     bool      // it can come again while the switch stays where it is
	Failed    bool      // what it is about did not work
	SIP       Signals   // the messages that it belongs to
	Vars      Meanings  // of variables that have a value in it, besides those of the phone itself

	number uint8 // 1-based in the catalogue; 0 of a kind that is not in it
}

// Has reports whether phones have a value for a variable in the event. Of names
// none is sure: callers may have none.
func (k *Kind) Has(m vendor.Meaning) bool { return (ofPhone|k.Vars)&(1<<m) != 0 }

// Meanings is a set of meanings of variables, a bit for each.
type Meanings uint32

const (
	ofPhone Meanings = 1<<vendor.MAC | 1<<vendor.PhoneIP | 1<<vendor.IP | 1<<vendor.Product | 1<<vendor.Version
	ofCall  Meanings = 1<<vendor.Remote | 1<<vendor.Number | 1<<vendor.CallID
)

// String returns the slug.
func (k *Kind) String() string { return k.Slug }

// Unknown is the kind of an event that may be any.
var Unknown = &Kind{Slug: "unknown", Act: Notes}

// An Act is what an event does to the call that it is of.
type Act uint8

const (
	NoAct       Act = iota // it is of no call
	Restarts               // of none either, but no call goes on
	Notes                  // it changes nothing
	Begins                 // the phone rings, or dials
	Answers                // somebody answers
	Holds                  // the phone puts the other side on hold
	Resumes                // and takes it back
	FarHolds               // the other side puts the phone on hold
	FarResumes             // and takes it back
	Transfers              // the phone passes the call on
	Transferred            // and is out of it
	Misses                 // nobody answers
	Rejects                // the phone refuses
	Ends                   // it is over
)

// OfCall reports whether the event is of a call.
func (a Act) OfCall() bool { return a >= Notes }

// Final reports whether the call is over with the event.
func (a Act) Final() bool { return a >= Transferred }

// Kind returns the event that has the act in calls of either direction, nil for
// none.
func (a Act) Kind() *Kind {
	for _, k := range catalog.kinds {
		if k.Act == a && k.Direction == Undirected {
			return k
		}
	}
	return nil
}

// A Direction says who called whom.
type Direction uint8

const (
	Undirected Direction = iota // not known; of a kind of event, either
	Incoming                    // the phone was called
	Outgoing                    // the phone called
)

// String returns the name used in every output, empty for Undirected.
func (d Direction) String() string { return [...]string{"", "incoming", "outgoing"}[d] }

// An Effect is what an event does, and the direction of the calls that it can
// be of.
type Effect struct {
	Act       Act
	Direction Direction
}

// Effect returns what the event does. An ambiguous one does what all of its
// candidates do: where each of them ends the call, it ends.
func (e *Event) Effect() Effect {
	if len(e.Candidates) == 0 {
		return Effect{e.Kind.Act, e.Kind.Direction}
	}
	all := Effect{e.Candidates[0].Act, e.Candidates[0].Direction}
	for _, k := range e.Candidates[1:] {
		if k.Direction != all.Direction {
			all.Direction = Undirected
		}
		switch {
		case k.Act == all.Act:
		case k.Act.Final() && all.Act.Final():
			all.Act = Ends
		default:
			return Effect{Act: Notes}
		}
	}
	return all
}

// A Stage is how far a call has come. Each is a bit, so that several are a set.
type Stage uint8

const (
	Ringing Stage = 1 << iota
	Dialing
	Active
	Held // by the phone or by the other side
	Over

	Unheard  Stage = 0 // nothing is known of the call
	anyStage       = Ringing | Dialing | Active | Held | Over
)

// stages are the stages that an act can follow, those that it mostly follows,
// and the one that it leads to, Unheard where it leaves the call where it is. No
// order is assumed beyond what the words mean: families of phones differ.
var stages = [...]struct{ after, mostly, to Stage }{
	Notes:       {after: anyStage, mostly: Active},
	Begins:      {to: Ringing}, // or Dialing
	Answers:     {after: Ringing | Dialing, to: Active},
	Holds:       {after: Active, mostly: Active, to: Held},
	Resumes:     {after: Held, mostly: Held, to: Active},
	FarHolds:    {after: anyStage, mostly: Active},
	FarResumes:  {after: anyStage, mostly: Held},
	Transfers:   {after: anyStage, mostly: Active},
	Transferred: {after: anyStage, mostly: Active, to: Over},
	Misses:      {after: Ringing, to: Over},
	Rejects:     {after: Ringing, to: Over},
	Ends:        {after: anyStage &^ Over, mostly: Active, to: Over},
}

// Follows reports whether an event with this act can come next of a call at a
// stage, if every event of the call is announced, and in order.
func (a Act) Follows(s Stage) bool { return !a.OfCall() || s == Unheard || stages[a].after&s != 0 }

// Mostly reports whether an event with this act mostly comes at a stage.
func (a Act) Mostly(s Stage) bool { return stages[a].mostly&s != 0 }

// Stage returns the stage that a call comes to by the event, Unheard for none.
func (f Effect) Stage() Stage {
	if f.Act == Begins {
		return [...]Stage{Undirected: Unheard, Incoming: Ringing, Outgoing: Dialing}[f.Direction]
	}
	return stages[f.Act].to
}

// A Switch is something of a phone that is on or off.
type Switch uint8

const (
	NoSwitch Switch = iota
	Registration
	DND
	OffHook
	Forwarding // of any kind
	ForwardingAlways
	ForwardingBusy
	ForwardingNoAnswer
	Syslog
	Mute
	Busy
	CallWaiting
	LogOn
	switches // how many there are
)

// A Position is where a switch stands.
type Position uint8

const (
	NotKnown Position = iota
	On
	Off
)

// Switches are the positions of a phone's switches, by its events.
type Switches [switches]Position

// Turn notes what an event switches, and what it ends.
func (s *Switches) Turn(k *Kind) {
	switch k.Act {
	case Begins:
		s[Mute] = NotKnown // a call is not muted because the one before was
	case Restarts:
		s[OffHook], s[Mute], s[Busy] = NotKnown, NotKnown, NotKnown
	}
	if k.Switch == Forwarding && k.To == Off {
		s[ForwardingAlways], s[ForwardingBusy], s[ForwardingNoAnswer] = Off, Off, Off
	}
	if k.Switch != NoSwitch {
		s[k.Switch] = k.To
	}
}

// Allow reports whether an event can come next of its phone: it turns no switch,
// or one that does not stand there yet.
func (s *Switches) Allow(k *Kind) bool { return k.Switch == NoSwitch || k.Again || s[k.Switch] != k.To }

// Forwarding returns whether any kind of forwarding is on.
func (s *Switches) Forwarding() Position {
	all := NotKnown
	for _, p := range s[Forwarding : ForwardingNoAnswer+1] {
		switch p {
		case On:
			return On
		case Off:
			all = Off
		}
	}
	return all
}

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

// A KindSet is a set of kinds of the catalogue, a bit for each.
type KindSet [2]uint64

// Add adds a kind.
func (s *KindSet) Add(k *Kind) {
	if k.number != 0 {
		s[k.number/64] |= 1 << (k.number % 64)
	}
}

// Has reports whether a kind is in the set.
func (s *KindSet) Has(k *Kind) bool { return k.number != 0 && s[k.number/64]&(1<<(k.number%64)) != 0 }

// With returns the kinds that are in either set.
func (s KindSet) With(t KindSet) KindSet { return KindSet{s[0] | t[0], s[1] | t[1]} }

// All returns the kinds in the order of the catalogue.
func (s *KindSet) All() iter.Seq[*Kind] {
	return func(yield func(*Kind) bool) {
		for _, k := range catalog.kinds {
			if s.Has(k) && !yield(k) {
				return
			}
		}
	}
}

package timeline

import "actionurl/decode/actionurl"

// An act is what an event does to the call that it is of.
type act uint8

const (
	nothing     act = iota // it is of no call
	note                   // it is part of one, and changes nothing
	begin                  // the phone rings, or dials
	answer                 // somebody answers
	hold                   // the phone puts the other side on hold
	resume                 // and takes it back
	farHold                // the other side puts the phone on hold
	farResume              // and takes it back
	transfer               // the phone passes the call on
	transferred            // and is out of it
	miss                   // nobody answers
	reject                 // the phone refuses
	end                    // it is over
)

// An effect is what an event does, and the direction of the calls that it can
// be of.
type effect struct {
	act       act
	direction Direction // Unknown for both
}

// effectOf returns the effect of an event. An ambiguous one has what the effects
// of its candidates have in common: where each of them ends the call, it ends.
func effectOf(e *actionurl.Event) effect {
	if e.Kind != actionurl.Unknown {
		return effectOfSlug(e.Kind.Slug)
	}
	if len(e.Candidates) == 0 {
		return effect{act: note}
	}
	all := effectOfSlug(e.Candidates[0].Slug)
	for _, k := range e.Candidates[1:] {
		f := effectOfSlug(k.Slug)
		if f.direction != all.direction {
			all.direction = Unknown
		}
		switch {
		case f.act == all.act:
		case f.ends() && all.ends():
			all.act = end
		default:
			return effect{act: note}
		}
	}
	return all
}

// effectOfSlug returns the effect of an event that is known. What is told of
// the phone as a whole, as its hook, is of no call.
func effectOfSlug(slug string) effect {
	switch slug {
	case "incoming_call":
		return effect{begin, Incoming}
	case "outgoing_call":
		return effect{begin, Outgoing}
	case "established_call":
		return effect{answer, Unknown}
	case "answered_call":
		return effect{answer, Incoming}
	case "hold_call":
		return effect{hold, Unknown}
	case "resume_call":
		return effect{resume, Unknown}
	case "held_call":
		return effect{farHold, Unknown}
	case "unheld_call":
		return effect{farResume, Unknown}
	case "blind_transfer", "attended_transfer", "transfer_call":
		return effect{transfer, Unknown}
	case "transfer_finished":
		return effect{transferred, Unknown}
	case "transfer_failed", "received_attended_transfer":
		return effect{note, Unknown}
	case "missed_call", "remote_canceled":
		return effect{miss, Incoming}
	case "rejected_call":
		return effect{reject, Incoming}
	case "forwarded_call":
		return effect{end, Incoming}
	case "callout_canceled", "remote_busy":
		return effect{end, Outgoing}
	case "terminated_call":
		return effect{end, Unknown}
	}
	return effect{}
}

// begins reports whether an event can be the first that is heard of a call:
// the capture may have begun in the middle of it.
func (f effect) begins() bool { return f.act > note && f.act != transferred }

// ends reports whether the call is over with the event.
func (f effect) ends() bool {
	return f.act == transferred || f.act == miss || f.act == reject || f.act == end
}

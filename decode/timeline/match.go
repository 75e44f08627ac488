package timeline

import (
	"actionurl/decode/actionurl"
)

// Bounds on what belongs together, where there is no call id.
const (
	// overtaking is how far requests of one phone can come in another order
	// than its events, in nanoseconds: it sends them on connections of their own.
	overtaking = 1e9
	// repeating is the time, in nanoseconds, within which the same event again is
	// a repetition: phones send it again when the server is slow.
	repeating = 10e9
)

// find returns the call of the phone that an event belongs to, nil for none.
// The call id decides, if both have one. Otherwise it is a call with the same
// number, or without one, to which the event can belong; of several, the likeliest,
// and of equals the latest.
func (p *Phone) find(s *facts, k *actionurl.Kind, f actionurl.Effect, now int64) *Call {
	var best *Call
	most := 0
	for i := len(p.open) - 1; i >= 0; i-- {
		r := &p.open[i]
		if s.idHash != 0 && r.id != 0 {
			if s.idHash == r.id && r.call.goesOn(f, now) {
				return r.call
			}
			continue
		}
		if r.own != 0 && s.own != 0 && r.own != s.own {
			continue // of another account: a base has several, and so has a phone
		}
		known := r.remote != 0 && s.remoteHash != 0
		same := r.remote == s.remoteHash || s.localHash != 0 && r.remote == s.localHash
		if known && !same {
			continue
		}
		likely := r.call.likely(k, f, now, same && (known || s.idHash == r.id))
		if likely > 0 && known {
			likely += certain
		}
		if likely > most {
			best, most = r.call, likely
		}
	}
	return best
}

// goesOn reports whether an event with the call's id is of the call, or of a
// later one: some phones use their own numbers of calls again.
func (c *Call) goesOn(f actionurl.Effect, now int64) bool {
	switch {
	case f.Act != actionurl.Begins:
		return true
	case c.Began == 0:
		return now-c.First <= overtaking
	case c.over():
		return false
	}
	return !c.answered || now-c.Last <= repeating
}

// How likely it is that an event is of a call.
const (
	impossible = iota
	possible
	likely
	likelier
	likeliest
	certain = likeliest + 1 // the same number outweighs the state of the call
)

// likely returns how likely an event is of the call, by the call's state. Same
// is set if both have the same number, or both none.
func (c *Call) likely(k *actionurl.Kind, f actionurl.Effect, now int64, same bool) int {
	if f.Direction != actionurl.Undirected && c.Direction != actionurl.Undirected && f.Direction != c.Direction {
		return impossible
	}
	switch f.Act {
	case actionurl.Begins:
		again := same && !c.answered && !c.over() && now-c.Last <= repeating
		if c.Began == 0 && now-c.First <= overtaking || c.Began != 0 && again {
			return likely
		}
		return impossible
	case actionurl.Answers:
		switch {
		case c.Established != 0 && now-c.Established <= overtaking && !c.has(k):
			return likeliest // some phones announce it by two events
		case c.Established != 0 && now-c.Established <= repeating:
			return possible
		case c.Established != 0 || c.over() && now-c.Over > overtaking:
			return impossible
		case c.over(), c.answered:
			return possible
		}
		return likelier
	case actionurl.Misses, actionurl.Rejects:
		switch {
		case c.answered:
			return impossible
		case c.over():
			return possible
		}
		return likelier
	}
	switch {
	case c.over() && !f.Act.Final() && f.Act != actionurl.Notes && now-c.Over > overtaking:
		return impossible
	case f.Act.Mostly(c.stage()):
		return likelier
	case c.answered && !c.over():
		return likely
	}
	return possible
}

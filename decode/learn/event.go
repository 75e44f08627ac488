package learn

import (
	"fmt"
	"slices"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/vendor"
)

// A position is where the requests of a shape stand in calls.
type position struct {
	calls  int // with requests of other shapes, too, that it is in
	first  int // of them, it begins
	last   int // of them, it ends
	most   int // requests of it in one call
	next   *sketch
	follow int // calls in which next follows at once
}

// positions returns where each sketch stands in calls.
func (l *Learner) positions() map[*sketch]position {
	type pair struct{ before, after *sketch }
	all := map[*sketch]position{}
	pairs := map[pair]int{}
	for _, t := range l.trails {
		seen := map[*sketch]int{}
		for _, st := range t.steps {
			seen[st.of.whole()]++
		}
		for s, n := range seen {
			p := all[s]
			p.most = max(p.most, n)
			if len(seen) > 1 {
				p.calls++
			}
			all[s] = p
		}
		if len(seen) == 1 {
			continue
		}
		first, last := t.steps[0].of.whole(), t.steps[len(t.steps)-1].of.whole()
		p := all[first]
		p.first++
		all[first] = p
		if p := all[last]; len(t.steps) < maxSteps {
			p.last++
			all[last] = p
		}
		for i := range t.steps[1:] {
			pairs[pair{t.steps[i].of.whole(), t.steps[i+1].of.whole()}]++
		}
	}
	for pair, n := range pairs {
		p := all[pair.before]
		if n > p.follow || n == p.follow && pair.after.first < p.next.first {
			p.next, p.follow = pair.after, n
			all[pair.before] = p
		}
	}
	return all
}

// event judges which event the requests of a shape announce.
func (j *judge) event(shape *Shape, s *sketch) Guess {
	if g, ok := recognized(s); ok {
		return g
	}
	if g, ok := shape.named(); ok {
		return g
	}
	return j.placed(shape, s)
}

// recognized returns the event that all requests were recognized as. If they are
// several events, one URL is configured for all of them.
func recognized(s *sketch) (Guess, bool) {
	if len(s.events) > 1 {
		g := Guess{Sure: Open, Why: "by the SIP messages of the calls, it is configured for several events"}
		for _, k := range actionurl.Kinds() {
			if s.events[k.Slug] > 0 {
				g.Candidates = append(g.Candidates, k)
			}
		}
		return g, true
	}
	for slug, n := range s.events {
		if n < s.requests {
			return Guess{}, false
		}
		why := "the URL names it"
		sure := Certain
		if s.by != actionurl.ByName {
			why, sure = "from the SIP messages of the calls", Likely
		}
		return Guess{Kind: actionurl.Lookup(slug), Sure: sure, Why: why}, true
	}
	return Guess{}, false
}

// named finds the event that fixed text names.
func (s *Shape) named() (Guess, bool) {
	var kinds []*actionurl.Kind
	word := ""
	for i := range s.Parts {
		p := &s.Parts[i]
		if p.Variable != "" {
			continue
		}
		if k := kindNamed(p.Fixed); k != nil && !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
			word = p.Fixed
		}
	}
	switch len(kinds) {
	case 0:
		return Guess{}, false
	case 1:
		return Guess{Kind: kinds[0], Sure: Likely, Why: fmt.Sprintf("the URL contains %q", word)}, true
	}
	return Guess{Candidates: kinds, Sure: Open, Why: "the URL names several"}, true
}

// placed lists the events that it may be, by its variables and by where it
// stands in calls. They make an event likely, never certain.
func (j *judge) placed(shape *Shape, s *sketch) Guess {
	var why []string
	var can func(*actionurl.Kind) bool // announce one of these events; nil if it may be any
	p := shape.calls
	switch {
	case p.most > 1:
		why = append(why, fmt.Sprintf("sent up to %d times in a call, so it may be configured for several events", p.most))
	case shape.has("duration"):
		why = append(why, "it contains a duration")
		can = func(k *actionurl.Kind) bool { return k.Has(vendor.Duration) }
	case shape.has("battery"):
		why = append(why, "it contains the battery level")
		can = func(k *actionurl.Kind) bool { return k.Has(vendor.Battery) }
	case p.calls > 0 && p.first == p.calls:
		why = append(why, fmt.Sprintf("the first request in %d of %s", p.first, plural(p.calls, "call")))
		can = s.begins
	case p.calls > 0 && p.last == p.calls:
		why = append(why, fmt.Sprintf("the last request in %d of %s", p.last, plural(p.calls, "call")))
		can = ends
	case p.calls > 0 && p.first == 0 && p.last == 0:
		why = append(why, fmt.Sprintf("in the middle of %s", plural(p.calls, "call")))
		can = goesOn
	case !shape.ofCall():
		why = append(why, "no part belongs to a call")
	default:
		why = append(why, "nothing in it names an event")
	}
	if p.next != nil && p.follow == p.calls && p.calls > 0 {
		if k := j.known(p.next); k != nil {
			why = append(why, fmt.Sprintf("always followed by %s of the same call", k.Slug))
		}
	}
	switch made, others := s.makers(); {
	case made > 0 && others == 0:
		why = append(why, "by its Call-ID the phone began the call")
	case others > 0 && made == 0:
		why = append(why, "by its Call-ID the phone was called")
	}
	g := Guess{Sure: Open, Why: strings.Join(why, "; ")}
	if can != nil {
		g.Candidates = slices.DeleteFunc(actionurl.Kinds(), func(k *actionurl.Kind) bool { return !can(k) })
	}
	return g
}

// known returns the event of a sketch, if it was recognized.
func (j *judge) known(s *sketch) *actionurl.Kind {
	if g, ok := recognized(s); ok {
		return g.Kind
	}
	return nil
}

// begins reports whether an event can begin the calls of a sketch, by who made
// their ids.
func (s *sketch) begins(k *actionurl.Kind) bool {
	made, others := s.makers()
	return k.Act == actionurl.Begins && !(k.Direction == actionurl.Outgoing && others > 0 && made == 0) && !(k.Direction == actionurl.Incoming && made > 0 && others == 0)
}

// goesOn reports whether a call, whoever began it, goes on with an event.
func goesOn(k *actionurl.Kind) bool {
	return k.Direction == actionurl.Undirected && (k.Act == actionurl.Answers || k.Act == actionurl.Holds || k.Act == actionurl.Resumes)
}

// ends reports whether calls end with an event on most phones: those without a
// number are of few.
func ends(k *actionurl.Kind) bool {
	return k.P != 0 && (k.Act == actionurl.Misses || k.Act == actionurl.Rejects || k.Act == actionurl.Ends)
}

// makers counts the samples whose call ids their phones made, and those whose
// call ids others did, where the ids show it.
func (s *sketch) makers() (made, others int) {
	for i := range s.samples {
		r := &s.samples[i]
		maker, ok := actionurl.CallIDAddress(r.call.id)
		switch {
		case ok && maker == r.client:
			made++
		case ok:
			others++
		}
	}
	return made, others
}

// has reports whether a part is this variable.
func (s *Shape) has(variable string) bool {
	return slices.ContainsFunc(s.Parts, func(p Part) bool { return p.Variable == variable })
}

// ofCall reports whether a part may be something of a call.
func (s *Shape) ofCall() bool {
	return slices.ContainsFunc(s.Parts, func(p Part) bool {
		switch p.Variable {
		case "", "mac", "phone_ip", "ip", "product", "model", "program_version", "firmware", "hardware_version", "language":
			return false
		}
		return true
	})
}

package profile

import (
	"cmp"
	"slices"
	"strings"

	"actionurl/decode/actionurl"
)

// An Ambiguity is two bindings of different events that one request can match.
type Ambiguity struct {
	A, B   Binding
	Target string // that both match, with "*" for what the variables may hold
	Same   bool   // whatever matches one matches the other
	Phones int    // how many phones it concerns; 0 for templates of any phone
}

const (
	// maxComparisons bounds the pairs of templates that are compared: 8 Mi of
	// about 100 ns, 1 s. 40,000 phones of 20 events have as many at most.
	maxComparisons = 8 << 20

	// maxAmbiguities bounds what is returned: 10,000 of about 200 bytes, 2 MiB.
	maxAmbiguities = 10_000
)

// A shape is the templates of one event that match the same.
type shape struct {
	id      int
	pattern int // id of what they match
	lead    string
	binding int // the first
	uses    int // how many bindings it has
}

// An arbiter compares templates.
type arbiter struct {
	bindings    []Binding
	overlapper  actionurl.Overlapper
	comparisons int
	verdicts    map[[2]int]*Ambiguity // of the ids of shapes; nil for none
	found       []*Ambiguity
}

// Ambiguities returns what is ambiguous in the bindings: templates of two
// events, both of one phone or both of any, that one request can match. A
// phone's own template counts before those of any phone. What phones have in
// common is reported once, with the first of them. Whole is false if there were
// too many templates to compare all.
func Ambiguities(bindings []Binding) (all []Ambiguity, whole bool) {
	a := &arbiter{bindings: bindings, verdicts: map[[2]int]*Ambiguity{}}
	whole = true
	byPhone := a.shape()
	phones := make([]string, 0, len(byPhone))
	for phone := range byPhone {
		phones = append(phones, phone)
	}
	slices.Sort(phones)
	for _, phone := range phones {
		whole = a.compare(byPhone[phone], phone) && whole
	}
	for _, f := range a.found {
		all = append(all, *f)
	}
	slices.SortStableFunc(all, func(x, y Ambiguity) int {
		return cmp.Or(strings.Compare(x.A.Place.File, y.A.Place.File), cmp.Compare(x.A.Place.Line, y.A.Place.Line), cmp.Compare(x.B.Place.Line, y.B.Place.Line))
	})
	return all, whole
}

// shape groups the bindings of each phone by what they match.
func (a *arbiter) shape() map[string][]*shape {
	type kinded struct {
		pattern int
		kind    *actionurl.Kind
	}
	patterns := map[string]int{}
	byTemplate := map[*actionurl.Template]*shape{}
	byPattern := map[kinded]*shape{}
	byPhone := map[string][]*shape{}
	for i := range a.bindings {
		b := &a.bindings[i]
		s := byTemplate[b.Template]
		if s == nil {
			text := b.Template.Pattern()
			pattern, known := patterns[text]
			if !known {
				pattern = len(patterns)
				patterns[text] = pattern
			}
			key := kinded{pattern, b.Template.Kind}
			if s = byPattern[key]; s == nil {
				s = &shape{id: len(byPattern), pattern: pattern, lead: b.Template.Lead(), binding: i}
				byPattern[key] = s
			}
			byTemplate[b.Template] = s
		}
		s.uses++
		byPhone[b.Phone] = append(byPhone[b.Phone], s)
	}
	return byPhone
}

// compare compares the templates of one phone with each other. Those that
// begin alike stand side by side when sorted.
func (a *arbiter) compare(shapes []*shape, phone string) (whole bool) {
	slices.SortFunc(shapes, func(s, t *shape) int { return cmp.Or(strings.Compare(s.lead, t.lead), cmp.Compare(s.id, t.id)) })
	shapes = slices.Compact(shapes)
	for i, s := range shapes {
		for _, t := range shapes[i+1:] {
			if !strings.HasPrefix(t.lead, s.lead) {
				break
			}
			if a.comparisons++; a.comparisons > maxComparisons {
				return false
			}
			if a.bindings[s.binding].Template.Kind != a.bindings[t.binding].Template.Kind {
				a.judge(s, t, phone)
			}
		}
	}
	return true
}

// judge finds whether two templates are ambiguous. Where phones share both, it
// is found once.
func (a *arbiter) judge(s, t *shape, phone string) {
	if s.binding > t.binding {
		s, t = t, s
	}
	key := [2]int{s.id, t.id}
	found, known := a.verdicts[key]
	if !known {
		one, two := &a.bindings[s.binding], &a.bindings[t.binding]
		if target, ok := a.overlapper.Overlap(one.Template, two.Template); ok && len(a.found) < maxAmbiguities {
			found = &Ambiguity{A: *one, B: *two, Target: target, Same: s.pattern == t.pattern}
			a.found = append(a.found, found)
		}
		if found != nil || s.uses > 1 && t.uses > 1 {
			a.verdicts[key] = found
		}
	}
	if found != nil && phone != "" {
		found.Phones++
	}
}

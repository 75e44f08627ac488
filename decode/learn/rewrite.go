package learn

import (
	"slices"
	"strings"
)

// A Rewriter replaces texts of a lesson that must not be shown.
type Rewriter interface {
	Server(text string) string            // what stands before a path
	Value(key, variable, s string) string // of a key, empty for a segment of the path, and of a variable, empty for fixed text
	Key(s string) string                  // a key, with what separates it from others
	Text(s string) string                 // prose
}

// Rewrite replaces the texts of the lesson that come off the wire. The templates are
// those of the new texts, and match no request then.
func (l *Lesson) Rewrite(w Rewriter) {
	for i := range l.Shapes {
		s := &l.Shapes[i]
		server, ok := strings.CutSuffix(s.Template, s.text((*Part).seen))
		s.places = slices.Clone(s.places)
		for k := range s.Parts {
			s.places[k].before = w.Key(s.places[k].before)
			s.Parts[k].rewrite(w)
			if instead := s.Parts[k].instead; instead != nil {
				instead.rewrite(w)
			}
		}
		s.Event.Why = w.Text(s.Event.Why)
		if ok && s.Template != "" {
			s.Template = w.Server(server) + s.text((*Part).seen)
		}
	}
}

func (p *Part) rewrite(w Rewriter) {
	if p.Fixed != "" {
		p.Fixed = w.Value(p.Key, "", p.Fixed)
	}
	samples := make([]string, len(p.Samples))
	for i, s := range p.Samples {
		samples[i] = w.Value(p.Key, p.Variable, s)
	}
	p.Samples = samples
	p.Key, p.Why = w.Key(p.Key), w.Text(p.Why)
	if p.Own {
		p.Variable = w.Key(p.Variable)
		p.Typed = "$" + p.Variable
	}
	literals := slices.Clone(p.Literals)
	for i := range literals {
		literals[i].Phones = slices.Clone(literals[i].Phones)
		for k, phone := range literals[i].Phones {
			literals[i].Phones[k] = w.Text(phone)
		}
	}
	p.Literals = literals
}

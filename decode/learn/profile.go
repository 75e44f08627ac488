package learn

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// AppendProfile appends a profile that says what was learnt, in the form that
// package profile reads. Shapes whose event is open stand in it as comments.
func (l *Lesson) AppendProfile(dst []byte) []byte {
	dst = fmt.Appendf(dst, "# Learned from %s of %s, %s to %s UTC.\n", plural(l.Requests, "request"), plural(l.Phones, "phone"), moment(l.First), moment(l.Last))
	if l.shows() {
		dst = append(dst, "# It may hold secrets, as they are part of the URLs.\n"...)
	}
	if slices.ContainsFunc(l.Shapes, func(s Shape) bool { return s.Event.Kind == nil }) {
		dst = append(dst, "# The event of a URL after \"# \" is not certain: remove the \"# \" if it is right,\n# and replace a \"?\" by the name of the event (actionurl catalog lists them).\n"...)
	}
	dst = append(dst, "\nevents:\n"...)
	for i := range l.Shapes {
		dst = l.appendEvent(dst, i)
	}
	return l.appendVariables(dst)
}

func moment(ns int64) string { return time.Unix(0, ns).UTC().Format(time.DateTime) }

// shows reports whether a template has what may be a secret, which was to be shown.
func (l *Lesson) shows() bool {
	return slices.ContainsFunc(l.Shapes, func(s Shape) bool {
		return slices.ContainsFunc(s.Parts, func(p Part) bool { return p.Secret && p.Fixed != "" })
	})
}

// Secrets returns how many shapes may have a secret.
func (l *Lesson) Secrets() int {
	n := 0
	for i := range l.Shapes {
		if len(l.Shapes[i].Secrets()) > 0 {
			n++
		}
	}
	return n
}

// Secrets returns the names of the parts that may be a secret.
func (s *Shape) Secrets() []string {
	var all []string
	for i := range s.Parts {
		if s.Parts[i].Secret {
			all = append(all, s.Parts[i].Name())
		}
	}
	return all
}

// appendEvent appends the shape with that index; several shapes of one event
// together, where the first of them stands.
func (l *Lesson) appendEvent(dst []byte, i int) []byte {
	s := &l.Shapes[i]
	if s.Event.Kind == nil {
		dst = l.appendComment(append(dst, '\n'), i, "  ")
		if s.Template == "" {
			return dst
		}
		if len(s.Event.Candidates) == 0 {
			return fmt.Appendf(dst, "  # ?: %s\n", scalar(s.profile()))
		}
		for _, k := range s.Event.Candidates {
			dst = fmt.Appendf(dst, "  # %s: %s\n", k.Slug, scalar(s.profile()))
		}
		return dst
	}
	var same []int
	for k := range l.Shapes {
		if l.Shapes[k].Event.Kind == s.Event.Kind && l.Shapes[k].Template != "" {
			same = append(same, k)
		}
	}
	switch {
	case len(same) == 0 || same[0] != i:
		return dst
	case len(same) == 1:
		dst = l.appendComment(append(dst, '\n'), i, "  ")
		return fmt.Appendf(dst, "  %s: %s\n", s.Event.Kind.Slug, scalar(s.profile()))
	}
	dst = fmt.Appendf(dst, "\n  %s:\n", s.Event.Kind.Slug)
	for _, k := range same {
		dst = l.appendComment(dst, k, "    ")
		dst = fmt.Appendf(dst, "    - %s\n", scalar(l.Shapes[k].profile()))
	}
	return dst
}

// appendComment says how the shape with that index was learnt.
func (l *Lesson) appendComment(dst []byte, i int, indent string) []byte {
	s := &l.Shapes[i]
	say := func(format string, args ...any) {
		dst = fmt.Appendf(append(dst, indent...), "# "+format+"\n", args...)
	}
	say("Shape %d, %s of %s. The event is %s: %s.", i+1, plural(s.Requests, "request"), plural(s.Phones, "phone"), s.Event.Sure, s.Event.Why)
	if s.Missed > 0 {
		say("It does not match %d of the requests looked at.", s.Missed)
	}
	if secrets := s.Secrets(); len(secrets) > 0 {
		say("These parts may be secrets: %s.", quoted(secrets))
	}
	return dst
}

// quoted lists texts off the wire, escaped.
func quoted(all []string) string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = strconv.QuoteToGraphic(s)
	}
	return strings.Join(out, ", ")
}

// appendVariables appends the variables that are open.
func (l *Lesson) appendVariables(dst []byte) []byte {
	var names []string
	perhaps := map[string][]string{}
	samples := map[string][]string{}
	hidden := map[string]bool{}
	for i := range l.Shapes {
		if l.Shapes[i].Template == "" {
			continue
		}
		for k := range l.Shapes[i].Parts {
			p := l.Shapes[i].Parts[k].profiled()
			if !p.Own {
				continue
			}
			if !slices.Contains(names, p.Variable) {
				names = append(names, p.Variable)
			}
			perhaps[p.Variable] = union(perhaps[p.Variable], p.Perhaps)
			samples[p.Variable] = union(samples[p.Variable], p.Samples)
			hidden[p.Variable] = hidden[p.Variable] || p.Hidden()
		}
	}
	if len(names) == 0 {
		return dst
	}
	dst = append(dst, "\n# What these stand for is not known. Where you know it, put the name of the\n# phone's variable into the URLs and take the line away.\nvariables:\n"...)
	slices.Sort(names)
	for _, name := range names {
		meaning := "unknown"
		if len(perhaps[name]) > 0 {
			meaning += "; perhaps $" + strings.Join(perhaps[name], " or $")
		}
		if hidden[name] {
			dst = fmt.Appendf(dst, "  %s: a secret, which --show-secrets shows\n", scalar(name))
			continue
		}
		dst = fmt.Appendf(dst, "  # such as %s\n", quoted(samples[name][:min(len(samples[name]), shownSamples)]))
		dst = fmt.Appendf(dst, "  %s: %s\n", scalar(name), scalar(meaning))
	}
	return dst
}

// union appends those of b that a does not have.
func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// scalar renders a text as YAML.
func scalar(s string) []byte {
	b, err := yaml.Marshal(s)
	if err != nil {
		return []byte(strconv.Quote(s)) // which no text makes it return
	}
	return bytes.TrimSuffix(b, []byte{'\n'})
}

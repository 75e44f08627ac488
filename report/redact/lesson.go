package redact

import (
	"cmp"

	"actionurl/decode/learn"
	"actionurl/decode/vendor"
)

// Lesson takes from a lesson what must not be shown.
func (r *Redactor) Lesson(l *learn.Lesson) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.effort = maxEffort
	l.Rewrite(lesson{r})
}

type lesson struct{ r *Redactor }

var _ learn.Rewriter = lesson{}

// Server implements [learn.Rewriter].
func (l lesson) Server(text string) string {
	if text == "" {
		return text
	}
	return l.r.authority(text)
}

// Value implements [learn.Rewriter].
func (l lesson) Value(key, variable, s string) string {
	if variable == "" || vendor.MeaningOf(variable) == vendor.Other {
		return l.r.piece(s, cmp.Or(key, variable), false)
	}
	return l.r.value(s, vendor.MeaningOf(variable))
}

// Key implements [learn.Rewriter].
func (l lesson) Key(s string) string { return l.r.scan(s, freely) }

// Text implements [learn.Rewriter]. A key is in quotes there.
func (l lesson) Text(s string) string { return l.r.unquoted(s, l.Key) }

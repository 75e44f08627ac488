package report

import (
	"fmt"
	"io"
	"strings"

	"actionurl/decode/finding"
)

// findingView is the view of finding.Summary.
func findingView() *view[finding.Summary] {
	type summary = finding.Summary
	return &view[summary]{
		people: "finding,severity,count,phones,what",
		keys: []field[summary]{
			{Column: Column{Name: "finding", width: 19}, value: func(s *summary) Value { return Text(s.Kind.String()) }},
			{Column: Column{Name: "severity", width: 8}, value: func(s *summary) Value { return Text(s.Kind.Severity().String()) }},
			{Column: Column{Name: "message", width: 32, wrap: proseWidth}, value: func(s *summary) Value { return Text(s.Message()) }},
			{Column: Column{Name: "hint", width: 32, wrap: proseWidth}, value: func(s *summary) Value { return Text(s.Kind.Hint()) }},
			{Column: Column{Name: "count", width: 5, right: true}, value: func(s *summary) Value { return Number(int64(s.Count)) }},
			{Column: Column{Name: "phones", width: 6, right: true}, value: phonesValue, shown: phonesShown},
			{Column: Column{Name: "first_seen", width: 20}, value: func(s *summary) Value { return momentOf(s.First) }},
			{Column: Column{Name: "last_seen", width: 20}, value: func(s *summary) Value { return momentOf(s.Last) }},
			{Column: Column{Name: "capture", width: 10}, value: func(s *summary) Value { return Text(s.Capture) }},
			{Column: Column{Name: "frame", width: 5, right: true}, value: func(s *summary) Value { return countValue(s.Frame) }},
		},
		composed: []field[summary]{
			{Column: Column{Name: "what", width: 32, wrap: proseWidth}, value: whatValue},
		},
	}
}

// proseWidth is the greatest width of a column of sentences.
const proseWidth = 76

// setValue is the kinds of findings, or nothing if there are none.
func setValue(s finding.Set) Value {
	if s == 0 {
		return Value{}
	}
	return Value{kind: slugs, num: int64(s)}
}

// momentOf returns a point in time, or nothing if there is none.
func momentOf(ns int64) Value {
	if ns == 0 {
		return Value{}
	}
	return Value{kind: moment, num: ns}
}

// countValue returns a number, or nothing if it is 0.
func countValue(n int) Value {
	if n == 0 {
		return Value{}
	}
	return Number(int64(n))
}

// whatValue says in sentences what was found, what to do, and where it was first.
func whatValue(s *finding.Summary) Value {
	what := sentence(s.Message()) + " " + sentence(s.Kind.Hint())
	if s.Frame > 0 {
		what += fmt.Sprintf(" First at %s:%d", s.Capture, s.Frame)
		if name := s.Phone.Name; name != "" {
			what += ", " + name
		} else {
			what += ", " + s.Phone.String()
		}
		what += "."
	}
	return Text(what)
}

// sentence returns a phrase, which begins with an ASCII letter, as a sentence.
func sentence(phrase string) string {
	return strings.ToUpper(phrase[:1]) + phrase[1:] + "."
}

// phonesValue is the phones concerned, "more" behind them where they are not all.
func phonesValue(s *finding.Summary) Value {
	var names []string
	for _, p := range s.Phones {
		names = append(names, p.String())
	}
	if s.MorePhones {
		names = append(names, "more")
	}
	return List(names)
}

// phonesShown is how many phones are concerned.
func phonesShown(s *finding.Summary) Value {
	if s.MorePhones {
		return Text(fmt.Sprintf(">%d", len(s.Phones)))
	}
	return Number(int64(len(s.Phones)))
}

// NewFindings returns Rows that write findings to w in the format of o.
func NewFindings(w io.Writer, o Options) (*Rows[finding.Summary], error) {
	return newRows(w, o, findingView())
}

package report

import (
	"fmt"
	"io"
	"strings"

	"actionurl/capture"
	"actionurl/decode/finding"
)

// findingView is the view of finding.Summary.
func findingView() *view[finding.Summary] {
	type summary = finding.Summary
	return &view[summary]{
		people: "finding,severity,count,phones,what",
		keys: []field[summary]{
			{Column: Column{Name: "finding", Kind: KindText, width: 19}, value: func(s *summary) Value { return Text(s.Kind.String()) }},
			{Column: Column{Name: "severity", Kind: KindText, width: 8, rank: 1}, value: func(s *summary) Value { return Text(s.Severity.String()) }},
			sensors(func(s *summary) *capture.Sensors { return &s.Sensors }),
			{Column: Column{Name: "message", Kind: KindText, width: 32, wrap: Prose}, value: func(s *summary) Value { return Text(s.Message()) }},
			{Column: Column{Name: "hint", Kind: KindText, width: 32, wrap: Prose}, value: func(s *summary) Value { return Text(s.Hint()) }},
			{Column: Column{Name: "count", Kind: KindNumber, width: 5, right: true, rank: 3}, value: func(s *summary) Value { return Number(int64(s.Count)) }},
			{Column: Column{Name: "phones", Kind: KindTexts, width: 6, right: true, rank: 2}, value: phonesValue, shown: phonesShown},
			{Column: Column{Name: "first_seen", Kind: KindMoment, width: 20}, value: func(s *summary) Value { return momentOf(s.First) }},
			{Column: Column{Name: "last_seen", Kind: KindMoment, width: 20}, value: func(s *summary) Value { return momentOf(s.Last) }},
			{Column: Column{Name: "capture", Kind: KindText, width: 10}, value: func(s *summary) Value { return Text(s.Capture) }},
			{Column: Column{Name: "frame", Kind: KindNumber, width: 5, right: true}, value: func(s *summary) Value { return Count(int64(s.Frame)) }},
		},
		composed: []field[summary]{
			{Column: Column{Name: "what", Kind: KindText, width: 24, wrap: Prose}, value: whatValue},
		},
	}
}

// setValue is the kinds of findings, or nothing if there are none.
func setValue(s finding.Set) Value {
	if s == 0 {
		return Value{}
	}
	return Value{kind: KindFindings, num: int64(s)}
}

// whatValue says in sentences what was found, what to do, and where it was first.
func whatValue(s *finding.Summary) Value {
	what := Sentence(s.Message()) + " " + Sentence(s.Hint())
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

// Sentence returns a phrase, which begins with an ASCII letter, as a sentence.
func Sentence(phrase string) string {
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

package report

import (
	"strings"
	"time"

	"actionurl/decode/finding"
	"actionurl/decode/verdict"
)

// The parts of a verdict, for formats that lay it out themselves.

// VerdictHead says in a line what was captured.
func VerdictHead(v *verdict.Verdict, zone *time.Location) string {
	p := &verdictText{VerdictOptions: VerdictOptions{Width: 1 << 10, Zone: zone}, verdict: v}
	p.head()
	return strings.TrimSpace(strings.ReplaceAll(p.text.String(), "  ", " · "))
}

// Where names the first frame of a cause, in what was read by this name; empty for
// none.
func Where(c *verdict.Cause, name string) string {
	if c.Frame == 0 {
		return ""
	}
	p := &verdictText{VerdictOptions: VerdictOptions{Name: name}}
	return p.place(c)
}

// Crowded returns what a verdict says that lacks some phones, servers or failures;
// empty where it has all.
func Crowded(v *verdict.Verdict) string {
	if !v.Crowded {
		return ""
	}
	return "more phones, servers or failures than are counted apart: the verdict lacks the others"
}

// Who names the phones of a cause.
func Who(v *verdict.Verdict, c *verdict.Cause) string {
	p := &verdictText{verdict: v, tails: newTails(v.Phones)}
	return p.who(c)
}

// PhoneNames returns what names a phone: as the user does, or else as short as
// tells it from the others.
func PhoneNames(phones []finding.Phone) func(finding.Phone) string { return newTails(phones).name }

// ServerFigures are the phones of a server, its events, the share of these that it
// took, and its median, 95th percentile and longest latency.
func ServerFigures(s *verdict.Server) []string {
	return []string{
		grouped(s.Phones), grouped(s.Events), percent(s.OK, s.OK+s.Failed), latency(s.Median), latency(s.P95), latency(s.Max),
	}
}

// A VerdictLine is a line of a verdict, and the index of the cause that it is of; -1
// for none.
type VerdictLine struct {
	Text  string
	Cause int
}

// VerdictLines returns what WriteVerdict writes, line by line, without color.
func VerdictLines(v *verdict.Verdict, o VerdictOptions) []VerdictLine {
	o.Color = false
	p := newVerdictText(v, o)
	p.write()
	var lines []VerdictLine
	at := 0
	for text := range strings.Lines(p.text.String()) {
		cause := -1
		for i, place := range p.causes {
			if at >= place[0] && at < place[1] {
				cause = i
			}
		}
		at += len(text)
		lines = append(lines, VerdictLine{strings.TrimSuffix(text, "\n"), cause})
	}
	return lines
}

package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"actionurl/decode/actionurl"
	"actionurl/decode/learn"
)

// WriteLearned writes the templates that were learned: as a text for people in
// the format table, else as a row for each part of a URL.
func WriteLearned(w io.Writer, o Options, l *learn.Lesson) error {
	if o.Format.Name != "table" {
		return WriteTable(w, o, learnedColumns(), learnedRows(l))
	}
	if o.Width <= 0 {
		o.Width = 100
	}
	p := learnedPrinter{w: bufio.NewWriter(w), width: o.Width}
	for i := range l.Shapes {
		p.shape(i, &l.Shapes[i])
	}
	return p.w.Flush()
}

func learnedColumns() []string {
	return []string{
		"shape", "requests", "phones", "vendor", "first_seen", "last_seen", "event", "event_sure", "event_why", "candidates",
		"template", "part", "fixed", "variable", "sure", "why", "perhaps", "samples", "secret",
	}
}

// learnedRows has a row for each part of each shape.
func learnedRows(l *learn.Lesson) [][]Value {
	var rows [][]Value
	for i := range l.Shapes {
		s := &l.Shapes[i]
		vendor := ""
		if s.Vendor != nil {
			vendor = s.Vendor.Name
		}
		event := actionurl.Unknown.Slug
		if s.Event.Kind != nil {
			event = s.Event.Kind.Slug
		}
		of := []Value{
			Number(int64(i + 1)), Number(int64(s.Requests)), Number(int64(s.Phones)), Text(vendor),
			Text(rfc3339(s.First)), Text(rfc3339(s.Last)), Text(event), Text(string(s.Event.Sure)),
			Text(s.Event.Why), List(kindSlugs(s.Event.Candidates)), Text(s.Template),
		}
		for k := range s.Parts {
			p := &s.Parts[k]
			rows = append(rows, append(of[:len(of):len(of)],
				Text(p.Name()), Text(p.Fixed), Text(p.Typed), Text(string(p.Sure)),
				Text(whyText(p)), List(p.Perhaps), List(p.Samples), Text(yes(p.Secret))))
		}
	}
	return rows
}

func rfc3339(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func kindSlugs(kinds []*actionurl.Kind) []string {
	var all []string
	for _, k := range kinds {
		all = append(all, k.Slug)
	}
	return all
}

// A learnedPrinter prints what was learned for people.
type learnedPrinter struct {
	w     *bufio.Writer
	width int // of a line
}

// shape prints a shape: its template, how often it was seen, the event, and
// what is a variable in it.
func (p *learnedPrinter) shape(i int, s *learn.Shape) {
	if i > 0 {
		p.w.WriteByte('\n')
	}
	template := s.Template
	if template == "" {
		template = "(a URL that no template can express)"
	}
	fmt.Fprintf(p.w, "%d. %s\n", i+1, Visible(template))
	of := Plural(s.Phones, "phone")
	if s.Vendor != nil {
		of = Plural(s.Phones, s.Vendor.Label+" phone")
	}
	p.line("", "seen", fmt.Sprintf("%s of %s", Plural(s.Requests, "time"), of))
	p.line("", "event", eventText(&s.Event))
	if s.Missed > 0 {
		p.line("", "not", fmt.Sprintf("the template does not match %s", Plural(s.Missed, "request")))
	}
	widest := 0
	for k := range s.Parts {
		if isShown(&s.Parts[k]) {
			widest = max(widest, twwidth.Width(p.is(&s.Parts[k])))
		}
	}
	for k := range s.Parts {
		part := &s.Parts[k]
		if !isShown(part) {
			continue
		}
		is := p.is(part)
		pad := strings.Repeat(" ", min(widest, p.width/2)-min(widest, p.width/2, twwidth.Width(is)))
		p.line(is+pad, string(part.Sure), partText(part))
	}
}

// isShown reports whether a part is shown: a word of the path only if it may be
// a secret.
func isShown(p *learn.Part) bool { return p.Variable != "" || p.Key != "" || p.Secret }

// is renders what stands at a part.
func (p *learnedPrinter) is(part *learn.Part) string {
	if part.Variable == "" {
		return Visible(part.Name()) + " = " + strconv.QuoteToGraphic(part.Fixed)
	}
	return Visible(part.Name() + " = " + part.Typed)
}

// eventText says which event it is.
func eventText(g *learn.Guess) string {
	text := "?"
	switch {
	case g.Kind != nil:
		text = g.Kind.Label
	case len(g.Candidates) > 0:
		var labels []string
		for _, k := range g.Candidates {
			labels = append(labels, k.Label)
		}
		text = "? perhaps " + strings.Join(labels, " or ")
	}
	return fmt.Sprintf("%s (%s: %s)", text, g.Sure, g.Why)
}

// whyText says why a part is what it is, and which phones did not replace it.
func whyText(p *learn.Part) string {
	text := p.Why
	for _, l := range p.Literals {
		some := strings.Join(l.Phones, ", ")
		if more := l.Count - len(l.Phones); more > 0 {
			some += fmt.Sprintf(" and %d more", more)
		}
		text += fmt.Sprintf("; sent as %s, which is not replaced, by %s", l.Text, some)
	}
	return text
}

// partText says why a part is what it is, and what was seen there.
func partText(p *learn.Part) string {
	text := whyText(p)
	if len(p.Perhaps) > 0 {
		text += "; perhaps $" + strings.Join(p.Perhaps, " or $")
	}
	switch {
	case p.Variable == "":
		return text
	case p.Hidden():
		return text + ", and is not shown"
	}
	var samples []string
	for _, s := range p.Samples {
		samples = append(samples, strconv.QuoteToGraphic(s))
	}
	text += ": " + strings.Join(samples, ", ")
	if more := p.Distinct - len(p.Samples); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// line prints a line, and what does not fit below it.
func (p *learnedPrinter) line(is, sure, text string) {
	head := fmt.Sprintf("   %-8s ", sure+":")
	if is != "" {
		head = "   " + is + " " + head[2:]
	}
	indent := twwidth.Width(head)
	p.w.WriteString(head)
	at := indent
	for i, word := range strings.Split(Visible(text), " ") {
		width := twwidth.Width(word)
		switch {
		case i > 0 && at+1+width > p.width:
			at = min(indent, p.width/2)
			p.w.WriteString("\n" + strings.Repeat(" ", at))
		case i > 0:
			p.w.WriteByte(' ')
			at++
		}
		p.w.WriteString(word)
		at += width
	}
	p.w.WriteByte('\n')
}

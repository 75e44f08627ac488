package browse

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"actionurl/decode/finding"
	"actionurl/decode/verdict"
	"actionurl/report"
)

// A verdictPane shows the verdict of what the filter chooses. The cursor is in a cause.
type verdictPane struct {
	textPane
	of    query
	find  *search          // nil where the query chooses everything
	shown *verdict.Verdict // nil for none yet

	at     int // the cause
	moved  bool
	causes []int // by line, -1 for none
}

func (p *verdictPane) title() string    { return "verdict" }
func (p *verdictPane) view() view       { return verdictView }
func (p *verdictPane) searched() string { return p.of.words }
func (p *verdictPane) keys() string {
	return "Up Down cause  Enter its events  / filter  m messages  ? keys  q quit"
}

// search implements pane.
func (p *verdictPane) search(m *model, words string) (err error) {
	p.of, p.find, err = p.find.again(m.Screen, p.of, words)
	return err
}

// key implements pane.
func (p *verdictPane) key(m *model, key string) (tea.Cmd, bool) {
	n := 0
	if p.shown != nil {
		n = len(p.shown.Causes)
	}
	switch key {
	case "up", "k", "down", "j":
		to := p.at + 1
		if key == "up" || key == "k" {
			to = p.at - 1
		}
		if to < 0 || to >= n {
			return p.textPane.key(m, key)
		}
		p.at, p.moved = to, true
	case "enter", "right":
		if p.at < n {
			p.enter(m, &p.shown.Causes[p.at])
		}
	case "s", "S", "f2":
		m.say("the verdict cannot be saved; 2 to 5 show rows, which s saves")
	case "esc":
		if p.of.words == "" {
			return nil, false
		}
		m.search("")
	default:
		return p.textPane.key(m, key)
	}
	return nil, true
}

// enter leads from a cause to its requests, or, where it has none, to its
// phones.
func (p *verdictPane) enter(m *model, c *verdict.Cause) {
	var phones []string
	for _, of := range c.Phones {
		switch {
		case !of.MAC.IsZero():
			phones = append(phones, of.MAC.String())
		case of.Addr.IsValid():
			phones = append(phones, of.Addr.String())
		}
	}
	if c.All {
		phones = nil
	}
	q, words := all(eventsView), phonesOf(phones)
	q.words = p.of.words
	q.scope = strings.TrimSpace("finding:" + c.Kind.String() + " " + words)
	name := c.Kind.String()
	switch c.Kind {
	case finding.Refused, finding.Unreachable, finding.NotNotified, finding.Encrypted, finding.DNSFailure, finding.NeverSent, finding.MissingEvent, finding.RegisterFlood:
		q = all(phonesView)
		q.words = words
	}
	l := newList(q, name, false)
	m.push(l)
	if err := l.search(m, q.words); err != nil {
		m.say("%v", err)
	}
}

// click implements pane.
func (p *verdictPane) click(m *model, y int) tea.Cmd {
	if i := p.top + y; i < len(p.causes) && p.causes[i] >= 0 {
		if p.at == p.causes[i] && p.moved {
			cmd, _ := p.key(m, "enter")
			return cmd
		}
		p.at, p.moved = p.causes[i], true
	}
	return nil
}

// draw implements pane.
func (p *verdictPane) draw(m *model, width, height int) []line {
	p.shown = m.verdict
	if p.find != nil {
		p.shown = p.find.latest()
	}
	p.make = func(m *model, width int) []line {
		if p.shown == nil {
			return []line{textLine(" …", dim)}
		}
		p.causes = p.causes[:0]
		var all []line
		for _, l := range report.VerdictLines(p.shown, report.VerdictOptions{Name: m.Name, Width: width - 1, Zone: m.Zone, Notes: true}) {
			s := plain
			switch {
			case l.Cause >= 0 && l.Cause == p.at:
				s = reverse
			case strings.HasPrefix(l.Text, " ✗"):
				s = red
			case strings.HasPrefix(l.Text, " !"):
				s = yellow
			}
			all = append(all, textLine(l.Text, s))
			p.causes = append(p.causes, l.Cause)
		}
		return all
	}
	if p.moved && height > 0 { // the cause stays in view
		first := slices.Index(p.causes, p.at)
		last := first
		for last+1 < len(p.causes) && p.causes[last+1] == p.at {
			last++
		}
		if first >= 0 {
			p.top = max(min(p.top, first), last-height+1)
			p.moved = false
		}
	}
	return p.textPane.draw(m, width, height)
}

package browse

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"actionurl/report"
)

// A form asks for the words of a filter, a field each.
type form struct {
	keys   []string
	fields []*prompt
	at     int
	above  int // lines above the fields, when they were drawn
	top    int // the first field that was drawn
}

// hints say what the fields take.
var hints = map[string]string{
	"phone":   "MAC address or its tail, IP address, network, extension or name",
	"event":   "hold,resume",
	"server":  "HOST, HOST:PORT or :PORT",
	"status":  "404, 4xx, >=400 or none",
	"finding": "raw_blank (catalog findings lists them)",
	"failed":  "yes: status 400 or above, redirect, no response",
	"match":   "text that the target or a variable contains",
	"since":   "08:30, 2026-03-02T08:30, -10m",
	"until":   "08:30, 2026-03-02T08:30, -10m",
	"text":    "text that rows show",
}

// newForm returns a form with the words that there are.
func newForm(words string) *form {
	f := &form{keys: append(report.FilterKeys(), "text")}
	values := map[string][]string{}
	for _, w := range splitWords(words) {
		key, text, ok := strings.Cut(w, ":")
		switch {
		case w == "failed":
			key, text = w, "yes"
		case !ok || hints[key] == "" || key == "text":
			key, text = "text", w
		}
		values[key] = append(values[key], text)
	}
	for _, key := range f.keys {
		f.fields = append(f.fields, newPrompt(fmt.Sprintf("%-8s ", key), strings.Join(values[key], " "), nil))
	}
	return f
}

// splitWords splits a line at spaces that are not in quotes.
func splitWords(s string) []string {
	quoted := false
	return strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}

// words returns what was filled in, as words of a filter.
func (f *form) words() string {
	var all []string
	for i, key := range f.keys {
		for _, text := range splitWords(strings.TrimSpace(string(f.fields[i].text))) {
			switch key {
			case "text":
				all = append(all, text)
			case "failed":
				if text != "no" {
					all = append(all, key)
				}
			default:
				all = append(all, key+":"+text)
			}
		}
	}
	return strings.Join(all, " ")
}

// pressed takes a key.
func (f *form) pressed(m *model, msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "tab", "down":
		f.at = (f.at + 1) % len(f.fields)
	case "shift+tab", "up":
		f.at = (f.at + len(f.fields) - 1) % len(f.fields)
	case "esc":
		m.form = nil
	case "enter", "f7":
		if err := m.find(f.words()); err != nil {
			m.say("%v", err)
			return nil
		}
		m.form = nil
	case "ctrl+u":
		for _, p := range f.fields {
			p.text, p.at = nil, 0
		}
	default:
		f.fields[f.at].edit(msg)
	}
	return nil
}

// place returns where the cursor is, when the form is drawn.
func (f *form) place(width int) (x, y int) {
	_, x = f.fields[f.at].seen(width)
	return x, f.above + f.at - f.top
}

func (f *form) draw(width, height int) []line {
	lines := []line{textLine(" Show what has all of these; several words of a field are alternatives.", bold), nil}
	if f.above = 2; height < f.above+len(f.fields) {
		f.above = 0
	}
	lines = lines[:f.above]
	shown := max(1, height-f.above)
	f.top = max(min(f.top, f.at), f.at-shown+1)
	for i := f.top; i < len(f.fields); i++ {
		p := f.fields[i]
		text, _ := p.seen(width)
		l := line{{" " + p.label, bold}, {text, plain}}
		if len(p.text) == 0 {
			l = append(l, part{hints[f.keys[i]], dim})
		}
		lines = append(lines, l)
	}
	return lines
}

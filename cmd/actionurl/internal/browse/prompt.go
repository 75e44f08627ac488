package browse

import (
	"unicode"

	tea "charm.land/bubbletea/v2"

	"actionurl/report"
)

// A prompt is a line that is typed.
type prompt struct {
	label string
	text  []rune
	at    int // where the next character comes
	typed func(*model, string)
	done  func(*model, string) (tea.Cmd, error) // an error, which is shown, has it typed again
	from  string                                // what there was
}

func newPrompt(label, text string, done func(*model, string) (tea.Cmd, error)) *prompt {
	return &prompt{label: label, text: []rune(text), at: len([]rune(text)), done: done, from: text}
}

// insert types a text.
func (p *prompt) insert(text string) {
	for _, r := range text {
		if unicode.IsPrint(r) {
			p.text = append(p.text[:p.at], append([]rune{r}, p.text[p.at:]...)...)
			p.at++
		}
	}
}

// edit takes a key that changes the text, and reports whether it is one.
func (p *prompt) edit(msg tea.KeyPressMsg) bool {
	switch key := msg.String(); key {
	case "left":
		p.at = max(0, p.at-1)
	case "right":
		p.at = min(len(p.text), p.at+1)
	case "home", "ctrl+a":
		p.at = 0
	case "end", "ctrl+e":
		p.at = len(p.text)
	case "backspace", "ctrl+h":
		if p.at > 0 {
			p.text = append(p.text[:p.at-1], p.text[p.at:]...)
			p.at--
		}
	case "delete", "ctrl+d":
		if p.at < len(p.text) {
			p.text = append(p.text[:p.at], p.text[p.at+1:]...)
		}
	case "ctrl+u":
		p.text, p.at = p.text[p.at:], 0
	case "ctrl+w":
		at := p.at
		for at > 0 && p.text[at-1] == ' ' {
			at--
		}
		for at > 0 && p.text[at-1] != ' ' {
			at--
		}
		p.text = append(p.text[:at], p.text[p.at:]...)
		p.at = at
	default:
		if msg.Text == "" {
			return false
		}
		p.insert(msg.Text)
	}
	return true
}

// pressed takes a key.
func (p *prompt) pressed(m *model, msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "enter":
		cmd, err := p.done(m, string(p.text))
		if err != nil {
			m.say("%v", err)
			return nil
		}
		m.ask = nil
		return cmd
	case "esc":
		m.ask = nil
		if p.typed != nil {
			p.typed(m, p.from)
		}
		return nil
	}
	if p.edit(msg) && p.typed != nil {
		p.typed(m, string(p.text))
	}
	return nil
}

// seen returns what is seen of the text on a screen of a width, and the column of the
// cursor, which is always on it.
func (p *prompt) seen(width int) (text string, column int) {
	column = 1 + report.Width(p.label)
	from, room := p.at, width-1-column
	for from > 0 {
		if room -= report.Width(report.Visible(string(p.text[from-1]))); room < 0 {
			break
		}
		from--
	}
	return report.Visible(string(p.text[from:])), column + report.Width(report.Visible(string(p.text[from:p.at])))
}

// line draws the prompt, with a status.
func (p *prompt) line(width int, status string) line {
	text, _ := p.seen(width)
	return line{{" " + p.label, bold}, {text, plain}, {"   " + status, dim}}
}

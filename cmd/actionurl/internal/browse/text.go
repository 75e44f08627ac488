package browse

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// A textPane shows lines that can be scrolled and searched.
type textPane struct {
	name  string
	of    view
	make  func(m *model, width int) []line
	words string // in lower case, that are looked for

	top    int
	bottom bool // the last line stays in view
	height int
	n      int // lines, when they were drawn
	hits   []int
}

func newText(name string, of view, lines func(m *model, width int) []line) *textPane {
	return &textPane{name: name, of: of, make: lines}
}

func (p *textPane) title() string    { return p.name }
func (p *textPane) view() view       { return p.of }
func (p *textPane) searched() string { return p.words }
func (p *textPane) close()           {}
func (p *textPane) keys() string {
	return "Up Down scroll  / search  n N next previous  Esc back  q back"
}

func (p *textPane) click(*model, int) tea.Cmd { return nil }

// search implements pane.
func (p *textPane) search(_ *model, words string) error {
	p.words = strings.ToLower(strings.TrimSpace(words))
	return nil
}

func (p *textPane) status(*model) string {
	if p.words == "" {
		return ""
	}
	return count(len(p.hits), "line") + " with it"
}

// key implements pane.
func (p *textPane) key(m *model, key string) (tea.Cmd, bool) {
	bottom := p.bottom
	p.bottom = key == "end" || key == "G"
	switch key {
	case "enter":
		p.top++
	case "space":
		p.top += max(1, p.height-1)
	case "n", "N":
		p.top = nextHit(p.hits, p.top, key)
	case "esc":
		if p.words == "" {
			return nil, false
		}
		p.words = ""
	default:
		to, ok := moved(key, p.top, p.n, p.height)
		if !ok {
			p.bottom = bottom
			return nil, false
		}
		p.top = to
	}
	return nil, true
}

// moved returns where a key moves to from a line of n, height of which are shown, and
// whether it is one that moves. It may be before the first or after the last.
func moved(key string, at, n, height int) (to int, ok bool) {
	page := max(1, height-1)
	switch key {
	case "up", "k":
		return at - 1, true
	case "down", "j":
		return at + 1, true
	case "pgup", "ctrl+b":
		return at - page, true
	case "pgdown", "ctrl+f":
		return at + page, true
	case "home", "g":
		return 0, true
	case "end", "G":
		return n - 1, true
	}
	return at, false
}

// nextHit returns the hit after a line for the key n, and the one before it for N; the
// line itself where there is none.
func nextHit(hits []int, at int, key string) int {
	i, found := slices.BinarySearch(hits, at)
	switch {
	case key == "N":
		i--
	case found:
		i++
	}
	if i < 0 || i >= len(hits) {
		return at
	}
	return hits[i]
}

// draw implements pane.
func (p *textPane) draw(m *model, width, height int) []line {
	lines := p.make(m, width)
	p.n, p.height, p.hits = len(lines), height, nil
	if p.words != "" {
		for i, l := range lines {
			var text strings.Builder
			for _, part := range l {
				text.WriteString(part.text)
			}
			if strings.Contains(strings.ToLower(text.String()), p.words) {
				p.hits = append(p.hits, i)
				lines[i] = l.inverted()
			}
		}
	}
	if p.top = max(0, min(p.top, len(lines)-height)); p.bottom {
		p.top = max(0, len(lines)-height)
	}
	return lines[p.top:min(len(lines), p.top+height)]
}

// An eventPane shows a request.
type eventPane struct {
	*textPane
	id int
}

func newEvent(id int) *eventPane {
	return &eventPane{newText(fmt.Sprintf("event %d", id+1), eventsView, func(m *model, width int) []line {
		return eventLines(m, id, width)
	}), id}
}

func (p *eventPane) keys() string {
	return "Up Down scroll  x ladder  s save  y curl  / search  n N  Esc back"
}

// key implements pane.
func (p *eventPane) key(m *model, key string) (tea.Cmd, bool) {
	switch key {
	case "y":
		return m.copyCurl(p.id), true
	case "x", "X", "f4":
		return (&list{of: all(eventsView)}).ladderOf(m, p.id), true
	case "s", "S", "f2":
		return m.saveEvents([]int{p.id}), true
	}
	return p.textPane.key(m, key)
}

// noteLines are the messages of the run.
func noteLines(m *model, width int) []line {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	var all []line
	for _, note := range m.store.notes {
		for _, text := range wrapText(note, width-1) {
			all = append(all, textLine(text, plain))
		}
	}
	if len(all) == 0 {
		all = append(all, textLine("no message", dim))
	}
	return all
}

// keyTable lists the keys.
var keyTable = [...][2]string{
	{"1 2 3 4 5", "verdict, phones, calls, events, servers"},
	{"Enter, Right", "go on: phone to its events, call to its ladder, event to its details"},
	{"Esc, Left, Backspace", "back; Esc in a view with a filter ends the filter"},
	{"Up Down PgUp PgDn", "move, also k j Ctrl-B Ctrl-F; Home End, also g G"},
	{"Space", "select calls, which Enter shows in one ladder, or rows, which s saves"},
	{"/, F3", "filter a view by words; search a text"},
	{"n, N", "next and previous match"},
	{"F7", "filter by a form: phone, event, server, status, finding and others"},
	{"x, F4", "ladder of the call that an event is of"},
	{"r, F6", "details of an event: request, variables, findings, frame"},
	{"s, F2", "save what is selected: frames as pcapng, else rows in any format"},
	{"y", "copy an event as a curl command"},
	{"p", "pause and go on"},
	{"End, A", "follow what comes, live"},
	{"m", "messages: damage of the input, losses"},
	{"F5, Ctrl-L", "draw the screen anew"},
	{"Ctrl-Z", "suspend: fg in the shell comes back"},
	{"?, h, F1", "these keys"},
	{"q, F10, Ctrl-C", "q goes back and quits at the end; F10, Q and Ctrl-C quit"},
}

// helpLines are the keys.
func helpLines(_ *model, width int) []line {
	var all []line
	indent := 22
	narrow := width < 2*indent
	if narrow {
		indent = 4
	}
	for _, k := range keyTable {
		key := k[0]
		if narrow { // what a key does is below it
			all, key = append(all, textLine(" "+key, bold)), ""
		}
		for _, text := range wrapText(k[1], width-indent-1) {
			all = append(all, line{{fmt.Sprintf(" %-*s", indent-1, key), bold}, {text, plain}})
			key = ""
		}
	}
	all = append(all, nil)
	for _, text := range wrapText(`A filter is words: those of the command, such as phone:34:12 event:hold,resume status:4xx server::8085 finding:raw_blank failed match:text since:08:30 until:09:00, and text that rows show.`, width-2) {
		all = append(all, textLine(" "+text, plain))
	}
	for _, text := range wrapText("Files are saved to the folder that the program was started in: nothing else can be written.", width-2) {
		all = append(all, textLine(" "+text, plain))
	}
	return all
}

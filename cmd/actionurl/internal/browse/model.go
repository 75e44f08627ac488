package browse

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"actionurl/decode/verdict"
	"actionurl/report"
)

const (
	// tick is how often the screen looks for what is new.
	tick = 100 * time.Millisecond

	// judgeEvery is how often the verdict is made anew while it is shown, and countEvery
	// while no more of it is shown than how many phones fail.
	judgeEvery = 500 * time.Millisecond
	countEvery = 3 * time.Second

	// wide is the width from which on details stand beside a list.
	wide = 120
)

// A pane is what fills the screen below the tabs.
type pane interface {
	// title says what it shows, in few words.
	title() string
	// view is the view that it belongs to.
	view() view
	// key takes a key, and reports whether it means something here.
	key(m *model, key string) (tea.Cmd, bool)
	// draw returns the lines of a size.
	draw(m *model, width, height int) []line
	// keys are the ones that matter here, for the last line.
	keys() string
	// click takes a click at a line of the pane.
	click(m *model, y int) tea.Cmd
	// search looks for words that were typed. Empty ones end it.
	search(m *model, words string) error
	// searched returns the words.
	searched() string
	// close ends what still runs.
	close()
}

// A model is the state of the screen, for bubbletea.
type model struct {
	*Screen
	width, height int
	panes         []pane // the last is shown; those before it are where Esc goes back to
	roots         [len(views)]pane

	words  string  // of the filter of the views
	ask    *prompt // what is typed; nil for nothing
	form   *form
	said   string // the latest message
	paused bool
	until  int // requests that a screen that is paused shows

	grids  *grids
	cursor *cursor
	drawn  uint64 // what of the store is on the screen
	lines  []line // the latest screen

	verdict *verdict.Verdict // the latest; nil for none yet
	judged  time.Time
	of      uint64 // what of the store it is of
	judging bool

	known []string // the MAC addresses of the phones
	named int      // phones that they cover
}

// Messages of the model.
type (
	tickMsg  time.Time
	judgeMsg struct {
		verdict *verdict.Verdict
		of      uint64
	}
	sayMsg string
)

func newModel(s *Screen) (*model, error) {
	g, err := newGrids(s.Clock, s.sensors)
	if err != nil {
		return nil, err
	}
	m := &model{Screen: s, grids: g, cursor: newCursor(s.store)}
	m.words = s.Words
	if _, err := newSearch(s, query{words: s.Words}); err != nil {
		return nil, err
	}
	m.open(eventsView)
	return m, nil
}

// Init implements [tea.Model].
func (m *model) Init() tea.Cmd { return m.next() }

func (m *model) next() tea.Cmd {
	return tea.Tick(tick, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// top returns the pane that is shown.
func (m *model) top() pane { return m.panes[len(m.panes)-1] }

// push shows a pane, from which Esc goes back.
func (m *model) push(p pane) { m.panes = append(m.panes, p) }

// show shows a text, unless it is shown.
func (m *model) show(name string, lines func(m *model, width int) []line) {
	if m.top().title() != name {
		m.push(newText(name, m.top().view(), lines))
	}
}

// back goes back.
func (m *model) back() {
	if n := len(m.panes); n > 1 {
		m.top().close()
		m.panes = m.panes[:n-1]
	}
}

// open opens a view.
func (m *model) open(v view) {
	for _, p := range m.panes {
		if p != m.roots[p.view()] {
			p.close()
		}
	}
	if m.roots[v] == nil {
		if v == verdictView {
			m.roots[v] = &verdictPane{of: all(verdictView)}
		} else {
			m.roots[v] = newList(all(v), v.String(), m.Live)
		}
	}
	m.panes = []pane{m.roots[v]}
	if m.roots[v].searched() != m.words {
		m.roots[v].search(m, m.words) // which was right before
	}
}

// say shows a message.
func (m *model) say(format string, args ...any) {
	m.said = fmt.Sprintf(format, args...)
}

// Update implements [tea.Model].
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.stale()
	case tickMsg:
		return m, tea.Batch(m.next(), m.judge(), m.frames.read())
	case judgeMsg:
		m.verdict, m.of, m.judging = msg.verdict, msg.of, false
		m.judged = time.Now()
		m.stale()
	case sayMsg:
		m.say("%s", string(msg))
		m.stale()
	case framesMsg:
		m.frames.took(msg)
		m.stale()
	case tea.KeyPressMsg:
		m.stale()
		return m, m.pressed(msg)
	case tea.PasteMsg:
		if m.ask != nil {
			m.ask.insert(msg.Content)
		}
		m.stale()
	case tea.MouseClickMsg:
		m.stale()
		return m, m.clicked(msg.Mouse())
	case tea.MouseWheelMsg:
		m.stale()
		key := "up"
		if msg.Mouse().Button == tea.MouseWheelDown {
			key = "down"
		}
		if m.ask != nil || m.form != nil {
			return m, nil
		}
		var cmds []tea.Cmd
		for range 3 {
			cmd, _ := m.top().key(m, key)
			cmds = append(cmds, cmd)
		}
		return m, tea.Batch(cmds...)
	}
	return m, nil
}

// stale has the screen drawn anew.
func (m *model) stale() { m.lines = nil }

// judge returns what makes the verdict anew, nil where it is new enough.
func (m *model) judge() tea.Cmd {
	m.store.mu.Lock()
	changed := m.store.changed
	m.store.mu.Unlock()
	every := countEvery
	if v := m.top().view(); v == verdictView || v == serversView || m.verdict == nil {
		every = judgeEvery
	}
	if m.judging || m.paused || changed == m.of && m.verdict != nil || time.Since(m.judged) < every {
		return nil
	}
	m.judging = true
	return func() tea.Msg { return judgeMsg{m.taker.judge(), changed} }
}

// pressed takes a key.
func (m *model) pressed(msg tea.KeyPressMsg) tea.Cmd {
	if msg.Mod.Contains(tea.ModAlt) { // Esc and a key right after it come as one
		rest := msg
		rest.Mod &^= tea.ModAlt
		return tea.Batch(m.pressed(tea.KeyPressMsg{Code: tea.KeyEscape}), m.pressed(rest))
	}
	key := msg.String()
	m.said = ""
	switch {
	case key == "ctrl+c":
		return tea.Quit
	case key == "ctrl+z":
		return m.suspend
	case m.ask != nil:
		return m.ask.pressed(m, msg)
	case m.form != nil:
		return m.form.pressed(m, msg)
	}
	return m.key(key)
}

// key handles a key that is not text.
func (m *model) key(key string) tea.Cmd {
	if cmd, ok := m.top().key(m, key); ok {
		return cmd
	}
	switch key {
	case "1", "2", "3", "4", "5":
		m.open(view(key[0] - '1'))
	case "esc", "backspace", "left":
		m.back()
	case "q", "f10":
		if len(m.panes) > 1 && key == "q" {
			m.back()
			return nil
		}
		return tea.Quit
	case "Q":
		return tea.Quit
	case "/", "f3":
		m.ask = newPrompt(m.wordsAre()+": ", m.top().searched(), func(m *model, text string) (tea.Cmd, error) {
			return nil, m.find(text)
		})
		m.ask.typed = func(m *model, text string) { m.find(text) }
	case "f7":
		if m.wordsAre() == "filter" {
			m.form = newForm(m.top().searched())
		}
	case "?", "h", "f1":
		m.show("keys", helpLines)
	case "m":
		m.show("messages", noteLines)
	case "p":
		m.paused = !m.paused
		_, m.until = m.store.bounds()
	case "ctrl+l", "f5":
		return tea.ClearScreen
	}
	return nil
}

// search has the pane look for words, and says what is wrong with them.
func (m *model) search(words string) {
	if err := m.find(words); err != nil {
		m.say("%v", err)
	}
}

// find has the pane look for words. Those of a view are of all views.
func (m *model) find(words string) error {
	err := m.top().search(m, words)
	if err == nil && len(m.panes) == 1 {
		m.words = strings.TrimSpace(words)
	}
	return err
}

// clicked takes a click.
func (m *model) clicked(at tea.Mouse) tea.Cmd {
	if m.ask != nil || m.form != nil || at.Button != tea.MouseLeft {
		return nil
	}
	switch {
	case at.Y == 1:
		from := 0
		for v, name := range m.tabs() {
			if at.X >= from && at.X < from+len(name) {
				m.open(view(v))
			}
			from += len(name) + 1
		}
	case at.Y >= head && at.Y < m.height-foot:
		return m.top().click(m, at.Y-head)
	}
	return nil
}

// The lines above and below the pane.
const (
	head = 2
	foot = 2
)

// tabs are the texts of the tabs. Where there is no room, only the one at hand has a
// name.
func (m *model) tabs() []string {
	var all []string
	for v, name := range views {
		if m.width >= tabsWidth || view(v) == m.top().view() {
			all = append(all, fmt.Sprintf("[%d %s]", v+1, name))
		} else {
			all = append(all, fmt.Sprintf("[%d]", v+1))
		}
	}
	return all
}

// tabsWidth is the width of all tabs with their names.
const tabsWidth = len("[1 verdict] [2 phones] [3 calls] [4 events] [5 servers]")

// View implements [tea.Model].
func (m *model) View() tea.View {
	m.store.mu.Lock()
	changed := m.store.changed
	m.store.mu.Unlock()
	if m.lines == nil || changed != m.drawn && !m.paused || m.searching() {
		m.drawn = changed
		m.lines = m.draw()
	}
	var text []byte
	for i, l := range m.lines {
		if i > 0 {
			text = append(text, '\n')
		}
		text = l.append(text, m.Color)
	}
	v := tea.NewView(string(text))
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	switch {
	case m.ask != nil:
		_, x := m.ask.seen(m.width)
		v.Cursor = tea.NewCursor(x, max(0, m.height-foot))
	case m.form != nil:
		x, y := m.form.place(m.width)
		v.Cursor = tea.NewCursor(x, head+y)
	}
	return v
}

// wordsAre says what the pane looks for words as.
func (m *model) wordsAre() string {
	switch m.top().(type) {
	case *list, *verdictPane:
		return "filter"
	}
	return "search"
}

// searching reports whether the pane may show more though the store is the same.
func (m *model) searching() bool {
	switch p := m.top().(type) {
	case *list:
		return p.find != nil && !m.paused
	case *verdictPane:
		return p.find != nil && !m.paused
	}
	return false
}

// draw draws the screen.
func (m *model) draw() []line {
	if m.width == 0 { // the size is not known yet
		return []line{nil}
	}
	lines := []line{m.header().fit(m.width), m.tabLine().fit(m.width)}
	height := max(0, m.height-head-foot)
	var body []line
	if m.form != nil {
		body = m.form.draw(m.width, height)
	} else {
		body = m.top().draw(m, m.width, height)
	}
	for i := range height {
		var l line
		if i < len(body) {
			l = body[i]
		}
		lines = append(lines, l.fit(m.width))
	}
	lines = append(lines, m.messageLine().fit(m.width), m.keyLine().fit(m.width))
	if len(lines) > m.height { // a terminal of a few lines
		lines = lines[:max(m.height, 0)]
	}
	return lines
}

// keyLine is the keys that matter now, or what is wrong with what is typed.
func (m *model) keyLine() line {
	switch {
	case m.ask != nil && m.said != "":
		return textLine(" "+m.said, bold)
	case m.ask != nil:
		return textLine(" Enter apply  Esc cancel  Ctrl-U clear", dim)
	case m.form != nil:
		return textLine(" Tab next  Enter apply  Esc cancel  Ctrl-U clear", dim)
	}
	return textLine(" "+m.top().keys(), dim)
}

// header says what is read, how much of it is there, and what is lost.
func (m *model) header() line {
	m.store.mu.Lock()
	first, end, calls, phones, state, ended := m.store.lines.first(), m.store.lines.end(), len(m.store.calls), len(m.store.phones), m.store.state, m.store.ended
	lost := m.store.lost
	m.store.mu.Unlock()
	counts := "  " + count(phones, "phone") + "  " + count(calls, "call") + "  " + count(end-first, "event")
	if v := m.verdict; v != nil && v.Failing > 0 {
		counts += fmt.Sprintf("  %d fail", v.Failing)
	}
	var right []string
	if first > 0 {
		right = append(right, fmt.Sprintf("first %d forgotten", first))
	}
	if lost > 0 {
		right = append(right, fmt.Sprintf("%d findings not kept", lost))
	}
	if n := state.lost; n > 0 {
		right = append(right, fmt.Sprintf("%d lost", n))
	} else if m.Live {
		right = append(right, "0 lost")
	}
	switch {
	case m.paused:
		right = append(right, "PAUSED")
	case m.Live && !ended:
		right = append(right, "LIVE")
	case !ended && state.size > 0:
		right = append(right, fmt.Sprintf("reading %d %%", 100*state.read/max(state.size, 1)))
	case !ended:
		right = append(right, "reading")
	}
	how := strings.Join(right, "  ") + " "
	room := m.width - len(" ") - report.Width(counts) - report.Width(how)
	name := report.Cut(m.Name, max(room, 0))
	return line{{" " + name + counts + strings.Repeat(" ", max(0, room-report.Width(name))) + how, bar}}
}

// count renders a number of things.
func count(n int, thing string) string { return report.Plural(n, thing) }

// tabLine shows the views, and where in them the pane is.
func (m *model) tabLine() line {
	var l line
	at := m.top().view()
	for v, name := range m.tabs() {
		s := plain
		if view(v) == at {
			s = reverse
		}
		l = append(l, part{name, s}, part{" ", plain})
	}
	var trail []string
	for _, p := range m.panes[1:] {
		trail = append(trail, p.title())
	}
	if len(trail) > 0 {
		l = append(l, part{" > " + strings.Join(trail, " > "), bold})
	}
	return l
}

// messageLine is what is typed, or else the latest message, or else the words of
// the search.
func (m *model) messageLine() line {
	switch {
	case m.ask != nil:
		return m.ask.line(m.width, m.status())
	case m.said != "":
		return line{{" " + m.said, bold}}
	}
	if words := m.top().searched(); words != "" {
		return line{{" " + m.wordsAre() + ": " + words, bold}, {"  " + m.status(), plain}}
	}
	return textLine(" "+m.status(), dim)
}

// status is what the pane says of itself.
func (m *model) status() string {
	if s, ok := m.top().(interface{ status(*model) string }); ok {
		return s.status(m)
	}
	return ""
}

// phonesOf are the words of the filter that choose phones.
func phonesOf(words []string) string {
	slices.Sort(words)
	for i, w := range words {
		if strings.Contains(w, " ") {
			w = `"` + w + `"`
		}
		words[i] = "phone:" + w
	}
	return strings.Join(words, " ")
}

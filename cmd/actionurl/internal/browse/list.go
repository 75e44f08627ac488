package browse

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"actionurl/decode/finding"
	"actionurl/decode/packet"
	"actionurl/report"
)

// A list shows rows: requests, calls, phones or servers.
type list struct {
	of   query
	name string
	find *search // nil where the query chooses everything

	at     int  // the number of the row that the cursor is in
	begun  bool // at is one
	top    int  // the index of the first row that is shown
	follow bool // the cursor stays in the latest row
	seen   int  // rows that there were when it was last followed
	live   bool
	marked map[int]bool // the numbers of the rows that are selected

	drawn  rows
	above  int // lines above the rows, when they were drawn
	height int // of the rows, then
}

func newList(of query, name string, live bool) *list {
	follow := live && (of.view == eventsView || of.view == callsView)
	return &list{of: of, name: name, follow: follow, live: follow, marked: map[int]bool{}}
}

func (l *list) title() string    { return l.name }
func (l *list) view() view       { return l.of.view }
func (l *list) searched() string { return l.of.words }
func (l *list) close()           { l.find.stop(); l.find = nil }

// search implements pane.
func (l *list) search(m *model, words string) (err error) {
	l.of, l.find, err = l.find.again(m.Screen, l.of, words)
	return err
}

// rows are the numbers of a list's rows, in order.
type rows struct {
	ids      []int32
	from, to int // where there are no ids
	of       int // how many there would be without a search
	left     int // requests that the search has not looked at
}

func (r rows) len() int {
	if r.ids != nil {
		return len(r.ids)
	}
	return r.to - r.from
}

func (r rows) id(i int) int {
	if r.ids != nil {
		return int(r.ids[i])
	}
	return r.from + i
}

// index returns the index of a number, or where it would be.
func (r rows) index(id int) int {
	if r.ids != nil {
		i, _ := slices.BinarySearch(r.ids, int32(id))
		return i
	}
	return min(max(id-r.from, 0), r.to-r.from)
}

// rows returns the rows that there are now.
func (l *list) rows(m *model) rows {
	if l.find == nil && !l.of.everything() { // as it was left
		l.search(m, l.of.words)
	}
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	var r rows
	switch l.of.view {
	case eventsView:
		r.from, r.to = m.store.lines.first(), m.store.lines.end()
	case callsView:
		r.from, r.to = m.store.firstCall, m.store.firstCall+len(m.store.calls)
	case phonesView:
		r.to = len(m.store.phones)
	case serversView:
		if m.verdict != nil {
			r = l.servers(m)
		}
		return r
	}
	r.of = r.to - r.from
	if l.find != nil {
		ids, scanned := l.find.found()
		i, _ := slices.BinarySearch(ids, int32(r.from)) // those before are forgotten
		r.ids, r.left = ids[i:], m.store.lines.end()-m.store.lines.first()-scanned
		if r.ids == nil {
			r.ids = []int32{}
		}
	}
	if m.paused && l.of.view == eventsView {
		i := r.index(m.until)
		if r.ids != nil {
			r.ids = r.ids[:i]
		} else {
			r.to = r.from + i
		}
	}
	return r
}

// servers returns those that the search has chosen.
func (l *list) servers(m *model) rows {
	ids := []int32{}
	for i := range m.verdict.Servers {
		if l.find == nil || l.find.hasServer(m.verdict.Servers[i].Addr, m.grids.serverRow(&m.verdict.Servers[i])) {
			ids = append(ids, int32(i))
		}
	}
	return rows{ids: ids, of: len(m.verdict.Servers)}
}

// row returns a row; empty for one that is not there any more, or not yet.
func (l *list) row(m *model, id int) report.GridRow {
	switch l.of.view {
	case eventsView:
		if r := m.cursor.record(id); r != nil {
			return m.grids.eventRow(r)
		}
		return ""
	case serversView:
		return m.grids.serverRow(&m.verdict.Servers[id])
	}
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	if l.of.view == phonesView {
		return m.store.phones[id].row
	}
	c := m.store.call(id)
	if c == nil {
		return ""
	}
	if !c.over() {
		return m.store.open[id]
	}
	of := *c
	m.store.mu.Unlock()
	row := m.cursor.row(of)
	m.store.mu.Lock()
	return row
}

// grid returns what lays out the rows.
func (l *list) grid(m *model) *report.Grid {
	switch l.of.view {
	case phonesView:
		return &m.grids.phone
	case callsView:
		return &m.grids.call
	case serversView:
		return &m.grids.server
	}
	return &m.grids.event
}

// place returns the index of the cursor.
func (l *list) place(r rows) int {
	n := r.len()
	if n == 0 {
		return -1
	}
	switch {
	case l.follow:
		return n - 1
	case !l.begun:
		return 0
	}
	return min(r.index(l.at), n-1)
}

// move moves the cursor to an index.
func (l *list) move(r rows, to int) {
	n := r.len()
	if n == 0 {
		return
	}
	to = min(max(to, 0), n-1)
	if l.follow {
		l.seen = n
	}
	l.follow = false
	l.at, l.begun = r.id(to), true
}

// key implements pane.
func (l *list) key(m *model, key string) (tea.Cmd, bool) {
	r := l.rows(m)
	at := l.place(r)
	switch key { // every row is a match
	case "n":
		key = "down"
	case "N":
		key = "up"
	}
	if to, ok := moved(key, at, r.len(), l.height); ok {
		if l.move(r, to); key == "end" || key == "G" {
			l.follow = l.live
		}
		return nil, true
	}
	switch key {
	case "A": // as in sngrep
		if l.live {
			l.move(r, r.len()-1)
			l.follow = true
		}
	case "enter", "right":
		if at < 0 {
			return nil, true
		}
		return l.enter(m, r.id(at)), true
	case "space":
		if at < 0 || l.of.view == serversView {
			return nil, true
		}
		id := r.id(at)
		if l.marked[id] {
			delete(l.marked, id)
		} else {
			l.marked[id] = true
		}
		l.move(r, at+1)
	case "esc":
		switch {
		case len(l.marked) > 0:
			clear(l.marked)
		case l.of.words != "":
			m.search("")
		default:
			return nil, false
		}
	case "s", "S", "f2":
		return m.save(l, r, at), true
	case "y":
		if l.of.view != eventsView || at < 0 {
			m.say("curl needs a request; 4 lists them")
			return nil, true
		}
		return m.copyCurl(r.id(at)), true
	case "r", "R", "f6":
		if l.of.view != eventsView || at < 0 {
			return nil, true
		}
		m.push(newEvent(r.id(at)))
	case "x", "X", "f4": // the whole call
		if at >= 0 && l.of.view == eventsView {
			return l.ladderOf(m, r.id(at)), true
		}
		if at >= 0 && l.of.view == callsView {
			return l.enter(m, r.id(at)), true
		}
	default:
		return nil, false
	}
	return nil, true
}

// enter opens what a row leads to.
func (l *list) enter(m *model, id int) tea.Cmd {
	switch l.of.view {
	case eventsView:
		m.push(newEvent(id))
	case callsView:
		calls := l.chosen(id)
		m.push(newLadder(calls))
	case phonesView:
		q := all(eventsView)
		q.phone = id
		_, cells := m.grids.phone.Cells(l.row(m, id))
		name := cells[0]
		if mac, ok := packet.ParseMAC(name); ok {
			name = m.names()(finding.Phone{MAC: mac})
		}
		m.push(newList(q, "phone "+name, l.live))
	case serversView:
		q := all(eventsView)
		q.scope = "server:" + m.verdict.Servers[id].Addr.String()
		m.push(newList(q, m.verdict.Servers[id].Addr.String(), l.live))
	}
	return nil
}

// ladderOf shows the call of a request.
func (l *list) ladderOf(m *model, id int) tea.Cmd {
	m.store.mu.Lock()
	n := int32(-1)
	if i := id - m.store.lines.first(); i >= 0 && i < len(m.store.index) {
		n = m.store.index[i].call
	}
	m.store.mu.Unlock()
	if n < 0 {
		m.say("the event belongs to no call")
		return nil
	}
	m.push(newLadder([]int{int(n)}))
	return nil
}

// chosen returns the numbers of the rows that are selected, or else one.
func (l *list) chosen(id int) []int {
	if len(l.marked) == 0 {
		return []int{id}
	}
	var all []int
	for id := range l.marked {
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}

// click implements pane: the row is chosen, and a second click goes on.
func (l *list) click(m *model, y int) tea.Cmd {
	r := l.rows(m)
	i := l.top + y - l.above
	if y < l.above || i >= r.len() || y-l.above >= l.height {
		return nil
	}
	if l.place(r) == i && l.begun {
		return l.enter(m, r.id(i))
	}
	l.move(r, i)
	return nil
}

func (l *list) keys() string {
	switch l.of.view {
	case callsView:
		return "Enter ladder  Space select  / filter  s save  p pause  ? keys  q quit"
	case phonesView, serversView:
		return "Enter events  / filter  s save  p pause  ? keys  q quit"
	}
	return "Enter details  x ladder  / filter  s save  y curl  p pause  ? keys  q quit"
}

// status says how many rows there are, and whether the list stands still.
func (l *list) status(*model) string {
	r := l.drawn
	n := r.len()
	text := "no " + l.of.view.String()
	if at := l.place(r); at >= 0 {
		text = fmt.Sprintf("%d of %s", at+1, count(n, strings.TrimSuffix(l.of.view.String(), "s")))
	}
	if l.find != nil {
		text += fmt.Sprintf(" (of %d)", r.of)
		if r.left > blockLines && (l.of.view == eventsView || !l.find.filter.Empty()) {
			text += fmt.Sprintf(", %d to look at", r.left)
		}
	}
	if len(l.marked) > 0 {
		text += fmt.Sprintf(", %d selected", len(l.marked))
	}
	if l.live && !l.follow {
		text += fmt.Sprintf("  ■ stands still: %d new (End follows)", max(0, n-l.seen))
	}
	return text
}

// draw implements pane.
func (l *list) draw(m *model, width, height int) []line {
	left, right := width, 0
	if l.of.view == eventsView {
		left, right = split(width)
	}
	lines, at := l.drawRows(m, left, height)
	if right == 0 {
		return lines
	}
	var details []line
	if at >= 0 {
		details = eventLines(m, at, right)
	}
	return beside(lines, details, left, right, height)
}

// drawRows draws the rows. It returns the number of the one at the cursor, -1 for
// none.
func (l *list) drawRows(m *model, width, height int) ([]line, int) {
	const gutter = 2
	r := l.rows(m)
	l.drawn = r
	at := l.place(r)
	l.above = min(2, max(0, height-1)) // a row matters more
	l.height = max(0, height-l.above)
	if l.top = min(l.top, max(0, r.len()-l.height)); at >= 0 {
		l.top = max(min(l.top, at), at-l.height+1)
	}
	l.top = max(l.top, 0)
	var shown []report.GridRow
	for i := l.top; i < min(r.len(), l.top+l.height); i++ {
		shown = append(shown, l.row(m, r.id(i)))
	}
	full := slices.DeleteFunc(slices.Clone(shown), func(r report.GridRow) bool { return r == "" })
	grid := l.grid(m)
	grid.Tell(m.macs())
	grid.Fit(width-gutter, full)
	lines := []line{textLine("  "+grid.Above(), dim), {{"  " + grid.Header(), bold}}}[2-l.above:]
	for i, row := range shown {
		id := r.id(l.top + i)
		mark, s := "  ", plain
		text := "…"
		if row != "" {
			text = grid.Line(row, false)
			if row.Failed() {
				mark, s = "✗ ", red
			}
		}
		if l.marked[id] {
			mark, s = "* ", bold
		}
		drawn := line{{mark, s}, {text, plain}}
		if l.top+i == at {
			drawn = drawn.fit(width).inverted()
		}
		lines = append(lines, drawn)
	}
	if r.len() == 0 {
		lines = append(lines, textLine("  "+l.empty(m), dim))
	}
	if at < 0 {
		return lines, -1
	}
	return lines, r.id(at)
}

// empty says why there is no row.
func (l *list) empty(m *model) string {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	switch {
	case l.of.words != "" && !m.store.ended:
		return "nothing matches yet; Esc ends the filter"
	case l.of.words != "":
		return "nothing matches; Esc ends the filter"
	case !m.store.ended:
		return "nothing yet"
	case l.of.view == eventsView && l.of.everything():
		return "no request looks like an Action URL; 1 shows what was found"
	}
	return "none"
}

// names returns what names phones as short as tells them apart.
func (m *model) names() func(finding.Phone) string {
	var all []finding.Phone
	for _, text := range m.macs() {
		mac, _ := packet.ParseMAC(text)
		all = append(all, finding.Phone{MAC: mac})
	}
	return report.PhoneNames(all)
}

// macs returns the MAC addresses of the phones.
func (m *model) macs() []string {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	if n := len(m.store.phones); n != m.named {
		m.named, m.known = n, nil
		for i := range m.store.phones {
			if mac := m.store.phones[i].mac; mac != "" {
				m.known = append(m.known, mac)
			} else {
				m.named = -1 // its row is not made yet
			}
		}
	}
	return m.known
}

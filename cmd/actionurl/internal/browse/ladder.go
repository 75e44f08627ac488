package browse

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/report"
)

// maxSteps bounds the arrows of a ladder.
const maxSteps = 4096

// A step is an arrow of a ladder, or a note beside a line of it.
type step struct {
	time     int64
	from, to string // keys of the columns
	text     string
	more     string // at the end of the line
	failed   bool
	event    int // the request that it is of; -1 for none
	message  *message
	holds    int // how the holds of the phone change: 1, -1 or 0
}

// A lifeline is a column of a ladder.
type lifeline struct {
	key, name string
	rank      int // PBX, phone, server
}

// kind says what a column is.
func (l lifeline) kind() string { return [...]string{"SIP", "phone", "server"}[l.rank] }

// A ladder shows calls: what went between phone, server and PBX, in time.
type ladder struct {
	calls []int // by number

	steps   []step
	columns []lifeline
	of      uint64 // what of the store they are of
	asked   bool   // they were made
	lost    bool   // some are missing

	at, top, height int
	left            int // the first column that is shown
	words           string
	hits            []int
}

func newLadder(calls []int) *ladder { return &ladder{calls: calls} }

func (p *ladder) title() string {
	if len(p.calls) == 1 {
		return fmt.Sprintf("call %d", p.calls[0]+1)
	}
	return count(len(p.calls), "call")
}

func (p *ladder) view() view       { return callsView }
func (p *ladder) searched() string { return p.words }
func (p *ladder) close()           {}
func (p *ladder) keys() string {
	return "Up Down  Enter message  < > columns  / search  n N  s save  y curl  Esc back"
}

// search implements pane.
func (p *ladder) search(_ *model, words string) error {
	p.words = strings.ToLower(strings.TrimSpace(words))
	return nil
}

func (p *ladder) status(*model) string {
	text := count(len(p.steps), "message")
	if p.lost {
		text += ", the oldest are forgotten"
	}
	if p.words != "" {
		text += fmt.Sprintf(", %d with it", len(p.hits))
	}
	return text
}

// build makes the arrows of the calls.
func (p *ladder) build(m *model) {
	m.store.mu.Lock()
	changed := m.store.changed
	m.store.mu.Unlock()
	if p.asked && (p.of == changed || m.paused) {
		return
	}
	p.asked, p.of = true, changed
	p.steps, p.columns, p.lost = nil, nil, false
	ids := m.store.events(func(e entry) bool { return e.call >= 0 && slices.Contains(p.calls, int(e.call)) })
	addrs := map[netip.Addr]string{} // the columns of phones and servers
	known := map[string]bool{}
	column := func(key, name string, rank int) {
		if !known[key] {
			known[key] = true
			p.columns = append(p.columns, lifeline{key: key, name: name, rank: rank})
		}
	}
	names := m.names()
	for _, id := range ids[:min(len(ids), maxSteps)] {
		r := m.cursor.record(id)
		if r == nil || r.Event == nil {
			p.lost = true
			continue
		}
		e := r.Event
		phone := "phone " + e.PhoneMAC.String() + e.PhoneIP.String()
		name := names(finding.Phone{Name: e.PhoneName, MAC: e.PhoneMAC, Addr: e.PhoneIP})
		column(phone, name, 1)
		addrs[e.PhoneIP], addrs[r.Client.Addr()] = phone, phone
		server := "server " + r.Server.String()
		name = e.ServerName
		if name == "" {
			name = r.Server.String()
		}
		column(server, name, 2)
		label := e.Kind.Label
		if e.Kind == actionurl.Unknown {
			label = "?"
		}
		unresolved := ""
		for i := range e.Vars {
			if e.Vars[i].State == actionurl.Unresolved {
				unresolved = " ✗ " + e.Vars[i].Value + " not replaced"
			}
		}
		request := step{time: r.Time, from: phone, to: server, text: label, more: r.Method + " " + r.Target + unresolved, event: id, failed: unresolved != ""}
		switch e.Kind.Act {
		case actionurl.Holds, actionurl.FarHolds:
			request.holds = 1
		case actionurl.Resumes, actionurl.FarResumes:
			request.holds = -1
		}
		p.steps = append(p.steps, request)
		switch r.NoResponse {
		case httpwire.Answered:
			status := fmt.Sprint(r.Status)
			failed := r.Status >= 300 && r.Status != 304
			if failed {
				status += " ✗"
			}
			p.steps = append(p.steps, step{
				time: r.Time + r.Latency, from: server, to: phone, text: status, event: id, failed: failed,
				more: fmt.Sprintf("after %.1f ms", float64(r.Latency)/1e6),
			})
		default:
			p.steps = append(p.steps, step{
				time: r.Time, from: server, to: phone, text: r.NoResponse.String() + " ✗", event: id,
				more: "no response", failed: r.NoResponse != httpwire.NotCaptured,
			})
		}
	}
	messages := m.store.messagesOf(m.store.sipOf(ids))
	if len(messages) > maxSteps {
		messages, p.lost = messages[len(messages)-maxSteps:], true
	}
	for i := range messages {
		msg := &messages[i]
		if addrs[msg.from] == "" && addrs[msg.to] == "" { // between two others
			continue
		}
		side := func(a netip.Addr) string {
			if key, ok := addrs[a]; ok {
				return key
			}
			key := "sip " + a.String()
			column(key, a.String(), 0)
			return key
		}
		text := msg.text
		if msg.failed {
			text += " ✗"
		}
		p.steps = append(p.steps, step{time: msg.time, from: side(msg.from), to: side(msg.to), text: text, event: -1, message: msg, failed: msg.failed})
	}
	if len(messages) == 0 { // saved events name the one that each belongs to
		for i := range ids[:min(len(ids), maxSteps)] {
			r := m.cursor.record(ids[i])
			if r == nil || r.Event == nil || r.Event.SIP.Method == "" {
				continue
			}
			key := "sip"
			column(key, "", 0)
			p.steps = append(p.steps, step{
				time: r.Time - r.Event.SIP.Delay, from: key, to: addrs[r.Client.Addr()], text: r.Event.SIP.Method, event: -1,
				more: fmt.Sprintf("frame %d", r.Event.SIP.Frame),
			})
		}
	}
	slices.SortStableFunc(p.steps, func(a, b step) int { return int(min(max(a.time-b.time, -1), 1)) })
	slices.SortStableFunc(p.columns, func(a, b lifeline) int { return a.rank - b.rank })
}

// key implements pane.
func (p *ladder) key(m *model, key string) (tea.Cmd, bool) {
	n := len(p.steps)
	to := p.at
	switch key {
	case "n", "N":
		to = nextHit(p.hits, p.at, key)
	case ">", "right":
		p.left = min(p.left+1, max(0, len(p.columns)-2))
	case "<":
		p.left = max(0, p.left-1)
	case "left":
		if p.left == 0 {
			return nil, false
		}
		p.left--
	case "enter", "r", "R", "f6":
		if p.at < n {
			if s := p.steps[p.at]; s.event >= 0 {
				m.push(newEvent(s.event))
			} else if s.message != nil {
				m.push(newText("message", callsView, func(m *model, width int) []line { return messageLines(m, s.message, width) }))
			}
		}
	case "esc":
		if p.words == "" {
			return nil, false
		}
		p.words = ""
	case "s", "S", "f2":
		return m.saveCalls(p.calls), true
	case "y":
		if p.at >= n || p.steps[p.at].event < 0 {
			m.say("curl needs a request")
			return nil, true
		}
		return m.copyCurl(p.steps[p.at].event), true
	default:
		var ok bool
		if to, ok = moved(key, p.at, n, p.height); !ok {
			return nil, false
		}
	}
	p.at = min(max(to, 0), max(0, n-1))
	return nil, true
}

// click implements pane.
func (p *ladder) click(m *model, y int) tea.Cmd {
	i := p.top + y - 2
	if y < 2 || i >= len(p.steps) {
		return nil
	}
	if p.at == i {
		cmd, _ := p.key(m, "enter")
		return cmd
	}
	p.at = i
	return nil
}

// messageLines are what is known of a SIP message.
func messageLines(m *model, msg *message, width int) []line {
	all := wrapped(nil, "", fmt.Sprintf("SIP %s, %v > %v", msg.text, msg.from, msg.to), width, bold)
	all = wrapped(all, "", fmt.Sprintf("%s, frame %d of %s", time.Unix(0, msg.time).In(m.Zone).Format("2006-01-02 15:04:05.000000 MST"), msg.frame, msg.capture), width, plain)
	return append(all, m.frames.lines(place{capture: msg.capture, frame: int(msg.frame), time: msg.time, end: msg.time}, width)...)
}

// draw implements pane.
func (p *ladder) draw(m *model, width, height int) []line {
	p.build(m)
	left, right := split(width)
	lines := p.drawSteps(m, left, height)
	if right == 0 {
		return lines
	}
	var details []line
	if p.at < len(p.steps) {
		switch s := p.steps[p.at]; {
		case s.event >= 0:
			details = eventLines(m, s.event, right)
		case s.message != nil:
			details = messageLines(m, s.message, right)
		}
	}
	return beside(lines, details, left, right, height)
}

// The widths of a ladder: of the times, of the least column, and of the last, which
// is a server with its port.
const (
	timeWidth  = 14
	minColumn  = 16
	lastColumn = len("192.168.100.100:8085")
)

// drawSteps draws the ladder.
func (p *ladder) drawSteps(m *model, width, height int) []line {
	if len(p.columns) == 0 {
		return []line{textLine("  no request of it is kept", dim)}
	}
	p.left = min(p.left, max(0, len(p.columns)-2))
	columns := p.columns[p.left:]
	room := width - timeWidth
	n := len(columns)
	gap := min(34, max(room/(n+1), min(22, (room-lastColumn)/max(n-1, 1)), minColumn))
	for len(columns) > 2 && (len(columns)-1)*gap+lastColumn > room {
		columns = columns[:len(columns)-1]
	}
	gap = min(gap, max(8, room-lastColumn/2))
	at := func(key string) int {
		return slices.IndexFunc(columns, func(c lifeline) bool { return c.key == key })
	}
	p.height = max(1, height-2)
	p.top = max(min(p.top, p.at), p.at-p.height+1)
	p.top = max(0, min(p.top, len(p.steps)-p.height))

	kinds, names := line{{strings.Repeat(" ", timeWidth), dim}}, line{{strings.Repeat(" ", timeWidth), bold}}
	for i, c := range columns {
		end := gap
		if i == len(columns)-1 {
			end = max(gap, width-timeWidth-i*gap-10)
		}
		kinds = append(kinds, line{{c.kind(), dim}}.fit(gap)...)
		names = append(names, line{{report.Cut(report.Visible(c.name), end-1), bold}}.fit(end)...)
	}
	if more := len(p.columns) - p.left - len(columns); more > 0 {
		kinds = append(kinds, part{fmt.Sprintf("%d more >", more), dim})
	}
	lines := []line{kinds, names}
	p.hits = nil
	held := map[string]int{}
	var last int64
	for i := range p.steps {
		s := &p.steps[i]
		who := s.from
		held[who] = max(0, held[who]+s.holds)
		if p.words != "" && strings.Contains(strings.ToLower(s.text+" "+s.more), p.words) {
			p.hits = append(p.hits, i)
		}
		if i < p.top || i >= p.top+p.height {
			last = s.time
			continue
		}
		var when string
		if i == p.top {
			when = time.Unix(0, s.time).In(m.Zone).Format("15:04:05.000")
		} else {
			when = fmt.Sprintf("+%.3f", max(0, float64(s.time-last)/1e9))
		}
		last = s.time
		l := line{{fmt.Sprintf("%12s  ", when), dim}}
		from, to := at(s.from), at(s.to)
		if from < 0 && p.index(s.from) >= 0 {
			from = p.beyond(s.from, len(columns))
		}
		if to < 0 && p.index(s.to) >= 0 {
			to = p.beyond(s.to, len(columns))
		}
		style := plain
		if s.failed {
			style = red
		}
		l = append(l, arrow(columns, held, from, to, gap, report.Visible(s.text), style)...)
		l = append(l, part{" " + s.more, dim})
		if i == p.at {
			l = l.fit(width).inverted()
		} else if p.words != "" && slices.Contains(p.hits, i) {
			l = append(line{{"»", bold}}, append(line{{l[0].text[1:], dim}}, l[1:]...)...)
		}
		lines = append(lines, l)
	}
	return lines
}

// index returns the index of a column of all.
func (p *ladder) index(key string) int {
	return slices.IndexFunc(p.columns, func(c lifeline) bool { return c.key == key })
}

// beyond returns where an arrow to a column that is not shown ends: before the
// first or after the last.
func (p *ladder) beyond(key string, shown int) int {
	if p.index(key) < p.left {
		return -1
	}
	return shown
}

// arrow draws the lines of the columns, and an arrow between two of them.
func arrow(columns []lifeline, held map[string]int, from, to, gap int, text string, s style) line {
	lo, hi := min(from, to), max(from, to)
	var l line
	rail := func(i int) string {
		switch {
		case i > lo && i < hi:
			return "┼"
		case held[columns[i].key] > 0:
			return "║"
		}
		return "│"
	}
	last := len(columns) - 1
	for i := range columns {
		l = append(l, part{rail(i), plain})
		if i == last {
			break
		}
		switch {
		case i < lo || i >= hi:
			l = append(l, part{strings.Repeat(" ", gap-1), plain})
		case i != max(lo, 0): // past a column
			l = append(l, part{shaft("", gap-1, from < to, i+1 == hi, false), s})
		default:
			l = append(l, part{shaft(text, gap-1, from < to, i+1 == hi, i == lo), s})
		}
	}
	if hi > last && lo >= 0 { // to or from a column that is not shown
		if lo == last {
			l = append(l, part{shaft(text, lastColumn, from < to, true, true), s})
		} else {
			l = append(l, part{"──", s})
		}
	}
	if from == to && from >= 0 {
		l = append(l, part{" " + text, s})
	}
	return l
}

// shaft draws a part of an arrow with a text in it. To the right its head is at its
// end, if that is the arrow's; to the left at its beginning.
func shaft(text string, width int, right, end, begin bool) string {
	text = report.Cut(text, max(1, width-4))
	if text != "" {
		text = " " + text + " "
	}
	rest := max(0, width-report.Width(text))
	l := strings.Repeat("─", rest/2)
	r := strings.Repeat("─", rest-rest/2)
	if right && end && r != "" {
		r = strings.TrimSuffix(r, "─") + "▶"
	}
	if !right && begin && l != "" {
		l = "◀" + strings.TrimPrefix(l, "─")
	}
	return l + text + r
}

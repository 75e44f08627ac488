package browse

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"actionurl/decode"
	"actionurl/decode/analysis"
	"actionurl/decode/finding"
	"actionurl/decode/sip"
	"actionurl/decode/timeline"
	"actionurl/decode/verdict"
	"actionurl/report"
	"actionurl/report/formats"
)

// publishEvery is how often rows of calls and phones that go on are made anew.
const publishEvery = 100 * time.Millisecond

// A taker is the [report.Run] of a screen: it puts what a run makes in the store.
type taker struct {
	*store
	seed maphash.Seed

	line   bytes.Buffer                // of the request at hand
	saved  *report.Rows[decode.Record] // writes it
	grids  *grids
	ofCall map[int]*openCall // those that are not over, by Slot
	phone  map[*timeline.Phone]int32
	texts  map[string]string // of SIP messages

	dirtyCalls  map[int]*openCall
	dirtyPhones map[*timeline.Phone]int32
	published   time.Time

	judging sync.Mutex // held where the verdict is made, which takes its time
	verdict *verdict.Collector
}

// An openCall is what is known of a call that has not ended.
type openCall struct {
	*timeline.Call // as it was with its latest request
	number         int32
	found          finding.Set
}

// grids are rows as people see them. Each of those who make them has its own.
type grids struct {
	event, call, phone, server report.Grid
	events                     *report.Rows[decode.Record]
	calls                      *report.Rows[decode.Call]
	phones                     *report.Rows[decode.Phone]
	servers                    *report.Rows[verdict.Server]
}

// newGrids returns grids with times of a form, and with the columns of several
// sensors if there are.
func newGrids(clock string, sensors bool) (*grids, error) {
	g := new(grids)
	options := func(grid *report.Grid) (report.Options, error) {
		c, err := report.NewClock(clock)
		return report.Options{Format: grid.Format(), Clock: c, Sensors: sensors}, err
	}
	var err error
	open := func(grid *report.Grid, rows func(report.Options) error) {
		o, wrong := options(grid)
		if wrong == nil {
			wrong = rows(o)
		}
		if err == nil {
			err = wrong
		}
	}
	open(&g.event, func(o report.Options) (err error) {
		g.events, err = report.NewRecords(io.Discard, o, report.Events)
		return err
	})
	open(&g.call, func(o report.Options) (err error) { g.calls, err = report.NewCalls(io.Discard, o); return err })
	open(&g.phone, func(o report.Options) (err error) { g.phones, err = report.NewPhones(io.Discard, o); return err })
	open(&g.server, func(o report.Options) (err error) { g.servers, err = report.NewServers(io.Discard, o); return err })
	return g, err
}

// eventRow returns the row of a request.
func (g *grids) eventRow(r *decode.Record) report.GridRow {
	g.events.Write(r) // into the grid, which takes all
	return g.event.Last()
}

func (g *grids) callRow(c *decode.Call) report.GridRow {
	g.calls.Write(c)
	return g.call.Last()
}

func (g *grids) phoneRow(p *decode.Phone) report.GridRow {
	g.phones.Write(p)
	return g.phone.Last()
}

func (g *grids) serverRow(s *verdict.Server) report.GridRow {
	g.servers.Write(s)
	return g.server.Last()
}

func newTaker(s *store, clock string) (*taker, error) {
	t := &taker{
		store: s, seed: maphash.MakeSeed(), ofCall: map[int]*openCall{}, phone: map[*timeline.Phone]int32{}, texts: map[string]string{},
		dirtyCalls: map[int]*openCall{}, dirtyPhones: map[*timeline.Phone]int32{}, verdict: verdict.New(),
	}
	g, err := newGrids(clock, false)
	if err != nil {
		return nil, err
	}
	t.grids = g
	t.saved, err = report.NewRecords(&t.line, report.Options{Format: formats.All().Named("ndjson"), Complete: true}, report.Requests)
	return t, err
}

var _ report.Run = (*taker)(nil)

// Record implements [report.Run].
func (t *taker) Record(r *decode.Record) error {
	line, err := t.lineOf(func() error { return t.saved.Write(r) })
	if err != nil {
		return err
	}
	t.judging.Lock()
	t.verdict.Record(r)
	t.judging.Unlock()
	set := finding.SetOf(r.Findings)
	t.mu.Lock()
	n := int32(t.lines.end())
	t.lines.add(line)
	e := entry{-1, -1}
	if r.Phone != nil {
		e.phone = t.phoneOf(r.Phone)
		t.phones[e.phone].findings |= set
		t.dirtyPhones[r.Phone] = e.phone
	}
	if r.Call != nil {
		open := t.callOf(r.Call)
		open.found |= set
		e.call = open.number
		if c := t.store.call(int(e.call)); c != nil {
			c.last = n
		}
		open.Call = r.Call
		t.dirtyCalls[r.Call.Slot] = open
	}
	t.index = append(t.index, e)
	t.forget()
	t.changed++
	t.mu.Unlock()
	t.seal(t.lines)
	runtime.Gosched() // the screen may wait for this processor
	if now := time.Now(); now.Sub(t.published) > publishEvery {
		t.published = now
		t.publish()
	}
	return nil
}

// lineOf returns the line that write writes, valid until the next one.
func (t *taker) lineOf(write func() error) ([]byte, error) {
	t.line.Reset()
	if err := write(); err != nil {
		return nil, err
	}
	err := t.saved.Flush()
	return t.line.Bytes(), err
}

// phoneOf returns the number of a phone.
func (t *taker) phoneOf(p *timeline.Phone) int32 {
	n, known := t.phone[p]
	if !known {
		n = int32(len(t.phones))
		t.phone[p] = n
		t.phones = append(t.phones, phone{})
	}
	return n
}

// callOf returns what is known of a call that has not ended.
func (t *taker) callOf(c *timeline.Call) *openCall {
	open := t.ofCall[c.Slot]
	if open == nil {
		open = &openCall{number: int32(t.firstCall + len(t.calls))}
		t.ofCall[c.Slot] = open
		t.calls = append(t.calls, call{at: -1})
	}
	return open
}

// publish renders again the rows of what has not ended.
func (t *taker) publish() {
	for _, open := range t.dirtyCalls {
		t.setCall(open.number, open.Call, open.found, false)
	}
	clear(t.dirtyCalls)
	for p, n := range t.dirtyPhones {
		t.mu.Lock()
		found := t.phones[n].findings
		t.mu.Unlock()
		t.setPhone(n, &decode.Phone{Phone: p, Findings: found})
	}
	clear(t.dirtyPhones)
}

// setCall sets the row of a call.
func (t *taker) setCall(n int32, of *timeline.Call, found finding.Set, over bool) {
	row := t.grids.callRow(&analysis.Call{Call: of, Findings: found})
	t.seal(t.closed)
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.store.call(int(n)); c != nil {
		if t.open[int(n)] = row; of.SIP != nil {
			c.id = t.idOf(of.SIP.ID)
		}
		if over {
			t.end(int(n), row)
		}
	}
	t.changed++
}

// setPhone sets the row of a phone.
func (t *taker) setPhone(n int32, of *decode.Phone) {
	row := t.grids.phoneRow(of)
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &t.phones[n]
	p.row, p.findings = row, of.Findings
	if of.Silent {
		p.silent = of.Phone
	}
	if len(p.accounts) != len(of.Accounts) {
		p.accounts = append([]string(nil), of.Accounts...)
	}
	if !of.MAC.IsZero() {
		p.mac = of.MAC.String()
	}
	t.changed++
}

// idOf returns a number that stands for a Call-ID.
func (t *taker) idOf(id string) uint64 {
	if id == "" {
		return 0
	}
	return maphash.String(t.seed, id) | 1
}

// Call implements [report.Run].
func (t *taker) Call(c *decode.Call) error {
	open := t.ofCall[c.Slot]
	if open == nil {
		return nil
	}
	delete(t.ofCall, c.Slot)
	delete(t.dirtyCalls, c.Slot)
	t.setCall(open.number, c.Call, c.Findings, true)
	if len(c.FromSIP) == 0 {
		return nil
	}
	return t.aside(func() error { return t.saved.SIPCall(c.Call) })
}

// aside keeps a line beside the requests.
func (t *taker) aside(write func() error) error {
	line, err := t.lineOf(write)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.beside) == maxBeside {
		t.lost++
		return nil
	}
	t.beside = append(t.beside, aside{t.lines.end(), string(line)})
	return nil
}

// Found implements [report.Run].
func (t *taker) Found(o *finding.Occurrence) {
	t.judging.Lock()
	t.verdict.Found(o)
	t.judging.Unlock()
	t.aside(func() error { return t.saved.Finding(o) })
	t.mu.Lock()
	t.changed++
	t.mu.Unlock()
}

// Phones takes the phones of the end. It returns how many there are.
func (t *taker) Phones(all []*decode.Phone) (int, error) {
	for _, p := range all {
		t.mu.Lock()
		n := t.phoneOf(p.Phone)
		t.mu.Unlock()
		t.setPhone(n, p)
		delete(t.dirtyPhones, p.Phone)
		if p.Silent {
			t.judging.Lock()
			t.verdict.Silent(p)
			t.judging.Unlock()
			if err := t.aside(func() error { return t.saved.SilentPhone(p) }); err != nil {
				return len(all), err
			}
		}
	}
	return len(all), nil
}

// Flush implements [report.Run]: the run waits for more.
func (t *taker) Flush() error {
	t.publish()
	return nil
}

// Close implements [report.Run].
func (t *taker) Close() error {
	t.publish()
	return nil
}

// Judge returns the verdict so far.
func (t *taker) judge() *verdict.Verdict {
	t.judging.Lock()
	defer t.judging.Unlock()
	return t.verdict.Verdict()
}

// Message takes a SIP message.
func (t *taker) message(m *sip.Message) {
	text := string(m.Method)
	if m.Status != 0 {
		text = fmt.Sprintf("%d (%s)", m.Status, text)
	}
	kept := message{
		time: m.Time, id: t.idOf(string(m.CallID)), from: m.Sender, to: m.Receiver, text: t.common(text),
		frame: int32(m.Frame), failed: m.Status >= 400 && m.Status != 401 && m.Status != 407 && m.Status != 487,
	}
	if m.Interface != nil {
		kept.capture = m.Interface.Capture
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.messages) < maxMessages {
		t.messages = append(t.messages, kept)
		return
	}
	t.messages[t.oldest] = kept
	t.oldest = (t.oldest + 1) % maxMessages
	t.silent++
}

// common returns the text of a message; there are few different ones.
func (t *taker) common(text string) string {
	text = text[:min(len(text), maxText)]
	known, ok := t.texts[text]
	if !ok && len(t.texts) < maxTexts {
		t.texts[text], known = text, text
	}
	return known
}

// Write takes what the run prints for people, a line or more.
func (t *taker) Write(b []byte) (int, error) {
	t.note(strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

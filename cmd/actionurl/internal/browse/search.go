package browse

import (
	"bytes"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"actionurl/decode"
	"actionurl/decode/verdict"
	"actionurl/report"
)

// A query chooses what a list shows.
type query struct {
	view  view
	phone int    // whose requests are searched; -1 for all
	scope string // words of the filter that the place has
	words string // those that were typed
}

// all is the query that chooses everything of a view.
func all(v view) query { return query{view: v, phone: -1} }

// everything reports whether the query chooses everything.
func (q query) everything() bool { return q == all(q.view) }

// searchEvery is how often a search looks for what is new.
const searchEvery = 50 * time.Millisecond

// A search is what a query has chosen so far. Its goroutine goes on until stop is
// called, as more requests come.
type search struct {
	query
	store       *store
	grids       *grids
	within      report.Filter // of the scope
	filter      report.Filter // of the words
	texts       []string      // in lower case, that rows have
	plain       [][]byte      // those that lines have, too
	lower       []byte        // a line
	clock       *report.Clock
	judged      []int8 // by the index of a call that is over, from firstJudged on: 1 where its row has the texts, -1 where not
	firstJudged int
	collector   *verdict.Collector // of a verdict
	asides      int                // that it has
	cancel      chan struct{}

	mu      sync.Mutex
	ids     []int32                 // in order
	servers map[netip.AddrPort]bool // of a list of servers, those of the requests
	verdict *verdict.Verdict        // of what was chosen; nil for none yet
	scanned int                     // requests that were looked at
}

// newSearch begins a search. Words that are wrong are an error.
func newSearch(s *Screen, q query) (*search, error) {
	f := &search{query: q, store: s.store, cancel: make(chan struct{}), servers: map[netip.AddrPort]bool{}}
	f.filter.View, f.within.View = report.Events, report.Events
	if q.view == verdictView {
		f.collector = verdict.New()
	}
	var err error
	if f.clock, err = report.NewClock(s.Clock); err != nil {
		return nil, err
	}
	if err = f.within.Parse(q.scope, s.Zone); err != nil {
		return nil, err
	}
	texts, err := f.filter.ParseTerms(q.words, s.Zone)
	if err != nil {
		return nil, err
	}
	for _, text := range texts {
		text = strings.ToLower(text)
		if f.texts = append(f.texts, text); plainText(text) && (f.clock.Form() == "" || text[0] > '9') {
			f.plain = append(f.plain, []byte(text))
		}
	}
	if f.grids, err = newGrids(s.Clock, s.sensors); err != nil {
		return nil, err
	}
	return f, nil
}

// again ends the search, which is for a query, and returns the query with other words
// and the search for that: nil where it chooses everything. Words that are wrong
// change nothing.
func (f *search) again(s *Screen, q query, words string) (query, *search, error) {
	was := q
	q.words = strings.TrimSpace(words)
	find, err := newSearch(s, q)
	if err != nil {
		return was, f, err
	}
	f.stop()
	if q.everything() {
		return q, nil, nil
	}
	find.start()
	return q, find, nil
}

// start starts the search.
func (f *search) start() {
	go f.run()
}

// hasServer reports whether a server is chosen, by its requests and its row.
func (f *search) hasServer(addr netip.AddrPort, row report.GridRow) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return (f.servers[addr] || f.filter.Empty()) && f.has(row)
}

// has reports whether a row has the texts.
func (f *search) has(row report.GridRow) bool {
	return !slices.ContainsFunc(f.texts, func(text string) bool { return !row.Has(text) })
}

// stop ends the search, and does not wait for it.
func (f *search) stop() {
	if f != nil {
		close(f.cancel)
	}
}

// found returns the numbers of what was chosen so far, in order, and how many
// requests were looked at.
func (f *search) found() (ids []int32, scanned int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ids, f.scanned
}

// latest returns the verdict of what was chosen so far; nil for none yet.
func (f *search) latest() *verdict.Verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.verdict
}

func (f *search) stopped() bool {
	select {
	case <-f.cancel:
		return true
	default:
		return false
	}
}

// run searches until it is stopped.
func (f *search) run() {
	defer f.store.recovered()
	c := newCursor(f.store)
	defer c.close()
	next := 0
	seen := ^uint64(0)
	members := map[int32]bool{} // of the view, by the requests
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-f.cancel:
			return
		case <-wait.C:
		}
		f.store.mu.Lock()
		changed := f.store.changed
		f.store.mu.Unlock()
		began := time.Now()
		if changed != seen {
			seen = changed
			f.look(c, &next, members)
		}
		wait.Reset(max(searchEvery, 4*time.Since(began)))
	}
}

// look looks at the requests from next on.
func (f *search) look(c *cursor, next *int, members map[int32]bool) {
	first, end := f.store.bounds()
	*next = max(*next, first)
	byRequest := f.view == eventsView || f.view == verdictView || !f.filter.Empty() || f.phone >= 0
	if *next == first && byRequest && end > first {
		if r := c.record(first); r != nil {
			begin := r.Time
			if r := c.record(end - 1); r != nil {
				f.filter.Anchor(begin, r.Time)
			}
		}
	}
	var ids []int32
	publish := func() {
		f.mu.Lock()
		if f.view == eventsView {
			f.ids = append(f.ids, ids...)
			ids = ids[:0]
		}
		f.scanned = *next - first
		f.mu.Unlock()
	}
	published := time.Now()
	for ; byRequest && *next < end; *next++ {
		if *next%64 == 0 {
			if f.stopped() {
				return
			}
			runtime.Gosched() // the screen may wait for this processor
			if time.Since(published) > searchEvery {
				published = time.Now()
				publish()
			}
		}
		e, ok := f.entry(*next)
		if !ok || f.phone >= 0 && int(e.phone) != f.phone {
			continue
		}
		member := int32(*next)
		switch f.view {
		case callsView:
			member = e.call
		case phonesView:
			member = e.phone
		}
		if member < 0 || (f.view == callsView || f.view == phonesView) && members[member] {
			continue
		}
		r := f.shown(c, *next)
		if r == nil {
			continue
		}
		switch f.view {
		case serversView:
			f.mu.Lock()
			f.servers[r.Server] = true
			f.mu.Unlock()
		case verdictView:
			r.Phone = nil // which a cursor does not know whole
			f.collector.Record(r)
		case eventsView:
			ids = append(ids, member)
		default:
			members[member] = true
		}
	}
	*next = max(*next, end)
	publish()
	if f.view == verdictView {
		f.judge(c)
	}
	if f.view == callsView || f.view == phonesView {
		ids := f.rows(c, byRequest, members)
		f.mu.Lock()
		f.ids = ids
		f.mu.Unlock()
	}
}

// judge makes the verdict, with what was found beside requests.
func (f *search) judge(c *cursor) {
	for len(f.texts) == 0 { // which only rows have
		saved := c.parse([]byte(f.store.aside(f.asides, 0, 0)))
		if saved == nil {
			break
		}
		f.asides++
		if saved.Kind == report.SavedFinding && f.filter.ShowsFinding(&saved.Finding) {
			f.collector.Found(&saved.Finding)
		}
	}
	v := f.collector.Verdict()
	f.mu.Lock()
	f.verdict = v
	f.mu.Unlock()
}

func (f *search) entry(n int) (entry, bool) {
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	i := n - f.store.lines.first()
	if i < 0 || i >= len(f.store.index) {
		return entry{}, false
	}
	return f.store.index[i], true
}

// shown returns a request if the query chooses it, of a list of requests and of a
// verdict by its row, too; else nil.
func (f *search) shown(c *cursor, n int) *decode.Record {
	rows := f.view == eventsView || f.view == verdictView
	if rows && f.lacks(c.events.line(n)) {
		return nil
	}
	r := c.record(n)
	if r == nil || !f.within.Shows(r) || !f.filter.Shows(r) {
		return nil
	}
	if !rows || len(f.texts) == 0 {
		return r
	}
	row := f.grids.eventRow(r)
	target := strings.ToLower(r.Target)
	if slices.ContainsFunc(f.texts, func(text string) bool { return !row.Has(text) && !strings.Contains(target, text) }) {
		return nil
	}
	return r
}

// plainText reports whether a text that a row has is in the line of its request, too:
// a word of letters, or a number that is too long for a part of a time or an address.
func plainText(text string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return strings.Trim(text, letters) == "" || len(text) >= 4 && strings.Trim(text, "0123456789") == ""
}

// lacks reports whether the line of a request shows that its row does not have the
// texts. Reading it takes ten times as long.
func (f *search) lacks(line []byte) bool {
	if len(f.plain) == 0 || bytes.Contains(line, []byte(`"candidates":`)) { // the row has their labels
		return false
	}
	f.lower = f.lower[:0]
	for _, c := range line {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		f.lower = append(f.lower, c)
	}
	return slices.ContainsFunc(f.plain, func(text []byte) bool { return !bytes.Contains(f.lower, text) })
}

// rows returns the calls or phones that the query chooses: the members if only
// these, and those whose rows have the texts.
func (f *search) rows(c *cursor, only bool, members map[int32]bool) (ids []int32) {
	if f.view == phonesView {
		f.store.mu.Lock()
		phones := slices.Clone(f.store.phones)
		f.store.mu.Unlock()
		for i := range phones {
			silent := phones[i].silent
			shown := !only || members[int32(i)] || silent != nil && f.phone < 0 && f.filter.ShowsSilent(silent)
			if shown && f.has(phones[i].row) {
				ids = append(ids, int32(i))
			}
		}
		return ids
	}
	f.store.mu.Lock()
	calls, first, open := slices.Clone(f.store.calls), f.store.firstCall, maps.Clone(f.store.open)
	f.store.mu.Unlock()
	f.judged = f.judged[min(first-f.firstJudged, len(f.judged)):]
	f.firstJudged = first
	for len(f.judged) < len(calls) {
		f.judged = append(f.judged, 0)
	}
	for i, of := range calls {
		id := int32(first + i)
		switch {
		case only && !members[id]:
			continue
		case len(f.texts) == 0:
		case !of.over():
			if !f.has(open[int(id)]) {
				continue
			}
		default:
			if f.judged[i] == 0 {
				if i%64 == 0 && f.stopped() {
					return ids
				}
				f.judged[i] = 1
				if !f.has(c.row(of)) {
					f.judged[i] = -1
				}
			}
			if f.judged[i] < 0 {
				continue
			}
		}
		ids = append(ids, id)
	}
	return ids
}

package browse

import (
	"slices"
	"strings"
	"sync"
	"time"

	"actionurl/report"
)

// A query chooses what a list shows.
type query struct {
	view        view
	phone, call int    // of which the requests are; -1 for all
	scope       string // words of the filter that the place has
	words       string // those that were typed
}

// all is the query that chooses everything of a view.
func all(v view) query { return query{view: v, phone: -1, call: -1} }

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
	filter      report.Filter
	texts       []string // in lower case, that rows have
	judged      []int8   // by the index of a call that is over, from firstJudged on: 1 where its row has the texts, -1 where not
	firstJudged int
	cancel      chan struct{}
	over        sync.WaitGroup

	mu      sync.Mutex
	ids     []int32 // in order
	scanned int     // requests that were looked at
}

// newSearch begins a search. Words that are wrong are an error.
func newSearch(s *store, q query, zone *time.Location, clock string) (*search, error) {
	f := &search{query: q, store: s, cancel: make(chan struct{})}
	f.filter.View = report.Events
	for _, words := range []string{q.scope, q.words} {
		texts, err := f.filter.ParseTerms(words, zone)
		if err != nil {
			return nil, err
		}
		for _, text := range texts {
			f.texts = append(f.texts, strings.ToLower(text))
		}
	}
	var err error
	if f.grids, err = newGrids(clock); err != nil {
		return nil, err
	}
	return f, nil
}

// start starts the search.
func (f *search) start() {
	f.over.Go(f.run)
}

// stop ends the search.
func (f *search) stop() {
	if f != nil {
		close(f.cancel)
		f.over.Wait()
	}
}

// found returns the numbers of what was chosen so far, in order, and how many
// requests were looked at.
func (f *search) found() (ids []int32, scanned int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ids, f.scanned
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
	byRequest := f.view == eventsView || !f.filter.Empty() || f.phone >= 0 || f.call >= 0
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
			if time.Since(published) > searchEvery {
				published = time.Now()
				publish()
			}
		}
		e, ok := f.entry(*next)
		if !ok || f.phone >= 0 && int(e.phone) != f.phone || f.call >= 0 && int(e.call) != f.call {
			continue
		}
		member := int32(*next)
		switch f.view {
		case callsView:
			member = e.call
		case phonesView:
			member = e.phone
		}
		if member < 0 || f.view != eventsView && members[member] {
			continue
		}
		if !f.shows(c, *next) {
			continue
		}
		if f.view == eventsView {
			ids = append(ids, member)
		} else {
			members[member] = true
		}
	}
	*next = max(*next, end)
	publish()
	if f.view == callsView || f.view == phonesView {
		ids := f.rows(c, byRequest, members)
		f.mu.Lock()
		f.ids = ids
		f.mu.Unlock()
	}
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

// shows reports whether the query chooses a request, of a list of requests by its
// row, too.
func (f *search) shows(c *cursor, n int) bool {
	if f.filter.Empty() && (f.view != eventsView || len(f.texts) == 0) {
		return true
	}
	r := c.record(n)
	if r == nil || !f.filter.Shows(r) {
		return false
	}
	if f.view != eventsView || len(f.texts) == 0 {
		return true
	}
	row := f.grids.eventRow(r)
	target := strings.ToLower(r.Target)
	return !slices.ContainsFunc(f.texts, func(text string) bool { return !row.Has(text) && !strings.Contains(target, text) })
}

// rows returns the calls or phones that the query chooses: the members if only
// these, and those whose rows have the texts.
func (f *search) rows(c *cursor, only bool, members map[int32]bool) (ids []int32) {
	lacks := func(row report.GridRow) bool {
		return slices.ContainsFunc(f.texts, func(text string) bool { return !row.Has(text) })
	}
	if f.view == phonesView {
		f.store.mu.Lock()
		phones := slices.Clone(f.store.phones)
		f.store.mu.Unlock()
		for i := range phones {
			if (!only || members[int32(i)]) && !lacks(phones[i].row) {
				ids = append(ids, int32(i))
			}
		}
		return ids
	}
	f.store.mu.Lock()
	calls, first := slices.Clone(f.store.calls), f.store.firstCall
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
		case !of.over:
			if lacks(of.row) {
				continue
			}
		default:
			if f.judged[i] == 0 {
				if i%64 == 0 && f.stopped() {
					return ids
				}
				f.judged[i] = 1
				if lacks(c.row(of)) {
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

package run

import (
	"fmt"
	"time"

	"actionurl/report"
)

// losses tell what a live run loses: once a minute while it grows, and in the
// end.
type losses struct {
	run      *run
	since    int64 // the time up to which it was reported; 0 for the beginning
	reported map[lossKind]int64
}

// A lossKind is one way to lose something.
type lossKind struct {
	on   string // interface; empty for what is lost behind all of them
	name string // key in NDJSON
	what string // for people
}

// A lossCount is how much was lost in one way.
type lossCount struct {
	lossKind
	n int64
}

func newLosses(r *run) *losses { return &losses{run: r, reported: map[lossKind]int64{}} }

// counts returns what was lost so far, by interface.
func (l *losses) counts() []lossCount {
	var all []lossCount
	for _, s := range l.run.live.Stats() {
		all = append(all,
			lossCount{lossKind{s.Interface, "dropped", "frames that came faster than they were read"}, int64(s.Dropped)},
			lossCount{lossKind{s.Interface, "freezes", "times that the ring was full (--ring-size makes it larger)"}, int64(s.Freezes)})
	}
	d := l.run.pipeline.Summary()
	all = append(all,
		lossCount{lossKind{"", "connections_forgotten", "connections forgotten, as too many were open"}, int64(d.Stream.Evicted)},
		lossCount{lossKind{"", "requests_not_awaited", "requests not waited for, as too many had no response"}, int64(d.Crowded)})
	if l.run.Filter.View == report.Calls {
		all = append(all, lossCount{lossKind{"", "calls_cut", "calls not followed to their end, as there were too many"}, int64(d.Calls.Cut)})
	}
	if l.run.frames != nil {
		c := l.run.frames.keeper.Counts
		all = append(all,
			lossCount{lossKind{"", "frames_not_kept", "frames not kept for -w, as too many waited"}, int64(c.Missed)},
			lossCount{lossKind{"", "connections_not_kept", "connections not followed for -w, as too many were open"}, int64(c.Forgotten)})
	}
	return all
}

// grown returns what was lost since it was asked the last time.
func (l *losses) grown() []lossCount {
	var all []lossCount
	for _, c := range l.counts() {
		if more := c.n - l.reported[c.lossKind]; more > 0 {
			l.reported[c.lossKind] = c.n
			all = append(all, lossCount{c.lossKind, more})
		}
	}
	return all
}

// report reports what was lost since the last time, if that is a minute ago.
func (l *losses) report(now int64) error {
	switch {
	case l.since == 0:
		l.since = now
		return nil
	case now-l.since < int64(time.Minute):
		return nil
	}
	grown := l.grown()
	for _, c := range grown {
		place := ""
		if c.on != "" {
			place = c.on + ": "
		}
		fmt.Fprintf(l.run.Stderr, "actionurl: %slost in the last minute: %s: %d\n", place, c.what, c.n)
	}
	return l.write(grown, now)
}

// rest writes to the output what was not reported yet.
func (l *losses) rest(now int64) error { return l.write(l.grown(), now) }

// write writes losses among the rows, one for each interface.
func (l *losses) write(grown []lossCount, now int64) error {
	var rows []report.Loss
	for _, c := range grown {
		if n := len(rows); n == 0 || rows[n-1].Interface != c.on {
			rows = append(rows, report.Loss{Since: l.since, Time: now, Interface: c.on})
		}
		row := &rows[len(rows)-1]
		row.Counts = append(row.Counts, report.LossCount{Name: c.name, N: c.n})
	}
	l.since = now
	if l.run.Options.Format != "ndjson" {
		return nil
	}
	for i := range rows {
		if err := l.run.rows.At(now); err != nil {
			return err
		}
		if err := l.run.view.loss(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// print prints what came and was lost, for the closing summary. What was lost
// behind the interfaces is in it already.
func (l *losses) print() {
	for _, s := range l.run.live.Stats() {
		fmt.Fprintf(l.run.Stderr, "actionurl: %s: %s passed the filter, %d dropped", s.Interface, report.Plural(int(s.Received), "frame"), s.Dropped)
		if s.Freezes > 0 {
			fmt.Fprintf(l.run.Stderr, ", as the ring was full %s", report.Plural(int(s.Freezes), "time"))
		}
		fmt.Fprintln(l.run.Stderr)
	}
}

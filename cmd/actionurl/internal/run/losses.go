package run

import (
	"fmt"
	"time"

	"actionurl/decode"
	"actionurl/report"
)

// losses reports what a live run loses: once a minute while it grows, and at
// the end.
type losses struct {
	run      *run
	since    int64 // the time up to which they are reported; 0 for the beginning
	reported map[lossKey]int
}

// A loss is one on an interface, or after all of them if that is empty.
type loss struct {
	on string
	decode.LossCount
}

type lossKey struct{ on, key string }

func newLosses(r *run) *losses { return &losses{run: r, reported: map[lossKey]int{}} }

// all returns what was lost so far.
func (l *losses) all() []loss {
	var all []loss
	for _, s := range l.run.live.Stats() {
		all = append(all,
			loss{s.Interface, decode.LossCount{Key: "dropped", N: int(s.Dropped), Thing: "frame", How: "dropped: they came faster than they were read"}},
			loss{s.Interface, decode.LossCount{Key: "freezes", N: int(s.Freezes), Thing: "overflow", How: "of the ring: enlarge it with --ring-size"}})
	}
	d := l.run.pipeline.Summary()
	counts := d.Losses(l.run.Filter.View == report.Calls)
	if l.run.frames != nil {
		counts = append(counts, l.run.frames.losses()...)
	}
	if l.run.publisher != nil {
		counts = append(counts, l.run.publisher.losses()...)
	}
	for _, c := range counts {
		if c.Key != "" {
			all = append(all, loss{"", c})
		}
	}
	return all
}

// sum returns how many things were lost so far.
func (l *losses) sum() int {
	n := 0
	for _, c := range l.all() {
		n += c.N
	}
	return n
}

// grown returns what was lost since the last call.
func (l *losses) grown() []loss {
	var grown []loss
	for _, c := range l.all() {
		key := lossKey{c.on, c.Key}
		if more := c.N - l.reported[key]; more > 0 {
			l.reported[key] = c.N
			c.N = more
			grown = append(grown, c)
		}
	}
	return grown
}

// report reports what was lost since the last time, if that is a minute ago.
func (l *losses) report(now int64) error {
	switch {
	case l.since == 0:
		l.since = now
		return nil
	case now < l.since: // the clock was set back
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
		report.Logf(l.run.Stderr, "warning: in the last minute: %s%v", place, c.LossCount)
	}
	return l.write(grown, now)
}

// rest writes to the output what is not reported yet.
func (l *losses) rest(now int64) error { return l.write(l.grown(), now) }

// write writes losses among the rows, one for each interface.
func (l *losses) write(grown []loss, now int64) error {
	since := l.since
	l.since = now
	rows := l.run.Options.Format.Name == "ndjson" || l.run.Complete
	for len(grown) > 0 {
		row := report.Loss{Since: since, Time: now, Interface: grown[0].on}
		for len(grown) > 0 && grown[0].on == row.Interface {
			row.Counts = append(row.Counts, grown[0].LossCount)
			grown = grown[1:]
		}
		if l.run.publisher != nil {
			if err := l.run.publisher.loss(&row); err != nil {
				return err
			}
		}
		if !rows {
			continue
		}
		if err := l.run.rows.At(now); err != nil {
			return err
		}
		if err := l.run.view.loss(&row); err != nil {
			return err
		}
	}
	return nil
}

// print prints what came and was lost, for the closing summary. What was lost
// after the interfaces is in it already.
func (l *losses) print() {
	for _, s := range l.run.live.Stats() {
		overflows := ""
		if s.Freezes > 0 {
			overflows = fmt.Sprintf(" (%s of the ring)", report.Plural(int(s.Freezes), "overflow"))
		}
		unread := ""
		if s.Unread > 0 {
			unread = fmt.Sprintf(", %d unread at the end", s.Unread)
		}
		report.Logf(l.run.Stderr, "%s: %s passed the filter, %d dropped%s%s", s.Interface, report.Plural(int(s.Received), "frame"), s.Dropped, overflows, unread)
	}
}

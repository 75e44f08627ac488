package run

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"actionurl/capture/files"
	"actionurl/report"
	"actionurl/report/output"
	"actionurl/report/publish"
)

const (
	// commitEvery is how many records are written before they are committed, where
	// they do not stop coming.
	commitEvery = 4096

	// packEvery is the same for a file that is compressed, and packTime how long one
	// waits there: little compresses worse than much.
	packEvery = 64 << 10
	packTime  = 10 * time.Second

	// renewEvery is how often a file that shows a state is made anew.
	renewEvery = time.Minute
)

// collected are the records of sensors.
type collected struct {
	replayer
	from *publish.Collector
	mode publish.Mode

	rotated bool // rows are committed when their file gets its name
	packed  bool
	rows    int       // that were written since
	when    time.Time // the latest commit
	changed bool      // something came since the file was made
	renewed time.Time // when that was
}

// Durable sets what the collector has to know of the output to go on with it.
func (c *Config) Durable(to *publish.CollectConfig) {
	rotated := c.Rotate != output.Rotation{} && output.Timed(c.Output)
	whole, state := c.Options.Format.Whole, c.Filter.View != report.Events && c.Filter.View != report.Requests
	switch {
	case whole && !rotated, state && c.Filter.View != report.Calls:
		to.Mode = publish.Anew
	case c.Options.Format.Run != nil, state:
		to.Mode = publish.Replay
	}
	d := output.Destination{Name: c.Output, Rotate: c.Rotate}
	to.State = d.Beside(".nats")
	if to.State != "" && !rotated {
		to.File, to.Compressed = c.Output, output.Plain(c.Output) != c.Output
	}
}

// Collected runs over the records of sensors until that is stopped. With Durable
// it continues where it was killed.
func Collected(c Config, from *publish.Collector, of publish.CollectConfig) error {
	in := &collected{from: from, mode: of.Mode, packed: of.Compressed, rotated: of.State != "" && of.File == "", when: time.Now(), renewed: time.Now()}
	r := &run{Config: c, goesOn: true}
	if of.Durable != "" {
		r.durable = in
	}
	err := r.over(in)
	if err == nil || errors.Is(err, ErrFound) || errors.Is(err, ErrDamaged) { // all is written
		if failed := cmp.Or(from.Commit(), from.Failed()); failed != nil {
			return failed
		}
	}
	return err
}

// Files implements input: there are none.
func (in *collected) Files() []os.FileInfo { return nil }

// follow implements input.
func (in *collected) follow() bool { return true }

// End implements input: nobody knows.
func (in *collected) End() (int64, error) { return 0, files.ErrNoEnd }

// Progress implements input.
func (in *collected) Progress() (read, size int64) { return 0, 0 }

func (in *collected) feed(r *run) (running, reading error) {
	for {
		rec, err := in.from.Next()
		problem, bad := errors.AsType[*report.Problem](err)
		switch {
		case bad:
			r.problem(problem)
		case errors.Is(err, publish.ErrReplayed):
			err = in.replayed(r)
		case errors.Is(err, publish.ErrIdle):
			err = in.idle(r)
		case errors.Is(err, io.EOF):
			in.summarize(r)
			if r.durable != nil && in.unread(r) {
				return nil, fmt.Errorf("%s: not written: ended before the stream was read to its end", r.Output)
			}
			return nil, nil
		case err != nil:
			return nil, err
		default:
			err = in.next(r, rec)
		}
		if err != nil && !bad {
			return err, nil
		}
	}
}

// next takes a record.
func (in *collected) next(r *run, rec *report.Saved) error {
	r.skip = in.from.Skip()
	if err := in.replay(r, rec); err != nil {
		return err
	}
	r.skip, r.wrote = 0, 0
	in.changed = true
	if in.rows++; in.rows%commitEvery != 0 {
		return nil
	}
	return in.commit(r)
}

// replayed takes what comes of the time that an earlier run has passed on, after
// what it had read.
func (in *collected) replayed(r *run) error {
	reached, rows := in.from.Resumed()
	if reached == 0 {
		return nil
	}
	return in.advance(r, reached, rows)
}

// advance passes on a time, and how many of its rows are written.
func (in *collected) advance(r *run, reached int64, rows int) error {
	r.now = max(r.now, reached)
	r.skip = rows
	in.analyzer.Advance(reached, reached)
	r.skip, r.wrote = 0, 0
	return in.analyzer.Err()
}

// idle takes that nothing comes.
func (in *collected) idle(r *run) error {
	if in.from.Replaying() {
		return nil
	}
	if reached := in.from.Reached(); reached > 0 {
		if err := in.advance(r, reached, 0); err != nil {
			return err
		}
		if err := r.rows.Tick(reached); err != nil {
			return err
		}
	}
	if err := in.renew(r); err != nil {
		return err
	}
	return in.commit(r)
}

// commit notes that what was read is written, where that can be.
func (in *collected) commit(r *run) error {
	if err := r.flush(); err != nil || in.rotated {
		return err
	}
	if in.packed {
		if in.rows < packEvery && time.Since(in.when) < packTime {
			return nil
		}
		if err := r.rows.Checkpoint(); err != nil {
			return err
		}
	}
	in.rows, in.when = 0, time.Now()
	return in.from.Commit()
}

// unread reports whether a file that is made of the whole stream cannot be made yet.
func (in *collected) unread(r *run) bool {
	return in.mode == publish.Anew && r.rows.Regular() && !in.from.Whole()
}

// renew makes a file anew that shows a state, if that has changed.
func (in *collected) renew(r *run) error {
	if in.mode != publish.Anew || in.unread(r) || r.view.end == nil || in.rotated || !r.rows.Regular() || !in.changed || time.Since(in.renewed) < renewEvery {
		return nil
	}
	in.changed, in.renewed = false, time.Now()
	if err := r.last(); err != nil {
		return err
	}
	return r.rows.Reopen()
}

// unfinished reports whether what is open at the end is left to the next run.
func (in *collected) unfinished() bool { return in.mode == publish.Replay }

// summarize prints what is missing.
func (in *collected) summarize(r *run) {
	c := in.from.Counts()
	if c.Late > 0 {
		r.sum.say("warning: %s after later ones (late); increase --lateness if sensors are slow", report.Plural(c.Late, "row"))
	}
	if c.Lost > 0 {
		r.sum.say("warning: %s of sensors missing in the stream", report.Plural(c.Lost, "line"))
	}
	if c.Duplicates > 0 {
		r.sum.say("%s twice in the stream, read once", report.Plural(c.Duplicates, "line"))
	}
	if n := in.from.Losses(); n > 0 {
		r.sum.say("warning: live captures report losses %s (capture_loss)", report.Plural(n, "time"))
	}
}

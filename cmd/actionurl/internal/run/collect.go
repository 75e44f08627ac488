package run

import (
	"errors"
	"io"
	"os"

	"actionurl/capture/files"
	"actionurl/report"
	"actionurl/report/publish"
)

// commitEvery is how many records are written before they are committed, where
// they do not stop coming.
const commitEvery = 4096

// collected are the records of sensors.
type collected struct {
	replayer
	from *publish.Collector
}

// Collected runs over the records of sensors until that is stopped.
func Collected(c Config, from *publish.Collector) error {
	err := (&run{Config: c, goesOn: true}).over(&collected{from: from})
	if err == nil || errors.Is(err, ErrFound) || errors.Is(err, ErrDamaged) { // all is written
		if failed := from.Commit(); failed != nil {
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
	written := 0
	for {
		rec, err := in.from.Next()
		problem, bad := errors.AsType[*report.Problem](err)
		switch {
		case bad:
			r.problem(problem)
		case errors.Is(err, publish.ErrIdle):
			written = commitEvery
		case errors.Is(err, io.EOF):
			in.summarize(r)
			return nil, nil
		case err != nil:
			return nil, err
		default:
			if err := in.replay(r, rec); err != nil {
				return err, nil
			}
			written++
		}
		if written < commitEvery {
			continue
		}
		written = 0
		if err := r.flush(); err != nil {
			return err, nil
		}
		if err := in.from.Commit(); err != nil {
			return err, nil
		}
	}
}

// summarize prints what is missing.
func (in *collected) summarize(r *run) {
	c := in.from.Counts()
	if c.Late > 0 {
		r.sum.say("warning: %s after later ones (late); enlarge --lateness where sensors are slow", report.Plural(c.Late, "row"))
	}
	if c.Lost > 0 {
		r.sum.say("warning: %s of sensors missing in the stream", report.Plural(c.Lost, "line"))
	}
	if n := in.from.Losses(); n > 0 {
		r.sum.say("warning: live captures report losses %s (capture_loss)", report.Plural(n, "time"))
	}
}

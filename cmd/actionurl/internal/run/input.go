package run

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"actionurl/capture"
	"actionurl/capture/files"
	"actionurl/capture/live"
	"actionurl/cmd/actionurl/internal/metrics"
	"actionurl/decode"
	"actionurl/decode/analysis"
	"actionurl/report"
	"actionurl/report/output"
	"actionurl/report/saved"
)

// An input is what a run reads.
type input interface {
	// begin makes the decoder of the run.
	begin(*run)
	// feed passes everything to the run. It returns the first error of the run,
	// and the first of reading.
	feed(*run) (running, reading error)
	// Files returns the regular files that are read.
	Files() []os.FileInfo
	// follow reports whether rows are wanted as they come.
	follow() bool
	// Progress returns how many bytes were read, and how many there are, 0 if
	// that is not known.
	Progress() (read, size int64)
	// End returns the time of the last frame or record, or an error if that is
	// not known before it comes.
	End() (int64, error)
}

// captures are files, folders and pipes.
type captures struct{ *files.Captures }

// Captures runs over captures.
func Captures(c Config, in *files.Captures) error {
	defer in.Close()
	defer collectLater()()
	return (&run{Config: c}).over(captures{in})
}

// Percentages of the heap in use that may be allocated before garbage is collected:
// firstly, and from then on. Most runs end before the first collection, at 15 MiB: one
// takes as long as reading 50 MB, as it looks through gopacket's tables, 5 MiB of
// pointers. Those that go on allocate slowly; with Go's 100 % garbage would be most of
// their memory, with 50 % a storm costs 2 % more, and its table 7 %.
const (
	firstPercent = 300
	laterPercent = 75
)

// collectLater has the garbage collected as these say, until the run ends.
func collectLater() (restore func()) {
	before := debug.SetGCPercent(firstPercent)
	first := runtime.AddCleanup(new(*int), func(percent int) { debug.SetGCPercent(percent) }, laterPercent)
	return func() {
		first.Stop()
		debug.SetGCPercent(before)
	}
}

// follow implements input: somebody may still be writing to a pipe.
func (in captures) follow() bool { return in.Piped() }

func (in captures) begin(r *run) { r.decodeFrames(in.Stop) }

func (in captures) feed(r *run) (running, reading error) { return each(in, r.batch) }

// decodeFrames makes the decoder of captures. It runs beside the run's own end where
// there is a processor for each, unless the frames are written: what is kept of these
// is used by both. What waits for frames is stopped when the run ends before they do.
func (r *run) decodeFrames(stop func()) {
	r.Decode.Beside, r.Decode.Failed = r.frames == nil && !r.Together && runtime.GOMAXPROCS(0) > 1, stop
	r.pipeline = decode.New(r.Decode, r.record)
	r.decoder = r.pipeline
}

// each calls do with each batch of a source. It returns the first error of do, and
// the first of reading.
func each(source capture.Source, do func(*capture.Batch) error) (running, reading error) {
	var b capture.Batch
	for {
		if err := source.Next(&b); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return nil, err
		}
		if err := do(&b); err != nil {
			return err, nil
		}
	}
}

// Live is interfaces that are watched.
type Live struct {
	Source  capture.Source // ends when it is stopped
	Stats   func() []live.Stats
	Metrics *metrics.Server  // of the run; nil for none
	Hangup  <-chan os.Signal // the outputs are to begin anew
}

// Watch runs over interfaces until their source ends.
func Watch(c Config, in *Live) error {
	return (&run{Config: c, live: in}).over(in)
}

// Files implements input: there are none.
func (in *Live) Files() []os.FileInfo { return nil }

// follow implements input.
func (in *Live) follow() bool { return true }

// End implements input: nobody knows.
func (in *Live) End() (int64, error) { return 0, files.ErrNoEnd }

// Progress implements input.
func (in *Live) Progress() (read, size int64) { return 0, 0 }

func (in *Live) begin(r *run) { r.decodeFrames(nil) } // it does not wait for long

func (in *Live) feed(r *run) (running, reading error) { return each(in.Source, r.batch) }

// ready reports that the outputs are open, and checks that they can be written
// with the rights that are left.
func (r *run) ready() error {
	if r.Ready == nil {
		return nil
	}
	var folders []string
	for _, s := range r.outputs() {
		folders = append(folders, s.Folders()...)
	}
	slices.Sort(folders)
	r.Ready(slices.Compact(folders))
	for _, s := range r.outputs() {
		if err := s.Probe(); err != nil {
			return err
		}
	}
	return nil
}

// outputs returns what is written.
func (r *run) outputs() []*output.Series {
	if r.frames == nil {
		return []*output.Series{r.rows}
	}
	return []*output.Series{r.rows, r.frames.out}
}

// slack is how much longer than a response a row may take: what a stream waits
// for a hole in it to be filled.
const slack = 5 * time.Second

// pass lets the time pass that a live source has reached.
func (r *run) pass() error {
	if err := r.rows.Tick(r.now - int64(r.Decode.ResponseTimeout+slack)); err != nil {
		return err
	}
	if r.frames != nil {
		if err := r.frames.out.Tick(r.now - r.frames.hold); err != nil {
			return err
		}
	}
	if r.publisher != nil {
		if err := r.publisher.pass(r); err != nil {
			return err
		}
	}
	if r.live.Metrics != nil {
		r.live.Metrics.Publish(r.pipeline.Summary())
		for _, s := range r.outputs() {
			if s.Name() != "-" {
				r.live.Metrics.Lost(s.Name(), s.Lost())
			}
		}
	}
	if r.Reached != nil {
		r.progress.lost = r.losses.sum()
	}
	if err := cmp.Or(r.losses.report(r.now), r.rows.HungUp()); err != nil {
		return err
	}
	select {
	case <-r.live.Hangup:
		for _, s := range r.outputs() {
			if err := s.Reopen(); err != nil {
				report.Logf(r.Stderr, "SIGHUP: %v", err)
			}
		}
	default:
	}
	return nil
}

// records are saved records.
type records struct {
	*saved.Records
	replayer
	flushing *error // the first of writing what waits while a pipe is silent
}

// A replayer replays records that were saved.
type replayer struct {
	analyzer *analysis.Analyzer // made by begin
}

// Saved runs over the saved records in files of these names; "-" is stdin.
func Saved(ctx context.Context, c Config, names []string, stdin io.Reader) error {
	r := &run{Config: c}
	var flushing error
	in, err := saved.Open(ctx, names, stdin, func() {
		if r.rows != nil {
			flushing = cmp.Or(flushing, r.flush())
		}
	})
	if err != nil {
		return err
	}
	defer in.Close()
	r.Options.Sensors = in.Several()
	return r.over(&records{Records: in, flushing: &flushing})
}

// follow implements input: rows are written when there are many, or when a pipe
// is silent.
func (in *records) follow() bool { return false }

// An analyzer is the decoder of saved records: nothing comes off a wire.
type analyzer struct{ *analysis.Analyzer }

func (analyzer) Close() error { return nil }

func (a analyzer) Summary() decode.Summary { return decode.Summary{Counts: a.Counts()} }

// begin implements input. What is wrong beside the requests has been saved, and
// is not found again.
func (in *replayer) begin(r *run) {
	c := r.Decode.Analysis
	c.Found = nil
	in.analyzer = analysis.New(c, r.record)
	r.decoder = analyzer{in.analyzer}
}

func (in *records) feed(r *run) (running, reading error) {
	for {
		rec, err := in.Next()
		if problem := (*report.Problem)(nil); errors.As(err, &problem) {
			r.problem(problem)
			continue
		}
		switch {
		case errors.Is(err, io.EOF):
			if n := in.Losses(); n > 0 {
				r.sum.say("warning: the live capture reports losses %s (capture_loss)", report.Plural(n, "time"))
			}
			if n := in.Dropped(); n > 0 {
				r.sum.say("warning: %s dropped: more than 256 in a line", report.Plural(n, "variable"))
			}
			return nil, nil
		case err != nil:
			return nil, err
		}
		if err := cmp.Or(*in.flushing, in.replay(r, rec)); err != nil {
			return err, nil
		}
		r.progress.update()
	}
}

// replay takes a saved record.
func (in *replayer) replay(r *run, rec *report.Saved) error {
	if rec.Kind != report.SavedFinding && rec.Kind != report.SavedSIP {
		r.now = max(r.now, rec.Time)
		r.begin(rec.Time)
	}
	switch rec.Kind {
	case report.SavedFinding:
		r.found(&rec.Finding)
	case report.SavedSIP:
		in.analyzer.SIPCall(rec.Call.PhoneMAC, rec.Call.PhoneIP, rec.Time, rec.Call.SIP)
	case report.SavedSilent:
		p := &rec.Phone
		in.analyzer.Silent(p.MAC, p.IP, p.Account, p.Sensor, p.First, p.Last)
	case report.SavedEnd:
		in.analyzer.Advance(rec.Time, rec.Time)
	default:
		return in.analyzer.Event(rec.Request.Exchange, rec.Request.Event, rec.Request.Findings)
	}
	return nil
}

// held are records that a function returns.
type held struct {
	replayer
	next func() (*report.Saved, error)
}

// Again runs over saved records that next returns one by one, valid until the next
// call, and io.EOF at the end.
func Again(c Config, next func() (*report.Saved, error)) error {
	return (&run{Config: c}).over(&held{next: next})
}

// Files implements input: there are none.
func (in *held) Files() []os.FileInfo { return nil }

// follow implements input.
func (in *held) follow() bool { return false }

// End implements input: nobody asks.
func (in *held) End() (int64, error) { return 0, files.ErrNoEnd }

// Progress implements input.
func (in *held) Progress() (read, size int64) { return 0, 0 }

func (in *held) feed(r *run) (running, reading error) {
	for {
		rec, err := in.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return nil, err
		}
		if err := in.replay(r, rec); err != nil {
			return err, nil
		}
	}
}

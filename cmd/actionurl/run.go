package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
	"actionurl/decode"
	"actionurl/decode/finding"
	"actionurl/decode/keep"
	"actionurl/decode/packet"
	"actionurl/decode/profile"
	"actionurl/decode/timeline"
	"actionurl/report"
)

// keepTime is how much longer than a response may take the frames of a
// connection are kept for -w: from its beginning to its first request.
const keepTime = 30 * time.Second

// errEnough ends a run that has shown as many events as were asked for.
var errEnough = errors.New("enough events")

// A job is one run over an input.
type job struct {
	*analysis
	in       *input
	stderr   io.Writer
	progress *progress
	sum      summary

	pipeline *decode.Pipeline
	losses   *losses // of what is live; else nil
	now      int64   // the time that the capture has reached
	rows     *series // of -o
	view     *viewer
	shown    map[*timeline.Phone]bool // see newPhoneViewer

	frames  *series // of -w; nil without
	capture *pcapfile.Writer
	keeper  *keep.Keeper

	unsaved error // the first of writing findings
}

// run analyzes the input, until its end or that of ctx.
func (a *analysis) run(ctx context.Context, in *input, stdout, stderr io.Writer) error {
	return a.runOver(in, stdout, stderr, func(j *job) (writing, reading error) { return in.each(ctx, j.batch) })
}

// runOver makes a job over the input, of which read gives it all.
func (a *analysis) runOver(in *input, stdout, stderr io.Writer, read func(*job) (writing, reading error)) error {
	j := &job{analysis: a, in: in, stderr: stderr, progress: newProgress(stderr, in), shown: map[*timeline.Phone]bool{}}
	j.sum = summary{w: stderr, view: a.filter.View, saved: a.saved, templates: len(a.decode.Templates), filter: in.filter}
	if a.verbose {
		a.decode.Lost = func(l decode.Loss) {
			j.progress.clear()
			fmt.Fprintf(stderr, "actionurl: %v\n", l)
		}
	}
	defer j.abandon()
	if err := j.open(stdout); err != nil {
		return &statusError{statusFailed, err}
	}
	if in.ready != nil {
		in.ready(append(j.rows.paths(), j.frames.paths()...))
		if err := cmp.Or(j.rows.probe(), j.frames.probe()); err != nil {
			return &statusError{statusFailed, err}
		}
	}
	a.decode.Call, a.decode.Found = j.call, j.found
	// Where calls are not what is shown, their order does not matter.
	a.decode.Live = in.follow || a.complete || a.filter.View != report.Calls
	j.pipeline = decode.New(a.decode, j.record)
	for i := range a.ambiguous {
		j.unclear(&a.ambiguous[i])
	}
	if in.live {
		j.losses = newLosses(j)
	}
	return j.end(read(j))
}

// open opens the outputs.
func (j *job) open(stdout io.Writer) error {
	var err error
	to := destination{name: j.output, stdout: stdout, inputs: j.in.files, live: j.in.live, rotate: j.rotate, zone: j.options.Clock.Zone(), before: j.progress.clear}
	if j.rows, err = newSeries(to, j.beginRows); err != nil || j.write == "" {
		return err
	}
	to.name = j.write
	if j.frames, err = newSeries(to, j.beginFrames); err != nil {
		return err
	}
	j.keeper = keep.New(int64(j.decode.ResponseTimeout+keepTime), func(f *capture.Frame) error {
		if err := j.frames.at(f.Time); err != nil {
			return err
		}
		return j.capture.Frame(f)
	})
	j.decode.Segment = func(f *capture.Frame, s *packet.Segment) {
		j.keeper.Frame(f, s) // Advance returns its error
	}
	return nil
}

func (j *job) beginRows(out *output) (part, error) {
	o := j.options
	o.Width, o.Height = terminalSize(out.to)
	o.Live, o.Continued = j.in.follow, out.continued
	var err error
	j.view, err = newViewer(out, o, j.filter.View, j.shown, &j.sum.found)
	return j.view, err
}

// A frameFile is a capture that is being written.
type frameFile struct{ *pcapfile.Writer }

func (f frameFile) Close() error { return f.Flush() }

func (j *job) beginFrames(out *output) (part, error) {
	if out.file == nil && isTerminal(out.to) {
		return nil, errors.New("-w: standard output is a terminal; expected the name of a file to write")
	}
	if out.continued && out.gzip == nil && !beginsLikePcapng(out.name) {
		return nil, fmt.Errorf("%s: is no pcapng capture that frames can be added to; expected another file to write", out.name)
	}
	j.capture = pcapfile.NewWriter(out)
	return frameFile{j.capture}, nil
}

func beginsLikePcapng(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	return err == nil && magic == [4]byte{0x0a, 0x0d, 0x0d, 0x0a}
}

// record takes a record of the pipeline.
func (j *job) record(r *decode.Record) error {
	shown := j.filter.Shows(r)
	j.sum.count(r, shown)
	if j.in.monitor != nil {
		j.in.monitor.record(r)
	}
	if !shown {
		return nil
	}
	if j.keeper != nil {
		j.keeper.Want(keep.Conn{r.Client, r.Server}, r.Time)
	}
	if j.view.record == nil {
		return nil
	}
	return j.row(r.Time, func() error { return j.view.record(r) })
}

// call takes a call of the pipeline.
func (j *job) call(c *timeline.Call) error {
	if j.complete && len(c.FromSIP) > 0 && j.filter.ShowsCall(c) {
		return j.beside(func() error { return j.view.beside.SIPCall(c) })
	}
	if j.view.call == nil || !j.filter.ShowsCall(c) {
		return nil
	}
	return j.row(c.First, func() error { return j.view.call(c) })
}

// found takes a finding of the pipeline that is of no record.
func (j *job) found(o *finding.Occurrence) {
	if !j.filter.ShowsFinding(o) {
		return
	}
	j.sum.found.AddAll(o)
	if j.complete && j.unsaved == nil {
		j.unsaved = j.beside(func() error { return j.view.beside.Finding(o) })
	}
}

// beside writes what is no row behind the latest row, and so to its file.
func (j *job) beside(write func() error) error {
	if out := j.rows.out; out == nil || !out.used {
		if err := j.rows.at(j.now); err != nil {
			return err
		}
	}
	return write()
}

// unclear takes two templates of a profile that one request can match.
func (j *job) unclear(a *profile.Ambiguity) {
	j.found(&finding.Occurrence{
		Finding: finding.Finding{Kind: finding.AmbiguousTemplates, Detail: finding.Detail{Name: a.A.Template.Kind.Slug, Other: a.B.Template.Kind.Slug}},
		Place:   finding.Place{Phone: finding.Phone{MAC: a.A.Phone}},
		Times:   max(1, a.Phones),
	})
}

// row writes a row of a time.
func (j *job) row(at int64, write func() error) error {
	if err := j.rows.at(at); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	if j.rows.rotate.bytes > 0 { // its size decides about the next one
		if err := j.view.Flush(); err != nil {
			return err
		}
	}
	if j.sum.rows++; j.sum.rows == j.count {
		return errEnough
	}
	return nil
}

// batch decodes a batch, and writes what came of it where somebody waits for
// it.
func (j *job) batch(b *capture.Batch) error {
	j.progress.clear()
	j.sum.problems(b.Problems)
	j.now = max(j.now, b.Now)
	if n := len(b.Frames); n > 0 {
		j.now = max(j.now, b.Frames[n-1].Time)
	}
	if err := cmp.Or(j.pipeline.Batch(b), j.unsaved); err != nil {
		return err
	}
	if err := j.keep(b); err != nil {
		return err
	}
	j.progress.update()
	if !j.in.follow {
		return nil
	}
	if err := j.flush(); err != nil || !j.in.live {
		return err
	}
	return j.pass()
}

// slack is how much longer than a response a row may take: what a stream waits
// for a hole in it to be filled.
const slack = 5 * time.Second

// pass lets the time pass that a live source has reached.
func (j *job) pass() error {
	if err := j.rows.tick(j.now - int64(j.decode.ResponseTimeout+slack)); err != nil {
		return err
	}
	if j.frames != nil {
		if err := j.frames.tick(j.now - int64(j.decode.ResponseTimeout+keepTime)); err != nil {
			return err
		}
	}
	if j.in.monitor != nil {
		j.in.monitor.publish(j.pipeline.Summary())
	}
	if err := j.losses.tell(j.now); err != nil {
		return err
	}
	if out := j.rows.out; out != nil && out.file == nil && hungUp(out.to) {
		return out.failed(syscall.EPIPE) // else it would be seen with the next row
	}
	select {
	case <-j.in.hangup:
		j.reopen()
	default:
	}
	return nil
}

// reopen begins the output files anew.
func (j *job) reopen() {
	for _, s := range []*series{j.rows, j.frames} {
		if s == nil {
			continue
		}
		if err := s.reopen(); err != nil {
			fmt.Fprintf(j.stderr, "actionurl: SIGHUP: %v\n", err)
		}
	}
}

// keep passes on the frames of which it is known that they matter, and the
// secrets that decrypt them.
func (j *job) keep(b *capture.Batch) error {
	if j.keeper == nil {
		return nil
	}
	for i := range b.Secrets {
		if err := j.capture.Secret(&b.Secrets[i]); err != nil {
			return err
		}
	}
	return j.keeper.Advance(j.now)
}

// flush writes what waits in buffers.
func (j *job) flush() error {
	if err := j.rows.flush(); err != nil || j.frames == nil {
		return err
	}
	return j.frames.flush()
}

// end writes what is not written yet, and the summary. What is live will not
// come again, so of it all is written that can be.
func (j *job) end(writing, reading error) error {
	if writing == nil {
		writing = cmp.Or(j.pipeline.Flush(), j.unsaved)
	}
	if writing == nil || writing == errEnough {
		writing = j.last()
	}
	j.progress.clear()
	failed := cmp.Or(writing, reading)
	if j.losses != nil {
		failed = cmp.Or(failed, j.losses.rest(j.now))
	}
	if failed == nil && j.complete {
		failed = j.beside(func() error { return j.view.beside.End(j.now) })
	}
	if failed == nil || j.in.live {
		failed = cmp.Or(failed, j.close())
	}
	if failed == nil || j.in.live {
		j.summarize()
	}
	switch {
	case failed != nil:
		return &statusError{statusFailed, failed}
	case j.sum.damaged > 0:
		return &statusError{status: statusDamaged}
	}
	return nil
}

// last writes the rows of the end.
func (j *job) last() error {
	if j.view.end == nil {
		return nil
	}
	if err := j.rows.at(j.now); err != nil {
		return err
	}
	var err error
	j.sum.rows, err = j.view.end(j.pipeline)
	return err
}

// summarize prints the summary.
func (j *job) summarize() {
	j.sum.print(j.pipeline.Summary())
	if j.losses != nil {
		j.losses.print()
	}
	if j.keeper != nil {
		j.sum.kept(j.write, j.keeper.Counts)
	}
}

// close ends the outputs.
func (j *job) close() error {
	err := j.rows.close()
	if j.keeper != nil {
		err = errors.Join(err, j.keeper.Flush(), j.frames.close())
	}
	return err
}

// abandon ends the outputs of a run that failed.
func (j *job) abandon() {
	j.rows.abandon()
	j.frames.abandon()
}

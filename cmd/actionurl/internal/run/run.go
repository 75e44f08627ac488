// Package run is one run of the program: it decodes an input, writes what the
// filter shows, and ends with a summary.
//
//  1. An input passes what it reads to the run: the batches of captures, live
//     or not, or saved records (input.go).
//  2. Package decode makes records, calls and findings of captures, its package
//     analysis alone of saved records.
//  3. What the filter shows becomes the rows of a view (view.go); the frames
//     of its connection go to a capture (frames.go).
//  4. Losses of a live input are reported while they grow (losses.go); the
//     summary reports what was read, and what could not be (summary.go).
package run

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"actionurl/capture"
	"actionurl/capture/files"
	"actionurl/capture/filter"
	"actionurl/capture/pcapfile"
	"actionurl/decode"
	"actionurl/decode/finding"
	"actionurl/decode/keep"
	"actionurl/decode/packet"
	"actionurl/decode/profile"
	"actionurl/decode/timeline"
	"actionurl/decode/verdict"
	"actionurl/report"
	"actionurl/report/hep"
	"actionurl/report/output"
	"actionurl/report/publish"
	"actionurl/report/redact"
)

// A Config says what to make of an input.
type Config struct {
	Decode  decode.Config  // Call, Found, Live, Lost and Segment are the run's
	Filter  report.Filter  // of rows
	Options report.Options // Width, Height, Live, Continued and Complete are the run's
	Columns int            // width of a table where standard output is not a terminal; 0 for that of its cells

	Output   string // where the rows go; "-" for standard output
	Frames   string // where the frames of their connections go; empty for nowhere
	Rotate   output.Rotation
	Count    int  // rows after which the run ends; 0 for no such end
	Complete bool // write what requests lack, too
	Verbose  bool // report each frame that could not be decoded

	Publisher *publish.Publisher // of what is shown, beside the rows; nil for none
	HEP       *hep.Sender        // of the events that are shown; nil for none

	Redact *redact.Redactor // of all that is written; nil for nothing

	Capture   *filter.Filter      // of frames; nil for none
	Ambiguous []profile.Ambiguity // in the profiles, for the view of findings

	// Ready is called when the outputs are open, with the folders that stay in
	// use; nil for nothing.
	Ready       func(outputs []string)
	KeepSecrets bool      // write the TLS secrets of captures with the frames
	KeyLog      io.Reader // TLS secrets, which may grow; nil for none

	Verdict Verdict

	// Together decodes on one goroutine, so that the caller can recover a panic.
	Together bool
	// Only, unless nil, chooses records beside the filter.
	Only func(*decode.Record) bool
	// Batch, unless nil, gets each batch of a capture that the filter has passed.
	Batch func(*capture.Batch)
	// Reached, unless nil, gets how far the run has come, now and then.
	Reached func(Progress)

	Stdout, Stderr io.Writer
}

// A Progress is how far a run has come.
type Progress struct {
	Read, Size int64 // bytes; a Size of 0 is not known
	Lost       int   // frames that a live source lost, and what was lost after it
}

// A Verdict says how the verdict of the end is written.
type Verdict struct {
	Name  string    // of what is read, in a few words
	Alone io.Writer // gets it in place of rows, which are not written; nil for Config.Stderr, after them
	Notes bool      // list each note
	Color bool
	Width int              // columns of a terminal; 0 for none
	Fail  finding.Severity // findings as grave as this make ErrFound the error of the run; valid iff Fails
	Fails bool
}

// ErrFound is the error of a run that found what Verdict.Fail asks for.
var ErrFound = errors.New("findings")

// ErrDamaged is the error of a run that is complete except for damaged parts of
// the input, which it has reported.
var ErrDamaged = errors.New("part of the input is damaged")

// errEnough ends a run that has shown as many rows as were asked for.
var errEnough = errors.New("enough rows")

// A decoder makes records of an input, and hands them to the run.
type decoder interface {
	Close() error
	Flush() error
	Phones() []*decode.Phone
	Summary() decode.Summary
}

// A run is one run over an input.
type run struct {
	Config
	in       input
	live     *Live // in, where that is live; else nil
	goesOn   bool  // in is collected, until somebody stops that
	progress *progress
	sum      summary
	verdict  *verdict.Collector

	decoder    decoder          // nil when all rows are made, unless it is live
	decoded    decode.Summary   // of decoder, then
	pipeline   *decode.Pipeline // the decoder of captures; nil of saved records
	losses     *losses          // nil if in is not live
	now        int64            // the time that the capture has reached
	rows       *output.Series
	view       *viewer
	shown      map[*timeline.Phone]bool // see newPhoneViewer
	calls      map[callKey]bool         // open calls with a request that is shown
	captureEnd int64                    // the end of the capture, where the filter needs it
	begun      bool                     // the filter knows when the capture begins
	frames     *frames                  // nil without Config.Frames
	publisher  *publisher               // nil without Config.Publisher

	durable *collected // in, where it continues after a kill; else nil
	skip    int        // rows of the record that are not written, as they are already
	wrote   int        // rows of it so far

	unlisted int // values of variables that have no column

	unsaved error // the first of writing findings
}

// A callKey is what a call keeps from its first event on.
type callKey struct {
	phone netip.Addr
	first int64
}

func keyOf(c *timeline.Call) callKey { return callKey{c.Address, c.First} }

// over runs over an input.
func (r *run) over(in input) error {
	r.in, r.progress, r.shown, r.calls = in, newProgress(r.Stderr, in, r.Reached), map[*timeline.Phone]bool{}, map[callKey]bool{}
	r.verdict = verdict.New()
	r.sum = summary{w: r.Stderr, view: r.Filter.View, templates: len(r.Decode.Templates), filter: r.Capture != nil}
	if r.KeyLog != nil && in.follow() {
		r.Decode.Secrets.Grow()
		r.KeyLog = follow(r.KeyLog)
	}
	if r.sum.logged = r.KeyLog != nil; r.sum.logged || r.Decode.Secrets.Any() {
		r.sum.secrets = r.Decode.Secrets
	}
	_, files := in.(captures)
	r.sum.saved = r.live == nil && !files
	if r.Verdict.Alone != nil {
		r.sum.view = noView
	}
	var err error
	if r.Filter.NeedsEnd() {
		if r.captureEnd, err = in.End(); err != nil {
			return err
		}
	}
	defer r.abandon()
	if err := r.open(); err != nil {
		return err
	}
	if err := r.ready(); err != nil {
		return err
	}
	if r.live != nil {
		r.losses = newLosses(r)
	}
	if r.Publisher != nil {
		var err error
		if r.publisher, err = newPublisher(r.Publisher, r.Options.Sensor); err != nil {
			return err
		}
	}
	if r.Verbose {
		r.Decode.Lost = func(l decode.Loss) {
			r.progress.clear()
			report.Logf(r.Stderr, "%s", r.message(l.String()))
		}
	}
	r.Decode.Call, r.Decode.Found = r.call, r.found
	// Where calls are not what is shown, their order does not matter.
	r.Decode.Live = in.follow() || r.Complete || r.publisher != nil || r.Filter.View != report.Calls
	in.begin(r)
	for i := range r.Ambiguous {
		r.ambiguous(&r.Ambiguous[i])
	}
	return r.end(in.feed(r))
}

// open opens the outputs.
func (r *run) open() error {
	to := output.Destination{
		Name: r.Output, Stdout: r.Stdout, Inputs: r.in.Files(), Live: r.live != nil || r.goesOn,
		Rotate: r.Rotate, Zone: r.Options.Clock.Zone(),
		Say: func(what string) {
			r.progress.clear()
			report.Logf(r.Stderr, "%s", what)
		},
	}
	if output.IsTerminal(r.Stdout) {
		to.Before = r.progress.clear
	}
	rows := to
	if !r.Options.Format.Whole {
		rows.Whole = output.Lines
	}
	if r.durable != nil {
		rows.Again, rows.Live = true, rows.Live && r.durable.mode != publish.Anew
		rows.Naming = func(from, to string) error { return r.durable.from.CommitNaming(r.wrote, from, to) }
	}
	var err error
	if r.rows, err = output.New(rows, r.beginRows); err != nil || r.Frames == "" {
		return err
	}
	to.Name, to.Thing, to.Private, to.Whole = r.Frames, "frame", true, pcapfile.Whole
	r.frames, err = newFrames(to, &r.Decode, r.KeepSecrets)
	return err
}

func (r *run) beginRows(out *output.Output) (output.Part, error) {
	if r.Verdict.Alone != nil {
		r.view = &viewer{Part: noRows{}}
		return r.view, nil
	}
	o := r.Options
	o.Width, o.Height = out.Terminal()
	if o.Width == 0 && r.Output == "-" {
		o.Width = r.Columns
	}
	o.Live, o.Continued, o.Complete = r.in.follow(), out.Continued, r.Complete
	o.Unlisted, o.Name = &r.unlisted, r.Verdict.Name
	var err error
	r.view, err = newViewer(out, o, r.Filter.View, r.shown, r.findings, r.verdict)
	return r.view, err
}

// record takes a record of the decoder.
func (r *run) record(rec *decode.Record) error {
	shown := r.Filter.Shows(rec) && (r.Only == nil || r.Only(rec))
	r.sum.count(rec)
	plain := rec
	if r.Redact != nil && (shown || rec.Event == nil) {
		rec = r.Redact.Record(rec)
	}
	if shown || rec.Event == nil {
		r.verdict.Record(rec)
	}
	if r.live != nil && r.live.Metrics != nil {
		r.live.Metrics.Record(rec)
	}
	if !shown {
		return nil
	}
	if r.frames != nil {
		r.frames.keeper.Want(keep.Conn{rec.Client, rec.Server}, rec.Time)
	}
	if rec.Call != nil && (r.view.call != nil || r.Complete) {
		r.calls[keyOf(plain.Call)] = true
	}
	if r.publisher != nil {
		if err := r.publisher.record(rec); err != nil {
			return err
		}
	}
	if r.HEP != nil {
		if err := r.HEP.Record(rec); err != nil {
			return err
		}
	}
	if r.view.record == nil {
		return nil
	}
	return r.row(rec.Time, func() error { return r.view.record(rec) })
}

// call takes a call of the decoder. It is shown if a request of it is.
func (r *run) call(c *decode.Call) error {
	key := keyOf(c.Call)
	shown := r.calls[key]
	delete(r.calls, key)
	if r.Redact != nil {
		c = r.Redact.Call(c)
	}
	if r.publisher != nil && shown && len(c.FromSIP) > 0 {
		if err := r.publisher.call(c.Call); err != nil {
			return err
		}
	}
	switch {
	case !shown:
		return nil
	case r.Complete && len(c.FromSIP) > 0:
		return r.beside(func() error { return r.view.beside.SIPCall(c.Call) })
	case r.view.call == nil:
		return nil
	case r.Options.Format.Run != nil: // whose rows are events
		return r.beside(func() error { return r.view.call(c) })
	}
	return r.row(c.First, func() error { return r.view.call(c) })
}

// found takes a finding of the decoder that is of no record.
func (r *run) found(o *finding.Occurrence) {
	if !r.Filter.ShowsFinding(o) {
		return
	}
	if r.Redact != nil {
		o = r.Redact.Found(o)
	}
	r.verdict.Found(o)
	if r.publisher != nil && r.unsaved == nil {
		r.unsaved = r.publisher.found(o)
	}
	if r.unsaved != nil {
		return
	}
	switch {
	case r.Complete:
		r.unsaved = r.beside(func() error { return r.view.beside.Finding(o) })
	case r.Options.Format.Run != nil:
		r.unsaved = r.beside(func() error {
			r.view.found(o)
			return nil
		})
	}
}

// findings returns what was found that is to be shown, errors first.
func (r *run) findings() []finding.Summary {
	return slices.DeleteFunc(r.verdict.Findings(), func(s finding.Summary) bool { return !r.Filter.ShowsKind(s.Kind) })
}

// fails reports whether something was found that Verdict.Fail asks for.
func (r *run) fails() bool {
	if !r.Verdict.Fails {
		return false
	}
	found := r.findings()
	return len(found) > 0 && found[0].Severity <= r.Verdict.Fail
}

// ambiguous takes two templates of a profile that one request can match.
func (r *run) ambiguous(a *profile.Ambiguity) {
	mac, _ := packet.ParseMAC(a.A.Phone)
	r.found(&finding.Occurrence{
		Finding: finding.New(finding.AmbiguousTemplates, finding.Detail{Name: a.A.Template.Kind.Slug, Other: a.B.Template.Kind.Slug}),
		Place:   finding.Place{Phone: finding.Phone{MAC: mac}},
		Times:   max(1, a.Phones),
	})
}

// begin sets when the capture begins, for the filter.
func (r *run) begin(at int64) {
	if !r.begun {
		r.begun = true
		r.Filter.Anchor(at, r.captureEnd)
	}
}

// beside writes what is not a row after the latest row, to the same file.
func (r *run) beside(write func() error) error {
	if r.skips() {
		return nil
	}
	if err := r.rows.Beside(r.now); err != nil {
		return err
	}
	r.wrote++
	return write()
}

// skips reports whether what is to be written next is written already.
func (r *run) skips() bool {
	if r.wrote >= r.skip {
		return false
	}
	r.wrote++
	return true
}

// row writes a row of a time.
func (r *run) row(at int64, write func() error) error {
	if r.skips() {
		return nil
	}
	if err := r.rows.At(at); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	r.wrote++
	if r.Rotate.Bytes > 0 { // the size decides about the next row
		if err := r.view.Flush(); err != nil {
			return err
		}
	}
	if r.sum.rows++; r.sum.rows == r.Count {
		return errEnough
	}
	return nil
}

// problem reports a problem of the input.
func (r *run) problem(err error) {
	if r.sum.problem(err) {
		r.progress.clear()
		r.sum.say("%s", r.message(err.Error()))
	}
}

// message returns a message without what must not be shown.
func (r *run) message(s string) string {
	if r.Redact == nil {
		return s
	}
	return r.Redact.Message(s)
}

// phones returns the phones as they are shown.
func (r *run) phones(choose func(*decode.Phone) bool) []*decode.Phone {
	phones := slices.DeleteFunc(r.decoder.Phones(), func(p *decode.Phone) bool { return !choose(p) })
	if r.Redact == nil {
		return phones
	}
	return r.Redact.Phones(phones)
}

// batch decodes a batch, and writes what came of it where somebody waits for
// it. What the run has of its own is used in Then alone, by turns with analysis.
func (r *run) batch(b *capture.Batch) error {
	at, timed := b.Now, b.Now > 0
	if len(b.Frames) > 0 {
		at, timed = b.Frames[0].Time, true
	}
	dropped := 0
	if r.Capture != nil {
		r.Capture.Batch(b)
		dropped = r.Capture.Dropped()
	}
	if r.Batch != nil {
		r.Batch(b)
	}
	problems := slices.Clone(b.Problems)
	err := r.pipeline.Then(func() error {
		if timed {
			r.begin(at)
		}
		for i := range problems {
			r.problem(&problems[i])
		}
		return nil
	})
	if err := cmp.Or(err, r.readKeyLog()); err != nil {
		return err
	}
	if err := r.pipeline.Batch(b); err != nil {
		return err
	}
	err = r.pipeline.Then(func() error {
		r.now, r.sum.dropped = r.pipeline.Now(), dropped
		return r.batched(b)
	})
	if r.in.follow() {
		r.pipeline.HandOn()
	}
	return err
}

// batched writes what came of a batch. With frames to write it is the one that was
// decoded last.
func (r *run) batched(b *capture.Batch) error {
	if r.unsaved != nil {
		return r.unsaved
	}
	if r.frames != nil {
		if err := r.frames.batch(b, r.now); err != nil {
			return err
		}
	}
	r.progress.update()
	if !r.in.follow() {
		return nil
	}
	if r.live == nil {
		return r.flush()
	}
	for _, s := range r.outputs() {
		if err := s.FlushAt(r.now); err != nil {
			return err
		}
	}
	return r.pass()
}

// readKeyLog takes what has come of a key log.
func (r *run) readKeyLog() error {
	if r.KeyLog == nil {
		return nil
	}
	if _, err := r.Decode.Secrets.AddLog(r.KeyLog); err != nil {
		return fmt.Errorf("key log: %w", err)
	}
	return nil
}

// flush writes what waits in buffers.
func (r *run) flush() error {
	if err := r.rows.Flush(); err != nil || r.frames == nil {
		return err
	}
	return r.frames.out.Flush()
}

// end writes what is not written yet, and the summary. What is live will not
// come again, so everything of it is written that can be.
func (r *run) end(running, reading error) error {
	if err := r.decoder.Close(); err != nil { // it came before what ended the run on this side
		running, reading = err, nil
	}
	if r.pipeline != nil {
		r.now = r.pipeline.Now()
	}
	if running == nil {
		running = cmp.Or(r.flushDecoder(), r.unsaved)
	}
	if running == nil || running == errEnough {
		running = r.last()
	}
	r.progress.clear()
	failed := cmp.Or(running, reading)
	if r.live != nil {
		failed = cmp.Or(failed, r.losses.rest(r.now))
	}
	if failed == nil && r.Complete {
		failed = r.beside(r.complete)
	}
	var unpublished error
	if r.publisher != nil {
		unpublished = r.publisher.end(r)
	}
	r.decoded = r.decoder.Summary()
	if r.live == nil { // a page needs the memory
		r.decoder, r.pipeline = nil, nil
	}
	if failed == nil || r.live != nil {
		failed = cmp.Or(failed, r.close(), r.summarize(), unpublished, r.lost())
	}
	switch {
	case failed != nil:
		return failed
	case r.fails():
		return ErrFound
	case r.sum.damaged > 0:
		return ErrDamaged
	}
	return nil
}

// flushDecoder has the decoder end what is open, unless the next run continues it.
func (r *run) flushDecoder() error {
	if r.durable != nil && r.durable.unfinished() {
		return nil
	}
	return r.decoder.Flush()
}

// complete writes what the saved events lack at the end.
func (r *run) complete() error {
	for _, p := range r.silent() {
		if err := r.view.beside.SilentPhone(p); err != nil {
			return err
		}
	}
	return r.view.beside.End(r.now)
}

// silent returns the phones that announced nothing and are shown.
func (r *run) silent() []*decode.Phone {
	return r.phones(func(p *decode.Phone) bool { return p.Silent && r.Filter.ShowsSilent(p.Phone) })
}

// last writes the rows of the end.
func (r *run) last() error {
	for _, p := range r.silent() {
		r.verdict.Silent(p)
	}
	if r.view.end == nil {
		return nil
	}
	if err := r.rows.At(r.now); err != nil {
		return err
	}
	rows, err := r.view.end(r.phones(func(p *decode.Phone) bool { return !p.Silent || r.Filter.ShowsSilent(p.Phone) }))
	if r.Options.Format.Run == nil { // which shows phones besides its rows
		r.sum.rows = rows
	}
	return err
}

// summarize prints the summary and the verdict. It returns the error of writing
// a verdict that is the result.
func (r *run) summarize() error {
	reason := r.Filter.Reason()
	if r.Redact != nil && reason != "" { // it repeats what was asked for
		reason = "nothing passes the filter"
	}
	r.sum.print(r.decoded, reason)
	if r.Redact != nil && r.Redact.Beyond() > 0 {
		r.sum.say("warning: %s redacted by a common pseudonym, or not found in texts: too many", report.Plural(r.Redact.Beyond(), "value"))
	}
	if r.live != nil {
		r.losses.print()
	}
	if r.unlisted > 0 {
		r.sum.say("warning: %s without a column: the first rows had no such variables (add vars.NAME to --columns)", report.Plural(r.unlisted, "value"))
	}
	if r.frames != nil {
		n := report.Plural(r.frames.keeper.Counts.Kept, "frame")
		if r.frames.failed != nil {
			r.sum.say("%v; some of %s are missing", r.frames.failed, n)
		} else {
			r.sum.say("%s: %s", r.Frames, n)
		}
		for _, loss := range r.frames.losses() {
			r.sum.say("warning: %s: %v", r.Frames, loss)
		}
	}
	if r.publisher != nil {
		r.publisher.summarize(r)
	}
	if r.HEP != nil {
		sent, failed := r.HEP.Sent()
		r.sum.say("HEP: %s sent, %d failed", report.Plural(sent, "event"), failed)
	}
	v := r.verdict.Verdict()
	o := report.VerdictOptions{
		Name: r.Verdict.Name, Width: r.Verdict.Width, Zone: r.Options.Clock.Zone(), Color: r.Verdict.Color, Notes: r.Verdict.Notes,
	}
	switch {
	case r.Verdict.Alone != nil:
		if err := report.WriteVerdict(r.Verdict.Alone, v, o); err != nil {
			return files.Named("standard output", err)
		}
		return nil
	case r.sum.rows == 0 && r.Filter.Reason() != "": // nothing is shown, so there is no verdict
		return nil
	}
	_ = report.WriteVerdict(r.Stderr, v, o) // where the summary cannot be written, nothing can be reported
	return nil
}

// lost returns an error that says which rows and frames no file has.
func (r *run) lost() error {
	var all []string
	for _, s := range r.outputs() {
		if err := s.Losses(); err != nil {
			all = append(all, err.Error())
		}
	}
	if all == nil {
		return nil
	}
	return errors.New(strings.Join(all, "; "))
}

// close ends the outputs.
func (r *run) close() error {
	err := r.rows.Close()
	if r.frames != nil {
		err = cmp.Or(err, r.frames.close())
	}
	return err
}

// abandon ends the outputs of a run that failed.
func (r *run) abandon() {
	r.rows.Abandon()
	if r.frames != nil {
		r.frames.out.Abandon()
	}
}

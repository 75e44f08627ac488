// Package saved reads files of saved events as one, in the order of time. How a
// line is read is package report's, as it is written there.
package saved

import (
	"context"
	"errors"
	"io"
	"slices"

	"actionurl/capture"
	"actionurl/capture/files"
	"actionurl/capture/pcapfile"
	"actionurl/report"
)

// Records are the records of several files, in the order of time.
type Records struct {
	*files.Input
	ctx    context.Context
	names  []string
	parts  []*part
	opened []io.Closer
	last   *part // whose record was returned
}

// A part is a file, and the next record of it.
type part struct {
	reader *report.Reader
	next   report.Saved
	ready  bool // next is the next one
	over   bool
}

// Open opens files of these names, compressed or not; "-" is standard input. When
// ctx ends, reading does. Where a pipe is silent for long, idle is called.
func Open(ctx context.Context, names []string, stdin io.Reader, idle func()) (*Records, error) {
	f := &Records{Input: files.NewInput(ctx, stdin, idle), ctx: ctx, names: names}
	for _, name := range names {
		if err := f.open(name); err != nil {
			if f.Piped() && ctx.Err() != nil { // it waited for the first bytes of a pipe
				break
			}
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

func (f *Records) open(name string) error {
	from, err := f.Input.Open(name)
	if err != nil {
		return err
	}
	f.opened = append(f.opened, from)
	plain, err := pcapfile.Decompress(from)
	if err != nil {
		return files.Named(name, err)
	}
	f.parts = append(f.parts, &part{reader: report.NewReader(name, plain)})
	return nil
}

// End returns the time of the last record, or files.ErrNoEnd where a file cannot
// be read twice.
func (f *Records) End() (int64, error) {
	if f.Piped() || slices.Contains(f.names, "-") {
		return 0, files.ErrNoEnd
	}
	again, err := Open(f.ctx, f.names, nil, nil)
	if err != nil {
		return 0, err
	}
	defer again.Close()
	var last int64
	for {
		rec, err := again.Next()
		switch {
		case errors.Is(err, io.EOF):
			return last, nil
		case rec != nil:
			last = max(last, rec.Time)
		case !isProblem(err):
			return 0, err
		}
	}
}

func isProblem(err error) bool {
	_, ok := errors.AsType[*report.Problem](err)
	return ok
}

// scouted is how many records of each file Several looks at.
const scouted = 256

// Several reports whether the records are of several sensors: by the first of each
// file, and false where a file cannot be read twice.
func (f *Records) Several() bool {
	if f.Piped() || slices.Contains(f.names, "-") {
		return false
	}
	again, err := Open(f.ctx, f.names, nil, nil)
	if err != nil {
		return false
	}
	defer again.Close()
	var found capture.Sensors
	for _, p := range again.parts {
		for range scouted {
			if err := p.reader.Next(&p.next); err != nil && !isProblem(err) {
				break
			}
			if p.next.Kind == report.SavedRequest && p.next.Request.Exchange != nil {
				found.Add(p.next.Request.Interface.Sensor)
			}
		}
	}
	return len(found) > 1
}

// Close closes the files.
func (f *Records) Close() error {
	var errs []error
	for _, c := range f.opened {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Next returns the next record, which is valid until the next call. It returns a
// *report.Problem for what cannot be read, after which it goes on, and io.EOF at the
// end.
func (f *Records) Next() (*report.Saved, error) {
	if f.last != nil {
		f.last.ready = false
		f.last = nil
	}
	if err := f.Ended(nil); err != nil {
		return nil, err
	}
	for _, p := range f.parts {
		if err := p.read(); err != nil {
			return nil, f.Ended(err)
		}
	}
	if f.last = f.earliest(); f.last == nil {
		return nil, io.EOF
	}
	return &f.last.next, nil
}

// read reads the next record, if that is not done.
func (p *part) read() error {
	if p.ready || p.over {
		return nil
	}
	err := p.reader.Next(&p.next)
	switch {
	case err == nil:
		p.ready = true
		return nil
	case errors.Is(err, io.EOF):
		p.over = true
		return nil
	case pcapfile.IsDamage(err):
		p.over = true
		return p.reader.Problem(errors.Unwrap(err)) // without the name, which the place has
	}
	return err
}

// earliest returns the part whose next record comes first, nil at the end. What
// SIP alone says of a call has the time of the call's first event, and comes
// after that.
func (f *Records) earliest() *part {
	var first *part
	for _, p := range f.parts {
		if !p.over && (first == nil || p.next.Time < first.next.Time || p.next.Time == first.next.Time && p.next.Kind < first.next.Kind) {
			first = p
		}
	}
	return first
}

// Dropped returns how many variables were not read so far, as their lines have
// too many.
func (f *Records) Dropped() int {
	n := 0
	for _, p := range f.parts {
		n += p.reader.Dropped
	}
	return n
}

// Losses returns how many losses of live captures the records mention so far.
func (f *Records) Losses() int {
	n := 0
	for _, p := range f.parts {
		n += p.reader.Losses
	}
	return n
}

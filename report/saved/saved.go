// Package saved reads files of saved events as one, in the order of time. How a
// line is read is package report's, as it is written there.
package saved

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"slices"

	"actionurl/capture"
	"actionurl/capture/files"
	"actionurl/capture/pcapfile"
	"actionurl/report"
	"actionurl/report/parquet"
)

// Records are the records of several files, in the order of time.
type Records struct {
	*files.Input
	ctx     context.Context
	names   []string
	parts   []*part // that are being read, in the order of the names
	waiting []*part // whose time has not come, the earliest first; files are not open meanwhile
	last    *part   // whose record was returned

	dropped, losses int // of parts that are over
}

// A part is a file, and the next record of it.
type part struct {
	name   string
	in     *files.Input
	opened *files.Opened  // nil for a file that waits, and one that is over
	reader reader         // nil until it is begun
	lines  *report.Reader // the reader, or what it reads lines with
	number int            // of the file, as they were named
	least  int64          // no record is before this time
	next   report.Saved
	ready  bool // next is the next one
	over   bool
}

// A reader reads the records of a file.
type reader interface {
	Next(*report.Saved) error
	Problem(error) error
}

// Open opens files of these names, compressed or not; "-" is standard input, a folder
// or pattern stands for the files that it has. When ctx ends, reading does. Where a
// pipe is silent for long, idle is called.
func Open(ctx context.Context, names []string, stdin io.Reader, idle func()) (*Records, error) {
	names, err := expand(names)
	if err != nil {
		return nil, err
	}
	f := &Records{Input: files.NewInput(ctx, stdin, idle), ctx: ctx, names: names}
	for number, name := range names {
		if err := f.open(name, number); err != nil {
			if f.Piped() && ctx.Err() != nil { // it waited for the first bytes of a pipe
				break
			}
			f.Close()
			return nil, err
		}
	}
	slices.SortStableFunc(f.waiting, func(a, b *part) int { return cmp.Compare(a.least, b.least) })
	return f, nil
}

func (f *Records) open(name string, number int) error {
	opened, err := f.Input.Open(name)
	if err != nil {
		return err
	}
	p := &part{name: name, in: f.Input, opened: opened, number: number, least: math.MinInt64}
	f.waiting = append(f.waiting, p)
	if at, _ := opened.At(); at == nil {
		return p.begin()
	}
	// Of many files, only those are open and take memory whose time has come.
	first := *p
	defer first.close()
	p.opened = nil
	if err := first.begin(); err != nil {
		return err
	}
	if r, ok := first.reader.(*parquet.Reader); ok {
		p.least = r.Least()
	} else if first.reader.Next(&first.next) == nil {
		p.least = first.next.Time
	}
	return nil
}

// begin begins to read the file, unless that is done.
func (p *part) begin() (err error) {
	if p.reader != nil {
		return nil
	}
	if p.opened == nil {
		if p.opened, err = p.in.Reopen(p.name); err != nil {
			return err
		}
	}
	var from io.Reader = p.opened
	if at, size := p.opened.At(); at != nil {
		if parquet.Is(at) {
			r, err := parquet.NewReader(p.name, at, size)
			if err != nil {
				return err
			}
			p.reader, p.lines = r, r.Reader
			p.lines.Sensor = sensorOf(p.name)
			return nil
		}
		from = io.NewSectionReader(at, 0, size)
	}
	plain, err := pcapfile.Decompress(from)
	if err != nil {
		return files.Named(p.name, err)
	}
	p.lines = report.NewReader(p.name, plain)
	p.lines.Sensor = sensorOf(p.name)
	p.reader = p.lines
	return nil
}

// close closes the file, if it is open.
func (p *part) close() error {
	if p.opened == nil {
		return nil
	}
	err := p.opened.Close()
	p.opened = nil
	return err
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
	for _, p := range again.waiting {
		if p.begin() != nil {
			continue
		}
		for range scouted {
			if err := p.reader.Next(&p.next); err != nil && !isProblem(err) {
				break
			}
			if p.next.Kind == report.SavedRequest && p.next.Request.Exchange != nil {
				found.Add(p.next.Request.Interface.Sensor)
			}
		}
		p.close()
		*p = part{} // with the memory that it takes
	}
	return len(found) > 1
}

// Close closes the files.
func (f *Records) Close() error {
	var errs []error
	for _, p := range slices.Concat(f.parts, f.waiting) {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

// Next returns the next record, which is valid until the next call. It returns a
// *report.Problem for what cannot be read, after which it continues, and io.EOF at the
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
	f.parts = slices.DeleteFunc(f.parts, func(p *part) bool {
		if p.over {
			f.dropped, f.losses = f.dropped+p.lines.Dropped, f.losses+p.lines.Losses
			p.close()
		}
		return p.over
	})
	f.last = f.earliest()
	for len(f.waiting) > 0 && (f.last == nil || f.waiting[0].least <= f.last.next.Time) {
		if err := f.begin(); err != nil {
			return nil, f.Ended(err)
		}
		f.last = f.earliest()
	}
	if f.last == nil {
		return nil, io.EOF
	}
	return &f.last.next, nil
}

// begin begins to read the first of the parts that wait.
func (f *Records) begin() error {
	p := f.waiting[0]
	f.waiting = f.waiting[1:]
	at, _ := slices.BinarySearchFunc(f.parts, p.number, func(p *part, number int) int { return cmp.Compare(p.number, number) })
	f.parts = slices.Insert(f.parts, at, p)
	if err := p.begin(); err != nil {
		return err
	}
	return p.read()
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
	n := f.dropped
	for _, p := range f.parts {
		n += p.lines.Dropped
	}
	return n
}

// Losses returns how many losses of live captures the records mention so far.
func (f *Records) Losses() int {
	n := f.losses
	for _, p := range f.parts {
		n += p.lines.Losses
	}
	return n
}

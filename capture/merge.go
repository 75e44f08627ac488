package capture

import (
	"cmp"
	"errors"
	"io"
	"slices"
)

// A Part is one of the captures that Merge makes one of.
type Part struct {
	// First is the time of its first frame, in nanoseconds since 1970-01-01
	// UTC; it is not opened before a frame of this time is due.
	First int64
	// Open begins to read it.
	Open func() (Source, error)
}

// Merge returns a source of the frames of several captures, in the order of
// their times. Frames of one capture keep their order. Captures that follow
// each other, as the files of a ring do, are open one at a time. As it waits for
// a frame of each, it is for captures that end; it does not tell the time. It is
// an [io.Closer], for when it is not read to its end.
func Merge(parts ...Part) Source {
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b Part) int { return cmp.Compare(a.First, b.First) })
	return &merged{parts: parts}
}

// merged is a source of several.
type merged struct {
	parts  []Part   // not opened yet
	inputs []*input // open, and not at their end
}

// An input is a source with the batch that its frames are taken from.
type input struct {
	source Source
	batch  Batch
	next   int // frame of batch
}

// due returns the input whose frame is the next, nil if there is none.
func (m *merged) due() *input {
	var first *input
	for _, in := range m.inputs {
		if first == nil || in.batch.Frames[in.next].Time < first.batch.Frames[first.next].Time {
			first = in
		}
	}
	return first
}

func (m *merged) Next(b *Batch) error {
	if len(m.parts) == 0 && len(m.inputs) == 1 && m.inputs[0].next == len(m.inputs[0].batch.Frames) {
		return m.inputs[0].source.Next(b) // it is the only one left
	}
	b.Reset()
	// A batch that is used up may be replaced now, but not before: frames of
	// it were handed out.
	if err := m.refill(b); err != nil {
		return err
	}
	for {
		in := m.due()
		if len(m.parts) > 0 && (in == nil || m.parts[0].First <= in.batch.Frames[in.next].Time) {
			if err := m.open(b); err != nil {
				return err
			}
			continue
		}
		if in == nil {
			break
		}
		b.Frames = append(b.Frames, in.batch.Frames[in.next])
		if in.next++; in.next == len(in.batch.Frames) {
			break
		}
	}
	if len(b.Frames) == 0 && len(b.Problems) == 0 && len(b.Secrets) == 0 {
		return io.EOF
	}
	return nil
}

// Close closes those of the sources that are open and can be closed.
func (m *merged) Close() error {
	var errs []error
	for _, in := range m.inputs {
		if c, ok := in.source.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	m.inputs = nil
	return errors.Join(errs...)
}

// open opens the part that is due.
func (m *merged) open(b *Batch) error {
	source, err := m.parts[0].Open()
	if err != nil {
		return err
	}
	m.parts = m.parts[1:]
	in := &input{source: source}
	if more, err := in.fill(b); !more {
		return err
	}
	m.inputs = append(m.inputs, in)
	return nil
}

// refill gets new batches for the inputs that have used up theirs.
func (m *merged) refill(b *Batch) error {
	var failed error
	m.inputs = slices.DeleteFunc(m.inputs, func(in *input) bool {
		if in.next < len(in.batch.Frames) || failed != nil {
			return false
		}
		more, err := in.fill(b)
		failed = err
		return !more
	})
	return failed
}

// fill gets the next batch with a frame, and reports whether there is one.
// Problems and secrets go to b.
func (in *input) fill(b *Batch) (bool, error) {
	for {
		in.next = 0
		switch err := in.source.Next(&in.batch); err {
		case nil:
			b.Problems = append(b.Problems, in.batch.Problems...)
			b.Secrets = append(b.Secrets, in.batch.Secrets...)
			if len(in.batch.Frames) > 0 {
				return true, nil
			}
		case io.EOF:
			return false, nil
		default:
			return false, err
		}
	}
}

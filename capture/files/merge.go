package files

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"actionurl/capture"
)

// A part is one of the captures that are merged.
type part struct {
	// first is the time of its first frame, in nanoseconds since 1970-01-01
	// UTC; it is not opened before a frame of this time is due.
	first int64
	open  func() (capture.Source, error)
}

// merge returns a source of the frames of several captures, in the order of
// their times. Frames of one capture keep their order. Captures that follow
// each other, as the files of a ring do, are open one at a time. It waits for a
// frame of each capture that is open, and never sets a batch's Now.
func merge(parts []part) *merged {
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.first, b.first) })
	return &merged{parts: parts}
}

// merged is a source of several.
type merged struct {
	parts []part    // not opened yet
	open  []*opened // not at their end
}

// An opened source has the batch that its frames are taken from.
type opened struct {
	source capture.Source
	batch  capture.Batch
	next   int // frame of batch
}

var _ capture.Source = (*merged)(nil)

// maxProblems and maxSecrets bound what a batch has beside frames: 1,024
// problems of 300 bytes and 16 secrets of 512 KiB, 8.3 MiB.
const (
	maxProblems = 1024
	maxSecrets  = 16
)

// Bounds on the captures that are open at a time, as they overlap. What is read of
// each is in a window of 512 KiB, or, of all but maxWide, of 64 KiB as long as no
// record is larger; with 56 KiB of frames that makes 60 MiB, and 140 MiB at the very
// most. What decompressing takes is bounded by maxMemory: 128 MiB, which are two of
// "xz -9".
const (
	maxOpen   = 256
	maxWide   = 64
	maxMemory = 128 << 20
)

// A compressed source says how many bytes decompressing it takes.
type compressed interface{ Memory() int }

// A narrowing source can do with less memory.
type narrowing interface{ Narrow() }

// add adds a source to those that are open.
func (m *merged) add(in *opened) error {
	if len(m.open) == maxOpen {
		return fmt.Errorf("more than %d captures overlap in time; merge some of them first", maxOpen)
	}
	memory := memoryOf(in)
	for _, other := range m.open {
		memory += memoryOf(other)
	}
	if memory > maxMemory && len(m.open) > 0 {
		return fmt.Errorf("decompressing captures that overlap in time takes more than %d MiB; decompress some of them first", maxMemory>>20)
	}
	m.open = append(m.open, in)
	return nil
}

func memoryOf(in *opened) int {
	if c, ok := in.source.(compressed); ok {
		return c.Memory()
	}
	return 0
}

// full reports whether a batch has to be handed on, with frames or without.
func full(b *capture.Batch) bool {
	return len(b.Problems) >= maxProblems || len(b.Secrets) >= maxSecrets
}

// due returns the source whose frame is the next, nil if there is none.
func (m *merged) due() *opened {
	var first *opened
	for _, in := range m.open {
		if first == nil || in.batch.Frames[in.next].Time < first.batch.Frames[first.next].Time {
			first = in
		}
	}
	return first
}

// Next implements [capture.Source].
func (m *merged) Next(b *capture.Batch) error {
	if len(m.parts) == 0 && len(m.open) == 1 && m.open[0].next == len(m.open[0].batch.Frames) {
		return m.open[0].source.Next(b) // it is the only one left
	}
	b.Reset()
	// A batch that is used up may be replaced now, but not before: frames of
	// it were handed out.
	if err := m.refill(b); err != nil {
		return err
	}
	for {
		if full(b) {
			break // a source may lack its next frame, so that none is due
		}
		in := m.due()
		if len(m.parts) > 0 && (in == nil || m.parts[0].first <= in.batch.Frames[in.next].Time) {
			if err := m.openNext(b); err != nil {
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
	if len(b.Frames) == 0 && len(b.Problems) == 0 && len(b.Secrets) == 0 && len(b.Gaps) == 0 {
		return io.EOF
	}
	return nil
}

// Close closes those of the sources that are open and can be closed.
func (m *merged) Close() error {
	var errs []error
	for _, in := range m.open {
		if c, ok := in.source.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	m.open = nil
	return errors.Join(errs...)
}

// openNext opens the part that is due.
func (m *merged) openNext(b *capture.Batch) error {
	source, err := m.parts[0].open()
	if err != nil {
		return err
	}
	m.parts = m.parts[1:]
	in := &opened{source: source}
	if n, ok := source.(narrowing); ok && len(m.open) >= maxWide {
		n.Narrow()
	}
	if more, err := in.fill(b); !more {
		return err
	}
	return m.add(in)
}

// refill gets new batches for the sources that have used up theirs.
func (m *merged) refill(b *capture.Batch) error {
	var failed error
	m.open = slices.DeleteFunc(m.open, func(in *opened) bool {
		if in.next < len(in.batch.Frames) || failed != nil || full(b) {
			return false
		}
		more, err := in.fill(b)
		failed = err
		return !more
	})
	return failed
}

// fill gets the next batch with a frame, and reports whether the source has more.
// Problems and secrets go to b; when that is full, there may be no frame yet.
func (in *opened) fill(b *capture.Batch) (bool, error) {
	for {
		in.next = 0
		switch err := in.source.Next(&in.batch); err {
		case nil:
			b.Problems = append(b.Problems, in.batch.Problems...)
			b.Secrets = append(b.Secrets, in.batch.Secrets...)
			for _, g := range in.batch.Gaps {
				b.Miss(g)
			}
			if len(in.batch.Frames) > 0 || full(b) {
				return true, nil
			}
		case io.EOF:
			return false, nil
		default:
			return false, err
		}
	}
}

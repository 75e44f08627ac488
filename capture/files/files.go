// Package files reads the captures of a run, from files, folders and pipes, as
// one source in the order of time.
//
//  1. [Open] finds the captures, and looks into each, so that what is not a
//     capture is reported before any is read.
//  2. [Captures] merges their frames by time; captures that follow each other,
//     as the files of a ring, are open one at a time.
//
// An [Input] does without captures what they need of the system: it opens,
// counts, and stops waiting when it is interrupted.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
)

// Captures are captures that are read as one.
type Captures struct {
	*Input
	parts  []part
	merged *merged
}

var _ capture.Source = (*Captures)(nil)

// Open finds the captures of these names: files, folders of them, or "-" for
// standard input. When ctx ends, reading does.
func Open(ctx context.Context, names []string, stdin io.Reader) (*Captures, error) {
	if i := slices.Index(names, "-"); i >= 0 && slices.Contains(names[i+1:], "-") {
		return nil, errors.New("-: standard input is named twice")
	}
	c := &Captures{Input: NewInput(ctx, stdin, nil)}
	for _, name := range names {
		if err := c.addName(name); err != nil {
			if c.piped && ctx.Err() != nil { // it waited for the first bytes of a pipe
				break
			}
			return nil, err
		}
	}
	c.merged = merge(c.parts)
	return c, nil
}

// Next implements [capture.Source].
func (c *Captures) Next(b *capture.Batch) error {
	err := c.Ended(nil)
	if err == nil {
		err = c.merged.Next(b)
	}
	if err != nil {
		return c.Ended(err)
	}
	return nil
}

// Close closes what was not read to its end.
func (c *Captures) Close() error { return c.merged.Close() }

// addName adds the captures of one name.
func (c *Captures) addName(name string) error {
	if name == "-" {
		return c.addPipe(name)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return Named(name, err)
	case info.IsDir():
		return c.addFolder(name)
	case !info.Mode().IsRegular():
		return c.addPipe(name)
	}
	return c.addFile(name, info)
}

// addPipe adds what cannot be read twice. Its first frame's time is not known
// without reading it, so it is due at once.
func (c *Captures) addPipe(name string) error {
	f, info, err := c.open(name)
	if err != nil {
		return err
	}
	c.add(info)
	source, err := newSource(name, f)
	if err != nil {
		return err
	}
	c.parts = append(c.parts, part{math.MinInt64, func() (capture.Source, error) { return source, nil }})
	return nil
}

// addFolder adds the captures in a folder and those below it. What is not a
// capture is skipped.
func (c *Captures) addFolder(name string) error {
	before := len(c.parts)
	err := filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if err := c.addFile(path, info); !errors.Is(err, pcapfile.ErrFormat) {
			return err
		}
		return nil
	})
	if err == nil && len(c.parts) == before {
		return fmt.Errorf("%s: contains no captures", name)
	}
	return err
}

// addFile adds a capture file.
func (c *Captures) addFile(name string, info os.FileInfo) error {
	first, err := firstTime(name)
	if err != nil {
		return err
	}
	c.add(info)
	c.parts = append(c.parts, part{first, func() (capture.Source, error) {
		f, _, err := c.open(name)
		if err != nil {
			return nil, err
		}
		return newSource(name, f)
	}})
	return nil
}

// firstTime returns the time of a capture's first frame. One without frames
// comes first: it may have a problem to report.
func firstTime(name string) (int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, Named(name, err)
	}
	s, err := newSource(name, f)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	var b capture.Batch
	for {
		err := s.Next(&b)
		switch {
		case len(b.Frames) > 0:
			return b.Frames[0].Time, nil
		case errors.Is(err, io.EOF):
			return math.MinInt64, nil
		case err != nil:
			return 0, err
		}
	}
}

// A source reads a capture and closes it at its end.
type source struct {
	*pcapfile.Reader
	from io.Closer
}

func newSource(name string, from io.ReadCloser) (*source, error) {
	r, err := pcapfile.Open(name, from)
	if err != nil {
		from.Close()
		return nil, err
	}
	return &source{r, from}, nil
}

// Next implements [capture.Source].
func (s *source) Next(b *capture.Batch) error {
	err := s.Reader.Next(b)
	if err != nil {
		s.Close()
	}
	return err
}

// Close closes the capture.
func (s *source) Close() error { return errors.Join(s.Reader.Close(), s.from.Close()) }

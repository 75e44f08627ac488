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

	"github.com/google/gopacket"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
)

// Captures are captures that are read as one.
type Captures struct {
	*Input
	capture.Packets // for gopacket

	names  []string // of regular files
	parts  []part
	merged *merged
}

var (
	_ capture.Source                    = (*Captures)(nil)
	_ gopacket.PacketDataSource         = (*Captures)(nil)
	_ gopacket.ZeroCopyPacketDataSource = (*Captures)(nil)
)

// Open finds the captures of these names: files, folders of them, or "-" for
// standard input. When ctx ends, reading does.
func Open(ctx context.Context, names []string, stdin io.Reader) (*Captures, error) {
	if i := slices.Index(names, "-"); i >= 0 && slices.Contains(names[i+1:], "-") {
		return nil, errors.New("-: standard input is named twice")
	}
	c := &Captures{Input: NewInput(ctx, stdin, nil)}
	c.Packets = capture.NewPackets(c)
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
func (c *Captures) Close() error {
	c.Stop()
	return c.merged.Close()
}

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
	f, err := c.Input.Open(name)
	if err != nil {
		return err
	}
	source, err := newSource(name, f)
	if err != nil {
		return err
	}
	c.parts = append(c.parts, part{math.MinInt64, func() (capture.Source, error) { return source, nil }})
	return nil
}

// addFolder adds the captures in a folder, or one that a link names, and those below
// it. What is not a capture is skipped.
func (c *Captures) addFolder(name string) error {
	before := len(c.parts)
	err := filepath.WalkDir(name+string(filepath.Separator), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return Named(filepath.Clean(path), err)
		}
		if !entry.Type().IsRegular() {
			return nil
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
	c.names = append(c.names, name)
	c.parts = append(c.parts, part{first, func() (capture.Source, error) {
		f, _, err := c.open(name)
		if err != nil {
			return nil, err
		}
		return newSource(name, f)
	}})
	return nil
}

// End returns the time of the last frame, or ErrNoEnd where a capture cannot be
// read twice.
func (c *Captures) End() (int64, error) {
	var last int64
	for _, name := range c.names {
		if err := eachBatch(name, func(b *capture.Batch) bool {
			for i := range b.Frames {
				last = max(last, b.Frames[i].Time)
			}
			return c.ctx.Err() == nil
		}); err != nil {
			return 0, err
		}
	}
	if len(c.names) < len(c.parts) {
		return 0, ErrNoEnd
	}
	return last, nil
}

// firstTime returns the time of a capture's first frame. One without frames
// comes first: it may have a problem to report.
func firstTime(name string) (int64, error) {
	first := int64(math.MinInt64)
	err := eachBatch(name, func(b *capture.Batch) bool {
		if len(b.Frames) > 0 {
			first = b.Frames[0].Time
		}
		return len(b.Frames) == 0
	})
	return first, err
}

// eachBatch calls do with the batches of a capture file, until that returns false.
func eachBatch(name string, do func(*capture.Batch) bool) error {
	f, err := os.Open(name)
	if err != nil {
		return Named(name, err)
	}
	s, err := newSource(name, f)
	if err != nil {
		return err
	}
	defer s.Close()
	var b capture.Batch
	for {
		switch err := s.Next(&b); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case !do(&b):
			return nil
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

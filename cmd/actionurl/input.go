package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"actionurl/capture"
	"actionurl/capture/filter"
	"actionurl/capture/live"
	"actionurl/capture/pcapfile"
)

// An input is the captures of a run.
type input struct {
	parts  []capture.Part
	files  []os.FileInfo // of all captures that are files
	size   int64         // bytes in all of them; 0 where that is not known
	offset atomic.Int64  // bytes read of them
	follow bool          // somebody may be writing it, so rows are wanted as they come
	live   bool          // it goes on until it is stopped
	stdin  io.Reader
	filter *filter.Filter  // of -f, for captures; nil for none
	ctx    context.Context // its end ends the wait for a pipe

	source  capture.Source // of what is live, in place of parts
	stats   func() []live.Stats
	monitor *monitor         // that is told of everything; nil for none
	hangup  <-chan os.Signal // the outputs are to be begun anew
	ready   func([]string)   // called when the outputs are open, with the folders that stay in use
}

// open returns the source of all frames.
func (in *input) open() capture.Source {
	if in.source != nil {
		return in.source
	}
	return capture.Merge(in.parts...)
}

// each calls do with each batch. It returns the first error of do and that of
// reading.
func (in *input) each(ctx context.Context, do func(*capture.Batch) error) (doing, reading error) {
	source := in.open()
	if c, ok := source.(io.Closer); ok && !in.live { // whoever began to watch an interface ends it
		defer c.Close()
	}
	var b capture.Batch
	for in.live || ctx.Err() == nil { // a live source is stopped, and then ends
		if err := source.Next(&b); err != nil {
			switch {
			case errors.Is(err, io.EOF):
				return nil, nil
			case ctx.Err() != nil && !in.live:
				continue // an interrupt is why it ended
			}
			return nil, err
		}
		if in.filter != nil {
			in.filter.Batch(&b)
		}
		if err := do(&b); err != nil {
			return err, nil
		}
	}
	if in.follow {
		return nil, nil // an interrupt is how such a run ends
	}
	return nil, errors.New("interrupted before the end of the input")
}

// openInput finds the captures of these names: files, folders of them, or "-".
// Each is looked into, so that what is no capture is told before any is read.
// What waits for standard input stops waiting at the end of ctx.
func openInput(ctx context.Context, names []string, stdin io.Reader) (*input, error) {
	in := &input{ctx: ctx, stdin: stdin}
	for _, name := range names {
		if err := in.add(name); err != nil {
			return nil, err
		}
	}
	if in.follow {
		in.size = 0
	}
	return in, nil
}

// add adds the captures of one name.
func (in *input) add(name string) error {
	if name == "-" {
		return in.addStdin()
	}
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, cause(err))
	}
	if info.IsDir() {
		return in.addFolder(name)
	}
	return in.addFile(name, info)
}

func (in *input) addStdin() error {
	for _, p := range in.parts {
		if p.First == math.MinInt64 {
			return errors.New("-: standard input is named twice")
		}
	}
	if f, ok := in.stdin.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			in.files = append(in.files, info)
			in.size += info.Size()
		} else {
			in.follow = true
		}
	} else {
		in.follow = true
	}
	from := in.stdin
	if in.follow {
		from = &abandonable{ctx: in.ctx, r: from}
	}
	source, err := pcapfile.Open("-", &counter{from, &in.offset})
	if err != nil {
		return err
	}
	// It cannot be looked into without reading it, so it is due at once.
	in.parts = append(in.parts, capture.Part{First: math.MinInt64, Open: func() (capture.Source, error) { return source, nil }})
	return nil
}

// addFolder adds the captures in a folder and those below it. What is no
// capture is passed over.
func (in *input) addFolder(name string) error {
	before := len(in.parts)
	err := filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if err := in.addFile(path, info); err != nil && !errors.Is(err, pcapfile.ErrFormat) {
			return err
		}
		return nil
	})
	if err == nil && len(in.parts) == before {
		return fmt.Errorf("%s: holds no captures", name)
	}
	return err
}

// addFile adds a capture file.
func (in *input) addFile(name string, info os.FileInfo) error {
	if !info.Mode().IsRegular() { // a pipe with a name cannot be read twice
		in.follow = true
		source, err := openPipe(in.ctx, name, &in.offset)
		if err != nil {
			return err
		}
		in.parts = append(in.parts, capture.Part{First: math.MinInt64, Open: func() (capture.Source, error) { return source, nil }})
		return nil
	}
	first, err := firstTime(name)
	if err != nil {
		return err
	}
	in.files = append(in.files, info)
	in.size += info.Size()
	in.parts = append(in.parts, capture.Part{First: first, Open: func() (capture.Source, error) { return openFile(name, &in.offset) }})
	return nil
}

// firstTime returns the time of a capture's first frame. One without frames
// comes first: it may have something to say of itself.
func firstTime(name string) (int64, error) {
	var unused atomic.Int64
	source, err := openFile(name, &unused)
	if err != nil {
		return 0, err
	}
	defer source.Close()
	var b capture.Batch
	for {
		err := source.Next(&b)
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

// A fileSource reads a capture file and closes it at its end.
type fileSource struct {
	*pcapfile.Reader
	file *os.File
}

// openFile opens a capture file, and counts what is read of it.
func openFile(name string, offset *atomic.Int64) (*fileSource, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, cause(err))
	}
	return newFileSource(name, f, &counter{f, offset})
}

// openPipe opens a pipe that has a name.
func openPipe(ctx context.Context, name string, offset *atomic.Int64) (*fileSource, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, cause(err))
	}
	return newFileSource(name, f, &counter{&abandonable{ctx: ctx, r: f}, offset})
}

func newFileSource(name string, f *os.File, from io.Reader) (*fileSource, error) {
	r, err := pcapfile.Open(name, from)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &fileSource{r, f}, nil
}

// Next implements [capture.Source].
func (s *fileSource) Next(b *capture.Batch) error {
	err := s.Reader.Next(b)
	if err != nil {
		s.Close()
	}
	return err
}

// Close closes the file.
func (s *fileSource) Close() error { return errors.Join(s.Reader.Close(), s.file.Close()) }

// idleTime is how long a pipe is silent before what has come of it is shown.
const idleTime = 500 * time.Millisecond

// An abandonable reader fails when ctx ends, though it be in the middle of a
// wait for bytes. What reads it then must leave the buffer alone: a reader
// that was waiting may still fill it. Where the wait is long, idle is called,
// if set, while it goes on.
type abandonable struct {
	ctx  context.Context
	r    io.Reader
	idle func()
}

func (a *abandonable) Read(b []byte) (int, error) {
	if err := a.ctx.Err(); err != nil {
		return 0, err
	}
	type result struct {
		n   int
		err error
	}
	read := make(chan result, 1)
	go func() {
		n, err := a.r.Read(b)
		read <- result{n, err}
	}()
	var silent <-chan time.Time
	if a.idle != nil {
		silent = time.After(idleTime)
	}
	for {
		select {
		case r := <-read:
			return r.n, r.err
		case <-silent:
			a.idle()
		case <-a.ctx.Done():
			return 0, a.ctx.Err()
		}
	}
}

// A counter counts the bytes read.
type counter struct {
	io.Reader
	n *atomic.Int64 // what is compressed is read in a goroutine of its own
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}

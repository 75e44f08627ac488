package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// ErrInterrupted is the error of reading where its context ends before the
// input does. A pipe ends with its context instead, as a live view does.
var ErrInterrupted = errors.New("interrupted before the end of the input")

// ErrNoEnd is the error for an input whose end cannot be known in advance.
var ErrNoEnd = errors.New("the end of a pipe or a live capture is not known")

// An Input is the files and pipes of a run. It counts what is read of them, and
// stops waiting for a pipe when its context ends.
type Input struct {
	ctx   context.Context
	stop  context.CancelFunc
	stdin io.Reader
	idle  func() // called while a pipe is silent; nil for nothing

	regular []os.FileInfo
	size    int64
	read    atomic.Int64 // what is compressed is read in a goroutine of its own
	piped   bool
}

// NewInput returns an Input without files; "-" is stdin. Where a pipe
// is silent for long, idle is called, if set.
func NewInput(ctx context.Context, stdin io.Reader, idle func()) *Input {
	in := &Input{stdin: stdin, idle: idle}
	in.ctx, in.stop = context.WithCancel(ctx)
	return in
}

// Stop stops waiting for a pipe, as the end of the context does. Any goroutine may
// call it.
func (in *Input) Stop() { in.stop() }

// Files returns the regular files.
func (in *Input) Files() []os.FileInfo { return in.regular }

// Piped reports whether some of the input is a pipe or a device, to which
// somebody may still be writing.
func (in *Input) Piped() bool { return in.piped }

// Progress returns how many bytes were read, and how many there are, 0 where
// that is not known.
func (in *Input) Progress() (read, size int64) {
	if in.piped {
		return in.read.Load(), 0
	}
	return in.read.Load(), in.size
}

// An Opened is a file or pipe that is read.
type Opened struct {
	io.Reader
	io.Closer
	file *os.File // nil where it is not a regular file
	size int64
	n    *atomic.Int64
}

// At returns what reads the file at any place, and the file's size. It is nil for
// what is not a regular file.
func (o *Opened) At() (io.ReaderAt, int64) {
	if o.file == nil {
		return nil, 0
	}
	return &counterAt{o.file, o.n}, o.size
}

// Open opens a file, or takes standard input for "-".
func (in *Input) Open(name string) (*Opened, error) {
	f, info, err := in.open(name)
	if err != nil {
		return nil, err
	}
	if info != nil && info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s: is a folder; expected a file", name)
	}
	in.add(info)
	return f, nil
}

// Reopen opens a file of the input once more.
func (in *Input) Reopen(name string) (*Opened, error) {
	f, _, err := in.open(name)
	return f, err
}

// open opens a file without adding it. Its info is nil where it has none.
func (in *Input) open(name string) (*Opened, os.FileInfo, error) {
	from, closer := in.stdin, io.Closer(io.NopCloser(nil))
	if name != "-" {
		f, err := in.openFile(name)
		if err != nil {
			return nil, nil, Named(name, err)
		}
		from, closer = f, f
	}
	var info os.FileInfo
	file, ok := from.(*os.File)
	if ok {
		info, _ = file.Stat()
	}
	o := &Opened{Closer: closer, n: &in.read}
	if isRegular(info) {
		o.file, o.size = file, info.Size()
	} else {
		from = &abandonable{ctx: in.ctx, r: from, idle: in.idle}
	}
	o.Reader = &counter{from, &in.read}
	return o, info, nil
}

// openFile opens a file. A named pipe waits for who writes to it, or for the end of
// the context.
func (in *Input) openFile(name string) (*os.File, error) {
	if info, err := os.Stat(name); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return os.Open(name)
	}
	type result struct {
		f   *os.File
		err error
	}
	opened := make(chan result, 1)
	go func() {
		f, err := os.Open(name)
		opened <- result{f, err}
	}()
	select {
	case r := <-opened:
		return r.f, r.err
	case <-in.ctx.Done():
		in.piped = true
		return nil, in.ctx.Err()
	}
}

// add adds a file to what is read.
func (in *Input) add(info os.FileInfo) {
	if !isRegular(info) {
		in.piped = true
		return
	}
	in.regular = append(in.regular, info)
	in.size += info.Size()
}

func isRegular(info os.FileInfo) bool { return info != nil && info.Mode().IsRegular() }

// Ended returns what an error of reading means, nil if there is more to read: the
// end of the context may be its cause.
func (in *Input) Ended(err error) error {
	switch {
	case in.ctx.Err() == nil || errors.Is(err, io.EOF):
		return err
	case in.piped:
		return io.EOF
	}
	return ErrInterrupted
}

// Named puts the name of a file before an error.
func Named(name string, err error) error { return fmt.Errorf("%s: %w", name, Cause(err)) }

// Cause returns an error of the operating system without the name of the file.
func Cause(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err
	}
	return err
}

// idleTime is how long a pipe is silent before what has come of it is shown.
const idleTime = 500 * time.Millisecond

// An abandonable reader fails when ctx ends, even while it waits for bytes.
// What reads it then must leave the buffer alone: a reader that was waiting may
// still fill it. Where the wait is long, idle is called, if set.
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
	n *atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// A counterAt counts the bytes read.
type counterAt struct {
	io.ReaderAt
	n *atomic.Int64
}

func (c *counterAt) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(b, at)
	c.n.Add(int64(n))
	return n, err
}

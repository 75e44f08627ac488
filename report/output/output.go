// Package output writes results: to standard output, to devices and pipes, and
// to files, which get their names when they are whole and can be rotated.
//
//  1. A [Destination] says where.
//  2. A [Series] is what is written there: one [Output] after the other, as the
//     [Rotation] says.
package output

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/klauspost/compress/gzip"

	"actionurl/capture/files"
)

// A Destination says where an output goes, and how.
type Destination struct {
	Name   string        // as it was given; "-" for standard output
	Stdout io.Writer     // standard output
	Inputs []os.FileInfo // files that are read, and must not be written
	Live   bool          // it grows until it is stopped, and is read meanwhile
	Rotate Rotation
	Zone   *time.Location // of the times in names
	Before func()         // called before each write to standard output, if set
}

// rotates reports whether it becomes several files.
func (d *Destination) rotates() bool { return d.Rotate != Rotation{} && Timed(d.Name) }

// An Output is standard output, a device, a pipe, or a file.
//
// A file gets its name when it is whole. A live one that is not rotated has
// its name from the beginning, for who follows it, and is added to.
type Output struct {
	*Destination
	Continued bool // it had content before
	Gzip      bool // what is written is compressed

	to      io.Writer
	file    *os.File     // nil for standard output
	gzip    *gzip.Writer // before the file; nil for none
	regular bool         // the file is not a device or a pipe
	partial bool         // the file does not have its name yet
	size    int64        // bytes written to the file
	pending bool         // gzip may hold something back
	used    bool         // a row or a frame was written
	first   int64        // and the time of the first
}

// WriteFile writes data to a destination of this name.
func WriteFile(name string, stdout io.Writer, data []byte) error {
	o, err := (&Destination{Name: name, Stdout: stdout}).open()
	if err != nil {
		return err
	}
	if _, err := o.Write(data); err != nil {
		o.abandon()
		return err
	}
	return o.close()
}

// open begins an output.
func (d *Destination) open() (*Output, error) {
	o := &Output{Destination: d}
	if d.Name == "-" || d.Name == "" {
		o.to = d.Stdout
		return o, nil
	}
	if err := o.openFile(); err != nil {
		return nil, files.Named(d.Name, err)
	}
	o.to = counting{o.file, &o.size}
	if o.Gzip = strings.HasSuffix(d.Name, ".gz"); o.Gzip {
		o.gzip = gzip.NewWriter(o.to)
		o.to = o.gzip
	}
	return o, nil
}

func (o *Output) openFile() error {
	info, err := os.Stat(o.Name)
	exists := err == nil
	switch {
	case exists && info.IsDir():
		return errors.New("is a folder; expected the name of a file to write")
	case exists && !info.Mode().IsRegular():
		o.file, err = os.OpenFile(o.Name, os.O_WRONLY, 0)
		return err
	}
	o.regular = true
	for _, in := range o.Inputs {
		if exists && os.SameFile(info, in) {
			return errors.New("is also the input; expected another file to write")
		}
	}
	if o.Live && !o.rotates() {
		o.Continued = exists && info.Size() > 0
		o.file, err = os.OpenFile(o.Name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		return err
	}
	o.partial = true
	partial := filepath.Join(filepath.Dir(o.Name), fmt.Sprintf(".%s.%d.partial", filepath.Base(o.Name), os.Getpid()))
	o.file, err = os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	return err
}

func (o *Output) Write(b []byte) (int, error) {
	if o.Before != nil && o.file == nil {
		o.Before()
	}
	o.pending = true
	n, err := o.to.Write(b)
	return n, o.failed(err)
}

// failed names the output in an error of writing it.
func (o *Output) failed(err error) error {
	if err == nil {
		return nil
	}
	name := o.Name
	if o.file == nil {
		name = "standard output"
	}
	return files.Named(name, err)
}

// Terminal returns the size of the terminal that the output is, zeros if it is
// none.
func (o *Output) Terminal() (width, height int) {
	if o.file != nil {
		return 0, 0
	}
	return TerminalSize(o.to)
}

// hungUp returns the error of writing to standard output that nobody reads any
// more: a pipe that is closed, and would else be noticed with the next row.
func (o *Output) hungUp() error {
	if o.file != nil || !hungUp(o.to) {
		return nil
	}
	return o.failed(syscall.EPIPE)
}

// flush hands what was written to the system.
func (o *Output) flush() error {
	if o.gzip == nil || !o.pending {
		return nil
	}
	o.pending = false
	return o.failed(o.gzip.Flush())
}

// close ends the output. A file that is whole gets its name.
func (o *Output) close() error {
	if o.file == nil {
		return nil
	}
	var err error
	if o.gzip != nil {
		err = o.gzip.Close()
	}
	if err = errors.Join(err, o.file.Close()); err != nil {
		o.remove()
		return o.failed(err)
	}
	switch {
	case !o.partial:
		return nil
	case o.rotates() && !o.used:
		return o.failed(os.Remove(o.file.Name()))
	}
	return o.failed(os.Rename(o.file.Name(), o.final()))
}

// final returns the name of the file when it is whole. A rotated one does not
// replace a file that exists.
func (o *Output) final() string {
	if !o.rotates() {
		return o.Name
	}
	name := stamped(o.Name, time.Unix(0, o.first).In(o.Zone))
	dir, base := filepath.Split(name)
	stem, extension := base, ""
	if dot := strings.IndexByte(base, '.'); dot > 0 {
		stem, extension = base[:dot], base[dot:]
	}
	for n := 1; ; n++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) || n == 10_000 {
			return name
		}
		name = filepath.Join(dir, fmt.Sprintf("%s-%d%s", stem, n, extension))
	}
}

// abandon ends an output that could not be written. A file without its name is
// removed; that of a live run stays, as what is in it will not come again.
func (o *Output) abandon() {
	if o.file != nil {
		o.file.Close()
		o.remove()
	}
}

func (o *Output) remove() {
	if o.partial && !o.Live {
		os.Remove(o.file.Name())
	}
}

// counting counts the bytes written.
type counting struct {
	w io.Writer
	n *int64
}

func (c counting) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	*c.n += int64(n)
	return n, err
}

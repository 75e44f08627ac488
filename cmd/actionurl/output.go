package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// A destination says where an output goes, and how.
type destination struct {
	name   string        // as it was given; "-" for standard output
	stdout io.Writer     // standard output
	inputs []os.FileInfo // files that are read, and must not be written
	live   bool          // it grows for as long as it is let, and is read meanwhile
	rotate rotation
	zone   *time.Location // of the times in names
	before func()         // called before each write, if set
}

// rotates reports whether it becomes several files.
func (d *destination) rotates() bool { return d.rotate != rotation{} && timed(d.name) }

// An output is where the result goes: standard output, a device, or a file.
//
// A file gets its name when it is whole. But a live one that is not rotated
// has its name from the beginning, for who follows it, and is added to.
type output struct {
	*destination
	to        io.Writer
	file      *os.File     // nil for standard output
	gzip      *gzip.Writer // before the file; nil for none
	regular   bool         // the file is none of devices and pipes
	partial   bool         // the file does not have its name yet
	continued bool         // it had content before
	size      int64        // bytes written to the file
	pending   bool         // gzip may hold something back
	used      bool         // a row or a frame was written
	first     int64        // and the time of the first
}

// open begins an output.
func (d *destination) open() (*output, error) {
	o := &output{destination: d}
	if d.name == "-" || d.name == "" {
		o.to = d.stdout
		return o, nil
	}
	if err := o.openFile(); err != nil {
		return nil, fmt.Errorf("%s: %w", d.name, cause(err))
	}
	o.to = counting{o.file, &o.size}
	if strings.HasSuffix(d.name, ".gz") {
		o.gzip = gzip.NewWriter(o.to)
		o.to = o.gzip
	}
	return o, nil
}

func (o *output) openFile() error {
	info, err := os.Stat(o.name)
	exists := err == nil
	switch {
	case exists && info.IsDir():
		return errors.New("is a directory; expected the name of a file to write")
	case exists && !info.Mode().IsRegular():
		o.file, err = os.OpenFile(o.name, os.O_WRONLY, 0)
		return err
	}
	o.regular = true
	for _, in := range o.inputs {
		if exists && os.SameFile(info, in) {
			return errors.New("is read as a capture; expected another file to write")
		}
	}
	if o.live && !o.rotates() {
		o.continued = exists && info.Size() > 0
		o.file, err = os.OpenFile(o.name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		return err
	}
	o.partial = true
	partial := filepath.Join(filepath.Dir(o.name), fmt.Sprintf(".%s.%d.partial", filepath.Base(o.name), os.Getpid()))
	o.file, err = os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	return err
}

func (o *output) Write(b []byte) (int, error) {
	if o.before != nil {
		o.before()
	}
	o.pending = true
	n, err := o.to.Write(b)
	return n, o.failed(err)
}

// failed names the output in an error of writing it.
func (o *output) failed(err error) error {
	if err == nil {
		return nil
	}
	name := o.name
	if o.file == nil {
		name = "standard output"
	}
	return fmt.Errorf("%s: %w", name, cause(err))
}

// flush hands what was written to the system.
func (o *output) flush() error {
	if o.gzip == nil || !o.pending {
		return nil
	}
	o.pending = false
	return o.failed(o.gzip.Flush())
}

// close ends the output. A file that is whole gets its name.
func (o *output) close() error {
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

// final returns the name of the file when it is whole. One of several does
// not take the place of a file that is there.
func (o *output) final() string {
	if !o.rotates() {
		return o.name
	}
	name := stamped(o.name, time.Unix(0, o.first).In(o.zone))
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

// abandon ends an output that could not be written, or not as it was meant. A
// file without its name is removed; of a live run it stays, as what is in it
// will not come again.
func (o *output) abandon() {
	if o.file != nil {
		o.file.Close()
		o.remove()
	}
}

func (o *output) remove() {
	if o.partial && !o.live {
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

// Package output writes results: to standard output, to devices and pipes, and
// to files, which get their names when they are whole and can be rotated.
//
//  1. A [Destination] says where.
//  2. A [Series] is what is written there: one [Output] after the other, as the
//     [Rotation] says.
//  3. A file that is not whole has a name of its own (partial.go), by which the
//     next run finishes what a killed one left.
//  4. A file that can be written no further, as the disk is full, ends in a
//     whole row; what was compressed, too (compress.go).
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

	"actionurl/capture/files"
)

// A Destination says where an output goes, and how.
type Destination struct {
	Name    string        // as it was given; "-" for standard output
	Stdout  io.Writer     // standard output
	Inputs  []os.FileInfo // files that are read, and must not be written
	Live    bool          // it grows until it is stopped, and is read meanwhile
	Private bool          // it may hold secrets: files are for their owner alone
	Rotate  Rotation
	Zone    *time.Location // of the times in names
	Before  func()         // called before each write to standard output, if set

	// Whole returns how many bytes at the beginning of a file are whole rows,
	// such as [Lines]. It is nil where nothing can be read before the end.
	Whole func(io.Reader) int64

	// Again says that the rows of a killed run are written again: what it left is
	// removed. Naming, if set, is called when a file is whole and on the disk, before
	// it gets its name; not at all if the name is there from the beginning.
	Again  bool
	Naming func(from, to string) error

	Thing string       // what a row is, such as frame; "row" if empty
	Say   func(string) // reports what happens to files, if set
}

// rotates reports whether it becomes several files.
func (d *Destination) rotates() bool { return d.Rotate != Rotation{} && Timed(d.Name) }

// split returns the folder in which files are made, and their name in it: in
// further folders where their names have times.
func (d *Destination) split() (folder, name string) {
	folder, name = filepath.Split(filepath.Clean(d.Name))
	for d.rotates() && strings.Contains(folder, "%") {
		parent, last := filepath.Split(filepath.Clean(folder))
		folder, name = parent, filepath.Join(last, name)
	}
	return filepath.Clean(folder), name
}

// Beside returns the name of a file beside those of the destination, for what is to
// be known of them; empty where it is standard output, a device or a pipe.
func (d *Destination) Beside(extension string) string {
	if d.Name == "-" || d.Name == "" {
		return ""
	}
	if info, err := os.Stat(d.Name); err == nil && !info.Mode().IsRegular() {
		return ""
	}
	if !d.rotates() {
		return d.Name + extension
	}
	folder, name := d.split()
	return filepath.Join(folder, strings.NewReplacer("%", "", string(filepath.Separator), "_").Replace(name)+extension)
}

func (d *Destination) mode() fs.FileMode {
	if d.Private {
		return 0o600
	}
	return 0o666
}

// An Output is standard output, a device, a pipe, or a file.
//
// A file gets its name when it is whole. A live one that is not rotated, and can be
// read before its end, has its name from the beginning, for who follows it, and is
// added to. One that is rotated is made with its first row.
type Output struct {
	*Destination
	Continued  bool // it had content before
	Compressed bool // what is written is compressed

	to      io.Writer // nil until the file is made
	file    *os.File  // nil for standard output
	z       compressor
	root    *os.Root // the folder of the partial file
	partial string   // its name there; empty for a file that has its name
	name    string   // and the one that it gets
	lost    bool     // there is no file: what is written is lost
	size    int64    // of the file, in bytes
	pending bool     // something was written and not flushed
	err     error    // the first of writing, after which nothing is
	rows    int      // rows or frames that were written
	first   int64    // the time of the first
	reached point    // what was compressed so far
	whole   [2]point // the latest ends of whole rows, the last first
}

// used reports whether a row or a frame was written.
func (o *Output) used() bool { return o.rows > 0 }

// begin begins to write to a file, at its end.
func (o *Output) begin(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	o.file = file
	if info.Mode().IsRegular() {
		o.size = info.Size()
	}
	o.whole = [2]point{{size: o.size}, {size: o.size}}
	o.to = counting{file, &o.size}
	if c := compressionOf(o.Name); c != "" {
		o.z = newCompressor(c, o.to)
		o.to = o.z
	}
	return nil
}

func (o *Output) Write(b []byte) (int, error) {
	if o.Before != nil && o.file == nil {
		o.Before()
	}
	if o.to == nil {
		return 0, o.failed(errors.New("is written before its first row"))
	}
	if o.err != nil {
		return 0, o.err
	}
	o.pending = true
	n, err := o.to.Write(b)
	if o.z != nil {
		o.reached.add(b[:n])
	}
	o.err = o.failed(err)
	return n, o.err
}

// failed names the output in an error of writing it.
func (o *Output) failed(err error) error {
	if err == nil {
		return nil
	}
	name := o.Name
	if name == "-" || name == "" {
		name = "standard output"
	}
	return files.Named(name, cause(err))
}

// cause returns an error of the operating system without names of files.
func cause(err error) error {
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		return link.Err
	}
	return files.Cause(err)
}

// Terminal returns the size of the terminal that the output is, zeros if it is
// none.
func (o *Output) Terminal() (width, height int) {
	if o.file != nil || o.to == nil {
		return 0, 0
	}
	return TerminalSize(o.to)
}

// hungUp returns the error of writing to standard output that nobody reads any
// more: a pipe that is closed, and would else be noticed with the next row.
func (o *Output) hungUp() error {
	if o.file != nil || o.to == nil || !hungUp(o.to) {
		return nil
	}
	return o.failed(syscall.EPIPE)
}

// flush hands what was written to the system: whole rows.
func (o *Output) flush() error {
	if !o.pending {
		return nil
	}
	o.pending = false
	if o.z != nil {
		if err := o.z.Flush(); err != nil {
			o.err = o.failed(err)
			return o.err
		}
	}
	o.reached.size = o.size
	o.whole = [2]point{o.reached, o.whole[0]}
	return nil
}

// checkpoint ends what is compressed: what is written then is another member (RFC
// 1952, section 2.2) or frame (RFC 8878, section 3), of which any number make a file.
func (o *Output) checkpoint() error {
	if o.z == nil || o.file == nil || o.reached.n == 0 {
		return nil
	}
	if err := o.z.Close(); err != nil {
		return o.failed(err)
	}
	o.z = newCompressor(compressionOf(o.Name), counting{o.file, &o.size})
	o.to, o.pending = o.z, false
	o.reached = point{size: o.size}
	o.whole = [2]point{o.reached, o.reached}
	return nil
}

// close ends the output. A file that is whole gets its name.
func (o *Output) close() error {
	switch {
	case o.file == nil:
		return nil
	case o.err != nil:
		o.abandon()
		return o.err
	}
	if o.z != nil {
		if err := o.z.Close(); err != nil {
			o.abandon()
			return o.failed(err)
		}
	}
	return o.failed(o.named())
}

// naming calls Naming for a file that is to get a name.
func (o *Output) naming(name string) error {
	if o.Naming == nil {
		return nil
	}
	if renamesOpen {
		if err := o.file.Sync(); err != nil {
			return err
		}
	}
	return o.Naming(filepath.Join(o.root.Name(), o.partial), filepath.Join(o.root.Name(), name))
}

// named closes the file, and gives it its name: while it is locked, where that
// can be, so that no other run takes it for one of a killed run.
func (o *Output) named() error {
	if o.partial == "" {
		return o.file.Close()
	}
	if !renamesOpen {
		if err := o.file.Close(); err != nil {
			return err
		}
	}
	name := o.name
	if o.rotates() { // which replaces no file
		name = freeName(o.root, name, 0)
	}
	if err := o.naming(name); err != nil {
		return err
	}
	err := o.root.Rename(o.partial, name)
	if renamesOpen {
		err = errors.Join(err, o.file.Close())
	}
	return err
}

// abandon ends an output that could not be written. A file without its name is
// removed. That of a live run ends after its last whole row, and gets its name:
// what is in it will not come again.
func (o *Output) abandon() {
	switch {
	case o.file == nil:
		return
	case o.partial != "" && (!o.Live || o.Whole == nil || o.Again):
		o.file.Close()
		o.root.Remove(o.partial)
		return
	case o.Live && o.Whole != nil:
		for i := range o.whole {
			if o.cut(&o.whole[i]) == nil {
				break
			}
		}
	}
	o.named()
}

// truncated reports whether somebody else has cut the file off.
func (o *Output) truncated() bool {
	if o.file == nil {
		return false
	}
	info, err := o.file.Stat()
	return err == nil && info.Mode().IsRegular() && info.Size() < o.size
}

// cut cuts the file off at a point.
func (o *Output) cut(at *point) error {
	if info, err := o.file.Stat(); err != nil || !info.Mode().IsRegular() {
		return err
	}
	if err := o.file.Truncate(at.size); err != nil {
		return err
	}
	_, err := o.file.Write(at.ending(compressionOf(o.Name)))
	return err
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

// WriteFile writes data to a destination.
func WriteFile(d Destination, data []byte) error {
	s, err := New(d, func(out *Output) (Part, error) { return &bytesPart{out, data}, nil })
	if err != nil {
		s.Abandon()
		return err
	}
	return s.Close()
}

// A bytesPart is a part that is written when it is closed.
type bytesPart struct {
	out  *Output
	data []byte
}

func (p *bytesPart) Flush() error { return nil }

func (p *bytesPart) Close() error {
	_, err := p.out.Write(p.data)
	return err
}

// plural returns a number of rows.
func (d *Destination) plural(n int) string {
	thing := d.Thing
	if thing == "" {
		thing = "row"
	}
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

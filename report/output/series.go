package output

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"actionurl/capture/files"
)

// A Part is what is written to one output, from its head to its end.
type Part interface {
	Flush() error
	Close() error
}

// A Series is what is written to a destination: one output after the other, as
// the rotation says. Times are those of the rows and frames, so that a capture
// that is read again makes the same files.
type Series struct {
	destination Destination
	begin       func(*Output) (Part, error)
	rotates     bool     // there are several files
	regular     bool     // what is written is a file
	root        *os.Root // the folder of partial files; nil where there are none
	out         *Output  // nil between two
	part        Part
	period      int64 // of the rotation, that out is of
	lost        int   // rows that no file has
	missed      int   // of these, since there is no file
	reopen      bool  // a file is to be begun anew as soon as that is possible
	ticked      int64 // when it was last looked for the file
	looked      bool  // the file was there since
	flushed     int64 // when something was flushed last
	waiting     bool  // something was written since
}

// New begins to write to a destination: what cannot be written is an error
// before anything is read. Each output begins with begin.
func New(d Destination, begin func(*Output) (Part, error)) (*Series, error) {
	s := &Series{destination: d, rotates: d.rotates(), begin: begin}
	if err := s.prepare(); err != nil {
		return s, files.Named(d.Name, cause(err))
	}
	return s, s.open()
}

func (s *Series) say(format string, args ...any) {
	if s.destination.Say != nil {
		s.destination.Say(fmt.Sprintf(format, args...))
	}
}

// appends reports whether a file has its name from the beginning, and is added
// to.
func (s *Series) appends() bool {
	return s.destination.Live && s.destination.Whole != nil && !s.rotates
}

// prepare finds out what the destination is, opens its folder, and finishes
// what killed runs left there.
func (s *Series) prepare() error {
	d := &s.destination
	if d.Name == "-" || d.Name == "" {
		return nil
	}
	info, err := os.Stat(d.Name)
	exists := err == nil
	switch {
	case exists && info.IsDir():
		return errors.New("is a folder; expected a file to write")
	case exists && (!info.Mode().IsRegular() || isDescriptor(d.Name)):
		return nil
	}
	s.regular = true
	for _, in := range d.Inputs {
		if exists && os.SameFile(info, in) {
			return errors.New("is also an input; choose another file")
		}
	}
	folder, name := d.split()
	if d.rotates() && filepath.Dir(name) != "." { // its folders are made, too
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
	}
	if s.root, err = os.OpenRoot(folder); err != nil {
		return err
	}
	if s.appends() {
		s.mendOwn()
		return nil
	}
	s.finishOthers()
	if s.rotates {
		return s.probe()
	}
	return nil
}

// isDescriptor reports whether a name stands for an open file, whatever that is: it
// cannot be given to another.
func isDescriptor(name string) bool {
	for _, prefix := range []string{"/dev/std", "/dev/fd/", "/proc/"} {
		if strings.HasPrefix(filepath.Clean(name), prefix) {
			return true
		}
	}
	return false
}

// mendOwn cuts off the incomplete row in which a killed run left the file.
func (s *Series) mendOwn() {
	d := &s.destination
	_, name := d.split()
	f, err := s.root.OpenFile(name, os.O_RDWR, 0)
	if err != nil || d.Whole == nil {
		return // it is not there, or a link to elsewhere
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 || !info.Mode().IsRegular() || lock(f) != nil {
		return
	}
	some, cut, err := s.mend(f, name, info.Mode())
	switch {
	case err != nil:
		s.say("warning: %s: cannot remove its incomplete last row: %v", d.Name, cause(err))
		return
	case !some && compressionOf(name) == "":
		err = f.Truncate(0)
	}
	if err == nil && cut {
		s.say("%s: removed its incomplete last row", d.Name)
	}
}

// open begins an output.
func (s *Series) open() error {
	d := &s.destination
	out := &Output{Destination: d, Compressed: compressionOf(d.Name) != ""}
	if err := s.openFile(out); err != nil {
		return files.Named(d.Name, cause(err))
	}
	return s.start(out)
}

// start begins what is written to an output.
func (s *Series) start(out *Output) error {
	part, err := s.begin(out)
	if err != nil {
		out.discard()
		return err
	}
	s.out, s.part, s.waiting = out, part, true
	return nil
}

// discard ends an output in which there is nothing.
func (o *Output) discard() {
	if o.file == nil {
		return
	}
	o.file.Close()
	if o.partial != "" {
		o.root.Remove(o.partial)
	}
}

// openFile opens what an output is written to, except files that are made with
// the first row.
func (s *Series) openFile(out *Output) error {
	d := &s.destination
	switch {
	case !s.regular && (d.Name == "-" || d.Name == ""):
		out.to = d.Stdout
		return nil
	case s.rotates && s.regular:
		return nil
	case !s.regular:
		file, err := os.OpenFile(d.Name, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		return out.begin(file)
	case s.appends():
		file, err := os.OpenFile(d.Name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, d.mode())
		if err != nil {
			return err
		}
		lock(file) // for mendOwn of another run
		err = out.begin(file)
		out.Continued = out.size > 0
		return err
	}
	_, name := d.split()
	return s.make(out, name)
}

// make makes the partial file of an output.
func (s *Series) make(out *Output, name string) error {
	file, partial, err := createPartial(s.root, name, s.destination.mode())
	if err != nil {
		return err
	}
	out.root, out.partial, out.name = s.root, partial, name
	return out.begin(file)
}

// Folders returns the folders that are written to later on: that of a file, as
// further ones may be made in it, and the one that it is in, as the folder may be
// removed and made anew. A device or a pipe is not opened again.
func (s *Series) Folders() []string {
	if !s.regular {
		return nil
	}
	folder, _ := s.destination.split()
	all := []string{folder}
	if parent := s.parent(folder); parent != "" {
		all = append(all, parent)
	}
	return all
}

// parent returns the folder that a live output's folder is in, if the right to
// write there is not too much: everything is in the root, and programs of the
// user start from what is in the home folder.
func (s *Series) parent(folder string) string {
	path, err := filepath.Abs(folder)
	if !s.destination.Live || err != nil {
		return ""
	}
	parent := filepath.Dir(path)
	home, _ := os.UserHomeDir()
	here, _ := os.Getwd()
	if parent == filepath.Dir(parent) || parent == home || path == here || path == home {
		return ""
	}
	return parent
}

// Probe returns an error if a file cannot get its name, or the next not be
// made: the rights to do so may have been those of root, which are dropped.
func (s *Series) Probe() error {
	if s.root == nil || s.appends() {
		return nil
	}
	if err := s.probe(); err != nil {
		return files.Named(s.destination.Name+": cannot create files in its folder without the rights of root", cause(err))
	}
	return nil
}

// probeName is the name of a file that shows that files can be made.
const probeName = ".probe" + partialSuffix

// probe makes a file in the folder, and removes it.
func (s *Series) probe() error {
	f, err := createAnew(s.root, probeName, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist): // another run probes
		return nil
	case err != nil:
		return err
	}
	err = errors.Join(f.Close(), s.root.Remove(probeName))
	if errors.Is(err, fs.ErrNotExist) { // another run did
		return nil
	}
	return err
}

// At makes the output ready for a row or frame of a time.
func (s *Series) At(now int64) error {
	if !s.looked || s.out != nil && s.out.lost {
		if err := s.look(); err != nil {
			return err
		}
	}
	if s.out != nil && s.out.used() && (s.destination.Rotate.Bytes > 0 && s.full() || s.over(now)) {
		if err := s.end(); err != nil {
			return err
		}
	}
	if s.out == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	if !s.out.used() {
		if err := s.use(now); err != nil {
			return err
		}
	}
	s.out.rows++
	s.waiting = true
	if s.out.lost {
		s.lost++
		s.missed++
	}
	return nil
}

// use makes the file of an output with its first row, if it is rotated.
func (s *Series) use(now int64) error {
	s.out.first = now
	if s.period = max(s.period, s.periodOf(now)); s.over(now) { // the clock was set back
		s.period = s.periodOf(now)
	}
	if !s.rotates || !s.regular || s.out.lost {
		return nil
	}
	_, name := s.destination.split()
	err := s.make(s.out, stamped(name, time.Unix(0, now).In(s.destination.Zone)))
	switch {
	case err == nil:
		return nil
	case !s.destination.Live:
		return files.Named(s.destination.Name, cause(err))
	}
	s.say("warning: %s: %v; rows are lost until it can be written", s.destination.Name, cause(err))
	return s.lose()
}

// Beside makes the output ready for what is not a row or frame itself: it goes
// to the file of the latest one, or else begins one at a time.
func (s *Series) Beside(now int64) error {
	s.waiting = true
	if s.out != nil && s.out.used() {
		return nil
	}
	return s.At(now)
}

// HungUp returns an error if nobody reads the output any more.
func (s *Series) HungUp() error {
	if s.out == nil {
		return nil
	}
	return s.out.hungUp()
}

// full reports whether the file has as many bytes as it may.
func (s *Series) full() bool {
	return s.rotates && s.out.size >= s.destination.Rotate.Bytes
}

// late is how much later than others a row or frame may come, in nanoseconds: it
// waits for a response, and a frame for 30 s longer.
const late = int64(10 * time.Minute)

// over reports whether the period of the file is over at a time: a later one
// has begun, or the clock was wrong and was set back.
func (s *Series) over(now int64) bool {
	if !s.rotates || s.destination.Rotate.Every == 0 {
		return false
	}
	return s.periodOf(now) > s.period || s.periodOf(now+late) < s.period
}

// periodOf returns which of the rotation's spans a time is in: they begin with
// the hour, or the day, of the zone.
func (s *Series) periodOf(now int64) int64 {
	if s.destination.Rotate.Every == 0 {
		return 0
	}
	_, offset := time.Unix(0, now).In(s.destination.Zone).Zone()
	local := now + int64(offset)*int64(time.Second)
	return local / int64(s.destination.Rotate.Every)
}

// Tick ends the file of a period that is over: nothing of it comes any more. It
// looks whether the file is still there, and the next row does after it.
func (s *Series) Tick(now int64) error {
	if since := now - s.ticked; since < 0 || since >= flushTime {
		s.ticked = now
		if err := s.look(); err != nil {
			return err
		}
		s.looked = false
	}
	if s.reopen {
		if err := s.anew(); err == nil {
			s.say("%s: started a new file", s.destination.Name)
		}
	}
	if s.out != nil && s.out.used() && s.over(now) {
		return s.end()
	}
	return nil
}

// look finds out whether the file of a live output was removed or truncated, or its
// folder was moved and another is in its place. It then goes on in a new file, as soon
// as that can be made.
func (s *Series) look() error {
	s.looked = true
	if !s.destination.Live || s.root == nil || s.out == nil {
		return nil
	}
	switch out := s.out; {
	case out.lost:
		return s.recover()
	case out.file != nil && removed(out.file):
		s.lost += out.rows
		s.say("warning: %s was removed, with %s of this run", s.destination.Name, s.destination.plural(out.rows))
		out.file.Close()
		if err := s.lose(); err != nil {
			return err
		}
		return s.recover()
	case s.appends() && out.truncated(): // as logrotate's copytruncate does
		s.say("%s was truncated", s.destination.Name)
		out.file.Close()
		if err := s.lose(); err != nil {
			return err
		}
		return s.recover()
	case s.replaced() && !s.appends(): // else the file is like one that was moved
		s.say("%s: its folder was moved; started a new file in the new one", s.destination.Name)
		if err := s.end(); err != nil {
			return err
		}
		return s.follow()
	}
	return nil
}

// replaced reports whether another folder has the place of the open one.
func (s *Series) replaced() bool {
	now, err := os.Stat(s.root.Name())
	if err != nil {
		return false
	}
	open, err := s.root.Stat(".")
	return err != nil || !os.SameFile(now, open)
}

// follow opens the folder that has the place of the open one.
func (s *Series) follow() error {
	root, err := os.OpenRoot(s.root.Name())
	if err != nil {
		return err
	}
	s.root.Close()
	s.root = root
	return nil
}

// lose begins an output whose rows are all lost.
func (s *Series) lose() error {
	s.missed = 0
	return s.start(&Output{Destination: &s.destination, to: io.Discard, lost: true})
}

// recover begins a file where there was none, if it can. It is tried whenever a
// row or the time comes.
func (s *Series) recover() error {
	if s.replaced() && s.follow() != nil {
		return nil
	}
	if s.rotates && s.probe() != nil {
		return nil
	}
	if s.open() != nil {
		return nil
	}
	what := ""
	if s.missed > 0 {
		what = "; " + s.destination.plural(s.missed) + " lost meanwhile"
	}
	s.say("%s: started a new file%s", s.destination.Name, what)
	s.missed = 0
	return nil
}

// Name returns the name of the destination.
func (s *Series) Name() string { return s.destination.Name }

// Lost returns the number of rows or frames that no file has.
func (s *Series) Lost() int { return s.lost }

// Losses returns an error that says what no file has; nil if there is nothing.
func (s *Series) Losses() error {
	if s.lost == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s lost: the file was removed", s.destination.Name, s.destination.plural(s.lost))
}

// flushTime is how long what is written to a file may wait for more of it, in
// nanoseconds: each flush costs a write, and one of a compressor as much as the rows
// of a millisecond.
const flushTime = int64(50 * time.Millisecond)

// FlushAt writes what waits in buffers at a time: at once to who reads along, and to
// a file unless some of it was written shortly before.
func (s *Series) FlushAt(now int64) error {
	if since := now - s.flushed; s.regular && since >= 0 && since < flushTime || !s.waiting {
		return nil
	}
	s.flushed = now
	return s.Flush()
}

// Flush writes what waits in buffers.
func (s *Series) Flush() error {
	s.waiting = false
	if s.out == nil || s.out.to == nil {
		return nil
	}
	if err := s.part.Flush(); err != nil {
		return err
	}
	return s.out.flush()
}

// Checkpoint writes what waits in buffers so that the file can be cut off there, and
// what is before can be read.
func (s *Series) Checkpoint() error {
	if err := s.Flush(); err != nil || s.out == nil {
		return err
	}
	return s.out.checkpoint()
}

// Regular reports whether what is written is a file.
func (s *Series) Regular() bool { return s.regular }

// end ends the output.
func (s *Series) end() error {
	out := s.out
	s.out = nil
	switch {
	case out.to == nil: // it was never made
		return nil
	case out.file != nil && out.Live && removed(out.file):
		s.lost += out.rows
		out.file.Close()
		return nil
	}
	if err := s.part.Close(); err != nil {
		out.abandon()
		return err
	}
	return out.close()
}

// Reopen begins a new file, after the current one was moved. If that
// fails, the current one is written on, and it is tried again.
func (s *Series) Reopen() error {
	if s.out == nil || !s.regular {
		return nil
	}
	if err := s.look(); err != nil || s.out == nil || s.out.lost {
		return err
	}
	return s.anew()
}

// anew begins a file anew.
func (s *Series) anew() error {
	s.reopen = false
	if s.out == nil || s.out.lost {
		return nil
	}
	if s.rotates {
		if !s.out.used() {
			return nil
		}
		return s.end()
	}
	if s.replaced() {
		if err := s.follow(); err != nil {
			s.reopen = true
			return files.Named(s.destination.Name, cause(err))
		}
	}
	if err := s.Flush(); err != nil { // what it continues, where it was not moved
		return err
	}
	old, part := s.out, s.part
	if err := s.open(); err != nil {
		s.reopen = true
		return err
	}
	return errors.Join(part.Close(), old.close())
}

// Close ends the series.
func (s *Series) Close() error {
	if s.out == nil {
		return nil
	}
	if err := s.look(); err != nil {
		return err
	}
	return s.end()
}

// Abandon ends a series that could not be written.
func (s *Series) Abandon() {
	if s.out != nil {
		if s.destination.Live && s.out.err == nil {
			s.Flush() // what came before
		}
		s.out.abandon()
		s.out = nil
	}
}

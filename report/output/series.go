package output

import (
	"errors"
	"os"
	"path/filepath"
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
	out         *Output // nil between two
	part        Part
	period      int64 // of the rotation, that out is of
}

// New begins to write to a destination: what cannot be written is an error
// before anything is read. Each output begins with begin.
func New(d Destination, begin func(*Output) (Part, error)) (*Series, error) {
	s := &Series{destination: d, begin: begin}
	return s, s.open()
}

func (s *Series) open() error {
	out, err := s.destination.open()
	if err != nil {
		return err
	}
	part, err := s.begin(out)
	if err != nil {
		out.abandon()
		return err
	}
	s.out, s.part = out, part
	return nil
}

// Folders returns the folders that are written to later on: that of a file, as
// further ones may be created in it. A device or a pipe is not opened again.
func (s *Series) Folders() []string {
	if s.out == nil || !s.out.regular {
		return nil
	}
	return []string{filepath.Dir(s.destination.Name)}
}

// Probe returns an error if a rotated file cannot get its name, or the next not
// be created: the rights to do so may have been those of root, which are dropped.
func (s *Series) Probe() error {
	if s.out == nil || !s.out.partial {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(s.destination.Name), ".actionurl-*")
	if err != nil {
		return files.Named(s.destination.Name+": cannot create files in its folder without the rights of root", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// At makes the output ready for a row or frame of a time.
func (s *Series) At(now int64) error {
	if s.out != nil && s.out.used && (s.destination.Rotate.Bytes > 0 && s.full() || s.over(now)) {
		if err := s.end(); err != nil {
			return err
		}
	}
	if s.out == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	if !s.out.used {
		s.out.used, s.out.first, s.period = true, now, max(s.period, s.periodOf(now))
	}
	return nil
}

// Beside makes the output ready for what is not a row or frame itself: it goes
// to the file of the latest one, or else begins one at a time.
func (s *Series) Beside(now int64) error {
	if s.out != nil && s.out.used {
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
	return s.destination.rotates() && s.out.size >= s.destination.Rotate.Bytes
}

// over reports whether the period of the file is over at a time.
func (s *Series) over(now int64) bool {
	return s.destination.rotates() && s.destination.Rotate.Every > 0 && s.periodOf(now) > s.period
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

// Tick ends the file of a period that is over: nothing of it comes any more.
func (s *Series) Tick(now int64) error {
	if s.out != nil && s.out.used && s.over(now) {
		return s.end()
	}
	return nil
}

// Flush writes what waits in buffers.
func (s *Series) Flush() error {
	if s.out == nil {
		return nil
	}
	if err := s.part.Flush(); err != nil {
		return err
	}
	return s.out.flush()
}

// end ends the output.
func (s *Series) end() error {
	out := s.out
	s.out = nil
	if err := s.part.Close(); err != nil {
		out.abandon()
		return err
	}
	return out.close()
}

// Reopen begins a file anew, for whoever has moved the current one. If that
// fails, the current one is written on.
func (s *Series) Reopen() error {
	if s.out == nil || !s.out.regular {
		return nil
	}
	if s.destination.rotates() {
		return s.end()
	}
	old, part := s.out, s.part
	if err := s.open(); err != nil {
		return err
	}
	return errors.Join(part.Close(), old.close())
}

// Close ends the series.
func (s *Series) Close() error {
	if s.out == nil {
		return nil
	}
	return s.end()
}

// Abandon ends a series that could not be written.
func (s *Series) Abandon() {
	if s.out != nil {
		s.out.abandon()
		s.out = nil
	}
}

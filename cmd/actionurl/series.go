package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A rotation says when the next file is begun: when one has so many bytes, or
// with each span of time; never if both are 0.
type rotation struct {
	bytes int64
	every time.Duration
}

// parseRotation reads the value of --rotate, such as 100MB or 1h.
func parseRotation(s string) (rotation, error) {
	if every, err := time.ParseDuration(s); err == nil && every >= time.Second {
		return rotation{every: every}, nil
	}
	number := strings.TrimRight(s, "kKMGiB")
	unit, known := map[string]int64{
		"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
	}[s[len(number):]]
	n, err := strconv.ParseInt(number, 10, 64)
	if !known || err != nil || n <= 0 || n > 1<<62/unit {
		return rotation{}, errors.New("expected a size such as 100MB (kB, MB, GB, KiB, MiB, GiB), or a time of a second or more such as 1h")
	}
	return rotation{bytes: n * unit}, nil
}

// timed reports whether a name has a time in it.
func timed(name string) bool {
	return stamped(name, time.Unix(0, 0)) != stamped(name, time.Unix(1e9+1, 0))
}

// stamped replaces what stands in a name for a time: %Y, %m, %d, %H, %M, %S as
// of strftime, %s for the seconds since 1970, and %% for itself.
func stamped(name string, t time.Time) string {
	return strings.NewReplacer(
		"%Y", t.Format("2006"), "%m", t.Format("01"), "%d", t.Format("02"),
		"%H", t.Format("15"), "%M", t.Format("04"), "%S", t.Format("05"),
		"%s", strconv.FormatInt(t.Unix(), 10), "%%", "%",
	).Replace(name)
}

// A part is what is written to one output, from its head to its end.
type part interface {
	Flush() error
	Close() error
}

// A series is what is written to a destination: one output behind the other,
// as the rotation says. Times are those of the rows and frames, which is what
// the names say, and the same for a capture that is read again.
type series struct {
	destination
	begin  func(*output) (part, error)
	out    *output // nil between two
	part   part
	period int64 // of the rotation, that out is of
}

// newSeries begins to write to a destination: what cannot be written is told
// before anything is read.
func newSeries(d destination, begin func(*output) (part, error)) (*series, error) {
	s := &series{destination: d, begin: begin}
	return s, s.open()
}

func (s *series) open() error {
	out, err := s.destination.open()
	if err != nil {
		return err
	}
	s.out = out
	s.part, err = s.begin(out)
	return err
}

// paths returns what is to be written later on: the folder of a file, as
// further ones may be made in it. A device or a pipe is not opened again.
func (s *series) paths() []string {
	if s == nil || !s.out.regular {
		return nil
	}
	return []string{filepath.Dir(s.name)}
}

// probe tells whether a rotated file can get its name, and the next be made:
// the rights to do so may have been those of root, which are given up.
func (s *series) probe() error {
	if s == nil || !s.out.partial {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(s.name), ".actionurl-*")
	if err != nil {
		return fmt.Errorf("%s: files cannot be made in its folder without the rights of root: %w", s.name, cause(err))
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// at makes the output ready for a row or frame of a time.
func (s *series) at(now int64) error {
	if s.out != nil && s.out.used && (s.rotate.bytes > 0 && s.full() || s.over(now)) {
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

// full reports whether the file has as many bytes as it may.
func (s *series) full() bool {
	return s.rotates() && s.out.size >= s.rotate.bytes
}

// over reports whether the period of the file is over at a time.
func (s *series) over(now int64) bool {
	return s.rotates() && s.rotate.every > 0 && s.periodOf(now) > s.period
}

// periodOf returns which of the rotation's spans a time is in: they begin with
// the hour, or the day, of the zone.
func (s *series) periodOf(now int64) int64 {
	if s.rotate.every == 0 {
		return 0
	}
	_, offset := time.Unix(0, now).In(s.zone).Zone()
	local := now + int64(offset)*int64(time.Second)
	return local / int64(s.rotate.every)
}

// tick ends the file of a period that is over: nothing of it comes any more.
func (s *series) tick(now int64) error {
	if s.out != nil && s.out.used && s.over(now) {
		return s.end()
	}
	return nil
}

// flush writes what waits in buffers.
func (s *series) flush() error {
	if s.out == nil {
		return nil
	}
	if err := s.part.Flush(); err != nil {
		return err
	}
	return s.out.flush()
}

// end ends the output.
func (s *series) end() error {
	out := s.out
	s.out = nil
	if err := s.part.Close(); err != nil {
		out.abandon()
		return err
	}
	return out.close()
}

// reopen begins a file anew, for who has moved the one that is written. If it
// cannot be begun, the one at hand is written on.
func (s *series) reopen() error {
	if s.out == nil || !s.out.regular {
		return nil
	}
	if s.rotates() {
		return s.end()
	}
	old, part := s.out, s.part
	if err := s.open(); err != nil {
		s.out, s.part = old, part
		return err
	}
	return errors.Join(part.Close(), old.close())
}

// close ends the series.
func (s *series) close() error {
	if s == nil || s.out == nil {
		return nil
	}
	return s.end()
}

// abandon ends a series that could not be written.
func (s *series) abandon() {
	if s != nil && s.out != nil {
		s.out.abandon()
		s.out = nil
	}
}

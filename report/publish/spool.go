package publish

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A spool is a queue of lines on disk, in the order in which they came. It is a
// folder of segments, which are files of lines; one is removed when all of it is
// acknowledged. What is acknowledged of the oldest stands in a file beside them:
// where that is behind, after a loss of power, lines are read again.
//
// One goroutine appends, another reads and acknowledges.
type spool struct {
	dir    string
	limit  int64 // bytes of all segments
	locked *os.File
	acked  *os.File

	mu       sync.Mutex
	segments []segment // the oldest first; the last is appended to
	latest   int64     // number of the latest segment that there was
	size     int64     // bytes of all segments
	waiting  int       // lines that are not acknowledged
	full     *sync.Cond

	out   *os.File // the last segment
	dirty bool     // it has lines that may not be on disk

	in     *bufio.Reader // of segments[0]
	inFile *os.File
	at     int64 // acknowledged bytes of segments[0]
}

// A segment is a file of the spool.
type segment struct {
	number int64
	size   int64
}

// segmentSize is the size from which on a segment is followed by another, unless
// the spool is too small for eight of them.
const segmentSize = 8 << 20

const ackedName, lockName, segmentSuffix = "acknowledged", "lock", ".lines"

// DefaultDir returns the folder of a sensor's spool: the one that systemd gives the
// service, else one of the user's (XDG_STATE_HOME).
func DefaultDir(sensor string) string {
	if dirs := filepath.SplitList(os.Getenv("STATE_DIRECTORY")); len(dirs) > 0 && dirs[0] != "" {
		return dirs[0]
	}
	home, _ := os.UserHomeDir()
	return filepath.Join(cmp.Or(os.Getenv("XDG_STATE_HOME"), filepath.Join(home, ".local", "state")), "actionurl", sensor)
}

// errLocked is the error of a spool that another process uses.
var errLocked = errors.New("another process publishes from this folder; use another --spool-dir or --sensor")

// openSpool opens the spool in a folder, with what waits there.
func openSpool(dir string, limit int64) (s *spool, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s = &spool{dir: dir, limit: limit}
	s.full = sync.NewCond(&s.mu)
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.locked, err = os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return s, err
	}
	if err := lock(s.locked); err != nil {
		return s, fmt.Errorf("%s: %w", dir, err)
	}
	if s.acked, err = os.OpenFile(filepath.Join(dir, ackedName), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return s, err
	}
	if err := s.recover(); err != nil {
		return s, err
	}
	return s, s.begin()
}

// recover finds the segments of an earlier run, and cuts off a line that is not
// whole. A segment before the one that is acknowledged last is acknowledged; where
// that is not to be known, all lines are sent again.
func (s *spool) recover() error {
	names, err := filepath.Glob(filepath.Join(s.dir, "*"+segmentSuffix))
	if err != nil {
		return err
	}
	for _, name := range names {
		n, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(name), segmentSuffix), 10, 64)
		if err != nil || name != s.name(n) {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		s.segments = append(s.segments, segment{n, info.Size()})
	}
	slices.SortFunc(s.segments, func(a, b segment) int { return int(a.number - b.number) })
	number, at := s.position()
	s.latest = number
	found := s.segments
	s.segments = nil
	for _, g := range found {
		name, from := s.name(g.number), int64(0)
		s.latest = max(s.latest, g.number)
		if g.number == number {
			if from, err = lineAt(name, min(at, g.size)); err != nil {
				return err
			}
			s.at = from
		}
		lines, end, err := count(name, from)
		if err != nil {
			return err
		}
		if g.number < number || end == 0 {
			if err := os.Remove(name); err != nil {
				return err
			}
			continue
		}
		if end < g.size {
			if err := os.Truncate(name, end); err != nil {
				return err
			}
		}
		s.segments = append(s.segments, segment{g.number, end})
		s.waiting += lines
		s.size += end
	}
	return nil
}

// The file of what is acknowledged has the number of a segment, and how many bytes of
// that are.
const ackedFormat = "%-20d %-20d\n"

// position returns what that file says, zeros if it is not there or damaged.
func (s *spool) position() (number, at int64) {
	text, _ := io.ReadAll(s.acked)
	fmt.Sscan(string(text), &number, &at)
	if number < 0 || at < 0 || fmt.Sprintf(ackedFormat, number, at) != string(text) {
		return 0, 0
	}
	return number, at
}

// lineAt returns at if a line of a file begins there, else 0.
func lineAt(name string, at int64) (int64, error) {
	if at == 0 {
		return 0, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var before [1]byte
	if _, err := f.ReadAt(before[:], at-1); err != nil || before[0] != '\n' {
		return 0, err
	}
	return at, nil
}

// count returns how many lines a file has behind from, and where the last ends.
func count(name string, from int64) (lines int, end int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return 0, 0, err
	}
	at := from
	end = from
	buf := make([]byte, 64<<10)
	for {
		n, err := f.Read(buf)
		lines += bytes.Count(buf[:n], []byte{'\n'})
		if last := bytes.LastIndexByte(buf[:n], '\n'); last >= 0 {
			end = at + int64(last) + 1
		}
		at += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return lines, end, nil
		case err != nil:
			return lines, end, err
		}
	}
}

func (s *spool) name(number int64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%010d%s", number, segmentSuffix))
}

// begin begins a segment.
func (s *spool) begin() error {
	number := s.latest + 1 // and not that of one that is gone, which may be acknowledged
	out, err := os.OpenFile(s.name(number), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if s.out != nil {
		if err := errors.Join(s.out.Sync(), s.out.Close()); err != nil {
			return err
		}
	}
	s.out, s.latest = out, number
	s.segments = append(s.segments, segment{number: number})
	return nil
}

// append appends a line to the spool, if there is room for it.
func (s *spool) append(line []byte) (room bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size+int64(len(line)) > s.limit {
		return false, nil
	}
	last := &s.segments[len(s.segments)-1]
	if last.size > 0 && last.size >= min(segmentSize, s.limit/8) {
		if err := s.begin(); err != nil {
			return false, err
		}
		last = &s.segments[len(s.segments)-1]
	}
	if _, err := s.out.Write(line); err != nil {
		// What was written of it must not run into the next one.
		return false, errors.Join(err, s.out.Truncate(last.size))
	}
	last.size += int64(len(line))
	s.size += int64(len(line))
	s.waiting++
	s.dirty = true
	return true, nil
}

// wait waits until there is room for n bytes, or the stop is requested.
func (s *spool) wait(n int, stop func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.size+int64(n) > s.limit && !stop() {
		s.full.Wait()
	}
}

// sync has the system write to disk what was appended and still waits.
func (s *spool) sync() error {
	s.mu.Lock()
	out, needed := s.out, s.dirty && s.waiting > 0
	s.dirty = false
	s.mu.Unlock()
	if !needed {
		return nil
	}
	if err := out.Sync(); !errors.Is(err, os.ErrClosed) { // a segment that is over is on disk
		return err
	}
	return nil
}

// next appends up to max lines that are not acknowledged to batch, the oldest
// first. It does not go on behind those that it returned before, unless they are
// acknowledged.
func (s *spool) next(batch []string, max int) ([]string, error) {
	s.mu.Lock()
	first, at, size, more := s.segments[0], s.at, s.segments[0].size, len(s.segments) > 1
	s.mu.Unlock()
	if at == size {
		if !more {
			return batch, nil
		}
		if err := s.following(); err != nil {
			return batch, err
		}
		return s.next(batch, max)
	}
	if s.inFile == nil {
		f, err := os.Open(s.name(first.number))
		if err != nil {
			return batch, err
		}
		s.inFile, s.in = f, bufio.NewReaderSize(nil, 64<<10)
	}
	s.in.Reset(io.NewSectionReader(s.inFile, at, size-at)) // whole lines
	for range max {
		line, err := s.in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return batch, err
		}
		batch = append(batch, line)
	}
	return batch, nil
}

// following moves on to the next segment, and removes the oldest.
func (s *spool) following() error {
	if s.inFile != nil {
		s.inFile.Close()
		s.inFile = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full.Broadcast()
	return s.drop()
}

// drop removes the oldest segment.
func (s *spool) drop() error {
	first := s.segments[0]
	s.segments = slices.Delete(s.segments, 0, 1)
	s.size -= first.size
	s.at = 0
	return os.Remove(s.name(first.number))
}

// acknowledge notes that the n oldest lines, with this many bytes, were
// acknowledged.
func (s *spool) acknowledge(n int, bytes int64) error {
	s.mu.Lock()
	s.at += bytes
	s.waiting -= n
	first, at, over := s.segments[0], s.at, s.at == s.segments[0].size && len(s.segments) > 1
	s.mu.Unlock()
	if over {
		return s.following()
	}
	_, err := s.acked.WriteAt(fmt.Appendf(nil, ackedFormat, first.number, at), 0)
	return err
}

// rest returns how many lines wait.
func (s *spool) rest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

// close closes the spool. What waits in it stays.
func (s *spool) close() error {
	var err error
	if s.out != nil {
		err = errors.Join(s.out.Sync(), s.out.Close())
	}
	for _, f := range []*os.File{s.inFile, s.acked, s.locked} {
		if f != nil {
			f.Close()
		}
	}
	return err
}

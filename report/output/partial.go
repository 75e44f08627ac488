package output

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// A file that is not whole yet is hidden, beside the name that it will get:
// .NAME.RANDOM.partial. Nobody can guess the name and put something in its
// place. It is locked by the run that writes it, so that those that a killed
// run left are known.
const (
	partialSuffix = ".partial"
	randomBytes   = 8
)

// errLocked is the error of lock for a file that another process has locked.
var errLocked = errors.New("is in use by another run")

// partialName returns a name for what is to become a file of this name, which
// may have folders before it.
func partialName(name string) string {
	var random [randomBytes]byte
	rand.Read(random[:])
	dir, base := filepath.Split(name)
	return filepath.Join(dir, fmt.Sprintf(".%s.%x%s", base, random, partialSuffix))
}

// properName returns what a partial file is to be called; nothing if the name
// is not one of a partial file.
func properName(partial string) string {
	dir, base := filepath.Split(partial)
	base, ok := strings.CutSuffix(base, partialSuffix)
	end := len(base) - 2*randomBytes - 1
	if !ok || end < 2 || base[0] != '.' || base[end] != '.' {
		return ""
	}
	if _, err := hex.DecodeString(base[end+1:]); err != nil {
		return ""
	}
	return filepath.Join(dir, base[1:end])
}

// createPartial makes the partial file of what is to be called name, in root,
// and the folders before it.
func createPartial(root *os.Root, name string, mode fs.FileMode) (*os.File, string, error) {
	if dir := filepath.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o777); err != nil {
			return nil, "", err
		}
	}
	for range 100 {
		partial := partialName(name)
		f, err := root.OpenFile(partial, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, mode)
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case err != nil:
			return nil, "", err
		}
		// A run that begins at this moment may think that it is a killed run's.
		if !errors.Is(lock(f), errLocked) && !removed(f) {
			return f, partial, nil
		}
		f.Close()
	}
	return nil, "", errors.New("cannot make a file that is not there")
}

// freeName returns the name, or where there is a file of it already the first
// of NAME-1, NAME-2 and so on that is free, with the number before the
// extensions. It looks from a number on.
func freeName(root *os.Root, name string, from int) string {
	dir, base := filepath.Split(name)
	stem, extension := base, ""
	if dot := strings.IndexByte(base, '.'); dot > 0 {
		stem, extension = base[:dot], base[dot:]
	}
	for n := from; ; n++ {
		free := name
		if n > 0 {
			free = filepath.Join(dir, fmt.Sprintf("%s-%d%s", stem, n, extension))
		}
		if _, err := root.Lstat(free); errors.Is(err, fs.ErrNotExist) || n == 10_000 {
			return free
		}
	}
}

// Lines is a [Destination.Whole] for rows of a line each.
func Lines(r io.Reader) int64 {
	var whole, at int64
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.Read(buffer)
		if last := strings.LastIndexByte(string(buffer[:n]), '\n'); last >= 0 {
			whole = at + int64(last) + 1
		}
		at += int64(n)
		if err != nil {
			return whole
		}
	}
}

// finishOthers gives the partial files of this destination that killed runs
// left their names, without the row that they broke off in.
func (s *Series) finishOthers() {
	if !utf8.ValidString(s.destination.Name) {
		return // no expression matches it
	}
	pattern, proper := s.destination.patterns()
	all, err := fs.Glob(s.root.FS(), pattern)
	if err != nil {
		return
	}
	for _, partial := range all {
		partial = filepath.FromSlash(partial)
		if name := properName(partial); name != "" && proper.MatchString(filepath.ToSlash(name)) {
			s.finish(partial, name)
		}
	}
}

// patterns returns a pattern for the partial files of the destination, and an
// expression for their proper names, both relative to its folder and with
// slashes.
func (d *Destination) patterns() (partial string, proper *regexp.Regexp) {
	_, name := d.split()
	name = filepath.ToSlash(name)
	if !d.rotates() {
		return "." + escapeGlob(name) + ".*" + partialSuffix, regexp.MustCompile("^" + regexp.QuoteMeta(name) + "$")
	}
	const mark = "\x00" // is in no name
	name = strings.NewReplacer("%Y", mark, "%m", mark, "%d", mark, "%H", mark, "%M", mark, "%S", mark, "%s", mark, "%%", "%").Replace(name)
	dir, base := "", name
	if slash := strings.LastIndexByte(name, '/'); slash >= 0 {
		dir, base = name[:slash+1], name[slash+1:]
	}
	glob := strings.ReplaceAll(escapeGlob(dir+"."+base), mark, "*")
	return glob + ".*" + partialSuffix, regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(name), mark, `-?\d+`) + "$")
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}

// finish gives a partial file its name, if a killed run left it.
func (s *Series) finish(partial, name string) {
	path := filepath.Join(s.root.Name(), partial)
	before, err := s.root.Lstat(partial)
	if err != nil || !before.Mode().IsRegular() || !own(before) {
		return
	}
	f, err := s.root.OpenFile(partial, os.O_RDWR, 0)
	if err != nil {
		s.say("warning: %s: left by a run that was killed: %v", path, cause(err))
		return
	}
	defer f.Close()
	after, err := f.Stat()
	if err != nil || !os.SameFile(before, after) || lock(f) != nil {
		return // in use
	}
	if again, err := s.root.Lstat(partial); err != nil || !os.SameFile(again, after) {
		return // it has its name meanwhile
	}
	if after.Size() == 0 || s.destination.Again {
		s.root.Remove(partial)
		return
	}
	if s.destination.Whole == nil {
		s.say("warning: %s: left by a run that was killed; it cannot be read, and can be removed", path)
		return
	}
	from := 0
	if !s.destination.rotates() {
		from = 1 // this run writes the file of that name
	}
	some, cut, err := s.mend(f, partial, after.Mode())
	switch {
	case err != nil:
		s.say("warning: %s: left by a run that was killed: %v", path, cause(err))
	case !some:
		s.say("%s: left by a run that was killed before its first row was complete; removed", path)
		s.root.Remove(partial)
	default:
		name = freeName(s.root, name, from)
		if err := s.root.Rename(partial, name); err != nil {
			s.say("warning: %s: left by a run that was killed: %v", path, cause(err))
			return
		}
		broken := ""
		if cut {
			broken = ", without its last row, which is incomplete"
		}
		s.say("%s: what a run that was killed had written%s", filepath.Join(s.root.Name(), name), broken)
	}
}

// mend cuts off the incomplete row at the end of a file, which is locked, and reports
// whether there was one. Where it is compressed and incomplete, another file takes its
// place. If there is no whole row, the file is left as it is.
func (s *Series) mend(f *os.File, name string, mode fs.FileMode) (some, cut bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return false, false, err
	}
	compression := compressionOf(s.destination.Name)
	if compression == "" {
		whole := s.destination.Whole(f)
		switch whole {
		case 0:
			return false, true, nil
		case info.Size():
			return true, false, nil
		}
		return true, true, f.Truncate(whole)
	}
	whole, total, complete := measure(f, compression, s.destination.Whole)
	switch {
	case whole == 0:
		return false, true, nil
	case complete && whole == total:
		return true, false, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, false, err
	}
	from, err := newDecompressor(compression, f)
	if err != nil {
		return false, false, err
	}
	mended := mendedName(name)
	to, err := createAnew(s.root, mended, mode.Perm())
	if err != nil {
		return false, false, err
	}
	z := newCompressor(compression, to)
	_, err = io.CopyN(z, from, whole)
	if err = errors.Join(err, z.Close(), to.Sync(), to.Close()); err == nil {
		err = s.root.Rename(mended, name)
	}
	if err != nil {
		s.root.Remove(mended)
		return false, false, err
	}
	return true, whole < total, nil
}

// mendedName returns the name of what is to take the place of a file. Who makes it has
// locked that file.
func mendedName(name string) string {
	dir, base := filepath.Split(name)
	return filepath.Join(dir, "."+strings.TrimPrefix(base, ".")+".mended")
}

// createAnew makes a file in the place of what a killed run left of that name.
func createAnew(root *os.Root, name string, mode fs.FileMode) (*os.File, error) {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
}

// measure returns how much of what is compressed in f is whole rows, how much
// there is, and whether it ends as it should.
func measure(f io.Reader, compression string, whole func(io.Reader) int64) (n, total int64, complete bool) {
	from, err := newDecompressor(compression, f)
	if err != nil {
		return 0, 0, false
	}
	counted := &countingReader{r: from}
	n = whole(counted)
	_, err = io.Copy(io.Discard, counted)
	if counted.err != nil && !errors.Is(counted.err, io.EOF) {
		err = counted.err
	}
	return n, counted.n, err == nil
}

// A countingReader counts what is read, and keeps the error.
type countingReader struct {
	r   io.Reader
	n   int64
	err error
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	if err != nil {
		c.err = err
	}
	return n, err
}

package output

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lines is a part that writes lines, and "end" when it is closed.
type lines struct{ out *Output }

func (l lines) line(text string) error {
	_, err := fmt.Fprintln(l.out, text)
	return err
}
func (l lines) Flush() error { return nil }
func (l lines) Close() error { return l.line("end") }

// A log writes lines to a series.
type log struct {
	*Series
	t    *testing.T
	part lines
}

func newLog(t *testing.T, d Destination) *log {
	t.Helper()
	if d.Zone == nil {
		d.Zone = time.UTC
	}
	l := &log{t: t}
	var err error
	l.Series, err = New(d, func(out *Output) (Part, error) {
		l.part = lines{out}
		return l.part, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// at writes a line at a time after 1970-01-01 UTC.
func (l *log) at(after time.Duration, text string) {
	l.t.Helper()
	if err := errors.Join(l.At(int64(after)), l.part.line(text)); err != nil {
		l.t.Fatal(err)
	}
}

// contents returns the files in a folder, hidden ones by "." alone.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		name := e.Name()
		if name[0] == '.' {
			name = "."
		}
		all[name] = string(data)
	}
	return all
}

func compare(t *testing.T, what, dir string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, contents(t, dir)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// A file gets its name when it is whole, and is not left behind otherwise.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	l := newLog(t, Destination{Name: filepath.Join(dir, "a.txt")})
	l.at(1, "one")
	compare(t, "before the end", dir, map[string]string{".": "one\n"})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	compare(t, "in the end", dir, map[string]string{"a.txt": "one\nend\n"})

	l = newLog(t, Destination{Name: filepath.Join(dir, "a.txt")})
	l.at(1, "two")
	l.Abandon()
	l.Abandon()
	compare(t, "abandoned", dir, map[string]string{"a.txt": "one\nend\n"})
}

// A live file has its name from the beginning, and is added to.
func TestLiveFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.txt")
	l := newLog(t, Destination{Name: name, Live: true, Whole: Lines})
	l.at(1, "one")
	compare(t, "before the end", dir, map[string]string{"a.txt": "one\n"})
	if err := errors.Join(os.Rename(name, name+".1"), l.Reopen()); err != nil {
		t.Fatal(err)
	}
	l.at(2, "two")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	compare(t, "reopened", dir, map[string]string{"a.txt.1": "one\nend\n", "a.txt": "two\nend\n"})
	l = newLog(t, Destination{Name: name, Live: true, Whole: Lines})
	if !l.part.out.Continued {
		t.Error("it is not continued")
	}
	l.at(3, "three")
	l.Abandon()
	compare(t, "another run", dir, map[string]string{"a.txt.1": "one\nend\n", "a.txt": "two\nend\nthree\n"})
}

// Rotated files are named by their first time, in the zone, and replace none.
func TestRotation(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for range 2 {
		l := newLog(t, Destination{Name: filepath.Join(dir, "%H-%M.txt"), Rotate: Rotation{Every: time.Hour}, Zone: berlin})
		if got := l.Folders(); len(got) != 1 || got[0] != dir {
			t.Errorf("folders %q", got)
		}
		if err := l.Probe(); err != nil {
			t.Error(err)
		}
		l.at(59*time.Minute, "one")
		l.at(61*time.Minute, "two")
		l.at(58*time.Minute, "late") // time goes on
		if err := l.Tick(int64(119 * time.Minute)); err != nil {
			t.Error(err)
		}
		if got := contents(t, dir)["."]; got != "two\nlate\n" {
			t.Errorf("before the hour is over: %q", got)
		}
		if err := l.Tick(int64(120 * time.Minute)); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	compare(t, "by time", dir, map[string]string{
		"01-59.txt": "one\nend\n", "02-01.txt": "two\nlate\nend\n", "01-59-1.txt": "one\nend\n", "02-01-1.txt": "two\nlate\nend\n",
	})

	dir = t.TempDir()
	l := newLog(t, Destination{Name: filepath.Join(dir, "%s.txt"), Rotate: Rotation{Bytes: 8}})
	for i := range 5 {
		l.at(time.Duration(i)*time.Second, "four")
	}
	if err := l.Beside(0); err != nil {
		t.Error(err)
	}
	l.part.line("beside")
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	compare(t, "by size", dir, map[string]string{"0.txt": "four\nfour\nend\n", "2.txt": "four\nfour\nend\n", "4.txt": "four\nbeside\nend\n"})

	dir = t.TempDir()
	if err := newLog(t, Destination{Name: filepath.Join(dir, "%s.txt"), Rotate: Rotation{Bytes: 8}}).Close(); err != nil {
		t.Error(err)
	}
	compare(t, "nothing", dir, map[string]string{})
}

// Compressed by the extension, and standard output after what is to come before.
func TestKinds(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.txt.gz")
	l := newLog(t, Destination{Name: name})
	l.at(1, "one")
	if err := errors.Join(l.Flush(), l.Flush(), l.Close()); err != nil || !l.part.out.Compressed {
		t.Error(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "one\nend\n" {
		t.Errorf("compressed: %q, %v", got, err)
	}

	var b bytes.Buffer
	l = newLog(t, Destination{Name: "-", Stdout: &b, Before: func() { b.WriteString("before\n") }})
	l.at(1, "one")
	if err := errors.Join(l.Reopen(), l.HungUp(), l.Close()); err != nil || b.String() != "before\none\nbefore\nend\n" {
		t.Errorf("standard output: %q, %v", b.String(), err)
	}
	if width, height := l.part.out.Terminal(); width != 0 || height != 0 || l.Folders() != nil {
		t.Error("a buffer is a terminal or a file")
	}
	if err := WriteFile(Destination{Name: filepath.Join(t.TempDir(), "x")}, []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestCannotWrite(t *testing.T) {
	dir := t.TempDir()
	input := filepath.Join(dir, "input")
	if err := os.WriteFile(input, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(input)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		dir: "is a folder; expected a file to write", input: "is also an input; choose another file",
		filepath.Join(dir, "missing", "x"): "no such file or directory",
	} {
		_, err := New(Destination{Name: name, Inputs: []os.FileInfo{info}}, nil)
		if err == nil || err.Error() != name+": "+want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	refused := errors.New("refused")
	if _, err := New(Destination{Name: filepath.Join(dir, "x")}, func(*Output) (Part, error) { return nil, refused }); err != refused {
		t.Errorf("error %v", err)
	}
	compare(t, "refused", dir, map[string]string{"input": ""})
	if _, err := os.Stat("/dev/full"); err == nil {
		l := newLog(t, Destination{Name: "/dev/full"})
		if err := errors.Join(l.At(1), l.part.line("x")); err == nil || err.Error() != "/dev/full: no space left on device" {
			t.Errorf("error %v", err)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Rotation{
		"100MB": {Bytes: 1e8}, "1KiB": {Bytes: 1024}, "2GiB": {Bytes: 2 << 30}, "1kB": {Bytes: 1000}, "1h": {Every: time.Hour}, "90m": {Every: 90 * time.Minute}, "1s": {Every: time.Second},
		"": {}, "100": {}, "1ms": {}, "0MB": {}, "-1MB": {}, "9999999999GB": {}, "MB": {}, "1TB": {}, "1.5MB": {},
	} {
		got, err := ParseRotation(text)
		if got != want || (err == nil) != (want != Rotation{}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for name, timed := range map[string]bool{"a-%Y.csv": true, "%s": true, "a.csv": false, "100%%.csv": false, "-": false} {
		if Timed(name) != timed || CheckName(name) != nil {
			t.Errorf("%q: timed is %t, %v", name, !timed, CheckName(name))
		}
	}
	for _, name := range []string{"%y", "100%", "%%%"} {
		if err := CheckName(name); err == nil || !strings.Contains(err.Error(), "unknown % sequence") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// A row costs a rotated file nothing but its writing.
func TestRowsDoNotAllocate(t *testing.T) {
	for _, rotate := range []Rotation{{Every: time.Hour}, {Bytes: 1 << 30}} {
		l := newLog(t, Destination{Name: filepath.Join(t.TempDir(), "%H.txt"), Rotate: rotate, Live: true, Whole: Lines})
		l.at(0, "one")
		if n := testing.AllocsPerRun(100, func() {
			if err := l.At(1); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%+v: %v allocations a row", rotate, n)
		}
		l.Abandon()
	}
}

// What is written to a file is flushed at once after a silence, and then as often
// as somebody can read along.
func TestFlushAt(t *testing.T) {
	dir := t.TempDir()
	l := newLog(t, Destination{Name: filepath.Join(dir, "a.txt.gz"), Live: true, Whole: Lines})
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, "a.txt.gz"))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	grows := func(after time.Duration, want bool) {
		t.Helper()
		before := size()
		if err := l.FlushAt(int64(after)); err != nil {
			t.Fatal(err)
		}
		if got := size() > before; got != want {
			t.Errorf("after %v: grows %t, want %t", after, got, want)
		}
	}
	l.at(time.Second, "one")
	grows(time.Second, true)
	l.at(time.Second, "two")
	grows(time.Second+10*time.Millisecond, false)
	grows(time.Second+50*time.Millisecond, true)
	grows(2*time.Second, false) // nothing new
	l.at(2*time.Second, "three")
	grows(2*time.Second, true)
	l.at(2*time.Second, "four")
	grows(time.Second, true) // the clock was set back
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

package output

import (
	"actionurl/report/output/outputtest"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// partials returns the partial files in a folder.
func partials(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, ".*"+partialSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A link in the place of a file is replaced, and not written through.
func TestLinkInPlace(t *testing.T) {
	dir := t.TempDir()
	victim, name := filepath.Join(dir, "victim"), filepath.Join(dir, "a.txt")
	if err := errors.Join(os.WriteFile(victim, []byte("mine"), 0o666), os.Symlink(victim, name)); err != nil {
		t.Fatal(err)
	}
	l := newLog(t, Destination{Name: name})
	l.at(1, "one")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := outputtest.Read(t, victim); got != "mine" {
		t.Errorf("the file behind the link has %q", got)
	}
}

// The name of an open file stays what it is.
func TestDescriptor(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "a.txt")
	if err := os.WriteFile(name, []byte("zero\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	link := filepath.Join("/proc/self/fd", strconv.Itoa(int(f.Fd())))
	l := newLog(t, Destination{Name: link})
	l.at(1, "one")
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	compare(t, "by descriptor", dir, map[string]string{"a.txt": "zero\none\nend\n"})
}

// kill leaves a series as a run that is killed does.
func (l *log) kill(torn string) {
	if err := l.Flush(); err != nil {
		l.t.Fatal(err)
	}
	io.WriteString(l.out, torn)
	if l.out.z != nil {
		l.out.z.Flush() // as much as the kernel had got
	}
	l.out.file.Close()
	l.root.Close()
}

// What a killed run left gets its name with the next, without the row in which
// it broke off. Files in use, of others, and what cannot be read are left.
func TestKilled(t *testing.T) {
	for _, extension := range []string{"", ".gz", ".zst"} {
		t.Run(extension, func(t *testing.T) {
			dir := t.TempDir()
			var said []string
			d := Destination{
				Name: filepath.Join(dir, "%H.txt"+extension), Live: true, Rotate: Rotation{Every: time.Hour}, Whole: Lines,
				Say: func(s string) { said = append(said, strings.ReplaceAll(s, dir, "DIR")) },
			}
			l := newLog(t, d)
			l.at(time.Hour, "one")
			l.at(time.Hour, "two")
			l.kill("torn")
			using := newLog(t, d) // finishes it
			using.at(2*time.Hour, "used")
			if err := using.Flush(); err != nil {
				t.Fatal(err)
			}
			newLog(t, d).Close() // finds nothing
			if got := outputtest.Read(t, filepath.Join(dir, "01.txt"+extension)); got != "one\ntwo\n" {
				t.Errorf("finished: %q", got)
			}
			if all := partials(t, dir); len(all) != 1 {
				t.Errorf("partial files %q, want the one in use", all)
			}
			if err := using.Close(); err != nil {
				t.Error(err)
			}

			l = newLog(t, d) // whole
			l.at(time.Hour, "three")
			l.kill("")
			l = newLog(t, d) // without a row
			if err := l.At(int64(time.Hour)); err != nil {
				t.Fatal(err)
			}
			l.kill("torn")
			newLog(t, d).Close()
			if got := outputtest.Read(t, filepath.Join(dir, "01-1.txt"+extension)); got != "three\n" {
				t.Errorf("finished: %q", got)
			}

			d.Whole = nil
			l = newLog(t, d)
			l.at(time.Hour, "four")
			l.kill("")
			said = append(said, "--")
			newLog(t, d).Close()
			left := partials(t, dir)
			if len(left) != 1 {
				t.Fatalf("partial files %q", left)
			}
			want := []string{
				"DIR/01.txt" + extension + ": what a run that was killed had written, without its last row, which is incomplete",
				"--",
				"warning: " + strings.ReplaceAll(left[0], dir, "DIR") + ": left by a run that was killed; it cannot be read, and can be removed",
			}
			var got []string
			for _, s := range said {
				if !strings.HasPrefix(s, "DIR/01-1") && !strings.Contains(s, "before its first row") {
					got = append(got, s)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("said (-want +got):\n%s", diff)
			}
		})
	}
}

// What was left by a run that was killed while it finished what another had left, and
// while it began, is not there for good, and nothing is written through it.
func TestKilledWhileMending(t *testing.T) {
	for _, extension := range []string{".gz", ".zst"} {
		for _, rotated := range []bool{true, false} {
			dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
			d := Destination{Name: filepath.Join(dir, "a.txt"+extension), Live: true, Whole: Lines}
			if rotated {
				d.Name, d.Rotate = filepath.Join(dir, "%H.txt"+extension), Rotation{Every: time.Hour}
			}
			l := newLog(t, d)
			l.at(time.Hour, "one")
			l.kill("torn")
			name, result, want := "a.txt"+extension, "a.txt"+extension, "one\nend\n"
			if rotated {
				name, result, want = filepath.Base(partials(t, dir)[0]), "01.txt"+extension, "one\n"
			}
			if err := errors.Join(os.WriteFile(victim, []byte("mine"), 0o666), os.Symlink(victim, filepath.Join(dir, mendedName(name))),
				os.WriteFile(filepath.Join(dir, probeName), nil, 0o666)); err != nil {
				t.Fatal(err)
			}
			if !rotated { // it does not probe
				os.Remove(filepath.Join(dir, probeName))
			}
			if err := newLog(t, d).Close(); err != nil {
				t.Error(err)
			}
			if got := outputtest.Read(t, filepath.Join(dir, result)); got != want {
				t.Errorf("%s: %q", result, got)
			}
			if all, _ := filepath.Glob(filepath.Join(dir, ".*")); len(all) > 0 {
				t.Errorf("%s: left %q", result, all)
			}
			if got := outputtest.Read(t, victim); got != "mine" {
				t.Errorf("the file behind the link has %q", got)
			}
		}
	}
}

// Another's file, a link and a folder are no partial files.
func TestNotKilled(t *testing.T) {
	dir := t.TempDir()
	d := Destination{Name: filepath.Join(dir, "a.txt"), Whole: Lines}
	name := func(n string) string { return filepath.Join(dir, ".a.txt.000000000000000"+n+partialSuffix) }
	other := filepath.Join(dir, "other")
	if err := errors.Join(
		os.WriteFile(other, []byte("x\n"), 0o666), os.Symlink(other, name("1")), os.Mkdir(name("2"), 0o777), os.Link(other, name("3")),
		os.WriteFile(filepath.Join(dir, ".b.txt.0000000000000004.partial"), []byte("x\n"), 0o666),
	); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := errors.Join(os.WriteFile(name("5"), []byte("x\n"), 0o666), os.Chown(name("5"), 65534, 65534)); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := os.ReadDir(dir)
	newLog(t, d).Abandon()
	after, _ := os.ReadDir(dir)
	if len(before) != len(after) {
		t.Errorf("files %v became %v", before, after)
	}
	for i := range before {
		if before[i].Name() != after[i].Name() {
			t.Errorf("%s became %s", before[i].Name(), after[i].Name())
		}
	}
}

// A live file that a killed run left is added to after its last whole row.
func TestKilledLive(t *testing.T) {
	for _, extension := range []string{"", ".gz", ".zst"} {
		dir := t.TempDir()
		name := filepath.Join(dir, "a.txt"+extension)
		d := Destination{Name: name, Live: true, Whole: Lines}
		for range 2 {
			l := newLog(t, d)
			l.at(1, "one")
			l.kill("torn")
		}
		l := newLog(t, d)
		l.at(2, "two")
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if got := outputtest.Read(t, name); got != "one\none\ntwo\nend\n" {
			t.Errorf("%s: %q", extension, got)
		}
		if all := partials(t, dir); len(all) > 0 {
			t.Errorf("left %q", all)
		}
	}
}

// Names may have folders with times, which are made.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	d := Destination{Name: filepath.Join(dir, "day=%d", "hour=%H", "x.txt"), Rotate: Rotation{Every: time.Hour}, Whole: Lines, Live: true}
	l := newLog(t, d)
	if got := l.Folders(); len(got) == 0 || got[0] != dir {
		t.Errorf("folders %q", got)
	}
	l.at(time.Hour, "one")
	l.at(25*time.Hour, "two")
	l.kill("torn")
	l = newLog(t, d)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{"day=01/hour=01/x.txt": "one\nend\n", "day=02/hour=01/x.txt": "two\n"} {
		if got := outputtest.Read(t, filepath.Join(dir, filepath.FromSlash(name))); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// A frame with a wrong time begins a file of its own; the files after it are as
// before.
func TestWrongClock(t *testing.T) {
	for _, wrong := range []time.Duration{-1000 * time.Hour, 100_000 * time.Hour} {
		dir := t.TempDir()
		l := newLog(t, Destination{Name: filepath.Join(dir, "%d-%H.txt"), Rotate: Rotation{Every: time.Hour}})
		l.at(5*time.Hour, "one")
		l.at(wrong, "wrong")
		l.at(5*time.Hour, "two")
		l.at(6*time.Hour, "three")
		l.at(7*time.Hour, "four")
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		got := contents(t, dir)
		if got["01-06.txt"] != "three\nend\n" || got["01-07.txt"] != "four\nend\n" || got["01-05.txt"] != "one\nend\n" && got["01-05.txt"] != "one\nwrong\ntwo\nend\n" {
			t.Errorf("wrong by %v: %q", wrong, got)
		}
	}
}

// Where the file of a live run is removed, alone or with its folder, that is
// said at once, what is lost is counted, and the run goes on as soon as there is
// a folder.
func TestRemoved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files that are open cannot be removed")
	}
	for _, rotate := range []time.Duration{0, time.Hour} {
		for _, how := range []string{"file", "folder", "hangup"} {
			dir := filepath.Join(t.TempDir(), "out")
			if err := os.Mkdir(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			var said []string
			l := newLog(t, Destination{
				Name: filepath.Join(dir, "a%H.txt"), Live: true, Rotate: Rotation{Every: rotate}, Whole: Lines,
				Say: func(s string) { said = append(said, strings.ReplaceAll(s, dir, "DIR")) },
			})
			l.at(time.Second, "one")
			want, lost := []string{"warning: DIR/a%H.txt was removed, with 1 row of this run"}, 1
			if how == "file" {
				files, _ := filepath.Glob(filepath.Join(dir, "*"))
				for _, f := range append(files, partials(t, dir)...) {
					os.Remove(f)
				}
				want = append(want, "DIR/a%H.txt: started a new file")
			} else {
				os.RemoveAll(dir)
			}
			if how == "hangup" {
				if err := l.Reopen(); err != nil {
					t.Error(err)
				}
			}
			if err := l.Tick(int64(2 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, said); diff != "" {
				t.Errorf("%s: said at once (-want +got):\n%s", how, diff)
			}
			if how != "file" {
				l.at(3*time.Second, "two")
				if err := errors.Join(l.Flush(), os.Mkdir(dir, 0o777)); err != nil {
					t.Fatal(err)
				}
				want, lost = append(want, "DIR/a%H.txt: started a new file; 1 row lost meanwhile"), 2
			}
			l.at(4*time.Second, "three")
			l.at(5*time.Second, "four")
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, said); diff != "" {
				t.Errorf("%s: said (-want +got):\n%s", how, diff)
			}
			name := map[time.Duration]string{0: "a%H.txt", time.Hour: "a00.txt"}[rotate]
			if got := outputtest.Read(t, filepath.Join(dir, name)); got != "three\nfour\nend\n" || l.Lost() != lost || l.Losses() == nil {
				t.Errorf("%s: wrote %q, %d lost, want %d: %v", how, got, l.Lost(), lost, l.Losses())
			}
		}
	}
}

// A live file that can only be read when it is whole gets its name in the end. Where
// it is removed before, it is begun anew, and what it had is lost.
func TestRemovedWhole(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files that are open cannot be removed")
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	l := newLog(t, Destination{Name: filepath.Join(dir, "a.html"), Live: true})
	l.at(time.Second, "one")
	compare(t, "before the end", dir, map[string]string{".": "one\n"})
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o777), l.Tick(int64(2*time.Second))); err != nil {
		t.Fatal(err)
	}
	l.at(3*time.Second, "two")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	compare(t, "in the end", dir, map[string]string{"a.html": "two\nend\n"})
	if l.Lost() != 1 {
		t.Errorf("%d lost", l.Lost())
	}
}

// Where the folder of a rotated file is moved, the file gets its name there, and
// the next is made in the new folder.
func TestMoved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders that are open cannot be moved")
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	l := newLog(t, Destination{Name: filepath.Join(dir, "%H.txt"), Live: true, Rotate: Rotation{Every: time.Hour}, Whole: Lines})
	l.at(time.Second, "one")
	if err := errors.Join(os.Rename(dir, dir+".old"), os.Mkdir(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	if err := l.Tick(int64(2 * time.Second)); err != nil {
		t.Fatal(err)
	}
	l.at(2*time.Second, "two")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	compare(t, "moved", dir+".old", map[string]string{"00.txt": "one\nend\n"})
	compare(t, "new", dir, map[string]string{"00.txt": "two\nend\n"})
	if l.Lost() != 0 {
		t.Errorf("%d lost", l.Lost())
	}
}

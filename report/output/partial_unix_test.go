//go:build unix

package output

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A partial file has a name that nobody can guess, and the modes are those of
// what may hold secrets and of what does not.
func TestPartialFiles(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	dir := t.TempDir()
	var names []string
	for _, private := range []bool{false, true} {
		l := newLog(t, Destination{Name: filepath.Join(dir, "a.txt"), Private: private})
		l.at(1, "one")
		all := partials(t, dir)
		if len(all) != 1 || properName(all[0]) != filepath.Join(dir, "a.txt") {
			t.Fatalf("partial files %q", all)
		}
		names = append(names, all...)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		info, err := os.Stat(filepath.Join(dir, "a.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]fs.FileMode{false: 0o644, true: 0o600}[private]; info.Mode() != want {
			t.Errorf("private %t: mode %v, want %v", private, info.Mode(), want)
		}
	}
	if names[0] == names[1] {
		t.Error("two partial files have one name")
	}
	for name, want := range map[string]string{
		".a.txt.0123456789abcdef.partial": "a.txt", "d/.a.0123456789abcdef.partial": "d/a", ".a.txt.0123456789abcdeg.partial": "",
		".a.txt.1234.partial": "", "a.txt.0123456789abcdef.partial": "", "..0123456789abcdef.partial": "", ".partial": "", "": "",
	} {
		if got := properName(name); got != want {
			t.Errorf("%s is to be called %q, want %q", name, got, want)
		}
	}
}

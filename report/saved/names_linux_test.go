package saved

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe in a folder is skipped: opening it would wait for who writes to it.
func TestPipeInFolder(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "a.ndjson"), 0o600); err != nil {
		t.Skip(err)
	}
	file := filepath.Join(dir, "b.ndjson")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, filepath.Join(dir, "*")} {
		if got, err := expand([]string{name}); err != nil || len(got) != 1 || got[0] != file {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// descriptors returns how many files the process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// Of many files, such as those of years, the ones are open whose time has come.
func TestManyFiles(t *testing.T) {
	const n = 60
	all := map[string]string{}
	for i := range n {
		all[fmt.Sprintf("%02d.ndjson", i)] = line(i, fmt.Sprint(i))
	}
	before := descriptors(t)
	r, err := Open(t.Context(), folder(t, all)(""), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i := 0; ; i++ {
		if open := descriptors(t) - before; open > 3 {
			t.Fatalf("%d files are open at record %d", open, i)
		}
		rec, err := r.Next()
		if errors.Is(err, io.EOF) && i == n {
			return
		}
		if err != nil || rec.Request.Target != fmt.Sprint(i) {
			t.Fatalf("record %d: %v, %v", i, rec, err)
		}
	}
}

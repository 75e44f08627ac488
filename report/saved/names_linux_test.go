package saved

import (
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

package capturetest

import (
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"testing"
)

// Corpus yields the files of shared/corpus/captures, captures that others
// made, which lie beside the module where there are any. Where there are none,
// the test is skipped.
func Corpus(t testing.TB) iter.Seq[string] {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	const below = "shared/corpus/captures"
	for {
		if _, err := os.Stat(filepath.Join(dir, below)); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Skip("no corpus of captures")
		}
		dir = up
	}
	return func(yield func(string) bool) {
		err := filepath.WalkDir(filepath.Join(dir, below), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && !yield(path) {
				return fs.SkipAll
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Package outputtest makes what outputs go to, for tests: a terminal, and a disk
// that is soon full, both of which are there on Linux only. It reads what they wrote.
package outputtest

import (
	"io"
	"os"
	"testing"

	"actionurl/capture/pcapfile"
)

// Read returns what is in a file, decompressed. One that is damaged fails the test.
func Read(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapfile.Decompress(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return string(data)
}

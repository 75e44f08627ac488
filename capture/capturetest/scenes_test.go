package capturetest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"actionurl/capture/capturetest"
)

// TestScenes holds the captures in testdata against the scripts that make them.
func TestScenes(t *testing.T) {
	for _, s := range capturetest.Scenes() {
		want, err := s.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", "..", "testdata", s.Name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("testdata/%s is not what its script makes; run: cd testdata && go run generate.go", s.Name)
		}
	}
}

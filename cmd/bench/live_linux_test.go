package main

import (
	"strings"
	"testing"
)

// A program that ends before it captures is an error, with what it said.
func TestReceiverEnds(t *testing.T) {
	for script, want := range map[string]string{"echo no permission >&2; exit 1": "exit status 1\nno permission", "exit 0": "it ends"} {
		_, _, _, err := received(t.Context(), []string{"sh", "-c", script}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
}

package main

import (
	"bytes"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestThreads analyzes the captures with one thread and with several. What is written
// is the same to the byte.
func TestThreads(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	captures, err := filepath.Glob("../../testdata/*.pcap*")
	if err != nil || len(captures) < 5 {
		t.Fatal(captures, err)
	}
	real, err := filepath.Glob("../../testdata/real/*.pcap")
	if err != nil || len(real) < 5 {
		t.Fatal(real, err)
	}
	captures = append(captures, real...)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	runs := func(args ...string) {
		t.Helper()
		var want string
		for _, threads := range []int{1, 2, 8} {
			runtime.GOMAXPROCS(threads)
			var out, messages bytes.Buffer
			status := execute(t.Context(), nil, args, strings.NewReader(""), &out, &messages)
			got := string(rune('0'+status)) + "\n" + out.String() + messages.String()
			if threads > 1 && got != want {
				t.Errorf("%v (-one thread +%d):\n%s", args, threads, cmp.Diff(want, got))
			}
			want = got
		}
	}
	for _, file := range captures {
		for _, view := range []string{"events", "calls", "phones", "servers", "findings", "requests"} {
			runs("analyze", "--view", view, file)
		}
		runs("analyze", "--format", "ndjson", "--complete", "-v", file)
		runs("analyze", "--format", "html", file)
		runs("analyze", "-c", "2", "-f", "tcp", file)
		runs("analyze", "-w", filepath.Join(t.TempDir(), "w.pcapng"), file)
		runs("check", file)
	}
	runs(append([]string{"analyze", "--view", "calls"}, captures...)...)
	runs("analyze", "--view", "requests", "../../testdata/encap")
	runs("analyze", "--since", "+1s", captures[0])
	runs("analyze", "-o", "/dev/full", "--format", "csv", captures[0])
}

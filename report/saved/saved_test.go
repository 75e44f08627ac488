package saved

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture/files"
	"actionurl/report"
)

// line returns a saved request at a second of 2026-03-02 08:00.
func line(second int, target string) string {
	return fmt.Sprintf(`{"time":"2026-03-02T08:00:%02d.000000000Z","target":%q}`+"\n", second, target)
}

// folder writes files and returns the names that those of them have there.
func folder(t *testing.T, all map[string]string) func(...string) []string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range all {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var w io.WriteCloser = f
		if filepath.Ext(name) == ".gz" {
			w = gzip.NewWriter(f)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Close(), func() error { f.Close(); return nil }()); err != nil {
			t.Fatal(err)
		}
	}
	return func(names ...string) []string {
		for i, name := range names {
			if name != "-" {
				names[i] = filepath.Join(dir, name)
			}
		}
		return names
	}
}

// targets reads all records: their targets, and "!" for a problem.
func targets(r *Records) (all []string, err error) {
	for {
		rec, err := r.Next()
		var problem *report.Problem
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case errors.As(err, &problem):
			all = append(all, "!")
		case err != nil:
			return all, err
		default:
			all = append(all, rec.Request.Target)
		}
	}
}

func TestRecords(t *testing.T) {
	in := folder(t, map[string]string{
		"a.ndjson":    line(1, "a1") + line(4, "a4") + "{\n" + line(5, "a5"),
		"b.ndjson.gz": line(2, "b2") + line(3, "b3") + line(6, "b6"),
		"cut.gz":      "",
	})
	r, err := Open(t.Context(), in("a.ndjson", "b.ndjson.gz", "-"), strings.NewReader(line(0, "piped")), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := targets(r)
	if want := []string{"piped", "a1", "b2", "b3", "!", "a4", "a5", "b6"}; err != nil || !cmp.Equal(got, want) && !cmp.Equal(got, []string{"piped", "a1", "b2", "b3", "a4", "!", "a5", "b6"}) {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}
	if _, err := r.End(); err != files.ErrNoEnd {
		t.Errorf("the end of a pipe is known: %v", err)
	}
	r, err = Open(t.Context(), in("a.ndjson", "b.ndjson.gz"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if end, err := r.End(); err != nil || end != time.Date(2026, 3, 2, 8, 0, 6, 0, time.UTC).UnixNano() {
		t.Errorf("it ends at %d, %v", end, err)
	}
	for name, want := range map[string]string{"missing": "no such file or directory"} {
		if _, err := Open(t.Context(), in(name), nil, nil); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Compressed data that are damaged are a problem with its place, and the other
// files are read on.
func TestDamagedCompression(t *testing.T) {
	in := folder(t, map[string]string{"a.gz": strings.Repeat(line(1, "a"), 2), "b": line(2, "b")})
	name := in("a.gz")[0]
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data[:len(data)-6], 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), in("a.gz", "b"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := targets(r)
	if want := []string{"a", "a", "!", "b"}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}
}

// An interrupt ends a pipe, and cuts files short.
func TestInterrupt(t *testing.T) {
	in := folder(t, map[string]string{"a": line(1, "a")})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := Open(ctx, in("a"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancel()
	if got, err := targets(r); err != files.ErrInterrupted || len(got) > 0 {
		t.Errorf("files: %q, %v", got, err)
	}
	pipe, feed := io.Pipe()
	defer feed.Close()
	r, err = Open(ctx, in("-"), pipe, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := targets(r); err != nil || len(got) > 0 {
		t.Errorf("a pipe: %q, %v", got, err)
	}
}

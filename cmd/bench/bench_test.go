package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
	"actionurl/decode"
)

// The program finds in each workload what was made, and nothing that is damaged.
func TestWorkloads(t *testing.T) {
	for name, want := range map[string]struct{ requests, calls, conns int }{
		"requests": {requests: 1000, calls: 1000, conns: 1000}, "calls": {3000, 1000, 1000}, "media": {requests: 200, calls: 200, conns: 200},
		"few": {conns: 10_000}, "few-segments": {conns: 10_000}, "many": {conns: 1000}, "many-segments": {conns: 1000},
	} {
		var w workload
		for _, m := range measures() {
			if m.workload.name == name {
				w = m.workload
			}
		}
		var file bytes.Buffer
		frames, err := w.write(&file, 0.001)
		if err != nil {
			t.Fatal(err)
		}
		r, err := pcapfile.Open(name, &file)
		if err != nil {
			t.Fatal(err)
		}
		got := want
		got.requests, got.calls = 0, 0
		var c decode.Config
		c.ResponseTimeout = time.Second
		c.Call = func(*decode.Call) error { got.calls++; return nil }
		p := decode.New(c, func(r *decode.Record) error {
			if r.Status != 200 || r.Event == nil || r.Phone == nil {
				t.Fatalf("%s: %v is answered by %d, event %v", name, r.Target, r.Status, r.Event)
			}
			got.requests++
			return nil
		})
		var b capture.Batch
		for r.Next(&b) == nil {
			if err := p.Batch(&b); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		s := p.Summary()
		got.conns = s.Stream.Conns
		if losses := s.Losses(true); got != want || s.Frames != frames || len(losses) > 0 {
			t.Errorf("%s: %+v of %d frames, want %+v of %d; lost: %v", name, got, s.Frames, want, frames, losses)
		}
	}
}

// The tables have a row for each measure, and the ratios.
func TestTables(t *testing.T) {
	nothing, err := exec.LookPath("true")
	if err != nil {
		t.Skip(err)
	}
	var out, log strings.Builder
	if err := bench(context.Background(), []string{"-dir", t.TempDir(), "-scale", "0.0001", nothing, nothing}, &out, &log); err != nil {
		t.Fatal(err)
	}
	rows := strings.Count(out.String(), "\n| ")
	if want := len(measures()) + 2; rows != want {
		t.Errorf("%d rows, want %d:\n%s", rows, want, out.String())
	}
	if want := "\n- calls ÷ calls, events: "; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in:\n%s", want, out.String())
	}
}

// A capture that was removed is made anew.
func TestMadeAnew(t *testing.T) {
	nothing, err := exec.LookPath("true")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for range 2 {
		var out, log strings.Builder
		if err := bench(context.Background(), []string{"-dir", dir, "-scale", "0.0001", "-only", fewOpen, nothing}, &out, &log); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "few-0.0001") {
			t.Errorf("not made:\n%s", out.String())
		}
		if err := os.Remove(filepath.Join(dir, "few-0.0001.pcapng")); err != nil {
			t.Fatal(err)
		}
	}
}

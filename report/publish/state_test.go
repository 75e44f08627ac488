package publish

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// resuming returns what a collector needs to go on with files of a folder.
func (y *system) resuming(file, state string) CollectConfig {
	return CollectConfig{Servers: y.servers(), Durable: "all", File: file, State: state, Say: func(string) {}}
}

// A state that is damaged is an error, and the output stays as it is: all would be
// written to it once more.
func TestDamagedState(t *testing.T) {
	y := newSystem(t)
	y.start()
	for name, text := range map[string]string{
		"empty": "", "zeros": strings.Repeat("\x00", 300), "cut": `{"stream":"2026-03-02T08:00:00Z","first":1,"flo`, "nothing": "null", "no stream": "{}",
		"a negative size": `{"stream":"2026-03-02T08:00:00Z","size":-1}`,
	} {
		file := filepath.Join(t.TempDir(), "all.ndjson")
		if err := os.WriteFile(file, []byte("{}\n{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file+".nats", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := Collect(t.Context(), y.resuming(file, file+".nats"))
		if err == nil {
			k.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "all.ndjson.nats: does not say how far a collector has come") {
			t.Errorf("%s: error %v", name, err)
		}
		if data, err := os.ReadFile(file); string(data) != "{}\n{}\n" {
			t.Errorf("%s: the output is %q, %v", name, data, err)
		}
	}
}

// A file that was to get its name when the collector was killed gets it from the next
// run, wherever that begins.
func TestNamedElsewhere(t *testing.T) {
	y := newSystem(t)
	y.start()
	dir := t.TempDir()
	t.Chdir(dir)
	k, err := Collect(t.Context(), y.resuming("", "all.nats"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("half", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.CommitNaming(1, "half", "whole"); err != nil {
		t.Fatal(err)
	}
	k.Close()
	t.Chdir(t.TempDir())
	if k, err = Collect(t.Context(), y.resuming("", filepath.Join(dir, "all.nats"))); err != nil {
		t.Fatal(err)
	}
	k.Close()
	if data, err := os.ReadFile(filepath.Join(dir, "whole")); string(data) != "x" {
		t.Errorf("the file has %q, %v", data, err)
	}
}

// FuzzState has a collector go on with a state and an output that may be damaged: it
// keeps what was committed, and without that whole lines.
func FuzzState(f *testing.F) {
	whole, err := json.Marshal(state{Stream: time.Unix(1, 0), Size: 4, Sensors: map[string]written{"hq": {Floor: 3, Ahead: []uint64{5}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, []byte("a\nb\nc\n"))
	f.Add(whole[:40], []byte("a\nb"))
	f.Add([]byte(`{"stream":"2026-03-02T08:00:00Z","size":99}`), []byte("a"))
	f.Fuzz(func(t *testing.T, data, output []byte) {
		file := filepath.Join(t.TempDir(), "all.ndjson")
		if err := os.WriteFile(file, output, 0o600); err != nil {
			t.Fatal(err)
		}
		k := &Collector{config: CollectConfig{File: file}}
		was, err := readState(data)
		want := output[:bytes.LastIndexByte(output, '\n')+1]
		if err == nil {
			k.state, want = was, output[:min(was.Size, int64(len(output)))]
		}
		if err := k.trim(err == nil); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) || k.state.Size != int64(len(want)) {
			t.Errorf("%q is left, %v, and the size is %d; want %q", got, err, k.state.Size, want)
		}
	})
}

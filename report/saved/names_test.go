package saved

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExpand(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{
		"a.ndjson", "[x].ndjson", "lake/day=1/sensor=hq/1.parquet", "lake/day=1/sensor=hq/.2.parquet", "lake/day=2/sensor=b/1.parquet", "lake/day=2/sensor=b/notes.txt",
		"lake/day=2/1.jsonl.gz", "lake/.hidden/1.parquet", "none/x.txt",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("lake/day=2", "link"); err != nil {
		t.Fatal(err)
	}
	const hq, b1, gz = "lake/day=1/sensor=hq/1.parquet", "lake/day=2/sensor=b/1.parquet", "lake/day=2/1.jsonl.gz"
	for name, want := range map[string][]string{
		"-": {"-"}, "a.ndjson": {"a.ndjson"}, "missing": {"missing"}, "[x].ndjson": {"[x].ndjson"}, "?.ndjson": {"a.ndjson"}, "[!b].nd*": {"a.ndjson"},
		"lake": {hq, gz, b1}, "lake/**/*.parquet": {hq, b1}, "lake/**": {hq, gz, b1, "lake/day=2/sensor=b/notes.txt"}, "**/sensor=b/*.parquet": {b1}, "lake/*/*.parquet": nil,
		"none": nil, "none/*.csv": nil, "[": nil, "./lake/day=1/**/1.p*": {hq},
		"lake/day=[12]/*": {hq, gz, b1}, "lake/day=*": {hq, gz, b1}, "l*/day=2/": {gz, b1}, "lake/d?y=1": {hq}, "non*": nil,
		"link": {"link/1.jsonl.gz", "link/sensor=b/1.parquet"},
	} {
		got, err := expand([]string{name})
		for i := range got {
			got[i] = filepath.ToSlash(got[i])
		}
		if diff := cmp.Diff(want, got); diff != "" || (err == nil) != (want != nil) || err != nil && !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	for name, want := range map[string]bool{
		"lake": false, "lake/day=1": true, "lake/day=*": true, "lake/**": false, "link": false, "none": false, "non*": false, "[": false, "missing": false, "a.nd*": true,
	} {
		if holds(name) != want {
			t.Errorf("%s holds saved events alone: %t", name, !want)
		}
	}
	for name, want := range map[string]string{"a/sensor=hq/b/c": "hq", "sensor=x": "", "sensor=a/sensor=b/c": "b", "c": ""} {
		if got := sensorOf(name); got != want {
			t.Errorf("%s is of %q, want %q", name, got, want)
		}
	}
}

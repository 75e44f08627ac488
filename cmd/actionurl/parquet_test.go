package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/report"
	"actionurl/report/formats"
	"actionurl/report/parquet/duckdb"
)

// DuckDB reads what is written.
func TestDuckDB(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	db := duckdb.Open(t)
	t.Run("values", func(t *testing.T) { readsValues(t, db) })
	t.Run("types", func(t *testing.T) { seesTypes(t, db) })
	t.Run("copies", func(t *testing.T) { writesCopies(t, db) })
	t.Run("manual", func(t *testing.T) { answersQueries(t, db) })
	t.Run("ClickHouse", func(t *testing.T) { definesTable(t, db) })
}

// writesCopies: what DuckDB makes of a file, in other encodings and in one file of
// many, is read as the file is. It has microseconds, as these captures have.
func writesCopies(t *testing.T, db *duckdb.DB) {
	dir := t.TempDir()
	var statements []string
	files := []string{"calls.pcap", "values.pcap", "call.pcapng", "responses.pcap"}
	options := []string{"codec zstd", "codec gzip", "codec uncompressed", "parquet_version v2", "codec snappy, dictionary_size_limit 1"}
	for _, file := range files {
		outputOf(t, nil, "analyze", "--complete", "-o", filepath.Join(dir, file+".parquet"), "../../testdata/"+file)
		for i, option := range options {
			statements = append(statements, fmt.Sprintf("copy (select * from '%s.parquet') to '%s-%d.parquet' (format parquet, %s)", file, file, i, option))
		}
	}
	db.Ask(dir, statements...)
	for _, file := range files {
		for _, view := range []string{"events", "calls", "findings"} {
			want := outputOf(t, nil, "report", "--format", "csv", "--view", view, filepath.Join(dir, file+".parquet"))
			for i, option := range options {
				if got := outputOf(t, nil, "report", "--format", "csv", "--view", view, filepath.Join(dir, fmt.Sprintf("%s-%d.parquet", file, i))); got != want {
					t.Errorf("%s, %s: %s\n%s\nwant\n%s", file, view, option, head(got), head(want))
				}
			}
		}
	}
}

// readsValues: what stands in Parquet is what stands in NDJSON, of every capture and
// view.
func readsValues(t *testing.T, db *duckdb.DB) {
	dir := t.TempDir()
	captures, err := filepath.Glob("../../testdata/*.pcap*")
	if err != nil || len(captures) == 0 {
		t.Fatal(captures, err)
	}
	var statements []string
	var want [][]duckdb.Row
	for i, file := range captures {
		for _, view := range report.Views() {
			args := []string{"analyze", "--view", view, file}
			if view == string(report.Events) || view == string(report.Requests) {
				args = append(args, "--complete")
			}
			name := fmt.Sprintf("%d-%s.parquet", i, view)
			outputOf(t, nil, append(args, "-o", filepath.Join(dir, name))...)
			statements = append(statements, fmt.Sprintf("select * from '%s'", name))
			want = append(want, rowsOf(t, outputOf(t, nil, append(args, "--format", "ndjson")...)))
		}
	}
	got := db.Ask(dir, statements...)
	rows := 0
	for i := range statements {
		for _, row := range got[i].Rows {
			maps.DeleteFunc(row, func(_ string, v any) bool { return v == nil })
			for key, v := range row {
				row[key] = asSaved(key, v)
			}
			if text, ok := row["beside"]; ok {
				row[row["line"].(string)] = text
				delete(row, "line")
				delete(row, "beside")
			}
			rows++
		}
		if diff := cmp.Diff(want[i], got[i].Rows); diff != "" {
			t.Errorf("%s (-NDJSON +Parquet):\n%s", statements[i], head(diff))
		}
	}
	if rows < 250 {
		t.Errorf("only %d rows", rows)
	}
}

// rowsOf returns the objects of NDJSON as DuckDB has them.
func rowsOf(t *testing.T, lines string) []duckdb.Row {
	t.Helper()
	rows := []duckdb.Row{}
	for line := range strings.Lines(lines) {
		var row duckdb.Row
		from := json.NewDecoder(strings.NewReader(line))
		from.UseNumber()
		if err := from.Decode(&row); err != nil {
			t.Fatal(err)
		}
		for key, v := range row {
			switch v := v.(type) {
			case json.Number:
				row[key] = v.String()
			case []any:
				for i := range v {
					if n, ok := v[i].(json.Number); ok {
						v[i] = n.String()
					}
				}
				if key == "details" {
					row[key] = plainJSON(v)
				}
			case map[string]any:
				if key != "vars" {
					row[key] = plainJSON(v)
				}
			case string:
				if _, err := time.Parse(time.RFC3339Nano, v); err == nil { // DuckDB has microseconds
					row[key] = v[:len("2006-01-02T15:04:05.000000")]
				}
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func plainJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// asSaved returns a value of DuckDB as rowsOf has it.
func asSaved(key string, v any) any {
	switch v := v.(type) {
	case []any:
		if key == "vars" {
			vars := map[string]any{}
			for _, pair := range v {
				vars[pair.(map[string]any)["key"].(string)] = pair.(map[string]any)["value"]
			}
			return vars
		}
	case string:
		if t, err := time.Parse("2006-01-02 15:04:05.999999-07", v); err == nil {
			return t.UTC().Format("2006-01-02T15:04:05.000000")
		}
		if key == "beside" || key == "details" {
			var parsed any
			from := json.NewDecoder(strings.NewReader(v))
			from.UseNumber()
			if from.Decode(&parsed) == nil {
				return plainJSON(parsed)
			}
		}
		if strings.HasSuffix(key, "_ms") || strings.HasSuffix(key, "_s") {
			n, err := strconv.ParseFloat(v, 64)
			if err == nil {
				return strconv.FormatFloat(n, 'f', -1, 64)
			}
		}
	}
	return v
}

// seesTypes: the types of the columns are those that the manual promises, and the
// texts that repeat are in dictionaries.
func seesTypes(t *testing.T, db *duckdb.DB) {
	dir := t.TempDir()
	outputOf(t, nil, "analyze", "--complete", "-o", filepath.Join(dir, "a.parquet"), "../../testdata/calls.pcap")
	outputOf(t, nil, "analyze", "--view", "calls", "-o", filepath.Join(dir, "calls.parquet"), "../../testdata/calls.pcap")
	got := db.Ask(dir,
		"describe select * from 'a.parquet'",
		"select ring_s, typeof(ring_s) t from 'calls.parquet' where ring_s is not null limit 1",
		"select logical_type from parquet_schema('a.parquet') where name = 'time'",
		"select path_in_schema, encodings, compression, stats_min_value, stats_max_value, stats_null_count from parquet_metadata('a.parquet')",
		"select count(*) n from 'a.parquet' where event is not null",
		"select vars['remote'] remote from 'a.parquet' where vars['remote'] is not null limit 1",
	)
	types := map[string]string{}
	for _, row := range got[0].Rows {
		types[row["column_name"].(string)] = row["column_type"].(string)
	}
	for name, want := range map[string]string{
		"time": "TIMESTAMP WITH TIME ZONE", "frame": "BIGINT", "src_ip": "VARCHAR", "vlan": "BIGINT[]", "latency_ms": "DECIMAL(18,6)", "late": "BOOLEAN",
		"candidates": "VARCHAR[]", "vars": "MAP(VARCHAR, VARCHAR)", "findings": "VARCHAR[]", "details": "JSON", "beside": "JSON", "line": "VARCHAR",
	} {
		if types[name] != want {
			t.Errorf("%s is %s; expected %s", name, types[name], want)
		}
	}
	if seconds := got[1].Rows[0]["t"]; seconds != "DECIMAL(18,9)" {
		t.Errorf("ring_s is %v", seconds)
	}
	if logical := got[2].Rows[0]["logical_type"].(string); !strings.Contains(logical, "isAdjustedToUTC=1") || !strings.Contains(logical, "NANOS=NanoSeconds()") {
		t.Errorf("time is %s", logical)
	}
	coded := map[string]string{}
	for _, row := range got[3].Rows {
		coded[row["path_in_schema"].(string)] = row["encodings"].(string)
		if row["path_in_schema"] == "event" && (row["compression"] != "SNAPPY" || row["stats_min_value"] != "attended_transfer" || row["stats_null_count"] == "0") {
			t.Errorf("the chunk of event: %v", row)
		}
	}
	for _, name := range []string{"event", "label", "by", "method", "host", "user_agent", "phone_mac", "src_ip", "findings, list, element", "vars, key_value, key"} {
		if !strings.Contains(coded[name], "RLE_DICTIONARY") {
			t.Errorf("%s is encoded as %q; all: %q", name, coded[name], slices.Sorted(maps.Keys(coded)))
		}
	}
	if n := got[4].Rows[0]["n"]; n != "22" {
		t.Errorf("%v events", n)
	}
	if remote := got[5].Rows[0]["remote"]; remote == nil || remote == "" {
		t.Errorf("remote %v", remote)
	}
}

// Parquet goes where it can be read again.
func TestParquetIsRefused(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"analyze", "-o", filepath.Join(dir, "a.parquet.gz"), "../../testdata/calls.pcap"}, "parquet is compressed already; expected a name without .gz"},
		{[]string{"analyze", "--complete", "--view", "calls", "-o", filepath.Join(dir, "a.parquet"), "../../testdata/calls.pcap"}, "it needs --format ndjson or parquet, and --view events or requests"},
	} {
		var messages strings.Builder
		if status := execute(t.Context(), nil, c.args, nil, &messages, &messages); status != statusUsage || !strings.Contains(messages.String(), c.want) {
			t.Errorf("%q: status %d, %s", c.args, status, messages.String())
		}
	}
	if entries, err := os.ReadDir(dir); len(entries) > 0 || err != nil {
		t.Error(entries, err)
	}
}

// Folders are made as the times need them, and files have their names when they are
// whole: what is read is all there is.
func TestLake(t *testing.T) {
	dir := t.TempDir()
	outputOf(t, nil, "analyze", "--rotate", "1m", "-o", filepath.Join(dir, "lake", "day=%Y-%m-%d", "sensor=hq", "%H%M%S.parquet"), "../../testdata/calls.pcap")
	var names []string
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	want := []string{"080000", "080215", "080323"}
	for i := range want {
		want[i] = "lake/day=2026-03-02/sensor=hq/" + want[i] + ".parquet"
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

// What report makes of Parquet is what it makes of NDJSON, byte by byte, in each view
// and format, with what --complete adds and without.
func TestParquetEqualsNDJSON(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	captures, err := filepath.Glob("../../testdata/*.pcap*")
	if err != nil || len(captures) == 0 {
		t.Fatal(captures, err)
	}
	real, err := filepath.Glob("../../testdata/real/*.pcap*")
	if err != nil || len(real) == 0 {
		t.Fatal(real, err)
	}
	captures = append(captures, real...)
	for i := range captures {
		captures[i] = absolute(t, captures[i])
	}
	t.Chdir(t.TempDir())
	for i, file := range captures {
		for _, how := range [][]string{{}, {"--complete"}, {"--complete", "--view", "requests"}} {
			for _, extension := range []string{"ndjson", "parquet"} {
				outputOf(t, nil, append([]string{"analyze", "-o", "saved." + extension, file}, how...)...)
			}
			for _, view := range report.Views() {
				for _, format := range formats.All() {
					if format.Run != nil && (view != string(report.Events) || i%4 > 0) {
						continue
					}
					var got [2]string
					for n, extension := range []string{"ndjson", "parquet"} {
						name := "saved." + extension
						got[n] = strings.ReplaceAll(outputOf(t, nil, "report", "--view", view, "--format", format.Name, name), name, "saved")
					}
					if got[0] != got[1] {
						t.Errorf("%s %q: %s as %s from Parquet:\n%s\nwant\n%s", file, how, view, format.Name, head(got[1]), head(got[0]))
					}
				}
			}
		}
	}
}

func absolute(t *testing.T, file string) string {
	t.Helper()
	file, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Several files are read as one, Parquet and NDJSON among each other, those of a lake
// when their time comes.
func TestReportOfALake(t *testing.T) {
	dir := t.TempDir()
	lake := filepath.Join(dir, "%H%M%S")
	const capture = "../../testdata/calls.pcap"
	for _, extension := range []string{"ndjson", "parquet"} {
		outputOf(t, nil, "analyze", "--rotate", "1m", "-o", lake+"."+extension, capture)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	slices.Reverse(files)
	files[1] = strings.TrimSuffix(files[1], "parquet") + "ndjson"
	outputOf(t, nil, "analyze", "-o", filepath.Join(dir, "all"), "--format", "ndjson", capture)
	for _, view := range []string{"events", "calls"} {
		want := outputOf(t, nil, "report", "--view", view, filepath.Join(dir, "all"))
		if got := outputOf(t, nil, append([]string{"report", "--view", view}, files...)...); got != want {
			t.Errorf("%s: %s\nwant %s", view, got, want)
		}
	}
}

// A folder stands for its files, and sensor=NAME for the sensor of those that name
// none.
func TestReportOfAFolder(t *testing.T) {
	dir := t.TempDir()
	for _, sensor := range []string{"hq", "branch"} {
		outputOf(t, nil, "analyze", "--rotate", "1m", "-o", filepath.Join(dir, "day=%Y-%m-%d", "sensor="+sensor, "%H%M%S.parquet"), "../../testdata/calls.pcap")
	}
	for _, name := range []string{dir, filepath.Join(dir, "**", "*.parquet")} {
		got := outputOf(t, nil, "report", "--columns", "sensor,event", "--format", "csv", name)
		if n, m := strings.Count(got, "hq,"), strings.Count(got, "branch,"); n != 22 || m != 22 {
			t.Errorf("%s: %d and %d events:\n%s", name, n, m, head(got))
		}
	}
}

// What a folder, a pattern or a link stands for can be read after other files are out of
// reach.
func TestReportOfAFolderAlone(t *testing.T) {
	dir := t.TempDir()
	program, folder := filepath.Join(dir, "actionurl"), filepath.Join(dir, "events")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	outputOf(t, nil, "analyze", "--rotate", "1m", "-o", filepath.Join(folder, "%H%M%S.ndjson"), "../../testdata/calls.pcap")
	outputOf(t, nil, "analyze", "-o", filepath.Join(dir, "linked.ndjson"), "../../testdata/guide-events.pcap")
	if err := errors.Join(os.Symlink(os.Args[0], program), os.Symlink("../linked.ndjson", filepath.Join(folder, "link.ndjson"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{folder, filepath.Join(folder, "*.ndjson")} {
		for _, args := range [][]string{{"report", "--since", "-24h"}, {"learn"}} {
			if out, err := exec.Command(program, append(args, name)...).CombinedOutput(); err != nil {
				t.Errorf("%v %s: %v: %s", args, name, err, head(string(out)))
			}
		}
	}
}

// What cannot be read has its place.
func TestDamagedParquet(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "a.parquet")
	outputOf(t, nil, "analyze", "-o", whole, "../../testdata/calls.pcap")
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	broken := slices.Clone(data)
	broken[100] ^= 1
	for _, c := range []struct {
		name, want string
		data       []byte
		status     int
	}{
		{"short.parquet", "short.parquet: it has no end: a Parquet file that is not whole cannot be read", data[:len(data)-9], statusFailed},
		{"magic.parquet", "magic.parquet: it ends too early: a Parquet file that is not whole cannot be read", []byte("PAR1"), statusFailed},
		{"flip.parquet", "flip.parquet:1: column time: a page is damaged: its checksum is wrong; rows 1 to 22 are left out", broken, statusDamaged},
		{"other.parquet", `other.parquet: it has no "time"; expected saved events`, []byte(outputOf(t, nil, "analyze", "--view", "phones", "--format", "parquet", "../../testdata/calls.pcap")), statusFailed},
	} {
		if err := os.WriteFile(filepath.Join(dir, c.name), c.data, 0o666); err != nil {
			t.Fatal(err)
		}
		var out, messages strings.Builder
		if status := execute(t.Context(), nil, []string{"report", filepath.Join(dir, c.name)}, nil, &out, &messages); status != c.status || !strings.Contains(messages.String(), c.want) {
			t.Errorf("%s: status %d, %s", c.name, status, messages.String())
		}
	}
	var messages strings.Builder
	if status := execute(t.Context(), nil, []string{"report", "-"}, strings.NewReader(string(data)), &messages, &messages); status != statusFailed || !strings.Contains(messages.String(), "is Parquet, which is not read from a pipe") {
		t.Errorf("from a pipe: status %d, %s", status, messages.String())
	}
	outputOf(t, nil, "check", "--fail-on", "error", whole)
}

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"actionurl/report/parquet/duckdb"
)

// The queries of the manual, and what it shows of their results.
const queries = "help/parquet.md"

var queryBlock = regexp.MustCompile("(?s)\n([^\n]+):\n\n```sql\n(SELECT [^`]*?)\n```\n\n```text\n(.*?)```\n")

// answersQueries: DuckDB answers each query of the manual with what stands there,
// and with what is counted from NDJSON here.
func answersQueries(t *testing.T, db *duckdb.DB) {
	dir := t.TempDir()
	lake := filepath.Join(dir, "lake")
	for _, capture := range []string{"calls.pcap", "responses.pcap", "deployment.pcap", "others.pcap"} {
		outputOf(t, nil, "analyze", "--sensor", "hq", "--rotate", "1h", "-o", filepath.Join(lake, "day=%Y-%m-%d", "sensor=hq", "%H%M%S.parquet"), "../../testdata/"+capture)
	}
	saved := map[string][]row{}
	for _, view := range []string{"events", "calls", "phones"} {
		outputOf(t, nil, "report", "--view", view, "-o", filepath.Join(dir, view+".parquet"), lake)
		for line := range strings.Lines(outputOf(t, nil, "report", "--view", view, "--format", "ndjson", lake)) {
			var r row
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			saved[view] = append(saved[view], r)
		}
	}
	text, err := os.ReadFile(queries)
	if err != nil {
		t.Fatal(err)
	}
	blocks := queryBlock.FindAllStringSubmatchIndex(string(text), -1)
	var statements []string
	for _, b := range blocks {
		statements = append(statements, string(text[b[4]:b[5]]))
	}
	counted := counts(saved["events"], saved["calls"], saved["phones"])
	if len(statements) < 10 || len(statements) != len(counted) {
		t.Fatalf("%d queries, %d of them are counted", len(statements), len(counted))
	}
	answers := db.Ask(dir, statements...)
	var got strings.Builder
	end := 0
	for i, b := range blocks {
		header, lines := answered(answers[i])
		if diff := gocmp.Diff(counted[i], lines); diff != "" {
			t.Errorf("%s (-counted +DuckDB):\n%s", text[b[2]:b[3]], diff)
		}
		got.Write(text[end:b[6]])
		got.WriteString(aligned(append([]string{header}, lines...)))
		end = b[7]
	}
	got.Write(text[end:])
	switch {
	case got.String() == string(text):
	case *update:
		if err := os.WriteFile(queries, []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s shows other results than its queries have; go test ./cmd/actionurl -run DuckDB -update rewrites it:\n%s", queries, gocmp.Diff(string(text), got.String()))
	}
}

// answered returns the names of the columns and the rows, with "|" between cells.
func answered(result duckdb.Result) (header string, lines []string) {
	for _, row := range result.Rows {
		var cells []string
		for _, name := range result.Names {
			cell := ""
			if row[name] != nil {
				cell = fmt.Sprint(row[name])
			}
			cells = append(cells, cell)
		}
		lines = append(lines, strings.Join(cells, "|"))
	}
	return strings.Join(result.Names, "|"), lines
}

// aligned lays lines out in columns.
func aligned(lines []string) string {
	var widths []int
	for _, line := range lines {
		for i, cell := range strings.Split(line, "|") {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len(cell))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		var cells []string
		for i, cell := range strings.Split(line, "|") {
			cells = append(cells, fmt.Sprintf("%-*s", widths[i], cell))
		}
		b.WriteString(strings.TrimRight(strings.Join(cells, "  "), " ") + "\n")
	}
	return b.String()
}

// A row is an object of NDJSON.
type row map[string]any

func (r row) text(key string) string { s, _ := r[key].(string); return s }
func (r row) has(key string) bool    { _, ok := r[key]; return ok }
func (r row) number(key string) float64 {
	n, _ := r[key].(float64)
	return n
}

// millis and seconds are as DuckDB writes decimals.
func millis(ms float64) string { return strconv.FormatFloat(ms, 'f', 6, 64) }

// grouped calls add for each row of a group, and returns the groups in the order of
// their keys.
func grouped[G any](rows []row, key func(row) (string, bool), add func(*G, row)) (keys []string, groups map[string]*G) {
	groups = map[string]*G{}
	for _, r := range rows {
		k, ok := key(r)
		if !ok {
			continue
		}
		if groups[k] == nil {
			groups[k] = new(G)
			keys = append(keys, k)
		}
		add(groups[k], r)
	}
	slices.Sort(keys)
	return keys, groups
}

func by(key string) func(row) (string, bool) {
	return func(r row) (string, bool) { return r.text(key), r.has(key) }
}

func first[T any](n int, all []T) []T { return all[:min(n, len(all))] }

// most sorts keys by a number, the greatest first.
func most[G any](keys []string, groups map[string]*G, n func(*G) float64) {
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(n(groups[b]), n(groups[a])) })
}

// counts are the results of the queries, in the order of the manual.
func counts(events, calls, phones []row) [][]string {
	type tally struct {
		n, failed     int
		product, last string
		sum           float64
		ms            []float64
		phones        map[string]bool
	}
	count := func(g *tally) float64 { return float64(g.n) }
	var all [][]string
	answer := func(n int, keys []string, line func(string) string) {
		var lines []string
		for _, k := range first(n, keys) {
			lines = append(lines, line(k))
		}
		all = append(all, lines)
	}

	keys, of := grouped(events, by("phone_mac"), func(g *tally, r row) { g.n++; g.product = max(g.product, r.text("phone_product")) })
	most(keys, of, count)
	answer(3, keys, func(k string) string { return fmt.Sprintf("%s|%s|%d", k, of[k].product, of[k].n) })

	keys, of = grouped(events, func(r row) (string, bool) { return r.text("time")[:10], true }, func(g *tally, r row) {
		if g.n++; r.has("no_response") || r.number("status") >= 300 {
			g.failed++
		}
	})
	answer(99, keys, func(k string) string { return fmt.Sprintf("%s|%d|%d", k, of[k].n, of[k].failed) })

	keys, of = grouped(events, func(r row) (string, bool) { return fmt.Sprintf("%s|%v", r.text("dest_ip"), r["dest_port"]), true }, func(g *tally, r row) {
		if r.has("latency_ms") {
			g.ms = append(g.ms, r.number("latency_ms"))
			slices.Sort(g.ms)
		}
	})
	keys = slices.DeleteFunc(keys, func(k string) bool { return len(of[k].ms) == 0 })
	greatest := func(g *tally) float64 { return g.ms[len(g.ms)-1] }
	most(keys, of, greatest)
	answer(3, keys, func(k string) string {
		ms := of[k].ms
		share := func(q float64) string { return millis(ms[int(math.Ceil(q*float64(len(ms))))-1]) }
		return fmt.Sprintf("%s|%d|%s|%s|%s", k, len(ms), share(0.5), share(0.95), millis(greatest(of[k])))
	})

	keys, of = grouped(calls, by("remote"), func(g *tally, r row) {
		g.n++
		if r.has("talk_s") {
			g.sum += r.number("talk_s")
			g.failed++ // here: answered
		}
	})
	most(keys, of, count)
	answer(3, keys, func(k string) string {
		sum := ""
		if of[k].failed > 0 {
			sum = strconv.FormatFloat(of[k].sum, 'f', 9, 64)
		}
		return fmt.Sprintf("%s|%d|%s", k, of[k].n, sum)
	})

	end := ""
	keys, of = grouped(events, by("phone_mac"), func(g *tally, r row) { g.last = max(g.last, r.text("time")) })
	for _, r := range events {
		end = max(end, r.text("time"))
	}
	keys = slices.DeleteFunc(keys, func(k string) bool { return of[k].last >= minutesBefore(end, 2) })
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(of[a].last, of[b].last) })
	answer(3, keys, func(k string) string { return k + "|" + shown(of[k].last) })

	keys, of = grouped(events, func(r row) (string, bool) {
		path, _, _ := strings.Cut(r.text("target"), "?")
		return r.text("host") + "|" + path, r.has("latency_ms")
	}, func(g *tally, r row) { g.n++; g.sum = max(g.sum, r.number("latency_ms")) })
	slices.SortFunc(keys, func(a, b string) int {
		_, pathA, _ := strings.Cut(a, "|")
		_, pathB, _ := strings.Cut(b, "|")
		return cmp.Or(cmp.Compare(of[b].sum, of[a].sum), cmp.Compare(pathA, pathB))
	})
	answer(3, keys, func(k string) string { return fmt.Sprintf("%s|%d|%s", k, of[k].n, millis(of[k].sum)) })

	keys, of = grouped(events, func(r row) (string, bool) { return r.text("time")[:13] + "|" + r.text("event"), true }, func(g *tally, r row) { g.n++ })
	slices.SortStableFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(a[:13], b[:13]), cmp.Compare(of[b].n, of[a].n))
	})
	answer(4, keys, func(k string) string {
		return fmt.Sprintf("%s %s:00:00+00|%s|%d", k[:10], k[11:13], k[14:], of[k].n)
	})

	keys, of = grouped(calls, func(r row) (string, bool) { return r.text("direction"), true }, func(g *tally, r row) {
		if g.n++; r.has("talk_s") {
			g.sum++
		}
		if r.text("state") == "missed" {
			g.failed++
		}
	})
	if keys[0] == "" { // NULLS LAST
		keys = append(keys[1:], "")
	}
	answer(9, keys, func(k string) string { return fmt.Sprintf("%s|%d|%v|%d", k, of[k].n, of[k].sum, of[k].failed) })

	var found []row
	for _, r := range events {
		list, _ := r["findings"].([]any)
		for _, f := range list {
			found = append(found, row{"finding": f, "phone_mac": r["phone_mac"]})
		}
	}
	keys, of = grouped(found, by("finding"), func(g *tally, r row) {
		if g.n++; g.phones == nil {
			g.phones = map[string]bool{}
		}
		if mac := r.text("phone_mac"); mac != "" {
			g.phones[mac] = true
		}
	})
	most(keys, of, count)
	answer(4, keys, func(k string) string { return fmt.Sprintf("%s|%d|%d", k, of[k].n, len(of[k].phones)) })

	var lines []string
	for _, r := range events {
		if r.text("call_id") == "3f1c6a2e@192.168.40.10" {
			vars, _ := r["vars"].(map[string]any)
			lines = append(lines, fmt.Sprintf("%s|%s|%s|%s", shown(r.text("time")), r.text("phone_ip"), r.text("event"), row(vars).text("remote")))
		}
	}
	all = append(all, lines)

	keys, of = grouped(phones, func(r row) (string, bool) {
		null := func(key string) string { return cmp.Or(r.text(key), "~") } // NULLS LAST
		return null("vendor") + "|" + null("phone_product") + "|" + null("phone_version"), true
	}, func(g *tally, r row) { g.n++ })
	answer(4, keys, func(k string) string { return fmt.Sprintf("%s|%d", strings.ReplaceAll(k, "~", ""), of[k].n) })
	return all
}

// shown is a time of NDJSON as DuckDB shows it.
func shown(text string) string {
	at, _ := time.Parse(time.RFC3339Nano, text)
	return at.UTC().Format("2006-01-02 15:04:05.999999") + "+00"
}

// minutesBefore is a time of NDJSON so many minutes before another.
func minutesBefore(text string, n int) string {
	at, _ := time.Parse(time.RFC3339Nano, text)
	return at.Add(-time.Duration(n) * time.Minute).UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// definesTable: the table of the manual for ClickHouse has the columns of the view of
// events, and their types.
func definesTable(t *testing.T, db *duckdb.DB) {
	dir := t.TempDir()
	outputOf(t, nil, "analyze", "-o", filepath.Join(dir, "a.parquet"), "../../testdata/calls.pcap")
	var want []string
	for _, column := range db.Ask(dir, "describe select * from 'a.parquet'")[0].Rows {
		want = append(want, fmt.Sprintf("%s %s", column["column_name"], column["column_type"]))
	}
	text, err := os.ReadFile(queries)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "CREATE TABLE events (\n")
	table, _, _ = strings.Cut(table, "\n) ENGINE")
	types := map[string]string{
		"DateTime64(9, 'UTC')": "TIMESTAMP WITH TIME ZONE", "Nullable(String)": "VARCHAR", "LowCardinality(Nullable(String))": "VARCHAR", "Nullable(Int64)": "BIGINT",
		"Nullable(Bool)": "BOOLEAN", "Nullable(Decimal(18, 6))": "DECIMAL(18,6)", "Array(Int64)": "BIGINT[]", "Array(String)": "VARCHAR[]", "Map(String, String)": "MAP(VARCHAR, VARCHAR)",
	}
	var got []string
	for line := range strings.SplitSeq(table, "\n") {
		name, kind, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), ","), " ")
		got = append(got, strings.Trim(name, "`")+" "+types[kind])
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("the table of the manual (-file +table):\n%s", diff)
	}
}

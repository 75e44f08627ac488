package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/packet"
)

// width is the number of terminal columns that a line takes.
func width(line string) int { return twwidth.WidthWithOptions(line, twwidth.Options{}) }

func lines(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") }

func TestTableFitsTheTerminal(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for _, view := range []View{Events, Requests} {
		for limit := 40; limit <= 250; limit++ {
			out := write(t, Options{Format: Plain().Named("table"), Width: limit}, view, events(t))
			for _, line := range lines(out) {
				if width(line) > limit {
					t.Errorf("%s: a line is %d columns wide, the terminal %d: %s", view, width(line), limit, line)
				}
				if strings.HasSuffix(line, " ") {
					t.Errorf("%s at %d: blanks at the end of %q", view, limit, line)
				}
			}
		}
	}
}

// named is an event with a name in it.
func named(name string) *decode.Record {
	return request("/", announces(actionurl.Event{Kind: actionurl.Lookup("hold_call"), CallID: name}))
}

// The column behind names begins at the same place in every line, whatever
// script they are written in.
func TestColumnsAreAligned(t *testing.T) {
	names := []string{
		"Jane Doe", "山田 太郎", "김철수", "e\u0301a\u0308", "Jürgen", "😀", "☎", "🇩🇪", "한", "ｗｉｄｅ", "ﾊﾝｶｸ", "±§“”…─", "אבג", "العربية", "नमस्ते",
		"👨\u200d👩\u200d👧", "❤\ufe0f", "\u0301", "x\u200by", "山田太郎山田太郎山田太郎山田太郎山田太郎山田太郎",
	}
	var records []*decode.Record
	for _, name := range names {
		records = append(records, named(name))
	}
	for _, limit := range []int{0, 30, 31, 32, 60} {
		out := write(t, Options{Format: Plain().Named("table"), Columns: "call_id,event", Width: limit}, Events, records)
		all := lines(out)
		if len(all) != 1+len(names) {
			t.Fatalf("%d lines:\n%s", len(all), out)
		}
		want := width(all[0][:strings.Index(all[0], "event")])
		for _, line := range all[1:] {
			before, _, ok := strings.Cut(line, "Hold Call")
			if !ok || width(before) != want {
				t.Errorf("at %d columns, the second begins at %d, not %d: %s", limit, width(before), want, line)
			}
		}
	}
}

// A table is the same in any locale, though some take "±" or "…" for wide.
func TestLocaleDoesNotMatter(t *testing.T) {
	records := []*decode.Record{named("±§“”…─±§“”…─"), named("Jane")}
	var out []string
	for _, eastAsian := range []bool{false, true} {
		twwidth.SetEastAsian(eastAsian)
		out = append(out, write(t, Options{Format: Plain().Named("table"), Columns: "call_id,event"}, Events, records))
	}
	if diff := cmp.Diff(out[0], out[1]); diff != "" {
		t.Errorf("elsewhere and in East Asia (-+):\n%s", diff)
	}
}

// TestWrapped wants sentences to go on in further lines, at blanks where there
// are some.
func TestWrapped(t *testing.T) {
	columns := PlainColumns("a", "b", "c")
	columns[1] = columns[1].Wrapped(12)
	var buf bytes.Buffer
	sink, err := New(&buf, Options{Format: Plain().Named("table")}, columns)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []string{"short", "", "a sentence of several words", "aVeryLongWordIndeed 山田太郎山田太郎山田太郎 x"} {
		if err := sink.Row([]Value{Text("1"), Text(b), Text("2")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	const want = `a  b             c
1  short         2
1                2
1  a sentence    2
   of several
   words
1  aVeryLongWor  2
   dIndeed
   山田太郎山田
   太郎山田太郎
   x
`
	if diff := cmp.Diff(want, buf.String()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestLongCellsAreCut(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{strings.Repeat("x", 13), "xxxxxxxxxxxx…  Hold Call"},
		{strings.Repeat("x", 12), "xxxxxxxxxxxx   Hold Call"},
		{strings.Repeat("x", 14), "xxxxxxxxxxxx…  Hold Call"},
		{strings.Repeat("山", 10), "山山山山山山…  Hold Call"},
		{"x" + strings.Repeat("山", 10), "x山山山山山…   Hold Call"},
		{strings.Repeat("x", 70_000), "xxxxxxxxxxxx…  Hold Call"},
	} {
		// The first row, which is wide, and one behind those that the widths come from.
		var records []*decode.Record
		for range sampleRows {
			records = append(records, named("1234567890123"))
		}
		records[0] = named(test.name)
		records = append(records, named(test.name))
		all := lines(write(t, Options{Format: Plain().Named("table"), Columns: "call_id,event", Width: 29}, Events, records))
		for _, line := range []string{all[1], all[len(all)-1]} {
			want := test.want
			if strings.HasPrefix(want, "xxxxxxxxxxxx…") && len(test.name) == 13 {
				want = test.name + "  Hold Call" // it fits
			}
			if line != want {
				t.Errorf("%.30q: got %q, want %q", test.name, line, want)
			}
		}
	}
}

// Of a very long cell only the beginning is kept, and it shows.
func TestVeryLongCells(t *testing.T) {
	for _, name := range []string{
		strings.Repeat("a\u0300\u0301\u0302", 600), // narrower than it is long
		"x" + strings.Repeat("山", 2000),
	} {
		all := lines(write(t, Options{Format: Plain().Named("table"), Columns: "call_id"}, Events, []*decode.Record{named(name)}))
		if !strings.HasSuffix(all[1], "…") || strings.Contains(all[1], `\x`) {
			t.Errorf("got %q", all[1])
		}
	}
}

func TestDays(t *testing.T) {
	const day = 24 * time.Hour
	records := []*decode.Record{request("/1"), request("/2", after(time.Hour)), request("/3", after(day)), request("/4", after(3*day))}
	for _, test := range []struct{ form, want string }{
		{"utc", "2026-03-02 UTC|time target|08:00:00.123 /1|09:00:00.123 /2||2026-03-03 UTC|time target|08:00:00.123 /3||" +
			"2026-03-05 UTC|time target|08:00:00.123 /4"},
		{"Pacific/Auckland", "2026-03-02 NZDT|time target|21:00:00.123 /1|22:00:00.123 /2||2026-03-03 NZDT|time target|21:00:00.123 /3||" +
			"2026-03-05 NZDT|time target|21:00:00.123 /4"},
		{"relative", "time target|0.000 /1|3600.000 /2|86400.000 /3|259200.000 /4"},
	} {
		var got []string
		for _, line := range lines(write(t, Options{Format: Plain().Named("table"), Columns: "time,target", Clock: clock(t, test.form)}, Requests, records)) {
			got = append(got, strings.Join(strings.Fields(line), " "))
		}
		if got := strings.Join(got, "|"); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.form, got, test.want)
		}
	}
	// Without times there is nothing to date.
	out := write(t, Options{Format: Plain().Named("table"), Columns: "target"}, Requests, records)
	if got := strings.Join(strings.Fields(out), " "); got != "target /1 /2 /3 /4" {
		t.Errorf("got %q", out)
	}
}

// What people asked for stays in the table, however narrow; of the rest the
// least important columns give way.
func TestColumnsGiveWay(t *testing.T) {
	header := func(o Options, v View) string {
		o.Format = Plain().Named("table")
		var out bytes.Buffer
		var sink io.Closer
		var err error
		switch v {
		case Calls:
			sink, err = NewCalls(&out, o)
		case Phones:
			sink, err = NewPhones(&out, o)
		case Servers:
			sink, err = NewServers(&out, o)
		case Findings:
			sink, err = NewFindings(&out, o)
		default:
			sink, err = NewRecords(&out, o, v)
		}
		if err := errors.Join(err, sink.Close()); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(lines(out.String())[0]), " ")
	}
	for _, test := range []struct {
		view View
		o    Options
		want string
	}{
		{Events, Options{Width: 0}, "time phone event vars server status latency_ms"},
		{Events, Options{Width: 120}, "time phone event vars server status latency_ms"},
		{Events, Options{Width: 100}, "time phone event vars server status latency_ms"},
		{Events, Options{Width: 80}, "time phone event vars status latency_ms"},
		{Events, Options{Width: 40}, "time phone event status"},
		{Events, Options{Width: 60, Columns: "time,phone,server,latency_ms,status"}, "time phone server latency_ms status"},
		{Calls, Options{Width: 80}, "time phone remote state talk_s events"},
		{Calls, Options{Width: 40}, "time phone remote state"},
		{Phones, Options{Width: 80}, "phone phone_ip registered dnd forward calls events failures"},
		{Phones, Options{Width: 40}, "phone phone_ip events failures"},
		{Servers, Options{Width: 60}, "server phones events ok failed p95_ms max_ms"},
		{Servers, Options{Width: 30}, "server events failed"},
		{Findings, Options{Width: 80}, "finding severity count phones what"},
		{Findings, Options{Width: 40}, "finding what"},
	} {
		if got := header(test.o, test.view); got != test.want {
			t.Errorf("%s, %+v: got %q, want %q", test.view, test.o, got, test.want)
		}
	}
}

// What tells phones apart is never cut: of MAC addresses the shortest tails that
// differ are left, at least two bytes. A server that all rows have stands once
// above, and another one under a header of its own.
func TestNarrowTable(t *testing.T) {
	at := func(mac, server string) *decode.Record {
		r := request("/?event=hold", announces(actionurl.Event{Kind: actionurl.Lookup("hold_call"), PhoneMAC: mustMAC(t, mac)}))
		r.Server = netip.MustParseAddrPort(server)
		return r
	}
	const first, second = "192.168.40.207:8085", "192.168.40.208:8085"
	for _, test := range []struct {
		name    string
		records []*decode.Record
		width   int
		want    string
	}{
		{"two bytes", []*decode.Record{at("00:0b:82:12:34:32", first), at("00:0b:82:12:34:33", first)}, 60,
			"2026-03-02 UTC, all to 192.168.40.207:8085|34:32 Hold Call|34:33 Hold Call"},
		{"three bytes", []*decode.Record{at("00:0b:82:12:34:32", first), at("00:0b:82:13:34:32", first)}, 60,
			"2026-03-02 UTC, all to 192.168.40.207:8085|12:34:32 Hold Call|13:34:32 Hold Call"},
		{"wide enough", []*decode.Record{at("00:0b:82:12:34:32", first), at("00:0b:82:12:34:33", first)}, 100,
			"2026-03-02 UTC|00:0b:82:12:34:32 Hold Call " + first + "|00:0b:82:12:34:33 Hold Call " + first},
		{"several servers", []*decode.Record{at("00:0b:82:12:34:32", first), at("00:0b:82:12:34:32", second)}, 60,
			"2026-03-02 UTC|34:32 Hold Call " + first + "|34:32 Hold Call " + second},
	} {
		var got []string
		for i, line := range lines(write(t, Options{Format: Plain().Named("table"), Columns: "time,phone,event,server", Width: test.width}, Events, test.records)) {
			words := strings.Fields(line)
			switch {
			case i == 1: // the header
			case len(words) > 0 && strings.HasPrefix(words[0], "08:"):
				got = append(got, strings.Join(words[1:], " "))
			default:
				got = append(got, line)
			}
		}
		if got := strings.Join(got, "|"); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
	// A row behind the first ones that went elsewhere.
	var records []*decode.Record
	for range sampleRows {
		records = append(records, at("00:0b:82:12:34:32", first))
	}
	out := write(t, Options{Format: Plain().Named("table"), Columns: "time,phone,event,server", Width: 40}, Events, append(records, at("00:0b:82:12:34:32", second)))
	if !strings.Contains(out, "2026-03-02 UTC, all to "+second+"\n") {
		t.Errorf("the other server is not named: %s", out[len(out)-300:])
	}
}

// What failed is in color, which takes no width.
func TestColor(t *testing.T) {
	bad := request("/2")
	bad.Status = 404
	o := Options{Format: Plain().Named("table"), Columns: "target,status,method", Color: true}
	got := write(t, o, Requests, []*decode.Record{request("/1"), bad})
	o.Color = false
	plain := write(t, o, Requests, []*decode.Record{request("/1"), bad})
	if strings.Count(got, red+"404"+plainText) != 1 || strings.NewReplacer(red, "", plainText, "").Replace(got) != plain {
		t.Errorf("got %q, without color %q", got, plain)
	}
}

func mustMAC(t *testing.T, s string) packet.MAC {
	t.Helper()
	mac, ok := packet.ParseMAC(s)
	if !ok {
		t.Fatal(s)
	}
	return mac
}

// A table of any length takes the same memory.
func TestMemoryOfTable(t *testing.T) {
	if testing.Short() {
		t.Skip("writes many rows")
	}
	sink, err := NewRecords(io.Discard, Options{Format: Plain().Named("table")}, Events)
	if err != nil {
		t.Fatal(err)
	}
	write := func(n int) (inUse int64) {
		for i := range n {
			// No two cells are alike, so that no cache holds them for free.
			if err := sink.Write(named(fmt.Sprint("call ", n, i))); err != nil {
				t.Fatal(err)
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	few := write(10_000)
	if more := write(90_000) - few; more > 2<<20 {
		t.Errorf("90,000 rows more take %d bytes more", more)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
}

// Rows that tablewriter does not lay out look as if it had.
func TestLinesLikeTheLibrary(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	texts := []string{
		"", "x", " leading", "trailing ", "two  blanks", "12345678901234567890", strings.Repeat("x", 300), "Jürgen", "山田 太郎",
		strings.Repeat("山", 70), "e\u0301a\u0308", "😀☎🇩🇪", "👨\u200d👩\u200d👧", "العربية", "ﾊﾝｶｸ", hostileText, "a\tb", "\u0301", "…", "|<>&\\",
	}
	var records []*decode.Record
	for i, a := range texts {
		for j, b := range texts {
			records = append(records, request("/", after(time.Duration(i*j)*time.Hour), func(r *decode.Record) {
				r.Frame, r.Host, r.UserAgent = i*j*j, a, b
			}))
		}
	}
	for _, columns := range []string{"time,host,frame,user_agent", "user_agent,frame,host", "frame", "host"} {
		for _, limit := range []int{0, 20, 40, 80, 200} {
			print := func(library int) string {
				var out bytes.Buffer
				rows, err := NewRecords(&out, Options{Format: Plain().Named("table"), Columns: columns, Width: limit}, Requests)
				if err != nil {
					t.Fatal(err)
				}
				rows.Sink.(*table).library = library
				for _, r := range records {
					if err := rows.Write(r); err != nil {
						t.Fatal(err)
					}
				}
				if err := rows.Close(); err != nil {
					t.Fatal(err)
				}
				return out.String()
			}
			if diff := cmp.Diff(print(1<<30), print(0)); diff != "" {
				t.Fatalf("%s at %d (-tablewriter +own):\n%s", columns, limit, diff)
			}
		}
	}
}

// A cell of ASCII is cut as twwidth cuts it.
func TestFitted(t *testing.T) {
	const cell = "Jane Doe of 5002"
	for columns := 1; columns < len(cell); columns++ {
		if got, want := fitted(cell, columns), twwidth.Truncate(cell, columns, "…"); got != want {
			t.Errorf("%d columns: got %q, want %q", columns, got, want)
		}
	}
}

// A live table writes each row as it comes, under a header whose columns do
// not depend on the rows, and shows the header again when it is off the screen.
func TestLiveTable(t *testing.T) {
	var out strings.Builder
	rows, err := NewRecords(&out, Options{Format: Plain().Named("table"), Live: true, Height: 6}, Events)
	if err != nil {
		t.Fatal(err)
	}
	long := request("/", announces(actionurl.Event{Kind: actionurl.Lookup("hold_call"), Vars: []actionurl.Var{filled("n", strings.Repeat("x", 500))}}))
	for i, r := range append(events(t), named("a"), long, request("/", announces(actionurl.Event{Kind: actionurl.Unknown}), func(r *decode.Record) { r.Findings = []finding.Finding{{Kind: finding.CutHead}} })) {
		before := len(lines(out.String()))
		if err := errors.Join(rows.Write(r), rows.Flush()); err != nil {
			t.Fatal(err)
		}
		if i > 0 && len(lines(out.String())) == before {
			t.Fatalf("row %d waits", i)
		}
	}
	rows.Close()
	golden(t, "events-live.txt", out.String())
	for _, line := range lines(out.String()) {
		if width(line) > 200 {
			t.Errorf("a line of %d columns: %s", width(line), line)
		}
	}
}

// Rows that are added to a CSV file stand under the header that it has.
func TestContinuedCSV(t *testing.T) {
	r := []*decode.Record{named("a")}
	whole := write(t, Options{Format: Plain().Named("csv")}, Events, r)
	header, rest, _ := strings.Cut(whole, "\r\n")
	if got := write(t, Options{Format: Plain().Named("csv"), Continued: true}, Events, r); got != rest || header == "" {
		t.Errorf("%q, want %q", got, rest)
	}
}

package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"actionurl/decode"
	"actionurl/decode/actionurl"
)

// keys are those of a saved record, in the order that is promised.
const keys = `time sensor capture frame src_ip src_port dest_ip dest_port vlan tls method host target version user_agent
	status latency_ms no_response event label by candidates phone_mac phone_ip phone_product phone_version
	call_id local remote display_remote duration_s sip_frame sip_method sip_delay_ms also late vars findings template identified other_mac phone_name server_name
	content_type body_size`

func TestColumnsAreTheKeys(t *testing.T) {
	composed := []string{"phone", "client", "server"}
	want := append(strings.Fields(keys), composed...)
	if diff := cmp.Diff(want, ColumnNames(Events)); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

// objectKeys returns the keys of a JSON object in their order.
func objectKeys(t *testing.T, line string) []string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(line))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var all []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, key.(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestNDJSON(t *testing.T) {
	order := map[string]int{}
	for i, key := range strings.Fields(keys) {
		order[key] = i + 1
	}
	out := write(t, Options{Format: Plain().Named("ndjson")}, Requests, sample(t))
	lines := strings.SplitAfter(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != len(sample(t)) {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		last := ""
		for _, key := range objectKeys(t, line) {
			if order[key] <= order[last] {
				t.Errorf("%s stands behind %q in %s", key, last, line)
			}
			last = key
		}
	}

	var first map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"time": "2026-03-02T08:00:00.123456789Z", "capture": "trunk.pcap", "frame": 7.0,
		"src_ip": "192.168.40.50", "src_port": 40000.0, "dest_ip": "192.168.40.207", "dest_port": 80.0,
		"vlan": []any{100.0, 40.0}, "method": "GET", "host": "192.168.40.207", "target": "/mac=000b82123450&local=5002",
		"version": "HTTP/1.1", "status": 200.0, "latency_ms": 12.34,
		"event": "incoming_call", "label": "Incoming Call", "by": "template",
		"phone_mac": "00:0b:82:12:34:50", "phone_ip": "192.168.40.50",
		"vars": map[string]any{"mac": "000b82123450", "local": "5002"},
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("the first record (-want +got):\n%s", diff)
	}

	// Absent values have no key, except "by" where nothing names the event.
	for i, want := range []string{
		1: "time capture frame src_ip src_port dest_ip dest_port method target user_agent no_response",
		5: "time capture frame src_ip src_port dest_ip dest_port method host target version no_response event by phone_ip",
	} {
		if want == "" {
			continue
		}
		if diff := cmp.Diff(strings.Fields(want), objectKeys(t, lines[i])); diff != "" {
			t.Errorf("keys of record %d (-want +got):\n%s", i, diff)
		}
	}
}

// These are what the function that compares saved records with another
// program's makes of the same bytes.
func TestBytesThatAreNoUTF8(t *testing.T) {
	for _, test := range []struct{ sent, want string }{
		{"abc", "abc"},
		{`a\b`, `a\b`},
		{`\xfc`, `\xfc`},
		{"J\xfcrgen", `J\xfcrgen`},
		{"J\xfcrgen\\x", `J\xfcrgen\\x`},
		{"Jürgen \xfc", `Jürgen \xfc`},
		{"\xe3\x81", `\xe3\x81`},
		{"\xe3\x81\x82\xe3", `あ\xe3`},
		{"\xed\xa0\x80", `\xed\xa0\x80`},
		{"\xc0\xaf", `\xc0\xaf`},
		{"\xf4\x90\x80\x80", `\xf4\x90\x80\x80`},
		{"\xf0\x9f\x98\x80\xff", `😀\xff`},
		{"\xef\xbf\xbd\xff", "\ufffd\\xff"},
		{"\x00\x1b\xff\"", "\x00\x1b\\xff\""},
		{"\xc2\x9b", "\u009b"},
		{"\xe2\x80\xae\xfe", "\u202e\\xfe"},
		{"\xff\\\\", `\xff\\\\`},
	} {
		var got string
		if err := json.Unmarshal(AppendString(nil, test.sent), &got); err != nil || got != test.want {
			t.Errorf("%q is read back as %q (%v), want %q", test.sent, got, err, test.want)
		}
	}
}

// A key that was sent twice must not hide the first.
func TestRepeatedVariables(t *testing.T) {
	r := request("/", announces(actionurl.Event{Kind: actionurl.Unknown, Vars: []actionurl.Var{
		filled("a", "1"), filled("b", "2"), filled("a", "3"), filled("a", "4"),
	}}))
	want := `{"vars":{"a":"1","b":"2","a#2":"3","a#3":"4"}}` + "\n"
	if got := write(t, Options{Format: Plain().Named("ndjson"), Columns: "vars"}, Events, []*decode.Record{r}); got != want {
		t.Errorf("got %s want %s", got, want)
	}
}

func TestCSV(t *testing.T) {
	out := write(t, Options{Format: Plain().Named("csv")}, Requests, sample(t))
	if strings.Count(out, "\n") != strings.Count(out, "\r\n") {
		t.Error("a line does not end in CRLF")
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+len(sample(t)) {
		t.Fatalf("%d rows", len(rows))
	}
	if diff := cmp.Diff(slices.DeleteFunc(strings.Fields(keys), func(key string) bool { return key == "sensor" || key == "late" }), rows[0]); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	cell := func(row int, name string) string {
		for i, column := range rows[0] {
			if column == name {
				return rows[row][i]
			}
		}
		t.Fatalf("unknown column %s", name)
		return ""
	}
	for _, test := range []struct {
		row        int
		name, want string
	}{
		{1, "time", "2026-03-02T08:00:00.123456789Z"},
		{1, "vlan", "100 40"},
		{1, "latency_ms", "12.34"},
		{1, "vars", "mac=000b82123450 local=5002"},
		{2, "event", ""},
		{2, "no_response", "closed"},
		{2, "status", ""},
		{3, "event", "unknown"},
		{3, "candidates", "hold_call resume_call"},
		{3, "vars", `remote=$remote display_remote= display_local="Jane Doe"`},
		{4, "host", "'-2+3"}, // formulas are not to be run
		{4, "call_id", `'=HYPERLINK("http://x")`},
		{5, "phone_ip", "2001:db8::50"},
	} {
		if got := cell(test.row, test.name); got != test.want {
			t.Errorf("row %d, %s: got %q, want %q", test.row, test.name, got, test.want)
		}
	}
}

func TestCSVFormulas(t *testing.T) {
	for _, test := range []struct{ sent, want string }{
		{"=1+1", "'=1+1"},
		{"+4930", "'+4930"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"\t=1+1", `\x09=1+1`},
		{"\r=1+1", `\x0d=1+1`},
		{"1=1", "1=1"},
		{"'=1", "'=1"},
		{`="a"",b`, `'="a"",b`},
	} {
		r := request(test.sent)
		rows, err := csv.NewReader(strings.NewReader(write(t, Options{Format: Plain().Named("csv"), Columns: "target"}, Requests, []*decode.Record{r}))).ReadAll()
		if err != nil || len(rows) != 2 || rows[1][0] != test.want {
			t.Errorf("%q is read back as %q (%v), want %q", test.sent, rows, err, test.want)
		}
	}
	// Numbers are no formulas, even below zero.
	got := write(t, Options{Format: Plain().Named("csv"), Columns: "time", Clock: clock(t, "delta")}, Requests,
		[]*decode.Record{request("/"), request("/", after(-1500*time.Millisecond))})
	if want := "time\r\n0.000000000\r\n-1.500000000\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A row of one empty cell must not vanish: readers skip empty lines.
func TestCSVOfOneEmptyColumn(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(write(t, Options{Format: Plain().Named("csv"), Columns: "vlan"}, Requests, sample(t)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"vlan"}, {"100 40"}, {""}, {""}, {""}, {""}, {""}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestMarkdown(t *testing.T) {
	for _, test := range []struct{ sent, want string }{
		{"a|b", `a\|b`},
		{"<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"},
		{"`x`", "\\`x\\`"},
		{"a\r\nb", `a\\x0d\\x0ab`},
		{`a\|b`, `a\\\|b`},
		{"[x](javascript:y)", `\[x\](javascript:y)`},
		{"*a* _b_ ~c~ $d$ #e", `\*a\* \_b\_ \~c\~ \$d\$ \#e`},
		{"http://x", `http:\//x`},
		{"\x1b[2J", `\\x1b\[2J`},
	} {
		got := write(t, Options{Format: Plain().Named("markdown"), Columns: "target,frame"}, Requests, []*decode.Record{request(test.sent)})
		want := "| target | frame |\n| --- | ---: |\n| " + test.want + " | 7 |\n"
		if got != want {
			t.Errorf("%q: got\n%swant\n%s", test.sent, got, want)
		}
	}
}

// acts are characters that a terminal acts on or hides.
var acts = regexp.MustCompile("[\x00-\x09\x0b-\x1f\x7f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f" +
	"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]")

func TestNothingReachesTheTerminal(t *testing.T) {
	text := "a\x1b]0;owned\x07b\x1b[2Jc\u009b31m\x9b31md\r\ne\x00\x7f\u202ef\u2066g\u200b\u200d\ufeff\u061ch\u2028i\ufe0f\u00ad\u3164\U000e0041\xff"
	event := actionurl.Event{
		Kind: actionurl.Lookup("incoming_call"), PhoneProduct: text, PhoneVersion: text, CallID: text,
		Vars: []actionurl.Var{filled(text, text)},
	}
	r := request(text, announces(event), func(r *decode.Record) {
		r.Host, r.Method, r.Version, r.UserAgent = text, text, text, text
		r.Interface.Capture = text
	})
	columns := strings.Join(ColumnNames(Events), ",")
	for _, format := range []string{"table", "csv", "markdown", "ndjson"} {
		out := write(t, Options{Format: Plain().Named(format), Columns: columns}, Events, []*decode.Record{r})
		if format == "csv" {
			out = strings.ReplaceAll(out, "\r\n", "\n")
		}
		if !utf8.ValidString(out) {
			t.Errorf("%s: not UTF-8", format)
		}
		if at := acts.FindStringIndex(out); at != nil {
			t.Errorf("%s: %+q", format, out[max(0, at[0]-20):at[1]])
		}
		if want := 2; format != "ndjson" && strings.Count(out, "\n") < want {
			t.Errorf("%s: %d lines", format, strings.Count(out, "\n"))
		}
		if !strings.Contains(out, `\x1b`) && !strings.Contains(out, `\u001b`) {
			t.Errorf("%s: the escape is not shown: %s", format, out)
		}
	}
}

func TestTimes(t *testing.T) {
	records := []*decode.Record{
		request("/"), request("/", after(1500*time.Millisecond)), request("/", after(2*time.Second+time.Nanosecond)),
	}
	for _, test := range []struct{ form, csv, table string }{
		{"", "2026-03-02T08:00:00.123456789Z 2026-03-02T08:00:01.623456789Z 2026-03-02T08:00:02.123456790Z", "08:00:00.123 08:00:01.623 08:00:02.123"},
		{"utc", "2026-03-02T08:00:00.123456789Z 2026-03-02T08:00:01.623456789Z 2026-03-02T08:00:02.123456790Z", "08:00:00.123 08:00:01.623 08:00:02.123"},
		{"Asia/Kolkata", "2026-03-02T13:30:00.123456789+05:30 2026-03-02T13:30:01.623456789+05:30 2026-03-02T13:30:02.123456790+05:30", "13:30:00.123 13:30:01.623 13:30:02.123"},
		{"epoch", "1772438400.123456789 1772438401.623456789 1772438402.123456790", "1772438400.123 1772438401.623 1772438402.123"},
		{"relative", "0.000000000 1.500000000 2.000000001", "0.000 1.500 2.000"},
		{"delta", "0.000000000 1.500000000 0.500000001", "0.000 1.500 0.500"},
	} {
		t.Run(test.form, func(t *testing.T) {
			out := write(t, Options{Format: Plain().Named("csv"), Columns: "time", Clock: clock(t, test.form)}, Requests, records)
			if got := strings.Join(strings.Fields(out)[1:], " "); got != test.csv {
				t.Errorf("csv: got %s, want %s", got, test.csv)
			}
			out = write(t, Options{Format: Plain().Named("table"), Columns: "time", Clock: clock(t, test.form)}, Requests, records)
			_, out, _ = strings.Cut(out, "time\n")
			if got := strings.Join(strings.Fields(out), " "); got != test.table {
				t.Errorf("table: got %s, want %s", got, test.table)
			}
		})
	}
	// A saved record has the one form that is sure to be read again.
	out := write(t, Options{Format: Plain().Named("ndjson"), Columns: "time", Clock: clock(t, "delta")}, Requests, records[2:])
	if want := `{"time":"2026-03-02T08:00:02.123456790Z"}` + "\n"; out != want {
		t.Errorf("ndjson: got %s", out)
	}
	if zone := clock(t, "Europe/Berlin").Zone().String(); zone != "Europe/Berlin" {
		t.Errorf("the zone is %s", zone)
	}
	if _, err := NewClock("yesterday"); err == nil || !strings.Contains(err.Error(), "utc, local") {
		t.Errorf("got the error %v", err)
	}
}

// A form of time that goes by what was shown before goes by rows.
func TestTimesBeforeTheFirst(t *testing.T) {
	out := write(t, Options{Format: Plain().Named("csv"), Columns: "time", Clock: clock(t, "relative")}, Requests,
		[]*decode.Record{request("/"), request("/", after(-250*time.Millisecond))})
	if want := "time\r\n0.000000000\r\n-0.250000000\r\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

func TestErrorsOfUseNameTheChoices(t *testing.T) {
	for _, test := range []struct {
		o    Options
		view View
		want string
	}{
		{Options{Format: Plain().Named("csv"), Columns: "time,mac"}, Events, `unknown column "mac"; expected some of time, sensor, capture, frame`},
		{Options{Format: Plain().Named("csv"), Columns: "time,,frame"}, Events, `unknown column ""; expected some of time`},
		{Options{Format: Plain().Named("ndjson"), Columns: "time,frame,time"}, Events, `column time is listed twice`},
	} {
		_, err := NewRecords(io.Discard, test.o, test.view)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%+v: got the error %v, want %s", test.o, err, test.want)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for file, want := range map[string]string{
		"a.csv": "csv", "A.CSV": "csv", "dir.csv/a": "table", "a.ndjson": "ndjson", "a.jsonl": "ndjson",
		"a.md": "markdown", "-": "table", "a.txt": "table", "": "table", "a.tsv": "tsv", ".": "table", "dir/.csv": "table",
	} {
		if got, err := Plain().Of(file); err != nil || got.Name != want {
			t.Errorf("%q is %s, %v; want %s", file, got.Name, err, want)
		}
	}
	if _, err := Plain().Of("a.xls"); err == nil || !strings.Contains(err.Error(), "a.xls: unknown extension .xls; expected .txt, .csv, .tsv, .ndjson, .jsonl, .json, .md, .markdown, or use --format") {
		t.Errorf("an unknown extension: %v", err)
	}
	for name, want := range map[string]string{"json": "ndjson", "jsonl": "ndjson", "md": "markdown", "tsv": "tsv", "xls": "", "": ""} {
		if got := Plain().Named(name).Name; got != want {
			t.Errorf("the format %q is %q, want %q", name, got, want)
		}
	}
}

// A table without rows is its header.
func TestNoRows(t *testing.T) {
	for format, want := range map[string]string{
		"table":    "time  event\n",
		"csv":      "time,event\r\n",
		"tsv":      "time\tevent\n",
		"ndjson":   "",
		"markdown": "| time | event |\n| --- | --- |\n",
	} {
		got := strings.Join(strings.Fields(write(t, Options{Format: Plain().Named(format), Columns: "time,event"}, Events, nil)), " ")
		if want := strings.Join(strings.Fields(want), " "); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
}

var errFull = errors.New("the disk is full")

// A fullDisk takes so many bytes.
type fullDisk struct{ room int }

func (f *fullDisk) Write(b []byte) (int, error) {
	if len(b) > f.room {
		n := f.room
		f.room = 0
		return n, errFull
	}
	f.room -= len(b)
	return len(b), nil
}

// writeTo writes records and returns the first error, and whether it came
// before the last row.
func writeTo(w io.Writer, o Options, records []*decode.Record, flush bool) (err error, early bool) {
	sink, err := NewRecords(w, o, Requests)
	if err != nil {
		return err, true
	}
	for _, r := range records {
		if err := sink.Write(r); err != nil {
			return err, true
		}
		if flush {
			if err := sink.Flush(); err != nil {
				return err, true
			}
		}
	}
	return sink.Close(), false
}

// Wherever the disk gets full, the error is reported.
func TestWriteErrors(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	few := sample(t)[2:5] // of two days
	for _, format := range Plain().Names() {
		for _, flush := range []bool{false, true} {
			whole := write(t, Options{Format: Plain().Named(format)}, Requests, few)
			if flush {
				var buf bytes.Buffer
				if err, _ := writeTo(&buf, Options{Format: Plain().Named(format)}, few, true); err != nil {
					t.Fatal(err)
				}
				whole = buf.String() // widths may differ
			}
			for room := range len(whole) {
				if err, _ := writeTo(&fullDisk{room}, Options{Format: Plain().Named(format)}, few, flush); !errors.Is(err, errFull) {
					t.Fatalf("%s: %d bytes of %d are written, and the error is %v", format, room, len(whole), err)
				}
			}
			if err, _ := writeTo(&fullDisk{len(whole)}, Options{Format: Plain().Named(format)}, few, flush); err != nil {
				t.Errorf("%s: %v", format, err)
			}
		}
		// A long run ends at the error, not with the last row.
		var many []*decode.Record
		for range 5000 {
			many = append(many, request("/mac=000b82123450&local=5002"))
		}
		if err, early := writeTo(&fullDisk{1000}, Options{Format: Plain().Named(format)}, many, false); !errors.Is(err, errFull) || !early {
			t.Errorf("%s: the error %v came early: %t", format, err, early)
		}
	}
}

// Rows are not written later than Flush, for who watches.
func TestFlush(t *testing.T) {
	for _, format := range Plain().Names() {
		var buf bytes.Buffer
		sink, err := NewRecords(&buf, Options{Format: Plain().Named(format)}, Requests)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if err := sink.Write(request(fmt.Sprint("/", i))); err != nil {
				t.Fatal(err)
			}
			if err := sink.Flush(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(buf.String(), fmt.Sprint("/", i)) {
				t.Errorf("%s: row %d is not there after Flush", format, i)
			}
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("Jane Doe")
	f.Add(hostileText)
	f.Add("山田\u200d\U000e0041\ue000\ufe0f")
	f.Fuzz(func(t *testing.T, s string) {
		got := Visible(s)
		if !utf8.ValidString(got) || acts.MatchString(got) || strings.Contains(got, "\n") {
			t.Errorf("Visible(%q) = %q", s, got)
		}
		if strconv.Quote(s) == `"`+s+`"` && got != s && !acts.MatchString(s) {
			t.Errorf("Visible(%q) = %q, but it was visible", s, got)
		}
	})
}

var escapes = regexp.MustCompile(`\\(\\|x[0-9a-f]{2})`)

// unshown gives back the bytes of a string that is not UTF-8.
func unshown(s string) string {
	return escapes.ReplaceAllStringFunc(s, func(e string) string {
		if e == `\\` {
			return `\`
		}
		n, _ := strconv.ParseUint(e[2:], 16, 8)
		return string([]byte{byte(n)})
	})
}

func FuzzJSON(f *testing.F) {
	f.Add("mac", "000b82123450")
	f.Add("n", hostileText)
	f.Add("\xff\\", "\\xff\u2028\U000e0041\"")
	f.Fuzz(func(t *testing.T, name, value string) {
		r := request(value, announces(actionurl.Event{Kind: actionurl.Unknown, Vars: []actionurl.Var{filled(name, value), filled("other", name)}}))
		out := write(t, Options{Format: Plain().Named("ndjson")}, Events, []*decode.Record{r})
		if strings.Count(out, "\n") != 1 || !utf8.ValidString(out) || acts.MatchString(out) {
			t.Errorf("not a line of plain text: %q", out)
		}
		var got struct {
			Target string
			Vars   map[string]string
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%v: %q", err, out)
		}
		if value != "" && !utf8.ValidString(value) {
			got.Target = unshown(got.Target)
		}
		if got.Target != value {
			t.Errorf("the target %q is read back as %q", value, got.Target)
		}
		if utf8.ValidString(name) && name != "other" && utf8.ValidString(value) && got.Vars[name] != value {
			t.Errorf("the variable %q with %q is read back as %q", name, value, got.Vars)
		}
	})
}

// What is short for Latin letters says the same as the tables of Unicode.
func TestHiddenLatin(t *testing.T) {
	for c := rune(0x80); c < 0x300; c++ {
		if want := unicode.In(c, unicode.Cc, unicode.Cf); hidden(c) != want {
			t.Errorf("%U is hidden: %v, want %v", c, hidden(c), want)
		}
	}
}

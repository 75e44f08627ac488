package report

import (
	"fmt"
	"strings"
	"testing"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
)

// with returns a record of an event with these variables: name=value.
func with(pairs ...string) *decode.Record {
	e := &actionurl.Event{Kind: actionurl.Lookup("incoming_call")}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		e.Vars = append(e.Vars, actionurl.VarOf(name, value))
	}
	e.Sides = e.ReadSides()
	return &decode.Record{Exchange: &httpwire.Exchange{Origin: packet.Origin{Interface: &capture.Interface{}}, Method: "GET"}, Event: e}
}

func TestColumnsOfVariables(t *testing.T) {
	records := []*decode.Record{with("remote=5001", "q=a"), with("remote=5002", "x=1"), {Exchange: with().Exchange}}
	for _, test := range []struct {
		columns   string
		variables []string
		want      string
	}{
		{"event,vars.remote,vars.none", nil, "event,vars.remote,vars.none|incoming_call,5001,|incoming_call,5002,|,,"},
		{"vars.*,event", nil, "vars.remote,vars.q,vars.x,event|5001,a,,incoming_call|5002,,1,incoming_call|,,,"},
		{"event, vars.*", []string{"x", "q"}, "event,vars.x,vars.q|incoming_call,,a|incoming_call,1,|,,"},
	} {
		unlisted := 0
		o := Options{Format: Plain().Named("csv"), Columns: test.columns, Variables: test.variables, Unlisted: &unlisted}
		got := strings.ReplaceAll(strings.TrimSpace(write(t, o, Events, records)), "\r\n", "|")
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.columns, got, test.want)
		}
		if want := 2 * len(test.variables) / 2; test.variables != nil && unlisted != want {
			t.Errorf("%s: %d values have no column, want %d", test.columns, unlisted, want)
		}
	}
}

// What a list that begins with "+" is added to.
func TestColumnsAdded(t *testing.T) {
	o := Options{Format: Plain().Named("csv"), Columns: "+vars.*,phone"}
	header, _, _ := strings.Cut(write(t, o, Events, []*decode.Record{with("remote=5001")}), "\r\n")
	if want := strings.ReplaceAll(strings.Join(strings.Fields(keys), ","), "\n", "") + ",vars.remote,phone"; header != want {
		t.Errorf("got %s, want %s", header, want)
	}
	o.Format = Plain().Named("table")
	if out := write(t, o, Events, []*decode.Record{with("remote=5001")}); !strings.Contains(out, "latency_ms") || !strings.Contains(out, "vars.remote") {
		t.Errorf("got\n%s", out)
	}
}

// The columns are those of the first rows; values of others are counted.
func TestVariablesOfLaterRows(t *testing.T) {
	var records []*decode.Record
	for i := range scoutedRows + 5 {
		r := with("remote=5001")
		if i >= scoutedRows {
			r = with("remote=5001", "late=1")
		}
		records = append(records, r)
	}
	unlisted := 0
	out := write(t, Options{Format: Plain().Named("csv"), Columns: "vars.*", Unlisted: &unlisted}, Events, records)
	if rows := strings.Count(out, "5001\r\n"); rows != len(records) || unlisted != 5 || strings.Contains(out, "late") {
		t.Errorf("%d rows, %d values without a column", rows, unlisted)
	}
}

// What is kept to know the columns is not what is used again.
func TestScoutedRowsAreKept(t *testing.T) {
	var b strings.Builder
	rows, err := NewRecords(&b, Options{Format: Plain().Named("csv"), Columns: "vars.*,vars.none"}, Events)
	if err != nil {
		t.Fatal(err)
	}
	r := with("remote=x")
	for i := range 3 {
		r.Event.Vars[0].Value = fmt.Sprint(5000 + i)
		if err := rows.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if want := "vars.remote,vars.none\r\n5000,\r\n5001,\r\n5002,\r\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	if _, err := NewRecords(&b, Options{Format: Plain().Named("csv"), Columns: "vars.*,nothing"}, Events); err == nil {
		t.Error("a column that there is not is taken")
	}
}

// The sides are columns whichever variables name them.
func TestColumnsOfSides(t *testing.T) {
	records := []*decode.Record{
		with("remote=sip:5001@x", "display_remote=Ann", "local=5002", "duration=0"),
		with("callerID=5001", "calledNumber=5002"), with("REMOTENUMBER=5001", "CALLDURATION=7"),
	}
	want := "local,remote,display_remote,duration_s|5002,5001,Ann,0|5002,5001,,|,5001,,7"
	out := write(t, Options{Format: Plain().Named("csv"), Columns: "local,remote,display_remote,duration_s"}, Events, records)
	if got := strings.ReplaceAll(strings.TrimSpace(out), "\r\n", "|"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

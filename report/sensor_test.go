package report_test

import (
	"strings"
	"testing"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/report"
)

// A sensor's name goes with what it saves, and comes back.
func TestSensor(t *testing.T) {
	r := full(t, "x")
	r.Interface = &capture.Interface{Capture: "eth1"}
	saved := saveAs(t, "hq", r)
	if !strings.Contains(saved, `Z","sensor":"hq","capture":"eth1",`) {
		t.Fatalf("no sensor in %s", saved)
	}
	var back report.Saved
	if known, err := report.NewReader("", nil).Parse(strings.TrimSpace(saved), &back); !known || err != nil {
		t.Fatal(known, err)
	}
	back.Request.Late = true
	if got, want := saveAs(t, "", &back.Request), strings.Replace(saved, `"vars":`, `"late":true,"vars":`, 1); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func saveAs(t *testing.T, sensor string, r *decode.Record) string {
	t.Helper()
	var out strings.Builder
	rows, err := report.NewRecords(&out, report.Options{Format: report.Plain().Named("ndjson"), Sensor: sensor}, report.Requests)
	if err != nil {
		t.Fatal(err)
	}
	if err := rows.Write(r); err != nil {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

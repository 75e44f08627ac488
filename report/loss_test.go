package report

import (
	"strings"
	"testing"
	"time"

	"actionurl/decode"
)

// A loss stands among the rows of NDJSON, and nowhere else.
func TestLoss(t *testing.T) {
	at := time.Date(2026, 3, 2, 8, 1, 0, 5, time.UTC)
	loss := &Loss{
		Since: at.Add(-time.Minute).UnixNano(), Time: at.UnixNano(), Interface: `eth"1`,
		Counts: []decode.LossCount{{Key: "dropped", N: 12}, {Key: "freezes", N: 1}},
	}
	const want = `{"time":"2026-03-02T08:01:00.000000005Z","capture_loss":{"interface":"eth\"1","since":"2026-03-02T08:00:00.000000005Z","dropped":12,"freezes":1}}`
	for _, format := range Plain().Names() {
		row := write(t, Options{Format: Plain().Named(format)}, Requests, []*decode.Record{request("/")})
		var out strings.Builder
		rows, err := NewRecords(&out, Options{Format: Plain().Named(format)}, Requests)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{rows.Write(request("/")), rows.Loss(loss), rows.Close()} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if format == "ndjson" {
			row += want + "\n"
		}
		if out.String() != row {
			t.Errorf("%s:\n%s\nwant\n%s", format, out.String(), row)
		}
	}
}

package report

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"actionurl/decode/finding"
)

// tallied returns what a format makes of findings.
func tallied(t *testing.T, o Options, add func(*finding.Tally)) string {
	t.Helper()
	var tally finding.Tally
	add(&tally)
	var buf bytes.Buffer
	rows, err := NewFindings(&buf, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range tally.Summaries() {
		if err := rows.Write(&s); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// TestFindingsFitTerminal wants every kind of finding, with many phones and
// with texts off the wire, to be readable in 80 columns.
func TestFindingsFitTerminal(t *testing.T) {
	out := tallied(t, Options{Format: Plain().Named("table"), Width: 80}, func(tally *finding.Tally) {
		for _, k := range finding.Kinds() {
			for i := range 2000 {
				d := finding.Detail{Name: hostileText, Other: strings.Repeat("x", 300), N: int64(i)}
				tally.Add(&finding.Finding{Kind: k, Detail: d}, &finding.Place{
					Time: int64(1 + i), Capture: "trunk.pcap", Frame: 1 + i,
					Phone: finding.Phone{Addr: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})},
				})
			}
		}
	})
	for _, line := range lines(out) {
		if width(line) > 80 {
			t.Errorf("%d columns: %s", width(line), line)
		}
		if strings.Contains(line, "…") {
			t.Errorf("cut: %s", line)
		}
	}
	for _, k := range finding.Kinds() {
		if !strings.Contains(out, "\n"+k.String()+" ") {
			t.Errorf("%s is not whole", k)
		}
	}
	if !strings.Contains(out, ">512") {
		t.Error("it is not said that there are more phones")
	}
}

// TestFindingsWithoutPlace shows what is of no frame and no phone.
func TestFindingsWithoutPlace(t *testing.T) {
	add := func(tally *finding.Tally) {
		f := finding.New(finding.TooLong, finding.Detail{})
		tally.Add(&f, &finding.Place{})
	}
	k := finding.TooLong
	want := fmt.Sprintf(`{"finding":"too_long","severity":"warning","message":%q,"hint":%q,"count":1}`+"\n", k.Meaning(), k.Hint())
	if got := tallied(t, Options{Format: Plain().Named("ndjson")}, add); got != want {
		t.Errorf("got %swant %s", got, want)
	}
	if got := tallied(t, Options{Format: Plain().Named("table")}, add); strings.Contains(got, "First at") {
		t.Error(got)
	}
}

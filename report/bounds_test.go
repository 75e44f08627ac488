package report

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/packet"
	"actionurl/decode/verdict"
)

// What a Reader keeps for the lines to come is short, and there is a number of each.
func TestReaderBound(t *testing.T) {
	r := NewReader("x", strings.NewReader(""))
	e := &actionurl.Event{Kind: actionurl.Unknown}
	keep := func(text string) {
		r.text(text)
		r.capture("", text)
		r.event(text, "")
		r.vendor(packet.MAC{}, text)
		r.templateOf("/"+text, e)
	}
	kept := func() []int {
		return []int{len(r.texts), len(r.captures), len(r.events), len(r.vendors), len(r.templates)}
	}
	before := fmt.Sprint(kept())
	keep(strings.Repeat("x", maxKeptText+1))
	if got := fmt.Sprint(kept()); got != before {
		t.Errorf("with long texts %s are kept, without %s", got, before)
	}
	for i := range maxKept + 5 {
		keep(fmt.Sprint(i))
	}
	if all := kept(); slices.Min(all) != maxKept || slices.Max(all) != maxKept {
		t.Errorf("%d are kept", all)
	}
}

// A line has so many candidates, findings, variables and places, and no more.
func TestListsBound(t *testing.T) {
	many := func(item string) string { return strings.Repeat(item+",", maxList+5) + item }
	vars := make([]string, maxList+5)
	for i := range vars {
		vars[i] = fmt.Sprintf(`"v%d":"x"`, i)
	}
	line := `{"time":"2026-03-02T08:00:00Z","capture":"a.pcap","frame":1,"method":"GET","target":"/","event":"unknown",` +
		`"candidates":[` + many(`"hold_call"`) + `],"also":[` + many(`"192.0.2.1:1 > 192.0.2.2:80"`) + `],"vars":{` + strings.Join(vars, ",") +
		`},"findings":[` + many(`"raw_blank"`) + "]}\n"
	r := NewReader("x", strings.NewReader(line))
	var s Saved
	if err := r.Next(&s); err != nil {
		t.Fatal(err)
	}
	rec := &s.Request
	if all := []int{len(rec.Event.Candidates), len(rec.Also), len(rec.Event.Vars), len(rec.Findings)}; slices.Min(all) != maxList || slices.Max(all) != maxList {
		t.Errorf("%d candidates, places, variables and findings", all)
	}
	if r.Dropped != 5 {
		t.Errorf("%d variables dropped", r.Dropped)
	}
	if err := r.Next(&s); err != io.EOF {
		t.Error(err)
	}
}

// A table keeps so many bytes of a cell, more of sentences, and cuts no character.
func TestCellBound(t *testing.T) {
	for _, column := range []struct {
		wrap int
		most int
	}{{0, maxCell}, {Prose, maxProse}} {
		table := newTable(io.Discard, []Column{{Name: "a", wrap: column.wrap}}, Options{})
		for _, text := range []string{strings.Repeat("x", column.most), "x" + strings.Repeat("ü", column.most/2-1) + "x"} {
			if got := table.row(make([]string, 1), []Value{Text(text)}).cells[0]; got != text {
				t.Errorf("of %d bytes, %d are kept", len(text), len(got))
			}
		}
		for _, text := range []string{strings.Repeat("x", column.most+1), "x" + strings.Repeat("ü", column.most), strings.Repeat("x", 1<<20)} {
			got, cut := strings.CutSuffix(table.row(make([]string, 1), []Value{Text(text)}).cells[0], "…")
			if !cut || len(got) > column.most || len(got) < column.most-1 || !strings.HasPrefix(text, got) {
				t.Errorf("of %d bytes, %d are kept, to …%q", len(text), len(got), got[len(got)-1:])
			}
		}
	}
}

// A verdict names few phones of a cause, and shows few servers; it says how many there
// are.
func TestVerdictBound(t *testing.T) {
	v := &verdict.Verdict{Events: 1}
	phones := func(n int) (all []finding.Phone) {
		for i := range n {
			all = append(all, finding.Phone{Name: fmt.Sprintf("phone-%c", 'a'+i)})
		}
		return all
	}
	for i, n := range []int{maxNamed, maxNamed + 1} {
		v.Causes = append(v.Causes, verdict.Cause{Kind: finding.Refused, Phones: phones(n), What: fmt.Sprintf("cause %d", i), Hint: "hint"})
	}
	for i := range 8 {
		v.Servers = append(v.Servers, verdict.Server{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 80)})
	}
	text := rendered(t, v, 120)
	if strings.Count(text, "phone-a") != 1 || !strings.Contains(text, "phone-d") || !strings.Contains(text, "5 phones") {
		t.Errorf("phones of causes: %s", text)
	}
	if strings.Count(text, "192.0.2.") != 8 || strings.Contains(text, "more server") {
		t.Errorf("8 servers: %s", text)
	}
	v.Servers = append(v.Servers, v.Servers...)
	if text = rendered(t, v, 120); strings.Count(text, "192.0.2.") != 8 || !strings.Contains(text, "and 8 more servers") {
		t.Errorf("16 servers: %s", text)
	}
}

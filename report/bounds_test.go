package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
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

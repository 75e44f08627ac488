package profile

import (
	"fmt"
	"strings"
	"testing"
)

func TestFileIsBounded(t *testing.T) {
	p := NewParser()
	data := []byte("P8310=h/x\n" + strings.Repeat("#", MaxFile))
	if p.Parse("x.cfg", data) || len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Text, "expected at most") {
		t.Error(p.Errors)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	p := NewParser()
	if p.Parse("x.yaml", []byte("events:\n"+strings.Repeat("  nothing: h/x\n", 10*maxFileMessages))) || len(p.Errors) > maxFileMessages+1 {
		t.Errorf("%d errors", len(p.Errors))
	}
	var b strings.Builder
	for i := range maxWarnings + 5 {
		fmt.Fprintf(&b, "P8310=h/%d$nothing\n", i)
	}
	if !p.Parse("x.cfg", []byte(b.String())) || len(p.Warnings) != maxWarnings || p.Unsaid < 5 {
		t.Errorf("%d warnings and %d more", len(p.Warnings), p.Unsaid)
	}
}

func TestFoundAmbiguitiesAreBounded(t *testing.T) {
	p := NewParser()
	var b strings.Builder
	for i := range 101 { // each of the one event with each of the other
		fmt.Fprintf(&b, "P8310=h/a%d$mac\nP8311=h/$local/b%d\n", i, i)
	}
	p.Parse("x.cfg", []byte(b.String()))
	if all, whole := Ambiguities(p.Bindings); len(all) != maxAmbiguities || !whole {
		t.Errorf("%d ambiguities, whole: %v", len(all), whole)
	}
}

func TestTagBound(t *testing.T) {
	for _, test := range []struct {
		name  string
		long  int // between its marks
		found bool
	}{{"the longest", maxTag - 1, true}, {"a longer one", maxTag, false}} {
		tag := "${" + strings.Repeat("x", test.long) + "}"
		if got := tagIn([]byte("http://h/" + tag)); (string(got) == tag) != test.found || !test.found && got != nil {
			t.Errorf("%s: found %q", test.name, got)
		}
	}
	for _, test := range []struct {
		long  int
		found bool
	}{{maxTag - 4, true}, {maxTag - 3, false}} {
		if got := controls([]byte("{%" + strings.Repeat("x", test.long) + "%}")); (got != nil) != test.found {
			t.Errorf("a line with a tag of %d bytes is controlled by %q", test.long+4, got)
		}
	}
}

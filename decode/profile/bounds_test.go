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

package report

import (
	"strings"
	"testing"

	"actionurl/decode/learn"
)

// What came off the wire is escaped in every format, and lines of a terminal
// are no wider than it.
func TestLearnedIsEscaped(t *testing.T) {
	hostile := "\x1b[2J\r\n\u202e" + strings.Repeat("x", 200) + "\xff"
	l := &learn.Lesson{Shapes: []learn.Shape{{
		Template: "192.168.40.207/in?a=$a", Requests: 1, Phones: 1, Event: learn.Guess{Sure: learn.Open, Why: "nothing names it"},
		Parts: []learn.Part{
			{Key: "a", Variable: "a", Typed: "$a", Own: true, Sure: learn.Open, Why: "text " + strings.Repeat("that varies ", 20), Samples: []string{hostile}, Distinct: 2},
			{Key: "b", Fixed: "\"'", Sure: learn.Likely, Why: "seen once", Secret: true},
		},
	}}}
	for _, format := range Plain().Names() {
		var out strings.Builder
		if err := WriteLearned(&out, Options{Format: Plain().Named(format)}, l); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\u202e") || format != "csv" && strings.Contains(out.String(), "\r") {
			t.Errorf("%s is not escaped:\n%q", format, out.String())
		}
		if format != "table" {
			continue
		}
		for line := range strings.Lines(out.String()) {
			if len(line) > 101 && !strings.Contains(line, "xxx") {
				t.Errorf("a line is too wide: %q", line)
			}
		}
	}
}

package filter_test

import (
	"errors"
	"testing"

	"actionurl/capture"
	"actionurl/capture/filter"
)

// FuzzParse holds that any text is refused with its place or understood: what
// it means in full means itself, and compiles for any link type or cleanly does
// not; and that instructions decide as Match does.
func FuzzParse(f *testing.F) {
	for _, text := range expressions(f) {
		f.Add(text, uint16(1), []byte{0, 0, 0, 0})
	}
	f.Add("((((not not", uint16(105), []byte{})
	f.Fuzz(func(t *testing.T, text string, link uint16, data []byte) {
		e, err := filter.Parse(text)
		var syntax *filter.SyntaxError
		switch {
		case errors.As(err, &syntax):
			if syntax.Offset < 0 || syntax.Offset > len(text) {
				t.Fatalf("%q: place %d", text, syntax.Offset)
			}
			syntax.Excerpt()
			return
		case err != nil:
			t.Fatalf("%q: %v", text, err)
		}
		full, err := filter.Parse(e.String())
		if len(e.String()) < 60000 && (err != nil || full.String() != e.String()) {
			t.Fatalf("%q is %q, which is %v, %v", text, e, full, err)
		}
		if _, err := e.CompileLive(capture.LinkType(link)); err != nil {
			_ = err.Error()
		}
		p, err := e.Compile(capture.LinkType(link))
		var unsupported *filter.LinkError
		if errors.As(err, &unsupported) {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		in, err := p.Instructions()
		if err != nil {
			return // too long
		}
		if match, instructions := p.Match(data, len(data)), newOracle(t, in).matches(t, frame{data: data, length: len(data)}); match != instructions {
			t.Fatalf("%q: Match %t, its instructions %t", text, match, instructions)
		}
	})
}

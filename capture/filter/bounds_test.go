package filter

import (
	"actionurl/capture"
	"fmt"
	"strings"
	"testing"
)

func TestParseBound(t *testing.T) {
	for _, test := range []struct {
		name, text string
		ok         bool
	}{
		{"the longest", strings.Repeat(" ", maxText-2) + "ip", true},
		{"longer", strings.Repeat(" ", maxText-1) + "ip", false},
		{"the deepest", strings.Repeat("(", maxDepth-1) + "ip" + strings.Repeat(")", maxDepth-1), true},
		{"deeper", strings.Repeat("(", maxDepth) + "ip" + strings.Repeat(")", maxDepth), false},
	} {
		if _, err := Parse(test.text); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// However many tests come before one, no more of their outcomes are remembered.
func TestOutcomesBound(t *testing.T) {
	ports := make([]string, 2*maxOutcomes)
	for i := range ports {
		ports[i] = fmt.Sprintf("port %d", 1000+i)
	}
	e, err := Parse(strings.Join(ports, " or "))
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(capture.LinkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	known := make([][]outcome, len(p.blocks))
	most := 0
	for at := p.first; at >= 0; {
		most = max(most, len(known[at]))
		b := &p.blocks[at]
		at = max(p.lead(b.yes, known, outcome{at, true}), p.lead(b.no, known, outcome{at, false})) // the way on to more tests
	}
	if most != maxOutcomes {
		t.Errorf("%d outcomes are remembered, want %d", most, maxOutcomes)
	}
}

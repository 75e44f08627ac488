package filter

import (
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

package metrics

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"actionurl/report"
)

// A kind is what Prometheus calls the type of a metric.
type kind string

const (
	counter kind = "counter"
	gauge   kind = "gauge"
)

// A family is a metric: its values by those of its label, or one value where it has
// none.
type family struct {
	name, help string
	kind       kind
	label      string
	each       func(yield func(label string, value uint64))
}

// counts returns what yields the counters of a map in the order of their labels.
func counts(of map[string]int) func(func(string, uint64)) {
	return func(yield func(string, uint64)) {
		for _, label := range slices.Sorted(maps.Keys(of)) {
			yield(label, uint64(of[label]))
		}
	}
}

// quoted escapes the value of a label.
var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// text returns all values in Prometheus' text format, version 0.0.4.
func (m *Server) text() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b bytes.Buffer
	for _, f := range m.families {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
		f.each(func(label string, value uint64) {
			if f.label == "" {
				fmt.Fprintf(&b, "%s %d\n", f.name, value)
				return
			}
			fmt.Fprintf(&b, "%s{%s=\"%s\"} %d\n", f.name, f.label, quoted.Replace(report.Visible(label)), value)
		})
	}
	return b.Bytes()
}

package main

import (
	"bytes"
	"flag"
	"path/filepath"
	"strings"
	"testing"
)

var toMeasure = flag.String("captures", "", "of BenchmarkCaptures: a pattern of the captures")

// What captures cost in the usual forms. The processor profile of this is
// default.pgo, by which Go compiles the program: see help/speed.md.
func BenchmarkCaptures(b *testing.B) {
	captures, err := filepath.Glob(*toMeasure)
	if err != nil || len(captures) == 0 {
		b.Skipf("no captures match -captures %q", *toMeasure)
	}
	for _, capture := range captures {
		for _, form := range []string{"--view requests --format ndjson", "--view events --format ndjson", "--format table"} {
			args := append(strings.Fields("analyze -o /dev/null "+form), capture)
			b.Run(filepath.Base(capture)+" "+form, func(b *testing.B) {
				for b.Loop() {
					var messages bytes.Buffer
					if status := execute(b.Context(), nil, args, nil, &messages, &messages); status != statusDone {
						b.Fatal(messages.String())
					}
				}
			})
		}
	}
}

package main

import (
	"io"
	"time"

	"actionurl/cmd/actionurl/internal/sandbox"
	"actionurl/report"
)

// A shutter drops the rights that a command does not need once its inputs
// and outputs are open. It is [sandbox.Enter]; nil, in tests, keeps all.
type shutter func(keep sandbox.Rights) []sandbox.Step

// shut drops all rights but those of keep, and reports that if verbose.
func (enter shutter) shut(keep sandbox.Rights, verbose bool, stderr io.Writer) {
	if enter == nil {
		return
	}
	_ = time.Local.String() // reads the file of the local zone
	steps := enter(keep)
	if !verbose || len(steps) == 0 {
		return
	}
	report.Logf(stderr, "sandboxed; can only %v", keep)
	for _, step := range steps {
		if step.Err != nil {
			report.Logf(stderr, "warning: the sandbox is incomplete; can still %s: %v", step.Right, step.Err)
		}
	}
}

// saving returns a shutter that keeps the current folder for writing, too, and calls
// shut when the rights are dropped.
func (enter shutter) saving(shut func()) shutter {
	return func(keep sandbox.Rights) (steps []sandbox.Step) {
		if keep.Write = append(keep.Write, "."); enter != nil {
			steps = enter(keep)
		}
		shut()
		return steps
	}
}

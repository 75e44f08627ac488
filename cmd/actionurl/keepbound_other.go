//go:build !linux

package main

import (
	"context"

	"github.com/spf13/cobra"

	"actionurl/capture/live"
)

// keepBound does nothing: no right to bind is given up here.
func keepBound(context.Context, []live.Socket, bool) (stop func(), err error) {
	return func() {}, nil
}

func internalCommands() []*cobra.Command { return nil }

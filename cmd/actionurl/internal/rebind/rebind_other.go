//go:build !linux

package rebind

import (
	"context"

	"github.com/spf13/cobra"

	"actionurl/capture/live"
)

// Start does nothing: no right to bind is given up here.
func Start(context.Context, []live.Socket, bool) (stop func(), err error) {
	return func() {}, nil
}

// Commands returns none.
func Commands() []*cobra.Command { return nil }

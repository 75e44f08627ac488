package main

import (
	"cmp"
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"actionurl/cmd/actionurl/internal/run"
	"actionurl/cmd/actionurl/internal/sandbox"
	"actionurl/report/publish"
	"actionurl/report/saved"
)

func newReport(enter shutter) *cobra.Command {
	a := &analysis{enter: enter}
	cmd := &cobra.Command{
		Use: "report [flags] EVENTS...",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no file given; expected saved events (NDJSON or Parquet), or - for standard input")
			}
			return nil
		},
		ValidArgsFunction: completeFiles(savedEvents),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.finish(cmd); err != nil {
				return err
			}
			return a.report(cmd.Context(), args, cmd.InOrStdin())
		},
	}
	a.Decode.ResponseTimeout, a.Decode.SlowResponse = 1, 1 // what was late has been found already
	cmd.Flags().SortFlags = false
	a.rowFlags(cmd)
	a.collectFlags(cmd)
	return cmd
}

// report shows the saved events of these names.
func (a *analysis) report(ctx context.Context, names []string, stdin io.Reader) error {
	a.Ready = func(outputs []string) {
		a.enter.shut(sandbox.Rights{Read: saved.Files(names), Write: outputs}, a.Verbose, a.Stderr)
	}
	a.finishVerdict(cmp.Or(a.Verdict.Alone, a.Stderr), names)
	if publish.Named(names[0]) {
		if len(names) > 1 {
			return usage("%s reads all sensors; give no other file", names[0])
		}
		return a.collect(ctx, names[0])
	}
	if a.collection.durable != "" || a.collection.metrics != "" {
		return usage("--durable and --metrics are for what sensors publish; expected nats://HOST, not %s", names[0])
	}
	awaits(names, stdin, "saved events", a.Stderr)
	return ended(run.Saved(ctx, a.Config, names, stdin))
}

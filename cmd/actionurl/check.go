package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"actionurl/report/saved"
)

func newCheck(enter shutter) *cobra.Command {
	a := &analysis{enter: enter}
	cmd := &cobra.Command{
		Use:               "check [flags] CAPTURE|EVENTS...",
		Args:              eitherArgs,
		ValidArgsFunction: completeFiles(captures, savedEvents),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.Verdict.Alone = cmd.OutOrStdout()
			if err := a.finish(cmd); err != nil {
				return err
			}
			return a.check(cmd.Context(), args, cmd.InOrStdin())
		},
	}
	a.flags(cmd)
	without(cmd, "view group output format columns count complete write keep-secrets rotate") // there are no rows
	cmd.Flags().Lookup("fail-on").DefValue = "error"
	a.failOn = "error"
	return cmd
}

// check checks captures, or saved events if the first file is one.
func (a *analysis) check(ctx context.Context, names []string, stdin io.Reader) error {
	awaits(names, stdin, "a capture or saved events", a.Stderr)
	in, err := saved.Look(ctx, names, stdin)
	switch {
	case err != nil:
		return &statusError{statusFailed, err}
	case in.Saved:
		return a.report(ctx, in.Names, in.Stdin)
	}
	return a.analyze(ctx, in.Names, in.Stdin)
}

package main

import (
	"cmp"
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"actionurl/cmd/actionurl/internal/run"
	"actionurl/cmd/actionurl/internal/sandbox"
)

func newReport(enter shutter) *cobra.Command {
	a := &analysis{enter: enter}
	cmd := &cobra.Command{
		Use:   "report [flags] EVENTS...",
		Short: "Show saved events in any view and format",
		Long: `report reads what analyze or sniff wrote as NDJSON (compressed or not, or "-" for
standard input), and shows it as they would have: in any view and format. So a
sensor can write NDJSON, and the table is made elsewhere. Several files are
merged by time.

Save with --complete, or else what is of no single request is not there: findings
such as connections that were refused, what SIP alone tells of a call, and
when the capture ended. Requests that are no Action URLs are there only if they
were saved, by --view requests. The rows of calls, phones and findings cannot
be shown again: save events.`,
		Example: `  actionurl report events.ndjson
  actionurl report --view calls --format csv events.ndjson
  ssh sensor actionurl sniff -i eth1 --format ndjson --complete | actionurl report -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no file is named; expected the name of a file of saved events, or - for standard input")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"ndjson", "jsonl", "json", "gz", "zst"}, cobra.ShellCompDirectiveFilterFileExt
		},
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
	return cmd
}

// report shows the saved events of these names.
func (a *analysis) report(ctx context.Context, names []string, stdin io.Reader) error {
	a.Ready = func(outputs []string) {
		a.enter.shut(sandbox.Rights{Write: outputs}, a.Verbose, a.Stderr)
	}
	a.finishVerdict(cmp.Or(a.Verdict.Alone, a.Stderr), names)
	awaits(names, stdin, "saved events", a.Stderr)
	return ended(run.Saved(ctx, a.Config, names, stdin))
}

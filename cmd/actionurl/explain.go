package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"actionurl/decode/finding"
	"actionurl/report"
)

func newExplain() *cobra.Command {
	slugs := report.FindingNames()
	return &cobra.Command{
		Use:       "explain FINDING",
		ValidArgs: slugs,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("expected one finding, such as refused; 'actionurl catalog findings' lists them")
			}
			if _, ok := finding.KindOf(strings.ToLower(args[0])); !ok {
				return fmt.Errorf("unknown finding %q%s; 'actionurl catalog findings' lists them", args[0], report.DidYouMean(args[0], slugs))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			k, _ := finding.KindOf(strings.ToLower(args[0]))
			return explain(cmd.OutOrStdout(), k)
		},
	}
}

// explain writes what is known of a finding, in 80 columns.
func explain(w io.Writer, k finding.Kind) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%v): %s\n", k, k.Severity(), k.Title())
	for _, part := range []struct{ title, text string }{
		{"What it means", report.Sentence(k.Meaning())},
		{"How it is recognized", k.Recognized()},
		{"When it is not reported", k.Silent()},
		{"Example", k.Example()},
		{"What to do", report.Sentence(k.Hint())},
		{"Where it is", "actionurl analyze --finding " + k.String() + " CAPTURE"},
	} {
		fmt.Fprintf(&b, "\n%s\n", part.title)
		for _, line := range report.Fold(part.text, 76) {
			fmt.Fprintf(&b, "    %s\n", line)
		}
	}
	return printed(io.WriteString(w, b.String()))
}

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
			return printed(io.WriteString(cmd.OutOrStdout(), report.Explain(k)))
		},
	}
}

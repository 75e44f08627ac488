package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"actionurl/report"
)

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use:  "schema",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			data, err := report.Schema()
			if err != nil {
				return err
			}
			return printed(fmt.Fprintf(cmd.OutOrStdout(), "%s\n", data))
		},
	}
}

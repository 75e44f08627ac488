package main

import (
	"github.com/spf13/cobra"

	"actionurl/cmd/actionurl/help"
	"actionurl/report"
)

// newMan returns a hidden command that writes the manual's pages, for packages.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write the manual as man pages",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pages, err := help.WritePages(cmd.Root(), args[0], version())
			if err != nil {
				return &statusError{statusFailed, err}
			}
			report.Logf(cmd.ErrOrStderr(), "%s: %s", args[0], report.Plural(pages, "page"))
			return nil
		},
	}
}

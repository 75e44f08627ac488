package main

import (
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"actionurl/cmd/actionurl/help"
	"actionurl/report"
)

// newMan returns a hidden command that writes the manual's pages, for packages.
// SOURCE_DATE_EPOCH is their date, in seconds since 1970; they have none without.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write the manual as man pages",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var date time.Time
			if s, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
				date = time.Unix(s, 0)
			}
			pages, err := help.WritePages(cmd.Root(), args[0], date, version())
			if err != nil {
				return &statusError{statusFailed, err}
			}
			report.Logf(cmd.ErrOrStderr(), "%s: %s", args[0], report.Plural(pages, "page"))
			return nil
		},
	}
}

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"actionurl/decode/actionurl"
	"actionurl/report"
)

func newCatalog() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "catalog [events|variables]",
		Short: "Print the events, variables and P-values that are known",
		Long: `catalog prints the events that phones announce, with the names by which -t
takes them, and the variables that they replace in an Action URL.

The column "known" says how well a P-value is known: documented by the vendor,
observed (on a phone or in a published provisioning template), or inferred
from the order of the numbers.`,
		Example: `  actionurl catalog
  actionurl catalog variables --format csv`,
		ValidArgs: []string{"events", "variables"},
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			options := report.Options{Format: format, Width: terminalWidth(out)}
			what := strings.Join(args, "")
			if what != "variables" {
				if err := printCatalog(out, options, eventColumns, eventRows()); err != nil {
					return err
				}
			}
			if what == "" {
				if err := printed(fmt.Fprintln(out)); err != nil {
					return err
				}
			}
			if what != "events" {
				return printCatalog(out, options, variableColumns, variableRows())
			}
			return nil
		},
	}
	cmd.Flags().VarP(newChoice(&format, "table", report.Formats()), "format", "", "`FORMAT`: "+strings.Join(report.Formats(), ", "))
	complete(cmd, "format", report.Formats())
	return cmd
}

func printCatalog(w io.Writer, o report.Options, names []string, rows [][]report.Value) error {
	sink, err := report.New(w, o, report.PlainColumns(names...))
	if err != nil {
		return usage("%w", err)
	}
	for _, row := range rows {
		if err := sink.Row(row); err != nil {
			return printed(0, err)
		}
	}
	return printed(0, sink.Close())
}

var (
	eventColumns    = []string{"event", "label", "p_value", "known", "alias", "guide"}
	variableColumns = []string{"variable", "meaning", "vendor", "guide"}
)

func eventRows() [][]report.Value {
	var rows [][]report.Value
	for _, k := range actionurl.Kinds() {
		p := ""
		if k.P != 0 {
			p = fmt.Sprintf("P%d", k.P)
		}
		rows = append(rows, []report.Value{
			report.Text(k.Slug), report.Text(k.Label), report.Text(p), report.Text(string(k.PGrade)),
			report.List(k.Alias), report.Text(yes(k.Guide)),
		})
	}
	return rows
}

func variableRows() [][]report.Value {
	var rows [][]report.Value
	for _, v := range actionurl.Variables() {
		rows = append(rows, []report.Value{
			report.Text("$" + v.Name), report.Text(v.Meaning), report.Text(v.Vendor), report.Text(yes(v.Guide)),
		})
	}
	return rows
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

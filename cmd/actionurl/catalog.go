package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/report"
)

func newCatalog() *cobra.Command {
	var format, vendor string
	tables := []string{"events", "variables", "vendors", "findings"}
	names := vendorNames()
	cmd := &cobra.Command{
		Use:   "catalog [events|variables|vendors|findings]",
		Short: "Print the events, variables, P-values, vendors and findings that are known",
		Long: `catalog prints the events that phones announce, with the names by which -t
takes them, the variables that they replace in an Action URL, and the vendors of
phones. --vendor prints a vendor's own: its settings for Action URLs, its
variables as they are spelled, and how its phones are recognized. "catalog
findings" prints what may be wrong with a deployment, as the column "findings"
names it: errors lose events, warnings may, notices are worth knowing.

The column "known" says how well a P-value or a setting is known: documented by
the vendor, observed (on a phone or in a published provisioning template), or
inferred (P-values from the order of the numbers, keys from the events' names).`,
		Example: `  actionurl catalog
  actionurl catalog variables --format csv
  actionurl catalog --vendor yealink`,
		ValidArgs: tables,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			options := report.Options{Format: format, Width: terminalWidth(out)}
			if len(args) > 0 {
				tables = args
			}
			for i, table := range tables {
				if table == "findings" && vendor != "" && len(args) == 0 {
					continue // they are no vendor's
				}
				if i > 0 {
					if err := printed(fmt.Fprintln(out)); err != nil {
						return err
					}
				}
				columns, rows := catalogTable(table, actionurl.VendorNamed(vendor))
				if err := printCatalog(out, options, columns, rows); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().VarP(newChoice(&vendor, "", names), "vendor", "", "`NAME` of a vendor: "+strings.Join(names, ", "))
	cmd.Flags().VarP(newChoice(&format, "table", report.Formats()), "format", "", "`FORMAT`: "+strings.Join(report.Formats(), ", "))
	complete(cmd, "vendor", names)
	complete(cmd, "format", report.Formats())
	return cmd
}

func vendorNames() []string {
	var names []string
	for _, v := range actionurl.Vendors() {
		names = append(names, v.Name)
	}
	return names
}

// catalogTable returns a table of the catalogue, or of a vendor's.
func catalogTable(table string, v *actionurl.Vendor) (columns []string, rows [][]report.Value) {
	switch {
	case table == "findings":
		return findingColumns, findingRows()
	case table == "vendors" && v != nil:
		return vendorColumns, vendorRows([]*actionurl.Vendor{v})
	case table == "vendors":
		return vendorColumns, vendorRows(actionurl.Vendors())
	case table == "variables" && v != nil:
		return []string{"variable", "meaning"}, spelledRows(v)
	case table == "variables":
		return variableColumns, variableRows()
	case v != nil:
		return []string{"event", "label", "setting", "known"}, settingRows(v)
	}
	return eventColumns, eventRows()
}

func printCatalog(w io.Writer, o report.Options, names []string, rows [][]report.Value) error {
	columns := report.PlainColumns(names...)
	for i, name := range names {
		if name == "meaning" || name == "hint" {
			columns[i] = columns[i].Wrapped(report.Prose)
		}
	}
	sink, err := report.New(w, o, columns)
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
	vendorColumns   = []string{"vendor", "label", "settings", "oui", "user_agent", "url_bytes"}
	findingColumns  = []string{"finding", "severity", "meaning", "hint"}
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

// settingRows are the settings of a vendor's phones that hold Action URLs.
func settingRows(v *actionurl.Vendor) [][]report.Value {
	var rows [][]report.Value
	for _, s := range v.Settings {
		rows = append(rows, []report.Value{
			report.Text(s.Kind.Slug), report.Text(s.Kind.Label), report.Text(s.Key), report.Text(string(s.Grade)),
		})
	}
	return rows
}

// spelledRows are a vendor's variables as they stand in its Action URLs.
func spelledRows(v *actionurl.Vendor) [][]report.Value {
	var rows [][]report.Value
	for _, variable := range v.Variables {
		rows = append(rows, []report.Value{report.Text(v.Spell(variable.Name)), report.Text(variable.Meaning)})
	}
	return rows
}

// vendorRows say how vendors' phones are recognized, and the longest Action
// URL that they keep.
func vendorRows(vendors []*actionurl.Vendor) [][]report.Value {
	var rows [][]report.Value
	for _, v := range vendors {
		longest := report.Value{}
		if v.MaxURL > 0 {
			longest = report.Number(int64(v.MaxURL))
		}
		rows = append(rows, []report.Value{
			report.Text(v.Name), report.Text(v.Label), report.Number(int64(len(v.Settings))),
			report.List(v.OUIs), report.List(v.Agents), longest,
		})
	}
	return rows
}

// findingRows say what may be wrong, and what to do about it.
func findingRows() [][]report.Value {
	var rows [][]report.Value
	for _, k := range finding.Kinds() {
		rows = append(rows, []report.Value{
			report.Text(k.String()), report.Text(k.Severity().String()), report.Text(k.Meaning()), report.Text(k.Hint()),
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

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"actionurl/decode/vendor"
	"actionurl/report"
	"actionurl/report/output"
)

func newCatalog() *cobra.Command {
	var format report.Format
	var maker string
	tables := report.CatalogTables()
	names := vendorNames()
	cmd := &cobra.Command{
		Use:       "catalog [flags] [events|variables|vendors|findings]...",
		ValidArgs: tables,
		RunE: func(cmd *cobra.Command, args []string) error {
			for i, arg := range args {
				args[i] = strings.ToLower(arg)
				if !slices.Contains(tables, args[i]) {
					return usage("unknown table %q%s; expected some of %s", arg, report.DidYouMean(arg, tables), strings.Join(tables, ", "))
				}
			}
			out := cmd.OutOrStdout()
			width, _ := output.TerminalSize(out)
			options := report.Options{Format: format, Width: width}
			if len(args) > 0 {
				tables = args
			}
			for i, table := range tables {
				if table == "findings" && maker != "" && len(args) == 0 {
					continue // they are no vendor's
				}
				if i > 0 {
					if err := printed(fmt.Fprintln(out)); err != nil {
						return err
					}
				}
				if err := report.WriteCatalog(out, options, table, vendor.Named(maker)); err != nil {
					return printed(0, err)
				}
			}
			return nil
		},
	}
	cmd.Flags().VarP(newChoice(&maker, "", names), "vendor", "", "list what is specific to a vendor, by `NAME`: "+strings.Join(names, ", "))
	addFormat(cmd, &format, report.Plain(), "table", "")
	complete(cmd, "vendor", names)
	return cmd
}

func vendorNames() []string {
	var names []string
	for _, v := range vendor.All() {
		names = append(names, v.Name)
	}
	return names
}

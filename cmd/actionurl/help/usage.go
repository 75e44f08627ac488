package help

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"actionurl/report"
	"actionurl/report/formats"
)

// width is what help fits, in columns.
const width = 80

// Describe gives a command, and those under it, their texts.
func Describe(cmd *cobra.Command) {
	if t := Of(strings.TrimPrefix(cmd.CommandPath(), "actionurl ")); t.Short != "" {
		cmd.Short, cmd.Long, cmd.Example = t.Short, t.Long, t.Examples
	}
	for _, c := range cmd.Commands() {
		Describe(c)
	}
}

// Topics returns the topics of help: commands that have a text and do nothing.
func Topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "columns", Short: "Columns of each view, for --columns", Long: columnsText()},
		{Use: "environment"},
		{Use: "filters"},
		{Use: "formats", Short: "Formats of the output, for --format and -o", Long: formatsText()},
		{Use: "sensors"},
		{Use: "status"},
		{Use: "times"},
	}
}

func columnsText() string {
	var b strings.Builder
	b.WriteString("--columns takes names with commas between; vars.NAME is a variable.\n")
	for _, view := range report.Views() {
		fmt.Fprintf(&b, "\n%s:\n", view)
		wrap(&b, "  ", report.ColumnNames(report.View(view)))
	}
	return b.String()
}

func formatsText() string {
	var b strings.Builder
	b.WriteString("--format takes these names; -o takes files with these extensions, and compresses\nwhat ends in .gz:\n\n")
	for _, f := range formats.All() {
		fmt.Fprintf(&b, "  %-10s %s\n", f.Name, strings.Join(f.Extensions, " "))
	}
	return b.String()
}

// wrap writes words with commas between in lines that begin with an indent.
func wrap(b *strings.Builder, indent string, words []string) {
	line := indent
	for i, w := range words {
		if i < len(words)-1 {
			w += ","
		}
		if len(line)+len(w)+1 > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += w + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// Usage prints how a command is used, in width columns.
func Usage(cmd *cobra.Command) error {
	if cmd.IsAdditionalHelpTopicCommand() {
		return nil
	}
	w := cmd.OutOrStderr()
	fmt.Fprint(w, "Usage:\n")
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s COMMAND\n", cmd.CommandPath())
	} else {
		fmt.Fprintf(w, "  %s\n", cmd.UseLine())
	}
	section(w, "Examples", cmd.Example)
	section(w, "Commands", list(cmd, (*cobra.Command).IsAvailableCommand))
	section(w, "Topics of help", list(cmd, (*cobra.Command).IsAdditionalHelpTopicCommand))
	section(w, "Flags", cmd.NonInheritedFlags().FlagUsagesWrapped(width))
	section(w, "Flags of "+cmd.Root().Name(), cmd.InheritedFlags().FlagUsagesWrapped(width))
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n\"%s help COMMAND\" says more.\n", cmd.Root().Name())
	}
	return nil
}

func section(w io.Writer, title, text string) {
	if text != "" {
		fmt.Fprintf(w, "\n%s:\n%s\n", title, strings.TrimRight(text, "\n"))
	}
}

// list lists the commands under one that are of a kind.
func list(of *cobra.Command, kind func(*cobra.Command) bool) string {
	var b strings.Builder
	for _, c := range of.Commands() {
		if kind(c) {
			fmt.Fprintf(&b, "  %-*s  %s\n", of.Commands()[0].NamePadding(), c.Name(), c.Short)
		}
	}
	return b.String()
}

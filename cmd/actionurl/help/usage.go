package help

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"actionurl/decode/finding"
	"actionurl/report"
	"actionurl/report/formats"
	"actionurl/report/output"
)

// width is what help fits, in columns; a terminal may have fewer.
const width = 80

// fit returns the columns that help has on w.
func fit(w io.Writer) int {
	if n, _ := output.TerminalSize(w); n > 0 {
		return min(n, width)
	}
	return width
}

// Describe gives a command, and those under it, their texts, and adds the topics:
// the texts of no command.
func Describe(root *cobra.Command) {
	rest := map[string]bool{}
	for _, name := range names() {
		rest[name] = true
	}
	describe(root, rest)
	for _, name := range names() {
		if t := Of(name); rest[name] {
			root.AddCommand(&cobra.Command{Use: name, Short: t.Short, Long: t.Long})
		}
	}
	root.InitDefaultHelpCmd()
	if cmd, _, err := root.Find([]string{"help"}); err == nil {
		cmd.Use, cmd.Args, cmd.DisableFlagsInUseLine = "help [COMMAND|TOPIC]", known, true
		cmd.ValidArgsFunction = complete
		cmd.Short, cmd.Long = "Show help on a command or a topic", "help shows the text of a command or a topic; alone it lists all of them."
	}
}

// complete lists the commands and topics that have help.
func complete(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var all []string
	if found, rest, err := cmd.Root().Find(args); err == nil && len(rest) == 0 {
		for _, c := range found.Commands() {
			if !c.Hidden {
				all = append(all, c.Name()+"\t"+c.Short)
			}
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

// known refuses what is neither a command nor a topic.
func known(cmd *cobra.Command, args []string) error {
	found, rest, err := cmd.Root().Find(args)
	if err != nil || len(rest) == 0 || !found.HasSubCommands() {
		return err
	}
	var all []string
	for _, c := range found.Commands() {
		all = append(all, c.Name())
	}
	return fmt.Errorf("no help on %q%s; '%s help' lists commands and topics", rest[0], report.DidYouMean(rest[0], all), cmd.Root().Name())
}

func describe(cmd *cobra.Command, rest map[string]bool) {
	name := strings.ReplaceAll(strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" "), " ", "-")
	if t := Of(name); t.Short != "" {
		cmd.Short, cmd.Long, cmd.Example = t.Short, t.Long, t.Examples
		delete(rest, name)
	}
	for _, c := range cmd.Commands() {
		describe(c, rest)
	}
}

// Show prints the text of a command or a topic.
func Show(cmd *cobra.Command) error {
	w := cmd.OutOrStdout()
	if cmd.IsAdditionalHelpTopicCommand() {
		_, err := io.WriteString(w, Render(cmd.Short+"\n\n"+Expand(cmd.Long), fit(w)))
		return err
	}
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	_, err := fmt.Fprintf(w, "%s\n%s", Render(Expand(text), fit(w)), cmd.UsageString())
	return err
}

// Expand returns a text with its lists in it.
func Expand(markdown string) string {
	for mark, list := range map[string]func() string{"{{columns}}": columns, "{{formats}}": outputs, "{{findings}}": findings} {
		if strings.Contains(markdown, mark) {
			markdown = strings.ReplaceAll(markdown, mark, strings.TrimSpace(list()))
		}
	}
	return markdown
}

// columns lists the columns of each view, and then what each of them holds.
func columns() string {
	var b, meanings strings.Builder
	seen := map[string]bool{}
	for _, view := range report.Views() {
		names := report.ColumnNames(report.View(view))
		fmt.Fprintf(&b, "- %s: %s\n", view, strings.Join(names, ", "))
		for _, name := range names {
			if !seen[name] {
				fmt.Fprintf(&meanings, "| `%s` | %s |\n", name, report.Meaning(name))
			}
			seen[name] = true
		}
	}
	return b.String() + "\n| column | holds |\n| --- | --- |\n" + meanings.String()
}

// outputs lists the formats with the extensions of their files.
func outputs() string {
	var b strings.Builder
	b.WriteString("| format | extensions |\n| --- | --- |\n")
	for _, f := range formats.All() {
		fmt.Fprintf(&b, "| %s | %s |\n", f.Name, strings.Join(f.Extensions, " "))
	}
	return b.String()
}

// findings lists what can be wrong.
func findings() string {
	var b strings.Builder
	b.WriteString("| finding | severity | meaning |\n| --- | --- | --- |\n")
	for _, name := range report.FindingNames() {
		k, _ := finding.KindOf(name)
		fmt.Fprintf(&b, "| %s | %v | %s |\n", k, k.Severity(), strings.ReplaceAll(k.Meaning(), "|", "\\|"))
	}
	return b.String()
}

// Usage prints how a command is used.
func Usage(cmd *cobra.Command) error {
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
	section(w, "Flags", cmd.NonInheritedFlags().FlagUsagesWrapped(fit(w)))
	section(w, "Flags of "+cmd.Root().Name(), cmd.InheritedFlags().FlagUsagesWrapped(fit(w)))
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

// list lists the subcommands of a kind.
func list(of *cobra.Command, kind func(*cobra.Command) bool) string {
	var b strings.Builder
	for _, c := range of.Commands() {
		if kind(c) {
			fmt.Fprintf(&b, "  %-*s  %s\n", of.Commands()[0].NamePadding(), c.Name(), c.Short)
		}
	}
	return b.String()
}

package help

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// sections are the man pages of topics that describe a file's format: the name
// behind "actionurl-", and the section. Other topics are in section 7.
var sections = map[string][2]string{"json": {"events", "5"}, "profiles": {"profile", "5"}}

// page returns the name and the section of a topic's man page.
func page(topic string) (name, section string) {
	if p, ok := sections[topic]; ok {
		return p[0], p[1]
	}
	return topic, "7"
}

// WritePages writes a man page for each command and topic under root to a
// folder, and returns their number. The pages have the version, and the date that
// SOURCE_DATE_EPOCH says, in seconds since 1970; none without it.
func WritePages(root *cobra.Command, dir, version string) (int, error) {
	day := ""
	if s, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		day = time.Unix(s, 0).UTC().Format(time.DateOnly)
	}
	header := func(name, section string) string {
		return fmt.Sprintf("%% %q %q %q %q %q\n", strings.ToUpper(name), section, day, "actionurl "+version, "actionurl manual")
	}
	pages := 0
	var write func(*cobra.Command) error
	write = func(cmd *cobra.Command) error {
		var b bytes.Buffer
		name, section := strings.ReplaceAll(cmd.CommandPath(), " ", "-"), "1"
		switch {
		case cmd.IsAdditionalHelpTopicCommand():
			name, section = page(cmd.Name())
			name = root.Name() + "-" + name
		case !cmd.IsAvailableCommand() && cmd != root:
			return nil
		}
		text, also := seeAlso(cmd.Long, root.Name())
		if text == "" {
			text = cmd.Short + "."
		}
		fmt.Fprintf(&b, "%s# NAME\n%s \\- %s\n\n", header(name, section), name, lower(cmd.Short))
		if section == "1" {
			fmt.Fprintf(&b, "# SYNOPSIS\n%s\n\n", synopsis(cmd))
		}
		fmt.Fprintf(&b, "# DESCRIPTION\n%s\n\n", definitions(Expand(text)))
		if cmd.Example != "" {
			fmt.Fprintf(&b, "# EXAMPLES\n```\n%s\n```\n\n", strings.ReplaceAll(strings.TrimPrefix(cmd.Example, "  "), "\n  ", "\n"))
		}
		if section == "1" {
			options(&b, cmd)
		}
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				also = append(also, strings.ReplaceAll(c.CommandPath(), " ", "-")+"(1)")
			}
		}
		if cmd != root {
			also = append(also, root.Name()+"(1)")
		}
		if len(also) > 0 {
			fmt.Fprintf(&b, "# SEE ALSO\n**%s**\n", strings.Join(also, "**, **"))
		}
		pages++
		if err := os.WriteFile(filepath.Join(dir, name+"."+section), md2man.Render(b.Bytes()), 0o666); err != nil {
			return err
		}
		for _, c := range cmd.Commands() {
			if err := write(c); err != nil {
				return err
			}
		}
		return nil
	}
	return pages, write(root)
}

// definitions returns Markdown with lists of terms for its tables of two columns,
// and code for wider ones: md2man draws boxes, and does not fit them to the page.
func definitions(markdown string) string {
	var out, table strings.Builder
	code := false
	for line := range strings.Lines(markdown + "\n\n") {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		if !code && strings.HasPrefix(line, "|") {
			table.WriteString(line)
			continue
		}
		if rows := strings.SplitAfter(table.String(), "\n"); len(rows) > 2 {
			if strings.Count(rows[1], "|") > 3 {
				fmt.Fprintf(&out, "```\n%s```\n", Render(table.String(), width-8))
				rows = nil
			}
			for _, row := range rows[min(2, len(rows)):] {
				if term, text, ok := strings.Cut(strings.Trim(row, "|\n "), " | "); ok {
					fmt.Fprintf(&out, "%s\n: %s\n\n", term, text)
				}
			}
			table.Reset()
		}
		out.WriteString(line)
	}
	return out.String()
}

// seeAlso returns a text without its last paragraph, if that names topics, and
// the pages of those.
func seeAlso(text, program string) (string, []string) {
	before, names, ok := strings.Cut(text, "See also: ")
	if !ok {
		return text, nil
	}
	var pages []string
	for name := range strings.FieldsSeq(strings.NewReplacer("`", "", ",", "", ".", "", program+" help ", "").Replace(names)) {
		name, section := page(name)
		pages = append(pages, fmt.Sprintf("%s-%s(%s)", program, name, section))
	}
	return before, pages
}

// synopsis returns how a command is called.
func synopsis(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return "**" + cmd.CommandPath() + "** *COMMAND*"
	}
	name, rest := cmd.CommandPath(), strings.TrimPrefix(cmd.UseLine(), cmd.CommandPath())
	return "**" + name + "**" + strings.ReplaceAll(rest, "|", "\\|")
}

// options lists the flags of a command.
func options(b *bytes.Buffer, cmd *cobra.Command) {
	b.WriteString("# OPTIONS\n")
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		b.WriteString("**")
		if f.Shorthand != "" {
			fmt.Fprintf(b, "-%s**, **", f.Shorthand)
		}
		fmt.Fprintf(b, "--%s**", f.Name)
		if value != "" {
			fmt.Fprintf(b, " *%s*", value)
		}
		usage = strings.NewReplacer("*", "\\*", "<", "\\<", "_", "\\_").Replace(usage)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" && f.DefValue != "[]" {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(b, "\n: %s\n\n", usage)
	})
}

// lower returns a phrase that does not begin a sentence.
func lower(phrase string) string {
	if len(phrase) > 1 && phrase[1] >= 'a' && phrase[1] <= 'z' {
		return strings.ToLower(phrase[:1]) + phrase[1:]
	}
	return phrase
}

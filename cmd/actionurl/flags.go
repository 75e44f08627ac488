package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"actionurl/capture/live"
	"actionurl/report"
)

// A choice is a flag's value that is one of several words.
type choice struct {
	value *string
	words []string
}

func newChoice(value *string, def string, words []string) *choice {
	*value = def
	return &choice{value, words}
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return "WORD" }

func (c *choice) Set(s string) error {
	i := slices.IndexFunc(c.words, func(word string) bool { return strings.EqualFold(word, s) })
	if i < 0 {
		return fmt.Errorf("expected %s%s", strings.Join(c.words, ", "), report.DidYouMean(s, c.words))
	}
	*c.value = c.words[i]
	return nil
}

// A formatFlag is a flag's value that is the name of a format.
type formatFlag struct {
	known report.Formats
	value *report.Format // none where the flag is not given
}

// addFormat adds the flag --format for one of the formats. It is the default where
// the flag is not given.
func addFormat(cmd *cobra.Command, value *report.Format, known report.Formats, def, more string) {
	*value = known.Named(def)
	cmd.Flags().Var(&formatFlag{known, value}, "format", strings.TrimSuffix("write in a `FORMAT`: "+strings.Join(known.Names(), ", ")+"; "+more, "; "))
	complete(cmd, "format", known.Names())
}

func (f *formatFlag) String() string { return f.value.Name }
func (f *formatFlag) Type() string   { return "FORMAT" }

func (f *formatFlag) Set(s string) error {
	if *f.value = f.known.Named(s); f.value.Name == "" {
		return fmt.Errorf("expected %s%s", strings.Join(f.known.Names(), ", "), report.DidYouMean(s, f.known.Names()))
	}
	return nil
}

// A parsed is a flag's value that a function reads, one for each time that the
// flag is given.
type parsed struct {
	text  []string
	parse func(string) error
}

func (p *parsed) String() string { return strings.Join(p.text, ", ") }
func (p *parsed) Type() string   { return "VALUE" }

func (p *parsed) Set(s string) error {
	if err := p.parse(s); err != nil {
		return err
	}
	p.text = append(p.text, s)
	return nil
}

// without takes flags from a command that does nothing with them.
func without(cmd *cobra.Command, names string) {
	all := cmd.Flags()
	cmd.ResetFlags()
	cmd.Flags().SortFlags = all.SortFlags
	all.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(strings.Fields(names), f.Name) {
			cmd.Flags().AddFlag(f)
		}
	})
}

// words is the annotation of a flag with the words that complete its value.
const words = "words"

// complete completes a flag's value by words.
func complete(cmd *cobra.Command, flag string, all []string) {
	cmd.Flags().SetAnnotation(flag, words, all)
}

// Extensions that complete the names of captures and of saved events.
const (
	captures    = "pcap pcapng cap gz zst lz4 xz"
	savedEvents = "ndjson jsonl json parquet gz zst"
)

// completeFiles completes arguments by files with some extensions, or by all.
func completeFiles(extensions ...string) cobra.CompletionFunc {
	all := strings.Fields(strings.Join(extensions, " "))
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		if len(all) == 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return all, cobra.ShellCompDirectiveFilterFileExt
	}
}

// completeWords completes a value by words, and one that has several, separated by
// commas, word by word.
func completeWords(words []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		all := make([]string, len(words))
		for i, word := range words {
			all[i] = before + word
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// addCompletions hands the words of all flags to cobra. It is done only for a shell
// that asks: cobra keeps them, with all they point to, as long as the process
// lives, however many command trees it makes.
func addCompletions(cmd *cobra.Command) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		all, ok := f.Annotations[words]
		if f.Name == "interface" {
			all, ok = append(live.Names(), live.Any), true
		}
		if ok {
			cmd.RegisterFlagCompletionFunc(f.Name, completeWords(all))
		} else if what, _ := pflag.UnquoteUsage(f); what == "FILE" {
			cmd.RegisterFlagCompletionFunc(f.Name, completeFiles())
		}
	})
	for _, c := range cmd.Commands() {
		addCompletions(c)
	}
}

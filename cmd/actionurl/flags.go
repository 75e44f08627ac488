package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
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
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("expected %s", strings.Join(c.words, ", "))
	}
	*c.value = s
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

// complete completes a flag's value by words.
func complete(cmd *cobra.Command, flag string, words []string) {
	cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// terminalSize returns the columns and lines of the terminal that w is, 0 if
// it is none.
func terminalSize(w io.Writer) (width, height int) {
	if f, ok := w.(*os.File); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil {
			return width, height
		}
	}
	return 0, 0
}

// terminalWidth returns the width of the terminal that w is, 0 if it is none.
func terminalWidth(w io.Writer) int {
	width, _ := terminalSize(w)
	return width
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"actionurl/cmd/actionurl/help"
)

// Each command and topic has a text, and help fits 80 columns.
func TestHelpFits(t *testing.T) {
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		if cmd.Hidden || cmd.Name() == "completion" || cmd.Name() == "help" { // these are cobra's
			return
		}
		var out, messages bytes.Buffer
		args := append([]string{"help"}, strings.Fields(cmd.CommandPath())[1:]...)
		if status := execute(t.Context(), nil, args, nil, &out, &messages); status != statusDone || cmd.Short == "" || cmd.Name() != "version" && cmd.Long == "" {
			t.Errorf("%s: status %d, %q, %q, %s", cmd.CommandPath(), status, cmd.Short, cmd.Long, messages.String())
		}
		for line := range strings.Lines(out.String()) {
			if utf8.RuneCountInString(line) > 81 {
				t.Errorf("%s: a line is too long: %s", cmd.CommandPath(), line)
			}
		}
		for _, c := range cmd.Commands() {
			check(c)
		}
	}
	check(newRoot(nil))
	if help.Of("nothing") != (help.Text{}) {
		t.Error("there is a text about nothing")
	}
}

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"actionurl/cmd/actionurl/help"
)

// Each command and topic has a text, help fits 80 columns, and the texts mention
// no topic that is not there.
func TestHelpFits(t *testing.T) {
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		if cmd.Hidden || cmd.HasParent() && cmd.Parent().Name() == "completion" { // these are cobra's
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
	check(newRoot(nil, io.Discard))
	texts, err := filepath.Glob("help/*.md")
	if err != nil || len(texts) < 20 {
		t.Fatalf("texts: %q, %v", texts, err)
	}
	mentioned := regexp.MustCompile("actionurl help ([a-z-]+)(`(?:, `[a-z-]+`)+)?")
	topic := regexp.MustCompile("[a-z-]+")
	for _, file := range append(texts, "../../README.md") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mentioned.FindAllSubmatch(bytes.ReplaceAll(data, []byte("\n"), []byte(" ")), -1) {
			for _, name := range append(topic.FindAllString(string(m[2]), -1), string(m[1])) {
				if help.Of(name).Short == "" {
					t.Errorf("%s mentions help %s, which does not exist", file, name)
				}
			}
		}
	}
	if help.Of("nothing") != (help.Text{}) {
		t.Error("there is a text about nothing")
	}
}

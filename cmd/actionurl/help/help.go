// Package help holds the texts that the program prints about itself, a file for
// each command and topic: a line that says what it is, then the text, then
// perhaps examples.
package help

import (
	"embed"
	"strings"
)

//go:embed *.txt
var texts embed.FS

// A Text is what there is to say about a command or a topic.
type Text struct{ Short, Long, Examples string }

// Of returns the text of a command, by its words, or of a topic; a zero Text for
// one that has none.
func Of(name string) Text {
	data, err := texts.ReadFile(strings.ReplaceAll(name, " ", "-") + ".txt")
	if err != nil {
		return Text{}
	}
	short, long, _ := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n\n")
	long, examples, _ := strings.Cut(long, "\nExamples:\n")
	return Text{short, strings.TrimSpace(long), strings.TrimRight(examples, "\n")}
}

// Package help is the manual: a Markdown file for each command and topic. The
// first line is a heading that says what it is; in the text of a command, the
// section "Examples" comes last.
//
// The files use a part of Markdown that Render lays out for a terminal: headings,
// paragraphs, lists, tables, fenced code, code spans and links. Lines such as
// {{columns}} stand for lists that are made from the program's own tables. The
// commands in blocks that begin with "```console" are run by the test of
// cmd/actionurl, at the top of the project, in 78 columns; go test ./cmd/actionurl
// -run Readme -update rewrites what they print.
package help

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed *.md
var texts embed.FS

// A Text is what the manual says of a command or a topic: a line, Markdown, and
// commands, a line each.
type Text struct{ Short, Long, Examples string }

// Of returns the text of a command, by its words, or of a topic; a zero Text for
// one that has none.
func Of(name string) Text {
	data, err := texts.ReadFile(strings.ReplaceAll(name, " ", "-") + ".md")
	if err != nil {
		return Text{}
	}
	short, long, _ := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n\n")
	long, examples, _ := strings.Cut(long, "\n## Examples\n\n```\n")
	examples, _, _ = strings.Cut(examples, "\n```")
	if examples != "" {
		examples = "  " + strings.ReplaceAll(examples, "\n", "\n  ")
	}
	return Text{strings.TrimPrefix(short, "# "), strings.TrimSpace(long), examples}
}

// names returns the names of all texts, in alphabetical order.
func names() []string {
	files, _ := fs.Glob(texts, "*.md")
	for i, file := range files {
		files[i] = strings.TrimSuffix(file, ".md")
	}
	return files
}

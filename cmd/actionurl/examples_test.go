package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Commands that the manual shows and TestReadme cannot run, as they are live, have
// files or servers that nobody has here: each of their flags and arguments is known.
func TestExamplesAreAccepted(t *testing.T) {
	files, err := filepath.Glob("help/*.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`(?m)^(?: {4}|\$ | {4}ExecStart=/usr/local/bin/|.*\| )?(?:sudo |ssh sensor )?actionurl ((?:[^\n]*\\\n)*[^\n]*)$`)
	n := 0
	for _, file := range append(files, "../../README.md") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), "\r\n", "\n")
		inCode := false
		var code strings.Builder
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "```") {
				inCode = !inCode
			} else if inCode || strings.HasPrefix(line, "    ") {
				code.WriteString(line)
			}
		}
		for _, m := range shown.FindAllStringSubmatch(code.String(), -1) {
			root := newRoot(nil, io.Discard)
			cmd, args, err := root.Find(shellWords(strings.ReplaceAll(m[1], "\\\n", " ")))
			if err == nil {
				err = cmd.ParseFlags(args)
			}
			if err == nil {
				err = cmd.ValidateArgs(cmd.Flags().Args())
			}
			if n++; err != nil {
				t.Errorf("%s: %s: %v", file, strings.TrimSpace(m[0]), err)
			}
		}
	}
	if n < 100 {
		t.Errorf("the manual shows %d commands", n)
	}
}

// shellWords returns the words of a command as a shell has them: up to a comment, a pipe or
// what sends the output elsewhere.
func shellWords(line string) []string {
	var all []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " ") {
		if strings.ContainsAny(line[:1], "#|><&") || strings.HasPrefix(line, "2>") {
			break
		}
		var word strings.Builder
		for line != "" && line[0] != ' ' {
			quote := strings.IndexByte(`'"`, line[0])
			if quote < 0 {
				word.WriteByte(line[0])
				line = line[1:]
				continue
			}
			inside, rest, _ := strings.Cut(line[1:], line[:1])
			word.WriteString(inside)
			line = rest
		}
		all = append(all, word.String())
	}
	return all
}

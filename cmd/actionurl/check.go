package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"actionurl/capture/files"
	"actionurl/capture/pcapfile"
	"actionurl/report/saved"
)

func newCheck(enter shutter) *cobra.Command {
	a := &analysis{enter: enter}
	cmd := &cobra.Command{
		Use:  "check [flags] CAPTURE|EVENTS...",
		Args: eitherArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			a.Verdict.Alone = cmd.OutOrStdout()
			if err := a.finish(cmd); err != nil {
				return err
			}
			return a.check(cmd.Context(), args, cmd.InOrStdin())
		},
	}
	a.flags(cmd)
	for _, rows := range []string{"view", "group", "output", "format", "columns", "count", "complete", "write", "keep-secrets", "rotate"} {
		cmd.Flags().MarkHidden(rows) // there are no rows
	}
	cmd.Flags().Lookup("fail-on").DefValue = "error"
	a.failOn = "error"
	return cmd
}

// check checks captures, or saved events if the first file is one.
func (a *analysis) check(ctx context.Context, names []string, stdin io.Reader) error {
	awaits(names, stdin, "a capture or saved events", a.Stderr)
	in, err := look(ctx, names, stdin)
	switch {
	case err != nil:
		return &statusError{statusFailed, err}
	case in.saved:
		return a.report(ctx, in.names, in.stdin)
	}
	return a.analyze(ctx, in.names, in.stdin)
}

// An input is what a command reads, that takes captures and saved events.
type input struct {
	names []string
	stdin io.Reader
	saved bool // they are saved events, as the first of them is
}

// look looks into the first file, or what it stands for. A pipe cannot be read twice:
// it is standard input from then on, decompressed.
func look(ctx context.Context, names []string, stdin io.Reader) (input, error) {
	name, in := names[0], input{names: names, stdin: stdin}
	ending := filepath.Ext(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst"))
	in.saved = slices.Contains([]string{".ndjson", ".jsonl", ".json", ".parquet"}, ending)
	info, err := os.Stat(name)
	switch {
	case name == "-":
	case err != nil || info.IsDir():
		in.saved = in.saved && err != nil || saved.Holds(name)
		return in, nil
	case !info.Mode().IsRegular() && slices.Contains(names[1:], "-"):
		return in, nil
	}
	from, err := files.NewInput(ctx, stdin, nil).Open(name) // which an interrupt ends
	if err != nil {
		return in, err
	}
	begin, piped := io.Reader(from), true
	if at, size := from.At(); at != nil {
		defer from.Close()
		begin, piped = io.NewSectionReader(at, 0, size), false
	}
	plain, err := pcapfile.Decompress(begin)
	switch {
	case err != nil && !piped: // said by who reads it
		return in, nil
	case err != nil && ctx.Err() == nil:
		return in, files.Named(name, err)
	case err != nil: // it has an end
		plain = from
	}
	buffered := bufio.NewReader(plain)
	first, _ := buffered.Peek(4)
	in.saved = in.saved || bytes.HasPrefix(first, []byte("{")) || string(first) == "PAR1"
	if piped {
		in.names, in.stdin = append([]string{"-"}, names[1:]...), buffered
	}
	return in, nil
}

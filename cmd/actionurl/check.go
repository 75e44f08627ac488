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
	in, saved, err := savedEvents(ctx, names, stdin)
	switch {
	case err != nil:
		return &statusError{statusFailed, err}
	case saved:
		return a.report(ctx, names, in)
	}
	return a.analyze(ctx, names, in)
}

// savedEvents reports whether files are saved events, as the first of them is, or
// what it holds. It
// returns standard input, the beginning of which it may have looked at.
func savedEvents(ctx context.Context, names []string, stdin io.Reader) (in *bufio.Reader, isSaved bool, err error) {
	piped, err := files.NewInput(ctx, stdin, nil).Open("-") // which an interrupt ends
	if err != nil {
		return nil, false, err
	}
	in = bufio.NewReader(piped)
	var first []byte
	if names[0] == "-" {
		first, _ = in.Peek(4)
	} else if f, err := os.Open(names[0]); err == nil {
		first = make([]byte, 4)
		io.ReadFull(f, first)
		f.Close()
	}
	if info, err := os.Stat(names[0]); err == nil && info.IsDir() {
		return in, saved.Holds(names[0]), nil
	}
	ending := filepath.Ext(strings.TrimSuffix(strings.TrimSuffix(names[0], ".gz"), ".zst"))
	return in, bytes.HasPrefix(first, []byte("{")) || string(first) == "PAR1" || slices.Contains([]string{".ndjson", ".jsonl", ".json", ".parquet"}, ending), nil
}

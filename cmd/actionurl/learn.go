package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"actionurl/capture/files"
	"actionurl/cmd/actionurl/internal/run"
	"actionurl/cmd/actionurl/internal/sandbox"
	"actionurl/decode/learn"
	"actionurl/report"
	"actionurl/report/output"
	"actionurl/report/saved"
)

// A learning is what the flags of learn say.
type learning struct {
	run.LearnConfig
	redaction redaction
	profile   string // to write
	format    report.Format
	verbose   bool
	keys      keys
	enter     shutter
}

func newLearn(enter shutter) *cobra.Command {
	r := &learning{enter: enter}
	cmd := &cobra.Command{
		Use:               "learn [flags] CAPTURE|EVENTS...",
		Args:              eitherArgs,
		ValidArgsFunction: completeFiles(captures, savedEvents),
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.learn(cmd, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&r.profile, "output", "o", "", "write a profile to `FILE`, which must not exist; - is standard output, instead of the table")
	addFormat(cmd, &r.format, report.Plain(), "table", "all but table have a row for each part of a URL")
	f.Uint16Var(&r.Decode.VXLANPort, "vxlan-port", 0, "UDP `PORT` of VXLAN, besides 4789 and 8472")
	r.keys.flags(cmd)
	f.BoolVar(&r.LearnConfig.Secrets, "show-secrets", false, "write possible secrets into the templates, not variables")
	r.redaction.redactFlags(cmd)
	f.BoolVarP(&r.verbose, "verbose", "v", false, "report which privileges are dropped")
	r.Decode.ResponseTimeout = time.Second // what the answers are does not matter
	return cmd
}

// learn learns from the captures of these names.
func (r *learning) learn(cmd *cobra.Command, names []string) error {
	r.Stderr = cmd.ErrOrStderr()
	var err error
	if r.Redact, err = r.redaction.redactor(cmd, false); err != nil {
		return err
	}
	if _, err := os.Lstat(r.profile); err == nil {
		return &statusError{statusFailed, fmt.Errorf("%s: already exists, and may have been edited; choose a new name", r.profile)}
	}
	if r.Decode.Secrets, err = r.keys.read(); err != nil {
		return err
	}
	stderr := r.Stderr
	awaits(names, cmd.InOrStdin(), "a capture or saved events", stderr)
	in, err := saved.Look(cmd.Context(), names, cmd.InOrStdin())
	var captures *files.Captures
	if err == nil && !in.Saved {
		captures, err = files.Open(cmd.Context(), in.Names, in.Stdin)
	}
	if err != nil {
		return &statusError{statusFailed, err}
	}
	keep := sandbox.Rights{Read: names}
	if in.Saved {
		in.Names = saved.Files(in.Names)
		keep.Read = append(keep.Read, in.Names...)
	}
	if r.profile != "" && r.profile != "-" {
		keep.Write = []string{filepath.Dir(r.profile)}
	}
	r.enter.shut(keep, r.verbose, stderr)
	var l *run.Learned
	var reading error
	if in.Saved {
		if l, reading = run.LearnSaved(cmd.Context(), r.LearnConfig, in.Names, in.Stdin); l == nil {
			return &statusError{statusFailed, reading}
		}
	} else {
		l, reading = run.Learn(r.LearnConfig, captures)
	}
	if err = r.write(l.Lesson, cmd.OutOrStdout()); err != nil {
		return err
	}
	if reading == nil || errors.Is(reading, run.ErrDamaged) {
		l.Summarize(r.LearnConfig, r.profile != "")
	}
	return ended(reading)
}

// write writes what was learned: to standard output, and as a profile.
func (r *learning) write(l *learn.Lesson, stdout io.Writer) error {
	if r.profile != "-" {
		width, _ := output.TerminalSize(stdout)
		if err := report.WriteLearned(stdout, report.Options{Format: r.format, Width: width}, l); err != nil {
			return printed(0, err)
		}
	}
	switch {
	case r.profile == "":
		return nil
	case len(l.Shapes) == 0:
		return &statusError{statusFailed, errors.New("nothing was learned, so no profile was written")}
	}
	return ended(output.WriteFile(output.Destination{Name: r.profile, Stdout: stdout, Private: l.Secrets() > 0}, l.AppendProfile(nil)))
}

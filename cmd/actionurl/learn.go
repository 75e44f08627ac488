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
	"actionurl/decode"
	"actionurl/decode/learn"
	"actionurl/report"
	"actionurl/report/output"
)

// A learning is what the flags of learn say.
type learning struct {
	decode  decode.Config
	profile string // to write
	format  report.Format
	verbose bool
	keys    keys
	enter   shutter
}

func newLearn(enter shutter) *cobra.Command {
	r := &learning{enter: enter}
	cmd := &cobra.Command{
		Use:  "learn [flags] CAPTURE|EVENTS...",
		Args: captureArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"pcap", "pcapng", "cap", "ndjson"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.run(cmd, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&r.profile, "output", "o", "", "write a profile to `FILE`, which must not exist; - is standard output, instead of the table")
	addFormat(cmd, &r.format, report.Plain(), "table", "all but table have a row for each part of a URL")
	f.Uint16Var(&r.decode.VXLANPort, "vxlan-port", 0, "UDP `PORT` of VXLAN, besides 4789 and 8472")
	r.keys.flags(cmd)
	f.BoolVarP(&r.verbose, "verbose", "v", false, "report the rights that are dropped")
	r.decode.ResponseTimeout = time.Second // what the answers are does not matter
	return cmd
}

// run learns from the captures of these names.
func (r *learning) run(cmd *cobra.Command, names []string) error {
	if _, err := os.Lstat(r.profile); err == nil {
		return &statusError{statusFailed, fmt.Errorf("%s: exists, and may hold what somebody filled in; expected the name of a new file", r.profile)}
	}
	var err error
	if r.decode.Secrets, err = r.keys.read(); err != nil {
		return err
	}
	stderr := cmd.ErrOrStderr()
	awaits(names, cmd.InOrStdin(), "a capture or saved events", stderr)
	stdin, saved, err := savedEvents(cmd.Context(), names, cmd.InOrStdin())
	var in *files.Captures
	if err == nil && !saved {
		in, err = files.Open(cmd.Context(), names, stdin)
	}
	if err != nil {
		return &statusError{statusFailed, err}
	}
	keep := sandbox.Rights{Read: names}
	if r.profile != "" && r.profile != "-" {
		keep.Write = []string{filepath.Dir(r.profile)}
	}
	r.enter.shut(keep, r.verbose, stderr)
	var l *run.Learned
	var reading error
	if saved {
		if l, reading = run.LearnSaved(cmd.Context(), names, stdin, stderr); l == nil {
			return &statusError{statusFailed, reading}
		}
	} else {
		l, reading = run.Learn(r.decode, in, stderr)
	}
	if err := r.write(l.Lesson, cmd.OutOrStdout()); err != nil {
		return err
	}
	if reading == nil || errors.Is(reading, run.ErrDamaged) {
		printLearned(stderr, l, r.profile)
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
	return ended(output.WriteFile(output.Destination{Name: r.profile, Stdout: stdout, Private: secrets(l) > 0}, l.AppendProfile(nil)))
}

// secrets returns the number of shapes that may hold a secret.
func secrets(l *learn.Lesson) int {
	n := 0
	for i := range l.Shapes {
		if len(l.Shapes[i].Secrets()) > 0 {
			n++
		}
	}
	return n
}

// printLearned prints the closing summary.
func printLearned(w io.Writer, l *run.Learned, profile string) {
	open, secret := 0, secrets(l.Lesson)
	for i := range l.Shapes {
		if l.Shapes[i].Event.Kind == nil {
			open++
		}
	}
	report.Logf(w, "%s of %s, %s, %d with an open event; %s skipped", report.Plural(l.Requests, "request"), report.Plural(l.Phones, "phone"),
		report.Plural(len(l.Shapes), "shape"), open, report.Plural(l.Others, "other HTTP request"))
	if open > 0 && profile == "" {
		report.Logf(w, "-o site.yaml writes a profile; fill in what is open there")
	}
	if secret > 0 {
		report.Logf(w, "warning: %s may hold a secret, and so does the profile", report.Plural(secret, "shape"))
	}
	losses := append([]decode.LossCount{
		{N: l.Long, Thing: "URL", How: "too long to learn from"},
		{N: l.Crowded, Thing: "request", How: "of further shapes: too many shapes"},
	}, l.Losses...)
	for _, loss := range losses {
		if loss.N > 0 {
			report.Logf(w, "warning: %v", loss)
		}
	}
}

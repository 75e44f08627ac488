package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"actionurl/cmd/actionurl/internal/profiles"
	"actionurl/cmd/actionurl/internal/sandbox"
	"actionurl/decode/profile"
	"actionurl/report"
	"actionurl/report/output"
)

func newProfile(enter shutter) *cobra.Command {
	var verbose bool
	cmd := &cobra.Command{
		Use:  "profile",
		Args: commandArgs,
		RunE: showHelp,
	}
	cmd.PersistentFlags().BoolVarP(&verbose, "verbose", "v", false, "report which privileges are dropped")
	load := func(cmd *cobra.Command, names []string) *profile.Profile {
		enter.shut(sandbox.Rights{Read: names}, verbose, cmd.ErrOrStderr())
		return profiles.Load(names)
	}
	cmd.AddCommand(newProfileCheck(load), newProfileShow(load))
	return cmd
}

func profileArgs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("no file given; expected a profile, a provisioning file or a folder of them")
	}
	return nil
}

// A load loads the profiles of these names for a command.
type load func(cmd *cobra.Command, names []string) *profile.Profile

func newProfileCheck(load load) *cobra.Command {
	return &cobra.Command{
		Use:  "check FILE...",
		Args: profileArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return checkProfiles(load(cmd, args), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

func newProfileShow(load load) *cobra.Command {
	var format report.Format
	cmd := &cobra.Command{
		Use:  "show FILE...",
		Args: profileArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			width, _ := output.TerminalSize(out)
			return showProfiles(load(cmd, args), report.Options{Format: format, Width: width}, out, cmd.ErrOrStderr())
		},
	}
	addFormat(cmd, &format, report.Plain(), "table", "")
	return cmd
}

// checkProfiles prints the errors, warnings and ambiguities of the files.
func checkProfiles(p *profile.Profile, out, stderr io.Writer) error {
	ambiguous, whole := profile.Ambiguities(p.Bindings)
	var clashes []profile.Message
	for i := range ambiguous {
		clashes = append(clashes, profile.Message{Place: ambiguous[i].A.Place, Text: report.Ambiguity(&ambiguous[i])})
	}
	for _, all := range []struct {
		weight   string
		messages []profile.Message
	}{{"error", p.Errors}, {"warning", p.Warnings}, {"ambiguous", clashes}} {
		for _, m := range all.messages {
			if err := printed(fmt.Fprintln(out, report.Visible(fmt.Sprintf("%s: %s: %s", m.Place, all.weight, m.Text)))); err != nil {
				return err
			}
		}
	}
	if p.Unsaid > 0 {
		report.Logf(stderr, "and %s that are not listed", report.Plural(p.Unsaid, "more warning"))
	}
	if !whole {
		report.Logf(stderr, "warning: too many similar templates to compare all of them")
	}
	report.Logf(stderr, "%s, %s, %s, %s, %d ambiguous", report.Plural(len(p.Files), "usable file"), report.Plural(len(p.Bindings), "template"),
		report.Plural(len(p.Errors), "error"), report.Plural(len(p.Warnings)+p.Unsaid, "warning"), len(ambiguous))
	if len(p.Errors) > 0 {
		return &statusError{status: statusUsage}
	}
	return nil
}

// showProfiles prints a row for each thing that was read.
func showProfiles(p *profile.Profile, o report.Options, out, stderr io.Writer) error {
	complain(p, stderr)
	if len(p.Errors) > 0 {
		return &statusError{status: statusUsage}
	}
	return printed(0, report.WriteProfile(out, o, p))
}

// maxWarnings is how many warnings are printed one by one before a run.
const maxWarnings = 20

// complain prints errors and warnings on standard error.
func complain(p *profile.Profile, stderr io.Writer) {
	for _, all := range []struct {
		messages []profile.Message
		unsaid   int
		most     int // that are listed
		what     string
	}{
		{p.Errors, 0, len(p.Errors), ""}, // each of them must be corrected
		{p.Warnings, p.Unsaid, maxWarnings, "warning: "},
	} {
		for i := range all.messages[:min(len(all.messages), all.most)] {
			m := &all.messages[i]
			report.Logf(stderr, "%s: %s%s", m.Place, all.what, m.Text)
		}
		if more := len(all.messages) - all.most + all.unsaid; more > 0 {
			report.Logf(stderr, "and %s; actionurl profile check lists them all", report.Plural(more, "more warning"))
		}
	}
}

package main

import (
	"errors"

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
		Use:               "check FILE...",
		Args:              profileArgs,
		ValidArgsFunction: completeFiles(),
		RunE: func(cmd *cobra.Command, args []string) error {
			p := load(cmd, args)
			if err := profiles.Check(p, cmd.OutOrStdout(), cmd.ErrOrStderr()); err != nil {
				return printed(0, err)
			}
			return usable(p)
		},
	}
}

func newProfileShow(load load) *cobra.Command {
	var format report.Format
	cmd := &cobra.Command{
		Use:               "show FILE...",
		Args:              profileArgs,
		ValidArgsFunction: completeFiles(),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, out := load(cmd, args), cmd.OutOrStdout()
			profiles.Complain(p, cmd.ErrOrStderr())
			if err := usable(p); err != nil {
				return err
			}
			width, _ := output.TerminalSize(out)
			return printed(0, report.WriteProfile(out, report.Options{Format: format, Width: width}, p))
		},
	}
	addFormat(cmd, &format, report.Plain(), "table", "")
	return cmd
}

// usable returns an error if a file could not be used, which is reported already.
func usable(p *profile.Profile) error {
	if len(p.Errors) > 0 {
		return &statusError{status: statusUsage}
	}
	return nil
}

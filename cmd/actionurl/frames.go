package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"actionurl/capture/files"
	"actionurl/cmd/actionurl/internal/inspect"
	"actionurl/cmd/actionurl/internal/sandbox"
)

func newFrames(enter shutter) *cobra.Command {
	a := &analysis{enter: enter}
	var c inspect.Config
	cmd := &cobra.Command{
		Use: "frames [flags] CAPTURE N[-M]...",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return errors.New("expected a capture, and the number of a frame in it, such as trace.pcap 17")
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return strings.Fields(captures), cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.redaction.set != 0 {
				return usage("frames shows what was captured byte by byte, which --redact cannot change; expected analyze --redact instead")
			}
			a.Stdout, a.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			for _, text := range args[1:] {
				r, err := inspect.ParseRange(text)
				if err != nil {
					return usage("invalid argument %q: %w", text, err)
				}
				c.Frames = append(c.Frames, r)
			}
			if err := a.loadProfiles(); err != nil {
				return err
			}
			var err error
			if a.Decode.Secrets, err = a.keys.read(); err != nil {
				return err
			}
			in, err := files.Open(cmd.Context(), args[:1], cmd.InOrStdin())
			if err != nil {
				return &statusError{statusFailed, err}
			}
			defer in.Close()
			enter.shut(sandbox.Rights{Read: args[:1]}, a.Verbose, a.Stderr)
			c.Decode, c.Stdout, c.Stderr = a.Decode, a.Stdout, a.Stderr
			switch err := inspect.Show(c, in); {
			case errors.Is(err, inspect.ErrMissing):
				return &statusError{status: statusFailed}
			case errors.Is(err, inspect.ErrDamaged):
				return &statusError{status: statusDamaged}
			case err != nil:
				return &statusError{statusFailed, err}
			}
			return nil
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&c.Dump, "hex", false, "also print the bytes of each layer")
	a.templateFlags(cmd)
	a.decodeFlags(cmd)
	a.redaction.redactFlags(cmd)
	cmd.Flags().MarkHidden("redact")
	cmd.Flags().MarkHidden("redact-key")
	return cmd
}

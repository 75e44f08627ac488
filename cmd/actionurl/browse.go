package main

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"actionurl/capture/live"
	"actionurl/cmd/actionurl/internal/browse"
	"actionurl/report/publish"
	"actionurl/report/saved"
)

func newBrowse(enter shutter) *cobra.Command {
	s := &sniff{analysis: analysis{enter: enter}, ringSize: live.DefaultRingSize}
	cmd := &cobra.Command{
		Use:               "browse [flags] CAPTURE|EVENTS... | -i INTERFACE",
		ValidArgsFunction: completeFiles(captures, savedEvents),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 == (len(s.interfaces) == 0) {
				return usage("expected captures, saved events or nats://HOST, or else -i INTERFACE")
			}
			if err := s.finish(cmd); err != nil {
				return err
			}
			return s.browse(cmd, args)
		},
	}
	s.sniffFlags(cmd)
	s.latenessFlag(cmd)
	without(cmd, "view group output format columns count complete write rotate keep-secrets fail-on notes color verbose metrics") // the screen has its own
	return cmd
}

// browse shows on a screen what the arguments name.
func (s *sniff) browse(cmd *cobra.Command, names []string) error {
	piped, in := slices.Contains(names, "-"), cmd.InOrStdin()
	keys, err := browse.Terminal(in, s.Stdout, piped)
	if err != nil {
		return usage("browse is a screen and needs a terminal, and its type in TERM; print rows with analyze, report or sniff, or the verdict with check")
	}
	c := browse.Config{
		Name: s.inputName(append(s.interfaces, names...)), Live: len(names) == 0, Words: s.Filter.String(), Clock: s.time, Zone: s.Options.Clock.Zone(),
		Color: os.Getenv("NO_COLOR") == "", VXLAN: s.Decode.VXLANPort, Stdin: keys, Stdout: s.Stdout, Frames: true, Ring: len(names) == 0 || piped,
	}
	read := s.watch
	if len(names) > 0 {
		in, err := saved.Look(cmd.Context(), names, in)
		if err != nil {
			return &statusError{statusFailed, err}
		}
		read = func(ctx context.Context) error { return s.analyze(ctx, in.Names, in.Stdin) }
		if c.Live = publish.Named(names[0]); c.Live || in.Saved {
			s.Decode.ResponseTimeout, s.Decode.SlowResponse = 1, 1 // what was late has been found
			c.Frames, c.Ring, c.Why = false, false, "saved events hold no frames"
			read = func(ctx context.Context) error { return s.report(ctx, in.Names, in.Stdin) }
		}
	}
	if s.Redact != nil {
		read = s.redacted(read)
	}
	screen, err := browse.New(c)
	if err != nil {
		return usage("%w", err)
	}
	s.enter = s.enter.saving(screen.Ready)
	screen.Attach(&s.Config)
	err = screen.Run(cmd.Context(), func(ctx context.Context) error {
		err := read(ctx)
		if of, ok := errors.AsType[*statusError](err); ok && of.err == nil {
			return nil // the messages of the run say what is damaged
		}
		return err
	})
	if err == nil || errors.As(err, new(*statusError)) {
		return err
	}
	return &statusError{statusFailed, err}
}

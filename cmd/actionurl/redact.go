package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"actionurl/report/redact"
)

// A redaction is what the flags of redaction say.
type redaction struct {
	set redact.Set
	key string // file
}

// redactFlags adds the flags of redaction.
func (r *redaction) redactFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&parsed{parse: func(s string) (err error) { r.set, err = redact.ParseSet(s); return err }}, "redact", "replace values by pseudonyms, by a `LIST` of: secrets, numbers, names, addresses, all (see help redaction)")
	f.StringVar(&r.key, "redact-key", "", "with --redact, derive pseudonyms from the key in `FILE`: the same in each run")
	complete(cmd, "redact", redact.Words())
}

// redactor returns what the flags ask for, nil for nothing.
func (r *redaction) redactor(cmd *cobra.Command, live bool) (*redact.Redactor, error) {
	c := redact.Config{Set: r.set, Live: live}
	switch {
	case r.set == 0 && r.key != "":
		return nil, usage("--redact-key needs --redact")
	case r.set == 0:
		return nil, nil
	case r.key != "":
		var err error
		if c.Key, err = redact.ReadKey(r.key); err != nil {
			return nil, &statusError{statusFailed, err}
		}
	}
	made, err := redact.New(c)
	if err != nil {
		return nil, usage("%s: %w", r.key, err)
	}
	made.Files(cmd.Flags().Args()...)
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"profile", "output", "write", "keylog", "tls-key"}, f.Name) {
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			made.Files(list.GetSlice()...)
		} else {
			made.Files(f.Value.String())
		}
	})
	cmd.Root().SetErr(made.Writer(cmd.ErrOrStderr())) // of the error that the command may end with
	return made, nil
}

// redacted returns read with its error as a screen may show it.
func (s *sniff) redacted(read func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := read(ctx)
		of, ok := errors.AsType[*statusError](err)
		if err == nil || ok && of.err == nil {
			return err
		}
		status := statusFailed
		if ok {
			status = of.status
		}
		return &statusError{status, errors.New(s.Redact.Message(err.Error()))}
	}
}

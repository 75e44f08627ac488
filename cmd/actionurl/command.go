package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"actionurl/capture/files"
	"actionurl/cmd/actionurl/help"
	"actionurl/cmd/actionurl/internal/rebind"
	"actionurl/cmd/actionurl/internal/run"
	"actionurl/report"
	"actionurl/report/output"
)

// Exit statuses.
const (
	statusDone    = 0
	statusFailed  = 1
	statusUsage   = 2
	statusDamaged = 3
	statusFound   = 4
)

// A statusError is an error with the exit status that it stands for.
type statusError struct {
	status int
	err    error // nil if everything was reported
}

func (e *statusError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// usage returns an error of usage.
func usage(format string, args ...any) error {
	return &statusError{statusUsage, fmt.Errorf(format, args...)}
}

// execute executes a command and returns its exit status.
func execute(ctx context.Context, enter shutter, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot(enter, stdout)
	var helped error
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { helped = help.Show(cmd) })
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetErr(stderr)
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		addCompletions(root)
	}
	cmd, err := root.ExecuteContextC(ctx)
	stderr = root.ErrOrStderr() // which may redact
	if err == nil {
		err = printed(0, helped)
	}
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return statusDone
	}
	var s *statusError
	if !errors.As(err, &s) {
		s = &statusError{statusUsage, err}                                             // cobra's own errors are of usage,
		if write, ok := errors.AsType[*fs.PathError](err); ok && write.Op == "write" { // or of writing
			s = &statusError{statusFailed, files.Named("standard output", err)}
		}
	}
	if s.err != nil {
		message, excerpt, ok := strings.Cut(strings.TrimSpace(s.err.Error()), "\n")
		report.Logf(stderr, "%s", message)
		if ok { // of a filter, with a caret below
			for line := range strings.SplitSeq(excerpt, "\n") {
				fmt.Fprintln(stderr, report.Visible(line))
			}
		}
	}
	if s.status == statusUsage && s.err != nil {
		fmt.Fprintf(stderr, "Run '%s --help' for usage.\n", cmd.CommandPath())
	}
	return s.status
}

// newRoot returns the program with all its commands. Those of completion keep the
// standard output that they are made with.
func newRoot(enter shutter, stdout io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "actionurl",
		Version:       versionText(),
		Args:          commandArgs,
		RunE:          showHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(stdout)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.SetUsageFunc(help.Usage)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.AddCommand(
		newAnalyze(enter),
		newBrowse(enter),
		newCatalog(),
		newCheck(enter),
		newExplain(),
		newFrames(enter),
		newLearn(enter),
		newMan(),
		newProfile(enter),
		newReport(enter),
		newSchema(),
		newSniff(enter),
		newVersion(),
	)
	root.AddCommand(rebind.Commands()...)
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args, c.RunE = commandArgs, showHelp
		}
	}
	help.Describe(root)
	return root
}

// showHelp is what a command does that has others under it.
func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// commandArgs refuses what is not a command.
func commandArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names, topics []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		} else {
			topics = append(topics, c.Name())
		}
	}
	hint := report.DidYouMean(args[0], append(topics, names...))
	if _, err := os.Stat(args[0]); err == nil && !cmd.HasParent() {
		hint = fmt.Sprintf(" (actionurl analyze %s reads a capture)", args[0])
	}
	return fmt.Errorf("unknown command %q; expected %s%s", args[0], strings.Join(names, ", "), hint)
}

// noArgs refuses all arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q; %s takes none", args[0], cmd.CommandPath())
	}
	return nil
}

// flagError says of a flag what was expected: of an unknown one the commands that have
// it or the most similar, of a value, where the error is that of Go's parser, its form.
func flagError(cmd *cobra.Command, err error) error {
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		form := map[string]string{"int": "a number", "uint16": "a port of at most 65535", "duration": "a time such as 500ms, 10s or 1h", "bool": "true or false"}[wrong.GetFlag().Value.Type()]
		if form != "" {
			return fmt.Errorf("%sexpected %s", strings.TrimSuffix(err.Error(), wrong.Unwrap().Error()), form)
		}
	}
	if bare, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		what, _ := pflag.UnquoteUsage(bare.GetFlag())
		return fmt.Errorf("flag needs an argument: %s %s", flagName(bare.GetSpecifiedName(), bare.GetSpecifiedShortnames()), what)
	}
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	name := flagName(unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames())
	err = fmt.Errorf("unknown flag: %s", name)
	if !cmd.HasParent() {
		return fmt.Errorf("%w; flags follow the command: %s COMMAND [flags]", err, cmd.Name())
	}
	var having []string
	for _, c := range cmd.Root().Commands() {
		long, short := c.Flags().Lookup(name[2:]) != nil, len(name) == 2 && c.Flags().ShorthandLookup(name[1:]) != nil
		if c.IsAvailableCommand() && (long || short) {
			having = append(having, c.Name())
		}
	}
	if having != nil {
		return fmt.Errorf("%w; commands that have it: %s", err, strings.Join(having, ", "))
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return fmt.Errorf("%w%s", err, report.DidYouMean(name, names))
}

// flagName spells a flag as it was given, alone or among those of one letter.
func flagName(name, among string) string {
	if among != "" {
		return "-" + name
	}
	return "--" + name
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printed(fmt.Fprintln(cmd.OutOrStdout(), versionText()))
		},
	}
}

func versionText() string {
	return fmt.Sprintf("actionurl %s (%s, %s/%s)", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// version returns the module's version, or the revision it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "devel " + s.Value
		}
	}
	return "devel"
}

// printed makes an error of writing to standard output one of failing.
func printed(_ int, err error) error {
	if err != nil {
		return &statusError{statusFailed, files.Named("standard output", err)}
	}
	return nil
}

// awaits says what standard input is read for, if somebody is sitting at it.
func awaits(names []string, stdin io.Reader, what string, stderr io.Writer) {
	if slices.Contains(names, "-") && output.IsTerminal(stdin) {
		report.Logf(stderr, "waiting for %s on standard input, which is a terminal; Ctrl-C ends it", what)
	}
}

// ended returns what the end of a run means.
func ended(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, run.ErrFound):
		return &statusError{status: statusFound}
	case errors.Is(err, run.ErrDamaged):
		return &statusError{status: statusDamaged}
	case errors.Is(err, files.ErrNoEnd):
		return usage("--since and --until cannot count from the end: %w", err)
	}
	return &statusError{statusFailed, err}
}

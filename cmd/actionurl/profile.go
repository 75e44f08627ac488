package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"actionurl/capture/files"
	"actionurl/cmd/actionurl/internal/sandbox"
	"actionurl/decode/profile"
	"actionurl/report"
	"actionurl/report/output"
)

func newProfile(enter shutter) *cobra.Command {
	var verbose bool
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "Check and show what phones were told",
		Long: `profile reads files that say which Action URL was typed into phones for which
event: profiles (YAML), and provisioning files of Grandstream, Yealink, Snom,
Htek, Sangoma, Akuvox, Fanvil, Mitel and FlyingVoice phones. What a file is, is
told by its content. A folder stands for every file in it and below, but for
those whose name begins with ".".`,
		Args: commandArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().BoolVarP(&verbose, "verbose", "v", false, "report which rights were given up")
	load := func(cmd *cobra.Command, names []string) *profile.Profile {
		enter.shut(sandbox.Rights{Read: names}, verbose, cmd.ErrOrStderr())
		return loadProfiles(names)
	}
	cmd.AddCommand(newProfileCheck(load), newProfileShow(load))
	return cmd
}

func profileArgs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("no file is named; expected a profile, a provisioning file or a folder of them")
	}
	return nil
}

// A load loads the profiles of these names for a command.
type load func(cmd *cobra.Command, names []string) *profile.Profile

func newProfileCheck(load load) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Say what is wrong or ambiguous",
		Long: `check reads profiles and provisioning files, and prints a line for each thing
that is wrong, odd or ambiguous, with its file and line. Ambiguous are the URLs
of two events that one request can match: the request alone then does not say
which event it is. The exit status is 2 if a file cannot be used.`,
		Example: `  actionurl profile check site.yaml
  actionurl profile check site.yaml /srv/tftp`,
		Args: profileArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return checkProfiles(load(cmd, args), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

func newProfileShow(load load) *cobra.Command {
	var format report.Format
	cmd := &cobra.Command{
		Use:   "show FILE...",
		Short: "Print what was understood",
		Long: `show reads profiles and provisioning files, and prints a row for each thing that
it understood: the templates with their events, names of phones and servers,
variables and keys.

The column "known" says how well the meaning of a setting is known: documented
by the vendor, observed (on a phone or in a published provisioning template),
or inferred.`,
		Example: `  actionurl profile show cfg000b82123456.xml
  actionurl profile show --format csv /srv/tftp > templates.csv`,
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

// checkProfiles prints what is to be said of the files.
func checkProfiles(p *profile.Profile, out, stderr io.Writer) error {
	print := func(m *profile.Message, weight string) error {
		return printed(fmt.Fprintf(out, "%s: %s: %s\n", m.Place, weight, m.Text))
	}
	for i := range p.Errors {
		if err := print(&p.Errors[i], "error"); err != nil {
			return err
		}
	}
	for i := range p.Warnings {
		if err := print(&p.Warnings[i], "warning"); err != nil {
			return err
		}
	}
	ambiguous, whole := profile.Ambiguities(p.Bindings)
	for i := range ambiguous {
		a := &ambiguous[i]
		if err := print(&profile.Message{Place: a.A.Place, Text: report.Ambiguity(a)}, "ambiguous"); err != nil {
			return err
		}
	}
	if p.Unsaid > 0 {
		fmt.Fprintf(stderr, "actionurl: and %s that are not told\n", report.Plural(p.Unsaid, "more warning"))
	}
	if !whole {
		fmt.Fprintln(stderr, "actionurl: not complete: there are too many templates that begin alike to compare all of them")
	}
	fmt.Fprintf(stderr, "actionurl: %s, %s, %s, %s, %d ambiguous\n", report.Plural(len(p.Files), "usable file"), report.Plural(len(p.Bindings), "template"),
		report.Plural(len(p.Errors), "error"), report.Plural(len(p.Warnings)+p.Unsaid, "warning"), len(ambiguous))
	if len(p.Errors) > 0 {
		return &statusError{status: statusUsage}
	}
	return nil
}

// showProfiles prints what the files tell.
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
		most     int // that are told one by one
		what     string
	}{
		{p.Errors, 0, len(p.Errors), ""}, // to be put right, each of them
		{p.Warnings, p.Unsaid, maxWarnings, "warning: "},
	} {
		for i := range all.messages[:min(len(all.messages), all.most)] {
			m := &all.messages[i]
			fmt.Fprintf(stderr, "actionurl: %s: %s%s\n", m.Place, all.what, m.Text)
		}
		if more := len(all.messages) - all.most + all.unsaid; more > 0 {
			fmt.Fprintf(stderr, "actionurl: and %s like these (actionurl profile check tells them all)\n", report.Plural(more, "more warning"))
		}
	}
}

// loadProfiles reads the files, and those in the folders. What cannot be read
// is an error of the result.
func loadProfiles(names []string) *profile.Profile {
	l := &loader{parser: profile.NewParser()}
	for _, name := range names {
		if err := l.load(name); err != nil {
			l.fail(name, err)
		}
	}
	return &l.parser.Profile
}

// A loader reads files into a parser.
type loader struct {
	parser *profile.Parser
	buffer []byte // of the file at hand
}

func (l *loader) fail(name string, err error) {
	l.parser.Errors = append(l.parser.Errors, profile.Message{Place: profile.Place{File: name}, Text: files.Cause(err).Error()})
}

// load reads a file or a folder.
func (l *loader) load(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return l.file(name)
	}
	files := 0
	err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			l.fail(path, err)
			return nil
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && path != name
		switch {
		case hidden && entry.IsDir():
			return filepath.SkipDir
		case hidden || entry.IsDir():
			return nil
		}
		files++
		if err := l.file(path); err != nil {
			l.fail(path, err)
		}
		return nil
	})
	if err == nil && files == 0 {
		err = errors.New("the folder has no file; expected profiles or provisioning files")
	}
	return err
}

// file reads a file.
func (l *loader) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("is a link to a folder; expected a file")
	case info.Size() > profile.MaxFile:
		return fmt.Errorf("the file has %d bytes; expected %d at most", info.Size(), profile.MaxFile)
	}
	l.buffer = l.buffer[:0]
	for len(l.buffer) <= profile.MaxFile { // files that are being written grow, and pipes have no size
		if len(l.buffer) == cap(l.buffer) {
			l.buffer = append(l.buffer, make([]byte, max(len(l.buffer), 64<<10))...)[:len(l.buffer)]
		}
		n, err := f.Read(l.buffer[len(l.buffer):cap(l.buffer)])
		l.buffer = l.buffer[:len(l.buffer)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	l.parser.Parse(name, l.buffer)
	return nil
}

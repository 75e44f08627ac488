package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"actionurl/capture/pcapfile"
	"actionurl/decode/finding"
	"actionurl/report"
)

func newReport() *cobra.Command {
	a := &analysis{saved: true}
	cmd := &cobra.Command{
		Use:   "report [flags] EVENTS...",
		Short: "Show saved events in any view and format",
		Long: `report reads what analyze or sniff wrote as NDJSON (compressed or not, or "-" for
standard input), and shows it as they would have: in any view and format. So a
sensor can write NDJSON, and the table is made elsewhere. Several files are
merged by time.

Save with --complete, or else what is of no single request is not there: findings
such as connections that were refused, what SIP alone tells of a call, and
when the capture ended. Requests that are no Action URLs are there only if they
were saved, by --view requests. The rows of calls, phones and findings cannot
be shown again: save events.`,
		Example: `  actionurl report events.ndjson
  actionurl report --view calls --format csv events.ndjson
  ssh sensor actionurl sniff -i eth1 --format ndjson --complete | actionurl report -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no file is named; expected the name of a file of saved events, or - for standard input")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"ndjson", "jsonl", "json", "gz", "zst"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.finish(); err != nil {
				return err
			}
			return a.report(cmd.Context(), args, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	a.decode.ResponseTimeout, a.decode.SlowResponse = 1, 1 // what was late has been found already
	cmd.Flags().SortFlags = false
	a.rowFlags(cmd)
	return cmd
}

// report shows the saved events of these names.
func (a *analysis) report(ctx context.Context, names []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if err := a.findPhones(); err != nil {
		return err
	}
	s, err := openSaved(ctx, names, stdin)
	if err != nil && ctx.Err() != nil {
		s, err = &savedInput{piped: true}, nil // an interrupt came before the first byte
	}
	if err != nil {
		return &statusError{statusFailed, err}
	}
	defer s.close()
	return a.runOver(&s.input, stdout, stderr, func(j *job) (writing, reading error) { return s.each(ctx, j) })
}

// A savedInput is the saved events of a run.
type savedInput struct {
	input
	parts  []*savedPart
	opened []*os.File
	piped  bool   // somebody may be writing it
	idle   func() // called when a pipe is silent
}

// A savedPart is a file of saved events, and the next of them.
type savedPart struct {
	reader *report.Reader
	next   report.Saved
	over   bool
}

// openSaved opens the files of these names.
func openSaved(ctx context.Context, names []string, stdin io.Reader) (*savedInput, error) {
	s := &savedInput{input: input{ctx: ctx, stdin: stdin}}
	for _, name := range names {
		if err := s.add(name); err != nil {
			s.close()
			return nil, err
		}
	}
	if s.piped {
		s.size = 0
	}
	return s, nil
}

func (s *savedInput) close() {
	for _, f := range s.opened {
		f.Close()
	}
}

// add opens a file, or takes standard input.
func (s *savedInput) add(name string) error {
	from := s.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, cause(err))
		}
		s.opened = append(s.opened, f)
		from = f
	}
	info, err := statOf(from)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s: is a folder; expected a file of saved events", name)
	case err == nil && info.Mode().IsRegular():
		s.files = append(s.files, info)
		s.size += info.Size()
	default:
		s.piped = true
		from = &abandonable{ctx: s.ctx, r: from, idle: func() {
			if s.idle != nil {
				s.idle()
			}
		}}
	}
	plain, err := pcapfile.Decompress(&counter{from, &s.offset})
	if err != nil {
		return fmt.Errorf("%s: %w", name, cause(err))
	}
	s.parts = append(s.parts, &savedPart{reader: report.NewReader(name, plain)})
	return nil
}

// statOf describes the file that r is.
func statOf(r io.Reader) (os.FileInfo, error) {
	if f, ok := r.(*os.File); ok {
		return f.Stat()
	}
	return nil, errors.ErrUnsupported
}

// each replays the events in the order of their times. It returns the first
// error of writing them and that of reading.
func (s *savedInput) each(ctx context.Context, j *job) (writing, reading error) {
	s.idle = func() { writing = errors.Join(writing, j.flush()) }
	for _, p := range s.parts {
		if err := p.advance(j); err != nil {
			return writing, s.ended(ctx, err)
		}
	}
	for ctx.Err() == nil {
		p := s.earliest()
		if p == nil {
			j.sum.lost(s.losses())
			return nil, nil
		}
		if err := j.replay(&p.next); err != nil {
			return err, nil
		}
		j.progress.update()
		if err := p.advance(j); err != nil {
			return writing, s.ended(ctx, err)
		}
		if writing != nil {
			return writing, nil
		}
	}
	return nil, s.ended(ctx, nil)
}

// replay takes what a line of saved events tells.
func (j *job) replay(r *report.Saved) error {
	switch r.Kind {
	case report.SavedFinding:
		j.found(&r.Finding)
		return nil
	case report.SavedSIP:
		j.pipeline.ReplayCall(r.Call.PhoneMAC, r.Call.PhoneIP, r.Time, r.Call.SIP)
		return nil
	case report.SavedEnd:
		j.now = max(j.now, r.Time)
		j.pipeline.ReplayEnd(r.Time)
		return nil
	}
	j.now = max(j.now, r.Time)
	return j.pipeline.Replay(r.Request.Exchange, r.Request.Event, finding.SetOf(r.Request.Findings))
}

// ended returns what is to be said of an end before that of the input.
func (s *savedInput) ended(ctx context.Context, err error) error {
	switch {
	case ctx.Err() == nil:
		return err
	case s.piped:
		return nil // an interrupt is how such a run ends
	}
	return errors.New("interrupted before the end of the input")
}

// earliest returns the part whose next line comes first, nil at the end. What SIP
// tells of a call has the time of the call's first event, and comes behind that.
func (s *savedInput) earliest() *savedPart {
	var first *savedPart
	for _, p := range s.parts {
		if !p.over && (first == nil || p.next.Time < first.next.Time || p.next.Time == first.next.Time && p.next.Kind < first.next.Kind) {
			first = p
		}
	}
	return first
}

// losses returns how many losses of live captures the files tell of.
func (s *savedInput) losses() int {
	n := 0
	for _, p := range s.parts {
		n += p.reader.Losses
	}
	return n
}

// advance reads the next line. Those that are damaged are told.
func (p *savedPart) advance(j *job) error {
	for {
		err := p.reader.Next(&p.next)
		var problem *report.Problem
		switch {
		case err == nil:
			return nil
		case errors.Is(err, io.EOF):
			p.over = true
			return nil
		case errors.As(err, &problem):
			j.progress.clear()
			j.sum.problem(problem)
		case pcapfile.IsDamage(err):
			j.progress.clear()
			j.sum.problem(err)
			p.over = true
			return nil
		default:
			return err
		}
	}
}

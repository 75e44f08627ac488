package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/spf13/cobra"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/learn"
	"actionurl/report"
)

// A lessonRun is what the flags of learn say.
type lessonRun struct {
	decode  decode.Config
	profile string // to write
	format  string
}

func newLearn() *cobra.Command {
	r := &lessonRun{}
	cmd := &cobra.Command{
		Use:   "learn [flags] CAPTURE...",
		Short: "Find out from captures what was typed into the phones",
		Long: `learn reads captures of phones of which nothing is known, and finds out which
URLs were typed into them: it groups the Action URLs by their shape, and shows
for each what of it is fixed text, what is a variable, and which one it looks
like; how often it was sent and by how many phones; and which event it seems to
be. It says how sure each of these is, and why:

  certain   the requests themselves show it
  likely    it looks like it, or the key is called so
  open      it cannot be told

-o writes a profile that -p of analyze reads. What could not be told is left
open in it, for you to fill in. A fixed part of a URL is part of the profile,
even if it is a secret; it is told which ones may be.`,
		Example: `  actionurl learn trace.pcap
  actionurl learn -o site.yaml trace.pcap
  actionurl analyze -p site.yaml trace.pcap
  actionurl learn --format ndjson trace.pcap`,
		Args: captureArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"pcap", "pcapng", "cap"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.run(cmd.Context(), args, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&r.profile, "output", "o", "", "`FILE` to write a profile to, which must not exist; - is standard output, in place of the table")
	f.Var(newChoice(&r.format, "table", report.Formats()), "format", "`FORMAT`: "+strings.Join(report.Formats(), ", ")+"; all but table have a row for each part of a URL")
	f.Uint16Var(&r.decode.VXLANPort, "vxlan-port", 0, "a further UDP `PORT` of VXLAN, beside 4789 and 8472")
	complete(cmd, "format", report.Formats())
	r.decode.ResponseTimeout = time.Second // what the answers are does not matter
	return cmd
}

// run learns from the captures of these names.
func (r *lessonRun) run(ctx context.Context, names []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if _, err := os.Lstat(r.profile); err == nil {
		return &statusError{statusFailed, fmt.Errorf("%s: is there already; expected the name of a new file, as it may hold what somebody filled in", r.profile)}
	}
	in, err := openInput(ctx, names, stdin)
	if err != nil {
		return &statusError{statusFailed, err}
	}
	progress := newProgress(stderr, in)
	sum := summary{w: stderr}
	learner, others := learn.New(), 0
	pipeline := decode.New(r.decode, func(record *decode.Record) error {
		if !learner.Add(record.Exchange, record.Event) {
			others++
		}
		return nil
	})
	learner.Role = pipeline.Role
	_, reading := in.each(ctx, func(b *capture.Batch) error {
		if err := pipeline.Batch(b); err != nil {
			return err
		}
		progress.clear()
		sum.problems(b.Problems)
		progress.update()
		return nil
	})
	pipeline.Flush()
	progress.clear()
	lesson := learner.Lesson()
	if err := r.write(lesson, stdout, stderr); err != nil {
		return err
	}
	if reading != nil {
		return &statusError{statusFailed, reading}
	}
	printLesson(stderr, lesson, others, r.profile)
	for _, loss := range pipeline.Summary().Losses() {
		fmt.Fprintf(stderr, "actionurl: not complete: %s\n", loss)
	}
	if sum.damaged > 0 {
		return &statusError{status: statusDamaged}
	}
	return nil
}

// write writes what was learnt: to standard output, and as a profile.
func (r *lessonRun) write(lesson *learn.Lesson, stdout, stderr io.Writer) error {
	if r.profile != "-" {
		if err := writeLesson(stdout, lesson, r.format); err != nil {
			return err
		}
	}
	switch {
	case r.profile == "":
		return nil
	case len(lesson.Shapes) == 0:
		return &statusError{statusFailed, errors.New("nothing was learnt, so no profile was written")}
	}
	out, err := (&destination{name: r.profile, stdout: stdout}).open()
	if err != nil {
		return &statusError{statusFailed, err}
	}
	if _, err := out.Write(lesson.AppendProfile(nil)); err != nil {
		out.abandon()
		return &statusError{statusFailed, err}
	}
	if err := out.close(); err != nil {
		return &statusError{statusFailed, err}
	}
	return nil
}

// printLesson prints the closing summary.
func printLesson(w io.Writer, l *learn.Lesson, others int, profile string) {
	open, secret := 0, 0
	for i := range l.Shapes {
		if l.Shapes[i].Event.Kind == nil {
			open++
		}
		if len(l.Shapes[i].Secrets()) > 0 {
			secret++
		}
	}
	fmt.Fprintf(w, "actionurl: %s of %s, %s, %d with an open event; %s passed over\n", count(l.Requests, "request"), count(l.Phones, "phone"), count(len(l.Shapes), "shape"), open, count(others, "other HTTP request"))
	if open > 0 && profile == "" {
		fmt.Fprintln(w, "actionurl: -o site.yaml writes a profile, in which what is open can be filled in")
	}
	if secret > 0 {
		fmt.Fprintf(w, "actionurl: %s may hold a secret, and so does the profile\n", count(secret, "shape"))
	}
	if l.Long > 0 {
		fmt.Fprintf(w, "actionurl: not complete: URLs too long to be looked at: %d\n", l.Long)
	}
	if l.Crowded > 0 {
		fmt.Fprintf(w, "actionurl: not complete: requests of further shapes: %d\n", l.Crowded)
	}
}

// writeLesson writes what was learnt to standard output.
func writeLesson(w io.Writer, l *learn.Lesson, format string) error {
	if format != "table" {
		return printCatalog(w, report.Options{Format: format}, lessonColumns, lessonRows(l))
	}
	width, _ := terminalSize(w)
	if width <= 0 {
		width = 100
	}
	p := lessonPrinter{w: bufio.NewWriter(w), width: width}
	for i := range l.Shapes {
		p.shape(i, &l.Shapes[i])
	}
	return printed(0, p.w.Flush())
}

var lessonColumns = []string{
	"shape", "requests", "phones", "vendor", "first_seen", "last_seen", "event", "event_sure", "event_why", "candidates",
	"template", "part", "fixed", "variable", "sure", "why", "perhaps", "samples", "secret",
}

// lessonRows has a row for each part of each shape.
func lessonRows(l *learn.Lesson) [][]report.Value {
	var rows [][]report.Value
	for i := range l.Shapes {
		s := &l.Shapes[i]
		vendor := ""
		if s.Vendor != nil {
			vendor = s.Vendor.Name
		}
		event := actionurl.Unknown
		if s.Event.Kind != nil {
			event = s.Event.Kind.Slug
		}
		of := []report.Value{
			report.Number(int64(i + 1)), report.Number(int64(s.Requests)), report.Number(int64(s.Phones)), report.Text(vendor),
			report.Text(rfc3339(s.First)), report.Text(rfc3339(s.Last)), report.Text(event), report.Text(string(s.Event.Sure)),
			report.Text(s.Event.Why), report.List(slugsOf(s.Event.Candidates)), report.Text(s.Template),
		}
		for k := range s.Parts {
			p := &s.Parts[k]
			rows = append(rows, append(of[:len(of):len(of)],
				report.Text(p.Name()), report.Text(p.Fixed), report.Text(p.Typed), report.Text(string(p.Sure)),
				report.Text(p.Why), report.List(p.Perhaps), report.List(p.Samples), report.Text(yes(p.Secret))))
		}
	}
	return rows
}

func rfc3339(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func slugsOf(kinds []*actionurl.Kind) []string {
	var all []string
	for _, k := range kinds {
		all = append(all, k.Slug)
	}
	return all
}

// A lessonPrinter prints what was learnt for people.
type lessonPrinter struct {
	w     *bufio.Writer
	width int // of a line
}

// shape prints a shape: its template, how often it was seen, the event, and
// what is a variable in it.
func (p *lessonPrinter) shape(i int, s *learn.Shape) {
	if i > 0 {
		p.w.WriteByte('\n')
	}
	template := s.Template
	if template == "" {
		template = "(a URL that no template can be written of)"
	}
	fmt.Fprintf(p.w, "%d. %s\n", i+1, template)
	of := count(s.Phones, "phone")
	if s.Vendor != nil {
		of = count(s.Phones, s.Vendor.Label+" phone")
	}
	p.line("", "seen", fmt.Sprintf("%s of %s", count(s.Requests, "time"), of))
	p.line("", "event", eventText(&s.Event))
	if s.Missed > 0 {
		p.line("", "not", fmt.Sprintf("the template does not match %s", count(s.Missed, "request")))
	}
	widest := 0
	for k := range s.Parts {
		if isShown(&s.Parts[k]) {
			widest = max(widest, twwidth.Width(p.is(&s.Parts[k])))
		}
	}
	for k := range s.Parts {
		part := &s.Parts[k]
		if !isShown(part) {
			continue
		}
		is := p.is(part)
		pad := strings.Repeat(" ", min(widest, p.width/2)-min(widest, p.width/2, twwidth.Width(is)))
		p.line(is+pad, string(part.Sure), partText(part))
	}
}

// isShown reports whether a part is told of: a word of the path only if it may
// be a secret.
func isShown(p *learn.Part) bool { return p.Variable != "" || p.Key != "" || p.Secret }

// is renders what stands at a part.
func (p *lessonPrinter) is(part *learn.Part) string {
	if part.Variable == "" {
		return part.Name() + " = " + strconv.QuoteToGraphic(part.Fixed)
	}
	return part.Name() + " = " + part.Typed
}

// eventText says which event it is.
func eventText(g *learn.Guess) string {
	text := "?"
	switch {
	case g.Kind != nil:
		text = g.Kind.Label
	case len(g.Candidates) > 0:
		var labels []string
		for _, k := range g.Candidates {
			labels = append(labels, k.Label)
		}
		text = "? perhaps " + strings.Join(labels, " or ")
	}
	return fmt.Sprintf("%s (%s: %s)", text, g.Sure, g.Why)
}

// partText says why a part is what it is, and what was seen there.
func partText(p *learn.Part) string {
	text := p.Why
	if len(p.Perhaps) > 0 {
		text += "; perhaps $" + strings.Join(p.Perhaps, " or $")
	}
	if p.Variable == "" {
		return text
	}
	var samples []string
	for _, s := range p.Samples {
		samples = append(samples, strconv.QuoteToGraphic(s))
	}
	text += ": " + strings.Join(samples, ", ")
	if more := p.Distinct - len(p.Samples); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// line prints a line, and what does not fit below it.
func (p *lessonPrinter) line(is, sure, text string) {
	head := fmt.Sprintf("   %-8s ", sure+":")
	if is != "" {
		head = "   " + is + " " + head[2:]
	}
	indent := twwidth.Width(head)
	p.w.WriteString(head)
	at := indent
	for i, word := range strings.Split(text, " ") {
		width := twwidth.Width(word)
		switch {
		case i > 0 && at+1+width > p.width:
			at = min(indent, p.width/2)
			p.w.WriteString("\n" + strings.Repeat(" ", at))
		case i > 0:
			p.w.WriteByte(' ')
			at++
		}
		p.w.WriteString(word)
		at += width
	}
	p.w.WriteByte('\n')
}

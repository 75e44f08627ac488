package run

import (
	"fmt"
	"io"
	"strings"

	"actionurl/capture"
	"actionurl/capture/filter"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/keep"
	"actionurl/report"
)

// maxProblems is how many problems of the input are told one by one.
const maxProblems = 20

// A summary tells on standard error what was read and what was not.
type summary struct {
	w         io.Writer
	view      report.View
	saved     bool // the input is saved events
	templates int

	requests, events int
	unknown          int // events that cannot be told
	rows             int // that were written
	found            finding.Tally
	damaged          int // problems of the input

	filter *filter.Filter // of -f, for captures; nil for none
}

// count counts a record, and what is wrong with it if it is shown.
func (s *summary) count(r *decode.Record, shown bool) {
	s.requests++
	if shown {
		for i := range r.Findings {
			at := r.Place()
			s.found.Add(&r.Findings[i], &at)
		}
	}
	if r.Event != nil {
		s.events++
		if r.Event.Kind == actionurl.Unknown {
			s.unknown++
		}
	}
}

// problems tells problems as they are met.
func (s *summary) problems(all []capture.Problem) {
	for i := range all {
		s.problem(&all[i])
	}
}

func (s *summary) problem(err error) {
	if s.damaged++; s.damaged <= maxProblems {
		fmt.Fprintf(s.w, "actionurl: %v\n", err)
	}
}

// lost tells how many losses of live captures saved events tell of.
func (s *summary) lost(n int) {
	if n > 0 {
		fmt.Fprintf(s.w, "actionurl: not complete: losses of the live capture: %d (capture_loss)\n", n)
	}
}

// print prints the closing summary.
func (s *summary) print(d decode.Summary) {
	if more := s.damaged - maxProblems; more > 0 {
		fmt.Fprintf(s.w, "actionurl: and %s like these\n", report.Plural(more, "more problem"))
	}
	from := report.Plural(d.Frames, "frame")
	switch {
	case s.saved:
		from = "saved"
	case s.filter != nil:
		from = fmt.Sprintf("%s (%d dropped by the filter)", report.Plural(d.Frames+s.filter.Dropped(), "frame"), s.filter.Dropped())
	}
	fmt.Fprintf(s.w, "actionurl: %s, %s, %s", from, report.Plural(s.requests, "HTTP request"), report.Plural(s.events, "Action URL"))
	switch all := s.events; s.view {
	case report.Calls:
		fmt.Fprintf(s.w, ", %s", report.Plural(s.rows, "call"))
	case report.Phones:
		fmt.Fprintf(s.w, ", %s", report.Plural(s.rows, "phone"))
	case report.Findings:
		if s.rows == 0 {
			fmt.Fprint(s.w, ", nothing found")
		} else {
			fmt.Fprintf(s.w, ", %s", report.Plural(s.rows, "finding"))
		}
	case report.Requests:
		all = s.requests
		fallthrough
	default:
		if s.rows < all {
			fmt.Fprintf(s.w, ", %d shown", s.rows)
		}
	}
	fmt.Fprintln(s.w)
	losses := d.Losses()
	if s.view == report.Calls || s.view == report.Phones {
		losses = append(losses, d.Calls.Losses()...)
	}
	for _, loss := range losses {
		fmt.Fprintf(s.w, "actionurl: not complete: %s\n", loss)
	}
	if s.view != report.Findings {
		s.hint()
	}
	switch {
	case s.saved: // what was typed into the phones is too late now
	case s.filter != nil && d.Frames == 0 && s.filter.Dropped() > 0 && s.damaged == 0:
		fmt.Fprintln(s.w, "actionurl: no frame matches the filter; one with a VLAN tag matches behind vlan only, as in -f 'port 80 or (vlan and port 80)'")
	case s.requests > 0 && s.events == 0 && s.view != report.Requests:
		fmt.Fprintln(s.w, "actionurl: no request looks like an Action URL; --view requests shows them all, and -t tells what was typed into the phones")
	case s.unknown > 0 && s.templates == 0 && (s.rows > 0 || s.view == report.Calls):
		fmt.Fprintf(s.w, "actionurl: which event it was cannot be told of %s; -t 'incoming_call=URL' tells what was typed into the phones\n", report.Plural(s.unknown, "Action URL"))
	}
}

// kept tells what became of the frames for -w.
func (s *summary) kept(name string, c keep.Counts) {
	fmt.Fprintf(s.w, "actionurl: %s: %s\n", name, report.Plural(c.Kept, "frame"))
	if c.Missed > 0 {
		fmt.Fprintf(s.w, "actionurl: %s: not complete: frames let go before it was known that they matter: %d\n", name, c.Missed)
	}
	if c.Forgotten > 0 {
		fmt.Fprintf(s.w, "actionurl: %s: not complete: connections forgotten, as too many were open: %d\n", name, c.Forgotten)
	}
}

// hint tells of errors and warnings where only rows have them.
func (s *summary) hint() {
	var all []string
	for _, f := range s.found.Summaries() {
		if f.Kind.Severity() < finding.Notice {
			all = append(all, fmt.Sprintf("%s (%d)", f.Kind, f.Count))
		}
	}
	if len(all) > 0 {
		fmt.Fprintf(s.w, "actionurl: found: %s; --view findings tells what to do\n", strings.Join(all, ", "))
	}
}

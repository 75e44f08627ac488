package run

import (
	"fmt"
	"io"
	"strings"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/tls"
	"actionurl/report"
)

// maxProblems is how many problems of the input are printed one by one.
const maxProblems = 20

// A summary prints on standard error what was read and what was not.
type summary struct {
	w         io.Writer
	view      report.View // noView without rows
	saved     bool        // the input is saved events
	templates int

	requests, events int
	unknown          int // events that match no known one
	unmatched        int // of these, those that match no template at all
	rows             int // that were written
	notes            int // on the input
	damaged          int // of these, those that cost something

	secrets *tls.Secrets // that were given; nil for none
	logged  bool         // some by a key log
	filter  bool         // frames are dropped by -f
	dropped int          // of these
}

// noView is the view of a run without rows.
const noView report.View = "none"

// count counts a record.
func (s *summary) count(r *decode.Record) {
	s.requests++
	if r.Event != nil {
		s.events++
		if r.Event.Kind == actionurl.Unknown {
			s.unknown++
			if len(r.Event.Candidates) == 0 {
				s.unmatched++
			}
		}
	}
}

func (s *summary) say(format string, args ...any) {
	report.Logf(s.w, format, args...)
}

// problem counts a problem of the input, and reports whether it is printed.
func (s *summary) problem(err error) (printed bool) {
	if p, ok := err.(*capture.Problem); !ok || !p.Harmless {
		s.damaged++
	}
	s.notes++
	return s.notes <= maxProblems
}

// print prints the closing summary. Where the filter left nothing to show, the
// reason is why.
func (s *summary) print(d decode.Summary, reason string) {
	if more := s.notes - maxProblems; more > 0 {
		s.say("%s not shown", report.Plural(more, "further problem"))
	}
	s.say("%s%s, %s%s", s.from(&d), report.Plural(s.requests, "HTTP request"), report.Plural(s.events, "Action URL"), s.shown())
	if of := d.TLS; (s.secrets != nil || of[tls.Decrypted] > 0) && of != [tls.Reasons]int{} {
		line := report.Plural(of[tls.Decrypted], "TLS connection") + " decrypted"
		for why := tls.NoKey; why < tls.Reasons; why++ {
			if of[why] > 0 {
				line += fmt.Sprintf(", %d not: %v", of[why], why)
			}
		}
		if d.Early > 0 {
			line += fmt.Sprintf("; the early data of %d cannot be read", d.Early)
		}
		s.say("%s", line)
	}
	if s.logged && d.TLS != [tls.Reasons]int{} {
		switch taken, dropped := s.secrets.Logged(); {
		case taken == 0:
			s.say("warning: the key log holds no secrets; a line is CLIENT_RANDOM or another label, and two numbers in hexadecimal")
		case dropped > 0:
			s.say("warning: %d of %d secrets of the key log are dropped, the oldest", dropped, taken)
		}
	}
	for _, loss := range d.Losses(s.view == report.Calls || s.view == report.Phones) {
		s.say("warning: %v", loss)
	}
	switch {
	case reason != "" && s.rows == 0:
		s.say("nothing shown: %s", reason)
		if s.unknown > 0 && s.templates == 0 && !s.saved && strings.Contains(reason, "--event") {
			s.giveURLs()
		}
	case s.saved: // it is too late for templates
	case s.filter && d.Frames == 0 && s.dropped > 0 && s.damaged == 0:
		s.say("no frame matches the filter; tagged frames match only after vlan, as in -f 'port 80 or (vlan and port 80)'")
	case s.requests == 0 && d.TLS[tls.NoKey] > 0 && s.secrets != nil:
		s.say("%s cannot be read with these keys; a key log opens connections made while it is written, a private key none with (EC)DHE or TLS 1.3", report.Plural(d.TLS[tls.NoKey], "TLS connection"))
	case s.requests == 0 && d.TLS[tls.NoKey] > 0:
		s.say("%s cannot be read; give the server's key with --tls-key, or a key log with --keylog", report.Plural(d.TLS[tls.NoKey], "TLS connection"))
	case s.requests > 0 && s.events == 0 && s.view != report.Requests:
		s.say("no request looks like an Action URL; show all with --view requests, or give the configured URLs with -t or -p")
	case s.unknown > 0 && s.templates == 0 && (s.rows > 0 || s.view == report.Calls):
		s.giveURLs()
	case s.unmatched > 0 && s.unmatched == s.events:
		s.say("%s no template; actionurl learn shows the URLs that phones send", matches(s.unmatched))
	}
}

// giveURLs says how to name the events that nothing names.
func (s *summary) giveURLs() {
	s.say("%s no known event; give the configured URLs with -t 'incoming_call=URL' or -p FILE", matches(s.unknown))
}

func matches(n int) string {
	if n == 1 {
		return "1 Action URL matches"
	}
	return fmt.Sprintf("%d Action URLs match", n)
}

// from says what was read, as the line begins.
func (s *summary) from(d *decode.Summary) string {
	switch {
	case s.saved:
		return "saved events: "
	case s.filter:
		return fmt.Sprintf("%s (%d dropped by the filter), ", report.Plural(d.Frames+s.dropped, "frame"), s.dropped)
	}
	return report.Plural(d.Frames, "frame") + ", "
}

// shown says which rows there are, where that is not known already.
func (s *summary) shown() string {
	all := s.events
	switch s.view {
	case noView:
		return ""
	case report.Calls:
		return ", " + report.Plural(s.rows, "call")
	case report.Phones:
		return ", " + report.Plural(s.rows, "phone")
	case report.Servers:
		return ", " + report.Plural(s.rows, "server")
	case report.Findings:
		if s.rows == 0 {
			return ", nothing found"
		}
		return ", " + report.Plural(s.rows, "finding")
	case report.Requests:
		all = s.requests
	}
	if s.rows < all {
		return fmt.Sprintf(", %d shown", s.rows)
	}
	return ""
}

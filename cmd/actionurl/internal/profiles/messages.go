package profiles

import (
	"fmt"
	"io"

	"actionurl/decode/profile"
	"actionurl/report"
)

// Check prints the errors, warnings and ambiguities of the files, a line each, and
// their counts on standard error.
func Check(p *profile.Profile, out, stderr io.Writer) error {
	ambiguous, whole := profile.Ambiguities(p.Bindings)
	var clashes []profile.Message
	for i := range ambiguous {
		clashes = append(clashes, profile.Message{Place: ambiguous[i].A.Place, Text: report.Ambiguity(&ambiguous[i])})
	}
	for _, all := range []struct {
		weight   string
		messages []profile.Message
	}{{"error", p.Errors}, {"warning", p.Warnings}, {"ambiguous", clashes}} {
		for _, m := range all.messages {
			if _, err := fmt.Fprintln(out, report.Visible(fmt.Sprintf("%s: %s: %s", m.Place, all.weight, m.Text))); err != nil {
				return err
			}
		}
	}
	if p.Unsaid > 0 {
		report.Logf(stderr, "and %s that are not listed", report.Plural(p.Unsaid, "more warning"))
	}
	if !whole {
		report.Logf(stderr, "warning: too many similar templates to compare all of them")
	}
	report.Logf(stderr, "%s, %s, %s, %s, %d ambiguous", report.Plural(len(p.Files), "usable file"), report.Plural(len(p.Bindings), "template"),
		report.Plural(len(p.Errors), "error"), report.Plural(len(p.Warnings)+p.Unsaid, "warning"), len(ambiguous))
	return nil
}

// maxWarnings is how many warnings are printed one by one before a run.
const maxWarnings = 20

// Complain prints errors, and the first warnings, on standard error before a run.
func Complain(p *profile.Profile, stderr io.Writer) {
	for _, all := range []struct {
		messages []profile.Message
		unsaid   int
		most     int // that are listed
		what     string
	}{
		{p.Errors, 0, len(p.Errors), ""}, // each of them must be corrected
		{p.Warnings, p.Unsaid, maxWarnings, "warning: "},
	} {
		for i := range all.messages[:min(len(all.messages), all.most)] {
			m := &all.messages[i]
			report.Logf(stderr, "%s: %s%s", m.Place, all.what, m.Text)
		}
		if more := len(all.messages) - all.most + all.unsaid; more > 0 {
			report.Logf(stderr, "and %s; actionurl profile check lists them all", report.Plural(more, "more warning"))
		}
	}
}

package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"actionurl/decode"
	"actionurl/decode/finding"
	"actionurl/decode/timeline"
)

// A Filter chooses which rows to show. It is a list of terms, each a key with
// alternatives; a request has to match one of each. Flags give one term
// each, and [Filter.Parse] reads them all from a line of words:
//
//	phone:34:12 event:hold,resume status:4xx since:08:30 mac=$mac
//
// Calls and phones are shown if a request of theirs is.
type Filter struct {
	View         View
	terms        []*term
	since, until bound

	seen   int // requests that the view could show
	inTime int // of these, in time
}

// A term is what was asked for with one key.
type term struct {
	key    string
	texts  []string // as they were written
	flags  []string // the same, as flags
	any    []matcher
	passed int // requests that matched it, and all terms before it
}

// A matcher is one alternative of a term.
type matcher interface {
	request(*decode.Record) bool
	// finding reports whether a finding that is of no single request matches.
	finding(*finding.Occurrence) bool
}

// FilterKeys returns the keys of terms, as words and as names of flags.
func FilterKeys() []string {
	return []string{"phone", "event", "server", "status", "finding", "failed", "match", "since", "until"}
}

// Empty reports whether everything is shown.
func (f *Filter) Empty() bool { return len(f.terms) == 0 && !f.since.set && !f.until.set }

// Add adds an alternative to the term of a key. Times without a zone are in
// zone.
func (f *Filter) Add(key, text string, zone *time.Location) error {
	var m matcher
	var err error
	switch key {
	case "since":
		f.since, err = parseBound(key, text, zone)
		return err
	case "until":
		f.until, err = parseBound(key, text, zone)
		return err
	case "phone":
		m, err = parsePhone(text)
	case "event":
		m, err = parseEvents(text)
	case "server":
		m, err = parseServer(text)
	case "status":
		m, err = parseStatuses(text)
	case "finding":
		m, err = parseFindings(text)
	case "failed":
		m = isFailed{}
	case "match":
		m = targetHas(strings.ToLower(text))
	default:
		err = fmt.Errorf("unknown filter %q; expected one of %s", key, strings.Join(FilterKeys(), ", "))
	}
	if err != nil {
		return err
	}
	i := slices.IndexFunc(f.terms, func(t *term) bool { return t.key == key })
	if i < 0 {
		i = len(f.terms)
		f.terms = append(f.terms, &term{key: key})
	}
	f.terms[i].texts = append(f.terms[i].texts, text)
	f.terms[i].flags = append(f.terms[i].flags, asFlag(key, text))
	f.terms[i].any = append(f.terms[i].any, m)
	return nil
}

// Parse adds the terms of a line of words: "key:value" for those of FilterKeys,
// "failed", and else text that the target contains. Quotes hold together what
// has spaces: phone:"Front Desk".
func (f *Filter) Parse(line string, zone *time.Location) error {
	texts, err := f.ParseTerms(line, zone)
	for _, text := range texts {
		if err == nil {
			err = f.Add("match", text, zone)
		}
	}
	return err
}

// ParseTerms is Parse, but returns the words that have no key.
func (f *Filter) ParseTerms(line string, zone *time.Location) (texts []string, err error) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		var word string
		var quoted bool
		word, line, quoted = cutWord(line)
		key, text, ok := strings.Cut(word, ":")
		switch {
		case word == "failed" && !quoted:
			key, text = word, ""
		case quoted || !ok || !slices.Contains(FilterKeys(), key):
			texts = append(texts, word)
			continue
		}
		if err := f.Add(key, text, zone); err != nil {
			return nil, fmt.Errorf("%s: %w", word, err)
		}
	}
	return texts, nil
}

// cutWord returns the first word of a line without its quotes, the rest of the
// line, and whether the word begins with a quote.
func cutWord(line string) (word, rest string, quoted bool) {
	inside := false
	i := strings.IndexFunc(line, func(r rune) bool {
		if r == '"' {
			inside = !inside
		}
		return unicode.IsSpace(r) && !inside
	})
	if i < 0 {
		i = len(line)
	}
	return strings.ReplaceAll(line[:i], `"`, ""), line[i:], line[0] == '"'
}

// String returns the filter as Parse reads it.
func (f *Filter) String() string {
	var words []string
	add := func(key, text string) {
		switch {
		case key == "failed":
			words = append(words, key)
		case text == "" || strings.ContainsFunc(text, unicode.IsSpace):
			words = append(words, key+`:"`+text+`"`)
		default:
			words = append(words, key+":"+text)
		}
	}
	for _, t := range f.terms {
		for _, text := range t.texts {
			add(t.key, text)
		}
	}
	for _, b := range []bound{f.since, f.until} {
		if b.set {
			add(b.key, b.text)
		}
	}
	return strings.Join(words, " ")
}

// NeedsEnd reports whether Anchor needs to know the capture's end.
func (f *Filter) NeedsEnd() bool { return f.since.fromEnd || f.until.fromEnd }

// Anchor resolves times that are relative to the capture, by when it begins and
// ends, in nanoseconds since 1970-01-01 UTC. The end does not matter where
// NeedsEnd is false.
func (f *Filter) Anchor(begin, end int64) {
	f.since.anchor(begin, end)
	f.until.anchor(begin, end)
}

// Shows reports whether the request is to be shown.
func (f *Filter) Shows(r *decode.Record) bool {
	if f.View != Requests && r.Event == nil {
		return false
	}
	f.seen++
	if f.since.set && r.Time < f.since.at || f.until.set && r.Time >= f.until.at {
		return false
	}
	f.inTime++
	for _, t := range f.terms {
		if !slices.ContainsFunc(t.any, func(m matcher) bool { return m.request(r) }) {
			return false
		}
		t.passed++
	}
	return true
}

// ShowsFinding reports whether a finding that is of no single request is to be
// shown. It may be of no time, as that of a template.
func (f *Filter) ShowsFinding(o *finding.Occurrence) bool {
	if f.since.set && o.Last != 0 && o.Last < f.since.at || f.until.set && o.Time >= f.until.at {
		return false
	}
	for _, t := range f.terms {
		if !slices.ContainsFunc(t.any, func(m matcher) bool { return m.finding(o) }) {
			return false
		}
	}
	return true
}

// ShowsSilent reports whether a phone that sent no request is to be shown: nothing
// but phones and times can choose it.
func (f *Filter) ShowsSilent(p *timeline.Phone) bool {
	if f.since.set && p.Last < f.since.at || f.until.set && p.First >= f.until.at {
		return false
	}
	for _, t := range f.terms {
		if !slices.ContainsFunc(t.any, func(m matcher) bool {
			phone, ok := m.(*phoneIs)
			return ok && phone.silent(p)
		}) {
			return false
		}
	}
	return true
}

// ShowsKind reports whether findings of a kind are to be shown, of a request
// that is.
func (f *Filter) ShowsKind(k finding.Kind) bool {
	for _, t := range f.terms {
		if t.key == "finding" {
			return slices.ContainsFunc(t.any, func(m matcher) bool { return slices.Contains(m.(findingIs), k) })
		}
	}
	return true
}

// Reason says which term left nothing to show; it is empty if something is
// shown, or there was nothing to choose from.
func (f *Filter) Reason() string {
	if f.seen == 0 {
		return ""
	}
	thing := "Action URL"
	if f.View == Requests {
		thing = "HTTP request"
	}
	chain := f.terms
	if f.since.set || f.until.set {
		times := &term{passed: f.inTime}
		for _, b := range []bound{f.since, f.until} {
			if b.set {
				times.flags = append(times.flags, b.flag())
			}
		}
		chain = append([]*term{times}, f.terms...)
	}
	text := Plural(f.seen, thing)
	for i, t := range chain {
		switch {
		case t.passed > 0 && i == 0:
			text += fmt.Sprintf(", %d with %s", t.passed, t)
		case t.passed > 0:
			text += fmt.Sprintf(", %d of them with %s", t.passed, t)
		case i == 0:
			return text + ", none with " + t.String()
		default:
			return text + ", none of them with " + t.String()
		}
	}
	return ""
}

// String returns the term as flags.
func (t *term) String() string { return strings.Join(t.flags, " ") }

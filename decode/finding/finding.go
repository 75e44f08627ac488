// Package finding reports what is wrong with a deployment of Action URLs, and
// what to do about it.
//
//  1. A [Checker] checks each exchange and its event as they come: the response,
//     the target, the values, and what the phone did before.
//  2. It keeps the connections that brought no request (conns.go) and the names that
//     were not found (lookups.go), and reports in the end those that may have been
//     for Action URLs.
//  3. A [Tally] counts what was found, with the phones that it concerns and
//     the first example.
//
// A false alarm is worse than silence: what a capture cannot show, because it is
// damaged, begins in the middle or holds one direction only, is not reported.
//
// # Adding a finding
//
// Write a file with its constant, which has the next number, and what is said of
// it: refused.go is an example. List it in catalog; the compiler refuses a number
// that is taken. Report it with Checker.add, from the check of what it is about,
// and write a test that it is found, and one for each reason why it must not be.
// The views, help and explain show it without more.
package finding

import (
	"iter"
	"net/netip"
	"slices"
)

// A Severity says how much a finding matters.
type Severity uint8

const (
	Error   Severity = iota // events are lost
	Warning                 // events, or parts of them, may be lost or misread
	Notice                  // worth knowing
)

// String returns the name used in every output.
func (s Severity) String() string { return severities[s] }

var severities = [...]string{"error", "warning", "notice"}

// SeverityOf returns the severity of a name. It is not ok for another text.
func SeverityOf(name string) (s Severity, ok bool) {
	i := slices.Index(severities[:], name)
	return Severity(max(i, 0)), i >= 0
}

// A Kind is something that may be wrong.
type Kind uint8

// An info is what is said of a kind. Each kind has a file of its own, with its
// number: a bit of a Set, and part of no output.
type info struct {
	slug       string
	severity   Severity
	title      string                         // several of them, in a few words
	meaning    string                         // a sentence that begins with who or what
	hint       string                         // what to do, beginning with a verb
	graver     [2]string                      // meaning and hint where one is graver than the kind; empty for the same
	recognized string                         // how, in sentences
	silent     string                         // when it is not reported though it may seem to be one
	example    string                         // one of them, in a sentence
	text       func(*Detail, Severity) string // the detail; nil for its name
}

// kinds is how many there are.
const kinds = Kind(len(catalog))

// catalog lists the kinds.
var catalog = [...]info{
	NoResponse:         noResponse(),
	Refused:            refused(),
	Unreachable:        unreachable(),
	NotHTTP:            notHTTP(),
	HTTPError:          httpError(),
	Redirect:           redirect(),
	NeverSent:          neverSent(),
	UnresolvedVariable: unresolvedVariable(),
	MACMismatch:        macMismatch(),
	AmbiguousTemplates: ambiguousTemplates(),
	UnknownTemplate:    unknownTemplate(),
	SlowResponse:       slowResponse(),
	Repeated:           repeated(),
	RegisterFlood:      registerFlood(),
	MissingEvent:       missingEvent(),
	OutOfOrder:         outOfOrder(),
	DurationMismatch:   durationMismatch(),
	BadValue:           badValue(),
	RawBlank:           rawBlank(),
	RawPlus:            rawPlus(),
	SplitValue:         splitValue(),
	TooLong:            tooLong(),
	SecretInURL:        secretInURL(),
	SIPMismatch:        sipMismatch(),
	NotNotified:        notNotified(),
	Encrypted:          encrypted(),
	FanOut:             fanOut(),
	EmptyVariable:      emptyVariable(),
	IPMismatch:         ipMismatch(),
	CutHead:            cutHead(),
	CaptureGap:         captureGap(),
	SensorGap:          sensorGap(),
	SensorSilent:       sensorSilent(),
	SensorClock:        sensorClock(),
	EscapedAmpersand:   escapedAmpersand(),
	DNSFailure:         dnsFailure(),
}

// gravest are the kinds by severity.
var gravest = func() (all [kinds]Kind) {
	for k := range kinds {
		all[k] = k
	}
	slices.SortStableFunc(all[:], func(a, b Kind) int { return int(catalog[a].severity) - int(catalog[b].severity) })
	return all
}()

// Kinds returns all kinds, the gravest first.
func Kinds() []Kind { return slices.Clone(gravest[:]) }

// KindOf returns the kind of a slug. It is not ok for another text.
func KindOf(slug string) (k Kind, ok bool) {
	for k := range kinds {
		if catalog[k].slug == slug {
			return k, true
		}
	}
	return 0, false
}

// String returns the slug.
func (k Kind) String() string { return catalog[k].slug }

// Severity says how much it matters.
func (k Kind) Severity() Severity { return catalog[k].severity }

// Title names several of them in a few words.
func (k Kind) Title() string { return catalog[k].title }

// Meaning says in a sentence what it means.
func (k Kind) Meaning() string { return catalog[k].meaning }

// Recognized says in sentences how it is recognized.
func (k Kind) Recognized() string { return catalog[k].recognized }

// Silent says in sentences when it is not reported.
func (k Kind) Silent() string { return catalog[k].silent }

// Example returns an example of it, in a sentence.
func (k Kind) Example() string { return catalog[k].example }

// Hint says in a sentence what to do.
func (k Kind) Hint() string { return catalog[k].hint }

// A Set is a set of kinds.
type Set uint64

// A Set has room for 64 kinds.
const _ = uint(64 - kinds)

// Add adds a kind.
func (s *Set) Add(k Kind) { *s |= 1 << k }

// Has reports whether a kind is in the set.
func (s Set) Has(k Kind) bool { return s&(1<<k) != 0 }

// SetOf returns the kinds of findings.
func SetOf(all []Finding) (s Set) {
	for i := range all {
		s.Add(all[i].Kind)
	}
	return s
}

// Only returns the findings that were saved. If they were saved without details,
// it takes those that were found again, and changes found.
func Only(found, saved []Finding) []Finding {
	if slices.ContainsFunc(saved, func(f Finding) bool { return f.Detail != (Detail{}) }) {
		return saved
	}
	kinds := SetOf(saved)
	found = slices.DeleteFunc(found, func(f Finding) bool { return !kinds.Has(f.Kind) })
	have := SetOf(found)
	for k := range kinds.All() {
		if !have.Has(k) {
			found = append(found, New(k, Detail{}))
		}
	}
	return found
}

// All returns the kinds, the gravest first.
func (s Set) All() iter.Seq[Kind] {
	return func(yield func(Kind) bool) {
		for _, k := range gravest {
			if s.Has(k) && !yield(k) {
				return
			}
		}
	}
}

// Slugs returns the slugs of the kinds, the gravest first; nil for none.
func (s Set) Slugs() []string {
	var slugs []string
	for k := range s.All() {
		slugs = append(slugs, k.String())
	}
	return slugs
}

// A Finding is something that is wrong, with what tells it from others of its
// kind. Texts may have come off the wire.
type Finding struct {
	Kind     Kind
	Severity Severity // of the kind, but for connections
	Detail   Detail
}

// New returns a finding of its kind's severity.
func New(k Kind, d Detail) Finding { return Finding{k, k.Severity(), d} }

// A Detail is what a finding is about. It is comparable, and made without
// allocation; which fields are set depends on the kind.
type Detail struct {
	Name  string // of a variable, a key, an event
	Other string // a value, or what was expected
	Why   string // a connection failed, in words; of one that did not, the version of TLS
	N, M  int64
	Addr  netip.Addr // in the URL
	From  netip.Addr // of the sender
}

// Message says what was found, in a sentence.
func (f *Finding) Message() string {
	s := Summary{Kind: f.Kind, Severity: f.Severity, Details: f.text()}
	return s.Message()
}

// text renders the detail of a finding, empty if there is none.
func (f *Finding) text() string {
	if text := catalog[f.Kind].text; text != nil {
		return text(&f.Detail, f.Severity)
	}
	return f.Detail.Name
}

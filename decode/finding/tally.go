package finding

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"actionurl/capture"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
)

// Bounds on what a Tally keeps of each of the kinds, of which there are less
// than 64, three of which have two severities: 512 phones of about 200 bytes, in
// an index as well as in a list, and 4 details of 500 bytes make 7 MiB.
const (
	maxPhones  = 512
	maxDetails = 4

	// maxDetail bounds each text of a detail, in bytes.
	maxDetail = 64
)

// A Phone is who a finding concerns.
type Phone struct {
	Name string     // what the user calls it; empty for nothing
	MAC  packet.MAC // zero if not known
	Addr netip.Addr // of its requests, valid at least where MAC is zero
}

// String returns the phone's MAC address, or else its IP address.
func (p Phone) String() string {
	return phone.KeyOf(p.MAC, p.Addr).String()
}

// A Place is where and when something was found.
type Place struct {
	Time    int64  // nanoseconds since 1970-01-01 UTC; 0 if it has none
	Sensor  string // that captured it; empty for this machine
	Capture string
	Frame   int // 1-based; 0 if it has none
	Phone   Phone
}

// A Tally counts findings.
type Tally struct {
	rows [kinds][len(severities)]*row
}

// A row is what was found of a kind in a severity.
type row struct {
	count       int
	phones      []Phone // in the order of their first finding
	known       map[phone.Key]struct{}
	more        bool // there were more than maxPhones
	details     []Detail
	moreDetails bool
	first, last int64
	sensors     capture.Sensors
	example     Place
}

// Add counts a finding.
func (t *Tally) Add(f *Finding, at *Place) {
	t.AddAll(&Occurrence{Finding: *f, Place: *at, Times: 1, Last: at.Time})
}

// AddAll counts a finding as often as it was found.
func (t *Tally) AddAll(o *Occurrence) {
	f, at := &o.Finding, &o.Place
	r := t.rows[f.Kind][f.Severity]
	if r == nil {
		r = &row{known: map[phone.Key]struct{}{}, example: *at, first: at.Time}
		t.rows[f.Kind][f.Severity] = r
	}
	r.count += o.Times
	r.sensors.Add(at.Sensor)
	if at.Time != 0 {
		if r.first == 0 || at.Time < r.first {
			r.first, r.example = at.Time, *at
		}
		r.last = max(r.last, o.Last)
	}
	r.phone(at.Phone)
	r.detail(f.Detail)
}

// phone notes a phone, one for each MAC address.
func (r *row) phone(p Phone) {
	key := phone.KeyOf(p.MAC, p.Addr)
	if _, known := r.known[key]; known || key == (phone.Key{}) {
		return
	}
	if len(r.phones) == maxPhones {
		r.more = true
		return
	}
	r.known[key] = struct{}{}
	r.phones = append(r.phones, p)
}

// detail notes what is particular to a finding, once.
func (r *row) detail(d Detail) {
	if r.moreDetails || d == (Detail{}) {
		return
	}
	d.Name, d.Other, d.Why = clip(d.Name), clip(d.Other), d.Why[:min(len(d.Why), 2*maxDetail)]
	if slices.Contains(r.details, d) {
		return
	}
	if len(r.details) == maxDetails {
		r.moreDetails = true
		return
	}
	d.Name, d.Other, d.Why = strings.Clone(d.Name), strings.Clone(d.Other), strings.Clone(d.Why)
	r.details = append(r.details, d)
}

// clip returns at most the first bytes of a text.
func clip(s string) string { return s[:min(len(s), maxDetail)] }

// A Summary is what was found of a kind.
type Summary struct {
	Kind        Kind
	Severity    Severity
	Details     string // what is particular to the first of them; empty for nothing
	Count       int
	Phones      []Phone // at most 512
	MorePhones  bool    // there are more
	Sensors     capture.Sensors
	First, Last int64 // nanoseconds since 1970-01-01 UTC; 0 if it has no time
	Place             // of the first example
}

// Message says what was found, in a sentence.
func (s *Summary) Message() string {
	meaning := s.Kind.Meaning()
	if graver := s.graver(); graver[0] != "" {
		meaning = graver[0]
	}
	if s.Details == "" {
		return meaning
	}
	return meaning + ": " + s.Details
}

// Hint says in a sentence what to do.
func (s *Summary) Hint() string {
	if graver := s.graver(); graver[1] != "" {
		return graver[1]
	}
	return s.Kind.Hint()
}

// graver returns what is said where it is graver than its kind, empty for nothing else.
func (s *Summary) graver() [2]string {
	if s.Severity >= s.Kind.Severity() {
		return [2]string{}
	}
	return catalog[s.Kind].graver
}

// Summaries returns what was found: errors first, of a severity the most
// frequent first.
func (t *Tally) Summaries() []Summary {
	var all []Summary
	for k, rows := range t.rows {
		for s, r := range rows {
			if r == nil {
				continue
			}
			all = append(all, Summary{
				Kind: Kind(k), Severity: Severity(s), Details: r.text(Kind(k), Severity(s)), Count: r.count, Phones: r.phones, MorePhones: r.more, Sensors: r.sensors,
				First: r.first, Last: r.last, Place: r.example,
			})
		}
	}
	slices.SortStableFunc(all, func(a, b Summary) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(b.Count, a.Count))
	})
	return all
}

// text renders the details.
func (r *row) text(k Kind, s Severity) string {
	var all []string
	for _, d := range r.details {
		f := Finding{k, s, d}
		if s := f.text(); s != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	if r.moreDetails {
		all = append(all, "and others")
	}
	return strings.Join(all, ", ")
}

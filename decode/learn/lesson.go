package learn

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/phone"
	"actionurl/decode/vendor"
)

// A Certainty says how sure a finding is.
type Certainty string

const (
	Certain Certainty = "certain" // the requests themselves show it
	Likely  Certainty = "likely"
	Open    Certainty = "open" // nothing shows it
)

// A Lesson is what was learnt.
type Lesson struct {
	Shapes      []Shape // in the order in which they were first seen
	Requests    int     // that were taken
	Phones      int
	First, Last int64 // of the requests, in nanoseconds since 1970-01-01 UTC

	Long    int // requests whose targets are too long to be looked at
	Crowded int // requests of shapes beyond those that are kept
}

// A Shape is requests that one template explains.
type Shape struct {
	Template string // as it would be typed; valid UTF-8 without control characters
	Parts    []Part // of the target, in order
	Requests int
	Phones   int
	First    int64          // nanoseconds since 1970-01-01 UTC
	Last     int64          // likewise
	Vendor   *vendor.Vendor // of all its phones; nil if there are several, or none is known
	Event    Guess
	Missed   int // samples that the template does not match

	places []place
	calls  position
}

// A Guess is which event it is.
type Guess struct {
	Kind       *actionurl.Kind // nil if it is open
	Candidates []*actionurl.Kind
	Sure       Certainty
	Why        string
}

// A Part is a segment of the path, or a value behind a key.
type Part struct {
	Key      string // empty for a segment of the path
	Segment  int    // of the path, 1-based; 0 for a value behind a key
	Fixed    string // the text, as sent, if it is the same always
	Variable string // its name without "$"; empty for fixed text
	Typed    string // the variable as it stands in the template
	Own      bool   // the variable is none that phones know: which it is, is open
	Perhaps  []string
	Secret   bool // the text may be one; unless secrets are shown, it is a variable without samples
	Sure     Certainty
	Why      string
	Samples  []string  // some of the values, unescaped
	Literals []Literal // variables that phones did not replace
	instead  *Part     // what a profile has in the place of one that none did; nil for the part itself
	Distinct int       // values among the samples looked at
}

// Name returns what a part is called: its key, or where in the path it stands.
func (p *Part) Name() string {
	if p.Segment > 0 {
		return "segment " + strconv.Itoa(p.Segment)
	}
	return p.Key
}

const (
	// shownSamples is how many values of a part are shown.
	shownSamples = 3

	// maxShown is how many bytes of a value are shown.
	maxShown = 60
)

// Lesson returns what has been learnt so far. What may be a secret is a variable of
// its own, and its values are left out, unless secrets are shown.
func (l *Learner) Lesson(secrets bool) *Lesson {
	lesson := &Lesson{Requests: l.requests, Phones: len(l.phones), First: l.first, Last: l.last, Long: l.long, Crowded: l.crowded}
	j := newJudge(l)
	j.secrets = secrets
	positions := l.positions()
	for _, o := range l.order {
		for _, s := range o.order {
			if s.requests == 0 {
				continue
			}
			shape := j.shape(o, s)
			shape.calls = positions[s]
			lesson.Shapes = append(lesson.Shapes, shape)
			j.sketches = append(j.sketches, s)
		}
	}
	for i := range lesson.Shapes {
		lesson.Shapes[i].Event = j.event(&lesson.Shapes[i], j.sketches[i])
	}
	slices.SortStableFunc(lesson.Shapes, func(a, b Shape) int { return cmp.Compare(a.First, b.First) })
	return lesson
}

// settle joins the sketches of an outline that differ at one place only, where
// one has a value of a variable and the other a word: "anonymous" among
// numbers.
func (o *outline) settle() {
	for i := range o.places {
		values := map[string]*sketch{} // without a word at the place, by the other words
		key := func(s *sketch) string {
			words := slices.Clone(s.words)
			words[i] = ""
			return strings.Join(words, "\n")
		}
		for _, s := range o.order {
			if s.words[i] == "" && o.varies(s, i) {
				values[key(s)] = s
			}
		}
		if len(values) == 0 {
			continue
		}
		o.order = slices.DeleteFunc(o.order, func(s *sketch) bool {
			to := values[key(s)]
			if s.words[i] == "" || to == nil || kindNamed(s.words[i]) != nil {
				return false
			}
			to.join(s)
			return true
		})
	}
}

// varies reports whether values at a place of a sketch are typed ones.
func (o *outline) varies(s *sketch, i int) bool {
	for _, r := range s.samples {
		if k := typeOf(actionurl.Unescape(r.values[i])); k != absent && k != word {
			return true
		}
	}
	return false
}

// shape judges a sketch.
func (j *judge) shape(o *outline, s *sketch) Shape {
	shape := Shape{Requests: s.requests, Phones: s.phones.count(), First: s.first, Last: s.last, Vendor: vendorOf(s), places: o.places}
	segment := 0
	for i, p := range o.places {
		part := j.part(o, s, i)
		if part.Key = p.key; p.key == "" {
			segment++
			part.Segment = segment
		}
		shape.Parts = append(shape.Parts, part)
	}
	relate(shape.Parts, s)
	names := map[string]bool{}
	for i := range shape.Parts {
		part := shape.Parts[i].profiled()
		part.Key, part.Segment, part.Samples = shape.Parts[i].Key, shape.Parts[i].Segment, shape.Parts[i].Samples
		if part.Secret && !j.secrets {
			part.hide()
		}
		switch {
		case part.Own:
			part.name(names)
		case part.Variable != "" && part.Typed == "":
			part.Variable, part.Typed = spelled(part.Variable, shape.Vendor)
		}
	}
	j.serve(&shape, o, s)
	return shape
}

// hide makes what may be a secret a variable, of which nothing is shown.
func (p *Part) hide() {
	p.Own = p.Own || p.Variable == ""
	p.Fixed, p.Samples, p.Distinct, p.Perhaps = "", nil, 0, nil
}

// Hidden reports whether the part is a secret that is not shown.
func (p *Part) Hidden() bool { return p.Secret && p.Variable != "" && len(p.Samples) == 0 }

// name gives a part that is open a variable of its own, which is called as its
// key is.
func (p *Part) name(taken map[string]bool) {
	name := "value"
	if p.Segment > 0 {
		name = "segment" + strconv.Itoa(p.Segment)
	} else if isName(p.Key) {
		name = p.Key
	}
	if vendor.IsVariable(name) {
		name += "_value"
	}
	for n, base := 2, name; taken[name]; n++ {
		name = base + "_" + strconv.Itoa(n)
	}
	taken[name] = true
	p.Variable, p.Typed = name, "$"+name
}

// text returns the template after its server.
func (s *Shape) text(part func(*Part) *Part) string {
	var b strings.Builder
	for i := range s.Parts {
		p := part(&s.Parts[i])
		b.WriteString(s.places[i].before)
		b.WriteString(p.Fixed)
		b.WriteString(p.Typed)
	}
	return b.String()
}

// profiled returns the part that a profile has: a variable that no phone knows
// is none of the phones' variables.
func (p *Part) profiled() *Part {
	if p.instead != nil {
		return p.instead
	}
	return p
}

// seen returns the part as the requests show it.
func (p *Part) seen() *Part { return p }

// profile returns the template for a profile, empty if there is none.
func (s *Shape) profile() string {
	server, ok := strings.CutSuffix(s.Template, s.text((*Part).seen))
	if !ok || s.Template == "" {
		return s.Template
	}
	return server + s.text((*Part).profiled)
}

// own returns the variables of the template that phones do not know.
func (s *Shape) own() map[string]bool {
	own := map[string]bool{}
	for i := range s.Parts {
		if s.Parts[i].Own {
			own[s.Parts[i].Variable] = true
		}
	}
	return own
}

// serve puts the server before the template: as the requests name it, or else
// by its address, or else none, whichever matches all of them.
func (j *judge) serve(shape *Shape, o *outline, s *sketch) {
	path, own := shape.text((*Part).seen), shape.own()
	fewest := -1
	host := s.samples[0].host
	if at := strings.LastIndexByte(host, '@'); at >= 0 && !j.secrets { // user:password
		host = host[at+1:]
	}
	for _, server := range []string{host, hostOf(o.server), ""} {
		text := server + path
		if !isPlain(text) {
			continue
		}
		t, err := actionurl.ParseTemplateWith(actionurl.Kinds()[0], text, own)
		if err != nil {
			continue
		}
		if missed := missedBy(t, s); fewest < 0 || missed < fewest {
			fewest, shape.Template = missed, text
		}
	}
	shape.Missed = max(fewest, 0)
	if fewest < 0 {
		shape.Missed = s.requests
	}
}

// hostOf returns a server as it is typed.
func hostOf(server netip.AddrPort) string {
	if server.Port() == 80 && server.Addr().Is4() {
		return server.Addr().String()
	}
	return server.String()
}

// missedBy returns how many samples a template does not match.
func missedBy(t *actionurl.Template, s *sketch) int {
	missed := 0
	d := actionurl.NewDecoder(actionurl.Config{Templates: []*actionurl.Template{t}}, phone.NewRegistry())
	for i := range s.samples {
		r := &s.samples[i]
		x := httpwire.Exchange{Method: "GET", Target: r.path, Host: r.host, Client: netip.AddrPortFrom(r.client, 1), Server: r.server}
		if e := d.Decode(&x); e == nil || e.By != actionurl.ByTemplate {
			missed++
		}
	}
	return missed
}

// vendorOf returns the vendor of all phones of a sketch, by their addresses or
// user agents; nil if it is not one.
func vendorOf(s *sketch) *vendor.Vendor {
	var all *vendor.Vendor
	for i := range s.samples {
		r := &s.samples[i]
		v := cmp.Or(vendor.Read(r.agent).Vendor, vendor.Of(r.source), vendor.Of(r.sender.MAC))
		if v == nil {
			for _, raw := range r.values {
				if value := actionurl.Unescape(raw); typeOf(value) == macAddress {
					v = cmp.Or(v, vendor.OfText(value))
				}
			}
		}
		if v == nil || all != nil && v != all {
			return nil
		}
		all = v
	}
	return all
}

// count returns how many numbers are in the set.
func (b bits) count() int {
	n := 0
	for _, w := range b {
		for ; w != 0; w &= w - 1 {
			n++
		}
	}
	return n
}

// plural renders a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

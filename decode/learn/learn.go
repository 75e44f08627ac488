// Package learn infers the templates of phones, from the requests
// that they sent, for one who knows nothing of a site.
//
//  1. A target is taken apart into its keys, its values and the segments of
//     its path.
//  2. Requests to one server with the same keys in the same order, and the same
//     words where words distinguish events, are of one shape.
//  3. What stands at each place of a shape is fixed text or a variable. Which
//     variable follows from what the values are: the sender's own address, a
//     word of its user agent, something of its SIP call, a number that differs
//     from call to call, and by the key.
//  4. Which event it is follows from a name in the URL or by SIP, or else narrowed
//     by where the requests stand in calls.
//
// Each finding says how sure it is and why. What cannot be inferred is left open,
// and stands in the profile that [Lesson.AppendProfile] writes for the user to
// fill in.
//
// # Limits
//
// Of each shape a few requests are looked at, of as many phones as there are
// among them. A part that is fixed in all of them is taken for fixed text.
package learn

import (
	"net/netip"
	"slices"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/sip"
	"actionurl/decode/vendor"
)

const (
	// maxSketches and maxSamples bound what is kept of requests: 1,024 shapes
	// of 48 targets of at most 1 KiB, 48 MiB, and about 150 bytes more for
	// each; 55 MiB. Requests of further shapes are counted only.
	maxSketches = 1024
	maxSamples  = 48
	maxTarget   = 1024

	// maxPerPhone is how many samples of a shape one phone makes at most, so
	// that there is room for others'.
	maxPerPhone = 12

	// maxWords is how many words at one place distinguish shapes, but for names
	// of events. Where there are more, they are values of a variable.
	maxWords = 32

	// maxPhones bounds the phones that are distinguished: 65,536 of about 100
	// bytes and, for 1,024 shapes, a bit each; 15 MiB. Those beyond count as one.
	maxPhones = 64 << 10

	// maxTrails and maxSteps bound the calls that are followed: 16,384 of 16
	// requests of 16 bytes and a key of 100; 6 MiB. Later ones are not.
	maxTrails = 16 << 10
	maxSteps  = 16
)

// A Learner takes requests. It is not safe for concurrent use.
type Learner struct {
	role     Role
	outlines map[string]*outline
	order    []*outline
	sketches int
	phones   map[phone.Key]int // their numbers
	trails   map[trailKey]*trail

	requests, long, crowded int
	first, last             int64
}

// A Role returns what a text that a phone sent at a time is in its SIP calls.
type Role func(phone netip.Addr, text string, at int64) sip.Role

// New returns a Learner that knows nothing. Role is nil where no SIP is known.
func New(role Role) *Learner {
	return &Learner{role: role, outlines: map[string]*outline{}, phones: map[phone.Key]int{}, trails: map[trailKey]*trail{}}
}

// An outline is what targets with the same keys have in common.
type outline struct {
	server   netip.AddrPort
	places   []place
	words    []map[string]struct{} // by place: that distinguish sketches, but for names of events
	sketches map[string]*sketch
	order    []*sketch
}

// A sketch is what is known of the requests of an outline whose distinguishing words
// are the same.
type sketch struct {
	words    []string // by place; empty where it does not distinguish
	into     *sketch  // that it became a part of
	requests int
	phones   bits
	samples  []sample
	first    int64 // nanoseconds since 1970-01-01 UTC
	last     int64
	events   map[string]int // requests by slug, where it is known
	by       actionurl.By   // how it was known last
}

// A sample is a request of a sketch.
type sample struct {
	path   string
	values []string   // of path as sent, by place
	roles  []sip.Role // of the values, by place; nil if there is no SIP
	host   string     // that it names
	agent  string
	client netip.Addr
	server netip.AddrPort
	source packet.MAC
	at     int64 // nanoseconds since 1970-01-01 UTC
	phone  int
	sender phone.Key
	call   trailKey
}

// A trailKey is a call of a phone; no call if its id is empty.
type trailKey struct {
	phone int
	id    string
}

// A trail is the requests of a call, in their order.
type trail struct{ steps []step }

type step struct {
	of *sketch
	at int64 // nanoseconds since 1970-01-01 UTC
}

// bits is a set of small numbers.
type bits []uint64

func (b *bits) add(n int) {
	for len(*b) <= n/64 {
		*b = append(*b, 0)
	}
	(*b)[n/64] |= 1 << (n % 64)
}

func (b bits) has(n int) bool { return n/64 < len(b) && b[n/64]&(1<<(n%64)) != 0 }

func (b *bits) join(o bits) {
	for i, w := range o {
		for len(*b) <= i {
			*b = append(*b, 0)
		}
		(*b)[i] |= w
	}
}

// Add takes a request, and the event that it announces where it was recognized
// as an Action URL. It reports whether it learns from it: of other requests
// those of phones are taken that do not fetch anything.
func (l *Learner) Add(x *httpwire.Exchange, e *actionurl.Event) bool {
	if x.Method != "GET" || x.Cut { // the capture has only the beginning of the target
		return false
	}
	path, authority := actionurl.PathOf(strings.Trim(x.Target, " "))
	if e == nil && !unrecognized(x, path) {
		return false
	}
	if l.requests == 0 {
		l.first = x.Time
	}
	l.requests++
	l.last = max(l.last, x.Time)
	if len(path) > maxTarget {
		l.long++
		return true
	}
	if authority == "" {
		authority = x.Host
	}
	places, values := split(path)
	o := l.outline(x, authority, places)
	s := l.sketch(o, values)
	if s == nil {
		l.crowded++
		return true
	}
	number, sender := l.phone(x, e)
	r := sample{
		path: path, host: authority, agent: x.UserAgent, client: x.Client.Addr(), server: x.Server, source: x.Source,
		at: x.Time, phone: number, sender: sender, call: trailKey{number, callIn(places, values)},
	}
	if s.add(&r, e) {
		l.signal(&s.samples[len(s.samples)-1])
	}
	l.follow(s, &r)
	return true
}

// unrecognized reports whether a request that was not recognized may be an
// Action URL all the same: it comes from a phone, by the vendor of its address
// or its own word, and names an event, or at least fetches nothing.
func unrecognized(x *httpwire.Exchange, path string) bool {
	if vendor.Read(x.UserAgent).Vendor == nil && (x.UserAgent != "" || vendor.Of(x.Source) == nil) {
		return false
	}
	places, values := split(path)
	for i, v := range values {
		if places[i].distinguishes(v) && kindNamed(v) != nil {
			return true
		}
	}
	resource, _, _ := strings.Cut(path, "?")
	return !actionurl.Fetches(resource) && resource != "/"
}

// outline returns the outline of requests to a server with these places.
func (l *Learner) outline(x *httpwire.Exchange, authority string, places []place) *outline {
	authority = strings.ToLower(authority)
	var key strings.Builder
	key.WriteString(authority)
	key.WriteByte('\n')
	key.WriteString(x.Server.String())
	for _, p := range places {
		key.WriteByte('\n')
		key.WriteString(p.before)
	}
	o := l.outlines[key.String()]
	if o == nil {
		o = &outline{
			server: x.Server, places: slices.Clone(places),
			words: make([]map[string]struct{}, len(places)), sketches: map[string]*sketch{},
		}
		for i, p := range places { // targets are not kept
			o.places[i] = place{strings.Clone(p.before), strings.Clone(p.key)}
		}
		if l.sketches < maxSketches {
			l.outlines[key.String()] = o
			l.order = append(l.order, o)
		}
	}
	return o
}

// sketch returns the sketch of requests with these values, nil if there are
// too many.
func (l *Learner) sketch(o *outline, values []string) *sketch {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = o.word(i, v)
	}
	key := strings.Join(words, "\n")
	if s := o.sketches[key]; s != nil {
		return s.whole()
	}
	if l.sketches >= maxSketches {
		return nil
	}
	l.sketches++
	for i, w := range words {
		words[i] = strings.Clone(w)
	}
	s := &sketch{words: words, events: map[string]int{}}
	o.sketches[key] = s
	o.order = append(o.order, s)
	for i, w := range words {
		if o.tooMany(i, w) {
			l.free(o, i)
		}
	}
	return s.whole()
}

// word returns the word by which the value at a place distinguishes requests,
// empty for none.
func (o *outline) word(i int, value string) string {
	if len(o.words[i]) > maxWords && kindNamed(value) == nil {
		return ""
	}
	if o.places[i].distinguishes(value) {
		return value
	}
	return ""
}

// tooMany notes a word at a place, and reports whether there are too many now.
func (o *outline) tooMany(i int, word string) bool {
	if word == "" || kindNamed(word) != nil {
		return false
	}
	if o.words[i] == nil {
		o.words[i] = map[string]struct{}{}
	}
	before := len(o.words[i])
	o.words[i][word] = struct{}{}
	return before == maxWords && len(o.words[i]) > maxWords
}

// free makes the words at a place values: the sketches that they distinguished
// become one.
func (l *Learner) free(o *outline, i int) {
	all := o.order
	o.order, o.sketches = nil, map[string]*sketch{}
	for _, s := range all {
		if kindNamed(s.words[i]) == nil {
			s.words[i] = ""
		}
		key := strings.Join(s.words, "\n")
		if other := o.sketches[key]; other != nil {
			other.join(s)
			l.sketches--
			continue
		}
		o.sketches[key] = s
		o.order = append(o.order, s)
	}
}

// join makes o a part of s.
func (s *sketch) join(o *sketch) {
	o.into = s
	if o.requests == 0 {
		return
	}
	if s.requests == 0 || o.first < s.first {
		s.first = o.first
	}
	s.last = max(s.last, o.last)
	s.requests += o.requests
	s.phones.join(o.phones)
	for slug, n := range o.events {
		s.events[slug] += n
	}
	if s.by == actionurl.ByNothing {
		s.by = o.by
	}
	for i := range o.samples {
		s.sample(&o.samples[i])
	}
	*o = sketch{into: s}
}

// whole returns the sketch that s became a part of, or s.
func (s *sketch) whole() *sketch {
	for s.into != nil {
		s = s.into
	}
	return s
}

// signal notes what the values of a sample are in the phone's SIP calls.
func (l *Learner) signal(r *sample) {
	if l.role == nil {
		return
	}
	for _, raw := range r.values {
		r.roles = append(r.roles, l.role(r.client, actionurl.Unescape(raw), r.at))
	}
}

// add adds a request, and reports whether it is kept as a sample.
func (s *sketch) add(r *sample, e *actionurl.Event) bool {
	if s.requests == 0 {
		s.first = r.at
	}
	s.requests++
	s.last = max(s.last, r.at)
	s.phones.add(r.phone)
	if e != nil && e.Kind != actionurl.Unknown {
		s.events[e.Kind.Slug]++
		s.by = e.By
	}
	return s.sample(r)
}

// sample keeps a sample if there is room.
func (s *sketch) sample(r *sample) bool {
	if len(s.samples) >= maxSamples {
		return false
	}
	same := 0
	for i := range s.samples {
		if s.samples[i].phone == r.phone {
			same++
		}
	}
	if same >= maxPerPhone {
		return false
	}
	kept := *r
	kept.path, kept.host, kept.agent = strings.Clone(r.path), strings.Clone(r.host), strings.Clone(r.agent)
	kept.call.id = strings.Clone(r.call.id)
	_, kept.values = split(kept.path)
	s.samples = append(s.samples, kept)
	return true
}

// phone returns the number of the phone that sent a request, 0 beyond the bound.
func (l *Learner) phone(x *httpwire.Exchange, e *actionurl.Event) (int, phone.Key) {
	var mac packet.MAC
	if e != nil {
		mac = e.PhoneMAC
	} else if vendor.Of(x.Source) != nil {
		mac = x.Source
	}
	key := phone.KeyOf(mac, x.Client.Addr())
	n, known := l.phones[key]
	if !known && len(l.phones) < maxPhones {
		n = len(l.phones) + 1
		l.phones[key] = n
	}
	return n, key
}

// follow notes that a request is of a call.
func (l *Learner) follow(s *sketch, r *sample) {
	if r.call.id == "" {
		return
	}
	t := l.trails[r.call]
	if t == nil {
		if len(l.trails) >= maxTrails {
			return
		}
		t = &trail{}
		l.trails[trailKey{r.call.phone, strings.Clone(r.call.id)}] = t
	}
	if len(t.steps) < maxSteps {
		t.steps = append(t.steps, step{s, r.at})
	}
}

// macOf returns a MAC address as text, empty for none.
func macOf(m packet.MAC) string {
	if m == (packet.MAC{}) {
		return ""
	}
	return m.String()
}

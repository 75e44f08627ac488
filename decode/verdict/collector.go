package verdict

import (
	"net/netip"
	"strings"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/phone"
)

// Bounds on what a Collector keeps, 23 MiB in all, of which its Tally has 7.
const (
	// maxPhones bounds the phones: 8,192 of about 300 bytes with their place in
	// an index, 2.5 MiB.
	maxPhones = 8 << 10

	// maxServers bounds the servers: 256 of at most 10 KiB of latencies (see
	// latencies) and 1,200 bytes of counts, 3 MiB. A site has a handful.
	maxServers = 256

	// maxPairs bounds the pairs of a phone and a server: 8,192 of about 350 bytes,
	// 3 MiB. It bounds the connections that brought no request, too: as many of
	// about 300 bytes, 2.4 MiB.
	maxPairs = 8 << 10

	// maxFailures bounds the ways to fail that are counted of all pairs: 16,384 of
	// 128 bytes, and as much in room to grow; 4 MiB.
	maxFailures = 16 << 10

	// maxFeatures bounds the features of requests: 4,096 of about 200 bytes,
	// 800 KiB. maxOfPair bounds those of a pair, and its ways to fail.
	maxFeatures = 4 << 10
	maxOfPair   = 16

	// maxText bounds the text of a feature, in bytes.
	maxText = 96
)

// A Collector takes what a run finds. It is not safe for concurrent use.
type Collector struct {
	first, last      int64
	requests, events int
	crowded          bool

	phones   []finding.Phone
	phoneIDs map[phone.Key]int
	servers  []*server
	byAddr   map[netip.AddrPort]int
	pairs    []*pair
	pairsOf  [][]*pair // by phone
	latest   []*pair   // of the latest request, by the ID of its phone
	ways     int       // to fail, of all pairs
	features []feature
	byText   map[feature]int
	spelling map[int]string // of variables: what this family of phones calls it
	failed   []attempt      // connections that brought no request
	found    finding.Tally
	scale    scale // of the servers' bars

	// Of phones that neither announced anything nor tried to.
	silent                 int
	silentFirst, silentEnd int64 // from when to when they were heard
}

// New returns a Collector.
func New() *Collector {
	return &Collector{
		phoneIDs: map[phone.Key]int{}, byAddr: map[netip.AddrPort]int{}, byText: map[feature]int{}, spelling: map[int]string{},
	}
}

// A server is what is counted of an address that took events.
type server struct {
	addr        netip.AddrPort
	name        string
	phones      int
	events, ok  int
	failed      int
	first, last int64
	latency     latencies
	bars        counts
	findings    finding.Set
	sensors     capture.Sensors
	redirect    string // where to it redirected first, without a query and values; at most maxText bytes
}

// A pair is what is counted of the requests of one phone to one server.
type pair struct {
	phone, server int32 // by index
	events, ok    int32
	few           [4]share // what features are in, while there are no more: most requests of a phone are alike
	features      []share
	failures      []failure
}

// An outcome is how a request failed.
type outcome struct {
	kind   finding.Kind // NoResponse, NotHTTP, HTTPError or Redirect
	status int
	reason httpwire.Reason
	tls    bool // what came in place of HTTP is a record of TLS
}

// A failure counts the requests of a pair that failed in one way.
type failure struct {
	outcome
	n     int
	first finding.Place
}

// A feature is something that a request has and others may not have.
type feature struct {
	kind       featureKind
	text, more string
}

// A featureKind says what of a request a feature is, the most convincing first.
type featureKind uint8

const (
	variable featureKind = iota // an unreplaced variable: its name
	path                        // of the target
	host                        // of the Host header
	form                        // a finding about the form of the target: its slug
	firmware                    // product of the phone, and its version
)

// A share is how many requests of a pair have a feature.
type share struct {
	feature    int32
	ok, failed int32
}

// An attempt is a connection of a phone that brought no request.
type attempt struct {
	phone int // by index, -1 for none that is counted apart
	finding.Occurrence
}

// Record takes a request.
func (c *Collector) Record(r *decode.Record) {
	c.requests++
	if r.Event == nil {
		return
	}
	c.events++
	c.saw(r.Time, r.Time)
	p := c.pairOf(r)
	for i := range r.Findings {
		at := r.Place()
		c.found.Add(&r.Findings[i], &at)
	}
	if p == nil {
		c.crowded = true
		return
	}
	s := c.servers[p.server]
	if s.events++; s.events == 1 {
		s.first = r.Time
	}
	s.last = max(s.last, r.Time)
	s.name = r.Event.ServerName
	s.sensors.Add(r.Interface.Sensor)
	c.scale.add(&s.bars, r.Time)
	p.events++
	for i := range r.Findings {
		s.findings.Add(r.Findings[i].Kind)
	}
	how, failed := outcomeOf(r.Exchange)
	switch {
	case failed:
		s.failed++
		at := r.Place()
		c.fail(p, how, &at)
		if to := pathOf(r.Location); s.redirect == "" && !strings.Contains(to, "@") { // before which a password may be
			s.redirect = strings.Clone(to[:min(len(to), maxText)])
		}
	case r.NoResponse == httpwire.Answered:
		s.ok++
		p.ok++
	default: // the capture does not show what became of it
		return
	}
	if r.NoResponse == httpwire.Answered {
		s.latency.add(r.Latency)
	}
	c.note(p, r, failed)
}

// outcomeOf returns how a request failed. What the capture lacks is no failure.
func outcomeOf(x *httpwire.Exchange) (how outcome, failed bool) {
	switch {
	case x.NoResponse == httpwire.NotCaptured, x.NoResponse != httpwire.Answered && x.Gap:
		return outcome{}, false
	case x.NoResponse == httpwire.NotHTTP:
		tls := len(x.Reply) > 1 && (x.Reply[0] == 0x15 || x.Reply[0] == 0x16) && x.Reply[1] == 3 // an alert or a handshake
		return outcome{kind: finding.NotHTTP, reason: x.NoResponse, tls: tls}, true
	case x.NoResponse != httpwire.Answered:
		return outcome{kind: finding.NoResponse, reason: x.NoResponse}, true
	case x.Status >= 400:
		return outcome{kind: finding.HTTPError, status: x.Status}, true
	case x.Status >= 300 && x.Status != 304:
		return outcome{kind: finding.Redirect, status: x.Status}, true
	}
	return outcome{}, false
}

// fail counts a failed request of a pair.
func (c *Collector) fail(p *pair, how outcome, at *finding.Place) {
	for i := range p.failures {
		if f := &p.failures[i]; f.outcome == how {
			f.n++
			return
		}
	}
	if len(p.failures) == maxOfPair || c.ways == maxFailures {
		c.crowded = true
		return
	}
	c.ways++
	p.failures = append(p.failures, failure{how, 1, *at})
}

// note counts the features of a request.
func (c *Collector) note(p *pair, r *decode.Record, failed bool) {
	c.has(p, feature{path, pathOf(r.Target), ""}, failed)
	c.has(p, feature{host, r.Host, ""}, failed)
	c.has(p, feature{firmware, r.Event.PhoneProduct, r.Event.PhoneVersion}, failed)
	for i := range r.Findings {
		switch f := &r.Findings[i]; f.Kind {
		case finding.UnresolvedVariable:
			if id := c.has(p, feature{variable, f.Detail.Name, ""}, failed); id >= 0 && c.spelling[id] == "" {
				c.spelling[id] = strings.Clone(f.Detail.Other)
			}
		case finding.RawBlank, finding.RawPlus, finding.SplitValue, finding.TooLong:
			c.has(p, feature{form, f.Kind.String(), ""}, failed)
		}
	}
}

// pathOf returns the part of a target that does not vary with values: what is
// before its query, or before the first segment of its path with a value.
func pathOf(target string) string {
	target, _, _ = strings.Cut(target, "?")
	if i := strings.IndexByte(target, '='); i >= 0 {
		target = target[:strings.LastIndexByte(target[:i], '/')+1]
	}
	return target
}

// has counts a feature of a request of a pair, and returns its index, -1 for
// none or beyond the bounds.
func (c *Collector) has(p *pair, f feature, failed bool) int {
	if f.text == "" {
		return -1
	}
	f.text, f.more = f.text[:min(len(f.text), maxText)], f.more[:min(len(f.more), maxText)]
	s := c.share(p, f)
	if s == nil {
		return -1
	}
	if failed {
		s.failed++
	} else {
		s.ok++
	}
	return int(s.feature)
}

// share returns how many requests of the pair have a feature, nil beyond the
// bounds. Phones send the same again and again, so it is mostly there.
func (c *Collector) share(p *pair, f feature) *share {
	for i := range p.features {
		if c.features[p.features[i].feature] == f {
			return &p.features[i]
		}
	}
	if len(p.features) == maxOfPair {
		return nil
	}
	id, known := c.byText[f]
	if !known {
		if len(c.features) == maxFeatures {
			return nil
		}
		f.text, f.more = strings.Clone(f.text), strings.Clone(f.more)
		id = len(c.features)
		c.features = append(c.features, f)
		c.byText[f] = id
	}
	p.features = append(p.features, share{feature: int32(id)})
	return &p.features[len(p.features)-1]
}

// Found takes a finding that is of no single request.
func (c *Collector) Found(o *finding.Occurrence) {
	if o.Time != 0 {
		c.saw(o.Time, max(o.Time, o.Last))
	}
	c.found.AddAll(o)
	switch {
	case !isAttempt(o.Kind):
	case len(c.failed) == maxPairs:
		c.crowded = true
	case o.Phone == finding.Phone{}:
		c.failed = append(c.failed, attempt{-1, *o})
	default:
		c.failed = append(c.failed, attempt{c.phone(o.Phone), *o})
	}
}

// Findings returns what was found of events and of no single request: errors
// first, of a severity the most frequent first.
func (c *Collector) Findings() []finding.Summary { return c.found.Summaries() }

// Silent takes a phone that announced nothing, at the end of the capture.
func (c *Collector) Silent(p *decode.Phone) {
	if _, known := c.phoneIDs[phone.KeyOf(p.MAC, p.Addresses[0])]; known { // it tried
		return
	}
	if c.silent++; c.silent == 1 || p.First < c.silentFirst {
		c.silentFirst = p.First
	}
	c.silentEnd = max(c.silentEnd, p.Last)
}

// saw notes a time.
func (c *Collector) saw(first, last int64) {
	if c.first == 0 || first < c.first {
		c.first = first
	}
	c.last = max(c.last, last)
}

// phone returns the index of a phone, -1 beyond the bound.
func (c *Collector) phone(p finding.Phone) int {
	key := phone.KeyOf(p.MAC, p.Addr)
	i, known := c.phoneIDs[key]
	switch {
	case known:
		return i
	case len(c.phones) == maxPhones:
		c.crowded = true
		return -1
	}
	i = len(c.phones)
	c.phoneIDs[key] = i
	c.phones, c.pairsOf = append(c.phones, p), append(c.pairsOf, nil)
	return i
}

// pairOf returns the pair of a request, nil beyond the bounds. Mostly it is that of
// the phone's request before.
func (c *Collector) pairOf(r *decode.Record) *pair {
	if r.Phone == nil {
		at := r.Place()
		return c.pair(at.Phone, r.Server)
	}
	id := int(r.Phone.ID)
	for len(c.latest) <= id {
		c.latest = append(c.latest, nil)
	}
	if p := c.latest[id]; p != nil && c.servers[p.server].addr == r.Server {
		return p
	}
	at := r.Place()
	c.latest[id] = c.pair(at.Phone, r.Server)
	return c.latest[id]
}

// pair returns the pair of a phone and a server, nil beyond the bounds.
func (c *Collector) pair(who finding.Phone, addr netip.AddrPort) *pair {
	i := c.phone(who)
	if i < 0 {
		return nil
	}
	for _, p := range c.pairsOf[i] {
		if c.servers[p.server].addr == addr {
			return p
		}
	}
	at, known := c.byAddr[addr]
	if !known {
		if len(c.servers) == maxServers {
			return nil
		}
		at = len(c.servers)
		c.byAddr[addr] = at
		c.servers = append(c.servers, &server{addr: addr})
	}
	if len(c.pairs) == maxPairs {
		return nil
	}
	p := &pair{phone: int32(i), server: int32(at)}
	p.features = p.few[:0]
	c.pairs, c.pairsOf[i] = append(c.pairs, p), append(c.pairsOf[i], p)
	c.servers[at].phones++
	return p
}

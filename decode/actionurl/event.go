// Package actionurl tells which HTTP requests are Action URLs of phones, which
// event each announces, and what its variables hold.
//
//  1. Templates, as the administrator typed them into the phones, are matched
//     on the raw target. They are the only sure way: a request seldom says
//     which event it is. Where those of several events match, the values that
//     each would give its variables may speak for one.
//  2. Where none matches, the request is recognized by what phones send:
//     known variables, a phone's user agent, the address of a phone.
//  3. The event is then taken from the URL, if that names one.
//
// Nothing is guessed: an event that cannot be told is [Unknown], with the
// candidates if there are several.
package actionurl

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"actionurl/decode/httpwire"
)

// By says how an event is known.
type By string

const (
	ByTemplate By = "template" // exactly one event's template matches
	ByNarrowed By = "narrowed" // several match, and the values speak for one
	ByName     By = "name"     // the URL names it
	ByNothing  By = ""         // it cannot be told
)

// An Event is what an Action URL announces.
type Event struct {
	Slug       string // of the kind, or Unknown
	Label      string // of the kind; empty if unknown
	By         By
	Candidates []string // slugs, more than one, where the event is ambiguous

	PhoneMAC     string // lower case, with colons; empty if not known
	PhoneIP      netip.Addr
	PhoneProduct string
	PhoneVersion string
	CallID       string
	Vars         []Var // in the order of the URL
}

// A Var is a variable of an Action URL with its value: its name where a
// template tells it, else the key as it was sent. Escapes are resolved; a raw
// "+" or blank stays what it is.
type Var struct {
	Name  string
	Value string
	State State
}

// A State tells the kinds of values apart.
type State uint8

const (
	Filled     State = iota
	Empty            // the phone had nothing to put there
	Unresolved       // the phone does not know the variable: Value is the literal "$name"
)

const (
	// maxPhones bounds the addresses that are remembered as those of phones:
	// 65,536 of about 100 bytes, 6.5 MiB. The ones beyond are not remembered.
	maxPhones = 64 << 10

	// several stands for the MAC address of phones that share an IP address.
	several = "several"
)

// A Decoder decodes Action URLs. It is not safe for concurrent use.
type Decoder struct {
	templates *Set
	phones    map[netip.Addr]string // to the MAC address, empty where not known, or several
	event     Event
}

// NewDecoder returns a Decoder that knows the templates.
func NewDecoder(templates []*Template) *Decoder {
	d := &Decoder{templates: new(Set), phones: map[netip.Addr]string{}}
	for _, t := range templates {
		d.templates.Add(t)
	}
	return d
}

// Decode returns the event that a request announces, nil if it is no Action
// URL. The event and its slices are valid until the next call.
func (d *Decoder) Decode(x *httpwire.Exchange) *Event {
	if x.Method != "GET" {
		return nil
	}
	e := &d.event
	*e = Event{Vars: e.Vars[:0], Candidates: e.Candidates[:0]}
	path, authority := pathOf(strings.Trim(x.Target, " "))
	if authority == "" {
		authority = x.Host
	}
	agent := parseAgent(x.UserAgent)
	if agent.vendor != "" {
		d.remember(x.Client.Addr(), agent.mac)
	}
	if !d.byTemplate(e, x, path, authority) && !d.byContent(e, x, path, agent) {
		return nil
	}
	d.identify(e, x, agent)
	return e
}

// pathOf returns the part of a target behind the server, and the server where
// the target is in absolute form (RFC 9112, section 3.2.2).
func pathOf(target string) (path, authority string) {
	const scheme = "http://"
	if len(target) < len(scheme) || !strings.EqualFold(target[:len(scheme)], scheme) {
		return rooted(target), ""
	}
	authority = target[len(scheme):]
	if end := strings.IndexAny(authority, "/?"); end >= 0 {
		return rooted(authority[end:]), authority[:end]
	}
	return "/", authority
}

// rooted puts a "/" before a query that stands right behind the server.
func rooted(path string) string {
	if strings.HasPrefix(path, "?") {
		return "/" + path
	}
	return path
}

// byTemplate fills e from the templates that match.
func (d *Decoder) byTemplate(e *Event, x *httpwire.Exchange, path, authority string) bool {
	if d.templates.Len() == 0 {
		return false
	}
	matches := slices.DeleteFunc(d.templates.match(path), func(m match) bool {
		return !m.template.at(x.Server, authority)
	})
	if len(matches) == 0 {
		return false
	}
	e.candidates(matches)
	by := ByTemplate
	if len(e.Candidates) > 1 {
		matches, by = narrow(matches, path), ByNarrowed
		e.candidates(matches)
	}
	e.settle(by)
	for variable, raw := range matches[0].variables(path) {
		e.add(variable, raw)
	}
	return true
}

// narrow leaves the matches whose values fit their variables, if there are any.
func narrow(matches []match, path string) []match {
	misfit := func(m match) bool {
		for variable, raw := range m.variables(path) {
			if !fits(variable, raw) {
				return true
			}
		}
		return false
	}
	fitting := slices.DeleteFunc(slices.Clone(matches), misfit)
	if len(fitting) == 0 {
		return matches
	}
	return fitting
}

// candidates makes the events of the matches the candidates.
func (e *Event) candidates(matches []match) {
	e.Candidates = e.Candidates[:0]
	for _, m := range matches {
		e.candidate(m.template.Kind)
	}
}

// candidate adds a kind to the candidates, once.
func (e *Event) candidate(k *Kind) {
	for _, c := range e.Candidates {
		if c == k.Slug {
			return
		}
	}
	e.Candidates = append(e.Candidates, k.Slug)
}

// settle makes the only candidate the event.
func (e *Event) settle(by By) {
	e.Slug = Unknown
	if len(e.Candidates) == 1 {
		k := Lookup(e.Candidates[0])
		e.Slug, e.Label, e.By = k.Slug, k.Label, by
		e.Candidates = e.Candidates[:0]
	}
}

// add adds a variable whose value was sent as raw. Where a template has one
// twice, the first counts.
func (e *Event) add(name, raw string) {
	for _, v := range e.Vars {
		if v.Name == name {
			return
		}
	}
	e.Vars = append(e.Vars, newVar(name, raw))
}

// newVar unescapes a value and tells its state.
func newVar(name, raw string) Var {
	v := Var{Name: name, Value: unescape(raw)}
	switch {
	case v.Value == "":
		v.State = Empty
	case placeholder(v.Value):
		v.State = Unresolved
	}
	return v
}

// placeholder reports whether a value is a variable's name as it is written in
// a template.
func placeholder(value string) bool {
	if value[0] != '$' {
		return false
	}
	if _, n := variableAt(value); n == len(value) {
		return true
	}
	return len(value) > 1 && identifier(value[1:]) == len(value)-1 // $local_uri: $local and more
}

// fits reports whether a value that was sent as raw may be that of the
// variable: one that has a type is of it, and none goes on over further pairs.
func fits(variable, raw string) bool {
	if _, more, ok := strings.Cut(raw, "&"); ok && strings.Contains(more, "=") {
		return false
	}
	v := newVar(variable, raw)
	if v.State != Filled {
		return true
	}
	switch variable {
	case "mac":
		return NormalizeMAC(v.Value) != ""
	case "phone_ip", "ip":
		_, err := netip.ParseAddr(v.Value)
		return err == nil
	case "duration", "battery", "nr_ongoing_calls":
		_, err := strconv.ParseUint(v.Value, 10, 32)
		return err == nil
	}
	return true
}

// unescape resolves percent-escapes and leaves alone what is none.
func unescape(s string) string {
	at := strings.IndexByte(s, '%')
	if at < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, ok := unhex(s[i+1], s[i+2]); ok {
				b = append(b, c)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// unhex reads two hexadecimal digits.
func unhex(a, b byte) (c byte, ok bool) {
	hi, lo := hexDigit(a), hexDigit(b)
	return hi<<4 | lo, hi < 16 && lo < 16
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// identify fills in what is known of the phone and the call.
func (d *Decoder) identify(e *Event, x *httpwire.Exchange, agent agent) {
	e.PhoneMAC, e.PhoneProduct, e.PhoneVersion = agent.mac, agent.product, agent.version
	e.PhoneIP = x.Client.Addr()
	for _, v := range e.Vars {
		if v.State != Filled {
			continue
		}
		switch v.Name {
		case "mac":
			if mac := NormalizeMAC(v.Value); mac != "" {
				e.PhoneMAC = mac
			}
		case "phone_ip", "ip":
			if ip, err := netip.ParseAddr(v.Value); err == nil {
				e.PhoneIP = ip.Unmap()
			}
		case "product", "model":
			e.PhoneProduct = v.Value
		case "program_version", "firmware":
			e.PhoneVersion = v.Value
		case "call-id", "call_id":
			e.CallID = v.Value
		}
	}
	if e.PhoneMAC != "" {
		d.remember(x.Client.Addr(), e.PhoneMAC)
	} else if known := d.phones[x.Client.Addr()]; known != several {
		e.PhoneMAC = known
	}
}

// remember takes an address for that of a phone. Phones behind a translator of
// addresses share one: it then says nothing about which phone it is.
func (d *Decoder) remember(address netip.Addr, mac string) {
	known, again := d.phones[address]
	switch {
	case !again:
		if len(d.phones) < maxPhones {
			d.phones[address] = mac
		}
	case mac == "" || mac == known:
	case known == "":
		d.phones[address] = mac
	default:
		d.phones[address] = several
	}
}

// NormalizeMAC returns a MAC address in lower case with colons, empty if s is
// none. Its bytes may be written with colons, hyphens, dots, blanks or nothing
// between them.
func NormalizeMAC(s string) string {
	var out [17]byte
	n := 0
	for i := range len(s) {
		c := s[i]
		if n%2 == 0 && (c == ':' || c == '-' || c == '.' || c == ' ') {
			continue
		}
		if hexDigit(c) > 15 || n == 12 {
			return ""
		}
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
		}
		at := n + n/2
		out[at] = c
		n++
		if n%2 == 0 && n < 12 {
			out[at+1] = ':'
		}
	}
	if n != 12 {
		return ""
	}
	return string(out[:])
}

// Package actionurl recognizes the HTTP requests that are Action URLs of phones,
// the event that each announces, and the values of its variables.
//
//  1. Templates, as configured in the phones, are matched on the raw target. Only
//     they are certain: a request seldom names its event. Where the templates of
//     several events match, the values of the variables may leave one, or what can
//     follow the phone's earlier events.
//  2. Where none matches, a request is recognized by what phones send: known
//     variables, a phone's user agent, the address of a phone.
//  3. The event is then the one that the URL names, if it names one.
//  4. Where the capture holds the phones' SIP, the message that the request
//     belongs to names the event, or leaves one of several.
//
// Nothing is guessed: an ambiguous event is [Unknown], with its candidates.
//
// # Adding an event
//
// An event is a row of the catalogue. The fields of its [Kind] say what it does to
// its call and its phone, and all packages act on these; tests hold that the rows
// agree with each other, and that no other file names an event. Settings of
// phones, in package vendor, refer to it by its slug.
package actionurl

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/vendor"
)

// By says how an event is known.
type By string

const (
	BySibling  By = "sibling"  // only a template of other phones matches
	ByTemplate By = "template" // exactly one event's template matches
	ByNarrowed By = "narrowed" // several match, and the values, the call or SIP speak for one
	ByName     By = "name"     // the URL names it
	ByBody     By = "body"     // what is posted names it
	BySIP      By = "sip"      // the SIP message that it belongs to names it
	ByNothing  By = ""         // it is not known
)

// An Event is what an Action URL announces.
type Event struct {
	Kind       *Kind // Unknown if it may be several, or any
	By         By
	Candidates []*Kind // more than one, where the event is ambiguous
	// Template is the one, or one of those, by which the variables are known;
	// nil if none matches.
	Template *Template

	PhoneName    string     // what the user calls it; empty for nothing
	ServerName   string     // what the user calls the server; empty for nothing
	PhoneMAC     packet.MAC // zero if not known
	OtherMAC     packet.MAC // what the user agent or the frame has instead, where the URL names PhoneMAC; mostly zero
	PhoneIP      netip.Addr
	PhoneKnown   phone.Evidence // how the phone is known
	PhoneVendor  *vendor.Vendor // by its MAC address, else its user agent; nil if not known
	PhoneProduct string
	PhoneVersion string
	CallID       string
	SIP          Message // that it belongs to; its Method is empty if none is known
	Vars         []Var   // in the order of the URL
	Sides        Sides   // of its call; set by who knows what Kind is in the end

	mac  packet.MAC // in the URL, zero for none
	ip   netip.Addr // in the URL
	word string     // that names it, empty if none does
}

// A Var is a variable of an Action URL with its value: by its name where a
// template matches, else by the key as sent. Escapes are resolved; a raw "+" or
// space stays what it is.
type Var struct {
	Name  string
	Value string
	Means vendor.Meaning
	State State
	// Fits is set where the value may be that of the variable: one that has a
	// type is of it, and none goes on over further pairs.
	Fits bool
}

// A State is what a value is.
type State uint8

const (
	Filled     State = iota
	Empty            // the phone had nothing to put there
	Unresolved       // the phone does not know the variable: Value is the literal "$name"
)

// Config says what is known before the first request.
type Config struct {
	Templates []*Template
	// Keys are the user's own names of variables, by the words that stand for
	// them in URLs that no template matches.
	Keys map[string]string
	// PhoneNames are what phones are called.
	PhoneNames map[packet.MAC]string
	// ServerNames are what servers are called, by address or host name, with
	// a port or without.
	ServerNames map[string]string
}

// A Decoder decodes Action URLs. It is not safe for concurrent use.
type Decoder struct {
	to        recipient // of the request at hand
	config    Config
	templates *Set
	phones    *phone.Registry
	calls     calls
	event     Event
}

// NewDecoder returns a Decoder that makes phones known to a Registry.
func NewDecoder(c Config, phones *phone.Registry) *Decoder {
	d := &Decoder{config: c, templates: new(Set), phones: phones, calls: calls{seed: maphash.MakeSeed()}}
	for _, t := range c.Templates {
		d.templates.Add(t)
		if !t.Phone.IsZero() {
			phones.Bind(t.Phone)
		}
	}
	return d
}

// Decode returns the event that a request announces, nil if it is no Action
// URL. The event and its slices are valid until the next call.
func (d *Decoder) Decode(x *httpwire.Exchange) *Event {
	e := &d.event
	from := d.phones.Sender(x)
	recognized := d.byContent
	switch x.Method {
	case "GET":
	case "POST":
		recognized = d.byBody
	default:
		return nil
	}
	vars, candidates := e.Vars[:0], e.Candidates[:0]
	*e = Event{}
	e.Vars, e.Candidates = vars, candidates
	path, authority := PathOf(strings.Trim(x.Target, " "))
	if authority == "" {
		authority = x.Host
	}
	if x.Method == "POST" && !strings.HasPrefix(path, "/") { // CyberData sends "POST xmlparse_engine"
		path = "/" + path
	}
	if !d.byTemplate(e, x, path, authority, from) && !recognized(e, x, path, from) {
		return nil
	}
	d.identify(e, x, from)
	if len(d.config.PhoneNames) > 0 {
		e.PhoneName = d.config.PhoneNames[e.PhoneMAC]
	}
	e.ServerName = d.serverName(x, authority)
	return e
}

// Happened notes an event, as far as it is known in the end: what can follow it
// narrows those that come later.
func (d *Decoder) Happened(e *Event) {
	if d.templates.Len() > 0 { // only among these there may be several to choose from
		d.calls.happened(e)
	}
}

// serverName returns what the user calls the server, empty for nothing.
func (d *Decoder) serverName(x *httpwire.Exchange, authority string) string {
	if len(d.config.ServerNames) == 0 {
		return ""
	}
	host, _, _ := strings.Cut(authority, ":")
	for _, key := range []string{x.Server.String(), x.Server.Addr().String(), strings.ToLower(authority), strings.ToLower(host)} {
		if name := d.config.ServerNames[key]; name != "" {
			return name
		}
	}
	return ""
}

// PathOf returns the part of a target after the server, and the server where
// the target is in absolute form (RFC 9112, section 3.2.2).
func PathOf(target string) (path, authority string) {
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

// rooted puts a "/" before a query that follows the server at once.
func rooted(path string) string {
	if strings.HasPrefix(path, "?") {
		return "/" + path
	}
	return path
}

// byTemplate fills e from the templates that match: the phone's own, or else
// those bound to no phone, or else other phones'.
func (d *Decoder) byTemplate(e *Event, x *httpwire.Exchange, path, authority string, from *phone.Sender) bool {
	if d.templates.Len() == 0 {
		return false
	}
	d.to = recipientOf(x.Server, authority)
	to := &d.to
	matches := slices.DeleteFunc(d.templates.match(path, to), func(m match) bool {
		return !m.template.at(to) || m.template.post != (x.Method == "POST")
	})
	if x.Method == "POST" {
		matches = posted(matches, x)
	}
	if len(matches) == 0 {
		return false
	}
	mac, _ := from.MAC(macIn(matches, path))
	nearest := others
	for _, m := range matches {
		nearest = min(nearest, m.bond(mac))
	}
	matches = slices.DeleteFunc(matches, func(m match) bool { return m.bond(mac) != nearest })
	by := ByTemplate
	if nearest == others {
		by = BySibling
	}
	e.candidates(matches)
	if len(e.Candidates) > 1 {
		matches, by = d.narrow(e, matches, path, mac, x), ByNarrowed
		e.candidates(matches)
	}
	e.settle(by)
	e.Template = matches[0].template
	for variable, raw := range matches[0].variables(path) {
		e.add(variable, raw)
	}
	if x.Method == "POST" && len(e.Template.body) == 0 {
		e.read(x, d.config.Keys)
	}
	return true
}

// macIn returns the MAC address that a match finds in the URL, zero for none.
func macIn(matches []match, path string) packet.MAC {
	for _, m := range matches {
		for variable, raw := range m.variables(path) {
			if variable == "mac" {
				if mac, ok := packet.ParseMAC(Unescape(raw)); ok {
					return mac
				}
			}
		}
	}
	return packet.MAC{}
}

// narrow leaves those of the matches that are likelier than the others: whose
// values fit their variables; then, that have more literal text, as that says
// more than a variable; then, whose events can follow what happened before, if
// these are of one kind.
func (d *Decoder) narrow(e *Event, matches []match, path string, mac packet.MAC, x *httpwire.Exchange) []match {
	matches = prefer(matches, func(m match) bool {
		for variable, raw := range m.variables(path) {
			if v := VarOf(variable, Unescape(raw)); !v.Fits {
				return false
			}
		}
		return true
	})
	most := 0
	for _, m := range matches {
		most = max(most, m.template.literals())
	}
	matches = prefer(matches, func(m match) bool { return m.template.literals() == most })
	possible := prefer(matches, func(m match) bool {
		id := callIn(m, path)
		key := d.calls.key(phone.KeyOf(mac, x.Client.Addr()), id)
		return d.calls.canFollow(m.template.Kind, key) && directed(m.template.Kind, id, x.Client.Addr())
	})
	for _, m := range possible[1:] {
		if m.template.Kind != possible[0].template.Kind {
			return matches
		}
	}
	return possible
}

// directed reports whether an event can be of a call with this id.
func directed(k *Kind, call string, phone netip.Addr) bool {
	d := CallIDDirection(call, phone)
	return d == Undirected || k.Direction == Undirected || d == k.Direction
}

// CallIDDirection returns the direction that the id of a phone's call shows: a
// phone makes the ids of the calls that it begins.
func CallIDDirection(id string, phone netip.Addr) Direction {
	maker, ok := CallIDAddress(id)
	switch {
	case !ok:
		return Undirected
	case maker == phone:
		return Outgoing
	}
	return Incoming
}

// CallIDAddress returns the address in a Call-ID that a Grandstream phone made:
// number, port, counter and, after "@", the phone's IPv4 address with its
// digits as letters, A for 0 to J for 9.
func CallIDAddress(id string) (netip.Addr, bool) {
	_, host, ok := strings.Cut(id, "@")
	if !ok {
		return netip.Addr{}, false
	}
	digits := []byte(host)
	for i, c := range digits {
		switch {
		case c >= 'A' && c <= 'J':
			digits[i] = c - 'A' + '0'
		case c != '.':
			return netip.Addr{}, false
		}
	}
	addr, err := netip.ParseAddr(string(digits))
	return addr, err == nil
}

// prefer returns the matches that fulfil a condition, or all if none does.
func prefer(matches []match, condition func(match) bool) []match {
	preferred := slices.DeleteFunc(slices.Clone(matches), func(m match) bool { return !condition(m) })
	if len(preferred) == 0 {
		return matches
	}
	return preferred
}

// callIn returns the call id in a match, empty for none.
func callIn(m match, path string) (id string) {
	for variable, raw := range m.variables(path) {
		if variable == "call-id" || variable == "call_id" {
			id = Unescape(raw)
		}
	}
	return id
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
	if !slices.Contains(e.Candidates, k) {
		e.Candidates = append(e.Candidates, k)
	}
}

// settle makes the only candidate the event.
func (e *Event) settle(by By) {
	e.Kind = Unknown
	if len(e.Candidates) == 1 {
		e.Kind, e.By = e.Candidates[0], by
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
	e.put(name, Unescape(raw))
}

// put adds a variable with an unescaped value. It is filled in where it stays, as all
// events have several. Mostly the name is that of the event before, and with it what
// it means.
func (e *Event) put(name, value string) {
	n := len(e.Vars)
	e.Vars = slices.Grow(e.Vars, 1)[:n+1]
	v := &e.Vars[n]
	if v.Name != name {
		v.Name, v.Means = name, meaningOf(name)
	}
	v.Value = value
	mac, ip := v.read()
	switch {
	case ip.IsValid():
		e.ip = ip
	case v.Means == vendor.MAC && v.State == Filled:
		e.mac = mac
	}
}

// VarOf returns the variable with an unescaped value.
func VarOf(name, value string) Var {
	v := Var{Name: name, Value: value, Means: meaningOf(name)}
	v.read()
	return v
}

// read tells what the value is. It returns the address that the variable has, zero
// where it is none of an address, or has none.
func (v *Var) read() (mac packet.MAC, ip netip.Addr) {
	v.State = stateOf(v.Value)
	_, more, ok := strings.Cut(v.Value, "&")
	v.Fits = !ok || !strings.Contains(more, "=")
	if v.State != Filled || !v.Fits {
		return mac, ip
	}
	switch v.Means {
	case vendor.MAC:
		mac, v.Fits = packet.ParseMAC(v.Value)
	case vendor.PhoneIP, vendor.IP:
		addr, err := netip.ParseAddr(v.Value)
		ip, v.Fits = addr.Unmap(), err == nil
	case vendor.Duration, vendor.Battery, vendor.Count:
		_, err := strconv.ParseUint(v.Value, 10, 32)
		v.Fits = err == nil
	}
	return mac, ip
}

func stateOf(value string) State {
	switch {
	case value == "":
		return Empty
	case placeholder(value):
		return Unresolved
	}
	return Filled
}

// placeholder reports whether a value is a variable's name as it is written in
// a template, or as people write it who mistake the form.
func placeholder(value string) bool {
	if value[0] != '$' && value[0] != '{' {
		return false
	}
	name, right := Placeholder(value)
	switch {
	case right:
		return true
	case value[0] == '{':
		return vendor.IsVariable(name)
	}
	return name != "" && identifier(name) == len(name) // $local_uri: $local and more
}

// Placeholder returns the name in a value that is an unresolved variable, and
// whether it is written as variables of some phones are: ${mac}, {mac} and
// $$MAC$ are not.
func Placeholder(value string) (name string, right bool) {
	if name, n := variableAt(value); n == len(value) {
		return name, true
	}
	name = strings.Trim(value, "$")
	for len(name) > 2 && name[0] == '{' && name[len(name)-1] == '}' {
		name = name[1 : len(name)-1]
	}
	return name, false
}

// Unescape resolves percent-escapes and leaves alone what is none.
func Unescape(s string) string {
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
	hi, lo := packet.HexDigit(a), packet.HexDigit(b)
	return hi<<4 | lo, hi < 16 && lo < 16
}

// identify fills in what is known of the phone and the call.
func (d *Decoder) identify(e *Event, x *httpwire.Exchange, from *phone.Sender) {
	agent := from.Agent()
	e.PhoneVendor = agent.Vendor
	e.PhoneProduct, e.PhoneVersion = agent.Product(x.UserAgent), agent.Version(x.UserAgent)
	if e.PhoneIP = e.ip; !e.ip.IsValid() {
		e.PhoneIP = x.Client.Addr()
	}
	for i := range e.Vars {
		v := &e.Vars[i]
		if v.State != Filled {
			continue
		}
		switch v.Means {
		case vendor.Product:
			e.PhoneProduct = v.Value
		case vendor.Version:
			if isDotted(v.Value) {
				e.PhoneVersion = v.Value
			}
		case vendor.CallID:
			e.CallID = v.Value
		}
	}
	e.PhoneMAC, e.PhoneKnown = from.MAC(e.mac)
	if v := vendor.Of(e.PhoneMAC); v != nil {
		e.PhoneVendor = v
	}
	if e.PhoneKnown == phone.InURL {
		e.OtherMAC = from.Contradiction(e.mac)
	}
	from.Is(e.PhoneMAC)
}

// isDotted reports whether s is a version as phones have them: numbers with
// dots between.
func isDotted(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && c != '.' {
			return false
		}
	}
	return strings.Contains(s, ".")
}

// NormalizeMAC returns a MAC address in lower case with colons, empty if s is
// none. Its bytes may be written with colons, hyphens, dots, blanks or nothing
// between them.
func NormalizeMAC(s string) string {
	if mac, ok := packet.ParseMAC(s); ok {
		return mac.String()
	}
	return ""
}

// IsMAC reports whether s is a MAC address, as NormalizeMAC takes them.
func IsMAC(s string) bool {
	_, ok := packet.ParseMAC(s)
	return ok
}

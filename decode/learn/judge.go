package learn

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/sip"
	"actionurl/decode/vendor"
)

// A judge decides what stands at the places of targets.
type judge struct {
	learner  *Learner
	keyed    map[keyAt][]value // by server and key, of all shapes
	sketches []*sketch         // of the shapes
	secrets  bool              // they are shown
}

// A keyAt is a key in requests to a server.
type keyAt struct {
	server netip.AddrPort
	key    string
}

// A value is one of a sample.
type value struct {
	raw  string
	text string // unescaped
	kind kind
	role sip.Role
	of   *sample
}

func newJudge(l *Learner) *judge {
	j := &judge{learner: l, keyed: map[keyAt][]value{}}
	for _, o := range l.order {
		o.settle()
		for _, s := range o.order {
			for i, p := range o.places {
				if at := (keyAt{o.server, p.key}); p.key != "" && s.words[i] == "" {
					j.keyed[at] = append(j.keyed[at], s.values(i)...)
				}
			}
		}
	}
	return j
}

// values returns the values at a place.
func (s *sketch) values(i int) []value {
	all := make([]value, len(s.samples))
	for n := range s.samples {
		r := &s.samples[n]
		text := actionurl.Unescape(r.values[i])
		all[n] = value{r.values[i], text, typeOf(text), sip.NoRole, r}
		if r.roles != nil {
			all[n].role = r.roles[i]
		}
	}
	return all
}

// part judges what stands at a place of a sketch.
func (j *judge) part(o *outline, s *sketch, i int) Part {
	p := &o.places[i]
	here := s.values(i)
	everywhere := here
	if p.key != "" && s.words[i] == "" {
		everywhere = j.keyed[keyAt{o.server, p.key}]
	}
	part := Part{}
	if s.words[i] != "" || j.isFixed(p, here, everywhere) {
		part = fixed(p, here)
	} else {
		part = j.variable(p, here, everywhere)
		part.secret(p.key, here)
	}
	part.sample(here)
	return part
}

// sample shows some of the values.
func (p *Part) sample(all []value) {
	seen := map[string]bool{}
	for _, v := range all {
		if seen[v.text] {
			continue
		}
		seen[v.text] = true
		if len(p.Samples) < shownSamples {
			p.Samples = append(p.Samples, v.text[:min(len(v.text), maxShown)])
		}
	}
	p.Distinct = len(seen)
}

// phonesOf returns how many phones sent values.
func phonesOf(all []value) int {
	var phones bits
	for _, v := range all {
		phones.add(v.of.phone)
	}
	return phones.count()
}

// same reports whether all values are one.
func same(all []value) bool {
	return !slices.ContainsFunc(all, func(v value) bool { return v.raw != all[0].raw })
}

// isFixed reports whether values are text that was typed: they do not vary
// although a variable would.
func (j *judge) isFixed(p *place, here, everywhere []value) bool {
	first := here[0]
	if !same(here) || !isPlain(first.raw) || vendor.IsVariable(p.key) || first.role != sip.NoRole {
		return false
	}
	alias := variableOf(p.key)
	varied := !same(everywhere)
	switch first.kind {
	case absent:
		return alias == ""
	case ipAddress:
		return phonesOf(here) > 1 && first.text != first.of.client.String()
	case macAddress, placeholder, callID, uri, version, model:
		return false
	case number:
		return alias == "" && !varied && (phonesOf(here) > 1 || len(first.text) < 3) && count(here, j.isMeasured) < len(here)
	}
	return (alias == "" || !suits(alias, first.kind)) && (!varied || len(here) > 2)
}

// fixed returns the part of a fixed text.
func fixed(p *place, here []value) Part {
	part := Part{Fixed: here[0].raw, Sure: Likely, Why: "seen once"}
	phones := phonesOf(here)
	switch {
	case kindNamed(here[0].raw) != nil:
		part.Sure, part.Why = Certain, "it names an event"
	case phones > 1:
		part.Sure, part.Why = Certain, fmt.Sprintf("the same from %d phones", phones)
	case len(here) > 1:
		part.Why = fmt.Sprintf("the same in %d requests of one phone", len(here))
	}
	if part.Secret = isSecret(p.key, here[0]); part.Secret {
		part.Why += "; it may be a secret"
	}
	return part
}

// secret marks a variable whose values may be secrets. Under a key that names one it
// is none of the variables that phones know, but for those of PINs.
func (p *Part) secret(key string, here []value) {
	named := namesSecret(key)
	p.Secret = slices.ContainsFunc(here, func(v value) bool {
		return v.kind != absent && v.kind != placeholder && (named || hasPassword(v.text) || p.Own && v.kind == opaque)
	})
	if !p.Secret {
		return
	}
	if named && p.instead == nil && vendor.MeaningOf(p.Variable) != vendor.Secret {
		*p = Part{Own: true, Secret: true, Sure: p.Sure, Why: "the key names a secret", Literals: p.Literals}
		return
	}
	p.Why += "; it may be a secret"
}

// isSecret reports whether a fixed value may be a secret, by its key or its look.
func isSecret(key string, v value) bool {
	return v.text != "" && namesSecret(key) || v.kind == opaque || hasPassword(v.text)
}

// namesSecret reports whether a key names a secret.
func namesSecret(key string) bool {
	if vendor.MeaningOf(key) == vendor.Secret {
		return true
	}
	key = strings.ToLower(key)
	for _, word := range []string{"token", "secret", "pass", "pwd", "auth", "apikey", "api_key", "api-key", "sig", "session"} {
		if strings.Contains(key, word) {
			return true
		}
	}
	return key == "key"
}

// hasPassword reports whether a text has user:password@ in a URL.
func hasPassword(text string) bool {
	_, authority, ok := strings.Cut(text, "://")
	user, _, at := strings.Cut(authority, "@")
	return ok && at && strings.Contains(user, ":")
}

// variable judges values that vary, or may.
func (j *judge) variable(p *place, here, everywhere []value) Part {
	part := j.replaced(p, everywhere)
	literals := literals(here)
	if n := count(here, func(v value) bool { return v.kind == absent || v.kind == placeholder }); len(literals) > 0 && n == len(here) {
		typed, instead := literals[0].Text, part
		part = Part{Variable: strings.Trim(typed, "$"), Typed: typed, instead: &instead, Sure: Certain,
			Why: fmt.Sprintf("sent as %s, which the phone did not replace", typed)}
	}
	part.Literals = literals
	return part
}

// A Literal is a variable that phones sent as it is written in a template: they
// do not know it. It shows what was typed, and no more.
type Literal struct {
	Text   string
	Phones []string // some of those that send it
	Count  int      // of phones
}

// shownPhones is how many phones of a Literal are named.
const shownPhones = 3

// literals returns the variables among values that phones did not replace.
func literals(all []value) (found []Literal) {
	seen := map[string]*bits{}
	for _, v := range all {
		if v.kind != placeholder {
			continue
		}
		i := slices.IndexFunc(found, func(l Literal) bool { return l.Text == v.text })
		if i < 0 {
			i = len(found)
			found = append(found, Literal{Text: v.text})
			seen[v.text] = new(bits)
		}
		if phones := seen[v.text]; !phones.has(v.of.phone) {
			phones.add(v.of.phone)
			if found[i].Count++; len(found[i].Phones) < shownPhones {
				found[i].Phones = append(found[i].Phones, v.of.sender.String())
			}
		}
	}
	return found
}

// replaced judges values by those that phones put in the place of a variable.
// What they left as it was written does not count: one phone that does not know a
// variable says nothing about those that do.
func (j *judge) replaced(p *place, everywhere []value) Part {
	filled := slices.DeleteFunc(slices.Clone(everywhere), func(v value) bool { return v.kind == absent || v.kind == placeholder })
	for _, rule := range []func(*place, []value) (Part, bool){j.signalled, j.agents, j.addresses, j.callIDs, j.keys, j.times, j.looks} {
		if part, ok := rule(p, filled); ok {
			return part
		}
	}
	return j.numbers(filled)
}

// ofKind reports whether there are values, all of one of these kinds.
func ofKind(all []value, kinds ...kind) bool {
	return len(all) > 0 && !slices.ContainsFunc(all, func(v value) bool { return !slices.Contains(kinds, v.kind) })
}

// count returns how many values fulfil a condition.
func count(all []value, condition func(value) bool) int {
	n := 0
	for _, v := range all {
		if condition(v) {
			n++
		}
	}
	return n
}

// addresses judges MAC and IP addresses.
func (j *judge) addresses(p *place, all []value) (Part, bool) {
	name := variableOf(p.key)
	switch {
	case len(all) > 0 && count(all, isSenders) == len(all):
		return Part{Variable: "mac", Sure: Certain, Why: "it is the sender's MAC address"}, true
	case ofKind(all, macAddress):
		if own := count(all, isSenders); own > 0 {
			return Part{Variable: "mac", Sure: Likely, Why: fmt.Sprintf("it is the sender's MAC address in %d of %d", own, len(all))}, true
		}
		why := "a MAC address"
		if v := vendor.OfText(all[0].text); v != nil {
			why += " of " + v.Label
		}
		return Part{Variable: "mac", Sure: Likely, Why: why}, true
	case ofKind(all, ipAddress):
		own := count(all, func(v value) bool { return isAddress(v.text, v.of.client) })
		switch {
		case own == len(all):
			return Part{Variable: "phone_ip", Sure: Certain, Why: "it is the sender's address"}, true
		case own > 0:
			return Part{Variable: "phone_ip", Sure: Likely, Why: fmt.Sprintf("it is the sender's address in %d of %d", own, len(all))}, true
		case name == "phone_ip":
			return Part{Variable: "phone_ip", Sure: Likely, Why: fmt.Sprintf("the key %q; but it is not the sender's address (NAT?)", p.key)}, true
		case name == "active_host", name == "program_version":
			return Part{}, false
		}
		return Part{Own: true, Sure: Open, Why: "an IP address other than the sender's, or a version", Perhaps: []string{"active_host", "phone_ip", "program_version"}}, true
	}
	return Part{}, false
}

// isSenders reports whether a value is the MAC address of the frame that it
// came in, or that the user agent names.
func isSenders(v value) bool {
	mac := actionurl.NormalizeMAC(v.text)
	if mac == "" || mac == macOf(v.of.source) {
		return mac != ""
	}
	return macOf(vendor.Read(v.of.agent).MAC) == mac
}

func isAddress(value string, addr netip.Addr) bool {
	ip, err := netip.ParseAddr(value)
	return err == nil && ip.Unmap() == addr
}

// signalled judges values that stand in the phones' SIP calls.
func (j *judge) signalled(p *place, all []value) (Part, bool) {
	var roles [sip.IsRemoteName + 1]int
	for _, v := range all {
		roles[v.role]++
	}
	key := variableOf(p.key)
	for _, is := range []struct {
		role     sip.Role
		variable string
		why      string
	}{
		{sip.IsID, "call-id", "the Call-ID of the phone's SIP call"},
		{sip.IsRemote, "remote", "the other side's number in the phone's SIP call"},
		{sip.IsRemoteName, "display_remote", "the other side's name in the phone's SIP call"},
	} {
		if roles[is.role] == 0 || roles[is.role] < len(all) {
			continue
		}
		if vendor.IsVariable(p.key) && key == is.variable {
			is.variable = p.key
		}
		return Part{Variable: is.variable, Sure: Certain, Why: is.why}, true
	}
	switch {
	case roles[sip.IsLocal] == 0 || roles[sip.IsLocal] < len(all):
		return Part{}, false
	case key == "local" || key == "active_user":
		return Part{Variable: key, Sure: Certain, Why: "the phone's own number in its SIP call, and the key"}, true
	}
	return Part{Own: true, Sure: Open, Why: "the phone's own number in its SIP call", Perhaps: []string{"local", "active_user"}}, true
}

// agents judges values that are words of their user agents.
func (j *judge) agents(_ *place, all []value) (Part, bool) {
	words := count(all, func(v value) bool {
		return slices.ContainsFunc(strings.Fields(v.of.agent), func(w string) bool {
			return strings.Trim(w, "[]") == v.text
		})
	})
	if words < len(all) || words == 0 {
		return Part{}, false
	}
	const why = "the user agent has it, too"
	switch {
	case ofKind(all, version, ipAddress): // four numbers with dots are either
		return Part{Variable: "program_version", Sure: Certain, Why: why}, true
	case ofKind(all, model):
		return Part{Variable: "product", Sure: Certain, Why: why}, true
	case all[0].text[0] == 'V' && len(all[0].text) > 1 && isDigit(all[0].text[1]):
		return Part{Variable: "hardware_version", Sure: Certain, Why: why}, true
	}
	return Part{}, false
}

// callIDs judges the ids of calls.
func (j *judge) callIDs(p *place, all []value) (Part, bool) {
	if !ofKind(all, callID, uri) || !slices.ContainsFunc(all, func(v value) bool { return v.kind == callID }) {
		return Part{}, false
	}
	name := "call-id"
	if vendor.IsVariable(p.key) && variableOf(p.key) == name {
		name = p.key
	}
	made, total := 0, 0
	for _, v := range all {
		if maker, ok := actionurl.CallIDAddress(v.text); ok {
			total++
			if maker == v.of.client {
				made++
			}
		}
	}
	why := "a Call-ID in the form of Grandstream phones"
	if made == total {
		why += ", with the sender's address in it"
	}
	return Part{Variable: name, Sure: Certain, Why: why}, true
}

// keys judges values by their key.
func (j *judge) keys(p *place, all []value) (Part, bool) {
	name := variableOf(p.key)
	if name == "" {
		return Part{}, false
	}
	way := ways(all)
	unsuited := func(v value) bool {
		if name == "call-id" { // which may be anything, but is another for each call
			return !suits(name, v.kind) && (v.kind != word || way != withinPhones)
		}
		return !suits(name, v.kind) || isLongID(v.text)
	}
	if slices.ContainsFunc(all, unsuited) {
		return Part{}, false
	}
	part := Part{Variable: name, Sure: Likely, Why: fmt.Sprintf("the key %q often means this", p.key)}
	if vendor.IsVariable(p.key) {
		part.Variable, part.Why = p.key, "the key has this name"
	}
	switch way {
	case withinPhones:
		part.Why += "; it varies from call to call"
	case betweenPhones:
		part.Why += "; it varies from phone to phone"
	}
	return part, true
}

// A way is how values vary.
type way uint8

const (
	notAtAll way = iota
	withinPhones
	betweenPhones // and not within one
)

// ways returns how values vary.
func ways(all []value) way {
	byPhone := map[int]string{}
	how := notAtAll
	for _, v := range all {
		before, again := byPhone[v.of.phone]
		if again && before != v.text {
			return withinPhones
		}
		byPhone[v.of.phone] = v.text
		if v.text != all[0].text {
			how = betweenPhones
		}
	}
	return how
}

// clockError is how many seconds a measured duration may differ from the one
// that a phone sends.
const clockError = 2

// times judges numbers that are the seconds since something of the same call.
func (j *judge) times(_ *place, all []value) (Part, bool) {
	if !ofKind(all, number) {
		return Part{}, false
	}
	measured := count(all, j.isMeasured)
	if measured < len(all) {
		return Part{}, false
	}
	sure := Likely
	if measured > 2 {
		sure = Certain
	}
	return Part{Variable: "duration", Sure: sure, Why: fmt.Sprintf("the seconds since an earlier request of the call, in %d of %d", measured, len(all))}, true
}

// isMeasured reports whether a number is the seconds since an earlier request
// of the same call.
func (j *judge) isMeasured(v value) bool {
	t := j.learner.trails[v.of.call]
	if t == nil || len(v.text) > 6 {
		return false
	}
	seconds := int64(0)
	for _, c := range v.text {
		if c < '0' || c > '9' {
			return false
		}
		seconds = seconds*10 + int64(c-'0')
	}
	return seconds > 2*clockError && slices.ContainsFunc(t.steps, func(s step) bool {
		past := (v.of.at - s.at) / 1e9
		return s.at < v.of.at && past-seconds <= clockError && seconds-past <= clockError
	})
}

// looks judges values by nothing but their look.
func (j *judge) looks(_ *place, all []value) (Part, bool) {
	switch {
	case ofKind(all, version):
		return Part{Variable: "program_version", Sure: Likely, Why: "numbers with dots, like a version"}, true
	case ofKind(all, model):
		return Part{Variable: "product", Sure: Likely, Why: "looks like the name of a model"}, true
	case ofKind(all, uri) && !slices.ContainsFunc(all, func(v value) bool { return !isLongID(v.text) }):
		return Part{Variable: "call-id", Sure: Likely, Why: "looks like a Call-ID"}, true
	}
	return Part{}, false
}

// isLongID reports whether what is before the "@" is no user's name or number.
func isLongID(value string) bool {
	id, _, ok := strings.Cut(value, "@")
	return ok && len(id) >= 8 && !isNumber(id) && strings.ContainsAny(id, "0123456789") && !strings.Contains(id, ":")
}

// isWithheld reports whether a value is what stands for a number that the
// caller does not show.
func isWithheld(v value) bool {
	switch strings.ToLower(v.text) {
	case "anonymous", "unknown", "restricted", "private", "withheld", "unavailable":
		return true
	}
	return false
}

// numbers judges what has nothing of its own to go by: how it varies.
func (j *judge) numbers(all []value) Part {
	what := "text"
	far, own := "display_remote", []string{"display_local"}
	if numbers := slices.DeleteFunc(slices.Clone(all), isWithheld); ofKind(numbers, number, uri) {
		what, far, own = "a number", "remote", []string{"local", "active_user"}
	}
	switch {
	case len(all) == 0:
		return Part{Own: true, Sure: Open, Why: "always empty"}
	case ways(all) == withinPhones && what == "a number":
		return Part{Variable: far, Sure: Likely, Why: "a number that varies from call to call"}
	case ways(all) == withinPhones:
		return Part{Own: true, Sure: Open, Why: what + " that varies from call to call", Perhaps: []string{far}}
	case ways(all) == betweenPhones:
		return Part{Own: true, Sure: Open, Why: what + " that varies from phone to phone", Perhaps: own}
	}
	return Part{Own: true, Sure: Open, Why: what + ", always the same", Perhaps: append([]string{far}, own...)}
}

// relate judges open parts by others of the same requests: the same value
// stands for the same.
func relate(parts []Part, s *sketch) {
	for i := range parts {
		if !parts[i].Own {
			continue
		}
		for k := range parts {
			switch parts[k].Variable {
			case "local", "remote", "active_user":
			default:
				continue
			}
			if s.equal(i, k) {
				parts[i].Why += "; the same as " + parts[k].Name()
				parts[i].Perhaps = []string{parts[k].Variable}
				if parts[k].Variable != "remote" {
					parts[i].Perhaps = []string{"local", "active_user"}
				}
			}
		}
	}
}

// equal reports whether the values at two places are the same in all samples,
// and not empty.
func (s *sketch) equal(i, k int) bool {
	return !slices.ContainsFunc(s.samples, func(r sample) bool {
		return r.values[i] == "" || actionurl.Unescape(r.values[i]) != actionurl.Unescape(r.values[k])
	})
}

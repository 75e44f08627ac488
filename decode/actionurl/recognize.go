package actionurl

import (
	"cmp"
	"encoding/hex"
	"net/netip"
	"strings"

	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/vendor"
)

// byContent fills e from a request that no template matches, and reports
// whether it is an Action URL at all.
func (d *Decoder) byContent(e *Event, x *httpwire.Exchange, path string, from *phone.Sender) bool {
	if from.Agent().Browser {
		return false
	}
	resource, pathForm := e.pairs(path, d.config.Keys)
	s := sendingOf(x, from)
	count := [allWeights]int{}
	unresolved, placeholders := 0, 0 // the latter are of variables that phones know
	inPath := s.segments(resource)
	own := inPath != nil
	e.unreplaced(resource)
	for i := range e.Vars {
		v := &e.Vars[i]
		if v.State == Unresolved {
			unresolved++
			if name, _ := Placeholder(v.Value); vendor.IsVariable(name) {
				placeholders++
			}
		}
		if v.Fits {
			weight := weights[v.Means]
			if weight == generic && isAddress(v.Value) {
				weight = common // the other end of a connection, not of a call
			}
			count[weight]++
			own = own || s.has(v.Value)
		}
	}
	calls := count[generic] + count[certain]
	known := calls + count[identity] + count[common]
	e.names(resource, s.vendor)
	named := len(e.Candidates) > 0
	e.settle(ByName)
	file := isFile(resource) || pathForm && isFile(path)
	switch {
	case placeholders > 0, unresolved > 0 && (known > 0 || named):
		return true
	case !file && calls > 0 && (known > 1 || s.phone() || named):
		return true
	case own && !downloads(path) && !(file && s.isOf(resource, from.Agent().Product(x.UserAgent))):
		for _, segment := range inPath {
			e.put(s.named(segment), segment)
		}
		return true
	case file:
		return count[certain] > 0 && known > 1 || calls > 0 && (named || s.agent && !downloads(path))
	case pathForm && known > 0 && (known == len(e.Vars) || s.phone() || count[identity] > 0):
		return true
	case provisions(resource):
		return false
	case count[identity] > 0 && named && (e.ofMaker() || from.IsKnown() || onlyPhones(e.word)):
		return true
	}
	return s.agent || s.address && (known > count[common] || named) || s.frame && (calls > 0 || named)
}

// isAddress reports whether a value is an IPv4 address.
func isAddress(value string) bool {
	if strings.Count(value, ".") != 3 {
		return false
	}
	addr, err := netip.ParseAddr(value)
	return err == nil && addr.Is4()
}

// ofMaker reports whether a variable is the MAC address of a phone, by its maker.
func (e *Event) ofMaker() bool { return vendor.Of(e.mac) != nil }

// onlyPhones reports whether the name of an event is one that only phones use, as
// other devices do "connected", "registered" and "button".
func onlyPhones(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"call", "hook", "dnd", "incoming", "outgoing", "forward", "fwd", "transfer"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// A sending is what is known of who sent a request, but for what its target says.
type sending struct {
	vendor *vendor.Vendor
	ip     netip.Addr
	macs   [2]packet.MAC // of the user agent and the frame; zero for none

	agent   bool // the user agent is that of phones that announce events, or these have none but fixed URLs
	frame   bool // the frame comes from the address of one
	address bool // and there is no user agent, or it came from the address of one without
}

func sendingOf(x *httpwire.Exchange, from *phone.Sender) sending {
	agent := from.Agent()
	s := sending{vendor: agent.Vendor, ip: x.Client.Addr().Unmap(), agent: agent.Vendor != nil && !agent.Vendor.Silent}
	s.macs = [2]packet.MAC{agent.MAC, from.Frame()}
	if s.frame = !s.macs[1].IsZero(); s.vendor == nil {
		s.vendor = vendor.Of(s.macs[1])
	}
	s.agent = s.agent || s.frame && s.vendor != nil && s.vendor.Fixed
	s.address = x.UserAgent == "" && (from.IsKnown() || s.frame)
	return s
}

// phone reports whether the request comes from a phone.
func (s *sending) phone() bool { return s.agent || s.frame || s.address }

// has reports whether a value is the sender's own MAC address, or its IP
// address where the sender is a phone.
func (s *sending) has(value string) bool {
	switch n := len(value); {
	case n < len("1.2.3.4") || n > len("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"):
		return false
	case n >= 12 && n <= 17:
		if mac, ok := packet.ParseMAC(value); ok {
			return mac != (packet.MAC{}) && (mac == s.macs[0] || mac == s.macs[1])
		}
	}
	if !s.phone() || packet.HexDigit(value[0]) > 15 && value[0] != ':' || s.ip.Is4() && len(value) > len("255.255.255.255") {
		return false
	}
	var room [64]byte
	return string(s.ip.AppendTo(room[:0])) == value
}

// isOf reports whether a file is of the sender alone or of its model, by its name: its
// settings.
func (s *sending) isOf(resource, model string) bool {
	name := strings.ToLower(resource[strings.LastIndexByte(resource, '/')+1:])
	for _, mac := range s.macs {
		if !mac.IsZero() && strings.Contains(name, hex.EncodeToString(mac[:])) {
			return true
		}
	}
	return model != "" && strings.Contains(name, strings.ToLower(model))
}

// segments returns the whole segments of a path that are the sender's own MAC or
// IP address. A MAC address that is all of the path may be the name of a file.
func (s *sending) segments(resource string) (own []string) {
	for rest := resource; rest != ""; {
		var segment string
		segment, rest, _ = strings.Cut(strings.TrimPrefix(rest, "/"), "/")
		if s.has(segment) && len(segment)+len("/") < len(resource) {
			own = append(own, segment)
		}
	}
	return own
}

// unreplaced adds the segments of a path that are names of variables.
func (e *Event) unreplaced(resource string) {
	if strings.IndexByte(resource, '$') < 0 {
		return
	}
	for segment := range strings.SplitSeq(resource, "/") {
		if len(segment) < 2 || segment[0] != '$' || len(e.Vars) == maxVars {
			continue
		}
		if name, _ := Placeholder(segment); vendor.IsVariable(name) {
			e.put(name, segment)
		}
	}
}

// named returns the variable that stands for the sender's MAC or IP address.
func (s *sending) named(address string) string {
	name := "mac"
	if !IsMAC(address) {
		name = "phone_ip"
	}
	if s.vendor != nil {
		name = cmp.Or(s.vendor.Variable(name), name)
	}
	return name
}

// maxVars bounds the pairs that a target is split into: 256 variables of 40
// bytes, 10 KiB. What is behind them stays in the last one's value.
const maxVars = 256

// pairs splits what follows the path into keys and values, and adds them to e.
// A query begins at the first "?"; in the path form, as the vendor's guide
// shows it, a segment of the path is of the form key=value. It returns the
// path without the pairs. Keys are those that stand for variables.
func (e *Event) pairs(path string, keys map[string]string) (resource string, pathForm bool) {
	rest := ""
	equals := strings.IndexByte(path, '=')
	question := strings.IndexByte(path, '?')
	switch {
	case equals < 0:
		resource, _, _ = strings.Cut(path, "?")
		return resource, false
	case question >= 0 && question < equals:
		resource, rest = path[:question], path[question+1:]
	default:
		slash := strings.LastIndexByte(path[:equals], '/')
		resource, rest = path[:slash+1], path[slash+1:]
		pathForm = true
	}
	escaped := strings.IndexByte(rest, '%') >= 0
	segments := pathForm && strings.ContainsAny(rest, "/?:")
	for rest != "" {
		end := len(rest)
		if len(e.Vars) < maxVars-1 {
			end = pairEnd(rest, segments)
		}
		key, value := rest[:end], ""
		if n := strings.IndexByte(key, '='); n >= 0 {
			key, value = key[:n], key[n+1:]
		}
		rest = rest[min(len(rest), end+1):]
		if escaped {
			key, value = Unescape(key), Unescape(value)
		}
		if key != "" && !(visible(key[0]) && visible(key[len(key)-1])) {
			key = strings.TrimSpace(key)
		}
		if len(keys) > 0 {
			if variable := keys[key]; variable != "" {
				key = variable
			}
		}
		if key != "" {
			e.put(key, value)
		}
	}
	return resource, pathForm
}

// visible reports whether c is visible ASCII, which no blank is.
func visible(c byte) bool { return c > ' ' && c < 0x7f }

// CutPair cuts the first pair off. What stands between two "&" and has no "="
// is part of the value before it: a name such as "A&B Ltd" is sent as it is.
// In the path form a pair may begin after "/" or ":", too, if its key is a variable's
// name, and after "?", if that is a word.
func CutPair(s string, pathForm bool) (pair, rest string) {
	end := pairEnd(s, pathForm)
	return s[:end], s[min(len(s), end+1):]
}

// pairEnd returns the length of the first pair.
func pairEnd(s string, segments bool) int {
	if segments {
		return segmentEnd(s)
	}
	for i := strings.IndexByte(s, '&'); i >= 0; {
		if beginsPair(s[i+1:]) {
			return i
		}
		n := strings.IndexByte(s[i+1:], '&')
		if n < 0 {
			break
		}
		i += 1 + n
	}
	return len(s)
}

// segmentEnd is pairEnd where a pair may begin after "/", "?" or ":".
func segmentEnd(s string) int {
	for i := range len(s) {
		switch s[i] {
		case '&':
			if beginsPair(s[i+1:]) {
				return i
			}
		case '/', ':':
			if beginsVariable(s[i+1:]) {
				return i
			}
		case '?':
			if beginsQuery(s[i+1:]) {
				return i
			}
		}
	}
	return len(s)
}

// beginsVariable reports whether s begins with a pair whose key is a variable's
// name.
func beginsVariable(s string) bool {
	n := strings.IndexByte(s[:min(len(s), vendor.MaxName+1)], '=')
	return n > 0 && vendor.IsVariable(s[:n])
}

// beginsQuery reports whether s begins with a pair whose key is a word, as in no id of
// a call.
func beginsQuery(s string) bool {
	n := 0
	for n < len(s) && (lower(s[n]) >= 'a' && lower(s[n]) <= 'z' || s[n] == '_' || s[n] == '-' || n > 0 && s[n] >= '0' && s[n] <= '9') {
		n++
	}
	return n > 0 && n < len(s) && s[n] == '='
}

// beginsPair reports whether what follows an "&" has a "=" before the next one,
// or is nothing.
func beginsPair(s string) bool {
	if s == "" || s[0] == '&' {
		return true
	}
	for i := range len(s) { // a key is short
		if s[i] == '=' || s[i] == '&' {
			return s[i] == '='
		}
	}
	return false
}

// names adds the events that the URL names to the candidates: by the last segment of
// its path that is no value, or by a parameter that is called so. What a vendor calls
// its settings are names, too. "on" and "off" say which of two events a segment means.
func (e *Event) names(resource string, v *vendor.Vendor) {
	rest, segment := lastWord(resource)
	if dot := strings.LastIndexByte(segment, '.'); dot >= 0 {
		segment = segment[:dot]
	}
	switched := false
	if isSwitch(segment) {
		_, before := lastWord(rest)
		switched = e.name(before+segment, v)
	}
	for i := range e.Vars {
		if w := &e.Vars[i]; w.Means == vendor.Event && isSwitch(w.Value) {
			switched = e.name(segment+w.Value, v) || switched
		}
	}
	if !switched && !e.name(segment, v) && v != nil {
		e.nameOf(v.Events[segment[strings.LastIndexByte(segment, '_')+1:]]) // front_doorbell
	}
	e.valued(e.Vars, v)
	if v != nil && len(e.Vars) == 1 && e.Vars[0].Means == vendor.Other { // relaya_triggered=1
		e.nameOf(v.EventOf(e.Vars[0].Name))
	}
}

// valued adds the events that values name to the candidates. Where the value of an event
// does, those of types and states are of something else, such as the call.
func (e *Event) valued(vars []Var, v *vendor.Vendor) {
	found := false
	for i := range vars {
		if w := &vars[i]; w.Means == vendor.Event && isEvent(w.Name) {
			found = e.name(w.Value, v) || found
		}
	}
	for i := range vars {
		if w := &vars[i]; w.Means == vendor.Event && !isEvent(w.Name) && !found {
			e.name(w.Value, v)
		}
	}
}

// isEvent reports whether a key says that its value is an event: event, ev, evt or e,
// not type, action, state or status.
func isEvent(key string) bool { return lower(key[0]) == 'e' }

// lastWord cuts the last segment off a path that is not empty and no value of a phone
// or a call.
func lastWord(path string) (rest, segment string) {
	for path != "" {
		slash := strings.LastIndexByte(path, '/')
		rest, segment = path[:max(slash, 0)], path[slash+1:]
		if segment != "" && !isValue(segment) {
			return rest, segment
		}
		path = rest
	}
	return "", ""
}

// isValue reports whether a segment of a path is no word: a number, an address of
// SIP, IP or Ethernet, or a variable's name.
func isValue(segment string) bool {
	segment = Unescape(segment)
	if strings.Trim(segment, "+0123456789") == "" || segment[0] == '$' || strings.IndexByte(segment, '@') >= 0 || hasFold(segment, "sip:") {
		return true
	}
	return isAddress(segment) || IsMAC(segment)
}

// isSwitch reports whether a word says which of two events another word means.
func isSwitch(word string) bool {
	return strings.EqualFold(word, "on") || strings.EqualFold(word, "off")
}

// name adds the event of that name to the candidates, and reports whether there is
// one. Words around it may say which phone it is of, as in yealink_incoming_201.
// Numbers are no names here: a parameter "e" may be an extension.
func (e *Event) name(name string, v *vendor.Vendor) bool {
	for name != "" {
		k := catalog.named(name)
		if k == nil && v != nil {
			k = catalog.bySlug[v.EventOf(name)]
		}
		if k != nil {
			e.candidate(k)
			e.word = name
			return true
		}
		if at := strings.IndexAny(name, "_-. "); at > 0 && saysPhone(name[:at]) {
			name = name[at+1:]
		} else if at := strings.LastIndexAny(name, "_-. "); at > 0 && isNumber(name[at+1:]) {
			name = name[:at]
		} else {
			return false
		}
	}
	return false
}

// saysPhone reports whether a word of a name says which phone, or that it is one, as
// the names of scripts do (xml_incoming.php).
func saysPhone(word string) bool {
	switch strings.ToLower(word) {
	case "phone", "telephone", "voip", "sip", "tel", "xml":
		return true
	}
	return isNumber(word) || IsMAC(word) || vendor.Named(word) != nil
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// nameOf adds the event of a slug to the candidates; none is empty.
func (e *Event) nameOf(slug string) {
	if k := catalog.bySlug[slug]; k != nil {
		e.candidate(k)
	}
}

// Fetches reports whether a path is one that phones get something from: a
// file, or their settings.
func Fetches(path string) bool { return isFile(path) || provisions(path) }

// isFile reports whether a path names a file that phones download: settings,
// firmware, phone books, ring tones, pictures.
func isFile(resource string) bool {
	const longest = len(".loads")
	dot := len(resource) - 1
	for dot >= 0 && resource[dot] != '.' {
		if resource[dot] == '/' || dot <= len(resource)-longest {
			return false
		}
		dot--
	}
	switch strings.ToLower(resource[dot+1:]) {
	case "xml", "cfg", "conf", "bin", "img", "rom", "fw", "txt", "csv", "json", "dat", "ini", "gz", "tgz",
		"zip", "boot", "ld", "hex", "z", "ring", "wav", "mp3", "pcm", "png", "jpg", "jpeg", "gif", "bmp", "ico",
		"svg", "css", "js", "htm", "html", "pem", "crt", "apk", "ver", "lang", "htk", "tar",
		"dob", "enc", "loads", "sbn", "sgn", "st", "swu", "tlv", "tuz", "webp":
		return true
	}
	return false
}

// provisions reports whether a path is one that phones get their settings from.
func provisions(resource string) bool {
	lower := strings.ToLower(resource)
	for _, word := range []string{"provision", "/prov", "config", "cfg", "settings", "firmware", "/fw/", "phonebook", "directory", "addressbook", "ldap", "autop"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return NormalizeMAC(resource[strings.LastIndexByte(resource, '/')+1:]) != ""
}

// downloads reports whether a target is one that phones get files from, whatever
// it says of the phone: settings, firmware, phone books.
func downloads(path string) bool {
	resource, _, _ := strings.Cut(path, "?")
	if isFile(resource) && !isPage(resource) {
		return true
	}
	for i := range path {
		for _, word := range downloadWords {
			if lower(path[i]) == word[0] && len(path)-i >= len(word) && strings.EqualFold(path[i:i+len(word)], word) {
				return true
			}
		}
	}
	return false
}

// downloadWords stand in the targets of what phones download.
var downloadWords = [...]string{
	"provision", "/prov", "config", "cfg", "settings", "firmware", "/fw", "upgrade", "update", "download", "ota/",
	"phonebook", "phone-book", "phone_book", "directory", "addressbook", "contacts", "ldap", "autop", "ringtone", "wallpaper",
}

// isPage reports whether a file may be a page that is made for each request.
func isPage(resource string) bool {
	switch strings.ToLower(resource[strings.LastIndexByte(resource, '.')+1:]) {
	case "xml", "htm", "html", "txt", "json":
		return true
	}
	return false
}

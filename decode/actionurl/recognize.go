package actionurl

import (
	"strings"

	"actionurl/decode/httpwire"
	"actionurl/decode/vendor"
)

// An agent is what a user agent says of a phone, and the hash of its text.
type agent struct {
	vendor.Agent
	hash uint64
}

// byContent fills e from a request that no template matches, and reports
// whether it is an Action URL at all.
func (d *Decoder) byContent(e *Event, x *httpwire.Exchange, path string, agent *agent, at *learnt) bool {
	if agent.Browser {
		return false
	}
	resource, pathForm := e.pairs(path, d.Keys)
	address := d.phones.is(x, at) && x.UserAgent == "" // another program's name is not a phone's
	announces := agent.Vendor != nil && !agent.Vendor.Silent
	phone := announces || address
	count := [allWeights]int{}
	unresolved, placeholders := 0, 0 // the latter are of variables that phones know
	for i := range e.Vars {
		v := &e.Vars[i]
		if v.State == Unresolved {
			unresolved++
			if name, _ := variableAt(v.Value); vendor.IsVariable(name) {
				placeholders++
			}
		}
		if v.Fits {
			count[weights[v.Means]]++
		}
	}
	calls := count[generic] + count[telling]
	known := calls + count[identity] + count[common]
	e.names(resource)
	named := len(e.Candidates) > 0
	e.settle(ByName)
	switch {
	case placeholders > 0, unresolved > 0 && (known > 0 || named):
		return true
	case isFile(resource), pathForm && isFile(path):
		return count[telling] > 0 && known > 1 || calls > 0 && named
	case calls > 0 && (known > 1 || phone || named):
		return true
	case pathForm && known > 0 && (known == len(e.Vars) || phone || count[identity] > 0):
		return true
	case provisions(resource):
		return false
	case count[identity] > 0 && named:
		return true
	}
	return announces || address && (known > count[common] || named)
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
	segments := pathForm && (strings.IndexByte(rest, '/') >= 0 || strings.IndexByte(rest, '?') >= 0)
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
// In the path form a pair may begin behind "/" or "?", too, if its key is a
// variable's name.
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

// segmentEnd is pairEnd where a pair may begin behind "/" or "?".
func segmentEnd(s string) int {
	for i := range len(s) {
		switch s[i] {
		case '&':
			if beginsPair(s[i+1:]) {
				return i
			}
		case '/', '?':
			if beginsVariable(s[i+1:]) {
				return i
			}
		}
	}
	return len(s)
}

// beginsVariable reports whether s begins with a pair whose key is a variable's
// name.
func beginsVariable(s string) bool {
	const longest = len("expansion_module")
	n := strings.IndexByte(s[:min(len(s), longest+1)], '=')
	return n > 0 && vendor.IsVariable(s[:n])
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

// names adds the events that the URL names to the candidates: by the last
// segment of its path, or by a parameter that is called so.
func (e *Event) names(resource string) {
	segment := strings.TrimRight(resource, "/")
	segment = segment[strings.LastIndexByte(segment, '/')+1:]
	if dot := strings.LastIndexByte(segment, '.'); dot >= 0 {
		segment = segment[:dot]
	}
	e.name(segment)
	for i := range e.Vars {
		if v := &e.Vars[i]; v.Means == vendor.Event {
			e.name(v.Value)
		}
	}
}

// name adds the event of that name to the candidates. Numbers are none here:
// a parameter "e" may be an extension.
func (e *Event) name(name string) {
	if name == "" {
		return
	}
	if k := catalog.named(name); k != nil {
		e.candidate(k)
	}
}

// Fetches reports whether a path is one that phones get something from: a
// file, or their settings.
func Fetches(path string) bool { return isFile(path) || provisions(path) }

// isFile reports whether a path names a file that phones download: settings,
// firmware, phone books, ring tones, pictures.
func isFile(resource string) bool {
	const longest = len(".json")
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
		"svg", "css", "js", "htm", "html", "pem", "crt", "apk", "ver", "lang", "htk", "tar":
		return true
	}
	return false
}

// provisions reports whether a path is one that phones get their settings from.
func provisions(resource string) bool {
	lower := strings.ToLower(resource)
	for _, word := range []string{"provision", "/prov", "config", "/cfg", "settings", "firmware", "/fw/", "phonebook", "directory", "addressbook", "ldap", "autop"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return NormalizeMAC(resource[strings.LastIndexByte(resource, '/')+1:]) != ""
}

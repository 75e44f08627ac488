package learn

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"actionurl/decode/actionurl"
	"actionurl/decode/vendor"
)

// A place is where a value stands in a target.
type place struct {
	before string // the literal text before it: separators, and its key as sent
	key    string // unescaped, without blanks around it; empty for a segment of the path
}

// maxPlaces bounds the places of a target: what is behind them stays in the
// last one's value. A target of 1 KiB has 512 pairs at the most.
const maxPlaces = 64

// split takes a path with its query apart. The target is the places' texts and
// the values in turn.
func split(path string) (places []place, values []string) {
	add := func(before, key, value string) {
		places = append(places, place{before, key})
		values = append(values, value)
	}
	equals, question := strings.IndexByte(path, '='), strings.IndexByte(path, '?')
	resource, rest := path, ""
	pathForm := false
	switch {
	case question >= 0 && (equals < 0 || question < equals):
		resource, rest = path[:question], path[question:]
	case equals >= 0:
		slash := strings.LastIndexByte(path[:equals], '/')
		if slash < 0 {
			slash = 0 // "*=": there is no path
		}
		resource, rest = path[:slash], path[slash:]
		pathForm = true
	}
	for resource != "" {
		separator := ""
		if resource[0] == '/' {
			separator, resource = "/", resource[1:]
		}
		end := strings.IndexByte(resource, '/')
		if end < 0 || len(places) >= maxPlaces-1 {
			end = len(resource)
		}
		add(separator, "", resource[:end])
		resource = resource[end:]
	}
	for rest != "" {
		separator := rest[:1]
		if strings.IndexByte("/?&", separator[0]) < 0 {
			separator = ""
		}
		rest = rest[len(separator):]
		pair := rest
		if len(places) < maxPlaces-1 {
			pair, _ = actionurl.CutPair(rest, pathForm)
		}
		rest = rest[len(pair):]
		key, value, ok := strings.Cut(pair, "=")
		name := strings.TrimSpace(actionurl.Unescape(key))
		if !isPlain(name) {
			name = strings.TrimSpace(key) // as sent
		}
		if ok && isPlain(key) && name != "" {
			add(separator+key+"=", name, value)
		} else {
			add(separator, "", pair)
		}
	}
	return places, values
}

// isPlain reports whether text can stand in a profile and be shown as it is.
func isPlain(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, c := range text {
		if !unicode.IsPrint(c) {
			return false
		}
	}
	return true
}

// isWord reports whether a value is one that an administrator types to distinguish
// URLs apart: a name without blanks, and no number but a short one.
func isWord(value string) bool {
	if value == "" || len(value) > 64 {
		return false
	}
	digits := 0
	for i := range len(value) {
		c := value[i]
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-', c == '.', c == '~':
		default:
			return false
		}
	}
	return digits < len(value) || digits < 3
}

// eventKeys are the keys of pairs by which URLs name events.
var eventKeys = map[string]bool{
	"event": true, "e": true, "ev": true, "evt": true, "type": true, "action": true, "method": true,
	"state": true, "status": true, "cmd": true, "service": true, "trigger": true,
}

// distinguishes reports whether the value at the place is a word that distinguishes URLs
// apart, by itself: a segment of the path that is no value of a variable, or
// the name of an event.
func (p *place) distinguishes(value string) bool {
	if !isWord(value) {
		return false
	}
	if p.key == "" {
		return typeOf(value) == word
	}
	if vendor.IsVariable(p.key) || aliasOf(p.key) == "calldirection" {
		return false
	}
	return kindNamed(value) != nil || eventKeys[strings.ToLower(p.key)] && typeOf(value) == word
}

// kindNamed returns the event of that name, nil for none. Numbers name none:
// they may be anything.
func kindNamed(name string) *actionurl.Kind {
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		name = name[:dot]
	}
	if !isWord(name) {
		return nil
	}
	switch c := name[len(name)-1]; {
	case c >= '0' && c <= '9':
		return nil // P-values, too
	}
	return actionurl.Lookup(name)
}

// callIn returns the call id among the values, empty for none.
func callIn(places []place, values []string) string {
	for i, raw := range values {
		value := actionurl.Unescape(raw)
		if value == "" || value[0] == '$' {
			continue
		}
		if _, ok := actionurl.CallIDAddress(value); ok || variableOf(places[i].key) == "call-id" {
			return value
		}
	}
	return ""
}

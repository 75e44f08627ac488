package profile

import (
	"bytes"
	"slices"
	"strings"
)

// readText reads a line for each setting: P8310 = URL, action_url.hold = URL,
// action_incoming_url!: URL, action uri incoming: URL. A key may be recognized by the
// section that it stands in: [ActionURL], then IncomingCall = URL.
func (f *file) readText() {
	tag, section := false, []byte(nil)
	for offset := 0; offset < len(f.data); {
		line, rest := cutLine(f.data[offset:])
		start := offset
		offset = len(f.data) - len(rest)
		line = bytes.TrimSpace(line)
		for len(line) > 0 && line[0] == '<' && firstOf(line[1:]) != '%' { // <html><pre>
			_, line, _ = bytes.Cut(line, []byte{'>'})
		}
		if tag := controls(line); tag != nil {
			f.fail(start, engineSource, tag)
			continue
		}
		if name, ok := sectionOf(line); ok {
			section = name
			continue
		}
		key, value, sep := cutSetting(line)
		s := f.setting(key, sep)
		if s == nil && section != nil && sep != 0 {
			s = f.setting(slices.Concat(section, []byte{'.'}, key), '.')
		}
		if s == nil {
			if name, _ := firstTag(line, false); name != nil && !tag && (len(line) == 0 || line[0] != '#') {
				tag = true
				f.warn(start, tagsIgnored, name)
			}
			if sep != 0 {
				f.unknown(key, value, start)
			}
			continue
		}
		if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			f.warn(start, "%s is quoted, which keeps some phones from replacing its variables; read without the quotes", s.Key)
			value = value[1 : n-1]
		}
		f.set(s, value, start)
	}
}

// sectionOf returns the name of a section that a line begins.
func sectionOf(line []byte) (name []byte, ok bool) {
	if len(line) < 2 || line[0] != '[' || line[len(line)-1] != ']' || bytes.IndexByte(line, '%') >= 0 {
		return nil, false
	}
	return bytes.TrimSpace(line[1 : len(line)-1]), true
}

// tagsIgnored is said of files with tags in places that do not matter.
const tagsIgnored = "tags of a template engine (%s) are not evaluated; expected what the engine makes of the file"

// cutSetting cuts a line into a key and a value; sep is what stands between
// them, 0 where the line is none or a comment. What Snom phones have behind a
// key ($, ! or &, and an index) is no part of it.
func cutSetting(line []byte) (key, value []byte, sep byte) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] == '#' || line[0] == ';' || bytes.HasPrefix(line, []byte("//")) {
		return nil, nil, 0
	}
	at := bytes.IndexAny(line, "=:")
	if at <= 0 {
		return nil, nil, 0
	}
	key, value, sep = bytes.TrimSpace(line[:at]), bytes.TrimSpace(line[at+1:]), line[at]
	if sep == ':' {
		key = bytes.TrimRight(key, "$!&")
		if open := bytes.IndexByte(key, '['); open > 0 && key[len(key)-1] == ']' {
			key = key[:open]
		}
	}
	return key, value, sep
}

// isProfileLine reports whether a line can only be of a profile: one of its
// keys at the margin, or what begins a YAML document.
func isProfileLine(line []byte) bool {
	if bytes.HasPrefix(line, []byte("---")) || bytes.HasPrefix(line, []byte("%YAML")) {
		return true
	}
	key, rest, ok := bytes.Cut(line, []byte{':'})
	if !ok || len(rest) > 0 && rest[0] != ' ' && rest[0] != '\t' {
		return false
	}
	for _, known := range profileKeys {
		if strings.TrimRight(string(key), " \t") == known {
			return true
		}
	}
	return false
}

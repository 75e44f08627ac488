package profile

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"actionurl/decode/actionurl"
	"actionurl/decode/vendor"
)

// A file is a file that is being read.
type file struct {
	*Parser
	name    string
	data    []byte
	sniffed form
	vendor  *vendor.Vendor // of the first setting
	root    *vendor.Vendor // of the file's form
	named   string         // the phone in the file's name
	phone   string         // the phone in the file itself
	first   int            // of its bindings
	bad     int            // errors
	full    bool           // it has more bindings than are kept

	at, line int              // the line of an offset that was asked for
	seen     map[*Setting]int // lines of settings
	other    bool             // the other feature was met
	left     bool             // something was left out
}

// A form is what kind of file it is.
type form struct {
	name string
	read func(*file)
}

// expectedForms says what files are read.
const expectedForms = "expected a profile (YAML), or a phone's provisioning file (XML, text or JSON)"

// read finds out what the file is, and reads it.
func (f *file) read() {
	f.first = len(f.Bindings)
	f.named = macOfName(f.name)
	f.data = bytes.TrimPrefix(f.data, []byte("\xef\xbb\xbf"))
	if what := unreadable(f.data); what != "" {
		f.fail(-1, "%s", what)
		return
	}
	if f.sniffed = f.sniff(); f.sniffed.read == nil {
		return
	}
	f.sniffed.read(f)
	if f.bad > 0 {
		return
	}
	if f.phone == "" {
		f.phone = f.named
	} else if f.named != "" && f.named != f.phone {
		f.warn(-1, "the file is for phone %s, but its name says %s; the content counts", f.phone, f.named)
	}
	if f.sniffed.name != "profile" {
		for i := range f.Bindings[f.first:] {
			f.Bindings[f.first+i].Phone = f.phone
		}
		if len(f.Bindings) == f.first && !f.other && !f.left {
			f.warn(-1, "no Action URL is configured in it")
		}
	}
	f.Files = append(f.Files, File{f.name, f.sniffed.name, f.vendor, f.phone, len(f.Bindings) - f.first})
}

// unreadable says why a file's bytes cannot be read; empty if they can.
func unreadable(data []byte) string {
	head := data[:min(len(data), 4096)]
	switch {
	case len(data) > MaxFile:
		return fmt.Sprintf("the file has %d bytes; expected at most %d", len(data), MaxFile)
	case len(bytes.TrimSpace(data)) == 0:
		return "the file is empty; " + expectedForms
	case bytes.HasPrefix(head, []byte("Salted__")):
		return "the file is encrypted (OpenSSL, as by the vendor's configuration tool); expected its source"
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte(base64.RawStdEncoding.EncodeToString([]byte("Salted__"))[:10])):
		return "the file is encrypted (OpenSSL, in base64); expected its source"
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}), bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "the file is compressed; expected its content"
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "the file is in UTF-16; expected UTF-8"
	case bytes.HasPrefix(head, []byte{0xa1, 0xb2}), bytes.HasPrefix(head, []byte{0xd4, 0xc3, 0xb2, 0xa1}), bytes.HasPrefix(head, []byte{0x0a, 0x0d, 0x0d, 0x0a}):
		return "the file is a packet capture; " + expectedForms
	case bytes.IndexByte(head, 0) >= 0:
		return "the file is binary, as made by the vendor's tool (cfg and the MAC address); expected its XML or text source"
	}
	return ""
}

// sniff finds out the form of a file by its content.
func (f *file) sniff() form {
	text := bytes.TrimLeft(f.data, " \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("<<")), controls(text) != nil:
		return form{"text", (*file).readText}
	case text[0] == '<':
		if isWebText(text) {
			return form{"text", (*file).readText}
		}
		return form{"XML", (*file).readXML}
	case text[0] == '{', text[0] == '[' && strings.IndexByte("{[\"]", firstOf(text[1:])) >= 0:
		return form{"JSON", (*file).readJSON}
	}
	return f.sniffLines()
}

// isWebText reports whether a page is nothing but text: Snom's form of settings.
func isWebText(text []byte) bool {
	head := lower(string(text[:min(len(text), 256)]))
	return strings.HasPrefix(head, "<pre>") || strings.HasPrefix(head, "<html") && strings.Contains(head, "<pre>")
}

// firstOf returns the first byte that is no blank, 0 for none.
func firstOf(text []byte) byte {
	if text = bytes.TrimLeft(text, " \t\r\n"); len(text) > 0 {
		return text[0]
	}
	return 0
}

// sniffLines distinguishes a profile from a vendor's text by the first line that only
// one of them has.
func (f *file) sniffLines() form {
	text, profile := form{"text", (*file).readText}, form{"profile", (*file).readYAML}
	equals, colons := 0, 0
	for rest := f.data; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		if isProfileLine(line) {
			return profile
		}
		key, _, sep := cutSetting(line)
		switch {
		case sep == 0:
			continue
		case f.setting(key, sep) != nil || isNumber(key) && sep == '=':
			return text
		case sep == '=':
			equals++
		default:
			colons++
		}
	}
	switch {
	case equals > colons:
		return text
	case colons > 0:
		return profile
	}
	f.fail(-1, "unknown kind of file; %s", expectedForms)
	return form{}
}

// cutLine cuts the first line off, without its end.
func cutLine(data []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(data, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), rest
}

// fail adds an error at an offset, -1 for the file as a whole.
func (f *file) fail(offset int, format string, args ...any) {
	f.failLine(f.lineOf(offset), format, args...)
}

func (f *file) failLine(line int, format string, args ...any) {
	if f.bad++; f.bad <= maxFileMessages {
		f.Errors = append(f.Errors, Message{Place{f.name, line}, fmt.Sprintf(format, args...)})
	}
}

// warn adds a warning at an offset, -1 for the file as a whole.
func (f *file) warn(offset int, format string, args ...any) {
	f.warnLine(f.lineOf(offset), format, args...)
}

func (f *file) warnLine(line int, format string, args ...any) {
	if len(f.Warnings) == maxWarnings {
		f.Unsaid++
		return
	}
	f.Warnings = append(f.Warnings, Message{Place{f.name, line}, fmt.Sprintf(format, args...)})
}

// lineOf returns the line of an offset, 0 for -1. Asking in the order of the
// file is fast.
func (f *file) lineOf(offset int) int {
	if offset < 0 {
		return 0
	}
	offset = min(offset, len(f.data))
	if offset < f.at {
		f.at, f.line = 0, 1
	}
	f.line += bytes.Count(f.data[f.at:offset], []byte{'\n'})
	f.at = offset
	return f.line
}

// setting returns the setting of a key, as it stands before sep; nil for none.
func (f *file) setting(key []byte, sep byte) *Setting {
	f.key = f.key[:0]
	if sep == '=' && isNumber(key) && key[0] >= '0' && key[0] <= '9' {
		f.key = append(f.key, 'p')
	}
	f.key = appendKey(f.key, key)
	return f.choose(f.settings[string(f.key)], nil)
}

// choose returns the setting of the vendor whose file it is, by the phone, by
// the file's form, or by what else shows it, nil where nothing does; or else of
// the first vendor whose keys no other vendor uses for something else. It is nil
// if there is none.
func (f *file) choose(settings []*Setting, known *vendor.Vendor) *Setting {
	if len(settings) == 0 {
		return nil
	}
	mac := f.phone
	if mac == "" {
		mac = f.named
	}
	for _, v := range []*vendor.Vendor{vendor.OfText(mac), f.root, known} {
		for _, s := range settings {
			if s.Vendor == v {
				return s
			}
		}
	}
	for _, s := range settings {
		if !s.Vendor.Private {
			return s
		}
	}
	return nil
}

// isNumber reports whether a key is a P-value, with or without the letter.
func isNumber(key []byte) bool {
	if len(key) > 0 && (key[0] == 'P' || key[0] == 'p') {
		key = key[1:]
	}
	for _, c := range key {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(key) > 0 && len(key) < 9
}

// engineSource is said of what is not what phones get.
const engineSource = "this is the source of a template engine (%s); expected what the engine makes of it"

// An engine is what the tags of template engines begin and end with.
type engine struct {
	begin, end string
	name       bool // nothing but a name stands between
	value      bool // what begins so elsewhere than in a URL may be something else
}

var engines = []engine{
	{"{{", "}}", false, false}, {"{%", "%}", false, false}, {"<%", "%>", false, false}, {"{$", "}", false, false},
	{"{if ", "}", false, false}, {"{else", "}", false, false}, {"{/", "}", true, false}, {"{foreach ", "}", false, false},
	{"{literal", "}", false, false}, {"{include ", "}", false, false}, {"{assign ", "}", false, false},
	{"${", "}", false, true}, {"#{", "}", false, true}, {"[%", "%]", false, true}, {"[[", "]]", false, true}, {"<?php", "?>", false, true}, {"<?=", "?>", false, true},
	{"%%", "%%", true, true}, {"@@", "@@", true, true}, {"$(", ")", true, true},
	{"__", "__", true, true}, {"@", "@", true, true}, // in capitals only
}

// maxTag is how long the tag of a template engine is at most.
const maxTag = 200

// tagIn returns the first tag of a template engine in a value, nil for none.
func tagIn(value []byte) []byte {
	tag, _ := firstTag(value, true)
	return tag
}

// firstTag returns the first tag of a template engine and where it stands; nil
// for none.
func firstTag(text []byte, value bool) (tag []byte, at int) {
	for at := 0; at+1 < len(text); at++ {
		switch c, next := text[at], text[at+1]; c {
		case '{':
		case '<', '[', '#', '$', '%', '@', '_':
			if next != '%' && next != '{' && next != '?' && next != '(' && next != c && c != '@' {
				continue
			}
		default:
			continue
		}
		for _, e := range engines {
			if e.value && !value || !bytes.HasPrefix(text[at:], []byte(e.begin)) {
				continue
			}
			rest := text[at+len(e.begin):]
			end := bytes.Index(rest[:min(len(rest), maxTag)], []byte(e.end))
			if end >= 0 && bytes.IndexByte(rest[:end], '\n') < 0 && (!e.name || isName(rest[:end])) &&
				(e.begin != "__" && e.begin != "@" || string(rest[:end]) == strings.ToUpper(string(rest[:end]))) {
				return text[at : at+len(e.begin)+end+len(e.end)], at
			}
		}
	}
	return nil, -1
}

// controls returns the tag that a line begins with and that decides about other
// lines, nil for none.
func controls(line []byte) []byte {
	line = line[:min(len(line), maxTag)]
	switch tag, at := firstTag(line, true); {
	case bytes.HasPrefix(line, []byte("{*")), bytes.HasPrefix(line, []byte("{#")):
		return line[:2]
	case at == 0 && (tag[0] == '{' || tag[0] == '<' || tag[0] == '['):
		return tag
	}
	return nil
}

// isName reports whether text is letters, digits and underscores.
func isName(text []byte) bool {
	for _, c := range text {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if c != '_' && !isDigit(c) {
				return false
			}
		}
	}
	return len(text) > 0
}

// otherFeature begins the values of settings that look like these, of
// notifications with a destination and a message.
const otherFeature = "eventName="

// set binds what a setting holds. The value is as phones see it: unescaped.
func (f *file) set(s *Setting, value []byte, offset int) {
	if value = bytes.TrimSpace(value); len(value) == 0 {
		return
	}
	switch {
	case tagIn(value) != nil:
		f.fail(offset, "%s: "+engineSource, s.Key, tagIn(value))
		return
	case s.Kind == nil:
		f.leave(offset, []byte(s.Key))
		return
	case bytes.HasPrefix(value, []byte(otherFeature)):
		f.warn(offset, "%s holds %q of another feature (Outbound Notification, Destination), which is skipped; expected a URL such as 192.168.1.2/mac=$mac", s.Key, otherFeature)
		return
	case bytes.Contains(value, []byte("&amp;")):
		f.warn(offset, `%s has a literal "&amp;", which phones send as it is; expected "&"`, s.Key)
	}
	if line, again := f.seen[s]; again {
		f.warn(offset, "%s is set again (first in line %d); both are kept", s.Key, line)
	} else {
		f.seen[s] = f.lineOf(offset)
	}
	if f.vendor == nil {
		f.vendor = s.Vendor
	}
	c := f.template(s.Kind, value, s.Vendor)
	if c.err != nil {
		f.warn(offset, "%s is skipped: %v", s.Key, c.err)
		return
	}
	if host, _ := c.template.Server(); strings.ContainsAny(host, "{}<>%@?*|()") || strings.Contains(host, "__") { // of an engine that is not known here
		f.fail(offset, "%s: "+engineSource, s.Key, host)
		return
	}
	for _, odd := range c.odd {
		f.warn(offset, "%s: %s", s.Key, odd)
	}
	f.bind(Binding{Template: c.template, Place: Place{f.name, f.lineOf(offset)}, Setting: s})
}

// bind adds a binding.
func (f *file) bind(b Binding) {
	if len(f.Bindings)-f.first == maxFileBindings {
		if !f.full {
			f.full = true
			f.failLine(b.Place.Line, "the file has too many templates; expected at most %d", maxFileBindings)
		}
		return
	}
	f.Bindings = append(f.Bindings, b)
}

// leave warns of a setting whose event is not known.
func (f *file) leave(offset int, key []byte) {
	f.left = true
	f.warn(offset, "%s is skipped: its event is unknown ('actionurl catalog --vendor NAME' lists known settings)", quoted(key))
}

// unknown looks at a key that is not that of an Action URL. It warns of one that
// keeps phones from sending them, of one that looks like one, and of a value
// that does: a URL with variables of phones.
func (f *file) unknown(key, value []byte, offset int) {
	value = bytes.TrimSpace(value)
	f.key = appendKey(f.key[:0], key)
	if s := f.switches[string(f.key)]; s != nil {
		if !slices.Contains(s.Fine, lower(string(value))) {
			f.warn(offset, "%s is %s: %s", s.Key, quoted(value), s.Text)
		}
		return
	}
	if len(value) == 0 {
		return
	}
	name := string(f.key)
	switch {
	case bytes.HasPrefix(value, []byte(otherFeature)) && isNumber(key):
		if !f.other {
			f.warn(offset, "P%s holds %q of another feature (Outbound Notification, Destination); such settings are skipped", strings.TrimLeft(name, "p"), otherFeature)
		}
		f.other = true
		return
	case isDigits(value):
		return
	}
	for _, v := range vendor.All() {
		if slices.ContainsFunc(v.Others, func(other string) bool {
			begin, any := strings.CutSuffix(other, "*")
			return name == other || any && strings.HasPrefix(name, begin)
		}) {
			return
		}
		for _, slip := range v.Slips {
			if rest, ok := strings.CutPrefix(name, slip); ok && hasPrefixOf(rest, v.Prefixes) {
				f.left = true
				f.warn(offset, "%s is skipped: phones do not know it; expected %s", quoted(key), quoted(key[len(slip):]))
				return
			}
		}
		if !v.Private && slices.ContainsFunc(v.Prefixes, func(p string) bool {
			return strings.HasPrefix(name, p) && (strings.Contains(p, "action") || bytes.IndexByte(value, '/') >= 0)
		}) {
			f.leave(offset, key)
			return
		}
	}
	if variable := variableIn(value); variable != "" && !fetched(name) {
		f.left = true
		f.warn(offset, "%s holds a URL with %s but is not a known Action URL setting; it is skipped (give the URL with -t or in a profile)", quoted(key), variable)
	}
}

func isDigits(s []byte) bool { return len(bytes.Trim(s, "0123456789")) == 0 }

func hasPrefixOf(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// fetched reports whether a key is of something that phones download.
func fetched(key string) bool {
	return slices.ContainsFunc([]string{"prov", "firmware", "book", "directory", "ldap", "server", "upgrade", "config", "xml_browser"},
		func(word string) bool { return strings.Contains(key, word) })
}

// variableIn returns the first variable of phones in a value that is a URL,
// empty for none.
func variableIn(value []byte) string {
	if bytes.IndexByte(value, '$') < 0 || bytes.IndexByte(value, '/') < 0 {
		return ""
	}
	t, err := actionurl.ParseTemplate(actionurl.Unknown, string(value[:min(len(value), 4096)]))
	if err != nil {
		return ""
	}
	for name := range t.Variables() {
		for _, v := range vendor.All() {
			if spelled := v.Spell(name); v.Variable(name) == name && bytes.Contains(value, []byte(spelled)) {
				return spelled
			}
		}
	}
	return ""
}

// quoted renders what a file has: as it is where that is plain, else quoted.
func quoted(s []byte) string {
	for _, c := range s {
		if c <= ' ' || c == '"' || c >= utf8.RuneSelf {
			return strconv.Quote(string(s[:min(len(s), 200)]))
		}
	}
	return string(s[:min(len(s), 200)])
}

// macOfName returns the MAC address in a file's name, empty for none:
// cfg000b82123456.xml, 000b82123456.cfg, snom370-000413123456.htm.
func macOfName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot <= 6 {
		name = name[:dot]
	}
	name = lower(name)
	if mac := actionurl.NormalizeMAC(strings.TrimPrefix(strings.ReplaceAll(name, "_", ":"), "cfg")); mac != "" {
		return asMAC(mac)
	}
	for i := 0; i < len(name); i++ {
		n := 0
		for i+n < len(name) && isHex(name[i+n]) {
			n++
		}
		if n == 12 {
			return asMAC(actionurl.NormalizeMAC(name[i : i+12]))
		}
		i += n
	}
	return ""
}

// asMAC returns mac unless it cannot be that of a phone: group addresses, and
// digits that may be a date (202603021200) unless their vendor is known.
func asMAC(mac string) string {
	group := strings.IndexByte("13579bdf", mac[1]) >= 0
	if group || !strings.ContainsAny(mac, "abcdef") && vendor.OfText(mac) == nil {
		return ""
	}
	return mac
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

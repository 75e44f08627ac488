package profile

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"path"
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
	root    *vendor.Vendor // that the file's form tells
	named   string         // the phone that the file's name tells
	phone   string         // the phone that the file itself tells
	first   int            // of its bindings
	bad     int            // errors
	full    bool           // it has more bindings than are kept

	at, line int              // the line of an offset that was asked for
	seen     map[*Setting]int // lines of settings
	other    bool             // the other feature was met
}

// A form is what kind of file it is.
type form struct {
	name string
	read func(*file)
}

// expectedForms says what files are read.
const expectedForms = "expected a profile (YAML), or a phone's provisioning file (XML, text or JSON)"

// read tells what the file is, and reads it.
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
		f.warn(-1, "the file is of the phone %s, and its name says %s; the phone in it counts", f.phone, f.named)
	}
	if f.sniffed.name != "profile" {
		for i := range f.Bindings[f.first:] {
			f.Bindings[f.first+i].Phone = f.phone
		}
		if len(f.Bindings) == f.first && !f.other {
			f.warn(-1, "no Action URL is set in it")
		}
	}
	f.Files = append(f.Files, File{f.name, f.sniffed.name, f.vendor, f.phone, len(f.Bindings) - f.first})
}

// unreadable says why a file's bytes cannot be read; empty if they can.
func unreadable(data []byte) string {
	head := data[:min(len(data), 4096)]
	switch {
	case len(data) > MaxFile:
		return fmt.Sprintf("the file has %d bytes; expected %d at most", len(data), MaxFile)
	case len(bytes.TrimSpace(data)) == 0:
		return "the file is empty; " + expectedForms
	case bytes.HasPrefix(head, []byte("Salted__")):
		return "the file is encrypted (OpenSSL, as by the vendor's configuration tool); expected the file that it was made from"
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte(base64.RawStdEncoding.EncodeToString([]byte("Salted__"))[:10])):
		return "the file is encrypted (OpenSSL, in base64); expected the file that it was made from"
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}), bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "the file is compressed; expected what is in it"
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "the file is in UTF-16; expected UTF-8"
	case bytes.HasPrefix(head, []byte{0xa1, 0xb2}), bytes.HasPrefix(head, []byte{0xd4, 0xc3, 0xb2, 0xa1}), bytes.HasPrefix(head, []byte{0x0a, 0x0d, 0x0d, 0x0a}):
		return "the file is a packet capture; " + expectedForms
	case bytes.IndexByte(head, 0) >= 0:
		return "the file is binary, as those that the vendor's tool makes (cfg and the MAC address); expected the XML or text that it was made from"
	}
	return ""
}

// sniff tells the form of a file by what stands in it.
func (f *file) sniff() form {
	text := bytes.TrimLeft(f.data, " \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("<<")):
		f.fail(-1, "the file is in Fanvil's text form, which is not read; expected its XML form")
		return form{}
	case text[0] == '<':
		return form{"XML", (*file).readXML}
	case text[0] == '{' && (len(text) < 2 || strings.IndexByte("$*/", text[1]) >= 0 || hasTag(text[:min(len(text), 64)])):
		f.fail(-1, "%s", engineSource)
		return form{}
	case text[0] == '{', text[0] == '[' && strings.IndexByte("{[\"]", firstOf(text[1:])) >= 0:
		return form{"JSON", (*file).readJSON}
	}
	return f.sniffLines()
}

// firstOf returns the first byte that is no blank, 0 for none.
func firstOf(text []byte) byte {
	if text = bytes.TrimLeft(text, " \t\r\n"); len(text) > 0 {
		return text[0]
	}
	return 0
}

// sniffLines tells a profile from a vendor's text by the first line that only
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
	f.fail(-1, "what the file is cannot be told; %s", expectedForms)
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
	f.key = appendLower(f.key, key)
	return f.choose(f.settings[string(f.key)], nil)
}

// choose returns the setting of the vendor whose file it is, by the phone, by
// the file's form, or by what else tells, nil where nothing does; or else of
// the first vendor whose keys no other vendor uses for something else. It is nil
// if there is none.
func (f *file) choose(settings []*Setting, told *vendor.Vendor) *Setting {
	if len(settings) == 0 {
		return nil
	}
	mac := f.phone
	if mac == "" {
		mac = f.named
	}
	for _, v := range []*vendor.Vendor{vendor.OfText(mac), f.root, told} {
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

// engineSource is said of files that are not what phones get.
const engineSource = "the file is the source of a template engine ({$...}, {if ...}); expected what the engine makes of it"

// hasTag reports whether text has a tag of the template engine that
// provisioning systems use.
func hasTag(text []byte) bool {
	for {
		at := bytes.IndexByte(text, '{')
		if at < 0 {
			return false
		}
		text = text[at+1:]
		for _, tag := range []string{"$", "if ", "/if}", "else", "foreach ", "/foreach}", "literal}", "/literal}", "include ", "assign "} {
			if bytes.HasPrefix(text, []byte(tag)) {
				return true
			}
		}
	}
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
	case hasTag(value):
		f.fail(offset, "%s: %s", s.Key, engineSource)
		return
	case bytes.HasPrefix(value, []byte(otherFeature)):
		f.warn(offset, "%s holds %q of another feature (Outbound Notification, Destination), which is left out; expected a URL such as 192.168.1.2/mac=$mac", s.Key, otherFeature)
		return
	case bytes.Contains(value, []byte("&amp;")):
		f.warn(offset, `%s has a literal "&amp;", which phones send as it is; expected "&"`, s.Key)
	}
	if line, again := f.seen[s]; again {
		f.warn(offset, "%s is set again, after line %d; both are kept", s.Key, line)
	} else {
		f.seen[s] = f.lineOf(offset)
	}
	if f.vendor == nil {
		f.vendor = s.Vendor
	}
	c := f.template(s.Kind, value, s.Vendor)
	if c.err != nil {
		f.warn(offset, "%s is left out: %v", s.Key, c.err)
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
			f.failLine(b.Place.Line, "the file has too many templates; expected %d at most", maxFileBindings)
		}
		return
	}
	f.Bindings = append(f.Bindings, b)
}

// unknown warns of a key that looks like one for an Action URL and is none.
func (f *file) unknown(key, value []byte, offset int) {
	if len(bytes.TrimSpace(value)) == 0 {
		return
	}
	f.key = appendLower(f.key[:0], key)
	name := string(f.key)
	number, err := strconv.Atoi(strings.TrimPrefix(name, "p"))
	switch {
	case err == nil && bytes.HasPrefix(value, []byte(otherFeature)):
		if !f.other {
			f.warn(offset, "P%d holds %q of another feature (Outbound Notification, Destination); such settings are left out", number, otherFeature)
		}
		f.other = true
	case err == nil && number >= 8304 && number <= 8332:
		f.warn(offset, "P%d is left out: it is not known which event it is for (actionurl catalog --vendor grandstream lists what is known)", number)
	case strings.HasPrefix(name, "features.action_url."):
		f.warn(offset, "%s is left out: phones do not know it; expected %s", key, key[len("features."):])
	case strings.HasPrefix(name, "action_url."), strings.HasPrefix(name, "action uri "),
		strings.HasPrefix(name, "ons.actionurl."), strings.HasPrefix(name, akuvoxPrefix) && bytes.Contains(value, []byte("/")):
		f.warn(offset, "%s is left out: it is not known which event it is for (actionurl catalog --vendor NAME lists what is known)", quoted(key))
	}
}

const akuvoxPrefix = "config.features.actionurl."

// quoted renders what a file has: as it is where that is plain, else quoted.
func quoted(s []byte) string {
	for _, c := range s {
		if c <= ' ' || c == '"' || c >= utf8.RuneSelf {
			return strconv.Quote(string(s[:min(len(s), 200)]))
		}
	}
	return string(s[:min(len(s), 200)])
}

// macOfName returns the MAC address that a file's name tells, empty for none:
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

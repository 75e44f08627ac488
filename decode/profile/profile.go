// Package profile reads the settings of phones: the Action URL that stands for
// each event in their settings.
//
//  1. The kind of a file is detected from its content: a profile of the program's own
//     (YAML), or a provisioning file of a vendor (XML, text, JSON).
//  2. Its settings are found by the vendors' catalogues of package actionurl.
//  3. Each becomes a [Binding] of a template to a phone, or to any phone. The
//     phone is named in the file, or by the file's name.
//  4. [Ambiguities] finds the templates of two events that one request can
//     match.
//
// It takes names and bytes, and reads no files. What cannot be used is a
// message with its place and what was expected; a file with an error adds
// nothing, and a warning is of something that is used, or left out alone.
//
// # Limits
//
// Source files of template engines, encrypted files and binary ones are reported
// as such, not read. Settings that are set twice are both kept, as vendors do
// not say which counts.
package profile

import (
	"fmt"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
	"actionurl/decode/vendor"
)

// A Profile is what files hold.
type Profile struct {
	Files     []File
	Bindings  []Binding
	Phones    []Name // of MAC addresses
	Servers   []Name // of hosts, or hosts with ports
	Variables []Variable
	Keys      []Key

	Errors   []Message // of files that could not be used
	Warnings []Message
	Unsaid   int // warnings beyond maxWarnings
}

// A File is a file that was used.
type File struct {
	Name     string
	Form     string // "profile", "XML", "text" or "JSON"
	Vendor   *vendor.Vendor
	Phone    string // MAC address, empty for any phone
	Bindings int
}

// A Binding is a template and where it was typed in. Bindings with equal
// templates share one.
type Binding struct {
	Template *actionurl.Template
	Phone    string // MAC address, lower case with colons; empty for any phone
	Place    Place
	Setting  *Setting // nil in a profile
}

// A Setting is a vendor's setting, and the event that it is for.
type Setting struct {
	*vendor.Setting
	Vendor *vendor.Vendor
	Kind   *actionurl.Kind // nil where the event is not known, actionurl.Unknown where it is that of all events
}

// Templates returns the templates, each bound to its phone. Those of all events
// are not among them: what is posted to them says which event it is.
func (p *Profile) Templates() []*actionurl.Template {
	all := make([]*actionurl.Template, 0, len(p.Bindings))
	for i := range p.Bindings {
		t := p.Bindings[i].Template
		if t.Kind == actionurl.Unknown {
			continue
		}
		if phone, ok := packet.ParseMAC(p.Bindings[i].Phone); ok {
			t = t.Bound(phone)
		}
		all = append(all, t)
	}
	return all
}

// A Name is what a phone or a server is called.
type Name struct {
	Of    string
	Name  string
	Place Place
}

// A Variable is one of the user's own.
type Variable struct {
	Name    string // without "$"
	Meaning string
	Place   Place
}

// A Key is a word in URLs that stands for a variable where no template is known.
type Key struct {
	Key      string
	Variable string // without "$"
	Place    Place
}

// A Place is a line of a file.
type Place struct {
	File string
	Line int // 1-based; 0 for the file as a whole
}

func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// A Message is something to be said about a place.
type Message struct {
	Place Place
	Text  string
}

func (m *Message) Error() string { return m.Place.String() + ": " + m.Text }

const (
	// MaxFile is the size of the largest file that is read: a profile of
	// 200,000 templates has about 32 MiB.
	MaxFile = 64 << 20

	// maxFileBindings bounds what a file can grow to: a YAML alias may name the
	// same events for each of its phones. 1,048,576 of 56 bytes, 56 MiB.
	maxFileBindings = 1 << 20

	// maxFileMessages is how many errors of a file are reported.
	maxFileMessages = 20

	// maxWarnings bounds the warnings that are kept: 10,000 of about 200
	// bytes, 2 MiB. The ones beyond are counted.
	maxWarnings = 10_000
)

// A Parser reads files one after the other. The own variables of a profile
// hold for the templates of that file and of those that follow.
type Parser struct {
	Profile

	templates map[string]*compiled      // by slug, a blank and text
	own       map[string]bool           // names of Variables
	settings  map[string][]*Setting     // by normalized key
	switches  map[string]*vendor.Switch // likewise
	key       []byte                    // room for a key of a map
	file      file                      // being read
}

// A compiled is a template, and what is odd about it.
type compiled struct {
	template *actionurl.Template
	err      error
	odd      []string
}

// NewParser returns a Parser.
func NewParser() *Parser {
	p := &Parser{templates: map[string]*compiled{}, settings: map[string][]*Setting{}, switches: map[string]*vendor.Switch{}}
	p.file.seen = map[*Setting]int{}
	for _, v := range vendor.All() {
		for i := range v.Settings {
			s := &Setting{&v.Settings[i], v, actionurl.Lookup(v.Settings[i].Event)}
			if s.Event == vendor.Any {
				s.Kind = actionurl.Unknown
			}
			key := string(appendKey(nil, []byte(s.Key)))
			p.settings[key] = append(p.settings[key], s)
		}
		for i := range v.Switches {
			p.switches[string(appendKey(nil, []byte(v.Switches[i].Key)))] = &v.Switches[i]
		}
	}
	return p
}

// Parse reads a file and reports whether it could be used. The Parser keeps
// nothing of data.
func (p *Parser) Parse(name string, data []byte) bool {
	before := p.Profile
	p.file = file{Parser: p, name: name, data: data, line: 1, seen: p.file.seen}
	clear(p.file.seen)
	p.file.read()
	if len(p.Errors) > len(before.Errors) {
		errors := p.Errors
		p.Profile = before
		p.Errors = errors
		if len(p.own) != len(p.Variables) {
			p.owns()
		}
		return false
	}
	return true
}

// owns learns the own variables. Templates that were read before are as they
// were; those that follow are read anew.
func (p *Parser) owns() {
	p.own = map[string]bool{}
	for _, v := range p.Variables {
		p.own[v.Name] = true
	}
	clear(p.templates)
}

// template returns the template of a text, one for all that are equal.
func (p *Parser) template(k *actionurl.Kind, text []byte, v *vendor.Vendor) *compiled {
	p.key = append(p.key[:0], k.Slug...)
	p.key = append(p.key, ' ')
	if v != nil {
		p.key = append(p.key, v.Name...)
	}
	p.key = append(p.key, ' ')
	p.key = append(p.key, text...)
	if c := p.templates[string(p.key)]; c != nil {
		return c
	}
	c := &compiled{}
	key := string(p.key)
	c.template, c.err = actionurl.ParseTemplateWith(k, key[len(key)-len(text):], p.own)
	if c.err == nil && v != nil {
		c.odd = p.oddities(c.template, v)
	}
	p.templates[key] = c
	return c
}

// oddities says why the vendor's phones may not send what the template is
// meant to be.
func (p *Parser) oddities(t *actionurl.Template, v *vendor.Vendor) (all []string) {
	if most := v.Max(t.Kind.Slug); most > 0 && len(t.Text) > most {
		all = append(all, fmt.Sprintf("the URL has %d bytes; %s phones store at most %d", len(t.Text), v.Label, most))
	}
	if len(v.Variables) == 0 { // its list is not known
		return all
	}
	seen := map[string]bool{}
	if v.Form == vendor.Dollars {
		for _, w := range v.Variables { // the guides print one of them so
			if short := "$$" + w.Name + "$"; strings.Count(t.Text, short) > strings.Count(t.Text, short+"$") {
				seen[w.Name] = true
				all = append(all, fmt.Sprintf("%s phones do not replace %s; expected %s", v.Label, short, v.Spell(w.Name)))
			}
		}
	}
	for name := range t.Variables() {
		if seen[name] || p.own[name] {
			continue
		}
		seen[name] = true
		if v.Knows(name) {
			if spelled := v.Spell(name); !strings.Contains(t.Text, spelled) {
				all = append(all, fmt.Sprintf("%s phones do not replace this spelling of %s; expected %s", v.Label, name, spelled))
			}
			continue
		}
		odd := fmt.Sprintf("%s phones do not replace %s", v.Label, v.Spell(name))
		if instead := v.Instead(name); instead != "" {
			odd += "; expected " + instead
		}
		all = append(all, odd)
	}
	return all
}

// appendKey appends a key without what differs between settings of one event: the
// case of letters, and the numbers of lines and accounts between dots.
func appendKey(to, key []byte) []byte {
	for i := 0; i < len(key); i++ {
		if c := key[i]; c < '0' || c > '9' || i == 0 || key[i-1] != '.' {
			to = appendLower(to, key[i:i+1])
			continue
		}
		end := i
		for end < len(key) && isDigit(key[end]) {
			end++
		}
		if end < len(key) && key[end] == '.' {
			to = append(to, '#')
		} else {
			to = append(to, key[i:end]...)
		}
		i = end - 1
	}
	return to
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// lower returns s with its ASCII letters in lower case.
func lower(s string) string { return string(appendLower(nil, []byte(s))) }

func appendLower(to, s []byte) []byte {
	for _, c := range s {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	return to
}

package profile

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"actionurl/decode/actionurl"
	"actionurl/decode/vendor"
)

// profileKeys are the keys of a profile.
var profileKeys = []string{"events", "phones", "servers", "variables", "keys"}

// yamlError is how the YAML library says where it stumbled.
var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlZeroBased are errors of the library's that count lines from 0.
var yamlZeroBased = regexp.MustCompile(`^did not find expected (',' or|key|'-' indicator|node content|<)`)

// readYAML reads a profile of the program's own.
func (f *file) readYAML() {
	decoder := yaml.NewDecoder(bytes.NewReader(f.data))
	var document yaml.Node
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		f.yamlError(err)
		return
	}
	if document.Kind == 0 || document.Content[0].Tag == "!!null" {
		f.fail(-1, "the profile is empty; expected some of %s", oneOf(profileKeys))
		return
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		f.failLine(second.Line, "a second document begins; expected one")
		return
	} else if !errors.Is(err, io.EOF) {
		f.yamlError(err)
		return
	}
	sections := f.mapping(document.Content[0], "the profile", profileKeys)
	// What templates are made of comes first, wherever it stands.
	f.variables(sections["variables"])
	f.keys(sections["keys"])
	f.events(sections["events"], "")
	f.phones(sections["phones"])
	f.servers(sections["servers"])
}

// yamlError adds an error of the YAML library.
func (f *file) yamlError(err error) {
	text := err.Error()
	match := yamlError.FindStringSubmatch(text)
	line := 0
	if match != nil {
		text = text[len(match[0]):]
		line, _ = strconv.Atoi(match[1])
	}
	if line > 0 && yamlZeroBased.MatchString(text) {
		line++
	}
	f.failLine(line, "%s; expected YAML", text)
}

// oneOf lists words.
func oneOf(words []string) string { return strings.Join(words, ", ") }

// target returns the node that a node stands for.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// mapping returns the values of a mapping with these keys only.
func (f *file) mapping(n *yaml.Node, what string, keys []string) map[string]*yaml.Node {
	values := map[string]*yaml.Node{}
	f.pairs(n, what, func(key, value *yaml.Node) {
		if !slices.Contains(keys, key.Value) {
			f.failLine(key.Line, "unknown key %q; expected some of %s", key.Value, oneOf(keys))
			return
		}
		values[key.Value] = value
	})
	return values
}

// pairs calls each with the pairs of a mapping, or says that it is none. An
// absent value is an empty mapping.
func (f *file) pairs(n *yaml.Node, what string, each func(key, value *yaml.Node)) {
	if n == nil {
		return
	}
	if n = target(n); n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		f.failLine(n.Line, "%s is %s; expected keys with values (key: value)", what, kindOf(n))
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if f.full || f.bad > maxFileMessages {
			return
		}
		key := target(n.Content[i])
		switch line, again := lines[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			f.failLine(key.Line, "a key of %s is %s; expected a word", what, kindOf(key))
		case again:
			f.failLine(key.Line, "key %q is already in line %d; expected it once", key.Value, line)
		default:
			lines[key.Value] = key.Line
			each(key, n.Content[i+1])
		}
	}
}

// kindOf names a node in messages.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Tag == "!!null":
		return "empty"
	}
	return strconv.Quote(n.Value)
}

// text returns the text of a value, empty after having said that it is none.
func (f *file) text(n *yaml.Node, what, example string) string {
	n = target(n)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || strings.TrimSpace(n.Value) == "" {
		f.failLine(n.Line, "%s is %s; expected a text such as %s", what, kindOf(n), example)
		return ""
	}
	return strings.TrimSpace(n.Value)
}

// variables reads the user's own variables: names and what they mean.
func (f *file) variables(n *yaml.Node) {
	f.pairs(n, "variables", func(key, value *yaml.Node) {
		name := strings.TrimPrefix(key.Value, "$")
		if !isVariableName(name) {
			f.failLine(key.Line, "%q is not a name for a variable; expected a letter, then letters, digits, _ or -, such as extension", key.Value)
			return
		}
		if meaning := f.text(value, "the variable "+name, "number shown on the phone"); meaning != "" {
			f.Variables = append(f.Variables, Variable{name, meaning, Place{f.name, key.Line}})
		}
	})
	if n != nil && f.bad == 0 {
		f.owns()
	}
}

// isVariableName reports whether a name may follow a "$".
func isVariableName(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != "" && len(name) <= 64
}

// keys reads the words that stand for variables.
func (f *file) keys(n *yaml.Node) {
	f.pairs(n, "keys", func(key, value *yaml.Node) {
		name := strings.TrimPrefix(f.text(value, "the key "+strconv.Quote(key.Value), "remote"), "$")
		if name == "" {
			return
		}
		known := f.own[name] || vendor.IsVariable(name)
		if !known {
			f.failLine(target(value).Line, "key %q has the value %q; expected a variable (actionurl catalog variables lists them, or one of this file)", key.Value, name)
			return
		}
		f.Keys = append(f.Keys, Key{key.Value, name, Place{f.name, key.Line}})
	})
}

// events reads events, each with a template or a list of them.
func (f *file) events(n *yaml.Node, phone string) {
	lines := map[*actionurl.Kind]int{}
	f.pairs(n, "events", func(key, value *yaml.Node) {
		kind := actionurl.Lookup(key.Value)
		if kind == nil {
			f.failLine(key.Line, "unknown event %q; expected a name such as incoming_call, \"Incoming Call\" or P8310 (actionurl catalog lists them)", key.Value)
			return
		}
		if line, again := lines[kind]; again {
			f.failLine(key.Line, "%q is the same event as in line %d; expected one list of templates", key.Value, line)
			return
		}
		lines[kind] = key.Line
		if value = target(value); value.Kind != yaml.SequenceNode {
			f.typed(kind, value, phone)
			return
		}
		for _, v := range value.Content {
			if f.full || f.bad > maxFileMessages {
				return
			}
			f.typed(kind, v, phone)
		}
	})
}

// typed binds a template.
func (f *file) typed(kind *actionurl.Kind, n *yaml.Node, phone string) {
	text := f.text(n, "the template of "+kind.Slug, "192.168.1.2/mac=$mac")
	if text == "" {
		return
	}
	c := f.template(kind, []byte(text), nil)
	line := target(n).Line
	if c.err != nil {
		f.failLine(line, "%v", c.err)
		return
	}
	f.bind(Binding{Template: c.template, Phone: phone, Place: Place{f.name, line}})
}

// phones reads what is said of single phones: a name, or a name and events.
func (f *file) phones(n *yaml.Node) {
	lines := map[string]int{}
	f.pairs(n, "phones", func(key, value *yaml.Node) {
		mac := actionurl.NormalizeMAC(key.Value)
		line, again := lines[mac]
		switch {
		case mac == "":
			f.failLine(key.Line, "%q is not a MAC address; expected one such as 00:0b:82:12:34:56", key.Value)
			return
		case again:
			f.failLine(key.Line, "phone %q is already in line %d; expected it once", key.Value, line)
			return
		}
		lines[mac] = key.Line
		if value = target(value); value.Kind == yaml.ScalarNode {
			if name := f.text(value, "the phone "+mac, "Reception"); name != "" {
				f.Phones = append(f.Phones, Name{mac, name, Place{f.name, key.Line}})
			}
			return
		}
		parts := f.mapping(value, "the phone "+mac, []string{"name", "events"})
		if parts["name"] != nil {
			if name := f.text(parts["name"], "the name of "+mac, "Reception"); name != "" {
				f.Phones = append(f.Phones, Name{mac, name, Place{f.name, key.Line}})
			}
		}
		f.events(parts["events"], mac)
	})
}

// servers reads the names of servers.
func (f *file) servers(n *yaml.Node) {
	f.pairs(n, "servers", func(key, value *yaml.Node) {
		if !isServer(key.Value) {
			f.failLine(key.Line, "%q is not a server; expected a host or a host with a port, such as 192.168.1.2 or crm.example:8080", key.Value)
			return
		}
		if name := f.text(value, "the server "+key.Value, "CRM"); name != "" {
			f.Servers = append(f.Servers, Name{strings.ToLower(key.Value), name, Place{f.name, key.Line}})
		}
	})
}

// isServer reports whether s is a host, or a host with a port.
func isServer(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if host, port, err := net.SplitHostPort(s); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return false
		}
		s = host
	}
	return s != "" && (!strings.ContainsAny(s, " /?=&$@:") || strings.Count(s, ":") > 1 && netipValid(s))
}

func netipValid(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

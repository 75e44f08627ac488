package actionurl

import (
	"fmt"
	"iter"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"actionurl/decode/packet"
	"actionurl/decode/vendor"
)

// A Template is an Action URL as it is typed into a phone, for one event. It
// is the inverse of what the phone does: literal text and variables in turn.
type Template struct {
	Kind *Kind
	Text string // as typed

	Phone packet.MAC // that it was typed into; zero for any phone

	post  bool   // it is posted
	body  []part // of what is posted; nil for anything
	host  string // lower case; empty where any server is meant
	port  uint16 // 0 for any
	parts []part // of what follows the server
}

// A part is literal text or a variable.
type part struct {
	text     string
	variable bool
}

// ParseTemplate reads a template: a URL with or without "http://", or only
// its path. "POST " before it, and what is posted after it and a space, are of
// phones that post.
func ParseTemplate(kind *Kind, text string) (*Template, error) {
	return ParseTemplateWith(kind, text, nil)
}

// ParseTemplateWith reads a template in which these names are variables, too.
func ParseTemplateWith(kind *Kind, text string, own map[string]bool) (*Template, error) {
	t := &Template{Kind: kind, Text: text}
	rest := strings.TrimSpace(text)
	rest = strings.TrimPrefix(rest, "GET ")
	if url, ok := strings.CutPrefix(rest, "POST "); ok {
		url, body, _ := strings.Cut(strings.TrimSpace(url), " ")
		t.post, rest = true, url
		if body = strings.TrimSpace(body); body != "" {
			t.body = split(body, own)
		}
	}
	if rest == "" {
		return nil, fmt.Errorf("the template for %s is empty; expected a URL such as 192.168.1.2/mac=$mac", kind.Slug)
	}
	t.port = 80
	if scheme, after, ok := strings.Cut(rest, "://"); ok && !strings.ContainsAny(scheme, "/?$") {
		switch strings.ToLower(scheme) {
		case "http":
		case "https":
			t.port = 0 // it can be seen only behind what ends TLS, on a port of its own
		default:
			return nil, fmt.Errorf("the template %q has the scheme %q; expected http or https", text, scheme)
		}
		rest = after
	}
	authority := rest
	rest = "/"
	if end := strings.IndexAny(authority, "/?"); end >= 0 {
		authority, rest = authority[:end], authority[end:]
	}
	if err := t.server(authority); err != nil {
		return nil, err
	}
	if rest[0] == '?' {
		rest = "/" + rest
	}
	t.parts = split(rest, own)
	return t, nil
}

// server reads the part before the path.
func (t *Template) server(authority string) error {
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:]
	}
	if strings.ContainsAny(authority, " \t=&") {
		return fmt.Errorf("the template %q has no server; expected a URL such as 192.168.1.2/mac=$mac, or a path that begins with /", t.Text)
	}
	if authority == "" || strings.Contains(authority, "$") {
		t.port = 0
		return nil
	}
	t.host = strings.ToLower(authority)
	if host, port, err := net.SplitHostPort(t.host); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("the template %q has the port %q; expected a number from 1 to 65535", t.Text, port)
		}
		t.host, t.port = host, uint16(n)
	}
	t.host = strings.Trim(t.host, "[]")
	return nil
}

// Server returns the host that the template names, in lower case, and its port;
// empty where any server is meant, and 0 for any port.
func (t *Template) Server() (host string, port uint16) { return t.host, t.port }

// Secure reports whether phones send it by TLS.
func (t *Template) Secure() bool {
	scheme, _, ok := strings.Cut(strings.TrimSpace(t.Text), "://")
	return ok && strings.EqualFold(scheme, "https")
}

// same reports whether two templates match the same requests with the same
// outcome.
func (t *Template) same(o *Template) bool {
	return t.Kind == o.Kind && t.host == o.host && t.port == o.port && slices.Equal(t.parts, o.parts) &&
		t.post == o.post && slices.Equal(t.body, o.body)
}

// A recipient is the server that got a request: by its address, and by the name
// that the phone called it.
type recipient struct {
	server netip.AddrPort
	name   string // lower case; empty if the port is not a number
	port   uint16
	named  bool // the request has a name
}

// recipientOf returns the recipient of a request by what it calls the server.
func recipientOf(server netip.AddrPort, authority string) recipient {
	r := recipient{server: server, name: strings.ToLower(authority), port: 80, named: authority != ""}
	if strings.IndexByte(r.name, ':') < 0 { // as of most: a failure to split allocates
		return r
	}
	if host, port, err := net.SplitHostPort(r.name); err == nil {
		r.name = host
		if port != "" {
			n, err := strconv.ParseUint(port, 10, 16)
			if err != nil {
				r.name = ""
			}
			r.port = uint16(n)
		}
	}
	r.name = strings.Trim(r.name, "[]")
	return r
}

// at reports whether the template's server is the one that got the request.
func (t *Template) at(r *recipient) bool {
	if t.host == "" {
		return true
	}
	addr, err := netip.ParseAddr(t.host)
	if err == nil && addr == r.server.Addr() && (t.port == 0 || t.port == r.server.Port()) {
		return true
	}
	if !r.named { // HTTP/1.0 names no server: nothing contradicts
		return err != nil && (t.port == 0 || t.port == r.server.Port())
	}
	return r.name == t.host && (t.port == 0 || t.port == r.port)
}

// Bound returns the template as one that was typed into the phone with this
// MAC address.
func (t *Template) Bound(phone packet.MAC) *Template {
	bound := *t
	bound.Phone = phone
	return &bound
}

// Variables yields the names of the variables in order, each as often as it
// stands there.
func (t *Template) Variables() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, parts := range [][]part{t.parts, t.body} {
			for _, p := range parts {
				if p.variable && !yield(p.text) {
					return
				}
			}
		}
	}
}

// split cuts text into literals and variables.
func split(text string, own map[string]bool) []part {
	var room [32]part // templates are kept by the hundred thousand: no spare capacity
	parts := room[:0]
	literal := 0
	for i := 0; i < len(text); {
		if text[i] != '$' {
			i++
			continue
		}
		name, length := variableAt(text[i:])
		if n := ownAt(text[i:], own); n > length {
			name, length = text[i+1:i+n], n
		}
		if length == 0 {
			i++
			continue
		}
		if literal < i {
			parts = append(parts, part{text: text[literal:i]})
		}
		parts = append(parts, part{text: name, variable: true})
		i += length
		literal = i
	}
	if literal < len(text) {
		parts = append(parts, part{text: text[literal:]})
	}
	return slices.Clone(parts)
}

// ownAt returns the length of the longest of the user's own variables that
// text begins with, with its "$"; 0 for none.
func ownAt(text string, own map[string]bool) int {
	longest := 0
	for name := range own {
		if len(name) >= longest && strings.HasPrefix(text[1:], name) {
			longest = len(name) + 1
		}
	}
	return longest
}

// variableAt returns the name of the variable that text begins with and how
// long it is with what marks it, 0 for none. The longest name that phones know
// wins: $display_local is no $display. A name that none knows is taken as far
// as it may go, with the index or argument that some phones' settings have
// ($user_uid[1], $sip_header(From)).
func variableAt(text string) (name string, length int) {
	if len(text) < 2 || text[0] != '$' {
		return "", 0
	}
	if text[1] == '{' { // ${NAME}, of Grandstream's door phones
		n := identifier(text[2:])
		if name = text[2 : 2+n]; n > 0 && strings.HasPrefix(text[2+n:], "}") && name == strings.ToUpper(name) {
			return name, n + 3
		}
		return "", 0
	}
	if text[1] == '$' { // $$NAME$$, of Mitel phones, always in capitals
		n := identifier(text[2:])
		name, rest := text[2:2+n], text[2+n:]
		if n > 0 && name == strings.ToUpper(name) && strings.HasPrefix(rest, "$$") {
			return name, n + 4
		}
		return "", 0
	}
	n := identifier(text[1:])
	if n == 0 {
		return "", 0
	}
	end := 1 + n
	if strings.HasPrefix(text[end:], "-id") && vendor.IsVariable(text[1:end]+"-id") {
		return text[1 : end+3], end + 3
	}
	for known := end; known > 1; known-- {
		if vendor.IsVariable(text[1:known]) {
			return text[1:known], known
		}
	}
	for _, pair := range []string{"[]", "()"} {
		if end < len(text) && text[end] == pair[0] {
			if n := strings.IndexByte(text[end:], pair[1]); n > 0 {
				end += n + 1
			}
		}
	}
	return text[1:end], end
}

// identifier returns the length of the name that text begins with.
func identifier(text string) int {
	n := 0
	for n < len(text) {
		c := text[n]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (n == 0 || c < '0' || c > '9') {
			break
		}
		n++
	}
	return n
}

// literals returns how many bytes of the template are literal.
func (t *Template) literals() int {
	n := 0
	for _, parts := range [][]part{t.parts, t.body} {
		for _, p := range parts {
			if !p.variable {
				n += len(p.text)
			}
		}
	}
	return n
}

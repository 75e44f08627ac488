package actionurl

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/vendor"
)

// byBody fills e from what a POST holds, and reports whether it is a
// notification of a phone: it has the sender's own MAC or IP address, or it names
// an event or has something of a call and is of a phone, by who sent it or a MAC
// address in it. What only a vendor's phones post needs nothing else.
func (d *Decoder) byBody(e *Event, x *httpwire.Exchange, path string, from *phone.Sender) bool {
	if from.Agent().Browser || len(x.Body) == 0 {
		return false
	}
	s := sendingOf(x, from)
	resource, _ := e.pairs(path, d.config.Keys)
	e.names(resource, s.vendor)
	inURL := len(e.Candidates)
	first := len(e.Vars)
	poster := e.read(x, d.config.Keys)
	if poster != nil {
		s.vendor = poster
	}
	own, ofPhone, calls := false, false, 0
	for i := range e.Vars {
		v := &e.Vars[i]
		own = own || s.has(v.Value)
		if v.Fits && weights[v.Means] >= generic {
			calls++
		}
		if v.Means == vendor.MAC && !ofPhone {
			mac, _ := packet.ParseMAC(v.Value)
			maker := vendor.Of(mac)
			if ofPhone = maker != nil && !maker.Silent; ofPhone && s.vendor == nil {
				s.vendor = maker
			}
		}
	}
	if poster == nil || len(e.Candidates) == 0 {
		e.valued(e.Vars[first:], s.vendor)
	}
	named := len(e.Candidates) > 0
	if by := ByBody; inURL > 0 {
		e.settle(ByName)
	} else {
		e.settle(by)
	}
	return poster != nil || own || (s.phone() || ofPhone) && (named || calls > 0)
}

// read adds what a body holds to e: the pairs of a form, the values of JSON, or
// the elements and attributes of XML, each by its own name. It returns the vendor
// whose phones alone post such a body, nil for none.
func (e *Event) read(x *httpwire.Exchange, keys map[string]string) *vendor.Vendor {
	body := string(x.Body)
	if !utf8.ValidString(body) { // Latin-1, as phones of old have it
		runes := make([]rune, 0, len(body))
		for _, c := range x.Body {
			runes = append(runes, rune(c))
		}
		body = string(runes)
	}
	body = strings.TrimSpace(strings.TrimPrefix(body, "\ufeff"))
	if hasFold(body, "%3c") { // CyberData: all of the XML as if it were a value
		body = Unescape(strings.ReplaceAll(body, "+", " "))
	}
	r := bodyReader{event: e, keys: keys}
	switch {
	case body == "":
	case body[0] == '<':
		r.xml(body)
	case body[0] == '{' || body[0] == '[':
		r.json(body)
	case !strings.Contains(strings.ToLower(x.ContentType), "multipart"):
		r.form(body)
	}
	return r.poster
}

// posted leaves those matches whose body is that of a request.
func posted(matches []match, x *httpwire.Exchange) []match {
	body := strings.TrimSpace(string(x.Body))
	kept := matches[:0]
	for _, m := range matches {
		ok := len(m.template.body) == 0
		if !ok {
			m.posted, ok = fill(m.template.body, body)
		}
		if ok {
			kept = append(kept, m)
		}
	}
	return kept
}

// fill finds the values that variables have where a text is made of the parts,
// the shortest first; ok is false where it is not.
func fill(parts []part, text string) (values []string, ok bool) {
	for i := 0; i < len(parts); i++ {
		p := parts[i]
		switch {
		case !p.variable:
			if text, ok = strings.CutPrefix(text, p.text); !ok {
				return nil, false
			}
		case i == len(parts)-1:
			return append(values, text), true
		case parts[i+1].variable:
			values = append(values, "")
		default:
			next := parts[i+1].text
			at := strings.Index(text, next)
			if i+2 == len(parts) { // the text ends with it
				if at = len(text) - len(next); at < 0 || text[at:] != next {
					return nil, false
				}
			}
			if at < 0 {
				return nil, false
			}
			values, text = append(values, text[:at]), text[at:]
		}
	}
	return values, text == ""
}

// hasFold reports whether s begins with a prefix, whatever the case of letters.
func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// A bodyReader adds the values of a body to an event.
type bodyReader struct {
	event  *Event
	keys   map[string]string // of the user
	poster *vendor.Vendor    // whose phones alone post it; nil if not known
}

// put adds a value under a name. There are at most maxVars.
func (r *bodyReader) put(name, value string) {
	if len(r.event.Vars) >= maxVars || name == "" {
		return
	}
	if variable := r.keys[name]; variable != "" {
		name = variable
	}
	r.event.put(name, strings.TrimSpace(value))
}

// once is put, unless the name has a value: what comes first is what the
// notification is about.
func (r *bodyReader) once(name, value string) {
	if !slices.ContainsFunc(r.event.Vars, func(v Var) bool { return v.Name == name }) {
		r.put(name, value)
	}
}

// form reads key=value&key=value. A raw plus sign stays what it is, as in URLs.
func (r *bodyReader) form(body string) {
	for rest := body; rest != "" && strings.IndexByte(rest, '=') >= 0; {
		var pair string
		pair, rest = CutPair(rest, false)
		key, value, _ := strings.Cut(pair, "=")
		r.put(strings.TrimSpace(Unescape(key)), Unescape(value))
	}
}

// json reads the values of objects, at any depth. What cannot be read ends it.
func (r *bodyReader) json(body string) {
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var open []byte // the brackets that are open
	key, isKey := "", false
	for {
		token, err := d.Token()
		if err != nil {
			return
		}
		inObject := len(open) > 0 && open[len(open)-1] == '{'
		if delim, ok := token.(json.Delim); ok {
			switch delim {
			case '{', '[':
				open = append(open, byte(delim))
			default:
				open = open[:len(open)-1]
			}
			isKey = len(open) > 0 && open[len(open)-1] == '{'
			continue
		}
		if inObject && isKey {
			key, _ = token.(string)
			isKey = false
			continue
		}
		isKey = inObject
		switch v := token.(type) {
		case string:
			r.put(key, v)
		case json.Number:
			r.put(key, v.String())
		case bool:
			if v {
				r.put(key, "true")
			} else {
				r.put(key, "false")
			}
		}
	}
}

// xml reads the texts of elements and the values of attributes. What cannot be
// read ends it.
func (r *bodyReader) xml(body string) {
	d := xml.NewDecoder(strings.NewReader(body))
	d.Strict = false
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 already
	element, text := "", ""
	root := true
	for {
		token, err := d.RawToken()
		if err != nil {
			return
		}
		switch t := token.(type) {
		case xml.StartElement:
			element, text = t.Name.Local, ""
			v := vendor.Posting(element)
			if r.poster == nil {
				r.poster = v
			}
			if root && strings.EqualFold(element, "Envelope") {
				return // SOAP: of what manages phones
			}
			root = false
			if r.poster != nil && len(r.event.Candidates) == 0 { // an element may be the name of an event
				r.event.nameOf(r.poster.EventOf(element))
			}
			for _, a := range t.Attr {
				r.once(a.Name.Local, a.Value)
			}
		case xml.CharData:
			text += string(t)
		case xml.EndElement:
			if text = strings.TrimSpace(text); element == t.Name.Local && text != "" {
				r.once(element, text)
			}
			element = ""
		}
	}
}

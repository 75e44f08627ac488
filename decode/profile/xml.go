package profile

import (
	"bytes"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"actionurl/decode/actionurl"
	"actionurl/decode/vendor"
)

// maxDepth bounds the elements that are open at a time. Provisioning files
// have five.
const maxDepth = 100

// An element is one that is open.
type element struct {
	name    []byte
	offset  int
	setting *Setting // that it holds, nil for none
	key     []byte   // the name of that setting or of one that is not known, nil where it does not matter
	item    []byte   // of an item, its name
	mac     bool
	text    []byte
}

// An xmlReader reads the elements of a file. It does not build a tree, and
// takes the text of those elements only that matter.
type xmlReader struct {
	*file
	data []byte
	at   int
	open []element
	root []byte

	object, param []byte // of Poly's OBi edition: what the innermost <N> hold
	broken        bool   // it is no XML from here on
}

// fail adds an error after which nothing can be read.
func (r *xmlReader) fail(offset int, format string, args ...any) {
	r.broken = true
	r.file.fail(offset, format, args...)
}

// readXML reads settings that are elements.
func (f *file) readXML() {
	r := &xmlReader{file: f, data: f.data}
	if tag, at := firstTag(f.data, false); tag != nil {
		defer func() {
			if f.bad == 0 {
				f.warn(at, tagsIgnored, tag)
			}
		}()
	}
	for r.at < len(r.data) && !r.broken {
		next := bytes.IndexByte(r.data[r.at:], '<')
		if next < 0 {
			next = len(r.data) - r.at
		}
		r.chars(r.data[r.at:r.at+next], false)
		r.at += next
		if r.at < len(r.data) {
			r.markup()
		}
	}
	switch {
	case f.bad > 0:
	case len(r.open) > 0:
		e := r.open[len(r.open)-1]
		f.fail(len(r.data), "the file ends before </%s> (opened in line %d)", e.name, f.lineOf(e.offset))
	case r.root == nil:
		f.fail(-1, "the file has no element; %s", expectedForms)
	case len(f.Bindings) == f.first && !f.other && !f.left && !isRoot(r.root):
		f.fail(r.rootOffset(), "the element %s is not the root of a known provisioning file; expected gs_provision, hl_provision, settings or the like", quoted(r.root))
	}
}

func (r *xmlReader) rootOffset() int { return bytes.Index(r.data, append([]byte{'<'}, r.root...)) }

// isRoot reports whether phones' settings are in an element of that name.
func isRoot(name []byte) bool {
	switch lower(string(name)) {
	case "settings", "provision", "config", "cti":
		return true
	}
	return byRoot(name) != nil
}

// markup reads what begins with "<".
func (r *xmlReader) markup() {
	rest := r.data[r.at:]
	switch {
	case bytes.HasPrefix(rest, []byte("<%")): // of a template engine
		start := r.at
		if r.skip("%>", "tag") {
			r.chars(r.data[start:r.at], true)
		}
	case bytes.HasPrefix(rest, []byte("<!--")):
		r.skip("-->", "comment")
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		start := r.at + len("<![CDATA[")
		if r.skip("]]>", "CDATA section") {
			r.chars(r.data[start:r.at-len("]]>")], true)
		}
	case bytes.HasPrefix(rest, []byte("<?")):
		r.skip("?>", "instruction")
	case bytes.HasPrefix(rest, []byte("<!")):
		end := ">"
		if open, gt := bytes.IndexByte(rest, '['), bytes.IndexByte(rest, '>'); open >= 0 && open < gt {
			end = "]>"
		}
		r.skip(end, "declaration")
	case bytes.HasPrefix(rest, []byte("</")):
		r.endTag()
	default:
		r.startTag()
	}
}

// skip moves behind end.
func (r *xmlReader) skip(end, what string) bool {
	n := bytes.Index(r.data[r.at:], []byte(end))
	if n < 0 {
		r.fail(r.at, "the %s does not end; expected %s", what, end)
		r.at = len(r.data)
		return false
	}
	r.at += n + len(end)
	return true
}

// chars takes text of the innermost element.
func (r *xmlReader) chars(text []byte, literal bool) {
	if len(r.open) == 0 {
		if len(bytes.TrimSpace(text)) > 0 {
			r.fail(r.at, "text outside of the elements; expected an element such as <gs_provision>")
		}
		return
	}
	e := &r.open[len(r.open)-1]
	if e.key == nil && bytes.IndexByte(text, '$') >= 0 {
		e.key = e.name // it may be a URL with variables
	}
	if e.key == nil && !e.mac || len(text) == 0 {
		return
	}
	if !literal {
		text = r.unescape(text)
	}
	if e.text == nil {
		e.text = text
	} else {
		e.text = slices.Concat(e.text, text)
	}
}

// unescape resolves entities. A "&" that begins none is what people forget to
// escape; it stays.
func (r *xmlReader) unescape(text []byte) []byte {
	if bytes.IndexByte(text, '&') < 0 {
		return text
	}
	bare := false
	out := make([]byte, 0, len(text))
	for {
		at := bytes.IndexByte(text, '&')
		if at < 0 {
			break
		}
		out, text = append(out, text[:at]...), text[at+1:]
		c, length := entity(text)
		if length == 0 {
			bare = true
			out = append(out, '&')
			continue
		}
		out, text = utf8.AppendRune(out, c), text[length:]
	}
	if bare && r.open[len(r.open)-1].setting != nil {
		r.warn(r.at, `unescaped "&", which phones may refuse; expected "&amp;"`)
	}
	return append(out, text...)
}

// entity returns the character of the entity whose "&" is before text, and the
// entity's length with its ";"; 0 for none.
func entity(text []byte) (c rune, length int) {
	end := bytes.IndexByte(text[:min(len(text), 10)], ';')
	if end < 1 {
		return 0, 0
	}
	switch name := string(text[:end]); name {
	case "amp":
		return '&', end + 1
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	default:
		digits, base := name[1:], 10
		if strings.HasPrefix(name, "#x") {
			digits, base = name[2:], 16
		}
		n, err := strconv.ParseUint(digits, base, 21)
		if name[0] != '#' || err != nil || n == 0 {
			return 0, 0
		}
		return rune(n), end + 1
	}
}

// endTag reads </name>.
func (r *xmlReader) endTag() {
	start := r.at
	end := bytes.IndexByte(r.data[start:], '>')
	if end < 0 {
		r.fail(start, "the tag does not end; expected >")
		return
	}
	name := bytes.TrimSpace(r.data[start+2 : start+end])
	r.at = start + end + 1
	if len(r.open) == 0 {
		r.fail(start, "</%s> closes nothing", quoted(name))
		return
	}
	if e := &r.open[len(r.open)-1]; !bytes.Equal(e.name, name) {
		r.fail(start, "found </%s>, expected </%s> (opened in line %d)", quoted(name), quoted(e.name), r.lineOf(e.offset))
		return
	}
	r.close()
}

// startTag reads <name attributes> or <name attributes/>.
func (r *xmlReader) startTag() {
	start := r.at
	end := start + 1
	for end < len(r.data) && r.data[end] != '>' {
		if q := r.data[end]; q == '"' || q == '\'' {
			n := bytes.IndexByte(r.data[end+1:], q)
			if n < 0 {
				break
			}
			end += n + 1
		}
		end++
	}
	if end >= len(r.data) || r.data[end] != '>' {
		r.fail(start, "the tag does not end; expected >")
		return
	}
	tag := r.data[start+1 : end]
	r.at = end + 1
	closed := bytes.HasSuffix(tag, []byte("/"))
	tag = bytes.TrimSuffix(tag, []byte("/"))
	name, attributes := tag, []byte(nil)
	if blank := bytes.IndexAny(tag, " \t\r\n"); blank >= 0 {
		name, attributes = tag[:blank], tag[blank:]
	}
	switch {
	case len(name) == 0 || !isNameStart(name[0]):
		r.fail(start, `"<" does not begin an element; expected a name after it, or "&lt;"`)
		return
	case len(r.open) == maxDepth:
		r.fail(start, "elements are nested too deep; expected %d levels at most", maxDepth)
		return
	case len(r.open) == 0 && r.root != nil:
		r.fail(start, "a second root element after <%s>; expected one", quoted(r.root))
		return
	case r.root == nil:
		r.root = name
		r.file.root = byRoot(name)
	}
	r.open = append(r.open, r.element(name, attributes, start))
	r.attributes(attributes, start)
	if closed {
		r.close()
	}
}

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

// element returns what an element is for.
func (r *xmlReader) element(name, attributes []byte, offset int) element {
	e := element{name: name, offset: offset}
	switch {
	case len(name) > 1 && name[0] == 'P' && isNumber(name):
		e.key = name
		e.setting = r.choose(r.settings[lower(string(name))], byAttribute(attributes))
	case string(name) == "item":
		e.item = attribute(attributes, "name")
		e.key = e.item
		e.setting = r.setting(e.item, '.')
	case string(name) == "part":
		if n := len(r.open); n > 0 && r.open[n-1].item != nil {
			e.key = slices.Concat(r.open[n-1].item, []byte{'.'}, attribute(attributes, "name"))
			e.setting = r.setting(e.key, '.')
		}
	case len(name) == 3 && strings.EqualFold(string(name), "mac"):
		e.mac = len(r.open) <= 2
	case string(name) == "N", string(name) == "V", string(name) == "Item":
		e.key = name
	default:
		e.setting, e.key = r.nested(name)
	}
	return e
}

// nested returns the setting whose key is the name of an element, or that with
// the name of one around it before (cti.HoldOnUrl), and the key of a setting that
// may be one; nil for none.
func (r *xmlReader) nested(name []byte) (*Setting, []byte) {
	if s := r.setting(name, '.'); s != nil {
		return s, name
	}
	for i := len(r.open) - 1; i >= 0; i-- {
		key := slices.Concat(r.open[i].name, []byte{'.'}, name)
		if s := r.setting(key, '.'); s != nil || r.looks(key) {
			return s, key
		}
	}
	if r.looks(name) {
		return nil, name
	}
	return nil, nil
}

// looks reports whether a key that is not known begins as those of Action URLs,
// or is that of a switch.
func (r *xmlReader) looks(key []byte) bool {
	r.key = appendKey(r.key[:0], key)
	return r.switches[string(r.key)] != nil || slices.ContainsFunc(vendor.All(), func(v *vendor.Vendor) bool { return hasPrefixOf(string(r.key), v.Prefixes) })
}

// byRoot returns the vendor whose files the element begins, nil for none.
func byRoot(name []byte) *vendor.Vendor {
	for _, v := range vendor.All() {
		if slices.Contains(v.Roots, lower(string(name))) {
			return v
		}
	}
	return nil
}

// byAttribute returns the vendor whose settings have one of the attributes, nil for none.
func byAttribute(attributes []byte) *vendor.Vendor {
	for _, v := range vendor.All() {
		if v.Attr != "" && bytes.Contains(attributes, []byte(v.Attr+"=")) {
			return v
		}
	}
	return nil
}

// attribute returns the value of an attribute.
func attribute(attributes []byte, name string) []byte {
	for key, value := range pairs(attributes) {
		if string(key) == name {
			return value
		}
	}
	return nil
}

// pairs yields the names of attributes and their values.
func pairs(attributes []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for rest := attributes; ; {
			key, after, ok := bytes.Cut(rest, []byte{'='})
			after = bytes.TrimLeft(after, " \t\r\n")
			if !ok || len(after) == 0 || after[0] != '"' && after[0] != '\'' {
				return
			}
			end := bytes.IndexByte(after[1:], after[0])
			if end < 0 || !yield(bytes.TrimSpace(key), after[1:1+end]) {
				return
			}
			rest = after[end+2:]
		}
	}
}

// attributes takes the settings that are attributes, as Poly has them: their
// names have dots.
func (r *xmlReader) attributes(all []byte, offset int) {
	if bytes.IndexByte(all, '.') < 0 && bytes.IndexByte(all, '$') < 0 {
		return
	}
	for key, value := range pairs(all) {
		if bytes.IndexByte(key, '.') > 0 || bytes.IndexByte(value, '$') >= 0 {
			r.pair(key, r.unescape(value), offset)
		}
	}
}

// pair takes a key and its value.
func (r *xmlReader) pair(key, value []byte, offset int) {
	if s := r.setting(key, '.'); s != nil {
		r.set(s, value, offset)
	} else {
		r.unknown(key, value, offset)
	}
}

// close takes what the innermost element holds.
func (r *xmlReader) close() {
	e := r.open[len(r.open)-1]
	r.open = r.open[:len(r.open)-1]
	switch {
	case e.mac:
		r.macElement(&e)
	case e.setting != nil:
		r.set(e.setting, e.text, e.offset)
	case string(e.name) == "N":
		if n := len(r.open); n > 0 && string(r.open[n-1].name) == "O" {
			r.object = e.text
		} else {
			r.param = e.text
		}
	case string(e.name) == "V":
		r.pair(slices.Concat(r.object, r.param), e.text, e.offset)
	case string(e.name) == "Item":
		if key, value, sep := cutSetting(e.text); sep != 0 {
			r.pair(key, value, e.offset)
		}
	case e.key != nil:
		r.unknown(e.key, e.text, e.offset)
	}
}

// macElement takes the phone that the file is for.
func (r *xmlReader) macElement(e *element) {
	text := strings.TrimSpace(string(e.text))
	switch mac := actionurl.NormalizeMAC(text); {
	case text == "" || tagIn(e.text) != nil:
	case mac == "":
		r.warn(e.offset, "the mac element holds %q; expected a MAC address such as 000b82123456", text[:min(len(text), 100)])
	default:
		r.phone = mac
	}
}

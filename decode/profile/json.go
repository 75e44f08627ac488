package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"actionurl/decode/actionurl"
)

// readJSON reads what the phones' web pages give out: objects with an alias, a
// P-value's number or both, and a value, or keys with values, wherever in the
// file they stand.
func (f *file) readJSON() {
	if !json.Valid(f.data) {
		var any json.RawMessage
		var syntax *json.SyntaxError
		if err := json.Unmarshal(f.data, &any); errors.As(err, &syntax) {
			f.fail(int(syntax.Offset)-1, "%v; expected JSON", syntax)
		} else {
			f.fail(-1, "%v; expected JSON", err)
		}
		return
	}
	r := jsonReader{file: f, data: f.data}
	r.value()
}

// A jsonReader reads valid JSON.
type jsonReader struct {
	*file
	data []byte
	at   int
}

// value reads a value and returns it as it stands there.
func (r *jsonReader) value() []byte {
	r.blanks()
	start := r.at
	switch r.data[r.at] {
	case '{':
		r.object()
	case '[':
		r.at++
		for r.more(']') {
			r.value()
		}
	case '"':
		for r.at++; r.data[r.at] != '"'; r.at++ {
			if r.data[r.at] == '\\' {
				r.at++
			}
		}
		r.at++
	default:
		for r.at < len(r.data) && strings.IndexByte(",]} \t\r\n", r.data[r.at]) < 0 {
			r.at++
		}
	}
	return r.data[start:r.at]
}

// more reports whether another value comes before end, and moves to it.
func (r *jsonReader) more(end byte) bool {
	r.blanks()
	if r.data[r.at] == ',' {
		r.at++
		r.blanks()
	}
	if r.data[r.at] == end {
		r.at++
		return false
	}
	return true
}

func (r *jsonReader) blanks() {
	for r.at < len(r.data) && strings.IndexByte(" \t\r\n", r.data[r.at]) >= 0 {
		r.at++
	}
}

// object reads an object.
func (r *jsonReader) object() {
	offset := r.at
	var alias, number, value []byte
	r.at++
	for r.more('}') {
		key := r.value()
		r.blanks()
		r.at++ // the colon
		at := r.at
		switch v := r.value(); string(key) {
		case `"alias"`:
			alias = unquote(v)
		case `"pvalue"`:
			number = unquote(v)
		case `"value"`:
			value = unquote(v)
		case `"mac"`:
			if mac := actionurl.NormalizeMAC(string(unquote(v))); mac != "" {
				r.phone = mac
			}
		default:
			if len(v) > 0 && v[0] == '"' {
				r.flat(unquote(key), unquote(v), at)
			}
		}
	}
	if alias != nil || number != nil {
		r.config(alias, number, value, offset)
	}
}

// flat takes a key with its value, as an object of all settings has them.
func (r *jsonReader) flat(key, value []byte, offset int) {
	if s := r.setting(key, '.'); s != nil {
		r.set(s, value, offset)
	} else {
		r.unknown(key, value, offset)
	}
}

// config takes a setting of the phone.
func (r *jsonReader) config(alias, number, value []byte, offset int) {
	byAlias, byNumber := r.setting(alias, '.'), r.setting(number, '=')
	switch {
	case byAlias != nil && byNumber != nil && byAlias.Kind != byNumber.Kind && byAlias.Kind != nil && byNumber.Kind != nil:
		r.warn(offset, "%s is for %s, and P%s beside it for %s; the alias counts", byAlias.Key, byAlias.Kind.Slug, quoted(number), byNumber.Kind.Slug)
	case byAlias == nil:
		byAlias = byNumber
	}
	switch {
	case byAlias != nil:
		r.set(byAlias, value, offset)
	case isNumber(number):
		r.unknown(number, value, offset)
	case len(alias) > 0:
		r.unknown(alias, value, offset)
	}
}

// unquote returns the text of a string, and of a number its digits.
func unquote(v []byte) []byte {
	if len(v) == 0 || v[0] != '"' {
		return v
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		s, _ = strconv.Unquote(string(v))
	}
	return []byte(s)
}

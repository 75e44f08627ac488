package report

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/packet"
)

// ndjson writes one JSON object a line. It is the lossless format: a saved run
// can be rendered again in any other.
type ndjson struct {
	w    io.Writer
	keys []string // by column, as they are written behind another one
	day  clockFace
	buf  []byte
}

var _ Sink = (*ndjson)(nil)

// newNDJSON returns a sink that writes to w.
func newNDJSON(w io.Writer, columns []Column) *ndjson {
	j := &ndjson{w: w}
	for _, c := range columns {
		j.keys = append(j.keys, `,"`+c.Name+`":`)
	}
	return j
}

// Row implements [Sink].
func (j *ndjson) Row(row []Value) error {
	j.begin()
	for i := range row {
		j.add(i, row[i])
	}
	return j.end()
}

func (j *ndjson) begin() { j.buf = append(j.buf, '{') }

// add adds the value of a column.
func (j *ndjson) add(column int, v Value) {
	if v.kind != absent {
		j.member(j.keys[column], v)
	}
}

// member adds a value with its key, which is written as behind another one.
func (j *ndjson) member(key string, v Value) {
	line := j.buf
	if line[len(line)-1] == '{' {
		key = key[1:]
	}
	line = append(line, key...)
	if v.kind == instant || v.kind == moment {
		j.buf = append(j.day.append(append(line, '"'), v.num), '"')
	} else {
		j.buf = v.appendJSON(line)
	}
}

func (j *ndjson) end() error {
	j.buf = append(j.buf, '}', '\n')
	if len(j.buf) < bufferSize {
		return nil
	}
	return j.Flush()
}

// Flush implements [Sink].
func (j *ndjson) Flush() error {
	if len(j.buf) == 0 {
		return nil
	}
	_, err := j.w.Write(j.buf)
	j.buf = j.buf[:0]
	return err
}

// Close implements [Sink].
func (j *ndjson) Close() error { return j.Flush() }

// A clockFace renders times in UTC by RFC 3339 with nanoseconds. It keeps the
// second of the last one, as most times have that in common with the next.
type clockFace struct {
	second int64
	face   []byte // the second, and the point behind it; nil for none
}

func (c *clockFace) append(dst []byte, ns int64) []byte {
	second, rest := ns/1e9, ns%1e9
	if rest < 0 {
		second, rest = second-1, rest+1e9
	}
	if c.face == nil || second != c.second {
		c.second = second
		c.face = time.Unix(second, 0).UTC().AppendFormat(c.face[:0], "2006-01-02T15:04:05.")
	}
	return append(appendDigits(append(dst, c.face...), rest, 9), 'Z')
}

// appendJSON renders a value that is neither absent nor a time.
func (v *Value) appendJSON(dst []byte) []byte {
	switch v.kind {
	case number:
		return strconv.AppendInt(dst, v.num, 10)
	case millis:
		return appendUnits(dst, v.num, 6)
	case seconds:
		return appendUnits(dst, v.num, 9)
	case boolean:
		return strconv.AppendBool(dst, v.num != 0)
	case stringer, address, host, endpoint:
		return append(v.appendText(append(dst, '"'), nil, false), '"')
	case addresses:
		dst = append(dst, '[')
		for i, a := range *v.of.(*[]netip.Addr) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(a.AppendTo(append(dst, '"')), '"')
		}
		return append(dst, ']')
	case list:
		dst = append(dst, '[')
		for i, s := range *v.of.(*[]string) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, s)
		}
		return append(dst, ']')
	case slugs:
		before := len(dst)
		for k := range finding.Set(v.num).All() {
			dst = append(append(append(dst, ',', '"'), k.String()...), '"')
		}
		dst[before] = '['
		return append(dst, ']')
	case ids:
		dst = append(dst, '[')
		for i, id := range v.of.(*packet.VLANs).IDs() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendUint(dst, uint64(id), 10)
		}
		return append(dst, ']')
	case vars:
		return appendVars(dst, *v.of.(*[]actionurl.Var))
	}
	return appendString(dst, *v.of.(*string))
}

// appendVars renders variables as an object. A key that was sent twice keeps
// its name once and gets "#2" the second time, as objects have no order to
// tell them by.
func appendVars(dst []byte, all []actionurl.Var) []byte {
	dst = append(dst, '{')
	for i, v := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		again := 1
		for _, before := range all[:i] {
			if before.Name == v.Name {
				again++
			}
		}
		name := v.Name
		if again > 1 {
			name += "#" + strconv.Itoa(again)
		}
		dst = append(appendString(dst, name), ':')
		dst = appendString(dst, v.Value)
	}
	return append(dst, '}')
}

// appendString renders a JSON string. Bytes that are no UTF-8 are written as
// \xNN, and backslashes doubled in such a string, so nothing is lost. What a
// terminal would act on is written as JSON's own escapes.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	if unescaped(s) {
		return append(append(dst, s...), '"')
	}
	raw := !utf8.ValidString(s)
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '\\' && raw:
			dst = append(dst, `\\\\`...)
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20 || c == 0x7f:
			dst = append(dst, `\u00`...)
			dst = append(dst, digits[c>>4], digits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				dst = append(dst, `\\x`...)
				dst = append(dst, digits[c>>4], digits[c&15])
			case hidden(r):
				for _, unit := range utf16.AppendRune(nil, r) {
					dst = fmt.Appendf(dst, `\u%04x`, unit)
				}
			default:
				dst = append(dst, s[i:i+n]...)
			}
			i += n
			continue
		}
		i++
	}
	return append(dst, '"')
}

const digits = "0123456789abcdef"

// unescaped reports whether s stands in JSON as it is: visible ASCII but for quotes
// and backslashes, as nearly all that phones send. It looks at eight bytes at
// a time.
func unescaped(s string) bool {
	const (
		ones = 0x0101010101010101
		high = 0x80 * ones
	)
	for ; len(s) >= 8; s = s[8:] {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		quote, backslash, del := w^'"'*ones, w^'\\'*ones, w^0x7f*ones
		// A byte less n has its high bit set if it was below n, or high before.
		if (w|(w-0x20*ones)|(quote-ones)|(backslash-ones)|(del-ones))&high != 0 {
			return false
		}
	}
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

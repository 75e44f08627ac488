package report

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
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

	found []field[finding.Finding]
}

var _ Sink = (*ndjson)(nil)

// newNDJSON returns a sink that writes to w.
func newNDJSON(w io.Writer, columns []Column) *ndjson {
	j := &ndjson{w: w, found: findingFields()}
	for _, c := range columns {
		j.keys = append(j.keys, `,"`+c.Name+`":`)
	}
	return j
}

// Row implements [Sink].
func (j *ndjson) Row(row []Value) error {
	line := j.buf
	for i := range row {
		if row[i].kind != Absent {
			line = j.value(append(line, j.keys[i]...), row[i])
		}
	}
	return j.end(line)
}

// value adds a value that is not absent to a line.
func (j *ndjson) value(line []byte, v Value) []byte {
	if v.kind == KindTime || v.kind == KindMoment {
		return append(j.day.append(append(line, '"'), v.num), '"')
	}
	if v.kind == KindDetails {
		return j.details(line, *v.of.(*[]finding.Finding))
	}
	return v.AppendJSON(line)
}

// end ends a line: its members from the end of j.buf on make an object.
func (j *ndjson) end(line []byte) error {
	j.buf = append(enclose(line, len(j.buf)), '\n')
	if len(j.buf) < bufferSize {
		return nil
	}
	return j.Flush()
}

// enclose makes an object of the members behind from, each of which has a comma
// before it.
func enclose(line []byte, from int) []byte {
	if len(line) == from {
		line = append(line, '{')
	}
	line[from] = '{'
	return append(line, '}')
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

// AppendJSON renders a value that is neither absent nor a time.
func (v *Value) AppendJSON(dst []byte) []byte {
	switch v.kind {
	case KindNumber:
		return strconv.AppendInt(dst, v.num, 10)
	case KindMillis:
		return appendUnits(dst, v.num, 6)
	case KindSeconds:
		return appendUnits(dst, v.num, 9)
	case KindBool:
		return strconv.AppendBool(dst, v.num != 0)
	case KindMAC:
		return append(appendMAC(append(dst, '"'), *v.of.(*packet.MAC)), '"')
	case KindAddr:
		return append(appendAddr(append(dst, '"'), *v.of.(*netip.Addr)), '"')
	case KindHost:
		return append(appendAddr(append(dst, '"'), v.of.(*netip.AddrPort).Addr()), '"')
	case KindWord, KindEndpoint:
		return append(v.AppendText(append(dst, '"'), nil, false), '"')
	case KindAddrs:
		dst = append(dst, '[')
		for i, a := range *v.of.(*[]netip.Addr) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(a.AppendTo(append(dst, '"')), '"')
		}
		return append(dst, ']')
	case KindTexts:
		dst = append(dst, '[')
		for i, s := range *v.of.(*[]string) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendString(dst, s)
		}
		return append(dst, ']')
	case KindFindings:
		before := len(dst)
		for k := range finding.Set(v.num).All() {
			dst = append(append(append(dst, ',', '"'), k.String()...), '"')
		}
		dst[before] = '['
		return append(dst, ']')
	case KindNumbers:
		dst = append(dst, '[')
		for i, id := range v.of.(*packet.VLANs).IDs() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendUint(dst, uint64(id), 10)
		}
		return append(dst, ']')
	case KindJSON:
		return append(dst, *v.of.(*string)...)
	case KindVars:
		return appendVars(dst, *v.of.(*[]actionurl.Var))
	}
	return AppendString(dst, *v.of.(*string))
}

// appendVars renders variables as an object. A key that was sent twice keeps
// its name once and gets "#2" the second time, as objects have no order to
// tell them by.
func appendVars(dst []byte, all []actionurl.Var) []byte {
	before := len(dst)
	for i := range all {
		dst = append(AppendString(append(dst, ','), nameOnce(all, i)), ':')
		dst = AppendString(dst, all[i].Value)
	}
	return enclose(dst, before)
}

// AppendString renders a JSON string. Bytes that are no UTF-8 are written as
// \xNN, and backslashes doubled in such a string, so nothing is lost. What a
// terminal would act on is written as JSON's own escapes.
func AppendString(dst []byte, s string) []byte {
	from := len(dst)
	dst = append(slices.Grow(dst, len(s)+2), '"')
	if unescaped(s) {
		dst = dst[:from+len(s)+2]
		copy(dst[from+1:], s)
		dst[len(dst)-1] = '"'
		return dst
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

// AppendUnicode renders s in UTF-8: where it is not, its bytes that are none are
// written as \xNN, and its backslashes doubled, so nothing is lost.
func AppendUnicode(dst []byte, s string) []byte {
	if utf8.ValidString(s) {
		return append(dst, s...)
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case s[i] == '\\':
			dst = append(dst, `\\`...)
		case r == utf8.RuneError && n == 1:
			dst = append(append(dst, `\x`...), digits[s[i]>>4], digits[s[i]&15])
		default:
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return dst
}

const digits = "0123456789abcdef"

// unescaped reports whether s stands in JSON as it is: visible ASCII except
// quotes and backslashes, as nearly all that phones send. It looks at eight bytes
// at a time, at some of them perhaps twice.
func unescaped(s string) bool {
	n := len(s)
	special := uint64(0)
	switch {
	case n >= 8:
		special = specials(word(s[n-8:]))
		for i := 0; i < n-8; i += 8 {
			special |= specials(word(s[i : i+8]))
		}
	case n >= 4:
		special = specials(half(s) | half(s[n-4:])<<32)
	default:
		for i := range n {
			special |= specials(uint64(s[i]) * ones)
		}
	}
	return special&high == 0
}

// word returns the first eight bytes of s, half the first four.
func word(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func half(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}

const (
	ones = 0x0101010101010101
	high = 0x80 * ones
)

// specials has a high bit set if one of eight bytes does not stand in JSON as it
// is, each by what makes it low or high: a byte less n has its high bit set if
// it was below n, or high before. Control characters and quotes differ in one
// bit from what is below 0x21, and 0x7f is one less than high.
func specials(w uint64) uint64 {
	backslash := w ^ '\\'*ones
	return w | ((w ^ 0x02*ones) - 0x21*ones) | (backslash - ones) | (w + ones)
}

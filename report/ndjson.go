package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"actionurl/decode/actionurl"
)

// ndjson writes one JSON object a line. It is the lossless format: a saved run
// can be rendered again in any other.
type ndjson struct {
	w       *bufio.Writer
	columns []Column
	line    []byte
}

func (j *ndjson) Row(row []Value) error {
	line := append(j.line[:0], '{')
	for i := range row {
		if row[i].kind == absent {
			continue
		}
		if len(line) > 1 {
			line = append(line, ',')
		}
		line = append(append(append(line, '"'), j.columns[i].Name...), '"', ':')
		line = row[i].appendJSON(line)
	}
	j.line = append(line, '}', '\n')
	_, err := j.w.Write(j.line)
	return err
}

func (j *ndjson) Flush() error { return j.w.Flush() }
func (j *ndjson) Close() error { return j.w.Flush() }

var _ Sink = (*ndjson)(nil)

// newNDJSON returns a sink that writes to w.
func newNDJSON(w io.Writer, columns []Column) *ndjson {
	return &ndjson{w: bufio.NewWriterSize(w, bufferSize), columns: columns}
}

func (v *Value) appendJSON(dst []byte) []byte {
	switch v.kind {
	case text:
		return appendString(dst, v.text)
	case instant:
		dst = append(dst, '"')
		dst = time.Unix(0, v.num).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z07:00")
		return append(dst, '"')
	case number:
		return strconv.AppendInt(dst, v.num, 10)
	case millis:
		return appendMillis(dst, v.num)
	case list:
		dst = append(dst, '[')
		for i, s := range v.list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, s)
		}
		return append(dst, ']')
	case ids:
		dst = append(dst, '[')
		for i, id := range v.ids {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendUint(dst, uint64(id), 10)
		}
		return append(dst, ']')
	case vars:
		return appendVars(dst, v.vars)
	}
	return append(dst, "null"...)
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
	raw := !utf8.ValidString(s)
	dst = append(dst, '"')
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

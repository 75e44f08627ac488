package report

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"actionurl/decode/packet"
)

// A decoder reads the JSON of a line. After an error, everything it reads is
// zero and no array or object goes on.
type decoder struct {
	text string
	at   int
	err  error // the first

	first bool // nothing of the array or object that was opened last has been read
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("at byte %d: "+format, append([]any{d.at + 1}, args...)...)
	}
}

// peek returns the next byte that is no space, 0 at the end.
func (d *decoder) peek() byte {
	for d.at < len(d.text) {
		switch c := d.text[d.at]; c {
		case ' ', '\t', '\r', '\n':
			d.at++
		default:
			return c
		}
	}
	return 0
}

// expect reads one byte.
func (d *decoder) expect(c byte) bool {
	if d.err == nil && d.peek() == c {
		d.at++
		return true
	}
	d.fail("expected %q", c)
	return false
}

// open begins an array or object.
func (d *decoder) open(c byte) {
	d.expect(c)
	d.first = true
}

// more reports whether another value comes before the end, and moves to it.
func (d *decoder) more(end byte) bool {
	first := d.first
	d.first = false
	switch {
	case d.err != nil:
		return false
	case d.peek() == end:
		d.at++
		return false
	case first:
		return true
	}
	return d.expect(',')
}

// end expects nothing more.
func (d *decoder) end() {
	if d.err == nil && d.peek() != 0 {
		d.fail("expected the end of the line")
	}
}

// key reads the key of an object's next value.
func (d *decoder) key() string {
	s := d.string()
	d.expect(':')
	return s
}

// string reads a string, and undoes what keeps bytes in it that are no UTF-8.
// It is part of the line where nothing had to be undone.
func (d *decoder) string() string {
	if !d.expect('"') {
		return ""
	}
	rest := d.text[d.at:]
	end := strings.IndexByte(rest, '"')
	if end < 0 {
		d.fail("the string does not end")
		return ""
	}
	if strings.IndexByte(rest[:end], '\\') < 0 {
		d.at += end + 1
		return rest[:end]
	}
	return unhidden(d.escaped())
}

// escaped reads a string with escapes from behind its first quote.
func (d *decoder) escaped() string {
	var b []byte
	for d.at < len(d.text) {
		c := d.text[d.at]
		d.at++
		switch {
		case c == '"':
			return string(b)
		case c != '\\':
			b = append(b, c)
		default:
			b = d.escape(b)
		}
		if d.err != nil {
			return ""
		}
	}
	d.fail("the string does not end")
	return ""
}

// escape reads what stands behind a backslash.
func (d *decoder) escape(b []byte) []byte {
	if d.at == len(d.text) {
		d.fail("the string does not end")
		return b
	}
	c := d.text[d.at]
	d.at++
	switch c {
	case '"', '\\', '/':
		return append(b, c)
	case 'b':
		return append(b, '\b')
	case 'f':
		return append(b, '\f')
	case 'n':
		return append(b, '\n')
	case 'r':
		return append(b, '\r')
	case 't':
		return append(b, '\t')
	case 'u':
		r := d.unit()
		if utf16.IsSurrogate(r) && strings.HasPrefix(d.text[d.at:], `\u`) {
			d.at += 2
			r = utf16.DecodeRune(r, d.unit())
		}
		return utf8.AppendRune(b, r)
	}
	d.fail("%q is not an escape", `\`+string(c))
	return b
}

// unit reads four hexadecimal digits.
func (d *decoder) unit() rune {
	if len(d.text) < d.at+4 {
		d.fail("expected four hexadecimal digits")
		return 0
	}
	n, err := strconv.ParseUint(d.text[d.at:d.at+4], 16, 16)
	if err != nil {
		d.fail("expected four hexadecimal digits")
	}
	d.at += 4
	return rune(n)
}

// unhidden returns the bytes of a string in which those that are no UTF-8 were
// written as \xNN, and backslashes doubled. Another string is returned as it
// is: one in which a backslash means neither, or in which nothing is found that
// had to be written so.
func unhidden(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\':
			b = append(b, s[i])
		case strings.HasPrefix(s[i+1:], `\`):
			b = append(b, '\\')
			i++
		case strings.HasPrefix(s[i+1:], "x") && len(s) >= i+4:
			n, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
			if err != nil || n < 0x80 {
				return s
			}
			b = append(b, byte(n))
			i += 3
		default:
			return s
		}
	}
	if utf8.Valid(b) {
		return s
	}
	return string(b)
}

// number reads a number as it stands there.
func (d *decoder) number() string {
	d.peek()
	start := d.at
	for d.at < len(d.text) && strings.IndexByte("+-.0123456789eE", d.text[d.at]) >= 0 {
		d.at++
	}
	return d.text[start:d.at]
}

// integer reads a whole number from 0 to limit.
func (d *decoder) integer(limit int64) int64 {
	if d.err != nil {
		return 0
	}
	s := d.number()
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err == nil && n >= 0 && n <= limit:
		return n
	case limit == math.MaxInt64:
		d.fail("expected a whole number, not negative")
	default:
		d.fail("expected a number from 0 to %d", limit)
	}
	return 0
}

// figure reads a whole number.
func (d *decoder) figure() int64 {
	if d.err != nil {
		return 0
	}
	n, err := strconv.ParseInt(d.number(), 10, 64)
	if err != nil {
		d.fail("expected a whole number")
	}
	return n
}

// millis reads milliseconds and returns nanoseconds: exactly, where they are
// written as here.
func (d *decoder) millis() int64 {
	if d.err != nil {
		return 0
	}
	s := d.number()
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) <= 6 {
		if ns, err := strconv.ParseInt(whole+fraction+"000000"[len(fraction):], 10, 64); err == nil {
			return ns
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if f *= 1e6; err != nil || math.Abs(f) >= math.MaxInt64 {
		d.fail("expected a number of milliseconds")
		return 0
	}
	return int64(math.Round(f))
}

// bool reads true or false.
func (d *decoder) bool() bool {
	d.peek()
	for _, word := range []string{"true", "false"} {
		if strings.HasPrefix(d.text[d.at:], word) {
			d.at += len(word)
			return word == "true"
		}
	}
	d.fail("expected true or false")
	return false
}

// mac reads a MAC address.
func (d *decoder) mac() packet.MAC {
	s := d.string()
	m, ok := packet.ParseMAC(s)
	if !ok {
		d.fail("%q is not a MAC address", s)
	}
	return m
}

// address reads an IP address.
func (d *decoder) address() netip.Addr {
	s := d.string()
	a, err := netip.ParseAddr(s)
	if err != nil {
		d.fail("%q is not an IP address", s)
	}
	return a
}

// skip passes over a value of any kind.
func (d *decoder) skip() {
	depth := 0
	for d.err == nil {
		switch c := d.peek(); c {
		case '"':
			d.string()
		case '{', '[':
			depth++
			d.at++
		case '}', ']':
			depth--
			d.at++
		case ',', ':':
			if depth == 0 {
				d.fail("expected a value")
				return
			}
			d.at++
			continue
		case 0:
			d.fail("the line ends within a value")
			return
		default:
			start := d.at
			for d.at < len(d.text) && strings.IndexByte(",:]} \t\r\n\"[{", d.text[d.at]) < 0 {
				d.at++
			}
			if d.at == start {
				d.at++
			}
		}
		if depth <= 0 {
			return
		}
	}
}

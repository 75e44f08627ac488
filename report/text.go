package report

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/packet"
)

// A Clock renders times in the form that was asked for.
type Clock struct {
	form string // rfc3339, epoch, relative or delta
	zone *time.Location

	begun     bool
	reference int64 // what the next time is measured from: the first, or the one before

	quarter int64  // of an hour, since 1970-01-01 UTC
	today   string // of the quarter; empty for none yet
}

// NewClock returns a Clock for a form: utc, local, the name of a time zone,
// epoch, relative or delta.
func NewClock(form string) (*Clock, error) {
	switch form {
	case "", "utc", "UTC":
		return &Clock{zone: time.UTC}, nil
	case "local":
		return &Clock{zone: time.Local}, nil
	case "epoch", "relative", "delta":
		return &Clock{form: form, zone: time.UTC}, nil
	}
	zone, err := time.LoadLocation(form)
	if err != nil {
		return nil, fmt.Errorf("unknown time form or zone %q; expected utc, local, a zone such as Europe/Berlin, epoch, relative or delta", form)
	}
	return &Clock{zone: zone}, nil
}

// Form returns epoch, relative or delta, or nothing where times are dates.
func (c *Clock) Form() string { return c.form }

// Zone returns the time zone in which dates are meant.
func (c *Clock) Zone() *time.Location { return c.zone }

// append renders a time, whole or as short as a table wants it. Relative forms
// measure it from times rendered before.
func (c *Clock) append(dst []byte, ns int64, short bool) []byte {
	digits := 9
	if short {
		digits = 3
	}
	switch c.form {
	case "epoch":
		return appendSeconds(dst, ns, digits)
	case "relative", "delta":
		if !c.begun {
			c.begun, c.reference = true, ns
		}
		dst = appendSeconds(dst, ns-c.reference, digits)
		if c.form == "delta" {
			c.reference = ns
		}
		return dst
	}
	layout := time.RFC3339Nano
	if short {
		layout = "15:04:05.000"
	}
	return time.Unix(0, ns).In(c.zone).AppendFormat(dst, layout)
}

// appendWide renders a time with all digits, so that those of one zone have one
// width and sort as texts.
func (c *Clock) appendWide(dst []byte, ns int64) []byte {
	switch {
	case c.form != "":
		return c.append(dst, ns, false)
	case c.zone == time.UTC:
		return time.Unix(0, ns).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
	}
	return time.Unix(0, ns).In(c.zone).AppendFormat(dst, "2006-01-02T15:04:05.000000000-07:00")
}

// appendMoment renders a time with its date, to the second where it is short.
func (c *Clock) appendMoment(dst []byte, ns int64, short bool) []byte {
	if c.form != "" || !short {
		return c.append(dst, ns, short)
	}
	return time.Unix(0, ns).In(c.zone).AppendFormat(dst, "2006-01-02 15:04:05Z07:00")
}

// day returns the date and zone that short times leave out; empty if none.
func (c *Clock) day(ns int64) string {
	if c.form != "" {
		return ""
	}
	// Days begin, and zones change, at full quarters of an hour.
	if quarter := ns / int64(15*time.Minute); quarter != c.quarter || c.today == "" {
		c.quarter = quarter
		c.today = time.Unix(0, ns).In(c.zone).Format("2006-01-02 MST")
	}
	return c.today
}

// appendSeconds renders nanoseconds as seconds with so many digits.
func appendSeconds(dst []byte, ns int64, digits int) []byte {
	if ns < 0 {
		dst = append(dst, '-')
		ns = -ns
	}
	dst = strconv.AppendInt(dst, ns/1e9, 10)
	dst = append(dst, '.')
	return appendDigits(dst, ns%1e9, 9)[:len(dst)+digits]
}

// AppendText renders a value for people and for CSV. Bytes off the wire are
// left as they are.
func (v *Value) AppendText(dst []byte, clock *Clock, short bool) []byte {
	switch v.kind {
	case KindText, KindJSON:
		return append(dst, *v.of.(*string)...)
	case KindWord:
		return append(dst, v.of.(fmt.Stringer).String()...)
	case KindTime:
		return clock.append(dst, v.num, short)
	case KindMoment:
		return clock.appendMoment(dst, v.num, short)
	case KindNumber:
		return strconv.AppendInt(dst, v.num, 10)
	case KindSeconds:
		if short {
			return strconv.AppendFloat(dst, float64(v.num)/1e9, 'f', 1, 64)
		}
		return appendUnits(dst, v.num, 9)
	case KindBool:
		words := [...]string{"false", "true"}
		if short {
			words = [...]string{"no", "yes"}
		}
		return append(dst, words[v.num]...)
	case KindMillis:
		if short {
			return strconv.AppendFloat(dst, float64(v.num)/1e6, 'f', 2, 64)
		}
		return appendUnits(dst, v.num, 6)
	case KindMAC:
		return appendMAC(dst, *v.of.(*packet.MAC))
	case KindAddr:
		return appendAddr(dst, *v.of.(*netip.Addr))
	case KindHost:
		return appendAddr(dst, v.of.(*netip.AddrPort).Addr())
	case KindEndpoint:
		return v.of.(*netip.AddrPort).AppendTo(dst)
	case KindAddrs:
		for i, a := range *v.of.(*[]netip.Addr) {
			if i > 0 {
				dst = append(dst, ' ')
			}
			dst = a.AppendTo(dst)
		}
		return dst
	case KindTexts:
		for i, s := range *v.of.(*[]string) {
			if i > 0 {
				dst = append(dst, ' ')
			}
			dst = append(dst, s...)
		}
		return dst
	case KindFindings:
		before := len(dst)
		for k := range finding.Set(v.num).All() {
			if len(dst) > before {
				dst = append(dst, ' ')
			}
			dst = append(dst, k.String()...)
		}
		return dst
	case KindNumbers:
		for i, id := range v.of.(*packet.VLANs).IDs() {
			if i > 0 {
				dst = append(dst, ' ')
			}
			dst = strconv.AppendUint(dst, uint64(id), 10)
		}
		return dst
	case KindVars:
		for i, x := range *v.of.(*[]actionurl.Var) {
			if i > 0 {
				dst = append(dst, ' ')
			}
			dst = append(append(append(dst, x.Name...), '='), quoteBlanks(x.Value)...)
		}
		return dst
	}
	return dst
}

// appendUnits renders nanoseconds as units of so many decimal digits more, 6
// for milliseconds, without loss.
func appendUnits(dst []byte, ns int64, digits int) []byte {
	unit := int64(1e6)
	if digits == 9 {
		unit = 1e9
	}
	if ns < 0 {
		dst = append(dst, '-')
		ns = -ns
	}
	dst = strconv.AppendInt(dst, ns/unit, 10)
	if ns%unit == 0 {
		return dst
	}
	dst = appendDigits(append(dst, '.'), ns%unit, digits)
	return bytes.TrimRight(dst, "0")
}

func appendMAC(dst []byte, m packet.MAC) []byte {
	text := m.Text()
	return append(dst, text[:]...)
}

// appendAddr is a.AppendTo, which takes three times as long for IPv4.
func appendAddr(dst []byte, a netip.Addr) []byte {
	if !a.Is4() {
		return a.AppendTo(dst)
	}
	for i, b := range a.As4() {
		if i > 0 {
			dst = append(dst, '.')
		}
		if b >= 100 {
			dst = append(dst, '0'+b/100)
		}
		if b >= 10 {
			dst = append(dst, '0'+b/10%10)
		}
		dst = append(dst, '0'+b%10)
	}
	return dst
}

// appendDigits renders the last so many decimal digits of n, leading zeros included.
func appendDigits(dst []byte, n int64, digits int) []byte {
	dst = append(dst, "000000000"[:digits]...)
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] = '0' + byte(n%10)
		n /= 10
	}
	return dst
}

// quoteBlanks puts quotes around a value that has blanks, so that the reader
// sees where it ends.
func quoteBlanks(s string) string {
	if strings.ContainsAny(s, " \t\"") {
		return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
	}
	return s
}

// Visible returns s with everything escaped that a terminal would act on or
// hide: control characters, bytes that are no UTF-8, and what changes the
// direction or the joining of text.
func Visible(s string) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = s[i] >= 0x20 && s[i] < 0x7f
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case c >= 0x20 && c < 0x7f:
			b.WriteByte(s[i])
		case c == utf8.RuneError && n == 1, c < 0x20, c >= 0x7f && c < 0xa0:
			for _, x := range []byte(s[i : i+n]) {
				fmt.Fprintf(&b, `\x%02x`, x)
			}
		case hidden(c) && c > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, c)
		case hidden(c):
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// Logf writes a message for people, in a line of standard error. Whatever the
// arguments contain is escaped.
func Logf(stderr io.Writer, format string, args ...any) {
	fmt.Fprintf(stderr, "actionurl: %s\n", Visible(fmt.Sprintf(format, args...)))
}

// hidden reports whether a character above ASCII does something else than to
// be seen: control characters, and what changes the direction or the joining
// of text, or the width of what is before it.
func hidden(c rune) bool {
	if c < 0x300 { // letters of Latin, of which only these do
		return c < 0xa0 || c == 0xad
	}
	return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs,
		unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// Plural renders a number of things.
func Plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Package report writes what was decoded: as a table for people, as CSV,
// NDJSON or Markdown for what comes next.
//
// A view names its columns once, and every format reads that list. A [Sink]
// is one format: it takes rows of values, and escapes what came off the wire
// in the way that its reader needs.
package report

import (
	"net/netip"
	"time"
)

// A Column is a name, and how it is laid out in a table.
type Column struct {
	Name string

	width int  // the least width, in terminal columns
	usual int  // the width in which most values fit, if that is more
	right bool // values end flush right
	rank  int  // where a terminal is narrow, the highest ranks give way; 0 stays

	optional bool // in a table, only where the first rows have a value
	wrap     int  // the greatest width, at which values go on in further lines; 0 for one line, which is cut
}

// Wrapped returns the column with values that go on in further lines of a table
// where they are wider than this.
func (c Column) Wrapped(width int) Column {
	c.wrap = width
	return c
}

// A Value is what stands in a row's column: nothing, or one of several kinds.
// What is larger than a number it points to, and that is valid only as long as
// what the row is made from: a value of four words goes through registers, and
// a row has thirty.
type Value struct {
	kind kind
	num  int64
	of   any // a pointer, by kind
}

type kind uint8

const (
	absent    kind = iota
	text           // of: a *string, as sent, if it came off the wire
	stringer       // of: a fmt.Stringer, of visible ASCII
	instant        // num: nanoseconds since 1970-01-01 UTC
	moment         // the same, where a table has several a row, of different days
	number         // num
	millis         // num: nanoseconds, shown as milliseconds
	seconds        // num: nanoseconds, shown as seconds
	boolean        // num: 0 or 1
	address        // of: a *netip.Addr
	host           // of: a *netip.AddrPort, of which only the address is meant
	endpoint       // of: a *netip.AddrPort
	addresses      // of: a *[]netip.Addr
	list           // of: a *[]string
	ids            // of: a *packet.VLANs
	vars           // of: a *[]actionurl.Var
	slugs          // num: a finding.Set
)

// Text returns a text, or nothing if s is empty.
func Text(s string) Value {
	if s == "" {
		return Value{}
	}
	kept := s
	return textOf(&kept)
}

// textOf is Text without a copy of the string.
func textOf(s *string) Value {
	if *s == "" {
		return Value{}
	}
	return Value{kind: text, of: s}
}

// Number returns a number.
func Number(n int64) Value { return Value{kind: number, num: n} }

// List returns a list of texts, or nothing if s is empty.
func List(s []string) Value {
	if len(s) == 0 {
		return Value{}
	}
	kept := s
	return listOf(&kept)
}

// listOf is List without a copy of the slice.
func listOf(s *[]string) Value {
	if len(*s) == 0 {
		return Value{}
	}
	return Value{kind: list, of: s}
}

// addressOf returns an IP address, or nothing if there is none.
func addressOf(a *netip.Addr) Value {
	if !a.IsValid() {
		return Value{}
	}
	return Value{kind: address, of: a}
}

// addressesOf returns IP addresses, or nothing if there are none.
func addressesOf(a *[]netip.Addr) Value {
	if len(*a) == 0 {
		return Value{}
	}
	return Value{kind: addresses, of: a}
}

// secondsOf returns a time span, or nothing if it is not known.
func secondsOf(d time.Duration, known bool) Value {
	if !known {
		return Value{}
	}
	return Value{kind: seconds, num: int64(d)}
}

// PlainColumns returns columns of texts.
func PlainColumns(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i] = Column{Name: name, width: min(len(name), 10)}
	}
	return columns
}

// Package report writes what was decoded: as a table for people, as CSV,
// NDJSON or Markdown for what comes next.
//
// A view names its columns once, and every format reads that list. A [Sink]
// is one format: it takes rows of values, and escapes what came off the wire
// in the way that its reader needs.
package report

import (
	"net/netip"

	"actionurl/decode/actionurl"
)

// A Column is a name, and how it is laid out in a table.
type Column struct {
	Name string

	width int  // the least width, in terminal columns
	right bool // values end flush right
	rank  int  // where a terminal is narrow, the highest ranks give way; 0 stays

	optional bool // in a table, only where the first rows have a value
}

// A Value is what stands in a row's column: nothing, or one of several kinds.
type Value struct {
	kind kind
	text string
	num  int64
	list []string
	ids  []uint16
	vars []actionurl.Var
}

type kind uint8

const (
	absent  kind = iota
	text         // as sent, if it came off the wire
	instant      // num: nanoseconds since 1970-01-01 UTC
	number       // num
	millis       // num: nanoseconds, shown as milliseconds
	list         // of texts
	ids          // of numbers
	vars         // of variables with their values
)

// Text returns a text, or nothing if s is empty.
func Text(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{kind: text, text: s}
}

// Number returns a number.
func Number(n int64) Value { return Value{kind: number, num: n} }

// List returns a list of texts, or nothing if s is empty.
func List(s []string) Value {
	if len(s) == 0 {
		return Value{}
	}
	return Value{kind: list, list: s}
}

func address(a netip.Addr) Value {
	if !a.IsValid() {
		return Value{}
	}
	return Text(a.String())
}

// PlainColumns returns columns of texts.
func PlainColumns(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i] = Column{Name: name, width: min(len(name), 10)}
	}
	return columns
}

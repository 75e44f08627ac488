// Package report writes what was decoded, and reads back what was saved: tables
// for people, CSV, NDJSON and Markdown for what comes next.
//
//  1. A [View] is what rows stand for. Its fields are named once: each has a
//     name, a kind, and how its value is got from a record and read back
//     (record.go, call.go, phone.go, finding.go). Every format writes from
//     that list, and [Reader] reads by it.
//  2. [Rows] make a row of values of each record.
//  3. A [Sink] writes rows in one format, and escapes what came off the wire
//     as the readers of that format need it.
//
// To add a field, add a line to its list. A format is a package beside this one:
//
//  1. Implement [Sink]. [Column.Kind] says what a column holds, and
//     [Value.Kind], [Value.Int], [Value.AppendText] and [Value.AppendJSON] give
//     a value; [Visible] escapes text for people.
//  2. Return a [Format] with its name and the extensions of its files.
//  3. Add it to the list in package formats, beside those of [Plain].
//
// It needs golden files of every view, a test that hostile texts stay texts, and one
// that reads the output with another program. A field needs its meaning in meaning.go,
// from which "actionurl schema" and "help columns" have it.
package report

import (
	"fmt"
	"iter"
	"net/netip"
	"strconv"
	"time"

	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/packet"
)

// A Column is a name, the kind of its values, and how it is laid out in a table.
type Column struct {
	Name   string
	Kind   Kind // of the values, as programs read them
	Shared bool // many rows have the same text

	width   int  // the least width, in terminal columns
	typical int  // the width in which most values fit, if that is more
	right   bool // values end flush right
	rank    int  // where a terminal is narrow, the highest ranks are dropped; 0 stays

	optional bool // in a table, only where the first rows have a value
	end      bool // its end tells it from others, as a server's port: the beginning is cut
	identity bool // says who a row is about: never cut, MAC addresses are shortened to a tail
	alarm    bool // says whether what the row is about failed
	sensors  bool // left out of tables without Options.Sensors
	common   bool // stands once above a table where the first rows have the same value
	wrap     int  // the greatest width, at which values go on in further lines; 0 for one line, which is cut
}

// Wrapped returns the column with values that go on in further lines of a table
// where they are wider than this.
func (c Column) Wrapped(width int) Column {
	c.wrap = width
	return c
}

// Prose is the greatest width of a column of sentences.
const Prose = 76

// A Value is what stands in a row's column: nothing, or one of several kinds.
// What is larger than a number it points to, and that is valid only as long as
// what the row is made from: a value of four words goes through registers, and
// a row has thirty.
type Value struct {
	kind Kind
	num  int64
	of   any // a pointer, by kind
}

// A Kind is what a value holds.
type Kind uint8

const (
	Absent       Kind = iota // nothing
	KindText                 // a text, as sent, if it came off the wire
	KindWord                 // one of a few words of visible ASCII
	KindTime                 // a time, in nanoseconds since 1970-01-01 UTC
	KindMoment               // the same, where a table has several a row, of different days
	KindNumber               // a number
	KindMillis               // a time span in nanoseconds, shown as milliseconds
	KindSeconds              // a time span in nanoseconds, shown as seconds
	KindBool                 // true or false
	KindMAC                  // a MAC address, lower case with colons
	KindAddr                 // an IP address
	KindHost                 // the IP address of an address with a port
	KindEndpoint             // an IP address with a port
	KindAddrs                // several IP addresses
	KindTexts                // several texts
	KindNumbers              // several numbers
	KindVars                 // texts by name
	KindFindings             // several kinds of findings
	KindDetails              // several findings with their details
	KindJSON                 // a value in JSON, of one line
)

// What of points to.
//
//	KindText, KindJSON      *string
//	KindWord                fmt.Stringer, which it is
//	KindMAC                 *packet.MAC
//	KindAddr                *netip.Addr
//	KindHost, KindEndpoint  *netip.AddrPort
//	KindAddrs               *[]netip.Addr
//	KindTexts               *[]string
//	KindNumbers             *packet.VLANs
//	KindVars                *[]actionurl.Var
//	KindDetails             *[]finding.Finding
//
// All others are in num: KindFindings as a finding.Set, KindBool as 0 or 1.

// Kind returns what the value holds.
func (v *Value) Kind() Kind { return v.kind }

// Int returns a time or a time span, both in nanoseconds, a number, or 0 or 1
// of a KindBool.
func (v *Value) Int() int64 { return v.num }

// Raw returns a text, a word or JSON, and whether the value is one.
func (v *Value) Raw() (string, bool) {
	switch v.kind {
	case KindText, KindJSON:
		return *v.of.(*string), true
	case KindWord:
		return v.of.(fmt.Stringer).String(), true
	}
	return "", false
}

// Texts returns the texts of several texts, addresses or kinds of findings.
func (v *Value) Texts() iter.Seq[string] {
	return func(yield func(string) bool) {
		switch v.kind {
		case KindTexts:
			for _, s := range *v.of.(*[]string) {
				if !yield(s) {
					return
				}
			}
		case KindAddrs:
			for _, a := range *v.of.(*[]netip.Addr) {
				if !yield(a.String()) {
					return
				}
			}
		case KindFindings:
			for k := range finding.Set(v.num).All() {
				if !yield(k.String()) {
					return
				}
			}
		}
	}
}

// Numbers returns the numbers of several numbers.
func (v *Value) Numbers() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		if v.kind != KindNumbers {
			return
		}
		for _, id := range v.of.(*packet.VLANs).IDs() {
			if !yield(int64(id)) {
				return
			}
		}
	}
}

// Named returns the texts of variables with their names, which differ: "#2" is
// after that of one that was sent twice.
func (v *Value) Named() iter.Seq2[string, string] {
	return func(yield func(name, text string) bool) {
		if v.kind != KindVars {
			return
		}
		all := *v.of.(*[]actionurl.Var)
		for i := range all {
			if !yield(nameOnce(all, i), all[i].Value) {
				return
			}
		}
	}
}

// nameOnce returns the name of a variable, and which of its name it is where it
// was sent several times.
func nameOnce(all []actionurl.Var, i int) string {
	name, again := all[i].Name, 1
	for j := range all[:i] {
		if all[j].Name == name {
			again++
		}
	}
	if again > 1 {
		return name + "#" + strconv.Itoa(again)
	}
	return name
}

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
	return Value{kind: KindText, of: s}
}

// Number returns a number.
func Number(n int64) Value { return Value{kind: KindNumber, num: n} }

// Count returns a number, or nothing if it is 0.
func Count(n int64) Value {
	if n == 0 {
		return Value{}
	}
	return Number(n)
}

// List returns several texts, or nothing if s is empty.
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
	return Value{kind: KindTexts, of: s}
}

// macOf returns a MAC address, or nothing if there is none.
func macOf(m *packet.MAC) Value {
	if m.IsZero() {
		return Value{}
	}
	return Value{kind: KindMAC, of: m}
}

// addressOf returns an IP address, or nothing if there is none.
func addressOf(a *netip.Addr) Value {
	if !a.IsValid() {
		return Value{}
	}
	return Value{kind: KindAddr, of: a}
}

// addressesOf returns IP addresses, or nothing if there are none.
func addressesOf(a *[]netip.Addr) Value {
	if len(*a) == 0 {
		return Value{}
	}
	return Value{kind: KindAddrs, of: a}
}

// momentOf returns a time, or nothing if there is none.
func momentOf(ns int64) Value {
	if ns == 0 {
		return Value{}
	}
	return Value{kind: KindMoment, num: ns}
}

// secondsOf returns a time span, or nothing if it is not known.
func secondsOf(d time.Duration, known bool) Value {
	if !known {
		return Value{}
	}
	return Value{kind: KindSeconds, num: int64(d)}
}

// PlainColumns returns columns of texts.
func PlainColumns(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i] = Column{Name: name, Kind: KindText, width: min(len(name), 10)}
	}
	return columns
}

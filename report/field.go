package report

import (
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strings"

	"actionurl/capture"
	"actionurl/decode/packet"
)

// A field is a key of the objects that Rs are saved as, and a column of their
// rows.
type field[R any] struct {
	Column
	value func(*R) Value
	text  func(*R) *string  // of a text, where its value is; so NDJSON needs no Value
	shown func(*R) Value    // what people see instead; nil for the same
	read  func(*Reader, *R) // the inverse of value; nil for what is not read back
	words func() []string   // what a KindWord can be; nil for any
}

// The functions below make fields of what is in an R at an address.

// text is a text that many Rs have in common.
func text[R any](c Column, at func(*R) *string) field[R] {
	c.Shared = true
	f := unique(c, at)
	f.read = func(rd *Reader, r *R) { *at(r) = rd.text(rd.string()) }
	return f
}

// unique is a text that few Rs have in common.
func unique[R any](c Column, at func(*R) *string) field[R] {
	c.Kind = KindText
	return field[R]{
		Column: c,
		value:  func(r *R) Value { return textOf(at(r)) },
		text:   at,
		read:   func(rd *Reader, r *R) { *at(r) = rd.string() },
	}
}

// brief is a text of which no more than maxText bytes are saved.
func brief[R any](name string, at func(*R) *string) field[R] {
	f := unique(Column{Name: name}, at)
	f.read = func(rd *Reader, r *R) { *at(r) = rd.brief() }
	return f
}

// sensorName is the name of the columns that say which sensor captured something.
const sensorName = "sensor"

// sensor is the sensor that captured what a row stands for.
func sensor[R any](at func(*R) *string) field[R] {
	return unique(Column{Name: sensorName, width: 8, sensors: true}, at)
}

// sensors are those that captured what a row sums up.
func sensors[R any](at func(*R) *capture.Sensors) field[R] {
	return field[R]{
		Column: Column{Name: sensorName, Kind: KindTexts, width: 8, sensors: true},
		value:  func(r *R) Value { return listOf((*[]string)(at(r))) },
	}
}

// always returns the field of a text with the empty text where it has nothing.
func always[R any](f field[R]) field[R] {
	value := f.value
	f.text = nil
	f.value = func(r *R) Value {
		if v := value(r); v.kind != Absent {
			return v
		}
		return Value{kind: KindText, of: new(string)}
	}
	return f
}

// number is a number that is not negative.
func number[R any](c Column, at func(*R) *int) field[R] {
	f := count(c, at)
	f.value = func(r *R) Value { return Number(int64(*at(r))) }
	return f
}

// count is a number above 0, or 0 for nothing.
func count[R any](c Column, at func(*R) *int) field[R] {
	c.Kind = KindNumber
	return field[R]{
		Column: c,
		value:  func(r *R) Value { return Count(int64(*at(r))) },
		read:   func(rd *Reader, r *R) { *at(r) = int(rd.integer(math.MaxInt64)) },
	}
}

// figure is a number of 64 bits, 0 for nothing.
func figure[R any](name string, at func(*R) *int64) field[R] {
	return field[R]{
		Column: Column{Name: name, Kind: KindNumber},
		value:  func(r *R) Value { return Count(*at(r)) },
		read:   func(rd *Reader, r *R) { *at(r) = rd.figure() },
	}
}

// mark is true or nothing.
func mark[R any](c Column, at func(*R) *bool) field[R] {
	c.Kind = KindBool
	return field[R]{
		Column: c,
		value: func(r *R) Value {
			if !*at(r) {
				return Value{}
			}
			return Value{kind: KindBool, num: 1}
		},
		read: func(rd *Reader, r *R) { *at(r) = rd.bool() },
	}
}

// millis is a time span.
func millis[R any](c Column, at func(*R) *int64) field[R] {
	c.Kind = KindMillis
	return field[R]{
		Column: c,
		value:  func(r *R) Value { return Value{kind: KindMillis, num: *at(r)} },
		read:   func(rd *Reader, r *R) { *at(r) = rd.millis() },
	}
}

// instant is a time.
func instant[R any](c Column, at func(*R) *int64) field[R] {
	c.Kind = KindTime
	return field[R]{
		Column: c,
		value:  func(r *R) Value { return Value{kind: KindTime, num: *at(r)} },
		read:   func(rd *Reader, r *R) { *at(r) = rd.time() },
	}
}

// moment is a time, 0 for none.
func moment[R any](c Column, at func(*R) *int64) field[R] {
	c.Kind = KindMoment
	return field[R]{
		Column: c,
		value:  func(r *R) Value { return momentOf(*at(r)) },
		read:   func(rd *Reader, r *R) { *at(r) = rd.time() },
	}
}

// mac is a MAC address, zero for none.
func mac[R any](c Column, at func(*R) *packet.MAC) field[R] {
	c.Kind = KindMAC
	return field[R]{
		Column: c,
		value:  func(r *R) Value { return macOf(at(r)) },
		read:   func(rd *Reader, r *R) { *at(r) = rd.mac() },
	}
}

// addr is an IP address.
func addr[R any](c Column, at func(*R) *netip.Addr) field[R] {
	c.Kind = KindAddr
	return field[R]{
		Column: c,
		value:  func(r *R) Value { return addressOf(at(r)) },
		read:   func(rd *Reader, r *R) { *at(r) = rd.address() },
	}
}

// host is the address of an address with a port.
func host[R any](c Column, at func(*R) *netip.AddrPort) field[R] {
	c.Kind = KindHost
	return field[R]{
		Column: c,
		value:  func(r *R) Value { return Value{kind: KindHost, of: at(r)} },
		read:   func(rd *Reader, r *R) { to := at(r); *to = netip.AddrPortFrom(rd.address(), to.Port()) },
	}
}

// port is the port of an address with one.
func port[R any](c Column, at func(*R) *netip.AddrPort) field[R] {
	c.Kind = KindNumber
	return field[R]{
		Column: c,
		value:  func(r *R) Value { return Number(int64(at(r).Port())) },
		read: func(rd *Reader, r *R) {
			to := at(r)
			*to = netip.AddrPortFrom(to.Addr(), uint16(rd.integer(math.MaxUint16)))
		},
	}
}

// An enumerated is one of a few words, which String returns.
type enumerated interface {
	~uint8
	String() string
}

// oneOf is a word from first to last; a first without a name is nothing. What
// names one of them in a message.
func oneOf[R any, W enumerated](c Column, at func(*R) *W, first, last W, what string) field[R] {
	c.Kind = KindWord
	optional := first.String() == ""
	return field[R]{
		Column: c,
		value: func(r *R) Value {
			w := *at(r)
			if optional && w == first {
				return Value{}
			}
			return Value{kind: KindWord, of: w}
		},
		read: func(rd *Reader, r *R) {
			s := rd.string()
			for w := first; w <= last; w++ {
				if w.String() == s {
					*at(r) = w
					return
				}
			}
			rd.fail("%q is not a %s", s, what)
		},
		words: func() []string {
			var all []string
			for w := first; w <= last; w++ {
				if s := w.String(); s != "" {
					all = append(all, s)
				}
			}
			return all
		},
	}
}

// where returns the field without a value where has is false.
func where[R any](has func(*R) bool, f field[R]) field[R] {
	value := f.value
	f.text = nil
	f.value = func(r *R) Value {
		if !has(r) {
			return Value{}
		}
		return value(r)
	}
	return f
}

// showing returns the field with what people see instead of its value.
func showing[R any](shown func(*R) Value, f field[R]) field[R] {
	f.shown = shown
	return f
}

// part returns the field as one of the Rs that have a P, at nil for none. A P is
// there when it is read.
func part[R, P any](f field[P], at func(*R) *P) field[R] {
	lift := func(value func(*P) Value) func(*R) Value {
		if value == nil {
			return nil
		}
		return func(r *R) Value {
			if p := at(r); p != nil {
				return value(p)
			}
			return Value{}
		}
	}
	lifted := field[R]{Column: f.Column, words: f.words, value: lift(f.value), shown: lift(f.shown), read: func(rd *Reader, r *R) { f.read(rd, at(r)) }}
	if f.text != nil {
		none := new(string)
		lifted.text = func(r *R) *string {
			if p := at(r); p != nil {
				return f.text(p)
			}
			return none
		}
	}
	return lifted
}

// parts is part for several fields.
func parts[R, P any](fields []field[P], at func(*R) *P) []field[R] {
	all := make([]field[R], len(fields))
	for i, f := range fields {
		all[i] = part(f, at)
	}
	return all
}

// A view names the columns of the rows that are made from Rs.
type view[R any] struct {
	keys     []field[R]                         // those of a saved row, in their order
	composed []field[R]                         // those that say for people what several keys say
	people   string                             // the names of the ones that people see, with commas between
	named    func(name string) (field[R], bool) // a column for each of many names; nil where there are none
}

// names returns the names of all columns.
func (v *view[R]) names() []string {
	var names []string
	for _, f := range slices.Concat(v.keys, v.composed) {
		names = append(names, f.Name)
	}
	return names
}

// pick returns the fields of a list of names with commas between.
func (v *view[R]) pick(names string) ([]field[R], error) {
	all := slices.Concat(v.keys, v.composed)
	var picked []field[R]
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(all, func(f field[R]) bool { return f.Name == name })
		if i < 0 && v.named != nil {
			if f, ok := v.named(name); ok {
				i, all = len(all), append(all, f)
			}
		}
		if i < 0 {
			return nil, fmt.Errorf("unknown column %q%s; expected some of %s", name, DidYouMean(name, v.names()), strings.Join(v.names(), ", "))
		}
		if slices.ContainsFunc(picked, func(f field[R]) bool { return f.Name == name }) {
			return nil, fmt.Errorf("column %s is listed twice", name)
		}
		picked = append(picked, all[i])
	}
	return picked, nil
}

// listed returns a list of names, after those of the view where it begins with
// "+".
func (v *view[R]) listed(names string, people bool) string {
	more, ok := strings.CutPrefix(strings.TrimSpace(names), "+")
	if !ok {
		return names
	}
	all := strings.Split(v.people, ",")
	if !people {
		all = nil
		for _, f := range v.keys {
			all = append(all, f.Name)
		}
	}
	for name := range strings.SplitSeq(more, ",") {
		if name = strings.TrimLeft(strings.TrimSpace(name), "+"); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return strings.Join(all, ",")
}

// columns returns the fields that o asks for.
func (v *view[R]) columns(o Options) ([]field[R], error) {
	people := o.Format.People
	fields := slices.Clone(v.keys)
	var err error
	switch {
	case o.Columns != "":
		fields, err = v.pick(v.listed(o.Columns, people))
		for i := range fields {
			fields[i].rank, fields[i].optional = 0, false // what was asked for stays
		}
	case people:
		fields, err = v.pick(v.people)
	}
	if o.Columns == "" && !o.Sensors && !o.Format.Saves {
		fields = slices.DeleteFunc(fields, func(f field[R]) bool { return f.sensors })
	}
	if o.Format.Early {
		fields = slices.DeleteFunc(fields, func(f field[R]) bool { return f.optional })
	}
	for i, f := range fields {
		if people && f.shown != nil {
			fields[i].value = f.shown
		}
	}
	return fields, err
}

// readBy returns the field with another way to read it back.
func readBy[R any](read func(*Reader, *R), f field[R]) field[R] {
	f.read = read
	return f
}

// Rows write a row for each R to a Sink.
type Rows[R any] struct {
	Sink
	fields []field[R]
	row    []Value
	sensor string // Options.Sensor

	json  *ndjson // the Sink, if it is one
	pairs []pair[R]

	// Until the columns are known, first takes the rows, and settle makes the rest.
	first  func(*R) error
	settle func() error
	before func(*R) // each row; nil for nothing
}

// A pair is what is used of a field to write a member of a JSON object: all of
// a row's stay in the first cache.
type pair[R any] struct {
	key   string // as it is written behind another member
	text  func(*R) *string
	value func(*R) Value
}

// bySensor sets the columns that say which sensor captured something: people see
// them where there are several, and a sensor knows its own name.
func (v *view[R]) bySensor(o Options) {
	if o.Sensors {
		first, _, _ := strings.Cut(v.people, ",")
		if strings.Contains(v.people, "time,") {
			first = "time"
		}
		v.people = strings.Replace(v.people, first+",", first+","+sensorName+",", 1)
	}
	if o.Sensor == "" {
		return
	}
	for i := range v.keys {
		switch f := &v.keys[i]; {
		case f.Name != sensorName:
		case f.Kind == KindTexts:
			names := []string{o.Sensor}
			f.value = func(*R) Value { return listOf(&names) }
		default:
			f.value, f.text = func(*R) Value { return textOf(&o.Sensor) }, nil
		}
	}
}

// newRows returns Rows that write to w.
func newRows[R any](w io.Writer, o Options, v *view[R]) (*Rows[R], error) {
	v.bySensor(o)
	fields, err := v.columns(o)
	if err != nil {
		return nil, err
	}
	columns := make([]Column, len(fields))
	for i, f := range fields {
		columns[i] = f.Column
	}
	sink, err := New(w, o, columns)
	r := &Rows[R]{Sink: sink, fields: fields, row: make([]Value, len(fields)), sensor: o.Sensor}
	if json, ok := sink.(*ndjson); ok {
		r.json = json
		for i, f := range fields {
			r.pairs = append(r.pairs, pair[R]{json.keys[i], f.text, f.value})
		}
	}
	return r, err
}

// Write writes the row of of.
func (r *Rows[R]) Write(of *R) error {
	if r.first != nil {
		return r.first(of)
	}
	if r.before != nil {
		r.before(of)
	}
	if r.json != nil { // what writes a value at a time needs no row
		line := r.json.buf
		for i := range r.pairs {
			m := &r.pairs[i]
			if m.text != nil {
				if s := *m.text(of); s != "" {
					line = AppendString(append(line, m.key...), s)
				}
				continue
			}
			if v := m.value(of); v.kind != Absent {
				line = r.json.value(append(line, m.key...), v)
			}
		}
		return r.json.end(line)
	}
	for i := range r.fields {
		r.row[i] = r.fields[i].value(of)
	}
	return r.Row(r.row)
}

// Flush writes what is kept, for a reader who waits.
func (r *Rows[R]) Flush() error {
	if r.settle != nil {
		if err := r.settle(); err != nil {
			return err
		}
	}
	return r.Sink.Flush()
}

// Close writes what is kept and what ends the format.
func (r *Rows[R]) Close() error {
	if r.settle != nil {
		if err := r.settle(); err != nil {
			return err
		}
	}
	return r.Sink.Close()
}

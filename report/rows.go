package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// A field is a column of the rows that are made from Rs.
type field[R any] struct {
	Column
	value func(*R) Value
	shown func(*R) Value // what people see instead; nil for the same
}

// A view names the columns of the rows that are made from Rs.
type view[R any] struct {
	keys     []field[R] // those of a saved row, in their order
	composed []field[R] // those that say for people what several keys say
	people   string     // the names of the ones that people see, with commas between
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
		if i < 0 {
			return nil, fmt.Errorf("no column is called %q; expected some of %s", name, strings.Join(v.names(), ", "))
		}
		if slices.ContainsFunc(picked, func(f field[R]) bool { return f.Name == name }) {
			return nil, fmt.Errorf("the column %s is there twice", name)
		}
		picked = append(picked, all[i])
	}
	return picked, nil
}

// columns returns the fields that o asks for.
func (v *view[R]) columns(o Options) ([]field[R], error) {
	people := o.Format == "table" || o.Format == "markdown"
	fields := slices.Clone(v.keys)
	var err error
	switch {
	case o.Columns != "":
		fields, err = v.pick(o.Columns)
		for i := range fields {
			fields[i].rank, fields[i].optional = 0, false // what was asked for stays
		}
	case people:
		fields, err = v.pick(v.people)
	}
	if o.Format == "markdown" { // which is written row by row
		fields = slices.DeleteFunc(fields, func(f field[R]) bool { return f.optional })
	}
	for i, f := range fields {
		if people && f.shown != nil {
			fields[i].value = f.shown
		}
	}
	return fields, err
}

// Rows write a row for each R to a Sink.
type Rows[R any] struct {
	Sink
	values []func(*R) Value
	row    []Value
	json   *ndjson // the Sink, if it is one
}

// newRows returns Rows that write to w.
func newRows[R any](w io.Writer, o Options, v *view[R]) (*Rows[R], error) {
	fields, err := v.columns(o)
	if err != nil {
		return nil, err
	}
	columns := make([]Column, len(fields))
	values := make([]func(*R) Value, len(fields))
	for i, f := range fields {
		columns[i], values[i] = f.Column, f.value
	}
	sink, err := New(w, o, columns)
	json, _ := sink.(*ndjson)
	return &Rows[R]{sink, values, make([]Value, len(fields)), json}, err
}

// Write writes the row of of.
func (r *Rows[R]) Write(of *R) error {
	if r.json != nil { // what writes a value at a time needs no row
		line, keys := r.json.buf, r.json.keys
		for i, value := range r.values {
			if v := value(of); v.kind != absent {
				line = r.json.value(append(line, keys[i]...), v)
			}
		}
		return r.json.end(line)
	}
	for i, value := range r.values {
		r.row[i] = value(of)
	}
	return r.Row(r.row)
}

package report

import (
	"io"
	"slices"
	"strings"

	"actionurl/decode"
	"actionurl/decode/actionurl"
)

// varPrefix begins the names of columns that are variables, and allVars stands
// for a column of each.
const (
	varPrefix = "vars."
	allVars   = varPrefix + "*"
)

// scoutedRows is how many rows are looked at to know the variables of a run, and
// kept for it: 1,000 of about 1 KiB, 1 MiB.
const scoutedRows = 1000

// varField is the column of a variable, by its name or by the key that it was
// sent under.
func varField(name string) field[decode.Record] {
	return field[decode.Record]{
		Column: Column{Name: varPrefix + name, Kind: KindText, width: 8, typical: 16},
		value: func(r *decode.Record) Value {
			if r.Event == nil {
				return Value{}
			}
			for i := range r.Event.Vars {
				if v := &r.Event.Vars[i]; v.Name == name {
					return textOf(&v.Value)
				}
			}
			return Value{}
		},
	}
}

// spread returns a list of columns with those of these variables in the place of
// allVars.
func spread(columns string, variables []string) string {
	var names []string
	for name := range strings.SplitSeq(columns, ",") {
		if strings.TrimLeft(strings.TrimSpace(name), "+") != allVars {
			names = append(names, name)
			continue
		}
		for i, v := range variables {
			if i == 0 && strings.HasPrefix(strings.TrimSpace(name), "+") {
				v = "+" + varPrefix + v
			} else {
				v = varPrefix + v
			}
			if !slices.Contains(names, v) {
				names = append(names, v)
			}
		}
	}
	return strings.Join(names, ",")
}

// A scout keeps the first rows, whose variables become columns.
type scout struct {
	records   []decode.Record
	variables []string
	open      func(variables []string) (*Rows[decode.Record], error)
}

// newScouted returns Rows whose columns depend on the first of them.
func newScouted(w io.Writer, o Options, v View) (*Rows[decode.Record], error) {
	s := &scout{open: func(variables []string) (*Rows[decode.Record], error) {
		o := o
		o.Columns = spread(o.Columns, variables)
		return NewRecords(w, o, v)
	}}
	if _, err := records(v, o).columns(Options{Format: o.Format, Columns: spread(o.Columns, []string{""})}); err != nil {
		return nil, err
	}
	rows := &Rows[decode.Record]{}
	seen := map[string]bool{}
	settle := func() error {
		opened, err := s.open(s.variables)
		if err != nil {
			return err
		}
		*rows = *opened
		rows.before = unlisted(o, s.variables)
		for i := range s.records {
			if err := rows.Write(&s.records[i]); err != nil {
				return err
			}
		}
		s.records = nil
		return nil
	}
	rows.settle = settle
	rows.first = func(r *decode.Record) error {
		s.records = append(s.records, keep(r))
		if r.Event != nil {
			for i := range r.Event.Vars {
				if name := r.Event.Vars[i].Name; !seen[name] {
					seen[strings.Clone(name)] = true
					s.variables = append(s.variables, strings.Clone(name))
				}
			}
		}
		if len(s.records) < scoutedRows {
			return nil
		}
		return settle()
	}
	return rows, nil
}

// unlisted returns what counts the values of variables that have no column, nil
// where nobody asks.
func unlisted(o Options, columns []string) func(*decode.Record) {
	if o.Unlisted == nil {
		return nil
	}
	return func(r *decode.Record) {
		if r.Event == nil {
			return
		}
		for i := range r.Event.Vars {
			if !slices.Contains(columns, r.Event.Vars[i].Name) {
				*o.Unlisted++
			}
		}
	}
}

// keep returns a copy of a record that stays valid. Its phone and its call go on.
func keep(r *decode.Record) decode.Record {
	kept := *r
	x := *r.Exchange
	kept.Exchange, kept.Findings = &x, slices.Clone(r.Findings)
	if r.Sent != nil {
		sent := *r.Sent
		kept.Sent = &sent
	}
	if r.Event != nil {
		e := *r.Event
		e.Vars, e.Candidates = slices.Clone(e.Vars), slices.Clone(e.Candidates)
		kept.Event = &e
	}
	return kept
}

// sidesOf returns the sides of the record's call, as its phone sees them.
func sidesOf(r *decode.Record) *actionurl.Sides {
	if s := &r.Event.Sides; !s.ByCaller || r.Call == nil {
		return s
	}
	s := r.Event.Sides.Toward(r.Call.Direction)
	return &s
}

// sideFields are the ends of a call, whatever variables name them. They are not
// read back: the variables are.
func sideFields() []field[decode.Record] {
	side := func(c Column, of func(*actionurl.Sides) Value) field[decode.Record] {
		return field[decode.Record]{Column: c, value: func(r *decode.Record) Value {
			if r.Event == nil {
				return Value{}
			}
			return of(sidesOf(r))
		}, read: func(rd *Reader, _ *decode.Record) { rd.skip() }}
	}
	return []field[decode.Record]{
		side(Column{Name: "local", Kind: KindText, width: 6, typical: 12}, func(s *actionurl.Sides) Value { return textOf(&s.Local) }),
		side(Column{Name: "remote", Kind: KindText, width: 6, typical: 12}, func(s *actionurl.Sides) Value { return textOf(&s.Remote) }),
		side(Column{Name: "display_remote", Kind: KindText, width: 8, typical: 16}, func(s *actionurl.Sides) Value { return textOf(&s.RemoteName) }),
		side(Column{Name: "duration_s", Kind: KindNumber, width: 10, right: true}, func(s *actionurl.Sides) Value {
			if !s.Lasted {
				return Value{}
			}
			return Number(int64(s.Duration))
		}),
	}
}

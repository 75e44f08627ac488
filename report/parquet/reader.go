package parquet

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"actionurl/report"
)

// Is reports whether a file begins as Parquet.
func Is(from io.ReaderAt) bool {
	var b [len(magic)]byte
	_, err := from.ReadAt(b[:], 0)
	return err == nil && string(b[:]) == magic
}

// A Reader reads saved events. What is damaged is a *report.Problem with its place;
// what follows in the same row group is left out then.
type Reader struct {
	*report.Reader // of the lines that the rows stand for

	name    string
	in      io.ReaderAt
	groups  []rowGroup // that are to be read
	sources []source
	unread  []string // columns of events that have a type that is not read, and are still to be said
	time    int      // which of the sources is the time; -1 for none

	cursors [][2]*cursor // of the row group, by source
	left    int64        // its rows
	row     int          // the latest, 1-based, of the file
	budget  budget
	codecs  codecs
	line    []byte
}

// NewReader returns a Reader of a file of that size, with a name for messages.
func NewReader(name string, in io.ReaderAt, size int64) (*Reader, error) {
	m, err := readFooter(in, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	sources, unread, leaves, err := m.sources()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r := &Reader{Reader: report.NewReader(name, strings.NewReader("")), name: name, in: in, groups: m.groups, sources: sources, unread: unread, budget: maxRead}
	r.time = slices.IndexFunc(sources, func(s source) bool { return s.name == "time" && s.shape == oneNumber && s.unit > 0 })
	if r.time < 0 && len(m.groups) > 0 {
		return nil, fmt.Errorf(`%s: it has no "time"; expected saved events`, name)
	}
	for _, g := range m.groups {
		if len(g.chunks) != leaves {
			return nil, fmt.Errorf("%s: %w", name, errThrift)
		}
		for _, s := range sources {
			if g.chunks[s.at].kind != s.leaf.kind || s.leaf.maxRep == 0 && g.chunks[s.at].values != g.rows {
				return nil, fmt.Errorf("%s: %w", name, errThrift)
			}
		}
	}
	for i := range r.sources {
		s := &r.sources[i]
		s.key = append(report.AppendString([]byte(","), s.name), ':')
	}
	return r, nil
}

// Least returns a time that no record is before, math.MinInt64 where that is not
// known. It reads no row, so files whose time has not come take little memory.
func (r *Reader) Least() int64 {
	least := int64(math.MaxInt64)
	for _, g := range r.groups {
		c := g.chunks[r.sources[r.time].at]
		if !c.bounded {
			return math.MinInt64
		}
		ns, ok := r.sources[r.time].nanoseconds(c.least)
		if !ok {
			return math.MinInt64
		}
		least = min(least, ns)
	}
	return least
}

// Next reads the next record, as [report.Reader.Next] does.
func (r *Reader) Next(rec *report.Saved) error {
	if len(r.unread) > 0 {
		name := r.unread[0]
		r.unread = r.unread[1:]
		return r.Problem(fmt.Errorf("column %s has a type that is not read, and is left out", name))
	}
	for {
		switch {
		case r.left > 0:
		case r.cursors != nil:
			r.cursors, r.groups, r.budget = nil, r.groups[1:], maxRead
			continue
		case len(r.groups) == 0:
			return io.EOF
		default:
			r.open()
			continue
		}
		r.row++
		r.left--
		if err := r.build(); err != nil {
			at := r.row
			r.row += int(r.left)
			r.left = 0
			if _, failed := errors.AsType[*damage](err); !failed {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			if r.row > at {
				err = fmt.Errorf("%w; rows %d to %d are left out", err, at, r.row)
			}
			return &report.Problem{File: r.name, Line: at, Err: err}
		}
		if len(r.line) > report.MaxLine {
			return r.Problem(fmt.Errorf("the row takes more than %d bytes as a line", report.MaxLine))
		}
		known, err := r.Parse(string(r.line), rec)
		if err != nil {
			return r.Problem(err)
		}
		if known {
			return nil
		}
	}
}

// Problem returns a problem at the row that was read last.
func (r *Reader) Problem(err error) error {
	return &report.Problem{File: r.name, Line: r.row, Err: err}
}

// open begins a row group.
func (r *Reader) open() {
	g := &r.groups[0]
	r.left = g.rows
	r.cursors = make([][2]*cursor, len(r.sources))
	for i := range r.sources {
		s := &r.sources[i]
		r.cursors[i][0] = &cursor{leaf: s.leaf, in: r.in, place: g.chunks[s.at], budget: &r.budget, codecs: &r.codecs}
		if s.values != nil {
			r.cursors[i][1] = &cursor{leaf: s.values, in: r.in, place: g.chunks[s.at+1], budget: &r.budget, codecs: &r.codecs}
		}
	}
}

// damage is what is wrong with a column.
type damage struct {
	column string
	err    error
}

func (d *damage) Error() string { return fmt.Sprintf("column %s: %v", d.column, d.err) }
func (d *damage) Unwrap() error { return d.err }

// build makes the line of the next row.
func (r *Reader) build() error {
	r.line = append(r.line[:0], '{')
	line, beside := "", "" // see report
	for i := range r.sources {
		s, c := &r.sources[i], r.cursors[i][0]
		if s.shape != oneText && s.shape != oneNumber {
			if err := r.several(s, r.cursors[i]); err != nil {
				return err
			}
			continue
		}
		_, def, ok, err := c.next()
		switch {
		case err == nil && !ok:
			err = errPage
			fallthrough
		case err != nil:
			return r.failed(s, err)
		case def < s.leaf.maxDef:
		case s.name == "line" && s.shape == oneText:
			line = c.text()
		case s.name == "beside" && s.shape == oneText:
			beside = c.text()
		default:
			from := len(r.line)
			r.line = append(r.line, s.key...)
			if !r.value(s, c) {
				r.line = r.line[:from]
			}
		}
	}
	if line != "" {
		r.line = append(report.AppendString(append(r.line, ','), line), ':')
		r.json(beside)
	}
	if len(r.line) > 1 { // without the first comma
		r.line[0], r.line[1] = ' ', '{'
	}
	r.line = append(r.line, '}')
	return nil
}

// failed returns the error of a column. Where the file cannot be read, it is that.
func (r *Reader) failed(s *source, err error) error {
	if _, failed := errors.AsType[*fs.PathError](err); failed {
		return err
	}
	return &damage{s.name, err}
}

// several adds the list or map of a row.
func (r *Reader) several(s *source, of [2]*cursor) error {
	from := len(r.line)
	begin, end := byte('['), byte(']')
	if s.shape == namedTexts {
		begin, end = '{', '}'
	}
	r.line = append(append(r.line, s.key...), begin)
	body := len(r.line)
	for first := true; ; first = false {
		rep, def, ok, err := of[0].next()
		if err == nil && (!ok || first != (rep == 0)) {
			err = errPage
		}
		if err != nil {
			return r.failed(s, err)
		}
		valued := s.leaf.maxDef == def
		if s.values != nil {
			rep2, def2, ok, err := of[1].next()
			if err == nil && (!ok || rep2 != rep) {
				err = errPage
			}
			if err != nil {
				return r.failed(s, err)
			}
			valued = valued && def2 == s.values.maxDef
		}
		if valued && len(r.line) <= report.MaxLine {
			if len(r.line) > body {
				r.line = append(r.line, ',')
			}
			if !r.value(s, of[0]) {
				r.line = append(r.line, "null"...)
			}
			if s.values != nil {
				r.line = report.AppendString(append(r.line, ':'), of[1].text())
			}
		}
		more, err := of[0].peek()
		if err != nil {
			return r.failed(s, err)
		}
		if more == 0 {
			break
		}
	}
	if r.line = append(r.line, end); len(r.line) == body+1 {
		r.line = r.line[:from]
	}
	return nil
}

// value adds the latest value of a cursor to the line, and reports whether JSON has
// one for it.
func (r *Reader) value(s *source, c *cursor) bool {
	switch {
	case s.raw:
		r.json(c.text())
		return true
	case s.leaf.kind == typeBytes:
		r.line = report.AppendString(r.line, c.text())
		return true
	}
	n := c.number()
	switch {
	case s.leaf.kind == typeBool:
		r.line = strconv.AppendBool(r.line, n != 0)
	case s.leaf.kind == typeFloat || s.leaf.kind == typeDouble:
		f := math.Float64frombits(uint64(n))
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
		r.line = strconv.AppendFloat(r.line, f, 'f', -1, 64)
	case s.unit > 0:
		ns, ok := s.nanoseconds(n)
		if !ok {
			return false
		}
		r.line = time.Unix(0, ns).UTC().AppendFormat(append(r.line, '"'), `2006-01-02T15:04:05.000000000Z"`)
	default:
		r.line = appendDecimal(r.line, n, s.scale)
	}
	return true
}

// nanoseconds returns a time, if 64 bits have it.
func (s *source) nanoseconds(n int64) (int64, bool) {
	return n * s.unit, n >= math.MinInt64/s.unit && n <= math.MaxInt64/s.unit
}

// json adds what is JSON already, on one line.
func (r *Reader) json(s string) {
	if s == "" {
		s = "null"
	}
	r.line = append(r.line, strings.NewReplacer("\n", " ", "\r", " ").Replace(s)...)
}

// appendDecimal renders a number whose last digits are a fraction.
func appendDecimal(dst []byte, n int64, scale int) []byte {
	if scale == 0 {
		return strconv.AppendInt(dst, n, 10)
	}
	from := len(dst)
	dst = strconv.AppendInt(dst, n, 10)
	if n < 0 {
		from++
	}
	if short := scale + 1 - (len(dst) - from); short > 0 {
		dst = slices.Insert(dst, from, []byte(strings.Repeat("0", short))...)
	}
	return slices.Insert(dst, len(dst)-scale, '.')
}

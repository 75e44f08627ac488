package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"actionurl/report"
)

// An element is a node of a file's schema.
type element struct {
	name       string
	kind       int32 // the physical type; -1 of a group
	length     int   // of a typeFixed, in bytes
	repetition int32
	children   int
	logical    int16 // which of LogicalType; 0 for none
	converted  int32 // ConvertedType; -1 for none
	scale      int
	unit       int64 // of a timestamp, in nanoseconds
}

// A chunkPlace is where a column of a row group lies in the file.
type chunkPlace struct {
	at, end int64
	values  int64
	codec   int32
	kind    int32
	least   int64 // of a typeInt64; valid iff bounded
	bounded bool  // least is known, and no value is null
}

// A rowGroup is a part of the file, with a chunk for each leaf.
type rowGroup struct {
	rows   int64
	chunks []chunkPlace
}

// metadata are what the footer of a file says.
type metadata struct {
	elements []element // the root first, each before its children
	groups   []rowGroup
}

// readFooter reads the metadata at the end of a file.
func readFooter(from io.ReaderAt, size int64) (*metadata, error) {
	const tail = 4 + len(magic)
	var end [tail]byte
	if size < int64(len(magic)+tail) {
		return nil, errors.New("it ends too early: a Parquet file that is not whole cannot be read")
	}
	if _, err := from.ReadAt(end[:], size-int64(tail)); err != nil {
		return nil, err
	}
	if string(end[4:]) != magic {
		return nil, errors.New("it has no end: a Parquet file that is not whole cannot be read")
	}
	n := int64(binary.LittleEndian.Uint32(end[:]))
	switch {
	case n > size-int64(tail+len(magic)):
		return nil, errThrift
	case n > maxFooter:
		return nil, fmt.Errorf("its metadata have %d bytes; expected at most %d", n, maxFooter)
	}
	footer := make([]byte, n)
	if _, err := from.ReadAt(footer, size-int64(tail)-n); err != nil {
		return nil, err
	}
	m := &metadata{}
	r := &thriftReader{buf: footer}
	m.read(r, size)
	if r.err != nil {
		return nil, r.err
	}
	return m, m.check(size)
}

// check returns an error if the file is to have more than it has place for: so what
// reading takes depends on its size alone.
func (m *metadata) check(size int64) error {
	var bytes, rows, values, single int64
	for i := range m.groups {
		g := &m.groups[i]
		rows += g.rows
		for _, c := range g.chunks {
			bytes += c.end - c.at
			values += c.values
			single += g.rows
			if bytes > size || values < 0 || single < 0 {
				return errThrift
			}
		}
		if rows > size {
			return errors.New("it has more rows than bytes")
		}
	}
	if values > single+4*size {
		return errors.New("it has more values than bytes")
	}
	return nil
}

// read reads FileMetaData.
func (m *metadata) read(r *thriftReader, size int64) {
	chunks := 0
	r.each(func(id int16, kind byte) bool {
		switch {
		case id == 2 && kind == thriftList:
			_, n := r.list()
			for range min(n, maxLeaves) {
				m.elements = append(m.elements, readElement(r))
			}
			if n > maxLeaves {
				r.err = fmt.Errorf("it has %d columns; expected at most %d", n, maxLeaves)
			}
		case id == 4 && kind == thriftList:
			_, n := r.list()
			for range n {
				g := readGroup(r, size)
				if chunks += len(g.chunks) + 1; r.err != nil || chunks > maxChunks {
					r.fail()
					return true
				}
				m.groups = append(m.groups, g)
			}
		default:
			return false
		}
		return true
	})
}

// readElement reads a SchemaElement.
func readElement(r *thriftReader) element {
	e := element{kind: -1, converted: -1}
	r.each(func(id int16, kind byte) bool {
		switch id {
		case 1:
			e.kind = int32(r.number())
		case 2:
			e.length = int(int32(r.number()))
		case 3:
			e.repetition = int32(r.number())
		case 4:
			e.name = string(r.bytes())
		case 5:
			e.children = int(int32(r.number()))
		case 6:
			e.converted = int32(r.number())
		case 7:
			e.scale = int(int32(r.number()))
		case 10:
			if kind != thriftStruct {
				return false
			}
			e.readLogical(r)
		default:
			return false
		}
		return true
	})
	switch e.converted {
	case 9: // TIMESTAMP_MILLIS
		e.unit = 1e6
	case 10: // TIMESTAMP_MICROS
		e.unit = 1e3
	}
	return e
}

// readLogical reads a LogicalType.
func (e *element) readLogical(r *thriftReader) {
	r.each(func(id int16, kind byte) bool {
		if kind != thriftStruct {
			return false
		}
		switch e.logical = id; id {
		case logicalDecimal:
			r.each(func(id int16, kind byte) bool {
				if id != 1 || kind != thriftI32 {
					return false
				}
				e.scale = int(int32(r.number()))
				return true
			})
		case logicalTimestamp:
			r.each(func(id int16, kind byte) bool {
				if id != 2 || kind != thriftStruct {
					return false
				}
				r.each(func(id int16, _ byte) bool {
					if id >= 1 && id <= 3 {
						e.unit = [...]int64{1e6, 1e3, 1}[id-1]
					}
					return false
				})
				return true
			})
		default:
			return false
		}
		return true
	})
}

// readGroup reads a RowGroup of a file of that size.
func readGroup(r *thriftReader, size int64) rowGroup {
	var g rowGroup
	r.each(func(id int16, kind byte) bool {
		switch {
		case id == 1 && kind == thriftList:
			_, n := r.list()
			if n > maxLeaves {
				r.fail()
				return true
			}
			g.chunks = make([]chunkPlace, 0, n)
			for range n {
				g.chunks = append(g.chunks, readChunk(r, size))
			}
		case id == 3 && kind == thriftI64:
			g.rows = r.number()
		default:
			return false
		}
		return true
	})
	if g.rows < 0 || g.rows > size {
		r.fail()
	}
	return g
}

// readChunk reads a ColumnChunk.
func readChunk(r *thriftReader, size int64) chunkPlace {
	var c chunkPlace
	var pages, dictionary, length int64
	nulls := int64(-1)
	r.each(func(id int16, kind byte) bool {
		if id != 3 || kind != thriftStruct {
			return false
		}
		r.each(func(id int16, kind byte) bool {
			switch id {
			case 1:
				c.kind = int32(r.number())
			case 4:
				c.codec = int32(r.number())
			case 5:
				c.values = r.number()
			case 7:
				length = r.number()
			case 9:
				pages = r.number()
			case 11:
				dictionary = r.number()
			case 12:
				if kind != thriftStruct {
					return false
				}
				r.each(func(id int16, kind byte) bool {
					switch {
					case id == 3 && kind == thriftI64:
						nulls = r.number()
					case id == 6 && kind == thriftBinary:
						if b := r.bytes(); len(b) == 8 {
							c.least, c.bounded = int64(binary.LittleEndian.Uint64(b)), true
						}
					default:
						return false
					}
					return true
				})
			default:
				return false
			}
			return true
		})
		return true
	})
	c.bounded = c.bounded && nulls == 0
	c.at = pages
	if dictionary > 0 && dictionary < pages {
		c.at = dictionary
	}
	if c.at < 0 || length < 0 || c.at > size || length > size-c.at || c.values < 0 {
		r.fail()
	}
	c.end = c.at + length
	return c
}

// A source is a column of a file that can become a key of a line.
type source struct {
	column
	key   []byte // as it stands in a line
	at    int    // of its leaf in a row group
	raw   bool   // its texts are JSON
	unit  int64  // of a time, in nanoseconds; 0 for what is none
	scale int    // of a decimal
}

// sources returns the columns that can be read. Others, as they are structs or of
// types that events do not have, are left out, as are keys that are not known; unread
// are those that events have.
func (m *metadata) sources() (all []source, unread []string, leaves int, err error) {
	if len(m.elements) == 0 {
		return nil, nil, 0, errThrift
	}
	rest := m.elements[1:]
	for range m.elements[0].children {
		if len(rest) == 0 {
			return nil, nil, 0, errThrift
		}
		top := rest[0]
		s := source{at: leaves, column: column{name: top.name}}
		var found []leaf
		var of []element
		before := len(rest)
		rest, err = walk(rest, 0, 0, 0, &found, &of)
		if err != nil {
			return nil, nil, 0, err
		}
		leaves += len(found)
		if s.take(top, found, of, before-len(rest)) {
			all = append(all, s)
		} else if slices.Contains(report.ColumnNames(report.Requests), top.name) {
			unread = append(unread, top.name)
		}
	}
	return all, unread, leaves, nil
}

// walk passes over an element and its children, and adds its leaves.
func walk(rest []element, depth int, maxRep, maxDef uint32, found *[]leaf, of *[]element) ([]element, error) {
	if len(rest) == 0 || depth > maxDepth {
		return nil, errThrift
	}
	e := rest[0]
	rest = rest[1:]
	switch e.repetition {
	case optional:
		maxDef++
	case repeated:
		maxDef++
		maxRep++
	}
	if e.kind >= 0 && e.children == 0 {
		*found = append(*found, leaf{kind: e.kind, length: e.length, maxRep: maxRep, maxDef: maxDef})
		*of = append(*of, e)
		return rest, nil
	}
	var err error
	for range e.children {
		if rest, err = walk(rest, depth+1, maxRep, maxDef, found, of); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// take finds out how the values of a column of so many elements lie in its leaves, and
// reports whether they can be read.
func (s *source) take(top element, found []leaf, of []element, elements int) bool {
	known := func(l leaf) bool {
		if l.kind == typeFixed { // as Arrow writes decimals
			return (of[0].logical == logicalDecimal || of[0].converted == convertedDecimal) && l.length > 0 && l.length <= maxFixed
		}
		return slices.Contains([]int32{typeBool, typeInt32, typeInt64, typeFloat, typeDouble, typeBytes}, l.kind)
	}
	switch {
	case len(found) == 2 && (top.logical == logicalMap || top.converted == convertedMap || top.converted == 2) && // MAP_KEY_VALUE
		found[0].maxRep == 1 && found[1].maxRep == 1 && found[0].kind == typeBytes && found[1].kind == typeBytes:
		s.shape, s.values = namedTexts, &found[1]
	case len(found) != 1 || found[0].maxRep > 1 || !known(found[0]):
		return false
	case found[0].maxRep == 0 && elements > 1, elements > 3: // a struct of one, and a list of them
		return false
	case found[0].maxRep == 1 && found[0].kind == typeBytes:
		s.shape = severalTexts
	case found[0].maxRep == 1:
		s.shape = severalNumbers
	case found[0].kind == typeBytes:
		s.shape = oneText
	default:
		s.shape = oneNumber
	}
	s.leaf = &found[0]
	s.unit, s.scale = of[0].unit, of[0].scale
	s.raw = s.shape == oneText && (of[0].logical == logicalJSON || of[0].converted == convertedJSON || s.name == "details" || s.name == "beside")
	return s.scale >= 0 && s.scale <= digitsOf && s.unit <= math.MaxInt32
}

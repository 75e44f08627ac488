package parquet

import (
	"encoding/binary"
	"io"
	"unicode/utf8"

	"actionurl/report"
)

// magic begins and ends a file.
const magic = "PAR1"

// A sink writes rows. Nothing of it can be read before the end.
type sink struct {
	w       io.Writer
	columns []column
	leaves  []*leaf
	packing packing
	scratch []byte

	at         int64 // where the file has come to
	rows       int64 // of the file
	group      int64 // rows of the row group
	pageRows   int
	pageBytes  int // of values
	groupBytes int // of pages that are compressed
	room       int // of the dictionaries

	groups thriftWriter // the RowGroups that were written
	n      int
}

var _ report.Sink = (*sink)(nil)

func newSink(w io.Writer, columns []report.Column) *sink {
	s := &sink{w: w, room: maxDictionaries}
	for _, c := range columns {
		s.columns = append(s.columns, newColumn(c))
	}
	for i := range s.columns {
		s.leaves = append(s.leaves, s.columns[i].leaves()...)
	}
	return s
}

// Row implements [report.Sink].
func (s *sink) Row(row []report.Value) error {
	for i := range row {
		v, c := &row[i], &s.columns[i]
		if v.Kind() == report.Absent {
			c.leaf.null()
			if c.values != nil {
				c.values.null()
			}
			continue
		}
		switch c.shape {
		case oneText:
			c.leaf.level(0, 1)
			s.value(c.leaf, v)
		case oneNumber:
			c.leaf.level(0, 1)
			c.leaf.number(c.fit(v.Int()))
			s.pageBytes += 8
		case severalTexts:
			rep := uint32(0)
			for text := range v.Texts() {
				c.leaf.level(rep, 2)
				s.text(c.leaf, text)
				rep = 1
			}
		case severalNumbers:
			rep := uint32(0)
			for n := range v.Numbers() {
				c.leaf.level(rep, 2)
				c.leaf.number(n)
				s.pageBytes += 8
				rep = 1
			}
		case namedTexts:
			rep := uint32(0)
			for name, text := range v.Named() {
				c.leaf.level(rep, 2)
				c.values.level(rep, 2)
				s.text(c.leaf, name)
				s.text(c.values, text)
				rep = 1
			}
		}
	}
	s.rows++
	s.group++
	if s.pageRows++; s.pageRows < maxPageRows && s.pageBytes < maxPageBytes {
		return nil
	}
	s.seal()
	if s.group < maxGroupRows && s.groupBytes < maxGroupBytes && s.room > maxDictionaries/8 {
		return nil
	}
	return s.endGroup()
}

// maxDecimal is the greatest number of digitsOf digits.
const maxDecimal = 1e18 - 1

// fit returns a number as the column can have it: time spans of more than 31
// years are cut.
func (c *column) fit(n int64) int64 {
	if c.kind == report.KindMillis || c.kind == report.KindSeconds {
		return max(-maxDecimal, min(n, maxDecimal))
	}
	return n
}

// text adds a text, which may be no UTF-8.
func (s *sink) text(l *leaf, text string) {
	if (!l.shared || l.full) && utf8.ValidString(text) {
		l.texts = append(binary.LittleEndian.AppendUint32(l.texts, uint32(len(text))), text...)
		s.pageBytes += 4 + len(text)
		return
	}
	s.scratch = append(s.scratch[:0], text...)
	if l.again(s.scratch) { // which then is UTF-8
		s.pageBytes += 4
		return
	}
	if !utf8.Valid(s.scratch) {
		s.scratch = report.AppendUnicode(s.scratch[:0], text)
		if l.again(s.scratch) {
			s.pageBytes += 4
			return
		}
	}
	s.bytes(l)
}

// value adds a value as NDJSON has it, without escapes.
func (s *sink) value(l *leaf, v *report.Value) {
	if text, ok := v.Raw(); ok {
		s.text(l, text)
		return
	}
	s.scratch = v.AppendText(s.scratch[:0], nil, false)
	s.bytes(l)
}

// bytes adds the text in s.scratch.
func (s *sink) bytes(l *leaf) {
	page, dictionary := l.text(s.scratch, min(s.room, maxDictionaries/4-l.taken))
	s.pageBytes += page
	s.room -= dictionary
	l.taken += dictionary
}

// Flush implements [report.Sink]: what is kept is bounded, and could not be read.
func (s *sink) Flush() error { return nil }

// Close implements [report.Sink].
func (s *sink) Close() error {
	s.seal()
	if err := s.endGroup(); err != nil {
		return err
	}
	if err := s.begin(); err != nil {
		return err
	}
	var w thriftWriter
	w.i32(1, 2)
	elements := 1
	for i := range s.columns {
		elements += s.columns[i].elements()
	}
	w.list(2, thriftStruct, elements)
	w.open()
	w.bytes(4, []byte("schema"))
	w.i32(5, int32(len(s.columns)))
	w.end()
	for i := range s.columns {
		s.columns[i].schema(&w)
	}
	w.i64(3, s.rows)
	w.list(4, thriftStruct, s.n)
	w.buf = append(w.buf, s.groups.buf...)
	w.bytes(6, []byte("actionurl"))
	w.buf = append(w.buf, thriftStop)
	footer := binary.LittleEndian.AppendUint32(w.buf, uint32(len(w.buf)))
	return s.write(append(footer, magic...))
}

// seal ends the pages of all columns.
func (s *sink) seal() {
	s.groupBytes = 0
	for _, l := range s.leaves {
		l.seal(&s.packing)
		s.groupBytes += len(l.pages)
	}
	s.pageRows, s.pageBytes = 0, 0
}

// begin begins the file.
func (s *sink) begin() error {
	if s.at > 0 {
		return nil
	}
	return s.write([]byte(magic))
}

// endGroup writes the row group.
func (s *sink) endGroup() error {
	if s.group == 0 {
		return nil
	}
	if err := s.begin(); err != nil {
		return err
	}
	from, size := s.at, int64(0)
	w := &s.groups
	w.open()
	w.list(1, thriftStruct, len(s.leaves))
	for _, l := range s.leaves {
		at := s.at
		head := l.head(&s.packing)
		if err := s.write(head); err != nil {
			return err
		}
		if err := s.write(l.pages); err != nil {
			return err
		}
		l.chunk(w, at, len(head))
		size += l.size
		l.reset()
	}
	w.i64(2, size)
	w.i64(3, s.group)
	w.i64(5, from)
	w.i64(6, s.at-from)
	w.end()
	s.n++
	s.group, s.groupBytes, s.room = 0, 0, maxDictionaries
	return nil
}

// chunk adds a ColumnChunk to a list, which begins at a place in the file with a
// dictionary of so many bytes.
func (l *leaf) chunk(w *thriftWriter, at int64, head int) {
	w.open()
	w.i64(2, at)
	w.begin(3)
	w.i32(1, l.kind)
	encodings := []int32{rle}
	for encoding, used := range l.coded {
		if used {
			encodings = append(encodings, int32(encoding))
		}
	}
	if head > 0 && !l.coded[plain] {
		encodings = append(encodings, plain)
	}
	w.list(2, thriftI32, len(encodings))
	for _, encoding := range encodings {
		w.element(encoding)
	}
	w.list(3, thriftBinary, len(l.path))
	for _, name := range l.path {
		w.text(name)
	}
	w.i32(4, l.codec)
	w.i64(5, l.total)
	w.i64(6, l.size)
	w.i64(7, int64(head+len(l.pages)))
	w.i64(9, at+int64(head))
	if head > 0 {
		w.i64(11, at)
	}
	w.begin(12)
	w.i64(3, l.nulls)
	if least, most := l.bounds(); least != nil {
		w.bytes(5, most)
		w.bytes(6, least)
	}
	w.end()
	w.end()
	w.end()
}

func (s *sink) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := s.w.Write(b)
	s.at += int64(n)
	return err
}

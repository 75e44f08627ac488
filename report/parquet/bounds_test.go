package parquet

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
	"testing"

	"actionurl/report"
)

// zeros has zeros before what is at its end.
type zeros struct {
	size int64
	end  []byte
}

func (z zeros) ReadAt(b []byte, at int64) (int, error) {
	clear(b)
	if from := z.size - int64(len(z.end)); at+int64(len(b)) > from {
		copy(b[max(0, from-at):], z.end[max(0, at-from):])
	}
	return len(b), nil
}

// footed returns a file of that size at least, with a footer.
func footed(size int, footer []byte) zeros {
	end := append(binary.LittleEndian.AppendUint32(footer, uint32(len(footer))), magic...)
	return zeros{int64(max(size, len(magic)+len(end))), end}
}

func TestFooterBound(t *testing.T) {
	for n, want := range map[uint32]string{maxFooter: "", maxFooter + 1: "expected at most"} {
		file := zeros{maxFooter + 100, append(binary.LittleEndian.AppendUint32(nil, n), magic...)}
		if _, err := readFooter(file, file.size); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes of metadata: %v", n, err)
		}
	}
}

// elements returns a footer of a schema with so many elements.
func elements(n int) []byte {
	var w thriftWriter
	w.list(2, thriftStruct, n)
	for range n {
		w.open()
		w.end()
	}
	return append(w.buf, thriftStop)
}

// groupsOf returns a footer with row groups that have so many columns each.
func groupsOf(n, columns int) []byte {
	var w thriftWriter
	w.list(4, thriftStruct, n)
	for range n {
		w.open()
		w.list(1, thriftStruct, columns)
		for range columns {
			w.open()
			w.end()
		}
		w.end()
	}
	return append(w.buf, thriftStop)
}

func TestMetadataBound(t *testing.T) {
	for name, test := range map[string]struct {
		most, beyond []byte
		want         string
	}{
		"elements":            {elements(maxLeaves), elements(maxLeaves + 1), "columns; expected at most"},
		"columns of a group":  {groupsOf(1, maxLeaves), groupsOf(1, maxLeaves+1), "damaged"},
		"columns of all":      {groupsOf(maxChunks/2, 1), groupsOf(maxChunks/2+1, 1), "damaged"},
		"groups without one":  {groupsOf(maxChunks, 0), groupsOf(maxChunks+1, 0), "damaged"},
		"structs in a struct": {nested(maxDepth), nested(maxDepth + 1), "damaged"},
		"lists in a list":     {nestedLists(maxDepth - 1), nestedLists(maxDepth), "damaged"},
	} {
		file := footed(0, test.most)
		if _, err := readFooter(file, file.size); err != nil {
			t.Errorf("%s: as many as are read: %v", name, err)
		}
		file = footed(0, test.beyond)
		if _, err := readFooter(file, file.size); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: one more: %v", name, err)
		}
	}
}

// nested returns a footer with a field that nobody knows, of structs in structs.
func nested(depth int) []byte {
	b := bytes.Repeat([]byte{0x90 | thriftStruct}, depth+1) // each its field 9
	return append(b, make([]byte, depth+2)...)
}

// nestedLists returns a footer with a field that nobody knows, of lists in lists.
func nestedLists(depth int) []byte {
	b := append([]byte{0x90 | thriftList}, bytes.Repeat([]byte{0x10 | thriftList}, depth)...)
	return append(b, 0x10|thriftI8, 0, thriftStop)
}

// A schema has so many groups in groups.
func TestSchemaBound(t *testing.T) {
	for depth, ok := range map[int]bool{maxDepth: true, maxDepth + 1: false} {
		m := metadata{elements: []element{{children: 1, kind: -1}}}
		for range depth {
			m.elements = append(m.elements, element{children: 1, kind: -1})
		}
		m.elements = append(m.elements, element{name: "x", kind: typeInt64})
		if _, _, leaves, err := m.sources(); (err == nil && leaves == 1) != ok {
			t.Errorf("%d groups in each other: %d leaves, %v", depth, leaves, err)
		}
	}
}

// The header of a page has so many bytes, whatever the page has.
func TestHeaderBound(t *testing.T) {
	body := []byte{2, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0} // one value that is there
	for size, ok := range map[int]bool{maxHeader - 100: true, maxHeader + 100: false} {
		data := hostile(uncompressed, 1, func(h *thriftWriter) {
			page(int32(len(body)), int32(len(body)), 1, plain)(h)
			h.bytes(9, make([]byte, size))
		}, append(body, make([]byte, 2*maxHeader)...))
		r, err := NewReader("a.parquet", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		r.open()
		if _, _, there, err := r.cursors[r.time][0].next(); (there && err == nil) != ok {
			t.Errorf("a header of %d bytes more: %v", size, err)
		}
	}
}

// The pages that are open at a time have so many bytes at most. A row group gives back
// what it took.
func TestReadBound(t *testing.T) {
	data := written(t, 3)
	r, err := NewReader("a.parquet", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var rec report.Saved
	var left []budget
	for i := range 120 {
		if err := r.Next(&rec); err != nil {
			t.Fatal(err)
		}
		if i%40 == 39 {
			left = append(left, r.budget)
		}
	}
	if left[0] >= maxRead || left[0] < maxRead-64<<10 || left[1] < left[0]-1<<10 || left[2] < left[0]-1<<10 {
		t.Errorf("after row groups that are alike, %d bytes are left", left)
	}
	// Of two columns that are null in three million rows, each takes 66 MiB.
	const rows = 3 << 20
	levels := append(binary.AppendUvarint(nil, rows<<1), 0)
	body := append([]byte{byte(len(levels)), 0, 0, 0}, levels...)
	var h thriftWriter
	page(int32(len(body)), int32(len(body)), rows, plain)(&h)
	column := append(append(h.buf, thriftStop), body...)
	in := bytes.NewReader(append(bytes.Repeat(column, 2), make([]byte, rows)...))
	b := budget(maxRead)
	for i, want := range []string{"", "take more than 128 MiB"} {
		from := int64(i * len(column))
		c := cursor{leaf: &leaf{kind: typeInt64, maxDef: 1}, in: in, place: chunkPlace{at: from, end: from + int64(len(column)), values: rows}, budget: &b, codecs: &codecs{}}
		if err := c.load(); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("column %d: %v", i, err)
		}
	}
}

// Pages and row groups end at so many rows, however little these take.
func TestRowsBound(t *testing.T) {
	s := newSink(io.Discard, []report.Column{{Name: "a", Kind: report.KindText}})
	row := []report.Value{{}}
	for i := range maxGroupRows + 1 {
		if err := s.Row(row); err != nil {
			t.Fatal(err)
		}
		if n := i + 1; s.pageRows != n%maxPageRows || int(s.leaves[0].count) != n%maxPageRows || s.n != n/maxGroupRows {
			t.Fatalf("after %d rows, a page of %d, of %d levels, and %d row groups", n, s.pageRows, s.leaves[0].count, s.n)
		}
	}
}

// Dictionaries have so many bytes, each a quarter of them at most, and end a row group
// when there is no room.
func TestDictionariesBound(t *testing.T) {
	for _, filled := range []int{8, 2} {
		var columns []report.Column
		for i := range filled {
			columns = append(columns, report.Column{Name: strconv.Itoa(i), Kind: report.KindText, Shared: true})
		}
		s := newSink(io.Discard, columns)
		row := make([]report.Value, len(columns))
		most, rows := 0, 0
		for ; s.n == 0 && rows < 3*maxDictionaries/(filled*250); rows++ {
			text := report.Text(strings.Repeat("x", 250) + strconv.Itoa(rows))
			for c := range row {
				row[c] = text
			}
			if err := s.Row(row); err != nil {
				t.Fatal(err)
			}
			all := 0
			for _, l := range s.leaves {
				n := len(l.dictionary.texts) + 4*len(l.dictionary.ends) + 4*len(l.dictionary.slots)
				if all += n; n > maxDictionaries/4 {
					t.Fatalf("a dictionary of %d has %d bytes after %d rows", filled, n, rows)
				}
			}
			most = max(most, all)
		}
		if least := min(2, filled/2) * maxDictionaries / 4; most > maxDictionaries || most < least {
			t.Errorf("%d dictionaries have %d bytes, expected %d at least", filled, most, least)
		}
		if (s.n > 0) != (filled == 8) {
			t.Errorf("with %d dictionaries, %d row groups end within %d rows", filled, s.n, rows)
		}
	}
}

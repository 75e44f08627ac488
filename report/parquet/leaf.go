package parquet

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"unicode/utf8"

	"github.com/klauspost/compress/s2"
)

// The physical types of the format.
const (
	typeBool   = 0
	typeInt32  = 1
	typeInt64  = 2
	typeFloat  = 4
	typeDouble = 5
	typeBytes  = 6
	typeFixed  = 7 // of so many bytes
)

// The encodings of pages.
const (
	plain           = 0
	plainDictionary = 2 // what dictionaryCoded was called at first
	rle             = 3
	deltaPacked     = 5
	deltaLength     = 6
	dictionaryCoded = 8
)

// The codecs of chunks.
const (
	uncompressed = 0
	snappyCodec  = 1
	gzipCodec    = 2
	zstdCodec    = 6
)

// The kinds of pages.
const (
	dataPage       = 0
	dictionaryPage = 2
	dataPageV2     = 3
)

// maxBound is the longest text that is the bound of a chunk, in bytes.
const maxBound = 64

// A leaf is a column of the file: what several of are a list or a map.
type leaf struct {
	path   []string
	kind   int32 // the physical type
	length int   // of a typeFixed, in bytes
	codec  int32
	shared bool // many of its texts are the same, and go to a dictionary
	maxRep uint32
	maxDef uint32

	// The page that is being filled.
	reps, defs runs
	count      int64   // its levels
	numbers    []int64 // and, by type, its values
	texts      []byte
	indexes    []uint32
	full       bool // texts go past the dictionary, as that is full

	// The chunk, from the pages before.
	dictionary dictionary
	taken      int    // by the dictionary, in bytes
	latest     uint32 // of its entries that was used; none before the first
	pages      []byte // encoded and compressed
	coded      [deltaLength + 3]bool
	total      int64 // the levels of the chunk
	nulls      int64
	size       int64 // uncompressed
	least      int64
	most       int64
	known      bool // least and most are
}

// A run is a level that comes so many times.
type run struct {
	level uint8
	n     uint32
}

// runs are levels.
type runs []run

func (r *runs) add(level uint32) {
	if last := len(*r) - 1; last >= 0 && (*r)[last].level == uint8(level) {
		(*r)[last].n++
		return
	}
	*r = append(*r, run{uint8(level), 1})
}

// encode appends levels of some bits, after their length.
func (r runs) encode(dst []byte, h *hybrid, width int) []byte {
	at := len(dst)
	h.dst, h.width = append(dst, 0, 0, 0, 0), width
	for _, run := range r {
		h.add(uint32(run.level), int(run.n))
	}
	h.pack()
	binary.LittleEndian.PutUint32(h.dst[at:], uint32(len(h.dst)-at-4))
	return h.dst
}

// level adds the levels of a value that is there, or of what is not.
func (l *leaf) level(rep, def uint32) {
	if l.maxRep > 0 {
		l.reps.add(rep)
	}
	l.defs.add(def)
	l.count++
	if def < l.maxDef {
		l.nulls++
	}
}

// null adds nothing.
func (l *leaf) null() { l.level(0, 0) }

// number adds a number, or 0 or 1 of a typeBool.
func (l *leaf) number(n int64) {
	l.numbers = append(l.numbers, n)
	if !l.known {
		l.least, l.most, l.known = n, n, true
		return
	}
	l.least, l.most = min(l.least, n), max(l.most, n)
}

// text adds a text in UTF-8, and returns how many bytes that took of the page
// and of the dictionary, which gets no more than room.
func (l *leaf) text(b []byte, room int) (page, dictionary int) {
	switch {
	case !l.shared || l.full:
		l.texts = binary.LittleEndian.AppendUint32(l.texts, uint32(len(b)))
		l.texts = append(l.texts, b...)
		return 4 + len(b), 0
	case l.again(b):
		return 4, 0
	}
	if dictionary = 4 + len(b) + entrySize; dictionary > room {
		l.full = true
		l.plainly()
		return l.text(b, 0)
	}
	l.latest = l.dictionary.add(b)
	l.indexes = append(l.indexes, l.latest)
	return 4, dictionary
}

// again adds a text if the dictionary has it, and reports whether it does.
func (l *leaf) again(b []byte) bool {
	if !l.shared || l.full {
		return false
	}
	if l.latest == none || string(l.dictionary.entry(l.latest)) != string(b) {
		i := l.dictionary.find(b)
		if i == none {
			return false
		}
		l.latest = i
	}
	l.indexes = append(l.indexes, l.latest)
	return true
}

// plainly turns the indexes of the page into the texts that they stand for, as
// a page has one encoding.
func (l *leaf) plainly() {
	for _, i := range l.indexes {
		b := l.dictionary.entry(i)
		l.texts = binary.LittleEndian.AppendUint32(l.texts, uint32(len(b)))
		l.texts = append(l.texts, b...)
	}
	l.indexes = l.indexes[:0]
}

// A packing is what encodes the pages of all leaves, in turn.
type packing struct {
	hybrid hybrid
	page   []byte
	packed []byte
	header thriftWriter
}

// seal ends the page.
func (l *leaf) seal(p *packing) {
	if l.count == 0 {
		return
	}
	b := p.page[:0]
	if l.maxRep > 0 {
		b = l.reps.encode(b, &p.hybrid, width(l.maxRep))
	}
	b = l.defs.encode(b, &p.hybrid, width(l.maxDef))
	encoding := int32(plain)
	switch {
	case l.kind == typeInt64:
		encoding = deltaPacked
		b = appendDelta(b, l.numbers)
	case l.kind == typeBool:
		bits := packer{dst: b}
		for _, n := range l.numbers {
			bits.add(uint64(n), 1)
		}
		b = bits.end()
	case l.shared && !l.full:
		encoding = dictionaryCoded
		bits := max(1, width(uint32(max(1, len(l.dictionary.ends))-1)))
		p.hybrid.dst, p.hybrid.width = append(b, byte(bits)), bits
		for i := 0; i < len(l.indexes); {
			n := 1
			for i+n < len(l.indexes) && l.indexes[i+n] == l.indexes[i] {
				n++
			}
			p.hybrid.add(l.indexes[i], n)
			i += n
		}
		p.hybrid.pack()
		b = p.hybrid.dst
	default:
		b = append(b, l.texts...)
	}
	p.page = b
	l.coded[encoding] = true
	l.pages = l.append(l.pages, p, dataPage, l.count, encoding)
	l.total += l.count
	l.count = 0
	l.reps, l.defs, l.numbers, l.texts, l.indexes = l.reps[:0], l.defs[:0], l.numbers[:0], l.texts[:0], l.indexes[:0]
}

// append adds p.page as a page, after its header.
func (l *leaf) append(dst []byte, p *packing, kind int32, values int64, encoding int32) []byte {
	packed := p.page
	if l.codec == snappyCodec {
		p.packed = s2.EncodeSnappy(p.packed[:cap(p.packed)], p.page)
		packed = p.packed
	}
	h := &p.header
	h.buf, h.last = h.buf[:0], 0
	h.i32(1, kind)
	h.i32(2, int32(len(p.page)))
	h.i32(3, int32(len(packed)))
	h.i32(4, int32(crc32.ChecksumIEEE(packed)))
	if kind == dictionaryPage {
		h.begin(7)
		h.i32(1, int32(values))
		h.i32(2, encoding)
	} else {
		h.begin(5)
		h.i32(1, int32(values))
		h.i32(2, encoding)
		h.i32(3, rle)
		h.i32(4, rle)
	}
	h.end()
	h.buf = append(h.buf, thriftStop)
	l.size += int64(len(h.buf) + len(p.page))
	return append(append(dst, h.buf...), packed...)
}

// head returns the dictionary page of the chunk, nothing if it has none.
func (l *leaf) head(p *packing) []byte {
	if !l.coded[dictionaryCoded] {
		return nil
	}
	p.page = l.dictionary.appendPlain(p.page[:0])
	return l.append(nil, p, dictionaryPage, int64(len(l.dictionary.ends)), plain)
}

// bounds returns the least and the greatest value of the chunk, as they are
// encoded; nothing where they are not known, or long.
func (l *leaf) bounds() (least, most []byte) {
	switch {
	case l.kind == typeInt64 && l.known:
		return binary.LittleEndian.AppendUint64(nil, uint64(l.least)), binary.LittleEndian.AppendUint64(nil, uint64(l.most))
	case !l.coded[dictionaryCoded] || l.coded[plain] || len(l.dictionary.ends) == 0:
		return nil, nil
	}
	for i := range l.dictionary.ends {
		b := l.dictionary.entry(uint32(i))
		if least == nil || slices.Compare(b, least) < 0 {
			least = b
		}
		if most == nil || slices.Compare(b, most) > 0 {
			most = b
		}
	}
	if len(least) > maxBound || len(most) > maxBound || !utf8.Valid(least) || !utf8.Valid(most) {
		return nil, nil
	}
	return least, most
}

// reset begins another chunk.
func (l *leaf) reset() {
	clear(l.coded[:])
	l.dictionary.reset()
	l.pages = l.pages[:0]
	l.full, l.known, l.latest, l.taken = false, false, none, 0
	l.total, l.nulls, l.size = 0, 0, 0
}

// width returns the bits of a number.
func width(most uint32) int {
	n := 0
	for ; most > 0; most >>= 1 {
		n++
	}
	return n
}

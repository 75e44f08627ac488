package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// errPage is the error of a page that is not what its header says.
var errPage = errors.New("a page is damaged")

// A budget is memory that several cursors share, in bytes.
type budget int

// take takes so much for what had less before.
func (b *budget) take(n, before int) error {
	if n-before > int(*b) {
		return fmt.Errorf("its pages take more than %d MiB", maxRead>>20)
	}
	*b -= budget(n - before)
	return nil
}

// A cursor reads the values of a chunk, one after the other.
type cursor struct {
	leaf   *leaf
	in     io.ReaderAt
	place  chunkPlace
	budget *budget
	codecs *codecs
	held   int // what it has of the budget
	kept   int // of which are the dictionary's

	texts   []string // of the dictionary
	entries []int64  // the same, of numbers

	reps, defs []uint8 // of the page; nil where all are 0, or the maximum
	levels     int     // of the page
	level      int     // the next of them
	page       values
	value      int // the next of page
}

// values are those of a page or dictionary, by type.
type values struct {
	texts   []string
	numbers []int64
}

// next returns the levels of the next value, which is at number or text where def
// is the greatest. At the end of the chunk, ok is false.
func (c *cursor) next() (rep, def uint32, ok bool, err error) {
	for c.level == c.levels {
		if c.place.values == 0 {
			return 0, 0, false, nil
		}
		if err := c.load(); err != nil {
			return 0, 0, false, err
		}
	}
	if c.reps != nil {
		rep = uint32(c.reps[c.level])
	}
	def = c.leaf.maxDef
	if c.defs != nil {
		def = uint32(c.defs[c.level])
	}
	c.level++
	if def == c.leaf.maxDef {
		c.value++
	}
	return rep, def, true, nil
}

// peek returns the repetition level of the next value; 0 at the end.
func (c *cursor) peek() (uint32, error) {
	for c.level == c.levels {
		if c.place.values == 0 {
			return 0, nil
		}
		if err := c.load(); err != nil {
			return 0, err
		}
	}
	if c.reps == nil {
		return 0, nil
	}
	return uint32(c.reps[c.level]), nil
}

// number and text return the value that next passed last.
func (c *cursor) number() int64 { return c.page.numbers[c.value-1] }
func (c *cursor) text() string  { return c.page.texts[c.value-1] }

// A pageHeader is a PageHeader.
type pageHeader struct {
	kind               int32
	size, packed       int64
	crc                uint32
	checked            bool
	values             int64
	encoding           int32
	levels             [2]int32 // the encodings of definitions and repetitions
	defSize, repSize   int64    // of a dataPageV2
	bare               bool     // of one that is not compressed
	hasValues, hasSize bool
}

func readHeader(r *thriftReader) pageHeader {
	h := pageHeader{levels: [2]int32{rle, rle}}
	r.each(func(id int16, kind byte) bool {
		switch id {
		case 1:
			h.kind = int32(r.number())
		case 2:
			h.size, h.hasSize = r.number(), true
		case 3:
			h.packed = r.number()
		case 4:
			h.crc, h.checked = uint32(r.number()), true
		case 5, 7, 8:
			if kind != thriftStruct {
				return false
			}
			of := id
			r.each(func(id int16, kind byte) bool {
				switch {
				case id == 1:
					h.values, h.hasValues = r.number(), true
				case id == 2 && of != 8, id == 4 && of == 8:
					h.encoding = int32(r.number())
				case (id == 3 || id == 4) && of == 5:
					h.levels[id-3] = int32(r.number())
				case id == 5 && of == 8:
					h.defSize = r.number()
				case id == 6 && of == 8:
					h.repSize = r.number()
				case id == 7 && of == 8:
					h.bare = kind == thriftFalse
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
	return h
}

// load reads the next page that has values.
func (c *cursor) load() error {
	if c.place.at >= c.place.end {
		return errPage
	}
	head := make([]byte, min(maxHeader, c.place.end-c.place.at))
	if _, err := c.in.ReadAt(head, c.place.at); err != nil {
		return err
	}
	r := &thriftReader{buf: head}
	h := readHeader(r)
	switch {
	case r.err != nil:
		return errPage
	case !h.hasSize || !h.hasValues && h.kind != 1, // an index page
		h.packed < 0 || h.packed > c.place.end-c.place.at-int64(r.at), h.size < 0, h.values < 0,
		h.kind != dictionaryPage && h.values > c.place.values:
		return errPage
	case h.size > maxPage || h.packed > maxPage || h.values > maxPage:
		return fmt.Errorf("a page has more than %d MiB", maxPage>>20)
	}
	from := c.place.at + int64(r.at)
	c.place.at = from + h.packed
	if h.kind != dataPage && h.kind != dataPageV2 && h.kind != dictionaryPage {
		return nil
	}
	// The bytes, compressed and not, also as a string; levels, an index, and a string
	// header or number a value.
	need := c.kept + int(h.packed+2*h.size+h.values*(2+4+16))
	if h.kind == dictionaryPage {
		c.kept = need
	}
	if err := c.budget.take(need, c.held); err != nil {
		return err
	}
	c.held = need
	packed := make([]byte, h.packed)
	if _, err := c.in.ReadAt(packed, from); err != nil {
		return err
	}
	if h.checked && !c.codecs.trusting && crc32.ChecksumIEEE(packed) != h.crc {
		return errors.New("a page is damaged: its checksum is wrong")
	}
	switch h.kind {
	case dictionaryPage:
		b, err := c.codecs.unpack(c.place.codec, packed, int(h.size))
		if err != nil {
			return err
		}
		if h.encoding != plain && h.encoding != plainDictionary {
			return fmt.Errorf("a dictionary has the encoding %d", h.encoding)
		}
		d, err := c.plain(b, int(h.values))
		c.texts, c.entries = d.texts, d.numbers
		return err
	case dataPageV2:
		return c.pageV2(&h, packed)
	}
	b, err := c.codecs.unpack(c.place.codec, packed, int(h.size))
	if err != nil {
		return err
	}
	reps, b, err := prefixed(b, c.leaf.maxRep > 0)
	if err != nil {
		return err
	}
	defs, b, err := prefixed(b, c.leaf.maxDef > 0)
	if err != nil {
		return err
	}
	if h.levels != [2]int32{rle, rle} {
		return errors.New("its levels have an encoding that is out of use")
	}
	return c.decode(&h, reps, defs, b)
}

// pageV2 decodes a data page of version 2, whose levels are not compressed.
func (c *cursor) pageV2(h *pageHeader, packed []byte) error {
	levels := h.repSize + h.defSize
	if h.repSize < 0 || h.defSize < 0 || levels < 0 || levels > int64(len(packed)) || levels > h.size {
		return errPage
	}
	reps, defs, b := packed[:h.repSize], packed[h.repSize:levels], packed[levels:]
	codec := c.place.codec
	if h.bare {
		codec = uncompressed
	}
	b, err := c.codecs.unpack(codec, b, int(h.size-levels))
	if err != nil {
		return err
	}
	return c.decode(h, reps, defs, b)
}

// prefixed returns the levels that b begins with after their length, and the rest.
func prefixed(b []byte, there bool) (levels, rest []byte, err error) {
	if !there {
		return nil, b, nil
	}
	if len(b) < 4 || int64(binary.LittleEndian.Uint32(b)) > int64(len(b)-4) {
		return nil, nil, errPage
	}
	n := 4 + int(binary.LittleEndian.Uint32(b))
	return b[4:n], b[n:], nil
}

// decode decodes a data page.
func (c *cursor) decode(h *pageHeader, reps, defs, b []byte) error {
	n := int(h.values)
	c.reps, c.defs, c.level, c.value, c.levels = nil, nil, 0, 0, 0
	if c.leaf.maxRep > 0 {
		c.reps = make([]uint8, n)
		if err := unhybrid(c.reps, reps, width(c.leaf.maxRep), c.leaf.maxRep); err != nil {
			return err
		}
	}
	there := n
	if c.leaf.maxDef > 0 {
		c.defs = make([]uint8, n)
		if err := unhybrid(c.defs, defs, width(c.leaf.maxDef), c.leaf.maxDef); err != nil {
			return err
		}
		there = 0
		for _, def := range c.defs {
			if uint32(def) == c.leaf.maxDef {
				there++
			}
		}
	}
	var err error
	c.page, err = c.values(h.encoding, b, there)
	if err != nil {
		return err
	}
	c.levels = n
	c.place.values -= h.values
	return nil
}

// values decodes n values.
func (c *cursor) values(encoding int32, b []byte, n int) (values, error) {
	text := c.leaf.kind == typeBytes
	switch {
	case encoding == plain:
		return c.plain(b, n)
	case encoding == dictionaryCoded || encoding == plainDictionary:
		return c.coded(b, n)
	case encoding == deltaPacked && (c.leaf.kind == typeInt64 || c.leaf.kind == typeInt32):
		numbers, _, err := undelta(b, n)
		if c.leaf.kind == typeInt32 {
			for i := range numbers {
				numbers[i] = int64(int32(numbers[i]))
			}
		}
		return values{numbers: numbers}, err
	case encoding == deltaLength && text:
		lengths, rest, err := undelta(b, n)
		if err != nil {
			return values{}, err
		}
		all, texts := string(rest), make([]string, n)
		for i, length := range lengths {
			if length < 0 || length > int64(len(all)) {
				return values{}, errPage
			}
			texts[i], all = all[:length], all[length:]
		}
		return values{texts: texts}, nil
	case encoding == rle && c.leaf.kind == typeBool:
		b, _, err := prefixed(b, true)
		if err != nil {
			return values{}, err
		}
		bools := make([]uint8, n)
		if err := unhybrid(bools, b, 1, 1); err != nil {
			return values{}, err
		}
		numbers := make([]int64, n)
		for i := range bools {
			numbers[i] = int64(bools[i])
		}
		return values{numbers: numbers}, nil
	}
	return values{}, fmt.Errorf("a page has the encoding %d, which is not read; expected PLAIN, RLE_DICTIONARY, DELTA_BINARY_PACKED or DELTA_LENGTH_BYTE_ARRAY", encoding)
}

// plain decodes values that are not encoded.
func (c *cursor) plain(b []byte, n int) (values, error) {
	size := map[int32]int{typeInt32: 4, typeFloat: 4, typeInt64: 8, typeDouble: 8, typeBytes: 4, typeFixed: c.leaf.length}[c.leaf.kind]
	if len(b) < n*size || c.leaf.kind == typeBool && len(b) < (n+7)/8 {
		return values{}, errPage
	}
	if c.leaf.kind == typeBytes {
		all, texts, at := string(b), make([]string, n), 0
		for i := range texts {
			if len(b)-at < 4 || int64(binary.LittleEndian.Uint32(b[at:])) > int64(len(b)-at-4) {
				return values{}, errPage
			}
			end := at + 4 + int(binary.LittleEndian.Uint32(b[at:]))
			texts[i] = all[at+4 : end]
			at = end
		}
		return values{texts: texts}, nil
	}
	numbers := make([]int64, n)
	for i := range numbers {
		switch c.leaf.kind {
		case typeBool:
			numbers[i] = int64(b[i/8] >> (i % 8) & 1)
		case typeInt32:
			numbers[i] = int64(int32(binary.LittleEndian.Uint32(b[4*i:])))
		case typeFloat:
			numbers[i] = int64(math.Float64bits(float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))))
		case typeFixed:
			var ok bool
			if numbers[i], ok = fixed(b[size*i:][:size]); !ok {
				return values{}, errors.New("a decimal has more than 64 bits")
			}
		default:
			numbers[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
		}
	}
	return values{numbers: numbers}, nil
}

// fixed returns a number with its highest byte first, if 64 bits have it.
func fixed(b []byte) (n int64, ok bool) {
	n = int64(int8(b[0])) >> 7 // its sign
	for _, c := range b {
		if n != n<<8>>8 {
			return 0, false
		}
		n = n<<8 | int64(c)
	}
	return n, true
}

// coded decodes entries of the dictionary.
func (c *cursor) coded(b []byte, n int) (values, error) {
	if n == 0 {
		return values{}, nil
	}
	entries := max(len(c.texts), len(c.entries))
	if len(b) == 0 || b[0] > 32 || entries == 0 {
		return values{}, errPage
	}
	indexes := make([]uint32, n)
	if err := unhybrid(indexes, b[1:], int(b[0]), uint32(entries-1)); err != nil {
		return values{}, err
	}
	if c.leaf.kind == typeBytes {
		texts := make([]string, n)
		for i, at := range indexes {
			texts[i] = c.texts[at]
		}
		return values{texts: texts}, nil
	}
	numbers := make([]int64, n)
	for i, at := range indexes {
		numbers[i] = c.entries[at]
	}
	return values{numbers: numbers}, nil
}

// unhybrid fills dst with numbers of some bits that a hybrid encoded, none of
// which is above most.
func unhybrid[T uint8 | uint32](dst []T, src []byte, width int, most uint32) error {
	for i := 0; i < len(dst); {
		head, size := binary.Uvarint(src)
		if size <= 0 {
			return errPage
		}
		src = src[size:]
		if head&1 == 0 { // a run
			n := head >> 1
			bytes := (width + 7) / 8
			if n == 0 || len(src) < bytes {
				return errPage
			}
			v := uint32(0)
			for b := range bytes {
				v |= uint32(src[b]) << (8 * b)
			}
			src = src[bytes:]
			if v > most {
				return errPage
			}
			for n = min(n, uint64(len(dst)-i)); n > 0; n-- {
				dst[i] = T(v)
				i++
			}
			continue
		}
		groups := int(min(head>>1, math.MaxInt32)) // the last may have more than there is to read
		if groups == 0 {
			return errPage
		}
		u := unpacker{src: src}
		for n := min(groups*8, len(dst)-i); n > 0; n-- {
			v, ok := u.next(width)
			if !ok || v > uint64(most) {
				return errPage
			}
			dst[i] = T(v)
			i++
		}
		src = src[min(len(src), groups*width):]
	}
	return nil
}

// An unpacker reads numbers of some bits, the lowest bit first.
type unpacker struct {
	src  []byte
	word uint64
	n    int // bits of word
}

func (u *unpacker) next(width int) (uint64, bool) {
	if width == 0 {
		return 0, true
	}
	v, got := uint64(0), 0
	for got < width {
		if u.n == 0 {
			if len(u.src) == 0 {
				return 0, false
			}
			u.word, u.n = uint64(u.src[0]), 8
			u.src = u.src[1:]
			if len(u.src) >= 7 {
				u.word, u.n = u.word|uint64(u.src[0])<<8|uint64(u.src[1])<<16|uint64(u.src[2])<<24|uint64(u.src[3])<<32|
					uint64(u.src[4])<<40|uint64(u.src[5])<<48|uint64(u.src[6])<<56, 64
				u.src = u.src[7:]
			}
		}
		take := min(width-got, u.n)
		v |= (u.word & (1<<take - 1)) << got
		u.word >>= take
		u.n -= take
		got += take
	}
	return v, true
}

// undelta decodes n numbers of DELTA_BINARY_PACKED, and returns what is after them.
func undelta(b []byte, n int) ([]int64, []byte, error) {
	r := &thriftReader{buf: b} // whose numbers are the same
	block, parts, total := r.uvarint(), r.uvarint(), r.uvarint()
	last := r.number()
	if r.err != nil || total != uint64(n) || parts == 0 || parts > 1<<10 || block%128 != 0 || block == 0 || block > 1<<20 || block%parts != 0 || block/parts%32 != 0 {
		return nil, nil, errPage
	}
	numbers := make([]int64, 0, n)
	if n > 0 {
		numbers = append(numbers, last)
	}
	part := int(block / parts)
	for len(numbers) < n {
		least := r.number()
		if r.err != nil || len(r.buf)-r.at < int(parts) {
			return nil, nil, errPage
		}
		widths := r.buf[r.at : r.at+int(parts)]
		r.at += int(parts)
		for _, width := range widths {
			if len(numbers) == n {
				break
			}
			if width > 64 {
				return nil, nil, errPage
			}
			u := unpacker{src: r.buf[r.at:]}
			for range min(part, n-len(numbers)) {
				v, ok := u.next(int(width))
				if !ok {
					return nil, nil, errPage
				}
				last += least + int64(v)
				numbers = append(numbers, last)
			}
			r.at += min(len(r.buf)-r.at, part*int(width)/8)
		}
	}
	return numbers, r.buf[r.at:], nil
}

// codecs are what decompresses pages, in turn.
type codecs struct {
	zstd     *zstd.Decoder // nil before the first
	trusting bool          // checksums are not looked at, so that tests can damage pages
}

// unpack decompresses what becomes n bytes.
func (c *codecs) unpack(codec int32, b []byte, n int) ([]byte, error) {
	var err error
	switch codec {
	case uncompressed:
	case snappyCodec:
		if size, err := s2.DecodedLen(b); err != nil || size != n {
			return nil, errPage
		}
		b, err = s2.Decode(make([]byte, n), b)
	case zstdCodec:
		if c.zstd == nil {
			c.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPage))
		}
		if err == nil {
			b, err = c.zstd.DecodeAll(b, make([]byte, 0, n))
		}
	case gzipCodec:
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
			b, err = io.ReadAll(io.LimitReader(z, int64(n)+1))
		}
	default:
		return nil, fmt.Errorf("it is compressed in a way that is not read (codec %d); expected Snappy, zstd or gzip", codec)
	}
	if err != nil || len(b) != n {
		return nil, errPage
	}
	return b, nil
}

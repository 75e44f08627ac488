package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"actionurl/report"
)

// written returns a file with all shapes of columns, in several row groups.
func written(t testing.TB, groups int) []byte {
	t.Helper()
	columns := []report.Column{
		{Name: "time", Kind: report.KindTime}, {Name: "frame", Kind: report.KindNumber}, {Name: "late", Kind: report.KindBool}, {Name: "latency_ms", Kind: report.KindMillis},
		{Name: "target", Kind: report.KindText}, {Name: "event", Kind: report.KindText, Shared: true}, {Name: "candidates", Kind: report.KindTexts},
	}
	var b bytes.Buffer
	s := newSink(&b, columns)
	for g := range groups {
		for i := range 40 {
			row := make([]report.Value, len(columns))
			row[0], row[1] = report.Number(int64(g*1000+i)*1e9), report.Number(int64(i))
			row[4], row[5] = report.Text("/a?b="+strings.Repeat("x", i)), report.Text([]string{"dnd_on", "dnd_off"}[i%2])
			if i%3 == 0 {
				row[3], row[6] = report.Number(int64(i)*1e6+1), report.List([]string{"hold_call", "resume_call"}[:i%2+1])
			}
			if err := s.Row(row); err != nil {
				t.Fatal(err)
			}
		}
		s.seal()
		if err := s.endGroup(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read reads a file, and returns how many records and problems it has.
func read(data []byte, trusting bool) (records, problems int, err error) {
	r, err := NewReader("a.parquet", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return 0, 0, err
	}
	r.codecs.trusting = trusting
	var rec report.Saved
	for {
		err := r.Next(&rec)
		_, problem := errors.AsType[*report.Problem](err)
		switch {
		case errors.Is(err, io.EOF):
			return records, problems, nil
		case problem:
			problems++
		case err != nil:
			return records, problems, err
		default:
			records++
		}
	}
}

func TestRowGroups(t *testing.T) {
	data := written(t, 3)
	if n, problems, err := read(data, false); n != 120 || problems > 0 || err != nil {
		t.Errorf("%d records, %d problems, %v", n, problems, err)
	}
	r, err := NewReader("a.parquet", bytes.NewReader(data), int64(len(data)))
	if err != nil || r.Least() != 0 {
		t.Errorf("least time %d, %v", r.Least(), err)
	}
	// A row group that is damaged leaves the others.
	at := bytes.Index(data, []byte("dnd_off")) // in the first dictionary
	data[at]++
	if n, problems, err := read(data, false); n != 80 || problems != 1 || err != nil {
		t.Errorf("damaged: %d records, %d problems, %v", n, problems, err)
	}
}

// A file that is cut off anywhere is an error, and every byte may be another.
func TestDamage(t *testing.T) {
	data := written(t, 1)
	for n := range data {
		if _, _, err := read(data[:n], true); err == nil {
			t.Fatalf("%d bytes of %d are a file", n, len(data))
		}
	}
	for i := 0; i < len(data); i += 1 + i%3 {
		damaged := slices.Clone(data)
		damaged[i] = ^data[i]
		read(damaged, true)
	}
}

// A file of a column "time" has its pages as they are in body.
func hostile(codec int32, values int64, header func(*thriftWriter), body []byte) []byte {
	var h thriftWriter
	header(&h)
	h.buf = append(h.buf, thriftStop)
	file := append(append([]byte(magic), h.buf...), body...)
	var w thriftWriter
	w.i32(1, 2)
	w.list(2, thriftStruct, 2)
	w.open()
	w.bytes(4, []byte("schema"))
	w.i32(5, 1)
	w.end()
	value(&w, "time", optional, typeInt64, report.KindTime)
	w.i64(3, values)
	w.list(4, thriftStruct, 1)
	w.open()
	w.list(1, thriftStruct, 1)
	w.open()
	w.begin(3)
	w.i32(1, typeInt64)
	w.i32(4, codec)
	w.i64(5, values)
	w.i64(7, int64(len(file)-len(magic)))
	w.i64(9, int64(len(magic)))
	w.end()
	w.end()
	w.i64(3, values)
	w.end()
	w.buf = append(w.buf, thriftStop)
	return append(binary.LittleEndian.AppendUint32(append(file, w.buf...), uint32(len(w.buf))), magic...)
}

// page returns the header of a data page.
func page(size, packed, values int32, encoding int32) func(*thriftWriter) {
	return func(h *thriftWriter) {
		h.i32(1, dataPage)
		h.i32(2, size)
		h.i32(3, packed)
		h.begin(5)
		h.i32(1, values)
		h.i32(2, encoding)
		h.i32(3, rle)
		h.i32(4, rle)
		h.end()
	}
}

// What a few bytes claim takes no memory.
func TestClaims(t *testing.T) {
	run := binary.AppendUvarint(nil, 1<<40)                     // a run of 2^39 levels
	body := append([]byte{byte(len(run) + 1), 0, 0, 0}, run...) // as definition levels
	body = append(append(body, 1), make([]byte, 64)...)         // there
	delta := append([]byte{2, 0, 0, 0, 100, 1}, 128, 1, 4)      // levels, and a block of 128
	delta = append(binary.AppendUvarint(delta, 1<<40), 0)       // that goes on
	encoder, _ := zstd.NewWriter(nil)                           // a bomb
	bomb := encoder.EncodeAll(make([]byte, 512<<20), nil)       //
	lists := []byte{0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x7f}   // a footer with a list of 2^35
	deep := bytes.Repeat([]byte{0x1c}, 1000)                    // structs in structs
	foot := func(b []byte) []byte {
		b = append(append([]byte(magic), b...), 0)
		return append(binary.LittleEndian.AppendUint32(b, uint32(len(b)-4)), magic...)
	}
	for name, data := range map[string][]byte{
		"run":      hostile(uncompressed, 100, page(int32(len(body)), int32(len(body)), 100, plain), body),
		"delta":    hostile(uncompressed, 50, page(int32(len(delta)), int32(len(delta)), 50, deltaPacked), delta),
		"values":   hostile(uncompressed, 1<<40, page(8, 8, math.MaxInt32, plain), make([]byte, 8)),
		"page":     hostile(uncompressed, 10, page(math.MaxInt32, 8, 10, plain), make([]byte, 8)),
		"bomb":     hostile(zstdCodec, 10, page(100, int32(len(bomb)), 10, plain), bomb),
		"snappy":   hostile(snappyCodec, 10, page(100, 5, 10, plain), []byte{0xff, 0xff, 0xff, 0xff, 0x0f}),
		"negative": hostile(uncompressed, 10, page(-1, -1, -1, plain), nil),
		"lists":    foot(lists),
		"deep":     foot(deep),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, problems, err := read(data, true)
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 80 || n > 0 || problems == 0 && err == nil {
			t.Errorf("%s: %d bytes took %d MiB; %d records, %d problems, %v", name, len(data), took, n, problems, err)
		}
	}
}

// Numbers are what was encoded.
func TestNumbers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n, width := random.IntN(600), random.IntN(65)
		numbers := make([]int64, n)
		for i := range numbers {
			numbers[i] = int64(random.Uint64() >> (64 - width))
			if random.IntN(3) == 0 {
				numbers[i] = -numbers[i]
			}
		}
		got, rest, err := undelta(append(appendDelta(nil, numbers), 7), n)
		if err != nil || !slices.Equal(got, numbers) || !bytes.Equal(rest, []byte{7}) {
			t.Fatalf("%d numbers of %d bits: %v, %v\n%v\n%v", n, width, err, rest, got, numbers)
		}
		width = random.IntN(20)
		h, small := hybrid{width: width}, make([]uint32, n)
		for i := range small {
			if small[i] = random.Uint32() >> (32 - width); i > 0 && random.IntN(9) > 0 {
				small[i] = small[i-1]
			}
		}
		for i := 0; i < n; {
			times := 1
			for i+times < n && small[i+times] == small[i] {
				times++
			}
			h.add(small[i], times)
			i += times
		}
		h.pack()
		back := make([]uint32, n)
		if err := unhybrid(back, h.dst, width, math.MaxUint32); err != nil || !slices.Equal(back, small) {
			t.Fatalf("%d of %d bits: %v\n%v\n%v", n, width, err, back, small)
		}
	}
	for n, want := range map[int64]string{0: "0.000000", 1: "0.000001", -1: "-0.000001", 1389000: "1.389000", -12345678: "-12.345678", math.MinInt64: "-9223372036854.775808"} {
		if got := string(appendDecimal([]byte("x"), n, 6)); got != "x"+want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

// Whatever a file has, reading it ends, and takes no more than its size allows.
func FuzzReader(f *testing.F) {
	f.Add(written(f, 2))
	f.Add(hostile(uncompressed, 100, page(30, 30, 100, deltaPacked), make([]byte, 30)))
	f.Add(hostile(zstdCodec, 1, func(h *thriftWriter) {
		h.i32(1, dataPageV2)
		h.i32(2, 10)
		h.i32(3, 10)
		h.begin(8)
		h.i32(1, 1)
		h.i32(2, 0)
		h.i32(3, 1)
		h.i32(4, plain)
		h.i32(5, 2)
		h.i32(6, 0)
		h.bool(7, false)
		h.end()
	}, []byte{2, 1, 1, 2, 3, 4, 5, 6, 7, 8}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if n, problems, err := read(data, true); err == nil && n+problems > len(data) {
			t.Errorf("%d records and %d problems of %d bytes", n, problems, len(data))
		}
	})
}

// decimals returns a file of a time and a decimal of six digits behind the point, as
// Arrow writes it: of so many bytes, the highest first.
func decimals(length int32, b []byte) []byte {
	file := []byte(magic)
	var ends []int64
	for _, body := range [][]byte{make([]byte, 8), b} {
		body = append([]byte{2, 0, 0, 0, 2, 1}, body...) // one value that is there
		var h thriftWriter
		page(int32(len(body)), int32(len(body)), 1, plain)(&h)
		file = append(append(append(file, h.buf...), thriftStop), body...)
		ends = append(ends, int64(len(file)))
	}
	var w thriftWriter
	w.list(2, thriftStruct, 3)
	w.open()
	w.i32(5, 2)
	w.end()
	value(&w, "time", optional, typeInt64, report.KindTime)
	w.open()
	w.i32(1, typeFixed)
	w.i32(2, length)
	w.i32(3, optional)
	w.bytes(4, []byte("latency_ms"))
	w.i32(6, convertedDecimal)
	w.i32(7, 6)
	w.end()
	w.list(4, thriftStruct, 1)
	w.open()
	w.list(1, thriftStruct, 2)
	from := int64(len(magic))
	for i, kind := range []int32{typeInt64, typeFixed} {
		w.open()
		w.begin(3)
		w.i32(1, kind)
		w.i64(5, 1)
		w.i64(7, ends[i]-from)
		w.i64(9, from)
		w.end()
		w.end()
		from = ends[i]
	}
	w.i64(3, 1)
	w.end()
	w.buf = append(w.buf, thriftStop)
	return append(binary.LittleEndian.AppendUint32(append(file, w.buf...), uint32(len(w.buf))), magic...)
}

func TestDecimals(t *testing.T) {
	wide := func(high byte, low ...byte) []byte {
		return append(bytes.Repeat([]byte{high}, maxFixed-len(low)), low...)
	}
	for _, test := range []struct {
		b    []byte
		want string // of the line
	}{
		{[]byte{0x1e, 0x84, 0x80}, `,"latency_ms":2.000000}`},
		{[]byte{0xff}, `,"latency_ms":-0.000001}`},
		{wide(0, 0x1e, 0x84, 0x80), `,"latency_ms":2.000000}`},
		{wide(0xff, 0xe1, 0x7b, 0x80), `,"latency_ms":-2.000000}`},
		{wide(0xff, 0x80, 0, 0, 0, 0, 0, 0, 0), `,"latency_ms":-9223372036854.775808}`},
		{wide(0, 0x80, 0, 0, 0, 0, 0, 0, 0), ""}, // 2^63
		{wide(1), ""},
		{make([]byte, maxFixed+1), `00Z"}`}, // left out
	} {
		data := decimals(int32(len(test.b)), test.b)
		r, err := NewReader("a.parquet", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		r.open()
		if err := r.build(); (err == nil) != (test.want != "") || err == nil && !strings.HasSuffix(string(r.line), test.want) {
			t.Errorf("% x: %s, %v", test.b, r.line, err)
		}
	}
	data := decimals(maxFixed+1, make([]byte, maxFixed+1))
	r, err := NewReader("a.parquet", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Next(new(report.Saved)); err == nil || !strings.HasPrefix(err.Error(), "a.parquet: column latency_ms has a type that is not read") {
		t.Errorf("a column that is left out: %v", err)
	}
	for _, length := range []int32{0, -1, 3} { // what the page has is less
		data := decimals(length, []byte{1})
		if _, problems, err := read(data, true); length > 0 && problems == 0 && err == nil {
			t.Errorf("decimals of %d bytes are read from one", length)
		}
	}
}

// Columns that events have and that cannot be read are named: what they have is lost.
func TestUnread(t *testing.T) {
	group := func(name string, repetition int32, children int) element {
		return element{name: name, kind: -1, converted: -1, repetition: repetition, children: children}
	}
	text := element{name: "x", kind: typeBytes, converted: -1}
	m := metadata{elements: slices.Concat(
		[]element{group("schema", 0, 6)},
		[]element{group("vars", optional, 1), text},
		[]element{group("candidates", optional, 1), group("list", repeated, 1), group("element", optional, 1), text},
		[]element{group("vlan", optional, 1), group("list", repeated, 1), {kind: typeInt64, converted: -1}},
		[]element{group("findings", optional, 1), {kind: typeBytes, converted: -1, repetition: repeated}},
		[]element{group("mine", optional, 1), text},
		[]element{{name: "late", kind: 3, converted: -1}}, // INT96
	)}
	sources, unread, leaves, err := m.sources()
	if err != nil || leaves != 6 || len(sources) != 2 || sources[0].at != 2 || sources[1].at != 3 {
		t.Errorf("%d columns of %d leaves, %v", len(sources), leaves, err)
	}
	if !slices.Equal(unread, []string{"vars", "candidates", "late"}) {
		t.Errorf("%q are not read", unread)
	}
}

package parquet

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"actionurl/report"
)

// holds returns the bytes of a sink's memory.
func (s *sink) holds() int {
	n := cap(s.packing.page) + cap(s.packing.packed) + cap(s.groups.buf) + 4*cap(s.packing.hybrid.literal)
	for _, l := range s.leaves {
		n += cap(l.pages) + cap(l.texts) + 8*cap(l.numbers) + 4*cap(l.indexes) + 8*cap(l.reps) + 8*cap(l.defs)
		n += cap(l.dictionary.texts) + 4*cap(l.dictionary.ends) + 4*cap(l.dictionary.slots)
	}
	return n
}

// What a sink holds is bounded, whatever comes: texts that repeat, that never do,
// that cannot be compressed, or nothing at all.
func TestBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	columns := []report.Column{{Name: "time", Kind: report.KindTime}, {Name: "list", Kind: report.KindTexts}}
	for i := range 20 {
		columns = append(columns, report.Column{Name: "shared" + strconv.Itoa(i), Kind: report.KindText, Shared: true}, report.Column{Name: "text" + strconv.Itoa(i), Kind: report.KindText})
	}
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 1<<16)
	for i := range noise {
		noise[i] = byte(' ' + random.IntN(90))
	}
	for name, text := range map[string]func(i int) string{
		"the same": func(int) string { return "the same" },
		"numbers":  func(i int) string { return strconv.Itoa(i) },
		"noise":    func(i int) string { from := random.IntN(len(noise) - 400); return string(noise[from : from+400]) },
		"long":     func(i int) string { return string(noise) },
		"nothing":  func(int) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			var out counter
			s := newSink(&out, columns)
			row := make([]report.Value, len(columns))
			most := 0
			for i := 0; i < 100_000 && out < 64<<20; i++ {
				for c := range row {
					switch columns[c].Kind {
					case report.KindTime:
						row[c] = report.Number(int64(i) * math.MaxInt32)
					case report.KindTexts:
						row[c] = report.List([]string{text(i), "a"})
					default:
						row[c] = report.Text(text(i))
					}
				}
				if err := s.Row(row); err != nil {
					t.Fatal(err)
				}
				if i%1000 == 0 || len(text(i)) > 1000 {
					most = max(most, s.holds())
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if t.Logf("%d bytes held of %d", most, maxHeld); most > maxHeld {
				t.Errorf("it holds %d bytes; %d are the bound", most, maxHeld)
			}
		})
	}
}

// counter counts what is written.
type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// An error of writing is returned.
func TestWriteErrors(t *testing.T) {
	for limit := range 300 {
		s := newSink(&short{limit}, []report.Column{{Name: "a", Kind: report.KindText}})
		if err := s.Row([]report.Value{report.Text("b")}); err != nil {
			t.Fatal(err)
		}
		var whole counter
		all := newSink(&whole, []report.Column{{Name: "a", Kind: report.KindText}})
		if err := errors.Join(all.Row([]report.Value{report.Text("b")}), all.Close()); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); (err == nil) != (limit >= int(whole)) {
			t.Fatalf("%d bytes fit of %d: %v", limit, whole, err)
		}
	}
}

// short takes so many bytes.
type short struct{ n int }

func (s *short) Write(b []byte) (int, error) {
	if len(b) > s.n {
		return 0, io.ErrShortWrite
	}
	s.n -= len(b)
	return len(b), nil
}

// What is written in turns is what is written at once.
func TestRunsOfLevels(t *testing.T) {
	for _, levels := range [][]uint32{nil, {0}, {1, 1, 1}, {0, 1, 0, 1, 0, 1, 0, 1, 0}, {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}} {
		var r runs
		for _, level := range levels {
			r.add(level)
		}
		var h hybrid
		b := r.encode([]byte("x"), &h, 1)
		if b[0] != 'x' || int(b[1]) != len(b)-5 || bytes.Contains(b[1:], []byte("x")) {
			t.Errorf("%v: % x", levels, b)
		}
	}
}

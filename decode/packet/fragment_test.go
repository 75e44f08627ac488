package packet

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"
)

// A slow joiner of fragments: a byte for each byte. The first copy of a unit counts.
type slowly struct {
	data []byte
	have []bool
	size int
}

func (s *slowly) add(offset int, more bool, data []byte) []byte {
	if s.data == nil {
		s.data, s.have, s.size = make([]byte, maxPacket), make([]bool, maxPacket), -1
	}
	if more {
		data = data[:len(data)&^7]
	} else {
		s.size = offset + len(data)
	}
	for i := range data {
		if unit := (offset + i) &^ 7; i%8 == 0 && s.have[unit] {
			data = append(bytes.Clone(data[:i]), append(bytes.Clone(s.data[unit:min(unit+8, offset+len(data))]), data[min(i+8, len(data)):]...)...)
		}
	}
	for i, b := range data {
		s.data[offset+i], s.have[offset+i] = b, true
	}
	for i := range max(s.size, 0) {
		if !s.have[i] {
			return nil
		}
	}
	if s.size < 0 {
		return nil
	}
	return s.data[:s.size]
}

// Fragments in any order, twice and overlapping make up the packet that a slower
// joiner makes of them.
func TestFragmentsInAnyOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	random := rand.New(rand.NewPCG(1, 2))
	whole := 0
	for run := range 20_000 {
		size := 1 + random.IntN(200)
		var f fragments
		var other slowly
		f.gaveUp = func(*fragmented) {}
		for range 60 {
			first := random.IntN(unitsOf(size))
			end := first + 1 + random.IntN(min(unitsOf(size)-first, 6))
			data := make([]byte, min(end*8, size)-first*8)
			for i := range data {
				data[i] = byte(random.Uint32())
			}
			more := end < unitsOf(size)
			got, count := f.add(fragmentKey{}, &Origin{}, first*8, more, data)
			want := other.add(first*8, more, data)
			if !bytes.Equal(got, want) || (got == nil) != (want == nil) || (got == nil) != (count == 0) {
				t.Fatalf("run %d: %d bytes of %d fragments, want %d", run, len(got), count, len(want))
			}
			if want != nil {
				whole++
				break
			}
		}
		if f.bytes != 0 && len(f.packets) == 0 {
			t.Fatalf("run %d: %d bytes of no packet", run, f.bytes)
		}
	}
	if whole < 10_000 {
		t.Errorf("only %d packets were whole", whole)
	}
}

// A fragment that contradicts the size of the packet is left out.
func TestFragmentsOfTwoSizes(t *testing.T) {
	var f fragments
	add := func(offset int, more bool, data string) string {
		whole, _ := f.add(fragmentKey{}, &Origin{}, offset, more, []byte(data))
		return string(whole)
	}
	add(8, false, "end")
	add(8, false, "ending")   // another end
	add(16, true, "behind..") // after the end
	if got := add(0, true, "0123456789"); got != "01234567end" {
		t.Errorf("got %q", got)
	}
	add(16, true, "behind..")
	add(8, false, "end") // before what has come
	add(0, true, "01234567")
	add(8, true, "01234567")
	if got := add(24, false, "end"); got != "0123456701234567behind..end" {
		t.Errorf("got %q", got)
	}
}

// What is kept of fragments has its bound, whatever they are like.
func TestFragmentsBound(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for name, flood := range map[string]func(i int) (id uint32, offset, size int){
		"packets":     func(i int) (uint32, int, int) { return uint32(i), 0, 8 },
		"far offsets": func(i int) (uint32, int, int) { return uint32(i), maxPacket - 8, 8 },
		"pieces":      func(i int) (uint32, int, int) { return uint32(i / 4096), i % 4096 * 16, 8 },
		"large ones":  func(i int) (uint32, int, int) { return uint32(i), 0, 1480 },
	} {
		t.Run(name, func(t *testing.T) {
			f := fragments{gaveUp: func(*fragmented) {}}
			data := make([]byte, 1480)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			most := 0
			for i := range 1 << 20 {
				id, offset, size := flood(i)
				f.add(fragmentKey{id: id}, &Origin{}, offset, true, data[:size])
				most = max(most, f.bytes)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			const bound = maxFragmentBytes + maxFragmented*450
			if took := int(after.HeapAlloc - before.HeapAlloc); took > bound || most > maxFragmentBytes+maxPacket*2 {
				t.Errorf("kept %d bytes, and counted %d at most, of %d", took, most, bound)
			}
			f.flush()
			if f.bytes != 0 || len(f.packets) != 0 {
				t.Errorf("%d bytes and %d packets are left", f.bytes, len(f.packets))
			}
		})
	}
}

// A fragment costs the same whatever came before it.
func BenchmarkFragments(b *testing.B) {
	data := make([]byte, 1480)
	for name, add := range map[string]func(f *fragments, i int){
		"pieces": func(f *fragments, i int) {
			f.add(fragmentKey{id: uint32(i / 4096)}, &Origin{}, i%4096*16, true, data[:8])
		},
		"behind a lost one": func(f *fragments, i int) {
			f.add(fragmentKey{id: uint32(i/2 + 1)}, &Origin{}, i%2*1480, i%2 == 0, data)
		},
		"far offsets": func(f *fragments, i int) {
			f.add(fragmentKey{id: uint32(i)}, &Origin{}, maxPacket-8, true, data[:8])
		},
	} {
		b.Run(name, func(b *testing.B) {
			f := fragments{gaveUp: func(*fragmented) {}}
			f.add(fragmentKey{}, &Origin{}, 0, true, data)
			i := 0
			for b.Loop() {
				add(&f, i)
				i++
			}
		})
	}
}

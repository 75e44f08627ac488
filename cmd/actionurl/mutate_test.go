package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"actionurl/report"
	"actionurl/report/formats"
)

var (
	mutants = flag.Int("mutants", 1000, "how many damaged captures TestMutants makes")
	mutant  = flag.Int("mutant", 0, "the number of the first of them")
)

// What a damaged capture may take: of the processor's time, and of memory in all,
// garbage included. What all of them may leave behind.
const (
	maxMutantTime   = 2 * time.Second
	maxMutantMemory = 256 << 20
	maxMutantsLeave = 8 << 20
)

// A breeder makes damaged captures out of good ones.
type breeder struct {
	captures [][]byte // as they are
	packed   [][]byte // compressed
	saved    [][]byte // saved events
}

func newBreeder(t *testing.T) *breeder {
	b := new(breeder)
	for _, pattern := range []string{"*.pcap*", "real/*.pcap*", "encap/*.pcap*"} {
		names, err := filepath.Glob(filepath.Join("../../testdata", pattern))
		if err != nil || len(names) == 0 {
			t.Fatal(err, pattern)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(data) <= 32<<10 {
				b.captures = append(b.captures, data)
			}
		}
	}
	for i, data := range b.captures[:8] {
		var packed bytes.Buffer
		switch i % 4 {
		case 0:
			w := gzip.NewWriter(&packed)
			w.Write(data)
			w.Close()
		case 1:
			w, _ := zstd.NewWriter(&packed)
			w.Write(data)
			w.Close()
		case 2:
			w := lz4.NewWriter(&packed)
			w.Write(data)
			w.Close()
		case 3:
			w, _ := xz.NewWriter(&packed)
			w.Write(data)
			w.Close()
		}
		b.packed = append(b.packed, packed.Bytes())
		b.saved = append(b.saved, []byte(outputOf(t, data, "analyze", "--format", "ndjson", "--complete", "-")))
	}
	return b
}

// next makes a mutant, which depends on its number alone, and the arguments of
// the command that reads it.
func (b *breeder) next(n int) (args []string, data []byte) {
	r := rand.New(rand.NewPCG(uint64(n), 20))
	from := b.captures
	args = []string{"analyze", "--view", pick(r, report.Views()), "--format", pick(r, formats.All().Names())}
	if args[4] == "trace" || args[4] == "html" { // show a whole run
		args[2] = string(report.Events)
	}
	switch r.IntN(20) {
	case 0:
		from = b.packed
	case 1:
		from = b.saved
		args[0] = "report"
	case 2:
		args = []string{"learn"}
	case 3:
		args = []string{"check"}
	case 4:
		args = []string{"analyze", "--format", "ndjson", "--complete"}
	}
	data = slices.Clone(pick(r, from))
	for range 1 + r.IntN(4) {
		data = b.mutate(r, data, pick(r, from))
	}
	return append(args, "-"), data
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// mutate damages data once, with parts of another capture.
func (b *breeder) mutate(r *rand.Rand, data, other []byte) []byte {
	if len(data) < 8 {
		return append(data, other...)
	}
	at := func() int { return r.IntN(len(data)) }
	span := func(of []byte) []byte {
		from := r.IntN(len(of))
		return of[from:min(len(of), from+1+r.IntN(1+min(2000, len(of)-from)))]
	}
	switch r.IntN(8) {
	case 0: // bits
		for range 1 + r.IntN(8) {
			data[at()] ^= 1 << r.IntN(8)
		}
	case 1: // bytes
		for range 1 + r.IntN(16) {
			data[at()] = byte(r.Uint32())
		}
	case 2: // lengths
		from := r.IntN(len(data) - 4)
		value := pick(r, []uint32{0, 1, 2, 4, 7, 8, 20, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x40000, 0x7fffffff, 0x80000000, 0xffffffff})
		switch r.IntN(4) {
		case 0:
			binary.LittleEndian.PutUint32(data[from:], value)
		case 1:
			binary.BigEndian.PutUint32(data[from:], value)
		case 2:
			binary.BigEndian.PutUint16(data[from:], uint16(value))
		case 3:
			binary.BigEndian.PutUint16(data[from:], binary.BigEndian.Uint16(data[from:])+uint16(r.IntN(9))-4)
		}
	case 3: // cut off
		data = data[:at()]
	case 4: // cut out
		from := at()
		data = append(data[:from], data[min(len(data), from+1+r.IntN(2000)):]...)
	case 5: // splice
		from := at()
		data = slices.Concat(data[:from], span(other), data[from:])
	case 6: // repeat
		from := at()
		data = slices.Concat(data[:from], bytes.Repeat(span(data), 1+r.IntN(20)), data[from:])
	case 7: // records in another order, some twice
		records := recordsOf(data)
		if len(records) < 3 {
			break
		}
		for range 1 + r.IntN(len(records)) {
			i, k := 1+r.IntN(len(records)-1), 1+r.IntN(len(records)-1)
			if r.IntN(4) == 0 {
				records[i] = records[k]
			}
			records[i], records[k] = records[k], records[i]
		}
		data = slices.Concat(records...)
	}
	return data[:min(len(data), 1<<20)]
}

// recordsOf splits a little-endian capture into its header and its records, or
// its blocks.
func recordsOf(data []byte) (all [][]byte) {
	header, length := 24, func(rest []byte) int { return 16 + int(binary.LittleEndian.Uint32(rest[8:])) }
	if data[0] == 0x0a {
		header, length = int(binary.LittleEndian.Uint32(data[4:])), func(rest []byte) int { return int(binary.LittleEndian.Uint32(rest[4:])) }
	}
	if header < 12 || header > len(data) {
		return nil
	}
	all, data = append(all, data[:header]), data[header:]
	for len(data) >= 16 {
		n := length(data)
		if n < 12 || n > len(data) {
			break
		}
		all, data = append(all, data[:n]), data[n:]
	}
	return append(all, data)
}

// try runs the command over a mutant, and returns what is wrong with it.
func (b *breeder) try(n int) (wrong string) {
	defer func() {
		if p := recover(); p != nil {
			wrong = fmt.Sprintf("panics: %v\n%s", p, debug.Stack())
		}
	}()
	args, data := b.next(n)
	var out, messages bytes.Buffer
	status := execute(context.Background(), nil, args, bytes.NewReader(data), &out, &messages)
	if status == statusUsage {
		return fmt.Sprintf("status %d: %s", status, messages.String())
	}
	if !slices.Contains(args, "--complete") {
		return ""
	}
	// What is saved can be read again.
	for line := range bytes.Lines(out.Bytes()) {
		if !json.Valid(line) {
			return fmt.Sprintf("is not JSON: %s", line)
		}
	}
	if out.Len() == 0 {
		return ""
	}
	var again bytes.Buffer
	if status := execute(context.Background(), nil, []string{"report", "--format", "csv", "-"}, &out, &again, &again); status != statusDone {
		return fmt.Sprintf("what is saved is read with status %d: %s", status, again.String())
	}
	return ""
}

// However a capture is damaged, it is read to its end, without a panic, in
// bounded time and memory. A mutant that fails is made again by its number:
//
//	go test ./cmd/actionurl -run TestMutants -mutant N -mutants 1
func TestMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	n := *mutants
	b := newBreeder(t)
	runtime.LockOSThread() // for its processor time
	var longest time.Duration
	var most uint64
	start := inUse()
	for i := *mutant; i < *mutant+n; i++ {
		hung := time.AfterFunc(30*maxMutantTime, func() { panic(fmt.Sprintf("mutant %d does not end", i)) })
		began, before := threadTime(), allocated()
		wrong := b.try(i)
		took, size := threadTime()-began, allocated()-before
		hung.Stop()
		longest, most = max(longest, took), max(most, size)
		switch {
		case wrong != "":
		case took > maxMutantTime:
			wrong = fmt.Sprintf("takes %v", took)
		case size > maxMutantMemory:
			wrong = fmt.Sprintf("allocates %d MiB", size>>20)
		default:
			continue
		}
		args, _ := b.next(i)
		t.Errorf("mutant %d (%s) %s", i, strings.Join(args, " "), wrong)
	}
	left := int64(inUse() - start)
	if left > maxMutantsLeave {
		t.Errorf("%d mutants leave %d MiB in use", n, left>>20)
	}
	t.Logf("each of %d mutants took %v and %d MiB at most; they leave %d KiB in use", n, longest, most>>20, left>>10)
}

// inUse returns how much memory is in use.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what is pooled survives one
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// allocated returns how many bytes were allocated so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

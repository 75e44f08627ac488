package pcapfile_test

import (
	"bytes"
	"compress/gzip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture/pcapfile"
)

// Captures that were joined by cat are read one after the other, whatever their
// kinds and byte orders are.
func TestJoined(t *testing.T) {
	const another = "another capture begins"
	a, b := frame{1, 1e9, 1, "a"}, frame{101, 2e9, 1, "b"}
	first := map[string]func(byteOrder) *file{
		"pcap":   func(o byteOrder) *file { return (&file{order: o}).pcap(magicMicro, 1).record(1, 0, "a", 0) },
		"pcapng": func(o byteOrder) *file { return (&file{order: o}).section().on(1, 0).enhanced(0, 1e6, "a", 0) },
	}
	second := map[string]func(byteOrder) *file{
		"pcap": func(o byteOrder) *file { return (&file{order: o}).pcap(magicNano, 101).record(2, 0, "b", 0) },
		"pcapng": func(o byteOrder) *file {
			return (&file{order: o}).section().on(101, 0).enhanced(0, 2e6, "b", 0)
		},
	}
	eachOrder(t, func(t *testing.T, order byteOrder) {
		for _, other := range byteOrders {
			for what, f := range first {
				for then, g := range second {
					begin := f(order).data
					data := slices.Concat(begin, g(other).data)
					for how, data := range map[string][]byte{"plain": data, "compressed": packed(data), "compressed and then joined": slices.Concat(packed(begin), packed(g(other).data))} {
						frames, problems, err := readAll(t, bytes.NewReader(data))
						if diff := cmp.Diff([]frame{a, b}, frames); diff != "" || err != nil {
							t.Errorf("%s, %s, %s: error %v, frames (-want +got):\n%s", what, then, how, err, diff)
						}
						want := []problem{{1, int64(len(begin)), another}}
						if what == "pcapng" && then == "pcapng" {
							want = nil // a section
						}
						if diff := cmp.Diff(want, problems); diff != "" {
							t.Errorf("%s, %s, %s: problems (-want +got):\n%s", what, then, how, diff)
						}
					}
				}
			}
		}
	})
}

func packed(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// Where a capture that is joined to another one was cut, the cut record and the
// header are found in one another.
func TestJoinedToCut(t *testing.T) {
	eachOrder(t, func(t *testing.T, order byteOrder) {
		begin := (&file{order: order}).pcap(magicMicro, 1).record(1, 0, "a", 0).claim(1e6).data
		begin = append(begin, "some bytes of it"...)
		data := append(begin, (&file{order: order}).pcap(magicMicro, 101).record(2, 0, "b", 0).data...)
		frames, problems, err := readAll(t, bytes.NewReader(data))
		if diff := cmp.Diff([]frame{{1, 1e9, 1, "a"}, {101, 2e9, 1, "b"}}, frames); diff != "" || err != nil {
			t.Errorf("error %v, frames (-want +got):\n%s", err, diff)
		}
		want := []problem{
			{1, 41, "the record claims 1000000 bytes, more than the 262144 that a frame can have; skipped 32 bytes"},
			{1, 73, "another capture begins"},
		}
		if diff := cmp.Diff(want, problems); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	})
}

// So are a record and those in it that it claims for itself.
func TestRecordOverOthers(t *testing.T) {
	eachOrder(t, func(t *testing.T, order byteOrder) {
		a, b := frame{1, 1e9, 1, "a"}, frame{1, 2e9, 1, "b"}
		f := (&file{order: order}).pcap(magicMicro, 1).record(1, 0, "a", 0).claim(200_000).record(2, 0, "b", 0).record(2, 0, "b", 0)
		frames, problems, err := readAll(t, bytes.NewReader(f.data))
		if diff := cmp.Diff([]frame{a, b, b}, frames); diff != "" || err != nil {
			t.Errorf("error %v, frames (-want +got):\n%s", err, diff)
		}
		want := []problem{{1, 41, "the record claims more bytes than there are before the next; skipped 16 bytes"}}
		if diff := cmp.Diff(want, problems); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	})
}

// A capture without a frame may be the first of several.
func TestJoinedToEmpty(t *testing.T) {
	eachOrder(t, func(t *testing.T, order byteOrder) {
		f := (&file{order: order}).pcap(magicMicro, 1).pcap(magicMicro, 1).pcap(magicMicro, 101).record(2, 0, "b", 0)
		frames, problems, err := readAll(t, bytes.NewReader(f.data))
		if diff := cmp.Diff([]frame{{101, 2e9, 1, "b"}}, frames); diff != "" || err != nil || len(problems) != 2 {
			t.Errorf("error %v, problems %v, frames (-want +got):\n%s", err, problems, diff)
		}
	})
}

// What stands between records is skipped, however long it is.
func TestSkip(t *testing.T) {
	for _, junk := range [][]byte{make([]byte, 100), make([]byte, 2<<20), bytes.Repeat([]byte{0xff}, 100), bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 100_000)} {
		eachOrder(t, func(t *testing.T, order byteOrder) {
			f := (&file{order: order}).pcap(magicMicro, 1).record(1e9, 0, "a", 0)
			f.data = append(f.data, junk...)
			for i := range uint32(5) {
				f.record(1e9+1+i, 0, "another", 0)
			}
			frames, problems, err := readAll(t, bytes.NewReader(f.data))
			if err != nil || len(problems) != 1 || len(frames) != 6 || frames[5].Time != (1e9+5)*1e9 {
				t.Errorf("%d bytes of %q: %d frames, problems %v, error %v", len(junk), junk[:8], len(frames), problems, err)
			}
		})
	}
}

// Before version 2.3 the bytes on the wire stood before those captured; 2.3 was
// written either way.
func TestOldVersions(t *testing.T) {
	eachOrder(t, func(t *testing.T, order byteOrder) {
		for _, test := range []struct {
			major, minor uint16
			swapped      bool
		}{{2, 0, true}, {2, 1, true}, {2, 2, true}, {2, 3, true}, {2, 3, false}, {2, 4, false}, {543, 0, true}} {
			f := (&file{order: order}).pcap(magicMicro, 1)
			order.PutUint16(f.data[4:], test.major)
			order.PutUint16(f.data[6:], test.minor)
			f.record(1, 0, "a frame", 60)
			if test.swapped {
				at := 24 + 8
				copy(f.data[at:], append(slices.Clone(f.data[at+4:at+8]), f.data[at:at+4]...))
			}
			for _, cut := range []int{0, 2} {
				frames, problems, err := readAll(t, bytes.NewReader(f.data[:len(f.data)-cut]))
				if diff := cmp.Diff([]frame{{1, 1e9, 67, "a frame"[:7-cut]}}, frames); diff != "" || err != nil || len(problems) != min(cut, 1) {
					t.Errorf("version %d.%d, swapped %v: error %v, problems %v, frames (-want +got):\n%s", test.major, test.minor, test.swapped, err, problems, diff)
				}
			}
		}
		for _, version := range [][2]uint16{{1, 0}, {3, 0}, {543, 1}} {
			f := (&file{order: order}).pcap(magicMicro, 1)
			order.PutUint16(f.data[4:], version[0])
			order.PutUint16(f.data[6:], version[1])
			if _, err := pcapfile.Open(name, bytes.NewReader(f.data)); err == nil {
				t.Errorf("version %v is read", version)
			}
		}
	})
}

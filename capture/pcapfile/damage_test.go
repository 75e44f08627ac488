package pcapfile_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
)

// samples are small captures with all that a damaged one can be damaged in.
func samples(order byteOrder) map[string]*file {
	f := (&file{order: order}).section()
	return map[string]*file{
		"pcap": (&file{order: order}).pcap(magicMicro, 1).
			record(1, 0, "first", 0).record(2, 0, "", 60).record(3, 0, "the third", 10),
		"pcapng": f.on(1, 0, f.option(2, []byte("eth0")...), f.resolution(9), f.offset(1), f.option(0)).
			enhanced(0, 1, "first", 0).
			block(blockNames, []byte("192.0.2.1 pbx")).
			simple("simple", 0).
			obsolete(0, 0, 3, "obsolete", 1).
			section().on(276, 4).
			enhanced(0, 4, "last", 0),
	}
}

// A capture that was cut, as when the disk was full, gives all that is there:
// the whole frames, what there is of the next, and one problem.
func TestTruncated(t *testing.T) {
	eachOrder(t, func(t *testing.T, order byteOrder) {
		for what, f := range samples(order) {
			whole, problems, err := readAll(t, bytes.NewReader(f.data))
			if len(problems) > 0 || err != nil {
				t.Fatalf("%s: problems %v, error %v", what, problems, err)
			}
			// The least that is seen to be a capture.
			least := 4
			if what == "pcap" {
				least = 24
			}
			for size := range f.data {
				if size < least {
					if _, err := pcapfile.Open(name, bytes.NewReader(f.data[:size])); err == nil {
						t.Errorf("%s: Open of the first %d bytes succeeded", what, size)
					}
					continue
				}
				frames, problems, err := readAll(t, bytes.NewReader(f.data[:size]))
				if err != nil {
					t.Errorf("%s, %d bytes: error %v", what, size, err)
				}
				wantFrames, wantProblems := f.cut(whole, size)
				if diff := cmp.Diff(wantFrames, frames); diff != "" {
					t.Errorf("%s, %d bytes: frames (-want +got):\n%s", what, size, diff)
				}
				for i := range problems {
					if !strings.Contains(problems[i].Err, "the file ends in") && !strings.Contains(problems[i].Err, "a packet's block with a body of") {
						t.Errorf("%s, %d bytes: problem %q", what, size, problems[i].Err)
					}
					problems[i].Err = ""
				}
				if diff := cmp.Diff(wantProblems, problems); diff != "" {
					t.Errorf("%s, %d bytes: problems (-want +got):\n%s", what, size, diff)
				}
			}
		}
	})
}

// cut returns the frames of the first size bytes of a file whose frames are
// given, and the problem, without its text, that they end in.
func (f *file) cut(whole []frame, size int) (frames []frame, problems []problem) {
	for _, p := range f.parts {
		if p.end <= size {
			if p.frame {
				frames = append(frames, whole[len(frames)])
			}
			continue
		}
		if p.start < size {
			problems = []problem{{Frame: len(frames), Offset: int64(p.start)}}
			// A simple packet's length is that of its block, and none of a
			// block is known without its first 12 bytes: both end its header.
			if p.frame && p.at <= size {
				last := whole[len(frames)]
				last.Data = last.Data[:min(size-p.at, p.captured)]
				frames = append(frames, last)
			}
		}
		break
	}
	return frames, problems
}

// Damage within a capture is reported with its place, and what can be read after
// it is read.
func TestDamaged(t *testing.T) {
	eachOrder(t, func(t *testing.T, order byteOrder) {
		pcap := func() *file { return (&file{order: order}).pcap(magicMicro, 1).record(1, 0, "a", 0) }
		ng := func() *file { return (&file{order: order}).section().on(1, 0).enhanced(0, 1e6, "a", 0) }
		a, b := frame{1, 1e9, 1, "a"}, frame{1, 2e9, 1, "b"}
		f := pcap()
		for _, test := range []struct {
			what     string
			file     *file
			frames   []frame
			problems []problem
		}{
			{
				"record of 4 GiB",
				pcap().claim(0xffff_ffff).record(2, 0, "b", 0),
				[]frame{a, b},
				[]problem{{1, 41, "the record claims 4294967295 bytes, more than the 262144 that a frame can have; skipped 16 bytes"}},
			}, {
				"record of one byte too many",
				pcap().claim(262145).record(2, 0, "b", 0),
				[]frame{a, b},
				[]problem{{1, 41, "the record claims 262145 bytes, more than the 262144 that a frame can have; skipped 16 bytes"}},
			}, {
				"packet that claims more than its block",
				ng().block(blockEnhanced, f.body(uint32(0), uint32(0), uint32(2e6), uint32(100), uint32(100), "b...")).enhanced(0, 2e6, "b", 0),
				[]frame{a, {1, 2e9, 100, "b..."}, b},
				[]problem{{1, 84, "a packet claims 100 bytes in a block that holds 4"}},
			}, {
				"packet that claims 4 GiB",
				ng().block(blockEnhanced, f.body(uint32(0), uint32(0), uint32(2e6), uint32(0xffff_ffff), uint32(100), "b...")).enhanced(0, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{{1, 84, "a packet claims 4294967295 bytes, more than the 262144 that a frame can have"}},
			}, {
				"packet larger than a frame can be, in a block of its size",
				ng().enhanced(0, 2e6, strings.Repeat("x", 262145), 0).enhanced(0, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{{1, 84, "a packet claims 262145 bytes, more than the 262144 that a frame can have"}},
			}, {
				"packet's block of 1 GiB",
				ng().head(blockEnhanced, 1<<30).enhanced(0, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{{1, 84, "a block of type 0x6 claims 1073741824 bytes, more than it can have; skipped 8 bytes"}},
			}, {
				"unknown block of 4 GiB",
				ng().head(blockVendor, 0xffff_fffc).enhanced(0, 2e6, "b", 0),
				[]frame{a},
				[]problem{{1, 84, "the file ends in a block of type 0x80000abc and 4294967292 bytes"}},
			}, {
				"block of a length that is no multiple of 4",
				ng().head(blockVendor, 35).enhanced(0, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{{1, 84, "a block of type 0x80000abc claims a length of 35; skipped 8 bytes"}},
			}, {
				"block shorter than its header",
				ng().head(blockEnhanced, 8).enhanced(0, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{{1, 84, "a block of type 0x6 claims a length of 8; skipped 8 bytes"}},
			}, {
				"two lengths of a block",
				ng().enhanced(0, 2e6, "b", 0).lastLength(99).enhanced(0, 2e6, "b", 0),
				[]frame{a, b, b},
				[]problem{{1, 84, "a block of 36 bytes gives its length as 99 at its end"}},
			}, {
				"packet of an interface that is not described",
				ng().enhanced(1, 2e6, "b", 0).enhanced(0xffff_ffff, 2e6, "b", 0).enhanced(0, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{
					{1, 84, "a packet refers to interface 1, of 1 described"},
					{1, 120, "a packet refers to interface 4294967295, of 1 described"},
				},
			}, {
				"packet without an interface",
				(&file{order: order}).section().simple("a", 0),
				nil,
				[]problem{{0, 28, "a packet refers to interface 0, of 0 described"}},
			}, {
				"packet's block without room for its header",
				ng().block(blockEnhanced, make([]byte, 16)).block(blockSimple, nil).enhanced(0, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{
					{1, 84, "a packet's block with a body of 16 bytes"},
					{1, 112, "a packet's block with a body of 0 bytes"},
				},
			}, {
				"interface description without room, which still has its number",
				ng().block(blockInterface, make([]byte, 4)).on(1, 0).enhanced(2, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{{1, 84, "an interface description of 4 bytes"}},
			}, {
				"option longer than its block",
				ng().on(1, 0, f.body(uint16(9), uint16(5), uint32(0))).enhanced(0, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{{1, 84, "an option of an interface description is longer than the block"}},
			}, {
				"resolutions that do not fit in 64 bits",
				ng().on(1, 0, f.resolution(20)).on(1, 0, f.resolution(0x80|64)).enhanced(0, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{
					{1, 84, "a time resolution of 10 to the power of -20 is too fine"},
					{1, 112, "a time resolution of 2 to the power of -64 is too fine"},
				},
			}, {
				"section without byte-order magic",
				ng().block(blockSection, make([]byte, 16)).enhanced(0, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{{1, 84, "a section header without byte-order magic; skipped 28 bytes"}},
			}, {
				"section of a later version",
				ng().block(blockSection, f.body(uint32(0x1a2b3c4d), uint16(2), uint16(1), int64(-1))).on(1, 0).enhanced(0, 2e6, "b", 0),
				[]frame{a, b},
				[]problem{{1, 84, "a section of version 2.1; 1.0 is known"}},
			},
		} {
			t.Run(test.what, func(t *testing.T) {
				frames, problems, err := readAll(t, bytes.NewReader(test.file.data))
				if diff := cmp.Diff(test.frames, frames); diff != "" {
					t.Errorf("frames (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.problems, problems); diff != "" {
					t.Errorf("problems (-want +got):\n%s", diff)
				}
				if err != nil {
					t.Errorf("error %v", err)
				}
			})
		}
	})
}

// claim adds the header of a record of n bytes.
func (f *file) claim(n uint32) *file {
	f.data = append(f.data, f.body(uint32(2), uint32(0), n, n)...)
	return f
}

// head adds the header of a block of n bytes.
func (f *file) head(kind, n uint32) *file {
	f.data = append(f.data, f.body(kind, n)...)
	return f
}

// lastLength changes the length at the end of the last block.
func (f *file) lastLength(n uint32) *file {
	f.order.PutUint32(f.data[len(f.data)-4:], n)
	return f
}

// A section of a hostile file describes interfaces without end.
func TestInterfacesBounded(t *testing.T) {
	f := (&file{order: binary.LittleEndian}).section()
	for range 5000 {
		f.on(1, 0)
	}
	f.enhanced(4095, 1e6, "known", 0).enhanced(4096, 1e6, "dropped", 0)
	frames, problems, err := readAll(t, bytes.NewReader(f.data))
	if diff := cmp.Diff([]frame{{1, 1e9, 5, "known"}}, frames); diff != "" || err != nil {
		t.Errorf("error %v, frames (-want +got):\n%s", err, diff)
	}
	if want := 5000 - 4096 + 1; len(problems) != want {
		t.Errorf("%d problems, want %d", len(problems), want)
	}
}

// No length that a file claims makes the reader allocate.
func TestClaimsAllocateNothing(t *testing.T) {
	const much = 2 << 20 // the window is a quarter of it
	ng := func() *file { return (&file{order: binary.LittleEndian}).section().on(1, 0) }
	pcap := func() *file { return (&file{order: binary.LittleEndian}).pcap(magicMicro, 1) }
	for what, f := range map[string]*file{
		"record of 4 GiB":        pcap().claim(0xffff_ffff),
		"record of 1 GiB":        pcap().claim(1 << 30),
		"packet of 1 GiB":        ng().head(blockEnhanced, 1<<30),
		"section of 1 GiB":       ng().head(blockSection, 1<<30).block(0x1a2b3c4d, nil),
		"unknown block of 4 GiB": ng().head(blockVendor, 0xffff_fffc),
	} {
		f.data = append(f.data, make([]byte, 100)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, problems, err := readAll(t, bytes.NewReader(f.data))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > much {
			t.Errorf("%s: %d bytes allocated", what, n)
		}
		if len(problems) != 1 || err != nil {
			t.Errorf("%s: problems %v, error %v; want one problem", what, problems, err)
		}
	}
}

// Whatever a byte is changed to, reading ends and goes wrong in no other way
// than with problems.
func TestEveryByteChanged(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	eachOrder(t, func(t *testing.T, order byteOrder) {
		for what, f := range samples(order) {
			for i, was := range f.data {
				for _, now := range []byte{0, 0x80, 0xff, was + 1, was ^ 0x10} {
					f.data[i] = now
					if _, err := pcapfile.Open(name, bytes.NewReader(f.data)); err == nil {
						bounded(t, f.data)
					}
				}
				f.data[i] = was
				if t.Failed() {
					t.Fatalf("%s, byte %d", what, i)
				}
			}
		}
	})
}

// bounded reads a file that may be anything, and checks that it ends after as
// many steps as its bytes can give.
func bounded(t *testing.T, data []byte) {
	t.Helper()
	r, err := pcapfile.Open(name, bytes.NewReader(data))
	if err != nil {
		return
	}
	var b capture.Batch
	for step := 0; r.Next(&b) == nil; step++ {
		// No record and no block has less than 12 bytes; what is left at the
		// end gives one more.
		if step > len(data)/12+1 {
			t.Fatalf("Next was called %d times for %d bytes", step, len(data))
		}
		for _, f := range b.Frames {
			if len(f.Data) > capture.MaxFrame || f.Interface == nil {
				t.Fatalf("frame %d has %d bytes, interface %v", f.Number, len(f.Data), f.Interface)
			}
		}
	}
}

// A batch holds a bounded number of problems, however many follow each other.
func TestManyProblems(t *testing.T) {
	f := (&file{order: binary.LittleEndian}).section().on(1, 0)
	for range 1000 {
		f.block(blockEnhanced, nil)
	}
	f.enhanced(0, 1e6, "a", 0)
	r, err := pcapfile.Open(name, bytes.NewReader(f.data))
	if err != nil {
		t.Fatal(err)
	}
	var b capture.Batch
	batches, problems, frames := 0, 0, 0
	for ; r.Next(&b) == nil; batches++ {
		problems, frames = problems+len(b.Problems), frames+len(b.Frames)
		if len(b.Problems) > 64 {
			t.Fatalf("%d problems in a batch", len(b.Problems))
		}
	}
	if problems != 1000 || frames != 1 || batches > 20 {
		t.Errorf("%d problems and %d frames in %d batches", problems, frames, batches)
	}
}

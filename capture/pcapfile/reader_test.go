package pcapfile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
)

func TestNotACapture(t *testing.T) {
	version := (&file{order: binary.LittleEndian}).pcap(magicMicro, 1).data
	version[4] = 3
	for _, test := range []struct{ what, data, want string }{
		{"empty", "", "not a pcap or pcapng capture: it is empty"},
		{"shorter than any magic", "\xd4\xc3", `not a pcap or pcapng capture: it begins with "\xd4\xc3"`},
		{"text", "INVITE sip:100@pbx SIP/2.0\r\n", `not a pcap or pcapng capture: it begins with "INVITE s"`},
		{"zip", "PK\x03\x04\x14", "not a pcap or pcapng capture: it is a zip archive; unpack it: unzip phone.pcap"},
		{"unknown version", string(version), "not a pcap or pcapng capture: version 3.4 of pcap; 2.4 is known"},
	} {
		t.Run(test.what, func(t *testing.T) {
			_, err := pcapfile.Open(name, strings.NewReader(test.data))
			if !errors.Is(err, pcapfile.ErrFormat) {
				t.Errorf("the error %v is not ErrFormat", err)
			}
			if err == nil || err.Error() != name+": "+test.want {
				t.Errorf("error:\n got %v\nwant %s: %s", err, name, test.want)
			}
		})
	}
}

// What cannot be read differs from what is not a capture, and has the name that
// the user gave, once.
func TestOpenUnreadable(t *testing.T) {
	directory := &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	header := (&file{order: binary.LittleEndian}).pcap(magicMicro, 1).data
	for _, test := range []struct {
		what string
		from io.Reader
		want string
	}{
		{"directory", iotest.ErrReader(directory), "is a directory"},
		{"error in the magic", io.MultiReader(bytes.NewReader(header[:2]), iotest.ErrReader(directory)), "is a directory"},
		{"error in the header", io.MultiReader(bytes.NewReader(header[:20]), iotest.ErrReader(directory)), "is a directory"},
		{"header cut", bytes.NewReader(header[:20]), "the file ends in its header, after 20 bytes of 24"},
		{"reader that returns nothing for ever", nothing{}, io.ErrNoProgress.Error()},
	} {
		t.Run(test.what, func(t *testing.T) {
			_, err := pcapfile.Open(name, test.from)
			if err == nil || err.Error() != name+": "+test.want {
				t.Errorf("error:\n got %v\nwant %s: %s", err, name, test.want)
			}
			if errors.Is(err, pcapfile.ErrFormat) {
				t.Error("the error is ErrFormat")
			}
		})
	}
	t.Run("directory of the system", func(t *testing.T) {
		dir, err := os.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		_, err = pcapfile.Open(name, dir)
		if err == nil || strings.Contains(err.Error(), dir.Name()) || errors.Is(err, pcapfile.ErrFormat) {
			t.Errorf("error: %v", err)
		}
	})
}

// nothing is a reader that breaks the rule against returning 0 and nil.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

func TestPcap(t *testing.T) {
	eachOrder(t, func(t *testing.T, order byteOrder) {
		for _, test := range []struct {
			what string
			file *file
			want []frame
		}{
			{
				"no frames",
				(&file{order: order}).pcap(magicMicro, 1),
				nil,
			}, {
				"microseconds",
				(&file{order: order}).pcap(magicMicro, 1).
					record(1_700_000_000, 123_456, "first", 0).
					record(1_700_000_001, 999_999, "second", 1000),
				[]frame{
					{1, 1_700_000_000_123_456_000, 5, "first"},
					{1, 1_700_000_001_999_999_000, 1006, "second"},
				},
			}, {
				"nanoseconds",
				(&file{order: order}).pcap(magicNano, 1).record(1_700_000_000, 123_456_789, "a", 0),
				[]frame{{1, 1_700_000_000_123_456_789, 1, "a"}},
			}, {
				"time beyond 31 bits",
				(&file{order: order}).pcap(magicMicro, 1).record(0xffff_ffff, 0, "a", 0),
				[]frame{{1, 4_294_967_295_000_000_000, 1, "a"}},
			}, {
				"frames without a byte",
				(&file{order: order}).pcap(magicMicro, 1).record(1, 0, "", 60).record(2, 0, "", 0),
				[]frame{{1, 1e9, 60, ""}, {1, 2e9, 0, ""}},
			}, {
				"largest frame",
				(&file{order: order}).pcap(magicMicro, 1).record(1, 0, strings.Repeat("x", 262144), 0),
				[]frame{{1, 1e9, 262144, strings.Repeat("x", 262144)}},
			}, {
				"link type of more than 8 bits",
				(&file{order: order}).pcap(magicMicro, 276).record(1, 0, "a", 0),
				[]frame{{capture.LinkLinuxSLL2, 1e9, 1, "a"}},
			}, {
				"length of the frame check sequence beside the link type",
				(&file{order: order}).pcap(magicMicro, 0x2400_0001).record(1, 0, "a", 0),
				[]frame{{capture.LinkEthernet, 1e9, 1, "a"}},
			},
		} {
			t.Run(test.what, func(t *testing.T) { check(t, test.file, test.want) })
		}
	})
}

func TestPcapng(t *testing.T) {
	eachOrder(t, func(t *testing.T, order byteOrder) {
		other := byteOrders[0]
		if order == other {
			other = byteOrders[1]
		}
		make := func() *file { return (&file{order: order}).section() }
		f := make()
		for _, test := range []struct {
			what string
			file *file
			want []frame
		}{
			{
				"no frames",
				make().on(1, 0),
				nil,
			}, {
				"microseconds by default",
				make().on(1, 0).enhanced(0, 1_700_000_000_123_456, "abc", 7),
				[]frame{{1, 1_700_000_000_123_456_000, 10, "abc"}},
			}, {
				"interfaces with their own link types and clocks",
				make().
					on(capture.LinkEthernet, 65535, f.option(2, []byte("eth0")...), f.resolution(3)).
					on(capture.LinkLinuxSLL2, 0, f.resolution(6)).
					on(capture.LinkRaw, 0, f.resolution(9)).
					on(capture.LinkNull, 0, f.resolution(0x80|20)).
					on(capture.LinkLoop, 0, f.resolution(0)).
					enhanced(0, 1_700_000_000_123, "0", 0).
					enhanced(1, 1_700_000_000_123_456, "1", 0).
					enhanced(2, 1_700_000_000_123_456_789, "2", 0).
					enhanced(3, 1_700_000_000<<20|1<<19, "3", 0).
					enhanced(4, 1_700_000_000, "4", 0).
					enhanced(0, 1_700_000_001_000, "5", 0),
				[]frame{
					{capture.LinkEthernet, 1_700_000_000_123_000_000, 1, "0"},
					{capture.LinkLinuxSLL2, 1_700_000_000_123_456_000, 1, "1"},
					{capture.LinkRaw, 1_700_000_000_123_456_789, 1, "2"},
					{capture.LinkNull, 1_700_000_000_500_000_000, 1, "3"},
					{capture.LinkLoop, 1_700_000_000_000_000_000, 1, "4"},
					{capture.LinkEthernet, 1_700_000_001_000_000_000, 1, "5"},
				},
			}, {
				"the finest resolutions",
				make().
					on(1, 0, f.resolution(19)).
					on(1, 0, f.resolution(0x80|63)).
					enhanced(0, 15_500_000_000_000_000_000, "a", 0).
					enhanced(1, 1<<63|1<<62, "b", 0),
				[]frame{{1, 1_550_000_000, 1, "a"}, {1, 1_500_000_000, 1, "b"}},
			}, {
				"offset of the clock",
				make().
					on(1, 0, f.offset(1_700_000_000)).
					on(1, 0, f.resolution(9), f.offset(-3600)).
					on(1, 0, f.offset(10), f.resolution(3)).
					on(1, 0, f.option(0), f.offset(10)).
					enhanced(0, 5_000_001, "a", 0).
					enhanced(1, 7200_000_000_001, "b", 0).
					enhanced(2, 1001, "c", 0).
					enhanced(3, 1, "after the end of the options", 0),
				[]frame{
					{1, 1_700_000_005_000_001_000, 1, "a"},
					{1, 3600_000_000_001, 1, "b"},
					{1, 11_001_000_000, 1, "c"},
					{1, 1000, 28, "after the end of the options"},
				},
			}, {
				"a section describes its own interfaces",
				make().on(1, 0).on(1, 0).enhanced(1, 1, "first", 0).
					section().on(capture.LinkRaw, 0, f.resolution(9)).enhanced(0, 1, "second", 0),
				[]frame{{1, 1000, 5, "first"}, {capture.LinkRaw, 1, 6, "second"}},
			}, {
				"a section has its own byte order",
				make().on(1, 0).enhanced(0, 1, "first", 0).
					in(other).section().on(276, 0).enhanced(0, 2, "second", 0),
				[]frame{{1, 1000, 5, "first"}, {276, 2000, 6, "second"}},
			}, {
				"simple packets, which have no time",
				make().on(1, 0).on(276, 0).simple("padded", 0).simple("aligned!", 0),
				[]frame{{1, 0, 6, "padded"}, {1, 0, 8, "aligned!"}},
			}, {
				"simple packet cut by the snaplen, not on a multiple of four",
				make().on(1, 5).simple("abcde", 95),
				[]frame{{1, 0, 100, "abcde"}},
			}, {
				"obsolete packets",
				make().on(1, 0).on(276, 0, f.resolution(9)).
					obsolete(1, 0xffff, 1_700_000_000_000_000_001, "abc", 1),
				[]frame{{276, 1_700_000_000_000_000_001, 4, "abc"}},
			}, {
				"options after the packet",
				make().on(1, 0).block(blockEnhanced, f.body(uint32(0), uint32(0), uint32(1), uint32(3), uint32(3), "abc\x00", f.option(1, []byte("a comment")...), f.option(0))),
				[]frame{{1, 1000, 3, "abc"}},
			}, {
				"a frame of no byte",
				make().on(1, 0).enhanced(0, 1, "", 60),
				[]frame{{1, 1000, 60, ""}},
			}, {
				"largest frame",
				make().on(1, 0).enhanced(0, 1, strings.Repeat("x", 262144), 0),
				[]frame{{1, 1000, 262144, strings.Repeat("x", 262144)}},
			}, {
				"unknown blocks",
				make().block(blockVendor, nil).on(1, 0).block(blockNames, []byte("names")).
					enhanced(0, 1, "a", 0).block(blockVendor, []byte("secret")).enhanced(0, 2, "b", 0),
				[]frame{{1, 1000, 1, "a"}, {1, 2000, 1, "b"}},
			}, {
				// The frames before it must be consumed before its bytes take their place.
				"unknown block larger than the window",
				make().on(1, 0).enhanced(0, 1, "before", 0).
					block(blockVendor, bytes.Repeat([]byte("?"), largerThanWindow)).
					enhanced(0, 2, "after", 0).enhanced(0, 3, "last", 0),
				[]frame{{1, 1000, 6, "before"}, {1, 2000, 5, "after"}, {1, 3000, 4, "last"}},
			}, {
				"unknown block larger than the window, with the end of the file near",
				make().on(1, 0).block(blockVendor, bytes.Repeat([]byte("?"), largerThanWindow)).
					enhanced(0, 2, "after", 0).enhanced(0, 3, "last", 0),
				[]frame{{1, 2000, 5, "after"}, {1, 3000, 4, "last"}},
			}, {
				"unknown blocks larger than the window in a row",
				make().on(1, 0).
					block(blockVendor, bytes.Repeat([]byte("?"), largerThanWindow)).
					block(blockNames, bytes.Repeat([]byte("?"), largerThanWindow)).
					enhanced(0, 2, "after", 0).
					block(blockVendor, bytes.Repeat([]byte("?"), largerThanWindow)),
				[]frame{{1, 2000, 5, "after"}},
			},
		} {
			t.Run(test.what, func(t *testing.T) { check(t, test.file, test.want) })
		}
	})
}

// in goes on in another byte order.
func (f *file) in(order byteOrder) *file {
	f.order = order
	return f
}

// check reads a file that is not damaged, at once and in the ways that readers
// return what they have.
func check(t *testing.T, f *file, want []frame) {
	t.Helper()
	for _, way := range ways {
		if len(f.data) > 100<<10 && way.slow {
			continue
		}
		got, problems, err := readAll(t, way.of(bytes.NewReader(f.data)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: frames (-want +got):\n%s", way.what, diff)
		}
		if len(problems) > 0 || err != nil {
			t.Errorf("%s: problems %v, error %v", way.what, problems, err)
		}
	}
}

// ways are the ways in which a reader may return what it has.
var ways = []struct {
	what string
	of   func(io.Reader) io.Reader
	slow bool // for large files
}{
	{"at once", func(r io.Reader) io.Reader { return r }, false},
	{"byte by byte", iotest.OneByteReader, true},
	{"by halves", iotest.HalfReader, false},
	{"with the error at once", iotest.DataErrReader, false},
	{"ended by a decompressor", func(r io.Reader) io.Reader {
		return io.MultiReader(r, iotest.ErrReader(io.ErrUnexpectedEOF))
	}, false},
}

// A capture larger than the window comes whole, in batches whose frames are
// valid until the next.
func TestLargerThanWindow(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const frames = 20_000
	for _, test := range []struct {
		what string
		make func() *file
		add  func(f *file, i int, data string)
	}{
		{
			"pcap",
			func() *file { return (&file{order: binary.LittleEndian}).pcap(magicNano, 1) },
			func(f *file, i int, data string) { f.record(0, uint32(i), data, 0) },
		}, {
			"pcapng",
			func() *file {
				f := (&file{order: binary.LittleEndian}).section()
				return f.on(1, 0, f.resolution(9))
			},
			func(f *file, i int, data string) { f.enhanced(0, uint64(i), data, 0) },
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			f := test.make()
			want := make([]frame, frames)
			for i := range want {
				// Sizes up to a jumbo frame's, so that every place of a record
				// falls on the window's edge.
				data := strings.Repeat(fmt.Sprintf("%05d ", i), i%200)
				want[i] = frame{1, int64(i), len(data), data}
				test.add(f, i, data)
			}
			if len(f.data) < 5<<20 {
				t.Fatalf("the capture has %d bytes only", len(f.data))
			}
			check(t, f, want)
		})
	}
}

// An error of reading comes after the frames before it, and is not an end.
func TestReadError(t *testing.T) {
	broken := &fs.PathError{Op: "read", Path: name, Err: errors.New("input/output error")}
	for _, test := range []struct {
		what string
		file *file
		keep int // bytes of the last record that can be read
	}{
		{"pcap", (&file{order: binary.LittleEndian}).pcap(magicMicro, 1).record(1, 0, "one", 0).record(2, 0, "two", 0), 18},
		{"pcapng", (&file{order: binary.LittleEndian}).section().on(1, 0).enhanced(0, 1e6, "one", 0).enhanced(0, 2e6, "two", 0), 30},
		{"between records", (&file{order: binary.LittleEndian}).pcap(magicMicro, 1).record(1, 0, "one", 0).record(2, 0, "two", 0), 0},
		{"in a block larger than the window", (&file{order: binary.LittleEndian}).section().on(1, 0).enhanced(0, 1e6, "one", 0).
			block(blockVendor, make([]byte, largerThanWindow)), 600 << 10},
	} {
		t.Run(test.what, func(t *testing.T) {
			last := test.file.parts[len(test.file.parts)-1]
			data := test.file.data[:last.start+test.keep]
			for _, from := range []io.Reader{
				io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken)),
				iotest.DataErrReader(io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken))),
			} {
				frames, problems, err := readAll(t, from)
				if diff := cmp.Diff([]frame{{1, 1e9, 3, "one"}}, frames); diff != "" {
					t.Errorf("frames (-want +got):\n%s", diff)
				}
				if len(problems) > 0 {
					t.Errorf("problems: %v", problems)
				}
				if want := name + ": input/output error"; err == nil || err.Error() != want {
					t.Errorf("error:\n got %v\nwant %s", err, want)
				}
			}
		})
	}
}

// A row can be shown as soon as its frame has come through a pipe.
func TestFramesAsTheyCome(t *testing.T) {
	from, to := io.Pipe()
	f := (&file{order: binary.LittleEndian}).pcap(magicMicro, 1)
	go func() {
		to.Write(f.data)
		f.record(1, 0, "one", 0)
		to.Write(f.data[24:])
		// Nothing more, and no end either.
	}()
	defer to.Close()
	r, err := pcapfile.Open(name, from)
	if err != nil {
		t.Fatal(err)
	}
	var b capture.Batch
	if err := r.Next(&b); err != nil || len(b.Frames) != 1 || string(b.Frames[0].Data) != "one" {
		t.Fatalf("Next: %v, frames %v", err, b.Frames)
	}
}

// endless is a capture that begins with head and repeats body.
type endless struct {
	head, body []byte
	rest       []byte
}

func (e *endless) Read(p []byte) (n int, err error) {
	if e.head != nil {
		n = copy(p, e.head)
		e.head = nil
	}
	for n < len(p) {
		if len(e.rest) == 0 {
			e.rest = e.body
		}
		m := copy(p[n:], e.rest)
		e.rest = e.rest[m:]
		n += m
	}
	return n, nil
}

func TestAllocations(t *testing.T) {
	for _, test := range containers() {
		t.Run(test.what, func(t *testing.T) {
			r, err := pcapfile.Open(name, &endless{head: test.head, body: test.body})
			if err != nil {
				t.Fatal(err)
			}
			var b capture.Batch
			frames := 0
			next := func() {
				if err := r.Next(&b); err != nil {
					t.Fatal(err)
				}
				frames += len(b.Frames)
			}
			for range 10 {
				next() // the batch grows to its size
			}
			if allocs := testing.AllocsPerRun(100, next); allocs != 0 {
				t.Errorf("%v allocations in a call of Next", allocs)
			}
			if frames < 50_000 {
				t.Errorf("%d frames only in 111 calls of Next", frames)
			}
		})
	}
}

// containers returns the heads and a frame of captures of telephony, in the
// containers that there are.
func containers() []struct {
	what       string
	head, body []byte
} {
	rtp := strings.Repeat("v", 214) // a frame of G.711, 20 ms
	f := (&file{order: binary.LittleEndian}).pcap(magicMicro, 1)
	head := len(f.data)
	f.record(1, 0, rtp, 0)
	g := (&file{order: binary.LittleEndian}).section().on(1, 0)
	ngHead := len(g.data)
	g.enhanced(0, 1e6, rtp, 0)
	return []struct {
		what       string
		head, body []byte
	}{
		{"pcap", f.data[:head:head], f.data[head:]},
		{"pcapng", g.data[:ngHead:ngHead], g.data[ngHead:]},
	}
}

func BenchmarkReader(b *testing.B) {
	const frames = 100_000
	for _, test := range containers() {
		b.Run(test.what, func(b *testing.B) {
			data := append(test.head, bytes.Repeat(test.body, frames)...)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			var batch capture.Batch
			for b.Loop() {
				r, err := pcapfile.Open(name, bytes.NewReader(data))
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for r.Next(&batch) == nil {
					n += len(batch.Frames)
				}
				if n != frames {
					b.Fatalf("%d frames", n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/frames, "ns/frame")
		})
	}
}

// Decryption secrets are kept for what decrypts, in copies.
func TestSecrets(t *testing.T) {
	const tlsKeyLog = 0x544c534b
	f := (&file{order: binary.BigEndian}).section().on(1, 0)
	f.block(10, f.body(uint32(tlsKeyLog), uint32(5), []byte("CLIEN\x00\x00\x00"))).enhanced(0, 1, "abc", 0)
	f.block(10, f.body(uint32(tlsKeyLog), uint32(900), []byte("T_RA")))
	r, err := pcapfile.Open(name, bytes.NewReader(f.data))
	if err != nil {
		t.Fatal(err)
	}
	var b capture.Batch
	var secrets, frames, problems []string
	for err = r.Next(&b); err == nil; err = r.Next(&b) {
		for _, s := range b.Secrets {
			secrets = append(secrets, fmt.Sprintf("%x %s", s.Kind, s.Data))
		}
		for _, f := range b.Frames {
			frames = append(frames, string(f.Data))
		}
		for i := range b.Problems {
			problems = append(problems, b.Problems[i].Err.Error())
		}
	}
	if diff := cmp.Diff([]string{"544c534b CLIEN"}, secrets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"abc"}, frames); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"decryption secrets claim 900 bytes in a block that holds 4"}, problems); diff != "" {
		t.Error(diff)
	}
}

// Frames that were lost are reported with the times between which they were,
// each once, though packets and statistics both say so.
func TestGaps(t *testing.T) {
	eachOrder(t, func(t *testing.T, order byteOrder) {
		f := (&file{order: order}).section().on(1, 0).enhanced(0, 1e6, "a", 0)
		packet := f.body(uint32(0), uint32(0), uint32(3e6), uint32(1), uint32(1), "b\x00\x00\x00")
		f.block(blockEnhanced, append(packet, f.option(4, order.AppendUint64(nil, 5)...)...))
		f.obsolete(0, 2, 4e6, "c", 0)
		f.obsolete(0, 0xffff, 5e6, "d", 0)
		statistics := func(dropped ...uint64) {
			b := f.body(uint32(0), uint32(0), uint32(6e6))
			for i, n := range dropped {
				b = append(b, f.option(uint16(5+2*i), order.AppendUint64(nil, n)...)...)
			}
			f.block(5, b)
		}
		statistics(7)
		statistics(6, 4)
		f.block(5, nil)
		r, err := pcapfile.Open(name, bytes.NewReader(f.data))
		if err != nil {
			t.Fatal(err)
		}
		var got []capture.Gap
		for {
			var b capture.Batch
			if err := r.Next(&b); err == io.EOF {
				break
			} else if err != nil || len(b.Problems) > 0 {
				t.Fatal(err, b.Problems)
			}
			got = append(got, b.Gaps...)
		}
		want := []capture.Gap{{From: 1e9, To: 3e9, Frames: 5}, {From: 3e9, To: 4e9, Frames: 2}, {To: 6e9, Frames: 3}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("gaps (-want +got):\n%s", diff)
		}
	})
}

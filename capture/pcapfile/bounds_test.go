package pcapfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"actionurl/capture"
)

// fields appends numbers of 16, 32 and 64 bits.
func fields(data []byte, all ...any) []byte {
	for _, v := range all {
		var err error
		if data, err = binary.Append(data, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	return data
}

// all reads a file.
func all(t *testing.T, data []byte) (lengths []int, gaps []capture.Gap, problems int) {
	t.Helper()
	r, err := Open("x", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b capture.Batch
	for {
		err := r.Next(&b)
		if errors.Is(err, io.EOF) {
			return lengths, gaps, problems
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range b.Frames {
			lengths = append(lengths, f.Length)
		}
		gaps, problems = append(gaps, b.Gaps...), problems+len(b.Problems)
	}
}

// No more packets are believed to be lost at a time, whatever a file says.
func TestDropsBound(t *testing.T) {
	block := func(data []byte, kind uint32, body []byte) []byte {
		size := uint32(len(body) + 12)
		return fields(append(fields(data, kind, size), body...), size)
	}
	const none = uint32(0)
	lost := fields(nil, uint16(optionDropped), uint16(8), uint64(1)<<63, none)
	said := fields(nil, uint16(optionIfDrop), uint16(8), ^uint64(0), none)
	data := block(nil, blockSection, fields(nil, uint32(0x1a2b3c4d), uint32(1), ^uint64(0)))
	data = block(data, blockInterface, fields(nil, uint32(1), none))
	data = block(data, blockEnhanced, append(fields(nil, none, none, uint32(1), uint32(4), uint32(4), none), lost...))
	data = block(data, blockStatistics, append(fields(nil, none, none, uint32(2)), said...))
	_, gaps, _ := all(t, data)
	if len(gaps) != 2 {
		t.Fatalf("gaps %v, want 2", gaps)
	}
	for _, g := range gaps {
		if g.Frames != maxDrops {
			t.Errorf("%d packets are lost, want %d", g.Frames, maxDrops)
		}
	}
}

// Behind damage, a record is one only if it has no more bytes on the wire than that.
func TestWireBound(t *testing.T) {
	for _, test := range []struct {
		wire  uint32
		found int
	}{{maxWire, 1 + enough}, {maxWire + 1, 1}} {
		data := fields(nil, uint32(0xa1b2c3d4), uint16(2), uint16(4), uint32(0), uint32(0), uint32(maxFrame), uint32(1))
		record := func(captured, wire uint32) {
			data = append(fields(data, uint32(1772438400), uint32(0), captured, wire), "abcd"...)
		}
		record(4, 4)
		record(maxFrame+1, maxFrame+1) // is none
		for range enough {
			record(4, test.wire)
		}
		if got, _, problems := all(t, data); len(got) != test.found || problems == 0 {
			t.Errorf("%d bytes on the wire: %d frames and %d problems, want %d", test.wire, len(got), problems, test.found)
		}
	}
}

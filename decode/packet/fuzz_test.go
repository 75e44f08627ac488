package packet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/packet"
)

// FuzzDecode checks that a frame of any bytes is decoded or counted, that it
// claims no more than a packet can hold, and that nothing of a frame is left
// for the next.
func FuzzDecode(f *testing.F) {
	all := samples()
	for _, s := range all {
		f.Add(uint16(s.link), s.data)
	}
	for _, e := range capturetest.Encapsulations() {
		c := capturetest.New()
		e.Scene().Make(c)
		f.Add(uint16(e.Link), c.Frames[3].Data)
	}
	all = append(all, all[0]) // what may be left of a segment is of the last
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		in := frame(capture.LinkType(link), data)
		fresh := newDecoder()
		var s packet.Segment
		found := fresh.Decode(in, &s)
		c := fresh.Counts
		if c.Frames != 1 || found != (c.Segments > 0) {
			t.Errorf("Decode = %v, counts %+v", found, c)
		}
		if found && (s.Cut < 0 || len(s.Payload)+s.Cut > max(1<<16, len(data))) {
			t.Errorf("%d bytes of payload, cut %d", len(s.Payload), s.Cut)
		}
		if c.Fragments > 0 {
			return // which may belong to a packet that others began
		}

		used := newDecoder()
		var again packet.Segment
		for _, before := range all {
			used.Decode(frame(before.link, before.data), &again)
		}
		if used.Decode(in, &again) != found {
			t.Errorf("Decode = %v; after other frames: %v", found, !found)
		}
		if !found {
			return
		}
		if diff := cmp.Diff(view(&s), view(&again)); diff != "" {
			t.Errorf("segment (-alone +after others):\n%s", diff)
		}
	})
}

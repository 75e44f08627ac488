package packet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/decode/packet"
)

// FuzzDecode checks that a frame of any bytes is decoded or counted, that the
// payload is the frame's, and that nothing of a frame is left for the next.
func FuzzDecode(f *testing.F) {
	all := samples()
	for _, s := range all {
		f.Add(uint16(s.link), s.data)
	}
	all = append(all, all[0]) // what may be left of a segment is of the last
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		in := frame(capture.LinkType(link), data)
		var fresh packet.Decoder
		var s packet.Segment
		found := fresh.Decode(in, &s)
		c := fresh.Counts
		if c.Frames != 1 || c.Segments+c.UnknownLink+c.Fragments+c.Malformed > 1 || found != (c.Segments == 1) {
			t.Errorf("Decode = %v, counts %+v", found, c)
		}
		if found {
			inside(t, in.Data, s.Payload)
			if s.Cut < 0 || len(s.Payload)+s.Cut > max(1<<16, len(data)) {
				t.Errorf("%d bytes of payload, cut %d", len(s.Payload), s.Cut)
			}
		}

		var used packet.Decoder
		var again packet.Segment
		for _, before := range all {
			used.Decode(frame(before.link, before.data), &again)
		}
		if used.Decode(in, &again) != found {
			t.Errorf("Decode = %v; behind other frames: %v", found, !found)
		}
		if !found {
			return
		}
		if diff := cmp.Diff(view(&s), view(&again)); diff != "" {
			t.Errorf("segment (-alone +behind others):\n%s", diff)
		}
	})
}

// inside checks that part points into whole. Slices of one memory reach to its
// same end, so their capacities tell where they begin.
func inside(t *testing.T, whole, part []byte) {
	t.Helper()
	if len(part) == 0 {
		return
	}
	at := cap(whole) - cap(part)
	if at < 0 || at+len(part) > len(whole) || &whole[at] != &part[0] {
		t.Errorf("the payload of %d bytes is not in the frame of %d", len(part), len(whole))
	}
}

package stream

import "actionurl/decode/packet"

// A Place is where a segment stands in the stream of its sender.
type Place struct {
	Offset  uint32 // bytes of the stream before it, modulo 4 GiB
	Joined  bool   // the beginning was not captured: Offset counts from the first byte that was
	Repeats int    // how many of its bytes were read before
	Missing int    // bytes before it that were not read yet
}

// Place returns where a segment stands, before Segment takes it.
func (a *Assembler) Place(s *packet.Segment) Place {
	c, side := a.table.find(&s.Src, &s.Dst)
	if s.SYN {
		return Place{}
	}
	if c == nil {
		return Place{Joined: true}
	}
	h := &c.halves[side]
	if !h.open || far(h.next, s.Seq) { // the ports are used again
		return Place{Joined: true}
	}
	ahead := After(h.next, s.Seq)
	return Place{Offset: s.Seq - h.start, Joined: !h.synced, Repeats: min(max(-ahead, 0), len(s.Payload)), Missing: max(ahead, 0)}
}

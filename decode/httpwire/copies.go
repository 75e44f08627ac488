package httpwire

import (
	"hash/maphash"
	"net/netip"
	"slices"

	"actionurl/capture"
)

const (
	// copyTime is within what time, in nanoseconds of capture time, the same
	// request is captured at another place.
	copyTime = 1e9

	// copySlots is how many requests copies are looked for of: 4,096 of 92 bytes,
	// 368 KiB. A later one takes the place of an earlier.
	copySlots = 4096

	// maxAlso bounds the places that a request was seen at beside its first, and
	// placeCost is what each takes at most, in bytes of maxBodies.
	maxAlso   = 8
	placeCost = 128

	// maxCopies bounds the copies that wait for a response: 4,096 of 416 bytes, 1.7
	// MiB, without the texts.
	maxCopies = 4 << 10
)

// copies finds requests that were captured twice, with other addresses: before
// and after a translator, on a bridge and on its ports. What a translator leaves
// as it is are the bytes and their sequence and acknowledgement numbers, which
// no other connection has by chance.
type copies struct {
	seed  maphash.Seed
	acks  []uint32 // of the sightings: mostly another one, so that the sighting is not read
	slots []sighting
}

// A sighting is where a request was seen first.
type sighting struct {
	x              *Exchange // if its uses are these
	uses           uint32
	seq            uint32
	hash           uint64 // of its target
	time           int64
	on             *capture.Interface
	client, server netip.Addr
}

func newCopies() copies {
	return copies{maphash.MakeSeed(), make([]uint32, copySlots), make([]sighting, copySlots)}
}

// of returns the request that x is a copy of, which was handed on already where
// it is nil. On one interface a copy comes before the response, which the server
// sends when it has the last of them; clocks of several may differ.
func (c *copies) of(x *Exchange, seq uint32) (first *Exchange, ok bool) {
	if !x.hasAck {
		return nil, false
	}
	i := (seq*0x9e3779b1 ^ x.ack*0x85ebca77) / (1 << 32 / copySlots)
	s := &c.slots[i]
	hash := maphash.String(c.seed, x.Target)
	client, server := x.Client.Addr(), x.Server.Addr()
	if c.acks[i] == x.ack && s.seq == seq && s.hash == hash && x.Clock-s.time < copyTime && s.on != nil && (s.client != client || s.server != server) {
		elsewhere := s.on != x.Interface
		switch first := s.x; {
		case first.uses != s.uses:
			return nil, elsewhere
		case first.Method == x.Method && (first.Cut || x.Cut || first.Host == x.Host && first.UserAgent == x.UserAgent) && (!first.Done || elsewhere):
			return first, true
		}
		return nil, false
	}
	c.acks[i] = x.ack
	*s = sighting{x, x.uses, seq, hash, x.Clock, x.Interface, client, server}
	return nil, false
}

// seen notes that x was seen at the place of a copy.
func (r *Reader) seen(x, copy *Exchange) {
	place := copy.Client.String() + " > " + copy.Server.String()
	if len(x.Also) < maxAlso && !slices.Contains(x.Also, place) && r.bodies+placeCost <= maxBodies {
		x.Also = append(x.Also, place)
		r.bodies += placeCost
	}
}

// answered gives the first request the response that its copy got, for where its
// own is not captured.
func (x *Exchange) answered() {
	first := x.first
	if first == nil || first.uses != x.firstUses || first.Done || first.second {
		return
	}
	first.Status, first.Latency, first.second = x.Status, x.Latency, true
	first.Location, x.Location = x.Location, ""
}

// spent takes back the copies of a connection that are resolved.
func (r *Reader) spent(h *conn) {
	for x := h.copies; x != nil; x = h.copies {
		h.copies = x.next
		r.copied--
		r.Release(x)
	}
}

package packet

import "math/bits"

const (
	// maxFragmented bounds the IP packets that are being put together: 4,096 of
	// 450 bytes, 1.8 MiB. maxFragmentBytes bounds what is kept of their
	// fragments, with what is noted of each: 4 MiB.
	maxFragmented    = 4096
	maxFragmentBytes = 4 << 20

	// fragmentTime is how long, in nanoseconds of capture time, the fragments
	// of a packet are waited for (RFC 1122, section 3.3.2: 60 to 120 s;
	// systems take 30 s).
	fragmentTime = 30e9

	// maxPacket is the largest packet that fragments can make up.
	maxPacket = 64 << 10

	// fragmentUnit is what offsets are counted in, and lengths of all fragments
	// but the last are multiples of (RFC 791, section 3.2).
	fragmentUnit = 8
)

// A fragmentKey identifies the packet of a fragment (RFC 791, section 3.2;
// RFC 8200, section 4.5).
type fragmentKey struct {
	src, dst Address
	id       uint32
	protocol uint16
}

// A fragmented is a packet that lacks fragments.
type fragmented struct {
	key    fragmentKey
	origin Origin   // of its first fragment
	have   []uint64 // bit by bit, the units that have come
	units  int      // how many these are
	pieces []piece  // in the order in which they came
	data   []byte   // of the pieces
	size   int      // of the whole; -1 until the last fragment came
	count  int      // fragments that came

	older, newer *fragmented // see fragments.oldest
}

// A piece is a run of units that came together. Its bytes in data follow those of
// the piece before.
type piece struct {
	at    uint16 // unit of the packet
	bytes uint32
}

// fragments puts packets together. The first copy of a unit counts. What a
// fragment costs depends on its own length alone.
type fragments struct {
	packets        map[fragmentKey]*fragmented
	oldest, newest *fragmented // the packets, by when their first fragment came
	bytes          int         // sum of kept
	spare          *fragmented // the last that was removed, for its memory; nil for none
	gaveUp         func(*fragmented)
}

// kept returns how many bytes are kept of the fragments.
func (p *fragmented) kept() int { return cap(p.data) + 8*cap(p.pieces) + 8*cap(p.have) }

// add takes a fragment. It returns the packet if that is whole now, and of how
// many fragments.
func (f *fragments) add(key fragmentKey, at *Origin, offset int, more bool, data []byte) (whole []byte, count int) {
	if more {
		data = data[:len(data)/fragmentUnit*fragmentUnit]
	}
	if offset+len(data) > maxPacket || len(data) == 0 {
		return nil, 0
	}
	f.age(at.Time)
	p := f.packets[key]
	if p == nil {
		p = f.begin(key, at)
	}
	p.count++
	before := p.kept()
	p.add(offset, more, data)
	f.bytes += p.kept() - before
	if p.size < 0 || p.units < unitsOf(p.size) {
		return nil, 0
	}
	f.remove(p) // which is a spare from now on
	return p.whole(), p.count
}

// add keeps those units of a fragment that have not come yet. One that
// contradicts the packet's size is ignored.
func (p *fragmented) add(offset int, more bool, data []byte) {
	first, end := offset/fragmentUnit, unitsOf(offset+len(data))
	switch {
	case more && p.size >= 0 && end > unitsOf(p.size):
		return
	case !more && p.size < 0 && len(p.have) > 0 && end <= p.last():
		return
	case !more && p.size < 0:
		p.size = offset + len(data)
	case !more && p.size != offset+len(data):
		return
	}
	for len(p.have) < (end+63)/64 {
		p.have = append(p.have, 0)
	}
	for unit := first; unit < end; {
		if p.has(unit) {
			unit++
			continue
		}
		next := unit
		for ; next < end && !p.has(next); next++ {
			p.have[next/64] |= 1 << (next % 64)
		}
		run := data[(unit-first)*fragmentUnit : min((next-first)*fragmentUnit, len(data))]
		p.pieces = append(p.pieces, piece{uint16(unit), uint32(len(run))})
		p.data = append(p.data, run...)
		p.units += next - unit
		unit = next
	}
}

func (p *fragmented) has(unit int) bool { return p.have[unit/64]&(1<<(unit%64)) != 0 }

// last returns the last unit that has come.
func (p *fragmented) last() int {
	word := len(p.have) - 1
	return word*64 + bits.Len64(p.have[word]) - 1
}

// whole puts the pieces together.
func (p *fragmented) whole() []byte {
	whole, rest := make([]byte, p.size), p.data
	for _, piece := range p.pieces {
		copy(whole[int(piece.at)*fragmentUnit:], rest[:piece.bytes])
		rest = rest[piece.bytes:]
	}
	return whole
}

func unitsOf(bytes int) int { return (bytes + fragmentUnit - 1) / fragmentUnit }

// begin begins a packet.
func (f *fragments) begin(key fragmentKey, at *Origin) *fragmented {
	if f.packets == nil {
		f.packets = map[fragmentKey]*fragmented{}
	}
	p := f.spare
	if f.spare = nil; p == nil {
		p = new(fragmented)
	}
	*p = fragmented{key: key, origin: *at, have: p.have[:0], pieces: p.pieces[:0], data: p.data[:0], size: -1, older: f.newest}
	f.bytes += p.kept()
	f.packets[key] = p
	if f.newest == nil {
		f.oldest = p
	} else {
		f.newest.newer = p
	}
	f.newest = p
	return p
}

// remove forgets a packet.
func (f *fragments) remove(p *fragmented) {
	delete(f.packets, p.key)
	f.bytes -= p.kept()
	if p.older == nil {
		f.oldest = p.newer
	} else {
		p.older.newer = p.newer
	}
	if p.newer == nil {
		f.newest = p.older
	} else {
		p.newer.older = p.older
	}
	f.spare = p
}

// age drops the packets that have waited too long, and the oldest where
// there are too many.
func (f *fragments) age(now int64) {
	for p := f.oldest; p != nil; p = f.oldest {
		if now-p.origin.Time <= fragmentTime && len(f.packets) < maxFragmented && f.bytes < maxFragmentBytes {
			return
		}
		f.remove(p)
		f.gaveUp(p)
	}
}

// flush drops all packets.
func (f *fragments) flush() {
	for f.oldest != nil {
		p := f.oldest
		f.remove(p)
		f.gaveUp(p)
	}
}

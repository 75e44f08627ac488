package packet

import "slices"

const (
	// maxFragmented bounds the IP packets that are being put together, and
	// maxFragmentBytes the bytes kept for them: 8 MiB.
	maxFragmented    = 4096
	maxFragmentBytes = 8 << 20

	// fragmentTime is how long, in nanoseconds of capture time, the fragments
	// of a packet are waited for (RFC 1122, section 3.3.2: 60 to 120 s;
	// systems take 30 s).
	fragmentTime = 30e9

	// maxPacket is the largest packet that fragments can make up.
	maxPacket = 64 << 10
)

// A fragmentKey tells the packet that a fragment is of (RFC 791, section 3.2;
// RFC 8200, section 4.5).
type fragmentKey struct {
	src, dst Address
	id       uint32
	protocol uint16
}

// A fragmented is a packet of which not all fragments have come.
type fragmented struct {
	key    fragmentKey
	origin Origin // of its first fragment
	data   []byte
	pieces []piece // in order, without overlap
	size   int     // of the whole; -1 until the last fragment came
	count  int     // fragments that came
}

// A piece is a part of a packet that has come: data[from:to].
type piece struct{ from, to int }

// fragments puts packets together. The first copy of a byte counts.
type fragments struct {
	packets map[fragmentKey]*fragmented
	order   []*fragmented // by age; those given up or done are nil
	bytes   int           // in all data
	gaveUp  func(*fragmented)
}

// add takes a fragment. It returns the packet if that is whole now, and of how
// many fragments.
func (f *fragments) add(key fragmentKey, at *Origin, offset int, more bool, data []byte) (whole []byte, count int) {
	if offset+len(data) > maxPacket || len(data) == 0 {
		return nil, 0
	}
	f.age(at.Time)
	p := f.packets[key]
	if p == nil {
		p = &fragmented{key: key, origin: *at, size: -1}
		if f.packets == nil {
			f.packets = map[fragmentKey]*fragmented{}
		}
		f.packets[key] = p
		f.order = append(f.order, p)
	}
	p.count++
	end := offset + len(data)
	if !more && p.size < 0 {
		p.size = end
	}
	if grow := end - len(p.data); grow > 0 {
		p.data = append(p.data, make([]byte, grow)...)
		f.bytes += grow
	}
	p.fill(offset, data)
	if p.size < 0 || len(p.pieces) != 1 || p.pieces[0].from != 0 || p.pieces[0].to < p.size {
		return nil, 0
	}
	delete(f.packets, key)
	f.bytes -= len(p.data)
	f.order[slices.Index(f.order, p)] = nil
	return p.data[:p.size], p.count
}

// fill copies those bytes of data, which begin at from, that have not come yet.
func (p *fragmented) fill(from int, data []byte) {
	to := from + len(data)
	at := from
	for _, have := range p.pieces {
		if have.to <= at {
			continue
		}
		if have.from >= to {
			break
		}
		if at < have.from {
			copy(p.data[at:have.from], data[at-from:])
		}
		at = max(at, have.to)
	}
	if at < to {
		copy(p.data[at:to], data[at-from:])
	}
	// The pieces that touch the new one become one with it.
	merged := piece{from, to}
	var rest []piece
	for _, have := range p.pieces {
		if have.to < merged.from || have.from > merged.to {
			rest = append(rest, have)
		} else {
			merged = piece{min(merged.from, have.from), max(merged.to, have.to)}
		}
	}
	rest = append(rest, merged)
	slices.SortFunc(rest, func(a, b piece) int { return a.from - b.from })
	p.pieces = rest
}

// age gives up the packets that have waited too long, and the oldest where
// there are too many.
func (f *fragments) age(now int64) {
	for len(f.order) > 0 {
		p := f.order[0]
		if p != nil {
			if now-p.origin.Time <= fragmentTime && len(f.packets) < maxFragmented && f.bytes < maxFragmentBytes {
				return
			}
			delete(f.packets, p.key)
			f.bytes -= len(p.data)
			f.gaveUp(p)
		}
		f.order = f.order[1:]
	}
}

// flush gives up all packets.
func (f *fragments) flush() {
	for _, p := range f.order {
		if p != nil {
			f.gaveUp(p)
		}
	}
	f.packets, f.order, f.bytes = nil, nil, 0
}

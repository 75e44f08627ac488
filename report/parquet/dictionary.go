package parquet

import (
	"encoding/binary"
	"hash/maphash"
	"math"
)

// none is no entry of a dictionary.
const none = math.MaxUint32

// entrySize is what an entry of a dictionary takes besides its text at most, in
// bytes: an end and its share of the slots.
const entrySize = 4 + 4*4

// A dictionary has each text of a chunk once. It is a map without a string an
// entry, which is half of what writing would take.
type dictionary struct {
	texts []byte
	ends  []uint32 // of the entries in texts
	slots []uint32 // entries by hash, with open addressing; 1 more than the number, 0 for none
	seed  maphash.Seed
}

// entry returns a text.
func (d *dictionary) entry(i uint32) []byte {
	from := uint32(0)
	if i > 0 {
		from = d.ends[i-1]
	}
	return d.texts[from:d.ends[i]]
}

// slot returns where a text is, or is to be.
func (d *dictionary) slot(b []byte) int {
	mask := len(d.slots) - 1
	for at := int(maphash.Bytes(d.seed, b)) & mask; ; at = (at + 1) & mask {
		if i := d.slots[at]; i == 0 || string(d.entry(i-1)) == string(b) {
			return at
		}
	}
}

// find returns the entry of a text, none if there is none.
func (d *dictionary) find(b []byte) uint32 {
	if len(d.ends) == 0 {
		return none
	}
	return d.slots[d.slot(b)] - 1
}

// add adds a text that is not there, and returns its entry.
func (d *dictionary) add(b []byte) uint32 {
	if 2*len(d.ends) >= len(d.slots) {
		d.grow()
	}
	d.slots[d.slot(b)] = uint32(len(d.ends)) + 1
	d.texts = append(d.texts, b...)
	d.ends = append(d.ends, uint32(len(d.texts)))
	return uint32(len(d.ends)) - 1
}

func (d *dictionary) grow() {
	if d.slots == nil {
		d.seed = maphash.MakeSeed()
	}
	d.slots = make([]uint32, max(16, 2*len(d.slots)))
	for i := range d.ends {
		d.slots[d.slot(d.entry(uint32(i)))] = uint32(i) + 1
	}
}

// appendPlain encodes the texts, each after its length.
func (d *dictionary) appendPlain(dst []byte) []byte {
	for i := range d.ends {
		b := d.entry(uint32(i))
		dst = append(binary.LittleEndian.AppendUint32(dst, uint32(len(b))), b...)
	}
	return dst
}

func (d *dictionary) reset() {
	d.texts, d.ends = d.texts[:0], d.ends[:0]
	clear(d.slots)
}

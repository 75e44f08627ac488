package parquet

import (
	"encoding/binary"
	"math/bits"
)

// A hybrid encodes small numbers as runs and bit-packed groups of eight
// (parquet-format Encodings.md, RLE/Bit-Packing Hybrid).
type hybrid struct {
	dst     []byte
	width   int      // bits of a number
	literal []uint32 // what waits to be packed
}

// add adds a number n times.
func (h *hybrid) add(v uint32, n int) {
	for len(h.literal)%8 != 0 && n > 0 {
		h.literal = append(h.literal, v)
		n--
	}
	if n < 8 {
		for range n {
			h.literal = append(h.literal, v)
		}
		return
	}
	h.pack()
	h.dst = binary.AppendUvarint(h.dst, uint64(n)<<1)
	for shift := 0; shift < h.width; shift += 8 {
		h.dst = append(h.dst, byte(v>>shift))
	}
}

// pack writes what waits. The last group is filled with zeros.
func (h *hybrid) pack() {
	if len(h.literal) == 0 {
		return
	}
	groups := (len(h.literal) + 7) / 8
	h.dst = binary.AppendUvarint(h.dst, uint64(groups)<<1|1)
	p := packer{dst: h.dst}
	for _, v := range h.literal {
		p.add(uint64(v), h.width)
	}
	for range groups*8 - len(h.literal) {
		p.add(0, h.width)
	}
	h.dst = p.end()
	h.literal = h.literal[:0]
}

// A packer packs numbers of some bits, the lowest bit first.
type packer struct {
	dst  []byte
	word uint64
	n    int // bits of word
}

func (p *packer) add(v uint64, width int) {
	p.word |= v << p.n
	if p.n += width; p.n < 64 {
		return
	}
	p.dst = binary.LittleEndian.AppendUint64(p.dst, p.word)
	p.n -= 64
	p.word = v >> (width - p.n)
}

// end returns the bytes; the last may be padded with zeros.
func (p *packer) end() []byte {
	for ; p.n > 0; p.n -= 8 {
		p.dst = append(p.dst, byte(p.word))
		p.word >>= 8
	}
	p.n = 0
	return p.dst
}

// The blocks of appendDelta: miniBlocks of miniBlock numbers each.
const (
	miniBlocks = 4
	miniBlock  = 32
	deltaBlock = miniBlocks * miniBlock
)

// appendDelta encodes numbers by what they differ from the one before
// (DELTA_BINARY_PACKED).
func appendDelta(dst []byte, values []int64) []byte {
	first := int64(0)
	if len(values) > 0 {
		first = values[0]
	}
	dst = binary.AppendUvarint(dst, deltaBlock)
	dst = binary.AppendUvarint(dst, miniBlocks)
	dst = binary.AppendUvarint(dst, uint64(len(values)))
	dst = binary.AppendVarint(dst, first)
	for at := 1; at < len(values); at += deltaBlock {
		var deltas [deltaBlock]int64
		n := min(deltaBlock, len(values)-at)
		least := values[at] - values[at-1]
		for i := range n {
			deltas[i] = values[at+i] - values[at+i-1] // wraps, as it does when it is read
			least = min(least, deltas[i])
		}
		dst = binary.AppendVarint(dst, least)
		var widths [miniBlocks]int
		for m := range miniBlocks {
			all := uint64(0)
			for i := m * miniBlock; i < min(n, (m+1)*miniBlock); i++ {
				all |= uint64(deltas[i] - least)
			}
			widths[m] = bits.Len64(all)
			dst = append(dst, byte(widths[m]))
		}
		for m, width := range widths {
			if m*miniBlock >= n || width == 0 {
				continue
			}
			p := packer{dst: dst}
			for i := m * miniBlock; i < (m+1)*miniBlock; i++ {
				v := uint64(0)
				if i < n {
					v = uint64(deltas[i] - least)
				}
				p.add(v, width)
			}
			dst = p.end()
		}
	}
	return dst
}

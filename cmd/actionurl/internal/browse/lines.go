package browse

import (
	"bytes"

	"github.com/klauspost/compress/zstd"
)

// blockLines is how many lines are compressed together: of about 700 bytes, 180
// KiB, which takes 0.3 ms to read again.
const blockLines = 256

// roomSize is how much memory is taken for compressed blocks at a time, in bytes.
const roomSize = 256 << 10

// lines are lines of text in blocks; all but the latest block are compressed.
// The number of a line stays its own when earlier ones are forgotten.
type lines struct {
	encoder *zstd.Encoder
	blocks  [][]byte // compressed
	gone    int      // blocks that are forgotten
	open    []byte   // the latest block
	n       int      // lines in it
	size    int      // bytes of the blocks
	room    []byte   // for further blocks
	scratch []byte
}

func newLines() *lines {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // these options are right
	}
	return &lines{encoder: encoder}
}

// end returns the number after that of the latest line.
func (l *lines) end() int { return (l.gone+len(l.blocks))*blockLines + l.n }

// first returns the number of the first line that is kept.
func (l *lines) first() int { return l.gone * blockLines }

// add adds a line, which ends in a line feed, to a block that is not full.
func (l *lines) add(line []byte) {
	l.open = append(l.open, line...)
	l.n++
}

// full reports whether the latest block is to be sealed before a line is added.
func (l *lines) full() bool { return l.n == blockLines }

// compress compresses the latest block, and changes nothing that is read.
func (l *lines) compress() { l.scratch = l.encoder.EncodeAll(l.open, l.scratch[:0]) }

// seal puts what was compressed in the place of the latest block.
func (l *lines) seal() {
	if len(l.scratch) > cap(l.room)-len(l.room) {
		l.room = make([]byte, 0, max(roomSize, len(l.scratch)))
	}
	at := len(l.room)
	l.room = append(l.room, l.scratch...)
	l.blocks = append(l.blocks, l.room[at:len(l.room):len(l.room)])
	l.size += len(l.scratch)
	l.open, l.n = l.open[:0], 0
}

// forget forgets the first block.
func (l *lines) forget() {
	l.size -= len(l.blocks[0])
	l.blocks[0] = nil
	l.blocks = l.blocks[1:]
	l.gone++
}

// block returns a block, compressed or not; nil for one that is not there.
func (l *lines) block(i int) (data []byte, compressed bool) {
	switch i -= l.gone; {
	case i < 0 || i > len(l.blocks):
		return nil, false
	case i == len(l.blocks):
		return bytes.Clone(l.open), false
	}
	return l.blocks[i], true
}

package pcapfile

import "io"

// Blocks that are read ahead: 4 of 256 KiB, 1 MiB for each compressed capture
// that is open.
const (
	aheadBlocks = 4
	aheadSize   = 256 << 10
)

// An ahead reads ahead of its reader, in a goroutine of its own, so that
// decompression and decoding share the work. It is to be closed, unless it was
// read to its end.
type ahead struct {
	blocks chan block
	spare  chan []byte
	stop   chan struct{}
	at     block
	rest   []byte // of at
}

// A block is what one call of Read brought.
type block struct {
	data []byte
	err  error
}

func readAhead(from io.Reader) *ahead {
	a := &ahead{blocks: make(chan block, aheadBlocks), spare: make(chan []byte, aheadBlocks), stop: make(chan struct{})}
	for range aheadBlocks {
		a.spare <- nil // made when it is first needed
	}
	go a.run(from)
	return a
}

func (a *ahead) run(from io.Reader) {
	for {
		var buf []byte
		select {
		case buf = <-a.spare:
		case <-a.stop:
			return
		}
		if buf == nil {
			buf = make([]byte, aheadSize)
		}
		n, err := from.Read(buf[:aheadSize])
		a.blocks <- block{buf[:n], err} // never waits: there are no more blocks than places
		if err != nil {
			return
		}
	}
}

// Read implements [io.Reader]. It waits for bytes, but not for more of them than
// there are.
func (a *ahead) Read(b []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.at.err != nil {
			return 0, a.at.err
		}
		if a.at.data != nil {
			a.spare <- a.at.data
		}
		a.at = <-a.blocks
		a.rest = a.at.data
	}
	n := copy(b, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// Close stops reading ahead. It does not close what is read.
func (a *ahead) Close() error {
	close(a.stop)
	return nil
}

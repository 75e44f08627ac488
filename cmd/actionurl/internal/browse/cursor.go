package browse

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/zstd"

	"actionurl/decode"
	"actionurl/decode/timeline"
	"actionurl/report"
)

// A cursor reads requests again. It is not safe for concurrent use; each reader
// has its own.
type cursor struct {
	store   *store
	decoder *zstd.Decoder
	block   int // at hand; -1 for none
	full    bool
	data    []byte
	ends    []int // of its lines

	fed    []byte // to the reader
	reader *report.Reader
	saved  report.Saved
	phone  timeline.Phone
}

func newCursor(s *store) *cursor {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		panic(err) // these options are right
	}
	c := &cursor{store: s, decoder: decoder, block: -1}
	c.reader = report.NewReader("", c)
	return c
}

// Read implements [io.Reader], for the reader of a line.
func (c *cursor) Read(b []byte) (int, error) {
	if len(c.fed) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.fed)
	c.fed = c.fed[n:]
	return n, nil
}

// line returns the line of a request; nil for one that is forgotten or not there
// yet.
func (c *cursor) line(n int) []byte {
	at := n % blockLines
	if c.block != n/blockLines || !c.full && at >= len(c.ends) {
		c.store.mu.Lock()
		data, compressed := c.store.lines.block(n / blockLines)
		c.store.mu.Unlock()
		c.block, c.full = n/blockLines, compressed
		if compressed {
			c.data, _ = c.decoder.DecodeAll(data, c.data[:0])
		} else {
			c.data = data
		}
		c.ends = c.ends[:0]
		for end := 0; ; {
			i := bytes.IndexByte(c.data[end:], '\n')
			if i < 0 {
				break
			}
			end += i + 1
			c.ends = append(c.ends, end)
		}
	}
	switch {
	case at >= len(c.ends):
		return nil
	case at == 0:
		return c.data[:c.ends[0]]
	}
	return c.data[c.ends[at-1]:c.ends[at]]
}

// parse reads a line that was kept. What it returns is valid until the next call.
func (c *cursor) parse(line []byte) *report.Saved {
	if c.fed = line; len(line) == 0 || c.reader.Next(&c.saved) != nil {
		return nil
	}
	return &c.saved
}

// record returns a request; nil for one that is forgotten. It is valid until the
// next call.
func (c *cursor) record(n int) *decode.Record {
	saved := c.parse(c.line(n))
	if saved == nil || saved.Kind != report.SavedRequest {
		return nil
	}
	r := &saved.Request
	if accounts := c.store.accountsOf(n); len(accounts) > 0 { // which the filter knows phones by
		c.phone.Accounts = accounts
		r.Phone = &c.phone
	}
	return r
}

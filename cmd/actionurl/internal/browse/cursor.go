package browse

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/zstd"

	"actionurl/decode"
	"actionurl/decode/timeline"
	"actionurl/report"
)

// A blockReader reads lines again. It is not safe for concurrent use; each reader
// has its own.
type blockReader struct {
	store *store
	lines *lines

	decoder *zstd.Decoder
	block   int // at hand; -1 for none
	full    bool
	data    []byte
	ends    []int // of its lines
}

func newBlockReader(s *store, l *lines) *blockReader {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		panic(err) // these options are right
	}
	return &blockReader{store: s, lines: l, decoder: decoder, block: -1}
}

// line returns a line with its line feed; nil for one that is forgotten or not there
// yet. It is valid until the next call.
func (r *blockReader) line(n int) []byte {
	at := n % blockLines
	if r.block != n/blockLines || !r.full && at >= len(r.ends) {
		r.store.mu.Lock()
		data, compressed := r.lines.block(n / blockLines)
		r.store.mu.Unlock()
		r.block, r.full = n/blockLines, compressed
		if compressed {
			r.data, _ = r.decoder.DecodeAll(data, r.data[:0])
		} else {
			r.data = data
		}
		r.ends = r.ends[:0]
		for end := 0; ; {
			i := bytes.IndexByte(r.data[end:], '\n')
			if i < 0 {
				break
			}
			end += i + 1
			r.ends = append(r.ends, end)
		}
	}
	switch {
	case at >= len(r.ends):
		return nil
	case at == 0:
		return r.data[:r.ends[0]]
	}
	return r.data[r.ends[at-1]:r.ends[at]]
}

// A cursor reads requests and rows of calls again. It is not safe for concurrent
// use.
type cursor struct {
	store  *store
	events *blockReader
	calls  *blockReader

	fed    []byte // to the reader
	reader *report.Reader
	saved  report.Saved
	phone  timeline.Phone
}

func newCursor(s *store) *cursor {
	c := &cursor{store: s, events: newBlockReader(s, s.lines), calls: newBlockReader(s, s.closed)}
	c.reader = report.NewReader("", c)
	return c
}

// close frees what the cursor holds.
func (c *cursor) close() {
	c.events.decoder.Close()
	c.calls.decoder.Close()
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

// row returns the row of a call that is over.
func (c *cursor) row(of call) report.GridRow {
	return report.GridRow(bytes.TrimSuffix(c.calls.line(int(of.at)), []byte("\n")))
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
	saved := c.parse(c.events.line(n))
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

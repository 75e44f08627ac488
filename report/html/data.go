package html

import (
	"bytes"
	"strconv"

	"github.com/klauspost/compress/gzip"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/timeline"
	"actionurl/report"
)

// Bounds on what a page keeps until it is written, 107 MiB in all with the
// tables (tables.go), the marks and the verdict.
const (
	// chunkRows and chunkBytes end a chunk: 8,192 events, or 1 MiB of details
	// before the last of them, which has at most 192 KiB. The columns take 1 MiB,
	// and as much again when they are written as JSON.
	chunkRows  = 8 << 10
	chunkBytes = 1 << 20

	// maxEvents is how many of the latest events have a mark, in chunks of at
	// most 300 KiB: mostly 15 MiB in all, and never more than maxPacked.
	maxEvents = 1_000_000
	// maxDetailed is how many of them have details, of at most maxPacked.
	maxDetailed = 200_000
	// maxCalls is how many of the latest calls there are.
	maxCalls = 200_000

	// maxPacked bounds each of the three, in compressed bytes: 24 MiB.
	maxPacked = 24 << 20
)

// A chunk is compressed JSON.
type chunk struct {
	rows int
	data []byte
}

// chunks are those of one kind, the oldest first.
type chunks struct {
	all           []chunk
	rows, bytes   int
	dropped       int // rows of chunks that had to go
	droppedChunks int
}

// add compresses a chunk of rows, and drops the oldest ones beyond the bounds.
func (c *chunks) add(rows, maxRows int, data []byte) error {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	c.all = append(c.all, chunk{rows, out.Bytes()})
	c.rows += rows
	c.bytes += out.Len()
	for len(c.all) > 1 && (c.rows-c.all[0].rows >= maxRows || c.bytes > maxPacked) {
		c.rows -= c.all[0].rows
		c.bytes -= len(c.all[0].data)
		c.dropped += c.all[0].rows
		c.droppedChunks++
		c.all = c.all[1:]
	}
	return nil
}

// The columns of events, all numbers. What is not one is its index in a table.
const (
	colFrame = iota
	colCapture
	colPhone
	colServer
	colKind
	colBy
	colCandidates
	colStatus  // minus the index of the reason where there is no response
	colLatency // in microseconds
	colFindings
	colHead
	colClient
	colPort
	colTemplate
	colCall
	colSIP // 1-based number of the SIP message, in the chunk; 0 for none
	eventColumns
)

// columnNames are the names of the columns in the data. Of those of which the
// next value is mostly near the one before, only the difference is written.
var columnNames = [eventColumns]struct {
	name  string
	delta bool
}{
	colFrame: {"frame", true}, colCapture: {"capture", false}, colPhone: {"phone", false}, colServer: {"server", false},
	colKind: {"kind", false}, colBy: {"by", false}, colCandidates: {"candidates", false}, colStatus: {"status", false},
	colLatency: {"latency", false}, colFindings: {"findings", false}, colHead: {"head", false}, colClient: {"client", false},
	colPort: {"port", false}, colTemplate: {"template", false}, colCall: {"call", true}, colSIP: {"sip", false},
}

// events are the columns of a chunk of events, and the chunks before.
type events struct {
	chunks
	n       int
	base    int64 // time of the first
	times   []int64
	columns [eventColumns][]int64
	signals []int64 // method, frame, and delay in nanoseconds of each SIP message
	json    []byte
}

// farthest is how many nanoseconds a time can be from that of the chunk: a number
// of the script has 53 bits.
const farthest = 1 << 52

// full reports whether the chunk has no room for an event of a time, with details
// of so many bytes beside those it has.
func (e *events) full(time int64, more, size int) bool {
	if e.n == 0 {
		return false
	}
	far := time - e.base
	return e.n == chunkRows || size+more > chunkBytes || far > farthest || far < -farthest
}

// signal adds a SIP message, and returns its number in the chunk.
func (e *events) signal(method, frame, delay int64) int64 {
	e.signals = append(e.signals, method, frame, delay)
	return int64(len(e.signals) / 3)
}

// add adds an event.
func (e *events) add(time int64, row *[eventColumns]int64) {
	if e.n == 0 {
		e.base = time
	}
	e.n++
	e.times = append(e.times, time)
	for i, v := range row {
		e.columns[i] = append(e.columns[i], v)
	}
}

// pack compresses the chunk.
func (e *events) pack() error {
	if e.n == 0 {
		return nil
	}
	out := append(e.json[:0], `{"base":"`...)
	out = append(strconv.AppendInt(out, e.base, 10), `","time":`...)
	out = appendDifferences(out, e.times, e.base)
	for i, c := range columnNames {
		out = append(append(append(out, `,"`...), c.name...), `":`...)
		if c.delta {
			out = appendDifferences(out, e.columns[i], 0)
		} else {
			out = appendNumbers(out, e.columns[i])
		}
		e.columns[i] = e.columns[i][:0]
	}
	out = appendNumbers(append(out, `,"signals":`...), e.signals)
	e.json = append(out, '}')
	err := e.chunks.add(e.n, maxEvents, e.json)
	e.n, e.times, e.signals = 0, e.times[:0], e.signals[:0]
	return err
}

// appendNumbers renders an array of numbers.
func appendNumbers(dst []byte, numbers []int64) []byte {
	dst = append(dst, '[')
	for i, n := range numbers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, n, 10)
	}
	return append(dst, ']')
}

// appendDifferences renders an array of the differences between numbers, of which
// one comes before the first.
func appendDifferences(dst []byte, numbers []int64, before int64) []byte {
	dst = append(dst, '[')
	for i, n := range numbers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, n-before, 10)
		before = n
	}
	return append(dst, ']')
}

// details are the texts of events, a line of JSON each.
type details struct {
	chunks
	text []byte
}

func (d *details) size() int { return len(d.text) }

func (d *details) add(line []byte) { d.text = append(append(d.text, line...), '\n') }

// pack compresses the chunk, which has so many lines.
func (d *details) pack(lines int) error {
	if lines == 0 {
		return nil
	}
	err := d.chunks.add(lines, maxDetailed, d.text)
	d.text = d.text[:0]
	return err
}

// appendDetails renders the texts of an event: its target, the names and values
// of its variables, which of these the phone left as they were, and what was
// found.
func appendDetails(dst []byte, r *decode.Record, t *tables) []byte {
	dst = report.AppendString(append(dst, '['), r.Target)
	dst = append(dst, ",["...)
	unresolved := false
	for i := range r.Event.Vars {
		v := &r.Event.Vars[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = report.AppendString(dst, v.Name)
		dst = report.AppendString(append(dst, ','), v.Value)
		unresolved = unresolved || v.State == actionurl.Unresolved
	}
	dst = append(dst, ']')
	if !unresolved && len(r.Findings) == 0 {
		return append(dst, ']')
	}
	dst = append(dst, ",["...)
	for i, n := 0, 0; i < len(r.Event.Vars); i++ {
		if r.Event.Vars[i].State != actionurl.Unresolved {
			continue
		}
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(i), 10)
	}
	dst = append(dst, "],["...)
	for i := range r.Findings {
		f := &r.Findings[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(strconv.AppendInt(dst, t.finding(f.Kind), 10), ',')
		dst = report.AppendString(dst, f.Message())
	}
	return append(dst, "]]"...)
}

// calls are the calls of a chunk, a line of JSON each, and the chunks before.
type calls struct {
	chunks
	n    int
	text []byte
}

// add adds a call under its number.
func (c *calls) add(call *timeline.Call, id, phone int64, t *tables) error {
	out := c.text
	number := func(n int64) { out = append(strconv.AppendInt(out, n, 10), ',') }
	offset := func(at int64) { // in milliseconds from the first event, null for none
		if at == 0 {
			out = append(out, "null,"...)
			return
		}
		out = append(strconv.AppendFloat(out, float64(at-call.First)/1e6, 'g', 16, 64), ',')
	}
	out = append(out, '[')
	number(id)
	number(phone)
	out = strconv.AppendInt(append(out, '"'), call.First, 10)
	out = append(out, `",`...)
	number(t.texts.add(call.Direction.String()))
	number(t.texts.add(string(call.State())))
	offset(call.Began)
	offset(call.Established)
	offset(call.Over)
	offset(call.Last)
	out = append(out, '[')
	for i, s := range call.Steps { // where it was held, and where not any more
		switch s.Kind.Act {
		case actionurl.Holds, actionurl.FarHolds, actionurl.Resumes, actionurl.FarResumes:
			if out[len(out)-1] != '[' {
				out = append(out, ',')
			}
			out = strconv.AppendFloat(out, float64(call.Steps[i].Time-call.First)/1e6, 'g', 16, 64)
			if a := s.Kind.Act; a == actionurl.Resumes || a == actionurl.FarResumes {
				out = append(out, ",0"...)
			} else {
				out = append(out, ",1"...)
			}
		}
	}
	out = append(out, "],"...)
	out = append(report.AppendString(out, call.Remote), ',')
	out = append(report.AppendString(out, call.DisplayRemote), ',')
	out = append(report.AppendString(out, call.Local), ',')
	out = report.AppendString(out, call.ID)
	if s := call.SIP; s != nil {
		out = append(out, ",["...)
		offset(s.Started)
		offset(s.Rang)
		offset(s.Answer)
		offset(s.Ended)
		out[len(out)-1] = ']'
	}
	c.text = append(out, "]\n"...)
	if c.n++; c.n == chunkRows || len(c.text) > chunkBytes {
		return c.pack()
	}
	return nil
}

// pack compresses the chunk.
func (c *calls) pack() error {
	if c.n == 0 {
		return nil
	}
	err := c.chunks.add(c.n, maxCalls, c.text)
	c.n, c.text = 0, c.text[:0]
	return err
}

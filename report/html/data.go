package html

import (
	"bytes"
	"strconv"

	"github.com/klauspost/compress/gzip"
)

// Bounds on what a page keeps until it is written: 20 MiB of chunks, 8 MiB of those
// in the making, 16 MiB of tables and phones (tables.go), 6 MiB of open calls and
// marks (html.go), and the 23 MiB of a verdict: 73 MiB. An hour of 400 phones, of
// 100,000 events, takes 12 MiB.
const (
	// chunkRows and chunkBytes end a chunk: 8,192 events of 16 columns, 1 MiB, with
	// 1 MiB of details, in two maps, and once more as JSON.
	chunkRows  = 8 << 10
	chunkBytes = 1 << 20

	// maxEvents is how many of the latest events have a mark, of 9 bytes or so when
	// they are compressed.
	maxEvents = 1_000_000
	// maxDetailed is how many of them have details, of 7 to 12 bytes.
	maxDetailed = 200_000
	// maxCalls is how many of the latest calls there are.
	maxCalls = 200_000

	// What they may take when they are compressed, in bytes: 20 MiB in all.
	maxEventsPacked  = 10 << 20
	maxDetailsPacked = 5 << 20
	maxCallsPacked   = 5 << 20
)

// A chunk is compressed JSON.
type chunk struct {
	rows int
	data []byte
}

// chunks are those of one kind, the oldest first.
type chunks struct {
	all         []chunk
	rows, bytes int
	dropped     int // rows of chunks that had to go
	z           *gzip.Writer
}

// level is how hard the rows are compressed: the best takes four times as long, and
// saves an eighth.
const level = 4

// add compresses a chunk of rows, and drops the oldest ones beyond the bounds.
func (c *chunks) add(rows, maxRows, maxPacked int, data []byte) error {
	var out bytes.Buffer
	if c.z == nil {
		var err error
		if c.z, err = gzip.NewWriterLevel(&out, level); err != nil {
			return err
		}
	}
	c.z.Reset(&out)
	if _, err := c.z.Write(data); err != nil {
		return err
	}
	if err := c.z.Close(); err != nil {
		return err
	}
	c.all = append(c.all, chunk{rows, out.Bytes()})
	c.rows += rows
	c.bytes += out.Len()
	for len(c.all) > 1 && (c.rows-c.all[0].rows >= maxRows || c.bytes > maxPacked) {
		c.rows -= c.all[0].rows
		c.bytes -= len(c.all[0].data)
		c.dropped += c.all[0].rows
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

// An encoding is how the numbers of a column are written. Most are as in the event
// before of the same phone, in the chunk, or near it; that compresses best.
type encoding uint8

const (
	plain     encoding = iota
	ascending          // the difference from the event before
	repeated           // 0 for the number that the phone's event before has, else 1 more than the number
	near               // the difference from the phone's event before
	callID             // as repeated; of others: see [appendCalls]
)

// encodings are the columns' names in the data, and how they are written.
var encodings = [eventColumns]struct {
	name string
	encoding
}{
	colFrame: {"frame", ascending}, colCapture: {"capture", plain}, colPhone: {"phone", plain}, colServer: {"server", plain},
	colKind: {"kind", plain}, colBy: {"by", plain}, colCandidates: {"candidates", plain}, colStatus: {"status", plain},
	colLatency: {"latency", plain}, colFindings: {"findings", plain}, colHead: {"head", repeated}, colClient: {"client", repeated},
	colPort: {"port", near}, colTemplate: {"template", repeated}, colCall: {"call", callID}, colSIP: {"sip", plain},
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

// full reports whether the chunk has no room for an event of a time beside those it
// has, with details of so many bytes.
func (e *events) full(time int64, size int) bool {
	if e.n == 0 {
		return false
	}
	far := time - e.base
	return e.n == chunkRows || size > chunkBytes || far > farthest || far < -farthest
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
	before := e.before()
	for i, c := range encodings {
		out = append(append(append(out, `,"`...), c.name...), `":`...)
		switch column := e.columns[i]; c.encoding {
		case ascending:
			out = appendDifferences(out, column, 0)
		case repeated, near:
			out = appendByPhone(out, column, before, c.encoding)
		case callID:
			out = appendCalls(out, column, before)
		default:
			out = appendNumbers(out, column)
		}
	}
	for i := range e.columns {
		e.columns[i] = e.columns[i][:0]
	}
	out = appendNumbers(append(out, `,"signals":`...), e.signals)
	e.json = append(out, '}')
	err := e.chunks.add(e.n, maxEvents, maxEventsPacked, e.json)
	e.n, e.times, e.signals = 0, e.times[:0], e.signals[:0]
	return err
}

// before returns, for each event of the chunk, the one before of its phone, -1 for
// none.
func (e *events) before() []int {
	last, all := map[int64]int{}, make([]int, e.n)
	for i, phone := range e.columns[colPhone] {
		all[i] = -1
		if at, known := last[phone]; known {
			all[i] = at
		}
		last[phone] = i
	}
	return all
}

// appendByPhone renders an array of numbers by those of the phones' events before.
func appendByPhone(dst []byte, numbers []int64, before []int, as encoding) []byte {
	dst = append(dst, '[')
	for i, n := range numbers {
		var was int64
		if before[i] >= 0 {
			was = numbers[before[i]]
		}
		switch {
		case as == near:
			n -= was
		case before[i] >= 0 && n == was:
			n = 0
		default:
			n++
		}
		dst = append(strconv.AppendInt(dst, n, 10), ',')
	}
	return endArray(dst)
}

// appendCalls renders an array of the numbers of calls: 0 for the call of the
// phone's event before, 1 for none, and for others how far they are above the
// highest so far, twice, and 2 more; 3 more where they are below.
func appendCalls(dst []byte, numbers []int64, before []int) []byte {
	var highest int64
	dst = append(dst, '[')
	for i, n := range numbers {
		code := 2*(n-highest) + 2
		switch {
		case before[i] >= 0 && n == numbers[before[i]]:
			code = 0
		case n == 0:
			code = 1
		case n <= highest:
			code = 2*(highest-n) + 3
		}
		highest = max(highest, n)
		dst = append(strconv.AppendInt(dst, code, 10), ',')
	}
	return endArray(dst)
}

// endArray ends an array whose values each have a comma after them.
func endArray(dst []byte) []byte {
	if dst[len(dst)-1] == ',' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, ']')
}

// appendNumbers renders an array of numbers.
func appendNumbers(dst []byte, numbers []int64) []byte {
	dst = append(dst, '[')
	for _, n := range numbers {
		dst = append(strconv.AppendInt(dst, n, 10), ',')
	}
	return endArray(dst)
}

// appendDifferences renders an array of the differences between numbers, of which
// one comes before the first.
func appendDifferences(dst []byte, numbers []int64, before int64) []byte {
	dst = append(dst, '[')
	for _, n := range numbers {
		dst = append(strconv.AppendInt(dst, n-before, 10), ',')
		before = n
	}
	return endArray(dst)
}

// Package trace writes a run as Chrome trace events, for chrome://tracing,
// ui.perfetto.dev and what else shows them: a thread a phone, its calls as slices,
// its events as instants.
//
// The format is the array of the "Trace Event Format" document. Times are in
// microseconds from the first event, which the name of the process says.
package trace

import (
	"bufio"
	"io"
	"strconv"
	"time"

	"actionurl/decode"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/phone"
	"actionurl/report"
)

// Format returns the format.
func Format() report.Format {
	return report.Format{Name: "trace", Extensions: []string{".trace"}, Whole: true, Run: func(w io.Writer, _ report.Options) (report.Run, error) {
		return New(w), nil
	}}
}

// maxPhones bounds the phones that have a thread of their own: 65,536 of about 200
// bytes, 13 MiB. The others share thread 0.
const maxPhones = 64 << 10

// maxTracks is how many calls of a phone can overlap and have a thread each.
const maxTracks = 4

// A Writer writes trace events. It is not safe for concurrent use.
type Writer struct {
	w      *bufio.Writer
	begun  bool
	origin int64 // nanoseconds since 1970-01-01 UTC
	phones map[phone.Key]*thread
	shared thread
	line   []byte
}

var _ report.Run = (*Writer)(nil)

// A thread is a phone.
type thread struct {
	number int
	ends   [maxTracks]int64 // of the latest call on each of its tracks
	named  [maxTracks]bool
	name   string
}

// New returns a Writer that writes to w.
func New(w io.Writer) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, 64<<10), phones: map[phone.Key]*thread{}, shared: thread{name: "other phones"}}
}

// begin writes the beginning, at the time of the first event.
func (t *Writer) begin(at int64) {
	if t.begun {
		return
	}
	t.begun, t.origin = true, at
	t.w.WriteString(`[{"name":"process_name","ph":"M","pid":1,"args":{"name":"Action URLs from `)
	t.w.WriteString(time.Unix(0, at).UTC().Format(time.RFC3339Nano))
	t.w.WriteString(`"}}`)
}

// event begins an event: its name, its phase and its time.
func (t *Writer) event(name, phase string, at int64) {
	t.begin(at)
	t.line = append(t.line[:0], ",\n{\"name\":"...)
	t.line = report.AppendString(t.line, name)
	t.line = append(append(append(t.line, `,"ph":"`...), phase...), `","pid":1,"ts":`...)
	t.line = appendMicros(t.line, at-t.origin)
}

// end writes the event.
func (t *Writer) end() error {
	t.line = append(t.line, '}')
	_, err := t.w.Write(t.line)
	return err
}

// appendMicros renders nanoseconds as microseconds.
func appendMicros(dst []byte, ns int64) []byte {
	return strconv.AppendFloat(dst, float64(ns)/1e3, 'f', 3, 64)
}

// thread returns the thread of a phone.
func (t *Writer) thread(p finding.Phone) *thread {
	key := phone.KeyOf(p.MAC, p.Addr)
	th := t.phones[key]
	switch {
	case th != nil:
		return th
	case len(t.phones) == maxPhones:
		return &t.shared
	}
	th = &thread{number: (len(t.phones) + 1) * maxTracks, name: p.String()}
	if p.Name != "" {
		th.name = p.Name + " " + th.name
	}
	t.phones[key] = th
	return th
}

// number returns the number of a track of the thread, and names it.
func (t *Writer) number(th *thread, track int) int {
	n := th.number + track
	if !th.named[track] {
		th.named[track] = true
		line := append([]byte(",\n"), `{"name":"thread_name","ph":"M","pid":1,"tid":`...)
		line = append(strconv.AppendInt(line, int64(n), 10), `,"args":{"name":`...)
		line = append(report.AppendString(line, report.Visible(th.name)), "}}"...)
		t.w.Write(line) // t.w keeps its first error
	}
	return n
}

// Record implements [report.Run].
func (t *Writer) Record(r *decode.Record) error {
	if r.Event == nil {
		return nil
	}
	t.begin(r.Time)
	tid := t.number(t.thread(r.Place().Phone), 0)
	name := r.Event.Kind.Label
	if name == "" {
		name = "?"
	}
	t.event(name, "i", r.Time)
	failed := r.Status >= 300 || r.NoResponse != httpwire.Answered && r.NoResponse != httpwire.NotCaptured
	t.line = append(t.line, `,"s":"t","cat":"event","tid":`...)
	t.line = strconv.AppendInt(t.line, int64(tid), 10)
	if failed {
		t.line = append(t.line, `,"cname":"terrible"`...)
	}
	t.line = append(t.line, `,"args":{"status":`...)
	if r.NoResponse == httpwire.Answered {
		t.line = strconv.AppendInt(t.line, int64(r.Status), 10)
		t.line = append(t.line, `,"latency_ms":`...)
		t.line = strconv.AppendFloat(t.line, float64(r.Latency)/1e6, 'g', -1, 64)
	} else {
		t.line = report.AppendString(t.line, r.NoResponse.String())
	}
	t.line = report.AppendString(append(t.line, `,"target":`...), r.Target)
	t.line = append(append(append(t.line, `,"server":"`...), r.Server.String()...), '"')
	t.line = report.AppendString(append(t.line, `,"capture":`...), r.Interface.Capture)
	t.line = strconv.AppendInt(append(t.line, `,"frame":`...), int64(r.Frame), 10)
	if set := finding.SetOf(r.Findings); set != 0 {
		t.line = append(t.line, `,"findings":`...)
		before := len(t.line)
		for k := range set.All() {
			t.line = append(append(append(t.line, ',', '"'), k.String()...), '"')
		}
		t.line[before] = '['
		t.line = append(t.line, ']')
	}
	t.line = append(t.line, '}')
	return t.end()
}

// Call implements [report.Run].
func (t *Writer) Call(c *decode.Call) error {
	end := max(c.First, c.Last, c.Over)
	t.begin(c.First)
	th := t.thread(finding.Phone{Name: c.Phone.Name, MAC: c.Phone.MAC, Addr: c.Address})
	track := 0
	for track < maxTracks-1 && th.ends[track] > c.First { // slices of a thread must not overlap
		track++
	}
	th.ends[track] = max(th.ends[track], end)
	tid := t.number(th, track)
	name := c.Direction.String()
	if name == "" {
		name = "call"
	}
	if c.Remote != "" {
		name += " " + c.Remote
	}
	t.event(name, "X", c.First)
	t.line = appendMicros(append(t.line, `,"dur":`...), end-c.First)
	t.line = strconv.AppendInt(append(t.line, `,"cat":"call","tid":`...), int64(tid), 10)
	t.line = report.AppendString(append(t.line, `,"args":{"state":`...), string(c.State()))
	for _, span := range []struct {
		name string
		of   func() (time.Duration, bool)
	}{{"ring_s", c.Ring}, {"talk_s", c.Talk}, {"hold_s", c.Hold}} {
		if d, known := span.of(); known {
			t.line = append(append(append(t.line, `,"`...), span.name...), `":`...)
			t.line = strconv.AppendFloat(t.line, d.Seconds(), 'g', -1, 64)
		}
	}
	if c.ID != "" {
		t.line = report.AppendString(append(t.line, `,"call_id":`...), c.ID)
	}
	t.line = append(t.line, '}')
	return t.end()
}

// Found implements [report.Run]. A finding without a time has no place here.
func (t *Writer) Found(o *finding.Occurrence) {
	if o.Time == 0 {
		return
	}
	t.begin(o.Time)
	tid := t.number(t.thread(o.Phone), 0)
	t.event(o.Kind.String(), "i", o.Time)
	t.line = strconv.AppendInt(append(t.line, `,"s":"t","cat":"connection","cname":"terrible","tid":`...), int64(tid), 10)
	t.line = strconv.AppendInt(append(t.line, `,"args":{"count":`...), int64(o.Times), 10)
	t.line = report.AppendString(append(t.line, `,"message":`...), o.Message())
	t.line = append(t.line, '}')
	t.end() // t.w keeps its first error
}

// Flush implements [report.Run]. Viewers read an array without its end.
func (t *Writer) Flush() error { return t.w.Flush() }

// Close implements [report.Run].
func (t *Writer) Close() error {
	end := "\n]\n"
	if !t.begun {
		end = "[]\n"
	}
	t.w.WriteString(end)
	return t.w.Flush()
}

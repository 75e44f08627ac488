// Package html writes a run as a page: one file that opens without a network, in
// which a person sees what happened and searches in it.
//
//  1. A [Page] takes the events, calls and findings of a run. It keeps them as
//     columns of numbers, compressed, and texts once in tables (data.go).
//  2. Close writes the page: the verdict as plain HTML, which needs no script,
//     then style, script and data (page.go).
//  3. The script (script/*.js) unpacks the data, draws lanes on a canvas, and
//     shows lists and details. It runs as it stands there.
//
// The page makes no request, and its Content-Security-Policy allows none. What
// came off the wire is text everywhere: escaped in the HTML, and put into the
// document as text nodes by the script.
//
// # Limits
//
// The latest 200,000 events have details (the request line, variables, messages
// of findings), the latest 1,000,000 a mark. What was left out is said on the
// page.
package html

import (
	"io"
	"time"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/timeline"
	"actionurl/decode/verdict"
	"actionurl/report"
)

// Format returns the format.
func Format() report.Format {
	return report.Format{Name: "html", Extensions: []string{".html", ".htm"}, People: true, Whole: true, Run: func(w io.Writer, o report.Options) (report.Run, error) {
		return New(w, o), nil
	}}
}

// A Page is a page in the making. It is not safe for concurrent use.
type Page struct {
	w       io.Writer
	options report.Options
	verdict *verdict.Collector
	tables  *tables

	events  events
	details details
	calls   calls
	marks   []mark

	detailed int // how many of the latest events have details: maxDetailed

	// The calls whose events came and that are not closed, by number. A timeline
	// keeps at most 16,384 of them.
	open map[callKey]openCall
	next int // number of the next call
}

var _ report.Run = (*Page)(nil)

// A callKey is which call is meant: no phone begins two at once.
type callKey struct {
	phone *timeline.Phone
	first int64
}

// maxOpen bounds the open calls: 32,768 of about 64 bytes, 2 MiB.
const maxOpen = 32 << 10

// New returns a Page that is written to w.
func New(w io.Writer, o report.Options) *Page {
	if o.Clock == nil {
		o.Clock, _ = report.NewClock("utc")
	}
	return &Page{w: w, options: o, verdict: verdict.New(), tables: newTables(), open: map[callKey]openCall{}, detailed: maxDetailed}
}

// Record implements [report.Run].
func (p *Page) Record(r *decode.Record) error {
	p.verdict.Record(r)
	if r.Event == nil {
		return nil
	}
	if p.events.full(r.Time, p.details.size()) {
		if err := p.pack(); err != nil {
			return err
		}
	}
	e, t := r.Event, p.tables
	at := r.Place()
	var row [eventColumns]int64
	row[colFrame] = int64(r.Frame)
	row[colCapture] = t.captures.add(r.Interface.Capture)
	row[colPhone] = t.phone(at.Phone, e)
	row[colServer] = t.server(r)
	row[colKind] = t.kind(e.Kind)
	row[colBy] = t.texts.add(string(e.By))
	if len(e.Candidates) > 0 {
		row[colCandidates] = t.candidates(e.Candidates)
	}
	row[colStatus], row[colLatency] = int64(r.Status), r.Latency/1e3
	if r.NoResponse != httpwire.Answered {
		row[colStatus], row[colLatency] = -t.texts.add(r.NoResponse.String()), 0
	}
	row[colFindings] = t.set(finding.SetOf(r.Findings))
	row[colHead] = t.head(r)
	row[colClient] = t.client(r)
	row[colPort] = int64(r.Client.Port())
	if e.Template != nil {
		row[colTemplate] = t.texts.add(e.Template.Text)
	}
	row[colCall] = p.call(r.Call)
	if e.SIP.Method != "" {
		row[colSIP] = p.events.signal(t.texts.add(e.SIP.Method), int64(e.SIP.Frame), e.SIP.Delay)
	}
	p.details.add(r, row[colPhone], t)
	p.events.add(r.Time, &row)
	return nil
}

// pack compresses the columns so far.
func (p *Page) pack() error {
	if err := p.details.pack(p.detailed); err != nil {
		return err
	}
	return p.events.pack()
}

// call returns the number of a call that is not closed, 0 for none.
func (p *Page) call(c *timeline.Call) int64 {
	if c == nil {
		return 0
	}
	key := callKey{c.Phone, c.First}
	open, known := p.open[key]
	if !known {
		if len(p.open) == maxOpen {
			return 0
		}
		p.next++
		open.number = p.next
	}
	open.events++
	p.open[key] = open
	return int64(open.number)
}

// Call implements [report.Run].
func (p *Page) Call(c *decode.Call) error {
	key := callKey{c.Phone, c.First}
	open := p.open[key]
	delete(p.open, key)
	phone := finding.Phone{Name: c.Phone.Name, MAC: c.Phone.MAC, Addr: c.Address}
	return p.calls.add(c.Call, open, p.tables.phone(phone, nil), p.tables)
}

// maxMarks bounds the findings of connections: 8,192 of about 500 bytes, 4
// MiB.
const maxMarks = 8 << 10

// A mark is a finding that no single request has, at its time.
type mark struct {
	finding        int64 // by number
	severity       finding.Severity
	phone, capture int64
	frame, times   int
	first, last    int64
	message, hint  string
}

// Found implements [report.Run].
func (p *Page) Found(o *finding.Occurrence) {
	p.verdict.Found(o)
	if o.Time != 0 && len(p.marks) < maxMarks {
		kind := finding.Summary{Kind: o.Kind, Severity: o.Severity}
		p.marks = append(p.marks, mark{
			finding: p.tables.finding(o.Kind), severity: o.Severity, phone: p.tables.phone(o.Phone, nil), capture: p.tables.captures.add(o.Capture), frame: o.Frame,
			times: o.Times, first: o.Time, last: max(o.Time, o.Last), message: o.Message(), hint: kind.Hint(),
		})
	}
}

// Phones takes the phones of the end: of those that announced nothing, that they
// did, and of others their accounts. It returns how many there are.
func (p *Page) Phones(all []*decode.Phone) (int, error) {
	for _, phone := range all {
		if phone.Silent {
			p.verdict.Silent(phone)
		}
		p.tables.accounts(phone.Phone)
	}
	return len(all), nil
}

// Flush implements [report.Run]. A page can be read when it is whole.
func (p *Page) Flush() error { return nil }

// Close implements [report.Run].
func (p *Page) Close() error {
	if err := p.pack(); err != nil {
		return err
	}
	if err := p.calls.pack(); err != nil {
		return err
	}
	return p.write(p.verdict.Verdict())
}

// zone is the zone that times of the page are written in.
func (p *Page) zone() *time.Location { return p.options.Clock.Zone() }

// kindShape returns the shape that stands for an event.
func kindShape(k *actionurl.Kind) string {
	switch k.Act {
	case actionurl.Begins:
		if k.Direction == actionurl.Outgoing {
			return "dial"
		}
		return "ring"
	case actionurl.Answers:
		return "answer"
	case actionurl.Holds, actionurl.FarHolds:
		return "hold"
	case actionurl.Resumes, actionurl.FarResumes:
		return "resume"
	case actionurl.Transfers, actionurl.Transferred:
		return "transfer"
	case actionurl.Misses, actionurl.Rejects:
		return "miss"
	case actionurl.Ends:
		return "end"
	}
	switch {
	case k == actionurl.Unknown:
		return "unknown"
	case k.Switch != actionurl.NoSwitch && k.To == actionurl.On:
		return "on"
	case k.Switch != actionurl.NoSwitch:
		return "off"
	}
	return "note"
}

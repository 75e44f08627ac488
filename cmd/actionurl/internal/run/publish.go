package run

import (
	"fmt"
	"slices"

	"actionurl/decode"
	"actionurl/decode/finding"
	"actionurl/decode/timeline"
	"actionurl/report"
	"actionurl/report/formats"
	"actionurl/report/publish"
)

// A publisher publishes what the filter shows, as --complete saves it, beside
// the rows.
type publisher struct {
	*publish.Publisher
	rows    *report.Rows[decode.Record]
	reached int64 // the time of the latest record
	id      publish.ID
}

// newPublisher returns a publisher of a run.
func newPublisher(to *publish.Publisher, sensor string) (*publisher, error) {
	p := &publisher{Publisher: to}
	var err error
	p.rows, err = report.NewRecords(p, report.Options{Format: formats.All().Named("ndjson"), Complete: true, Sensor: sensor}, report.Requests)
	return p, err
}

// Write takes a line of the rows, which are flushed after each.
func (p *publisher) Write(line []byte) (int, error) {
	return len(line), p.Line(p.id, p.reached, line)
}

// line publishes the line that write writes.
func (p *publisher) line(id publish.ID, write func() error) error {
	p.id = id
	if err := write(); err != nil {
		return err
	}
	return p.rows.Flush()
}

func (p *publisher) record(r *decode.Record) error {
	p.reached = max(p.reached, r.Time)
	id := publish.ID{Kind: "request", Capture: r.Interface.Capture, Time: r.Time, Frame: r.Frame}
	return p.line(id, func() error { return p.rows.Write(r) })
}

func (p *publisher) call(c *timeline.Call) error {
	id := publish.ID{Kind: fmt.Sprintf("sip_call %v %v", c.Address, c.Phone.MAC), Time: c.First}
	return p.line(id, func() error { return p.rows.SIPCall(c) })
}

func (p *publisher) found(o *finding.Occurrence) error {
	id := publish.ID{Kind: fmt.Sprintf("finding %v %v", o.Finding, o.Phone), Capture: o.Capture, Time: o.Time, Frame: o.Frame}
	return p.line(id, func() error { return p.rows.Finding(o) })
}

func (p *publisher) loss(l *report.Loss) error {
	id := publish.ID{Kind: "capture_loss " + l.Interface, Time: l.Time}
	return p.line(id, func() error { return p.rows.Loss(l) })
}

func (p *publisher) silent(phone *decode.Phone) error {
	id := publish.ID{Kind: fmt.Sprintf("silent_phone %v %v", phone.MAC, phone.Addresses[0]), Time: phone.Last}
	return p.line(id, func() error { return p.rows.SilentPhone(phone) })
}

// end publishes the end of the capture, and waits until all is acknowledged.
func (p *publisher) end(r *run) error {
	for _, phone := range r.silent() {
		if err := p.silent(phone); err != nil {
			return err
		}
	}
	now := r.now
	p.reached = max(p.reached, now)
	if err := p.line(publish.ID{Kind: "capture_end", Time: now}, func() error { return p.rows.End(now) }); err != nil {
		return err
	}
	return p.Close()
}

// summarize prints what was published.
func (p *publisher) summarize(r *run) {
	c := p.Counts()
	r.sum.say("published: %s acknowledged, %d of them stored before", report.Plural(c.Published, "line"), c.Duplicates)
	for _, l := range p.losses() {
		r.sum.say("warning: %v", l)
	}
}

// losses returns what was not published.
func (p *publisher) losses() []decode.LossCount {
	c := p.Counts()
	return slices.DeleteFunc([]decode.LossCount{
		{Key: "spool_full", N: c.Dropped, Thing: "line", How: "not published: the spool was full; enlarge it with --spool"},
		{Key: "refused", N: c.Refused, Thing: "line", How: "not published: longer than the servers accept (max_payload), or damaged in the spool"},
	}, func(l decode.LossCount) bool { return l.N == 0 })
}

// pass lets the time pass that a live source has reached.
func (p *publisher) pass(r *run) error {
	return p.Reached(r.now - int64(r.Decode.ResponseTimeout) - int64(slack))
}

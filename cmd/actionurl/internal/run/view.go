package run

import (
	"io"

	"actionurl/decode"
	"actionurl/decode/finding"
	"actionurl/decode/timeline"
	"actionurl/decode/verdict"
	"actionurl/report"
	"actionurl/report/output"
)

// A viewer writes the rows of a view. What is nil makes no rows.
type viewer struct {
	output.Part
	loss   func(*report.Loss) error
	beside *report.Rows[decode.Record]        // for objects that are not rows; nil where they cannot be saved
	record func(*decode.Record) error         // of a request that the filter shows
	call   func(*decode.Call) error           // of a call that it shows
	found  func(*finding.Occurrence)          // of a finding of no request, of formats that show a whole run
	end    func([]*decode.Phone) (int, error) // of the phones at the end of the capture; returns how many rows
}

// newViewer returns a viewer that writes to w. What it has to remember beyond
// one output is in shown and the collector; found returns the findings to show.
func newViewer(w io.Writer, o report.Options, v report.View, shown map[*timeline.Phone]bool, found func() []finding.Summary, collector *verdict.Collector) (*viewer, error) {
	if o.Format.Run != nil {
		run, err := o.Format.Run(w, o)
		v := &viewer{Part: run, record: run.Record, call: run.Call, found: run.Found}
		if p, ok := run.(phonesTaker); ok {
			v.end = p.Phones
		}
		return v, err
	}
	switch v {
	case report.Calls:
		rows, err := report.NewCalls(w, o)
		return &viewer{Part: rows, loss: rows.Loss, call: rows.Write}, err
	case report.Phones:
		return newPhoneViewer(w, o, shown)
	case report.Servers:
		rows, err := report.NewServers(w, o)
		return &viewer{Part: rows, end: func([]*decode.Phone) (int, error) { return writeAll(rows, collector.Verdict().Servers) }}, err
	case report.Findings:
		return newFindingViewer(w, o, found)
	}
	rows, err := report.NewRecords(w, o, v)
	write := rows.Write
	if v == report.Requests { // each with its own response
		write = func(r *decode.Record) error {
			if r.Sent == nil {
				return rows.Write(r)
			}
			own := *r
			own.Exchange = r.Sent
			return rows.Write(&own)
		}
	}
	return &viewer{Part: rows, loss: rows.Loss, beside: rows, record: write}, err
}

// A phonesTaker is a [report.Run] that takes the phones at the end, and says how
// many it shows.
type phonesTaker interface {
	Phones([]*decode.Phone) (int, error)
}

// noRows is the view of a run whose result is its verdict.
type noRows struct{}

func (noRows) Flush() error { return nil }
func (noRows) Close() error { return nil }

// CheckColumns returns an error if the view has not the columns of o.
func CheckColumns(o report.Options, v report.View) error {
	_, err := newViewer(io.Discard, o, v, nil, nil, nil)
	return err
}

// newPhoneViewer returns a viewer of the phones that announced an event which
// the filter shows, which shown holds, and of those that announced none.
func newPhoneViewer(w io.Writer, o report.Options, shown map[*timeline.Phone]bool) (*viewer, error) {
	rows, err := report.NewPhones(w, o)
	return &viewer{
		Part: rows,
		loss: rows.Loss,
		record: func(r *decode.Record) error {
			shown[r.Phone] = true
			return nil
		},
		end: func(phones []*decode.Phone) (n int, err error) {
			for _, phone := range phones {
				if !shown[phone.Phone] && !phone.Silent {
					continue
				}
				if err := rows.Write(phone); err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		},
	}, err
}

// newFindingViewer returns a viewer of what is found until the end.
func newFindingViewer(w io.Writer, o report.Options, found func() []finding.Summary) (*viewer, error) {
	rows, err := report.NewFindings(w, o)
	return &viewer{Part: rows, end: func([]*decode.Phone) (int, error) {
		return writeAll(rows, found())
	}}, err
}

// writeAll writes a row for each, and returns how many it wrote.
func writeAll[R any](rows *report.Rows[R], all []R) (int, error) {
	for i := range all {
		if err := rows.Write(&all[i]); err != nil {
			return i, err
		}
	}
	return len(all), nil
}

package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
)

// A field is a column of a record.
type field struct {
	Column
	value  func(*decode.Record) Value
	people func(*decode.Record) Value // what people read instead; nil for the same
}

// recordFields are the keys of a saved record, in their order.
func recordFields() []field {
	return []field{
		{Column: Column{Name: "time", width: 12}, value: func(r *decode.Record) Value { return Value{kind: instant, num: r.Time} }},
		{Column: Column{Name: "capture", width: 10}, value: func(r *decode.Record) Value { return Text(r.Interface.Capture) }},
		{Column: Column{Name: "frame", width: 5, right: true}, value: func(r *decode.Record) Value { return Number(int64(r.Frame)) }},
		{Column: Column{Name: "src_ip", width: 9}, value: func(r *decode.Record) Value { return address(r.Client.Addr()) }},
		{Column: Column{Name: "src_port", width: 5, right: true}, value: func(r *decode.Record) Value { return Number(int64(r.Client.Port())) }},
		{Column: Column{Name: "dest_ip", width: 9}, value: func(r *decode.Record) Value { return address(r.Server.Addr()) }},
		{Column: Column{Name: "dest_port", width: 5, right: true}, value: func(r *decode.Record) Value { return Number(int64(r.Server.Port())) }},
		{Column: Column{Name: "vlan", width: 4}, value: vlanValue},
		{Column: Column{Name: "method", width: 4}, value: func(r *decode.Record) Value { return Text(r.Method) }},
		{Column: Column{Name: "host", width: 12}, value: func(r *decode.Record) Value { return Text(r.Host) }},
		{Column: Column{Name: "target", width: 20}, value: func(r *decode.Record) Value { return Text(r.Target) }},
		{Column: Column{Name: "version", width: 8}, value: func(r *decode.Record) Value { return Text(r.Version) }},
		{Column: Column{Name: "user_agent", width: 12}, value: func(r *decode.Record) Value { return Text(r.UserAgent) }},
		{Column: Column{Name: "status", width: 6}, value: statusValue, people: resultValue},
		{Column: Column{Name: "latency_ms", width: 10, right: true, rank: 1}, value: latencyValue},
		{Column: Column{Name: "no_response", width: 7}, value: func(r *decode.Record) Value { return Text(r.NoResponse.String()) }},
		{Column: Column{Name: "event", width: 12}, value: ofEvent(func(e *actionurl.Event) Value { return Text(e.Slug) }), people: ofEvent(labelOrCandidates)},
		{Column: Column{Name: "label", width: 10}, value: ofEvent(func(e *actionurl.Event) Value { return Text(e.Label) })},
		{Column: Column{Name: "by", width: 8}, value: ofEvent(func(e *actionurl.Event) Value { return Value{kind: text, text: string(e.By)} })},
		{Column: Column{Name: "candidates", width: 12}, value: ofEvent(func(e *actionurl.Event) Value { return List(e.Candidates) })},
		{Column: Column{Name: "phone_mac", width: 17}, value: ofEvent(func(e *actionurl.Event) Value { return Text(e.PhoneMAC) })},
		{Column: Column{Name: "phone_ip", width: 9}, value: ofEvent(func(e *actionurl.Event) Value { return address(e.PhoneIP) })},
		{Column: Column{Name: "phone_product", width: 8}, value: ofEvent(func(e *actionurl.Event) Value { return Text(e.PhoneProduct) })},
		{Column: Column{Name: "phone_version", width: 8}, value: ofEvent(func(e *actionurl.Event) Value { return Text(e.PhoneVersion) })},
		{Column: Column{Name: "call_id", width: 12}, value: ofEvent(func(e *actionurl.Event) Value { return Text(e.CallID) })},
		{Column: Column{Name: "vars", width: 20}, value: ofEvent(varsValue)},
		{Column: Column{Name: "findings", width: 8, optional: true}, value: func(r *decode.Record) Value { return List(findings(r)) }},
	}
}

// findings are what is odd about a record.
func findings(r *decode.Record) []string {
	if r.Cut {
		return []string{"cut_head"} // the capture holds only the beginning of the request
	}
	return nil
}

// composedFields say what several keys say, for people.
func composedFields() []field {
	return []field{
		{Column: Column{Name: "phone", width: 17}, value: ofEvent(phoneValue)},
		{Column: Column{Name: "client", width: 14}, value: func(r *decode.Record) Value { return Text(r.Client.String()) }},
		{Column: Column{Name: "server", width: 14, rank: 2}, value: serverValue},
	}
}

// ofEvent makes a field absent where the request is no Action URL.
func ofEvent(f func(*actionurl.Event) Value) func(*decode.Record) Value {
	return func(r *decode.Record) Value {
		if r.Event == nil {
			return Value{}
		}
		return f(r.Event)
	}
}

func vlanValue(r *decode.Record) Value {
	if len(r.VLANs.IDs()) == 0 {
		return Value{}
	}
	return Value{kind: ids, ids: r.VLANs.IDs()}
}

func statusValue(r *decode.Record) Value {
	if r.Status == 0 {
		return Value{}
	}
	return Number(int64(r.Status))
}

// resultValue is the status, or why there is none.
func resultValue(r *decode.Record) Value {
	if r.NoResponse != httpwire.Answered {
		return Text(r.NoResponse.String())
	}
	return statusValue(r)
}

func latencyValue(r *decode.Record) Value {
	if r.NoResponse != httpwire.Answered {
		return Value{}
	}
	return Value{kind: millis, num: r.Latency}
}

func varsValue(e *actionurl.Event) Value {
	if len(e.Vars) == 0 {
		return Value{}
	}
	return Value{kind: vars, vars: e.Vars}
}

// phoneValue is the phone's name, or else its MAC address, or else its IP address.
func phoneValue(e *actionurl.Event) Value {
	switch {
	case e.PhoneName != "":
		return Text(e.PhoneName)
	case e.PhoneMAC != "":
		return Text(e.PhoneMAC)
	}
	return address(e.PhoneIP)
}

// serverValue is the server's name, or else its address.
func serverValue(r *decode.Record) Value {
	if r.Event != nil && r.Event.ServerName != "" {
		return Text(r.Event.ServerName)
	}
	return Text(r.Server.String())
}

// labelOrCandidates is the event's name as the guide has it, or "?" and what
// it may be.
func labelOrCandidates(e *actionurl.Event) Value {
	switch {
	case e.Slug != actionurl.Unknown:
		return Text(e.Label)
	case len(e.Candidates) == 0:
		return Text("?")
	}
	labels := make([]string, len(e.Candidates))
	for i, slug := range e.Candidates {
		labels[i] = actionurl.Lookup(slug).Label
	}
	return Text("? " + strings.Join(labels, " / "))
}

// A View is a choice of records, and of the columns that show them to people.
type View string

const (
	Events   View = "events"   // the requests that are Action URLs
	Requests View = "requests" // all requests
)

// Views returns the names of the views.
func Views() []string { return []string{string(Events), string(Requests)} }

// columns returns the names of the columns that people see.
func (v View) columns() string {
	if v == Requests {
		return "time,client,server,method,target,status,latency_ms,event,findings"
	}
	return "time,phone,event,vars,server,status,latency_ms,findings"
}

// Records writes records to a Sink.
type Records struct {
	Sink
	values []func(*decode.Record) Value
	row    []Value
}

// NewRecords returns a Records that writes to w in the format of o.
func NewRecords(w io.Writer, o Options, view View) (*Records, error) {
	if !slices.Contains(Views(), string(view)) {
		return nil, fmt.Errorf("no view is called %q; expected %s", view, strings.Join(Views(), " or "))
	}
	people := o.Format == "table" || o.Format == "markdown"
	fields := recordFields()
	switch {
	case o.Columns != "":
		var err error
		if fields, err = pick(o.Columns); err != nil {
			return nil, err
		}
		for i := range fields {
			fields[i].rank, fields[i].optional = 0, false // what was asked for stays
		}
	case people:
		var err error
		if fields, err = pick(view.columns()); err != nil {
			return nil, err
		}
	}
	if o.Format == "markdown" { // which is written row by row
		fields = slices.DeleteFunc(fields, func(f field) bool { return f.optional })
	}
	columns := make([]Column, len(fields))
	r := &Records{row: make([]Value, len(fields))}
	for i, f := range fields {
		columns[i] = f.Column
		if people && f.people != nil {
			f.value = f.people
		}
		r.values = append(r.values, f.value)
	}
	var err error
	r.Sink, err = New(w, o, columns)
	return r, err
}

// pick returns the fields of a list of names with commas between.
func pick(names string) ([]field, error) {
	all := slices.Concat(recordFields(), composedFields())
	var picked []field
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(all, func(f field) bool { return f.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no column is called %q; expected some of %s", name, strings.Join(ColumnNames(), ", "))
		}
		if slices.ContainsFunc(picked, func(f field) bool { return f.Name == name }) {
			return nil, fmt.Errorf("the column %s is there twice", name)
		}
		picked = append(picked, all[i])
	}
	return picked, nil
}

// ColumnNames returns the names of all columns of records.
func ColumnNames() []string {
	var names []string
	for _, f := range slices.Concat(recordFields(), composedFields()) {
		names = append(names, f.Name)
	}
	return names
}

// Record writes a record.
func (r *Records) Record(record *decode.Record) error {
	for i, value := range r.values {
		r.row[i] = value(record)
	}
	return r.Row(r.row)
}

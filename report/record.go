package report

import (
	"io"
	"strings"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
)

// records is the view of decode.Record: its keys in their order, and what says
// several keys at once.
func records(v View) *view[decode.Record] {
	people := "time,phone,event,vars,server,status,latency_ms,findings"
	if v == Requests {
		people = "time,client,server,method,target,status,latency_ms,event,findings"
	}
	return &view[decode.Record]{people: people, keys: recordFields(), composed: composedFields()}
}

// recordFields are the keys of a saved record, in their order.
func recordFields() []field[decode.Record] {
	type record = decode.Record
	return []field[record]{
		{Column: Column{Name: "time", width: 12}, value: func(r *record) Value { return Value{kind: instant, num: r.Time} }},
		{Column: Column{Name: "capture", width: 10}, value: func(r *record) Value { return textOf(&r.Interface.Capture) }},
		{Column: Column{Name: "frame", width: 5, right: true}, value: func(r *record) Value { return Number(int64(r.Frame)) }},
		{Column: Column{Name: "src_ip", width: 9, usual: 15}, value: func(r *record) Value { return Value{kind: host, of: &r.Client} }},
		{Column: Column{Name: "src_port", width: 5, right: true}, value: func(r *record) Value { return Number(int64(r.Client.Port())) }},
		{Column: Column{Name: "dest_ip", width: 9, usual: 15}, value: func(r *record) Value { return Value{kind: host, of: &r.Server} }},
		{Column: Column{Name: "dest_port", width: 5, right: true}, value: func(r *record) Value { return Number(int64(r.Server.Port())) }},
		{Column: Column{Name: "vlan", width: 4}, value: vlanValue},
		{Column: Column{Name: "method", width: 4}, value: func(r *record) Value { return textOf(&r.Method) }},
		{Column: Column{Name: "host", width: 12, usual: 21}, value: func(r *record) Value { return textOf(&r.Host) }},
		{Column: Column{Name: "target", width: 20, usual: 64}, value: func(r *record) Value { return textOf(&r.Target) }},
		{Column: Column{Name: "version", width: 8}, value: func(r *record) Value { return textOf(&r.Version) }},
		{Column: Column{Name: "user_agent", width: 12, usual: 40}, value: func(r *record) Value { return textOf(&r.UserAgent) }},
		{Column: Column{Name: "status", width: 6, usual: 12}, value: statusValue, shown: resultValue},
		{Column: Column{Name: "latency_ms", width: 10, right: true, rank: 1}, value: latencyValue},
		{Column: Column{Name: "no_response", width: 7}, value: reasonValue},
		{Column: Column{Name: "event", width: 12, usual: 21}, value: ofEvent(func(e *actionurl.Event) Value { return textOf(&e.Slug) }), shown: ofEvent(labelOrCandidates)},
		{Column: Column{Name: "label", width: 10, usual: 21}, value: ofEvent(func(e *actionurl.Event) Value { return textOf(&e.Label) })},
		{Column: Column{Name: "by", width: 8}, value: ofEvent(func(e *actionurl.Event) Value { return Value{kind: text, of: (*string)(&e.By)} })},
		{Column: Column{Name: "candidates", width: 12, usual: 24}, value: ofEvent(func(e *actionurl.Event) Value { return listOf(&e.Candidates) })},
		{Column: Column{Name: "phone_mac", width: 17}, value: ofEvent(func(e *actionurl.Event) Value { return textOf(&e.PhoneMAC) })},
		{Column: Column{Name: "phone_ip", width: 9, usual: 15}, value: ofEvent(func(e *actionurl.Event) Value { return addressOf(&e.PhoneIP) })},
		{Column: Column{Name: "phone_product", width: 8}, value: ofEvent(func(e *actionurl.Event) Value { return textOf(&e.PhoneProduct) })},
		{Column: Column{Name: "phone_version", width: 8}, value: ofEvent(func(e *actionurl.Event) Value { return textOf(&e.PhoneVersion) })},
		{Column: Column{Name: "call_id", width: 12, usual: 36}, value: ofEvent(func(e *actionurl.Event) Value { return textOf(&e.CallID) })},
		{Column: Column{Name: "sip_frame", width: 9, right: true}, value: ofMessage(func(m *actionurl.Message) Value { return countValue(m.Frame) })},
		{Column: Column{Name: "sip_method", width: 10}, value: ofMessage(func(m *actionurl.Message) Value { return textOf(&m.Method) })},
		{Column: Column{Name: "sip_delay_ms", width: 12, right: true}, value: ofMessage(func(m *actionurl.Message) Value { return Value{kind: millis, num: m.Delay} })},
		{Column: Column{Name: "vars", width: 20, usual: 64}, value: ofEvent(varsValue)},
		{Column: Column{Name: "findings", width: 8, optional: true}, value: findingsValue},
		// What a saved record needs to be shown in another view.
		{Column: Column{Name: "template", width: 20, usual: 64}, value: ofEvent(templateValue)},
		{Column: Column{Name: "identified", width: 10}, value: ofEvent(func(e *actionurl.Event) Value { return textOf((*string)(&e.PhoneKnown)) })},
		{Column: Column{Name: "other_mac", width: 17}, value: ofEvent(func(e *actionurl.Event) Value { return textOf(&e.OtherMAC) })},
		{Column: Column{Name: "phone_name", width: 12}, value: ofEvent(func(e *actionurl.Event) Value { return textOf(&e.PhoneName) })},
		{Column: Column{Name: "server_name", width: 12}, value: ofEvent(func(e *actionurl.Event) Value { return textOf(&e.ServerName) })},
	}
}

// templateValue is the template, as it was typed.
func templateValue(e *actionurl.Event) Value {
	if e.Template == nil {
		return Value{}
	}
	return textOf(&e.Template.Text)
}

// findingsValue is what is wrong with a record.
func findingsValue(r *decode.Record) Value {
	return setValue(finding.SetOf(r.Findings))
}

// composedFields say what several keys say, for people.
func composedFields() []field[decode.Record] {
	return []field[decode.Record]{
		{Column: Column{Name: "phone", width: 17}, value: ofEvent(phoneValue)},
		{Column: Column{Name: "client", width: 14, usual: 21}, value: func(r *decode.Record) Value { return Value{kind: endpoint, of: &r.Client} }},
		{Column: Column{Name: "server", width: 14, usual: 21, rank: 2}, value: serverValue},
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

// ofMessage makes a field absent where no SIP message belongs to the request.
func ofMessage(f func(*actionurl.Message) Value) func(*decode.Record) Value {
	return func(r *decode.Record) Value {
		if r.Event == nil || r.Event.SIP.Method == "" {
			return Value{}
		}
		return f(&r.Event.SIP)
	}
}

func vlanValue(r *decode.Record) Value {
	if len(r.VLANs.IDs()) == 0 {
		return Value{}
	}
	return Value{kind: ids, of: &r.VLANs}
}

func statusValue(r *decode.Record) Value {
	if r.Status == 0 {
		return Value{}
	}
	return Number(int64(r.Status))
}

// reasonValue is why there is no response, where there is none.
func reasonValue(r *decode.Record) Value {
	if r.NoResponse == httpwire.Answered {
		return Value{}
	}
	return Value{kind: stringer, of: r.NoResponse}
}

// resultValue is the status, or why there is none.
func resultValue(r *decode.Record) Value {
	if r.NoResponse != httpwire.Answered {
		return reasonValue(r)
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
	return Value{kind: vars, of: &e.Vars}
}

// phoneValue is the phone's name, or else its MAC address, or else its IP address.
func phoneValue(e *actionurl.Event) Value {
	switch {
	case e.PhoneName != "":
		return textOf(&e.PhoneName)
	case e.PhoneMAC != "":
		return textOf(&e.PhoneMAC)
	}
	return addressOf(&e.PhoneIP)
}

// serverValue is the server's name, or else its address.
func serverValue(r *decode.Record) Value {
	if r.Event != nil && r.Event.ServerName != "" {
		return textOf(&r.Event.ServerName)
	}
	return Value{kind: endpoint, of: &r.Server}
}

// labelOrCandidates is the event's name as the guide has it, or "?" and what
// it may be.
func labelOrCandidates(e *actionurl.Event) Value {
	switch {
	case e.Slug != actionurl.Unknown:
		return textOf(&e.Label)
	case len(e.Candidates) == 0:
		return Text("?")
	}
	labels := make([]string, len(e.Candidates))
	for i, slug := range e.Candidates {
		labels[i] = actionurl.Lookup(slug).Label
	}
	return Text("? " + strings.Join(labels, " / "))
}

// NewRecords returns Rows that write records to w in the format of o, for the
// view Events or Requests.
func NewRecords(w io.Writer, o Options, v View) (*Rows[decode.Record], error) {
	return newRows(w, o, records(v))
}

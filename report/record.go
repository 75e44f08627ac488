package report

import (
	"io"
	"net/netip"
	"slices"
	"strings"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/vendor"
)

// records is the view of decode.Record: its keys in their order, and what says
// several keys at once.
func records(v View, o Options) *view[decode.Record] {
	people := "time,phone,event,vars,server,status,latency_ms,findings"
	if v == Requests {
		people = "time,client,server,method,target,content_type,body_size,status,latency_ms,event,findings"
	}
	fields := recordFields()
	if o.Complete {
		fields = append(fields, completeFields()...)
		if o.Format.Name != "ndjson" {
			fields = inColumns(fields)
		}
	}
	return &view[decode.Record]{people: people, keys: fields, composed: composedFields(), named: func(name string) (field[decode.Record], bool) {
		name, ok := strings.CutPrefix(name, varPrefix)
		return varField(name), ok
	}}
}

// recordFields are the keys of a saved record, in their order.
func recordFields() []field[decode.Record] {
	type record = decode.Record
	type event = actionurl.Event
	type message = actionurl.Message
	return slices.Concat([]field[record]{
		instant(Column{Name: "time", width: 12}, func(r *record) *int64 { return &r.Time }),
		readBy(func(rd *Reader, r *record) { r.Interface = rd.capture(rd.string(), r.Interface.Capture) },
			sensor(func(r *record) *string { return &r.Interface.Sensor })),
		readBy(func(rd *Reader, r *record) { r.Interface = rd.capture(r.Interface.Sensor, rd.string()) },
			text(Column{Name: "capture", width: 10}, func(r *record) *string { return &r.Interface.Capture })),
		number(Column{Name: "frame", width: 5, right: true}, func(r *record) *int { return &r.Frame }),
		host(Column{Name: "src_ip", width: 9, typical: 15}, func(r *record) *netip.AddrPort { return &r.Client }),
		port(Column{Name: "src_port", width: 5, right: true}, func(r *record) *netip.AddrPort { return &r.Client }),
		host(Column{Name: "dest_ip", width: 9, typical: 15}, func(r *record) *netip.AddrPort { return &r.Server }),
		port(Column{Name: "dest_port", width: 5, right: true}, func(r *record) *netip.AddrPort { return &r.Server }),
		{Column: Column{Name: "vlan", Kind: KindNumbers, width: 4}, value: vlanValue, read: (*Reader).vlans},
		text(Column{Name: "tls", width: 7, typical: 40}, func(r *record) *string { return &r.TLS }),
		text(Column{Name: "method", width: 4}, func(r *record) *string { return &r.Method }),
		text(Column{Name: "host", width: 12, typical: 21}, func(r *record) *string { return &r.Host }),
		unique(Column{Name: "target", width: 20, typical: 64}, func(r *record) *string { return &r.Target }),
		text(Column{Name: "version", width: 8}, func(r *record) *string { return &r.Version }),
		text(Column{Name: "user_agent", width: 12, typical: 40}, func(r *record) *string { return &r.UserAgent }),
		showing(resultValue, count(Column{Name: "status", width: 6, typical: 12, alarm: true}, func(r *record) *int { return &r.Status })),
		where(answered, millis(Column{Name: "latency_ms", width: 10, right: true, rank: 3}, func(r *record) *int64 { return &r.Latency })),
		oneOf(Column{Name: "no_response", width: 7}, func(r *record) *httpwire.Reason { return &r.NoResponse },
			httpwire.Answered, httpwire.Reasons-1, "reason for no response"),
	}, parts([]field[event]{
		showing(labelOrCandidates, readBy(func(rd *Reader, _ *event) { rd.slug = rd.text(rd.string()) },
			text(Column{Name: "event", width: 14, typical: 21}, func(e *event) *string { return &e.Kind.Slug }))),
		readBy(func(rd *Reader, _ *event) { rd.label = rd.text(rd.string()) },
			text(Column{Name: "label", width: 10, typical: 21}, func(e *event) *string { return &e.Kind.Label })),
		always(text(Column{Name: "by", width: 8}, func(e *event) *string { return (*string)(&e.By) })),
		{Column: Column{Name: "candidates", Kind: KindTexts, width: 12, typical: 24}, value: candidatesValue, read: (*Reader).candidates},
		mac(Column{Name: "phone_mac", width: 17}, func(e *event) *packet.MAC { return &e.PhoneMAC }),
		addr(Column{Name: "phone_ip", width: 9, typical: 15}, func(e *event) *netip.Addr { return &e.PhoneIP }),
		text(Column{Name: "phone_product", width: 8}, func(e *event) *string { return &e.PhoneProduct }),
		text(Column{Name: "phone_version", width: 8}, func(e *event) *string { return &e.PhoneVersion }),
		unique(Column{Name: "call_id", width: 12, typical: 36}, func(e *event) *string { return &e.CallID }),
	}, eventOf), sideFields(), parts([]field[message]{
		count(Column{Name: "sip_frame", width: 9, right: true}, func(m *message) *int { return &m.Frame }),
		text(Column{Name: "sip_method", width: 10}, func(m *message) *string { return &m.Method }),
		where(isMessage, millis(Column{Name: "sip_delay_ms", width: 12, right: true}, func(m *message) *int64 { return &m.Delay })),
	}, messageOf), []field[record]{
		{Column: Column{Name: "also", Kind: KindTexts, width: 12, typical: 44}, value: func(r *record) Value { return listOf(&r.Also) }, read: (*Reader).also},
		mark(Column{Name: "late", width: 4, sensors: true}, func(r *record) *bool { return &r.Late }),
	}, parts([]field[event]{
		showing(varsShown(), field[event]{Column: Column{Name: "vars", Kind: KindVars, width: 12, typical: 64, rank: 1}, value: varsValue, read: (*Reader).vars}),
	}, eventOf), []field[record]{
		{Column: Column{Name: "findings", Kind: KindFindings, width: 8, rank: 2, optional: true}, value: findingsValue, read: (*Reader).findingKinds},
	}, parts([]field[event]{
		// What a saved record needs to be shown in another view.
		{Column: Column{Name: "template", Kind: KindText, width: 20, typical: 64}, value: templateValue, read: (*Reader).templateText},
		text(Column{Name: "identified", width: 10}, func(e *event) *string { return (*string)(&e.PhoneKnown) }),
		mac(Column{Name: "other_mac", width: 17}, func(e *event) *packet.MAC { return &e.OtherMAC }),
		text(Column{Name: "phone_name", width: 12}, func(e *event) *string { return &e.PhoneName }),
		text(Column{Name: "server_name", width: 12}, func(e *event) *string { return &e.ServerName }),
	}, eventOf), []field[record]{
		text(Column{Name: "content_type", width: 12, typical: 16, rank: 5, optional: true}, func(r *record) *string { return &r.ContentType }),
		sized(func(r *record) *int64 { return &r.BodySize }),
	})
}

// completeFields are the further keys of a record that is saved with all that is
// known of it.
func completeFields() []field[decode.Record] {
	type record = decode.Record
	return []field[record]{
		{
			Column: Column{Name: "body", Kind: KindText},
			value:  func(r *record) Value { return Text(string(r.Body)) },
			read:   func(rd *Reader, r *record) { r.Body = []byte(rd.string()) },
		},
		{Column: Column{Name: "details", Kind: KindDetails}, value: detailsValue, read: (*Reader).findingDetails},
	}
}

// sized is the size of a body, in bytes.
func sized(at func(*decode.Record) *int64) field[decode.Record] {
	f := figure("body_size", at)
	f.width, f.right, f.optional = 9, true, true
	return f
}

// eventOf returns what the request announces; nil where it is no Action URL.
func eventOf(r *decode.Record) *actionurl.Event { return r.Event }

// messageOf returns the SIP message that belongs to the request; nil where it is
// no Action URL.
func messageOf(r *decode.Record) *actionurl.Message {
	if r.Event == nil {
		return nil
	}
	return &r.Event.SIP
}

func isMessage(m *actionurl.Message) bool { return m.Method != "" }

func answered(r *decode.Record) bool { return r.NoResponse == httpwire.Answered }

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
		part(field[actionurl.Event]{Column: Column{Name: "phone", Kind: KindText, width: 17, identity: true}, value: phoneValue}, eventOf),
		{Column: Column{Name: "client", Kind: KindEndpoint, width: 14, typical: 21}, value: func(r *decode.Record) Value { return Value{kind: KindEndpoint, of: &r.Client} }},
		{Column: Column{Name: "server", Kind: KindEndpoint, width: 14, typical: 21, rank: 4, common: true, end: true}, value: serverValue},
	}
}

func vlanValue(r *decode.Record) Value {
	if len(r.VLANs.IDs()) == 0 {
		return Value{}
	}
	return Value{kind: KindNumbers, of: &r.VLANs}
}

// resultValue is the status, or why there is none.
func resultValue(r *decode.Record) Value {
	if !answered(r) {
		return Value{kind: KindWord, of: r.NoResponse}
	}
	return Count(int64(r.Status))
}

func varsValue(e *actionurl.Event) Value {
	if len(e.Vars) == 0 {
		return Value{}
	}
	return Value{kind: KindVars, of: &e.Vars}
}

// varsShown returns the variables except those that other columns show: the phone,
// and the key that names the event.
func varsShown() func(*actionurl.Event) Value {
	var rest []actionurl.Var // of the row at hand
	return func(e *actionurl.Event) Value {
		rest = rest[:0]
		for i := range e.Vars {
			v := &e.Vars[i]
			switch v.Means {
			case vendor.MAC:
				if mac, ok := packet.ParseMAC(v.Value); ok && mac == e.PhoneMAC && e.PhoneName == "" {
					continue
				}
			case vendor.Event:
				if e.By == actionurl.ByName && actionurl.Lookup(v.Value) == e.Kind {
					continue
				}
			}
			rest = append(rest, *v)
		}
		if len(rest) == 0 {
			return Value{}
		}
		return Value{kind: KindVars, of: &rest}
	}
}

// phoneValue is the phone's name, or else its MAC address, or else its IP address.
func phoneValue(e *actionurl.Event) Value {
	switch {
	case e.PhoneName != "":
		return textOf(&e.PhoneName)
	case !e.PhoneMAC.IsZero():
		return macOf(&e.PhoneMAC)
	}
	return addressOf(&e.PhoneIP)
}

// serverValue is the server's name, or else its address.
func serverValue(r *decode.Record) Value {
	if r.Event != nil && r.Event.ServerName != "" {
		return textOf(&r.Event.ServerName)
	}
	return Value{kind: KindEndpoint, of: &r.Server}
}

// candidatesValue is the slugs of the events that an ambiguous one may be.
func candidatesValue(e *actionurl.Event) Value {
	if len(e.Candidates) == 0 { // as of nearly all
		return Value{}
	}
	slugs := make([]string, len(e.Candidates))
	for i, k := range e.Candidates {
		slugs[i] = k.Slug
	}
	return List(slugs)
}

// labelOrCandidates is the event's name as the guide has it, or "?" and what
// it may be.
func labelOrCandidates(e *actionurl.Event) Value {
	switch {
	case e.Kind != actionurl.Unknown:
		return textOf(&e.Kind.Label)
	case len(e.Candidates) == 0:
		return Text("?")
	}
	labels := make([]string, len(e.Candidates))
	for i, k := range e.Candidates {
		labels[i] = k.Label
	}
	return Text("? " + strings.Join(labels, " / "))
}

// NewRecords returns Rows that write records to w in the format of o, for the
// view Events or Requests.
func NewRecords(w io.Writer, o Options, v View) (*Rows[decode.Record], error) {
	all := records(v, o)
	if o.Columns != "" && !slices.Contains(strings.Split(o.Columns, ","), "phone") { // nothing else shows the phone
		for i := range all.keys {
			if all.keys[i].Kind == KindVars {
				all.keys[i].shown = nil
			}
		}
	}
	if slices.ContainsFunc(strings.Split(o.Columns, ","), func(name string) bool { return strings.TrimLeft(strings.TrimSpace(name), "+") == allVars }) {
		if len(o.Variables) == 0 {
			return newScouted(w, o, v)
		}
		o.Columns = spread(o.Columns, o.Variables)
		rows, err := newRows(w, o, all)
		if err == nil {
			rows.before = unlisted(o, o.Variables)
		}
		return rows, err
	}
	return newRows(w, o, all)
}

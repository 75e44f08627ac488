package report

import (
	"cmp"
	"io"
	"net/netip"
	"slices"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
	"actionurl/decode/timeline"
)

// What saved requests lack to be shown as their capture would be is saved beside
// them in NDJSON, as objects of their own: a time, and then one key that says
// what the object is. Other formats have no place for it.
//
//	{"time":"…","capture":"a.pcap","frame":7,"finding":{"slug":"refused","count":3,…}}
//	{"time":"…","sip_call":{"phone_mac":"…","phone_ip":"…","direction":"incoming",…}}
//	{"time":"…","silent_phone":{"phone_mac":"…","phone_ip":"…","account":"101",…}}
//	{"time":"…","capture_loss":{"interface":"eth1","since":"…","dropped":12}}
//	{"time":"…","capture_end":{}}
//	{"time":"…","sensor":"hq","sensor_alive":{}}

// findingFields are the keys of a finding of a request.
func findingFields() []field[finding.Finding] {
	type found = finding.Finding
	return []field[found]{
		{
			Column: Column{Name: "slug", Kind: KindText},
			value:  func(f *found) Value { return Text(f.Kind.String()) },
			read: func(rd *Reader, f *found) {
				f.Kind, rd.known = rd.kinds[rd.string()]
				f.Severity = f.Kind.Severity()
			},
		},
		{
			Column: Column{Name: "severity", Kind: KindText}, // where it is not that of the kind
			value: func(f *found) Value {
				if f.Severity == f.Kind.Severity() {
					return Value{}
				}
				return Text(f.Severity.String())
			},
			read: func(rd *Reader, f *found) {
				if s, ok := finding.SeverityOf(rd.string()); ok {
					f.Severity = s
				}
			},
		},
		brief("name", func(f *found) *string { return &f.Detail.Name }),
		brief("other", func(f *found) *string { return &f.Detail.Other }),
		brief("why", func(f *found) *string { return &f.Detail.Why }),
		figure("n", func(f *found) *int64 { return &f.Detail.N }),
		figure("m", func(f *found) *int64 { return &f.Detail.M }),
		addr(Column{Name: "addr"}, func(f *found) *netip.Addr { return &f.Detail.Addr }),
		addr(Column{Name: "from"}, func(f *found) *netip.Addr { return &f.Detail.From }),
	}
}

// foundFields are the keys of a finding that no single request has.
func foundFields() []field[finding.Occurrence] {
	type found = finding.Occurrence
	of := parts(findingFields(), func(o *found) *finding.Finding { return &o.Finding })
	return slices.Concat(of[:1], []field[found]{
		number(Column{Name: "count"}, func(o *found) *int { return &o.Times }),
		moment(Column{Name: "last_seen"}, func(o *found) *int64 { return &o.Last }),
		mac(Column{Name: "phone_mac"}, func(o *found) *packet.MAC { return &o.Phone.MAC }),
		addr(Column{Name: "phone_ip"}, func(o *found) *netip.Addr { return &o.Phone.Addr }),
		brief("phone_name", func(o *found) *string { return &o.Phone.Name }),
	}, of[1:])
}

// detailsValue is the findings of a record with their details.
func detailsValue(r *decode.Record) Value {
	if len(r.Findings) == 0 {
		return Value{}
	}
	return Value{kind: KindDetails, of: &r.Findings}
}

// A SavedCall is what SIP alone says of a call.
type SavedCall struct {
	PhoneMAC packet.MAC // zero where the phone is known by its address alone
	PhoneIP  netip.Addr // at the first event of the call
	SIP      *sip.Call  // what a timeline takes from it, and no more
}

// sipFields are the keys of what SIP alone says of a call.
func sipFields() []field[SavedCall] {
	type call = SavedCall
	return []field[call]{
		mac(Column{Name: "phone_mac"}, func(c *call) *packet.MAC { return &c.PhoneMAC }),
		addr(Column{Name: "phone_ip"}, func(c *call) *netip.Addr { return &c.PhoneIP }),
		brief("call_id", func(c *call) *string { return &c.SIP.ID }),
		oneOf(Column{Name: "direction"}, func(c *call) *actionurl.Direction { return &c.SIP.Direction }, actionurl.Undirected, actionurl.Outgoing, "direction"),
		oneOf(Column{Name: "state"}, func(c *call) *sip.State { return &c.SIP.State }, sip.Unheard, sip.Forwarded, "state of a call"),
		brief("local", func(c *call) *string { return &c.SIP.Local.User }),
		brief("remote", func(c *call) *string { return &c.SIP.Remote.User }),
		brief("display_remote", func(c *call) *string { return &c.SIP.Remote.Name }),
		moment(Column{Name: "started"}, func(c *call) *int64 { return &c.SIP.Started }),
		moment(Column{Name: "answered"}, func(c *call) *int64 { return &c.SIP.Answer }),
		moment(Column{Name: "ended"}, func(c *call) *int64 { return &c.SIP.Ended }),
		count(Column{Name: "holds"}, func(c *call) *int { return &c.SIP.Holds }),
		where(func(c *call) bool { return c.SIP.Held != 0 }, millis(Column{Name: "held_ms"}, func(c *call) *int64 { return &c.SIP.Held })),
		count(Column{Name: "transfers"}, func(c *call) *int { return &c.SIP.Referred }),
	}
}

// A SavedPhone is a phone that announced nothing.
type SavedPhone struct {
	MAC         packet.MAC
	IP          netip.Addr
	Account     string
	Sensor      string // empty for this machine
	First, Last int64  // nanoseconds since 1970-01-01 UTC
}

// silentFields are the keys of a phone that announced nothing.
func silentFields() []field[SavedPhone] {
	type phone = SavedPhone
	return []field[phone]{
		mac(Column{Name: "phone_mac"}, func(p *phone) *packet.MAC { return &p.MAC }),
		addr(Column{Name: "phone_ip"}, func(p *phone) *netip.Addr { return &p.IP }),
		brief("account", func(p *phone) *string { return &p.Account }),
		moment(Column{Name: "first_seen"}, func(p *phone) *int64 { return &p.First }),
		moment(Column{Name: "last_seen"}, func(p *phone) *int64 { return &p.Last }),
	}
}

// Finding writes a finding that no single request has. Its time is that of the
// first example, and is left out if that has none.
func (r *Rows[R]) Finding(o *finding.Occurrence) error {
	at := []member{{"time", momentOf(o.Time)}, {"sensor", Text(cmp.Or(r.sensor, o.Sensor))}, {"capture", Text(o.Capture)}, {"frame", Count(int64(o.Frame))}}
	return r.beside(at, "finding", members(foundFields(), o))
}

// SIPCall writes what SIP alone says of a call. Its time is that of the call's
// first event, by which, and by the phone, the call is known.
func (r *Rows[R]) SIPCall(c *timeline.Call) error {
	return r.beside(r.at(c.First), "sip_call", members(sipFields(), &SavedCall{c.Phone.MAC, c.Address, c.SIP}))
}

// SilentPhone writes a phone that announced nothing, at the end of the capture.
func (r *Rows[R]) SilentPhone(p *decode.Phone) error {
	s := SavedPhone{MAC: p.MAC, IP: p.Addresses[0], First: p.First, Last: p.Last}
	if len(p.Accounts) > 0 {
		s.Account = p.Accounts[0]
	}
	at := r.at(p.Last)
	if r.sensor == "" && len(p.Sensors) > 0 {
		at[1].value = Text(p.Sensors[0])
	}
	return r.beside(at, "silent_phone", members(silentFields(), &s))
}

// End writes the time that the capture had reached at its end.
func (r *Rows[R]) End(now int64) error {
	return r.beside(r.at(now), "capture_end", nil)
}

// at returns what says when and where something was that is no row.
func (r *Rows[R]) at(time int64) []member {
	return []member{{"time", Value{kind: KindTime, num: time}}, {"sensor", Text(r.sensor)}}
}

// A Loss is what a live capture lost in a span of time.
type Loss struct {
	Since, Time int64  // the span, in nanoseconds since 1970-01-01 UTC
	Interface   string // where it was lost; empty for what was lost after all of them
	Counts      []decode.LossCount
}

// Loss writes a loss, so that who reads the rows between since and time knows
// what is not there.
func (r *Rows[R]) Loss(l *Loss) error {
	if r.json == nil && r.besideColumn() < 0 {
		return nil
	}
	lost := []member{{"interface", Text(l.Interface)}, {"since", Value{kind: KindTime, num: l.Since}}}
	for _, c := range l.Counts {
		lost = append(lost, member{c.Key, Number(int64(c.N))})
	}
	if err := r.beside(r.at(l.Time), "capture_loss", lost); err != nil {
		return err
	}
	return r.Sink.Flush()
}

// A member is a value of a JSON object with its key.
type member struct {
	key   string
	value Value
}

// members returns the values of fields with their keys.
func members[R any](fields []field[R], of *R) []member {
	all := make([]member, len(fields))
	for i := range fields {
		all[i] = member{fields[i].Name, fields[i].value(of)}
	}
	return all
}

// The columns of a format that has no objects: of what is no row, line is the key
// that says what it is, and beside the object. A request has neither.
const (
	lineColumn   = "line"
	besideColumn = "beside"
)

// inColumns returns the fields of a saved record for a format that has no objects.
func inColumns(fields []field[decode.Record]) []field[decode.Record] {
	j := newNDJSON(io.Discard, nil)
	for i := range fields {
		if of := fields[i].value; fields[i].Kind == KindDetails {
			fields[i].Kind = KindJSON
			fields[i].value = func(r *decode.Record) Value {
				v := of(r)
				if v.kind == Absent {
					return v
				}
				return jsonOf(j.value(nil, v))
			}
		}
	}
	nothing := func(*decode.Record) Value { return Value{} }
	return append(fields,
		field[decode.Record]{Column: Column{Name: lineColumn, Kind: KindText, Shared: true}, value: nothing},
		field[decode.Record]{Column: Column{Name: besideColumn, Kind: KindJSON}, value: nothing})
}

func jsonOf(b []byte) Value {
	s := string(b)
	return Value{kind: KindJSON, of: &s}
}

// besideColumn returns which column has what is no row, -1 for none.
func (r *Rows[R]) besideColumn() int {
	return slices.IndexFunc(r.fields, func(f field[R]) bool { return f.Name == besideColumn })
}

// beside writes an object that is no row, where the format has a place for it:
// members that say where it belongs, and one more with what it says.
func (r *Rows[R]) beside(at []member, key string, says []member) error {
	if r.json != nil {
		return r.json.beside(at, key, says)
	}
	place := r.besideColumn()
	if place < 0 {
		return nil
	}
	clear(r.row)
	for i := range r.fields {
		for _, m := range at {
			if m.key == r.fields[i].Name {
				r.row[i] = m.value
			}
		}
		if r.fields[i].Name == lineColumn {
			r.row[i] = Text(key)
		}
	}
	r.row[place] = jsonOf(enclose(newNDJSON(io.Discard, nil).members(nil, says), 0))
	return r.Row(r.row)
}

// beside writes an object that is no row: members that say where it belongs,
// and one more with what it says.
func (j *ndjson) beside(at []member, key string, says []member) error {
	line := j.members(j.buf, at)
	line = append(append(append(line, `,"`...), key...), `":`...)
	from := len(line)
	return j.end(enclose(j.members(line, says), from))
}

// details adds findings to a line, as an array of objects.
func (j *ndjson) details(line []byte, found []finding.Finding) []byte {
	before := len(line)
	for i := range found {
		line = append(line, ',')
		from := len(line)
		line = enclose(j.members(line, members(j.found, &found[i])), from)
	}
	line[before] = '['
	return append(line, ']')
}

// members adds members to a line.
func (j *ndjson) members(line []byte, all []member) []byte {
	for _, m := range all {
		if m.value.kind != Absent {
			line = j.value(append(line, `,"`+m.key+`":`...), m.value)
		}
	}
	return line
}

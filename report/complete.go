package report

import (
	"actionurl/decode/finding"
	"actionurl/decode/timeline"
)

// What saved requests lack to be shown as their capture would be stands beside
// them in NDJSON, as objects of their own: a time, and then one key that says
// what the object is. In other formats there is no place for it.
//
//	{"time":"…","capture":"a.pcap","frame":7,"finding":{"slug":"refused","count":3,…}}
//	{"time":"…","sip_call":{"phone_mac":"…","phone_ip":"…","direction":"incoming",…}}
//	{"time":"…","capture_end":{}}

// Finding writes a finding that is of no single request. Its time is that of the
// first example, and is left out if that has none.
func (r *Rows[R]) Finding(o *finding.Occurrence) error {
	if r.json == nil {
		return nil
	}
	at := []member{{"time", momentOf(o.Time)}, {"capture", Text(o.Capture)}, {"frame", countValue(o.Frame)}}
	return r.json.beside(at, "finding", []member{
		{"slug", Text(o.Kind.String())}, {"count", Number(int64(o.Times))}, {"last_seen", momentOf(o.Last)},
		{"phone_mac", Text(o.Phone.MAC)}, {"phone_ip", addressOf(&o.Phone.Addr)}, {"phone_name", Text(o.Phone.Name)},
		{"name", Text(o.Detail.Name)}, {"other", Text(o.Detail.Other)},
	})
}

// SIPCall writes what SIP alone tells of a call. Its time is that of the call's
// first event, by which, and by the phone, the call is known.
func (r *Rows[R]) SIPCall(c *timeline.Call) error {
	if r.json == nil {
		return nil
	}
	s := c.SIP
	return r.json.beside([]member{{"time", Value{kind: instant, num: c.First}}}, "sip_call", []member{
		{"phone_mac", Text(c.Phone.MAC)}, {"phone_ip", addressOf(&c.Address)},
		{"call_id", Text(s.ID)}, {"direction", Text(s.Direction.String())}, {"state", Text(s.State.String())},
		{"local", Text(s.Local.User)}, {"remote", Text(s.Remote.User)}, {"display_remote", Text(s.Remote.Name)},
		{"started", momentOf(s.Started)}, {"answered", momentOf(s.Answer)}, {"ended", momentOf(s.Ended)},
		{"holds", countValue(s.Holds)}, {"held_ms", millisOf(s.Held)}, {"transfers", countValue(s.Referred)},
	})
}

// End writes the time that the capture had reached in its end.
func (r *Rows[R]) End(now int64) error {
	if r.json == nil {
		return nil
	}
	return r.json.beside([]member{{"time", Value{kind: instant, num: now}}}, "capture_end", nil)
}

// millisOf returns a time span, or nothing if it is 0.
func millisOf(ns int64) Value {
	if ns == 0 {
		return Value{}
	}
	return Value{kind: millis, num: ns}
}

// A member is a value of a JSON object with its key.
type member struct {
	key   string
	value Value
}

// beside writes an object that is no row: members that say where it belongs,
// and one more with what it says.
func (j *ndjson) beside(at []member, key string, says []member) error {
	line := j.members(j.buf, at)
	line = append(append(append(line, `,"`...), key...), `":`...)
	from := len(line)
	return j.end(object(j.members(line, says), from))
}

// members adds members to a line.
func (j *ndjson) members(line []byte, all []member) []byte {
	for _, m := range all {
		if m.value.kind != absent {
			line = j.value(append(line, `,"`+m.key+`":`...), m.value)
		}
	}
	return line
}

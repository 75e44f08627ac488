package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/timeline"
)

// NewCalls returns Rows that write calls to w in the format of o.
func NewCalls(w io.Writer, o Options) (*Rows[decode.Call], error) {
	v := callView()
	if o.Grouped {
		v.people = "group," + v.people
	}
	return newRows(w, o, v)
}

// callView is the view of decode.Call.
func callView() *view[decode.Call] {
	type call = decode.Call
	return &view[call]{
		people: "time,phone,direction,remote,state,ring_s,talk_s,hold_s,events,findings",
		keys: []field[call]{
			{Column: Column{Name: "time", Kind: KindTime, width: 12}, value: func(c *call) Value { return Value{kind: KindTime, num: c.First} }},
			sensor(func(c *call) *string { return &c.Sensor }),
			{Column: Column{Name: "phone_mac", Kind: KindMAC, width: 17}, value: func(c *call) Value { return macOf(&c.Phone.MAC) }},
			{Column: Column{Name: "phone_ip", Kind: KindAddr, width: 9, typical: 15}, value: func(c *call) Value { return addressOf(&c.Address) }},
			{Column: Column{Name: "phone_name", Kind: KindText, width: 10}, value: func(c *call) Value { return Text(c.Phone.Name) }},
			{Column: Column{Name: "direction", Kind: KindText, width: 9, rank: 6}, value: func(c *call) Value { return Text(c.Direction.String()) }},
			{Column: Column{Name: "local", Kind: KindText, width: 10}, value: func(c *call) Value { return Text(c.Local) }},
			{Column: Column{Name: "remote", Kind: KindText, width: 13, typical: 25}, value: func(c *call) Value { return Text(c.Remote) }, shown: numberAndName},
			{Column: Column{Name: "display_remote", Kind: KindText, width: 12}, value: func(c *call) Value { return Text(c.DisplayRemote) }},
			{Column: Column{Name: "state", Kind: KindText, width: 8, typical: 10}, value: func(c *call) Value { return Text(string(c.State())) }},
			{Column: Column{Name: "ring_s", Kind: KindSeconds, width: 6, right: true, rank: 4}, value: func(c *call) Value { return secondsOf(c.Ring()) }},
			{Column: Column{Name: "talk_s", Kind: KindSeconds, width: 6, right: true, rank: 3}, value: func(c *call) Value { return secondsOf(c.Talk()) }},
			{Column: Column{Name: "hold_s", Kind: KindSeconds, width: 6, right: true, rank: 5}, value: func(c *call) Value { return secondsOf(c.Hold()) }},
			{Column: Column{Name: "holds", Kind: KindNumber, width: 5, right: true}, value: func(c *call) Value { return Number(int64(c.Holds)) }},
			{Column: Column{Name: "duration_s", Kind: KindNumber, width: 10, right: true}, value: saidValue},
			{Column: Column{Name: "group", Kind: KindNumber, width: 5, right: true}, value: groupValue},
			{Column: Column{Name: "call_id", Kind: KindText, width: 12}, value: func(c *call) Value { return Text(c.ID) }},
			{Column: Column{Name: "key", Kind: KindText, width: 7}, value: func(c *call) Value { return Text(c.Key()) }},
			{Column: Column{Name: "events", Kind: KindTexts, width: 22, typical: 40, rank: 1}, value: slugsOf, shown: stepsLine},
			{Column: Column{Name: "transfers", Kind: KindNumber, width: 9, right: true}, value: func(c *call) Value { return Number(int64(c.Transfers)) }},
			{Column: Column{Name: "sip", Kind: KindTexts, width: 8}, value: sipValue},
			{Column: Column{Name: "findings", Kind: KindFindings, width: 8, rank: 2, optional: true}, value: func(c *call) Value { return setValue(c.Findings) }},
		},
		composed: []field[call]{
			{Column: Column{Name: "phone", Kind: KindText, width: 17, identity: true}, value: func(c *call) Value { return nameOf(c.Phone) }},
		},
	}
}

// nameOf is the phone's name, or else its MAC address, or else its latest IP address.
func nameOf(p *timeline.Phone) Value {
	switch {
	case p.Name != "":
		return Text(p.Name)
	case !p.MAC.IsZero():
		return macOf(&p.MAC)
	case len(p.Addresses) == 0:
		return Value{}
	}
	return addressOf(&p.Addresses[len(p.Addresses)-1])
}

func numberAndName(c *decode.Call) Value {
	return Text(strings.TrimSpace(c.Remote + " " + c.DisplayRemote))
}

// saidValue is the talk time that the phone sent.
func saidValue(c *decode.Call) Value {
	if c.Duration < 0 {
		return Value{}
	}
	return Number(int64(c.Duration))
}

// groupValue is the number of the call's group, where calls are grouped.
func groupValue(c *decode.Call) Value {
	if c.Group == 0 {
		return Value{}
	}
	return Number(int64(c.Group))
}

// sipValue is the columns that SIP added to.
func sipValue(c *decode.Call) Value {
	names := make([]string, len(c.FromSIP))
	for i, p := range c.FromSIP {
		names[i] = sipColumn(p)
	}
	return List(names)
}

// sipColumn returns the name of the column that shows a part of a call.
func sipColumn(p timeline.Part) string {
	switch p {
	case timeline.DirectionPart:
		return "direction"
	case timeline.LocalPart:
		return "local"
	case timeline.RemotePart:
		return "remote"
	case timeline.DisplayRemotePart:
		return "display_remote"
	case timeline.StatePart:
		return "state"
	case timeline.RingPart:
		return "ring_s"
	case timeline.TalkPart:
		return "talk_s"
	case timeline.HoldPart:
		return "hold_s"
	case timeline.HoldsPart:
		return "holds"
	case timeline.IDPart:
		return "call_id"
	}
	return "transfers"
}

func slugsOf(c *decode.Call) Value {
	slugs := make([]string, len(c.Steps))
	for i, s := range c.Steps {
		slugs[i] = s.Kind.Slug
	}
	return List(slugs)
}

// stepsLine says what happened, with the times between.
func stepsLine(c *decode.Call) Value {
	var line []byte
	for i, s := range c.Steps {
		if i > 0 {
			line = append(line, ' ')
			line = appendSpan(line, max(0, time.Duration(s.Time-c.Steps[i-1].Time)))
			line = append(line, ' ')
		}
		name := strings.TrimSuffix(s.Kind.Slug, "_call")
		if s.Kind == actionurl.Unknown {
			name = "?"
		}
		line = append(line, name...)
	}
	return Text(string(line))
}

// appendSpan renders a time between two events: 2.1s, 3m12s, 1h04m.
func appendSpan(dst []byte, d time.Duration) []byte {
	switch {
	case d < time.Minute-50*time.Millisecond:
		return fmt.Appendf(dst, "%.1fs", d.Seconds())
	case d < time.Hour-500*time.Millisecond:
		d = d.Round(time.Second)
		return fmt.Appendf(dst, "%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	d = d.Round(time.Minute)
	return fmt.Appendf(dst, "%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

package report

import (
	"io"

	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/timeline"
)

// NewPhones returns Rows that write phones to w in the format of o.
func NewPhones(w io.Writer, o Options) (*Rows[timeline.Phone], error) {
	return newRows(w, o, phoneView())
}

// phoneView is the view of timeline.Phone.
func phoneView() *view[timeline.Phone] {
	type phone = timeline.Phone
	return &view[phone]{
		people: "phone,phone_ip,vendor,phone_product,accounts,registered,dnd,forward,off_hook,calls,events,failures,last_seen,findings",
		keys: []field[phone]{
			{Column: Column{Name: "phone_mac", width: 17}, value: func(p *phone) Value { return Text(p.MAC) }},
			{Column: Column{Name: "phone_ip", width: 13, typical: 15}, value: func(p *phone) Value { return addressesOf(&p.Addresses) }},
			{Column: Column{Name: "phone_name", width: 10}, value: func(p *phone) Value { return Text(p.Name) }},
			{Column: Column{Name: "phone_product", width: 8, rank: 6}, value: func(p *phone) Value { return Text(p.Product) }},
			{Column: Column{Name: "phone_version", width: 8}, value: func(p *phone) Value { return Text(p.Version) }},
			{Column: Column{Name: "vendor", width: 8, rank: 5}, value: func(p *phone) Value { return Text(p.Vendor.Title()) }},
			{Column: Column{Name: "identified", width: 10}, value: func(p *phone) Value { return Text(string(p.Known)) }},
			{Column: Column{Name: "accounts", width: 8, rank: 4}, value: func(p *phone) Value { return listOf(&p.Accounts) }},
			{Column: Column{Name: "registered", width: 10}, value: func(p *phone) Value { return switchValue(p.Switches[actionurl.Registration]) }},
			{Column: Column{Name: "dnd", width: 3}, value: func(p *phone) Value { return switchValue(p.Switches[actionurl.DND]) }},
			{Column: Column{Name: "forward", width: 7, rank: 1}, value: func(p *phone) Value { return switchValue(p.Switches.Forwarding()) }},
			{Column: Column{Name: "off_hook", width: 8, rank: 2}, value: func(p *phone) Value { return switchValue(p.Switches[actionurl.OffHook]) }},
			{Column: Column{Name: "calls", width: 5, right: true}, value: func(p *phone) Value { return Number(int64(p.Calls)) }},
			{Column: Column{Name: "events", width: 6, right: true}, value: func(p *phone) Value { return Number(int64(p.Events)) }},
			{Column: Column{Name: "failures", width: 8, right: true}, value: func(p *phone) Value { return Number(int64(p.Failures)) }},
			{Column: Column{Name: "first_seen", width: 20}, value: func(p *phone) Value { return Value{kind: KindMoment, num: p.First} }},
			{Column: Column{Name: "last_seen", width: 20, rank: 3}, value: func(p *phone) Value { return Value{kind: KindMoment, num: p.Last} }},
			{Column: Column{Name: "findings", width: 8, optional: true}, value: func(p *phone) Value { return setValue(finding.Set(p.Findings)) }},
		},
		composed: []field[phone]{
			{Column: Column{Name: "phone", width: 17}, value: nameOf},
		},
	}
}

func switchValue(s actionurl.Position) Value {
	switch s {
	case actionurl.On:
		return Value{kind: KindBool, num: 1}
	case actionurl.Off:
		return Value{kind: KindBool}
	}
	return Value{}
}

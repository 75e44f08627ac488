package report

import (
	"io"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
)

// NewPhones returns Rows that write phones to w in the format of o.
func NewPhones(w io.Writer, o Options) (*Rows[decode.Phone], error) {
	return newRows(w, o, phoneView())
}

// phoneView is the view of decode.Phone.
func phoneView() *view[decode.Phone] {
	type phone = decode.Phone
	return &view[phone]{
		people: "phone,phone_ip,vendor,phone_product,accounts,registered,dnd,forward,off_hook,calls,events,failures,last_seen,findings",
		keys: []field[phone]{
			{Column: Column{Name: "phone_mac", Kind: KindMAC, width: 17}, value: func(p *phone) Value { return macOf(&p.MAC) }},
			{Column: Column{Name: "phone_ip", Kind: KindAddrs, width: 13, typical: 15}, value: func(p *phone) Value { return addressesOf(&p.Addresses) }},
			{Column: Column{Name: "phone_name", Kind: KindText, width: 10}, value: func(p *phone) Value { return Text(p.Name) }},
			sensors(func(p *phone) *capture.Sensors { return &p.Sensors }),
			{Column: Column{Name: "phone_product", Kind: KindText, width: 8, rank: 10}, value: func(p *phone) Value { return Text(p.Product) }},
			{Column: Column{Name: "phone_version", Kind: KindText, width: 8}, value: func(p *phone) Value { return Text(p.Version) }},
			{Column: Column{Name: "vendor", Kind: KindText, width: 8, rank: 9}, value: func(p *phone) Value { return Text(p.Vendor.Title()) }},
			{Column: Column{Name: "identified", Kind: KindText, width: 10}, value: func(p *phone) Value { return Text(string(p.Known)) }},
			{Column: Column{Name: "accounts", Kind: KindTexts, width: 8, rank: 8}, value: func(p *phone) Value { return listOf(&p.Accounts) }},
			{Column: Column{Name: "registered", Kind: KindBool, width: 10, rank: 3}, value: func(p *phone) Value { return switchValue(p.Switches[actionurl.Registration]) }},
			{Column: Column{Name: "dnd", Kind: KindBool, width: 3, rank: 4}, value: func(p *phone) Value { return switchValue(p.Switches[actionurl.DND]) }},
			{Column: Column{Name: "forward", Kind: KindBool, width: 7, rank: 5}, value: func(p *phone) Value { return switchValue(p.Switches.Forwarding()) }},
			{Column: Column{Name: "off_hook", Kind: KindBool, width: 8, rank: 6}, value: func(p *phone) Value { return switchValue(p.Switches[actionurl.OffHook]) }},
			{Column: Column{Name: "calls", Kind: KindNumber, width: 5, right: true, rank: 2}, value: func(p *phone) Value { return Number(int64(p.Calls)) }},
			{Column: Column{Name: "events", Kind: KindNumber, width: 6, right: true}, value: func(p *phone) Value { return Number(int64(p.Events)) }},
			{Column: Column{Name: "failures", Kind: KindNumber, width: 8, right: true}, value: func(p *phone) Value { return Number(int64(p.Failures)) }},
			{Column: Column{Name: "first_seen", Kind: KindMoment, width: 20}, value: func(p *phone) Value { return Value{kind: KindMoment, num: p.First} }},
			{Column: Column{Name: "last_seen", Kind: KindMoment, width: 20, rank: 7}, value: func(p *phone) Value { return Value{kind: KindMoment, num: p.Last} }},
			{Column: Column{Name: "findings", Kind: KindFindings, width: 8, rank: 1, optional: true}, value: func(p *phone) Value { return setValue(p.Findings) }},
		},
		composed: []field[phone]{
			{Column: Column{Name: "phone", Kind: KindText, width: 17, identity: true}, value: func(p *phone) Value { return nameOf(p.Phone) }},
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

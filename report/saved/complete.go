package saved

import (
	"math"
	"strings"

	"actionurl/decode/sip"
)

// maxText bounds each text of what is wrong, and of a call, in bytes: those of
// 65,536 calls take 64 MiB. What is longer was not saved so, and is cut.
const maxText = 256

// kept returns a copy of a text, cut to what is kept.
func kept(s string) string { return strings.Clone(s[:min(len(s), maxText)]) }

// found reads what is wrong, and reports whether it is known what that is. The
// rows of the view findings have a slug under this key, and are no such lines.
func (r *Reader) found(d *decoder, rec *Record) (known bool) {
	if d.peek() != '{' {
		d.skip()
		return true
	}
	rec.Kind = Found
	f := &rec.Found
	f.Times = 1
	d.open('{')
	for d.more('}') {
		switch d.key() {
		case "slug":
			f.Kind, known = r.kinds[d.string()]
		case "count":
			f.Times = int(d.integer(math.MaxInt32))
		case "last_seen":
			f.Last = r.time(d)
		case "phone_mac":
			f.Phone.MAC = kept(d.string())
		case "phone_ip":
			f.Phone.Addr = d.address()
		case "phone_name":
			f.Phone.Name = kept(d.string())
		case "name":
			f.Detail.Name = kept(d.string())
		case "other":
			f.Detail.Other = kept(d.string())
		default:
			d.skip()
		}
	}
	return known
}

// call reads what SIP alone tells of a call.
func (r *Reader) call(d *decoder, rec *Record) {
	rec.Kind = SIPCall
	c, s := &rec.Call, new(sip.Call)
	c.SIP = s
	d.open('{')
	for d.more('}') {
		switch d.key() {
		case "phone_mac":
			c.PhoneMAC = kept(d.string())
		case "phone_ip":
			c.PhoneIP = d.address()
		case "call_id":
			s.ID = kept(d.string())
		case "direction":
			s.Direction = wordOf(d, sip.Unknown, sip.Outgoing, "direction")
		case "state":
			s.State = wordOf(d, sip.Unheard, sip.Forwarded, "state of a call")
		case "local":
			s.Local.User = kept(d.string())
		case "remote":
			s.Remote.User = kept(d.string())
		case "display_remote":
			s.Remote.Name = kept(d.string())
		case "started":
			s.Started = r.time(d)
		case "answered":
			s.Answer = r.time(d)
		case "ended":
			s.Ended = r.time(d)
		case "holds":
			s.Holds = int(d.integer(math.MaxInt32))
		case "held_ms":
			s.Held = d.millis()
		case "transfers":
			s.Referred = int(d.integer(math.MaxInt32))
		default:
			d.skip()
		}
	}
}

// wordOf reads one of the values from first to last, by its name.
func wordOf[T interface {
	~uint8
	String() string
}](d *decoder, first, last T, what string) T {
	s := d.string()
	for v := first; v <= last; v++ {
		if v.String() == s {
			return v
		}
	}
	d.fail("%q is no %s", s, what)
	return first
}

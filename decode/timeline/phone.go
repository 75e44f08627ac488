package timeline

import (
	"iter"
	"net/netip"
	"slices"
	"strings"
	"unsafe"

	"actionurl/capture"
	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/vendor"
)

// What is kept of one phone has bounds, too.
const (
	maxAddresses = 8 // the latest ones
	maxAccounts  = 8 // the first ones
	maxOpen      = 64
)

// A Phone is what a phone announced of itself. What every event touches comes
// first, so that it lies together in memory.
type Phone struct {
	ID   phone.ID
	MAC  packet.MAC // zero if not known
	open []ref      // its calls that are not closed, in the order of their first events
	few  [2]ref     // what open is of, while there are no more

	Events   int
	Failures int   // events that were not answered by a status of 2xx
	Last     int64 // when it was heard of last, in nanoseconds since 1970-01-01 UTC

	address  netip.Addr // the latest
	account  uint32     // hash of the latest
	handles  bool       // its call ids are its own numbers of calls, which other phones have, too
	hookEnds bool       // nothing but on_hook announces that a call is over

	Switches actionurl.Switches

	Known   phone.Evidence
	Product string
	Version string

	Addresses []netip.Addr   // that it had, the latest last; at most maxAddresses
	Name      string         // what the user calls it
	Vendor    *vendor.Vendor // nil if not known
	Accounts  []string       // at most maxAccounts
	Calls     int
	First     int64 // when it was heard of first
	Sensors   capture.Sensors
}

// A ref is a call of a phone, with what events are matched by.
type ref struct {
	id     uint64 // hash of its call id; 0 for none
	call   *Call
	remote uint32 // hash of the other side's number; 0 for none
	own    uint32 // hash of the phone's account or number; 0 for none
}

// Open returns the calls that are not closed, in the order of their first events.
func (p *Phone) Open() iter.Seq[*Call] {
	return func(yield func(*Call) bool) {
		for i := range p.open {
			if !yield(p.open[i].call) {
				return
			}
		}
	}
}

// heard updates a phone by one of its events.
func (t *Timeline) heard(p *Phone, x *httpwire.Exchange, e *actionurl.Event) {
	p.Events++
	p.Last = x.Time
	p.Sensors.Add(x.Interface.Sensor)
	if x.Status/100 != 2 {
		p.Failures++
	}
	if e.PhoneKnown != p.Known && e.PhoneKnown.Beats(p.Known) {
		p.Known = e.PhoneKnown
	}
	if p.MAC.IsZero() && !e.PhoneMAC.IsZero() {
		p.MAC = e.PhoneMAC
		if e.PhoneVendor != nil {
			p.made(e.PhoneVendor)
		}
	}
	if p.address != e.PhoneIP {
		t.moved(p, e.PhoneIP)
	}
	if e.PhoneName != "" {
		p.Name = e.PhoneName
	}
	t.update(&p.Product, e.PhoneProduct)
	t.update(&p.Version, e.PhoneVersion)
	if p.Vendor == nil && e.PhoneVendor != nil {
		p.made(e.PhoneVendor)
	}
	p.Switches.Turn(e.Kind)
}

// made notes who made the phone, and what is particular to what they make.
func (p *Phone) made(v *vendor.Vendor) {
	p.Vendor, p.handles, p.hookEnds = v, v.OwnCallIDs, v.EndsOnHook
}

// moved notes the address that the phone has now.
func (t *Timeline) moved(p *Phone, a netip.Addr) {
	const size = 2 * int(unsafe.Sizeof(a)) // with room to grow
	p.address = a
	switch i := slices.Index(p.Addresses, a); {
	case i >= 0:
		p.Addresses = slices.Delete(p.Addresses, i, i+1)
	case len(p.Addresses) == 0:
	case len(p.Addresses) == maxAddresses || t.own+size > maxOwn:
		p.Addresses = slices.Delete(p.Addresses, 0, 1)
	default:
		t.own += size
	}
	p.Addresses = append(p.Addresses, a)
}

// update replaces a text that many phones have in common by a later one.
func (t *Timeline) update(to *string, s string) {
	if s = s[:min(len(s), maxText)]; s == "" || *to == s {
		return
	}
	if _, shared := t.common[*to]; !shared {
		t.own -= len(*to)
	}
	known, ok := t.common[s]
	switch {
	case ok:
	case len(t.common) < maxCommon:
		known = strings.Clone(s)
		t.common[known] = known
	default:
		known = t.ownText(s)
	}
	*to = known
}

// ownText returns a copy of a text for a phone alone, empty if there are too many.
func (t *Timeline) ownText(s string) string {
	if t.own+len(s) > maxOwn {
		return ""
	}
	t.own += len(s)
	return strings.Clone(s)
}

// account notes an account of a phone.
func (t *Timeline) account(p *Phone, name string) {
	hash := uint32(t.hash(name))
	if hash == p.account || name == "" {
		return
	}
	p.account = hash
	if len(name) > maxText || len(p.Accounts) == maxAccounts || slices.Contains(p.Accounts, name) {
		return
	}
	const size = 2 * int(unsafe.Sizeof(name))
	if own := t.ownText(name); own != "" {
		p.Accounts = append(p.Accounts, own)
		t.own += size
	}
}

package actionurl

import (
	"fmt"
	"net/netip"

	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
)

// maxPhones bounds the addresses that are remembered as those of phones, the
// senders of frames, and the MAC addresses whose text is kept: 65,536 of each,
// of about 160, 100 and 60 bytes; 20 MiB. The ones beyond are not remembered.
const maxPhones = 64 << 10

// moveTime is how long, in nanoseconds of capture time, an address must not
// have been heard of to be another phone's now, as DHCP gives them out. If two
// phones are heard of within it, they share the address.
const moveTime = 600e9

// phones tells which phone a request comes from.
type phones struct {
	vendors   map[[3]byte]struct{}    // the first bytes of phones' MAC addresses
	told      map[packet.MAC]struct{} // of phones that templates are bound to
	addresses map[netip.Addr]*learnt
	senders   map[packet.MAC]*sender
	names     map[packet.MAC]string // as text
}

// A sender is a source address of frames.
type sender struct {
	mac     string     // empty if it is no phone's
	address netip.Addr // that its requests come from
	last    int64      // when the latest did, in nanoseconds since 1970-01-01 UTC
}

// A learnt is what earlier requests told of an address.
type learnt struct {
	mac     string // of the phone that has it; empty if not known
	last    int64  // when it was heard of, in nanoseconds since 1970-01-01 UTC
	several bool   // phones share it: it says nothing about which one it is
}

func newPhones() *phones {
	p := &phones{
		vendors: map[[3]byte]struct{}{}, told: map[packet.MAC]struct{}{}, names: map[packet.MAC]string{},
		addresses: map[netip.Addr]*learnt{}, senders: map[packet.MAC]*sender{},
	}
	for _, v := range Vendors() {
		for _, oui := range v.OUIs {
			var b [3]byte
			if _, err := fmt.Sscanf(oui, "%x:%x:%x", &b[0], &b[1], &b[2]); err == nil {
				p.vendors[b] = struct{}{}
			}
		}
	}
	return p
}

// known notes the MAC address of a phone that templates are bound to.
func (p *phones) known(mac string) {
	if m, ok := parseMAC(mac); ok {
		p.told[m] = struct{}{}
	}
}

// name returns a MAC address as text, the same each time.
func (p *phones) name(mac packet.MAC) string {
	name, ok := p.names[mac]
	if !ok {
		name = mac.String()
		if len(p.names) < maxPhones {
			p.names[mac] = name
		}
	}
	return name
}

// of returns the MAC address of the phone that sent a request, empty if it
// cannot be told: by the URL, the user agent, the frame, or the address.
func (p *phones) of(x *httpwire.Exchange, url string, agent *agent) (mac string, by Evidence) {
	switch {
	case url != "":
		return url, InURL
	case agent.mac != "":
		return agent.mac, InAgent
	}
	if mac := p.sender(x); mac != "" {
		return mac, InFrame
	}
	if l := p.addresses[x.Client.Addr()]; l != nil {
		return l.mac, InAddress
	}
	return "", InAddress
}

// other returns a phone's MAC address that contradicts the one in the URL, empty
// for none: the user agent's, or the frame's where templates are bound to it.
// Without these, the frame's may be a router's of a phone's vendor.
func (p *phones) other(x *httpwire.Exchange, url string, agent *agent) string {
	if agent.mac != "" {
		if agent.mac != url {
			return agent.mac
		}
		return ""
	}
	if _, told := p.told[x.Source]; !told {
		return ""
	}
	if mac := p.sender(x); mac != url {
		return mac
	}
	return ""
}

// sender returns the source address of a request's frame, if it is a phone's.
// Beyond a router it is the router's, which may be of a phone's vendor; a
// router's frames have several addresses.
func (p *phones) sender(x *httpwire.Exchange) string {
	f := p.senders[x.Source]
	if f == nil {
		f = &sender{mac: p.phone(x.Source), address: x.Client.Addr(), last: x.Time}
		if len(p.senders) < maxPhones {
			p.senders[x.Source] = f
		}
	}
	if a := x.Client.Addr(); a != f.address && a.Is4() == f.address.Is4() {
		if x.Time-f.last < moveTime {
			f.mac = ""
		}
		f.address = a
	}
	f.last = x.Time
	return f.mac
}

// phone returns a MAC address, empty if it is not of a phone's vendor, nor one
// that templates are bound to.
func (p *phones) phone(source packet.MAC) string {
	_, known := p.vendors[[3]byte(source[:3])]
	if _, told := p.told[source]; !known && !told {
		return ""
	}
	return p.name(source)
}

// is reports whether a request comes from a phone, as far as its frame or its
// address tells.
func (p *phones) is(x *httpwire.Exchange) bool {
	_, learnt := p.addresses[x.Client.Addr()]
	return learnt || p.sender(x) != ""
}

// remember takes an address for that of a phone, at a time. When another phone
// announces itself from it after a while, the address has moved; at once, both
// are behind a translator of addresses.
func (p *phones) remember(address netip.Addr, mac string, now int64) {
	l := p.addresses[address]
	if l == nil {
		if len(p.addresses) >= maxPhones {
			return
		}
		l = new(learnt)
		p.addresses[address] = l
	}
	switch {
	case mac == "" || mac == l.mac || l.several:
	case l.mac != "" && now-l.last < moveTime:
		*l = learnt{several: true}
	default:
		l.mac = mac
	}
	l.last = now
}

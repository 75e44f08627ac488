package actionurl

import (
	"net/netip"

	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/vendor"
)

// maxPhones bounds the addresses that are remembered as those of phones, and
// the senders of frames: 65,536 of each, of about 180 and 100 bytes; 18 MiB. The
// ones beyond are not remembered.
const maxPhones = 64 << 10

// moveTime is how long, in nanoseconds of capture time, an address must not
// have been heard of to be another phone's now, as DHCP gives them out. If two
// phones are heard of within it, they share the address.
const moveTime = 600e9

// phones tells which phone a request comes from.
type phones struct {
	told      map[packet.MAC]struct{} // of phones that templates are bound to
	addresses map[netip.Addr]*learnt
	senders   map[packet.MAC]*sender
}

// A sender is a source address of frames.
type sender struct {
	mac     packet.MAC // zero if it is no phone's
	address netip.Addr // that its requests come from
	last    int64      // when the latest did, in nanoseconds since 1970-01-01 UTC
}

// A learnt is what earlier requests told of an address. It is small, as each
// request looks at one of many.
type learnt struct {
	agent   agent      // that the latest request from there had
	mac     packet.MAC // of the phone that has it; zero if not known
	several bool       // phones share it: it says nothing about which one it is
	last    int64      // when it was heard of, in nanoseconds since 1970-01-01 UTC
	state   any        // see Event.State
}

func newPhones() *phones {
	return &phones{
		told: map[packet.MAC]struct{}{}, addresses: map[netip.Addr]*learnt{}, senders: map[packet.MAC]*sender{},
	}
}

// known notes the MAC address of a phone that templates are bound to.
func (p *phones) known(mac packet.MAC) {
	if !mac.IsZero() {
		p.told[mac] = struct{}{}
	}
}

// of returns the MAC address of the phone that sent a request, zero if it
// cannot be told: by the URL, the user agent, the frame, or the address.
func (p *phones) of(x *httpwire.Exchange, url packet.MAC, agent *agent, at *learnt) (mac packet.MAC, by Evidence) {
	none := packet.MAC{}
	switch {
	case url != none:
		return url, InURL
	case agent.MAC != none:
		return agent.MAC, InAgent
	}
	if mac := p.sender(x); mac != none {
		return mac, InFrame
	}
	if at != nil {
		return at.mac, InAddress
	}
	return none, InAddress
}

// other returns a phone's MAC address that contradicts the one in the URL, zero
// for none: the user agent's, or the frame's where templates are bound to it.
// Without these, the frame's may be a router's of a phone's vendor.
func (p *phones) other(x *httpwire.Exchange, url packet.MAC, agent *agent) packet.MAC {
	mac := agent.MAC
	if mac == (packet.MAC{}) {
		if _, told := p.told[x.Source]; told {
			mac = p.sender(x)
		}
	}
	if mac == url {
		return packet.MAC{}
	}
	return mac
}

// sender returns the source address of a request's frame, if it is a phone's.
// Beyond a router it is the router's, which may be of a phone's vendor; a
// router's frames have several addresses.
func (p *phones) sender(x *httpwire.Exchange) packet.MAC {
	f := p.senders[x.Source]
	if f == nil {
		f = &sender{mac: p.phone(x.Source), address: x.Client.Addr(), last: x.Time}
		if len(p.senders) < maxPhones {
			p.senders[x.Source] = f
		}
	}
	if a := x.Client.Addr(); a != f.address && a.Is4() == f.address.Is4() {
		if x.Time-f.last < moveTime {
			f.mac = packet.MAC{}
		}
		f.address = a
	}
	f.last = x.Time
	return f.mac
}

// phone returns a MAC address, zero if it is not of a phone's vendor, nor one
// that templates are bound to.
func (p *phones) phone(source packet.MAC) packet.MAC {
	_, told := p.told[source]
	if v := vendor.Of(source); told || v != nil && !v.Silent {
		return source
	}
	return packet.MAC{}
}

// remember takes an address, of which at is what is known, for that of a phone,
// at a time. When another phone announces itself from it after a while, the
// address has moved; at once, both are behind a translator of addresses.
func (p *phones) remember(address netip.Addr, at *learnt, mac packet.MAC, now int64) *learnt {
	if at == nil {
		if len(p.addresses) >= maxPhones {
			return nil
		}
		at = new(learnt)
		p.addresses[address] = at
	}
	none := packet.MAC{}
	switch {
	case mac == none || mac == at.mac || at.several:
	case at.mac != none && now-at.last < moveTime:
		*at = learnt{agent: at.agent, several: true}
	default:
		at.mac = mac
	}
	at.last = now
	return at
}

package actionurl

import (
	"fmt"
	"net/netip"

	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
)

// maxPhones bounds the addresses that are remembered as those of phones:
// 65,536 of about 150 bytes, 10 MiB. The ones beyond are not remembered.
const maxPhones = 64 << 10

// moveTime is how long, in nanoseconds of capture time, an address must not
// have been heard of to be another phone's now, as DHCP gives them out. If two
// phones are heard of within it, they share the address.
const moveTime = 600e9

// phones tells which phone a request comes from.
type phones struct {
	vendors   map[[3]byte]struct{} // the first bytes of phones' MAC addresses
	told      map[string]struct{}  // MAC addresses of phones that templates are bound to
	addresses map[netip.Addr]learnt
}

// A learnt is what earlier requests told of an address.
type learnt struct {
	mac     string // of the phone that has it; empty if not known
	last    int64  // when it was heard of, in nanoseconds since 1970-01-01 UTC
	several bool   // phones share it: it says nothing about which one it is
}

func newPhones() *phones {
	p := &phones{vendors: map[[3]byte]struct{}{}, told: map[string]struct{}{}, addresses: map[netip.Addr]learnt{}}
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
	if mac != "" {
		p.told[mac] = struct{}{}
	}
}

// of returns the MAC address of the phone that sent a request, empty if it
// cannot be told: by the URL, the user agent, the frame, or the address.
func (p *phones) of(x *httpwire.Exchange, url string, agent agent) string {
	switch {
	case url != "":
		return url
	case agent.mac != "":
		return agent.mac
	}
	if mac := p.sender(x.Source); mac != "" {
		return mac
	}
	return p.addresses[x.Client.Addr()].mac
}

// sender returns the source address of a frame, if it is a phone's: beyond a
// router, it is the router's.
func (p *phones) sender(source packet.MAC) string {
	_, phone := p.vendors[[3]byte(source[:3])]
	if !phone && len(p.told) == 0 {
		return ""
	}
	mac := fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", source[0], source[1], source[2], source[3], source[4], source[5])
	if _, told := p.told[mac]; !phone && !told {
		return ""
	}
	return mac
}

// is reports whether a request comes from a phone, as far as its frame or its
// address tells.
func (p *phones) is(x *httpwire.Exchange) bool {
	_, learnt := p.addresses[x.Client.Addr()]
	return learnt || p.sender(x.Source) != ""
}

// remember takes an address for that of a phone, at a time. When another phone
// announces itself from it after a while, the address has moved; at once, both
// are behind a translator of addresses.
func (p *phones) remember(address netip.Addr, mac string, now int64) {
	l, again := p.addresses[address]
	if !again && len(p.addresses) >= maxPhones {
		return
	}
	switch {
	case mac == "" || mac == l.mac || l.several:
	case l.mac != "" && now-l.last < moveTime:
		l = learnt{several: true}
	default:
		l.mac = mac
	}
	l.last = now
	p.addresses[address] = l
}

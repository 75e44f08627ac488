package finding

import (
	"net/netip"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
	"actionurl/decode/stream"
	"actionurl/decode/tls"
	"actionurl/decode/vendor"
)

// Bounds on what is kept of connections without a request. Which servers take
// Action URLs is known only in the end, so all are kept until then.
const (
	// maxPairs bounds the pairs of a client and a server of which a connection
	// failed or was encrypted: 16,384 of about 400 bytes with a name, 6 MiB. The
	// connections of others are not told of.
	maxPairs = 16 << 10

	// maxServers bounds the servers that are known to take Action URLs: 4,096
	// of about 100 bytes, in two maps, 800 KiB.
	maxServers = 4 << 10

	// patience is how long, in nanoseconds of capture time, a SYN must have been
	// without an answer: it is sent again after 1 s, and 2 s later (RFC 6298).
	patience = 3e9
)

// An Occurrence is a finding that is of no single request.
type Occurrence struct {
	Finding
	Place       // of the first time
	Times int   // how often it was found
	Last  int64 // the last time, in nanoseconds since 1970-01-01 UTC; 0 if it has none
}

// conns keeps what connections without a request tell.
type conns struct {
	pairs []pair
	index map[pairKey]int // in pairs

	typed  map[netip.AddrPort]struct{} // servers of templates, by address
	named  map[string]struct{}         // and by name
	secure map[string]struct{}         // hosts of templates with https
	taking map[netip.AddrPort]struct{} // servers that took an event
	hosts  map[netip.Addr]struct{}     // and their addresses
	latest netip.AddrPort              // the last that did
}

// A pairKey is what happened between a client and a server.
type pairKey struct {
	kind   Kind
	client netip.Addr
	server netip.AddrPort
}

// A pair is how often it did.
type pair struct {
	pairKey
	first packet.Origin
	last  int64
	times int
	name  string // by which the client asked for the server
}

func newConns(templates []*actionurl.Template) *conns {
	c := &conns{
		index: map[pairKey]int{}, typed: map[netip.AddrPort]struct{}{}, named: map[string]struct{}{}, secure: map[string]struct{}{},
		taking: map[netip.AddrPort]struct{}{}, hosts: map[netip.Addr]struct{}{},
	}
	for _, t := range templates {
		host, port := t.Server()
		if t.Secure() {
			c.secure[host] = struct{}{}
		} else if addr, err := netip.ParseAddr(host); err == nil {
			c.typed[netip.AddrPortFrom(addr, port)] = struct{}{}
		} else if host != "" {
			c.named[host] = struct{}{}
		}
	}
	return c
}

// took notes that a server takes Action URLs.
func (c *conns) took(server netip.AddrPort) {
	if server == c.latest || len(c.taking) >= maxServers {
		return
	}
	c.latest = server
	if _, known := c.taking[server]; known {
		return
	}
	c.taking[server] = struct{}{}
	c.hosts[server.Addr()] = struct{}{}
}

// Attempt takes a connection that did not come about.
func (c *Checker) Attempt(a *stream.Attempt) {
	kind := Unreachable
	switch {
	case a.Refused:
		kind = Refused
	case a.Until-a.First < patience:
		return
	}
	c.conns.add(pairKey{kind, a.Client.Addr(), a.Server}, &a.Origin, "")
}

// Handshake takes the beginning of a TLS connection.
func (c *Checker) Handshake(h *tls.Handshake) {
	c.conns.add(pairKey{Encrypted, h.Client.Addr(), h.Server}, &h.Origin, h.Name)
}

// add notes that something happened between a client and a server.
func (c *conns) add(key pairKey, at *packet.Origin, name string) {
	i, known := c.index[key]
	if !known {
		if len(c.pairs) == maxPairs {
			return
		}
		i = len(c.pairs)
		c.index[key] = i
		c.pairs = append(c.pairs, pair{pairKey: key, first: *at})
	}
	p := &c.pairs[i]
	p.times++
	p.last = at.Time
	if p.name == "" {
		p.name = name
	}
}

// connections tells of the connections with servers that take Action URLs.
func (c *Checker) connections() {
	senders := c.conns.senders()
	for i := range c.conns.pairs {
		p := &c.conns.pairs[i]
		phone, known := c.phoneAt(p, senders)
		if !c.conns.matters(p, known) {
			continue
		}
		c.config.Found(&Occurrence{
			Finding: Finding{p.kind, Detail{Name: p.server.String(), Other: p.name}},
			Place:   Place{Time: p.first.Time, Capture: p.first.Interface.Capture, Frame: p.first.Frame, Phone: phone},
			Times:   p.times, Last: p.last,
		})
	}
}

// matters reports whether a pair's server is one for Action URLs. On a port of
// its own it may serve anybody by TLS, so there the client must be a phone.
func (c *conns) matters(p *pair, isPhone bool) bool {
	if p.kind != Encrypted {
		_, taking := c.taking[p.server]
		_, typed := c.typed[p.server]
		return taking || typed
	}
	_, asked := c.secure[strings.ToLower(p.name)]
	_, typed := c.secure[p.server.Addr().String()]
	_, host := c.hosts[p.server.Addr()]
	return asked && p.name != "" || typed || host && isPhone
}

// senders returns the source addresses of frames with the client behind them,
// an invalid one where there are several, as behind a router.
func (c *conns) senders() map[packet.MAC]netip.Addr {
	all := map[packet.MAC]netip.Addr{}
	for i := range c.pairs {
		p := &c.pairs[i]
		if p.kind == Refused {
			continue // that is the server's frame
		}
		if client, known := all[p.first.Source]; known && client != p.client {
			all[p.first.Source] = netip.Addr{}
			continue
		}
		all[p.first.Source] = p.client
	}
	return all
}

// phoneAt returns the phone that a pair's client is, and whether it is known to
// be one: by an event from its address, or by the source address of its frame.
func (c *Checker) phoneAt(p *pair, senders map[packet.MAC]netip.Addr) (Phone, bool) {
	if phone := c.clients[p.client]; phone != nil {
		return Phone{Name: phone.Name, MAC: phone.MAC, Addr: p.client}, true
	}
	if p.kind != Refused && vendor.Of(p.first.Source) != nil && senders[p.first.Source] == p.client {
		return Phone{MAC: p.first.Source.String(), Addr: p.client}, true
	}
	return Phone{Addr: p.client}, false
}

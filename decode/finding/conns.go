package finding

import (
	"fmt"
	"net/netip"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/stream"
	"actionurl/decode/tls"
	"actionurl/decode/vendor"
)

// Bounds on what is kept of connections without a request. Which servers take
// Action URLs is known only in the end, so all are kept until then.
const (
	// maxPairs bounds the pairs of a client and a server with a connection that
	// failed or was encrypted: 8,192 of about 500 bytes with their texts, 4 MiB.
	// Those of others are not reported.
	maxPairs = 8 << 10

	// maxServers bounds the servers that are known to take Action URLs, or to
	// answer HTTP: 4,096 of each, of about 100 bytes, in two maps; 1.6 MiB.
	maxServers = 4 << 10

	// maxReached bounds the pairs of a client and a server between which requests
	// passed: 16,384 of about 100 bytes, 1.6 MiB. Beyond it a failure may be called
	// an error that is a warning.
	maxReached = 16 << 10

	// maxHost bounds the name of a host, in bytes (RFC 1035, section 2.3.4).
	maxHost = 253

	// patience is how long, in nanoseconds of capture time, a SYN must have been
	// without an answer: it is sent again after 1 s, and 2 s later (RFC 6298).
	patience = 3e9
)

// PlainHTTP is why a TLS connection failed, as Detail.Why has it, where the server
// answered in plain HTTP.
const PlainHTTP = "the server speaks plain HTTP on that port"

// AnswerLost is why a server is unreachable whose answers get lost, as Detail.Why has
// it.
const AnswerLost = "its answers (SYN/ACK) do not reach the phone"

// An Occurrence is a finding that is of no single request.
type Occurrence struct {
	Finding
	Place       // of the first time
	Times int   // how often it was found
	Last  int64 // the last time, in nanoseconds since 1970-01-01 UTC; 0 if it has none
}

// conns keeps what connections without a request show.
type conns struct {
	pairs []pair
	index map[pairKey]int // in pairs

	typed      map[netip.AddrPort]struct{} // servers of templates, by address
	typedHosts map[netip.Addr]struct{}     // their addresses
	named      map[string]struct{}         // servers of templates, by name
	secure     map[string]struct{}         // hosts of templates with https
	taking     map[netip.AddrPort]struct{} // servers that took an event
	hosts      map[netip.Addr]struct{}     // and their addresses
	ports      map[uint16]struct{}         // and their ports
	speaking   map[netip.AddrPort]struct{} // servers that answered HTTP
	latest     netip.AddrPort              // the last that took an event

	reached map[ends]use
	others  map[[2]netip.Addr]struct{} // clients and hosts that they use for something else; made in the end
}

// ends are a client and a server.
type ends struct {
	client netip.Addr
	server netip.AddrPort
}

// A use is what a client used a server for.
type use uint8

const (
	forEvents use = 1 << iota // or what may have been, by TLS
	forOther                  // provisioning, firmware, phone books
)

// A pairKey is what happened between a client and a server.
type pairKey struct {
	ends
	kind Kind
	why  string // why TLS failed, or what an ICMP message says; empty for nothing
}

// A pair is how often it did.
type pair struct {
	pairKey
	first  packet.Origin
	sender packet.MAC // of the client's frames, or where the server sent them to
	last   int64
	times  int
	name   string // by which the client asked for the server
	said   string // version and protocol of TLS, where it was opened
}

func newConns(templates []*actionurl.Template) *conns {
	c := &conns{
		index: map[pairKey]int{}, typed: map[netip.AddrPort]struct{}{}, named: map[string]struct{}{}, secure: map[string]struct{}{},
		typedHosts: map[netip.Addr]struct{}{}, taking: map[netip.AddrPort]struct{}{}, hosts: map[netip.Addr]struct{}{}, ports: map[uint16]struct{}{}, speaking: map[netip.AddrPort]struct{}{},
		reached: map[ends]use{},
	}
	for _, t := range templates {
		host, port := t.Server()
		if t.Secure() {
			c.secure[host] = struct{}{}
		} else if addr, err := netip.ParseAddr(host); err == nil {
			c.typed[netip.AddrPortFrom(addr, port)] = struct{}{}
			c.typedHosts[addr] = struct{}{}
		} else if host != "" {
			c.named[host] = struct{}{}
		}
	}
	return c
}

// took notes that a server takes Action URLs of a client.
func (c *conns) took(client netip.Addr, server netip.AddrPort) {
	c.reach(ends{client, server}, forEvents)
	if server == c.latest || len(c.taking) >= maxServers {
		return
	}
	c.latest = server
	if _, known := c.taking[server]; known {
		return
	}
	c.taking[server] = struct{}{}
	c.hosts[server.Addr()] = struct{}{}
	c.ports[server.Port()] = struct{}{}
}

// other takes a request that is not an Action URL. One for a tunnel says nothing of
// what the client uses the proxy for.
func (c *conns) other(x *httpwire.Exchange) {
	if x.Method != "CONNECT" {
		c.reach(ends{x.Client.Addr(), x.Server}, forOther)
	}
	if x.NoResponse == httpwire.Answered && len(c.speaking) < maxServers {
		c.speaking[x.Server] = struct{}{}
	}
}

// reach notes that requests passed between a client and a server.
func (c *conns) reach(between ends, what use) {
	if before, known := c.reached[between]; known || len(c.reached) < maxReached {
		c.reached[between] = before | what
	}
}

// Attempt takes a connection that did not come about.
func (c *Checker) Attempt(a *stream.Attempt) {
	kind, why := Unreachable, ""
	switch {
	case a.Refused:
		kind = Refused
	case a.Rejected != "":
		why = a.Rejected + ", says " + a.By.String()
	case a.Until-a.First < patience:
		return
	case a.Unheard:
		why = AnswerLost
	}
	c.registry.Heard(a.ClientMAC, a.Client.Addr(), a.Time)
	c.conns.add(pairKey{ends{a.Client.Addr(), a.Server}, kind, why}, &a.Origin, a.ClientMAC)
}

// tunnel takes a request for a tunnel through a proxy, which may refuse it.
func (c *Checker) tunnel(x *httpwire.Exchange) {
	if x.Method != "CONNECT" || x.Status < 200 {
		return
	}
	refusal := func(status int) pairKey {
		return pairKey{ends{x.Client.Addr(), x.Server}, Encrypted, fmt.Sprintf("the proxy answers CONNECT with %d", status)}
	}
	if x.Status < 300 {
		if i, known := c.conns.index[refusal(407)]; known && c.conns.pairs[i].times > 0 {
			c.conns.pairs[i].times-- // the challenge is met
		}
		return
	}
	c.registry.Heard(x.Source, x.Client.Addr(), x.Time)
	if p := c.conns.add(refusal(x.Status), &x.Origin, x.Source); p != nil && p.name == "" {
		host, _, _ := strings.Cut(x.Target, ":")
		p.name = strings.Clone(host[:min(len(host), maxHost)])
	}
}

// Handshake takes how a TLS connection began.
func (c *Checker) Handshake(h *tls.Handshake) {
	if h.Outcome == tls.Opened && h.Unread == tls.Decrypted {
		return // what is in it is read
	}
	c.registry.Heard(h.Source, h.Client.Addr(), h.Time)
	p := c.conns.add(pairKey{ends{h.Client.Addr(), h.Server}, Encrypted, whyFailed(h)}, &h.Origin, h.Source)
	if p == nil {
		return
	}
	if p.name == "" {
		p.name = h.Name
	}
	if h.Outcome == tls.Opened {
		c.conns.reach(p.ends, forEvents)
		if p.said = h.Version.String(); h.Protocol != "" {
			p.said += ", " + h.Protocol
		}
	}
}

// whyFailed says in words why a handshake failed, empty where it did not, or
// where the capture does not show it.
func whyFailed(h *tls.Handshake) string {
	end := "the server"
	if h.ByClient {
		end = "the phone"
	}
	switch h.Outcome {
	case tls.Rejected:
		switch a := h.Alert; {
		case h.ByClient && a.Certificate():
			return fmt.Sprintf("the phone does not accept the server's certificate (%v)", a)
		case h.ByClient && a == tls.NoAlert:
			return "the phone ended the handshake, probably over the server's certificate"
		case a == tls.ProtocolVersion, a == tls.HandshakeFailure && h.Offered < tls.TLS12:
			return fmt.Sprintf("no version in common: the phone offers %v at most (%v from %s)", h.Offered, a, end)
		case a == tls.HandshakeFailure, a == tls.InsufficientSecurity:
			return fmt.Sprintf("no cipher suite in common (%v from %s)", a, end)
		case a == tls.NoAlert:
			return end + " ended the handshake"
		default:
			return fmt.Sprintf("%s ended the handshake (%v)", end, a)
		}
	case tls.NotTLS:
		if strings.HasPrefix(h.Answer, "HTTP/") {
			return PlainHTTP
		}
		return fmt.Sprintf("the server's answer is not TLS: %q", h.Answer)
	case tls.Reset:
		return end + " reset the connection in the handshake"
	case tls.Closed:
		return end + " closed the connection in the handshake"
	}
	return ""
}

// add notes that something happened between a client and a server. It returns
// the pair, nil beyond the bound.
func (c *conns) add(key pairKey, at *packet.Origin, sender packet.MAC) *pair {
	i, known := c.index[key]
	if !known {
		if len(c.pairs) == maxPairs {
			return nil
		}
		i = len(c.pairs)
		c.index[key] = i
		c.pairs = append(c.pairs, pair{pairKey: key, first: *at, sender: sender})
	}
	p := &c.pairs[i]
	p.times++
	p.last = at.Time
	return p
}

// connections reports the connections that may have been for Action URLs.
func (c *Checker) connections() {
	c.conns.others = map[[2]netip.Addr]struct{}{}
	for between, what := range c.conns.reached {
		if what == forOther {
			c.conns.others[[2]netip.Addr{between.client, between.server.Addr()}] = struct{}{}
		}
	}
	for i := range c.conns.pairs {
		p := &c.conns.pairs[i]
		if p.times == 0 {
			continue
		}
		phone, known := c.phoneAt(p.client, p.sender)
		severity := c.conns.severity(p)
		if !c.conns.matters(p, known) {
			if !known || !c.mistaken(p) {
				continue
			}
			severity = Warning
		}
		f := Finding{Kind: p.kind, Severity: severity, Detail: Detail{Name: p.server.String(), Other: p.name, Why: p.why}}
		if p.said != "" {
			f.Detail.Why = p.said
		}
		c.config.Found(&Occurrence{
			Finding: f, Place: Place{Time: p.first.Time, Sensor: p.first.Interface.Sensor, Capture: p.first.Interface.Capture, Frame: p.first.Frame, Phone: phone},
			Times: p.times, Last: p.last,
		})
	}
}

// matters reports whether a pair's server may be one for Action URLs: it takes
// them, a template names it, or a phone tried another port of its host. Where no
// such server is known, every port that HTTP is usual at may be one.
func (c *conns) matters(p *pair, isPhone bool) bool {
	_, taking := c.taking[p.server]
	_, typed := c.typed[p.server]
	failed := p.kind != Encrypted || p.why != ""
	if failed && (taking || typed) {
		return true
	}
	if p.kind == Encrypted {
		_, asked := c.secure[strings.ToLower(p.name)]
		_, byAddress := c.secure[p.server.Addr().String()]
		if asked && p.name != "" || byAddress {
			return true
		}
	}
	if !isPhone {
		return false
	}
	_, takes := c.hosts[p.server.Addr()]
	_, told := c.typedHosts[p.server.Addr()]
	if takes || told {
		return true
	}
	known := len(c.taking)+len(c.typed)+len(c.named)+len(c.secure) > 0
	return !known && c.likeHTTP(p.server)
}

// mistaken reports whether the phone of a pair may have another server's address
// for its Action URLs than the other phones: it announced nothing, and all that it
// tried there failed, at a port at which others' events are taken.
func (c *Checker) mistaken(p *pair) bool {
	_, taken := c.conns.ports[p.server.Port()]
	failed := p.kind != Encrypted || p.why != ""
	_, other := c.conns.others[[2]netip.Addr{p.client, p.server.Addr()}]
	return taken && failed && c.at(p.client) == nil && c.conns.reached[p.ends] == 0 && !other
}

// likeHTTP reports whether HTTP is usual at a server's port, or was spoken.
func (c *conns) likeHTTP(server netip.AddrPort) bool {
	switch port := server.Port(); {
	case port == 80, port == 443, port >= 8000 && port <= 8999, port == 1880, port == 3000, port == 5000, port == 9090:
		return true
	}
	_, speaking := c.speaking[server]
	return speaking
}

// severity is how much a pair matters. It is an error where nothing came through,
// and a warning where something did, or where the phone uses the host for
// something else.
func (c *conns) severity(p *pair) Severity {
	if p.kind == Encrypted && p.why == "" {
		return Notice
	}
	if c.reached[p.ends] != 0 {
		return Warning
	}
	_, taking := c.taking[p.server]
	_, typed := c.typed[p.server]
	if taking || typed {
		return Error
	}
	if _, other := c.others[[2]netip.Addr{p.client, p.server.Addr()}]; other {
		return Warning
	}
	return Error
}

// phoneAt returns the phone that a client is, and whether it is known to be one: by
// an event from its address, by its address on its link, which is that of its
// frames' sender, or by its user agent.
func (c *Checker) phoneAt(client netip.Addr, sender packet.MAC) (Phone, bool) {
	if known := c.at(client); known != nil {
		return Phone{Name: known.phone.Name, MAC: known.phone.MAC, Addr: client}, true
	}
	if vendor.Of(sender) != nil && c.registry.Holds(sender, client) {
		return Phone{MAC: sender, Addr: client}, true
	}
	return Phone{Addr: client}, c.registry.IsPhone(client)
}

// failed reports whether connections of a client failed, or were encrypted.
func (c *conns) failed(client netip.Addr) bool {
	for i := range c.pairs {
		if c.pairs[i].client == client {
			return true
		}
	}
	return false
}

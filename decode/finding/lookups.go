package finding

import (
	"net/netip"
	"slices"
	"strings"

	"actionurl/decode/dns"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
)

const (
	// maxLookups bounds the clients and names of lookups that failed: 4,096 of about
	// 500 bytes, 2 MiB. Those of others are not reported.
	maxLookups = 4 << 10

	// maxAsked bounds the clients and the hosts that they name in events: 4,096 of
	// at most 500 bytes, 2 MiB. Beyond it a failure may not be called an error that
	// is one, or be called one that is a warning.
	maxAsked = 4 << 10
)

// lookups keeps the lookups of names that failed. Which names are those of servers
// for Action URLs is known only in the end.
type lookups struct {
	all     []lookup
	index   map[asked]int           // in all
	servers map[netip.Addr]struct{} // of DNS

	events map[asked]struct{}  // who names which hosts in events
	hosts  map[string]struct{} // and these hosts
}

// An asked is a client and the name of a host that it asks for.
type asked struct {
	client netip.Addr
	host   string // in lower case
}

// A lookup is how often a client did not find a name.
type lookup struct {
	asked
	outcome  dns.Outcome // of the first, or the first that was answered
	server   netip.Addr
	first    packet.Origin
	sender   packet.MAC // of the client's queries; zero if not known
	last     int64
	times    int
	resolved bool // at another time
}

func newLookups() lookups {
	return lookups{index: map[asked]int{}, servers: map[netip.Addr]struct{}{}, events: map[asked]struct{}{}, hosts: map[string]struct{}{}}
}

// event notes the host that an event names, unless that is an address.
func (k *lookups) event(x *httpwire.Exchange) {
	host, _, _ := strings.Cut(x.Host, ":")
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > maxHost || len(k.events) == maxAsked || host[len(host)-1] < 'A' { // no top-level domain ends in a digit
		return
	}
	from := asked{x.Client.Addr(), strings.ToLower(host)}
	if _, known := k.events[from]; known {
		return
	}
	from.host = strings.Clone(from.host)
	k.events[from] = struct{}{}
	k.hosts[from.host] = struct{}{}
}

// Lookup takes a lookup of a name that failed, or that succeeds after that.
func (c *Checker) Lookup(l *dns.Lookup) {
	k := &c.lookups
	i, known := k.index[asked{l.Client, l.Name}]
	switch {
	case known:
	case l.Outcome == dns.Found, len(k.all) == maxLookups:
		return
	default:
		i = len(k.all)
		k.all = append(k.all, lookup{asked: asked{l.Client, strings.Clone(l.Name)}, sender: l.ClientMAC})
		k.index[k.all[i].asked] = i
	}
	f := &k.all[i]
	if l.Outcome == dns.Found {
		f.resolved = true
		if f.times > 0 && l.Time-f.last < dns.Grace {
			f.times--
		}
		return
	}
	if !l.ClientMAC.IsZero() {
		c.registry.Heard(l.ClientMAC, l.Client, l.Time)
	}
	if f.times == 0 || f.outcome == dns.NoAnswer && l.Outcome != dns.NoAnswer {
		f.outcome, f.server, f.first = l.Outcome, l.Server, l.Origin
		if len(k.servers) < maxLookups {
			k.servers[l.Server] = struct{}{}
		}
	}
	f.times++
	f.last = l.Time
}

// failedLookups reports the lookups that failed.
func (c *Checker) failedLookups() {
	for i := range c.lookups.all {
		f := &c.lookups.all[i]
		if _, forwards := c.lookups.servers[f.client]; forwards || f.times == 0 {
			continue // it asks on behalf of others
		}
		phone, isPhone := c.phoneAt(f.client, f.sender)
		severity, matters := c.lookupSeverity(f, isPhone)
		if !matters {
			continue
		}
		why := f.outcome.String()
		if f.outcome == dns.NoAnswer {
			why += " from " + f.server.String()
		} else {
			why += ", says " + f.server.String()
		}
		c.config.Found(&Occurrence{
			Finding: Finding{DNSFailure, severity, Detail{Name: f.host, Why: why}},
			Place:   Place{Time: f.first.Time, Sensor: f.first.Interface.Sensor, Capture: f.first.Interface.Capture, Frame: f.first.Frame, Phone: phone},
			Times:   f.times, Last: f.last,
		})
	}
}

// lookupSeverity is how much it matters that a client does not find a name. It
// is not ok for a name that is hardly that of a server for Action URLs: phones ask
// for those of their PBX, of time servers and of their maker, too.
func (c *Checker) lookupSeverity(f *lookup, isPhone bool) (s Severity, ok bool) {
	_, events := c.lookups.events[f.asked]
	switch {
	case !isPhone && !c.conns.typedName(f.host):
		return 0, false
	case !c.serves(f.host):
		return Notice, c.at(f.client) == nil
	case events || f.resolved:
		return Warning, true
	}
	return Error, true
}

// serves reports whether a template or an event names a host.
func (c *Checker) serves(host string) bool {
	_, yes := c.lookups.hosts[host]
	return yes || c.conns.typedName(host)
}

// typedName reports whether a template names a host.
func (c *conns) typedName(host string) bool {
	_, plain := c.named[host]
	_, secure := c.secure[host]
	return plain || secure
}

// tried reports whether a client tried to connect to a server, or to find the
// address of one, and failed.
func (c *Checker) tried(client netip.Addr) bool {
	return c.conns.failed(client) || slices.ContainsFunc(c.lookups.all, func(f lookup) bool {
		return f.client == client && f.times > 0 && c.serves(f.host)
	})
}

// Package dns reports the lookups of host names that fail: phones that cannot find
// the address of their server send it nothing.
//
//  1. It reads the queries for addresses over UDP port 53, and their answers
//     (RFC 1035, section 4.1). The answers themselves are not read, only whether
//     there are any.
//  2. A failure is reported where the same client got no address for the name just
//     before: it asks for IPv4 and IPv6 at once, and several servers in turn.
//  3. So is an address that comes later, of a name that had failed.
//
// # Limits
//
// DNS over TCP, TLS and HTTPS, multicast DNS and NetBIOS are not read.
package dns

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"

	"actionurl/decode/packet"
)

const (
	// maxLookups bounds the lookups that are remembered: 4,096 of 112 bytes, 448 KiB.
	// A later one takes the place of an earlier one.
	maxLookups = 4 << 10

	// resend is the least time, in nanoseconds of capture time, after which a query
	// is sent again. A copy that comes earlier is the capture's.
	resend = 500e6

	// Grace is how long, in nanoseconds of capture time, an address makes up for a
	// failure before or after it: resolvers wait 5 s for a server, then ask the next.
	Grace = 10e9

	// maxSeries is within which time, in nanoseconds of capture time, a query of the
	// same number is the same one.
	maxSeries = 30e9

	// together is within which time, in nanoseconds of capture time, failures are of
	// one lookup.
	together = 5e9
)

// An Outcome is what became of a lookup.
type Outcome uint8

const (
	Found      Outcome = iota // an address, after a failure
	NoName                    // the name does not exist
	NoAddress                 // it exists, and has no IPv4 address
	ServerFail                // the server could not find out
	Refused                   // the server does not answer this client
	NoAnswer                  // no server answered, though the query was sent again
)

// String says it in words.
func (o Outcome) String() string {
	return [...]string{"found", "no such name (NXDOMAIN)", "no address", "server failure (SERVFAIL)", "refused (REFUSED)", "no answer"}[o]
}

// A Lookup is one of a host name that failed, or that succeeds after it had failed.
type Lookup struct {
	packet.Origin // of the answer, or of the query that was sent again

	Client, Server netip.Addr // the server that answers, or was asked first
	ClientMAC      packet.MAC // its address on its link, or a router's; zero where that is not known
	Name           string     // in lower case
	Outcome        Outcome
}

// A Reader reads the datagrams of one capture. It is not safe for concurrent use.
type Reader struct {
	found   func(*Lookup)
	lookups []lookup // by hash; nil before the first
	seed    maphash.Seed
	name    [maxName]byte
}

// A lookup is what is known of the latest queries of a client for a name. Times are
// those of frames, 0 for never.
type lookup struct {
	key      uint64   // hash of the two
	asked    [2]query // for its IPv4 and its IPv6 address
	resolved int64    // the latest address
	failed   int64    // the latest failure
	how      Outcome  // of the latest failure
	mac      packet.MAC
}

// A query is the first of those that are the same and have no answer.
type query struct {
	time   int64
	server packet.Address
	id     uint16
}

// NewReader returns a Reader that calls found with each Lookup, which is valid until
// it returns; its strings stay valid.
func NewReader(found func(*Lookup)) *Reader {
	return &Reader{found: found, seed: maphash.MakeSeed()}
}

// Datagram takes a datagram, and reports whether it is one of DNS's port.
func (r *Reader) Datagram(d *packet.Datagram) bool {
	if d.Src.Port != packet.PortDNS && d.Dst.Port != packet.PortDNS {
		return false
	}
	m, ok := r.parse(d.Payload)
	client, server := &d.Src, &d.Dst
	if m.response {
		client, server = server, client
	}
	if ok && server.Port == packet.PortDNS {
		r.take(&m, d, client, server)
	}
	return true
}

// take takes a message between a client and a server.
func (r *Reader) take(m *message, d *packet.Datagram, client, server *packet.Endpoint) {
	if r.lookups == nil {
		r.lookups = make([]lookup, maxLookups)
	}
	l := r.lookup(client.Addr, m.name)
	now, q := d.Time, &l.asked[0]
	if m.kind == typeAAAA {
		q = &l.asked[1]
	}
	o, by := m.outcome(), server.Addr
	switch {
	case m.response:
		*q = query{}
	case q.time == 0 || q.id != m.id || !near(now, q.time, maxSeries):
		*q = query{now, server.Addr, m.id}
		l.mac = d.Source
		return
	case near(now, q.time, resend):
		return
	default:
		o, by = NoAnswer, q.server
	}
	switch {
	case o != Found:
		if near(now, l.resolved, Grace) || near(now, l.failed, together) && (l.how != NoAnswer || o == NoAnswer) {
			return // the lookup succeeded, or is known to fail
		}
		l.failed, l.how = now, o
	case m.answers == 0:
		return
	default:
		l.resolved = now
		if l.failed == 0 {
			return
		}
		l.failed = 0
	}
	r.found(&Lookup{
		Origin: d.Origin, Client: client.AddrPort().Addr(), Server: packet.Endpoint{Addr: by}.AddrPort().Addr(), ClientMAC: l.mac,
		Name: string(m.name), Outcome: o,
	})
}

// near reports whether two times are less than so much apart: frames of several
// interfaces come in disorder.
func near(a, b, than int64) bool { return a-b < than && b-a < than }

// lookup returns what is known of a client's queries for a name.
func (r *Reader) lookup(client packet.Address, name []byte) *lookup {
	var h maphash.Hash
	h.SetSeed(r.seed)
	var addr [16]byte
	binary.BigEndian.PutUint64(addr[:], client.Hi)
	binary.BigEndian.PutUint64(addr[8:], client.Lo)
	h.Write(addr[:])
	h.Write(name)
	key := h.Sum64()
	l := &r.lookups[key%maxLookups]
	if l.key != key {
		*l = lookup{key: key}
	}
	return l
}

// Package phone knows the phones of a capture, and which of them sent a request.
//
//  1. A [Sender] is what a request shows of where it comes from: its user agent,
//     the source of its frame, and what came from its IP address before.
//  2. With the MAC address in the URL, if there is one, that gives the MAC address
//     of the phone. Without one, the phone is known by its IP address.
//  3. A request that announces an event is of a phone, which has a number from
//     then on ([Registry.Add]): later stages keep what they know of phones by it.
//
// IP addresses move from phone to phone, as DHCP gives them out, and phones stand
// behind routers. One rule decides who has an address: see holder.
package phone

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"

	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/vendor"
)

// Bounds on what traffic can grow, 9 MiB in all.
const (
	// MaxPhones bounds the phones: 40,960, whose MAC addresses take about 25 bytes
	// each in their table; 1 MiB.
	MaxPhones = 40 << 10

	// maxAddresses bounds the IP addresses of phones: 40,960 of about 176 bytes,
	// 7 MiB.
	maxAddresses = 40 << 10

	// maxSources bounds the sources of frames: 16,384 of about 90 bytes, 1.4 MiB.
	maxSources = 16 << 10
)

// moveTime is how long, in nanoseconds of capture time, an address must not have
// been heard of to be somebody else's.
const moveTime = 600e9

// A holder is who has an address. Somebody else who is heard of from it gets it if
// it was silent for moveTime. If not, both share it, and then it says nothing
// about who sends.
type holder[K comparable] struct {
	who    K     // zero if not known, or shared
	shared bool  // by several
	last   int64 // when the address was heard of, in nanoseconds since 1970-01-01 UTC
}

// heard notes that the address was heard of, and from whom, zero if that is not
// known.
func (h *holder[K]) heard(who K, now int64) {
	var none K
	switch {
	case who == none || who == h.who || h.shared:
	case h.who != none && h.fresh(now):
		h.who, h.shared = none, true
	default:
		h.who = who
	}
	h.last = now
}

// fresh reports whether the address is still that of whom it was.
func (h *holder[K]) fresh(now int64) bool { return now-h.last < moveTime }

// An ID is the number of a phone: from 1 on in the order in which phones were
// first heard of, 0 for none.
type ID int32

// A Registry knows the phones of a capture. It is not safe for concurrent use.
type Registry struct {
	seed      maphash.Seed
	bound     map[packet.MAC]struct{} // phones that templates are bound to
	addresses addresses
	sources   map[packet.MAC]*source
	byMAC     map[packet.MAC]ID
	phones    ID // how many there are

	latest netip.Addr // that was looked up, and
	at     *address   // what is known of it
	sender Sender
	other  agent // of a request from an address that is not known
}

// An address is what is known of an IP address.
type address struct {
	agent     agent // of the latest request
	holder    holder[packet.MAC]
	nameless  holder[ID] // the phone that is known by this address alone
	from      *source    // that its latest frame came from; nil if not known
	fromMAC   packet.MAC // of that
	announces bool       // a phone that announces events had it
	isPhone   bool       // any phone had it
	latest    ID         // the phone that the latest event from it was of
	latestMAC packet.MAC // of that
}

// addresses has what is known of IP addresses. Those of IPv4 have a table of their
// own: numbers are hashed and compared faster.
type addresses struct {
	four   map[uint32]*address
	others map[netip.Addr]*address
}

func newAddresses() addresses {
	return addresses{map[uint32]*address{}, map[netip.Addr]*address{}}
}

func (a *addresses) n() int { return len(a.four) + len(a.others) }

// of returns what is known of an address, nil for nothing.
func (a *addresses) of(ip netip.Addr) *address {
	if ip.Is4() {
		return a.four[number(ip)]
	}
	return a.others[ip]
}

func (a *addresses) add(ip netip.Addr, known *address) {
	if ip.Is4() {
		a.four[number(ip)] = known
	} else {
		a.others[ip] = known
	}
}

// number returns an IPv4 address as a number.
func number(ip netip.Addr) uint32 {
	b := ip.As4()
	return binary.BigEndian.Uint32(b[:])
}

// An agent is what a user agent says, and the hash of its text.
type agent struct {
	vendor.Agent
	hash uint64
}

// A source is where frames come from on their link.
type source struct {
	holder[netip.Addr]      // shared by those behind a router
	phone              bool // it may be that of a phone that announces events
}

// NewRegistry returns a Registry that knows no phone.
func NewRegistry() *Registry {
	return &Registry{
		seed: maphash.MakeSeed(), bound: map[packet.MAC]struct{}{}, addresses: newAddresses(),
		sources: map[packet.MAC]*source{}, byMAC: map[packet.MAC]ID{},
	}
}

// Bind notes that a template is bound to the phone of a MAC address.
func (r *Registry) Bind(mac packet.MAC) { r.bound[mac] = struct{}{} }

// Heard notes that a frame came from a client, by its source on the link, without
// a request.
func (r *Registry) Heard(from packet.MAC, client netip.Addr, now int64) {
	r.source(from, r.lookup(client)).from(client, now)
}

// source returns where a frame came from, of an address of which at is what is
// known: mostly where the one before it did.
func (r *Registry) source(mac packet.MAC, at *address) *source {
	if at != nil && at.from != nil && at.fromMAC == mac {
		return at.from
	}
	s := r.sources[mac]
	if s == nil {
		s = &source{phone: r.announces(mac)}
		if len(r.sources) == maxSources {
			return s
		}
		r.sources[mac] = s
	}
	if at != nil {
		at.from, at.fromMAC = s, mac
	}
	return s
}

// from notes that a frame of a client came from the source. Of the addresses of a
// host, one of each version of IP, the first counts.
func (s *source) from(client netip.Addr, now int64) {
	if s.who.IsValid() && s.who.Is4() != client.Is4() {
		client = netip.Addr{}
	}
	s.heard(client, now)
}

// announces reports whether a MAC address may be that of a phone that announces
// events.
func (r *Registry) announces(mac packet.MAC) bool {
	if _, bound := r.bound[mac]; bound {
		return true
	}
	v := vendor.Of(mac)
	return v != nil && !v.Silent
}

// lookup returns what is known of an IP address, nil for nothing.
func (r *Registry) lookup(ip netip.Addr) *address {
	if ip != r.latest || r.at == nil {
		r.latest, r.at = ip, r.addresses.of(ip)
	}
	return r.at
}

// address is lookup, but with a place for what will be known, nil if there are
// too many.
func (r *Registry) address(ip netip.Addr) *address {
	a := r.lookup(ip)
	if a == nil && r.addresses.n() < maxAddresses {
		a = new(address)
		r.addresses.add(ip, a)
		r.at = a
	}
	return a
}

// Find returns the phone of a MAC address, or, where that is zero, of an IP
// address; 0 if it is not known.
func (r *Registry) Find(mac packet.MAC, ip netip.Addr) ID {
	if !mac.IsZero() {
		return r.byMAC[mac]
	}
	if a := r.lookup(ip); a != nil {
		return a.nameless.who
	}
	return 0
}

// At returns the phone that the latest event from an IP address was of, 0 for none.
func (r *Registry) At(client netip.Addr) ID {
	if a := r.lookup(client); a != nil {
		return a.latest
	}
	return 0
}

// IsPhone reports whether an IP address was that of a phone, though it may have
// announced nothing.
func (r *Registry) IsPhone(client netip.Addr) bool {
	a := r.lookup(client)
	return a != nil && a.isPhone
}

// Holds reports whether the frames of a source all came from one client.
func (r *Registry) Holds(from packet.MAC, client netip.Addr) bool {
	s := r.sources[from]
	return s != nil && s.who == client
}

// Add returns the phone that announces an event, by what is known of it: its
// addresses, and the client that it came from. It is 0 if there are too many.
func (r *Registry) Add(mac packet.MAC, ip, client netip.Addr, now int64) ID {
	if mac.IsZero() {
		return r.nameless(ip, client, now)
	}
	a := r.address(client)
	if a == nil {
		return r.named(mac, ip, now)
	}
	if a.latest == 0 || a.latestMAC != mac { // mostly it is that of the latest event
		a.latest, a.latestMAC = r.named(mac, ip, now), mac
	}
	return a.latest
}

// nameless returns the phone that is known by an IP address alone.
func (r *Registry) nameless(ip, client netip.Addr, now int64) ID {
	a := r.address(ip)
	if a == nil {
		return 0
	}
	id := a.nameless.who
	if id == 0 {
		id = r.add()
	}
	a.nameless.heard(id, now)
	from := a
	if client != ip {
		from = r.address(client)
	}
	if from != nil {
		from.latest, from.latestMAC = id, packet.MAC{}
	}
	return id
}

// named returns the phone of a MAC address: one that was known by its IP address
// until then, if that is still its.
func (r *Registry) named(mac packet.MAC, ip netip.Addr, now int64) ID {
	id := r.byMAC[mac]
	if id != 0 {
		return id
	}
	if a := r.lookup(ip); a != nil && a.nameless.who != 0 && a.nameless.fresh(now) {
		id, a.nameless.who = a.nameless.who, 0
	} else if id = r.add(); id == 0 {
		return 0
	}
	r.byMAC[mac] = id
	return id
}

// add returns the number of a phone that was not heard of before, 0 if there are
// too many.
func (r *Registry) add() ID {
	if r.phones == MaxPhones {
		return 0
	}
	r.phones++
	return r.phones
}

// Sender returns what a request shows of who sent it. The result is valid until
// the next call.
func (r *Registry) Sender(x *httpwire.Exchange) *Sender {
	s := &r.sender
	*s = Sender{registry: r, request: x, at: r.lookup(x.Client.Addr()), agent: &r.other}
	if s.at != nil {
		s.agent = &s.at.agent
	}
	if hash := maphash.String(r.seed, x.UserAgent); hash != s.agent.hash { // mostly the same as before
		*s.agent = agent{vendor.Read(x.UserAgent), hash}
	}
	if s.agent.Vendor == nil {
		return s
	}
	if s.at == nil {
		s.at = r.address(x.Client.Addr())
	}
	if s.at != nil {
		s.at.isPhone = true
		if !s.agent.Vendor.Silent {
			s.at.announces = true
			s.at.holder.heard(s.agent.MAC, x.Time)
		}
	}
	return s
}

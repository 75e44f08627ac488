package phone

import (
	"fmt"
	"net/netip"
	"testing"

	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
)

const (
	second = int64(1e9)

	phoneA = "00:0b:82:12:34:32" // of a vendor of phones
	phoneB = "00:0b:82:12:34:33"
	router = "52:54:00:01:02:03"

	agentA = "Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b82123432"
)

func mac(text string) packet.MAC {
	m, _ := packet.ParseMAC(text)
	return m
}

func ip(last int) netip.Addr { return netip.AddrFrom4([4]byte{192, 168, 40, byte(last)}) }

// from is a request from an address, in a frame from a source, at a time.
func from(client netip.Addr, source, agent string, at int64) *httpwire.Exchange {
	return &httpwire.Exchange{
		Origin: packet.Origin{Source: mac(source), Time: at}, Client: netip.AddrPortFrom(client, 40000), UserAgent: agent,
	}
}

// A phone is that of its MAC address wherever it comes from, and else that of its
// IP address.
func TestAdd(t *testing.T) {
	r := NewRegistry()
	add := func(m string, last int, at int64) ID { return r.Add(mac(m), ip(last), ip(last), at*second) }
	for i, test := range []struct {
		mac  string
		ip   int
		at   int64 // in seconds
		want ID
	}{
		{phoneA, 1, 0, 1},
		{phoneA, 2, 0, 1},
		{phoneB, 1, 0, 2}, // shares the address
		{phoneA, 1, 0, 1},
		{"", 3, 100, 3},
		{"", 4, 100, 4},
		{"", 3, 200, 3},
		{router, 3, 799, 3},              // the phone at the address says its MAC address
		{router, 9, 800, 3},              // and keeps it
		{"", 3, 801, 5},                  // so that another has the address now
		{"", 4, 150, 4},                  //
		{"00:04:13:00:00:01", 4, 750, 6}, // it was silent for long: another phone
		{"", 4, 751, 4},
	} {
		if got := add(test.mac, test.ip, test.at); got != test.want {
			t.Errorf("%d: %s at %v is phone %d, want %d", i, test.mac, ip(test.ip), got, test.want)
		}
	}
	for _, test := range []struct {
		mac  string
		ip   int
		want ID
	}{{phoneA, 99, 1}, {phoneB, 1, 2}, {"", 3, 5}, {"", 1, 0}, {"00:0b:82:00:00:00", 1, 0}, {"", 99, 0}} {
		if got := r.Find(mac(test.mac), ip(test.ip)); got != test.want {
			t.Errorf("%s at %v is found as phone %d, want %d", test.mac, ip(test.ip), got, test.want)
		}
	}
	for last, want := range map[int]ID{1: 1, 2: 1, 3: 5, 4: 4, 9: 3, 99: 0} {
		if got := r.At(ip(last)); got != want {
			t.Errorf("phone %d announced last from %v, want %d", got, ip(last), want)
		}
	}
}

// An address that the phone says is not always the one that it sends from.
func TestAddBehindTranslator(t *testing.T) {
	r := NewRegistry()
	outside := ip(200)
	a, b := r.Add(packet.MAC{}, ip(1), outside, 0), r.Add(packet.MAC{}, ip(2), outside, 0)
	if a == b || r.Find(packet.MAC{}, ip(1)) != a || r.At(outside) != b || r.Find(packet.MAC{}, outside) != 0 {
		t.Errorf("phones %d and %d; %d announced last", a, b, r.At(outside))
	}
}

// Whoever is heard of from an address gets it after a while; at once, it is shared.
func TestHolder(t *testing.T) {
	const now = 100 * second
	for _, test := range []struct {
		name  string
		heard string // who, with the seconds since the one before
		want  string
	}{
		{"first", "a", "a"},
		{"again", "a a", "a"},
		{"nobody says who", "a -", "a"},
		{"moves", "a b+600", "b"},
		{"is shared", "a b+599", "shared"},
		{"stays shared", "a b+1 b+9999 b+9999", "shared"},
		{"is kept by who is heard of", "a -+599 b+599", "shared"},
		{"unknown until then", "- b", "b"},
	} {
		var h holder[byte]
		at := now
		for s := test.heard; s != ""; {
			var word string
			if n, _ := fmt.Sscan(s, &word); n == 0 {
				break
			}
			s = s[min(len(s), len(word)+1):]
			var wait int64
			fmt.Sscanf(word[1:], "+%d", &wait)
			at += wait * second
			who := word[0]
			if who == '-' {
				who = 0
			}
			h.heard(who, at)
		}
		got := string(rune(h.who))
		if h.shared {
			got = "shared"
		}
		if got != test.want || h.last != at {
			t.Errorf("%s: %s at %d, want %s at %d", test.name, got, h.last, test.want, at)
		}
	}
}

func TestSenderMAC(t *testing.T) {
	for _, test := range []struct {
		name   string
		before func(r *Registry)
		x      *httpwire.Exchange
		url    string
		want   string
		by     Evidence
	}{
		{"nothing", nil, from(ip(1), router, "", 0), "", "00:00:00:00:00:00", InAddress},
		{"the URL", nil, from(ip(1), phoneB, agentA, 0), phoneA, phoneA, InURL},
		{"the user agent", nil, from(ip(1), phoneB, agentA, 0), "", phoneA, InAgent},
		{"the frame", nil, from(ip(1), phoneA, "", 0), "", phoneA, InFrame},
		{"a frame of a phone that templates are bound to", func(r *Registry) { r.Bind(mac(router)) }, from(ip(1), router, "", 0), "", router, InFrame},
		{"the address", func(r *Registry) { r.Sender(from(ip(1), router, "", 0)).Is(mac(phoneA)) }, from(ip(1), router, "", 0), "", phoneA, InAddress},
		{"the address, by a user agent", func(r *Registry) { r.Sender(from(ip(1), router, agentA, 0)) }, from(ip(1), router, "", 0), "", phoneA, InAddress},
		{"another address", func(r *Registry) { r.Sender(from(ip(2), router, "", 0)).Is(mac(phoneA)) }, from(ip(1), router, "", 0), "", "00:00:00:00:00:00", InAddress},
		{"a router of a vendor of phones", func(r *Registry) { r.Sender(from(ip(2), phoneA, "", 0)).Frame() }, from(ip(1), phoneA, "", 0), "", "00:00:00:00:00:00", InAddress},
		{"a router, by connections without a request", func(r *Registry) { r.Heard(mac(phoneA), ip(2), 0) }, from(ip(1), phoneA, "", 0), "", "00:00:00:00:00:00", InAddress},
		{"a phone that has moved", func(r *Registry) { r.Heard(mac(phoneA), ip(2), 0) }, from(ip(1), phoneA, "", 600*second), "", phoneA, InFrame},
		{"a phone with both versions of IP", func(r *Registry) { r.Heard(mac(phoneA), netip.MustParseAddr("2001:db8::1"), 0) }, from(ip(1), phoneA, "", 0), "", phoneA, InFrame},
	} {
		r := NewRegistry()
		if test.before != nil {
			test.before(r)
		}
		got, by := r.Sender(test.x).MAC(mac(test.url))
		if got.String() != test.want || by != test.by {
			t.Errorf("%s: %v by %q, want %s by %q", test.name, got, by, test.want, test.by)
		}
	}
}

func TestContradiction(t *testing.T) {
	for _, test := range []struct {
		name  string
		bound string
		x     *httpwire.Exchange
		url   string
		want  string
	}{
		{"the user agent agrees", "", from(ip(1), router, agentA, 0), phoneA, "00:00:00:00:00:00"},
		{"the user agent does not", "", from(ip(1), router, agentA, 0), phoneB, phoneA},
		{"a frame, which may be a router's", "", from(ip(1), phoneA, "", 0), phoneB, "00:00:00:00:00:00"},
		{"a frame of a phone that templates are bound to", phoneA, from(ip(1), phoneA, "", 0), phoneB, phoneA},
	} {
		r := NewRegistry()
		r.Bind(mac(test.bound))
		if got := r.Sender(test.x).Contradiction(mac(test.url)); got.String() != test.want {
			t.Errorf("%s: %v, want %s", test.name, got, test.want)
		}
	}
}

// What a client is known for without an event.
func TestIsPhone(t *testing.T) {
	r := NewRegistry()
	for _, x := range []*httpwire.Exchange{from(ip(1), router, agentA, 0), from(ip(2), router, "curl/8.5.0", 0)} {
		r.Sender(x)
	}
	r.Sender(from(ip(1), router, "Mozilla/5.0 (X11; Linux x86_64)", second)) // its user beside it
	if !r.IsPhone(ip(1)) || r.IsPhone(ip(2)) || r.IsPhone(ip(3)) || r.At(ip(1)) != 0 {
		t.Error("the wrong clients are phones")
	}
	r.Heard(mac(phoneA), ip(1), 0)
	r.Heard(mac(router), ip(1), 0)
	r.Heard(mac(router), ip(2), 0)
	if !r.Holds(mac(phoneA), ip(1)) || r.Holds(mac(phoneA), ip(2)) || r.Holds(mac(router), ip(1)) || r.Holds(mac(phoneB), ip(1)) {
		t.Error("frames are taken for the wrong client's")
	}
}

func TestKey(t *testing.T) {
	if k := KeyOf(mac(phoneA), ip(1)); k != KeyOf(mac(phoneA), ip(2)) || k.String() != phoneA {
		t.Errorf("a phone whose MAC address is known: %v", k)
	}
	if k := KeyOf(packet.MAC{}, ip(1)); k == KeyOf(packet.MAC{}, ip(2)) || k.String() != "192.168.40.1" {
		t.Errorf("a phone without: %v", k)
	}
}

// However many addresses there are, what is kept is bounded, and what is known
// already goes on.
func TestBounds(t *testing.T) {
	r := NewRegistry()
	m := packet.MAC{0, 0x0b, 0x82}
	var last ID
	for i := range MaxPhones + 1000 {
		m[3], m[4], m[5] = byte(i>>16), byte(i>>8), byte(i)
		a := netip.AddrFrom4([4]byte{10, m[3], m[4], m[5]})
		r.Heard(m, a, 0)
		last = r.Add(m, a, a, 0)
	}
	if last != 0 || r.phones != MaxPhones || len(r.byMAC) != MaxPhones || r.addresses.n() > maxAddresses || len(r.sources) > maxSources {
		t.Errorf("phone %d of %d, %d addresses, %d sources", last, r.phones, r.addresses.n(), len(r.sources))
	}
	a := netip.AddrFrom4([4]byte{10, 0, 0, 0})
	if got := r.Add(packet.MAC{0, 0x0b, 0x82, 0, 0, 0}, a, a, 0); got != 1 {
		t.Errorf("the first phone is phone %d", got)
	}
	if got := r.Add(packet.MAC{}, netip.MustParseAddr("2001:db8::1"), a, 0); got != 0 {
		t.Errorf("one too many is phone %d", got)
	}
}

// What every request does allocates nothing once its phone is known.
func TestAllocs(t *testing.T) {
	r := NewRegistry()
	x := from(ip(1), phoneA, agentA, 0)
	once := func() {
		s := r.Sender(x)
		m, _ := s.MAC(packet.MAC{})
		s.Is(m)
		r.Add(m, ip(1), ip(1), x.Time)
	}
	once()
	if n := testing.AllocsPerRun(100, once); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

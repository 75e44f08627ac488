package capturetest

import (
	"net/netip"

	"github.com/google/gopacket/layers"
)

// A Question is a query for the address of a name.
type Question struct {
	ID   uint16
	Name string
	IPv6 bool
}

func (q Question) message() layers.DNS {
	kind := layers.DNSTypeA
	if q.IPv6 {
		kind = layers.DNSTypeAAAA
	}
	return layers.DNS{ID: q.ID, RD: true, Questions: []layers.DNSQuestion{{Name: []byte(q.Name), Type: kind, Class: layers.DNSClassIN}}}
}

// Ask adds a frame with a query of a client to a DNS server, port 53.
func (c *Capture) Ask(client, server string, q Question) {
	m := q.message()
	c.Datagram(client, netip.AddrPortFrom(netip.MustParseAddr(server), 53).String(), string(Serialize(&m)))
}

// Resolve adds a frame with the answer of a DNS server to a query of a client, with
// a response code and addresses.
func (c *Capture) Resolve(client, server string, q Question, code layers.DNSResponseCode, addrs ...string) {
	m := q.message()
	m.QR, m.RA, m.ResponseCode = true, true, code
	for _, a := range addrs {
		m.Answers = append(m.Answers, layers.DNSResourceRecord{
			Name: []byte(q.Name), Type: m.Questions[0].Type, Class: layers.DNSClassIN, TTL: 60, IP: netip.MustParseAddr(a).AsSlice(),
		})
	}
	c.Datagram(netip.AddrPortFrom(netip.MustParseAddr(server), 53).String(), client, string(Serialize(&m)))
}

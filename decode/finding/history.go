package finding

import (
	"net/netip"

	"actionurl/decode/httpwire"
	"actionurl/decode/timeline"
)

// past is what a phone did before.
type past struct {
	client netip.Addr     // that its latest request came from
	server netip.AddrPort // that took it
}

// history checks an event against what its phone did before.
func (c *Checker) history(x *httpwire.Exchange, phone *timeline.Phone) {
	p := c.past[phone]
	if p == nil {
		p = new(past)
		c.past[phone] = p
	}
	if client := x.Client.Addr(); client != p.client {
		p.client = client
		c.clients[client] = phone
	}
	if x.Server != p.server {
		p.server = x.Server
		c.conns.took(x.Server)
	}
}

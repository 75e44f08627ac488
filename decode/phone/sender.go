package phone

import (
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/vendor"
)

// Evidence is what shows which phone sent a request.
type Evidence string

const (
	InURL     Evidence = "url"        // its MAC address is in the URL
	InAgent   Evidence = "user_agent" // its MAC address is in the user agent
	InFrame   Evidence = "frame"      // the frame comes from its MAC address
	InAddress Evidence = "address"    // its IP address, and what came from there before
)

// Beats reports whether it is surer than other evidence, or none.
func (e Evidence) Beats(other Evidence) bool { return e.strength() > other.strength() }

func (e Evidence) strength() int {
	switch e {
	case InURL:
		return 4
	case InAgent:
		return 3
	case InFrame:
		return 2
	case InAddress:
		return 1
	}
	return 0
}

// A Sender is what a request shows of who sent it.
type Sender struct {
	registry *Registry
	request  *httpwire.Exchange
	at       *address // nil if not known
	agent    *agent
	from     *source // nil until it is asked for
}

// Agent returns what the user agent says.
func (s *Sender) Agent() *vendor.Agent { return &s.agent.Agent }

// Frame returns the source of the request's frame, if it is a phone's, and else
// zero. Beyond a router it is the router's, which may be of a phone's vendor.
func (s *Sender) Frame() packet.MAC {
	x := s.request
	if s.from == nil {
		s.from = s.registry.source(x.Source, s.at)
		s.from.from(x.Client.Addr(), x.Time)
	}
	if s.from.phone && !s.from.shared {
		return x.Source
	}
	return packet.MAC{}
}

// IsKnown reports whether a phone that announces events had the IP address.
func (s *Sender) IsKnown() bool { return s.at != nil && s.at.announces }

// MAC returns the MAC address of the phone, zero if it is not known, and what
// shows it. The one in the URL is zero for none.
func (s *Sender) MAC(url packet.MAC) (mac packet.MAC, by Evidence) {
	switch {
	case !url.IsZero():
		return url, InURL
	case !s.agent.MAC.IsZero():
		return s.agent.MAC, InAgent
	}
	if mac := s.Frame(); !mac.IsZero() {
		return mac, InFrame
	}
	if s.at != nil {
		return s.at.holder.who, InAddress
	}
	return packet.MAC{}, InAddress
}

// Contradiction returns a phone's MAC address that contradicts the one in the URL,
// zero for none: the user agent's, or the frame's where templates are bound to it.
// Without these, the frame's may be a router's of a phone's vendor.
func (s *Sender) Contradiction(url packet.MAC) packet.MAC {
	mac := s.agent.MAC
	if mac.IsZero() {
		if _, bound := s.registry.bound[s.request.Source]; bound {
			mac = s.Frame()
		}
	}
	if mac == url {
		return packet.MAC{}
	}
	return mac
}

// Is notes the MAC address of the phone, zero if it is not known. Later requests
// from its IP address are its, too.
func (s *Sender) Is(mac packet.MAC) {
	if mac.IsZero() {
		return
	}
	if s.at == nil {
		s.at = s.registry.address(s.request.Client.Addr())
	}
	if s.at != nil {
		s.at.isPhone, s.at.announces = true, true
		s.at.holder.heard(mac, s.request.Time)
	}
}

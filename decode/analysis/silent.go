package analysis

import (
	"cmp"
	"net/netip"

	"actionurl/capture"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
	"actionurl/decode/timeline"
	"actionurl/decode/vendor"
)

// maxSilent bounds the addresses that may be those of phones which announce
// nothing: 16,384 of about 310 bytes, 5 MiB.
const maxSilent = 16 << 10

// silent keeps the phones that announce nothing: known by their SIP, by requests
// that announce nothing, as provisioning's, or by connections that brought no
// request or are encrypted.
type silent struct {
	ends  map[netip.Addr]*end
	order []netip.Addr // of their first appearance
}

// Silent takes a phone that announced nothing, and was saved.
func (a *Analyzer) Silent(mac packet.MAC, addr netip.Addr, account, sensor string, first, last int64) {
	if e := a.silent.of(addr, first); e != nil {
		e.mac, e.user, e.registers, e.last = mac, account, true, last
		e.sensors.Add(sensor)
	}
}

// An end is what is known of an address.
type end struct {
	mac         packet.MAC     // zero if not known
	vendor      *vendor.Vendor // by its user agent; nil if not known
	user        string         // by which it registers, calls, or is called
	several     bool           // it has several such names: a PBX
	registers   bool
	registrar   bool // it answers those who register
	called      bool
	connects    bool // as a phone, without a request
	fetches     bool // as a phone, by its user agent
	first, last int64
	sensors     capture.Sensors
}

// of returns the end of an address, nil beyond the bound.
func (s *silent) of(addr netip.Addr, at int64) *end {
	e := s.ends[addr]
	if e == nil {
		if len(s.ends) == maxSilent {
			return nil
		}
		if s.ends == nil {
			s.ends = map[netip.Addr]*end{}
		}
		e = &end{first: at}
		s.ends[addr] = e
		s.order = append(s.order, addr)
	}
	e.last = max(e.last, at)
	return e
}

// message takes a SIP message: who registers or is called by one name may be a
// phone.
func (s *silent) message(m *sip.Message) {
	if m.Status != 0 { // who is called may send no more than this
		if e := s.ends[m.Sender]; e != nil {
			e.sends(m.Source)
		}
		return
	}
	switch string(m.Method) {
	case "REGISTER":
		if e := s.of(m.Sender, m.Time); e != nil {
			e.registers = true
			e.is(m.To, m.Source)
		}
		if e := s.of(m.Receiver, m.Time); e != nil {
			e.registrar = true
		}
	case "INVITE":
		if e := s.of(m.Sender, m.Time); e != nil {
			e.is(m.From, m.Source)
		}
		if e := s.of(m.Receiver, m.Time); e != nil {
			e.called = true
			e.is(m.To, packet.MAC{})
		}
	}
}

// is notes a name of an end, and where its frames come from.
func (e *end) is(party []byte, mac packet.MAC) {
	e.sends(mac)
	if e.several {
		return
	}
	user := sip.User(party)
	e.several = e.user != "" && user != "" && user != e.user
	if e.user == "" {
		e.user = user
	}
}

// sends notes where the frames of an end come from, if that is a phone's address.
func (e *end) sends(mac packet.MAC) {
	if e.mac.IsZero() && vendor.Of(mac) != nil {
		e.mac = mac
	}
}

// request takes a request that announces nothing, and its user agent.
func (s *silent) request(x *httpwire.Exchange, agent *vendor.Agent) {
	if agent.Vendor == nil || agent.Browser {
		return
	}
	if e := s.of(x.Client.Addr(), x.Time); e != nil {
		e.fetches, e.vendor = true, agent.Vendor
		if e.mac.IsZero() {
			e.mac = agent.MAC
		}
		e.sends(x.Source)
	}
}

// found takes a finding: connections of phones are among them.
func (s *silent) found(o *finding.Occurrence) {
	switch o.Kind {
	case finding.Refused, finding.Unreachable, finding.Encrypted, finding.DNSFailure:
		if e := s.of(o.Phone.Addr, o.Time); e != nil && o.Phone.Addr.IsValid() {
			e.connects = true
			e.last = max(e.last, o.Last)
			if e.mac.IsZero() {
				e.mac = o.Phone.MAC
			}
		}
	}
}

// isPhone reports whether an end is a phone: not one who registers others or
// speaks for many. Who is called by one name may also be a PBX with a single
// call, so its frames must come from a phone.
func (e *end) isPhone() bool {
	bySIP := !e.registrar && !e.several && (e.registers || e.called && !e.mac.IsZero())
	return bySIP || e.fetches || e.connects && !e.mac.IsZero()
}

// phones returns the phones that are not among those that announced something.
func (s *silent) phones(announced []*timeline.Phone) []*Phone {
	addresses, macs := map[netip.Addr]bool{}, map[packet.MAC]bool{}
	for _, p := range announced {
		for _, a := range p.Addresses {
			addresses[a] = true
		}
		macs[p.MAC] = !p.MAC.IsZero()
	}
	var all []*Phone
	for _, addr := range s.order {
		e := s.ends[addr]
		if !e.isPhone() || addresses[addr] || macs[e.mac] {
			continue
		}
		p := &timeline.Phone{MAC: e.mac, Addresses: []netip.Addr{addr}, Vendor: cmp.Or(e.vendor, vendor.Of(e.mac)), First: e.first, Last: e.last, Sensors: e.sensors}
		if e.user != "" && !e.several {
			p.Accounts = []string{e.user}
		}
		all = append(all, &Phone{Phone: p, Silent: true})
	}
	return all
}

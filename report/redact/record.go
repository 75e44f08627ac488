package redact

import (
	"net/netip"
	"slices"
	"strings"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
	"actionurl/decode/timeline"
	"actionurl/decode/vendor"
)

// maxTemplates bounds the texts of templates that are kept with what they became, in
// bytes, each with templateCost more: 64 MiB, as of 262,144 phones of a large site where
// each has its own. Further ones are taken apart each time.
const (
	maxTemplates = 64 << 20
	templateCost = 64
)

// maxEffort is how many bytes of base64 are decoded of a record or a message.
const maxEffort = 64 << 10

// A record is what Record returns.
type record struct {
	decode.Record
	exchange, sent httpwire.Exchange
	event          actionurl.Event
	template       actionurl.Template
}

// Record returns a record without what must not be shown. Bodies are left out.
func (r *Redactor) Record(rec *decode.Record) *decode.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.effort = maxEffort
	to := &r.record
	vars, findings := to.event.Vars[:0], to.Findings[:0]
	to.Record = *rec
	to.exchange = *rec.Exchange
	to.Exchange = &to.exchange
	r.ends(to.Exchange)
	if rec.Event != nil {
		r.kept = rec.Event.PhoneVersion
		to.event = *rec.Event
		to.event.Vars = vars
		to.Event = &to.event
		r.event(to.Event, rec.Event.Vars)
		to.Phone = r.phone(rec.Phone)
		to.Call = r.timelineCall(rec.Call)
	}
	r.exchange(to.Exchange)
	if rec.Sent != nil {
		to.sent = *rec.Sent
		to.Sent = &to.sent
		r.ends(to.Sent)
		r.exchange(to.Sent)
	}
	to.Findings = findings
	for i := range rec.Findings {
		to.Findings = append(to.Findings, r.finding(rec.Findings[i]))
	}
	r.kept, r.values = "", r.values[:0]
	return &to.Record
}

// event redacts a copy of an event. Its values come first: then they are known in
// the texts around.
func (r *Redactor) event(e *actionurl.Event, vars []actionurl.Var) {
	e.PhoneMAC, e.OtherMAC, e.PhoneIP = r.mac(e.PhoneMAC), r.mac(e.OtherMAC), r.addr(e.PhoneIP)
	e.PhoneName, e.ServerName = r.name(e.PhoneName), r.name(e.ServerName)
	s := &e.Sides
	for _, number := range [...]*string{&s.Local, &s.Remote, &s.Account} {
		*number = r.number(*number)
	}
	s.LocalName, s.RemoteName = r.name(s.LocalName), r.name(s.RemoteName)
	if s.Duration > mostSeconds && r.has(Numbers) {
		s.Duration, s.Lasted = 0, false
	}
	if e.CallID != "" {
		e.CallID = r.call(e.CallID)
	}
	for i, v := range vars {
		if secretKey(v.Name) {
			v.Value = r.secretValue(&v)
		} else {
			v.Value = r.value(v.Value, meaningIn(&v))
		}
		if v.Value != vars[i].Value && strings.ContainsAny(v.Value+vars[i].Value, "/?&;#=%") {
			r.values = append(r.values, [2]string{viewOf(vars[i].Value).text, v.Value})
		}
		e.Vars = append(e.Vars, v)
	}
	for i := range e.Vars {
		e.Vars[i].Name = r.key(e.Vars[i].Name)
	}
	e.PhoneProduct, e.PhoneVersion = r.scan(e.PhoneProduct, agent), r.scan(e.PhoneVersion, agent)
	e.Template = r.template(e.Template)
}

// secretValue replaces the value of a variable that is a secret by its name.
func (r *Redactor) secretValue(v *actionurl.Var) string {
	if v.State == actionurl.Unresolved {
		return r.value(v.Value, v.Means)
	}
	return r.secret(v.Value)
}

// ends redacts both ends in a copy of an exchange: then they are known in what is
// sent.
func (r *Redactor) ends(x *httpwire.Exchange) {
	x.Interface = r.interfaceOf(x.Interface)
	x.Client, x.Server = r.addrPort(x.Client), r.addrPort(x.Server)
	x.Host = r.authority(x.Host)
}

// exchange redacts the rest of the copy.
func (r *Redactor) exchange(x *httpwire.Exchange) {
	x.Source = r.mac(x.Source)
	x.Method, x.Version = r.other(x.Method), r.other(x.Version)
	x.Target, x.Location = r.url(x.Target), r.url(x.Location)
	x.UserAgent, x.ContentType = r.userAgent(x.UserAgent), r.parameters(x.ContentType)
	x.Reply = r.other(x.Reply)
	if x.BodySize > 0 { // of a body that is left out, its length would say something
		x.Body, x.BodySize, x.ContentLength = nil, 0, -1
	}
	also := make([]string, len(x.Also))
	for i, text := range x.Also {
		also[i] = r.scan(text, message)
	}
	x.Also = also
}

// userAgent replaces what is found in a user agent, and words that nobody knows; all
// of one that is no phone's and has such words. Model and version of a phone stay.
func (r *Redactor) userAgent(s string) string {
	by := vendor.Read(s)
	defer func(kept string) { r.kept = kept }(r.kept)
	r.kept = by.Version(s)
	v := viewOf(s)
	hits := r.hits(v.text, agent)
	switch {
	case !r.has(Names):
	case by.Vendor != nil:
		hits = r.strange(v.text, hits, strings.ToLower(by.Product(s)+" "+r.kept))
	case !named(rest(v.text, hits)):
		return r.book.of(aValue, s)
	}
	return v.replace(hits)
}

// strange returns the hits with the words between that are none of user agents, and
// not in what the record says of the phone.
func (r *Redactor) strange(text string, hits []hit, said string) []hit {
	var all []hit
	next := 0
	for i := 0; i < len(text); {
		if next < len(hits) && hits[next].at == i {
			all = append(all, hits[next])
			i += max(1, hits[next].n)
			next++
			continue
		}
		n := wordAt(text[i:])
		if next < len(hits) {
			n = min(n, hits[next].at-i)
		}
		if word := text[i : i+n]; n >= leastKnown && !strings.Contains(said, strings.ToLower(word)) && !agentsOwn(word) {
			all = append(all, hit{i, n, func() string { return r.book.of(aValue, word) }})
		}
		i += max(1, n)
	}
	return all
}

// template returns a template with what stays of its text.
func (r *Redactor) template(t *actionurl.Template) *actionurl.Template {
	if t == nil {
		return nil
	}
	text, known := r.templates[t.Text]
	if !known {
		text = r.url(t.Text)
		if size := len(t.Text) + len(text) + templateCost; size <= r.room {
			r.templates[strings.Clone(t.Text)] = text
			r.room -= size
		}
	}
	r.record.template = actionurl.Template{Kind: t.Kind, Text: text, Phone: r.mac(t.Phone)}
	return &r.record.template
}

// interfaceOf returns where something was captured.
func (r *Redactor) interfaceOf(i *capture.Interface) *capture.Interface {
	if i == nil {
		return nil
	}
	if i != r.last {
		r.last = i
		r.redacted = &capture.Interface{Capture: r.capture(i.Capture), Link: i.Link, Sensor: r.scan(i.Sensor, message)}
	}
	return r.redacted
}

// phone returns a phone: the same for the same, as it is now.
func (r *Redactor) phone(p *timeline.Phone) *timeline.Phone {
	if p == nil {
		return nil
	}
	to := r.phones[p]
	if to == nil {
		to = new(timeline.Phone)
		r.phones[p] = to // no more than there are in the timeline
	}
	addresses, accounts := to.Addresses[:0], to.Accounts[:0]
	*to = timeline.Phone{
		ID: p.ID, MAC: r.mac(p.MAC), Events: p.Events, Failures: p.Failures, First: p.First, Last: p.Last, Switches: p.Switches,
		Known: p.Known, Vendor: p.Vendor, Calls: p.Calls, Name: r.name(p.Name),
	}
	for _, sensor := range p.Sensors {
		to.Sensors.Add(r.scan(sensor, message))
	}
	kept := r.kept
	r.kept = p.Version
	to.Product, to.Version = r.scan(p.Product, agent), r.scan(p.Version, agent)
	r.kept = kept
	for _, a := range p.Addresses {
		addresses = append(addresses, r.addr(a))
	}
	for _, a := range p.Accounts {
		accounts = append(accounts, r.number(a))
	}
	to.Addresses, to.Accounts = addresses, accounts
	return to
}

// timelineCall returns a call: the same for the same until it is closed, as it is now.
func (r *Redactor) timelineCall(c *timeline.Call) *timeline.Call {
	if c == nil {
		return nil
	}
	to := r.calls[c]
	if to == nil {
		to = new(timeline.Call)
		r.calls[c] = to // no more than there are in the timeline
	}
	*to = *c
	to.Phone = r.phone(c.Phone)
	to.Local, to.Remote, to.DisplayRemote = r.number(c.Local), r.number(c.Remote), r.name(c.DisplayRemote)
	if c.ID != "" {
		to.ID = r.call(c.ID)
	}
	if to.Duration > mostSeconds && r.has(Numbers) {
		to.Duration = -1
	}
	to.Address, to.Sensor = r.addr(c.Address), r.scan(c.Sensor, message)
	if c.SIP != nil {
		to.SIP = r.sipCall(c.SIP)
	}
	return to
}

// SIP returns what a screen shows of a SIP message.
func (r *Redactor) SIP(m *sip.Message) *sip.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	to := &sip.Message{
		Origin: m.Origin, Sender: r.addr(m.Sender), Receiver: r.addr(m.Receiver), Method: []byte(r.other(string(m.Method))), Status: m.Status,
		CallID: []byte(r.call(string(m.CallID))), CSeq: m.CSeq, Length: -1,
	}
	to.Interface, to.Source = r.interfaceOf(m.Interface), r.mac(m.Source)
	return to
}

// sipCall returns a copy of a call as SIP has it.
func (r *Redactor) sipCall(c *sip.Call) *sip.Call {
	to := *c
	to.ID, to.Addr, to.Source = r.call(c.ID), r.addr(c.Addr), r.mac(c.Source)
	for _, p := range [...]*sip.Party{&to.Local, &to.Remote} {
		p.User, p.Name = r.number(p.User), r.name(p.Name)
	}
	to.Capture = r.interfaceOf(c.Capture)
	to.Denial.Capture = r.capture(c.Denial.Capture)
	return &to
}

// Call returns a call that is closed without what must not be shown.
func (r *Redactor) Call(c *decode.Call) *decode.Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.effort = maxEffort
	to := r.timelineCall(c.Call)
	delete(r.calls, c.Call)
	return &decode.Call{Call: to, Findings: c.Findings}
}

// Phones returns phones without what must not be shown.
func (r *Redactor) Phones(all []*decode.Phone) []*decode.Phone {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.effort = maxEffort
	redacted := make([]*decode.Phone, len(all))
	for i, p := range all {
		redacted[i] = &decode.Phone{Phone: r.phone(p.Phone), Findings: p.Findings, Silent: p.Silent}
	}
	return redacted
}

// Found returns a finding without what must not be shown.
func (r *Redactor) Found(o *finding.Occurrence) *finding.Occurrence {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.effort = maxEffort
	to := *o
	to.Finding = r.finding(o.Finding)
	to.Capture = r.capture(o.Capture)
	to.Phone = finding.Phone{Name: r.name(o.Phone.Name), MAC: r.mac(o.Phone.MAC), Addr: r.addr(o.Phone.Addr)}
	return &to
}

// finding returns a finding with what stays of its detail.
func (r *Redactor) finding(f finding.Finding) finding.Finding {
	d := &f.Detail
	d.Addr, d.From = r.addr(d.Addr), r.addr(d.From)
	d.Why = r.scan(d.Why, message)
	if server, err := netip.ParseAddrPort(d.Name); err == nil {
		d.Name = r.addrPort(server).String()
	} else if mac, ok := packet.ParseMAC(d.Name); ok {
		d.Name = r.mac(mac).String()
	} else if f.Kind == finding.DNSFailure {
		d.Name = r.authority(d.Name)
	} else {
		d.Name = r.key(d.Name)
	}
	switch mac, ok := packet.ParseMAC(d.Other); {
	case d.Other == "":
	case ok:
		d.Other = r.mac(mac).String()
	case slices.Contains([]finding.Kind{finding.Refused, finding.Unreachable, finding.Encrypted}, f.Kind):
		d.Other = r.authority(d.Other)
	case f.Kind == finding.UnresolvedVariable: // what the phone knows instead
	case f.Kind == finding.BadValue:
		d.Other = r.value(d.Other, meaningOf(f.Detail.Name))
	default:
		d.Other = r.other(d.Other)
	}
	return f
}

package verdict

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"actionurl/decode/dns"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/phone"
)

// Verdict returns the verdict on what was taken so far.
func (c *Collector) Verdict() *Verdict {
	v := &Verdict{
		First: c.first, Last: c.last, Events: c.events, Requests: c.requests, Phones: c.phones, Crowded: c.crowded,
		Servers: c.serverRows(), Silent: c.silent,
	}
	if v.First == 0 {
		v.First, v.Last = c.silentFirst, c.silentEnd
	}
	explained := map[int]finding.Set{} // by phone: what a cause says of it already
	v.Causes = c.failures(explained)
	failed, notes := c.attempts(explained)
	v.Causes, v.Notes = append(v.Causes, failed...), notes
	for _, s := range c.found.Summaries() {
		if !isOutcome(s.Kind) && !isAttempt(s.Kind) {
			c.other(v, &s, explained)
		}
	}
	rank(v.Causes)
	rank(v.Notes)
	failing := map[phone.Key]struct{}{}
	for i := range v.Causes {
		cause := &v.Causes[i]
		cause.All = len(cause.Phones) == len(c.phones)+c.silent && len(c.phones) > 1
		if cause.Severity == finding.Error {
			for _, p := range cause.Phones {
				failing[phone.KeyOf(p.MAC, p.Addr)] = struct{}{}
			}
		}
	}
	v.Failing = len(failing)
	return v
}

// serverRows returns the servers, the busiest first.
func (c *Collector) serverRows() []Server {
	var all []Server
	for _, s := range c.servers {
		if s.events == 0 || !s.addr.IsValid() {
			continue
		}
		c.scale.adjust(&s.bars)
		last := max(1, int((c.last-c.scale.begin)/c.scale.width)+1)
		row := Server{
			Addr: s.addr, Name: s.name, Phones: s.phones, Events: s.events, OK: s.ok, Failed: s.failed,
			Answered: s.latency.n, First: s.first, Last: s.last, Bars: s.bars.n[:min(last, parts)], Findings: s.findings, Sensors: s.sensors,
		}
		if s.latency.n > 0 {
			row.Median, row.P95, row.Max = s.latency.quantile(0.5), s.latency.quantile(0.95), s.latency.max
		}
		all = append(all, row)
	}
	slices.SortStableFunc(all, func(a, b Server) int { return cmp.Compare(b.Events, a.Events) })
	return all
}

// A group are pairs that fail in one way at one server, for one reason.
type group struct {
	outcome
	server int
	always bool // no request of these phones was taken
	apart  int  // the feature that explains it, -1 for none
}

// A member is a pair of a group, with its failure.
type member struct {
	*pair
	*failure
}

// failures returns the causes of requests that failed.
func (c *Collector) failures(explained map[int]finding.Set) []Cause {
	taken := c.taken()
	groups := map[group][]member{}
	var order []group
	for _, p := range c.pairs {
		for i := range p.failures {
			f := &p.failures[i]
			g := group{f.outcome, int(p.server), p.ok == 0, c.explains(p, taken)}
			if groups[g] == nil {
				order = append(order, g)
			}
			groups[g] = append(groups[g], member{p, f})
		}
	}
	var all []Cause
	for _, g := range order {
		members := groups[g]
		if g.apart >= 0 && c.features[g.apart].kind == firmware && len(members) < 2 {
			g.apart = -1 // one phone is no sign
		}
		all = append(all, c.cause(g, members))
		for _, m := range members {
			done := explained[int(m.phone)]
			done.Add(finding.Repeated) // phones send again what was not taken
			if g.apart >= 0 {
				switch f := c.features[g.apart]; f.kind {
				case variable:
					done.Add(finding.UnresolvedVariable)
				case form:
					k, _ := finding.KindOf(f.text)
					done.Add(k)
				}
			}
			explained[int(m.phone)] = done
		}
	}
	return all
}

// taken returns, by server and feature, how many requests with it were taken.
func (c *Collector) taken() map[[2]int]int {
	all := map[[2]int]int{}
	for _, p := range c.pairs {
		for _, s := range p.features {
			all[[2]int{int(p.server), int(s.feature)}] += int(s.ok)
		}
	}
	return all
}

// explains returns the feature that all failed requests of a pair have and no
// request that its server took, -1 for none. Where the server took none, nothing
// sets the phones apart.
func (c *Collector) explains(p *pair, taken map[[2]int]int) int {
	if c.servers[p.server].ok == 0 {
		return -1
	}
	failed := 0
	for i := range p.failures {
		failed += p.failures[i].n
	}
	best := -1
	for _, s := range p.features {
		if int(s.failed) < failed || taken[[2]int{int(p.server), int(s.feature)}] > 0 {
			continue
		}
		if best < 0 || c.features[s.feature].kind < c.features[best].kind {
			best = int(s.feature)
		}
	}
	return best
}

// cause puts the failures of a group into words.
func (c *Collector) cause(g group, members []member) Cause {
	cause := Cause{Kind: g.kind, Severity: g.kind.Severity(), Hint: g.hint(c.servers[g.server].addr.Port()), Place: members[0].first}
	events := 0
	for _, m := range members {
		cause.Phones = append(cause.Phones, c.phones[m.phone])
		cause.Count += m.n
		events += int(m.events)
		if m.first.Time < cause.Time {
			cause.Place = m.first
		}
	}
	if to := c.servers[g.server].redirect; g.kind == finding.Redirect && to != "" {
		cause.Hint = "configure the URL that the server redirects to, as " + to
		if asksLogin(to) {
			cause.Hint = "the server sends the phones to " + to + ": let it take these requests without a login"
		}
	}
	cause.What = portion(cause.Count, events)
	if len(c.servers) > 1 {
		cause.What += " to " + c.servers[g.server].addr.String()
	}
	cause.What += " " + g.words()
	others := c.working(g.server, members)
	if g.apart < 0 {
		if g.always { // so it is these phones, not the server
			cause.Apart = strings.Trim(others, " ()")
		}
		return cause
	}
	switch f := c.features[g.apart]; f.kind {
	case variable:
		cause.Apart = fmt.Sprintf("only these send %s unreplaced%s", f.text, others)
		cause.Hint = "correct the spelling of the variable in the phone's Action URL"
		if name := c.spelling[g.apart]; name != "" {
			cause.Hint = "correct the spelling in the phone's Action URL: " + name
		}
	case path:
		cause.Apart = fmt.Sprintf("only these ask for %s%s", f.text, others)
		if g.misdirected() {
			cause.Hint = "correct the path of the phone's Action URL"
		}
	case host:
		cause.Apart = fmt.Sprintf("only these name the host %s%s", f.text, others)
		if g.misdirected() {
			cause.Hint = "correct the host of the phone's Action URL, or let the server answer for it"
		}
	case form:
		if k, ok := finding.KindOf(f.text); ok {
			cause.Apart = fmt.Sprintf("only these have %s%s", k.Title(), others)
			cause.Hint = k.Hint()
		}
	case firmware:
		cause.Apart = fmt.Sprintf("all of these are %s%s", strings.TrimSpace(f.text+" "+f.more), others)
	}
	return cause
}

// portion words how many of several requests are meant.
func portion(n, of int) string {
	switch {
	case of == 1:
		return "the only request"
	case n == of:
		return fmt.Sprintf("all %d requests", of)
	}
	return fmt.Sprintf("%d of %d requests", n, of)
}

// words says how requests failed.
func (o outcome) words() string {
	switch {
	case o.kind == finding.HTTPError:
		return fmt.Sprintf("answered %d", o.status)
	case o.tls:
		return "answered in TLS"
	case o.kind == finding.NotHTTP:
		return "answered with something that is not HTTP"
	case o.kind == finding.Redirect:
		return fmt.Sprintf("redirected (%d), which phones do not follow", o.status)
	}
	switch o.reason {
	case httpwire.ResetByPeer:
		return "not answered before the server reset the connection"
	case httpwire.Aborted:
		return "not answered before the phone reset the connection"
	case httpwire.ClosedFirst:
		return "not answered before the connection was closed"
	case httpwire.Unacknowledged:
		return "never acknowledged by the server"
	}
	return "not answered in time"
}

// hint says what to do about requests that failed so at a port.
func (o outcome) hint(port uint16) string {
	switch {
	case o.tls, o.status == 400 && (port == 443 || port == 8443):
		return "the port takes https: begin the phone's Action URL with https://, or give it the server's port for http"
	case o.reason == httpwire.Unacknowledged:
		return "connections come about, but requests do not get through: look for a firewall, proxy or small MTU (VPN, PPPoE) on the way, and capture at the server, too"
	case o.reason == httpwire.Aborted:
		return "the phone did not wait for the answer: let the server answer 200 at once, and do its work after that"
	case o.kind != finding.HTTPError:
		return o.kind.Hint()
	}
	switch o.status {
	case 401:
		return "the server asks for credentials: enter them in the phone, or let the server take these requests without"
	case 403:
		return "the server forbids the request: let it allow the phones' addresses, or give the phones the credentials that it expects"
	case 404, 410:
		return "compare path and host of the phone's Action URL with what the server expects"
	case 405, 501:
		return "let the server take the method that the phone sends at this path"
	case 407:
		return "the proxy asks for credentials: let the phone reach the server without the proxy, or let the proxy pass these requests"
	case 408:
		return "the server got the request in part: look for a firewall or small MTU (VPN, PPPoE) on the way"
	case 429:
		return "the server limits how often it is asked: let it take all requests of the phones"
	case 413, 414, 431:
		return "shorten the phone's Action URL, or raise the server's limit"
	case 415:
		return "let the server take the type of body that the phone posts"
	case 502, 503, 504:
		return "the service behind the server does not answer: check that it runs; see the server's log for this time"
	}
	if o.status >= 500 {
		return "the server took the request and failed in it: see its log for this time"
	}
	return o.kind.Hint()
}

// asksLogin reports whether a URL that a server redirects to seems to be the page
// at which people log in.
func asksLogin(url string) bool {
	page := strings.ToLower(url[strings.LastIndexByte(strings.TrimRight(url, "/"), '/')+1:])
	return strings.Contains(page, "login") || strings.Contains(page, "signin") || strings.Contains(page, "sign-in")
}

// misdirected reports whether another path or host may have been taken.
func (o outcome) misdirected() bool {
	switch o.status {
	case 400, 403, 404, 405, 410, 421:
		return true
	}
	return false
}

// working says in brackets how many phones work with a server beside those that
// fail, empty for none.
func (c *Collector) working(server int, failing []member) string {
	n := 0
	for _, p := range c.pairs {
		if int(p.server) == server && p.ok > 0 && !slices.ContainsFunc(failing, func(m member) bool { return m.pair == p }) {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return " (" + count(n, "other phone") + " " + verb(n, "work") + ")"
}

// isOutcome reports whether a finding says how a request failed, which is counted
// by outcome.
func isOutcome(k finding.Kind) bool {
	switch k {
	case finding.NoResponse, finding.NotHTTP, finding.HTTPError, finding.Redirect:
		return true
	}
	return false
}

// isAttempt reports whether a finding is of connections to a server, which it
// names, that brought no request, or of lookups of its name.
func isAttempt(k finding.Kind) bool {
	switch k {
	case finding.Refused, finding.Unreachable, finding.Encrypted, finding.DNSFailure:
		return true
	}
	return false
}

// A try are connections to one server that brought no request, for one reason, or
// lookups of its name.
type try struct {
	kind     finding.Kind
	severity finding.Severity
	server   string // an IP address and a port, a name, or the pseudonym of one
	why      string
}

// attempts returns the causes of connections that brought no request, and the
// notes on those that were encrypted.
func (c *Collector) attempts(explained map[int]finding.Set) (causes, notes []Cause) {
	groups := map[try][]*attempt{}
	var order []try
	for i := range c.failed {
		a := &c.failed[i]
		t := try{a.Kind, a.Severity, cmp.Or(a.Detail.Name, "an unknown server"), a.Detail.Why}
		if groups[t] == nil {
			order = append(order, t)
		}
		groups[t] = append(groups[t], a)
		if a.phone >= 0 && (t.kind != finding.DNSFailure || t.severity != finding.Notice) { // whose name may be any
			done := explained[a.phone]
			done.Add(finding.NeverSent)
			done.Add(finding.NotNotified)
			explained[a.phone] = done
		}
	}
	for _, t := range order {
		sum := finding.Summary{Kind: t.kind, Severity: t.severity}
		cause := Cause{Kind: t.kind, Severity: t.severity, Hint: sum.Hint(), Place: groups[t][0].Place}
		name := ""
		for _, a := range groups[t] {
			cause.Count += a.Times
			if a.Phone != (finding.Phone{}) && !slices.Contains(cause.Phones, a.Phone) {
				cause.Phones = append(cause.Phones, a.Phone)
			}
			if a.Time < cause.Time {
				cause.Place = a.Place
			}
			name = cmp.Or(name, a.Detail.Other)
		}
		switch {
		case t.why == finding.AnswerLost:
			cause.Hint = "correct the route from the server back to the phone's network, or let the firewall between them pass the answers"
		case t.kind == finding.Unreachable && t.why != "":
			cause.Hint = "let the firewall or router that says so pass the phones to the server, or correct the address in their Action URLs"
		case t.kind == finding.DNSFailure && t.severity == finding.Notice:
			cause.Hint = "if the phone's Action URL names it, correct the name there or in DNS"
		case t.kind == finding.DNSFailure && strings.HasPrefix(t.why, dns.NoAnswer.String()):
			cause.Hint = "check the DNS server in the phone's network settings, and the way to it; a URL with an IP address needs no DNS"
		case t.why == finding.PlainHTTP:
			cause.Hint = "begin the phone's Action URL with http://, or give it the server's port for https"
		}
		cause.What = t.words(cause.Count, name)
		if t.severity == finding.Error && !c.arrives(groups[t]) {
			cause.What = "nothing arrives: " + cause.What
		}
		if t.severity == finding.Notice {
			notes = append(notes, cause)
			continue
		}
		c.compare(&cause, &t, groups[t])
		causes = append(causes, cause)
	}
	return causes, notes
}

// compare says what other server such phones use: another port of the host, or,
// where that may be none for Action URLs at all, another host.
func (c *Collector) compare(cause *Cause, t *try, failed []*attempt) {
	server, err := netip.ParseAddrPort(t.server)
	if err != nil {
		return
	}
	host := t.severity != finding.Error
	if i, known := c.byAddr[server]; host && known && c.servers[i].ok > 0 {
		if t.kind == finding.Refused {
			cause.Hint = "the server took other requests: see whether the receiver was restarted then"
		}
		return
	}
	other, phones, own := c.busiest(failed, func(a netip.AddrPort) bool {
		if host {
			return a.Port() == server.Port() && a.Addr() != server.Addr()
		}
		return a.Addr() == server.Addr() && a != server
	})
	switch {
	case !other.IsValid():
		return
	case phones > 0 && own < len(cause.Phones):
		cause.Apart = fmt.Sprintf("%s %s %s", count(phones, "other phone"), verb(phones, "use"), other)
	case len(cause.Phones) == 1:
		cause.Apart = fmt.Sprintf("other events of the phone reach %s", other)
	default:
		cause.Apart = fmt.Sprintf("other events of these phones reach %s", other)
	}
	switch {
	case t.kind == finding.Encrypted:
	case host:
		cause.Hint = "if that is for Action URLs, correct the address in the phone"
	case oneDigit(other.Port(), server.Port()):
		cause.Hint = "the port is probably mistyped: correct the port in the phone's Action URL"
	default:
		cause.Hint = "correct the port in the phone's Action URL"
	}
}

// words says what became of the connections.
func (t try) words(n int, name string) string {
	switch t.kind {
	case finding.Refused:
		return count(n, "connection") + " refused at " + t.server
	case finding.DNSFailure:
		return count(n, "DNS lookup") + " of " + t.server + " failed: " + t.why
	case finding.Unreachable:
		if t.why == finding.AnswerLost {
			return count(n, "connection") + " to " + t.server + " failed: " + t.why
		}
		if t.why != "" {
			return count(n, "connection") + " to " + t.server + " rejected: " + t.why
		}
		return count(n, "connection attempt") + " unanswered at " + t.server
	}
	if name != "" {
		name = " (" + name + ")"
	}
	tls := count(n, "TLS connection") + " to " + t.server + name
	switch {
	case t.severity != finding.Notice:
		return tls + " failed: " + t.why
	case t.why != "":
		return tls + " cannot be read: " + t.why
	}
	return tls + " cannot be read"
}

// busiest returns the server that takes events of most phones, of those with an
// address that may be; how many phones besides those that failed use it, and how
// many of these.
func (c *Collector) busiest(failed []*attempt, may func(netip.AddrPort) bool) (addr netip.AddrPort, others, own int) {
	var found *server
	for _, s := range c.servers {
		if s.ok > 0 && may(s.addr) && (found == nil || s.phones > found.phones) {
			found = s
		}
	}
	if found == nil {
		return netip.AddrPort{}, 0, 0
	}
	for _, p := range c.pairs {
		switch {
		case c.servers[p.server] != found:
		case !of(p, failed):
			others++
		case p.ok > 0:
			own++
		}
	}
	return found.addr, others, own
}

// arrives reports whether other events of phones that failed were taken.
func (c *Collector) arrives(failed []*attempt) bool {
	return slices.ContainsFunc(failed, func(a *attempt) bool {
		return a.phone >= 0 && slices.ContainsFunc(c.pairsOf[a.phone], func(p *pair) bool { return p.ok > 0 })
	})
}

// of reports whether a pair is of one of the phones that failed.
func of(p *pair, failed []*attempt) bool {
	return slices.ContainsFunc(failed, func(a *attempt) bool { return a.phone == int(p.phone) })
}

// oneDigit reports whether two ports differ in one digit, or in two that are
// swapped, lack one or have one more: as a slip of the finger makes them.
func oneDigit(a, b uint16) bool {
	s, t := fmt.Sprint(a), fmt.Sprint(b)
	for len(s) > 0 && len(t) > 0 && s[0] == t[0] {
		s, t = s[1:], t[1:]
	}
	for len(s) > 0 && len(t) > 0 && s[len(s)-1] == t[len(t)-1] {
		s, t = s[:len(s)-1], t[:len(t)-1]
	}
	return len(s)+len(t) <= 2 || len(s) == 2 && len(t) == 2 && s[0] == t[1] && s[1] == t[0]
}

// other adds a finding that no failure explains to the causes or the notes.
func (c *Collector) other(v *Verdict, s *finding.Summary, explained map[int]finding.Set) {
	cause := Cause{
		Kind: s.Kind, Severity: s.Severity, What: s.Message(), Hint: s.Hint(), Count: s.Count, Place: s.Place,
	}
	for _, p := range s.Phones {
		if i, known := c.phoneIDs[phone.KeyOf(p.MAC, p.Addr)]; !known || !explained[i].Has(s.Kind) {
			cause.Phones = append(cause.Phones, p)
		}
	}
	if len(cause.Phones) == 0 && len(s.Phones) > 0 {
		return
	}
	switch s.Kind {
	case finding.RawBlank, finding.RawPlus, finding.SplitValue: // the server took them, else a failure would explain them
		cause.Severity = finding.Notice
	}
	if cause.Severity == finding.Notice {
		v.Notes = append(v.Notes, cause)
	} else {
		v.Causes = append(v.Causes, cause)
	}
}

// count renders a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// verb returns the form of a verb for a number of things.
func verb(n int, word string) string {
	if n == 1 {
		return word + "s"
	}
	return word
}

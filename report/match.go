package report

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/timeline"
)

// A bound is the time of since or until.
type bound struct {
	set  bool
	key  string
	text string // as it was written
	at   int64  // nanoseconds since 1970-01-01 UTC, when it is known

	ofDay   bool          // a time on the capture's first day
	fromEnd bool          // a time before the capture's end
	offset  time.Duration // from midnight, or from the end
	zone    *time.Location
}

// parseBound reads a point in time: RFC 3339; a date, with or without a time of
// day, in the zone; a time of day; or a span before the end such as -10m.
func parseBound(key, text string, zone *time.Location) (bound, error) {
	b := bound{set: true, key: key, text: text, zone: zone}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
	} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			b.at = t.UnixNano()
			return b, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			b.ofDay, b.offset = true, t.Sub(t.Truncate(24*time.Hour))
			return b, nil
		}
	}
	if span, err := time.ParseDuration(text); err == nil && strings.HasPrefix(text, "-") {
		b.fromEnd, b.offset = true, span
		return b, nil
	}
	return bound{}, errors.New("expected a time such as 08:30, 2026-03-02, 2026-03-02T08:00:00, 2026-03-02T08:00:00+01:00, or -10m before the end")
}

// anchor finds out the point in time, by when the capture begins and ends.
func (b *bound) anchor(begin, end int64) {
	switch {
	case b.ofDay:
		first := time.Unix(0, begin).In(b.zone)
		h, m, s := int(b.offset.Hours()), int(b.offset.Minutes())%60, int(b.offset.Seconds())%60
		b.at = time.Date(first.Year(), first.Month(), first.Day(), h, m, s, int(b.offset%time.Second), b.zone).UnixNano()
	case b.fromEnd:
		b.at = end + int64(b.offset)
	}
}

func (b *bound) flag() string { return asFlag(b.key, b.text) }

// asFlag returns a term as it is written for a shell.
func asFlag(key, text string) string {
	switch {
	case text == "":
		return "--" + key
	case strings.Contains(text, " "):
		return "--" + key + " \"" + text + "\""
	}
	return "--" + key + " " + text
}

// A phoneIs is what may name one.
type phoneIs struct {
	text string       // a name or an extension
	mac  packet.MAC   // zero for none
	tail []byte       // the last bytes of one; empty for none
	net  netip.Prefix // a network, or an address
}

// parsePhone reads a MAC address, in any spelling, or the last two bytes of one
// or more; an address or a network; an extension; a name.
func parsePhone(text string) (*phoneIs, error) {
	p := &phoneIs{text: strings.TrimSpace(text)}
	p.mac, _ = packet.ParseMAC(text)
	if p.text == "" {
		return nil, errors.New("expected " + PhoneForms)
	}
	if addr, err := netip.ParseAddr(p.text); err == nil {
		addr = addr.Unmap()
		p.net = netip.PrefixFrom(addr, addr.BitLen())
	} else if net, err := netip.ParsePrefix(p.text); err == nil {
		p.net = net.Masked()
	} else if strings.Contains(p.text, "/") {
		return nil, errors.New("expected a network such as 10.0.8.0/22")
	}
	if p.mac.IsZero() && !p.net.IsValid() {
		p.tail = tailOf(p.text)
	}
	return p, nil
}

// PhoneForms says what may name a phone.
const PhoneForms = "a MAC address or its tail such as 34:56, an IP address or network, an extension, or a phone's name in a profile (-p)"

// IsPhone reports whether a text says a phone without being its name.
func IsPhone(text string) bool {
	p, err := parsePhone(text)
	return err == nil && (!p.mac.IsZero() || len(p.tail) > 0 || p.net.IsValid() || strings.Trim(p.text, "0123456789*#+") == "")
}

// tailOf returns the bytes of a MAC address's tail, two to five, or nothing if
// the text is none.
func tailOf(text string) []byte {
	tail, err := hex.DecodeString(strings.NewReplacer(":", "", "-", "", ".", "").Replace(text))
	if err != nil || len(tail) < 2 || len(tail) > 5 {
		return nil
	}
	return tail
}

func (p *phoneIs) request(r *decode.Record) bool {
	if p.net.IsValid() && p.net.Contains(r.Client.Addr()) {
		return true
	}
	if r.Phone != nil && slices.Contains(r.Phone.Accounts, p.text) {
		return true
	}
	return r.Event != nil && p.is(r.Event.PhoneMAC, r.Event.PhoneIP, r.Event.PhoneName)
}

func (p *phoneIs) finding(o *finding.Occurrence) bool {
	return p.is(o.Phone.MAC, o.Phone.Addr, o.Phone.Name)
}

// silent reports whether a phone that sent no request matches.
func (p *phoneIs) silent(of *timeline.Phone) bool {
	return slices.Contains(of.Accounts, p.text) || p.is(of.MAC, netip.Addr{}, of.Name) ||
		slices.ContainsFunc(of.Addresses, func(a netip.Addr) bool { return p.net.IsValid() && p.net.Contains(a) })
}

func (p *phoneIs) is(mac packet.MAC, addr netip.Addr, name string) bool {
	return !mac.IsZero() && (mac == p.mac || len(p.tail) > 0 && bytes.HasSuffix(mac[:], p.tail)) ||
		p.net.IsValid() && p.net.Contains(addr) ||
		name != "" && strings.EqualFold(name, p.text)
}

// An eventIs is kinds of events.
type eventIs []*actionurl.Kind

// parseEvents reads events with commas between.
func parseEvents(text string) (eventIs, error) {
	var all eventIs
	for name := range strings.SplitSeq(text, ",") {
		k := actionurl.Lookup(name)
		switch {
		case name == actionurl.Unknown.Slug:
			k = actionurl.Unknown
		case k == nil:
			k = actionurl.Lookup(name + "_call") // "hold", as rows of calls have it
		}
		if k == nil {
			return nil, fmt.Errorf("unknown event %q%s; expected a name such as incoming_call, \"Incoming Call\" or P8310 (actionurl catalog lists them)", name, DidYouMean(name, EventNames()))
		}
		all = append(all, k)
	}
	return all, nil
}

// EventNames returns the names of all events.
func EventNames() []string {
	var all []string
	for _, k := range actionurl.Kinds() {
		all = append(all, k.Slug)
	}
	return all
}

// request takes an ambiguous event for each of those that it may be.
func (e eventIs) request(r *decode.Record) bool {
	return r.Event != nil && (slices.Contains(e, r.Event.Kind) ||
		slices.ContainsFunc(r.Event.Candidates, func(k *actionurl.Kind) bool { return slices.Contains(e, k) }))
}

func (eventIs) finding(*finding.Occurrence) bool { return false }

// A serverIs is a host or a port, or both.
type serverIs struct {
	name string // in lower case, of the Host header or in a profile; empty for any
	net  netip.Prefix
	port uint16 // 0 for any
}

func parseServer(text string) (*serverIs, error) {
	s := &serverIs{name: strings.ToLower(strings.TrimSpace(text))}
	if host, port, err := net.SplitHostPort(s.name); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("%q is not a port; expected HOST or HOST:PORT", port)
		}
		s.name, s.port = host, uint16(n)
	}
	if addr, err := netip.ParseAddr(strings.Trim(s.name, "[]")); err == nil {
		addr = addr.Unmap()
		s.net = netip.PrefixFrom(addr, addr.BitLen())
	} else if net, err := netip.ParsePrefix(s.name); err == nil {
		s.net = net.Masked()
	}
	if s.name == "" && s.port == 0 {
		return nil, errors.New("expected HOST, HOST:PORT or :PORT")
	}
	return s, nil
}

func (s *serverIs) request(r *decode.Record) bool {
	name := ""
	if r.Event != nil {
		name = r.Event.ServerName
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return s.is(r.Server, host, name)
}

// finding reports whether the server of a connection matches.
func (s *serverIs) finding(o *finding.Occurrence) bool {
	at, err := netip.ParseAddrPort(o.Detail.Name)
	return err == nil && s.is(at, o.Detail.Other, "")
}

// is reports whether a server with an address, and names that may be empty,
// matches.
func (s *serverIs) is(at netip.AddrPort, names ...string) bool {
	if s.port != 0 && s.port != at.Port() {
		return false
	}
	return s.name == "" || s.net.IsValid() && s.net.Contains(at.Addr().Unmap()) ||
		slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, s.name) })
}

// A statusRange is statuses from one to another, or that there is no response.
type statusRange struct {
	low, high int
	none      bool
}

type statusIs []statusRange

// parseStatuses reads 404, 4xx, >=400 and none, with commas between.
func parseStatuses(text string) (statusIs, error) {
	var all statusIs
	for word := range strings.SplitSeq(text, ",") {
		var s statusRange
		number, class := strings.CutSuffix(strings.ToLower(word), "xx")
		number, from := strings.CutPrefix(number, ">=")
		n, err := strconv.Atoi(number)
		switch {
		case word == "none":
			s.none = true
		case err != nil || class && (from || n < 1 || n > 9) || !class && (n < 100 || n > 999):
			return nil, fmt.Errorf("%q is not a status; expected one such as 404, 4xx, >=400 or none", word)
		case class:
			s.low, s.high = 100*n, 100*n+99
		case from:
			s.low, s.high = n, 999
		default:
			s.low, s.high = n, n
		}
		all = append(all, s)
	}
	return all, nil
}

func (s statusIs) request(r *decode.Record) bool {
	return slices.ContainsFunc(s, func(s statusRange) bool {
		if r.NoResponse != httpwire.Answered {
			return s.none
		}
		return !s.none && r.Status >= s.low && r.Status <= s.high
	})
}

func (statusIs) finding(*finding.Occurrence) bool { return false }

// A findingIs is kinds of findings.
type findingIs []finding.Kind

// parseFindings reads findings with commas between.
func parseFindings(text string) (findingIs, error) {
	var all findingIs
	for name := range strings.SplitSeq(text, ",") {
		k, ok := finding.KindOf(name)
		if !ok {
			return nil, fmt.Errorf("unknown finding %q%s; actionurl catalog findings lists them", name, DidYouMean(name, FindingNames()))
		}
		all = append(all, k)
	}
	return all, nil
}

// FindingNames returns the names of all findings.
func FindingNames() []string {
	var all []string
	for _, k := range finding.Kinds() {
		all = append(all, k.String())
	}
	return all
}

func (k findingIs) request(r *decode.Record) bool {
	return slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return slices.Contains(k, f.Kind) })
}

func (k findingIs) finding(o *finding.Occurrence) bool { return slices.Contains(k, o.Kind) }

// isFailed is what the server did not take: a status of 400 and above, a redirect,
// no response. What the capture lacks is not one.
type isFailed struct{}

func (isFailed) request(r *decode.Record) bool {
	if r.NoResponse != httpwire.Answered {
		return r.NoResponse != httpwire.NotCaptured
	}
	return r.Status >= 400 || r.Status >= 300 && r.Status != 304
}

func (isFailed) finding(o *finding.Occurrence) bool { return o.Kind.Severity() == finding.Error }

// A targetHas is text that the target has, as it was sent or without escapes; in
// lower case.
type targetHas string

func (t targetHas) request(r *decode.Record) bool {
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), string(t)) }
	return has(r.Target) || r.Event != nil && slices.ContainsFunc(r.Event.Vars, func(v actionurl.Var) bool { return has(v.Value) })
}

func (targetHas) finding(*finding.Occurrence) bool { return false }

// Package finding tells what is wrong with a deployment of Action URLs, and
// what to do about it.
//
//  1. A [Checker] looks at each exchange and its event as they come: at the
//     response, the target and the values (checker.go, values.go).
//  2. A [Tally] counts what was found, with the phones that it concerns and
//     the first example.
//
// A false alarm is worse than silence: what a capture that is damaged, begins
// in the middle or holds one direction only cannot tell is not said.
package finding

import (
	"fmt"
	"iter"
	"math/bits"
	"net/netip"
	"slices"
	"time"
)

// A Severity says how much a finding matters.
type Severity uint8

const (
	Error   Severity = iota // events are lost
	Warning                 // events, or parts of them, may be lost or misread
	Notice                  // worth knowing
)

// String returns the name used in every output.
func (s Severity) String() string { return severities[s] }

var severities = [...]string{"error", "warning", "notice"}

// SeverityOf returns the severity of a name. It is not ok for another text.
func SeverityOf(name string) (s Severity, ok bool) {
	i := slices.Index(severities[:], name)
	return Severity(max(i, 0)), i >= 0
}

// A Kind is something that may be wrong.
type Kind uint8

// The kinds, the gravest first.
const (
	NoResponse Kind = iota
	Refused
	Unreachable
	NotHTTP
	HTTPError
	Redirect

	NeverSent
	UnresolvedVariable
	MACMismatch
	AmbiguousTemplates
	UnknownTemplate
	SlowResponse
	Repeated
	RegisterFlood
	MissingEvent
	OutOfOrder
	DurationMismatch
	BadValue
	RawBlank
	RawPlus
	SplitValue
	TooLong
	SecretInURL
	SIPMismatch
	NotNotified

	Encrypted
	FanOut
	EmptyVariable
	IPMismatch
	CutHead
	CaptureGap
	kinds // how many there are
)

// catalog is what is said of each kind.
var catalog = [kinds]struct {
	slug     string
	severity Severity
	meaning  string
	hint     string
}{
	NoResponse: {"no_response", Error,
		"the server took the request and did not answer it",
		"look at the server's log for this time; a server should answer 200 before it does anything else"},
	Refused: {"refused", Error,
		"the server refused the connection: nothing listens at that port",
		"start the receiver, or correct the port in the URL; without one in it phones use 80"},
	Unreachable: {"unreachable", Error,
		"the phone asked for a connection again and again, and nothing answered",
		"look for a firewall or a wrong address, and whether the server's answers find their way back to the phone's network"},
	NotHTTP: {"not_http", Error,
		"the server answered with something that is not HTTP",
		"begin the answer with a status line and end its head with an empty line: HTTP/1.1 200 OK; an answer in bytes may be TLS or another service's port"},
	HTTPError: {"http_error", Error,
		"the server refused the request",
		"compare the path and host with what the server expects; 401 and 403 are missing credentials, 400 may be a raw blank"},
	Redirect: {"redirect", Error,
		"the server sent the phone elsewhere, and phones do not follow",
		"type the URL that the server redirects to into the phone; often it is one with https or with a slash at its end"},
	NeverSent: {"never_sent", Warning,
		"an event has a template and happened, as others show, and the phone never sent it",
		"look at the URL in the phone itself: it may be too long, have https, or wait for a restart"},
	UnresolvedVariable: {"unresolved_variable", Warning,
		"the phone sent the name of a variable in place of a value",
		"spell it as this family of phones does (actionurl catalog --vendor NAME); some variables have a value in some events only"},
	MACMismatch: {"mac_mismatch", Warning,
		"the MAC address in the URL is not that of the phone which sent it",
		"use $mac in place of an address that was typed in or copied with the settings of another phone"},
	AmbiguousTemplates: {"ambiguous_templates", Warning,
		"templates of several events match, and nothing tells which event it was",
		"give each event a URL of its own, as with /incoming or event=incoming"},
	UnknownTemplate: {"unknown_template", Warning,
		"no template in the profile explains a request to a server of its templates",
		"the phone has other settings than the profile says: read its own, and correct the older of the two"},
	SlowResponse: {"slow_response", Warning,
		"the server took long to answer, which makes phones send again or give up",
		"let the server answer 200 at once and work afterwards"},
	Repeated: {"repeated", Warning,
		"the phone sent the same event again within 10 s",
		"let the server answer 200 at once, and take an event that is told again for one"},
	RegisterFlood: {"register_flood", Warning,
		"the phone fails to register again and again, and tells of it each time",
		"look at the account, its password and the SIP server; that is why the phone cannot be called"},
	MissingEvent: {"missing_event", Warning,
		"an event of a call was not announced, though others show that it happened",
		"look whether it has a URL in the phone, and whether the capture lost something there"},
	OutOfOrder: {"out_of_order", Warning,
		"events of a call came in another order than they happen",
		"let the receiver go by the call id and what is possible, not by the order in which requests come"},
	DurationMismatch: {"duration_mismatch", Warning,
		"the talk time that the phone tells is not the one between its events",
		"trust the times of the events, or find out what this firmware counts"},
	BadValue: {"bad_value", Warning,
		"a value is not of the kind that its variable has",
		"look at the template: a variable may be in another's place, or text stand beside it"},
	RawBlank: {"raw_blank", Warning,
		"the target has a blank that is not escaped, and strict servers answer 400",
		"put a tolerant proxy before the server, or leave out of the URL what has blanks, such as display names and blanks before \"=\""},
	RawPlus: {"raw_plus", Warning,
		"a value has a plus sign that is not escaped, and servers read it as a blank",
		"let the server take the raw query, or put the plus sign back in front of a number that begins with a blank"},
	SplitValue: {"split_value", Warning,
		"a value holds \"&\" or \"=\", at which servers split it",
		"put the variable at the end of the URL, or let the server take the raw query apart"},
	TooLong: {"too_long", Warning,
		"the URL is longer than these phones are known to keep, and they drop such a one silently",
		"shorten the URL: leave out variables, and shorten the path and the keys"},
	SecretInURL: {"secret_in_url", Warning,
		"the URL holds what looks like a secret, for all to read who see the traffic or a log",
		"let the server tell phones by address or VLAN, and change the secret"},
	SIPMismatch: {"sip_mismatch", Warning,
		"the phone announced that a call is over while its signalling goes on",
		"compare the call with its SIP (--columns time,event,call_id,sip_frame); a template may stand in another event's field"},
	NotNotified: {"not_notified", Warning,
		"SIP has a whole call of a phone which was told to announce it, and the phone announced nothing of it",
		"look whether the phone was set up by then, and whether other calls of the account, the line or the ring group are announced"},
	Encrypted: {"encrypted", Notice,
		"a phone spoke TLS to a server for Action URLs, and what it sent cannot be read",
		"for a trial type http in place of https, or capture behind what ends TLS; many phones stay silent if they do not trust the server's certificate"},
	FanOut: {"fan_out", Notice,
		"several phones rang for one call, and each announced it",
		"let the receiver take calls from one number within 2 s for one, as phones of a group have no call id in common"},
	EmptyVariable: {"empty_variable", Notice,
		"the phone had nothing to put in place of a variable that this event should have",
		"take the value from another variable, or from another event of the same call"},
	IPMismatch: {"ip_mismatch", Notice,
		"the address that the phone names is not the one its request comes from: a translator or proxy is between",
		"tell phones by $mac; their addresses as the server sees them are not their own"},
	CutHead: {"cut_head", Notice,
		"the capture holds only the beginning of the request",
		"capture whole frames (tcpdump -s 0)"},
	CaptureGap: {"capture_gap", Notice,
		"the capture lost something between the request and its response, so what is said of the response may be wrong",
		"capture again closer to the server or with a larger buffer (tcpdump -B), and filter for what matters"},
}

// Kinds returns all kinds.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for k := range all {
		all[k] = Kind(k)
	}
	return all
}

// KindOf returns the kind of a slug. It is not ok for another text.
func KindOf(slug string) (k Kind, ok bool) {
	for k := range kinds {
		if catalog[k].slug == slug {
			return k, true
		}
	}
	return 0, false
}

// String returns the slug.
func (k Kind) String() string { return catalog[k].slug }

// Severity says how much it matters.
func (k Kind) Severity() Severity { return catalog[k].severity }

// Meaning says in a sentence what it means.
func (k Kind) Meaning() string { return catalog[k].meaning }

// tlsFailed is said of connections that are encrypted and failed.
const (
	tlsFailed     = "a TLS connection to a server for Action URLs failed"
	tlsFailedHint = "for a trial use http in the phone's Action URL; else give the server a version, a cipher suite and a certificate that this phone knows"
)

// Hint says in a sentence what to do.
func (k Kind) Hint() string { return catalog[k].hint }

// A Set is a set of kinds.
type Set uint64

// A Set has room for 64 kinds.
const _ = uint(64 - kinds)

// Add adds a kind.
func (s *Set) Add(k Kind) { *s |= 1 << k }

// Has reports whether a kind is in the set.
func (s Set) Has(k Kind) bool { return s&(1<<k) != 0 }

// SetOf returns the kinds of findings.
func SetOf(all []Finding) (s Set) {
	for i := range all {
		s.Add(all[i].Kind)
	}
	return s
}

// Only returns the findings that were saved. If they were saved without details,
// it takes those that were found again, and changes found.
func Only(found, saved []Finding) []Finding {
	if slices.ContainsFunc(saved, func(f Finding) bool { return f.Detail != (Detail{}) }) {
		return saved
	}
	kinds := SetOf(saved)
	found = slices.DeleteFunc(found, func(f Finding) bool { return !kinds.Has(f.Kind) })
	have := SetOf(found)
	for k := range kinds.All() {
		if !have.Has(k) {
			found = append(found, New(k, Detail{}))
		}
	}
	return found
}

// All returns the kinds, the gravest first.
func (s Set) All() iter.Seq[Kind] {
	return func(yield func(Kind) bool) {
		for ; s != 0; s &= s - 1 {
			if !yield(Kind(bits.TrailingZeros64(uint64(s)))) {
				return
			}
		}
	}
}

// Slugs returns the slugs of the kinds, the gravest first; nil for none.
func (s Set) Slugs() []string {
	var slugs []string
	for k := range s.All() {
		slugs = append(slugs, k.String())
	}
	return slugs
}

// A Finding is something that is wrong, with what tells it from others of its
// kind. Texts may have come off the wire.
type Finding struct {
	Kind     Kind
	Severity Severity // of the kind, but for connections
	Detail   Detail
}

// New returns a finding of its kind's severity.
func New(k Kind, d Detail) Finding { return Finding{k, k.Severity(), d} }

// A Detail is what a finding is about. It is comparable, and made without
// allocation; which fields are set depends on the kind.
type Detail struct {
	Name  string // of a variable, a key, an event
	Other string // a value, or what was expected
	Why   string // a connection failed, in words; of one that did not, the version of TLS
	N, M  int64
	Addr  netip.Addr // in the URL
	From  netip.Addr // of the sender
}

// Message says what was found, in a sentence.
func (f *Finding) Message() string {
	s := Summary{Kind: f.Kind, Severity: f.Severity, Details: f.text()}
	return s.Message()
}

// text renders the detail of a finding, empty if there is none.
func (f *Finding) text() string {
	d := &f.Detail
	switch f.Kind {
	case HTTPError, Redirect:
		return fmt.Sprint(d.N)
	case SlowResponse:
		return time.Duration(d.N).String()
	case NotHTTP:
		return fmt.Sprintf("%q from %s", d.Other, d.Name)
	case NoResponse:
		return d.Name
	case UnresolvedVariable:
		if d.Other != "" {
			return d.Name + " (expected " + d.Other + ")"
		}
		return d.Name
	case Encrypted:
		at := d.Name
		if d.Other != "" {
			at = d.Other + " at " + at
		}
		switch {
		case f.Severity == Notice && d.Why != "":
			return at + " (" + d.Why + ")"
		case d.Why != "":
			return d.Why + ": " + at
		}
		return at
	case BadValue:
		return d.Name + "=" + d.Other
	case MACMismatch:
		return d.Name + " in the URL, " + d.Other + " outside"
	case IPMismatch:
		return fmt.Sprintf("%v from %v", d.Addr, d.From)
	case TooLong:
		return fmt.Sprintf("%d bytes of %d", d.N, d.M)
	case DurationMismatch:
		return fmt.Sprintf("%v told, %v measured", time.Duration(d.N), time.Duration(d.M).Round(100*time.Millisecond))
	case OutOfOrder:
		return d.Name + " behind " + d.Other
	case AmbiguousTemplates:
		return d.Name + " or " + d.Other
	}
	return d.Name
}

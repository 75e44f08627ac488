package finding

import (
	"hash/maphash"
	"net/netip"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/timeline"
	"actionurl/decode/vendor"
)

// Config says what to look for.
type Config struct {
	Slow      int64                 // nanoseconds from which on a response is slow; 0 for never
	Templates []*actionurl.Template // that phones are known to have
	Profiled  bool                  // they are all that the phones have
	Found     func(*Occurrence)     // gets findings that are of no single request; nil for nobody
}

// A Checker finds what is wrong. It is not safe for concurrent use.
type Checker struct {
	config     Config
	registry   *phone.Registry
	found      []Finding
	conns      *conns
	lookups    lookups
	configured configured
	rings      rings
	seed       maphash.Seed

	// What is kept of phones, by their ID, and of calls, by their Slot: of 40,960
	// phones 128 bytes, of few 112 more, and of 16,384 calls 56 bytes; 11 MiB.
	phones []past
	calls  []checked

	// Of calls without a request, and of others of the same vendor.
	quiet map[netip.Addr]*quiet
	fleet map[*vendor.Vendor]actionurl.KindSet // announced in calls
}

// A past is what a phone did before.
type past struct {
	phone     *timeline.Phone
	announced announced
	lately    *lately // what few phones do; nil where it is none of it
	findings  Set     // what is wrong with its events
	delayed   int64   // until when a late response kept it from sending

	server netip.AddrPort // that took its latest request
	// The latest event that is known.
	kind   *actionurl.Kind
	target uint64 // hash of it
	time   int64  // in nanoseconds since 1970-01-01 UTC
	failed bool   // it was not answered as it should be
}

// A checked is what is kept of a call.
type checked struct {
	findings Set // what is wrong with its events
	// left is where the phone began to talk in another call without announcing
	// that it holds this one; its Time is 0 for nowhere.
	left packet.Origin
}

// NewChecker returns a Checker that knows phones by a Registry.
func NewChecker(c Config, phones *phone.Registry) *Checker {
	if c.Found == nil {
		c.Found = func(*Occurrence) {}
	}
	return &Checker{
		config: c, registry: phones, conns: newConns(c.Templates), lookups: newLookups(), configured: newConfigured(c.Templates), seed: maphash.MakeSeed(),
		quiet: map[netip.Addr]*quiet{}, fleet: map[*vendor.Vendor]actionurl.KindSet{},
	}
}

// past returns what a phone did before.
func (c *Checker) past(p *timeline.Phone) *past {
	for len(c.phones) <= int(p.ID) {
		c.phones = append(c.phones, past{})
	}
	return &c.phones[p.ID]
}

// checked returns what is kept of a call.
func (c *Checker) checked(call *timeline.Call) *checked {
	for len(c.calls) <= call.Slot {
		c.calls = append(c.calls, checked{})
	}
	return &c.calls[call.Slot]
}

// at returns what the phone did that announced the latest event from an IP
// address, nil if none did.
func (c *Checker) at(client netip.Addr) *past {
	if id := c.registry.At(client); id != 0 && int(id) < len(c.phones) && c.phones[id].phone != nil {
		return &c.phones[id]
	}
	return nil
}

// Check returns what is wrong with an exchange, and with its event unless that
// is nil. The phone and the call are those of the event, nil where there is none.
// The result is valid until the next call.
func (c *Checker) Check(x *httpwire.Exchange, e *actionurl.Event, p *timeline.Phone, call *timeline.Call) []Finding {
	c.found = c.found[:0]
	if x.Cut {
		c.add(CutHead, Detail{})
	}
	if e == nil {
		c.conns.other(x)
		c.tunnel(x)
		return c.found
	}
	c.response(x)
	c.target(x, e)
	c.values(x, e)
	if p != nil {
		c.history(x, e, p, call)
	}
	return c.found
}

// Mark notes what was found of a phone and its call, which may be nil.
func (c *Checker) Mark(found []Finding, p *timeline.Phone, call *timeline.Call) {
	for i := range found {
		if p != nil {
			c.past(p).findings.Add(found[i].Kind)
		}
		if call != nil {
			c.checked(call).findings.Add(found[i].Kind)
		}
	}
}

// Of returns what is wrong with the events of a phone.
func (c *Checker) Of(p *timeline.Phone) Set { return c.past(p).findings }

// Flush ends the capture.
func (c *Checker) Flush() {
	c.connections()
	c.failedLookups()
	c.neverSent()
	c.unannounced()
	c.oddTemplates()
}

func (c *Checker) add(k Kind, d Detail) { c.found = append(c.found, New(k, d)) }

// response checks what became of a request. A server is not blamed for what the
// capture lacks.
func (c *Checker) response(x *httpwire.Exchange) {
	if x.Gap {
		c.add(CaptureGap, Detail{})
	}
	switch {
	case x.NoResponse == httpwire.NotCaptured:
	case x.NoResponse == httpwire.NotHTTP:
		c.add(NotHTTP, Detail{Name: x.Server.String(), Other: x.Reply})
	case x.NoResponse != httpwire.Answered:
		if !x.Gap {
			c.add(NoResponse, Detail{Name: x.NoResponse.String()})
		}
	case x.Status >= 400:
		c.add(HTTPError, Detail{N: int64(x.Status)})
	case x.Status >= 300 && x.Status != 304: // which says that nothing is new
		c.add(Redirect, Detail{N: int64(x.Status)})
	}
	if x.NoResponse == httpwire.Answered && c.config.Slow > 0 && x.Latency >= c.config.Slow && !x.Gap {
		c.add(SlowResponse, Detail{N: x.Latency - x.Latency%1e8})
	}
}

// target checks the request line as it was sent.
func (c *Checker) target(x *httpwire.Exchange, e *actionurl.Event) {
	if strings.IndexByte(x.Target, ' ') >= 0 {
		c.add(RawBlank, Detail{Name: blankIn(x, e)})
	}
	if e.Template == nil && len(x.Target) > shortest {
		c.long(x, e)
	}
	if e.Template == nil && c.unexplained(x) {
		c.add(UnknownTemplate, Detail{Name: e.Kind.Slug})
	}
	if key := escapedKey(x.Target); key != "" {
		c.add(EscapedAmpersand, Detail{Name: key})
	}
	switch key := secretIn(x, e); {
	case key != "":
		c.add(SecretInURL, Detail{Name: key})
	case hasUserPassword(x.Host) || embedsPassword(x.Target):
		c.add(SecretInURL, Detail{Name: beforeHost})
	}
}

// blankIn returns the variable whose value was sent with a blank, empty for none.
func blankIn(x *httpwire.Exchange, e *actionurl.Event) string {
	for _, v := range e.Vars {
		if strings.IndexByte(v.Value, ' ') >= 0 && strings.Contains(x.Target, v.Value) {
			return v.Name
		}
	}
	return ""
}

// escapedKey returns the first key of a target that "&amp;" comes before, empty for
// none.
func escapedKey(target string) string {
	for {
		_, after, found := strings.Cut(target, "&amp;")
		if !found {
			return ""
		}
		target = after
		if n := strings.IndexAny(target, "=&?/ "); n > 0 && target[n] == '=' {
			return target[:n]
		}
	}
}

// shortest is less than what any family of phones keeps of a URL, in bytes.
const shortest = 200

// long checks the length of a URL whose template is not known: of one that is
// known, the length is that of the template.
func (c *Checker) long(x *httpwire.Exchange, e *actionurl.Event) {
	v := e.PhoneVendor
	n := len("http://") + len(x.Host) + len(x.Target)
	if v != nil && v.MaxURL > 0 && n > v.MaxURL {
		c.add(TooLong, Detail{N: int64(n), M: int64(v.MaxURL)})
	}
}

// beforeHost is what a password is called that has no key.
const beforeHost = "a password before the host"

// embedsPassword reports whether a target is, or contains, a URL with a user and a
// password before its host.
func embedsPassword(target string) bool {
	if strings.Contains(target, "%40") { // an escaped "@"
		target = actionurl.Unescape(target)
	}
	for {
		_, rest, ok := strings.Cut(target, "://")
		if !ok {
			return false
		}
		authority := rest
		if end := strings.IndexAny(rest, "/?& "); end >= 0 {
			authority = rest[:end]
		}
		if hasUserPassword(authority) {
			return true
		}
		target = rest
	}
}

// hasUserPassword reports whether an authority has a user and a password before
// its host (RFC 3986, section 3.2.1).
func hasUserPassword(authority string) bool {
	at := strings.LastIndexByte(authority, '@')
	return at > 0 && strings.IndexByte(authority[:at], ':') >= 0
}

// secretIn returns the first key of a request that names a secret and has one,
// empty for none. Where a template is known, it has a place for what varies, and
// the secret is in the text around.
func secretIn(x *httpwire.Exchange, e *actionurl.Event) string {
	for i := range e.Vars {
		v := &e.Vars[i]
		if v.Means == vendor.Secret && v.State == actionurl.Filled && e.PhoneVendor != nil && e.PhoneVendor.Variable(v.Name) == v.Name {
			return v.Name
		}
	}
	if e.Template != nil {
		return secretKey(x.Target)
	}
	for i := range e.Vars {
		v := &e.Vars[i]
		if v.Means != vendor.Other && v.Means != vendor.Secret {
			continue
		}
		if least := secretSize(v.Name); least > 0 && len(v.Value) >= least && v.State == actionurl.Filled {
			return v.Name
		}
	}
	return ""
}

// secretKey returns the first key of a target that names a secret and has one,
// empty for none.
func secretKey(target string) string {
	begin := 0
	for i := range len(target) {
		switch target[i] {
		case '/', '?', '&':
			begin = i + 1
		case '=':
			key, value := target[begin:i], target[i+1:]
			begin = i + 1
			least := secretSize(key)
			if least == 0 {
				continue
			}
			if end := strings.IndexByte(value, '&'); end >= 0 {
				value = value[:end]
			}
			if len(value) >= least && value[0] != '$' {
				return key
			}
		}
	}
	return ""
}

// secretSize returns how many bytes a value has at least that is a secret under
// this key; 0 where the key names none. A word such as "key" names other things
// too, which are short.
func secretSize(key string) int {
	if len(key) < 3 || len(key) > 13 {
		return 0
	}
	switch key[0] | 0x20 {
	case 'a', 'k', 'p', 's', 't':
	default:
		return 0
	}
	switch strings.ToLower(key) {
	case "token", "password", "passwd", "pass", "pwd", "secret", "apikey", "api_key", "api-key", "access_token", "accesstoken",
		"auth_token", "authtoken", "api_token", "apitoken", "passcode", "access_key", "secret_key":
		return 1
	case "key", "auth", "sig", "signature":
		return 12
	}
	return 0
}

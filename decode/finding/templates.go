package finding

import (
	"net/netip"
	"slices"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/timeline"
	"actionurl/decode/vendor"
)

// What is on and off alternates, and a phone has no more than a few accounts or
// calls at a time: where one event of a pair came often, the other has happened,
// too. So a phone's events are counted, by switch and position, and by act.
var (
	countedSwitches = [...]actionurl.Switch{actionurl.DND, actionurl.Forwarding, actionurl.OffHook, actionurl.Busy}
	countedActs     = [...]actionurl.Act{actionurl.Holds, actionurl.Resumes, actionurl.Ends, actionurl.Answers}
)

var _ [2*len(countedSwitches) + len(countedActs)]uint8 = timeline.Past{}.Sent

// counterOf returns the index of an event in Past.Sent, -1 if it is not counted.
// That of the other event of its pair differs in the lowest bit.
func counterOf(k *actionurl.Kind) int {
	switch {
	case k.Switch != actionurl.NoSwitch && !k.Again:
		if i := slices.Index(countedSwitches[:], k.Switch); i >= 0 {
			return 2*i + int(k.To-actionurl.On)
		}
	case k.Act.OfCall() && k.Direction == actionurl.Undirected:
		if i := slices.Index(countedActs[:], k.Act); i >= 0 {
			return 2*len(countedSwitches) + i
		}
	}
	return -1
}

// count notes that a phone sent an event, or one that may be it.
func count(p *timeline.Past, e *actionurl.Event) {
	countOne(p, e.Kind)
	for _, k := range e.Candidates {
		countOne(p, k)
	}
}

func countOne(p *timeline.Past, k *actionurl.Kind) {
	if i := counterOf(k); i >= 0 && p.Sent[i] < 255 {
		p.Sent[i]++
	}
}

// oftenEnough returns how often the other event of its pair must have come for
// an event to have happened, 0 for never.
func oftenEnough(k *actionurl.Kind) uint8 {
	switch k.Act {
	case actionurl.Resumes, actionurl.Answers: // a call may end on hold, or unanswered
		return 0
	case actionurl.Ends:
		return 5
	}
	return 3
}

// templatesFor returns the events that templates make phones send, by the
// phone's MAC address, zero for any phone.
func templatesFor(templates []*actionurl.Template) map[packet.MAC]actionurl.KindSet {
	all := map[packet.MAC]actionurl.KindSet{}
	for _, t := range templates {
		if !t.Secure() {
			s := all[t.Phone]
			s.Add(t.Kind)
			all[t.Phone] = s
		}
	}
	return all
}

// configuredFor returns the events that templates make a phone send.
func (c *Checker) configuredFor(phone *timeline.Phone) actionurl.KindSet {
	return c.configured[packet.MAC{}].With(c.configured[phone.MAC])
}

// neverSent reports templates whose events never came, though they happened.
func (c *Checker) neverSent(phones []*timeline.Phone) {
	if len(c.configured) == 0 {
		return
	}
	for _, phone := range phones {
		sent := &phone.Past.Sent
		configured := c.configuredFor(phone)
		for k := range configured.All() {
			i, often := counterOf(k), oftenEnough(k)
			if i >= 0 && often > 0 && sent[i] == 0 && sent[i^1] >= often {
				c.config.Found(&Occurrence{Finding: New(NeverSent, Detail{Name: k.Slug}), Place: Place{Phone: phoneIn(phone)}, Times: 1})
			}
		}
	}
}

// unexplained checks whether the phones' templates are known, and none of them
// explains an event that went to one of their servers.
func (c *Checker) unexplained(x *httpwire.Exchange) bool {
	if !c.config.Profiled {
		return false
	}
	if _, ok := c.conns.typed[x.Server]; ok {
		return true
	}
	host, _, _ := strings.Cut(strings.ToLower(x.Host), ":")
	_, ok := c.conns.named[host]
	return ok && host != ""
}

// oddTemplates checks the templates themselves. One that is bound to no phone may
// be as long as the phones in the capture allow.
func (c *Checker) oddTemplates(phones []*timeline.Phone) {
	least := 0
	for _, phone := range phones {
		if v := phone.Vendor; v != nil && v.MaxURL > 0 && (least == 0 || v.MaxURL < least) {
			least = v.MaxURL
		}
	}
	for _, t := range c.config.Templates {
		most := least
		if !t.Phone.IsZero() {
			most = 0
			if v := vendor.Of(t.Phone); v != nil {
				most = v.MaxURL
			}
		}
		if n := len(strings.TrimSpace(t.Text)); most > 0 && n > most {
			c.ofTemplate(t, TooLong, Detail{N: int64(n), M: int64(most)})
		}
		if !t.Secure() && hasPassword(t.Text) {
			c.ofTemplate(t, SecretInURL, Detail{Name: "a password before the host"})
		}
	}
}

// hasPassword reports whether a URL has a user and a password before its host
// (RFC 3986, section 3.2.1).
func hasPassword(url string) bool {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		url = rest
	}
	if end := strings.IndexAny(url, "/?"); end >= 0 {
		url = url[:end]
	}
	user, _, ok := strings.Cut(url, "@")
	return ok && strings.Contains(user, ":")
}

func (c *Checker) ofTemplate(t *actionurl.Template, k Kind, d Detail) {
	var addr netip.Addr
	c.config.Found(&Occurrence{Finding: New(k, d), Place: Place{Phone: Phone{MAC: t.Phone, Addr: addr}}, Times: 1})
}

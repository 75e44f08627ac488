package finding

import (
	"net/netip"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/vendor"
)

// neverSent reports templates whose events never came, though they happened.
func (c *Checker) neverSent() {
	if len(c.configured.events) == 0 {
		return
	}
	for i := range c.phones {
		p := &c.phones[i]
		if p.phone == nil {
			continue
		}
		events := c.configured.of(p.phone.MAC)
		for k := range events.All() {
			i, often := counterOf(k), oftenEnough(k)
			if i >= 0 && often > 0 && p.announced.sent[i] == 0 && p.announced.sent[i^1] >= often {
				c.config.Found(&Occurrence{Finding: New(NeverSent, Detail{Name: k.Slug}), Place: Place{Phone: phoneIn(p.phone)}, Times: 1})
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
func (c *Checker) oddTemplates() {
	least := 0
	for i := range c.phones {
		p := c.phones[i].phone
		if p == nil {
			continue
		}
		if v := p.Vendor; v != nil && v.MaxURL > 0 && (least == 0 || v.MaxURL < least) {
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
		if !t.Secure() && embedsPassword(withScheme(t.Text)) {
			c.ofTemplate(t, SecretInURL, Detail{Name: beforeHost})
		}
	}
}

// withScheme returns a template's text as a URL.
func withScheme(text string) string {
	if !strings.Contains(text, "://") {
		text = "://" + text
	}
	return text
}

func (c *Checker) ofTemplate(t *actionurl.Template, k Kind, d Detail) {
	var addr netip.Addr
	c.config.Found(&Occurrence{Finding: New(k, d), Place: Place{Phone: Phone{MAC: t.Phone, Addr: addr}}, Times: 1})
}

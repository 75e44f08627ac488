package finding

import (
	"net/netip"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/timeline"
	"actionurl/decode/vendor"
)

// The events of which it is counted how often a phone sent them.
const (
	dndOn = iota
	dndOff
	forwardOn
	forwardOff
	offHook
	onHook
	toBusy
	toIdle
	holdCall
	resumeCall
	established
	terminated
	watched // how many there are
)

var _ [watched]uint8 = timeline.Past{}.Sent

func watchedAt(slug string) int {
	switch slug {
	case "dnd_on":
		return dndOn
	case "dnd_off":
		return dndOff
	case "forward_on":
		return forwardOn
	case "forward_off":
		return forwardOff
	case "off_hook":
		return offHook
	case "on_hook":
		return onHook
	case "idle_to_busy":
		return toBusy
	case "busy_to_idle":
		return toIdle
	case "hold_call":
		return holdCall
	case "resume_call":
		return resumeCall
	case "established_call":
		return established
	case "terminated_call":
		return terminated
	}
	return -1
}

// implied are the events that must have happened if others did so often: of
// what is on and off, or busy and idle, one comes between two of the other,
// and a phone has no more than a few accounts or calls at a time.
var implied = [...]struct {
	slug      string
	event, by int
	times     uint8
}{
	{"dnd_on", dndOn, dndOff, 3}, {"dnd_off", dndOff, dndOn, 3},
	{"forward_on", forwardOn, forwardOff, 3}, {"forward_off", forwardOff, forwardOn, 3},
	{"off_hook", offHook, onHook, 3}, {"on_hook", onHook, offHook, 3},
	{"idle_to_busy", toBusy, toIdle, 3}, {"busy_to_idle", toIdle, toBusy, 3},
	{"hold_call", holdCall, resumeCall, 3},
	{"terminated_call", terminated, established, 5},
}

// count notes that a phone sent an event, or one that may be it.
func count(p *timeline.Past, e *actionurl.Event) {
	if e.Kind != actionurl.Unknown {
		countOne(p, e.Kind.Slug)
	}
	for _, k := range e.Candidates {
		countOne(p, k.Slug)
	}
}

func countOne(p *timeline.Past, slug string) {
	if i := watchedAt(slug); i >= 0 && p.Sent[i] < 255 {
		p.Sent[i]++
	}
}

// typed is what phones were told to send, as far as it is watched: a bit for
// each event, by the phone's MAC address, empty for any phone.
type typed map[string]uint16

func newTyped(templates []*actionurl.Template) typed {
	if len(templates) == 0 {
		return nil
	}
	all := typed{}
	for _, t := range templates {
		if i := watchedAt(t.Kind.Slug); i >= 0 && !t.Secure() {
			all[t.Phone] |= 1 << i
		}
	}
	return all
}

// neverSent tells of templates whose events never came, though they happened.
func (c *Checker) neverSent(phones []*timeline.Phone) {
	if c.typed == nil {
		return
	}
	for _, phone := range phones {
		p := &phone.Past
		told := c.typed[""] | c.typed[phone.MAC]
		for _, i := range implied {
			if told&(1<<i.event) == 0 || p.Sent[i.event] > 0 || p.Sent[i.by] < i.times {
				continue
			}
			c.config.Found(&Occurrence{Finding: New(NeverSent, Detail{Name: i.slug}), Place: Place{Phone: phoneIn(phone)}, Times: 1})
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

// oddTemplates tells what is wrong with templates as they were typed. Of one
// that is bound to no phone the phones that were seen tell how long it may be.
func (c *Checker) oddTemplates(phones []*timeline.Phone) {
	least := 0
	for _, phone := range phones {
		if v := phone.Vendor; v != nil && v.MaxURL > 0 && (least == 0 || v.MaxURL < least) {
			least = v.MaxURL
		}
	}
	for _, t := range c.config.Templates {
		most := least
		if t.Phone != "" {
			most = 0
			if v := vendor.OfText(t.Phone); v != nil {
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

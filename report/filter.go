package report

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/timeline"
)

// A Filter chooses what to show. Of calls it shows those of which it shows an
// event.
type Filter struct {
	View   View
	Phones []string // MAC addresses in lower case with colons, or IP addresses
	Names  []string // of phones, as users call them; case does not matter
	Events []string // slugs
	Since  int64    // nanoseconds since 1970-01-01 UTC; 0 for no bound
	Until  int64    // the first moment not to show; 0 for no bound
}

// Shows reports whether the record is to be shown.
func (f *Filter) Shows(r *decode.Record) bool {
	return (f.View == Requests || r.Event != nil) &&
		(f.Since == 0 || r.Time >= f.Since) &&
		(f.Until == 0 || r.Time < f.Until) &&
		(len(f.Phones)+len(f.Names) == 0 || f.isPhone(r)) &&
		(len(f.Events) == 0 || r.Event != nil && f.isEvent(r.Event))
}

func (f *Filter) isPhone(r *decode.Record) bool {
	if slices.Contains(f.Phones, r.Client.Addr().String()) {
		return true
	}
	return r.Event != nil &&
		(slices.Contains(f.Phones, r.Event.PhoneMAC) || slices.Contains(f.Phones, r.Event.PhoneIP.String()) || f.isName(r.Event.PhoneName))
}

func (f *Filter) isName(name string) bool {
	return slices.ContainsFunc(f.Names, func(n string) bool { return strings.EqualFold(n, name) })
}

// ShowsCall reports whether the call is to be shown.
func (f *Filter) ShowsCall(c *timeline.Call) bool {
	return (len(f.Phones)+len(f.Names) == 0 || f.hasPhone(c.Phone)) && slices.ContainsFunc(c.Steps, func(s timeline.Step) bool {
		return (f.Since == 0 || s.Time >= f.Since) &&
			(f.Until == 0 || s.Time < f.Until) &&
			(len(f.Events) == 0 || slices.Contains(f.Events, s.Kind.Slug))
	})
}

// ShowsFinding reports whether a finding that is of no single request is to be
// shown. It is of no event either, and may be of no time, as of a template.
func (f *Filter) ShowsFinding(o *finding.Occurrence) bool {
	return len(f.Events) == 0 &&
		(f.Since == 0 || o.Last == 0 || o.Last >= f.Since) &&
		(f.Until == 0 || o.Time < f.Until) &&
		(len(f.Phones)+len(f.Names) == 0 || slices.Contains(f.Phones, o.Phone.MAC) || slices.Contains(f.Phones, o.Phone.Addr.String()) || f.isName(o.Phone.Name))
}

func (f *Filter) hasPhone(p *timeline.Phone) bool {
	return slices.Contains(f.Phones, p.MAC) || f.isName(p.Name) || slices.ContainsFunc(p.Addresses, func(a netip.Addr) bool {
		return slices.Contains(f.Phones, a.String())
	})
}

// isEvent takes an ambiguous event for each of those that it may be.
func (f *Filter) isEvent(e *actionurl.Event) bool {
	return slices.Contains(f.Events, e.Kind.Slug) || slices.ContainsFunc(e.Candidates, func(k *actionurl.Kind) bool {
		return slices.Contains(f.Events, k.Slug)
	})
}

// ParsePhone returns a phone as a Filter has it.
func ParsePhone(s string) (string, error) {
	if mac := actionurl.NormalizeMAC(s); mac != "" {
		return mac, nil
	}
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.Unmap().String(), nil
	}
	return "", fmt.Errorf("expected a MAC address such as 00:0b:82:12:34:56, or an IP address")
}

// ParseEvent returns an event as a Filter has it.
func ParseEvent(s string) (string, error) {
	if s == actionurl.Unknown.Slug {
		return s, nil
	}
	if k := actionurl.Lookup(s); k != nil {
		return k.Slug, nil
	}
	return "", fmt.Errorf("no event is called so; expected one such as incoming_call, \"Incoming Call\" or P8310 (actionurl catalog lists them)")
}

// ParseMoment returns a point in time as a Filter has it: RFC 3339, or a date,
// with or without a time of day, in the zone.
func ParseMoment(s string, zone *time.Location) (int64, error) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
	} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.UnixNano(), nil
		}
	}
	return 0, fmt.Errorf("expected a time such as 2026-03-02, 2026-03-02T08:00:00 or 2026-03-02T08:00:00+01:00")
}

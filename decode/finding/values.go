package finding

import (
	"net/netip"
	"strconv"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/vendor"
)

// values checks the variables of an event.
func (c *Checker) values(x *httpwire.Exchange, e *actionurl.Event) {
	if len(e.Candidates) > 1 && e.Template != nil {
		c.add(AmbiguousTemplates, Detail{Name: e.Candidates[0].Slug, Other: e.Candidates[1].Slug})
	}
	if !e.OtherMAC.IsZero() {
		c.add(MACMismatch, Detail{Name: e.PhoneMAC.String(), Other: e.OtherMAC.String()})
	}
	plus := strings.IndexByte(x.Target, '+') >= 0
	for i := range e.Vars {
		v := &e.Vars[i]
		switch v.State {
		case actionurl.Empty:
			if missing(e, v) {
				c.add(EmptyVariable, Detail{Name: v.Name})
			}
			continue
		case actionurl.Unresolved:
			c.unresolved(x, e, v)
			continue
		}
		if (!v.Fits || v.Means == vendor.Battery) && !fits(v) {
			own := v.Value
			if end := strings.IndexAny(own, "&;?#/|"); end >= 0 { // what follows may be a secret
				own = own[:end]
			}
			c.add(BadValue, Detail{Name: v.Name, Other: own})
		}
		if v.Means == vendor.PhoneIP || v.Means == vendor.IP && e.Template != nil {
			c.sender(x, e)
		}
		if plus && misread(x, e, v) {
			c.add(RawPlus, Detail{Name: v.Name})
		}
		if splits(x, e, v) {
			c.add(SplitValue, Detail{Name: v.Name})
		}
	}
}

// sender compares the address in the URL with the one that sent it. A phone may
// have one of each version of IP.
func (c *Checker) sender(x *httpwire.Exchange, e *actionurl.Event) {
	if from := x.Client.Addr().Unmap(); e.PhoneIP != from && e.PhoneIP.Is4() == from.Is4() {
		c.add(IPMismatch, Detail{Addr: e.PhoneIP, From: from})
	}
}

// unresolved checks a variable that stands in the target by its name. Phones
// leave it there, too, where they have no value in an event, as for the far
// side when the receiver is lifted.
func (c *Checker) unresolved(x *httpwire.Exchange, e *actionurl.Event, v *actionurl.Var) {
	name, right := actionurl.Placeholder(v.Value)
	d := Detail{Name: v.Value}
	if v := e.PhoneVendor; v != nil {
		if d.Other = v.Instead(name); !right && v.Variable(name) == name {
			d.Other = v.Spell(name)
		}
	}
	known := vendor.IsVariable(name)
	if v := e.PhoneVendor; v != nil && len(v.Variables) > 0 {
		known = v.Knows(name)
	}
	if right && known && d.Other == "" && e.Kind != actionurl.Unknown && !e.Kind.Has(vendor.MeaningOf(name)) {
		return
	}
	if escaped := "%24" + name; v.Value == "$"+name && d.Other == "" && strings.Contains(x.Target, escaped) { // pasted from a browser, which escaped it
		d.Name, d.Other = escaped, v.Value
	}
	c.add(UnresolvedVariable, d)
}

// missing reports whether a variable that is empty should have a value. What is
// known by its key alone may be text of the template.
func missing(e *actionurl.Event, v *actionurl.Var) bool {
	return (e.Template != nil || vendor.IsVariable(v.Name)) && e.Kind.Has(v.Means)
}

// fits reports whether a value is of the kind that its variable has.
func fits(v *actionurl.Var) bool {
	switch v.Means {
	case vendor.MAC:
		return actionurl.IsMAC(v.Value)
	case vendor.PhoneIP:
		_, err := netip.ParseAddr(v.Value)
		return err == nil
	case vendor.Duration, vendor.Count:
		return isNumber(v.Value)
	case vendor.Battery:
		n, err := strconv.Atoi(v.Value)
		return err == nil && n >= 0 && n <= 100
	}
	return true
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// misread reports whether a value has a plus sign that was sent as it is. A
// value that no template separates may be text of the template, in which a plus
// sign stands for a space; a number begins with it.
func misread(x *httpwire.Exchange, e *actionurl.Event, v *actionurl.Var) bool {
	at := strings.IndexByte(v.Value, '+')
	if at < 0 || !strings.Contains(x.Target, v.Value) {
		return false
	}
	return e.Template != nil || at == 0 && len(v.Value) > 1 && isNumber(v.Value[1:2])
}

// splits reports whether a value holds what separates keys and values, sent as
// it is. Without a template only names are checked: what seems to be part of
// another value may be text of the template. Whole pairs after an "&" belong to
// another template than the one that matches.
func splits(x *httpwire.Exchange, e *actionurl.Event, v *actionurl.Var) bool {
	if e.Template == nil {
		switch v.Means {
		case vendor.DisplayRemote, vendor.DisplayLocal, vendor.Caller:
		default:
			return false
		}
	}
	if strings.IndexByte(v.Value, '&') < 0 && strings.IndexByte(v.Value, '=') < 0 {
		return false
	}
	if _, more, _ := strings.Cut(v.Value, "&"); strings.Contains(more, "=") {
		return false
	}
	return strings.Contains(x.Target, v.Value)
}

package actionurl

import (
	"strings"

	"actionurl/decode/vendor"
)

// Sides are what the variables of an event say about the two ends of a call,
// whatever a vendor calls them. Numbers are the user parts of SIP and tel URIs.
type Sides struct {
	Local, Remote         string // numbers of the phone's own side and of the far one
	LocalName, RemoteName string
	Account               string // of the phone, that is in the call

	// ByCaller is set where Remote is who called and Local who was called, and it
	// is not known which of them the phone is.
	ByCaller bool

	Direction Direction
	Duration  int // of the call, in seconds; valid iff Lasted
	Lasted    bool
}

// ReadSides reads the variables of an event.
func (e *Event) ReadSides() Sides {
	s := Sides{}
	var by Sides // who called is its remote side
	for i := range e.Vars {
		v := &e.Vars[i]
		if v.State != Filled {
			continue
		}
		switch v.Means {
		case vendor.Remote, vendor.Number:
			s.Remote = number(v.Value)
		case vendor.Local:
			s.Local = number(v.Value)
		case vendor.Account, vendor.User:
			s.Account = number(v.Value)
		case vendor.DisplayRemote:
			s.RemoteName = v.Value
		case vendor.DisplayLocal:
			s.LocalName = v.Value
		case vendor.Caller:
			by.called(&by.Remote, &by.RemoteName, v.Value)
		case vendor.Called:
			by.called(&by.Local, &by.LocalName, v.Value)
		case vendor.CallerName:
			by.RemoteName, by.ByCaller = v.Value, true
		case vendor.CalledName:
			by.LocalName, by.ByCaller = v.Value, true
		case vendor.Duration:
			s.Duration = seconds(v.Value)
			s.Lasted = s.Duration >= 0
		case vendor.Direction:
			s.Direction = directionOf(v.Value)
		}
	}
	if e.Kind != nil && e.Kind.Direction != Undirected {
		s.Direction = e.Kind.Direction
	}
	s.ByCaller = e.PhoneVendor != nil && e.PhoneVendor.CallerIsRemote
	if s.ByCaller {
		s = s.Toward(s.Direction)
	}
	if by.ByCaller && s.Remote == "" && s.RemoteName == "" {
		by = by.Toward(s.Direction)
		s.Remote, s.RemoteName, s.ByCaller = by.Remote, by.RemoteName, by.ByCaller
		if s.Local == "" {
			s.Local, s.LocalName = by.Local, by.LocalName
		}
	}
	return s
}

// called notes who is at one end: a number, or a name where it has no digit.
func (s *Sides) called(at, name *string, value string) {
	s.ByCaller = true
	if strings.ContainsAny(value, "0123456789") {
		*at = number(value)
	} else if *name == "" {
		*name = value
	}
}

// Toward returns the sides as the phone sees them in a call of a direction.
func (s Sides) Toward(d Direction) Sides {
	if !s.ByCaller || d == Undirected {
		return s
	}
	if s.ByCaller = false; d == Outgoing {
		s.Local, s.Remote, s.LocalName, s.RemoteName = s.Remote, s.Local, s.RemoteName, s.LocalName
	}
	return s
}

// number returns the user part of a SIP or tel URI, and any other text as it is.
func number(s string) string {
	if i := strings.IndexByte(s, '<'); i >= 0 {
		s, _, _ = strings.Cut(s[i+1:], ">")
	}
	if s != "" && (s[0]|0x20 == 's' || s[0]|0x20 == 't') { // in lower case
		s = withoutScheme(s)
	}
	end := 0
	for end < len(s) && s[end] != '@' && s[end] != ';' {
		end++
	}
	if end > 0 {
		s = s[:end]
	}
	return s
}

func withoutScheme(uri string) string {
	for _, scheme := range []string{"sip:", "sips:", "tel:"} {
		if len(uri) > len(scheme) && strings.EqualFold(uri[:len(scheme)], scheme) {
			return uri[len(scheme):]
		}
	}
	return uri
}

// seconds reads a duration, -1 for what is none.
func seconds(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || i == 9 {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// directionOf reads a call's direction. No vendor documents the values.
func directionOf(s string) Direction {
	switch strings.ToLower(s) {
	case "called", "callee", "incoming", "inbound", "in":
		return Incoming
	case "calling", "caller", "outgoing", "outbound", "out":
		return Outgoing
	}
	return Undirected
}

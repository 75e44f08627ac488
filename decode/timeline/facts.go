package timeline

import (
	"hash/maphash"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/vendor"
)

// facts are what the variables of an event say about its call.
type facts struct {
	id            string
	local, remote string // numbers of $local and $remote
	localName     string
	remoteName    string
	account       string
	duration      int // in seconds; -1 for none
	direction     actionurl.Direction
	idHash        uint64 // 0 for none; of 63 bits, so that it is as good as the id
	remoteHash    uint32 // of the other side's number; 0 for none
	localHash     uint32 // of what is the other side's number if the phone called; 0 for none
}

// read reads the variables of an event.
func (t *Timeline) read(p *Phone, e *actionurl.Event) facts {
	s := facts{id: e.CallID, duration: -1}
	for i := range e.Vars {
		v := &e.Vars[i]
		if v.State != actionurl.Filled {
			continue
		}
		switch v.Means {
		case vendor.Remote, vendor.Number:
			s.remote = number(v.Value)
		case vendor.Local:
			s.local = number(v.Value)
		case vendor.Account, vendor.User:
			s.account = number(v.Value)
		case vendor.DisplayRemote:
			s.remoteName = v.Value
		case vendor.DisplayLocal:
			s.localName = v.Value
		case vendor.Duration:
			s.duration = seconds(v.Value)
		case vendor.Direction:
			s.direction = directionOf(v.Value)
		}
	}
	s.idHash, s.remoteHash = t.hash(s.id), uint32(t.hash(bare(s.remote)))
	if p.reversed {
		s.localHash = uint32(t.hash(bare(s.local)))
	}
	return s
}

// hash returns a number that stands for a text, 0 for the empty one. Its lower
// half is enough where texts differ in other ways, too.
func (t *Timeline) hash(s string) uint64 {
	if s == "" {
		return 0
	}
	return maphash.String(t.seed, s) | 1
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

// bare returns a number without what only some events of a call have: the plus
// sign, and the space that servers make of it.
func bare(number string) string {
	for number != "" && plus(number[0]) {
		number = number[1:]
	}
	for number != "" && plus(number[len(number)-1]) {
		number = number[:len(number)-1]
	}
	return number
}

func plus(c byte) bool { return c == '+' || c == ' ' }

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
func directionOf(s string) actionurl.Direction {
	switch strings.ToLower(s) {
	case "called", "callee", "incoming", "inbound", "in":
		return actionurl.Incoming
	case "calling", "caller", "outgoing", "outbound", "out":
		return actionurl.Outgoing
	}
	return actionurl.Undirected
}

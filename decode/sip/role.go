package sip

import "net/netip"

// A Role is what a text is in a call.
type Role uint8

const (
	NoRole       Role = iota
	IsID              // its Call-ID, whole or without what is behind "@"
	IsLocal           // the number of this end
	IsRemote          // that of the other end
	IsRemoteName      // the name of the other end
)

// Role returns what a text that a phone sent at a time is in the phone's calls
// of then: in the latest, if it is something in several.
func (t *Tracker) Role(phone netip.Addr, text string, at int64) Role {
	calls := t.phones[phone]
	if calls == nil || text == "" {
		return NoRole
	}
	for i := len(*calls) - 1; i >= 0; i-- {
		c := (*calls)[i]
		if at < c.First-Before || at > c.Last+afterID {
			continue
		}
		local, remote := sameNumber(text, c.Local.User), sameNumber(text, c.Remote.User)
		switch {
		case sameID(text, c.ID):
			return IsID
		case local && !remote:
			return IsLocal
		case remote && !local:
			return IsRemote
		case text == c.Remote.Name:
			return IsRemoteName
		}
	}
	return NoRole
}

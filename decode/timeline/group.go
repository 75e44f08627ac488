package timeline

import (
	"strings"

	"actionurl/decode/actionurl"
)

// Grouping says what joins the calls of several phones to one: a group of
// phones that ring at a time, the two ends of an internal call, a call that is
// passed on.
type Grouping string

const (
	NoGroups Grouping = ""
	ByCallID Grouping = "call-id" // the call id, with or without what follows the "@"
	ByNumber Grouping = "number"  // the number of who called
)

// Groupings returns the names of the ways to group.
func Groupings() []string { return []string{string(ByCallID), string(ByNumber)} }

// joining is how long after its latest event, in nanoseconds, a group of calls
// that are over can be joined by another one of the same caller.
const joining = 20e9

// maxGroups is how many groups are kept before those are forgotten that no call
// can join any more: 131,072 of about 200 bytes, 25 MiB.
const maxGroups = 128 << 10

// A group is calls of several phones that are one.
type group struct {
	key     string
	number  int // 1-based, in the order in which they are handed out; 0 until then
	members []*Call
	last    int64 // its latest event
	dialed  bool  // it has the call of the phone that called
}

// join puts a call into its group, as soon as that is known.
func (t *Timeline) join(c *Call, now int64) {
	key := c.groupKey(t.config.Group)
	if key == "" {
		return
	}
	g := t.groups[key]
	if g == nil || !g.takes(c, now) {
		if len(t.groups) >= maxGroups {
			t.forgetGroups(now)
		}
		g = &group{key: strings.Clone(key)}
		t.groups[g.key] = g
	}
	g.members = append(g.members, c)
	g.dialed = g.dialed || c.Direction == actionurl.Outgoing
	c.group = g
}

// groupKey returns what the calls of a group have in common, empty if that is
// not known of the call yet.
func (c *Call) groupKey(by Grouping) string {
	number := ""
	switch {
	case by == ByCallID && c.Phone.handles:
		return ""
	case by == ByCallID:
		id, _, _ := strings.Cut(c.ID, "@")
		return id
	case by == ByNumber && c.Direction == actionurl.Incoming:
		number = c.Remote
	case by == ByNumber && c.Direction == actionurl.Outgoing:
		number = c.Local
	}
	switch strings.ToLower(number) {
	case "anonymous", "unknown", "restricted", "private", "unavailable":
		return ""
	}
	return bare(number)
}

// takes reports whether a call of the same key is of the group. A phone that
// dials again makes another call.
func (g *group) takes(c *Call, now int64) bool {
	if g.dialed && c.Direction == actionurl.Outgoing {
		return false
	}
	for _, m := range g.members {
		if !m.over() {
			return true
		}
	}
	return now-g.last <= joining
}

// ready reports whether nothing can change the group any more.
func (g *group) ready(now int64) bool {
	for _, m := range g.members {
		if !m.closed {
			return false
		}
	}
	return now-g.last > joining
}

// handOver hands out a closed call, and with it those of its group that are closed.
func (t *Timeline) handOver(c *Call) {
	if t.config.Group == NoGroups {
		t.emit(c)
		return
	}
	g := c.group
	if g == nil {
		g = &group{members: []*Call{c}}
	}
	if g.number == 0 {
		t.handed++
		g.number = t.handed
	}
	left := g.members[:0]
	for _, m := range g.members {
		if !m.closed {
			left = append(left, m)
			continue
		}
		m.Group = g.number
		t.emit(m)
	}
	clear(g.members[len(left):])
	g.members = left
	if len(left) == 0 && t.groups[g.key] == g && t.now-g.last > joining {
		delete(t.groups, g.key)
	}
}

// forgetGroups forgets the groups that no call can join any more.
func (t *Timeline) forgetGroups(now int64) {
	for key, g := range t.groups {
		if len(g.members) == 0 && now-g.last > joining {
			delete(t.groups, key)
		}
	}
}

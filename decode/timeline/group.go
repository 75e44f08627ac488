package timeline

import (
	"cmp"
	"maps"
	"slices"
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

// maxGroups is how many groups are kept that a call may join: 16,384 of about 200
// bytes, 3.2 MiB. Beyond it each call is by itself.
const maxGroups = 16 << 10

// A group is calls of several phones that are one. However many these are, an
// event of one costs the same.
type group struct {
	key    uint64 // hash of what they have in common
	number int    // 1-based, in the order in which they are handed out; 0 until then
	open   int    // its calls that are not closed
	closed []*Call
	going  []*Call // those that may not be over; see takes
	last   int64   // its latest event
	dialed bool    // it has the call of the phone that called
}

// join puts a call into its group, as soon as that is known.
func (t *Timeline) join(c *Call, now int64) {
	key := c.groupKey(t.config.Group)
	if key == "" {
		return
	}
	hash := t.hash(key)
	g := t.groups[hash]
	if g == nil || !g.takes(c, now) {
		g = &group{key: hash}
		if t.roomForGroup(now) {
			t.groups[hash] = g
		}
	}
	g.open++
	g.going = append(g.going, c)
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
	for n := len(g.going); n > 0; n-- {
		if m := g.going[n-1]; m.group == g && !m.over() {
			return true
		}
		g.going = g.going[:n-1]
	}
	return now-g.last <= joining
}

// ready reports whether nothing can change the group any more.
func (g *group) ready(now int64) bool { return g.open == 0 && now-g.last > joining }

// close notes that a call of the group is closed.
func (g *group) close(c *Call) {
	g.open--
	g.closed = append(g.closed, c)
	if len(g.going) > 2*g.open+16 { // a later one goes on, which hides them from takes
		g.going = slices.DeleteFunc(g.going, func(m *Call) bool { return m.group != g || m.closed })
	}
}

// handOver hands out a closed call, and with it those of its group that are closed.
func (t *Timeline) handOver(c *Call) {
	if t.config.Group == NoGroups {
		t.emit(c)
		return
	}
	g := c.group
	if g == nil {
		g = &group{closed: []*Call{c}}
	}
	if g.number == 0 {
		t.handed++
		g.number = t.handed
	}
	slices.SortStableFunc(g.closed, func(a, b *Call) int { return cmp.Compare(a.First, b.First) })
	for _, m := range g.closed {
		m.Group = g.number
		t.emit(m)
	}
	g.closed = nil
	if g.open == 0 && t.groups[g.key] == g && t.now-g.last > joining {
		delete(t.groups, g.key)
	}
}

// roomForGroup reports whether there is room for another group. Now and then it
// forgets those that no call can join any more.
func (t *Timeline) roomForGroup(now int64) bool {
	if len(t.groups) >= maxGroups && now-t.forgot > joining {
		t.forgot = now
		maps.DeleteFunc(t.groups, func(_ uint64, g *group) bool { return g.open == 0 && len(g.closed) == 0 && now-g.last > joining })
	}
	return len(t.groups) < maxGroups
}

package actionurl

import (
	"iter"
	"net/netip"
	"slices"

	"actionurl/decode/packet"
)

// A Set is a set of templates that is matched as a whole: a trie of their
// literals, in which a variable is an edge of its own. What it costs to match
// a target depends on the target, not on how many templates there are.
type Set struct {
	root  node
	nodes int // in the trie, but for the root

	// For the match in progress.
	round  int // its number
	target string
	to     *recipient
	values []span // of the variables on the way to the node at hand
	kept   []span // of those in found
	found  []match
}

// A node is where templates that agree so far go on.
type node struct {
	edges    []edge // by literal text; no two begin with the same byte
	variable *node  // by a variable of any name
	ends     []*end
	byHost   map[string][]int // indices of ends by their hosts, in order; nil while there are few
	hosts    []int            // the first of those whose hosts are names

	// For a node behind a variable: from which place of the target on it was
	// tried in a round.
	round, tried int
}

type edge struct {
	text string
	to   *node
}

// A span is a part of a text: [from, to). Targets and user agents are shorter
// than 4 GiB by far.
type span struct{ from, to uint32 }

func spanOf(from, to int) span { return span{uint32(from), uint32(to)} }

// An end is a template, and the phones that it was typed into: those of a site
// are usually provisioned alike.
type end struct {
	template *Template
	phones   map[packet.MAC]struct{} // nil if it is bound to none
	anyone   bool                    // it is bound to no phone, too
}

// A bond says whose template one is, nearest first.
type bond uint8

const (
	own     bond = iota // the phone's
	unbound             // bound to no phone
	others              // bound to other phones only
)

// bond returns the bond to the phone with a MAC address, zero if not known.
func (e *end) bond(phone packet.MAC) bond {
	if _, bound := e.phones[phone]; bound {
		return own
	}
	if e.anyone {
		return unbound
	}
	return others
}

// A match is a template that matches, and the values of its variables in order.
type match struct {
	*end
	values []span
	posted []string // of those in its body
}

// variables yields the variables and their values as they were sent in path,
// the target that was matched.
func (m *match) variables(path string) iter.Seq2[string, string] {
	return func(yield func(variable, raw string) bool) {
		n := 0
		for _, p := range m.template.body {
			if p.variable {
				if n < len(m.posted) && !yield(p.text, m.posted[n]) {
					return
				}
				n++
			}
		}
		n = 0
		for _, p := range m.template.parts {
			if !p.variable {
				continue
			}
			v := m.values[n]
			n++
			if !yield(p.text, path[v.from:v.to]) {
				return
			}
		}
	}
}

// Add adds a template. What it costs to match one does not depend on how many
// phones it was typed into.
func (s *Set) Add(t *Template) {
	n := &s.root
	for _, p := range t.parts {
		if p.variable {
			if n.variable == nil {
				n.variable = s.node()
			}
			n = n.variable
		} else {
			n = s.literal(n, p.text)
		}
	}
	e := n.end(t)
	if t.Phone.IsZero() {
		e.anyone = true
		return
	}
	if e.phones == nil {
		e.phones = map[packet.MAC]struct{}{}
	}
	e.phones[t.Phone] = struct{}{}
}

// fewEnds is how many templates that differ in their servers alone are compared
// one by one. A provider of a hundred thousand sites has one path for all.
const fewEnds = 8

// maxUnnamed is how many templates are looked at for a request that does not name
// its server, which may be that of any.
const maxUnnamed = 64

// end returns the end of a template, a new one if there is none that is the same.
func (n *node) end(t *Template) *end {
	if n.byHost == nil {
		if i := slices.IndexFunc(n.ends, func(e *end) bool { return t.same(e.template) }); i >= 0 {
			return n.ends[i]
		}
	}
	for _, i := range n.byHost[t.host] {
		if t.same(n.ends[i].template) {
			return n.ends[i]
		}
	}
	e := &end{template: t}
	n.ends = append(n.ends, e)
	switch {
	case n.byHost != nil:
		n.index(len(n.ends) - 1)
	case len(n.ends) > fewEnds:
		n.byHost = map[string][]int{}
		for i := range n.ends {
			n.index(i)
		}
	}
	return e
}

// index adds an end to the index: by its host, and where that is an address that
// can be written in several ways, by the usual one.
func (n *node) index(i int) {
	host := n.ends[i].template.host
	n.byHost[host] = append(n.byHost[host], i)
	addr, err := netip.ParseAddr(host)
	switch {
	case err == nil && addr.String() != host:
		n.byHost[addr.String()] = append(n.byHost[addr.String()], i)
	case err != nil && host != "" && len(n.hosts) < maxUnnamed:
		n.hosts = append(n.hosts, i)
	}
}

// at yields the ends whose servers may be the recipient, in the order in which
// they were added.
func (n *node) at(to *recipient) iter.Seq[*end] {
	return func(yield func(*end) bool) {
		if n.byHost == nil {
			for _, e := range n.ends {
				if !yield(e) {
					return
				}
			}
			return
		}
		lists := [...][]int{n.byHost[""], n.byHost[to.name], n.byHost[to.server.Addr().String()]}
		if !to.named {
			lists[1] = n.hosts // it may be any of them
		}
		for {
			next := -1 // list whose end comes first
			for i, l := range lists {
				if len(l) > 0 && (next < 0 || l[0] < lists[next][0]) {
					next = i
				}
			}
			if next < 0 {
				return
			}
			i := lists[next][0]
			for k, l := range lists {
				if len(l) > 0 && l[0] == i {
					lists[k] = l[1:]
				}
			}
			if !yield(n.ends[i]) {
				return
			}
		}
	}
}

// Len returns the number of nodes: 0 if no template was added.
func (s *Set) Len() int { return s.nodes }

func (s *Set) node() *node {
	s.nodes++
	return new(node)
}

// literal returns the node behind text, which is not empty.
func (s *Set) literal(n *node, text string) *node {
	for i := range n.edges {
		e := &n.edges[i]
		common := 0
		for common < len(e.text) && common < len(text) && e.text[common] == text[common] {
			common++
		}
		switch {
		case common == 0:
			continue
		case common < len(e.text): // the edge is parted where the texts part
			middle := s.node()
			middle.edges = []edge{{e.text[common:], e.to}}
			*e = edge{text[:common], middle}
		}
		if common == len(text) {
			return e.to
		}
		return s.literal(e.to, text[common:])
	}
	end := s.node()
	n.edges = append(n.edges, edge{text, end})
	return end
}

// match returns the templates that match the target and, as far as that narrows
// them, the recipient. The result is valid until the next call.
func (s *Set) match(target string, to *recipient) []match {
	s.to, s.target, s.values, s.kept, s.found = to, target, s.values[:0], s.kept[:0], s.found[:0]
	s.round++
	s.walk(&s.root, 0)
	return s.found
}

// walk follows the templates from n, where the target is at.
func (s *Set) walk(n *node, at int) {
	if at == len(s.target) {
		for e := range n.at(s.to) {
			s.kept = append(s.kept, s.values...)
			s.found = append(s.found, match{end: e, values: s.kept[len(s.kept)-len(s.values):]})
		}
	}
	for i := range n.edges {
		if next := s.literally(n.edges[i].text, at); next >= 0 {
			s.walk(n.edges[i].to, next)
		}
	}
	if v := n.variable; v != nil {
		s.vary(v, at)
	}
}

// vary follows the templates behind a variable whose value begins at. The
// shortest values are tried first. What follows from a place of the target does
// not depend on where the value began, so each place is tried once, and
// matching takes time in proportion to the nodes and the target's length at
// most.
func (s *Set) vary(n *node, at int) {
	last := len(s.target)
	if n.round == s.round {
		last = min(last, n.tried-1)
	}
	depth := len(s.values)
	for end := at; end <= last; end++ {
		if n.goesOn(s.target[end:]) {
			s.values = append(s.values[:depth], spanOf(at, end))
			s.walk(n, end)
		}
	}
	s.values = s.values[:depth]
	if at <= last {
		n.round, n.tried = s.round, at
	}
}

// goesOn reports whether a template may go on from n with rest.
func (n *node) goesOn(rest string) bool {
	if rest == "" {
		return len(n.ends) > 0 || n.variable != nil
	}
	for i := range n.edges {
		if c := n.edges[i].text[0]; c == rest[0] || rest[0] == '%' {
			return true
		}
	}
	return n.variable != nil
}

// literally returns where text ends that stands in the target at, -1 if it
// does not. Phones may escape any of it.
func (s *Set) literally(text string, at int) int {
	for i := 0; i < len(text); i++ {
		switch {
		case at < len(s.target) && s.target[at] == text[i]:
			at++
		case at+2 < len(s.target) && s.target[at] == '%':
			if c, ok := unhex(s.target[at+1], s.target[at+2]); !ok || c != text[i] {
				return -1
			}
			at += 3
		default:
			return -1
		}
	}
	return at
}

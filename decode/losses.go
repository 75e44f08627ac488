package decode

import (
	"fmt"
	"slices"
	"strings"

	"actionurl/decode/analysis"
	"actionurl/decode/wire"
)

// A Summary says what was decoded, and what could not be.
type Summary struct {
	wire.Summary
	analysis.Counts
}

// Summary returns the counts of the batches that are analyzed. As Now it is for the
// functions that the Pipeline calls, and after Close.
func (p *Pipeline) Summary() Summary { return Summary{p.decoded, p.analysis.Counts()} }

// A LossCount is how much was lost in one way: not decodable, or dropped at a bound.
type LossCount struct {
	Key   string // in snake case, of what a live run can lose any time; else empty
	N     int
	Thing string // what was lost, one of it
	How   string
}

// String renders it as "6 gaps in TCP streams".
func (l LossCount) String() string {
	s := "s"
	if l.N == 1 {
		s = ""
	}
	return fmt.Sprintf("%d %s%s %s", l.N, l.Thing, s, l.How)
}

// Losses returns what was lost, also in calls and phones if rows of them are
// shown.
func (s *Summary) Losses(calls bool) []LossCount {
	all := []LossCount{
		{"", s.Dropped, "frame", "dropped before the capture"},
		{"", s.Steps, "step", "of the capture's clock"},
		{"", s.Strays, "frame", "with a time far from the others'"},
		{"", s.UnknownLink, "frame", "of unknown link types (" + list(s.Links) + ")"},
		{"", s.UnknownTunnel, "frame", "in tunnels with unknown protocols (" + list(s.Tunnels) + ")"},
		{"", s.Encrypted, "frame", "encrypted on the link or in a tunnel"},
		{"", s.Fragments, "fragment", "of incomplete packets"},
		{"", s.Malformed, "frame", "with damaged headers"},
		{"", s.Stream.Gaps, "gap", fmt.Sprintf("in TCP streams (%d bytes missing)", s.Stream.GapBytes)},
		{"connections_forgotten", s.Stream.Evicted, "connection", "dropped: too many open"},
		{"", s.HTTP.Broken, "HTTP message", "with missing parts"},
		{"", s.HTTP.Unasked, "HTTP response", "without the request"},
		{"", s.HTTP.LongHeads, "HTTP head", "too long to read"},
		{"", s.HTTP.Bodies, "request", "whose body was not kept: too many were waiting"},
		{"tls_not_followed", s.TLSCrowded, "TLS connection", "not followed: too many open"},
		{"", s.SIP.Unread, "SIP message", "that cannot be read"},
		{"", s.SIPForgotten, "SIP call", "dropped: too many open"},
		{"requests_not_awaited", s.Crowded, "request", "shown without a response: too many were waiting"},
	}
	if calls {
		all = append(all,
			LossCount{"calls_cut", s.Calls.Cut, "call", "shown before the end: too many open"},
			LossCount{"", s.Calls.Unnamed, "Action URL", "of phones that are not listed: too many phones"})
	}
	return slices.DeleteFunc(all, func(l LossCount) bool { return l.N == 0 })
}

// list renders things with commas between them.
func list[T any](things []T) string {
	texts := make([]string, len(things))
	for i, t := range things {
		texts[i] = fmt.Sprint(t)
	}
	return strings.Join(texts, ", ")
}

// Package verdict answers why a server does not see events: it puts requests,
// findings and connections of a capture together into causes.
//
//  1. A [Collector] counts, for each phone and server, what became of the
//     requests, and which features they have: an unreplaced variable, the
//     path, the firmware.
//  2. [Collector.Verdict] groups the failures by server and outcome, and looks
//     for the feature that sets the failing phones apart from those that work
//     with the same server. Findings that a cause explains are dropped; the
//     others follow, gravest first.
//
// A healthy capture has no cause: a false alarm is worse than silence.
package verdict

import (
	"cmp"
	"net/netip"
	"slices"

	"actionurl/capture"
	"actionurl/decode/finding"
)

// A Verdict is what a person wants to know of a capture first.
type Verdict struct {
	First, Last int64 // capture time of the first and the last request or connection, else of what silent phones sent; nanoseconds since 1970-01-01 UTC, 0 without any
	Events      int
	Phones      []finding.Phone // all that announced or tried to, in the order of their first appearance
	Silent      int             // further phones, which are known by what else they send
	Failing     int             // phones that a cause of severity error concerns
	Causes      []Cause         // the costliest first
	Notes       []Cause         // what hurts nobody
	Servers     []Server        // that took events, the busiest first
	Requests    int             // HTTP requests of any kind
	Crowded     bool            // more phones, servers or failures than are counted apart
}

// A Cause is one reason for lost events, with all findings that it explains.
type Cause struct {
	Severity      finding.Severity
	Kind          finding.Kind    // the gravest finding that it explains
	Phones        []finding.Phone // concerned, at most maxPhones
	All           bool            // they are all phones of the capture, and more than one
	What          string          // happens: "all 22 requests answered 400"
	Apart         string          // sets the phones apart from those that work; empty for nothing
	Hint          string          // what to do
	Count         int             // requests or connections
	finding.Place                 // of the first example
}

// A Server is how an address that takes Action URLs did.
type Server struct {
	Addr        netip.AddrPort
	Name        string // that the user gave it; empty for none
	Phones      int
	Events      int
	OK          int   // answered 2xx
	Failed      int   // answered 3xx to 5xx, or not at all
	Answered    int   // in any way
	Median      int64 // latencies in nanoseconds, off by 1 % at most; 0 without an answer
	P95, Max    int64
	First, Last int64 // nanoseconds since 1970-01-01 UTC
	Bars        []int // events in equal parts of the verdict's span
	Findings    finding.Set
	Sensors     capture.Sensors
}

// rank orders causes: by severity, then by what they cost.
func rank(causes []Cause) {
	slices.SortStableFunc(causes, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Frame, b.Frame))
	})
}

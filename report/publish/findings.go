package publish

import (
	"net/netip"
	"strings"
	"time"

	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
)

const (
	// silentAfter is how long nothing comes from a sensor that is silent: many
	// heartbeats.
	silentAfter = 30 * time.Second

	// maxSeen bounds the requests that are compared with those of other sensors:
	// 4,096 of 300 bytes and a target of at most 1 KiB each, 6 MiB.
	maxSeen   = 4 << 10
	maxTarget = 1 << 10

	// maxApart is how far apart the times of a request are at most.
	maxApart = 10 * time.Minute

	// maxPairs bounds the pairs of sensors whose clocks are reported, 100 bytes each.
	maxPairs = 1 << 10
)

// find notes a finding, which the next calls of Next return.
func (k *Collector) find(kind finding.Kind, d finding.Detail, at int64) {
	k.found = append(k.found, finding.Occurrence{Finding: finding.New(kind, d), Place: finding.Place{Time: at}, Times: 1})
}

// findSilent finds sensors that are silent, where there is no more to read.
func (k *Collector) findSilent() {
	if k.caughtUp.IsZero() || !k.conn.IsConnected() {
		return
	}
	for _, s := range k.sensors {
		if !s.ended && !s.silent && k.now()-s.heard > int64(max(k.silentAfter, k.config.Lateness)) {
			s.silent = true
			k.find(finding.SensorSilent, finding.Detail{Name: s.name}, s.reached)
		}
	}
}

// clocks compares the clocks of sensors, by requests that two of them captured.
type clocks struct {
	seen     map[request]sight
	order    []request // of seen, a ring
	at       int
	reported map[[2]string]bool
}

// A request is what a request is known by.
type request struct {
	client, server netip.AddrPort
	target         string
}

// A sight is who captured a request, and when.
type sight struct {
	sensor string
	time   int64
}

// compare compares when a sensor captured a request with when another did. The
// difference is 0 unless that is worth reporting.
func (c *clocks) compare(sensor string, x *httpwire.Exchange) (other string, off int64) {
	if c.seen == nil {
		c.seen, c.reported = map[request]sight{}, map[[2]string]bool{}
	}
	if len(x.Target) > maxTarget {
		return "", 0
	}
	key := request{x.Client, x.Server, strings.Clone(x.Target)}
	was, ok := c.seen[key]
	if !ok {
		if len(c.order) < maxSeen {
			c.order = append(c.order, key)
		} else {
			delete(c.seen, c.order[c.at])
			c.order[c.at] = key
			c.at = (c.at + 1) % maxSeen
		}
	}
	c.seen[key] = sight{sensor, x.Time}
	off = x.Time - was.time
	pair := [2]string{min(sensor, was.sensor), max(sensor, was.sensor)}
	if !ok || was.sensor == sensor || max(off, -off) <= int64(time.Second) || max(off, -off) > int64(maxApart) || c.reported[pair] || len(c.reported) >= maxPairs {
		return "", 0
	}
	c.reported[pair] = true
	return was.sensor, off
}

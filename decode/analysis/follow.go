package analysis

import (
	"strings"

	"actionurl/decode/httpwire"
)

const (
	// following is how long, in nanoseconds of capture time, after a challenge or
	// a redirect the phone may take to send the request that it asks for: they do
	// at once.
	following = 2e9

	// maxBetween bounds the requests that may come between the two.
	maxBetween = 64
)

// asks reports whether the response to a request asks for another one: it wants
// credentials (RFC 9110, sections 15.5.2 and 15.5.8), or redirects.
func asks(x *httpwire.Exchange) bool {
	return x.Status == 401 || x.Status == 407 || x.Location != ""
}

// answered returns when the response to a request came.
func answered(x *httpwire.Exchange) int64 { return x.Time + x.Latency }

// followed reports whether y is the request that the response to x asks for.
func followed(x, y *httpwire.Exchange) bool {
	if !asks(x) || x.Client.Addr() != y.Client.Addr() || y.Time < x.Time || y.Time-answered(x) > following {
		return false
	}
	if x.Location == "" {
		return y.Credentials && x.Server == y.Server && x.Method == y.Method && x.Target == y.Target
	}
	host, target := x.Host, x.Location
	if _, rest, absolute := strings.Cut(target, "://"); absolute {
		slash := strings.IndexByte(rest, '/')
		if slash < 0 {
			rest, slash = rest+"/", len(rest)
		}
		host, target = rest[:slash], rest[slash:]
	}
	return y.Target == target && strings.EqualFold(strings.TrimSuffix(y.Host, ":80"), strings.TrimSuffix(host, ":80"))
}

// merged returns a request with the response to the last of its chain, as one
// that took until then.
func merged(x, last *httpwire.Exchange) *httpwire.Exchange {
	m := *x
	m.Status, m.NoResponse, m.Gap, m.Location, m.Reply = last.Status, last.NoResponse, x.Gap || last.Gap, last.Location, last.Reply
	m.Latency = answered(last) - x.Time
	return &m
}

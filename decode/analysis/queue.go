package analysis

import (
	"actionurl/decode/httpwire"
	"actionurl/decode/sip"
)

// maxWaiting and maxWaitingText bound the requests that wait, and after them for
// those before: 4,096 of 432 bytes and as many of 416 that end a chain, in room for
// twice as many, and the 2 MiB of their strings and bodies; 8 MiB. Beyond it the
// oldest goes on without.
const (
	maxWaiting     = 4 << 10
	maxWaitingText = 2 << 20
)

// clockStep is how far, in nanoseconds, the time must go back to be that of a
// clock that was set back. Requests are handed on up to the response time-out
// late.
const clockStep = 60e9

// waits reports whether a request waits at the capture time now: for the SIP
// message that may come after it, or, challenged or redirected, for the request
// that follows.
func (a *Analyzer) waits(x *httpwire.Exchange, now int64) bool {
	return !a.prompt && now-x.Time <= sip.Before && a.sip.Knows(x.Client.Addr()) || asks(x) && now-answered(x) <= following
}

// reach takes the capture time that is reached.
func (a *Analyzer) reach(now int64) {
	if now > a.now || a.now-now > clockStep {
		a.now = now
	}
	a.settle(a.now)
}

// settle takes the requests at the front that wait no longer at the capture time now.
func (a *Analyzer) settle(now int64) {
	for a.waiting.n() > 0 && (a.waiting.crowded() || !a.waits(a.waiting.oldest().final(), now)) {
		a.waited(a.waiting.pop())
	}
}

// A waiter is a copy of a request that waits.
type waiter struct {
	httpwire.Exchange

	// last is the request in the end of a chain that this one begins: sent again
	// with credentials, or to where it was redirected; nil for none.
	last *httpwire.Exchange
	// follows is set in such a request.
	follows bool
}

// final returns the request whose response counts.
func (w *waiter) final() *httpwire.Exchange {
	if w.last != nil {
		return w.last
	}
	return &w.Exchange
}

// A queue holds requests that wait, the oldest first.
type queue struct {
	all  []waiter // those before gone are
	gone int
	text int // bytes of their strings and bodies
	asks int // of those that wait, which ask for another request
}

func (q *queue) n() int { return len(q.all) - q.gone }

func (q *queue) crowded() bool { return q.n() > maxWaiting || q.text > maxWaitingText }

func (q *queue) oldest() *waiter { return &q.all[q.gone] }

func (q *queue) push(x *httpwire.Exchange) {
	if q.gone > len(q.all)/2 && len(q.all) == cap(q.all) {
		n := copy(q.all, q.all[q.gone:])
		clear(q.all[n:])
		q.all, q.gone = q.all[:n], 0
	}
	q.all = append(q.all, waiter{Exchange: *x, follows: q.follow(x)})
	q.text += x.Size()
	if asks(x) {
		q.asks++
	}
}

// follow joins a request to one that asked for it, and reports whether there is
// one.
func (q *queue) follow(x *httpwire.Exchange) bool {
	if q.asks == 0 {
		return false
	}
	for i := q.n() - 1; i >= max(0, q.n()-maxBetween); i-- {
		w := &q.all[q.gone+i]
		if !w.follows && followed(w.final(), x) {
			last := *x
			w.last = &last
			return true
		}
	}
	return false
}

// pop takes the oldest out. It is valid until the next push.
func (q *queue) pop() *waiter {
	if q.gone > 0 {
		q.all[q.gone-1] = waiter{} // with what it points to
	}
	w := q.oldest()
	q.text -= w.Size()
	if asks(&w.Exchange) {
		q.asks--
	}
	if q.gone++; q.gone == len(q.all) {
		q.all, q.gone = q.all[:0], 0
	}
	return w
}

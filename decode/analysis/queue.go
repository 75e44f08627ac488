package analysis

import (
	"actionurl/decode/httpwire"
	"actionurl/decode/sip"
)

// maxWaiting and maxWaitingText bound the requests that wait for the SIP message
// that may come after them, and after them for those before: 32,768 of 272 bytes,
// and the 8 MiB of their strings; 17 MiB. Beyond it the oldest goes on without.
const (
	maxWaiting     = 32 << 10
	maxWaitingText = 8 << 20
)

// waits reports whether the SIP message that a request belongs to may come after it.
func (a *Analyzer) waits(x *httpwire.Exchange) bool {
	return !a.prompt && a.now-x.Time <= sip.Before && a.sip.Knows(x.Client.Addr())
}

// settle takes the requests at the front that wait no longer at the capture time now.
func (a *Analyzer) settle(now int64) {
	a.now = max(a.now, now)
	for a.waiting.n() > 0 && (a.waiting.crowded() || !a.waits(a.waiting.oldest())) {
		a.exchange(a.waiting.pop())
	}
}

// A queue holds copies of exchanges, the oldest first.
type queue struct {
	all  []httpwire.Exchange // those before gone are
	gone int
	text int // bytes of their strings
}

func (q *queue) n() int { return len(q.all) - q.gone }

func (q *queue) crowded() bool { return q.n() > maxWaiting || q.text > maxWaitingText }

func (q *queue) oldest() *httpwire.Exchange { return &q.all[q.gone] }

func (q *queue) push(x *httpwire.Exchange) {
	if q.gone > len(q.all)/2 && len(q.all) == cap(q.all) {
		n := copy(q.all, q.all[q.gone:])
		clear(q.all[n:])
		q.all, q.gone = q.all[:n], 0
	}
	q.all = append(q.all, *x)
	q.text += x.TextSize()
}

// pop takes the oldest out. It is valid until the next push.
func (q *queue) pop() *httpwire.Exchange {
	x := q.oldest()
	q.text -= x.TextSize()
	if q.gone++; q.gone == len(q.all) {
		q.all, q.gone = q.all[:0], 0
	}
	return x
}

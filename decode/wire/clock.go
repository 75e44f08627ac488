package wire

const (
	// leap is how far, in nanoseconds, the time of a frame may be from that of the
	// one before it without being in doubt: frames of several interfaces come in
	// disorder.
	leap = 2e9

	// agreeAhead and agreeBehind are how many frames in a row move the time on
	// over a leap. Ahead it is mostly silence that ends; back it is a step.
	agreeAhead  = 2
	agreeBehind = 4

	// far is how far, in nanoseconds, the time of a frame must be from the others'
	// to be counted: less is disorder.
	far = 60e9

	// stepSize is the least leap ahead, in nanoseconds, that is a step of the clock
	// where a request is answered after it: no server takes that long.
	stepSize = 120e9
)

// A clock is the time that the frames of a capture agree on. A frame whose time
// is far from the others' does not move it: one wrong clock in a merged capture
// must not end what waits for an answer.
type clock struct {
	now   int64 // capture time, in nanoseconds since 1970-01-01 UTC; 0 before the first frame
	shift int64 // of all steps back

	other, latest int64 // the first and latest time of frames that disagree with it
	n             int   // how many in a row

	leapt  int64 // where the latest leap ahead ended, and how far it went
	ahead  int64
	before int64 // where the one before it ended

	strays int // frames far from the others that none agreed with
}

// reached returns the time without its steps back: what waits is measured by it.
func (c *clock) reached() int64 { return c.now + c.shift }

// frame takes the time of a frame; 0 where that has none. It reports whether the
// clock stepped back.
func (c *clock) frame(t int64) (back bool) {
	if t == 0 {
		return false
	}
	if d := t - c.now; d <= leap && d >= -leap || c.now == 0 {
		c.now = max(c.now, t)
		if c.n > 0 {
			c.stray()
		}
		return false
	}
	return c.odd(t)
}

// odd takes the time of a frame that is far from those before it.
func (c *clock) odd(t int64) (back bool) {
	if c.n == 0 || t < c.latest-leap || (t < c.now) != (c.other < c.now) {
		c.stray()
		c.other, c.latest = t, t
	}
	c.n++
	c.latest = max(c.latest, t)
	switch {
	case t > c.now && c.n == agreeAhead:
		c.leapTo(c.other)
		return c.frame(t)
	case t < c.now && c.n == agreeBehind:
		c.n = 0
		c.shift += c.now - c.latest
		c.now = c.latest
		return true
	}
	return false
}

// stray forgets the frames that nothing agrees with.
func (c *clock) stray() {
	if d := c.other - c.now; d > far || d < -far {
		c.strays += c.n
	}
	c.n = 0
}

func (c *clock) leapTo(t int64) {
	c.n = 0
	c.before, c.leapt, c.ahead = c.leapt, t+c.shift, t-c.now
	c.now = t
}

// tick takes the time of a source that tells it without frames. A silence is no
// leap then.
func (c *clock) tick(t int64) (back bool) {
	if d := t - c.now; d > leap && d < stepSize {
		c.stray()
		c.now = t
		return false
	}
	return c.frame(t)
}

// over reports whether a wait that began when since was reached is over after a
// time. A leap ahead may be a step of the clock, so that what waits when it comes
// waits as long again after it, or up to the next.
func (c *clock) over(since, wait int64) bool {
	now := c.reached()
	return now-since > wait && (since >= c.leapt || now-c.leapt > wait || since < c.before)
}

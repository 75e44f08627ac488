package stream

import (
	"strings"
	"testing"
	"time"

	"actionurl/capture/capturetest"
	"actionurl/decode/packet"
)

// A peer sends the segments of one direction of a connection, a millisecond
// apart. The ports tell the connections of a test apart.
type peer struct {
	a *Assembler
	s packet.Segment
}

func newPeer(a *Assembler, n int) *peer {
	p := &peer{a: a}
	p.connection(n)
	return p
}

// connection begins the nth connection of a test.
func (p *peer) connection(n int) {
	p.s.Src, p.s.Dst = client, server
	p.s.Src.Addr.Lo, p.s.Src.Port = uint64(n>>16), uint16(n)
	p.s.Seq = uint32(n) * 1000
}

func (p *peer) next() {
	p.s.Frame++
	p.s.Clock += int64(time.Millisecond)
	p.a.Segment(&p.s)
	p.s.Seq += uint32(len(p.s.Payload))
	if p.s.SYN || p.s.FIN {
		p.s.Seq++
	}
	p.s.SYN, p.s.FIN, p.s.Payload = false, false, nil
}

func (p *peer) syn()             { p.s.SYN = true; p.next() }
func (p *peer) fin()             { p.s.FIN = true; p.next() }
func (p *peer) send(data []byte) { p.s.Payload = data; p.next() }
func (p *peer) lose(n int)       { p.s.Seq += uint32(n) }

// turn lets the other side go on, at seq.
func (p *peer) turn(seq uint32) uint32 {
	p.s.Src, p.s.Dst = p.s.Dst, p.s.Src
	old := p.s.Seq
	p.s.Seq = seq
	return old
}

// whole sends all of a connection: a byte, and both ends.
func (p *peer) whole() {
	p.syn()
	back := p.turn(5000)
	p.syn()
	seq := p.turn(back)
	p.send([]byte("x"))
	p.fin()
	p.turn(seq)
	p.fin()
}

func TestHoleGivenUpAtBoundOfDirection(t *testing.T) {
	r := newRecorder(t)
	a := NewAssembler(r, Config{})
	p := newPeer(a, 1)
	p.syn()
	p.lose(10)
	payload := make([]byte, 1460)
	n := 0
	for ; a.Counts.Gaps == 0; n++ {
		if n*len(payload) > maxHalfWaiting {
			t.Fatal("no gap was given up")
		}
		p.send(payload)
		check(t, a)
	}
	if least := (maxHalfWaiting - segmentCost) / (len(payload) + segmentCost); n < least {
		t.Errorf("the gap was given up after %d segments; at least %d should fit", n, least)
	}
	if a.waiting != 0 || len(r.log) != n+1 || r.log[0] != "> gap 10" {
		t.Errorf("%d bytes still wait, and the receiver was told %.30q...", a.waiting, r.log)
	}
}

func TestHolesGivenUpAtBoundOfAll(t *testing.T) {
	r := newRecorder(t)
	a := NewAssembler(r, Config{})
	payload := make([]byte, 60000)
	n := 0
	for ; a.Counts.Gaps == 0; n++ {
		if n*len(payload) > maxWaiting {
			t.Fatal("no gap was given up")
		}
		p := newPeer(a, n)
		p.syn()
		p.lose(10)
		p.send(payload)
		check(t, a)
	}
	if least := maxWaiting / (len(payload) + segmentCost); n < least {
		t.Errorf("a gap was given up at connection %d; %d should fit", n, least)
	}
	a.Flush()
	if a.waiting != 0 {
		t.Errorf("%d bytes wait after the end", a.waiting)
	}
}

// Memory that is kept to be used again must not add up, whatever order large
// and small segments wait in.
func TestSegmentsHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	a := NewAssembler(ignorer{}, Config{})
	small, large := make([]byte, 1), make([]byte, 2048)
	for round := range 20 {
		for n := range 45 { // connections of a hole, the small segments first
			p := newPeer(a, n)
			p.syn()
			for range 1000 {
				p.lose(1)
				p.send(small)
			}
		}
		for n := range 45 {
			p := newPeer(a, 100+n)
			p.syn()
			for range 100 {
				p.lose(1)
				p.send(large)
			}
		}
		check(t, a)
		if a.held > 2*maxWaiting {
			t.Fatalf("round %d: segments hold %d KiB", round, a.held>>10)
		}
		a.Flush()
		held := 0
		for w := a.segments; w != nil; w = w.next {
			held += cap(w.data) + segmentCost
		}
		if held != a.held || held > maxWaiting {
			t.Fatalf("round %d: segments to be used again hold %d KiB, %d KiB are counted", round, held>>10, a.held>>10)
		}
	}
}

func TestEviction(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	r := newRecorder(t)
	r.quiet = true
	a := NewAssembler(r, Config{})
	p := newPeer(a, 0)
	open := func(n int) {
		p.connection(n)
		p.syn()
		p.send([]byte("x"))
	}
	known := func(n int) bool {
		p.connection(n)
		c, _ := a.table.find(&p.s.Src, &p.s.Dst)
		return c != nil
	}
	for n := range maxConns {
		open(n)
	}
	if a.Counts.Evicted != 0 || a.table.n != maxConns {
		t.Fatalf("%d connections, %d evicted", a.table.n, a.Counts.Evicted)
	}
	open(maxConns) // the hand goes around and takes the first
	if a.Counts.Evicted != 1 || known(0) {
		t.Fatalf("%d evicted, the oldest known: %v", a.Counts.Evicted, known(0))
	}
	open(1) // is in use: the one after it goes
	open(maxConns + 1)
	if a.Counts.Evicted != 2 || !known(1) || known(2) {
		t.Errorf("%d evicted, the one in use known: %v, the one not in use: %v", a.Counts.Evicted, known(1), known(2))
	}
	if a.table.n != maxConns || len(r.conns) != maxConns {
		t.Errorf("%d connections known, %d to the receiver", a.table.n, len(r.conns))
	}
	a.Flush()
	if a.table.n != 0 || len(r.conns) != 0 {
		t.Errorf("after Flush: %d connections known, %d to the receiver", a.table.n, len(r.conns))
	}
}

// Connections that have ended are forgotten after a while, or when there are
// too many, and late copies of their frames are known until then.
func TestLinger(t *testing.T) {
	r := newRecorder(t)
	a := NewAssembler(r, Config{})
	p := newPeer(a, 0)
	whole := func(n int) {
		p.connection(n)
		p.whole()
	}
	whole(0)
	whole(1)
	if a.table.n != 2 {
		t.Fatalf("%d connections are remembered", a.table.n)
	}
	p.s.Clock += lingerTime
	whole(2)
	if got := a.table.n; got != 1 {
		t.Errorf("after %v %d connections are remembered", time.Duration(lingerTime), got)
	}
	for n := range 2 * maxClosed {
		whole(3 + n)
	}
	if got := a.table.n; got != maxClosed {
		t.Errorf("%d connections are remembered, not %d", got, maxClosed)
	}
	if got := int(a.table.made); got > maxClosed+1 {
		t.Errorf("%d connections were made for %d at a time", got, maxClosed+1)
	}
	check(t, a)
	lines := len(r.log)
	p.connection(2*maxClosed + 2) // the last
	p.lose(1)
	p.send([]byte("x"))
	if len(r.log) != lines {
		t.Errorf("a late copy delivers %q", r.log[lines:])
	}
}

func TestMemoryOfOpenConnections(t *testing.T) {
	const conns = 100_000
	var a *Assembler
	got := capturetest.Grown(func() {
		a = NewAssembler(ignorer{}, Config{})
		p := newPeer(a, 0)
		for n := range conns {
			p.connection(n)
			p.syn()
			back := p.turn(5000)
			p.syn()
			p.turn(back)
			p.send([]byte("GET / HTTP/1.1\r\n\r\n"))
		}
	})
	t.Logf("%d bytes a connection", got/conns)
	if a.table.n != conns {
		t.Fatalf("%d connections are known", a.table.n)
	}
	if got > 64<<20 {
		t.Errorf("%d open connections take %d KiB", conns, got>>10)
	}
}

func TestAllocs(t *testing.T) {
	a := NewAssembler(ignorer{}, Config{})
	p := newPeer(a, 0)
	payload := make([]byte, 1460)

	p.syn()
	p.send(payload)
	inOrder := testing.AllocsPerRun(1000, func() { p.send(payload) })
	if inOrder != 0 {
		t.Errorf("%v allocations per segment in order", inOrder)
	}

	swap := func() {
		p.lose(len(payload))
		p.send(payload)
		p.lose(-2 * len(payload))
		p.send(payload)
		p.lose(len(payload))
	}
	swap()
	if got := testing.AllocsPerRun(1000, swap); got != 0 {
		t.Errorf("%v allocations per two segments out of order", got)
	}

	n := 0
	cycle := func() {
		n++
		p.connection(n % 60000)
		p.s.Seq += uint32(n)
		p.syn()
		back := p.turn(5000)
		p.syn()
		seq := p.turn(back)
		p.send(payload)
		back = p.turn(seq)
		p.send(payload)
		p.fin()
		p.turn(back)
		p.fin()
	}
	for range 3 * maxClosed {
		cycle()
	}
	// The table of connections moves its content when it is full of entries that were removed.
	if got := testing.AllocsPerRun(20000, cycle); got != 0 {
		t.Errorf("%v allocations per connection", got)
	}
}

// A capture that is played again, with the same ports and numbers, is read again
// once its connections are no longer remembered.
func TestPlayedAgain(t *testing.T) {
	r := newRecorder(t)
	a := NewAssembler(r, Config{})
	p := newPeer(a, 1)
	start := p.s.Seq
	play := func() {
		p.s.Seq = start
		p.whole()
		p.turn(0)
	}
	for _, after := range []int64{0, lingerTime / 2, lingerTime + 1} {
		p.s.Clock += after
		play()
	}
	if got := strings.Count(strings.Join(r.log, "\n"), `"x"`); got != 2 {
		t.Errorf("read %d times, not twice: %q", got, r.log)
	}
}

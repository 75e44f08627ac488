package publish

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"actionurl/decode/finding"
	"actionurl/report"
)

// DefaultLateness is how long a row waits for those of slower sensors.
const DefaultLateness = 10 * time.Second

const (
	// maxHeld bounds the lines that wait for those of slower sensors, in bytes.
	maxHeld = 64 << 20

	// ahead is how many messages are fetched before they are asked for: 1,024 of
	// at most 1 MiB, of 700 bytes as a rule.
	ahead = 1 << 10

	// idleTime is how long nothing comes before what was written is committed.
	idleTime = 100 * time.Millisecond
)

// bucket is where the server keeps how far collectors have come, by their names.
const bucket = "ACTIONURL-collectors"

var (
	// ErrIdle is the error of Next where nothing can be returned yet.
	ErrIdle = errors.New("nothing yet")

	// ErrReplayed is the error of Next, once, when all lines that an earlier run has
	// written were returned.
	ErrReplayed = errors.New("what is written was replayed")
)

// A CollectConfig says what is collected.
type CollectConfig struct {
	Servers  *Servers
	Durable  string        // the name under which the server keeps how far it has come; empty to begin at the beginning
	Lateness time.Duration // how long a row waits for those of slower sensors
	Mode     Mode          // of what is continued, with Durable

	// File is the output that goes on: what is in it beyond what was committed is
	// cut off. It is empty for standard output, and for several files. Compressed
	// ones are not looked into.
	File       string
	Compressed bool

	// State is the file that says how far it has come; empty where the server alone
	// keeps that.
	State string

	Say func(string) // gets what people should know of the connection, at any time
}

// A Mode is how a run continues an earlier one.
type Mode uint8

const (
	// Rows is for rows that come of one line each: lines that are written are
	// skipped.
	Rows Mode = iota

	// Replay is for rows that come of several lines, such as calls: lines that are
	// written are returned once more, first of all, and what comes of them is
	// dropped. See Replaying and Skip.
	Replay

	// Anew is for files that are made as a whole: everything is read again.
	Anew
)

// A Collector reads what sensors publish, in the order of time.
//
// A record waits until no other sensor can have an earlier one: each says with
// each message which time it has reached. It does not wait for a sensor that has
// ended, or was not heard for the lateness, and not longer than that. What comes
// after later records were returned is late.
//
// Time is that at which the server stored messages, and only where there are no
// more of them that of the machine: so what is read later is merged alike.
type Collector struct {
	config CollectConfig
	ctx    context.Context
	cancel context.CancelFunc
	conn   *nats.Conn
	reader *report.Reader
	kv     jetstream.KeyValue // nil without Durable
	done   chan struct{}      // closed when no more is fetched
	failed error              // see Failed; valid iff done is closed

	messages chan message
	sensors  []*source // by their names
	held     int       // bytes of their queues
	last     *source   // whose record was returned
	written  int64     // the latest time of a row that was returned

	locked   *os.File // while it writes the output; nil for standard output
	state    state
	changed  bool
	noted    time.Time // when the server got the state
	taken    uint64    // sequence of the latest message
	reached  int64     // what Reached returned last
	replayTo uint64    // the latest line that is written
	replays  int       // lines in the queues that are written
	replayed bool      // all were returned
	ids      recent

	first, clock int64     // when the server stored the first message, and the latest
	caughtUp     time.Time // when that came, if there were no more; zero if not
	whole        bool      // there were no more, once
	cut          bool      // the server cannot be reached

	silentAfter time.Duration

	found  []finding.Occurrence // that were not returned yet
	record report.Saved         // of the latest of them
	clocks clocks

	lines, tardy, lost, duplicate atomic.Int64
}

// A message is one of the stream.
type message struct {
	sensor    string // empty for what no sensor has published
	line      string // empty for a heartbeat
	id        string
	again     bool // it is written
	sequence  uint64
	stored    int64
	pending   uint64 // messages after it
	run, n    int64  // see headerRun and headerLine
	reached   int64
	beginning int64 // when the first message of the stream was stored; 0 if that came later
}

// A source is a sensor.
type source struct {
	name    string
	queue   []message    // of a run, in the order of its lines
	head    report.Saved // of queue[0]; valid iff ready
	ready   bool
	reached int64
	heard   int64 // when the server stored its latest message
	ended   bool
	silent  bool // it is, and that was reported
	numbering
	was   written  // where an earlier run has ended
	ahead []uint64 // sequences of lines that are written, beyond others that are not
}

// Collect begins to read, and waits until there is a server with a stream. When
// ctx ends, what was read is returned, and then the end.
func Collect(ctx context.Context, c CollectConfig) (*Collector, error) {
	k := &Collector{
		config: c, ctx: ctx, reader: report.NewReader(c.Servers.String(), strings.NewReader("")),
		messages: make(chan message, ahead), done: make(chan struct{}), silentAfter: silentAfter, state: state{Sensors: map[string]written{}},
	}
	var err error
	if k.conn, err = c.Servers.connect(c.Say); err != nil {
		return nil, err
	}
	if err := k.begin(); err != nil {
		k.conn.Close()
		k.unlock()
		return nil, err
	}
	return k, nil
}

func (k *Collector) begin() error {
	js, err := jetstream.New(k.conn)
	if err != nil {
		return err
	}
	st, err := k.config.Servers.stream(k.ctx, js, k.config.Say)
	if err != nil {
		close(k.done)
		k.cancel = func() {}
		if k.ctx.Err() != nil { // it waited for a server
			return nil
		}
		return err
	}
	if err := k.resume(js, st); err != nil && k.ctx.Err() == nil {
		return err
	}
	k.whole = st.CachedInfo().State.Msgs == 0
	var reading context.Context
	reading, k.cancel = context.WithCancel(k.ctx)
	next := uint64(1)
	if k.config.Mode == Rows {
		next = k.state.Floor + 1
	}
	go k.fetch(reading, st, next)
	return nil
}

// Next returns the next record, which is valid until the next call. It returns
// ErrIdle where none can be returned yet, a *report.Problem for a line that cannot
// be read, after both of which it goes on, and io.EOF at the end. With Durable, lines
// that wait for one that is missing are left to the next run then.
func (k *Collector) Next() (*report.Saved, error) {
	k.pop()
	for taking := true; taking && k.held < maxHeld; {
		select {
		case m := <-k.messages:
			k.take(m)
		default:
			taking = false
		}
	}
	for waited := false; ; {
		over := k.over()
		if k.config.Mode == Replay && !k.replayed && !k.Replaying() {
			k.replayed = true
			return nil, ErrReplayed
		}
		k.findSilent()
		if len(k.found) > 0 {
			k.record = report.Saved{Kind: report.SavedFinding, Finding: k.found[0]}
			k.found = k.found[1:]
			return &k.record, nil
		}
		rec, err := k.ready()
		if rec != nil || err != nil {
			return rec, err
		}
		switch {
		case over && len(k.messages) == 0:
			return nil, io.EOF
		case waited:
			return nil, ErrIdle
		}
		select {
		case m := <-k.messages:
			k.take(m)
		case <-k.done:
		case <-time.After(idleTime):
			waited = true
		}
	}
}

// Failed returns why Next returned io.EOF before ctx ended, nil if it did not.
func (k *Collector) Failed() error {
	if !k.over() {
		return nil
	}
	return k.failed
}

// pop notes that the record that was returned has been written.
func (k *Collector) pop() {
	s := k.last
	if s == nil {
		return
	}
	k.last, s.ready = nil, false
	m := &s.queue[0]
	k.held -= len(m.line)
	switch {
	case m.again:
		k.replays--
	case k.config.Durable != "" && k.config.Mode != Anew:
		s.ahead, k.changed = append(s.ahead, m.sequence), true
	}
	*m = message{}
	if s.queue = s.queue[1:]; len(s.queue) == 0 {
		s.queue = nil
	}
}

// take takes a message.
func (k *Collector) take(m message) {
	if k.first == 0 {
		k.first = cmp.Or(m.beginning, m.stored)
	}
	k.taken = m.sequence
	k.clock, k.caughtUp = max(k.clock, m.stored), time.Time{}
	if m.pending == 0 {
		k.caughtUp, k.whole = time.Now(), true
	}
	if m.sensor == "" {
		return
	}
	s := k.source(m.sensor)
	s.silent = false
	if m.line != "" && k.ids.add(m.id) {
		k.duplicate.Add(1)
		return
	}
	s.heard, s.reached = m.stored, max(s.reached, m.reached)
	m.again = k.config.Mode != Anew && s.was.has(m.sequence)
	if m.line == "" {
		s.ended = false
		k.missing(s, s.heartbeat(m.run, m.n), m.reached, m.again)
		return
	}
	s.ended = strings.HasSuffix(m.line, `,"capture_end":{}}`)
	k.missing(s, s.take(m.run, m.n, m.stored), m.reached, m.again)
	if m.again && k.config.Mode == Rows {
		return
	}
	if m.again {
		k.replays++
	} else {
		k.lines.Add(1)
	}
	k.held += len(m.line)
	at := len(s.queue)
	for at > 0 && m.before(&s.queue[at-1]) {
		at--
	}
	if at == 0 {
		s.ready = false
	}
	s.queue = slices.Insert(s.queue, at, m)
}

// before reports whether a message comes before one that came first: by its number,
// and not before what is written if it is not.
func (m *message) before(o *message) bool {
	return m.run == o.run && m.n < o.n && (m.again || !o.again)
}

// missing notes lines of a sensor that are not in the stream.
func (k *Collector) missing(s *source, n, at int64, again bool) {
	if n == 0 || again {
		return
	}
	k.lost.Add(n)
	k.find(finding.SensorGap, finding.Detail{Name: s.name, N: n}, at)
}

// source returns the sensor of a name.
func (k *Collector) source(name string) *source {
	i, ok := slices.BinarySearchFunc(k.sensors, name, func(s *source, name string) int { return cmp.Compare(s.name, name) })
	if !ok {
		k.sensors = slices.Insert(k.sensors, i, &source{name: name})
	}
	return k.sensors[i]
}

// ready returns the record that comes first, if none can come before it.
func (k *Collector) ready() (*report.Saved, error) {
	var first *source
	replaying, last := k.Replaying(), k.over() && (k.config.Durable == "" || k.config.Mode == Anew)
	for _, s := range k.sensors {
		if len(s.queue) > 0 && len(s.holes) > 0 && (k.late(s.holes[0].stored) || last) {
			k.missing(s, s.fillAll(), s.reached, s.queue[0].again)
		}
		for !s.ready && len(s.queue) > 0 {
			known, err := k.reader.Parse(s.queue[0].line, &s.head)
			if err != nil {
				k.last = s
				return nil, &report.Problem{File: s.name, Line: int(s.queue[0].n), Err: err}
			}
			if s.ready = known; !known {
				k.last = s
				k.pop()
			}
		}
		if !s.ready || s.blocked(&s.queue[0]) || replaying && !s.queue[0].again {
			continue
		}
		if first == nil || s.head.Time < first.head.Time || s.head.Time == first.head.Time && s.head.Kind < first.head.Kind {
			first = s
		}
	}
	if first == nil || !k.due(first) {
		return nil, nil
	}
	k.last = first
	if first.head.Kind == report.SavedRequest {
		x, again := first.head.Request.Exchange, first.queue[0].again
		if x.Late = x.Time < k.written && !again; x.Late {
			k.tardy.Add(1)
		}
		k.written = max(k.written, x.Time)
		if other, off := k.clocks.compare(first.name, x); off != 0 && !again {
			k.find(finding.SensorClock, finding.Detail{Name: first.name, Other: other, N: off}, x.Time)
		}
	}
	return &first.head, nil
}

// due reports whether no sensor can have anything before the next of s, or it
// has waited long enough for that.
func (k *Collector) due(s *source) bool {
	if k.over() || k.held >= maxHeld {
		return true
	}
	switch {
	case k.late(s.queue[0].stored):
		return true
	case !k.late(k.first): // sensors may begin at the same time
		return false
	}
	for _, o := range k.sensors {
		hole := len(o.holes) > 0 && o != s && (len(o.queue) == 0 || o.blocked(&o.queue[0]))
		switch {
		case hole && !k.late(o.holes[0].stored):
			return false
		case !o.ready && !o.ended && o.reached < s.head.Time && !k.late(o.heard):
			return false
		}
	}
	return true
}

// over reports whether no more is fetched.
func (k *Collector) over() bool {
	select {
	case <-k.done:
		return true
	default:
		return false
	}
}

// late reports whether what was stored at a time has waited long enough.
func (k *Collector) late(stored int64) bool { return k.now()-stored >= int64(k.config.Lateness) }

// Replaying reports whether lines that are written are not all returned yet.
func (k *Collector) Replaying() bool {
	return k.config.Mode == Replay && (k.replays > 0 || k.taken < k.replayTo && k.caughtUp.IsZero())
}

// Whole reports whether all was read that the stream had at some time.
func (k *Collector) Whole() bool { return k.whole }

// Skip returns how many rows of the record that was returned last are written.
func (k *Collector) Skip() int {
	switch {
	case k.last == nil:
		return 0
	case k.last.queue[0].again:
		return math.MaxInt
	case k.last.queue[0].sequence == k.state.Partly.Sequence:
		return k.state.Partly.Rows
	}
	return 0
}

// Resumed returns the time that an earlier run passed on last, 0 for none, and how
// many of the rows that come of it are written.
func (k *Collector) Resumed() (reached int64, rows int) {
	if k.state.Partly.Sequence == 0 && k.state.Partly.Rows > 0 {
		return k.state.Reached, k.state.Partly.Rows
	}
	return k.state.Reached, math.MaxInt
}

// Reached returns the time that all sensors have reached: no record that follows is
// earlier, unless it is late. It is 0 where nothing new is known.
func (k *Collector) Reached() int64 {
	var reached int64
	for _, s := range k.sensors {
		at := s.reached
		switch {
		case s.ready:
			at = min(at, s.head.Time)
		case len(s.queue) > 0:
			return 0
		case s.ended || k.late(s.heard):
			continue
		}
		if reached == 0 || at < reached {
			reached = at
		}
	}
	if reached <= k.reached {
		return 0
	}
	k.reached, k.changed = reached, k.changed || k.config.Mode == Replay
	return reached
}

// now returns the server's time: that of the latest message, and what has passed
// since, while no more were waiting and the server was there.
func (k *Collector) now() int64 {
	switch {
	case k.caughtUp.IsZero():
		return k.clock
	case !k.conn.IsConnected():
		k.cut = true
		return k.clock
	case k.cut:
		k.cut, k.caughtUp = false, time.Now()
	}
	return k.clock + int64(time.Since(k.caughtUp))
}

// A Collected counts what was collected.
type Collected struct {
	Lines      int // of sensors
	Late       int // rows that came after later ones were written
	Lost       int // lines that sensors made and that are not in the stream
	Duplicates int // lines that were in the stream twice
}

// Counts returns what was collected so far.
func (k *Collector) Counts() Collected {
	return Collected{Lines: int(k.lines.Load()), Late: int(k.tardy.Load()), Lost: int(k.lost.Load()), Duplicates: int(k.duplicate.Load())}
}

// Losses returns how many losses of live captures the lines mention so far.
func (k *Collector) Losses() int { return k.reader.Losses }

// Close ends the connection.
func (k *Collector) Close() error {
	k.cancel()
	<-k.done
	k.conn.Close()
	k.unlock()
	return nil
}

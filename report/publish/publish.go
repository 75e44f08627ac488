// Package publish carries saved lines over NATS JetStream: from sensors, each of
// which publishes what it captures, to a collector, which merges them.
//
//  1. [Servers] are where the stream is (connect.go).
//  2. A [Publisher] puts the lines of one sensor into its spool, and sends them
//     from there, in order, until each is acknowledged (publish.go, spool.go).
//  3. A [Collector] reads the lines of all sensors, in the order of time
//     (collect.go).
//
// A line is published with an id that is a function of what it holds and not of
// the run: what is published again, by a sensor that was restarted on its files
// or that did not see the acknowledgement, is stored once.
package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Headers of a message.
const (
	headerRun  = "Actionurl-Run"  // the time at which the run of the sensor began
	headerLine = "Actionurl-Line" // which line of the run it is, from 1 on
	headerTime = "Actionurl-Time" // the time that is reached; no row that follows is earlier
)

const (
	// window is how many messages wait for their acknowledgement at a time: as
	// many as a server that syncs each to disk acknowledges before ackTimeout.
	window     = 256
	ackTimeout = 5 * time.Second

	// syncEvery is how often what waits is synced to disk.
	syncEvery = 200 * time.Millisecond

	// beatEvery is how often a sensor that has nothing to publish says so, and
	// beatLife how long the server keeps that.
	beatEvery = 2 * time.Second
	beatLife  = time.Hour

	// closeTime is how long a live run waits at its end for acknowledgements.
	closeTime = 3 * time.Second
)

// DefaultSpool is the size of a spool, in bytes: what 100 events of 700 bytes a
// second are in an hour, four times.
const DefaultSpool = 1 << 30

// A Config says what is published where.
type Config struct {
	Servers *Servers
	Sensor  string // see CheckSensor
	Dir     string // of the spool
	Spool   int64  // bytes that the spool may take
	Run     int64  // when the run began; 0 for the time of the first line, as that of files

	// Wait says that lines wait for room in the spool, as those of files can. Else
	// what does not fit is dropped, and counted.
	Wait bool

	Say func(string) // gets what people should know of the connection, at any time
}

// maxSensor is the length of the name of a sensor at most, in bytes.
const maxSensor = 64

// CheckSensor returns an error if a text cannot be the name of a sensor.
func CheckSensor(name string) error {
	if name == "" || len(name) > maxSensor || strings.ContainsFunc(name, foreign) {
		return errors.New("expected at most 64 letters, digits, - and _")
	}
	return nil
}

// foreign reports whether a character cannot be in the name of a sensor, which is
// a part of a subject of NATS and of names of files.
func foreign(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}

// SensorOf returns the name of the sensor on a host: what comes before the domain,
// with - for each character that cannot be in one. It is empty for a host without
// a name.
func SensorOf(host string) string {
	host, _, _ = strings.Cut(host, ".")
	name := strings.Map(func(r rune) rune {
		if foreign(r) {
			return '-'
		}
		return r
	}, host)
	return strings.Trim(name[:min(len(name), maxSensor)], "-")
}

// An ID says which line one is, whichever run makes it.
type ID struct {
	Kind    string // of line
	Capture string
	Time    int64 // of the frame
	Frame   int
}

// Counts are what became of lines.
type Counts struct {
	Lines      int // that were handed over
	Dropped    int // for which the spool had no room
	Refused    int // that were longer than the servers accept, or damaged in the spool
	Published  int // that were acknowledged
	Duplicates int // and were stored already
	Waiting    int // in the spool
}

// A Publisher publishes the lines of a sensor. Its methods are called by one
// goroutine, except Counts.
type Publisher struct {
	config Config
	spool  *spool
	conn   *nats.Conn

	ctx    context.Context // of the run; when it ends, nothing is waited for
	cancel context.CancelFunc
	done   chan struct{} // closed by the sender at its end
	wake   chan struct{}
	idle   chan struct{} // gets a value each time that nothing waits
	closed bool

	run, lines int64 // see headerRun and headerLine
	last       ID
	again      int // how many lines before have the ID last
	reached    atomic.Int64
	buf        []byte

	position             atomic.Pointer[position]
	dropped, refused     atomic.Int64
	published, duplicate atomic.Int64
	failed               atomic.Pointer[error] // of the spool
}

// A position is how far a run has come.
type position struct{ run, lines int64 }

// New opens the spool, and begins to send what waits there, when there is a
// server. When ctx ends, nothing is waited for any more.
func New(ctx context.Context, c Config) (*Publisher, error) {
	if err := CheckSensor(c.Sensor); err != nil {
		return nil, err
	}
	s, err := openSpool(c.Dir, c.Spool)
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	p := &Publisher{config: c, spool: s, run: c.Run, done: make(chan struct{}), wake: make(chan struct{}, 1), idle: make(chan struct{}, 1)}
	if p.conn, err = c.Servers.connect(c.Say); err != nil {
		return nil, errors.Join(err, s.close())
	}
	p.ctx = ctx
	var sending context.Context
	sending, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, s.full.Broadcast)
	go p.send(sending)
	return p, nil
}

// Line takes a line, which ends in a line feed, and the time that rows of the run
// have reached.
func (p *Publisher) Line(id ID, reached int64, line []byte) error {
	if err := p.failed.Load(); err != nil {
		return *err
	}
	if p.again++; id != p.last {
		p.last, p.again = id, 0
	}
	p.lines++
	if p.run == 0 {
		p.run = reached
	}
	p.reached.Store(max(reached, p.reached.Load()))
	p.position.Store(&position{p.run, p.lines})
	p.buf = fmt.Appendf(p.buf[:0], "%s %d %d %d ", p.id(id), p.run, p.lines, p.reached.Load())
	p.buf = append(p.buf, line...)
	if p.config.Wait && int64(len(p.buf)) <= p.config.Spool {
		p.spool.wait(len(p.buf), func() bool { return p.ctx.Err() != nil || p.failed.Load() != nil })
		if err := p.ctx.Err(); err != nil {
			return fmt.Errorf("%s in %s: %w", p.waiting(), p.config.Dir, err)
		}
	}
	room, err := p.spool.append(p.buf)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if !room {
		p.dropped.Add(1)
		return nil
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return nil
}

// id returns the id of a message. What an ID holds is hashed, as names of files
// may be long.
func (p *Publisher) id(id ID) string {
	h := fnv.New128a()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d\x00%d\x00%d", p.config.Sensor, id.Capture, id.Kind, id.Time, id.Frame, p.again)
	return fmt.Sprintf("%s-%d-%x", p.config.Sensor, id.Frame, h.Sum(nil))
}

// Reached lets the time pass that a live run has reached: no row that follows is
// earlier.
func (p *Publisher) Reached(now int64) error {
	p.reached.Store(max(now, p.reached.Load()))
	if err := p.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Counts returns what became of lines so far.
func (p *Publisher) Counts() Counts {
	c := Counts{
		Dropped: int(p.dropped.Load()), Refused: int(p.refused.Load()), Published: int(p.published.Load()), Duplicates: int(p.duplicate.Load()), Waiting: p.spool.rest(),
	}
	if at := p.position.Load(); at != nil {
		c.Lines = int(at.lines)
	}
	return c
}

// waiting says how many lines wait.
func (p *Publisher) waiting() string {
	if n := p.spool.rest(); n != 1 {
		return strconv.Itoa(n) + " lines wait"
	}
	return "1 line waits"
}

// Close waits until all is acknowledged, or the context of New ends; a live run
// not for long. It returns an error if lines still wait in the spool, where the
// next run finds them. Only the first call does anything.
func (p *Publisher) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	var late <-chan time.Time
	if !p.config.Wait {
		late = time.After(closeTime)
	}
	ended := p.ctx.Done()
	if !p.config.Wait { // the end of a live run is how it ends
		ended = nil
	}
	for over := false; !over && p.spool.rest() > 0; {
		select {
		case <-p.idle:
		case <-ended:
			over = true
		case <-late:
			over = true
		case <-p.done:
			over = true
		}
	}
	p.cancel()
	<-p.done
	p.conn.Close()
	rest := p.spool.rest()
	waiting := p.waiting()
	if err := p.spool.close(); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if err := p.failed.Load(); err != nil {
		return *err
	}
	if rest > 0 {
		return fmt.Errorf("%s in %s for %s; the next run sends the rest", waiting, p.config.Dir, p.config.Servers)
	}
	return nil
}

// send sends what is in the spool, until ctx ends.
func (p *Publisher) send(ctx context.Context) {
	defer close(p.done)
	go p.syncing(ctx)
	js, err := jetstream.New(p.conn, jetstream.WithPublishAsyncMaxPending(window), jetstream.WithPublishAsyncTimeout(ackTimeout))
	if err != nil {
		p.fail(err)
		return
	}
	ttl := false
	for ready := false; ctx.Err() == nil; {
		if !ready {
			st, err := p.config.Servers.stream(ctx, js, p.config.Say)
			if err != nil {
				return
			}
			ready, ttl = true, st.CachedInfo().Config.AllowMsgTTL
		}
		n, err := p.sendSome(ctx, js)
		switch {
		case errors.Is(err, errSpool):
			p.fail(err)
			return
		case err != nil:
			ready = !errors.Is(err, nats.ErrNoResponders) && !errors.Is(err, jetstream.ErrNoStreamResponse)
			pause(ctx, 100*time.Millisecond)
		case n == 0:
			p.rest(ctx, js, ttl)
		}
	}
}

// pause waits for a time, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// fail notes that the spool cannot be used.
func (p *Publisher) fail(err error) {
	p.failed.CompareAndSwap(nil, &err)
	p.spool.full.Broadcast()
}

var errSpool = errors.New("spool")

// syncing has what waits written to disk.
func (p *Publisher) syncing(ctx context.Context) {
	for ctx.Err() == nil {
		pause(ctx, syncEvery)
		if err := p.spool.sync(); err != nil {
			p.fail(fmt.Errorf("%w: %w", errSpool, err))
			return
		}
	}
}

// sendSome sends the oldest lines that wait, and returns how many were
// acknowledged. Behind one that was not, all are sent again: those that were
// stored are known by their ids.
func (p *Publisher) sendSome(ctx context.Context, js jetstream.JetStream) (int, error) {
	lines, err := p.spool.next(nil, window)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errSpool, err)
	}
	var futures []jetstream.PubAckFuture
	for _, line := range lines {
		var f jetstream.PubAckFuture // nil for a line that is left out
		if m := p.message(line); m != nil {
			if f, err = js.PublishMsgAsync(m, jetstream.WithStallWait(ackTimeout)); err != nil && !tooLong(err) {
				break
			}
		}
		futures = append(futures, f)
	}
	n, size := 0, int64(0)
	var failed error
	for i, f := range futures {
		if f == nil {
			p.refused.Add(1)
		} else if failed = p.acknowledged(ctx, f); failed != nil {
			break
		}
		n, size = n+1, size+int64(len(lines[i]))
	}
	if n > 0 {
		if err := p.spool.acknowledge(n, size); err != nil {
			return n, fmt.Errorf("%w: %w", errSpool, err)
		}
	}
	if failed == nil && len(futures) < len(lines) {
		failed = nats.ErrConnectionClosed
	}
	return n, failed
}

// acknowledged waits for the acknowledgement of a message.
func (p *Publisher) acknowledged(ctx context.Context, f jetstream.PubAckFuture) error {
	select {
	case ack := <-f.Ok():
		p.published.Add(1)
		if ack.Duplicate {
			p.duplicate.Add(1)
		}
		return nil
	case err := <-f.Err():
		if tooLong(err) {
			p.refused.Add(1)
			return nil
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// exceeds is the error of messages that are longer than a stream's limit,
// JSStreamMessageExceedsMaximumErr.
const exceeds = 10054

// tooLong reports whether a message is longer than the servers accept: no wait helps.
func tooLong(err error) bool {
	failed, ok := errors.AsType[*jetstream.APIError](err)
	return errors.Is(err, nats.ErrMaxPayload) || ok && failed.ErrorCode == exceeds
}

// message returns the message of a line of the spool, nil if that is damaged.
func (p *Publisher) message(line string) *nats.Msg {
	parts := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 5)
	if len(parts) != 5 || strings.ContainsFunc(parts[0], unicode.IsControl) || !json.Valid([]byte(parts[4])) {
		return nil
	}
	for _, number := range parts[1:4] {
		if _, err := strconv.ParseInt(number, 10, 64); err != nil {
			return nil
		}
	}
	m := nats.NewMsg(subjectsPrefix + p.config.Sensor + linesSuffix)
	m.Data = []byte(parts[4])
	m.Header[jetstream.MsgIDHeader] = []string{parts[0]}
	for i, name := range []string{headerRun, headerLine, headerTime} {
		m.Header[name] = []string{parts[i+1]}
	}
	return m
}

// rest waits for more to send, and meanwhile says which time is reached.
func (p *Publisher) rest(ctx context.Context, js jetstream.JetStream, ttl bool) {
	select {
	case p.idle <- struct{}{}:
	default:
	}
	select {
	case <-ctx.Done():
		return
	case <-p.wake:
		return
	case <-time.After(beatEvery):
	}
	at := p.position.Load()
	reached := p.reached.Load()
	if p.config.Wait || reached == 0 || p.spool.rest() > 0 { // files have no time but that of their lines
		return
	}
	if at == nil {
		at = &position{}
	}
	m := nats.NewMsg(subjectsPrefix + p.config.Sensor + beatsSuffix)
	m.Data = p.heartbeat(reached)
	for i, v := range []int64{at.run, at.lines, reached} {
		m.Header[[]string{headerRun, headerLine, headerTime}[i]] = []string{strconv.FormatInt(v, 10)}
	}
	var options []jetstream.PublishOpt
	if ttl {
		options = append(options, jetstream.WithMsgTTL(beatLife))
	}
	try, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	_, _ = js.PublishMsg(try, m, options...) // what is not heard is silent
}

// heartbeat returns the line of a heartbeat.
func (p *Publisher) heartbeat(reached int64) []byte {
	return fmt.Appendf(nil, `{"time":%q,"sensor":%q,"sensor_alive":{}}`, time.Unix(0, reached).UTC().Format("2006-01-02T15:04:05.000000000Z"), p.config.Sensor)
}

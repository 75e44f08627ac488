package publish

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
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

// ErrIdle is the error of Next where nothing can be returned yet.
var ErrIdle = errors.New("nothing yet")

// A CollectConfig says what is collected.
type CollectConfig struct {
	Servers  *Servers
	Durable  string        // the name under which the server keeps how far it has come; empty to begin at the beginning
	Lateness time.Duration // how long a row waits for those of slower sensors

	// File is the output, which goes on where an earlier run has ended; empty for
	// one that does not. How far that is stands in a file beside it.
	File string

	Say func(string) // gets what people should know of the connection, at any time
}

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
	done   chan struct{}

	messages chan message
	sensors  []*source // by their names
	held     int       // bytes of their queues
	last     *source   // whose record was returned
	written  int64     // the latest time of a row that was returned

	state   state
	changed bool
	taken   uint64 // sequence of the latest message

	first, clock int64     // when the server stored the first message, and the latest
	caughtUp     time.Time // when that came, if there were no more; zero if not
	cut          bool      // the server cannot be reached

	silentAfter time.Duration

	found  []finding.Occurrence // that were not returned yet
	record report.Saved         // of the latest of them
	clocks clocks

	lines, late, lost atomic.Int64
}

// A message is one of the stream.
type message struct {
	sensor    string
	line      string // empty for a heartbeat
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
	queue   []message
	head    report.Saved // of queue[0]; valid iff ready
	ready   bool
	reached int64
	heard   int64 // when the server stored its latest message
	ended   bool
	silent  bool // it is, and that was reported
	run, n  int64
}

// A state is what has been written.
type state struct {
	Stream  time.Time         `json:"stream"`  // when it was created
	Floor   uint64            `json:"floor"`   // sequence up to which all is written
	Sensors map[string]uint64 `json:"sensors"` // and of the latest line of each
	Size    int64             `json:"size"`    // of the file
	Written int64             `json:"written"` // the latest time of a row, in nanoseconds
}

// Collect begins to read, and waits until there is a server with a stream. When
// ctx ends, what was read is returned, and then the end.
func Collect(ctx context.Context, c CollectConfig) (*Collector, error) {
	k := &Collector{
		config: c, ctx: ctx, reader: report.NewReader(c.Servers.String(), strings.NewReader("")),
		messages: make(chan message, ahead), done: make(chan struct{}), silentAfter: silentAfter, state: state{Sensors: map[string]uint64{}},
	}
	var err error
	if k.conn, err = c.Servers.connect(c.Say); err != nil {
		return nil, err
	}
	if err := k.begin(); err != nil {
		k.conn.Close()
		return nil, err
	}
	return k, nil
}

func (k *Collector) begin() error {
	js, err := jetstream.New(k.conn)
	if err != nil {
		return err
	}
	st, err := stream(k.ctx, js, k.config.Say)
	if err != nil {
		close(k.done)
		k.cancel = func() {}
		if k.ctx.Err() != nil { // it waited for a server
			return nil
		}
		return err
	}
	if err := k.resume(js, st.CachedInfo().Created); err != nil {
		return err
	}
	var reading context.Context
	reading, k.cancel = context.WithCancel(k.ctx)
	go k.fetch(reading, st)
	return nil
}

// resume reads what an earlier run has written, and cuts off what it had not
// committed.
func (k *Collector) resume(js jetstream.JetStream, created time.Time) error {
	var data []byte
	var err error
	if k.config.Durable != "" {
		if k.kv, err = js.CreateOrUpdateKeyValue(k.ctx, jetstream.KeyValueConfig{Bucket: bucket, History: 1}); err != nil {
			return err
		}
		entry, err := k.kv.Get(k.ctx, k.config.Durable)
		switch {
		case err == nil:
			data = entry.Value()
		case !errors.Is(err, jetstream.ErrKeyNotFound):
			return err
		}
	}
	if k.config.File != "" {
		beside, err := os.ReadFile(k.stateName())
		switch {
		case err == nil:
			data = beside
		case !errors.Is(err, os.ErrNotExist):
			return err
		default:
			data = nil // what the server knows is of another file
		}
	}
	if len(data) > 0 {
		var was state
		if err := json.Unmarshal(data, &was); err != nil {
			return fmt.Errorf("%s: %w", k.stateName(), err)
		}
		if was.Stream.Equal(created) {
			k.state, k.written = was, was.Written
		} else {
			k.config.Say("the stream is another one than before; it is read from its beginning")
			k.state.Size = was.Size
		}
	}
	k.state.Stream = created
	if k.config.File == "" {
		return nil
	}
	if err := k.trim(len(data) > 0); err != nil {
		return err
	}
	return k.save()
}

// trim cuts off what is in the file beyond what was committed, or, without that, a
// line that is not whole.
func (k *Collector) trim(committed bool) error {
	data, err := os.Open(k.config.File)
	if errors.Is(err, os.ErrNotExist) {
		k.state.Size = 0
		return nil
	}
	if err != nil {
		return err
	}
	defer data.Close()
	size, err := data.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if !committed {
		k.state.Size = size
		buf := make([]byte, 64<<10)
		for k.state.Size > 0 {
			n := min(int64(len(buf)), k.state.Size)
			if _, err := data.ReadAt(buf[:n], k.state.Size-n); err != nil {
				return err
			}
			if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
				k.state.Size += int64(i) + 1 - n
				break
			}
			k.state.Size -= n
		}
	}
	if size <= k.state.Size { // somebody has moved or shortened it
		k.state.Size = size
		return nil
	}
	return os.Truncate(k.config.File, k.state.Size)
}

func (k *Collector) stateName() string { return k.config.File + ".nats" }

// fetch fetches messages until ctx ends. The consumer is an ordered one, which
// the server forgets: how far the collector has come is what it has written.
func (k *Collector) fetch(ctx context.Context, st jetstream.Stream) {
	defer close(k.done)
	next := k.state.Floor + 1
	var beginning int64 // not known yet
	if all := st.CachedInfo().State; all.Msgs > 0 {
		beginning = all.FirstTime.UnixNano()
	}
	for ctx.Err() == nil {
		consumer, err := st.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: next})
		if err != nil {
			pause(ctx, idleTime)
			continue
		}
		all, err := consumer.Messages(jetstream.PullMaxMessages(ahead))
		if err != nil {
			pause(ctx, idleTime)
			continue
		}
		stop := context.AfterFunc(ctx, all.Stop)
		for {
			m, err := all.Next()
			if err != nil {
				break
			}
			got, ok := readMessage(m)
			if !ok || got.sequence < next {
				continue
			}
			got.beginning = beginning
			next = got.sequence + 1
			select {
			case k.messages <- got:
			case <-ctx.Done():
			}
		}
		stop()
		all.Stop()
		pause(ctx, idleTime)
	}
}

// readMessage reads a message. It is not ok if it is not of a sensor.
func readMessage(m jetstream.Msg) (message, bool) {
	meta, err := m.Metadata()
	if err != nil {
		return message{}, false
	}
	sensor, ok := strings.CutPrefix(m.Subject(), subjectsPrefix)
	got := message{sequence: meta.Sequence.Stream, stored: meta.Timestamp.UnixNano(), pending: meta.NumPending}
	if at := strings.TrimSuffix(sensor, linesSuffix); at != sensor {
		sensor, got.line = at, string(m.Data())
	} else {
		sensor = strings.TrimSuffix(sensor, beatsSuffix)
	}
	got.sensor = sensor
	for name, to := range map[string]*int64{headerRun: &got.run, headerLine: &got.n, headerTime: &got.reached} {
		*to, _ = strconv.ParseInt(m.Headers().Get(name), 10, 64)
	}
	return got, ok && CheckSensor(sensor) == nil
}

// Next returns the next record, which is valid until the next call. It returns
// ErrIdle where none can be returned yet, a *report.Problem for a line that cannot
// be read, after both of which it goes on, and io.EOF at the end.
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
		if waited {
			return nil, ErrIdle
		}
		select {
		case m := <-k.messages:
			k.take(m)
		case <-k.ctx.Done():
			if k.held == 0 {
				return nil, io.EOF
			}
		case <-time.After(idleTime):
			waited = true
		}
	}
}

// pop notes that the record that was returned has been written.
func (k *Collector) pop() {
	s := k.last
	if s == nil {
		return
	}
	k.last, s.ready = nil, false
	k.state.Sensors[s.name], k.changed = s.queue[0].sequence, true
	k.held -= len(s.queue[0].line)
	s.queue[0].line = ""
	if s.queue = s.queue[1:]; len(s.queue) == 0 {
		s.queue = nil
	}
}

// take takes a message.
func (k *Collector) take(m message) {
	s := k.source(m.sensor)
	if k.first == 0 {
		k.first = cmp.Or(m.beginning, m.stored)
	}
	k.taken = m.sequence
	k.clock, k.caughtUp = max(k.clock, m.stored), time.Time{}
	if m.pending == 0 {
		k.caughtUp = time.Now()
	}
	s.silent = false
	s.heard, s.reached = m.stored, max(s.reached, m.reached)
	if m.run == s.run && s.n > 0 && m.n > s.n+1 {
		k.lost.Add(m.n - s.n - 1)
		k.find(finding.SensorGap, finding.Detail{Name: s.name, N: m.n - s.n - 1}, m.reached)
	}
	if m.run != s.run || m.n > s.n {
		s.run, s.n = m.run, m.n
	}
	if m.line == "" {
		s.ended = false
		return
	}
	s.ended = strings.HasSuffix(m.line, `,"capture_end":{}}`)
	if m.sequence <= k.state.Sensors[m.sensor] { // it is written
		return
	}
	k.lines.Add(1)
	k.held += len(m.line)
	s.queue = append(s.queue, m)
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
	for _, s := range k.sensors {
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
		if s.ready && (first == nil || s.head.Time < first.head.Time || s.head.Time == first.head.Time && s.head.Kind < first.head.Kind) {
			first = s
		}
	}
	if first == nil || !k.due(first) {
		return nil, nil
	}
	k.last = first
	if first.head.Kind == report.SavedRequest {
		x := first.head.Request.Exchange
		if x.Late = x.Time < k.written; x.Late {
			k.late.Add(1)
		}
		k.written = max(k.written, x.Time)
		if other, off := k.clocks.compare(first.name, x); off != 0 {
			k.find(finding.SensorClock, finding.Detail{Name: first.name, Other: other, N: off}, x.Time)
		}
	}
	return &first.head, nil
}

// due reports whether no sensor can have anything before the next of s, or it
// has waited long enough for that.
func (k *Collector) due(s *source) bool {
	if k.ctx.Err() != nil || k.held >= maxHeld {
		return true
	}
	now := k.now()
	lateness := int64(k.config.Lateness)
	switch {
	case now-s.queue[0].stored >= lateness:
		return true
	case now-k.first < lateness: // sensors may begin at the same time
		return false
	}
	for _, o := range k.sensors {
		if !o.ready && !o.ended && o.reached < s.head.Time && now-o.heard < lateness {
			return false
		}
	}
	return true
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

// Commit notes that all that was returned has been written and flushed. A run
// that begins after this one was killed goes on from there.
func (k *Collector) Commit() error {
	k.pop()
	if !k.changed || k.config.File == "" && k.kv == nil {
		return nil
	}
	k.changed, k.state.Written, k.state.Floor = false, k.written, k.taken
	for _, s := range k.sensors {
		if len(s.queue) > 0 {
			k.state.Floor = min(k.state.Floor, s.queue[0].sequence-1)
		}
	}
	return k.save()
}

// save saves the state: beside the file, and at the server.
func (k *Collector) save() error {
	if k.config.File != "" {
		f, err := os.OpenFile(k.config.File, os.O_RDWR, 0)
		switch {
		case err == nil:
			k.state.Size, err = f.Seek(0, io.SeekEnd)
			err = errors.Join(err, f.Sync(), f.Close())
		case errors.Is(err, os.ErrNotExist): // it is not there yet
			k.state.Size, err = 0, nil
		}
		if err != nil {
			return err
		}
	}
	data, err := json.Marshal(&k.state)
	if err != nil {
		return err
	}
	if k.config.File != "" {
		next := k.stateName() + ".partial"
		if err := writeSynced(next, data); err != nil {
			return err
		}
		if err := os.Rename(next, k.stateName()); err != nil {
			return err
		}
	}
	if k.kv == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.ctx), ackTimeout)
	defer cancel()
	if _, err = k.kv.Put(ctx, k.config.Durable, data); err != nil && k.config.File == "" {
		k.changed = true // it is tried again
		k.config.Say(fmt.Sprintf("cannot note how far it has come: %v", err))
	}
	return nil
}

func writeSynced(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// A Collected counts what was collected.
type Collected struct {
	Lines int // of sensors
	Late  int // rows that came after later ones were written
	Lost  int // lines that sensors made and that are not in the stream
}

// Counts returns what was collected so far.
func (k *Collector) Counts() Collected {
	return Collected{Lines: int(k.lines.Load()), Late: int(k.late.Load()), Lost: int(k.lost.Load())}
}

// Losses returns how many losses of live captures the lines mention so far.
func (k *Collector) Losses() int { return k.reader.Losses }

// Close ends the connection.
func (k *Collector) Close() error {
	k.cancel()
	<-k.done
	k.conn.Close()
	return nil
}

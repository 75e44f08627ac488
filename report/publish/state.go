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
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"actionurl/capture/files"
)

// noteEvery is how often the server gets what a file beside the output says, and
// notePatience how long that may take: a cluster may be choosing who leads it.
const (
	noteEvery    = 10 * time.Second
	notePatience = 500 * time.Millisecond
)

// A state is what a collector has written: of the stream, and to where. It stands
// beside the output, and at the server.
type state struct {
	Stream  time.Time          `json:"stream"`  // when it was created
	First   uint64             `json:"first"`   // sequence of the first line that was read
	Floor   uint64             `json:"floor"`   // sequence up to which all is written
	Sensors map[string]written `json:"sensors"` // by their names
	Written int64              `json:"written"` // the latest time of a row, in nanoseconds
	Reached int64              `json:"reached"` // the time that was passed on last, see Collector.Reached

	Size   int64   `json:"size"`             // of the file, in bytes
	Partly partly  `json:"partly,omitzero"`  // what follows is written in part
	Naming *naming `json:"naming,omitempty"` // the latest file of several
}

// A written is which lines of a sensor are written.
type written struct {
	Floor uint64   `json:"floor"`           // sequence up to which all are
	Ahead []uint64 `json:"ahead,omitempty"` // sequences of further ones
	Run   int64    `json:"run"`             // of the latest
	Line  int64    `json:"line"`
}

// has reports whether a line is written.
func (p *written) has(sequence uint64) bool {
	if sequence <= p.Floor {
		return true
	}
	return slices.Contains(p.Ahead, sequence)
}

// A partly is a record with only its first rows written.
type partly struct {
	Sequence uint64 `json:"sequence,omitempty"` // of its line; 0 for what comes of Reached
	Rows     int    `json:"rows"`
}

// A naming is a file that is whole, and gets its name. Both are relative to the folder
// of the state: the next run may begin elsewhere.
type naming struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// readState reads a state.
func readState(data []byte) (s state, err error) {
	if err := json.Unmarshal(data, &s); err != nil {
		return s, err
	}
	if s.Stream.IsZero() || s.Size < 0 {
		return s, errors.New("it is damaged")
	}
	return s, nil
}

// named returns the path of a file that the state names.
func (k *Collector) named(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(k.config.State), name)
}

// resume reads what an earlier run has written, and cuts off what it had not
// committed.
func (k *Collector) resume(js jetstream.JetStream, st jetstream.Stream) error {
	if k.config.Durable == "" {
		return nil
	}
	if err := k.lock(); err != nil {
		return err
	}
	created := st.CachedInfo().Created
	data, err := k.load(js, st.CachedInfo().Config.Replicas)
	if err != nil {
		return err
	}
	size := int64(0)
	if data != nil {
		was, err := readState(data)
		if err != nil {
			return fmt.Errorf("%s: does not say how far a collector has come: %w; move it and the output away to begin again", cmp.Or(k.config.State, k.config.Durable), err)
		}
		size = was.Size
		if was.Stream.Equal(created) {
			k.state, k.written = was, was.Written
		} else {
			k.config.Say("the stream is another one than before; it is read from its beginning")
		}
		if n := was.Naming; n != nil { // unless that was done
			if err := os.Rename(k.named(n.From), k.named(n.To)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	k.state.Stream, k.state.Size, k.state.Naming = created, size, nil
	if k.state.Sensors == nil {
		k.state.Sensors = map[string]written{}
	}
	if err := k.checkBeginning(st); err != nil {
		return err
	}
	for name, p := range k.state.Sensors {
		s := k.source(name)
		s.was, s.ahead = p, slices.Clone(p.Ahead)
		k.replayTo = max(k.replayTo, p.Floor)
		for _, ahead := range p.Ahead {
			k.replayTo = max(k.replayTo, ahead)
		}
		if k.config.Mode == Rows {
			s.run, s.top = p.Run, p.Line
		}
	}
	k.reached = k.state.Reached
	if k.config.File != "" && k.config.Mode != Anew {
		if err := k.trim(data != nil); err != nil {
			return err
		}
	}
	return k.save()
}

// errCollecting is the error of an output that another process writes.
var errCollecting = errors.New("another process collects into this file; use another -o")

// lock keeps other processes from the output, which they would write twice and cut
// off, until unlock is called or the process ends.
func (k *Collector) lock() error {
	dir, base := filepath.Split(k.config.State)
	if base == "" {
		return nil
	}
	name := filepath.Join(dir, "."+base+".lock")
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return files.Named(strings.TrimSuffix(k.config.State, ".nats"), err)
		}
		if lock(f) != nil {
			f.Close()
			return fmt.Errorf("%s: %w", strings.TrimSuffix(k.config.State, ".nats"), errCollecting)
		}
		there, err := os.Stat(name)
		if open, own := f.Stat(); err == nil && own == nil && os.SameFile(there, open) {
			k.locked = f
			return nil
		}
		f.Close() // who had it has removed it meanwhile
	}
}

// unlock lets other processes have the output.
func (k *Collector) unlock() {
	if k.locked != nil {
		os.Remove(k.locked.Name())
		k.locked.Close()
	}
}

// load reads the state: that beside the output, else that at the server.
func (k *Collector) load(js jetstream.JetStream, replicas int) (data []byte, err error) {
	err = k.retry(func(ctx context.Context) error {
		if k.kv, err = js.KeyValue(ctx, bucket); errors.Is(err, jetstream.ErrBucketNotFound) {
			k.kv, err = js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: bucket, History: 1, Replicas: replicas})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if k.config.State != "" { // what the server knows may be of another file
		data, err = os.ReadFile(k.config.State)
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		return data, err
	}
	err = k.retry(func(ctx context.Context) error {
		entry, err := k.kv.Get(ctx, k.config.Durable)
		switch {
		case errors.Is(err, jetstream.ErrKeyNotFound):
			return nil
		case err != nil:
			return err
		}
		data = entry.Value()
		return nil
	})
	return data, err
}

// retry calls ask until the servers answer, or ctx ends: a cluster may be about to
// choose who leads it.
func (k *Collector) retry(ask func(context.Context) error) error {
	for {
		ctx, cancel := context.WithTimeout(k.ctx, ackTimeout)
		err := ask(ctx)
		cancel()
		if err == nil || k.ctx.Err() != nil {
			return err
		}
		k.config.Say(fmt.Sprintf("the servers do not answer yet: %v", err))
		pause(k.ctx, idleTime)
	}
}

// checkBeginning returns an error if what is made of the whole stream lacks what an
// earlier run has read, as the stream keeps that no longer.
func (k *Collector) checkBeginning(st jetstream.Stream) error {
	var m *jetstream.RawStreamMsg
	err := k.retry(func(ctx context.Context) (err error) {
		if m, err = st.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(subjectsPrefix+"*"+linesSuffix)); errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		return err
	})
	if err != nil || m == nil {
		return err
	}
	was := k.state.First
	if was == 0 || k.config.Mode == Rows {
		k.state.First = m.Sequence
		return nil
	}
	if m.Sequence > was {
		return fmt.Errorf("%s: was made from line %d of the stream on, and that keeps lines from %d on (its limits: nats stream info %s); move the file and %s away to make another",
			k.config.File, was, m.Sequence, StreamName, k.config.State)
	}
	return nil
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
	info, err := data.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	size := info.Size()
	if !committed {
		k.state.Size = size
		if k.config.Compressed {
			return nil
		}
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

// Commit notes that all that was returned has been written and flushed, and what
// comes of the time that was passed on. A run that begins after this one was
// killed goes on from there.
func (k *Collector) Commit() error {
	if k.config.Durable == "" || k.config.Mode == Anew {
		return nil
	}
	k.pop()
	if !k.changed || k.Replaying() {
		return nil
	}
	k.note(partly{})
	return k.save()
}

// CommitNaming notes that a file of several gets its name, and that all files
// before it have theirs: of what was returned last, so many rows are in them.
func (k *Collector) CommitNaming(rows int, from, to string) error {
	if k.config.Durable == "" || k.config.Mode == Anew {
		return nil
	}
	dir := filepath.Dir(k.config.State)
	from, err := filepath.Rel(dir, from)
	to, err2 := filepath.Rel(dir, to)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	p := partly{Rows: rows}
	if k.last != nil {
		p.Sequence = k.last.queue[0].sequence
	}
	k.note(p)
	k.state.Naming = &naming{from, to}
	return k.save()
}

// note puts into the state which lines are written.
func (k *Collector) note(p partly) {
	k.changed, k.state.Written, k.state.Reached, k.state.Partly = false, k.written, k.reached, p
	k.state.Floor = k.taken
	for _, s := range k.sensors {
		at := written{Floor: max(k.taken, s.was.Floor), Run: s.run, Line: s.top}
		if len(s.holes) > 0 {
			at.Line = s.holes[0].from - 1
		}
		for i := range s.queue {
			m := &s.queue[i]
			at.Floor = min(at.Floor, m.sequence-1)
			if m.run == s.run {
				at.Line = min(at.Line, m.n-1)
			}
		}
		s.ahead = slices.DeleteFunc(s.ahead, func(sequence uint64) bool { return sequence <= at.Floor })
		at.Ahead = slices.Clone(s.ahead)
		k.state.Floor = min(k.state.Floor, at.Floor)
		k.state.Sensors[s.name] = at
	}
}

// save saves the state: beside the output, and at the server.
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
	if name := k.config.State; name != "" {
		if err := replace(name, data); err != nil {
			return err
		}
	}
	patience := ackTimeout
	if k.config.State != "" { // it is noted, and this is for those who look at the server
		if time.Since(k.noted) < noteEvery {
			return nil
		}
		k.noted, patience = time.Now(), notePatience
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.ctx), patience)
	defer cancel()
	if _, err = k.kv.Put(ctx, k.config.Durable, data); err != nil && k.config.State == "" {
		k.changed = true // it is tried again
		k.config.Say(fmt.Sprintf("cannot note how far it has come: %v", err))
	}
	return nil
}

// replace replaces a file by data, whole or not at all. The caller has locked the
// output: what stands under the name of the half-written file was left by one that
// was killed.
func replace(name string, data []byte) error {
	dir, base := filepath.Split(name)
	partial := filepath.Join(dir, "."+base+".partial")
	if err := os.Remove(partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(partial, name)
	}
	if err != nil {
		os.Remove(partial)
	}
	return err
}

package live

import (
	"sync/atomic"
	"time"

	"actionurl/capture"
)

// blocks is the number of blocks of a reader: of 1 MiB at most, 4 MiB. It is
// beside the kernel's buffer.
const blocks = 4

// A handle is an interface that is opened for capture, where there is no ring.
type handle interface {
	// read waits for frames, not much longer than retire, and puts them into b,
	// none if none came. An error is the interface's end.
	read(b *block) error
	// block returns how large the memory of a block must be, in bytes.
	block() int
	// count returns the frames received and dropped since it was opened.
	count() (received, dropped uint64)
	close() error
}

// A block is memory, and the frames in it.
type block struct {
	memory []byte
	frames []capture.Frame
}

// A reader is a tap that a goroutine fills.
type reader struct {
	bell   bell
	filled chan *block
	empty  chan *block
	held   []*block // that were read, the oldest first

	done  chan struct{} // closed to end the goroutine
	ended chan struct{} // closed by it; nil if there is none

	received, dropped atomic.Uint64 // by earlier handles, and this one
	counted           Stats         // of these
}

var _ tap = (*reader)(nil)

func newReader(b bell) *reader {
	r := &reader{bell: b, filled: make(chan *block, blocks), empty: make(chan *block, blocks)}
	for range blocks {
		r.empty <- new(block)
	}
	return r
}

// start reads from h until it fails or stop is called, and closes it.
func (r *reader) start(h handle) {
	r.done, r.ended = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(r.ended)
		defer h.close()
		r.run(h)
	}()
}

func (r *reader) run(h handle) {
	received, dropped := r.received.Load(), r.dropped.Load()
	for {
		var b *block
		select {
		case <-r.done:
			return
		case b = <-r.empty:
		}
		if n := h.block(); len(b.memory) != n {
			b.memory = make([]byte, n)
		}
		b.frames = b.frames[:0]
		var err error
		for len(b.frames) == 0 && err == nil && !r.stopping() {
			err = h.read(b)
		}
		more, lost := h.count()
		r.received.Store(received + more)
		r.dropped.Store(dropped + lost)
		r.filled <- b // there is room for all
		r.bell.ring()
		if err != nil {
			return
		}
	}
}

func (r *reader) stopping() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// failed reports whether the handle was closed because it failed.
func (r *reader) failed() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// stop ends the goroutine.
func (r *reader) stop() {
	if r.ended != nil {
		close(r.done)
		<-r.ended
		r.ended = nil
	}
}

func (r *reader) read(frames []capture.Frame) []capture.Frame {
	for {
		select {
		case b := <-r.filled:
			if len(b.frames) == 0 { // the last of a handle
				r.empty <- b
				continue
			}
			r.held = append(r.held, b)
			return append(frames, b.frames...)
		default:
			return frames
		}
	}
}

func (r *reader) free(n int) {
	for _, b := range r.held[:n] {
		r.empty <- b
	}
	r.held = append(r.held[:0], r.held[n:]...)
}

func (r *reader) count(s *Stats) {
	now := Stats{Received: r.received.Load(), Dropped: r.dropped.Load()}
	s.Received += now.Received - r.counted.Received
	s.Dropped += now.Dropped - r.counted.Dropped
	r.counted = now
}

// A readDevice is an interface with its reader.
type readDevice struct {
	open   func() (handle, error)
	reader *reader
	now    State
	looked time.Time
}

var _ device = (*readDevice)(nil)

// newReadDevice opens an interface, which is done anew where it is gone for a time.
func newReadDevice(b bell, open func() (handle, error)) (*readDevice, error) {
	h, err := open()
	if err != nil {
		return nil, err
	}
	d := &readDevice{open: open, reader: newReader(b)}
	d.reader.start(h)
	return d, nil
}

func (d *readDevice) taps() []tap { return []tap{d.reader} }

func (d *readDevice) sockets() []int { return nil }

func (d *readDevice) state(now time.Time) State {
	if now.Sub(d.looked) < tick {
		return d.now
	}
	d.looked = now
	switch {
	case d.now == Up && d.reader.failed():
		d.reader.stop()
		d.now = Gone
	case d.now == Gone:
		if h, err := d.open(); err == nil {
			d.reader.start(h)
			d.now = Up
		}
	}
	return d.now
}

func (d *readDevice) close() error {
	d.reader.stop()
	return nil
}

// A bell is a waiter for readers, which ring it.
type bell chan struct{}

var _ waiter = bell(nil)

func newBell() bell { return make(bell, 1) }

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default: // it was rung, and not heard yet
	}
}

func (b bell) wait(taps []tap, atMost time.Duration) error {
	for _, t := range taps {
		if len(t.(*reader).filled) > 0 {
			return nil
		}
	}
	over := time.NewTimer(atMost)
	defer over.Stop()
	select {
	case <-b:
	case <-over.C:
	}
	return nil
}

func (b bell) wake() { b.ring() }

func (b bell) close() error { return nil }

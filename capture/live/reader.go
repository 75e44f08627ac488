package live

import (
	"sync/atomic"
	"time"

	"github.com/google/gopacket"

	"actionurl/capture"
)

// blocks is the number of batches that a reader fills in turn, of 512 KiB: 2 MiB
// beside the kernel's buffer.
const blocks = 4

// A handle is an interface that is opened for capture, where there is no ring: a
// data source of gopacket's whose time-out is retire.
type handle interface {
	gopacket.PacketDataSource
	// on returns the interface.
	on() *capture.Interface
	// count returns the frames received and dropped since it was opened.
	count() (received, dropped uint64)
	close() error
}

// A reader is a tap that a goroutine fills.
type reader struct {
	bell   bell
	filled chan *capture.Batch
	empty  chan *capture.Batch
	held   []*capture.Batch // that were read, the oldest first

	done  chan struct{} // closed to end the goroutine
	ended chan struct{} // closed by it; nil if there is none

	received, dropped atomic.Uint64 // by earlier handles, and this one
	counted           Stats         // of these
}

var _ tap = (*reader)(nil)

func newReader(b bell) *reader {
	r := &reader{bell: b, filled: make(chan *capture.Batch, blocks), empty: make(chan *capture.Batch, blocks)}
	for range blocks {
		r.empty <- new(capture.Batch)
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
	on := h.on()
	source := capture.From(h, on.Link)
	for {
		var b *capture.Batch
		select {
		case <-r.done:
			return
		case b = <-r.empty:
		}
		b.Reset()
		failed := false
		for len(b.Frames) == 0 && !failed && !r.stopping() {
			failed = source.Next(b) != nil || len(b.Problems) > 0
		}
		for i := range b.Frames {
			b.Frames[i].Interface = on
		}
		more, lost := h.count()
		r.received.Store(received + more)
		r.dropped.Store(dropped + lost)
		r.filled <- b // there is room for all
		r.bell.ring()
		if failed {
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
			if len(b.Frames) == 0 { // the last of a handle
				r.empty <- b
				continue
			}
			r.held = append(r.held, b)
			return append(frames, b.Frames...)
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

// Package live reads frames from network interfaces until it is stopped.
//
//   - On Linux they come from a ring that the kernel fills (ring_linux.go), by
//     a socket that is filtered before it sees the first frame.
//   - On macOS and the BSDs they come from /dev/bpf (bpf_bsd.go), on Windows
//     from Npcap (npcap_windows.go), read by a goroutine for each interface
//     (reader.go).
//
// Frames of several interfaces are merged by time (merge.go). The caller's
// program (Config.Filter) says which frames the kernel passes on.
package live

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/gopacket"
	"golang.org/x/net/bpf"

	"actionurl/capture"
)

// Any stands for all interfaces, those included that appear later. It is known
// on Linux.
const Any = "any"

// DefaultRingSize is the memory of a ring, in bytes: a third of a second of a
// million small frames a second, 200 bytes each.
const DefaultRingSize = 64 << 20

// whole is what a program returns to keep a frame, whatever its length.
const whole = 1<<31 - 1

const (
	// retire is the longest that the kernel keeps a frame to itself, waiting
	// for more, plus as long again: a block that is begun just after a tick of
	// its timer waits for the next but one.
	retire = 20 * time.Millisecond

	// delay is how long after its capture a frame is surely seen here. Where
	// there are several rings, a frame waits that long for an earlier one.
	delay = 2*retire + 20*time.Millisecond

	// tick is how often Next returns where no frame comes.
	tick = 50 * time.Millisecond
)

// Errors of Open.
var (
	ErrPermission  = errors.New("no permission to capture")
	ErrNoInterface = errors.New("no such interface")
	ErrUnsupported = errors.New("live capture is not supported on this system")
)

// MaxFanout is the most rings that an interface can have: 64 of DefaultRingSize are
// 4 GiB, which the kernel takes at once.
const MaxFanout = 64

// A Config says what to capture.
type Config struct {
	// Interfaces are the names of the interfaces, at least one. Where a name is
	// not known, the error of Open lists those that are.
	Interfaces []string

	// Promiscuous asks for the frames that are addressed to others too. It does
	// not count for Any.
	Promiscuous bool

	// RingSize is the memory, in bytes, in which the kernel keeps the frames of
	// an interface until they are read; 0 for DefaultRingSize. There are Fanout
	// times as many.
	RingSize int

	// Fanout is the number of rings that the frames of an interface are spread
	// over, by connection; 0 for one, MaxFanout at most. More than one need Linux.
	Fanout int

	// Filter, if set, returns the program that the kernel runs over each frame
	// of a link type; it returns 0 for those to drop. On Linux the
	// frame that it sees lacks its outer VLAN tag, which bpf.ExtVLANTag and
	// bpf.ExtVLANTagPresent hold. An error of it is one of Open.
	Filter func(capture.LinkType) ([]bpf.Instruction, error)

	// Changed, unless nil, is called by Next, and by Open for what is not up at the
	// start, when an interface goes down, is removed, or is there again.
	Changed func(name string, to State)
}

// A State is how an interface is.
type State int

// The states of an interface. In any of them the source waits for it to be up
// again.
const (
	Up State = iota
	Down
	Gone // removed, or renamed
)

func (s State) String() string { return [...]string{"up", "down", "gone"}[s] }

// Stats are the counts of one interface since Open.
type Stats struct {
	Interface string
	Received  uint64 // frames that the filter let through, those included that were dropped
	Dropped   uint64 // frames for which there was no memory
	Freezes   uint64 // times that a ring was full, and nothing could be taken until some of it was read
	Unread    uint64 // frames that were not handed out yet; in the end, those that came after it
	State     State
}

// A Source yields the frames of interfaces, in the order of time. Next is for
// one goroutine; the other methods are safe to call at any time.
type Source struct {
	capture.Packets // for gopacket

	config Config
	ports  []*port
	waiter waiter
	idle   []tap // see waits

	reading sync.Mutex // held by Next, for Close
	closed  bool

	counting sync.Mutex // held where the counts or states are read or set
	lost     uint64     // frames dropped and freezes that are reported as Gaps
	dropped  uint64     // of these, frames
	counted  time.Time  // when they were last counted
	stopped  atomic.Pointer[time.Time]
}

var (
	_ capture.Source                    = (*Source)(nil)
	_ gopacket.PacketDataSource         = (*Source)(nil)
	_ gopacket.ZeroCopyPacketDataSource = (*Source)(nil)
)

// A port is an interface as it was named.
type port struct {
	name   string
	state  State
	device device
	queues []*queue
	frames int // handed out so far
	read   int // of these, those that are counted
	stats  Stats
}

// A device is an interface as the system has it.
type device interface {
	// taps are where its frames come from.
	taps() []tap
	// state looks how the interface is, and takes it up again where it can.
	state(now time.Time) State
	// sockets are its packet sockets, on Linux.
	sockets() []int
	close() error
}

// A tap is a queue of frames, in blocks, that the system fills.
type tap interface {
	// read appends the frames of the next block, in the order of their
	// capture; none if there is none yet. Their memory is the tap's until free
	// is called for the block.
	read(frames []capture.Frame) []capture.Frame
	// free gives back the n oldest blocks that were read.
	free(n int)
	// count adds what happened since it was last called.
	count(*Stats)
}

// A waiter waits for frames.
type waiter interface {
	// wait returns when one of the taps has a block, when wake is called, or
	// when the time is over.
	wait(taps []tap, atMost time.Duration) error
	wake()
	close() error
}

// Open begins to capture. Its errors wrap ErrPermission, ErrNoInterface,
// ErrUnsupported, or the system's.
func Open(c Config) (*Source, error) {
	if c.RingSize == 0 {
		c.RingSize = DefaultRingSize
	}
	if len(c.Interfaces) == 0 || c.RingSize < 0 || c.Fanout < 0 || c.Fanout > MaxFanout {
		return nil, fmt.Errorf("an interface, and 1 to %d rings of a positive size, are needed", MaxFanout)
	}
	w, err := newWaiter()
	if err != nil {
		return nil, err
	}
	s := &Source{config: c, waiter: w, counted: time.Now()}
	s.Packets = capture.NewPackets(s)
	for _, name := range c.Interfaces {
		if slices.ContainsFunc(s.ports, func(p *port) bool { return p.name == name }) {
			continue // named twice
		}
		d, err := open(&s.config, w, name)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p := &port{name: name, device: d}
		for _, t := range d.taps() {
			p.queues = append(p.queues, &queue{tap: t, port: p})
		}
		s.ports = append(s.ports, p)
	}
	s.look(time.Now())
	return s, nil
}

// Next implements [capture.Source]. It returns at least every 50 milliseconds,
// then with the time alone. After Stop it returns what was captured until then,
// and at last io.EOF.
func (s *Source) Next(b *capture.Batch) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	b.Reset()
	if s.closed {
		return io.EOF
	}
	for until := time.Now().Add(tick); ; {
		now := time.Now()
		stop := s.stopped.Load()
		s.look(now)
		s.merge(b, now, stop)
		s.count()
		s.gap(b, now)
		rest := until.Sub(now)
		switch {
		case len(b.Frames) > 0:
			return nil
		case stop != nil && now.Sub(*stop) > delay:
			return io.EOF
		case rest <= 0:
			b.Now = now.Add(-delay).UnixNano()
			return nil
		}
		if err := s.waiter.wait(s.waits(now, rest)); err != nil {
			return err
		}
	}
}

// count counts what was handed out.
func (s *Source) count() {
	s.counting.Lock()
	defer s.counting.Unlock()
	for _, p := range s.ports {
		p.read = p.frames
	}
}

// look asks how the interfaces are, and reports what changed.
func (s *Source) look(now time.Time) {
	for _, p := range s.ports {
		to := p.device.state(now)
		if to == p.state {
			continue
		}
		s.counting.Lock()
		p.state = to
		s.counting.Unlock()
		if s.config.Changed != nil {
			s.config.Changed(p.name, to)
		}
	}
}

// Stop ends the capture: Next returns what was captured until now, and then
// io.EOF.
func (s *Source) Stop() {
	now := time.Now()
	s.stopped.CompareAndSwap(nil, &now)
	s.waiter.wake()
}

// Close ends the capture and gives back its memory, also that of the batch
// which was handed out last. If Next is running, Close lets it return.
func (s *Source) Close() error {
	s.Stop()
	s.Stats() // the last that can be had
	s.reading.Lock()
	defer s.reading.Unlock()
	s.counting.Lock()
	defer s.counting.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	for _, p := range s.ports {
		errs = append(errs, p.device.close())
	}
	return errors.Join(append(errs, s.waiter.close())...)
}

// A Socket is a packet socket.
type Socket struct {
	Interface  string // as it was named
	Descriptor int    // of the file
}

// Sockets returns the packet sockets that frames are read from; none except on
// Linux.
func (s *Source) Sockets() []Socket {
	var all []Socket
	for _, p := range s.ports {
		for _, fd := range p.device.sockets() {
			all = append(all, Socket{p.name, fd})
		}
	}
	return all
}

// gap appends a Gap to b if frames were lost since it was last called. What the
// kernel lost comes after what it still holds, so that now, not the time of the
// frames in b, is its end.
func (s *Source) gap(b *capture.Batch, now time.Time) {
	lost, dropped := uint64(0), uint64(0)
	for _, c := range s.Stats() {
		lost += c.Dropped + c.Freezes
		dropped += c.Dropped
	}
	if lost > s.lost {
		b.Miss(capture.Gap{From: s.counted.UnixNano(), To: now.UnixNano(), Frames: int(dropped - s.dropped)})
	}
	s.lost, s.dropped, s.counted = lost, dropped, now
}

// Stats returns the counts of each interface, in the order of the Config. After
// Close they are those of its end.
func (s *Source) Stats() []Stats {
	s.counting.Lock()
	defer s.counting.Unlock()
	var all []Stats
	for _, p := range s.ports {
		if !s.closed {
			for _, q := range p.queues {
				q.tap.count(&p.stats)
			}
		}
		p.stats.Interface, p.stats.State = p.name, p.state
		p.stats.Unread = 0
		if done := p.stats.Dropped + uint64(p.read); p.stats.Received > done {
			p.stats.Unread = p.stats.Received - done
		}
		all = append(all, p.stats)
	}
	return all
}

// Names returns the names of this host's interfaces, without [Any].
func Names() []string {
	var names []string
	all, _ := net.Interfaces()
	for _, i := range all {
		names = append(names, i.Name)
	}
	return names
}

// noInterface is the error for an unknown name; it lists the known ones.
func noInterface(also ...string) error {
	return fmt.Errorf("%w; available: %s", ErrNoInterface, strings.Join(append(Names(), also...), ", "))
}

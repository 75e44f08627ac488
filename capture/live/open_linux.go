package live

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"actionurl/capture"
)

// linkType returns what the frames of a kind of device (ARPHRD_*) begin with.
// For those that are not known, and those where each driver does what it wants,
// the kernel says where the packet begins.
func linkType(device uint16) capture.LinkType {
	switch device {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return capture.LinkEthernet
	case unix.ARPHRD_IEEE80211:
		return capture.LinkWLAN
	case unix.ARPHRD_IEEE80211_PRISM:
		return capture.LinkPrism
	case unix.ARPHRD_IEEE80211_RADIOTAP:
		return capture.LinkRadiotap
	}
	return capture.LinkRaw
}

// everything is ETH_P_ALL in the order of the network.
const everything = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8

// A nic is an interface, with its rings.
type nic struct {
	name   string
	config *Config
	rings  []*ring
	from   *origins
	index  int // 0 for Any
	now    State
	looked time.Time // when that was
}

var _ device = (*nic)(nil)

func open(c *Config, w waiter, name string) (device, error) {
	n := &nic{name: name, config: c, from: new(origins)}
	if err := n.open(w.(*poller)); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func (n *nic) open(p *poller) error {
	for range max(n.config.Fanout, 1) {
		r, err := newRing(n.config.RingSize, n.from)
		if err != nil {
			return err
		}
		n.rings = append(n.rings, r)
		if err := p.add(r); err != nil {
			return err
		}
	}
	n.from.fd = n.rings[0].fd
	index := 0
	if n.name != Any {
		var err error
		if index, err = n.find(); err == unix.ENODEV {
			return noInterface(Any)
		} else if err != nil {
			return err
		}
	}
	if err := n.bind(index); err != nil {
		return err
	}
	if index != 0 {
		n.now = n.look(false)
	}
	return nil
}

// find returns the interface's index.
func (n *nic) find() (int, error) {
	i, err := n.ask(unix.SIOCGIFINDEX)
	if err != nil {
		return 0, err
	}
	return int(i.Uint32()), nil
}

func (n *nic) ask(what uint) (*unix.Ifreq, error) { return ask(Socket{n.name, n.from.fd}, what) }

// ask asks a socket about the interface.
func ask(s Socket, what uint) (*unix.Ifreq, error) {
	i, err := unix.NewIfreq(s.Interface)
	if err != nil { // too long a name
		return nil, unix.ENODEV
	}
	return i, unix.IoctlIfreq(s.Descriptor, what, i)
}

// bind begins to take the frames of an interface. It needs no rights, so it is
// done anew where an interface was removed and is there again.
func (n *nic) bind(index int) error {
	n.from.one = nil
	if index != 0 {
		i, err := n.ask(unix.SIOCGIFHWADDR)
		if err != nil {
			return err
		}
		n.from.one = &capture.Interface{Capture: n.name, Link: linkType(i.Uint16())}
	}
	program, err := n.program()
	if err != nil {
		return err
	}
	first := program
	if len(n.rings) > 1 {
		first = []bpf.Instruction{bpf.RetConstant{}} // until the frames are shared out
	}
	for _, r := range n.rings {
		if err := r.bind(index, first, n.config.Promiscuous); err != nil {
			return err
		}
	}
	n.index = index
	if len(n.rings) == 1 {
		return nil
	}
	return n.share(program)
}

// share shares the frames out to the rings, by connection: both directions of
// one have the same hash, and fragments are put together before. Until all
// rings take part, each would get all frames.
func (n *nic) share(program []bpf.Instruction) error {
	how := unix.PACKET_FANOUT_HASH | unix.PACKET_FANOUT_FLAG_DEFRAG
	group := (how | unix.PACKET_FANOUT_FLAG_UNIQUEID) << 16
	for i, r := range n.rings {
		if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, group); err != nil {
			return fmt.Errorf("fanout over %d rings (the interface must be up): %w", len(n.rings), err)
		}
		if i == 0 {
			id, err := unix.GetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT)
			if err != nil {
				return err
			}
			group = id&0xffff | how<<16
		}
	}
	for _, r := range n.rings {
		if err := r.attach(program); err != nil {
			return err
		}
	}
	return nil
}

// bind lets the ring take the frames of an interface that the program keeps.
func (r *ring) bind(index int, program []bpf.Instruction, promiscuous bool) error {
	if err := r.attach(program); err != nil {
		return err
	}
	return bind(r.fd, index, promiscuous)
}

func bind(socket, index int, promiscuous bool) error {
	if err := unix.Bind(socket, &unix.SockaddrLinklayer{Protocol: everything, Ifindex: index}); err != nil {
		return err
	}
	if !promiscuous || index == 0 {
		return nil
	}
	return unix.SetsockoptPacketMreq(socket, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
		&unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC})
}

// attach lets the kernel run a program over each frame; none if there is none.
func (r *ring) attach(program []bpf.Instruction) error {
	if len(program) == 0 {
		err := unix.SetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
		if err == unix.ENOENT { // there was none
			err = nil
		}
		return err
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		filter[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	err = unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
	if err != nil {
		return fmt.Errorf("filter of %d instructions: %w", len(raw), err)
	}
	return nil
}

func (n *nic) taps() []tap {
	var all []tap
	for _, r := range n.rings {
		all = append(all, r)
	}
	return all
}

func (n *nic) close() error {
	var errs []error
	for _, r := range n.rings {
		errs = append(errs, r.close())
	}
	return errors.Join(errs...)
}

// state implements device. An interface that went down is taken up again by the
// kernel. One that was removed is not: the name may be another interface's now.
func (n *nic) state(at time.Time) State {
	if n.index == 0 || at.Sub(n.looked) < tick {
		return n.now
	}
	n.looked = at
	failed := false
	for _, r := range n.rings {
		failed = r.failed() || failed
	}
	if n.now != Up || failed {
		n.now = n.look(n.now == Up)
	}
	return n.now
}

// failed reports whether the interface went down, and lets the socket forget it.
func (r *ring) failed() bool {
	e, err := unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	return e != 0 || err != nil
}

// look returns how the interface is. If it was up, it is not: so much is known,
// even if it is up again by now.
func (n *nic) look(was bool) State {
	index, err := n.find()
	switch {
	case err != nil, was && index != n.index:
		return Gone
	case was:
		return Down
	}
	flags, err := n.ask(unix.SIOCGIFFLAGS)
	switch {
	case err != nil:
		return Gone
	case flags.Uint16()&unix.IFF_UP == 0:
		return Down
	case index == n.index:
		return Up
	case boundTo(n.rings[0].fd) == index: // by [KeepBound]
		n.index = index
		return Up
	case n.bind(index) != nil:
		return Gone
	}
	return Up
}

// maxOrigins bounds the interfaces that are known by name: 1,024 of 150 bytes,
// 150 KiB. Beyond it all are asked for again.
const maxOrigins = 1024

// origins knows the interfaces that frames come from.
type origins struct {
	fd  int                // a socket to ask
	one *capture.Interface // nil for Any

	last   origin
	lastOn *capture.Interface
	all    map[origin]*capture.Interface
}

// An origin is what a frame has of its interface.
type origin struct {
	index  int32
	device uint16
}

// of returns the interface of a frame.
func (o *origins) of(a *unix.RawSockaddrLinklayer) *capture.Interface {
	if o.one != nil {
		return o.one
	}
	from := origin{a.Ifindex, a.Hatype}
	if from == o.last && o.lastOn != nil {
		return o.lastOn
	}
	on := o.all[from]
	if on == nil {
		on = &capture.Interface{Capture: o.name(from), Link: linkType(from.device)}
		if o.all == nil || len(o.all) == maxOrigins {
			o.all = make(map[origin]*capture.Interface)
		}
		o.all[from] = on
	}
	o.last, o.lastOn = from, on
	return on
}

// name returns the interface's name, Any if there is none any more.
func (o *origins) name(from origin) string {
	i, err := unix.NewIfreq("")
	if err != nil {
		return Any
	}
	i.SetUint32(uint32(from.index))
	if unix.IoctlIfreq(o.fd, unix.SIOCGIFNAME, i) != nil {
		return Any
	}
	return i.Name()
}

// A poller waits for rings, by the runtime's own poller: a thread that blocks in
// a system call of ours would cost several times what it waits for, as the
// runtime looks after it.
type poller struct {
	file *os.File // an epoll instance with all rings, so that they are waited for as one
	conn syscall.RawConn
}

func newWaiter() (waiter, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil { // for os.NewFile, which asks
		unix.Close(fd)
		return nil, err
	}
	p := &poller{file: os.NewFile(uintptr(fd), "rings")}
	if p.conn, err = p.file.SyscallConn(); err != nil {
		p.file.Close()
		return nil, err
	}
	return p, nil
}

func (p *poller) add(r *ring) error {
	var failed error
	err := p.conn.Control(func(fd uintptr) {
		failed = unix.EpollCtl(int(fd), unix.EPOLL_CTL_ADD, r.fd, &unix.EpollEvent{Events: unix.EPOLLIN})
	})
	return errors.Join(err, failed)
}

func (p *poller) wait(taps []tap, atMost time.Duration) error {
	if err := p.file.SetReadDeadline(time.Now().Add(atMost)); err != nil {
		return err
	}
	err := p.conn.Read(func(uintptr) bool {
		return slices.ContainsFunc(taps, func(t tap) bool { return t.(*ring).ready() })
	})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

func (p *poller) wake() { p.file.SetReadDeadline(time.Now()) }

func (p *poller) close() error { return p.file.Close() }

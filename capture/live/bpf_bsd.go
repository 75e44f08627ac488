//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package live

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"actionurl/capture"
)

func newWaiter() (waiter, error) { return newBell(), nil }

func open(c *Config, w waiter, name string) (device, error) {
	if c.Fanout > 1 {
		return nil, fmt.Errorf("%d rings: %w", c.Fanout, errors.ErrUnsupported)
	}
	return newReadDevice(w.(bell), func() (handle, error) { return openBPF(c, name) })
}

// A bpfDevice is an open /dev/bpf (bpf(4)). It is used by its system calls and
// not by gopacket's bsdbpf, which panics without the right to open it, sets no
// filter, tells no link type and no losses, and takes macOS to align frames as
// the others do.
type bpfDevice struct {
	fd   int
	size int // of the kernel's buffers
	on   *capture.Interface
}

var _ handle = (*bpfDevice)(nil)

func openBPF(c *Config, name string) (handle, error) {
	fd, err := openDevice()
	if err != nil {
		return nil, err
	}
	d := &bpfDevice{fd: fd}
	if err := d.bind(c, name); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// openDevice opens the device that opens another one each time, or else the
// first of the numbered ones that is not in use.
func openDevice() (int, error) {
	const numbered = 256
	fd, err := unix.Open("/dev/bpf", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	for i := 0; i < numbered && (err == unix.ENOENT || err == unix.EBUSY); i++ {
		var next error
		fd, next = unix.Open(fmt.Sprint("/dev/bpf", i), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if next == unix.ENOENT {
			break // the last was in use, or there are none
		}
		err = next
	}
	switch err {
	case unix.EACCES, unix.EPERM:
		return -1, ErrPermission
	case unix.ENOENT:
		return -1, ErrUnsupported
	}
	return fd, err
}

// bind begins to take the frames of an interface. The link type, by which the
// filter is made, is known only then: until there is a filter, one that keeps
// nothing is in its place. To set it empties the buffer.
func (d *bpfDevice) bind(c *Config, name string) error {
	var err error
	const largest = 1 << 20 // as a block is as large
	if d.size, err = syscall.SetBpfBuflen(d.fd, min(c.RingSize, largest)); err != nil {
		return fmt.Errorf("buffer: %w", err)
	}
	if err := d.attach([]bpf.Instruction{bpf.RetConstant{}}); err != nil {
		return err
	}
	switch err := syscall.SetBpfInterface(d.fd, name); err {
	case nil:
	case unix.ENXIO:
		return noInterface()
	default:
		return err
	}
	link, err := syscall.BpfDatalink(d.fd)
	if err != nil {
		return err
	}
	d.on = &capture.Interface{Capture: name, Link: dataLink(link)}
	timeout := syscall.NsecToTimeval(int64(retire))
	if err := syscall.SetBpfTimeout(d.fd, &timeout); err != nil {
		return err
	}
	if c.Promiscuous {
		if err := syscall.SetBpfPromisc(d.fd, 1); err != nil {
			return fmt.Errorf("promiscuous: %w", err)
		}
	}
	program := []bpf.Instruction{bpf.RetConstant{Val: whole}}
	if c.Filter != nil {
		if program, err = c.Filter(d.on.Link); err != nil {
			return err
		}
	}
	return d.attach(program)
}

// dataLink returns the link type of a number that the system uses. Up to 12
// they are not the same everywhere.
func dataLink(n int) capture.LinkType {
	switch {
	case n == 12 && runtime.GOOS == "openbsd":
		return capture.LinkLoop
	case n == 12 || n == 14 && runtime.GOOS == "openbsd":
		return capture.LinkRaw
	}
	return capture.LinkType(n)
}

func (d *bpfDevice) attach(program []bpf.Instruction) error {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return err
	}
	filter := make([]syscall.BpfInsn, len(raw))
	for i, in := range raw {
		filter[i] = syscall.BpfInsn{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	if err := syscall.SetBpf(d.fd, filter); err != nil {
		return fmt.Errorf("filter of %d instructions: %w", len(raw), err)
	}
	return nil
}

func (d *bpfDevice) block() int { return d.size }

func (d *bpfDevice) read(b *block) error {
	n, err := unix.Read(d.fd, b.memory)
	switch {
	case err == unix.EINTR || err == unix.EAGAIN:
		return nil
	case err != nil:
		return err
	}
	// Each frame stands behind a header, which says how long both are.
	const least = int(unsafe.Offsetof(unix.BpfHdr{}.Hdrlen)) + 2
	for rest := b.memory[:n]; len(rest) >= least; {
		h := (*unix.BpfHdr)(unsafe.Pointer(&rest[0]))
		head, end := int(h.Hdrlen), int(h.Hdrlen)+int(h.Caplen)
		if head < least || end > len(rest) {
			break
		}
		b.frames = append(b.frames, capture.Frame{
			Data:      rest[head:end:end],
			Time:      int64(h.Tstamp.Sec)*int64(time.Second) + int64(h.Tstamp.Usec)*int64(time.Microsecond),
			Length:    int(h.Datalen),
			Interface: d.on,
		})
		rest = rest[min(len(rest), (end+unix.BPF_ALIGNMENT-1)&^(unix.BPF_ALIGNMENT-1)):]
	}
	return nil
}

func (d *bpfDevice) count() (received, dropped uint64) {
	s, err := syscall.BpfStats(d.fd)
	if err != nil {
		return 0, 0
	}
	return uint64(s.Recv), uint64(s.Drop)
}

func (d *bpfDevice) close() error { return unix.Close(d.fd) }

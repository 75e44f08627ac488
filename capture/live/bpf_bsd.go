//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package live

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"github.com/google/gopacket"
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

// A bpfDevice is an open /dev/bpf (bpf(4)), read as one of gopacket's data
// sources. It is not bsdbpf, which panics without the right to open it, gives no
// way to set a filter or to ask for the link type and the losses, and takes frames
// on macOS to be aligned to 8 bytes, where they are to 4.
type bpfDevice struct {
	fd     int
	buffer []byte // as large as the kernel's
	rest   []byte // of what was read
	from   *capture.Interface
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
	const largest = 1 << 20
	size, err := syscall.SetBpfBuflen(d.fd, min(c.RingSize, largest))
	if err != nil {
		return fmt.Errorf("buffer: %w", err)
	}
	d.buffer = make([]byte, size)
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
	d.from = &capture.Interface{Capture: name, Link: dataLink(link)}
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
		if program, err = c.Filter(d.from.Link); err != nil {
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

func (d *bpfDevice) on() *capture.Interface { return d.from }

// ReadPacketData implements [gopacket.PacketDataSource]. The data is valid until
// the next call.
func (d *bpfDevice) ReadPacketData() ([]byte, gopacket.CaptureInfo, error) {
	// Each frame stands after a header, which says how long both are.
	const least = int(unsafe.Offsetof(unix.BpfHdr{}.Hdrlen)) + 2
	if len(d.rest) < least {
		n, err := unix.Read(d.fd, d.buffer)
		if err != nil {
			return nil, gopacket.CaptureInfo{}, err
		}
		if d.rest = d.buffer[:n]; n < least {
			return nil, gopacket.CaptureInfo{}, os.ErrDeadlineExceeded
		}
	}
	h := (*unix.BpfHdr)(unsafe.Pointer(&d.rest[0]))
	head, end := int(h.Hdrlen), int(h.Hdrlen)+int(h.Caplen)
	if head < least || end > len(d.rest) {
		return nil, gopacket.CaptureInfo{}, errors.New("the kernel's buffer is damaged")
	}
	data := d.rest[head:end:end]
	d.rest = d.rest[min(len(d.rest), (end+unix.BPF_ALIGNMENT-1)&^(unix.BPF_ALIGNMENT-1)):]
	at := time.Unix(int64(h.Tstamp.Sec), int64(h.Tstamp.Usec)*int64(time.Microsecond))
	return data, gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(data), Length: int(h.Datalen)}, nil
}

func (d *bpfDevice) count() (received, dropped uint64) {
	s, err := syscall.BpfStats(d.fd)
	if err != nil {
		return 0, 0
	}
	return uint64(s.Recv), uint64(s.Drop)
}

func (d *bpfDevice) close() error { return unix.Close(d.fd) }

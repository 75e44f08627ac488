package live

import (
	"time"

	"golang.org/x/sys/unix"
)

// rebindTime is how often KeepBound looks for interfaces that are back.
const rebindTime = 500 * time.Millisecond

// sockets implements device.
func (n *nic) sockets() []int {
	var all []int
	for _, r := range n.rings {
		all = append(all, r.fd)
	}
	return all
}

// KeepBound binds sockets again whose interfaces were removed and are there
// again, until done is closed. It is for a second process, which inherited the
// sockets: the one that reads them then works without the right to bind.
func KeepBound(sockets []Socket, promiscuous bool, done <-chan struct{}) error {
	devices := make([]uint16, len(sockets))
	for i, s := range sockets {
		device, err := ask(s, unix.SIOCGIFHWADDR)
		if err != nil {
			return err
		}
		devices[i] = device.Uint16()
	}
	for {
		for i, s := range sockets {
			if boundTo(s.Descriptor) == unbound {
				s.bind(devices[i], promiscuous) // tried again later
			}
		}
		select {
		case <-done:
			return nil
		case <-time.After(rebindTime):
		}
	}
}

// bind binds the socket to the interface, if it is the same kind of device: the
// filter was made for that.
func (s Socket) bind(device uint16, promiscuous bool) error {
	now, err := ask(s, unix.SIOCGIFHWADDR)
	if err != nil {
		return err
	}
	if now.Uint16() != device {
		return unix.ENODEV
	}
	index, err := ask(s, unix.SIOCGIFINDEX)
	if err != nil {
		return err
	}
	return bind(s.Descriptor, int(index.Uint32()), promiscuous)
}

// unbound is the index of an interface that was removed.
const unbound = -1

// boundTo returns the index of the interface that a socket is bound to.
func boundTo(socket int) int {
	name, err := unix.Getsockname(socket)
	if link, ok := name.(*unix.SockaddrLinklayer); err == nil && ok {
		return link.Ifindex
	}
	return unbound
}

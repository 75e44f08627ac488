//go:build amd64

package live

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/google/gopacket/pcap"
	"golang.org/x/net/bpf"

	"actionurl/capture"
)

func newWaiter() (waiter, error) {
	if err := pcap.LoadWinPCAP(); err != nil {
		return nil, fmt.Errorf("Npcap is not installed (https://npcap.com): %w", err)
	}
	return newBell(), nil
}

func open(c *Config, w waiter, name string) (device, error) {
	if c.Fanout > 1 {
		return nil, fmt.Errorf("%d rings: %w", c.Fanout, errors.ErrUnsupported)
	}
	return newReadDevice(w.(bell), func() (handle, error) { return openNpcap(c, name) })
}

// An npcap is an interface opened with Npcap, which is gopacket's data source.
type npcap struct {
	*pcap.Handle
	from *capture.Interface
}

var _ handle = (*npcap)(nil)

func openNpcap(c *Config, name string) (handle, error) {
	path, err := devicePath(name)
	if err != nil {
		return nil, err
	}
	inactive, err := pcap.NewInactiveHandle(path)
	if err != nil {
		return nil, err
	}
	defer inactive.CleanUp()
	err = errors.Join(inactive.SetSnapLen(capture.MaxFrame), inactive.SetPromisc(c.Promiscuous),
		inactive.SetTimeout(retire), inactive.SetBufferSize(c.RingSize))
	if err != nil {
		return nil, err
	}
	h, err := inactive.Activate()
	if err != nil {
		return nil, err
	}
	n := &npcap{h, &capture.Interface{Capture: name, Link: capture.LinkType(h.LinkType())}}
	if err := n.filter(c); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// devicePath returns the path of the device that has a name: the path itself,
// Npcap's description, or the name that Windows shows.
func devicePath(name string) (string, error) {
	all, err := pcap.FindAllDevs()
	if err != nil {
		return "", err
	}
	var addresses []net.Addr
	if i, err := net.InterfaceByName(name); err == nil {
		addresses, _ = i.Addrs()
	}
	var known []string
	for _, d := range all {
		if d.Name == name || d.Description == name || shares(d, addresses) {
			return d.Name, nil
		}
		known = append(known, fmt.Sprintf("%s (%s)", d.Name, d.Description))
	}
	return "", fmt.Errorf("%w; available: %s", ErrNoInterface, strings.Join(known, ", "))
}

// shares reports whether a device has one of the addresses.
func shares(d pcap.Interface, addresses []net.Addr) bool {
	return slices.ContainsFunc(d.Addresses, func(a pcap.InterfaceAddress) bool {
		return slices.ContainsFunc(addresses, func(b net.Addr) bool {
			n, ok := b.(*net.IPNet)
			return ok && n.IP.Equal(a.IP)
		})
	})
}

// filter lets the driver run the program over each frame. To set it empties
// the buffer.
func (n *npcap) filter(c *Config) error {
	if c.Filter == nil {
		return nil
	}
	program, err := c.Filter(n.from.Link)
	if err != nil {
		return err
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return err
	}
	filter := make([]pcap.BPFInstruction, len(raw))
	for i, in := range raw {
		filter[i] = pcap.BPFInstruction{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	return n.SetBPFInstructionFilter(filter)
}

func (n *npcap) on() *capture.Interface { return n.from }

func (n *npcap) count() (received, dropped uint64) {
	s, err := n.Stats()
	if err != nil {
		return 0, 0
	}
	return uint64(s.PacketsReceived), uint64(s.PacketsDropped) + uint64(s.PacketsIfDropped)
}

func (n *npcap) close() error {
	n.Close()
	return nil
}

package filter_test

import (
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"actionurl/capture"
)

// TestKernel holds that the Linux kernel takes the programs for live
// interfaces, and decides by them as Match does of frames that had no tag. It
// runs them over datagrams between two sockets, which hold the frames: no right
// is needed for that.
func TestKernel(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	var frames []frame
	for _, f := range made(t, capture.LinkEthernet) {
		if f.length == len(f.data) && strings.Contains(f.place, "tags []") {
			frames = append(frames, f)
		}
	}
	buffer := make([]byte, 2048)
	for _, text := range expressions(t) {
		p, err := program(text, capture.LinkEthernet)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := bpf.Assemble(live(t, text))
		if err != nil {
			t.Fatal(err)
		}
		attached := unix.SockFprog{Len: uint16(len(raw)), Filter: (*unix.SockFilter)(unsafe.Pointer(&raw[0]))}
		if err := unix.SetsockoptSockFprog(fds[1], unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &attached); err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		for _, f := range frames {
			if err := unix.Sendto(fds[0], f.data, 0, nil); err != nil {
				t.Fatal(err)
			}
			_, err := unix.Read(fds[1], buffer)
			if err != nil && err != unix.EAGAIN { // there is nothing to read
				t.Fatal(err)
			}
			passed := err == nil
			if match := p.Match(f.data, f.length); match != passed {
				t.Errorf("%q: %s: Match says %t, but not the kernel", text, f.place, match)
			}
		}
	}
}

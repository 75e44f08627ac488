package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"actionurl/capture"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// namespace puts the test on a thread in a network namespace of its own. Both
// end with the test's goroutine. In CI it must be possible.
func namespace(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // and never unlocked
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no network namespace: %v", err)
		}
		t.Skipf("no network namespace: %v", err)
	}
	ip(t, "link set dev lo up")
}

// ip runs the ip command in the namespace of this thread.
func ip(t *testing.T, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v\n%s", args, err, out)
	}
}

// veth makes two interfaces that are one cable, on which nothing is sent but by
// the test.
func veth(t *testing.T, a, b string) {
	t.Helper()
	ip(t, "link add name "+a+" type veth peer name "+b)
	for _, name := range []string{a, b} {
		ip(t, "link set dev "+name+" addrgenmode none")
		ip(t, "link set dev "+name+" up")
	}
}

// A sender sends frames as they are.
type sender struct{ fd, index int }

func newSender(t *testing.T, name string) *sender {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	i, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return &sender{fd, i.Index}
}

func (s *sender) send(t *testing.T, frames ...[]byte) {
	t.Helper()
	for _, f := range frames {
		if err := unix.Sendto(s.fd, f, 0, &unix.SockaddrLinklayer{Ifindex: s.index}); err != nil {
			t.Fatalf("%d bytes: %v", len(f), err)
		}
	}
}

// frame returns an Ethernet frame of a protocol.
func frame(protocol uint16, payload ...byte) []byte {
	f := []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}
	return append(binary.BigEndian.AppendUint16(f, protocol), payload...)
}

// local is a protocol for experiments (IEEE 802, Local Experimental EtherType 1).
const local = 0x88b5

func start(t *testing.T, c Config) *Source {
	t.Helper()
	c.RingSize = 4 << 20
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// receive returns what comes until n frames are there, or nothing comes for
// a fifth of a second.
func receive(t *testing.T, s *Source, n int) []capture.Frame {
	t.Helper()
	var all []capture.Frame
	var b capture.Batch
	for end := time.Now().Add(200 * time.Millisecond); len(all) < n && time.Now().Before(end); {
		if err := s.Next(&b); err != nil {
			t.Fatalf("after %d frames: %v", len(all), err)
		}
		for _, f := range b.Frames {
			f.Data = bytes.Clone(f.Data)
			all = append(all, f)
			end = time.Now().Add(200 * time.Millisecond)
		}
	}
	return all
}

func TestFrames(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	s := start(t, Config{Interfaces: []string{"a"}, Promiscuous: true})
	before := time.Now()
	sent := [][]byte{
		frame(local, []byte("plain")...),
		frame(0x8100, 0xa0, 40, 0x88, 0xb5, 1, 2, 3),
		frame(0x8100, 0xa0, 0, 0x88, 0xb5, 1, 2, 3), // priority alone
		frame(0x8100, 0, 0, 0x88, 0xb5, 1, 2, 3),
		frame(0x88a8, 0x20, 7, 0x81, 0, 0, 40, 0x88, 0xb5, 1),
		frame(0x9100, 0, 7, 0x81, 0, 0, 40, 0x88, 0xb5, 1),
		frame(local, make([]byte, 1500)...),
	}
	newSender(t, "b").send(t, sent...)
	got := receive(t, s, len(sent))
	if len(got) != len(sent) {
		t.Fatalf("%d frames, want %d", len(got), len(sent))
	}
	for i, f := range got {
		if !bytes.Equal(f.Data, sent[i]) || f.Length != len(sent[i]) {
			t.Errorf("frame %d: % x of %d, want % x", i, f.Data, f.Length, sent[i])
		}
		if f.Number != i+1 || *f.Interface != (capture.Interface{Capture: "a", Link: capture.LinkEthernet}) {
			t.Errorf("frame %d: number %d of %v", i, f.Number, *f.Interface)
		}
		if at := time.Unix(0, f.Time); at.Before(before) || at.After(time.Now()) {
			t.Errorf("frame %d at %v", i, at)
		}
	}
}

func TestUnknownInterface(t *testing.T) {
	namespace(t)
	veth(t, "span0", "b")
	_, err := Open(Config{Interfaces: []string{"span1"}})
	want := "span1: there is no such interface; there are lo, b, span0, any"
	if !errors.Is(err, ErrNoInterface) || fmt.Sprint(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestStop(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	s := start(t, Config{Interfaces: []string{"a"}})
	newSender(t, "b").send(t, frame(local, 1))
	s.Stop()
	// What was captured until then is not lost.
	if got := receive(t, s, 1); len(got) != 1 {
		t.Errorf("%d frames", len(got))
	}
	var b capture.Batch
	for {
		if err := s.Next(&b); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

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

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"go.uber.org/goleak"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"actionurl/capture"
	"actionurl/capture/filter"
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
	want := "span1: no such interface; available: lo, b, span0, any"
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

// What was not handed out is counted, also in the end.
func TestUnread(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	s := start(t, Config{Interfaces: []string{"a"}})
	send := newSender(t, "b")
	send.send(t, frame(local, 1), frame(local, 2), frame(local, 3))
	if got := s.Stats()[0]; got.Received != 3 || got.Unread != 3 {
		t.Errorf("before they are read: %+v", got)
	}
	receive(t, s, 3)
	if got := s.Stats()[0]; got.Received != 3 || got.Unread != 0 {
		t.Errorf("when they are read: %+v", got)
	}
	send.send(t, frame(local, 4))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := s.Stats()[0]; got.Received != 4 || got.Unread != 1 {
		t.Errorf("in the end: %+v", got)
	}
}

// An elsewhere is a thread in another namespace.
type elsewhere struct {
	thread int
	do     chan func()
}

func newElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	e := &elsewhere{do: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread()
		e.thread = unix.Gettid()
		ready <- unix.Unshare(unix.CLONE_NEWNET)
		for f := range e.do {
			f()
		}
	}()
	t.Cleanup(func() { close(e.do) })
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	return e
}

// run runs f there, and waits for it.
func (e *elsewhere) run(f func()) {
	done := make(chan bool)
	e.do <- func() { f(); close(done) }
	<-done
}

// What the sender's segmentation offload left together is there whole.
func TestOffload(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	peer := newElsewhere(t)
	ip(t, fmt.Sprint("link set dev b netns ", peer.thread))
	ip(t, "addr add 192.0.2.1/24 dev a")
	var listener net.Listener
	peer.run(func() {
		ip(t, "addr add 192.0.2.2/24 dev b")
		ip(t, "link set dev b up")
		var err error
		if listener, err = net.Listen("tcp", "192.0.2.2:80"); err != nil {
			t.Error(err)
		}
	})
	if t.Failed() {
		return
	}
	defer listener.Close()
	s := start(t, Config{Interfaces: []string{"a"}})

	const size = 1 << 20
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.Copy(io.Discard, c)
	}()
	c, err := net.Dial("tcp", "192.0.2.2:80")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	c.Close()

	payload, largest := 0, 0
	for _, f := range receive(t, s, 10000) {
		if len(f.Data) != f.Length {
			t.Errorf("frame %d: %d bytes of %d", f.Number, len(f.Data), f.Length)
		}
		largest = max(largest, f.Length)
		if f.Data[12] == 8 && f.Data[13] == 0 && f.Data[29] == 1 { // IPv4 from here
			payload += int(binary.BigEndian.Uint16(f.Data[16:])) - 20 - int(f.Data[46]>>4)*4
		}
	}
	if payload != size || largest <= 1514 {
		t.Errorf("%d bytes in frames of up to %d, want %d in frames of more than 1514", payload, largest, size)
	}
}

// The loopback shows each frame once, though it goes out and comes in there.
func TestLoopback(t *testing.T) {
	for _, name := range []string{"lo", Any} {
		t.Run(name, func(t *testing.T) {
			namespace(t)
			s := start(t, Config{Interfaces: []string{name}, Promiscuous: true})
			c, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for i := range 3 {
				if _, err := c.WriteTo(fmt.Append(nil, "datagram ", i), c.LocalAddr()); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, f := range receive(t, s, 10) {
				if string(f.Data[12:14]) == "\x08\x00" && f.Data[23] == 17 {
					got = append(got, string(f.Data[42:])+" on "+f.Interface.Capture)
				}
			}
			if want := "[datagram 0 on lo datagram 1 on lo datagram 2 on lo]"; fmt.Sprint(got) != want {
				t.Errorf("%v, want %s", got, want)
			}
		})
	}
}

func TestSeveralInterfaces(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	veth(t, "c", "d")
	s := start(t, Config{Interfaces: []string{"a", "c", "a"}})
	senders := []*sender{newSender(t, "b"), newSender(t, "d")}
	const n = 500
	for i := range n {
		senders[i*7%5%2].send(t, frame(local, byte(i>>8), byte(i)))
	}
	last := int64(0)
	got := receive(t, s, n)
	for i, f := range got {
		if k := int(binary.BigEndian.Uint16(f.Data[14:])); k != i {
			t.Fatalf("frame %d of those sent comes as number %d", k, i)
		}
		if on := []string{"a", "c"}[i*7%5%2]; f.Interface.Capture != on || f.Time < last {
			t.Errorf("frame %d: on %s at %d, want on %s after %d", i, f.Interface.Capture, f.Time, on, last)
		}
		last = f.Time
	}
	if len(got) != n {
		t.Errorf("%d frames, want %d", len(got), n)
	}
}

func TestAny(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	s := start(t, Config{Interfaces: []string{Any}})
	veth(t, "late", "later")
	newSender(t, "b").send(t, frame(0x8100, 0, 40, 0x88, 0xb5, 1, 1))
	newSender(t, "later").send(t, frame(local, 2))
	var got []string
	for _, f := range receive(t, s, 10) {
		got = append(got, fmt.Sprintf("%d %s %x", f.Number, f.Interface.Capture, f.Data[12:]))
	}
	// A frame goes out on one end of the cable and comes in on the other.
	if want := "[1 b 8100002888b50101 2 a 8100002888b50101 3 later 88b502 4 late 88b502]"; fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}

// A gopacket program reads interfaces, until they are stopped.
func TestPackets(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	s := start(t, Config{Interfaces: []string{"a"}, Filter: onlyTCP})
	request := segment(phone4, server4, 40)
	time.AfterFunc(150*time.Millisecond, s.Stop) // it waits longer than for a batch
	newSender(t, "b").send(t, request, datagram(phone4, server4, 10000, 20000, rtp), request)
	var got []string
	for p := range gopacket.NewPacketSource(s, layers.LinkTypeEthernet).Packets() {
		if at := p.Metadata(); !bytes.Equal(p.Data(), request) || at.Length != len(request) || time.Since(at.Timestamp) > time.Minute {
			t.Errorf("%v", p)
		}
		got = append(got, p.TransportLayer().TransportFlow().String())
	}
	if want := "[40000->8085 40000->8085]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// onlyTCP is a filter, which drops the frames of wireless links.
func onlyTCP(link capture.LinkType) ([]bpf.Instruction, error) {
	e, err := filter.Parse("tcp")
	if err != nil {
		return nil, err
	}
	program, err := e.CompileLive(link)
	if _, ok := errors.AsType[*filter.LinkError](err); ok {
		return []bpf.Instruction{bpf.RetConstant{}}, nil
	}
	return program, err
}

// No frame that the filter drops slips in before it is there.
func TestFilterBeforeFirstFrame(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	stop, done := make(chan bool), make(chan bool)
	flood := newSender(t, "b")
	go func() {
		defer close(done)
		for f := datagram(phone4, server4, 10000, 20000, rtp); ; {
			select {
			case <-stop:
				return
			default:
				unix.Sendto(flood.fd, f, 0, &unix.SockaddrLinklayer{Ifindex: flood.index})
			}
		}
	}()
	for _, fanout := range []int{1, 3} {
		for range 5 {
			s, err := Open(Config{Interfaces: []string{"a"}, RingSize: 1, Fanout: fanout, Filter: onlyTCP})
			if err != nil {
				t.Error(err)
				break
			}
			var b capture.Batch
			for range 2 {
				if err := s.Next(&b); err != nil || len(b.Frames) > 0 {
					t.Errorf("%d frames, %v", len(b.Frames), err)
				}
			}
			if stats := s.Stats()[0]; stats.Received > 0 {
				t.Errorf("%+v", stats)
			}
			s.Close()
		}
	}
	close(stop)
	<-done
}

func TestFloodIsDroppedByKernel(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	s := start(t, Config{Interfaces: []string{"a"}, Filter: onlyTCP})
	from := newSender(t, "b")
	flood, request := datagram(phone4, server4, 10000, 20000, rtp, 40), segment(phone4, server4, 40)
	for i := range 20000 {
		if i%2000 == 0 {
			from.send(t, request)
		}
		from.send(t, flood)
	}
	got := receive(t, s, 10)
	for _, f := range got {
		if !bytes.Equal(f.Data, request) {
			t.Errorf("% x", f.Data)
		}
	}
	if stats := s.Stats()[0]; len(got) != 10 || stats != (Stats{Interface: "a", Received: 10}) {
		t.Errorf("%d frames; %+v", len(got), stats)
	}
}

// A ring that nobody reads gets full; what is dropped then is counted.
func TestOverflowIsCounted(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	s := start(t, Config{Interfaces: []string{"a"}})
	const n = 5000
	from, f := newSender(t, "b"), frame(local, make([]byte, 1400)...)
	for range n {
		from.send(t, f)
	}
	got := len(receive(t, s, n))
	stats := s.Stats()[0]
	if stats.Received != n || stats.Dropped == 0 || stats.Freezes == 0 || uint64(got)+stats.Dropped != n {
		t.Errorf("%d frames read; %+v", got, stats)
	}
	from.send(t, f) // it goes on
	if got := len(receive(t, s, 1)); got != 1 {
		t.Error("nothing comes any more")
	}
	s.Close()
	if after := s.Stats()[0]; after.Received != n+1 || after.Dropped != stats.Dropped {
		t.Errorf("after Close: %+v, before: %+v", after, stats)
	}
}

func TestFanout(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	s := start(t, Config{Interfaces: []string{"a"}, Fanout: 3, Filter: onlyTCP})
	from := newSender(t, "b")
	// A connection's two directions go to one ring.
	const n = 20
	for range n {
		from.send(t, segment(phone4, server4), segment(server4, phone4))
	}
	var rings []uint64
	for _, q := range s.ports[0].queues {
		var c Stats
		q.tap.count(&c)
		if c.Received > 0 {
			rings = append(rings, c.Received)
		}
	}
	if fmt.Sprint(rings) != fmt.Sprint([]uint64{2 * n}) {
		t.Errorf("frames of one connection by ring: %d", rings)
	}
	receive(t, s, 2*n)
	// Many connections: each frame once, in order.
	var want []string
	for i := range 400 {
		f := segment(phone4, server4)
		binary.BigEndian.PutUint16(f[34:], uint16(1024+i))
		from.send(t, f)
		want = append(want, fmt.Sprint(1024+i))
	}
	var got []string
	for _, f := range receive(t, s, 401) {
		got = append(got, fmt.Sprint(binary.BigEndian.Uint16(f.Data[34:])))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ports: want -, got +:\n%s", diff)
	}
}

// until calls Next until ok, and fails after a second.
func until(t *testing.T, s *Source, what string, ok func() bool) {
	t.Helper()
	var b capture.Batch
	for end := time.Now().Add(time.Second); !ok(); {
		if err := s.Next(&b); err != nil || time.Now().After(end) {
			t.Fatalf("%s: not within a second; %v", what, err)
		}
	}
}

// An interface may go down, and even be removed, while it is captured on. To go
// on with it takes no rights.
func TestInterfaceComesBack(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	var changes []string
	s := start(t, Config{Interfaces: []string{"a"}, Promiscuous: true, Filter: onlyTCP,
		Changed: func(name string, to State) { changes = append(changes, name+" is "+to.String()) }})
	rights := withoutRights(t)
	check := func(want string) {
		t.Helper()
		until(t, s, want, func() bool { return len(changes) > 0 })
		if changes[0] != want {
			t.Errorf("%s, want %s", changes[0], want)
		}
		changes = changes[1:]
	}
	works := func() {
		t.Helper()
		ip(t, "link set dev b up")
		setRights(t, rights)
		newSender(t, "b").send(t, datagram(phone4, server4, 10000, 20000, rtp), segment(phone4, server4))
		withoutRights(t)
		if got := receive(t, s, 2); len(got) != 1 || !bytes.Equal(got[0].Data, segment(phone4, server4)) {
			t.Errorf("%d frames", len(got))
		}
	}
	works()
	ip(t, "link set dev a down")
	check("a is down")
	ip(t, "link set dev a up")
	check("a is up")
	works()
	ip(t, "link del dev a")
	check("a is gone")
	veth(t, "a", "b")
	check("a is up")
	works()
	// Faster than one looks.
	ip(t, "link del dev a")
	veth(t, "a", "b")
	check("a is gone")
	check("a is up")
	works()
	if stats := s.Stats()[0]; stats.State != Up || stats.Received != 4 {
		t.Errorf("%+v", stats)
	}
}

func TestInterfaceDownAtStart(t *testing.T) {
	namespace(t)
	veth(t, "a", "b")
	ip(t, "link set dev a down")
	var changes []State
	s := start(t, Config{Interfaces: []string{"a"}, Changed: func(_ string, to State) { changes = append(changes, to) }})
	if fmt.Sprint(changes) != "[down]" {
		t.Errorf("at the start: %v", changes)
	}
	ip(t, "link set dev a up")
	until(t, s, "up", func() bool { return len(changes) == 2 })
	newSender(t, "b").send(t, frame(local, 1))
	if got := receive(t, s, 1); len(got) != 1 {
		t.Errorf("%d frames", len(got))
	}
}

func TestTicks(t *testing.T) {
	namespace(t)
	s := start(t, Config{Interfaces: []string{"lo"}})
	for range 3 {
		var b capture.Batch
		before := time.Now()
		if err := s.Next(&b); err != nil || len(b.Frames) > 0 {
			t.Fatalf("%d frames, %v", len(b.Frames), err)
		}
		if behind := time.Since(time.Unix(0, b.Now)); behind < 0 || behind > 150*time.Millisecond || time.Since(before) > 150*time.Millisecond {
			t.Errorf("a tick after %v, %v behind", time.Since(before), behind)
		}
	}
}

func TestCloseWhileNextWaits(t *testing.T) {
	namespace(t)
	s := start(t, Config{Interfaces: []string{"lo"}})
	ended := make(chan error)
	go func() {
		for {
			if err := s.Next(new(capture.Batch)); err != nil {
				ended <- err
				return
			}
		}
	}()
	time.Sleep(10 * time.Millisecond)
	before := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != io.EOF || time.Since(before) > 500*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(before))
	}
}

// The frames of a tunnel's device are packets.
func TestTunnelDevice(t *testing.T) {
	for _, name := range []string{"tun0", Any} {
		t.Run(name, func(t *testing.T) {
			namespace(t)
			tun := newTun(t, "tun0")
			s := start(t, Config{Interfaces: []string{name}, Filter: onlyTCP})
			request := segment(phone6, server6)[14:]
			for _, p := range [][]byte{datagram(phone4, server4, 10000, 20000, rtp)[14:], request} {
				if _, err := unix.Write(tun, p); err != nil {
					t.Fatal(err)
				}
			}
			got := receive(t, s, 2)
			if len(got) != 1 || !bytes.Equal(got[0].Data, request) || got[0].Length != len(request) ||
				*got[0].Interface != (capture.Interface{Capture: "tun0", Link: capture.LinkRaw}) {
				t.Errorf("%d frames: %+v", len(got), got)
			}
		})
	}
}

// newTun makes a device whose packets are read from and written to a file.
func newTun(t *testing.T, name string) int {
	t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	i, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	i.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, i); err != nil {
		t.Skip(err)
	}
	ip(t, "link set dev "+name+" addrgenmode none")
	ip(t, "link set dev "+name+" up")
	return fd
}

// withoutRights takes the capabilities from the test's thread, and returns what
// they were. Programs that it starts have them again.
func withoutRights(t *testing.T) [2]unix.CapUserData {
	t.Helper()
	var had [2]unix.CapUserData
	if err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &had[0]); err != nil {
		t.Fatal(err)
	}
	none := had
	none[0].Effective, none[1].Effective = 0, 0
	setRights(t, none)
	return had
}

func setRights(t *testing.T, rights [2]unix.CapUserData) {
	t.Helper()
	if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &rights[0]); err != nil {
		t.Fatal(err)
	}
}

func TestPermission(t *testing.T) {
	namespace(t)
	withoutRights(t)
	if _, err := Open(Config{Interfaces: []string{"lo"}}); !errors.Is(err, ErrPermission) {
		t.Errorf("got %v", err)
	}
}

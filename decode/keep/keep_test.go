package keep

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"

	"actionurl/capture"
	"actionurl/decode/packet"
)

const second = int64(1e9)

// between returns the connection of a client's port.
func between(port int) Conn {
	return Conn{netip.AddrPortFrom(netip.MustParseAddr("192.168.40.50"), uint16(port)), netip.MustParseAddrPort("192.168.40.207:80")}
}

// of returns a segment of a connection, from its first end.
func of(c Conn) *packet.Segment {
	return &packet.Segment{Src: packet.EndpointOf(c[0]), Dst: packet.EndpointOf(c[1]), ACK: true}
}

var on = &capture.Interface{Capture: "eth1", Link: capture.LinkEthernet}

func frame(number int, time int64, size int) *capture.Frame {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(number + i)
	}
	return &capture.Frame{Data: data, Time: time, Number: number, Length: size, Interface: on}
}

// A log is the frames that a Keeper handed on, by their numbers.
type log struct {
	t       *testing.T
	numbers []int
}

func (l *log) write(f *capture.Frame) error {
	if want := frame(f.Number, f.Time, len(f.Data)); !slices.Equal(want.Data, f.Data) || f.Interface != on {
		l.t.Fatalf("the bytes of frame %d have changed", f.Number)
	}
	l.numbers = append(l.numbers, f.Number)
	return nil
}

func (l *log) String() string { return strings.Trim(fmt.Sprint(l.numbers), "[]") }

func TestKeeper(t *testing.T) {
	a, b := between(1), between(2)
	back := Conn{a[1], a[0]} // the same connection, as the other end sees it
	for _, test := range []struct {
		name string
		run  func(k *Keeper)
		want string
		lost int
	}{
		{"nothing is wanted", func(k *Keeper) {
			k.Frame(frame(1, 0, 60), of(a))
		}, "", 0},
		{"frames before and behind", func(k *Keeper) {
			k.Frame(frame(1, 0, 60), of(a))
			k.Frame(frame(2, 1, 60), of(back))
			k.Frame(frame(3, 2, 60), of(b))
			k.Want(back, 2)
			k.Frame(frame(4, 3, 60), of(a))
		}, "1 2 4", 0},
		{"order is that of arrival, not of the decision", func(k *Keeper) {
			k.Frame(frame(1, 0, 60), of(a))
			k.Frame(frame(2, 1, 60), of(b))
			k.Frame(frame(3, 2, 60), of(a))
			k.Want(b, 3)
			k.Advance(3)
			k.Want(a, 4)
		}, "1 2 3", 0},
		{"a frame that waited for too long", func(k *Keeper) {
			k.Frame(frame(1, 0, 60), of(a))
			k.Frame(frame(2, 5*second, 60), of(a))
			k.Advance(10 * second)
			k.Want(a, 10*second)
		}, "2", 1},
		{"a frame that the line has no place for any more", func(k *Keeper) {
			k.Frame(frame(1, 0, 60), of(a))
			for range maxHeld {
				k.Frame(frame(2, 1, 60), of(b))
			}
			k.Want(a, 1)
		}, "", 1},
		{"a frame of two connections", func(k *Keeper) {
			k.Frame(frame(1, 0, 60), of(a))
			k.Frame(frame(1, 0, 60), of(b))
			k.Want(a, 0)
			k.Want(b, 0)
		}, "1", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := &log{t: t}
			k := New(10*second, got.write)
			test.run(k)
			if err := k.Flush(); err != nil {
				t.Fatal(err)
			}
			if got.String() != test.want || k.Counts.Missed != test.lost || k.Counts.Kept != len(got.numbers) {
				t.Errorf("frames %v, want %s; %+v, want %d missed", got, test.want, k.Counts, test.lost)
			}
		})
	}
}

// What is wanted does not wait behind anything else that is decided.
func TestAdvanceIsEager(t *testing.T) {
	got := &log{t: t}
	k := New(10*second, got.write)
	k.Want(between(1), 0)
	k.Frame(frame(1, 0, 60), of(between(1)))
	k.Advance(0)
	if got.String() != "1" {
		t.Errorf("frames %v, want 1", got)
	}
}

// Memory is bounded whatever comes, the youngest frames stay, and what is let
// go is counted.
func TestBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	got := &log{t: t}
	k := New(1000*second, got.write)
	const frames = 300_000
	random := rand.New(rand.NewPCG(1, 2))
	for i := range frames {
		size := 60 + random.IntN(1455)
		if i%1000 == 0 {
			size = 65_000
		}
		c := between(i % 200_000)
		if err := k.Frame(frame(i, int64(i), size), of(c)); err != nil {
			t.Fatal(err)
		}
		if i%5000 == 4999 {
			k.Want(c, int64(i))
		}
		if i%10_000 == 0 && (len(k.conns) > 2*(maxConns+maxHeld) || k.n > maxHeld) {
			t.Fatalf("%d connections and %d frames", len(k.conns), k.n)
		}
	}
	bytes := 0
	for i := range k.n {
		bytes += len(k.slot(i).frame.Data)
	}
	if bytes > maxBytes || bytes < maxBytes-2*70_000 && k.n < maxHeld {
		t.Errorf("%d bytes wait", bytes)
	}
	before := len(got.numbers)
	all := k.n
	for i := range all {
		k.slot(i).conn.wanted = true
	}
	k.Flush()
	if len(got.numbers)-before != all {
		t.Errorf("%d frames of %d", len(got.numbers)-before, all)
	}
	if !slices.IsSorted(got.numbers) {
		t.Error("not in order")
	}
}

// A frame costs no memory once its connection is known.
func TestFrameDoesNotAllocate(t *testing.T) {
	k := New(second, func(*capture.Frame) error { return nil })
	f := frame(1, 0, 1000)
	for range maxHeld {
		k.Frame(f, of(between(1)))
	}
	segment := of(between(1))
	if n := testing.AllocsPerRun(1000, func() { k.Frame(f, segment) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// A million connections, of which some are wanted, leave nothing behind.
func TestManyConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	k := New(second, func(*capture.Frame) error { return nil })
	f := frame(1, 0, 100)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var first uint64
	for i := range 1_000_000 {
		f.Time = int64(i) * 1e5 // ten thousand a second
		c := Conn{netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 5000), between(1)[1]}
		k.Frame(f, of(c))
		if i%10 == 0 {
			k.Want(c, f.Time)
		}
		k.Advance(f.Time)
		if i == 200_000 {
			first = heap()
		}
	}
	if last := heap(); last > first+8<<20 {
		t.Errorf("the heap grew from %d to %d bytes", first, last)
	}
}

// Connections that are over are forgotten without a word; others are counted.
func TestForgotten(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for _, test := range []struct {
		end  func(*packet.Segment)
		want bool
	}{
		{func(*packet.Segment) {}, true},
		{func(s *packet.Segment) { s.FIN = true }, false},
		{func(s *packet.Segment) { s.RST = true }, false},
	} {
		k := New(second, func(*capture.Frame) error { return nil })
		for i := range 3 * maxConns {
			c := Conn{netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 5000), between(1)[1]}
			k.Want(c, 0)
			for _, way := range []Conn{c, {c[1], c[0]}} {
				s := of(way)
				test.end(s)
				k.Frame(frame(i, 0, 60), s)
			}
			k.Advance(0)
		}
		if got := k.Counts.Forgotten > 0; got != test.want {
			t.Errorf("%d connections forgotten", k.Counts.Forgotten)
		}
	}
}

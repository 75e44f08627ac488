package wire

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
)

func exchangeAt(on *capture.Interface, frame int, time int64) *httpwire.Exchange {
	return &httpwire.Exchange{Target: "/x", Origin: packet.Origin{Interface: on, Frame: frame, Time: time}}
}

// frames removes n exchanges and returns their frames.
func (r *ring) frames(n int) []int {
	var all []int
	for range n {
		all = append(all, r.remove().Frame)
	}
	return all
}

func TestRing(t *testing.T) {
	a, b := &capture.Interface{Capture: "a"}, &capture.Interface{Capture: "b"}
	insert := func(frames ...int) (all []*httpwire.Exchange) {
		for _, f := range frames {
			all = append(all, exchangeAt(a, f, int64(f)))
		}
		return all
	}
	tests := []struct {
		name string
		in   []*httpwire.Exchange
		want []int
	}{
		{"in order", insert(1, 2, 3), []int{1, 2, 3}},
		{"late", insert(1, 5, 9, 3), []int{1, 3, 5, 9}},
		{"latest first", insert(3, 2, 1), []int{1, 2, 3}},
		{"of two captures the time decides", []*httpwire.Exchange{
			exchangeAt(a, 1, 10), exchangeAt(b, 2, 30), exchangeAt(a, 3, 20)}, []int{1, 3, 2}},
		{"of one capture the frame decides", []*httpwire.Exchange{
			exchangeAt(a, 1, 30), exchangeAt(a, 2, 20)}, []int{1, 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r ring
			for _, x := range test.in {
				r.insert(x)
			}
			if diff := cmp.Diff(test.want, r.frames(len(test.in))); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if r.n != 0 || r.text != 0 {
				t.Errorf("%d are left, of %d bytes", r.n, r.text)
			}
		})
	}
	t.Run("equal ones stay in order", func(t *testing.T) {
		var r ring
		in := insert(7, 7, 7)
		for _, x := range in {
			r.insert(x)
		}
		for i, x := range in {
			if r.remove() != x {
				t.Errorf("number %d is another", i)
			}
		}
	})
}

// However the ring grows and wraps around, what comes out is in order.
func TestRingWraps(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	on := new(capture.Interface)
	var r ring
	next, last := 0, -1
	for range 1000 {
		for range random.IntN(10) {
			// In pairs, the later one first.
			r.insert(exchangeAt(on, next+1, 0))
			r.insert(exchangeAt(on, next, 0))
			next += 2
		}
		for range random.IntN(r.n + 1) {
			x := r.remove()
			if x.Frame != last+1 {
				t.Fatalf("frame %d follows %d", x.Frame, last)
			}
			last = x.Frame
		}
	}
	if len(r.slots) > 8*64 {
		t.Errorf("%d slots for what waits", len(r.slots))
	}
}

// Exchanges that come in the worst order cost little more than in order.
func TestRingLate(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const n = 300_000 // of which moving one by one would take minutes
	on := new(capture.Interface)
	var r ring
	for i := range n {
		r.insert(exchangeAt(on, n-i, 0))
	}
	for i := range n {
		if x := r.remove(); x.Frame != i+1 {
			t.Fatalf("frame %d comes as number %d", x.Frame, i+1)
		}
	}
	if r.n != 0 || r.text != 0 || len(r.late) != 0 {
		t.Errorf("%d are left, of %d bytes", r.n, r.text)
	}
}

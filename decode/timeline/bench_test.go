package timeline

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"actionurl/capture"
	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
)

// A site is phones that have calls, one after the other.
type site struct {
	phones []*actionurl.Event
	steps  []int // of each phone's call
	now    int64
	calls  int
	random *rand.Rand
	x      httpwire.Exchange
}

func newSite(phones int) *site {
	s := &site{random: rand.New(rand.NewPCG(1, 1)), now: start.UnixNano(), steps: make([]int, phones), x: httpwire.Exchange{Status: 200, Origin: packet.Origin{Interface: &capture.Interface{}}}}
	for i := range phones {
		s.phones = append(s.phones, &actionurl.Event{
			PhoneMAC: packet.MAC{0x00, 0x0b, 0x82, byte(i >> 16), byte(i >> 8), byte(i)},
			PhoneIP:  netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), PhoneKnown: phone.InURL,
			PhoneProduct: "GXP2170", PhoneVersion: "1.0.11.79",
			Vars: []actionurl.Var{actionurl.VarOf("mac", "x"), actionurl.VarOf("local", fmt.Sprint(i)), actionurl.VarOf("remote", "")},
		})
	}
	return s
}

// usual is what most calls announce.
var usual = []string{"incoming_call", "established_call", "hold_call", "resume_call", "terminated_call"}

// next returns the next event, of any phone.
func (s *site) next(every int64) (*httpwire.Exchange, *actionurl.Event) {
	i := s.random.IntN(len(s.phones))
	e := s.phones[i]
	if s.steps[i] == 0 {
		s.calls++
		e.CallID = fmt.Sprintf("%d-5060-%d@BJC.BGI.B.CBA", 100000000+s.calls, s.calls)
		e.Vars[2] = actionurl.VarOf("remote", fmt.Sprint(30000000+s.calls))
	}
	e.Kind = actionurl.Lookup(usual[s.steps[i]])
	s.steps[i] = (s.steps[i] + 1) % len(usual)
	s.now += every
	s.x.Time = s.now
	return &s.x, e
}

func BenchmarkAdd(b *testing.B) {
	for _, phones := range []int{100, 8_000, 100_000} {
		b.Run(fmt.Sprintf("%d phones", phones), func(b *testing.B) {
			s := newSite(phones)
			tl := follow(Config{})
			// The events are made beforehand, 4 of each phone at the least.
			type added struct {
				x httpwire.Exchange
				e actionurl.Event
			}
			all := make([]added, max(100_000, 4*phones))
			for i := range all {
				x, e := s.next(1e6)
				all[i] = added{*x, *e}
			}
			span := all[len(all)-1].x.Time - start.UnixNano()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				a := &all[i]
				tl.Add(&a.x, &a.e)
				a.x.Time += span
				if i++; i == len(all) {
					i = 0
				}
			}
		})
	}
}

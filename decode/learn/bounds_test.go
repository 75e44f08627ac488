package learn

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"actionurl/decode/httpwire"
)

func TestSamplesBound(t *testing.T) {
	s := new(sketch)
	for range maxPerPhone + 5 {
		s.sample(&sample{phone: 1})
	}
	if len(s.samples) != maxPerPhone {
		t.Errorf("%d samples of a phone", len(s.samples))
	}
	for i := range maxSamples + 5 {
		s.sample(&sample{phone: 2 + i})
	}
	if len(s.samples) != maxSamples {
		t.Errorf("%d samples", len(s.samples))
	}
}

func TestPhonesBound(t *testing.T) {
	l := New(nil)
	x := new(httpwire.Exchange)
	var last int
	for i := range maxPhones + 5 {
		x.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 40000)
		last, _ = l.phone(x, nil)
	}
	if last != 0 || len(l.phones) != maxPhones {
		t.Errorf("phone %d of %d", last, len(l.phones))
	}
}

func TestTrailsBound(t *testing.T) {
	l := New(nil)
	for i := range maxTrails + 5 {
		l.follow(nil, &sample{call: trailKey{1, fmt.Sprint(i)}})
	}
	first := &sample{call: trailKey{1, "0"}}
	for range maxSteps + 5 {
		l.follow(nil, first)
	}
	if len(l.trails) != maxTrails || len(l.trails[first.call].steps) != maxSteps {
		t.Errorf("%d trails, %d steps", len(l.trails), len(l.trails[first.call].steps))
	}
}

func TestPlacesBound(t *testing.T) {
	for _, target := range []string{strings.Repeat("/x", 2*maxPlaces), "/?" + strings.Repeat("x=y&", 2*maxPlaces)} {
		places, values := split(target)
		var whole strings.Builder
		for i := range places {
			whole.WriteString(places[i].before + values[i])
		}
		if len(places) != maxPlaces || whole.String() != target {
			t.Errorf("%d places, of %s", len(places), whole.String())
		}
	}
}

func TestShownBound(t *testing.T) {
	var p Part
	var all []value
	for i := range 2 * shownSamples {
		all = append(all, value{text: fmt.Sprint(i, strings.Repeat("x", maxShown))})
	}
	p.sample(all)
	if len(p.Samples) != shownSamples || len(p.Samples[0]) != maxShown {
		t.Errorf("%d values are shown, with %d bytes", len(p.Samples), len(p.Samples[0]))
	}
}

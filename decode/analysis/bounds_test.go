package analysis

import (
	"net/netip"
	"testing"
)

func TestSilentBound(t *testing.T) {
	var s silent
	for i := range maxSilent + 5 {
		m := register(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 0)
		s.message(m)
	}
	if len(s.ends) != maxSilent || len(s.order) != maxSilent {
		t.Errorf("%d addresses, %d in order", len(s.ends), len(s.order))
	}
}

// Between a challenge and the request that meets it there may be a number of others.
func TestBetweenBound(t *testing.T) {
	for between, joined := range map[int]bool{maxBetween - 1: true, maxBetween: false} {
		var q queue
		x := get(desk, 0, "/asks")
		x.Status = 401
		q.push(x)
		for range between {
			q.push(get(other, 0, "/other"))
		}
		x = get(desk, 1e8, "/asks")
		x.Credentials = true
		q.push(x)
		if last := q.all[0].last; (last != nil) != joined {
			t.Errorf("joined over %d others: %v", between, last != nil)
		}
	}
}

package trace

import (
	"io"
	"net/netip"
	"testing"

	"actionurl/decode/finding"
)

func TestPhonesBound(t *testing.T) {
	w := New(io.Discard)
	var last *thread
	for i := range maxPhones + 5 {
		last = w.thread(finding.Phone{Addr: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})})
	}
	if len(w.phones) != maxPhones || last != &w.shared {
		t.Errorf("%d phones have a thread, the last has %d", len(w.phones), last.number)
	}
}

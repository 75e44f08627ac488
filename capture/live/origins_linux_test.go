package live

import (
	"testing"

	"golang.org/x/sys/unix"

	"actionurl/capture"
)

// No more interfaces are known by name than that, however many come and go.
func TestOriginsBound(t *testing.T) {
	o := origins{fd: -1}
	most := 0
	var first *capture.Interface
	for i := range 2*maxOrigins + 5 {
		on := o.of(&unix.RawSockaddrLinklayer{Ifindex: int32(i + 1), Hatype: unix.ARPHRD_ETHER})
		if i == 0 {
			first = on
		}
		if on.Link != capture.LinkEthernet || i > 0 && on == first {
			t.Fatalf("interface %d is %+v", i+1, on)
		}
		most = max(most, len(o.all))
	}
	if most != maxOrigins {
		t.Errorf("%d interfaces are known, want %d", most, maxOrigins)
	}
}

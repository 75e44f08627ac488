package vendor

import (
	"strings"
	"testing"
)

// No more of a user agent is read, whatever follows.
func TestAgentBound(t *testing.T) {
	const product, mac = "Grandstream Model HW GXP2170", "00:0b:82:12:34:56"
	for _, test := range []struct {
		name string
		pad  int
		read bool
	}{{"the longest", maxAgent - len(product) - len(mac), true}, {"a longer one", maxAgent - len(product) - len(mac) + 1, false}} {
		a := Read(product + strings.Repeat(" ", test.pad) + mac)
		if got := a.MAC.String() == mac; got != test.read {
			t.Errorf("%s: the MAC address is %v", test.name, a.MAC)
		}
	}
}

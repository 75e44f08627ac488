package phone

import (
	"net/netip"

	"actionurl/decode/packet"
)

// A Key is who a phone is: its MAC address, or, while that is not known, its IP
// address. The other one is zero.
type Key struct {
	MAC  packet.MAC
	Addr netip.Addr
}

// KeyOf returns the key of a phone with these addresses.
func KeyOf(mac packet.MAC, addr netip.Addr) Key {
	if mac.IsZero() {
		return Key{Addr: addr}
	}
	return Key{MAC: mac}
}

// String returns the address that the key is.
func (k Key) String() string {
	if k.MAC.IsZero() {
		return k.Addr.String()
	}
	return k.MAC.String()
}

package packet

import (
	"slices"
	"testing"

	"github.com/google/gopacket/layers"

	"actionurl/capture"
)

// A further port of VXLAN counts where it is configured.
func TestVXLANPort(t *testing.T) {
	inner := []byte{0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0x9c, 0x41, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0}
	ethernet := append(make([]byte, 12, 64), 8, 0)
	vxlan := append([]byte{8, 0, 0, 0, 0, 0, 9, 0}, append(ethernet, inner...)...)
	udp := append([]byte{0xc0, 0, 0x27, 0x0f, 0, byte(8 + len(vxlan)), 0, 0}, vxlan...) // to port 9999
	ip := append([]byte{0x45, 0, 0, byte(20 + len(udp)), 0, 0, 0, 0, 64, 17, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2}, udp...)
	frame := &capture.Frame{Data: ip, Interface: &capture.Interface{Link: capture.LinkRaw}}
	for port, want := range map[uint16]int{0: 0, 9999: 1, 9998: 0} {
		found := 0
		d := NewDecoder(func(s *Segment) {
			found++
			if s.Src.AddrPort().String() != "10.0.0.1:40001" {
				t.Errorf("from %v", s.Src.AddrPort())
			}
		}, Config{VXLANPort: port})
		d.Decode(frame)
		if found != want {
			t.Errorf("port %d: %d segments, want %d", port, found, want)
		}
	}
}

// FuzzLayers gives any bytes to each decoder of a header: none may read beyond
// them, loop, or find a segment that is larger than a packet.
func FuzzLayers(f *testing.F) {
	var d *Decoder
	decoders := []func([]byte){
		func(b []byte) { d.ethernet(b) }, func(b []byte) { d.cooked(b) }, func(b []byte) { d.cooked2(b) },
		func(b []byte) { d.chdlc(b) }, func(b []byte) { d.fddi(b) }, func(b []byte) { d.arcnet(b) },
		func(b []byte) { d.ieee1394(b) }, func(b []byte) { d.frameRelay(b) }, func(b []byte) { d.pflog(b) },
		func(b []byte) { d.nflog(b) }, func(b []byte) { d.pktap(b) }, func(b []byte) { d.dsa(b) },
		func(b []byte) { d.llc(b) }, func(b []byte) { d.ppp(b) }, func(b []byte) { d.pppoe(b) },
		func(b []byte) { d.mpls(b) }, func(b []byte) { d.macsec(b) },
		func(b []byte) { d.ipv4(b) }, func(b []byte) { d.ipv6(b) }, func(b []byte) { d.ipcomp(b) },
		func(b []byte) { d.udp(b, len(b)+8) }, func(b []byte) { d.gre(b) }, func(b []byte) { d.erspan(b, true) },
		func(b []byte) { d.erspan3(b) }, func(b []byte) { d.vxlan(b) }, func(b []byte) { d.vxlanGPE(b) },
		func(b []byte) { d.geneve(b) }, func(b []byte) { d.tzsp(b) }, func(b []byte) { d.gtp(b) },
		func(b []byte) { d.capwap(b) }, func(b []byte) { d.l2tp(b) }, func(b []byte) { d.l2tp3(b) },
		func(b []byte) { d.teredo(b) }, func(b []byte) { d.wlan(b, true) }, func(b []byte) { d.wlanSwapped(b) },
		func(b []byte) { d.aggregate(b) }, func(b []byte) { d.radiotap(b) }, func(b []byte) { d.ppi(b) },
		func(b []byte) { d.prism(b) }, func(b []byte) { d.avs(b) },
	}
	for i := range decoders {
		f.Add(byte(i), make([]byte, 64))
	}
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		d = NewDecoder(func(s *Segment) {
			if s.Cut < 0 || len(s.Payload)+s.Cut > max(maxPacket, len(data)) {
				t.Errorf("%d bytes of payload, cut %d", len(s.Payload), s.Cut)
			}
		}, Config{Datagram: func(p *Datagram) bool {
			if p.Cut < 0 || len(p.Payload)+p.Cut > max(maxPacket, len(data))+8 {
				t.Errorf("%d bytes in a datagram, cut %d", len(p.Payload), p.Cut)
			}
			return len(data)%2 == 0
		}})
		d.seg.Interface = &capture.Interface{}
		decoders[int(which)%len(decoders)](data[:len(data):len(data)])
		d.Flush()
		if d.depth != 0 {
			t.Errorf("depth %d at the end", d.depth)
		}
	})
}

// What the kernel's filter lists is what the decoder follows.
func TestKernelFilterFollowsDecoder(t *testing.T) {
	d := NewDecoder(func(*Segment) {}, Config{})
	low, high := tunnelPorts()
	for port := range uint32(1 << 16) {
		if listed := slices.Contains(low, port) || slices.Contains(high, port); listed != d.tunnels(uint16(port)) {
			t.Errorf("port %d: listed: %v", port, listed)
		}
	}
	for protocol := range uint32(1 << 8) {
		listed := slices.Contains(encapsulating(), protocol) || slices.Contains(words(layers.IPProtocolTCP, layers.IPProtocolAH, protoIPComp), protocol)
		if follows := d.matters(layers.IPProtocol(protocol), make([]byte, 64)); listed != follows {
			t.Errorf("protocol %d: listed: %v", protocol, listed)
		}
	}
}

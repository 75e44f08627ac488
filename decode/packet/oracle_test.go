package packet_test

import (
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/pcapfile"
	"actionurl/decode/packet"
)

// reference returns the segment that gopacket's layers find in an Ethernet
// frame, if it is one of the frame's own IP packet and not of a tunnel's.
func reference(data []byte) (segment, bool) {
	var s segment
	// Lazy, as the decoding of a tunnel is of no use here.
	p := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	tcp, ok := p.TransportLayer().(*layers.TCP)
	if !ok || tcp.DataOffset < 5 || len(tcp.Contents) != int(tcp.DataOffset)*4 {
		return s, false
	}
	networks := 0
	var src, dst net.IP
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case *layers.Ethernet:
			if from := packet.MAC(l.SrcMAC); from != (packet.MAC{}) {
				s.Source = from.String()
			}
		case *layers.Dot1Q:
			s.VLANs = append(s.VLANs, l.VLANIdentifier)
		case *layers.IPv4:
			networks++
			src, dst = l.SrcIP, l.DstIP
			s.Cut = max(0, int(l.Length)-len(l.Contents)-len(l.Payload))
		case *layers.IPv6:
			networks++
			src, dst = l.SrcIP, l.DstIP
			s.Cut = max(0, int(l.Length)-len(l.Payload))
			if l.HopByHop != nil {
				s.Cut = max(0, s.Cut-len(l.HopByHop.Contents))
			}
		case *layers.IPv6HopByHop, *layers.IPv6Destination, *layers.IPv6Routing:
		case *layers.TCP:
			s.Src, s.Dst = endpoint(src, l.SrcPort), endpoint(dst, l.DstPort)
			s.Seq, s.Ack = l.Seq, l.Ack
			s.Flags = flags(l.SYN, l.FIN, l.RST, l.ACK)
			s.Payload = string(l.LayerPayload())
			return s, networks == 1
		default:
			return s, false
		}
	}
	return s, false
}

// endpoint renders an address and a port. It does not take a mapped IPv6
// address for one of IPv4, as net.IP does.
func endpoint(ip net.IP, port layers.TCPPort) string {
	addr, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(addr, uint16(port)).String()
}

// Frames as the other tests of the project have them.
func TestReferenceOnScripts(t *testing.T) {
	c := capturetest.New()
	for _, end := range []struct{ phone, server string }{
		{"192.0.2.50:40001", "192.0.2.10:80"},
		{"[2001:db8::50]:40001", "[2001:db8::10]:80"},
	} {
		for _, vlans := range [][]uint16{nil, {0}, {100}, {100, 200}, {1, 2, 3, 4}} {
			k := c.Conn(end.phone, end.server)
			k.VLANs = vlans
			k.Client = 1<<32 - 100
			k.Open().Send(request).Reply(strings.Repeat("x", 4000))
			k.Segment(true, layers.TCP{ACK: true, URG: true, ECE: true, CWR: true, NS: true, Seq: 3, Options: []layers.TCPOption{
				{OptionType: layers.TCPOptionKindSACK, OptionLength: 34, OptionData: make([]byte, 32)},
			}}, "odd")
			k.Close()
			k.Reset(false)
		}
	}
	d := newDecoder()
	var s packet.Segment
	for i, f := range c.Frames {
		want, ok := reference(f.Data)
		if !ok {
			t.Fatalf("frame %d: gopacket finds no segment", i+1)
		}
		if !d.Decode(frame(capture.LinkEthernet, f.Data), &s) {
			t.Fatalf("frame %d: no segment", i+1)
		}
		if diff := cmp.Diff(want, view(&s)); diff != "" {
			t.Errorf("frame %d (-gopacket +got):\n%s", i+1, diff)
		}
	}
}

// Captures that others made: what gopacket's layers find is found.
func TestReferenceOnCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	compared, beyond := 0, 0
	for path := range capturetest.Corpus(t) {
		c, b := compareFile(t, path)
		compared += c
		beyond += b
	}
	t.Logf("%d segments compared; %d that gopacket does not find", compared, beyond)
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

// compareFile compares the segments of a capture with gopacket's. It returns
// how many gopacket finds, and how many only this package does.
func compareFile(t *testing.T, path string) (compared, beyond int) {
	from, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	r, err := pcapfile.Open(path, from)
	if err != nil {
		return 0, 0 // not a capture
	}
	d := newDecoder()
	var s packet.Segment
	var b capture.Batch
	for err = r.Next(&b); err == nil; err = r.Next(&b) {
		for i := range b.Frames {
			f := &b.Frames[i]
			if f.Interface.Link != capture.LinkEthernet {
				continue
			}
			found := d.Decode(f, &s)
			want, ok := reference(f.Data)
			if !ok {
				if found {
					beyond++
				}
				continue
			}
			compared++
			if !found {
				t.Errorf("%s: frame %d: no segment; gopacket: %+v", path, f.Number, want)
			} else if diff := cmp.Diff(want, view(&s)); diff != "" {
				t.Errorf("%s: frame %d (-gopacket +got):\n%s", path, f.Number, diff)
			}
		}
	}
	if err != io.EOF {
		t.Error(err)
	}
	return compared, beyond
}

package packet

import (
	"bytes"
	"compress/flate"
	"testing"

	"actionurl/capture"
)

// ipv4 puts an IPv4 header before the data of a protocol.
func ipv4(protocol byte, data []byte) []byte {
	n := 20 + len(data)
	return append([]byte{0x45, 0, byte(n >> 8), byte(n), 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}, data...)
}

// Packets within packets, as deep as they are decoded and deeper.
func TestDepthBound(t *testing.T) {
	const ipInIP, tcp = 4, 6
	for depth, want := range map[int]int{maxDepth: 1, maxDepth + 1: 0} {
		segments := 0
		d := NewDecoder(func(*Segment) { segments++ }, Config{})
		data := ipv4(tcp, []byte{0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x02, 0, 0, 0, 0, 0, 0})
		for range depth {
			data = ipv4(ipInIP, data)
		}
		d.Decode(&capture.Frame{Data: data, Length: len(data), Interface: &capture.Interface{Link: capture.LinkRaw}})
		if segments != want || d.Counts.Malformed != 1-want {
			t.Errorf("%d deep: %d segments, %d malformed", depth, segments, d.Counts.Malformed)
		}
	}
}

// A small packet that grows when it is decompressed.
func TestInflatedBound(t *testing.T) {
	var bomb bytes.Buffer
	bomb.Write([]byte{6, 0, 0, 2}) // TCP within, by DEFLATE
	w, _ := flate.NewWriter(&bomb, flate.BestCompression)
	_, _ = w.Write(make([]byte, 16*maxPacket))
	_ = w.Close()
	d := NewDecoder(func(*Segment) {}, Config{})
	data := ipv4(byte(protoIPComp), bomb.Bytes())
	d.Decode(&capture.Frame{Data: data, Length: len(data), Interface: &capture.Interface{Link: capture.LinkRaw}})
	if n := d.inflated.Len(); n != maxPacket {
		t.Errorf("%d bytes were decompressed", n)
	}
}

func TestFragmentBeyondPacket(t *testing.T) {
	f := fragments{gaveUp: func(*fragmented) {}}
	f.add(fragmentKey{}, &Origin{}, maxPacket-8, true, make([]byte, 16))
	if len(f.packets) != 0 {
		t.Error("a fragment is kept that ends after the largest packet")
	}
}

func TestVLANsBound(t *testing.T) {
	var v VLANs
	for i := range maxVLANs + 2 {
		v.Add(uint16(i))
	}
	if n := len(v.IDs()); n != maxVLANs {
		t.Errorf("%d VLAN ids are kept", n)
	}
}

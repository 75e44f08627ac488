// Package capturetest makes captures for tests: TCP connections that are
// written down as a script, and frames around anything. It uses gopacket's
// serializers, so that the decoders are not tested against themselves.
package capturetest

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"actionurl/capture"
)

// Start is the time of the first frame of a Capture.
var Start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// step is the time between two frames, unless Wait is called.
const step = time.Millisecond

// mss is the size of the largest segment that Send makes.
const mss = 1460

// A Frame is a frame with its time.
type Frame struct {
	Time   time.Time
	Data   []byte
	Length int // on the wire; 0 for len(Data)
}

// A Capture is a script in the making. Its frames may be reordered, changed
// and removed before they are written.
type Capture struct {
	Frames []Frame
	now    time.Time
	ids    uint16
}

// New returns an empty capture.
func New() *Capture { return &Capture{now: Start} }

// Wait lets time pass before the next frame.
func (c *Capture) Wait(d time.Duration) { c.now = c.now.Add(d - step) }

// Until lets time pass so that the next frame comes at a time after the first.
func (c *Capture) Until(d time.Duration) { c.now = Start.Add(d) }

// Add adds a frame.
func (c *Capture) Add(data []byte) {
	c.Frames = append(c.Frames, Frame{Time: c.now, Data: data})
	c.now = c.now.Add(step)
}

// Batch returns frames of Ethernet as a source has them from the capture of a
// name: numbered from 1, in memory of their own.
func Batch(name string, frames []Frame) *capture.Batch {
	on := &capture.Interface{Capture: name, Link: capture.LinkEthernet}
	b := new(capture.Batch)
	for i, f := range frames {
		b.Frames = append(b.Frames, capture.Frame{
			Data: slices.Clone(f.Data), Time: f.Time.UnixNano(), Number: i + 1, Length: max(f.Length, len(f.Data)), Interface: on,
		})
	}
	return b
}

// A Conn is a TCP connection over Ethernet.
type Conn struct {
	// VLANs are the tags of its frames from now on, outermost first.
	VLANs []uint16
	// Client and Server are the next sequence numbers of the two ends.
	Client, Server uint32

	c              *Capture
	client, server netip.AddrPort
}

// Conn returns a connection between two endpoints, before its first segment.
func (c *Capture) Conn(client, server string) *Conn {
	return &Conn{c: c, Client: 1000, Server: 5000, client: netip.MustParseAddrPort(client), server: netip.MustParseAddrPort(server)}
}

// Open adds a handshake.
func (k *Conn) Open() *Conn {
	k.Segment(true, layers.TCP{SYN: true, Seq: k.Client}, "")
	k.Client++
	k.Segment(false, layers.TCP{SYN: true, ACK: true, Seq: k.Server, Ack: k.Client}, "")
	k.Server++
	k.ack(true)
	return k
}

// Send adds segments with data of the client, and the server's acknowledgement.
func (k *Conn) Send(data string) *Conn { return k.send(true, data) }

// Reply adds segments with data of the server, and the client's acknowledgement.
func (k *Conn) Reply(data string) *Conn { return k.send(false, data) }

func (k *Conn) send(client bool, data string) *Conn {
	for data != "" {
		n := min(len(data), mss)
		k.Push(client, data[:n])
		data = data[n:]
	}
	k.ack(!client)
	return k
}

// Push adds one segment with data, without an acknowledgement.
func (k *Conn) Push(client bool, data string) {
	t := k.next(client)
	t.PSH = true
	k.Segment(client, t, data)
	k.advance(client, len(data))
}

// Lose lets an end send data that the capture does not have.
func (k *Conn) Lose(client bool, n int) { k.advance(client, n) }

// Close adds an orderly end, which the client begins.
func (k *Conn) Close() {
	for _, client := range []bool{true, false} {
		k.Finish(client)
		k.ack(!client)
	}
}

// Finish adds the FIN of one end.
func (k *Conn) Finish(client bool) {
	t := k.next(client)
	t.FIN = true
	k.Segment(client, t, "")
	k.advance(client, 1)
}

// Reset adds an RST of one end.
func (k *Conn) Reset(client bool) {
	t := k.next(client)
	t.RST = true
	k.Segment(client, t, "")
}

func (k *Conn) ack(client bool) { k.Segment(client, k.next(client), "") }

func (k *Conn) next(client bool) layers.TCP {
	if client {
		return layers.TCP{ACK: true, Seq: k.Client, Ack: k.Server}
	}
	return layers.TCP{ACK: true, Seq: k.Server, Ack: k.Client}
}

func (k *Conn) advance(client bool, n int) {
	if client {
		k.Client += uint32(n)
	} else {
		k.Server += uint32(n)
	}
}

// Segment adds a frame with a segment of one end. The ports are filled in.
func (k *Conn) Segment(client bool, t layers.TCP, payload string) {
	src, dst := k.client, k.server
	if !client {
		src, dst = dst, src
	}
	k.c.ids++
	k.c.Add(Ethernet(src.Addr(), dst.Addr(), k.VLANs, IP(src, dst, k.c.ids, t, payload)...))
}

// Reject adds an ICMP message of a host to the client, which quotes the client's
// SYN: destination unreachable, with a code.
func (k *Conn) Reject(from string, code uint8) {
	by := netip.MustParseAddr(from)
	k.c.Add(Rejection(by, k.client, k.server, k.Client, code))
}

// Rejection returns an Ethernet frame with an ICMP message, destination
// unreachable, that quotes a SYN between two endpoints.
func Rejection(by netip.Addr, src, dst netip.AddrPort, seq uint32, code uint8) []byte {
	quoted := gopacket.Payload(Serialize(IP(src, dst, 1, layers.TCP{SYN: true, Seq: seq}, "")...))
	if by.Is4() {
		return Ethernet(by, src.Addr(), nil,
			&layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolICMPv4, SrcIP: by.AsSlice(), DstIP: src.Addr().AsSlice()},
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, code)}, quoted)
	}
	ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolICMPv6, SrcIP: by.AsSlice(), DstIP: src.Addr().AsSlice()}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeDestinationUnreachable, code)}
	icmp.SetNetworkLayerForChecksum(ip)
	return Ethernet(by, src.Addr(), nil, ip, icmp, gopacket.Payload(make([]byte, 4)), quoted)
}

// IP returns the layers of a TCP segment from the IP header on.
func IP(src, dst netip.AddrPort, id uint16, t layers.TCP, payload string) []gopacket.SerializableLayer {
	t.SrcPort, t.DstPort = layers.TCPPort(src.Port()), layers.TCPPort(dst.Port())
	t.Window = 64240
	if src.Addr().Is4() {
		ip := &layers.IPv4{Version: 4, TTL: 64, Id: id, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolTCP,
			SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
		t.SetNetworkLayerForChecksum(ip)
		return []gopacket.SerializableLayer{ip, &t, gopacket.Payload(payload)}
	}
	ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP,
		SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
	t.SetNetworkLayerForChecksum(ip)
	return []gopacket.SerializableLayer{ip, &t, gopacket.Payload(payload)}
}

// UDP returns the layers of a UDP datagram from the IP header on.
func UDP(src, dst netip.AddrPort, id uint16, payload string) []gopacket.SerializableLayer {
	u := &layers.UDP{SrcPort: layers.UDPPort(src.Port()), DstPort: layers.UDPPort(dst.Port())}
	if src.Addr().Is4() {
		ip := &layers.IPv4{Version: 4, TTL: 64, Id: id, Protocol: layers.IPProtocolUDP,
			SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
		u.SetNetworkLayerForChecksum(ip)
		return []gopacket.SerializableLayer{ip, u, gopacket.Payload(payload)}
	}
	ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP,
		SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
	u.SetNetworkLayerForChecksum(ip)
	return []gopacket.SerializableLayer{ip, u, gopacket.Payload(payload)}
}

// Datagram adds a frame with a UDP datagram between two endpoints.
func (c *Capture) Datagram(src, dst, payload string) {
	from, to := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	c.ids++
	c.Add(Ethernet(from.Addr(), to.Addr(), nil, UDP(from, to, c.ids, payload)...))
}

// Ethernet returns a frame between two hosts, tagged with the VLANs.
func Ethernet(src, dst netip.Addr, vlans []uint16, inner ...gopacket.SerializableLayer) []byte {
	network := layers.EthernetTypeIPv4
	if src.Is6() {
		network = layers.EthernetTypeIPv6
	}
	types := []layers.EthernetType{}
	for i := range vlans {
		if i == 0 && len(vlans) > 1 {
			types = append(types, layers.EthernetTypeQinQ)
		} else {
			types = append(types, layers.EthernetTypeDot1Q)
		}
	}
	types = append(types, network)
	frame := []gopacket.SerializableLayer{&layers.Ethernet{SrcMAC: MAC(src), DstMAC: MAC(dst), EthernetType: types[0]}}
	for i, id := range vlans {
		frame = append(frame, &layers.Dot1Q{VLANIdentifier: id, Type: types[i+1]})
	}
	return Serialize(append(frame, inner...)...)
}

// MAC returns the Ethernet address of a host: one of Grandstream's for phones,
// whose addresses end in .50 to .99, else a local one.
func MAC(a netip.Addr) net.HardwareAddr {
	b := a.AsSlice()
	last := b[len(b)-1]
	if last >= 50 && last < 100 {
		return net.HardwareAddr{0x00, 0x0b, 0x82, 0x12, 0x34, last}
	}
	return net.HardwareAddr{0x02, 0x00, 0x00, 0x00, 0x00, last}
}

// Serialize returns the bytes of layers, with lengths and checksums filled in.
func Serialize(l ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, l...); err != nil {
		panic(err) // a test's script is wrong
	}
	return buf.Bytes()
}

// WritePcap writes the frames as a classic capture with microseconds.
func (c *Capture) WritePcap(w io.Writer) error { return c.WriteLink(w, capture.LinkEthernet) }

// WriteLink is WritePcap for frames of any link type. gopacket writes none
// above 255.
func (c *Capture) WriteLink(w io.Writer, link capture.LinkType) error {
	order := binary.LittleEndian
	b := order.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = order.AppendUint32(b, 65535)
	b = order.AppendUint32(b, uint32(link))
	for _, f := range c.Frames {
		b = order.AppendUint32(b, uint32(f.Time.Unix()))
		b = order.AppendUint32(b, uint32(f.Time.Nanosecond()/1000))
		b = order.AppendUint32(b, uint32(len(f.Data)))
		b = order.AppendUint32(b, uint32(max(f.Length, len(f.Data))))
		b = append(b, f.Data...)
	}
	_, err := w.Write(b)
	return err
}

// WritePcapng writes the frames as a pcapng capture with nanoseconds.
func (c *Capture) WritePcapng(w io.Writer) error {
	options := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "actionurl"}} // and not this machine's
	p, err := pcapgo.NewNgWriterInterface(w, pcapgo.NgInterface{LinkType: layers.LinkTypeEthernet, TimestampResolution: 9}, options)
	if err != nil {
		return err
	}
	if err := c.write(p.WritePacket); err != nil {
		return err
	}
	return p.Flush()
}

func (c *Capture) write(packet func(gopacket.CaptureInfo, []byte) error) error {
	for _, f := range c.Frames {
		info := gopacket.CaptureInfo{Timestamp: f.Time, CaptureLength: len(f.Data), Length: max(f.Length, len(f.Data))}
		if err := packet(info, f.Data); err != nil {
			return err
		}
	}
	return nil
}

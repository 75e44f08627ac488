package capturetest

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// A Flood is frames that fill one thing of what is kept of traffic, again and again
// with something new.
type Flood struct {
	Name string
	N    int // steps that fill it
	send func(f *flooder, i int)
}

// FloodTemplates are the URLs configured in the phones of floods, by event.
var FloodTemplates = map[string]string{
	"incoming_call":   "s/in?mac=$mac&id=$call-id&r=$remote",
	"outgoing_call":   "s/in?mac=$mac&id=$call-id&r=$remote&x=$local",
	"registered":      "s/reg?mac=$mac&a=$active_user",
	"register_failed": "s/unreg?mac=$mac&a=$active_user",
}

// Send hands the frames of a step to a function. They are its own.
func (f *Flood) Send(step int, to func(frame []byte)) { f.send(&flooder{to}, step) }

// AllFloods hands the frames of all floods to a function, side by side, as often as
// times.
func AllFloods(times int, to func(frame []byte)) {
	all := Floods()
	for i, more := 0, true; more; i++ {
		more = false
		for k := range all {
			if i < all[k].N*times {
				all[k].Send(i, to)
				more = true
			}
		}
	}
}

// A flooder makes frames.
type flooder struct{ to func([]byte) }

// ip sends a packet of a protocol from one address to another.
func (f *flooder) ip(protocol byte, src, dst netip.Addr, segment []byte) {
	var frame []byte
	mac := [6]byte{0, 0x0b, 0x82}
	addr := src.As16()
	copy(mac[3:], addr[13:])
	frame = append(frame, 2, 0, 0, 0, 0, 1)
	frame = append(frame, mac[:]...)
	if src.Is4() {
		frame = append(frame, 8, 0, 0x45, 0)
		frame = binary.BigEndian.AppendUint16(frame, uint16(20+len(segment)))
		frame = append(frame, 0, 0, 0x40, 0, 64, protocol, 0, 0)
	} else {
		frame = append(frame, 0x86, 0xdd, 0x60, 0, 0, 0)
		frame = binary.BigEndian.AppendUint16(frame, uint16(len(segment)))
		frame = append(frame, protocol, 64)
	}
	frame = append(append(frame, src.AsSlice()...), dst.AsSlice()...)
	f.to(append(frame, segment...))
}

const (
	syn = 0x02
	rst = 0x04
	ack = 0x10
)

func (f *flooder) tcp(src, dst netip.AddrPort, seq, acked uint32, flags byte, payload string) {
	var s []byte
	s = binary.BigEndian.AppendUint16(s, src.Port())
	s = binary.BigEndian.AppendUint16(s, dst.Port())
	s = binary.BigEndian.AppendUint32(s, seq)
	s = binary.BigEndian.AppendUint32(s, acked)
	s = append(s, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
	f.ip(6, src.Addr(), dst.Addr(), append(s, payload...))
}

func (f *flooder) udp(src, dst netip.AddrPort, payload string) {
	var s []byte
	s = binary.BigEndian.AppendUint16(s, src.Port())
	s = binary.BigEndian.AppendUint16(s, dst.Port())
	s = binary.BigEndian.AppendUint16(s, uint16(8+len(payload)))
	f.ip(17, src.Addr(), dst.Addr(), append(append(s, 0, 0), payload...))
}

// request sends a request and its response, on a connection of its own.
func (f *flooder) request(src, dst netip.AddrPort, request, response string) {
	f.tcp(src, dst, 1, 1, ack, request)
	if response != "" {
		f.tcp(dst, src, 1, 1+uint32(len(request)), ack, response)
	}
}

func v4(a byte, n int) netip.Addr {
	return netip.AddrFrom4([4]byte{a, byte(n >> 16), byte(n >> 8), byte(n)})
}

func v6(n int) netip.Addr {
	a := [16]byte{0x20, 1, 0xd, 0xb8}
	binary.BigEndian.PutUint32(a[12:], uint32(n))
	return netip.AddrFrom16(a)
}

func at(a netip.Addr, port int) netip.AddrPort { return netip.AddrPortFrom(a, uint16(port)) }

// taken is the answer of a server.
const taken = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

func mac(n int) string { return fmt.Sprintf("000b82%06x", n&0xffffff) }

// long returns a text of n bytes that no other number gives.
func long(i, n int) string { return fmt.Sprintf("%08x", i) + strings.Repeat("x", n-8) }

// Floods returns the floods there are.
func Floods() []Flood {
	return []Flood{
		{"call ids", 600, func(f *flooder, i int) {
			f.request(at(v4(10, i), 40000), at(v4(11, 0), 80), fmt.Sprintf("GET /in?mac=%s&id=%s&r=%d HTTP/1.1\r\nHost: s\r\n\r\n", mac(i%1000), long(i, 60_000), i), taken)
		}},
		{"numbers", 70_000, func(f *flooder, i int) {
			f.request(at(v4(10, i/8), 40000+i%8), at(v4(11, 0), 80), fmt.Sprintf("GET /in?mac=%s&id=%d&r=%s HTTP/1.1\r\nHost: s\r\n\r\n", mac(i/8), i, long(i, 250)), taken)
		}},
		{"accounts", 140_000, func(f *flooder, i int) {
			f.request(at(v4(10, i/8), 40000+i%8), at(v4(11, 0), 80), fmt.Sprintf("GET /reg?mac=%s&a=%s HTTP/1.1\r\nHost: s\r\n\r\n", mac(i/8), long(i, 250)), taken)
		}},
		{"versions", 70_000, func(f *flooder, i int) {
			f.request(at(v4(10, i), 40000), at(v4(11, 0), 80), fmt.Sprintf("GET /reg?mac=%s&a=1 HTTP/1.1\r\nHost: s\r\nUser-Agent: Grandstream Model HW GXP%s SW %s DevId %s\r\n\r\n", mac(i), long(i, 200), long(i, 200), mac(i)), taken)
		}},
		{"clients of one phone", 70_000, func(f *flooder, i int) {
			f.request(at(v6(i), 40000), at(v6(1<<30), 80), "GET /reg?mac=000b82123456&a=1 HTTP/1.1\r\nHost: s\r\n\r\n", taken)
		}},
		{"phones by address", 70_000, func(f *flooder, i int) {
			f.request(at(v6(i), 40000), at(v6(1<<30), 80), "GET /in?id=1&r=2&event=hold HTTP/1.1\r\nHost: s\r\nUser-Agent: Yealink SIP-T46S 66.86.0.15\r\n\r\n", taken)
		}},
		{"agents", 2_000, func(f *flooder, i int) {
			f.request(at(v4(10, i), 40000), at(v4(11, 0), 80), fmt.Sprintf("GET /x HTTP/1.1\r\nHost: s\r\nUser-Agent: Yealink %s\r\n\r\n", long(i, 30_000)), taken)
		}},
		{"hosts and targets", 1_000, func(f *flooder, i int) {
			f.request(at(v4(10, i), 40000), at(v4(11, i), 80), fmt.Sprintf("GET /%s HTTP/1.1\r\nHost: %s\r\n\r\n", long(i, 20_000), long(i, 20_000)), taken)
		}},
		{"names", 70_000, func(f *flooder, i int) {
			question := "\x3f" + long(i, 63) + "\x3f" + long(i, 63) + "\x3f" + long(i, 63) + "\x00\x00\x01\x00\x01"
			f.udp(at(v4(12, i), 53), at(v4(10, i), 50000), "\x00\x01\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00"+question)
			f.request(at(v4(10, i), 40000), at(v4(11, 0), 80), fmt.Sprintf("GET /in?mac=%s&event=hold HTTP/1.1\r\nHost: %s\r\n\r\n", mac(i), long(i, 250)), taken)
		}},
		{"no responses", 40_000, func(f *flooder, i int) {
			f.request(at(v4(10, i), 40000), at(v4(11, 0), 80), fmt.Sprintf("GET /%s HTTP/1.1\r\nHost: s\r\n\r\n", long(i, 400)), "")
		}},
		{"pipelined", 60_000, func(f *flooder, i int) {
			request := "GET /a HTTP/1.1\r\nHost: s\r\n\r\n"
			f.tcp(at(v4(10, i/300), 40000), at(v4(11, 0), 80), 1+uint32(i%300*len(request)), 1, ack, request)
		}},
		{"parts of heads", 400, func(f *flooder, i int) {
			f.request(at(v4(10, i), 40000), at(v4(11, 0), 80), "GET /"+long(i, 60_000), "")
		}},
		{"bodies", 400, func(f *flooder, i int) {
			f.request(at(v4(10, i), 40000), at(v4(11, 0), 80), "POST /in HTTP/1.1\r\nHost: s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 40000\r\n\r\nmac=000b82123456&event=hold&x="+long(i, 30_000), "")
		}},
		{"holes", 100_000, func(f *flooder, i int) {
			payload := "GET / HTTP/1.1\r\n"
			if i%100 > 0 {
				payload = long(i, 1000)
			}
			f.tcp(at(v4(10, i/100), 40000), at(v4(11, 0), 80), uint32(1+i%100*2000), 1, ack, payload)
		}},
		{"connections", 110_000, func(f *flooder, i int) {
			f.tcp(at(v6(i), 40000), at(v6(1<<30), 80), 0, 0, syn, "")
			f.tcp(at(v6(1<<30), 80), at(v6(i), 40000), 0, 1, syn|ack, "")
			f.tcp(at(v6(i), 40000), at(v6(1<<30), 80), 1, 1, ack, "GET / HTTP/1.1\r\nHost: s\r\n")
		}},
		{"refusals", 20_000, func(f *flooder, i int) {
			f.tcp(at(v4(10, i), 40000), at(v4(11, i), 80), 0, 0, syn, "")
			f.tcp(at(v4(11, i), 80), at(v4(10, i), 40000), 0, 1, rst|ack, "")
		}},
		{"fragments", 20_000, func(f *flooder, i int) {
			frame := make([]byte, 14, 14+20+1000)
			copy(frame[12:], "\x08\x00")
			frame = append(frame, 0x45, 0, 1020>>8, 1020&0xff, byte(i>>8), byte(i), 0x20, 0, 64, 6, 0, 0, 10, byte(i>>16), 0, 1, 11, 0, 0, 1)
			f.to(frame[:cap(frame)])
		}},
		{"SIP calls", 20_000, func(f *flooder, i int) {
			f.udp(at(v4(10, i), 5060), at(v4(11, i%64), 5060), fmt.Sprintf("INVITE sip:%s@s SIP/2.0\r\nCall-ID: %s\r\nFrom: \"%s\" <sip:%s@a>;tag=1\r\nTo: <sip:%s@b>\r\nCSeq: 1 INVITE\r\n\r\n",
				long(i, 120), long(i, 250), long(i, 120), long(i, 120), long(i, 120)))
		}},
		{"SIP registrations", 50_000, func(f *flooder, i int) {
			f.udp(at(v6(i), 5060), at(v6(1<<30), 5060), fmt.Sprintf("REGISTER sip:s SIP/2.0\r\nCall-ID: %d\r\nFrom: <sip:%s@a>;tag=1\r\nTo: <sip:%s@a>\r\nCSeq: 1 REGISTER\r\nContact: <sip:%s@c>\r\n\r\n", i, long(i, 200), long(i, 200), long(i, 200)))
			f.udp(at(v6(1<<30), 5060), at(v6(i), 5060), fmt.Sprintf("SIP/2.0 200 OK\r\nCall-ID: %d\r\nFrom: <sip:%s@a>;tag=1\r\nTo: <sip:%s@a>;tag=2\r\nCSeq: 1 REGISTER\r\nExpires: 600\r\n\r\n", i, long(i, 200), long(i, 200)))
		}},
		{"SIP over TCP", 200, func(f *flooder, i int) {
			f.tcp(at(v4(10, i), 40000), at(v4(11, 0), 5060), 1, 1, ack, "INVITE sip:a@b SIP/2.0\r\nCall-ID: "+long(i, 60_000))
		}},
		{"TLS that fails", 30_000, func(f *flooder, i int) {
			f.tcp(at(v4(10, i), 40000), at(v4(11, 0), 443), 0, 0, syn, "")
			f.tcp(at(v4(10, i), 40000), at(v4(11, 0), 443), 1, 1, ack, hello(long(i, 250)))
			f.tcp(at(v4(11, 0), 443), at(v4(10, i), 40000), 1, 1, ack, "\x15\x03\x03\x00\x02\x02\x30")
		}},
		{"events that differ", 70_000, func(f *flooder, i int) {
			f.request(at(v4(10, i), 40000), at(v4(11, i), 80), fmt.Sprintf("GET /in?mac=%s&id=%s&r=%s&x=$unset HTTP/1.1\r\nHost: s\r\n\r\n", mac(i), long(i, 100), long(i, 100)), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
		}},
		{"redirects", 1_000, func(f *flooder, i int) {
			f.request(at(v4(10, i), 40000), at(v4(11, 0), 80), fmt.Sprintf("GET /in?mac=%s&id=%d HTTP/1.1\r\nHost: s\r\n\r\n", mac(i), i), fmt.Sprintf("HTTP/1.1 302 Found\r\nLocation: /%s\r\nContent-Length: 0\r\n\r\n", long(i, 30_000)))
		}},
		{"copies", 12_000, func(f *flooder, i int) { // of one request a round, each from another address, unanswered
			request := fmt.Sprintf("GET /in?mac=%s&id=%s HTTP/1.1\r\nHost: s\r\n\r\n", mac(i/1000), long(i/1000, 20_000))
			f.tcp(at(v4(12, i), 40000), at(v4(11, 0), 80), uint32(1+i/1000*100_000), 1, ack, request)
		}},
		{"responses alone", 20_000, func(f *flooder, i int) {
			f.tcp(at(v4(11, 0), 80), at(v4(13, i), 40000), 1, 1, ack, "HTTP/1.1 302 Found\r\nLocation: /"+long(i, 500)+"\r\nContent-Length: 0\r\n\r\n")
		}},
		{"redirects that wait", 20_000, func(f *flooder, i int) { // behind one without a response
			f.request(at(v4(14, i), 40000), at(v4(11, 0), 80), "GET /a HTTP/1.1\r\nHost: s\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: /"+long(i, 500)+"\r\nContent-Length: 0\r\n\r\n")
		}},
		{"handshakes", 12_000, func(f *flooder, i int) {
			f.tcp(at(v4(15, i), 40000), at(v4(11, 0), 443), 0, 0, syn, "")
			f.tcp(at(v4(15, i), 40000), at(v4(11, 0), 443), 1, 1, ack, hello(long(i, 250)))
		}},
		{"addresses of phones", 100_000, func(f *flooder, i int) {
			f.request(at(v6(i), 40000), at(v6(1<<30), 80), fmt.Sprintf("GET /reg?mac=%s&a=1 HTTP/1.1\r\nHost: s\r\n\r\n", mac(i/8)), taken)
		}},
		{"SIP calls of phones", 20_000, func(f *flooder, i int) { // and the events of each
			phone, id := v4(16, i), long(i, 200)
			f.udp(at(v4(11, 0), 5060), at(phone, 5060), fmt.Sprintf("INVITE sip:%s@s SIP/2.0\r\nCall-ID: %s\r\nFrom: \"%s\" <sip:%s@a>;tag=1\r\nTo: <sip:%s@b>\r\nCSeq: 1 INVITE\r\n\r\n",
				long(i, 120), id, long(i, 120), long(i, 120), long(i, 120)))
			f.request(at(phone, 40000), at(v4(11, 0), 80), fmt.Sprintf("GET /in?mac=%s&id=%s&r=%s HTTP/1.1\r\nHost: s\r\n\r\n", mac(i), id, long(i, 120)), taken)
		}},
		{"registrations that fail", 70_000, func(f *flooder, i int) {
			f.request(at(v4(10, i), 40000), at(v4(11, 0), 80), fmt.Sprintf("GET /unreg?mac=%s&a=1 HTTP/1.1\r\nHost: s\r\n\r\n", mac(i)), taken)
		}},
		{"groups", 70_000, func(f *flooder, i int) {
			f.request(at(v4(10, i), 40000), at(v4(11, 0), 80), fmt.Sprintf("GET /in?mac=%s&id=g%s&r=%d HTTP/1.1\r\nHost: s\r\n\r\n", mac(i), long(i, 30), i), taken)
		}},
		{"beginnings", 20_000, func(f *flooder, i int) { // too short to tell the protocol
			f.tcp(at(v4(17, i), 40000), at(v4(11, 0), 80), 0, 0, syn, "")
			f.tcp(at(v4(17, i), 40000), at(v4(11, 0), 80), 1, 1, ack, "I")
		}},
	}
}

// hello returns a ClientHello that asks for a server.
func hello(name string) string {
	b := []byte{1, 0, 0, 0, 3, 3}
	b = append(b, make([]byte, 32)...)
	b = append(b, 0, 0, 2, 0x13, 1, 1, 0)
	ext := []byte{0, 0}
	ext = binary.BigEndian.AppendUint16(ext, uint16(len(name)+5))
	ext = binary.BigEndian.AppendUint16(ext, uint16(len(name)+3))
	ext = append(ext, 0)
	ext = binary.BigEndian.AppendUint16(ext, uint16(len(name)))
	ext = append(ext, name...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(ext)))
	b = append(b, ext...)
	b[2], b[3] = byte((len(b)-4)>>8), byte(len(b)-4)
	record := []byte{22, 3, 1}
	record = binary.BigEndian.AppendUint16(record, uint16(len(b)))
	return string(append(record, b...))
}

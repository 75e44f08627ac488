package httpwire

import (
	"strings"
	"testing"

	"actionurl/decode/packet"
	"actionurl/decode/stream"
)

const (
	benchRequest  = "GET /mac=000b82123456&local=5002&remote=5003 HTTP/1.1\r\nHost: 192.168.40.207\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.64 DevId 000b82123456\r\nConnection: keep-alive\r\n\r\n"
	benchResponse = "HTTP/1.1 200 OK\r\nDate: Mon, 02 Mar 2026 08:00:00 GMT\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok"
)

// A talk is a connection whose exchanges are released as a pipeline does.
type talk struct {
	streams *stream.Assembler
	s       [2]packet.Segment
	reader  *Reader
	latest  *Exchange
}

func newTalk() *talk {
	k := &talk{s: [2]packet.Segment{{Src: phone, Dst: pbx, ACK: true}, {Src: pbx, Dst: phone, ACK: true}}}
	k.reader = NewReader(func(x *Exchange) { k.latest = x }, Config{})
	k.streams = stream.NewAssembler(k.reader, stream.Config{})
	return k
}

func (k *talk) send(side stream.Side, data []byte) {
	s := &k.s[side]
	s.Frame++
	s.Payload, s.Ack = data, k.s[side.Other()].Seq
	k.streams.Segment(s)
	s.Seq += uint32(len(data))
	if s.FIN {
		s.Seq++
	}
}

func (k *talk) exchange(request, response []byte) {
	k.send(0, request)
	k.send(1, response)
	k.reader.Release(k.latest)
}

func BenchmarkExchange(b *testing.B) {
	k := newTalk()
	request, response := []byte(benchRequest), []byte(benchResponse)
	b.SetBytes(int64(len(request) + len(response)))
	b.ReportAllocs()
	for b.Loop() {
		k.exchange(request, response)
	}
}

// The request's head comes in two segments.
func BenchmarkExchangeCut(b *testing.B) {
	k := newTalk()
	first, second, response := []byte(benchRequest[:100]), []byte(benchRequest[100:]), []byte(benchResponse)
	b.SetBytes(int64(len(benchRequest) + len(response)))
	b.ReportAllocs()
	for b.Loop() {
		k.send(0, first)
		k.exchange(second, response)
	}
}

func BenchmarkBody(b *testing.B) {
	k := newTalk()
	k.exchange([]byte(benchRequest), []byte("HTTP/1.1 200 OK\r\nContent-Length: 4000000000000000000\r\n\r\n"))
	data := []byte(strings.Repeat("x", 1460))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		k.send(1, data)
	}
}

// A segment of a connection that is not HTTP.
func BenchmarkOther(b *testing.B) {
	k := newTalk()
	data := []byte("\x17\x03\x03" + strings.Repeat("x", 1457))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		k.send(0, data)
	}
}

func TestAllocs(t *testing.T) {
	k := newTalk()
	request, response := []byte(benchRequest), []byte(benchResponse)
	size, body, end := []byte("5b4\r\n"), make([]byte, 1460), []byte("\r\n")
	for _, test := range []struct {
		name string
		want float64
		run  func()
	}{
		{"exchange", 1, func() { k.exchange(request, response) }}, // its strings
		{"exchange, the head cut", 1, func() { k.send(0, request[:50]); k.exchange(request[50:], response) }},
		{"chunk", 0, func() { k.send(1, size); k.send(1, body); k.send(1, end) }},
	} {
		if test.name == "chunk" {
			k.exchange(request, []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
		}
		test.run()
		if got := testing.AllocsPerRun(1000, test.run); got > test.want {
			t.Errorf("%v allocations per %s, want %v", got, test.name, test.want)
		}
	}
}

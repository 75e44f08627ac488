package stream

import (
	"fmt"
	"testing"
)

func BenchmarkSegmentInOrder(b *testing.B) {
	p := newPeer(NewAssembler(ignorer{}, Config{}), 1)
	payload := make([]byte, 1460)
	p.syn()
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		p.send(payload)
	}
}

func BenchmarkSegmentsReordered(b *testing.B) {
	p := newPeer(NewAssembler(ignorer{}, Config{}), 1)
	payload := make([]byte, 1460)
	p.syn()
	b.SetBytes(int64(2 * len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		p.lose(len(payload))
		p.send(payload)
		p.lose(-2 * len(payload))
		p.send(payload)
		p.lose(len(payload))
	}
}

// A connection of a handshake, a request, a response and an orderly end: 8 segments.
func BenchmarkConnection(b *testing.B) {
	p := newPeer(NewAssembler(ignorer{}, Config{}), 0)
	payload := make([]byte, 300)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		p.connection(n)
		p.syn()
		back := p.turn(5000)
		p.syn()
		back = p.turn(back)
		p.next()
		p.send(payload)
		back = p.turn(back)
		p.send(payload)
		p.fin()
		p.turn(back)
		p.fin()
		p.next()
	}
}

// One segment each of many connections in turn. A million are more than are
// followed, so each segment there opens a connection and evicts another.
func BenchmarkManyConnections(b *testing.B) {
	for _, conns := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(conns), func(b *testing.B) {
			p := newPeer(NewAssembler(ignorer{}, Config{}), 0)
			payload := make([]byte, 300)
			for n := range conns {
				p.connection(n)
				p.send(payload)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				p.connection(n % conns)
				p.lose(n / conns * len(payload))
				p.send(payload)
				n++
			}
		})
	}
}

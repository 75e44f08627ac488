package stream

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"actionurl/decode/packet"
)

// A model puts the bytes of one direction in order in the plainest way: of
// each byte the first copy is kept, whatever comes in between.
type model struct {
	data  []byte
	known []byte // 1 or 0
}

func newModel(n int) *model { return &model{make([]byte, n), make([]byte, n)} }

func (m *model) segment(at int, data []byte) {
	for i, c := range data {
		if m.known[at+i] == 0 {
			m.data[at+i], m.known[at+i] = c, 1
		}
	}
}

// delivered returns the bytes before the first hole.
func (m *model) delivered() []byte {
	hole := bytes.IndexByte(m.known, 0)
	if hole < 0 {
		return m.data
	}
	return m.data[:hole]
}

// one is a stream of one direction, the initial sequence number as given.
func one(t testing.TB, isn uint32) (a *Assembler, send func(at int, data []byte), got func() []byte) {
	r := newRecorder(t)
	a = NewAssembler(r, Config{})
	s := &packet.Segment{Src: client, Dst: server, Seq: isn, SYN: true}
	a.Segment(s)
	s.SYN = false
	send = func(at int, data []byte) {
		s.Frame++
		s.Seq, s.Payload = isn+1+uint32(at), data
		a.Segment(s)
		check(t, a)
	}
	got = func() []byte {
		for c := range a.table.all() {
			return r.of(c).data[0]
		}
		return nil
	}
	return a, send, got
}

// FuzzReassembly sends segments wherever the input says, with contents that
// contradict each other, and compares with the model.
func FuzzReassembly(f *testing.F) {
	f.Add([]byte("\x00\x00\x03\xe8" + "\x00\x05a" + "\x02\x05b" + "\x01\x01c"))
	f.Add([]byte("\xff\xff\xff\xf0" + "\x20\x10a" + "\x08\x10b" + "\x00\xffc")) // across the wrap
	f.Add([]byte("\xff\xff\xff\xff" + "\x04\x01d" + "\x03\x03c" + "\x02\x05b" + "\x01\x07a" + "\x00\xff "))
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) < 4 {
			return
		}
		const size = 4*255 + 255
		a, send, got := one(t, binary.BigEndian.Uint32(choices))
		m := newModel(size)
		for c := choices[4:]; len(c) >= 3; c = c[3:] {
			at, data := 4*int(c[0]), bytes.Repeat(c[2:3], int(c[1]))
			send(at, data)
			m.segment(at, data)
			if !bytes.Equal(got(), m.delivered()) {
				t.Fatalf("got %q\nwant %q", got(), m.delivered())
			}
		}
		rest := bytes.Repeat([]byte{'.'}, size)
		send(0, rest)
		m.segment(0, rest)
		if !bytes.Equal(got(), m.data) || a.waiting != 0 || a.Counts.Gaps != 0 {
			t.Fatalf("with all holes filled, got %q\nwant %q", got(), m.data)
		}
	})
}

// What a network does to the segments of a stream must not show.
func TestReassembly(t *testing.T) {
	for seed := range uint64(200) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			stream := make([]byte, 1+random.IntN(100_000))
			for i := range stream {
				stream[i] = byte(random.Uint32())
			}
			type piece struct{ at, end int }
			var pieces []piece
			for at := 0; at < len(stream); {
				end := min(len(stream), at+1+random.IntN(3000))
				pieces = append(pieces, piece{max(0, at-random.IntN(100)), min(len(stream), end+random.IntN(100))})
				if random.IntN(4) == 0 {
					pieces = append(pieces, pieces[random.IntN(len(pieces))])
				}
				at = end
			}
			const window = 8
			for at := 0; at < len(pieces); at += window {
				part := pieces[at:min(at+window, len(pieces))]
				random.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
			}
			a, send, got := one(t, -uint32(random.IntN(100_000)))
			for _, p := range pieces {
				send(p.at, stream[p.at:p.end])
			}
			if !bytes.Equal(got(), stream) || a.waiting != 0 {
				t.Errorf("of %d bytes %d came out, %d wait", len(stream), len(got()), a.waiting)
			}
		})
	}
}

// FuzzSegments sends what no network would.
func FuzzSegments(f *testing.F) {
	op := func(flags, conn byte, seq, ack uint32, size, cut uint16, wait byte) []byte {
		b := []byte{flags, conn}
		b = binary.BigEndian.AppendUint32(b, seq)
		b = binary.BigEndian.AppendUint32(b, ack)
		b = binary.BigEndian.AppendUint16(b, size)
		b = binary.BigEndian.AppendUint16(b, cut)
		return append(b, wait)
	}
	const syn, fin, rst, ack, back, relative = 1, 2, 4, 8, 16, 32
	f.Add(bytes.Join([][]byte{
		op(syn, 0, 1000, 0, 0, 0, 0),
		op(syn|ack|back, 0, 5000, 1001, 0, 0, 0),
		op(ack, 0, 1001, 5001, 100, 0, 0),
		op(ack|back|fin, 0, 5001, 1101, 100, 10, 0),
		op(ack|fin, 0, 1101, 5112, 0, 0, 0),
		op(syn, 0, 90000, 0, 0, 0, 200),
		op(rst|back, 0, 0, 90001, 0, 0, 0),
	}, nil))
	f.Add(bytes.Join([][]byte{ // jumps with bytes waiting
		op(0, 1, 0, 0, 10, 0, 0),
		op(0, 1, Reach, 0, 65000, 0, 0),
		op(0, 1, Reach+65010, 0, 10, 0, 0),
		op(0, 1, 3<<30, 0, 10, 0, 0),
		op(ack|back, 1, 7, 3<<30|20, 10, 0, 0),
		op(relative|fin, 1, 1<<20, 0, 60000, 0, 0),
	}, nil))
	f.Fuzz(func(t *testing.T, ops []byte) {
		r := newRecorder(t)
		r.quiet = true
		a := NewAssembler(r, Config{})
		payload := make([]byte, 1<<16)
		var last [8]uint32 // where each direction was
		s := &packet.Segment{}
		for ; len(ops) >= 15 && s.Frame < 1000; ops = ops[15:] {
			flags, conn := ops[0], ops[1]%4
			s.Src, s.Dst = client, server
			s.Src.Port += uint16(conn)
			side := 2 * conn
			if flags&back != 0 {
				s.Src, s.Dst = s.Dst, s.Src
				side++
			}
			s.Seq, s.Ack = binary.BigEndian.Uint32(ops[2:]), binary.BigEndian.Uint32(ops[6:])
			if flags&relative != 0 {
				s.Seq += last[side]
				s.Ack += last[side^1]
			}
			s.SYN, s.FIN, s.RST, s.ACK = flags&syn != 0, flags&fin != 0, flags&rst != 0, flags&ack != 0
			s.Payload = payload[:binary.BigEndian.Uint16(ops[10:])]
			s.Cut = int(binary.BigEndian.Uint16(ops[12:]))
			s.Frame++
			s.Clock += int64(ops[14]) * lingerTime / 100
			last[side] = s.Seq + uint32(len(s.Payload))
			a.Segment(s)
			check(t, a)
		}
		a.Flush()
		check(t, a)
		if len(r.conns) > 0 || a.table.n > 0 || a.waiting != 0 {
			t.Fatalf("after Flush: %d connections known to the receiver, %d to the assembler, %d bytes waiting",
				len(r.conns), a.table.n, a.waiting)
		}
	})
}

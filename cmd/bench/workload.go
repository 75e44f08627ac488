package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
	"actionurl/decode/actionurl"
)

// A workload makes a capture.
type workload struct {
	name string
	make func(t *traffic, n int)
	n    int // requests, calls or connections at scale 1
}

const (
	million = 1_000_000

	// segments are how many follow when the connections of a workload are open.
	segments = 4 * million

	fewOpen, manyOpen = "10,000 open connections", "open connections"
)

// A measure is what is run over a workload, and what it is compared with.
type measure struct {
	name string
	workload
	args []string
	base string // name of another measure; empty for none
}

// measures returns what is measured, in order.
func measures() []measure {
	ndjson := func(view string) []string { return []string{"--view", view, "--format", "ndjson", "-o", "/dev/null"} }
	to := func(format string) []string { return []string{"--format", format, "-o", "/dev/null"} }
	alone := workload{"requests", requests, million}
	kept := workload{"calls", calls, million}
	shown := workload{"page", calls, 34_000} // of three events each
	few, many := func(t *traffic, _ int) { connections(t, 10_000) }, connections
	then := func(open func(*traffic, int)) func(*traffic, int) {
		return func(t *traffic, n int) {
			open(t, n)
			t.talk(segments / million * t.of)
		}
	}
	return []measure{
		{"requests", alone, ndjson("requests"), ""},
		{"requests, table", alone, to("table"), "requests"},
		{"requests, Parquet", alone, to("parquet"), "requests"},
		{"media", workload{"media", media, million}, ndjson("requests"), ""},
		{"calls, events", kept, ndjson("events"), ""},
		{"calls", kept, ndjson("calls"), "calls, events"},
		{"page, events", shown, ndjson("events"), ""},
		{"page", shown, to("html"), "page, events"},
		{fewOpen, workload{"few", few, million}, ndjson("requests"), ""},
		{fewOpen + ", segments", workload{"few-segments", then(few), million}, ndjson("requests"), ""},
		{manyOpen, workload{"many", many, million}, ndjson("requests"), ""},
		{manyOpen + ", segments", workload{"many-segments", then(many), million}, ndjson("requests"), ""},
	}
}

// write writes the capture of a workload, and returns its frames.
func (w workload) write(to io.Writer, scale float64) (frames int, err error) {
	t := newTraffic(to)
	t.of = int(float64(million) * scale)
	w.make(t, max(1, int(float64(w.n)*scale)))
	return t.frames, t.end()
}

// phones is how many phones there are, and together how many of them are busy at a
// time.
const (
	phones   = 8000
	together = 200
)

// requests makes n requests, each on a connection of its own.
func requests(t *traffic, n int) {
	events := actionurl.Kinds()[:4] // of calls
	for first := 0; first < n; first += together {
		all := t.dial(first, min(together, n-first))
		for i, c := range all {
			c.get(fmt.Sprintf("/hook?event=%s&mac=%012x&local=%d&remote=015901%06d&call-id=%d-5060-1@BA.CA.A.B",
				events[i%len(events)].Slug, c.mac, 5000+c.phone%4000, first+i, first+i))
		}
		for _, c := range all {
			c.ok()
		}
		for _, c := range all {
			c.end()
		}
	}
}

// media makes n RTP packets, and a request for every thousand of them.
func media(t *traffic, n int) {
	payload := make([]byte, 172)
	payload[0], payload[1] = 0x80, 8
	for i := range n {
		t.datagram(i%phones, payload)
		if i%(1000*together) == 0 {
			requests(t, together)
		}
	}
}

// calls makes n incoming calls that are answered and end. Each phone has one
// connection, which stays open.
func calls(t *traffic, n int) {
	all := t.dial(0, min(n, phones))
	for first := 0; first < n; first += together {
		busy := min(together, n-first)
		for _, event := range []string{"incoming", "established", "terminated"} {
			for i := range busy {
				c := all[(first+i)%len(all)]
				c.get(fmt.Sprintf("/cti?e=%s&mac=%012x&local=%d&remote=015901%06d&call-id=%d-5060-1@BA.CA.A.B", event, c.mac, 5000+c.phone%4000, first+i, first+i))
				c.ok()
			}
			t.now += int64(5 * time.Second)
		}
	}
}

// connections opens n connections, which stay open.
func connections(t *traffic, n int) {
	for first := 0; first < n; first += together {
		t.dial(first, min(together, n-first))
	}
	t.open = n
}

// A traffic writes frames in order, a microsecond apart.
type traffic struct {
	w      *pcapfile.Writer
	on     *capture.Interface
	frame  capture.Frame
	now    int64
	frames int
	open   int // connections that stay open, for talk
	of     int // what a million is at the scale
	err    error
}

func newTraffic(to io.Writer) *traffic {
	return &traffic{
		w: pcapfile.NewWriter(to), on: &capture.Interface{Capture: "bench", Link: capture.LinkEthernet},
		now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixNano(),
	}
}

func (t *traffic) end() error {
	if err := t.w.Flush(); t.err == nil {
		t.err = err
	}
	return t.err
}

// put writes a frame with this many bytes after its IP header.
func (t *traffic) put(from, to uint32, protocol byte, n int, fill func(b []byte)) {
	const head = 34
	if cap(t.frame.Data) < head+n {
		t.frame.Data = make([]byte, 2*(head+n))
	}
	b := t.frame.Data[:head+n]
	copy(b, []byte{0x52, 0x54, 0, 0, 0, 1, 0, 0x0b, 0x82, byte(from >> 16), byte(from >> 8), byte(from), 8, 0, 0x45, 0})
	if from == server {
		copy(b[6:], []byte{0x52, 0x54, 0, 0, 0, 1})
	}
	binary.BigEndian.PutUint16(b[16:], uint16(20+n))
	copy(b[18:], []byte{0, 0, 0x40, 0, 64, protocol, 0, 0})
	binary.BigEndian.PutUint32(b[26:], from)
	binary.BigEndian.PutUint32(b[30:], to)
	fill(b[head:])
	t.now += 1000
	t.frames++
	t.frame.Data, t.frame.Length, t.frame.Time, t.frame.Interface = b, len(b), t.now, t.on
	if err := t.w.Frame(&t.frame); t.err == nil {
		t.err = err
	}
}

// datagram writes a UDP datagram of a phone to another.
func (t *traffic) datagram(phone int, payload []byte) {
	t.put(address(phone), address(phone+1), 17, 8+len(payload), func(b []byte) {
		binary.BigEndian.PutUint16(b, 16384)
		binary.BigEndian.PutUint16(b[2:], 16384)
		binary.BigEndian.PutUint16(b[4:], uint16(len(b)))
		binary.BigEndian.PutUint16(b[6:], 0)
		copy(b[8:], payload)
	})
}

// server is the address of the server, 10.1.1.10.
const server = 10<<24 | 1<<16 | 1<<8 | 10

// address returns the address of a phone, from 10.16.0.0 on.
func address(phone int) uint32 { return 10<<24 | 16<<16 + uint32(phone) }

// A conn is a connection of a phone to the server.
type conn struct {
	*traffic
	phone    int
	mac      uint64
	port     uint16
	seq, ack uint32
}

// conn returns a connection by its number, before it is open.
func (t *traffic) conn(number int) *conn {
	phone := number % phones
	return &conn{t, phone, 0x000b82_000000 | uint64(address(phone)&0xffffff), uint16(1024 + number/phones%64000), uint32(number) * 7919, 0}
}

// dial opens n connections, from this number on.
func (t *traffic) dial(first, n int) []*conn {
	all := make([]*conn, n)
	for i := range all {
		all[i] = t.conn(first + i)
	}
	const syn, ack = 2, 16
	for _, c := range all {
		c.segment(true, syn, "")
		c.seq++
	}
	for _, c := range all {
		c.segment(false, syn|ack, "")
		c.ack++
	}
	for _, c := range all {
		c.segment(true, ack, "")
	}
	return all
}

// segment writes a segment of the phone, or of the server.
func (c *conn) segment(up bool, flags byte, text string) {
	from, to := uint32(address(c.phone)), uint32(server)
	if !up {
		from, to = to, from
	}
	c.put(from, to, 6, 20+len(text), func(b []byte) {
		source, dest, seq, ack := c.port, uint16(80), c.seq, c.ack
		if !up {
			source, dest, seq, ack = dest, source, ack, seq
		}
		binary.BigEndian.PutUint16(b, source)
		binary.BigEndian.PutUint16(b[2:], dest)
		binary.BigEndian.PutUint32(b[4:], seq)
		binary.BigEndian.PutUint32(b[8:], ack)
		copy(b[12:], []byte{0x50, flags, 0xff, 0xff, 0, 0, 0, 0})
		copy(b[20:], text)
	})
	if up {
		c.seq += uint32(len(text))
	} else {
		c.ack += uint32(len(text))
	}
}

const push = 0x18

func (c *conn) get(target string) {
	c.segment(true, push, "GET "+target+" HTTP/1.1\r\nHost: 10.1.1.10\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.64\r\nAccept: */*\r\n\r\n")
}

func (c *conn) ok() {
	c.segment(false, push, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
}

// end closes the connection from both ends.
func (c *conn) end() {
	const fin = 0x11
	c.segment(false, fin, "")
	c.ack++
	c.segment(true, fin, "")
	c.seq++
	c.segment(false, 16, "")
}

// talk writes n segments on the connections that are open, in turn: each by the end
// that did not write the one before.
func (t *traffic) talk(n int) {
	const text = "\x00\x01 what is no HTTP, as of a protocol with messages of its own: 64 b"
	for i := range n {
		c, round := t.conn(i%t.open), uint32(i/t.open)
		c.seq += 1 + (round+1)/2*uint32(len(text))
		c.ack += 1 + round/2*uint32(len(text))
		c.segment(round%2 == 0, push, text)
	}
}

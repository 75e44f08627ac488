package httpwire

import (
	"strings"
	"testing"

	"actionurl/capture"
	"actionurl/decode/packet"
)

// Responses that come before their requests, on ever more connections.
func TestBoundOfEarly(t *testing.T) {
	w := newWire()
	s := &packet.Segment{Src: pbx, Dst: phone, ACK: true}
	for n := range maxEarly + 100 {
		s.Frame++
		s.Dst.Port = uint16(n)
		s.Payload = []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		w.streams.Segment(s)
	}
	if w.reader.early != maxEarly {
		t.Errorf("%d responses wait for their requests", w.reader.early)
	}
	w.streams.Flush()
	w.checkEmpty(t)
}

// A request that is captured at ever more places before it is answered.
func TestBoundOfCopies(t *testing.T) {
	w := newWire()
	s := &packet.Segment{Src: phone, Dst: pbx, Seq: 1, Ack: 1, ACK: true}
	s.Interface = &capture.Interface{}
	for n := range maxCopies + 100 {
		s.Frame++
		s.Src.Addr.Lo = uint64(n)
		s.Payload = []byte("GET / HTTP/1.1\r\n\r\n")
		w.streams.Segment(s)
	}
	if w.reader.copied != maxCopies {
		t.Errorf("%d copies wait for a response", w.reader.copied)
	}
	w.streams.Flush()
	if len(w.found) != 1 || len(w.found[0].Also) != maxAlso {
		t.Errorf("%d requests, the first also at %q", len(w.found), w.found[0].Also)
	}
	w.checkEmpty(t)
}

func TestBoundOfLine(t *testing.T) {
	w := newWire()
	for _, st := range steps("syn", "> POST / HTTP/1.1|Transfer-Encoding: chunked||", "> "+strings.Repeat("0", maxLine), "> 0") {
		w.play(st, whole)
	}
	if w.reader.kept != 0 || w.reader.Counts.Broken != 1 {
		t.Errorf("%d bytes of a line are kept, %d messages broken", w.reader.kept, w.reader.Counts.Broken)
	}
}

func TestBoundOfFirstLine(t *testing.T) {
	for n, want := range map[int]kind{maxStatus - 1: partial, maxStatus: neither} {
		if got := recognize([]byte(version1+strings.Repeat(" ", n-len(version1))), true).kind; got != want {
			t.Errorf("%d bytes of a status line are %v", n, got)
		}
	}
}

func TestBoundOfLocation(t *testing.T) {
	w := newWire()
	for _, st := range steps("syn", "> GET / HTTP/1.1||", "< HTTP/1.1 302 Found|Location: "+strings.Repeat("x", maxLocation+1)+"|Content-Length: 0||") {
		w.play(st, whole)
	}
	if n := len(w.found[0].Location); n != maxLocation {
		t.Errorf("%d bytes of a Location are kept", n)
	}
}

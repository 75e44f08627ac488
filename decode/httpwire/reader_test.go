package httpwire

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"actionurl/decode/packet"
	"actionurl/decode/stream"
)

// The two ends of the connections of a test.
var (
	phone = endpoint("[2001:db8::32]:49152")
	pbx   = endpoint("[2001:db8::c8]:80")
)

func endpoint(s string) packet.Endpoint {
	return packet.EndpointOf(netip.MustParseAddrPort(s))
}

// A step is a segment of a connection, or several if it is cut.
type step struct {
	side          stream.Side // 0 is the phone, the client
	data          string
	syn, fin, rst bool
	lost          bool   // not captured
	skip          uint32 // bytes that were not captured
	wait          time.Duration
}

// steps reads a conversation, each step a line such as
//
//	syn             the handshake
//	> GET / HTTP/1.1||
//	< HTTP/1.1 200 OK|Content-Length: 2||ok
//	> fin
//	< rst
//	< lost HTTP/1.1 200 OK|...
//	> skip 3000000000
//	wait 10s        before what follows
//
// In data, "|" stands for CR LF.
func steps(lines ...string) []step {
	var all []step
	for _, line := range lines {
		if line == "syn" {
			all = append(all, step{syn: true}, step{side: 1, syn: true})
			continue
		}
		if d, ok := strings.CutPrefix(line, "wait "); ok {
			wait, err := time.ParseDuration(d)
			if err != nil {
				panic(err)
			}
			all = append(all, step{wait: wait})
			continue
		}
		var s step
		switch line[:2] {
		case "> ":
		case "< ":
			s.side = 1
		default:
			panic("unknown step " + line)
		}
		if n, ok := strings.CutPrefix(line[2:], "skip "); ok {
			skip, err := strconv.ParseUint(n, 10, 32)
			if err != nil {
				panic(err)
			}
			s.skip = uint32(skip)
			all = append(all, s)
			continue
		}
		data, lost := strings.CutPrefix(line[2:], "lost ")
		switch s.lost = lost; data {
		case "fin":
			s.fin = true
		case "rst":
			s.rst = true
		default:
			s.data = strings.ReplaceAll(data, "|", "\r\n")
		}
		all = append(all, s)
	}
	return all
}

// A wire carries one conversation to a Reader.
type wire struct {
	reader  *Reader
	streams *stream.Assembler
	found   []*Exchange

	seq   [2]uint32
	frame int
	time  int64
}

func newWire() *wire { return newWireWith(Config{}) }

func newWireWith(c Config) *wire {
	w := &wire{seq: [2]uint32{0xffffffc0, 7000}} // the phone's wraps
	w.reader = NewReader(func(x *Exchange) { w.found = append(w.found, x) }, c)
	w.streams = stream.NewAssembler(w.reader, stream.Config{})
	return w
}

// segment returns the next segment of a side, which acknowledges all that the
// other sent.
func (w *wire) segment(side stream.Side) *packet.Segment {
	w.frame++
	w.time += int64(time.Millisecond)
	s := &packet.Segment{Src: phone, Dst: pbx, Seq: w.seq[side], Ack: w.seq[side.Other()], ACK: true}
	s.Frame, s.Time, s.Clock = w.frame, w.time, w.time
	if side == 1 {
		s.Src, s.Dst = s.Dst, s.Src
	}
	return s
}

// play sends the segments of a step, its data cut by cut in the order given.
func (w *wire) play(st step, cut func(data string) []piece) {
	side := st.side
	w.time += int64(st.wait)
	switch {
	case st.lost:
		w.seq[side] += uint32(len(st.data))
	case st.skip > 0:
		w.seq[side] += st.skip
	case st.syn || st.fin || st.rst:
		s := w.segment(side)
		s.SYN, s.FIN, s.RST = st.syn, st.fin, st.rst
		s.ACK = !st.syn || side == 1
		w.streams.Segment(s)
		if !st.rst {
			w.seq[side]++
		}
	default:
		for _, p := range cut(st.data) {
			s := w.segment(side)
			s.Seq += uint32(p.at)
			s.Payload = []byte(p.data)
			w.streams.Segment(s)
			clear(s.Payload) // as a source does that reuses its memory
		}
		w.seq[side] += uint32(len(st.data))
	}
}

// A piece is a part of a step's data.
type piece struct {
	at   int
	data string
}

func whole(data string) []piece { return []piece{{0, data}} }

func bytewise(data string) []piece {
	var all []piece
	for i := range len(data) {
		all = append(all, piece{i, data[i : i+1]})
	}
	return all
}

// describe returns an exchange as a line: what there is of
//
//	method target version host=h ua=u length=n type=t body="b" of n cut -> status or reason "reply"
func describe(x *Exchange) string {
	var b strings.Builder
	if x.Client != phone.AddrPort() {
		b.WriteString("from the server: ")
	}
	fmt.Fprintf(&b, "%s %s %s", x.Method, x.Target, cmp.Or(x.Version, "-"))
	if x.Host != "" {
		fmt.Fprintf(&b, " host=%s", x.Host)
	}
	if x.UserAgent != "" {
		fmt.Fprintf(&b, " ua=%s", x.UserAgent)
	}
	if x.ContentLength >= 0 {
		fmt.Fprintf(&b, " length=%d", x.ContentLength)
	}
	if x.ContentType != "" {
		fmt.Fprintf(&b, " type=%s", x.ContentType)
	}
	switch {
	case len(x.Body) > 100:
		fmt.Fprintf(&b, " body=%d", len(x.Body))
	case len(x.Body) > 0:
		fmt.Fprintf(&b, " body=%q", x.Body)
	}
	if x.Method == "POST" && x.BodySize != int64(len(x.Body)) {
		fmt.Fprintf(&b, " of %d", x.BodySize)
	}
	if x.Cut {
		b.WriteString(" cut")
	}
	switch {
	case !x.Done:
		b.WriteString(" -> ?")
	case x.NoResponse == Answered:
		fmt.Fprintf(&b, " -> %d", x.Status)
	default:
		fmt.Fprintf(&b, " -> %v", x.NoResponse)
		if x.Reply != "" {
			fmt.Fprintf(&b, " %q", x.Reply)
		}
	}
	return b.String()
}

// result returns the lines of what was found.
func (w *wire) result() []string {
	var all []string
	for _, x := range w.found {
		all = append(all, describe(x))
	}
	return all
}

// checkEmpty checks that nothing is kept when the capture has ended.
func (w *wire) checkEmpty(t testing.TB) {
	t.Helper()
	for _, x := range w.found {
		if !x.Done || x.conn != nil || x.next != nil {
			t.Errorf("%s is not done when the capture has ended", describe(x))
		}
	}
	if w.reader.kept != 0 {
		t.Errorf("%d bytes of heads are still kept", w.reader.kept)
	}
}

const ok = "HTTP/1.1 200 OK|Content-Length: 0||"

// A conversation is what is sent on a connection, and the exchanges in it.
type conversation struct {
	name   string
	script []string
	want   []string
}

// conversations give the same exchanges wherever their segments are cut.
var conversations = []conversation{
	{"not HTTP: SIP", []string{"syn",
		"> OPTIONS sip:alice@10.0.0.1 SIP/2.0|Via: SIP/2.0/TCP 10.0.0.2|Content-Length: 0||",
		"< SIP/2.0 200 OK|Content-Length: 0||",
		"> REGISTER sip:10.0.0.1 SIP/2.0|Content-Length: 0||"}, nil},
	{"not HTTP: SIP that is kept alive", []string{"syn", "> ||", "< ||",
		"> REGISTER sip:10.0.0.1 SIP/2.0|Content-Length: 0||",
		"< SIP/2.0 200 OK|Content-Length: 0||"}, nil},
	{"not HTTP: RTSP", []string{"syn",
		"> OPTIONS * RTSP/1.0|CSeq: 1||",
		"< RTSP/1.0 200 OK|CSeq: 1||",
		"> GET_PARAMETER rtsp://10.0.0.1/cam RTSP/1.0|CSeq: 2||"}, nil},
	{"not HTTP: TLS", []string{"syn",
		"> \x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
		"< \x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"}, nil},
	{"not HTTP: HTTP/2", []string{"syn",
		"> PRI * HTTP/2.0||SM||\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"< \x00\x00\x00\x04\x00\x00\x00\x00\x00"}, nil},
	{"not HTTP: a letter", []string{"syn", "> H", "< H"}, nil},
	{"not HTTP: words", []string{"syn", "< 220 mail ESMTP|", "> EHLO phone|", "< 250 OK|", "> QUIT|"}, nil},

	{"guide", []string{"syn",
		"> GET /mac=000b82123456&local=5002 HTTP/1.1|Host: 192.168.40.207|User-Agent: Grandstream Model HW GXP2170 SW 1.0.11.64||",
		"< HTTP/1.1 404 Not Found|Content-Length: 3||no|",
		"> fin", "< fin"},
		[]string{"GET /mac=000b82123456&local=5002 HTTP/1.1 host=192.168.40.207 ua=Grandstream Model HW GXP2170 SW 1.0.11.64 -> 404"}},
	{"kept alive", []string{"syn",
		"> GET /1 HTTP/1.1|Host: a||", "< " + ok,
		"> GET /2 HTTP/1.1|Host: a||", "< HTTP/1.1 500 No|Content-Length: 5||GET /",
		"> GET /3 HTTP/1.1|Host: b||", "< HTTP/1.1 404 |content-LENGTH :  0 ||"},
		[]string{"GET /1 HTTP/1.1 host=a -> 200", "GET /2 HTTP/1.1 host=a -> 500", "GET /3 HTTP/1.1 host=b -> 404"}},
	{"pipelining", []string{"syn",
		"> GET /1 HTTP/1.1||GET /2 HTTP/1.1||GET /3 HTTP/1.1||",
		"< HTTP/1.1 201 x|Content-Length: 3||oneHTTP/1.1 202 x|Content-Length: 3||twoHTTP/1.1 203 x|Content-Length: 0||"},
		[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202", "GET /3 HTTP/1.1 -> 203"}},
	{"pipelining, a response in the middle of a request", []string{"syn",
		"> GET /1 HTTP/1.1||GET /2 HT", "< HTTP/1.1 201 x|Content-Length: 0||",
		"> TP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
		[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202"}},
	{"pipelining, a request in the middle of a response", []string{"syn",
		"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-",
		"> GET /2 HTTP/1.1||", "< Length: 3||oneHTTP/1.1 202 x|Content-Length: 0||"},
		[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202"}},
	{"chunked", []string{"syn",
		"> POST /1 HTTP/1.1|Transfer-Encoding: chunked||5|GET /|0||GET /2 HTTP/1.1||",
		"< HTTP/1.1 201 x|Transfer-Encoding: gzip, Chunked|Content-Length: 4||00A ;a=\"b;c\"|0123456789|1|" +
			"\n|0|Trailer: x|Another: y||HTTP/1.1 202 x|Content-Length: 0||"},
		[]string{`POST /1 HTTP/1.1 body="GET /" -> 201`, "GET /2 HTTP/1.1 -> 202"}},
	{"no body whatever the head says", []string{"syn",
		"> HEAD /1 HTTP/1.1||", "< HTTP/1.1 200 OK|Content-Length: 500||",
		"> GET /2 HTTP/1.1||", "< HTTP/1.1 204 No Content|Content-Length: 500||",
		"> GET /3 HTTP/1.1||", "< HTTP/1.1 304 Not Modified|Transfer-Encoding: chunked||",
		"> GET /4 HTTP/1.1||", "< " + ok},
		[]string{"HEAD /1 HTTP/1.1 -> 200", "GET /2 HTTP/1.1 -> 204", "GET /3 HTTP/1.1 -> 304", "GET /4 HTTP/1.1 -> 200"}},
	{"interim responses", []string{"syn",
		"> PUT /1 HTTP/1.1|Expect: 100-continue|Content-Length: 4||",
		"< HTTP/1.1 100 Continue||", "> data",
		"< HTTP/1.1 102 Processing||HTTP/1.1 103 Early Hints|Link: x||" + ok,
		"> GET /2 HTTP/1.1||", "< " + ok},
		[]string{"PUT /1 HTTP/1.1 length=4 -> 200", "GET /2 HTTP/1.1 -> 200"}},
	{"body until the end", []string{"syn",
		"> GET /1 HTTP/1.0||", "< HTTP/1.0 200 OK||GET /2 HTTP/1.1||HTTP/1.1 404 x||", "< fin", "> fin"},
		[]string{"GET /1 HTTP/1.0 -> 200"}},
	{"no version, an empty line", []string{"syn",
		"> GET /incoming&mac=000b82123456||", "< " + ok, "> fin", "< fin"},
		[]string{"GET /incoming&mac=000b82123456 - -> 200"}},
	{"no version, no empty line", []string{"syn",
		"> GET /x|", "< " + ok, "> fin", "< fin"},
		[]string{"GET /x - -> 200"}},
	{"no version, no empty line, closed", []string{"syn", "> GET /x|", "> fin", "< fin"},
		[]string{"GET /x - -> closed"}},
	{"no version, a header", []string{"syn",
		"> GET /x|Host: a||", "< " + ok, "> fin", "< fin"},
		[]string{"GET /x - host=a -> 200"}},
	{"HTTP/0.9", []string{"syn", "> GET /x|", "< <html>|GET /y HTTP/1.1||", "< fin", "> fin"},
		[]string{"GET /x - -> 0"}},
	{"bare line feeds", []string{"syn",
		"> GET /1 HTTP/1.1\nHost: a\n\nGET /2 HTTP/1.1|Host: b\n|",
		"< HTTP/1.1 201 x\nContent-Length: 1\n\nxHTTP/1.1 202 x\nContent-Length: 0|\n"},
		[]string{"GET /1 HTTP/1.1 host=a -> 201", "GET /2 HTTP/1.1 host=b -> 202"}},
	{"empty lines before messages", []string{"syn",
		"> ||\nGET /1 HTTP/1.1||", "< |" + ok, "> |GET /2 HTTP/1.1||", "< " + ok},
		[]string{"GET /1 HTTP/1.1 -> 200", "GET /2 HTTP/1.1 -> 200"}},
	{"forms of targets", []string{"syn",
		"> GET http://10.0.0.1:8080/x?y HTTP/1.1|Host: a||", "< " + ok,
		"> OPTIONS * HTTP/1.1||", "< " + ok,
		"> GET incoming HTTP/1.1||", "< " + ok},
		[]string{"GET http://10.0.0.1:8080/x?y HTTP/1.1 host=a -> 200", "OPTIONS * HTTP/1.1 -> 200", "GET incoming HTTP/1.1 -> 200"}},
	{"raw bytes in the target", []string{"syn",
		"> GET /n=John Doe&x=M\xfcller\x01&y=\xe4\xb8\xad HTTP/1.0 z=1;2&p=100%&q=+49 HTTP/1.1||", "< " + ok,
		"> GET /?name= HTTP/1.1||", "< " + ok},
		[]string{"GET /n=John Doe&x=M\xfcller\x01&y=\xe4\xb8\xad HTTP/1.0 z=1;2&p=100%&q=+49 HTTP/1.1 -> 200", "GET /?name= HTTP/1.1 -> 200"}},
	{"raw bytes in a target without a version", []string{"syn",
		"> GET /n=John Doe&u=sip:1@b SIP&x=M\xfcller||", "< " + ok},
		[]string{"GET /n=John Doe&u=sip:1@b SIP&x=M\xfcller - -> 200"}},
	{"no target", []string{"syn",
		"> GET  HTTP/1.1|Host: a||", "< " + ok, "> GET HTTP/1.0||", "< " + ok, "> POST    HTTP/1.1|Content-Length: 1||x", "< " + ok},
		[]string{"GET  HTTP/1.1 host=a -> 200", "GET  HTTP/1.0 -> 200", `POST    HTTP/1.1 length=1 body="x" -> 200`}},
	{"methods in other cases", []string{"syn",
		"> get /1 HTTP/1.1||", "< " + ok, "> Post /2 HTTP/1.1|Content-Length: 1||x", "< " + ok},
		[]string{"get /1 HTTP/1.1 -> 200", "Post /2 HTTP/1.1 length=1 -> 200"}},
	{"not HTTP: words in lower case", []string{"syn", "> helo phone HTTP/1.1|", "< 250 ok|", "> quit|"}, nil},
	{"tabs between the parts", []string{"syn",
		"> GET\t/1\tHTTP/1.1||", "< " + ok, "> GET /2\tHTTP/1.1||", "< " + ok, "> GET\t/a b\tc HTTP/1.1||", "< " + ok},
		[]string{"GET /1 HTTP/1.1 -> 200", "GET /2 HTTP/1.1 -> 200", "GET /a b\tc HTTP/1.1 -> 200"}},
	{"unknown methods", []string{"syn",
		"> NOTE /1 HTTP/1.1||", "< " + ok, "> X-Y_Z /2 HTTP/1.1|Content-Length: 1||x", "< " + ok},
		[]string{"NOTE /1 HTTP/1.1 -> 200", "X-Y_Z /2 HTTP/1.1 length=1 -> 200"}},
	{"folded headers", []string{"syn",
		"> GET / HTTP/1.1|User-Agent: a|  b|\tc|Host:| d||", "< HTTP/1.1 200 OK|Content-Length:| 3||xyz",
		"> GET /2 HTTP/1.1||", "< " + ok},
		[]string{"GET / HTTP/1.1 host=d ua=a b c -> 200", "GET /2 HTTP/1.1 -> 200"}},
	{"malformed headers", []string{"syn",
		"> GET / HTTP/1.1| folded at once|no colon|: no name|:|Hos: a|Host : b|\x00\xff: x|Host\x00: c||", "< " + ok},
		[]string{"GET / HTTP/1.1 host=b -> 200"}},
	{"headers twice: the first counts", []string{"syn",
		"> GET / HTTP/1.1|hOST: a|Host: b|User-Agent: c|User-Agent: d||", "< " + ok},
		[]string{"GET / HTTP/1.1 host=a ua=c -> 200"}},
	{"empty headers", []string{"syn", "> GET / HTTP/1.1|Host:|User-Agent: |Content-Length:||", "< " + ok},
		[]string{"GET / HTTP/1.1 -> 200"}},
	{"lengths said twice", []string{"syn",
		"> POST /1 HTTP/1.1|Content-Length: 2|Content-Length: 2||xx", "< HTTP/1.1 200 OK|Content-Length: 3, 3||xyz",
		"> GET /2 HTTP/1.1||", "< " + ok},
		[]string{`POST /1 HTTP/1.1 length=2 body="xx" -> 200`, "GET /2 HTTP/1.1 -> 200"}},
	{"lengths that are none", []string{"syn",
		"> GET /1 HTTP/1.1|Content-Length: -2||GET /2 HTTP/1.1|Content-Length: x||" +
			"GET /3 HTTP/1.1|Content-Length: 99999999999999999999||GET /4 HTTP/1.1|Content-Length: 0x1||",
		"< " + ok + ok + ok + ok},
		[]string{"GET /1 HTTP/1.1 -> 200", "GET /2 HTTP/1.1 -> 200", "GET /3 HTTP/1.1 -> 200", "GET /4 HTTP/1.1 -> 200"}},
	{"bodies that look like messages", []string{"syn",
		"> POST /1 HTTP/1.1|Content-Length: 19||GET /no HTTP/1.1||",
		"< HTTP/1.1 201 x|Content-Length: 19||HTTP/1.1 404 Not||",
		"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 29||", "< GET /mac=000b82123456 HTTP/1.1||"[:31]},
		[]string{`POST /1 HTTP/1.1 length=19 body="GET /no HTTP/1.1\r\n\r" -> 201`, "GET /2 HTTP/1.1 -> 202"}},
	{"the client is done sending", []string{"syn",
		"> GET /1 HTTP/1.1||", "> fin", "< " + ok, "< fin"},
		[]string{"GET /1 HTTP/1.1 -> 200"}},
	{"pipelining, acknowledged on the way", []string{"syn",
		"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Len", "> GET /2 HTTP/1.1||", "< gth: 0||",
		"> GET /3 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||", "< HTTP/1.1 203 x|Content-Length: 0||"},
		[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202", "GET /3 HTTP/1.1 -> 203"}},
	{"pipelining, each sent when the one before it is answered in part", []string{"syn",
		"> GET /1 HTTP/1.1||GET /2 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 2||o", "> GET /3 HTTP/1.1||",
		"< kHTTP/1.1 202 x|Content-Length: 2||o", "> GET /4 HTTP/1.1||", "< kHTTP/1.1 203 x|Content-Length: 0||",
		"< HTTP/1.1 204 x||"},
		[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202", "GET /3 HTTP/1.1 -> 203", "GET /4 HTTP/1.1 -> 204"}},
	{"a response twice", []string{"syn",
		"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 0||", "< HTTP/1.1 201 x|Content-Length: 0||",
		"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
		[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202"}},
	{"closed in a request's head", []string{"syn",
		"> GET /1 HTTP/1.1|Host: a|User-Ag", "> fin", "< HTTP/1.1 400 x|Content-Length: 0||", "< fin"},
		[]string{"GET /1 HTTP/1.1 host=a cut -> 400"}},
	{"reset in a request's head", []string{"syn",
		"> GET /1 HTTP/1.1|Host: a|", "< rst"},
		[]string{"GET /1 HTTP/1.1 host=a cut -> reset"}},
	{"the capture ends in a request's head", []string{"syn",
		"> GET /1 HTTP/1.1|Host: a||", "< " + ok, "> GET /2 HTTP/1.1|"},
		[]string{"GET /1 HTTP/1.1 host=a -> 200", "GET /2 HTTP/1.1 cut -> not_captured"}},
	{"the place of a message after another protocol's beginning", []string{"syn",
		"> GET /1 HTTP/1.1||", "< HTTP/1.1 101 Switching Protocols||", "> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
		[]string{"GET /1 HTTP/1.1 -> 101", "GET /2 HTTP/1.1 -> 202"}},
	{"a tunnel", []string{"syn",
		"> CONNECT 10.0.0.9:80 HTTP/1.1|Host: a||", "< HTTP/1.1 200 Connection established||",
		"> GET /1 HTTP/1.1||", "< HTTP/1.1 404 x|Content-Length: 0||", "> GET /2 HTTP/1.1||", "< " + ok},
		[]string{"CONNECT 10.0.0.9:80 HTTP/1.1 host=a -> 200", "GET /1 HTTP/1.1 -> 404", "GET /2 HTTP/1.1 -> 200"}},
	{"a tunnel for another protocol", []string{"syn",
		"> CONNECT 10.0.0.9:443 HTTP/1.1||", "< HTTP/1.1 200 Connection established||",
		"> \x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "< \x16\x03\x03\x00\x05\x02\x00\x00\x01\x00", "> fin", "< fin"},
		[]string{"CONNECT 10.0.0.9:443 HTTP/1.1 -> 200"}},
	{"closed without an answer", []string{"syn",
		"> GET /1 HTTP/1.1||", "< " + ok, "> GET /2 HTTP/1.1||", "< fin", "> fin"},
		[]string{"GET /1 HTTP/1.1 -> 200", "GET /2 HTTP/1.1 -> closed"}},
	{"a request behind the server's end", []string{"syn",
		"> GET /1 HTTP/1.1||", "< " + ok, "< fin", "> GET /2 HTTP/1.1||", "> fin"},
		[]string{"GET /1 HTTP/1.1 -> 200", "GET /2 HTTP/1.1 -> closed"}},
	{"closed in a head", []string{"syn",
		"> GET /1 HTTP/1.1||", "< HTTP/1.1 200 OK|Content-Le", "< fin"},
		[]string{"GET /1 HTTP/1.1 -> 200"}},
	{"reset without an answer", []string{"syn",
		"> GET /1 HTTP/1.1||GET /2 HTTP/1.1||", "< " + ok, "< rst"},
		[]string{"GET /1 HTTP/1.1 -> 200", "GET /2 HTTP/1.1 -> reset"}},
	{"reset by the client", []string{"syn", "> GET /1 HTTP/1.1||", "> rst"},
		[]string{"GET /1 HTTP/1.1 -> aborted"}},
	{"bodies of several requests", []string{"syn",
		"> POST /1 HTTP/1.1|Content-Type: text/xml; charset=utf-8|Content-Length: 6||<a/>|", "< HTTP/1.1 200 OK|Content-Length: 0||",
		"> POST /2 HTTP/1.1|content-type:application/json|Transfer-Encoding: chunked||2|{}|3;x|abc|0|T: 1||", "< HTTP/1.1 204 No Content||",
		"> GET /3 HTTP/1.1||POST /4 HTTP/1.1|Content-Length: 3||abc", "< HTTP/1.1 200 OK|Content-Length: 0||HTTP/1.1 200 OK|Content-Length: 0||"},
		[]string{`POST /1 HTTP/1.1 length=6 type=text/xml; charset=utf-8 body="<a/>\r\n" -> 200`,
			`POST /2 HTTP/1.1 type=application/json body="{}abc" -> 204`, "GET /3 HTTP/1.1 -> 200", `POST /4 HTTP/1.1 length=3 body="abc" -> 200`}},
	{"the capture ends", []string{"syn", "> GET /1 HTTP/1.1||POST /2 HTTP/1.1|Content-Length: 9||x"},
		[]string{"GET /1 HTTP/1.1 -> not_captured", `POST /2 HTTP/1.1 length=9 body="x" -> not_captured`}},
}

// Where messages begin in segmented is told by where segments do.
var segmented = []conversation{
	{"one direction only", []string{"> GET /1 HTTP/1.1||", "> GET /2 HTTP/1.1||", "> fin"},
		[]string{"GET /1 HTTP/1.1 -> not_captured", "GET /2 HTTP/1.1 -> not_captured"}},
	{"the server asks too", []string{"syn",
		"> GET /1 HTTP/1.1||", "< HTTP/1.1 101 Switching Protocols|Upgrade: PTTH/1.0||",
		"< GET /2 HTTP/1.1||", "> HTTP/1.1 204 x||"},
		[]string{"GET /1 HTTP/1.1 -> 101", "from the server: GET /2 HTTP/1.1 -> 204"}},
	{"a protocol that is not HTTP follows", []string{"syn",
		"> GET /1 HTTP/1.1|Upgrade: websocket||", "< HTTP/1.1 101 Switching Protocols||\x81\x02hi", "> \x81\x82abcdhi", "< \x88\x00", "> fin", "< fin"},
		[]string{"GET /1 HTTP/1.1 -> 101"}},
	{"a tunnel that is refused", []string{"syn",
		"> CONNECT 10.0.0.9:80 HTTP/1.1||", "< HTTP/1.1 407 x|Content-Length: 19||GET /no HTTP/1.1||",
		"> GET /1 HTTP/1.1||", "< HTTP/1.1 404 x|Content-Length: 0||"},
		[]string{"CONNECT 10.0.0.9:80 HTTP/1.1 -> 407", "GET /1 HTTP/1.1 -> 404"}},
	{"a body that is not wanted", []string{"syn",
		"> PUT /1 HTTP/1.1|Expect: 100-continue|Content-Length: 400||", "< HTTP/1.1 417 x|Content-Length: 0||",
		"> GET /2 HTTP/1.1||", "< " + ok},
		[]string{"PUT /1 HTTP/1.1 length=400 -> 417", "GET /2 HTTP/1.1 -> 200"}},
	{"an answer that is not HTTP", []string{"syn", "> GET /1 HTTP/1.1||", "< OK|", "< fin", "> fin"},
		[]string{`GET /1 HTTP/1.1 -> not_http "OK\r\n"`}},
	{"answers that are not HTTP, kept alive", []string{"syn",
		"> GET /1 HTTP/1.1||", "< OK|", "> GET /2 HTTP/1.1||", "< HTTP 503 Service Unavailable|", "> GET /3 HTTP/1.1||", "< " + ok},
		[]string{`GET /1 HTTP/1.1 -> not_http "OK\r\n"`, `GET /2 HTTP/1.1 -> not_http "HTTP 503 Service Unavailable\r\n"`, "GET /3 HTTP/1.1 -> 200"}},
	{"a TLS alert", []string{"syn", "> GET /1 HTTP/1.1||", "< \x15\x03\x01\x00\x02\x02\x46", "< fin"},
		[]string{`GET /1 HTTP/1.1 -> not_http "\x15\x03\x01\x00\x02\x02F"`}},
	{"a banner", []string{"syn", "< 220 mail ESMTP|", "> GET /1 HTTP/1.1||", "< 500 unknown|", "< fin"},
		[]string{`GET /1 HTTP/1.1 -> not_http "500 unknown\r\n"`}},
	{"an answer that begins like a status line", []string{"syn", "> GET /1 HTTP/1.1||", "< HTTP/1.1 OK||", "< fin"},
		[]string{`GET /1 HTTP/1.1 -> not_http "HTTP/1.1 OK\r\n\r\n"`}},
	{"an answer that is the beginning of a status line", []string{"syn", "> GET /1 HTTP/1.1||", "< HTTP", "< fin"},
		[]string{`GET /1 HTTP/1.1 -> not_http "HTTP"`}},
	{"an answer that is not HTTP, a long one", []string{"syn", "> GET /1 HTTP/1.1||", "< " + strings.Repeat("x", 100), "< fin"},
		[]string{`GET /1 HTTP/1.1 -> not_http "` + strings.Repeat("x", 64) + `"`}},
	{"segments of a body that begin like messages", []string{"syn",
		"> GET /1 HTTP/1.1||", "< HTTP/1.0 200 OK||<pre>", "< GET /mac=000b82123456 HTTP/1.1||", "< HTTP/1.1 500 x||", "< fin"},
		[]string{"GET /1 HTTP/1.1 -> 200"}},
	{"segments of a joined body that begin like messages", []string{
		"< HTTP/1.0 200 OK||<pre>", "< GET /mac=000b82123456 HTTP/1.1||", "> GET /1 HTTP/1.1||", "< HTTP/1.1 500 x||"},
		[]string{"GET /1 HTTP/1.1 -> not_captured"}},
}

func TestReader(t *testing.T) {
	for _, c := range slices.Concat(conversations, segmented) {
		t.Run(c.name, func(t *testing.T) {
			w := newWire()
			for _, s := range steps(c.script...) {
				w.play(s, whole)
			}
			w.streams.Flush()
			w.checkEmpty(t)
			if diff := gocmp.Diff(c.want, w.result()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if n := w.reader.Counts.Broken; n != 0 {
				t.Errorf("%d messages broken", n)
			}
		})
	}
}

// The segments of a conversation may be cut anywhere.
func TestCutAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			script := steps(c.script...)
			try := func(name string, cut func(i int, data string) []piece) {
				t.Helper()
				w := newWire()
				for i, s := range script {
					w.play(s, func(data string) []piece { return cut(i, data) })
				}
				w.streams.Flush()
				w.checkEmpty(t)
				if diff := gocmp.Diff(c.want, w.result()); diff != "" {
					t.Fatalf("%s: want -, got +:\n%s", name, diff)
				}
				if n := w.reader.Counts.Broken; n != 0 {
					t.Fatalf("%s: %d messages broken", name, n)
				}
			}
			for i, s := range script {
				for at := 1; at < len(s.data); at++ {
					two := []piece{{0, s.data[:at]}, {at, s.data[at:]}}
					for _, order := range []string{"cut", "reordered"} {
						try(fmt.Sprintf("%q %s before %q", s.data[:at], order, s.data[at:]), func(j int, data string) []piece {
							if i == j {
								return two
							}
							return whole(data)
						})
						slices.Reverse(two)
					}
				}
			}
			try("single bytes", func(_ int, data string) []piece { return bytewise(data) })
			try("single bytes, each pair reordered", func(_ int, data string) []piece {
				all := bytewise(data)
				for i := 1; i < len(all); i += 2 {
					all[i-1], all[i] = all[i], all[i-1]
				}
				return all
			})
			try("each segment twice", func(_ int, data string) []piece {
				return append(whole(data), whole(data)...)
			})
		})
	}
}

// Captures that lack a part lose no more than the message that it belongs to.
func TestLosses(t *testing.T) {
	long := strings.Repeat("x", 100)
	tests := []struct {
		name   string
		script []string
		want   []string
		broken int
	}{
		{"a request", []string{"syn",
			"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 0||",
			"> lost GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||",
			"> GET /3 HTTP/1.1||", "< HTTP/1.1 203 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> 201", "GET /3 HTTP/1.1 -> 203"}, 1},
		{"the first request", []string{"syn",
			"> lost GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 0||",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /2 HTTP/1.1 -> 202"}, 1},
		{"a response", []string{"syn",
			"> GET /1 HTTP/1.1||", "< lost HTTP/1.1 201 x|Content-Length: 0||",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||",
			"> GET /3 HTTP/1.1||", "< HTTP/1.1 203 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> not_captured", "GET /2 HTTP/1.1 -> 202", "GET /3 HTTP/1.1 -> 203"}, 1},
		{"two responses", []string{"syn",
			"> GET /1 HTTP/1.1||", "< lost HTTP/1.1 201 x|Content-Length: 0||",
			"> GET /2 HTTP/1.1||", "< lost HTTP/1.1 202 x|Content-Length: 0||",
			"> GET /3 HTTP/1.1||", "< HTTP/1.1 203 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> not_captured", "GET /2 HTTP/1.1 -> not_captured", "GET /3 HTTP/1.1 -> 203"}, 1},
		{"a response, and then all is closed", []string{"syn",
			"> GET /1 HTTP/1.1||", "< lost HTTP/1.1 201 x|Content-Length: 0||", "> fin", "< fin"},
			[]string{"GET /1 HTTP/1.1 -> not_captured"}, 1},
		{"a response, and then the client resets the connection", []string{"syn",
			"> GET /1 HTTP/1.1||", "< lost HTTP/1.1 201 x|Content-Length: 0||", "> rst"},
			[]string{"GET /1 HTTP/1.1 -> not_captured"}, 0},
		{"all of the server's, and the client resets the connection", []string{
			"> GET /1 HTTP/1.1||", "< lost HTTP/1.1 201 x|Content-Length: 0||", "> rst"},
			[]string{"GET /1 HTTP/1.1 -> not_captured"}, 0},
		{"a response and a request", []string{"syn",
			"> GET /1 HTTP/1.1||", "< lost HTTP/1.1 201 x|Content-Length: 0||",
			"> lost GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||",
			"> GET /3 HTTP/1.1||", "< HTTP/1.1 203 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> not_captured", "GET /3 HTTP/1.1 -> 203"}, 2},
		{"the middle of a body", []string{"syn",
			"> POST /1 HTTP/1.1|Content-Length: 200||" + long[:50], "> lost " + long, "> " + long[:50] + "GET /2 HTTP/1.1||",
			"< HTTP/1.1 201 x|Content-Length: 200||" + long[:50], "< lost " + long, "< " + long[:50] + "HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{`POST /1 HTTP/1.1 length=200 body="` + long[:50] + `" of 200 -> 201`, "GET /2 HTTP/1.1 -> 202"}, 0},
		{"a whole body", []string{"syn",
			"> POST /1 HTTP/1.1|Content-Length: 100||", "> lost " + long,
			"< HTTP/1.1 201 x|Content-Length: 100||", "< lost " + long,
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"POST /1 HTTP/1.1 length=100 of 100 -> 201", "GET /2 HTTP/1.1 -> 202"}, 0},
		{"a part of a chunk", []string{"syn",
			"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Transfer-Encoding: chunked||C8|" + long[:50], "< lost " + long, "< " + long[:50] + "|0||",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202"}, 0},
		{"the end of a chunk and the next one's size", []string{"syn",
			"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Transfer-Encoding: chunked||C8|" + long, "< lost " + long + "|64|", "< " + long + "|0||",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202"}, 1},
		{"the end of a body and the next head's beginning", []string{"syn",
			"> POST /1 HTTP/1.1|Content-Length: 100||" + long[:50], "> lost " + long[:50] + "GET /2 HT", "> TP/1.1||",
			"< HTTP/1.1 201 x|Content-Length: 0||HTTP/1.1 202 x|Content-Length: 0||",
			"> GET /3 HTTP/1.1||", "< HTTP/1.1 203 x|Content-Length: 0||"},
			[]string{`POST /1 HTTP/1.1 length=100 body="` + long[:50] + `" -> 201`, "GET /3 HTTP/1.1 -> 203"}, 1},
		{"the middle of a head", []string{"syn",
			"> GET /1 HTTP/1.1|User-Agent: a", "> lost " + long, "> |Host: b||",
			"< HTTP/1.1 201 x|Content-Length: 0||",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 ua=a cut -> 201", "GET /2 HTTP/1.1 -> 202"}, 0},
		{"the middle of a response's head", []string{"syn",
			"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Server: a", "< lost " + long, "< |Content-Length: 10||0123456789",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202"}, 0},
		{"the beginning, joined at a request", []string{
			"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 0||",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202"}, 0},
		{"the beginning, joined at a response", []string{
			"< HTTP/1.1 201 x|Content-Length: 0||",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /2 HTTP/1.1 -> 202"}, 0},
		{"the beginning, joined in a body", []string{
			"< " + long, "< " + long,
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /2 HTTP/1.1 -> 202"}, 0},
		{"the beginning, joined in a head", []string{
			"> ST /1 HTTP/1.1|Content-Length: 100||", "> " + long, "< HTTP/1.1 201 x|Content-Length: 0||",
			"> GET /2 HTTP/1.1|Host: a|", "> User-Agent: b||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /2 HTTP/1.1 host=a ua=b -> 202"}, 0},
		{"the end of a connection, in a head", []string{"syn",
			"> GET /1 HTTP/1.1|Ho", "> skip 30000000",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 cut -> not_captured", "GET /2 HTTP/1.1 -> 202"}, 0},
		{"the end of a connection and the SYNs of the next", []string{"syn",
			"> GET /1 HTTP/1.1||", "> skip 3000000000", "< skip 40000000",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> not_captured", "GET /2 HTTP/1.1 -> 202"}, 2},
		{"the end of a connection and the SYNs of the next, whose numbers are lower", []string{"syn",
			"> GET /1 HTTP/1.1||", "> skip 40000000", "< skip 3000000000",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> not_captured", "GET /2 HTTP/1.1 -> 202"}, 2},
		{"the end of a head, and the client closes", []string{"syn",
			"> GET /1 HTTP/1.1|Host: a|", "> lost User-Agent: b||", "< HTTP/1.1 201 x|Content-Length: 0||", "> fin", "< fin"},
			[]string{"GET /1 HTTP/1.1 host=a cut -> 201"}, 0},
		{"the end of a head and its response", []string{"syn",
			"> GET /1 HTTP/1.1|Host: a|", "> lost User-Agent: b||", "< lost HTTP/1.1 201 x|Content-Length: 0||",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 host=a cut -> not_captured", "GET /2 HTTP/1.1 -> 202"}, 1},
		{"the end of a head, and nothing answers", []string{"syn",
			"> GET /1 HTTP/1.1|Host: a|", "> lost User-Agent: b||", "> fin", "< fin"},
			[]string{"GET /1 HTTP/1.1 host=a cut -> not_captured"}, 0},
		{"the end of a request line", []string{"syn",
			"> GET /1&local=50", "> lost 02 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 0||",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /2 HTTP/1.1 -> 202"}, 1},
		{"the end of a request line, and the connection's", []string{"syn", "> GET /1&local=50", "> rst"}, nil, 1},
		{"a response of several", []string{"syn",
			"> GET /1 HTTP/1.1||GET /2 HTTP/1.1||GET /3 HTTP/1.1||", "< lost HTTP/1.1 201 x|Content-Length: 0||",
			"< HTTP/1.1 202 x|Content-Length: 0||", "> GET /4 HTTP/1.1||", "< HTTP/1.1 203 x|Content-Length: 0||", "< HTTP/1.1 204 x||"},
			[]string{"GET /1 HTTP/1.1 -> not_captured", "GET /2 HTTP/1.1 -> not_captured", "GET /3 HTTP/1.1 -> not_captured", "GET /4 HTTP/1.1 -> not_captured"}, 1},
		{"a request of several", []string{"syn",
			"> GET /1 HTTP/1.1||", "> lost GET /2 HTTP/1.1||", "> GET /3 HTTP/1.1||",
			"< HTTP/1.1 201 x|Content-Length: 0||", "< HTTP/1.1 202 x|Content-Length: 0||", "< HTTP/1.1 203 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> 201", "GET /3 HTTP/1.1 -> not_captured"}, 1},
		{"nothing, but the body is longer than it says", []string{"syn",
			"> GET /1 HTTP/1.1||GET /2 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 2||okay", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202"}, 1},
		{"a head that another protocol cuts off", []string{"syn",
			"> GET /1 HTTP/1.1||GET /2 HT", "< HTTP/1.1 101 Switching Protocols||", "> TP/1.1||"},
			[]string{"GET /1 HTTP/1.1 -> 101"}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWire()
			for _, s := range steps(test.script...) {
				w.play(s, whole)
			}
			w.streams.Flush()
			w.checkEmpty(t)
			if diff := gocmp.Diff(test.want, w.result()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if n := w.reader.Counts.Broken; n != test.broken {
				t.Errorf("%d messages broken, not %d", n, test.broken)
			}
		})
	}
}

// The order in which segments are captured is not always that of sending.
func TestCapturedOutOfOrder(t *testing.T) {
	tests := []struct {
		name   string
		swap   [2]int
		script []string
		want   []string
	}{
		{"response before request", [2]int{2, 3}, []string{"syn",
			"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 2||ok",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202"}},
		{"second response before its request", [2]int{4, 5}, []string{"syn",
			"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 2||ok",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202"}},
		{"second request before the first response", [2]int{3, 4}, []string{"syn",
			"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 2||ok",
			"> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> 201", "GET /2 HTTP/1.1 -> 202"}},
		{"the end before the response", [2]int{3, 4}, []string{"syn",
			"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 2||ok", "< fin", "> fin"},
			[]string{"GET /1 HTTP/1.1 -> 201"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var frames []*packet.Segment
			w := newWire()
			for _, st := range steps(test.script...) {
				s := w.segment(st.side)
				s.SYN, s.FIN, s.Payload = st.syn, st.fin, []byte(st.data)
				s.ACK = !st.syn || st.side == 1
				w.seq[st.side] += uint32(len(st.data))
				if st.syn || st.fin {
					w.seq[st.side]++
				}
				frames = append(frames, s)
			}
			i, j := test.swap[0], test.swap[1]
			frames[i], frames[j] = frames[j], frames[i]
			for _, s := range frames {
				w.streams.Segment(s)
			}
			w.streams.Flush()
			w.checkEmpty(t)
			if diff := gocmp.Diff(test.want, w.result()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// A request's place is the frame that completes its head; its latency ends at
// the first byte of the response.
func TestOrigin(t *testing.T) {
	w := newWire()
	for _, s := range steps("syn", // frames 1, 2
		"> GET /1 HTTP/1.1|Ho", // 3
		"> st: a||",            // 4
		"wait 100ms",           // 5
		"< HTT",                // 6
		"< P/1.1 200 OK|",      // 7
		"< Content-Length: 0||",
		"> GET /2 HTTP/1.1||GET /3 HTTP/1.1|", // 9
		"> |") {
		w.play(s, whole)
	}
	type place struct {
		Target  string
		Frame   int
		Latency time.Duration
	}
	var got []place
	for _, x := range w.found {
		got = append(got, place{x.Target, x.Frame, time.Duration(x.Latency)})
	}
	want := []place{{"/1", 4, 102 * time.Millisecond}, {"/2", 9, 0}, {"/3", 10, 0}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestGap tells the exchanges between whose request and response something is
// missing.
func TestGap(t *testing.T) {
	tests := []struct {
		name   string
		script []string
		want   []bool
	}{
		{"nothing", []string{"syn", "> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 0||"}, []bool{false}},
		{"a response and a request", []string{"syn",
			"> GET /1 HTTP/1.1||", "< lost HTTP/1.1 201 x|Content-Length: 0||",
			"> lost GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||",
			"> GET /3 HTTP/1.1||", "< HTTP/1.1 203 x|Content-Length: 0||"}, []bool{true, false}},
		{"the middle of a response's body", []string{"syn",
			"> GET /1 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 100||begin", "< lost " + strings.Repeat("x", 50),
			"< " + strings.Repeat("x", 45), "> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"}, []bool{false, false}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWire()
			for _, s := range steps(test.script...) {
				w.play(s, whole)
			}
			w.streams.Flush()
			var got []bool
			for _, x := range w.found {
				got = append(got, x.Gap)
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestExpire(t *testing.T) {
	const back = "> skip 4294967277" // by the 19 bytes of a request
	tests := []struct {
		name   string
		script []string
		later  []string
		want   []string
	}{
		{"no answer", []string{"syn", "> GET /1 HTTP/1.1||"}, nil,
			[]string{"GET /1 HTTP/1.1 -> timeout"}},
		{"no acknowledgement, so it is sent again", []string{"syn", "> GET /1 HTTP/1.1||", back, "> GET /1 HTTP/1.1||"}, nil,
			[]string{"GET /1 HTTP/1.1 -> unacknowledged"}},
		{"it is sent again, but acknowledged", []string{"syn", "> GET /1 HTTP/1.1||", back, "> GET /1 HTTP/1.1||", "< "}, nil,
			[]string{"GET /1 HTTP/1.1 -> timeout"}},
		{"only the first is acknowledged", []string{"syn", "> GET /1 HTTP/1.1||", "< ", "> GET /2 HTTP/1.1||", back, "> GET /2 HTTP/1.1||"}, nil,
			[]string{"GET /1 HTTP/1.1 -> timeout", "GET /2 HTTP/1.1 -> unacknowledged"}},
		{"no answer, one direction only", []string{"> GET /1 HTTP/1.1||"}, nil,
			[]string{"GET /1 HTTP/1.1 -> not_captured"}},
		{"the answer was not captured, but its acknowledgement", []string{"syn", "> GET /1 HTTP/1.1||", "< lost HTTP/1.1 201 x|Content-Length: 0||", "> fin"}, nil,
			[]string{"GET /1 HTTP/1.1 -> not_captured"}},
		{"an interim answer only", []string{"syn", "> GET /1 HTTP/1.1||", "< HTTP/1.1 100 x||", "> fin"}, nil,
			[]string{"GET /1 HTTP/1.1 -> timeout"}},
		{"a late answer is not that of the next request", []string{"syn", "> GET /1 HTTP/1.1||"},
			[]string{"> GET /2 HTTP/1.1||", "< HTTP/1.1 201 x|Content-Length: 0||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> timeout", "GET /2 HTTP/1.1 -> 202"}},
		{"a late answer, and then the next request", []string{"syn", "> GET /1 HTTP/1.1||"},
			[]string{"< HTTP/1.1 201 x|Content-Length: 0||", "> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> timeout", "GET /2 HTTP/1.1 -> 202"}},
		{"a late answer that was not captured", []string{"syn", "> GET /1 HTTP/1.1||"},
			[]string{"< lost HTTP/1.1 201 x|Content-Length: 0||", "> GET /2 HTTP/1.1||", "< HTTP/1.1 202 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> timeout", "GET /2 HTTP/1.1 -> 202"}},
		{"two late answers", []string{"syn", "> GET /1 HTTP/1.1||GET /2 HTTP/1.1||"},
			[]string{"< HTTP/1.1 201 x|Content-Length: 0||HTTP/1.1 202 x|Content-Length: 0||", "> GET /3 HTTP/1.1||", "< HTTP/1.1 203 x|Content-Length: 0||"},
			[]string{"GET /1 HTTP/1.1 -> timeout", "GET /2 HTTP/1.1 -> timeout", "GET /3 HTTP/1.1 -> 203"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWire()
			for _, s := range steps(test.script...) {
				w.play(s, whole)
			}
			for _, x := range w.found {
				w.reader.Expire(x)
			}
			for _, s := range steps(test.later...) {
				w.play(s, whole)
			}
			w.streams.Flush()
			w.checkEmpty(t)
			if diff := gocmp.Diff(test.want, w.result()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// Beyond a number of requests without a response pipelining is not followed,
// but the responses still belong to those that they answer.
func TestUnansweredBound(t *testing.T) {
	const n = maxUnanswered + 50
	w := newWire()
	var requests, responses bytes.Buffer
	for i := range n {
		fmt.Fprintf(&requests, "GET /%d HTTP/1.1\r\n\r\n", i)
		fmt.Fprintf(&responses, "HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n", 200+i)
	}
	for _, s := range append(steps("syn"), step{data: requests.String()}, step{side: 1, data: responses.String()}) {
		w.play(s, whole)
	}
	for i, x := range w.found {
		want := fmt.Sprintf("GET /%d HTTP/1.1 -> %d", i, 200+i)
		if i < n-maxUnanswered {
			want = fmt.Sprintf("GET /%d HTTP/1.1 -> not_captured", i)
		}
		if got := describe(x); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if len(w.found) != n {
		t.Errorf("%d requests, not %d", len(w.found), n)
	}
}

func TestBoundOfHead(t *testing.T) {
	const line = "GET / HTTP/1.1\r\nCookie: "
	for _, test := range []struct {
		name string
		size int // of the head
		long int
		want []string
	}{
		{"as long as may be", maxHead, 0, []string{"GET / HTTP/1.1 -> 200", "GET /2 HTTP/1.1 -> 200"}},
		{"too long", maxHead + 1, 1, []string{"GET / HTTP/1.1 cut -> 200", "GET /2 HTTP/1.1 -> 200"}},
		{"far too long", 10 * maxHead, 1, []string{"GET / HTTP/1.1 cut -> 200", "GET /2 HTTP/1.1 -> 200"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWire()
			head := line + strings.Repeat("x", test.size-len(line)-4) + "\r\n\r\n"
			for _, s := range append(append(steps("syn"), step{data: head}), steps("< "+ok, "> GET /2 HTTP/1.1||", "< "+ok)...) {
				w.play(s, func(data string) (all []piece) {
					for i := 0; i < len(data); i += 1460 {
						all = append(all, piece{i, data[i:min(len(data), i+1460)]})
					}
					return all
				})
			}
			w.streams.Flush()
			w.checkEmpty(t)
			if diff := gocmp.Diff(test.want, w.result()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if got := w.reader.Counts.LongHeads; got != test.long {
				t.Errorf("%d heads too long, not %d", got, test.long)
			}
		})
	}
}

// What is beyond the bounds of bodies is counted, and memory comes back.
func TestBoundOfBodies(t *testing.T) {
	w := newWire()
	post := func(size int) string {
		return fmt.Sprintf("> POST / HTTP/1.1|Content-Length: %d||%s", size, strings.Repeat("x", size))
	}
	for _, st := range steps("syn", post(MaxBody), "< HTTP/1.1 200 OK|Content-Length: 0||", post(MaxBody+1), "< HTTP/1.1 200 OK|Content-Length: 0||") {
		w.play(st, whole)
	}
	want := []string{
		fmt.Sprintf("POST / HTTP/1.1 length=%d body=%d -> 200", MaxBody, MaxBody), fmt.Sprintf("POST / HTTP/1.1 length=%d body=%d of %d -> 200", MaxBody+1, MaxBody, MaxBody+1),
	}
	if diff := gocmp.Diff(want, w.result()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	for range maxBodies/MaxBody + 3 { // two are there
		for _, st := range steps(post(MaxBody), "< HTTP/1.1 200 OK|Content-Length: 0||") {
			w.play(st, whole)
		}
	}
	if w.reader.bodies > maxBodies || w.reader.Counts.Bodies != 5 {
		t.Errorf("%d bytes of bodies are kept, %d are not", w.reader.bodies, w.reader.Counts.Bodies)
	}
	for _, x := range w.found {
		w.reader.Release(x)
	}
	if w.reader.bodies != 0 {
		t.Errorf("%d bytes of bodies are kept of requests that were released", w.reader.bodies)
	}
}

// What comes of a body after its request was released is nobody's.
func TestBodyAfterRelease(t *testing.T) {
	w := newWire()
	play := func(lines ...string) {
		for _, st := range steps(lines...) {
			w.play(st, whole)
		}
	}
	play("syn", "> POST /1 HTTP/1.1|Content-Length: 6||abc", "< HTTP/1.1 200 OK|Content-Length: 0||")
	first := w.found[0]
	body := first.Body
	w.reader.Release(first)
	play("> def", "> GET /2 HTTP/1.1||", "< HTTP/1.1 200 OK|Content-Length: 0||")
	if second := w.found[1]; second != first || len(second.Body) > 0 || second.BodySize != 0 || string(body) != "abc" {
		t.Errorf("got %s, and %q before", describe(second), body)
	}
}

// What has come in part is bounded over all connections, what it is kept in
// included.
func TestBoundOfParts(t *testing.T) {
	w := newWire()
	head := []byte("GET / HTTP/1.1\r\nCookie: " + strings.Repeat("x", 4000))
	s := &packet.Segment{Src: phone, Dst: pbx}
	for round := range 3 {
		for n := range 2 * maxParts / len(head) {
			s.Frame++
			s.Src.Port = uint16(n)
			s.Src.Addr.Lo = uint64(n>>16 + round)
			s.Payload = head
			w.streams.Segment(s)
			if w.reader.kept > maxParts {
				t.Fatalf("%d bytes are kept", w.reader.kept)
			}
		}
		if w.reader.Counts.LongHeads == 0 {
			t.Fatal("nothing was given up")
		}
		w.streams.Flush()
		w.checkEmpty(t)
	}
	kept := 0
	for _, p := range w.reader.parts {
		kept += cap(p.data)
	}
	if kept > maxParts {
		t.Errorf("parts to be used again take %d bytes", kept)
	}
}

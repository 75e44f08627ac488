package wire

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/dns"
	"actionurl/decode/httpwire"
	"actionurl/decode/sip"
	"actionurl/decode/stream"
	"actionurl/decode/tls"
)

const (
	phone  = "192.168.40.50"
	server = "192.168.40.207:80"
	answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
)

func get(target string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: 192.168.40.207\r\n\r\n"
}

// batch returns the frames of a capture in memory of its own.
func batch(frames []capturetest.Frame) *capture.Batch { return capturetest.Batch("test.pcap", frames) }

// A sink writes down what it gets, in one order, and hands exchanges on to
// exchange, unless that is nil.
type sink struct {
	lines    []string
	exchange func(*httpwire.Exchange)
}

var _ Sink = (*sink)(nil)

func (s *sink) add(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *sink) Exchange(x *httpwire.Exchange) {
	if s.exchange != nil {
		s.exchange(x)
		return
	}
	s.add("%d %s %d %v", x.Frame, x.Target, x.Status, x.NoResponse)
}

func (s *sink) Attempt(a *stream.Attempt) { s.add("%d %v, refused %v", a.Frame, a.Server, a.Refused) }

func (s *sink) Handshake(h *tls.Handshake) {
	s.add("%d hello %v > %v, %q", h.Frame, h.Client.Addr(), h.Server, h.Name)
}

func (s *sink) Lookup(l *dns.Lookup) {
	s.add("%d lookup of %s by %v: %v", l.Frame, l.Name, l.Client, l.Outcome)
}

func (s *sink) Message(m *sip.Message) {
	s.add("%d %s %d %v > %v", m.Frame, m.Method, m.Status, m.Sender, m.Receiver)
}

// since is a time since the first frame of a capture, in milliseconds.
func since(at int64) int64 { return (at - capturetest.Start.UnixNano()) / 1e6 }

func (s *sink) Advance(now, horizon int64) { s.add("time %d, horizon %d", since(now), since(horizon)) }

// All that a capture holds comes in one order: requests in that of their own
// frames, though the first of them is answered last, and what waits for nothing
// in between.
func TestSink(t *testing.T) {
	c := capturetest.New()
	slow := c.Conn(phone+":40000", server).Open()
	slow.Send(get("/slow"))
	fast := c.Conn(phone+":40001", server).Open()
	fast.Send(get("/fast")).Reply(answer)
	c.SIPCall("192.168.40.10:5060", phone+":5060", "<sip:1@pbx>", "<sip:2@pbx>", "id").Request(true, "INVITE", "").Respond(false, 100, "INVITE", "").Respond(false, 180, "INVITE", "")
	refused := c.Conn(phone+":40002", server)
	refused.Segment(true, layers.TCP{SYN: true, Seq: refused.Client}, "")
	refused.Segment(false, layers.TCP{RST: true, ACK: true, Ack: refused.Client + 1}, "")
	c.Conn(phone+":40003", "192.168.40.207:443").Open().Send(capturetest.ClientHello("pbx.example.com"))
	half := len(c.Frames)
	c.Wait(100 * time.Millisecond)
	slow.Reply(answer)
	c.Conn(phone+":40004", server).Open().Send(get("/none"))
	s := new(sink)
	d := New(Config{ResponseTimeout: 10 * time.Second}, s)
	b := batch(c.Frames)
	first, second := b.Frames[:half], b.Frames[half:]
	d.Batch(&capture.Batch{Frames: first})
	d.Batch(&capture.Batch{Frames: second})
	d.Batch(&capture.Batch{Now: capturetest.Start.Add(5 * time.Second).UnixNano()})
	d.Batch(&capture.Batch{Now: capturetest.Start.Add(time.Minute).UnixNano()})
	d.Flush()
	at := func(frame int) int64 { return since(b.Frames[frame-1].Time) }
	want := []string{
		"13 INVITE 0 192.168.40.10 > 192.168.40.50",
		"15 INVITE 180 192.168.40.50 > 192.168.40.10",
		"17 192.168.40.207:80, refused true",
		fmt.Sprintf("time %d, horizon %d", at(half), at(4)),
		"4 /slow 200 ",
		"9 /fast 200 ",
		fmt.Sprintf("time %d, horizon %d", at(29), at(28)),
		fmt.Sprintf("time 5000, horizon %d", at(28)),
		"28 /none 0 timeout",
		"time 60000, horizon 60000",
		"21 hello 192.168.40.50 > 192.168.40.207:443, \"pbx.example.com\"",
	}
	if diff := cmp.Diff(want, s.lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a sink gets does not point into the decoder once it has been copied, nor
// into the frames: the next batch changes neither.
func TestExchangesAreData(t *testing.T) {
	c := capturetest.New()
	for i := range 100 {
		k := c.Conn(fmt.Sprintf("%s:%d", phone, 40000+i), server).Open()
		k.Send(get(fmt.Sprint("/", i))).Reply(answer).Close()
	}
	var all []httpwire.Exchange
	d := New(Config{ResponseTimeout: 10 * time.Second}, &sink{exchange: func(x *httpwire.Exchange) { all = append(all, *x) }})
	for _, f := range batch(c.Frames).Frames {
		d.Batch(&capture.Batch{Frames: []capture.Frame{f}})
		clear(f.Data)
	}
	d.Flush()
	for i := range all {
		if x := &all[i]; x.Target != fmt.Sprint("/", i) || x.Status != 200 || x.Client.Port() != uint16(40000+i) {
			t.Errorf("request %d: %s from %v, %d", i, x.Target, x.Client, x.Status)
		}
	}
	if len(all) != 100 {
		t.Errorf("%d requests", len(all))
	}
}

// A request that waited while the source lost frames has no response that it is
// sure to have missed: the server is not to blame.
func TestGaps(t *testing.T) {
	at := func(d time.Duration) int64 { return capturetest.Start.Add(d).UnixNano() }
	for _, test := range []struct {
		name string
		gaps []capture.Gap
		want string
	}{
		{"none", nil, "[/reset reset /none timeout]"},
		{"while both waited", []capture.Gap{{From: at(3 * time.Millisecond), To: at(9 * time.Millisecond), Frames: 7}}, "[/reset not_captured, gap /none not_captured, gap]"},
		{"later", []capture.Gap{{From: at(9 * time.Second), To: at(9 * time.Second)}}, "[/reset not_captured, gap /none not_captured, gap]"},
		{"too late", []capture.Gap{{From: at(11 * time.Second), To: at(12 * time.Second)}}, "[/reset reset /none timeout]"},
		{"some time", []capture.Gap{{To: at(12 * time.Second)}}, "[/reset not_captured, gap /none not_captured, gap]"},
		{"before", []capture.Gap{{From: at(-time.Second), To: at(-time.Second)}}, "[/reset reset /none timeout]"},
		{"before and after", []capture.Gap{{From: at(-3 * time.Second), To: at(-3 * time.Second)}, {From: at(11 * time.Second), To: at(12 * time.Second)}}, "[/reset reset /none timeout]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := capturetest.New()
			c.Conn(phone+":40000", server).Open().Send(get("/reset")).Reset(false)
			c.Conn(phone+":40001", server).Open().Send(get("/none"))
			var got []string
			d := New(Config{ResponseTimeout: 10 * time.Second}, &sink{exchange: func(x *httpwire.Exchange) {
				line := x.Target + " " + x.NoResponse.String()
				if x.Gap {
					line += ", gap"
				}
				got = append(got, line)
			}})
			b := batch(c.Frames)
			b.Gaps = test.gaps
			d.Batch(b)
			d.Batch(&capture.Batch{Now: at(20 * time.Second)})
			d.Flush()
			if fmt.Sprint(got) != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
	d := New(Config{}, new(sink))
	for i := range int64(10 * maxGaps) {
		d.Batch(&capture.Batch{Gaps: []capture.Gap{{From: i * 10e9, To: i * 10e9, Frames: 1}}})
	}
	if n := len(d.gaps); n > maxGaps || d.Summary().Dropped != 10*maxGaps || d.gaps[0].From != 0 {
		t.Errorf("%d gaps from %v, %d frames", n, d.gaps[0].From, d.Summary().Dropped)
	}
}

// However short the frames are cut, a server that answers in HTTP is not said to
// answer with something else.
func TestSnaplen(t *testing.T) {
	c := capturetest.New()
	k := c.Conn(phone+":40000", server).Open()
	k.Send(get("/mac=000b82123432&local=5002")).Reply(answer)
	k.Send(get("/mac=000b82123432&remote=5003")).Reply(answer).Close()
	const headers = 14 + 20 + 20
	requests := 0
	for snaplen := headers; snaplen < headers+60; snaplen++ {
		var cut []capturetest.Frame
		for _, f := range c.Frames {
			cut = append(cut, capturetest.Frame{Time: f.Time, Data: f.Data[:min(len(f.Data), snaplen)], Length: len(f.Data)})
		}
		d := New(Config{ResponseTimeout: time.Second}, &sink{exchange: func(x *httpwire.Exchange) {
			requests++
			if x.Status != 200 && x.NoResponse != httpwire.NotCaptured {
				t.Errorf("snaplen %d: %s: status %d, %v (%q)", snaplen, x.Target, x.Status, x.NoResponse, x.Reply)
			}
		}})
		d.Batch(batch(cut))
		d.Flush()
	}
	if requests < 100 {
		t.Errorf("%d requests", requests)
	}
}

// What follows in a tunnel through a proxy is read as on a connection of its own.
func TestTunnel(t *testing.T) {
	c := capturetest.New()
	const connected = "HTTP/1.1 200 Connection established\r\n\r\n"
	for i, inside := range []string{capturetest.ClientHello("crm.example.com"), get("/1")} {
		k := c.Conn(fmt.Sprint(phone, ":4000", i), "192.168.40.3:3128").Open()
		k.Send("CONNECT crm.example.com:443 HTTP/1.1\r\n\r\n").Reply(connected).Send(inside).Reply("HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n").Close()
	}
	s := new(sink)
	d := New(Config{ResponseTimeout: 10 * time.Second}, s)
	d.Batch(batch(c.Frames))
	d.Flush()
	var got []string
	for _, line := range s.lines {
		if !strings.HasPrefix(line, "time ") {
			got = append(got, line)
		}
	}
	want := []string{
		"4 crm.example.com:443 200 ",
		"8 hello 192.168.40.50 > 192.168.40.3:3128, \"crm.example.com\"",
		"19 crm.example.com:443 200 ",
		"23 /1 404 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A proxy may say in front of the first request whom it speaks for (the PROXY
// protocol of HAProxy, sections 2.1 and 2.2), in the same segment or before.
func TestProxyProtocol(t *testing.T) {
	text := "PROXY TCP4 192.168.40.50 192.168.40.207 40000 80\r\n"
	binary := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\xa8\x28\x32\xc0\xa8\x28\xcf\x9c\x40\x00\x50"
	local := "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
	for _, test := range []struct {
		name   string
		pushes []string
		want   string
	}{
		{"text", []string{text + get("/1")}, "[/1 200]"},
		{"text, on its own", []string{text, get("/1")}, "[/1 200]"},
		{"text without addresses", []string{"PROXY UNKNOWN\r\n" + get("/1")}, "[/1 200]"},
		{"text, and a request in two segments", []string{text + get("/1")[:9], get("/1")[9:]}, "[/1 200]"},
		{"binary", []string{binary + get("/1")}, "[/1 200]"},
		{"binary, on its own", []string{binary, get("/1")}, "[/1 200]"},
		{"binary of the proxy itself", []string{local + get("/1")}, "[/1 200]"},
		{"binary that claims more than there is", []string{local[:14] + "\xff\xff" + get("/1")}, "[]"},
		{"text without an end", []string{"PROXY " + strings.Repeat("x", 200)}, "[]"},
		{"a method of that name", []string{"PROXY /1 HTTP/1.1\r\nHost: x\r\n\r\n"}, "[/1 200]"},
		{"not at the beginning", []string{get("/1"), text + get("/2")}, "[/1 200]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := capturetest.New()
			k := c.Conn("192.168.40.10:33000", server).Open()
			for _, p := range test.pushes {
				k.Push(true, p)
			}
			k.Reply(answer).Close()
			got := []string{}
			d := New(Config{ResponseTimeout: time.Second}, &sink{exchange: func(x *httpwire.Exchange) {
				got = append(got, fmt.Sprint(x.Target, " ", x.Status))
			}})
			d.Batch(batch(c.Frames))
			d.Flush()
			if fmt.Sprint(got) != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
}

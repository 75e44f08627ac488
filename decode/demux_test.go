package decode

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture/capturetest"
)

// conversation is what the two ends of a TCP connection between a phone and a
// server send: the messages of a call that the phone puts on hold.
type conversation []struct {
	phone   bool
	message string
}

func spoken() (all conversation) {
	c := capturetest.New()
	call := c.SIPCall("192.168.40.10:5060", "192.168.40.50:5060", "<sip:+4930123456@pbx>", "<sip:101@pbx>", "3f1c6a2e@192.168.40.10")
	call.Send = func(src, _, message string) {
		all = append(all, struct {
			phone   bool
			message string
		}{strings.HasPrefix(src, "192.168.40.50"), message})
	}
	call.Answered()
	call.Request(false, "INVITE", capturetest.Hold).Respond(true, 200, "INVITE", capturetest.Talk).Request(false, "ACK", "")
	return all
}

// held are the records of an event of the call that the conversation was.
func held(t *testing.T, c *capturetest.Capture) (line string, s Summary) {
	t.Helper()
	c.Wait(100 * time.Millisecond)
	k := c.Conn("192.168.40.50:40001", server).Open()
	k.Send(get("/call-id=3f1c6a2e@192.168.40.10&event=hold_call")).Reply(answer).Close()
	lines := signalled(t, c)
	if len(lines) != 1 {
		t.Fatalf("records: %q", lines)
	}
	_, s = decode(t, c.Frames)
	return lines[0], s
}

// A SIP connection cut anywhere yields the same messages.
func TestSIPStreamCutAnywhere(t *testing.T) {
	all := spoken()
	longest := 0
	for _, m := range all {
		longest = max(longest, len(m.message))
	}
	for size := 1; size <= longest; size += 1 + size/8 {
		c := capturetest.New()
		k := c.Conn("192.168.40.50:40000", "192.168.40.10:5061").Open()
		hold := 0
		for _, m := range all {
			for text := m.message; text != ""; text = text[min(len(text), size):] {
				k.Push(m.phone, text[:min(len(text), size)])
			}
			if strings.Contains(m.message, "sendonly") {
				hold = len(c.Frames)
			}
		}
		line, s := held(t, c)
		if want := fmt.Sprintf("hold_call name []: %d INVITE ", hold); !strings.HasPrefix(line, want) {
			t.Fatalf("segments of %d bytes: %s; expected %s", size, line, want)
		}
		if s.SIP.Messages != len(all) || s.SIP.Unread != 0 || s.HTTP.Requests != 1 {
			t.Fatalf("segments of %d bytes: %+v, %+v", size, s.SIP, s.HTTP)
		}
	}
}

func TestSIPStreams(t *testing.T) {
	all := spoken()
	text := func(phone bool) string {
		var b strings.Builder
		for _, m := range all {
			if m.phone == phone {
				b.WriteString(m.message)
			}
		}
		return b.String()
	}
	const in = "hold_call name []: %d INVITE"
	for _, test := range []struct {
		what   string
		make   func(k *capturetest.Conn)
		frame  int // of the message; 0 for none
		counts string
	}{
		{"several in a segment, keep-alives between", func(k *capturetest.Conn) {
			k.Open()
			k.Push(true, "\r\n\r\n")
			k.Push(false, "\r\n")
			k.Push(false, text(false)+"\r\n\r\n")
			k.Push(true, "\r\n\r\n"+text(true))
		}, 7, "8 0"},
		{"joined within a message", func(k *capturetest.Conn) {
			k.Push(true, "CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n")
			k.Push(true, text(true))
		}, 2, "5 0"},
		{"a hole in a message", func(k *capturetest.Conn) {
			k.Open()
			k.Push(true, all[1].message[:50])
			k.Lose(true, 100)
			k.Push(true, all[1].message[150:])
			k.Push(true, text(true))
			k.Push(false, text(false))
		}, 6, "8 1"},
		{"a length that is a lie", func(k *capturetest.Conn) {
			k.Open()
			k.Push(true, "OPTIONS sip:a SIP/2.0\r\nCall-ID: a\r\nContent-Length: 30\r\n\r\n")
			k.Push(true, text(true))
		}, 0, "1 0"},
		{"a body too long to keep", func(k *capturetest.Conn) {
			k.Open()
			k.Push(true, "OPTIONS sip:a SIP/2.0\r\nCall-ID: a\r\nContent-Length: 200000\r\n\r\n")
			for range 200 {
				k.Push(true, strings.Repeat("x", 1000))
			}
			k.Push(true, text(true))
		}, 205, "6 0"},
		{"a head too long to keep", func(k *capturetest.Conn) {
			k.Open()
			k.Push(true, "OPTIONS sip:a SIP/2.0\r\nCall-ID: a\r\n")
			for range 100 {
				k.Push(true, strings.Repeat("x", 1000))
			}
			k.Push(true, text(true))
		}, 105, "5 1"},
	} {
		c := capturetest.New()
		test.make(c.Conn("192.168.40.50:40000", "192.168.40.10:80"))
		line, s := held(t, c)
		want := "hold_call name []: 0 "
		if test.frame > 0 {
			want = fmt.Sprintf(in, test.frame)
		}
		if !strings.HasPrefix(line, want) {
			t.Errorf("%s: %s; expected %s", test.what, line, want)
		}
		if got := fmt.Sprint(s.SIP.Messages, s.SIP.Unread); got != test.counts {
			t.Errorf("%s: %s messages and unread; expected %s", test.what, got, test.counts)
		}
	}
}

// HTTP whose first bytes may begin SIP, too, is HTTP.
func TestHTTPThatBeginsLikeSIP(t *testing.T) {
	for _, method := range []string{"PUT", "OPTIONS", "REPORT", "SUBSCRIBE", "MOVE"} {
		request := method + " /a HTTP/1.1\r\nHost: a\r\n\r\n"
		for cut := range len(request) {
			c := capturetest.New()
			k := c.Conn("192.168.40.50:40000", server).Open()
			if cut > 0 {
				k.Push(true, request[:cut])
			}
			k.Push(true, request[cut:])
			k.Reply(answer).Close()
			lines, s := decode(t, c.Frames)
			frame := 5
			if cut == 0 {
				frame = 4
			}
			if diff := cmp.Diff([]string{fmt.Sprintf("%d /a 200", frame)}, lines); diff != "" {
				t.Errorf("%s, cut at %d (-want +got):\n%s", method, cut, diff)
			}
			if s.SIP.Messages != 0 {
				t.Errorf("%s: %+v", method, s.SIP)
			}
		}
	}
}

// Heads that never end, on ever more connections: the bytes kept are bounded,
// and what goes beyond is counted.
func TestSIPPartsBound(t *testing.T) {
	const conns, size, bound = 120, 60_000, 2 << 20
	c := capturetest.New()
	for i := range conns {
		k := c.Conn(fmt.Sprintf("192.168.41.%d:5060", i), "192.168.40.10:5060").Open()
		k.Send("INVITE sip:101@pbx SIP/2.0\r\nCall-ID: a\r\nX: " + strings.Repeat("x", size))
	}
	_, s := decode(t, c.Frames)
	if least, most := conns-bound/size-1, conns-bound/size; s.SIP.Unread < least || s.SIP.Unread > most {
		t.Errorf("%d lost; expected %d or %d", s.SIP.Unread, least, most)
	}
}

package capturetest

import (
	"fmt"
	"strings"
)

// Media descriptions: that of a call, and those that put it on hold.
var (
	Talk     = media("192.0.2.50", "sendrecv")
	Hold     = media("192.0.2.50", "sendonly")
	HoldZero = media("0.0.0.0", "sendrecv")
)

func media(address, direction string) string {
	return "v=0\r\no=- 1 1 IN IP4 192.0.2.50\r\ns=-\r\nc=IN IP4 " + address + "\r\nt=0 0\r\nm=audio 16384 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=" + direction + "\r\n"
}

// A SIPCall makes the messages of a dialog between two endpoints.
type SIPCall struct {
	Caller, Callee string // endpoints, the sender of the first request and the other
	From, To       string // values of the header fields, without tags
	ID             string // Call-ID

	// Send takes each message: [Capture.Datagram], unless it is changed.
	Send func(src, dst, message string)

	inside  bool // the other end has answered: requests have its tag
	numbers [2]int
	last    map[string]int // CSeq of the latest request of a method
}

// SIPCall returns a call over UDP before its first message.
func (c *Capture) SIPCall(caller, callee, from, to, id string) *SIPCall {
	return &SIPCall{Caller: caller, Callee: callee, From: from, To: to, ID: id, Send: c.Datagram, last: map[string]int{}}
}

// Request sends a request of the caller or the callee. The header fields are
// lines; a body is that of its Content-Type, by default a description of media.
func (s *SIPCall) Request(caller bool, method, body string, fields ...string) *SIPCall {
	side := 1
	if caller {
		side = 0
	}
	number := s.numbers[0]
	if method != "ACK" && method != "CANCEL" {
		s.numbers[side]++
		number = s.numbers[side]
	}
	s.last[method] = number
	from, to := s.parties(caller, s.inside)
	s.send(caller, method+" sip:anybody@192.0.2.9 SIP/2.0", from, to, number, method, body, fields)
	return s
}

// Respond sends the response of the caller or the callee to the other's latest
// request of a method.
func (s *SIPCall) Respond(caller bool, status int, method, body string, fields ...string) *SIPCall {
	if !caller && status > 100 {
		s.inside = true
	}
	from, to := s.parties(!caller, true)
	s.send(caller, fmt.Sprintf("SIP/2.0 %d Whatever", status), from, to, s.last[method], method, body, fields)
	return s
}

// parties returns From and To of a request of the caller or the callee.
func (s *SIPCall) parties(caller, tagged bool) (from, to string) {
	from, to = s.From+";tag=a", s.To
	if tagged {
		to += ";tag=b"
	}
	if !caller {
		from, to = to, from
	}
	return from, to
}

func (s *SIPCall) send(caller bool, start, from, to string, number int, method, body string, fields []string) {
	src, dst := s.Caller, s.Callee
	if !caller {
		src, dst = dst, src
	}
	head := []string{
		start,
		"Via: SIP/2.0/UDP " + src + ";branch=z9hG4bK" + fmt.Sprint(method, number),
		"From: " + from,
		"To: " + to,
		"Call-ID: " + s.ID,
		fmt.Sprintf("CSeq: %d %s", number, method),
		"Contact: <sip:anybody@" + src + ">",
	}
	head = append(head, fields...)
	if body != "" && !strings.Contains(strings.Join(fields, "\n"), "Content-Type:") {
		head = append(head, "Content-Type: application/sdp")
	}
	head = append(head, fmt.Sprintf("Content-Length: %d", len(body)))
	s.Send(src, dst, strings.Join(head, "\r\n")+"\r\n\r\n"+body)
}

// Answered makes an INVITE that is answered after a ring.
func (s *SIPCall) Answered() *SIPCall {
	return s.Request(true, "INVITE", Talk).Respond(false, 100, "INVITE", "").Respond(false, 180, "INVITE", "").
		Respond(false, 200, "INVITE", Talk).Request(true, "ACK", "")
}

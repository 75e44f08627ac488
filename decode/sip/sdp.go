package sip

import "bytes"

// offers tells what the media that a message offers are to do (RFC 8866; RFC
// 3264, sections 5.1 and 8.4): held, if the one who offers wants to hear
// nothing. It is not ok where there is no description of media.
func offers(contentType, body []byte) (held, ok bool) {
	if len(contentType) < len("application/sdp") || !is(contentType[:len("application/sdp")], "application/sdp") {
		return false, false
	}
	var session, media stillness
	streams, quiet := 0, 0
	end := func() {
		if streams > 0 && media.held() {
			quiet++
		}
	}
	for len(body) > 0 {
		var line []byte
		line, body = cutLine(body)
		switch {
		case len(line) < 2 || line[1] != '=':
		case line[0] == 'm':
			end()
			streams++
			media = session
			media.off = unused(line)
		case streams == 0:
			session.read(line)
		default:
			media.read(line)
		}
	}
	end()
	return streams > 0 && quiet == streams, streams > 0
}

// unused reports whether a stream is not used at all: its port is 0.
func unused(line []byte) bool {
	_, rest, _ := bytes.Cut(line, []byte(" "))
	n, digits := number(rest)
	return digits > 0 && n == 0
}

// stillness is what tells of a stream that its sender does not want to hear it.
type stillness struct{ quiet, nowhere, off bool }

func (s stillness) held() bool { return s.quiet || s.nowhere || s.off }

// read reads a line: a direction, or the address to send to.
func (s *stillness) read(line []byte) {
	switch {
	case bytes.Equal(line, []byte("a=sendonly")), bytes.Equal(line, []byte("a=inactive")):
		s.quiet = true
	case bytes.Equal(line, []byte("a=sendrecv")), bytes.Equal(line, []byte("a=recvonly")):
		s.quiet = false
	case bytes.HasPrefix(line, []byte("c=IN IP4 ")):
		s.nowhere = bytes.Equal(line[len("c=IN IP4 "):], []byte("0.0.0.0"))
	}
}

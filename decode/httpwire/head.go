package httpwire

import (
	"bytes"
	"strconv"
)

// A kind is what the beginning of a message tells.
type kind uint8

const (
	neither  kind = iota // not HTTP
	request              // a request line
	response             // a status line
	partial              // it may become either: more bytes are needed
)

const (
	maxMethod = 24 // letters of a method: VERSION-CONTROL has 15
	version1  = "HTTP/"
	maxStatus = 24 // within which a status line has its status: there may be several blanks before it
)

// known are the methods of the IANA registry and of UPnP that are believed
// where it is not certain that a message begins. Others need a certain
// beginning and a version.
func known(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH",
		"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "REPORT",
		"MERGE", "CHECKOUT", "CHECKIN", "UNCHECKOUT", "MKACTIVITY", "MKWORKSPACE", "LABEL",
		"UPDATE", "VERSION-CONTROL", "BASELINE-CONTROL", "ACL", "BIND", "UNBIND", "REBIND",
		"LINK", "UNLINK", "MKCALENDAR", "ORDERPATCH", "MKREDIRECTREF", "UPDATEREDIRECTREF",
		"SUBSCRIBE", "UNSUBSCRIBE", "NOTIFY", "M-SEARCH", "PURGE", "SOURCE", "QUERY",
		"RPC_CONNECT", "RPC_IN_DATA", "RPC_OUT_DATA", "BCOPY", "BMOVE", "BDELETE",
		"BPROPFIND", "BPROPPATCH", "POLL", "CCM_POST":
		return true
	}
	return false
}

// recognize tells what data begins with. Certain means that a message must
// begin here, as it does at the start of a connection or behind another one;
// else the whole first line has to be that of a message.
func recognize(data []byte, certain bool) kind {
	if n := min(len(data), len(version1)); n > 0 && string(data[:n]) == version1[:n] {
		if _, _, ok := statusLine(data); ok {
			return response
		}
		if len(data) < maxStatus && bytes.IndexByte(data, '\n') < 0 {
			return partial
		}
		return neither
	}
	m := 0
	for m < len(data) && m <= maxMethod && isMethod(data[m]) {
		m++
	}
	if m == len(data) && m <= maxMethod && certain {
		return partial
	}
	if m == 0 || m == len(data) || data[m] != ' ' || m > maxMethod {
		return neither
	}
	if !certain && !known(data[:m]) {
		return neither
	}
	if end := bytes.IndexByte(data, '\n'); end >= 0 {
		if _, ok := requestLine(data[:end], certain); ok {
			return request
		}
		return neither
	}
	if !beginsTarget(data[m+1:], certain) {
		return neither
	}
	return partial
}

func isMethod(c byte) bool { return c >= 'A' && c <= 'Z' || c == '-' || c == '_' }

// beginsTarget reports whether a line that is not whole may go on with a target.
func beginsTarget(data []byte, certain bool) bool {
	if certain || len(data) == 0 {
		return true
	}
	const absolute = "http://"
	n := min(len(data), len(absolute))
	return data[0] == '/' || data[0] == '*' || string(data[:n]) == absolute[:n]
}

// A line is a request line in its parts.
type line struct {
	method, target, version []byte
}

// requestLine splits a request line, without its line feed, at its first and
// last blank (RFC 9112, section 3, says that targets hold none; phones send
// them). One without a version is believed where a message must begin, if it
// is a GET, as the only method of HTTP/0.9.
func requestLine(data []byte, certain bool) (l line, ok bool) {
	data = trimRight(data)
	first := 0
	for first < len(data) && isMethod(data[first]) {
		first++
	}
	if first == 0 || first == len(data) || data[first] != ' ' {
		return l, false
	}
	l.method = data[:first]
	rest := data[first+1:]
	last := len(rest) - len(" HTTP/1.1")
	if last < 0 || rest[last] != ' ' || !isVersion(rest[last+1:]) {
		last = bytes.LastIndexByte(rest, ' ')
	}
	if last >= 0 && isVersion(rest[last+1:]) {
		l.version = rest[last+1:]
		l.target = rest[:last]
		return l, len(bytes.TrimSpace(l.target)) > 0
	}
	if bytes.Contains(rest, []byte(" SIP/")) || bytes.Contains(rest, []byte(" RTSP/")) || isVersion(rest) {
		return l, false
	}
	l.target = rest
	return l, certain && string(l.method) == "GET" && len(rest) > 0 && beginsTarget(rest, false)
}

// trimRight cuts off the blanks at the end of a line, and the carriage return.
func trimRight(line []byte) []byte {
	n := len(line)
	for n > 0 && (line[n-1] == '\r' || line[n-1] == ' ' || line[n-1] == '\t') {
		n--
	}
	return line[:n]
}

// beginsRequest reports whether a line that is cut off begins like a request's.
func beginsRequest(data []byte) bool {
	method, target, ok := bytes.Cut(data, []byte(" "))
	return ok && known(method) && len(target) > 0 && beginsTarget(target, false)
}

// cutRequestLine splits a request line that is cut off.
func cutRequestLine(data []byte) line {
	method, target, _ := bytes.Cut(data, []byte(" "))
	return line{method: method, target: target}
}

// isVersion reports whether data is "HTTP/" and digits and dots.
func isVersion(data []byte) bool {
	if len(data) < len("HTTP/1") || string(data[:len(version1)]) != version1 {
		return false
	}
	for _, c := range data[len(version1):] {
		if (c < '0' || c > '9') && c != '.' {
			return false
		}
	}
	// HTTP/2's preface looks like a request, so that servers of HTTP/1 refuse it (RFC 9113, section 3.4).
	return data[len(version1)] != '2'
}

// statusLine reads "HTTP/1.1 200".
func statusLine(data []byte) (version []byte, status int, ok bool) {
	blank := bytes.IndexByte(data[:min(len(data), 12)], ' ')
	if blank < 0 || !isVersion(data[:blank]) {
		return nil, 0, false
	}
	digits := bytes.TrimLeft(data[blank:], " ")
	if len(digits) < 3 || len(digits) > 3 && digits[3] >= '0' && digits[3] <= '9' {
		return nil, 0, false
	}
	status, err := strconv.Atoi(string(digits[:3]))
	return data[:blank], status, err == nil && status >= 100
}

// emptyLines returns the length of the empty lines that data begins with.
func emptyLines(data []byte) int {
	n := 0
	for n < len(data) && (data[n] == '\r' || data[n] == '\n') {
		n++
	}
	return n
}

// headEnd returns where the head that data begins with ends: behind the first
// empty line. Lines end with a line feed, with or without a carriage return
// (RFC 9112, section 2.2). The search begins at from, a former length of data.
func headEnd(data []byte, from int) (end int, ok bool) {
	at := max(0, from-2)
	for {
		feed := bytes.IndexByte(data[at:], '\n')
		if feed < 0 {
			return 0, false
		}
		at += feed + 1
		switch rest := data[at:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return at + 1, true
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return at + 2, true
		}
	}
}

// fields are the header fields that matter.
type fields struct {
	host, userAgent []byte
	length          int64 // Content-Length; -1 for none
	chunked         bool
}

// readFields reads the lines behind a head's first, up to the empty one, and
// returns how many bytes they take. Without an empty line they are not whole.
// What is no header field is passed over.
func readFields(lines []byte) (f fields, size int, whole bool) {
	f.length = -1
	for rest := lines; len(rest) > 0; {
		var line []byte
		line, rest = headerLine(rest)
		size = len(lines) - len(rest)
		if len(line) == 0 {
			return f, size, true
		}
		f.read(line)
	}
	return f, size, false
}

// read reads a line.
func (f *fields) read(line []byte) {
	switch line[0] | 0x20 { // in lower case
	case 'h', 'u', 'c', 't':
	default:
		return
	}
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return
	}
	name := trimRight(line[:colon])
	// Most fields are told apart by the length of their names.
	switch len(name) {
	case len("Host"):
		if f.host == nil && is(name, "host") {
			f.host = value(line[colon+1:])
		}
	case len("User-Agent"):
		if f.userAgent == nil && is(name, "user-agent") {
			f.userAgent = value(line[colon+1:])
		}
	case len("Content-Length"):
		if is(name, "content-length") {
			f.length = contentLength(value(line[colon+1:]), f.length)
		}
	case len("Transfer-Encoding"):
		if is(name, "transfer-encoding") {
			f.chunked = bytes.Contains(bytes.ToLower(value(line[colon+1:])), []byte("chunked"))
		}
	}
}

// headerLine cuts the first line off. A line that is folded (RFC 9112, section
// 5.2) is joined with what continues it.
func headerLine(lines []byte) (line, rest []byte) {
	line, rest = cutLine(lines)
	folded := false
	for len(line) > 0 && len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
		if !folded {
			line, folded = bytes.Clone(line), true
		}
		var more []byte
		more, rest = cutLine(rest)
		line = append(append(line, ' '), bytes.TrimLeft(more, " \t")...)
	}
	return line, rest
}

// cutLine cuts the first line off, without its end.
func cutLine(data []byte) (line, rest []byte) {
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		return data, nil
	}
	line, rest = data[:end], data[end+1:]
	if end > 0 && line[end-1] == '\r' {
		line = line[:end-1]
	}
	return line, rest
}

// is compares a name with one in lower case.
func is(name []byte, lower string) bool {
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// value cuts off the blanks around a field's value.
func value(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return trimRight(b)
}

// contentLength reads a Content-Length, which may be repeated ("5, 5"). One
// that is no number is as good as none.
func contentLength(b []byte, before int64) int64 {
	first, _, _ := bytes.Cut(b, []byte(","))
	n, err := strconv.ParseInt(string(value(first)), 10, 62)
	if err != nil || n < 0 {
		return before
	}
	return n
}

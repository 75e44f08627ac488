package httpwire

import (
	"bytes"
	"strconv"
	"strings"
)

// A kind is the kind of message that bytes begin.
type kind uint8

const (
	neither  kind = iota // not HTTP
	request              // a request line
	response             // a status line
	partial              // either, once more bytes have come
)

const (
	maxMethod = 24 // letters of a method: VERSION-CONTROL has 15
	version1  = "HTTP/"
	maxStatus = 24 // a status line has its status within as many bytes: several spaces may precede it
)

// known reports whether a method, whatever the case of its letters, is one of
// the IANA registry or of UPnP. Others need a certain beginning and a version.
func known(method []byte) bool {
	var upper [maxMethod]byte
	if len(method) > len(upper) {
		return false
	}
	for i, c := range method {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	switch string(upper[:len(method)]) {
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

// An opening is what bytes begin with.
type opening struct {
	kind    kind
	size    int    // of the first line, its end included; 0 if that is incomplete
	method  []byte // of a request
	target  []byte // of a request
	version []byte // of a message; nil if it has none
	status  int    // of a response
}

// recognize reads what data begins with. At the start of a connection and after
// another message it is certain that a message begins; elsewhere the whole first
// line must be that of one.
func recognize(data []byte, certain bool) (o opening) {
	if n := min(len(data), len(version1)); n > 0 && string(data[:n]) == version1[:n] {
		o.size = bytes.IndexByte(data, '\n') + 1
		if o.response(data) || len(data) >= maxStatus || o.size > 0 {
			return o
		}
		o.kind = partial
		return o
	}
	m := methodLength(data)
	switch {
	case m > maxMethod:
	case m == len(data):
		if certain {
			o.kind = partial
		}
	case m == 0 || !isSpace(data[m]) || !credible(data[:m], certain):
	default:
		if end := bytes.IndexByte(data[m:], '\n'); end >= 0 {
			o.size = m + end + 1
			o.request(data[:m+end], certain)
		} else if beginsTarget(data[m+1:], certain) {
			o.kind = partial
		}
	}
	return o
}

// openingOf reads the first line of a head that came in parts. With cut the
// capture may end inside the line, which is then a request's as far as it goes.
func openingOf(head []byte, cut bool) (o opening) {
	line, rest := cutLine(head)
	o.size = len(head) - len(rest)
	switch {
	case o.response(line):
	case cut && bytes.IndexByte(head, '\n') < 0 && beginsRequest(line):
		m := methodLength(line)
		o.kind, o.method = request, line[:m]
		o.target, o.version = cutVersionPart(line[m+1:])
	default:
		o.request(line, true)
	}
	return o
}

// methodLength returns how many characters of a method data begins with.
func methodLength(data []byte) int {
	m := 0
	for m < len(data) && m <= maxMethod && isMethod(data[m]) {
		m++
	}
	return m
}

func isMethod(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_'
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// credible reports whether a word counts as a method: where a message must
// begin any in capitals does, elsewhere only a known one.
func credible(method []byte, certain bool) bool {
	return string(method) == "GET" || known(method) || certain && string(bytes.ToUpper(method)) == string(method)
}

// beginsTarget reports whether an incomplete line may go on with a target.
func beginsTarget(data []byte, certain bool) bool {
	if certain || len(data) == 0 {
		return true
	}
	const absolute = "http://"
	n := min(len(data), len(absolute))
	return data[0] == '/' || data[0] == '*' || string(data[:n]) == absolute[:n]
}

// request splits a request line, without its line feed, at its first and last
// space, and reports whether it is one. RFC 9112, section 3, forbids spaces in
// targets, and phones send them; some clients separate the parts by tabs, or
// have no target to send. A line without a version counts where a message must
// begin, if it is a GET, as in HTTP/0.9.
func (o *opening) request(line []byte, certain bool) bool {
	line = trimRight(line)
	m := methodLength(line)
	if m == 0 || m > maxMethod || m == len(line) || !isSpace(line[m]) || !credible(line[:m], certain) {
		return false
	}
	method, rest := line[:m], line[m+1:]
	target, version := cutVersion(rest)
	switch {
	case version != nil:
	case bytes.Contains(rest, []byte(" SIP/")) || bytes.Contains(rest, []byte(" RTSP/")):
		return false
	case !certain || string(method) != "GET" || len(rest) == 0 || !beginsTarget(rest, false):
		return false
	}
	o.kind, o.method, o.target, o.version = request, method, target, version
	return true
}

// cutVersion cuts the version off what follows a method; nil if there is none.
func cutVersion(rest []byte) (target, version []byte) {
	const usual = len(" HTTP/1.1")
	if at := len(rest) - usual; at >= 0 && string(rest[at:len(rest)-1]) == " HTTP/1." && (rest[len(rest)-1] == '1' || rest[len(rest)-1] == '0') {
		return rest[:at], rest[at+1:]
	}
	at := bytes.LastIndexAny(rest, " \t")
	if !isVersion(rest[at+1:]) {
		return rest, nil
	}
	return rest[:max(at, 0)], rest[at+1:]
}

// cutVersionPart is cutVersion where the capture ends inside the line: as much
// of " HTTP/1.1" as is there is no part of the target.
func cutVersionPart(rest []byte) (target, version []byte) {
	if target, version = cutVersion(trimRight(rest)); version != nil && len(version) == len("HTTP/1.1") {
		return target, version
	}
	at := bytes.LastIndexAny(rest, " \t")
	if at >= 0 && strings.HasPrefix("HTTP/1.", string(rest[at+1:])) {
		return rest[:at], nil
	}
	return rest, nil
}

// trimRight cuts the spaces and the carriage return off the end of a line.
func trimRight(line []byte) []byte {
	n := len(line)
	for n > 0 && (line[n-1] == '\r' || line[n-1] == ' ' || line[n-1] == '\t') {
		n--
	}
	return line[:n]
}

// beginsRequest reports whether a line that is cut off begins like a request's.
func beginsRequest(line []byte) bool {
	m := methodLength(line)
	return m > 0 && len(line) > m+1 && isSpace(line[m]) && known(line[:m]) && beginsTarget(line[m+1:], false)
}

// isVersion reports whether data is "HTTP/" and digits and dots.
func isVersion(data []byte) bool {
	if len(data) < len("HTTP/1") || string(data[:len(version1)]) != version1 {
		return false
	}
	for _, c := range data[len(version1):] {
		if !isDigit(c) && c != '.' {
			return false
		}
	}
	// HTTP/2's preface looks like a request, so that servers of HTTP/1 refuse it (RFC 9113, section 3.4).
	return data[len(version1)] != '2'
}

// response reads "HTTP/1.1 200", and reports whether data begins so.
func (o *opening) response(data []byte) bool {
	end := bytes.IndexByte(data[:min(len(data), 12)], ' ')
	if end < 0 || !isVersion(data[:end]) {
		return false
	}
	digits := data[end+1:]
	for len(digits) > 0 && digits[0] == ' ' {
		digits = digits[1:]
	}
	if len(digits) < 3 || len(digits) > 3 && isDigit(digits[3]) ||
		digits[0] < '1' || !isDigit(digits[0]) || !isDigit(digits[1]) || !isDigit(digits[2]) {
		return false
	}
	o.kind, o.version = response, data[:end]
	o.status = int(digits[0]-'0')*100 + int(digits[1]-'0')*10 + int(digits[2]-'0')
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

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
	contentType     []byte
	location        []byte
	credentials     bool  // Authorization or Proxy-Authorization
	length          int64 // Content-Length; -1 for none
	chunked         bool
}

// maxLocation bounds the bytes kept of a Location: longer than phones keep URLs.
const maxLocation = 512

// redirect returns where a response of this status sends the client, empty for
// nowhere.
func (f *fields) redirect(status int) string {
	if status < 300 || status >= 400 {
		return ""
	}
	return string(f.location[:min(len(f.location), maxLocation)])
}

// readFields reads the lines behind a head's first, up to the empty one, and
// returns how many bytes they take. Without an empty line they are not whole.
// What is no header field is passed over.
func readFields(lines []byte) (f fields, size int, whole bool) {
	f.length = -1
	for size < len(lines) {
		rest := lines[size:]
		switch {
		case rest[0] == '\n':
			return f, size + 1, true
		case rest[0] == '\r' && len(rest) > 1 && rest[1] == '\n':
			return f, size + 2, true
		}
		end := bytes.IndexByte(rest, '\n')
		switch {
		case end < 0:
			size = len(lines)
			f.read(rest)
		case end+1 < len(rest) && (rest[end+1] == ' ' || rest[end+1] == '\t'):
			line, behind := folded(rest)
			size = len(lines) - len(behind)
			f.read(line)
		default:
			size += end + 1
			f.read(rest[:end])
		}
	}
	return f, size, false
}

// read reads a line, which may end with a carriage return.
func (f *fields) read(line []byte) {
	switch line[0] | 0x20 { // in lower case
	case 'a':
		if _, ok := field(line, "authorization"); ok {
			f.credentials = true
		}
	case 'p':
		if _, ok := field(line, "proxy-authorization"); ok {
			f.credentials = true
		}
	case 'l':
		if v, ok := field(line, "location"); ok && f.location == nil {
			f.location = v
		}
	case 'h':
		if v, ok := field(line, "host"); ok && f.host == nil {
			f.host = v
		}
	case 'u':
		if v, ok := field(line, "user-agent"); ok && f.userAgent == nil {
			f.userAgent = v
		}
	case 'c':
		if v, ok := field(line, "content-length"); ok {
			f.length = contentLength(v, f.length)
		} else if v, ok := field(line, "content-type"); ok && f.contentType == nil {
			f.contentType = v
		}
	case 't':
		if v, ok := field(line, "transfer-encoding"); ok {
			f.chunked = bytes.Contains(bytes.ToLower(v), []byte("chunked"))
		}
	}
}

// field returns the value of a header field, and whether it is the one with this
// name, which is in lower case.
func field(line []byte, name string) (v []byte, ok bool) {
	if len(line) <= len(name) || !is(line[:len(name)], name) {
		return nil, false
	}
	v = line[len(name):]
	for len(v) > 0 && (v[0] == ' ' || v[0] == '\t') {
		v = v[1:]
	}
	if len(v) == 0 || v[0] != ':' {
		return nil, false
	}
	return value(v[1:]), true
}

// folded cuts the first line off, and joins it with the lines that continue it
// (RFC 9112, section 5.2).
func folded(lines []byte) (line, rest []byte) {
	line, rest = cutLine(lines)
	line = bytes.Clone(line)
	for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
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

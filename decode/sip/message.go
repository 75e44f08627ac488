package sip

import (
	"bytes"
	"net/netip"

	"actionurl/decode/packet"
)

// A Message is what is read of a SIP message. Its slices point into the bytes
// that it was read from.
type Message struct {
	packet.Origin
	Sender, Receiver netip.Addr

	Method []byte // of the request that it is, or that it answers
	Status int    // 0 in a request

	CallID      []byte
	From, To    []byte
	Contact     []byte // the first
	CSeq        uint32 // its number
	Expires     []byte
	Reason      []byte
	ReferTo     []byte
	ContentType []byte
	Length      int // Content-Length; -1 where the message says nothing
	Body        []byte
}

// AppendTo returns a copy of the message whose slices point into b, to which it
// appends their bytes.
func (m *Message) AppendTo(b []byte) (Message, []byte) {
	own := *m
	for _, text := range []*[]byte{
		&own.Method, &own.CallID, &own.From, &own.To, &own.Contact, &own.Expires, &own.Reason, &own.ReferTo, &own.ContentType, &own.Body,
	} {
		from := len(b)
		b = append(b, *text...)
		*text = b[from:len(b):len(b)]
	}
	return own, b
}

// The version that a status line begins and a request line ends with (RFC 3261,
// section 7.1). It is not case-sensitive there; all send it so.
const version = "SIP/2.0"

// maxMethod bounds a method's name; RFC 3903's and RFC 6665's have 9 letters.
const maxMethod = 16

// methods are those that connections are told by while the first line has come
// in part only (IANA's registry of SIP methods).
func methods() []string {
	return []string{"INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "UPDATE", "REFER", "NOTIFY",
		"SUBSCRIBE", "INFO", "PRACK", "PUBLISH", "MESSAGE"}
}

// A Verdict says whether bytes begin a SIP message.
type Verdict uint8

const (
	No Verdict = iota
	Yes
	Perhaps // there are too few of them
)

// Begins tells whether data begins a SIP message: a status line, or a request
// line, as far as it is there.
func Begins(data []byte) Verdict {
	if v := starts(data, version+" "); v != No {
		return v
	}
	method := methodLength(data)
	if method < 0 {
		return No
	}
	if end := bytes.IndexByte(data, '\n'); end >= 0 {
		if bytes.HasSuffix(trimRight(data[:end]), []byte(" "+version)) && method < end {
			return Yes
		}
		return No
	}
	for _, m := range methods() {
		if v := starts(data, m); v != Yes {
			if v == Perhaps {
				return Perhaps
			}
			continue
		}
		for _, scheme := range [...]string{" sip:", " sips:", " tel:"} {
			if v := starts(data[len(m):], scheme); v != No {
				return v
			}
		}
	}
	return No
}

// starts tells whether data begins with text, as far as it is there.
func starts(data []byte, text string) Verdict {
	n := min(len(data), len(text))
	switch {
	case string(data[:n]) != text[:n]:
		return No
	case n < len(text):
		return Perhaps
	}
	return Yes
}

// methodLength returns the length of the method's name that data begins with,
// all of data if that is shorter, -1 if it does not begin with one.
func methodLength(data []byte) int {
	for i, c := range data {
		switch {
		case c >= 'A' && c <= 'Z':
		case c == ' ' && i > 0:
			return i
		default:
			return -1
		}
		if i == maxMethod {
			return -1
		}
	}
	return len(data)
}

// Parse reads a message, whose place and addresses it does not know, and reports
// whether it is one: with a start line, a Call-ID and, in a response, a CSeq. What
// else is damaged is absent.
func (m *Message) Parse(data []byte) bool {
	*m = Message{Length: -1}
	line, rest := cutLine(data)
	if !m.start(line) {
		return false
	}
	m.headers(rest)
	return len(m.CallID) > 0 && len(m.Method) > 0
}

// start reads the start line.
func (m *Message) start(line []byte) bool {
	const least = len(version) + 4 // "SIP/2.0 200"
	if len(line) >= least && string(line[:len(version)+1]) == version+" " {
		for _, c := range line[len(version)+1 : least] {
			if c < '0' || c > '9' {
				return false
			}
			m.Status = m.Status*10 + int(c-'0')
		}
		return m.Status >= 100 && m.Status < 700
	}
	n := methodLength(line)
	if n < 0 || n == len(line) || !bytes.HasSuffix(line[n+1:], []byte(" "+version)) {
		return false
	}
	m.Method = line[:n]
	return true
}

// cutLine cuts the first line off, and its end from it.
func cutLine(data []byte) (line, rest []byte) {
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		return trimRight(data), nil
	}
	return trimRight(data[:end]), data[end+1:]
}

func trimRight(b []byte) []byte {
	for len(b) > 0 && blank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func trim(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	return trimRight(b)
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// headers reads the header fields and the body behind them. A field may go on
// over lines that begin with a blank (RFC 3261, section 7.3.1).
func (m *Message) headers(data []byte) {
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			end = len(data)
		}
		if trimmed := trimRight(data[:end]); len(trimmed) == 0 {
			m.Body = data[end:]
			return
		}
		for end < len(data) && (data[end] == ' ' || data[end] == '\t') {
			more := bytes.IndexByte(data[end:], '\n') + 1
			if more == 0 {
				more = len(data) - end
			}
			end += more
		}
		field := data[:end]
		data = data[end:]
		if colon := bytes.IndexByte(field, ':'); colon > 0 {
			m.header(trimRight(field[:colon]), field[colon+1:])
		}
	}
}

// header keeps a field that is of use, by its name or its compact form (RFC
// 3261, section 7.3.3; RFC 3515 for r). Of several, the first counts.
func (m *Message) header(name, value []byte) {
	switch len(name) {
	case 1:
		switch name[0] | 0x20 {
		case 'i':
			set(&m.CallID, value)
		case 'f':
			set(&m.From, value)
		case 't':
			set(&m.To, value)
		case 'm':
			set(&m.Contact, value)
		case 'l':
			m.length(value)
		case 'c':
			set(&m.ContentType, value)
		case 'r':
			set(&m.ReferTo, value)
		}
	case 2:
		if is(name, "to") {
			set(&m.To, value)
		}
	case 4:
		if is(name, "from") {
			set(&m.From, value)
		} else if is(name, "cseq") {
			m.sequence(value)
		}
	case 6:
		if is(name, "reason") {
			set(&m.Reason, value)
		}
	case 7:
		if is(name, "call-id") {
			set(&m.CallID, value)
		} else if is(name, "contact") {
			set(&m.Contact, value)
		} else if is(name, "expires") {
			set(&m.Expires, value)
		}
	case 8:
		if is(name, "refer-to") {
			set(&m.ReferTo, value)
		}
	case 12:
		if is(name, "content-type") {
			set(&m.ContentType, value)
		}
	case 14:
		if is(name, "content-length") {
			m.length(value)
		}
	}
}

// is reports whether name is lower, but for the case of its letters. Both are of
// one length.
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

func set(to *[]byte, value []byte) {
	if *to == nil {
		*to = trim(value)
	}
}

// length reads a Content-Length, of at most nine digits.
func (m *Message) length(value []byte) {
	if n, digits := number(trim(value)); m.Length < 0 && digits > 0 && digits <= 9 {
		m.Length = int(n)
	}
}

// sequence reads a CSeq: a number and a method.
func (m *Message) sequence(value []byte) {
	value = trim(value)
	n, digits := number(value)
	if digits == 0 || m.CSeq != 0 {
		return
	}
	m.CSeq = uint32(n)
	if m.Status > 0 {
		m.Method = trim(value[digits:])
	}
}

// number reads the digits that b begins with; beyond eighteen they count as
// many.
func number(b []byte) (n uint64, digits int) {
	for digits < len(b) && b[digits] >= '0' && b[digits] <= '9' {
		if digits < 18 {
			n = n*10 + uint64(b[digits]-'0')
		}
		digits++
	}
	return n, digits
}

// A Party is an end of a call, as the messages name it.
type Party struct {
	User string // the user part of the URI: a number, mostly; empty for none
	Name string // the display name; empty for none
}

// party reads a From or To (RFC 3261, section 20.10): a URI, or a name and a URI
// in angle brackets. A name that should be in quotes and is not is read, too.
func party(value []byte) Party {
	var p Party
	uri := value
	if open := bracket(value); open >= 0 {
		p.Name = displayName(trim(value[:open]))
		uri = value[open+1:]
		if end := bytes.IndexByte(uri, '>'); end >= 0 {
			uri = uri[:end]
		}
	}
	p.User = userOf(uri)
	return p
}

// User returns the user part of the URI in a From, To or Contact, empty for none.
func User(field []byte) string { return party(field).User }

// bracket returns where the "<" of a name-addr is, -1 for none: the first that
// is not within quotes.
func bracket(value []byte) int {
	quoted := false
	for i := 0; i < len(value); i++ {
		switch {
		case value[i] == '\\' && quoted:
			i++
		case value[i] == '"':
			quoted = !quoted
		case value[i] == '<' && !quoted:
			return i
		}
	}
	return -1
}

// displayName takes the quotes off a name, and what escapes in them.
func displayName(b []byte) string {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return short(b)
	}
	b = b[1 : len(b)-1]
	if bytes.IndexByte(b, '\\') < 0 {
		return short(b)
	}
	var plain []byte
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) {
			i++
		}
		plain = append(plain, b[i])
	}
	return short(plain)
}

// userOf returns the user part of a URI, or the number of a tel URI (RFC 3966).
func userOf(uri []byte) string {
	colon := bytes.IndexByte(uri, ':')
	if colon < 0 {
		return ""
	}
	scheme, rest := trim(uri[:colon]), uri[colon+1:]
	if len(scheme) == 3 && is(scheme, "tel") {
		if end := bytes.IndexByte(rest, ';'); end >= 0 {
			rest = rest[:end]
		}
		return short(rest)
	}
	at := bytes.LastIndexByte(rest, '@')
	if at < 0 {
		return ""
	}
	user := rest[:at]
	if end := bytes.IndexAny(user, ":;"); end >= 0 { // a password, or parameters of the user part
		user = user[:end]
	}
	return short(user)
}

// maxText bounds the texts that are kept of a message, but for the Call-ID.
const maxText = 128

// short returns b as a string, cut off where it is too long.
func short(b []byte) string { return string(b[:min(len(b), maxText)]) }

// tagged reports whether a From or To has a tag, as those within a dialog have.
func tagged(value []byte) bool {
	if open := bracket(value); open >= 0 {
		value = value[open:]
		if end := bytes.IndexByte(value, '>'); end >= 0 {
			value = value[end:]
		}
	}
	for {
		semicolon := bytes.IndexByte(value, ';')
		if semicolon < 0 {
			return false
		}
		value = trim(value[semicolon+1:])
		if len(value) > 4 && is(value[:3], "tag") && (value[3] == '=' || blank(value[3])) {
			return true
		}
	}
}

// replaces reports whether a Refer-To is that of an attended transfer: it names
// the dialog to replace (RFC 3891).
func replaces(referTo []byte) bool {
	return find(referTo, "replaces=") >= 0
}

// releases reports whether a REGISTER, or an answer to it, leaves the phone
// without a binding: Expires, or the Contact's own parameter, is 0 (RFC 3261,
// section 10.2.2). What is not said, is not 0.
func (m *Message) releases() bool {
	if at := find(m.Contact, ";expires="); at >= 0 {
		n, digits := number(m.Contact[at+len(";expires="):])
		return digits > 0 && n == 0
	}
	n, digits := number(m.Expires)
	return digits > 0 && n == 0
}

// elsewhere reports whether a CANCEL says that another phone took the call (RFC
// 3326: cause 200).
func (m *Message) elsewhere() bool {
	return find(m.Reason, "cause=200") >= 0 || find(m.Reason, "elsewhere") >= 0
}

// find returns where b has lower first, but for the case of its letters; -1 for
// nowhere.
func find(b []byte, lower string) int {
	for i := 0; i+len(lower) <= len(b); i++ {
		if is(b[i:i+len(lower)], lower) {
			return i
		}
	}
	return -1
}

// fragment returns the status in the body of a NOTIFY that tells what became of
// a transfer (RFC 3515, section 2.4.4), 0 if it is none.
func (m *Message) fragment() int {
	if len(m.ContentType) < len("message/sipfrag") || !is(m.ContentType[:len("message/sipfrag")], "message/sipfrag") {
		return 0
	}
	var inner Message
	line, _ := cutLine(m.Body)
	if !inner.start(line) {
		return 0
	}
	return inner.Status
}

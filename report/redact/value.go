package redact

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
	"actionurl/decode/vendor"
)

// value replaces the value of a variable by what it means. An empty one stays, and
// a variable that the phone did not replace.
func (r *Redactor) value(s string, means vendor.Meaning) string {
	switch v := actionurl.VarOf("", s); {
	case v.State == actionurl.Empty, v.State == actionurl.Unresolved && len(s) <= vendor.MaxName && harmless(s):
		return s
	}
	switch means {
	case vendor.Local, vendor.Remote, vendor.Account, vendor.Number, vendor.User, vendor.Caller, vendor.Called:
		return r.party(s)
	case vendor.DisplayLocal, vendor.DisplayRemote, vendor.CallerName, vendor.CalledName:
		return r.name(s)
	case vendor.CallID:
		return r.call(s)
	case vendor.Secret:
		return r.secret(s)
	case vendor.MAC:
		if m, ok := packet.ParseMAC(s); ok {
			if !r.has(Addresses) {
				return s
			}
			return r.book.mac(m).String()
		}
	case vendor.PhoneIP, vendor.IP:
		if a, err := netip.ParseAddr(s); err == nil {
			if !r.has(Addresses) {
				return s
			}
			return r.address(a)
		}
	case vendor.Duration, vendor.Battery, vendor.Count:
		if digitsOnly(s) && len(s) <= 6 {
			return s
		}
	case vendor.Version, vendor.Hardware:
		return r.versionOf(s)
	case vendor.Product:
		return r.scan(s, agent)
	case vendor.Language:
		if len(s) <= 5 {
			return r.scan(s, agent)
		}
	case vendor.Event:
		if actionurl.Lookup(s) != nil {
			return s
		}
	}
	return r.other(s)
}

// versionOf replaces what is found in a version, which may look like an address itself.
func (r *Redactor) versionOf(s string) string {
	if !strings.ContainsAny(s, " %") {
		defer func(kept string) { r.kept = kept }(r.kept)
		r.kept = s
	}
	return r.scan(s, agent)
}

// other replaces a value of unknown meaning, unless it names nobody.
func (r *Redactor) other(s string) string {
	if known := r.book.find(s); known != "" {
		return known
	}
	v := viewOf(s)
	if r.stays(v.text) {
		return s
	}
	if strings.Contains(s, "://") {
		return r.url(s)
	}
	if strings.IndexByte(s, '@') > 0 {
		return r.party(s)
	}
	if by, ok := r.addressOf(v.text); ok {
		return by
	}
	switch {
	case isDialled(s) && r.has(Numbers):
		return r.digits(s)
	case isDialled(s):
		return v.replace(r.hits(v.text, freely))
	case r.has(Addresses) && isPiece(s):
		return r.book.of(aValue, s)
	}
	hits := r.hits(v.text, freely)
	switch {
	case !r.has(Names), harmless(rest(v.text, hits)):
		return v.replace(hits)
	case isToken(s) && r.has(Secrets):
		return r.book.of(aSecret, s)
	}
	return r.learn(aValue, s)
}

// addressOf returns what becomes of an address, which may have digits and dots alone, as
// a telephone number has.
func (r *Redactor) addressOf(s string) (by string, ok bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		if !r.has(Addresses) {
			return s, true
		}
		return r.address(a), true
	}
	if n, replaced := r.macIn(s, 0, freely); n == len(s) && replaced != nil {
		return replaced(), true
	}
	if n, replaced := r.ipv4In(s, 0, freely); n == len(s) && replaced != nil && strings.Count(s, ".") == 3 { // with zeros in front
		return replaced(), true
	}
	return "", false
}

// stays reports whether a value names nobody, and nothing is found in it.
func (r *Redactor) stays(s string) bool {
	return harmless(s) && !(isDialled(s) && len(s) > 1) && !(isPiece(s) && r.has(Addresses)) && len(r.hits(s, freely)) == 0
}

// isPiece reports whether a text may be a part of a MAC address: digits and letters
// of hexadecimal numbers, in pairs.
func isPiece(s string) bool {
	letters, digits := false, false
	for i := range len(s) {
		if packet.HexDigit(s[i]) > 15 {
			return false
		}
		letters, digits = letters || isLetter(s[i]), digits || isDigit(s[i])
	}
	return letters && digits && len(s)%2 == 0 && len(s) >= 4 && len(s) < 12
}

// rest returns a text without what is replaced.
func rest(text string, hits []hit) string {
	var left strings.Builder
	last := 0
	for _, h := range hits {
		if h.by != nil {
			left.WriteString(text[last:h.at] + " ")
			last = h.at + h.n
		}
	}
	left.WriteString(text[last:])
	return left.String()
}

// party replaces a side of a call: a number, a SIP or tel URI, a name and a URI.
func (r *Redactor) party(s string) string {
	if strings.Contains(s, "://") {
		return r.url(s)
	}
	if begin := strings.LastIndexByte(s, '<'); begin >= 0 {
		name, uri := s[:begin], s[begin+1:]
		uri, rest, closed := strings.Cut(uri, ">")
		if strings.TrimSpace(name) != "" {
			name = r.named(strings.Trim(strings.TrimSpace(name), `"`)) + " "
		}
		if uri = "<" + r.party(uri); closed {
			uri += ">"
		}
		return name + uri + r.parameters(rest)
	}
	uri := s
	scheme := ""
	for _, prefix := range [...]string{"sips:", "sip:", "tel:"} {
		if len(uri) > len(prefix) && strings.EqualFold(uri[:len(prefix)], prefix) {
			scheme, uri = uri[:len(prefix)], uri[len(prefix):]
			break
		}
	}
	uri, parameters, more := strings.Cut(uri, ";")
	if more {
		parameters = r.parameters(";" + parameters)
	}
	user, host, at := strings.Cut(uri, "@")
	if !at {
		return scheme + r.number(uri) + parameters
	}
	if name, password, ok := strings.Cut(user, ":"); ok {
		user = r.number(name) + ":" + r.secret(password)
	} else {
		user = r.number(user)
	}
	return scheme + user + "@" + r.authority(host) + parameters
}

// parameters replaces what is not common in a list with semicolons between, as of a
// SIP URI or a media type.
func (r *Redactor) parameters(s string) string {
	all := strings.Split(s, ";")
	for i, text := range all {
		key, value, pair := strings.Cut(strings.TrimLeft(text, " "), "=")
		space := text[:len(text)-len(strings.TrimLeft(text, " "))]
		switch {
		case !pair:
			all[i] = space + r.other(key)
		case secretKey(key):
			all[i] = space + r.key(key) + "=" + r.secret(value)
		default:
			all[i] = space + r.key(key) + "=" + r.other(value)
		}
	}
	return strings.Join(all, ";")
}

// number replaces a telephone number, or what a SIP party is called instead: by its
// name, if only names are replaced.
func (r *Redactor) number(s string) string {
	s = actionurl.Unescape(s)
	switch {
	case strings.TrimSpace(s) == "":
		return s
	case r.has(Numbers):
		if pseudonym := r.dialled(s); pseudonym != "" {
			return pseudonym
		}
		return r.learn(aNumber, s)
	case r.has(Names) && !isDialled(s) && !harmless(s):
		return r.learn(aName, s)
	}
	return r.scan(s, freely)
}

// digits replaces digits and what separates groups of them.
func (r *Redactor) digits(s string) string {
	if !r.has(Numbers) {
		return s
	}
	if pseudonym := r.dialled(s); pseudonym != "" {
		return pseudonym
	}
	return r.book.of(aNumber, s)
}

// dialled returns the pseudonym of a number, which is known by its digits however
// they are grouped; empty for a text that is none.
func (r *Redactor) dialled(s string) string {
	if !isDialled(s) {
		return ""
	}
	digits := make([]byte, 0, len(s))
	for i := range len(s) {
		if isDigit(s[i]) {
			digits = append(digits, s[i])
		}
	}
	pseudonym := r.book.of(aNumber, string(digits))
	r.book.also(s, pseudonym)
	return pseudonym
}

// isDialled reports whether a text is a telephone number: digits, and what people
// put between groups of them.
func isDialled(s string) bool {
	digits := false
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digits = true
		case strings.IndexByte("+ -().*#/", c) < 0:
			return false
		}
	}
	return digits
}

// name replaces a display name. A phone that knows none may have put the number
// there.
func (r *Redactor) name(s string) string {
	switch {
	case strings.TrimSpace(s) == "":
		return s
	case strings.Contains(s, "sip:") || strings.Contains(s, "<"):
		return r.party(s)
	}
	return r.named(s)
}

// named replaces a display name that has no URI with it.
func (r *Redactor) named(s string) string {
	switch {
	case !r.has(Names):
		return r.scan(s, freely)
	case r.has(Numbers):
		if pseudonym := r.dialled(s); pseudonym != "" {
			return pseudonym
		}
	}
	return r.learn(aName, s)
}

// learn replaces a value, and makes its words known: they may come by themselves.
func (r *Redactor) learn(c class, s string) string {
	pseudonym := r.book.of(c, s)
	r.book.also(strings.Map(func(c rune) rune {
		if c < 0x80 && !inWord(byte(c)) {
			return -1
		}
		return c
	}, s), pseudonym)
	for word := range strings.FieldsFuncSeq(s, func(c rune) bool { return c < 0x80 && !inWord(byte(c)) }) {
		if len(word) >= leastKnown && !words[strings.ToLower(word)] {
			r.book.also(word, pseudonym)
		}
	}
	if other := recoded(s); other != "" {
		r.book.also(other, pseudonym)
	}
	return pseudonym
}

// recoded returns a text of UTF-8 in ISO 8859-1, or the other way round; empty
// where it has no such form, or the same.
func recoded(s string) string {
	var b []byte
	if !utf8.ValidString(s) {
		for i := range len(s) {
			b = utf8.AppendRune(b, rune(s[i]))
		}
		return string(b)
	}
	for _, c := range s {
		if c > 0xff {
			return ""
		}
		b = append(b, byte(c))
	}
	if string(b) == s {
		return ""
	}
	return string(b)
}

// secret replaces a secret.
func (r *Redactor) secret(s string) string {
	if s == "" || !r.has(Secrets) {
		return r.scan(s, freely)
	}
	return r.book.of(aSecret, s)
}

// call replaces a Call-ID: phones make them of numbers, counters and addresses.
func (r *Redactor) call(s string) string {
	if s == "" || !r.has(aCall.set()) {
		return r.scan(s, freely)
	}
	return r.book.of(aCall, s)
}

// mac replaces a MAC address.
func (r *Redactor) mac(m packet.MAC) packet.MAC {
	if !r.has(Addresses) {
		return m
	}
	return r.book.mac(m)
}

// addr replaces an IP address.
func (r *Redactor) addr(a netip.Addr) netip.Addr {
	if !r.has(Addresses) || !a.IsValid() {
		return a
	}
	r.address(a)
	return r.book.addr(a)
}

// addrPort replaces an IP address with a port.
func (r *Redactor) addrPort(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(r.addr(a.Addr()), a.Port())
}

// address replaces an IP address in a text. Its other spellings become known: in
// hexadecimal and decimal digits, and with the letters in which Grandstream phones
// put it into a Call-ID.
func (r *Redactor) address(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	_, known := r.book.addrs[a]
	text := r.book.addr(a).String()
	if !known && a.Is4() {
		b := a.As4()
		n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		r.book.also(fmt.Sprintf("%08x", n), text)
		if n > 0xffffff {
			r.book.also(fmt.Sprint(n), text)
		}
		r.book.also(strings.Map(func(c rune) rune {
			if c >= '0' && c <= '9' {
				return c - '0' + 'A'
			}
			return c
		}, a.String()), text)
		r.book.also(fmt.Sprintf("%d.%d.%d.%d.in-addr.arpa", b[3], b[2], b[1], b[0]), text)
	}
	return text
}

// authority replaces what names a server in a URL: perhaps user:password@, a host,
// perhaps a port.
func (r *Redactor) authority(s string) string {
	out := ""
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		user, password, ok := strings.Cut(s[:at], ":")
		switch {
		case ok && r.has(Secrets):
			r.secret(password)
			r.secret(user)
			out = r.secret(s[:at])
		case ok:
			out = r.number(user) + ":" + r.scan(password, freely)
		default:
			out = r.number(user)
		}
		out, s = out+"@", s[at+1:]
	}
	host, port := s, ""
	if colon := strings.LastIndexByte(s, ':'); colon >= 0 && digitsOnly(s[colon+1:]) && len(s)-colon <= 6 && !(strings.Count(s, ":") > 1 && s[0] != '[') {
		host, port = s[:colon], s[colon:]
	}
	return out + r.host(host, port != "") + port
}

// host replaces the name or address of a host. An IPv6 address is in brackets where
// a port follows it, or where it was.
func (r *Redactor) host(s string, port bool) string {
	bare := strings.Trim(s, "[]")
	if a, err := netip.ParseAddr(bare); err == nil {
		switch by := r.address(a); {
		case !r.has(Addresses):
			return s
		case port || bare != s:
			return "[" + by + "]"
		default:
			return by
		}
	}
	switch {
	case bare == "" || strings.EqualFold(bare, "localhost"):
		return s
	case !r.has(aHost.set()):
		return r.scan(s, freely)
	}
	return r.book.of(aHost, s)
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

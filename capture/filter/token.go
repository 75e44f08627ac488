package filter

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A kind is what a token is.
type kind uint8

const (
	end     kind = iota
	symbol       // a parenthesis, a slash, a comparison
	keyword      // or a symbol for one: "&&" is "and"
	number
	dotted // an IPv4 address, perhaps shortened
	ipv6
	mac
	name // any other word
)

// A token is a word of an expression.
type token struct {
	kind     kind
	text     string // of a symbol, a keyword or a name
	at, stop int    // its place in the expression, in bytes

	number uint32     // of a number
	ipv4   ipv4       // of an IPv4 address
	ipv6   netip.Addr // of an IPv6 address
	mac    [6]byte    // of an Ethernet address
}

// isValue reports whether the token may stand after a qualifier.
func (t token) isValue() bool { return t.kind >= number }

// is reports whether the token is this symbol or keyword.
func (t token) is(text string) bool { return (t.kind == symbol || t.kind == keyword) && t.text == text }

// An ipv4 is an IPv4 address with its mask, which need not be contiguous.
type ipv4 struct{ address, mask uint32 }

// isKeyword reports whether a word has a meaning of its own.
func isKeyword(word string) bool {
	switch word {
	case "and", "or", "not", "src", "dst", "host", "net", "mask", "port", "portrange", "proto",
		"ether", "link", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp",
		"icmp", "icmp6", "igmp", "pim", "vrrp", "ah", "esp",
		"broadcast", "multicast", "vlan", "less", "greater", "len", "length":
		return true
	}
	return false
}

// scan returns the token at or after an offset.
func (p *parser) scan(at int) token {
	at += len(p.text[at:]) - len(strings.TrimLeft(p.text[at:], " \t\r\n"))
	rest := p.text[at:]
	if rest == "" {
		return token{kind: end, at: at, stop: at}
	}
	if c := rest[0]; c == ':' || isWordByte(c) && c != '-' && c != '_' {
		return p.scanWord(at)
	}
	if rest[0] == '\\' {
		n := strings.IndexAny(rest+" ", " !()\n\t")
		return token{kind: name, text: rest[1:n], at: at, stop: at + n}
	}
	for _, s := range [...][2]string{
		{"&&", "and"}, {"||", "or"}, {"!=", "!="}, {">=", ">="}, {"<=", "<="}, {"==", "="},
		{"!", "not"}, {"(", "("}, {")", ")"}, {"/", "/"}, {">", ">"}, {"<", "<"}, {"=", "="}, {"[", "["},
	} {
		if strings.HasPrefix(rest, s[0]) {
			t := token{kind: symbol, text: s[1], at: at, stop: at + len(s[0])}
			if isKeyword(t.text) {
				t.kind = keyword
			}
			return t
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	panic(p.errorAt(at, "unexpected %q", r))
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte(".-_", c) >= 0
}

// scanWord returns the word that begins at an offset.
func (p *parser) scanWord(at int) token {
	stop := at
	for stop < len(p.text) && (isWordByte(p.text[stop]) || p.text[stop] == ':') {
		stop++
	}
	word := p.text[at:stop]
	t := token{text: word, at: at, stop: stop}
	if m, ok := parseMAC(word); ok {
		t.kind, t.mac = mac, m
		return t
	}
	if strings.Contains(word, ":") {
		a, err := netip.ParseAddr(word)
		if err != nil {
			panic(p.errorAt(at, "%q is neither an IPv6 nor an Ethernet address", word))
		}
		t.kind, t.ipv6 = ipv6, a
		return t
	}
	t.text = strings.TrimRight(word, "-_")
	t.stop = at + len(t.text)
	switch {
	case isKeyword(t.text):
		t.kind = keyword
	case isNumber(t.text):
		n, err := strconv.ParseUint(t.text, 0, 32)
		if err != nil {
			panic(p.errorAt(at, "%q is not a 32-bit number", t.text))
		}
		t.kind, t.number = number, uint32(n)
	case strings.Trim(t.text, "0123456789.") == "" && strings.Count(t.text, ".") < 4:
		a, err := parseIPv4(t.text)
		if err != nil {
			panic(p.errorAt(at, "%q is not an IPv4 address", t.text))
		}
		t.kind, t.ipv4 = dotted, a
	default:
		t.kind = name
	}
	return t
}

// isNumber reports whether a word is meant as a number: decimal, octal after
// 0, or hexadecimal after 0x.
func isNumber(word string) bool {
	if hex, ok := strings.CutPrefix(strings.ToLower(word), "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(word, "0123456789") == ""
}

// parseIPv4 parses two to four decimal bytes. What is left out is masked.
func parseIPv4(s string) (ipv4, error) {
	var a ipv4
	bits := 32
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil {
			return ipv4{}, err
		}
		bits -= 8
		a.address |= uint32(n) << bits
		a.mask |= 0xff << bits
	}
	return a, nil
}

// parseMAC parses an Ethernet address: six bytes of one or two hexadecimal
// digits with colons, dashes or dots between, three pairs with dots, or all
// twelve digits.
func parseMAC(s string) (m [6]byte, ok bool) {
	digits := strings.ReplaceAll(s, ".", "")
	if strings.Contains(s, ".") && (len(s) != 14 || s[4] != '.' || s[9] != '.') {
		digits = ""
	}
	for _, separator := range []string{":", "-", "."} {
		if parts := strings.Split(s, separator); len(parts) == 6 {
			digits = ""
			for _, part := range parts {
				digits += strings.Repeat("0", max(0, 2-len(part))) + part
			}
		}
	}
	b, err := hex.DecodeString(digits)
	return [6]byte(append(b, m[:]...)), err == nil && len(b) == 6 && len(digits) == 12
}

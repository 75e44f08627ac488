package redact

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
)

// A manner says which digits of a text are a number.
type manner uint8

const (
	freely  manner = iota // three and more
	agent                 // those that stand alone: models have numbers, too
	message               // those of a known number: others are counts
)

// Lengths from which on something is recognized in a text.
const (
	leastDigits = 3       // of a number
	mostDigits  = 6       // of a text that is none, as a time
	mostSeconds = 999_999 // of a duration; what is longer is a number in its place
	leastKnown  = 3       // of a known value, in bytes
	leastToken  = 16      // of letters and digits that are a token
	mostEnds    = 32      // of words and parts of words that are looked at for a known value
	leastBase64 = 8       // bytes of it that are decoded
	mostBase64  = 4 << 10
	mostIPv6    = 45 // bytes
	mostGap     = 4  // bytes between the words of a known value
	mostKey     = 32 // bytes of the key of a secret
	mostNested  = 3  // percent-escapes in percent-escapes
)

// A view is a text without its percent-escapes, and where its bytes were. Escapes
// in escapes are resolved, too.
type view struct {
	raw, text string
	at        []int // in raw, of each byte of text and of its end; nil where both are the same
}

func viewOf(raw string) view {
	v := view{raw: raw, text: raw}
	for range mostNested {
		plain := actionurl.Unescape(v.text)
		if plain == v.text {
			break
		}
		at := make([]int, 0, len(plain)+1)
		for i := 0; i < len(v.text); {
			at = append(at, v.place(i))
			if n := escape(v.text[i:]); n > 0 {
				i += n
			} else {
				i++
			}
		}
		v.at = append(at, len(raw))
		v.text = plain
	}
	return v
}

// escape returns the length of the percent-escape that s begins with, 0 for none.
func escape(s string) int {
	if len(s) >= 3 && s[0] == '%' && packet.HexDigit(s[1]) < 16 && packet.HexDigit(s[2]) < 16 {
		return 3
	}
	return 0
}

// place returns where a byte of the text was.
func (v *view) place(i int) int {
	if v.at == nil {
		return i
	}
	return v.at[i]
}

// cut returns what was from one byte of the text to another.
func (v *view) cut(from, to int) string { return v.raw[v.place(from):v.place(to)] }

// A hit is a part of a text that is replaced, or, if by is nil, stays as it is. What
// by returns becomes known, so it is called only for what is replaced.
type hit struct {
	at, n int
	by    func() string
}

// scan replaces in a text what is known and what looks like what must not be shown.
func (r *Redactor) scan(s string, how manner) string {
	if s == "" {
		return s
	}
	v := viewOf(s)
	return v.replace(r.hits(v.text, how))
}

// replace returns the text as it was with the hits replaced.
func (v *view) replace(hits []hit) string {
	var out strings.Builder
	last := 0
	for _, h := range hits {
		if h.by != nil {
			out.WriteString(v.cut(last, h.at))
			out.WriteString(h.by())
			last = h.at + h.n
		}
	}
	if last == 0 {
		return v.raw
	}
	out.WriteString(v.cut(last, len(v.text)))
	return out.String()
}

// hits returns what is found in a text, in order.
func (r *Redactor) hits(text string, how manner) []hit {
	var hits []hit
	low := lowered(text)
	for i := 0; i < len(text); i++ {
		if i > 0 && inWord(text[i]) && !seam(text, i) { // parts of a word: ext5002, AnnaSchmidt
			continue
		}
		if h := r.match(text, low, i, how); h.n > 0 {
			hits = append(hits, h)
			i += h.n - 1
		}
	}
	return hits
}

// wordAt returns the length of the word at the beginning of s.
func wordAt(s string) int {
	n := 0
	for n < len(s) && inWord(s[n]) {
		n++
	}
	return n
}

// lowered returns a text in lower case, each character of the length that it has.
func lowered(s string) []byte {
	low := []byte(s)
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			low[i] = lower(s[i])
			i++
			continue
		}
		c, n := utf8.DecodeRuneInString(s[i:])
		if small := unicode.ToLower(c); n > 1 && utf8.RuneLen(small) == n {
			utf8.EncodeRune(low[i:], small)
		}
		i += n
	}
	return low
}

// seam reports whether a part of a word may begin at i: a digit after a letter or
// the other way round, a capital after a small letter.
func seam(s string, i int) bool {
	a, b := s[i-1], s[i]
	switch {
	case !inWord(a) || !inWord(b):
		return true
	case isDigit(a) != isDigit(b):
		return true
	}
	return a >= 'a' && a <= 'z' && b >= 'A' && b <= 'Z'
}

// match returns what is found at i. The longest match counts.
func (r *Redactor) match(s string, low []byte, i int, how manner) hit {
	best := hit{at: i}
	for _, find := range [...]func(string, int, manner) (int, func() string){r.version, r.macIn, r.ipv6In, r.ipv4In, r.pairIn, r.tokenIn, r.numberIn} {
		if n, by := find(s, i, how); n > best.n {
			best.n, best.by = n, by
		}
	}
	if n, by := r.knownIn(low, i); n > best.n {
		best.n, best.by = n, func() string { return by }
	}
	return best
}

// version finds the version that stays.
func (r *Redactor) version(s string, i int, _ manner) (n int, by func() string) {
	if n = len(r.kept); n == 0 || !strings.HasPrefix(s[i:], r.kept) || i > 0 && inWord(s[i-1]) || i+n < len(s) && inWord(s[i+n]) {
		return 0, nil
	}
	if a, err := netip.ParseAddr(r.kept); err == nil {
		if _, known := r.book.addrs[a]; known || a.IsPrivate() {
			return 0, nil
		}
	}
	return n, nil
}

// macIn finds a MAC address: six pairs of digits with the same separator between,
// or three groups of four, or twelve digits.
func (r *Redactor) macIn(s string, i int, _ manner) (n int, by func() string) {
	if i > 0 && packet.HexDigit(s[i-1]) < 16 && !seam(s, i) {
		return 0, nil
	}
	digits, separators, letters := 0, 0, false
	j := i
	for ; j < len(s) && digits < 12; j++ {
		switch c := s[j]; {
		case packet.HexDigit(c) < 16:
			digits++
			letters = letters || isLetter(c)
		case digits == 0 || digits%2 != 0 || !strings.ContainsRune(":-. _", rune(c)) || packet.HexDigit(s[j-1]) > 15:
			return 0, nil
		default:
			separators++
		}
	}
	if digits < 12 || j < len(s) && packet.HexDigit(s[j]) < 16 || separators != 0 && separators != 5 && separators != 2 && separators != 1 {
		return 0, nil
	}
	m, ok := packet.ParseMAC(strings.NewReplacer("_", "").Replace(s[i:j]))
	if !ok {
		return 0, nil
	}
	if _, known := r.book.macs[m]; !known && !letters && separators != 5 && r.has(Numbers) {
		return 0, nil // a telephone number
	}
	if !r.has(Addresses) {
		return j - i, nil
	}
	return j - i, func() string { return r.book.mac(m).String() }
}

// ipv6In finds an IPv6 address.
func (r *Redactor) ipv6In(s string, i int, _ manner) (n int, by func() string) {
	if i > 0 && (inWord(s[i-1]) || s[i-1] == ':') || packet.HexDigit(s[i]) > 15 && s[i] != ':' {
		return 0, nil
	}
	end, colons := i, 0
	for end < len(s) && end-i <= mostIPv6 && (packet.HexDigit(s[end]) < 16 || s[end] == ':' || s[end] == '.') {
		if s[end] == ':' {
			colons++
		}
		end++
	}
	if colons < 2 || end-i > mostIPv6 || end < len(s) && inWord(s[end]) && s[end-1] != '.' {
		return 0, nil
	}
	for end > i && (s[end-1] == '.' || s[end-1] == ':' && (end < i+2 || s[end-2] != ':')) {
		end--
	}
	a, err := netip.ParseAddr(s[i:end])
	if err != nil {
		return 0, nil
	}
	if !r.has(Addresses) {
		return end - i, nil
	}
	return end - i, func() string { return r.address(a) }
}

// ipv4In finds an IPv4 address: four numbers with dots, hyphens or underscores.
func (r *Redactor) ipv4In(s string, i int, _ manner) (n int, by func() string) {
	if !isDigit(s[i]) || i > 0 && isDigit(s[i-1]) || i > 1 && s[i-1] == '.' && isDigit(s[i-2]) {
		return 0, nil
	}
	var a [4]byte
	j := i
	separator := byte(0)
	for part := range a {
		if part > 0 {
			if j >= len(s) || s[j] != '.' && s[j] != '-' && s[j] != '_' || separator != 0 && s[j] != separator {
				return 0, nil
			}
			separator = s[j]
			j++
		}
		from := j
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		octet, err := strconv.ParseUint(s[from:j], 10, 8)
		if err != nil || j-from > 3 {
			return 0, nil
		}
		a[part] = byte(octet)
	}
	if j+1 < len(s) && s[j] == separator && isDigit(s[j+1]) {
		return 0, nil // five numbers
	}
	switch {
	case r.has(Addresses):
	case separator != '.' && r.has(Numbers):
		return 0, nil // a telephone number
	default:
		return j - i, nil
	}
	port := j+1 < len(s) && s[j] == ':' && isDigit(s[j+1]) && !(i > 0 && s[i-1] == '[')
	return j - i, func() string {
		by := r.address(netip.AddrFrom4(a))
		if port {
			by = "[" + by + "]"
		}
		return by
	}
}

// pairIn finds a secret by its key: password=x, "token": "x".
func (r *Redactor) pairIn(s string, i int, how manner) (n int, by func() string) {
	end := i
	for end < len(s) && end-i <= mostKey && (isLetter(s[end]) || s[end] == '_' || s[end] == '-') {
		end++
	}
	if how != freely || !r.has(Secrets) || end == i || end == len(s) || i > 0 && inWord(s[i-1]) || !secretKey(s[i:end]) {
		return 0, nil
	}
	value := end
	for value < len(s) && value-end <= mostGap && strings.IndexByte(`"': =`, s[value]) >= 0 {
		value++
	}
	last := len(s)
	if size := strings.IndexAny(s[value:], `"',;&<>{} `); size >= 0 {
		last = value + size
	}
	if last == value || !strings.ContainsAny(s[end:value], ":=") {
		return 0, nil
	}
	return last - i, func() string { return s[i:value] + r.secret(s[value:last]) }
}

// tokenIn finds letters and digits that nobody types.
func (r *Redactor) tokenIn(s string, i int, how manner) (n int, by func() string) {
	if i > 0 && inWord(s[i-1]) || !inWord(s[i]) {
		return 0, nil
	}
	end := i + wordAt(s[i:])
	secret, hides := isToken(s[i:end]), false
	for how != agent && secret && end+1 < len(s) && strings.IndexByte("_-~+.", s[end]) >= 0 {
		n := wordAt(s[end+1:])
		if n == 0 || !isASCII(s[end+1:end+1+n]) {
			break
		}
		end += 1 + n
	}
	for end < len(s) && s[end] == '=' && end-i >= 8 {
		end++
	}
	if !secret || !r.has(Secrets) {
		if n := r.encoded(s[i:]); n > 0 {
			secret, hides, end = true, true, i+n
		}
	}
	switch {
	case !secret:
		return 0, nil
	case hides || r.has(Secrets):
		return end - i, func() string { return r.book.of(aSecret, s[i:end]) }
	}
	return end - i, nil
}

// isToken reports whether a text looks like a token: long, of letters and digits.
func isToken(s string) bool {
	letters, digits, small, capital := 0, 0, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digits++
		case isLetter(c):
			letters++
			small, capital = small || c >= 'a', capital || c <= 'Z'
		case c >= 0x80:
			return false
		}
	}
	return letters+digits >= leastToken && letters > 0 && (digits > 0 || small && capital && letters >= 24)
}

// encoded returns the length of base64 at the beginning of a text in which something
// would be replaced: user:password, or what is known. Zero if there is none.
func (r *Redactor) encoded(s string) int {
	n := 0
	for n < len(s) && n <= mostBase64 && inBase64(s[n]) {
		n++
	}
	r.effort -= n
	switch {
	case n < leastBase64:
		return 0
	case r.effort < 0: // nobody sends as much: it is replaced unread
		return n
	case n <= mostBase64 && r.hides(s[:n]):
		return n
	}
	return 0
}

func inBase64(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '+' || c == '/' || c == '-' || c == '_' || c == '='
}

// hides reports whether base64 has in it what would be replaced.
func (r *Redactor) hides(s string) bool {
	s = strings.TrimRight(s, "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.RawURLEncoding
	}
	plain, err := encoding.DecodeString(s)
	if err != nil || !utf8.Valid(plain) {
		return false
	}
	colon := false
	for i, c := range plain {
		if c < 0x20 || c == 0x7f {
			return false
		}
		colon = colon || c == ':' && i > 0 && i < len(plain)-1
	}
	return colon && r.has(Secrets) || slices.ContainsFunc(r.hits(string(plain), freely), func(h hit) bool { return h.by != nil })
}

// numberIn finds a number: digits, and groups of them.
func (r *Redactor) numberIn(s string, i int, how manner) (n int, by func() string) {
	if !isDigit(s[i]) || i > 0 && isDigit(s[i-1]) || how == message || !r.has(Numbers) {
		return 0, nil
	}
	if how == agent && i > 0 && (inWord(s[i-1]) || strings.IndexByte("-./_:", s[i-1]) >= 0) {
		return 0, nil
	}
	digits, end := 0, i
	first := 0 // end of the first group
	for j := i; j < len(s); {
		for j < len(s) && isDigit(s[j]) {
			j, digits = j+1, digits+1
		}
		end = j
		if first == 0 {
			first = j
		}
		if j+1 < len(s) && strings.IndexByte(" -()+", s[j]) >= 0 {
			j++
			if j+1 < len(s) && strings.IndexByte(" -()", s[j]) >= 0 {
				j++
			}
		}
		if j == end || j >= len(s) || !isDigit(s[j]) || how == agent {
			break
		}
	}
	if digits < 6 && end != first { // groups of a number have more
		end, digits = first, first-i
	}
	if digits < leastDigits || how == agent && end < len(s) && (inWord(s[end]) || s[end] == '.') {
		return 0, nil
	}
	return end - i, func() string { return r.digits(s[i:end]) }
}

// knownIn finds the longest known value, from a seam to a seam.
func (r *Redactor) knownIn(low []byte, i int) (n int, by string) {
	if !inWord(low[i]) {
		return 0, ""
	}
	var room [2 * maxFolded]byte
	key := room[:0]
	for end, ends := i, 0; end < len(low) && len(key) < maxFolded && ends < mostEnds; {
		key = append(key, low[end])
		end++
		if end < len(low) && inWord(low[end]) && isDigit(low[end]) == isDigit(low[end-1]) {
			continue
		}
		ends++
		if len(key) >= leastKnown {
			if known := r.book.known[string(key)]; known != "" && !words[string(key)] {
				n, by = end-i, known
			}
		}
		if end < len(low) && !inWord(low[end]) {
			next := end
			for next < len(low) && !inWord(low[next]) && next-end <= mostGap {
				next++
			}
			if next == len(low) || next-end > mostGap {
				break
			}
			key, end = append(key, ' '), next
		}
	}
	return n, by
}

package redact

import (
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/vendor"
)

// url replaces the values of a URL or a target, and leaves the rest exactly as sent.
// Its percent-escapes are read before it is taken apart, those of a URL in a URL
// too.
func (r *Redactor) url(s string) string {
	v := viewOf(s)
	var out strings.Builder
	key, query := "", false
	begin := 0
	for begin <= len(v.text) {
		rest := v.text[begin:]
		if at, end := authorityIn(rest); at > 0 {
			out.WriteString(v.cut(begin, begin+at))
			out.WriteString(r.authority(rest[at:end]))
			begin += end
			key = ""
			continue
		}
		if n, by := r.whole(rest); n > 0 {
			out.WriteString(by)
			begin += n
			continue
		}
		n := strings.IndexAny(rest, "/?&;#=")
		if key != "" || query {
			n = strings.IndexAny(rest, "/?&#=")
		}
		if n < 0 {
			n = len(rest)
		}
		if colon := pairAfter(rest[:min(n+1, len(rest))]); key != "" && !query && colon >= 0 {
			n = colon
		}
		piece := rest[:n]
		switch by, named := "", n < len(rest) && rest[n] == '='; {
		case named && key == "" && !(strings.HasPrefix(rest[n:], "==")):
			key = strings.TrimSpace(piece)
			by = r.key(piece)
			write(&out, &v, begin, n, piece, by)
		case named && secretKey(piece): // a pair in a value
			key = piece
			write(&out, &v, begin, n, piece, r.key(piece))
		default:
			by = r.piece(piece, key, query)
			write(&out, &v, begin, n, piece, by)
			if n < len(rest) && rest[n] != '=' && rest[n] != '/' {
				key = ""
			} else if n < len(rest) && rest[n] == '/' && !query {
				key = ""
			}
		}
		if n == len(rest) {
			break
		}
		query = query || rest[n] == '?'
		out.WriteString(v.cut(begin+n, begin+n+1))
		begin += n + 1
	}
	return out.String()
}

// pairAfter returns where a colon stands in a text that ends with "=", and only a word
// between: the pairs of a path may have colons between them. Negative if there is none.
func pairAfter(s string) int {
	name, ok := strings.CutSuffix(s, "=")
	colon := strings.LastIndexByte(name, ':')
	if !ok || colon < 0 || colon+1 == len(name) || isDigit(name[colon+1]) || !isASCII(name[colon:]) || strings.ContainsAny(name[colon:], "@. %$") {
		return -1
	}
	return colon
}

// whole returns the length of the value of a variable that s begins with, and what it
// became: it may have in it what separates values. Zeros if there is none.
func (r *Redactor) whole(s string) (n int, by string) {
	for _, v := range r.values {
		if m := len(v[0]); m > n && strings.HasPrefix(s, v[0]) && (m == len(s) || strings.IndexByte("/?&;#", s[m]) >= 0) {
			n, by = m, v[1]
		}
	}
	return n, by
}

// write writes what a piece became, as it was sent where nothing was replaced.
func write(out *strings.Builder, v *view, begin, n int, piece, by string) {
	if by == piece {
		by = v.cut(begin, begin+n)
	}
	out.WriteString(by)
}

// authorityIn returns where the authority is in a URL that s begins with, zeros if
// it does not.
func authorityIn(s string) (at, end int) {
	scheme := 0
	for scheme < len(s) && isLetter(s[scheme]) {
		scheme++
	}
	if scheme == 0 || !strings.HasPrefix(s[scheme:], "://") {
		return 0, 0
	}
	at = scheme + len("://")
	end = at + len(s[at:])
	if n := strings.IndexAny(s[at:], "/?#& "); n >= 0 {
		end = at + n
	}
	return at, end
}

// key replaces what is known or a number in a key, and all of what is no plain word: a
// value may go on behind a "&" of its own.
func (r *Redactor) key(s string) string {
	if vendor.MeaningOf(strings.Trim(s, "$")) != vendor.Other {
		return s
	}
	if r.has(Names) && strings.ContainsFunc(s, func(c rune) bool { return c >= 0x80 || !inWord(byte(c)) && !strings.ContainsRune("_-.$[]#", c) }) {
		return r.other(s)
	}
	return r.scan(s, freely)
}

// piece replaces a part of a URL: the value of a key, or, without one, of a path or
// a query.
func (r *Redactor) piece(s, key string, query bool) string {
	switch {
	case s == "":
		return s
	case key != "" && secretKey(key) && !strings.HasPrefix(s, "$"):
		return r.secret(s)
	case key != "":
		return r.value(s, meaningOf(key))
	case query:
		return r.value(s, vendor.Other)
	}
	if v := actionurl.VarOf("", s); v.State == actionurl.Unresolved {
		return r.value(s, vendor.Other)
	}
	return r.other(s)
}

// meaningIn returns what the value of a variable means.
func meaningIn(v *actionurl.Var) vendor.Meaning {
	if v.Means != vendor.Other {
		return v.Means
	}
	return meaningOf(v.Name)
}

// meaningOf returns what the value of a key means.
func meaningOf(key string) vendor.Meaning {
	key = strings.Trim(key, "$")
	if m := vendor.MeaningOf(key); m != vendor.Other {
		return m
	}
	switch strings.ToLower(key) {
	case "user", "username", "ext", "extension", "number", "num", "account", "acc", "from", "to", "caller", "called", "callee", "src", "dst", "tel", "phone", "dialled", "dialed":
		return vendor.Number
	case "name", "display", "displayname", "display_name", "callername", "calledname":
		return vendor.DisplayRemote
	case "callid", "call_id", "call-id", "cid", "sessionid", "session_id":
		return vendor.CallID
	}
	return vendor.Other
}

// secretKey reports whether a key names a secret.
func secretKey(key string) bool {
	key = strings.ToLower(key)
	for _, word := range [...]string{"token", "passw", "pwd", "secret", "apikey", "api_key", "api-key", "auth", "credential", "session", "signature", "cookie", "passcode", "jwt", "bearer", "access_key", "accesskey"} {
		if strings.Contains(key, word) && !strings.HasPrefix(key, "author") {
			return true
		}
	}
	switch key {
	case "pass", "key", "sig", "pin", "pw", "otp", "sid", "hash", "code":
		return true
	}
	return false
}

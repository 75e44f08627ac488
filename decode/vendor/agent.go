package vendor

import (
	"strings"

	"actionurl/decode/packet"
)

// An Agent is what a user agent says of the phone that sends it. It holds no
// text of it, so it can be kept where the user agent is at hand anyway.
type Agent struct {
	Vendor  *Vendor // nil where it is no phone's
	MAC     packet.MAC
	Browser bool // it is a browser's

	product, version span
}

// A span is a part of a user agent.
type span struct{ from, to uint16 }

func (s span) of(ua string) string { return ua[s.from:s.to] }

// Product returns the phone's model, empty if not known. The user agent is the
// one that was read.
func (a *Agent) Product(ua string) string { return a.product.of(ua) }

// Version returns the version of the phone's software, empty if not known.
func (a *Agent) Version(ua string) string { return a.version.of(ua) }

// UserAgents returns what its phones' user agents begin with.
func (v *Vendor) UserAgents() []string {
	all := make([]string, len(v.Agents))
	for i, words := range v.Agents {
		all[i] = strings.ReplaceAll(words, "|", "")
	}
	return all
}

// maxAgent is how many bytes of a user agent are read. Phones have 100.
const maxAgent = 512

// Read reads a user agent. It begins with words of a vendor, or has them after
// what others write first ("Mozilla/4.0 (compatible; "); the model, the version
// and the MAC address follow in any order, and any of them may be missing.
// Where the words are no vendor's, a MAC address of a vendor's block tells. The
// rows of the test are samples.
func Read(ua string) Agent {
	ua = ua[:min(len(ua), maxAgent)]
	a := Agent{}
	a.read(ua, a.begin(ua))
	if a.Vendor == nil {
		if a.Vendor = Of(a.MAC); a.Vendor == nil {
			return Agent{Browser: hasPrefix(ua, "mozilla/") || hasPrefix(ua, "opera/")}
		}
	}
	if a.version == (span{}) && a.MAC == (packet.MAC{}) && strings.Trim(a.Product(ua), "0123456789") == "" {
		a.product = span{} // a lone number may be anything
	}
	return a
}

// begin finds the vendor whose words a user agent begins with, and returns
// where the model may begin.
func (a *Agent) begin(ua string) int {
	start := len(ua) - len(strings.TrimLeft(ua, `" `))
	if n := a.words(ua[start:]); a.Vendor != nil {
		return start + n
	}
	if !hasPrefix(ua[start:], "mozilla/") && !hasPrefix(ua[start:], "filetransport ") {
		return start
	}
	for i := start + 1; i < len(ua); i++ {
		if ua[i-1] != ' ' && ua[i-1] != '(' {
			continue
		}
		if n := a.words(ua[i:]); a.Vendor != nil {
			return i + n
		}
	}
	return start
}

// words finds the vendor whose words a text begins with, and returns where in
// it the model may begin. A model may follow at once (Aastra6731i, snomD725),
// more small letters may not.
func (a *Agent) words(text string) int {
	for _, v := range all {
		for _, words := range v.Agents {
			before, model, _ := strings.Cut(words, "|")
			n := len(before) + len(model)
			if !hasPrefix(text, before) || !hasPrefix(text[len(before):], model) {
				continue
			}
			rest := text[n:]
			if rest != "" && rest[0] >= 'a' && rest[0] <= 'z' && text[n-1] != ' ' {
				continue
			}
			a.Vendor = v
			if rest != "" && rest[0] == ' ' {
				return n
			}
			return len(before)
		}
	}
	return 0
}

// hasPrefix is strings.HasPrefix without regard to case, for a prefix in lower case.
func hasPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// read reads the words from a place on.
func (a *Agent) read(ua string, at int) {
	whole := false // no more words are of the model
	for at < len(ua) {
		end := at
		for end < len(ua) && strings.IndexByte(" \t;/()\",", ua[end]) < 0 {
			end++
		}
		if at < end {
			whole = a.word(ua, at, end, whole)
		}
		at = end + 1
	}
}

// word reads a word, and reports whether the model is whole.
func (a *Agent) word(ua string, from, to int, whole bool) bool {
	word := ua[from:to]
	text, labeled := strings.CutPrefix(word, "MAC:")
	if mac, ok := packet.ParseMAC(text); ok || labeled {
		if a.MAC == (packet.MAC{}) {
			a.MAC = mac
		}
		return whole || a.product != (span{})
	}
	switch word {
	case "Model", "HW": // of Grandstream: the model comes next
		a.product = span{}
		return false
	case "SW": // of Grandstream: what looked like a version was the hardware's
		a.version = span{}
		return true
	}
	if n := versionAt(word); n >= 0 {
		if a.version == (span{}) {
			a.version = trimmed(ua, from+n, to)
		}
		return true
	}
	if whole || word[0] == '[' || hasPrefix(word, "hw") && len(word) < 5 {
		return true
	}
	if strings.HasSuffix(word, "-UA") { // PolycomVVX-VVX_400-UA
		to -= len("-UA")
		if dash := strings.IndexByte(word[:to-from], '-'); dash >= 0 {
			from += dash + 1
		}
		a.product = span{uint16(from), uint16(to)}
		return true
	}
	for i := len(word) - 1; i > 0; i-- { // J179-4.1.3.0.6
		if word[i] == '-' && versionAt(word[i+1:]) == 0 {
			a.grow(ua, from, from+i)
			a.version = span{uint16(from + i + 1), uint16(to)}
			return true
		}
	}
	a.grow(ua, from, to)
	return false
}

// grow adds a word to the model.
func (a *Agent) grow(ua string, from, to int) {
	for a.product == (span{}) && from < to && strings.IndexByte("-_:", ua[from]) >= 0 {
		from++
	}
	s := trimmed(ua, from, to)
	if a.product != (span{}) {
		s.from = a.product.from
	}
	if s.from < s.to {
		a.product = s
	}
}

// trimmed returns a part of a user agent without the protocol at its end.
func trimmed(ua string, from, to int) span {
	return span{uint16(from), uint16(from + len(strings.TrimSuffix(ua[from:to], "-SIP")))}
}

// versionAt returns where in a word a version begins, -1 if it is none: a
// number with a dot, after "V:", "v" or "fw".
func versionAt(word string) int {
	n := 0
	switch {
	case hasPrefix(word, "v:"), hasPrefix(word, "fw"):
		n = 2
	case hasPrefix(word, "v"):
		n = 1
	}
	if n < len(word) && word[n] >= '0' && word[n] <= '9' && strings.IndexByte(word[n:], '.') > 0 {
		return n
	}
	return -1
}

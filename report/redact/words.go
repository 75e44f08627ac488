package redact

import (
	"slices"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/vendor"
)

// words are those that URLs are made of, and that name nobody: of events and
// variables, and what servers call their paths.
var words = func() map[string]bool {
	all := map[string]bool{}
	add := func(text string) {
		for word := range parts(text) {
			all[word] = true
		}
		all[strings.ToLower(strings.Map(func(c rune) rune {
			if c < 0x80 && isLetter(byte(c)) {
				return c
			}
			return -1
		}, text))] = true
	}
	for _, k := range actionurl.Kinds() {
		for _, text := range slices.Concat([]string{k.Slug, k.Label}, k.Names, k.Alias) {
			add(text)
		}
	}
	for _, u := range vendor.Uses() {
		add(u.Name)
	}
	for _, k := range finding.Kinds() {
		add(k.String())
	}
	for text := range strings.FieldsSeq(common) {
		add(text)
	}
	delete(all, "")
	return all
}()

// common are words that URLs, their keys and the states of calls are made of.
const common = `
	http https sip sips tel udp tcp tls ws wss www localhost any lo eth
	api app apps cgi bin web rest rpc servlet service services webhook hook hooks gateway endpoint
	index default main home root public static html htm php asp aspx jsp json xml txt cfg csv pl py js do
	action actions actionurl url uri event events evt ev e notify notification notifications push callback cb report log logs listener
	phone phones device devices handset terminal station client server pbx cti crm ucm voip telephony
	call calls callid id sid cid in out inbound outbound ingoing to from src dst source destination caller callee called calling
	state status type kind mode reason cause result code data info test demo v ver version
	begin start started stop stopped end ended open opened close closed new old update change changed set get post put add
	idle busy ring ringing alerting active inactive hold held unhold resume connected disconnected dial dialing talk talking
	on off yes no true false null none ok error fail failed success enabled disabled enable disable
	user username name number num ext extension account acc line lines display local remote peer party
	mac ip addr address host port time timestamp date duration dur ts tz lang model product firmware fw hw sw
	head options delete patch connect trace transport utf
	invite ack bye cancel register refer subscribe prack publish message
	application text plain multipart form urlencoded octet stream charset
	token password passwd pass pwd secret key auth apikey access sig signature pin passcode api_key
	mozilla firefox chrome safari applewebkit gecko khtml like compatible linux windows nt x macintosh intel os win curl wget python requests urllib
	okhttp java apache httpclient postman runtime nginx axios node
	guide the a an of and or for with
`

// agentWords are those of phones' user agents.
var agentWords = func() map[string]bool {
	all := map[string]bool{}
	for _, v := range vendor.All() {
		for _, text := range append(v.UserAgents(), v.Label) {
			for word := range parts(text) {
				all[word] = true
			}
		}
	}
	for word := range strings.FieldsSeq("model hw sw dev devid mac voip ua lid touch pro handset build msie android") {
		all[word] = true
	}
	return all
}()

// agentsOwn reports whether a word is one of user agents: what is longer than two
// letters in it.
func agentsOwn(word string) bool {
	for part := range parts(word) {
		if len(part) >= leastKnown && !agentWords[part] && !words[part] {
			return false
		}
	}
	return isASCII(word)
}

// parts yields the words of a text in lower case: runs of letters, of which a
// capital after a small letter begins another.
func parts(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := 0; i < len(text); {
			if !isLetter(text[i]) {
				i++
				continue
			}
			end := i + 1
			for end < len(text) && isLetter(text[end]) && !seam(text, end) {
				end++
			}
			if !yield(strings.ToLower(text[i:end])) {
				return
			}
			i = end
		}
	}
}

// harmless reports whether a text names nobody: its words are common, and what
// digits it has are no more than two together, and as many as a time has.
func harmless(text string) bool {
	digits, all := 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 0x80 || c < ' ':
			return false
		case !isDigit(c):
			digits = 0
		case digits == leastDigits-1 || all == mostDigits:
			return false
		default:
			digits++
			all++
		}
	}
	if words[strings.ToLower(text)] {
		return true
	}
	return named(text)
}

// named reports whether the words of a text are common.
func named(text string) bool {
	for word := range parts(text) {
		if !words[word] {
			return false
		}
	}
	return isASCII(text)
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c >= 0x80 }) < 0
}

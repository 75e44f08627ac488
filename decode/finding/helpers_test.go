package finding

import (
	"net/netip"
	"strings"
	"testing"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
)

// User agents of two families' phones.
const (
	grandstream = "Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b82123432"
	yealink     = "Yealink SIP-T46U 108.87.14.1 24:9a:d8:6e:9d:88"
)

// get is a request of a phone that was answered at once.
func get(target string, change ...func(*httpwire.Exchange)) *httpwire.Exchange {
	x := &httpwire.Exchange{
		Client: netip.MustParseAddrPort("192.168.40.50:40000"), Server: netip.MustParseAddrPort("192.168.40.207:80"),
		Method: "GET", Target: target, Host: "192.168.40.207", Version: "HTTP/1.1",
		Status: 200, Latency: 5e6, Done: true,
	}
	for _, c := range change {
		c(x)
	}
	return x
}

func agent(ua string) func(*httpwire.Exchange) {
	return func(x *httpwire.Exchange) { x.UserAgent = ua }
}

func status(n int) func(*httpwire.Exchange) { return func(x *httpwire.Exchange) { x.Status = n } }

func client(addr string) func(*httpwire.Exchange) {
	return func(x *httpwire.Exchange) { x.Client = netip.AddrPortFrom(netip.MustParseAddr(addr), 40000) }
}

func unanswered(why httpwire.Reason) func(*httpwire.Exchange) {
	return func(x *httpwire.Exchange) { x.Status, x.Latency, x.NoResponse = 0, 0, why }
}

// templates reads lines of the form EVENT=URL, as on the command line.
func templates(t testing.TB, lines ...string) []*actionurl.Template {
	t.Helper()
	var all []*actionurl.Template
	for _, line := range lines {
		name, url, _ := strings.Cut(line, "=")
		template, err := actionurl.ParseTemplate(actionurl.Lookup(name), url)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, template)
	}
	return all
}

// render writes findings as a line: their slugs, with their details in brackets.
func render(all []Finding) string {
	var words []string
	for _, f := range all {
		word := f.Kind.String()
		if d := f.text(); d != "" {
			word += "[" + d + "]"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func reply(text string) func(*httpwire.Exchange) {
	return func(x *httpwire.Exchange) { x.Reply = text }
}

package actionurl

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
)

// Addresses of the guide's example.
const (
	phoneAddr  = "192.168.40.50:40000"
	serverAddr = "192.168.40.207:80"
)

// phoneAgent is a user agent as Grandstream phones send it.
const phoneAgent = "Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b828aa872"

// get is a request to the server of the guide's example, from a client of
// which nothing is known.
func get(target string) *httpwire.Exchange {
	return &httpwire.Exchange{
		Client: netip.MustParseAddrPort(phoneAddr),
		Server: netip.MustParseAddrPort(serverAddr),
		Method: "GET",
		Target: target,
		Host:   "192.168.40.207",
	}
}

// from returns the request with another user agent.
func from(agent string, x *httpwire.Exchange) *httpwire.Exchange {
	x.UserAgent = agent
	return x
}

// templates reads lines of the form EVENT=URL, as on the command line.
func templates(t testing.TB, lines ...string) []*Template {
	t.Helper()
	var all []*Template
	for _, line := range lines {
		name, url, _ := strings.Cut(line, "=")
		kind := Lookup(name)
		if kind == nil {
			t.Fatalf("unknown event %q", name)
		}
		template, err := ParseTemplate(kind, url)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, template)
	}
	return all
}

// summary writes what is said of an event in a line: the slug, in brackets
// how it is known, behind a "?" the candidates, then the variables.
func summary(e *Event) string {
	if e == nil {
		return "no Action URL"
	}
	s := e.Kind.Slug
	if e.By != ByNothing {
		s += " [" + string(e.By) + "]"
	}
	if len(e.Candidates) > 0 {
		s += " ?" + strings.ReplaceAll(strings.Trim(fmt.Sprint(e.Candidates), "[]"), " ", ",")
	}
	for _, v := range e.Vars {
		switch v.State {
		case Filled:
			s += fmt.Sprintf(" %s=%q", v.Name, v.Value)
		case Empty:
			s += fmt.Sprintf(" %s empty", v.Name)
		case Unresolved:
			s += fmt.Sprintf(" %s unresolved %s", v.Name, v.Value)
		}
	}
	return s
}

// macText returns a MAC address as text, empty for none.
func macText(m packet.MAC) string {
	if m.IsZero() {
		return ""
	}
	return m.String()
}

// decoded decodes a request of which no SIP is known.
func decoded(d *Decoder, x *httpwire.Exchange) *Event {
	e := d.Decode(x)
	if e != nil {
		d.Happened(e)
	}
	return e
}

// wantSummary decodes a request and compares what is said of it.
func wantSummary(t *testing.T, d *Decoder, x *httpwire.Exchange, want string) {
	t.Helper()
	if got := summary(decoded(d, x)); got != want {
		t.Errorf("GET %s (host %s, user agent %q)\n got %s\nwant %s", x.Target, x.Host, x.UserAgent, got, want)
	}
}

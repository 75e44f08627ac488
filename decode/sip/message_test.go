package sip

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const invite = "INVITE sip:101@192.0.2.50 SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1\r\n" +
	"From: \"Jane \\\"J\\\" Doe\" <sip:+4930123456@example.org>;tag=a\r\n" +
	"To: <sip:101@example.org>\r\n" +
	"Call-ID: 3f1c6a2e@192.0.2.10\r\n" +
	"CSeq: 7 INVITE\r\n" +
	"Contact: <sip:asterisk@192.0.2.10>\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: 4\r\n\r\nv=0\r"

// fields returns what a message says, as text.
func fields(data string) string {
	var m Message
	if !m.Parse([]byte(data)) {
		return "none"
	}
	from, to := party(m.From), party(m.To)
	return strings.Join([]string{string(m.Method), itoa(m.Status), string(m.CallID), itoa(int(m.CSeq)), itoa(m.Length),
		from.Name, from.User, to.Name, to.User}, "|")
}

func itoa(n int) string {
	if n < 0 {
		return "-"
	}
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

func TestParse(t *testing.T) {
	swap := func(old, new string) string {
		if !strings.Contains(invite, old) {
			t.Fatalf("%q is not there", old)
		}
		return strings.Replace(invite, old, new, 1)
	}
	const plain = `INVITE|0|3f1c6a2e@192.0.2.10|7|4|Jane "J" Doe|+4930123456||101`
	for _, test := range []struct{ what, data, want string }{
		{"a request", invite, plain},
		{"line feeds only", strings.ReplaceAll(invite, "\r\n", "\n"), plain},
		{"compact names (RFC 3261, section 7.3.3)", strings.NewReplacer("From:", "f:", "To:", "t:", "Call-ID:", "i:", "Content-Length:", "l:").Replace(invite), plain},
		{"any case, blanks before the colon", swap("Call-ID:", "CALL-id  \t:"), plain},
		{"a value on the next line", swap("Call-ID: ", "Call-ID:\r\n  "), plain},
		{"of two, the first counts", swap("CSeq:", "Call-ID: other\r\nCSeq:"), plain},
		{"a Call-ID of any word characters", swap("3f1c6a2e@192.0.2.10", `a%20+b<"c">?{d}/e`), `INVITE|0|a%20+b<"c">?{d}/e|7|4|Jane "J" Doe|+4930123456||101`},
		{"a name without quotes", swap(`"Jane \"J\" Doe"`, `Jürgen (Büro)`), `INVITE|0|3f1c6a2e@192.0.2.10|7|4|Jürgen (Büro)|+4930123456||101`},
		{"a bracket in a quoted name", swap(`"Jane \"J\" Doe"`, `"a <b>"`), `INVITE|0|3f1c6a2e@192.0.2.10|7|4|a <b>|+4930123456||101`},
		{"a URI without brackets", swap("<sip:101@example.org>", "sip:101@example.org"), plain},
		{"a tel URI", swap("<sip:101@example.org>", "<tel:+1-201-555;phone-context=x>"), `INVITE|0|3f1c6a2e@192.0.2.10|7|4|Jane "J" Doe|+4930123456||+1-201-555`},
		{"a user with parameters and password", swap("sip:101@", "sip:101;cpc=ordinary:secret@"), plain},
		{"no user", swap("sip:101@example.org>", "sip:example.org>"), `INVITE|0|3f1c6a2e@192.0.2.10|7|4|Jane "J" Doe|+4930123456||`},
		{"a damaged From", swap(`<sip:+4930123456@example.org>`, "<<<"), `INVITE|0|3f1c6a2e@192.0.2.10|7|4|Jane "J" Doe|||101`},
		{"a damaged length", swap("Content-Length: 4", "Content-Length: x"), `INVITE|0|3f1c6a2e@192.0.2.10|7|-|Jane "J" Doe|+4930123456||101`},
		{"a length beyond all", swap("Content-Length: 4", "Content-Length: 99999999999999999999"), `INVITE|0|3f1c6a2e@192.0.2.10|7|-|Jane "J" Doe|+4930123456||101`},
		{"a response", swap("INVITE sip:101@192.0.2.50 SIP/2.0", "SIP/2.0 180 Ringing"), strings.Replace(plain, "|0|", "|180|", 1)},
		{"a response without a reason", swap("INVITE sip:101@192.0.2.50 SIP/2.0", "SIP/2.0 180"), strings.Replace(plain, "|0|", "|180|", 1)},
		{"a response without a CSeq", strings.Replace(swap("INVITE sip:101@192.0.2.50 SIP/2.0", "SIP/2.0 180 Ringing"), "CSeq", "X", 1), "none"},
		{"no Call-ID", swap("Call-ID", "X"), "none"},
		{"HTTP", swap("SIP/2.0\r", "HTTP/1.1\r"), "none"},
		{"a status that is none", swap("INVITE sip:101@192.0.2.50 SIP/2.0", "SIP/2.0 999 What"), "none"},
		{"nothing", "", "none"},
	} {
		if diff := cmp.Diff(test.want, fields(test.data)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
	}
}

func TestBegins(t *testing.T) {
	for _, test := range []struct {
		data string
		want Verdict
	}{
		{"INVITE sip:101@192.0.2.50 SIP/2.0\r\n", Yes},
		{"PING sip:101 SIP/2.0\r\n", Yes}, // an extension
		{"SIP/2.0 200 OK\r\n", Yes},
		{"INVITE sip:10", Yes},
		{"ACK tel:10", Yes},
		{"INVITE si", Perhaps},
		{"INV", Perhaps},
		{"SIP/2", Perhaps},
		{"PUT / HTTP/1.1\r\n", No},
		{"OPTIONS * HTTP/1.1\r\n", No},
		{"OPTIONS /", No},
		{"GET /a SIP/2.0", No}, // not known, and not whole
		{"SIPX", No},
		{"NOT A MESSAGE", No},
		{"\x80\x08", No},
		{"INVITES_AND_MORE sip:1 SIP/2.0\r\n", No},
		{"INVITE\r\n SIP/2.0\r\n", No},
	} {
		if got := Begins([]byte(test.data)); got != test.want {
			t.Errorf("Begins(%q) = %v; expected %v", test.data, got, test.want)
		}
	}
}

func TestTagged(t *testing.T) {
	for value, want := range map[string]bool{
		"<sip:101@example.org>;tag=b":          true,
		"<sip:101@example.org>; user=x ;TAG=b": true,
		"sip:101@example.org;tag=b":            true,
		"<sip:101@example.org;tag=b>":          false, // of the URI
		"<sip:101@example.org>":                false,
		`"a;tag=1" <sip:101@example.org>`:      false,
		"<sip:101@example.org>;tags=b":         false,
		"":                                     false,
	} {
		if got := tagged([]byte(value)); got != want {
			t.Errorf("tagged(%q) = %v", value, got)
		}
	}
}

func TestOffers(t *testing.T) {
	const head = "v=0\r\no=- 1 1 IN IP4 192.0.2.50\r\ns=-\r\nt=0 0\r\n"
	for _, test := range []struct {
		what, sdp string
		held, ok  bool
	}{
		{"nothing said is to talk (RFC 8866, section 6.7)", head + "c=IN IP4 192.0.2.50\r\nm=audio 4000 RTP/AVP 8\r\n", false, true},
		{"sendonly", head + "m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n", true, true},
		{"inactive", head + "m=audio 4000 RTP/AVP 8\r\na=inactive\r\n", true, true},
		{"recvonly", head + "m=audio 4000 RTP/AVP 8\r\na=recvonly\r\n", false, true},
		{"for the session", head + "a=sendonly\r\nm=audio 4000 RTP/AVP 8\r\n", true, true},
		{"for the session, and another for the stream", head + "a=sendonly\r\nm=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n", false, true},
		{"the old way (RFC 3264, section 8.4)", head + "c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n", true, true},
		{"an address for the stream", head + "c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 8\r\nc=IN IP4 192.0.2.50\r\n", false, true},
		{"video that is refused", head + "m=audio 4000 RTP/AVP 8\r\na=sendonly\r\nm=video 0 RTP/AVP 99\r\n", true, true},
		{"video that goes on", head + "m=audio 4000 RTP/AVP 8\r\na=sendonly\r\nm=video 4002 RTP/AVP 99\r\n", false, true},
		{"no stream", head, false, false},
		{"nothing", "", false, false},
	} {
		held, ok := offers([]byte("Application/SDP; charset=utf-8"), []byte(test.sdp))
		if held != test.held || ok != test.ok {
			t.Errorf("%s: %v, %v", test.what, held, ok)
		}
	}
	if _, ok := offers([]byte("text/plain"), []byte(head+"m=audio 4000 RTP/AVP 8\r\n")); ok {
		t.Error("a body of another type was read")
	}
}

// FuzzParse checks that a message of any bytes is read or refused, that what is
// read of it lies within, and that what comes behind the body changes nothing.
func FuzzParse(f *testing.F) {
	f.Add([]byte(invite))
	f.Add([]byte("SIP/2.0 200 OK\ni:a\nCSeq:1 BYE\nm:<sip:a>;expires=0\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m Message
		if !m.Parse(data[:len(data):len(data)]) {
			return
		}
		if Begins(data) != Yes {
			t.Error("it is read, and does not begin like a message")
		}
		if len(m.CallID) == 0 || m.Status != 0 && (m.Status < 100 || m.Status > 699) {
			t.Errorf("%+v", m)
		}
		p := party(m.From)
		if len(p.User) > maxText || len(p.Name) > maxText {
			t.Errorf("%+v", p)
		}
		tagged(m.To)
		offers(m.ContentType, m.Body)
		m.releases()
		m.elsewhere()
		m.fragment()
	})
}

func BenchmarkParse(b *testing.B) {
	var m Message
	data := []byte(invite)
	b.ReportAllocs()
	for b.Loop() {
		m.Parse(data)
	}
}

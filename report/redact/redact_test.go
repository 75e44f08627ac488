package redact

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/timeline"
	"actionurl/decode/vendor"
)

func newRedactor(t testing.TB, set Set, key string) *Redactor {
	t.Helper()
	c := Config{Set: set}
	if key != "" {
		c.Key = []byte(key)
	}
	r, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	r.effort = maxEffort
	return r
}

func TestURL(t *testing.T) {
	for _, test := range []struct {
		set       Set
		url, want string
	}{
		{All, "/hold?mac=000b82123432&local=5002", "/hold?mac=03:00:00:00:00:01&local=number-1"},
		{All, "/mac=00-0B-82-12-34-32&local=5002", "/mac=03:00:00:00:00:01&local=number-1"},
		{All, "/0b-82-12-00-0a-0d/000B.8212.3432", "/03:00:00:00:00:01/03:00:00:00:00:02"},
		{All, "/cfg000b82123432.xml", "/cfg03:00:00:00:00:01.xml"},
		{All, "/?remote=$remote&display_remote=&e=hold", "/?remote=$remote&display_remote=&e=hold"},
		{All, "/?a=%35002&b=5%3002&c=%2535002", "/?a=number-1&b=number-1&c=number-1"},
		{All, "/?remote=500&local=5002", "/?remote=number-1&local=number-2"},
		{All, "/?r=+49 30 123456&s=004930-123456&t=ext5002", "/?r=number-1&s=number-2&t=extnumber-3"},
		{All, "http://anna:pw@10.0.0.5:8080/x?u=sip:5002@pbx.example;transport=udp", "http://secret-3@add::1:8080/x?u=sip:number-1@host-1;transport=udp"},
		{All, "/?to=http%3A%2F%2Fanna%3Apw%4010.0.0.5%2Fx", "/?to=http%3A%2F%2Fsecret-3@add::1%2Fx"},
		{All, "/crm/anna/in.php?first=Anna&last=Schmidt", "/crm/value-1/in.php?first=value-1&last=value-2"},
		{All, "/e?ip=fe80::20b:82ff:fe12:3432&h=10-0-0-5.example", "/e?ip=add::1&h=value-1"},
		{All, "/e?event=missed&d=2&battery=80&token=x&key=y", "/e?event=missed&d=2&battery=80&token=secret-1&key=secret-2"},
		{All, "/e?oui=000b82&nic=12ab32&n=123432", "/e?oui=value-1&nic=value-2&n=number-1"},
		{All, "/e?x=YW5uYTpodW50ZXIy", "/e?x=secret-1"},
		{All, "/mac=000b82123432:ip=10.0.0.5:firmware=320.30.11.47:active_url=5002@pbx.example:active_user=", "/mac=03:00:00:00:00:01:ip=add::1:firmware=320.30.11.47:active_url=number-1@host-1:active_user="},
		{All, "/000b82123432/10.0.0.5?ipaddress=10.0.0.5", "/03:00:00:00:00:01/add::1?ipaddress=add::1"},
		{Addresses, "/001565123456/10.0.0.5?ipaddress=10.0.0.5", "/03:00:00:00:00:01/add::1?ipaddress=add::1"},
		{All, "/e?ip=010.0.0.005&h=010.0.0.5", "/e?ip=add::1&h=add::1"},
		{Addresses, "/e?ip=010.0.0.005&h=fe80::1.php&n=5002", "/e?ip=add::1&h=add::2.php&n=5002"},
		{All, "/e?name=Tom & Anna B=x&kunde=7&M%FCller=1", "/e?name=name-1&value-1=x&kunde=7&value-2=1"},
		{All, "/e?x=5%0002", "/e?x=value-1"},
		{All, "/e?program_version=1.0.3.4", "/e?program_version=1.0.3.4"},
		{All, "/e?program_version=10.0.0.5", "/e?program_version=add::1"},
		{Secrets, "/e?q=password%3Dhunter2&r=a,token:hunter2&s={\"pin\": \"12\", \"a\": 1}", "/e?q=password%3Dsecret-1&r=a,token:secret-1&s={\"pin\": \"secret-2\", \"a\": 1}"},
		{Secrets, "/hold?mac=000b82123432&local=5002&token=x", "/hold?mac=000b82123432&local=5002&token=secret-1"},
		{Numbers, "/hold?mac=000b82123432&local=5002&display_remote=Anna", "/hold?mac=000b82123432&local=number-1&display_remote=Anna"},
		{Addresses, "/hold?mac=000b82123432&local=5002&phone_ip=10.0.0.5", "/hold?mac=03:00:00:00:00:01&local=5002&phone_ip=add::1"},
		{Names, "/hold?mac=000b82123432&local=5002&display_remote=Anna", "/hold?mac=000b82123432&local=5002&display_remote=name-1"},
	} {
		r := newRedactor(t, test.set, "")
		got := strings.ReplaceAll(r.url(test.url), "[add::1]", "add::1")
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.url, got, test.want)
		}
	}
}

// A value may still have escapes in it, or digits one by one.
func TestValue(t *testing.T) {
	for _, test := range []struct {
		set         Set
		value, want string
	}{
		{All, "%35%30%30%32", "number-1"},
		{Numbers, "%35%30%30%32", "number-1"},
		{All, "7\x001\x005\x004\x003\x002\x001\x00", "value-1"},
		{All, "00:01:32", "00:01:32"},
		{All, "<sip:5002@pbx.example;user=phone;tag=Zoe>;pin=12", "<sip:number-1@host-1;user=phone;tag=value-1>;pin=secret-1"},
		{All, "<sip:5002@pbx.example", "<sip:number-1@host-1"},
		{Secrets, "a1b2c3d4e5f6g7h8-Ж", "secret-1-Ж"},
	} {
		r := newRedactor(t, test.set, "")
		if got := r.value(test.value, vendor.Other); got != test.want {
			t.Errorf("%q: %s, want %s", test.value, got, test.want)
		}
	}
}

// What is known is found in texts, the longest first, in its other spellings.
func TestScan(t *testing.T) {
	r := newRedactor(t, All, "")
	for _, name := range []string{"Quora", "Quora Lindt", "Müller"} {
		r.name(name)
	}
	r.number("5002")
	r.secret("hunter2")
	r.addr(netip.MustParseAddr("10.0.0.5"))
	r.name("phone") // which names nobody
	for text, want := range map[string]string{
		"no phone":             "no phone",
		"QUORA LINDT at Quora": "name-2 at name-1", "quoralindt": "name-2", "theQuoraLindt": "thename-2", "Quorax": "Quorax",
		"M%FCller m%c3%bcller": "name-3 name-3", "5002 and 50023": "number-1 and 50023", "ext5002x": "extnumber-1x",
		"hunter2!": "secret-1!", "BA.A.A.F": "add::1", "0a000005": "add::1", "10_0_0_5 010.000.000.005": "add::1 add::1",
		"10.0.0.5:80": "[add::1]:80", "[::ffff:10.0.0.5]:80": "[add::1]:80", "a 12 frames": "a 12 frames", "1.2.3.4.5": "1.2.3.4.5",
		"user cXVvcmE6cHc=": "user secret-2",
	} {
		if got := r.scan(text, message); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Versions and models stay in a user agent; what else has digits does not.
func TestAgent(t *testing.T) {
	r := newRedactor(t, All, "")
	r.kept = "1.0.7.97"
	for text, want := range map[string]string{
		"Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b82123432": "Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 03:00:00:00:00:01",
		"acme 5002 (10.0.0.5)": "acme number-1 (add::1)", "Yealink SIP-T46U MTAuMC4wLjU=": "Yealink SIP-T46U secret-1",
	} {
		if got := r.scan(text, agent); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What looks like a version is one, unless it is an address that is known, or private.
func TestVersionIsNoAddress(t *testing.T) {
	r := newRedactor(t, All, "")
	r.addr(netip.MustParseAddr("8.1.2.3"))
	for _, test := range [][2]string{
		{"Cisco/SPA508G-7.4.4 (0002FDAABBCC)(CBT141400UK)", "Cisco/SPA508G-7.4.4 (03:00:00:00:00:01)(value-1)"},
		{"Yealink SIP-T46U 108.86.0.45 of Anna", "Yealink SIP-T46U 108.86.0.45 of value-2"},
		{"Grandstream Model HW GXV3240 [V1.6B] SW 1.0.1.27 DevId 000b82632815", "Grandstream Model HW GXV3240 [V1.6B] SW 1.0.1.27 DevId 03:00:00:00:00:02"},
		{"Aastra6863i MAC:00-08-5D-AA-BB-CC V:4.1.0.128-SIP", "Aastra6863i MAC:03:00:00:00:00:03 V:4.1.0.128-SIP"},
		{"Yealink SIP-T46U 108.86.0.45", "Yealink SIP-T46U 108.86.0.45"},
		{"Yealink SIP-T46U 8.1.2.3", "Yealink SIP-T46U add::1"},
		{"Yealink SIP-T46U 10.0.0.5", "Yealink SIP-T46U add::2"},
	} {
		if got := r.userAgent(test[0]); got != test[1] {
			t.Errorf("%s: %s, want %s", test[0], got, test[1])
		}
	}
}

// With a key, a pseudonym depends on the value alone, and says nothing of its length.
func TestKeyed(t *testing.T) {
	const key = "sixteen bytes or more"
	a, b, other := newRedactor(t, All, key), newRedactor(t, All, key), newRedactor(t, All, key+"!")
	b.number("1")
	b.addr(netip.MustParseAddr("::1"))
	for _, value := range []string{"5002", "+49 30 123456"} {
		got := a.value(value, vendor.Remote)
		if again := b.value(value, vendor.Remote); again != got || len(got) != len("number-")+12 {
			t.Errorf("%s: %s and %s", value, got, again)
		}
		if other.value(value, vendor.Remote) == got {
			t.Errorf("%s: the same by another key", value)
		}
	}
	addr := netip.MustParseAddr("10.0.0.5")
	if a.addr(addr) != b.addr(addr) || a.addr(addr) == other.addr(addr) {
		t.Error("an address does not depend on the key alone")
	}
	if _, err := New(Config{Set: All, Key: []byte("short")}); err == nil {
		t.Error("a short key is taken")
	}
}

// Beyond its bounds a book shares a pseudonym, and says so.
func TestBeyond(t *testing.T) {
	r := newRedactor(t, All, "")
	r.number("5002")
	r.book.bytes = maxBytes
	if got := r.number("5003"); got != "number-beyond" || r.number("5002") != "number-1" || r.Beyond() == 0 {
		t.Errorf("%s, %d beyond", got, r.Beyond())
	}
}

// What the ends of a request are is known in its variables, and what a sender writes in
// place of a method, a version or a media type does not stay.
func TestRecord(t *testing.T) {
	r := newRedactor(t, Addresses, "")
	request := func(host, value string) *decode.Record {
		return &decode.Record{
			Exchange: &httpwire.Exchange{Host: host, Client: netip.MustParseAddrPort("10.0.0.5:40000"), Server: netip.MustParseAddrPort("10.0.0.9:80"), Method: "GET", Version: "HTTP/1.1"},
			Event:    &actionurl.Event{Kind: actionurl.Unknown, Vars: []actionurl.Var{actionurl.VarOf("x", value)}},
		}
	}
	if got := r.Record(request("pbx.example", "pbx.example 0a000009")).Event.Vars[0].Value; got != "host-1 add::2" {
		t.Errorf("a variable becomes %s", got)
	}
	r = newRedactor(t, All, "")
	for _, test := range [][6]string{
		{"GET", "GET", "HTTP/1.1", "HTTP/1.1", "application/json; charset=utf-8", "application/json; charset=utf-8"},
		{"ANNA", "value-1", "HTTP/5002", "HTTP/number-1", "text/plain; name=Bo; boundary=Zoe", "text/plain; name=value-2; boundary=value-3"},
	} {
		rec := request("", "")
		rec.Method, rec.Version, rec.ContentType = test[0], test[2], test[4]
		if got := r.Record(rec); got.Method != test[1] || got.Version != test[3] || got.ContentType != test[5] {
			t.Errorf("%q: %s, %s, %s", test, got.Method, got.Version, got.ContentType)
		}
	}
}

// A duration that is a number, as of variables that were confused, does not stay.
func TestDuration(t *testing.T) {
	r := newRedactor(t, All, "")
	for seconds, ok := range map[int]bool{mostSeconds: true, 4930123456: false} {
		rec := &decode.Record{Exchange: &httpwire.Exchange{}, Event: &actionurl.Event{Kind: actionurl.Unknown, Sides: actionurl.Sides{Duration: seconds, Lasted: true}}}
		call := r.Call(&decode.Call{Call: &timeline.Call{Duration: seconds}})
		if got := r.Record(rec).Event.Sides; got.Lasted != ok || (got.Duration == seconds) != ok || (call.Duration == seconds) != ok {
			t.Errorf("%d seconds become %d, and %d of the call", seconds, got.Duration, call.Duration)
		}
	}
}

// Who captured a phone or a call stays, as in other rows.
func TestSensors(t *testing.T) {
	r := newRedactor(t, All, "")
	r.number("5002")
	p := &timeline.Phone{ID: 1, Sensors: capture.Sensors{"hq", "hall-5002"}}
	for range 2 {
		if got := r.Phones([]*decode.Phone{{Phone: p}})[0].Sensors; !slices.Equal(got, capture.Sensors{"hq", "hall-number-1"}) {
			t.Errorf("a phone has the sensors %q", got)
		}
	}
	if got := r.Call(&decode.Call{Call: &timeline.Call{Phone: p, Sensor: "hall-5002"}}); got.Sensor != "hall-number-1" || len(r.calls) != 0 {
		t.Errorf("a call has the sensor %q", got.Sensor)
	}
}

func TestMessage(t *testing.T) {
	r := newRedactor(t, All, "")
	r.capture("/data/5002 Anna.pcap")
	r.Files("-", ".", "site of Anna/phones", "keys")
	for _, test := range [][2]string{
		{"/data/5002 Anna.pcap:1042: cut off", "capture-1.pcap:1042: cut off"},
		{"open /home/x/770123.pcap: no such file", "open capture-2.pcap: no such file"},
		{`no phone is called "Anna"; 3 of 120 rows`, `no phone is called "value-1"; 3 of 120 rows`},
		{"capture-2.pcap:7: it is called so", "capture-3.pcap:7: it is called so"},
		{`"/data/5002 Anna.pcap" and "Bo 5002"`, `"capture-1.pcap" and "value-2"`},
		{"10.0.0.5 answered 404", "add::1 answered 404"},
		{"site of Anna/phones/a.xml:7: - no keys", "capture-5.xml:7: - no keys"},
	} {
		if got := r.Message(test[0]); got != test[1] {
			t.Errorf("%q: %q, want %q", test[0], got, test[1])
		}
	}
}

func TestParseSet(t *testing.T) {
	for text, want := range map[string]Set{"all": All, "secrets, names": Secrets | Names, "": 0, "x": 0, "numbers,": 0} {
		got, err := ParseSet(text)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %b, %v", text, got, err)
		}
	}
}

// Whatever is sent, redacting takes time in proportion to its length.
func TestHostileLength(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const size = 64 << 10
	for _, unit := range []string{"a", "1", "a1", "aB", "a/", "=", "%25", "a:", "1.", "1 ", "\xff", "Ж", "a-b_", "YW5uYTpw", "YW5uYTpw/", "http://", "@", "a=1&", "<", "\"", ";", "00:", "1-2.", "%2541", "-a", "token:", "pin ", "\"pin\":\"1\","} {
		s := strings.Repeat(unit, size/len(unit))
		if unit == "-a" {
			s = "a1b2c3d4e5f6g7h8" + s
		}
		r := newRedactor(t, All, "")
		began := time.Now()
		r.url(s)
		r.party(s)
		r.Message(s)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%q: %v", unit, took)
		}
	}
}

// Whatever comes, a value does not stay where it is known, and nothing panics.
func FuzzURL(f *testing.F) {
	f.Add("/hold?mac=000b82123432&display_remote=Anna%20Schmidt&u=sip:5002@[fe80::1]:5060", "5002")
	f.Add("%25%32%35%3", "::")
	f.Fuzz(func(t *testing.T, url, value string) {
		r := newRedactor(t, All, "")
		r.url(url)
		r.Message(url)
		r.party(value)
		if len(value) > 4 && isDialled(value) && digitsOnly(value) && len(value) < maxFolded {
			if got := r.url("/x?local=" + value + "&" + url); strings.Contains(got, "="+value) {
				t.Errorf("%q is in %q", value, got)
			}
		}
	})
}

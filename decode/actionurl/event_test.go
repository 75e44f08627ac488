package actionurl

import (
	"net/netip"
	"testing"

	"actionurl/decode/httpwire"
	"actionurl/decode/phone"
)

func TestNormalizeMAC(t *testing.T) {
	const mac = "00:0b:82:12:34:56"
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"000b8212345", ""},
		{"000b821234567", ""},
		{"000b8212345g", ""},
		{"00:0b:82:12:34:56:78", ""},
		{"00:0b:82:12:34", ""},
		{"$mac", ""},
		{"192.168.100.200", ""}, // twelve digits, but an IP address
		{"123.123.123.123", ""},
		{"0:00b:82:12:34:56", ""},
		{"000b82123456", mac},
		{"000B82123456", mac},
		{"00:0B:82:12:34:56", mac},
		{"00-0b-82-12-34-56", mac},
		{"00 0B 82 12 34 56", mac},
		{"000b.8212.3456", mac},
		{"000B82-123456", mac},
		{" 00:0b:82:12:34:56 ", mac},
	} {
		if got := NormalizeMAC(test.in); got != test.want {
			t.Errorf("NormalizeMAC(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func TestUnescape(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"%", "%"},
		{"100%", "100%"},
		{"%4", "%4"},
		{"%zz%4z%z4", "%zz%4z%z4"},
		{"%41%42", "AB"},
		{"%c3%BC", "ü"},
		{"%%41", "%A"},
		{"%2541", "%41"}, // once, not twice
		{"a+b c", "a+b c"},
	} {
		if got := Unescape(test.in); got != test.want {
			t.Errorf("Unescape(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func TestPhoneIsIdentified(t *testing.T) {
	for _, test := range []struct {
		what, target, agent       string
		mac, ip, product, version string
		callID                    string
		known                     phone.Evidence
		vendor                    string
	}{
		{
			what: "by the URL", target: "/mac=000B82123456&phone_ip=10.1.2.3&product=GXP2170&program_version=1.0.11.79&call-id=1-5060-1@BJC",
			mac: "00:0b:82:12:34:56", ip: "10.1.2.3", product: "GXP2170", version: "1.0.11.79", callID: "1-5060-1@BJC", known: phone.InURL, vendor: "Grandstream",
		},
		{
			what: "by the user agent", target: "/remote=5001&local=5002", agent: phoneAgent,
			mac: "00:0b:82:8a:a8:72", ip: "192.168.40.50", product: "GXP2135", version: "1.0.7.97", known: phone.InAgent, vendor: "Grandstream",
		},
		{
			what: "by the URL before the user agent", target: "/mac=000b82123456&model=T46&firmware=66.1", agent: phoneAgent,
			mac: "00:0b:82:12:34:56", ip: "192.168.40.50", product: "T46", version: "66.1", known: phone.InURL, vendor: "Grandstream",
		},
		{
			what: "with values that are none", target: "/mac=unknown&phone_ip=none&product=$product&call_id=&local=5002", agent: phoneAgent,
			mac: "00:0b:82:8a:a8:72", ip: "192.168.40.50", product: "GXP2135", version: "1.0.7.97", known: phone.InAgent, vendor: "Grandstream",
		},
		{
			what: "an IPv4 address in IPv6", target: "/ip=::ffff:10.1.2.3&local=5002", ip: "10.1.2.3", known: phone.InAddress,
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			e := NewDecoder(Config{}, phone.NewRegistry()).Decode(from(test.agent, get(test.target)))
			if e == nil {
				t.Fatal("no Action URL")
			}
			if macText(e.PhoneMAC) != test.mac || e.PhoneIP.String() != test.ip || e.PhoneProduct != test.product ||
				e.PhoneVersion != test.version || e.CallID != test.callID {
				t.Errorf("got %q %s %q %q %q", macText(e.PhoneMAC), e.PhoneIP, e.PhoneProduct, e.PhoneVersion, e.CallID)
			}
			if e.PhoneKnown != test.known || e.PhoneVendor.Title() != test.vendor {
				t.Errorf("known by %q, vendor %q; want %q, %q", e.PhoneKnown, e.PhoneVendor.Title(), test.known, test.vendor)
			}
		})
	}
}

// at returns the request as another client sends it.
func at(client string, x *httpwire.Exchange) *httpwire.Exchange {
	x.Client = netip.AddrPortFrom(netip.MustParseAddr(client), 40000)
	return x
}

func TestPhoneIsLearntByAddress(t *testing.T) {
	d := NewDecoder(Config{}, phone.NewRegistry())
	wantSummary(t, d, get("/hook?e=dnd_on"), "no Action URL") // of nobody known
	d.Decode(get("/mac=000b82123456&local=5002"))
	wantSummary(t, d, get("/hook?e=dnd_on"), `dnd_on [name] e="dnd_on"`)
	if e := d.Decode(get("/hook?e=dnd_on")); macText(e.PhoneMAC) != "00:0b:82:12:34:56" || e.PhoneKnown != phone.InAddress {
		t.Errorf("the phone's MAC address is %q, known by %q", e.PhoneMAC, e.PhoneKnown)
	}
	wantSummary(t, d, at("192.168.40.51", get("/hook?e=dnd_on")), "no Action URL") // of another
	// Others may share its address.
	wantSummary(t, d, get("/download?file=a"), "no Action URL")
	wantSummary(t, d, from("curl/8.5.0", get("/api/status?duration=60&language=en")), "no Action URL")
}

// What a phone downloads is no Action URL, but its user agent says that it is
// a phone, and which.
func TestPhoneIsLearntByDownloads(t *testing.T) {
	d := NewDecoder(Config{}, phone.NewRegistry())
	wantSummary(t, d, from(phoneAgent, get("/cfg000b828aa872.xml")), "no Action URL")
	e := d.Decode(get("/hook?e=dnd_on"))
	if e == nil || macText(e.PhoneMAC) != "00:0b:82:8a:a8:72" {
		t.Fatalf("got %+v", e)
	}
}

// Behind an address translator, several phones share an address: which of them
// an event is of must not be guessed.
func TestSharedAddress(t *testing.T) {
	d := NewDecoder(Config{}, phone.NewRegistry())
	d.Decode(get("/mac=000b82123456&local=5002"))
	d.Decode(get("/mac=000b82aabbcc&local=5003"))
	e := d.Decode(get("/hook?e=dnd_on"))
	if e == nil {
		t.Fatal("no Action URL")
	}
	if !e.PhoneMAC.IsZero() {
		t.Errorf("the phone is said to be %s", e.PhoneMAC)
	}
	if e := d.Decode(get("/mac=000b82123456&local=5002")); macText(e.PhoneMAC) != "00:0b:82:12:34:56" {
		t.Errorf("the phone that tells its MAC address is said to be %s", e.PhoneMAC)
	}
}

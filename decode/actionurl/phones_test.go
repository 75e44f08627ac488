package actionurl

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
)

// bound returns a template that was typed into a phone, any if mac is empty.
func bound(t testing.TB, mac, event, url string) *Template {
	t.Helper()
	template, err := ParseTemplate(Lookup(event), url)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := packet.ParseMAC(mac)
	return template.Bound(m)
}

const (
	phoneA = "00:0b:82:12:34:32"
	phoneB = "00:0b:82:12:34:33"
)

// The phone's own templates come first, then those of no phone, then others'.
func TestNearestTemplate(t *testing.T) {
	all := []*Template{
		bound(t, phoneA, "hold_call", "/x=$mac"),
		bound(t, "", "resume_call", "/x=$mac"),
		bound(t, phoneB, "missed_call", "/x=$mac"),
	}
	d := NewDecoder(Config{Templates: all}, phone.NewRegistry())
	wantSummary(t, d, get("/x=000b82123432"), `hold_call [template] mac="000b82123432"`)
	wantSummary(t, d, get("/x=000b82123433"), `missed_call [template] mac="000b82123433"`)
	wantSummary(t, d, get("/x=000b82999999"), `resume_call [template] mac="000b82999999"`)

	d = NewDecoder(Config{Templates: []*Template{all[0], all[2]}}, phone.NewRegistry())
	wantSummary(t, d, get("/x=000b82999999"), `unknown ?hold_call,missed_call mac="000b82999999"`)
	d = NewDecoder(Config{Templates: all[:1]}, phone.NewRegistry())
	wantSummary(t, d, get("/x=000b82999999"), `hold_call [sibling] mac="000b82999999"`)
}

// Which phone it is is told by the URL, then the user agent, then the frame,
// then what was learnt of the address.
func TestWhichPhone(t *testing.T) {
	templates := []*Template{bound(t, phoneA, "hold_call", "/x"), bound(t, phoneB, "resume_call", "/x")}
	agentB := "Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b82123433"
	frame := func(mac packet.MAC, x *httpwire.Exchange) *httpwire.Exchange {
		x.Source = mac
		return x
	}
	for _, test := range []struct {
		what string
		x    *httpwire.Exchange
		want string
	}{
		{"user agent", from(agentB, get("/x")), "resume_call [template]"},
		{"frame", frame(packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x32}, get("/x")), "hold_call [template]"},
		{"user agent before frame", frame(packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x32}, from(agentB, get("/x"))), "resume_call [template]"},
		{"a router's frame", frame(packet.MAC{0x52, 0x54, 0, 1, 2, 3}, get("/x")), "unknown ?hold_call,resume_call"},
	} {
		t.Run(test.what, func(t *testing.T) {
			wantSummary(t, NewDecoder(Config{Templates: templates}, phone.NewRegistry()), test.x, test.want)
		})
	}

	// A phone of no known vendor is known by the templates bound to it.
	d := NewDecoder(Config{Templates: []*Template{bound(t, "52:54:00:01:02:03", "hold_call", "/x"), bound(t, phoneB, "resume_call", "/x")}}, phone.NewRegistry())
	wantSummary(t, d, frame(packet.MAC{0x52, 0x54, 0, 1, 2, 3}, get("/x")), "hold_call [template]")

	// Learnt from an earlier request.
	d = NewDecoder(Config{Templates: append(templates, bound(t, "", "registered", "/r=$mac"))}, phone.NewRegistry())
	decoded(d, get("/r=000b82123432"))
	wantSummary(t, d, get("/x"), "hold_call [template]")
}

// A router of a phone's vendor is told from a phone by the addresses behind it.
func TestRouterOfVendor(t *testing.T) {
	d := NewDecoder(Config{Templates: []*Template{bound(t, phoneA, "hold_call", "/x"), bound(t, phoneB, "resume_call", "/x")}}, phone.NewRegistry())
	through := func(x *httpwire.Exchange) *httpwire.Exchange {
		x.Source = packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x32}
		return x
	}
	wantSummary(t, d, through(at("10.0.0.1", get("/x"))), "hold_call [template]")
	wantSummary(t, d, through(at("10.0.0.2", get("/x"))), "unknown ?hold_call,resume_call")
}

// DHCP gives an address to another phone; the one before is not mixed up with it.
func TestAddressMoves(t *testing.T) {
	templates := []*Template{
		bound(t, phoneA, "hold_call", "/x"), bound(t, phoneB, "resume_call", "/x"), bound(t, "", "registered", "/r=$mac"),
	}
	later := func(after time.Duration, target string) *httpwire.Exchange {
		x := get(target)
		x.Time = int64(after)
		return x
	}
	d := NewDecoder(Config{Templates: templates}, phone.NewRegistry())
	decoded(d, later(0, "/r=000b82123432"))
	wantSummary(t, d, later(time.Minute, "/x"), "hold_call [template]")
	decoded(d, later(2*time.Hour, "/r=000b82123433"))
	wantSummary(t, d, later(3*time.Hour, "/x"), "resume_call [template]")
}

// Where one template was typed in for two events, what happened before tells,
// if only one of them can follow.
func TestNarrowedByCall(t *testing.T) {
	const hook = "/hook?m=$mac&id=$call-id"
	templates := []*Template{
		bound(t, "", "incoming_call", "/in?m=$mac&id=$call-id"),
		bound(t, "", "established_call", "/up?m=$mac&id=$call-id"),
		bound(t, "", "hold_call", hook), bound(t, "", "resume_call", hook),
		bound(t, "", "dnd_on", "/dnd?m=$mac"), bound(t, "", "dnd_off", "/dnd?m=$mac"),
	}
	d := NewDecoder(Config{Templates: templates}, phone.NewRegistry())
	vars := func(id string) string { return ` mac="000b82123432" call-id="` + id + `"` }
	get := func(path, id string) *httpwire.Exchange { return get(path + "?m=000b82123432&id=" + id) }
	wantSummary(t, d, get("/hook", "1@x"), "unknown ?hold_call,resume_call"+vars("1@x")) // nothing is known yet
	decoded(d, get("/in", "2@x"))
	decoded(d, get("/up", "2@x"))
	wantSummary(t, d, get("/hook", "2@x"), "hold_call [narrowed]"+vars("2@x"))
	wantSummary(t, d, get("/hook", "2@x"), "resume_call [narrowed]"+vars("2@x"))
	wantSummary(t, d, get("/hook", "2@x"), "hold_call [narrowed]"+vars("2@x"))
	wantSummary(t, d, get("/hook", "3@x"), "unknown ?hold_call,resume_call"+vars("3@x")) // another call
}

// What an ambiguous event may have changed is not known any more; what each of
// its candidates does is.
func TestNarrowedAfterAmbiguity(t *testing.T) {
	for _, test := range []struct{ what, before, templates, want string }{
		{"it may be on hold", "in up x", "hold_call=x terminated_call=x resume_call=last blind_transfer=last", "unknown ?resume_call,blind_transfer"},
		{"DND may be off", "on off", "dnd_on=on dnd_off=off forward_off=off dnd_on=last forward_on=last", "unknown ?dnd_on,forward_on"},
		{"it is over", "in up over", "terminated_call=over missed_call=over hold_call=last transfer_failed=last", "transfer_failed [narrowed]"},
	} {
		all := []*Template{bound(t, "", "incoming_call", "/in?id=$call-id"), bound(t, "", "established_call", "/up?id=$call-id")}
		for _, template := range strings.Fields(test.templates) {
			event, path, _ := strings.Cut(template, "=")
			all = append(all, bound(t, "", event, "/"+path+"?id=$call-id"))
		}
		d := NewDecoder(Config{Templates: all}, phone.NewRegistry())
		for _, path := range strings.Fields(test.before) {
			decoded(d, get("/"+path+"?id=1@x"))
		}
		if got := summary(d.Decode(get("/last?id=1@x"))); got != test.want+` call-id="1@x"` {
			t.Errorf("%s: %s", test.what, got)
		}
	}
}

// An id that the phone made is of a call that it began.
func TestNarrowedByCallID(t *testing.T) {
	d := NewDecoder(Config{Templates: templates(t, "incoming_call=/id=$call-id", "outgoing_call=/id=$call-id")}, phone.NewRegistry())
	x := get("/id=860888843-5060-9@BJC.BGI.B.CBA")
	x.Client = netip.MustParseAddrPort("192.168.1.210:40000")
	wantSummary(t, d, x, `outgoing_call [narrowed] call-id="860888843-5060-9@BJC.BGI.B.CBA"`)
	x.Client = netip.MustParseAddrPort("192.168.1.211:40000")
	wantSummary(t, d, x, `incoming_call [narrowed] call-id="860888843-5060-9@BJC.BGI.B.CBA"`)
}

// The samples are from public traces of Grandstream phones at known addresses.
func TestCallIDAddress(t *testing.T) {
	for id, want := range map[string]string{
		"523072316-5062-13@BJC.BGI.BCE.GD":   "192.168.124.63",
		"2015279366-5066-167@BJC.BGI.BHI.CC": "192.168.178.22",
		"860888843-5060-9@BJC.BGI.B.CBA":     "192.168.1.210",
		"267155984-5060-9@BHC.FA.B.BAD":      "172.50.1.103",
		"1980986749-5060-3@BJC.BGI.GC.HH":    "192.168.62.77",
		"0_1362581122@192.168.101.161":       "",
		"386d43a45de1-l88ln518lzf9":          "",
		"1-5060-1@BJC.BGI.B":                 "",
		"1-5060-1@JJJ.B.B.B":                 "",
		"":                                   "",
	} {
		got := ""
		if addr, ok := CallIDAddress(id); ok {
			got = addr.String()
		}
		if got != want {
			t.Errorf("CallIDAddress(%q) = %q, want %q", id, got, want)
		}
	}
}

// Keys of the user's own stand for variables where no template matches.
func TestKeys(t *testing.T) {
	d := NewDecoder(Config{Keys: map[string]string{"m": "mac", "r": "remote"}}, phone.NewRegistry())
	wantSummary(t, d, get("/hook?e=hold&m=000b82123432&r=5001"), `hold_call [name] e="hold" mac="000b82123432" remote="5001"`)
}

func TestNames(t *testing.T) {
	d := NewDecoder(Config{
		Templates:  templates(t, "hold_call=/x=$mac"),
		PhoneNames: map[packet.MAC]string{{0x00, 0x0b, 0x82, 0x12, 0x34, 0x32}: "Reception"}, ServerNames: map[string]string{"192.168.40.207": "PBX"},
	}, phone.NewRegistry())
	if e := d.Decode(get("/x=000b82123432")); e.PhoneName != "Reception" || e.ServerName != "PBX" {
		t.Errorf("phone %q, server %q", e.PhoneName, e.ServerName)
	}
}

// BenchmarkFleet matches requests of a fleet, in which every phone has 20
// templates of its own, or all the same 20.
func BenchmarkFleet(b *testing.B) {
	const events = 20
	for _, fleet := range []struct {
		what   string
		phones int
		alike  bool
	}{{"1 phone", 1, true}, {"10,000 phones alike", 10_000, true}, {"10,000 phones, each its own", 10_000, false}} {
		b.Run(fleet.what, func(b *testing.B) {
			var all []*Template
			for phone := range fleet.phones {
				mac := fmt.Sprintf("00:0b:82:%02x:%02x:%02x", phone>>16&255, phone>>8&255, phone&255)
				for _, k := range Kinds()[:events] {
					url := "http://192.168.40.207/" + k.Slug + "?m=$mac&l=$local"
					if !fleet.alike {
						url = fmt.Sprintf("http://192.168.40.207/%s?phone=%d&m=$mac&l=$local", k.Slug, phone)
					}
					all = append(all, bound(b, mac, k.Slug, url))
				}
			}
			d := NewDecoder(Config{Templates: all}, phone.NewRegistry())
			x := get("/hold_call?m=000b82000000&l=5002")
			if !fleet.alike {
				x = get("/hold_call?phone=0&m=000b82000000&l=5002")
			}
			b.ReportAllocs()
			for b.Loop() {
				if e := d.Decode(x); e == nil || e.Kind.Slug != "hold_call" {
					b.Fatal("not matched")
				}
			}
		})
	}
}

// TestOtherMAC finds what contradicts the address in the URL. A frame's source
// that is of a phone's vendor may be a router's.
func TestOtherMAC(t *testing.T) {
	const agentB = "Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b82123433"
	const mac = "/incoming?local=1&mac="
	b := packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x33}
	bound := []*Template{bound(t, phoneB, "hold_call", "/hold?mac=$mac")}
	for _, test := range []struct {
		what, target, agent string
		source              packet.MAC
		templates           []*Template
		want                string
	}{
		{"nothing else is known", mac + "000b82123432", "", packet.MAC{}, nil, ""},
		{"the same in the user agent", mac + "00-0B-82-12-34-33", agentB, packet.MAC{}, nil, ""},
		{"another in the user agent", mac + "000b82123432", agentB, packet.MAC{}, nil, phoneB},
		{"none in the URL", "/incoming?local=1", agentB, packet.MAC{}, nil, ""},
		{"another in the frame, of a phone or a router", mac + "000b82123432", "", b, nil, ""},
		{"another in the frame, of a phone that has templates", mac + "000b82123432", "", b, bound, phoneB},
		{"the same in the frame", mac + "000b82123433", "", b, bound, ""},
	} {
		x := from(test.agent, get(test.target))
		x.Source = test.source
		e := NewDecoder(Config{Templates: test.templates}, phone.NewRegistry()).Decode(x)
		if e == nil || macText(e.OtherMAC) != test.want {
			t.Errorf("%s: %+v, want the other to be %q", test.what, e, test.want)
		}
	}
}

package report

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"actionurl/decode"
	"actionurl/decode/actionurl"
)

func TestFilterPhones(t *testing.T) {
	r := request("/", announces(actionurl.Event{
		Kind: actionurl.Lookup("hold_call"), PhoneMAC: "00:0b:82:12:34:56", PhoneIP: netip.MustParseAddr("10.1.2.3"), // behind a translator of addresses
	}))
	plain := request("/")
	for _, test := range []struct {
		phone        string
		event, plain bool
	}{
		{"00:0b:82:12:34:56", true, false},
		{"00:0B:82:12:34:56", true, false},
		{"000b82123456", true, false},
		{"00-0B-82-12-34-56", true, false},
		{"000b.8212.3456", true, false},
		{"00:0b:82:12:34:57", false, false},
		{"10.1.2.3", true, false},
		{"192.168.40.50", true, true},
		{"::ffff:192.168.40.50", true, true},
		{"192.168.40.207", false, false}, // the server
		{"192.168.100.200", false, false},
	} {
		phone, err := ParsePhone(test.phone)
		if err != nil {
			t.Errorf("%s: %v", test.phone, err)
			continue
		}
		f := Filter{View: Requests, Phones: []string{"2001:db8::1", phone}}
		if got := f.Shows(r); got != test.event {
			t.Errorf("--phone %s: the event is shown: %t", test.phone, got)
		}
		if got := f.Shows(plain); got != test.plain {
			t.Errorf("--phone %s: the plain request is shown: %t", test.phone, got)
		}
	}
	// An address of twelve digits is no MAC address.
	if phone, err := ParsePhone("192.168.100.200"); phone != "192.168.100.200" || err != nil {
		t.Errorf("got %q, %v", phone, err)
	}
	for _, bad := range []string{"", "reception", "192.168.40", "00:0b:82:12:34", "192.168.40.50:5060"} {
		if phone, err := ParsePhone(bad); err == nil || !strings.Contains(err.Error(), "expected a MAC address") {
			t.Errorf("%q is the phone %q, %v", bad, phone, err)
		}
	}
}

func TestFilterEvents(t *testing.T) {
	hold := request("/", announces(actionurl.Event{Kind: actionurl.Lookup("hold_call")}))
	either := request("/", announces(actionurl.Event{Kind: actionurl.Unknown, Candidates: []*actionurl.Kind{actionurl.Lookup("hold_call"), actionurl.Lookup("resume_call")}}))
	none := request("/", announces(actionurl.Event{Kind: actionurl.Unknown}))
	for _, test := range []struct {
		events             string
		hold, either, none bool
	}{
		{"hold_call", true, true, false},
		{"Hold Call", true, true, false},
		{"P8324", true, true, false},
		{"ons.actionUrl.holdCall", true, true, false},
		{"resume_call", false, true, false},
		{"off_hook", false, false, false},
		{"unknown", false, true, true},
		{"off_hook,hold_call", true, true, false},
	} {
		f := Filter{View: Requests}
		for name := range strings.SplitSeq(test.events, ",") {
			slug, err := ParseEvent(name)
			if err != nil {
				t.Fatal(err)
			}
			f.Events = append(f.Events, slug)
		}
		for _, x := range []struct {
			what string
			r    *decode.Record
			want bool
		}{{"hold", hold, test.hold}, {"ambiguous", either, test.either}, {"unknown", none, test.none}, {"plain", request("/"), false}} {
			if got := f.Shows(x.r); got != x.want {
				t.Errorf("--event %s: %s is shown: %t", test.events, x.what, got)
			}
		}
	}
	if slug, err := ParseEvent("ringringring"); err == nil || !strings.Contains(err.Error(), "incoming_call") {
		t.Errorf("got %q, %v", slug, err)
	}
}

func TestFilterViewAndTimes(t *testing.T) {
	r := request("/")
	for _, test := range []struct {
		f    Filter
		want bool
	}{
		{Filter{View: Requests}, true},
		{Filter{View: Events}, false}, // it is no Action URL
		{Filter{View: Requests, Since: r.Time}, true},
		{Filter{View: Requests, Since: r.Time + 1}, false},
		{Filter{View: Requests, Until: r.Time}, false}, // the first moment not shown
		{Filter{View: Requests, Until: r.Time + 1}, true},
		{Filter{View: Requests, Since: r.Time - 1, Until: r.Time + 1}, true},
	} {
		if got := test.f.Shows(r); got != test.want {
			t.Errorf("%+v: it is shown: %t", test.f, got)
		}
	}
}

func TestParseMoment(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ in, utc, berlin string }{
		{"2026-03-02", "2026-03-02T00:00:00Z", "2026-03-01T23:00:00Z"},
		{"2026-07-02", "2026-07-02T00:00:00Z", "2026-07-01T22:00:00Z"}, // summer time
		{"2026-03-02T08:00", "2026-03-02T08:00:00Z", "2026-03-02T07:00:00Z"},
		{"2026-03-02 08:00", "2026-03-02T08:00:00Z", "2026-03-02T07:00:00Z"},
		{"2026-03-02T08:00:01", "2026-03-02T08:00:01Z", "2026-03-02T07:00:01Z"},
		{"2026-03-02 08:00:01.25", "2026-03-02T08:00:01.25Z", "2026-03-02T07:00:01.25Z"},
		{"2026-03-02T08:00:01Z", "2026-03-02T08:00:01Z", "2026-03-02T08:00:01Z"},
		{"2026-03-02T08:00:01.123456789-08:00", "2026-03-02T16:00:01.123456789Z", "2026-03-02T16:00:01.123456789Z"},
	} {
		for _, in := range []struct {
			zone *time.Location
			want string
		}{{time.UTC, test.utc}, {berlin, test.berlin}} {
			ns, err := ParseMoment(test.in, in.zone)
			if got := time.Unix(0, ns).UTC().Format(time.RFC3339Nano); err != nil || got != in.want {
				t.Errorf("%s in %s: got %s (%v), want %s", test.in, in.zone, got, err, in.want)
			}
		}
	}
	for _, bad := range []string{"", "08:00", "2026-13-01", "yesterday", "2026-03-02T25:00", "1772438400"} {
		if _, err := ParseMoment(bad, time.UTC); err == nil || !strings.Contains(err.Error(), "expected a time such as") {
			t.Errorf("%q: got the error %v", bad, err)
		}
	}
}

package report

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/timeline"
)

// filterOf reads a filter of requests from words.
func filterOf(t *testing.T, words string) *Filter {
	t.Helper()
	f := &Filter{View: Requests}
	if err := f.Parse(words, time.UTC); err != nil {
		t.Fatalf("%s: %v", words, err)
	}
	return f
}

func TestFilterPhones(t *testing.T) {
	r := request("/", announces(actionurl.Event{
		Kind: actionurl.Lookup("hold_call"), PhoneMAC: packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x56}, PhoneIP: netip.MustParseAddr("10.1.2.3"), // behind a translator of addresses
		PhoneName: "Front Desk",
	}))
	r.Phone = &timeline.Phone{Accounts: []string{"5002", "8256"}}
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
		{"34:56", true, false},
		{"3456", true, false},
		{"12-34-56", true, false},
		{"0B:82:12:34:56", true, false},
		{"0b:82", false, false}, // not the tail
		{"56", false, false},    // one byte is an extension
		{"4:56", false, false},
		{"10.1.2.3", true, false},
		{"10.1.0.0/16", true, false},
		{"192.168.40.50", true, true},
		{"192.168.40.0/24", true, true},
		{"192.168.41.0/24", false, false},
		{"::ffff:192.168.40.50", true, true},
		{"192.168.40.207", false, false}, // the server
		{"192.168.100.200", false, false},
		{"5002", true, false},
		{"8256", true, false}, // an extension that looks like a tail
		{"500", false, false},
		{`"front desk"`, true, false},
		{"front", false, false},
	} {
		f := filterOf(t, "phone:2001:db8::1 phone:"+test.phone)
		if got := f.Shows(r); got != test.event {
			t.Errorf("phone:%s: the event is shown: %t", test.phone, got)
		}
		if got := f.Shows(plain); got != test.plain {
			t.Errorf("phone:%s: the plain request is shown: %t", test.phone, got)
		}
	}
	for _, bad := range []string{"", " ", "10.0.8.0/33", "10.0.8/22"} {
		var f Filter
		if err := f.Add("phone", bad, time.UTC); err == nil || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%q is a phone: %v", bad, err)
		}
	}
	for text, want := range map[string]bool{
		"00:0b:82:12:34:56": true, "34:56": true, "10.0.8.0/22": true, "5002": true, "*21#": true, "Reception": false, "Front Desk": false, "": false,
	} {
		if IsPhone(text) != want {
			t.Errorf("IsPhone(%q) is %t", text, !want)
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
		{"hold", true, true, false},
		{"Hold Call", true, true, false},
		{"P8324", true, true, false},
		{"ons.actionUrl.holdCall", true, true, false},
		{"resume_call", false, true, false},
		{"off_hook", false, false, false},
		{"unknown", false, true, true},
		{"off_hook,hold_call", true, true, false},
	} {
		f := filterOf(t, `event:"`+test.events+`"`)
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
}

// Phones that sent no request are chosen by what is known of them.
func TestFilterSilent(t *testing.T) {
	p := &timeline.Phone{Accounts: []string{"102"}, Addresses: []netip.Addr{netip.MustParseAddr("10.1.2.3")}, First: 100e9, Last: 200e9}
	p.MAC, _ = packet.ParseMAC("00:0b:82:12:34:56")
	for words, want := range map[string]bool{
		"": true, "phone:102": true, "phone:34:56": true, "phone:10.1.0.0/16": true, "phone:103": false, "phone:103 phone:102": true,
		"event:hold": false, "failed": false, "status:none": false, "server:10.1.2.3": false, "finding:refused": false, "text": false, "phone:102 event:hold": false,
		"since:1970-01-01T00:03:20": true, "since:1970-01-01T00:03:21": false, "until:1970-01-01T00:01:41": true, "until:1970-01-01T00:01:40": false,
	} {
		if got := filterOf(t, words).ShowsSilent(p); got != want {
			t.Errorf("%q: it is shown: %t", words, got)
		}
	}
}

// The other terms, and what several of them mean.
func TestFilterTerms(t *testing.T) {
	status := func(n int) func(*decode.Record) { return func(r *decode.Record) { r.Status = n } }
	silent := func(why httpwire.Reason) func(*decode.Record) {
		return func(r *decode.Record) { r.Status, r.NoResponse = 0, why }
	}
	found := func(r *decode.Record) { r.Findings = []finding.Finding{{Kind: finding.RawBlank}} }
	host := func(name string) func(*decode.Record) { return func(r *decode.Record) { r.Host = name } }
	for _, test := range []struct {
		words string
		with  func(*decode.Record)
		want  bool
	}{
		{"", nil, true},
		{"status:404", status(404), true},
		{"status:404", status(403), false},
		{"status:4xx", status(499), true},
		{"status:4xx", status(500), false},
		{"status:4xx,500", status(500), true},
		{"status:>=400", status(503), true},
		{"status:>=400", status(302), false},
		{"status:none", silent(httpwire.Timeout), true},
		{"status:none", silent(httpwire.NotCaptured), true},
		{"status:none", status(200), false},
		{"status:4xx", silent(httpwire.Timeout), false},
		{"failed", status(200), false},
		{"failed", status(304), false},
		{"failed", status(302), true},
		{"failed", status(400), true},
		{"failed", silent(httpwire.ResetByPeer), true},
		{"failed", silent(httpwire.NotCaptured), false},
		{"finding:raw_blank", found, true},
		{"finding:redirect,raw_blank", found, true},
		{"finding:redirect", found, false},
		{"server:192.168.40.207", nil, true},
		{"server:192.168.40.207:80", nil, true},
		{"server:192.168.40.207:8080", nil, false},
		{"server:192.168.40.0/24", nil, true},
		{"server::80", nil, true},
		{"server::81", nil, false},
		{"server:crm.example.com", host("CRM.example.com:80"), true},
		{"server:crm.example.com:80", host("crm.example.com"), true},
		{"server:crm.example.com:8080", host("crm.example.com"), false},
		{"server:crm", host("crm.example.com"), false},
		{"match:HOLD", nil, true},
		{"match:müller", func(r *decode.Record) {
			announces(actionurl.Event{Vars: []actionurl.Var{{Value: "Jürgen Müller"}}})(r)
		}, true},
		{"hold", nil, true},
		{`"event=hold&r"`, nil, true},
		{"resume", nil, false},
		{"sip:5001", nil, true}, // not a key
		{`"failed"`, nil, false},
		{"phone:192.168.40.50 hold status:2xx", nil, true},
		{"phone:192.168.40.50 hold status:5xx", nil, false},
		{"status:404 status:200", nil, true},
	} {
		r := request("/in?event=hold&r=sip:5001")
		if test.with != nil {
			test.with(r)
		}
		f := filterOf(t, test.words)
		if got := f.Shows(r); got != test.want {
			t.Errorf("%q: it is shown: %t", test.words, got)
		}
	}
	for words, want := range map[string]string{
		"event:ringringring": "incoming_call", "event:hold_cal": "did you mean hold_call?", "status:4x": "is not a status", "status:99": "is not a status",
		"status:": "is not a status", "finding:raw_blnk": "did you mean raw_blank?", "server::0": "is not a port", "server:": "expected HOST",
		"since:yesterday": "expected a time", "phone:": "expected a MAC address",
	} {
		var f Filter
		if err := f.Parse(words, time.UTC); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", words, err, want)
		}
	}
}

// A filter that is written is the one that was read.
func TestFilterString(t *testing.T) {
	for words, want := range map[string]string{
		"":                                   "",
		`phone:"Front Desk" failed  x`:       `phone:"Front Desk" failed match:x`,
		"since:08:30 status:4xx until:-1m":   "status:4xx since:08:30 until:-1m",
		"event:hold phone:5001 event:dnd_on": "event:hold event:dnd_on phone:5001",
	} {
		got := filterOf(t, words).String()
		if got != want {
			t.Errorf("%q is %q, want %q", words, got, want)
		}
		if again := filterOf(t, got).String(); again != got {
			t.Errorf("%q is %q when it is read again", got, again)
		}
	}
}

// Findings that are of no request: of what a connection was for there is no
// event or status, and their server is known.
func TestFilterFindings(t *testing.T) {
	o := &finding.Occurrence{
		Finding: finding.Finding{Kind: finding.Refused, Detail: finding.Detail{Name: "192.168.40.207:8085"}},
		Place:   finding.Place{Time: 100, Phone: finding.Phone{MAC: packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x56}, Addr: netip.MustParseAddr("10.1.2.3")}},
		Last:    200,
	}
	for words, want := range map[string]bool{
		"": true, "finding:refused": true, "finding:redirect": false, "phone:34:56": true, "phone:10.0.0.0/8": true, "phone:5001": false,
		"server:192.168.40.207": true, "server::8085": true, "server::80": false, "event:hold": false, "status:none": false, "failed": true, "text": false,
		"since:1970-01-01T00:00:00.000000150Z": true, "since:1970-01-01T00:00:00.000000201Z": false, "until:1970-01-01T00:00:00.000000100Z": false,
	} {
		if got := filterOf(t, words).ShowsFinding(o); got != want {
			t.Errorf("%q: it is shown: %t", words, got)
		}
	}
	f := filterOf(t, "finding:redirect")
	if f.ShowsKind(finding.RawBlank) || !f.ShowsKind(finding.Redirect) || !filterOf(t, "").ShowsKind(finding.RawBlank) {
		t.Error("the kinds that are shown are others")
	}
}

func TestFilterTimes(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC) // 2026-03-02 in Berlin
	end := begin.Add(3 * time.Hour)
	for _, test := range []struct{ in, utc, berlin string }{
		{"2026-03-02", "2026-03-02T00:00:00Z", "2026-03-01T23:00:00Z"},
		{"2026-07-02", "2026-07-02T00:00:00Z", "2026-07-01T22:00:00Z"}, // summer time
		{"2026-03-02T08:00", "2026-03-02T08:00:00Z", "2026-03-02T07:00:00Z"},
		{"2026-03-02 08:00", "2026-03-02T08:00:00Z", "2026-03-02T07:00:00Z"},
		{"2026-03-02T08:00:01", "2026-03-02T08:00:01Z", "2026-03-02T07:00:01Z"},
		{"2026-03-02 08:00:01.25", "2026-03-02T08:00:01.25Z", "2026-03-02T07:00:01.25Z"},
		{"2026-03-02T08:00:01Z", "2026-03-02T08:00:01Z", "2026-03-02T08:00:01Z"},
		{"2026-03-02T08:00:01.123456789-08:00", "2026-03-02T16:00:01.123456789Z", "2026-03-02T16:00:01.123456789Z"},
		{"08:30", "2026-03-01T08:30:00Z", "2026-03-02T07:30:00Z"},
		{"8:30:01.5", "2026-03-01T08:30:01.5Z", "2026-03-02T07:30:01.5Z"},
		{"-10m", "2026-03-02T02:20:00Z", "2026-03-02T02:20:00Z"},
		{"-1h30m", "2026-03-02T01:00:00Z", "2026-03-02T01:00:00Z"},
	} {
		for _, in := range []struct {
			zone *time.Location
			want string
		}{{time.UTC, test.utc}, {berlin, test.berlin}} {
			want, err := time.Parse(time.RFC3339, in.want)
			if err != nil {
				t.Fatal(err)
			}
			at := func(key string, after time.Duration) bool {
				f := Filter{View: Requests}
				if err := f.Add(key, test.in, in.zone); err != nil {
					t.Fatal(err)
				}
				if f.NeedsEnd() != strings.HasPrefix(test.in, "-") {
					t.Errorf("%s: NeedsEnd is %t", test.in, f.NeedsEnd())
				}
				f.Anchor(begin.UnixNano(), end.UnixNano())
				r := request("/")
				r.Time = want.Add(after).UnixNano()
				return f.Shows(r)
			}
			if at("since", -1) || !at("since", 0) || !at("until", -1) || at("until", 0) {
				t.Errorf("%s in %s is not %s", test.in, in.zone, in.want)
			}
		}
	}
	for _, bad := range []string{"", "25:00", "2026-13-01", "yesterday", "2026-03-02T25:00", "1772438400", "10m", "-", "-10"} {
		var f Filter
		if err := f.Add("since", bad, time.UTC); err == nil || !strings.Contains(err.Error(), "expected a time such as") {
			t.Errorf("%q: got the error %v", bad, err)
		}
	}
}

// Where nothing is shown, the term that left nothing is named.
func TestFilterReason(t *testing.T) {
	for words, want := range map[string]string{
		"":           "",
		"status:2xx": "",
		"status:4xx": "3 HTTP requests, none with --status 4xx",
		"phone:192.168.40.50 status:4xx status:none":                        "3 HTTP requests, 3 with --phone 192.168.40.50, none of them with --status 4xx --status none",
		"since:2026-03-03":                                                  "3 HTTP requests, none with --since 2026-03-03",
		"status:4xx since:2026-03-02 until:2026-03-03 finding:raw_blank":    "3 HTTP requests, 3 with --since 2026-03-02 --until 2026-03-03, none of them with --status 4xx",
		`phone:192.168.40.50 match:in phone:"Front Desk" server::80 failed`: `3 HTTP requests, 3 with --phone 192.168.40.50 --phone "Front Desk", 3 of them with --match in, 3 of them with --server :80, none of them with --failed`,
	} {
		f := filterOf(t, words)
		for range 3 {
			f.Shows(request("/in"))
		}
		if got := f.Reason(); got != want {
			t.Errorf("%q:\n got %s\nwant %s", words, got, want)
		}
	}
	f := Filter{View: Events}
	f.Shows(request("/"))
	if got := f.Reason(); got != "" {
		t.Errorf("without an Action URL: %s", got)
	}
}

// FuzzFilter checks that what a filter is written as reads as the same filter.
func FuzzFilter(f *testing.F) {
	f.Add(`phone:34:12 event:hold,resume status:4xx since:08:30 mac=$mac`)
	f.Add(`phone:"Front Desk" failed finding:raw_blank until:+2h "failed"`)
	f.Add(`match:a" b:"c server:cti:8085 "event:hold" ""`)
	f.Fuzz(func(t *testing.T, words string) {
		filter := &Filter{View: Requests}
		if filter.Parse(words, time.UTC) != nil {
			return
		}
		written := filter.String()
		again := &Filter{View: Requests}
		if err := again.Parse(written, time.UTC); err != nil {
			t.Fatalf("%q is written as %q: %v", words, written, err)
		}
		if got := again.String(); got != written {
			t.Errorf("%q is written as %q, and that as %q", words, written, got)
		}
		filter.Shows(request("/"))
		_ = filter.Reason()
	})
}

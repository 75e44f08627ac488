package report_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/sip"
	"actionurl/decode/timeline"
	"actionurl/decode/vendor"
	"actionurl/report"
)

// full returns a record that has everything a line can hold, with one text in
// all places.
func full(t testing.TB, text string) *decode.Record {
	template, err := actionurl.ParseTemplateWith(actionurl.Lookup("hold_call"), "192.168.40.207/hold?m=$mac&q=$queue", map[string]bool{"queue": true})
	if err != nil {
		t.Fatal(err)
	}
	x := &httpwire.Exchange{
		Origin: packet.Origin{Interface: &capture.Interface{Capture: "trunk" + text + ".pcap"}, Frame: 61207, Time: 1772438400123456789},
		Client: netip.MustParseAddrPort("[2001:db8::50]:40000"), Server: netip.MustParseAddrPort("192.168.40.207:8085"),
		Method: "GET", Target: "/" + text, Host: "h" + text, Version: "HTTP/1.1", UserAgent: "Yealink SIP-T46U " + text,
		ContentLength: -1, Cut: true, Gap: true, Done: true, Status: 404, Latency: 5001234,
	}
	x.VLANs.Add(40)
	x.VLANs.Add(4095)
	e := &actionurl.Event{
		Kind: actionurl.Lookup("hold_call"), By: actionurl.ByTemplate, Template: template,
		PhoneName: "n" + text, ServerName: "s" + text, PhoneMAC: packet.MAC{0x00, 0x15, 0x65, 0x12, 0x34, 0x32}, OtherMAC: packet.MAC{0x00, 0x15, 0x65, 0x12, 0x34, 0x33},
		PhoneIP: netip.MustParseAddr("192.168.40.50"), PhoneKnown: phone.InURL, PhoneVendor: vendor.Named("yealink"),
		PhoneProduct: "p" + text, PhoneVersion: "v" + text, CallID: "c" + text,
		SIP:  actionurl.Message{Frame: 17, Method: "200 INVITE", Delay: -1500000},
		Vars: []actionurl.Var{actionurl.VarOf("mac", "000b82123432"), actionurl.VarOf("queue", text), actionurl.VarOf("queue", "again"), actionurl.VarOf("x", ""), actionurl.VarOf("y", "$call_id")},
	}
	return &decode.Record{Exchange: x, Event: e, Findings: []finding.Finding{{Kind: finding.HTTPError}, {Kind: finding.CutHead}, {Kind: finding.CaptureGap}}}
}

// save writes records as they are saved.
func save(t testing.TB, records ...*decode.Record) string {
	var out strings.Builder
	rows, err := report.NewRecords(&out, report.Options{Format: report.Plain().Named("ndjson")}, report.Requests)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := rows.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// What was saved is read back as it was, whatever phones sent.
func FuzzRoundTrip(f *testing.F) {
	for _, text := range []string{
		"", "plain", `a"b\c`, "J\xfcrgen \\ x", "\x00\x1b[2J\r\n\t\u202e", "山田 太郎 😀", `C:\xdir`, `\xfc\`, "\xed\xa0\x80", "\xff\\xff\\\\", "a#2",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if ambiguous(text) {
			t.Skip()
		}
		r := full(t, text)
		var got report.Saved
		reader := report.NewReader("x", strings.NewReader(save(t, r)))
		if err := reader.Next(&got); err != nil {
			t.Fatal(err)
		}
		check(t, r, &got)
		if err := reader.Next(&got); err != io.EOF {
			t.Errorf("behind the last record: %v", err)
		}
	})
}

// So is what is saved beside the requests.
func FuzzComplete(f *testing.F) {
	f.Add("Jane \"J\" \x1b \xfc", int64(1772438400123456789), 3, uint8(2), uint8(6), int64(7500000001))
	f.Add("", int64(1), 0, uint8(0), uint8(0), int64(0))
	f.Fuzz(func(t *testing.T, text string, at int64, n int, direction, state uint8, held int64) {
		const day = 86400e9
		at, held, n = at&(1<<60-1)+1, held%day, n&math.MaxInt32
		if len(text) > 256 || ambiguous(text) {
			t.Skip()
		}
		phone := finding.Phone{MAC: packet.MAC{1, byte(n >> 8), byte(n), direction, state, byte(at)}, Addr: netip.MustParseAddr("2001:db8::50"), Name: text}
		wrong := finding.Occurrence{
			Finding: finding.Finding{Kind: finding.Encrypted, Detail: finding.Detail{Name: text, Other: text}},
			Place:   finding.Place{Time: at, Capture: text, Frame: n, Phone: phone}, Times: n, Last: at,
		}
		signalled := sip.Call{
			ID: text, Direction: actionurl.Direction(direction % 3), State: sip.State(state) % (sip.Forwarded + 1),
			Local: sip.Party{User: text}, Remote: sip.Party{User: text, Name: text},
			Started: at, Answer: at, Ended: at, Held: held, Holds: n, Referred: n,
		}
		var out strings.Builder
		rows, err := report.NewRecords(&out, report.Options{Format: report.Plain().Named("ndjson")}, report.Events)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			rows.Finding(&wrong),
			rows.SIPCall(&timeline.Call{Phone: &timeline.Phone{MAC: phone.MAC}, Address: phone.Addr, First: at, SIP: &signalled}),
			rows.End(at), rows.Close(),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		reader := report.NewReader("x", strings.NewReader(out.String()))
		var found, call, end, over report.Saved
		for _, r := range []*report.Saved{&found, &call, &end} {
			if err := reader.Next(r); err != nil {
				t.Fatalf("%v in\n%s", err, out.String())
			}
		}
		if err := reader.Next(&over); err != io.EOF {
			t.Errorf("behind the end: %v", err)
		}
		if found.Kind != report.SavedFinding || found.Finding != wrong {
			t.Errorf("read %+v, want %+v", found.Finding, wrong)
		}
		if call.Kind != report.SavedSIP || call.Time != at || call.Call.PhoneMAC != phone.MAC || call.Call.PhoneIP != phone.Addr || *call.Call.SIP != signalled {
			t.Errorf("read %+v of %+v, want %+v", call.Call.SIP, call.Call, signalled)
		}
		if end.Kind != report.SavedEnd || end.Time != at {
			t.Errorf("the end is read as %+v", end)
		}
	})
}

// What is longer than it can have been saved is cut.
func TestLongTexts(t *testing.T) {
	long := strings.Repeat("x", 1000)
	reader := report.NewReader("x", strings.NewReader(`{"time":"2026-03-02T08:00:00Z","sip_call":{"call_id":"`+long+`","display_remote":"`+long+`"}}
{"finding":{"slug":"refused","name":"`+long+`"}}
`))
	var r report.Saved
	if err := reader.Next(&r); err != nil || len(r.Call.SIP.ID) != 256 || len(r.Call.SIP.Remote.Name) != 256 {
		t.Errorf("%+v, %v", r.Call, err)
	}
	if err := reader.Next(&r); err != nil || len(r.Finding.Detail.Name) != 256 || r.Time != 0 {
		t.Errorf("%+v, %v", r.Finding, err)
	}
}

// ambiguous reports whether a text is one that the format cannot tell from
// bytes that are no UTF-8: it looks as these are written.
func ambiguous(text string) bool {
	for i := 0; i+3 < len(text); i++ {
		if text[i] == '\\' && text[i+1] == 'x' && strings.IndexByte("89abcdefABCDEF", text[i+2]) >= 0 {
			return true
		}
	}
	return false
}

// check compares a record with what was read of it.
func check(t *testing.T, want *decode.Record, got *report.Saved) {
	t.Helper()
	type flat struct {
		Capture, Method, Target, Host, Version, Agent string
		Frame, Status                                 int
		Time, Latency, Length                         int64
		VLANs                                         string
		Client, Server                                netip.AddrPort
		Cut, Gap, Done                                bool
		Reason                                        httpwire.Reason
		Event                                         string
		Template                                      string
		Findings                                      []string
	}
	of := func(x *httpwire.Exchange, e *actionurl.Event, s finding.Set) flat {
		f := flat{
			x.Interface.Capture, x.Method, x.Target, x.Host, x.Version, x.UserAgent, x.Frame, x.Status, x.Time, x.Latency, x.ContentLength,
			fmt.Sprint(x.VLANs.IDs()), x.Client, x.Server, x.Cut, x.Gap, x.Done, x.NoResponse, "", "", s.Slugs(),
		}
		if e != nil {
			plain := *e
			plain.Template, plain.Candidates, plain.Vars = nil, append([]*actionurl.Kind{}, e.Candidates...), append([]actionurl.Var{}, e.Vars...)
			f.Event = fmt.Sprintf("%+q", fmt.Sprintf("%#v", plain))
			if e.Template != nil {
				f.Template = e.Template.Kind.Slug + " " + e.Template.Text + " " + e.Template.Pattern()
			}
		}
		return f
	}
	if diff := cmp.Diff(of(want.Exchange, want.Event, finding.SetOf(want.Findings)), of(got.Request.Exchange, got.Request.Event, finding.SetOf(got.Request.Findings)), cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("(-saved +read):\n%s", diff)
	}
}

// Requests that are no Action URLs, and those without a response.
func TestOtherRecords(t *testing.T) {
	plain := full(t, "x")
	plain.Event = nil
	plain.Findings, plain.Cut, plain.Gap = nil, false, false
	plain.NoResponse, plain.Status, plain.Latency = httpwire.ResetByPeer, 0, 0
	ambiguous := full(t, "y")
	ambiguous.Event.Kind, ambiguous.Event.By = actionurl.Unknown, actionurl.ByNothing
	ambiguous.Event.Candidates = []*actionurl.Kind{actionurl.Lookup("hold_call"), actionurl.Lookup("resume_call")}
	ambiguous.Event.SIP = actionurl.Message{}
	latest := full(t, "z")
	latest.NoResponse, latest.Status, latest.Latency = httpwire.Reasons-1, 0, 0
	reader := report.NewReader("x", strings.NewReader(save(t, plain, ambiguous, plain, latest)))
	for _, want := range []*decode.Record{plain, ambiguous, plain, latest} {
		var got report.Saved
		if err := reader.Next(&got); err != nil {
			t.Fatal(err)
		}
		check(t, want, &got)
	}
}

// A damaged line is reported with its place, and the next is read.
func TestDamage(t *testing.T) {
	const good = `{"time":"2026-03-02T08:00:00.003000000Z","target":"/x"}`
	long := `{"time":"` + strings.Repeat("x", 2<<20) + `"}`
	for _, test := range []struct{ line, want string }{
		{`{`, "e:2: at byte 2: expected '\"'"},
		{`[1]`, "e:2: at byte 1: expected '{'"},
		{"\x00\x00\x00", "e:2: at byte 1: expected '{'"},
		{good + "x", "e:2: at byte 56: expected the end of the line"},
		{good[:40], "e:2: at byte 41: expected ','"},
		{`{"time":"yesterday"}`, `e:2: at byte 20: "yesterday" is not a time; expected one as 2026-03-02T08:00:00.000000000Z`},
		{`{"target":"/x"}`, `e:2: the line has no "time"; expected a saved request or event`},
		{`{"time":"2026-03-02T08:00:00Z","phone_mac":"00:0b:82:12:34:32","direction":"incoming"}`, `e:2: the line has no "target" and no "event"; expected a saved request or event, not a row of another view`},
		{`{"time":"2026-03-02T08:00:00Z","src_port":65536}`, "e:2: at byte 48: expected a number from 0 to 65535"},
		{`{"time":"2026-03-02T08:00:00Z","frame":"1"}`, "e:2: at byte 40: expected a whole number, not negative"},
		{`{"time":"2026-03-02T08:00:00Z","src_ip":"here"}`, `e:2: at byte 47: "here" is not an IP address`},
		{`{"time":"2026-03-02T08:00:00Z","target":"\q"}`, `e:2: at byte 44: "\\q" is not an escape`},
		{`{"time":"2026-03-02T08:00:00Z","target":"\u12"}`, "e:2: at byte 44: expected four hexadecimal digits"},
		{`{"time":"2026-03-02T08:00:00Z","no_response":"never"}`, `e:2: at byte 53: "never" is not a reason for no response`},
		{`{"time":"2026-03-02T08:00:00Z","new":[{"a":`, "e:2: at byte 44: the line ends within a value"},
		{`{"time":"2026-03-02T08:00:00Z","finding":{"slug":"refused","count":-1}}`, "e:2: at byte 70: expected a whole number, not negative"},
		{`{"time":"2026-03-02T08:00:00Z","finding":{"slug":"refused"`, "e:2: at byte 59: expected ','"},
		{`{"finding":"refused","severity":"error"}`, `e:2: the line has no "time"; expected a saved request or event`},
		{`{"time":"2026-03-02T08:00:00Z","sip_call":{"state":"asleep"}}`, `e:2: at byte 60: "asleep" is not a state of a call`},
		{`{"time":"2026-03-02T08:00:00Z","sip_call":[]}`, "e:2: at byte 43: expected '{'"},
		{`{"sip_call":{}}`, `e:2: the line has no "time"; expected a saved request or event`},
		{`{"capture_end":{}}`, `e:2: the line has no "time"; expected a saved request or event`},
		{long, fmt.Sprintf("e:2: the line has %d bytes; expected at most 1048576", len(long)+1)},
	} {
		reader := report.NewReader("e", strings.NewReader(good+"\n"+test.line+"\n\n"+good))
		var got []string
		for {
			var r report.Saved
			err := reader.Next(&r)
			if err == io.EOF {
				break
			}
			var problem *report.Problem
			switch {
			case err == nil:
				got = append(got, r.Request.Target)
			case errors.As(err, &problem):
				got = append(got, problem.Error())
			default:
				t.Fatal(err)
			}
		}
		if want := []string{"/x", test.want, "/x"}; cmp.Diff(want, got) != "" {
			t.Errorf("%.60s: read %q, want %q", test.line, got, want)
		}
	}
}

// A capture is distinguished from damaged events.
func TestBinary(t *testing.T) {
	for _, text := range []string{"\xd4\xc3\xb2\xa1\x02\x00\x04\x00\n{}\n", "\n\r\r\n\x1c\x00\x00\x00M<+\x1a"} {
		var r report.Saved
		var problem *report.Problem
		err := report.NewReader("a.pcap", strings.NewReader(text)).Next(&r)
		if err == nil || errors.As(err, &problem) || err.Error() != "a.pcap: is a capture, which actionurl analyze reads; expected saved events, NDJSON or Parquet" {
			t.Errorf("error %v", err)
		}
	}
}

// What a later version adds is passed over, and losses are counted.
func TestOtherKeys(t *testing.T) {
	lines := `{"new":{"a":[1,-2.5e3,true,null,"}\"",[]],"b":{}},"time":"2026-03-02T09:00:00.5+01:00","findings":["no_response","of_a_later_version"],"target":"/x" , "n":null}
{"time":"2026-03-02T08:01:00Z","finding":{"slug":"of_a_later_version","count":1}}
{"time":"2026-03-02T08:01:00.000000005Z","capture_loss":{"interface":"eth1","since":"2026-03-02T08:00:00.000000005Z","dropped":12}}
`
	reader := report.NewReader("e", strings.NewReader(lines))
	var r report.Saved
	if err := reader.Next(&r); err != nil || r.Request.Target != "/x" || r.Request.Time != 1772438400500000000 || r.Request.Event != nil {
		t.Errorf("read %+v, %v", r, err)
	}
	if got := finding.SetOf(r.Request.Findings).Slugs(); cmp.Diff([]string{"no_response"}, got) != "" {
		t.Errorf("findings %q", got)
	}
	if err := reader.Next(&r); err != io.EOF || reader.Losses != 1 {
		t.Errorf("%v and %d losses", err, reader.Losses)
	}
}

// An event of a later version keeps its names, and stands for itself alone.
func TestOtherEvents(t *testing.T) {
	const line = `{"time":"2026-03-02T08:00:00Z","event":"page_call","label":"Page Call"}
{"time":"2026-03-02T08:00:01Z","event":"page_call","label":"Page Call"}
{"time":"2026-03-02T08:00:02Z","event":"unknown","candidates":["page_call","hold_call"]}
`
	reader := report.NewReader("e", strings.NewReader(line))
	var first, second, third report.Saved
	if err := errors.Join(reader.Next(&first), reader.Next(&second), reader.Next(&third)); err != nil {
		t.Fatal(err)
	}
	if k := first.Request.Event.Kind; k.Slug != "page_call" || k.Label != "Page Call" || second.Request.Event.Kind != k {
		t.Errorf("read %+v, then %+v", k, second.Request.Event.Kind)
	}
	if e := third.Request.Event; e.Kind != actionurl.Unknown || !slices.Equal(e.Candidates, []*actionurl.Kind{first.Request.Event.Kind, actionurl.Lookup("hold_call")}) {
		t.Errorf("read %v of %v", e.Kind, e.Candidates)
	}
}

// A Reader of hostile bytes ends.
func FuzzReader(f *testing.F) {
	f.Add([]byte(`{"time":"2026-03-02T08:00:00Z","vars":{"a":"b","a#2":"c"},"x":[[[{}]]]}`))
	f.Add([]byte("{\"a\":\n}"))
	f.Add([]byte(`{"time":"2026-03-02T08:00:00Z","sip_call":{"state":"over","held_ms":1,"ended":"2026-03-02T08:00:00Z"},"finding":{"slug":"refused"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		reader := report.NewReader("x", strings.NewReader(string(b)))
		for range len(b) + 1 {
			var r report.Saved
			if err := reader.Next(&r); err == io.EOF {
				return
			}
		}
		t.Error("it does not end")
	})
}

func BenchmarkReader(b *testing.B) {
	r := full(b, "x")
	r.Findings = nil
	line := save(b, r)
	reader := report.NewReader("x", endless(line))
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	var got report.Saved
	for b.Loop() {
		if err := reader.Next(&got); err != nil {
			b.Fatal(err)
		}
	}
}

// endless repeats a text.
type endless string

func (e endless) Read(b []byte) (int, error) {
	if len(b) < len(e) {
		return copy(b, e), io.ErrShortBuffer
	}
	n := 0
	for len(b)-n >= len(e) {
		n += copy(b[n:], e)
	}
	return n, nil
}

// A file of another format is named, once, and a damaged line of NDJSON is not
// taken for one.
func TestOtherFormats(t *testing.T) {
	for _, format := range report.Plain().Names() {
		var out strings.Builder
		rows, err := report.NewRecords(&out, report.Options{Format: report.Plain().Named(format)}, report.Requests)
		if err != nil {
			t.Fatal(err)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"csv": "CSV", "tsv": "TSV", "markdown": "a Markdown table", "table": "a table"}[format]
		if want == "" {
			continue
		}
		err = report.NewReader("a", strings.NewReader(out.String())).Next(new(report.Saved))
		if err == nil || err.Error() != "a: is "+want+"; expected saved events, NDJSON or Parquet" {
			t.Errorf("%s: %v", format, err)
		}
	}
	for line, want := range map[string]string{
		"2026-03-02 UTC\ntime  phone": "is a table", `"status":200,"latency_ms":5}`: "a:1: ", "x\n": "a:1: ", `,"a"`: "a:1: ",
	} {
		err := report.NewReader("a", strings.NewReader(line)).Next(new(report.Saved))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", line, err, want)
		}
	}
}

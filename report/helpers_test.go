package report

import (
	"bytes"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares what was written with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); if it is meant, run the test with -update:\n%s", file, diff)
	}
}

// vlans are tags as they come from a frame.
func vlans(t testing.TB, ids ...uint16) (tags packet.VLANs) {
	t.Helper()
	c := capturetest.New()
	k := c.Conn("192.168.40.50:40000", "192.168.40.207:80")
	k.VLANs = ids
	k.Open().Send("GET / HTTP/1.1\r\n\r\n")
	p := decode.New(decode.Config{}, func(r *decode.Record) error {
		tags = r.VLANs
		return nil
	})
	if err := errors.Join(p.Batch(capturetest.Batch("test.pcap", c.Frames)), p.Flush()); err != nil {
		t.Fatal(err)
	}
	return tags
}

// request returns the record of a request of a phone to the server of the
// guide's example, at eight o'clock.
func request(target string, change ...func(*decode.Record)) *decode.Record {
	r := &decode.Record{Exchange: &httpwire.Exchange{
		Origin: packet.Origin{
			Interface: &capture.Interface{Capture: "trunk.pcap", Link: capture.LinkEthernet},
			Frame:     7,
			Time:      time.Date(2026, 3, 2, 8, 0, 0, 123456789, time.UTC).UnixNano(),
		},
		Client: netip.MustParseAddrPort("192.168.40.50:40000"), Server: netip.MustParseAddrPort("192.168.40.207:80"),
		Method: "GET", Target: target, Host: "192.168.40.207", Version: "HTTP/1.1", ContentLength: -1,
		Status: 200, Latency: 12_340_000, Done: true,
	}}
	for _, c := range change {
		c(r)
	}
	return r
}

// announces makes the request an Action URL.
func announces(e actionurl.Event) func(*decode.Record) {
	return func(r *decode.Record) {
		if !e.PhoneIP.IsValid() {
			e.PhoneIP = r.Client.Addr()
		}
		r.Event = &e
	}
}

// after makes the request one of a later time.
func after(d time.Duration) func(*decode.Record) {
	return func(r *decode.Record) {
		r.Time += int64(d)
		r.Frame += int(d / time.Second)
	}
}

// unanswered makes the request one without a response.
func unanswered(why httpwire.Reason) func(*decode.Record) {
	return func(r *decode.Record) { r.Status, r.Latency, r.NoResponse = 0, 0, why }
}

func filled(name, value string) actionurl.Var { return actionurl.VarOf(name, value) }

// hostileText is what a sender may put into a name to reach whoever reads it.
const hostileText = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202egnp.exe\u2066|<script>`x`\r\n=1+1\u200b\xff"

// sample are records of every sort.
func sample(t testing.TB) []*decode.Record {
	return []*decode.Record{
		request("/mac=000b82123450&local=5002", announces(actionurl.Event{
			Kind: actionurl.Lookup("incoming_call"), By: actionurl.ByTemplate, PhoneMAC: packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x50},
			Vars: []actionurl.Var{filled("mac", "000b82123450"), filled("local", "5002")},
		}), func(r *decode.Record) { r.VLANs = vlans(t, 100, 40) }),
		request("/favicon.ico", after(time.Second), unanswered(httpwire.ClosedFirst), func(r *decode.Record) {
			r.Host, r.Version, r.UserAgent = "", "", "curl/8.5.0"
		}),
		request("/r=$remote&n=&l=Jane Doe", after(2*time.Second), unanswered(httpwire.Timeout), announces(actionurl.Event{
			Kind: actionurl.Unknown, Candidates: []*actionurl.Kind{actionurl.Lookup("hold_call"), actionurl.Lookup("resume_call")}, CallID: "523072316-5062-13@BJC.BGI.BCE.GD",
			Vars: []actionurl.Var{
				{Name: "remote", Value: "$remote", State: actionurl.Unresolved}, {Name: "display_remote", State: actionurl.Empty},
				filled("display_local", "Jane Doe"),
			},
		})),
		request("/incoming?n="+hostileText, after(3*time.Second), announces(actionurl.Event{
			Kind: actionurl.Lookup("incoming_call"), By: actionurl.ByName, PhoneMAC: packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x51},
			PhoneProduct: "GXP2135", PhoneVersion: "1.0.7.97", CallID: "=HYPERLINK(\"http://x\")",
			Vars: []actionurl.Var{filled("n", hostileText), filled("=1+1", "x"), filled("n", "again")},
		}), func(r *decode.Record) { r.UserAgent, r.Host, r.Status = "@SUM(1)"+hostileText, "-2+3", 500 }),
		// The next day.
		request("/incoming?n=山田太郎&m=e\u0301&o=☎😀", after(17*time.Hour), unanswered(httpwire.NotCaptured), announces(actionurl.Event{
			Kind: actionurl.Lookup("incoming_call"), By: actionurl.ByName, PhoneIP: netip.MustParseAddr("2001:db8::50"),
			Vars: []actionurl.Var{filled("n", "山田太郎"), filled("m", "e\u0301"), filled("o", "☎😀"), filled("long", strings.Repeat("x", 150))},
		}), func(r *decode.Record) {
			r.Client = netip.MustParseAddrPort("[2001:db8::50]:40000")
			r.Server = netip.MustParseAddrPort("[2001:db8::7]:8080")
		}),
		request("/hue/1/4", after(17*time.Hour+time.Second), unanswered(httpwire.ResetByPeer), announces(actionurl.Event{Kind: actionurl.Unknown})),
	}
}

// events are the sample's Action URLs.
func events(t testing.TB) []*decode.Record {
	var all []*decode.Record
	f := Filter{View: Events}
	for _, r := range sample(t) {
		if f.Shows(r) {
			all = append(all, r)
		}
	}
	return all
}

// write returns what a format makes of records.
func write(t testing.TB, o Options, view View, records []*decode.Record) string {
	t.Helper()
	var buf bytes.Buffer
	sink, err := NewRecords(&buf, o, view)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := sink.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// clock returns a clock of that form.
func clock(t testing.TB, form string) *Clock {
	t.Helper()
	c, err := NewClock(form)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

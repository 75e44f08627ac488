package report

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
	"actionurl/decode/timeline"
	"actionurl/decode/vendor"
)

// longCall is a call with more than a narrow terminal has room for.
func longCall() *decode.Call {
	at := func(after time.Duration) int64 {
		return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).Add(after).UnixNano()
	}
	return &decode.Call{Call: &timeline.Call{
		Phone:   &timeline.Phone{MAC: packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x32}},
		Address: netip.MustParseAddr("192.168.40.50"), Direction: actionurl.Incoming,
		Remote: "+4930123456", DisplayRemote: "Jürgen Müller", Duration: -1,
		First: at(0), Began: at(0), Established: at(2100 * time.Millisecond), Over: at(2 * time.Hour),
		Steps: []timeline.Step{
			{Time: at(0), Kind: actionurl.Lookup("incoming_call")},
			{Time: at(2100 * time.Millisecond), Kind: actionurl.Lookup("established_call")},
			{Time: at(62*time.Second + 60*time.Millisecond), Kind: actionurl.Lookup("hold_call")},
			{Time: at(90 * time.Second), Kind: actionurl.Unknown},
			{Time: at(2 * time.Hour), Kind: actionurl.Lookup("terminated_call")},
			{Time: at(2*time.Hour - time.Millisecond), Kind: actionurl.Lookup("blind_transfer")},
		},
	}}
}

func TestStepsLine(t *testing.T) {
	const want = "incoming 2.1s established 1m00s hold 27.9s ? 1h59m terminated 0.0s blind_transfer"
	c := longCall()
	line := func() string {
		v := stepsLine(c)
		return string(v.AppendText(nil, nil, true))
	}
	if got := line(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c.Steps = c.Steps[:1]
	if got := line(); got != "incoming" {
		t.Errorf("one event: got %s", got)
	}
}

// On a terminal of 80 columns, what matters most of calls and phones is there.
func TestNarrowViews(t *testing.T) {
	var out bytes.Buffer
	calls, err := NewCalls(&out, Options{Format: Plain().Named("table"), Width: 80})
	if err != nil {
		t.Fatal(err)
	}
	if err := calls.Write(longCall()); err != nil {
		t.Fatal(err)
	}
	if err := calls.Close(); err != nil {
		t.Fatal(err)
	}
	out.WriteByte('\n')
	phones, err := NewPhones(&out, Options{Format: Plain().Named("table"), Width: 80})
	if err != nil {
		t.Fatal(err)
	}
	if err := phones.Write(&decode.Phone{Phone: &timeline.Phone{
		MAC: packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x32}, Addresses: []netip.Addr{netip.MustParseAddr("192.168.40.50"), netip.MustParseAddr("192.168.40.51")},
		Vendor: vendor.Named("grandstream"), Product: "GXP2170", Accounts: []string{"5001"}, Switches: actionurl.Switches{actionurl.Registration: actionurl.On, actionurl.DND: actionurl.Off},
		Calls: 12, Events: 345, Failures: 6,
	}}); err != nil {
		t.Fatal(err)
	}
	if err := phones.Close(); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
2026-03-02 UTC
time          phone  remote             state     talk_s  events
08:00:00.000  34:32  +4930123456 Jürg…  ended     7197.9  incoming 2.1s establi…

phone  phone_ip                registered  dnd  forward  calls  events  failures
34:32  192.168.40.50 192.168…  yes         no               12     345         6
`, "\n")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

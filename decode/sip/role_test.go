package sip_test

import (
	"net/netip"
	"testing"
	"time"

	"actionurl/capture/capturetest"
	"actionurl/decode/sip"
)

// What a text is in a phone's call, and what it is in no call, or at no time of
// one.
func TestRole(t *testing.T) {
	tracker := newTracker()
	follow(tracker, scene(func(_ *capturetest.Capture, call *capturetest.SIPCall) {
		call.Request(true, "INVITE", capturetest.Talk).Respond(false, 180, "INVITE", "")
	}))
	addr := func(s string) netip.Addr { return netip.MustParseAddrPort(s).Addr() }
	during := capturetest.Start.Add(time.Second)
	for _, test := range []struct {
		at   time.Time
		from string
		text string
		want sip.Role
	}{
		{during, phone, id, sip.IsID},
		{during, phone, "3f1c6a2e", sip.IsID},
		{during, phone, "3f1c", sip.NoRole},
		{during, phone, "+4930123456", sip.IsRemote},
		{during, phone, "sip:4930123456@example.org", sip.IsRemote},
		{during, phone, "101", sip.IsLocal},
		{during, pbx, "101", sip.IsRemote},
		{during, phone, "Jane Doe", sip.IsRemoteName},
		{during, phone, "", sip.NoRole},
		{during, phone, "102", sip.NoRole},
		{during, phone2, "101", sip.NoRole},
		{during.Add(time.Hour), phone, "101", sip.NoRole},
		{during.Add(-time.Hour), phone, id, sip.NoRole},
	} {
		if got := tracker.Role(addr(test.from), test.text, test.at.UnixNano()); got != test.want {
			t.Errorf("%q of %s is %d, want %d", test.text, test.from, got, test.want)
		}
	}
}

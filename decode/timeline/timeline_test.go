package timeline

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/vendor"
)

// start is when a script begins.
var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// A follower is a Timeline with the phones of its events.
type follower struct {
	*Timeline
	phones *phone.Registry
}

func follow(c Config) *follower { return &follower{New(c), phone.NewRegistry()} }

// Add adds an event of which no SIP is known.
func (f *follower) Add(x *httpwire.Exchange, e *actionurl.Event) (*Phone, *Call) {
	return f.Timeline.Add(f.phones.Add(e.PhoneMAC, e.PhoneIP, e.PhoneIP, x.Time), x, e, nil)
}

// play adds the events of a script: a line each, with the seconds since the
// start, the slug ("a|b" if it is ambiguous), and variables. The phone is
// 00:0b:82:12:34:32 at 192.168.40.50, unless mac and ip say otherwise, the
// answer 200 unless status does.
func play(t testing.TB, tl *follower, script string) {
	t.Helper()
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		x, e := event(t, words)
		tl.Add(x, e)
	}
}

func event(t testing.TB, words []string) (*httpwire.Exchange, *actionurl.Event) {
	t.Helper()
	after, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	x := &httpwire.Exchange{Status: 200, Origin: packet.Origin{Interface: &capture.Interface{}}}
	x.Time = start.Add(time.Duration(after*1000+0.5) * time.Millisecond).UnixNano()
	e := &actionurl.Event{
		Kind: actionurl.Lookup(words[1]), PhoneMAC: packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x32}, PhoneIP: netip.MustParseAddr("192.168.40.50"), PhoneKnown: phone.InURL,
	}
	if e.Kind == nil {
		e.Kind = actionurl.Unknown
		for slug := range strings.SplitSeq(words[1], "|") {
			if k := actionurl.Lookup(slug); k != nil {
				e.Candidates = append(e.Candidates, k)
			} else if slug != e.Kind.Slug {
				t.Fatalf("unknown event %q", slug)
			}
		}
	}
	for _, word := range words[2:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "mac":
			if e.PhoneMAC, _ = packet.ParseMAC(value); value == "" {
				e.PhoneKnown = phone.InAddress
			}
		case "ip":
			e.PhoneIP = netip.MustParseAddr(value)
		case "agent":
			e.PhoneVendor = vendor.Named(value)
		case "status":
			x.Status, _ = strconv.Atoi(value)
		case "id":
			e.CallID = value
		default:
			e.Vars = append(e.Vars, actionurl.VarOf(key, value))
		}
	}
	if v := vendor.Of(e.PhoneMAC); v != nil {
		e.PhoneVendor = v
	}
	e.Sides = e.ReadSides()
	return x, e
}

// calls returns what becomes of a script, a line for each call.
func calls(t testing.TB, script string) []string {
	t.Helper()
	var lines []string
	tl := follow(Config{Closed: func(c *Call) { lines = append(lines, line(c)) }})
	play(t, tl, script)
	tl.Flush()
	return lines
}

// line says what is known of a call: what is not known is left out.
func line(c *Call) string {
	var b strings.Builder
	word := func(s string) {
		if s != "" {
			b.WriteString(s + " ")
		}
	}
	lasting := func(what string, d time.Duration, ok bool) {
		if ok {
			word(what + "=" + strconv.FormatFloat(d.Seconds(), 'g', -1, 64))
		}
	}
	word(c.Direction.String())
	word(string(c.State()))
	d, ok := c.Ring()
	lasting("ring", d, ok)
	d, ok = c.Talk()
	lasting("talk", d, ok)
	d, ok = c.Hold()
	lasting("hold", d, ok)
	if c.Holds > 1 {
		word(fmt.Sprintf("holds=%d", c.Holds))
	}
	if c.Transfers > 0 {
		word(fmt.Sprintf("transfers=%d", c.Transfers))
	}
	if c.Duration >= 0 {
		word(fmt.Sprintf("said=%d", c.Duration))
	}
	for _, v := range []string{c.Local, c.Remote, c.DisplayRemote} {
		word(v)
	}
	word("[" + c.Key() + "]")
	for _, s := range c.Steps {
		word(strings.TrimSuffix(s.Kind.Slug, "_call"))
	}
	return strings.TrimSpace(b.String())
}

// TestCalls has the smallest script for each state, and those that come close
// to it.
func TestCalls(t *testing.T) {
	for _, test := range []struct {
		what, script string
		want         []string
	}{
		// Of several accounts of one device.
		{"a caller on two lines at once", `
			0   incoming_call remote=5001 active_user=11
			0.1 incoming_call remote=5001 active_user=12
			3   established_call active_user=12
			4   terminated_call active_user=11
			9   terminated_call active_user=12`, []string{
			"incoming ended ring=4 11 5001 [remote] incoming terminated",
			"incoming ended ring=2.9 talk=6 12 5001 [remote] incoming established terminated"}},
		{"handsets of a base, by their own numbers", `
			0 outgoing_call remote=5001 local=11
			1 outgoing_call remote=5002 local=12
			2 established_call local=12
			9 terminated_call local=12`, []string{
			"outgoing dialing 11 5001 [remote] outgoing",
			"outgoing ended ring=1 talk=7 12 5002 [remote] outgoing established terminated"}},
		// The sides by other names.
		{"of a Yealink phone that says who called whom", `
			0 outgoing_call mac=00:15:65:00:00:01 callerID=5002 calledNumber=5001
			2 established_call mac=00:15:65:00:00:01 callerID=5002 calledNumber=5001
			9 terminated_call mac=00:15:65:00:00:01 callerID=5002 calledNumber=5001`, []string{
			"outgoing ended ring=2 talk=7 5002 5001 [remote] outgoing established terminated"}},
		{"the name of the caller", "0 incoming_call mac=00:15:65:00:00:01 callerID=Ann", []string{
			"incoming ringing Ann [remote] incoming"}},
		{"of a Mitel phone", `
			0 incoming_call mac=00:08:5d:00:00:01 REMOTENUMBER=0301 SIPUSERNAME=101 INCOMINGNAME=Ann
			2 established_call mac=00:08:5d:00:00:01 REMOTENUMBER=0301 SIPUSERNAME=101
			9 terminated_call mac=00:08:5d:00:00:01
			9 on_hook mac=00:08:5d:00:00:01 CALLDURATION=7 CALLDIRECTION=Incoming`, []string{
			"incoming ended ring=2 talk=7 said=7 101 0301 Ann [remote] incoming established terminated"}},
		{"of a VTech phone, which announces no end but on_hook", `
			0 incoming_call mac=00:12:2a:00:00:01 REMOTENUMBER=0301
			2 established_call mac=00:12:2a:00:00:01 REMOTENUMBER=0301
			9 on_hook mac=00:12:2a:00:00:01 REMOTENUMBER=0301`, []string{
			"incoming ended ring=2 talk=7 0301 [remote] incoming established on_hook"}},
		{"of a Poly phone", `
			0 incoming_call mac=00:04:f2:00:00:01 id=a CallingPartyNumber=5001@10.0.0.1 CalledPartyNumber=5002 CallingPartyName=Ann
			2 established_call mac=00:04:f2:00:00:01 id=a CallType=Incoming CallDuration=0
			9 terminated_call mac=00:04:f2:00:00:01 id=a CallType=Incoming CallDuration=7`, []string{
			"incoming ended ring=2 talk=7 said=7 5002 5001 Ann [call_id] incoming established terminated"}},

		{"of a Poly phone that posts a call and its states, of which only these have its reference", `
			0   incoming_call mac=00:04:f2:00:00:01 CallingPartyNumber=5001@10.0.0.1 CalledPartyNumber=5002
			0.1 incoming_call mac=00:04:f2:00:00:01 id=a CallType=Incoming CallingPartyDirNum=sip:5001@10.0.0.1
			2   established_call mac=00:04:f2:00:00:01 id=a CallType=Incoming
			9   terminated_call mac=00:04:f2:00:00:01 id=a CallType=Incoming
			11  incoming_call mac=00:04:f2:00:00:01 CallingPartyNumber=5001@10.0.0.1`, []string{
			"incoming ended ring=2 talk=7 5002 5001 [call_id] incoming incoming established terminated",
			"incoming ringing 5001 [remote] incoming"}},
		{"without a number, one with an id is another", `
			0   incoming_call
			0.1 incoming_call id=a`, []string{
			"incoming ringing [remote] incoming", "incoming ringing [call_id] incoming"}},

		{"ringing, as the capture ends", "0 incoming_call id=1@x remote=5001", []string{
			"incoming ringing 5001 [call_id] incoming"}},
		{"dialing, as the capture ends", "0 outgoing_call id=1@x remote=5001", []string{
			"outgoing dialing 5001 [call_id] outgoing"}},
		{"active", "0 incoming_call id=1@x remote=5001\n2.1 established_call id=1@x remote=5001\n", []string{
			"incoming active ring=2.1 5001 [call_id] incoming established"}},
		{"on hold", `
			0  outgoing_call id=1@x remote=5001
			4  established_call id=1@x
			13 hold_call id=1@x`, []string{
			"outgoing held ring=4 hold=0 5001 [call_id] outgoing established hold"}},
		{"no longer on hold", `
			4  established_call id=1@x
			13 hold_call id=1@x
			16 resume_call id=1@x`, []string{
			"active hold=3 [call_id] established hold resume"}},
		{"a whole call", `
			0   incoming_call id=1@x remote=5001 display_remote=Ann local=5002
			2   established_call id=1@x
			11  hold_call id=1@x
			42  resume_call id=1@x
			50  hold_call id=1@x
			51  resume_call id=1@x
			62  terminated_call id=1@x duration=60`, []string{
			"incoming ended ring=2 talk=60 hold=32 holds=2 said=60 5002 5001 Ann [call_id] incoming established hold resume hold resume terminated"}},
		{"ended on hold", `
			0  outgoing_call id=1@x
			1  established_call id=1@x
			10 hold_call id=1@x
			15 terminated_call id=1@x`, []string{
			"outgoing ended ring=1 talk=14 hold=5 [call_id] outgoing established hold terminated"}},
		{"dialed in vain", "0 outgoing_call id=1@x\n20 terminated_call id=1@x", []string{
			"outgoing ended ring=20 [call_id] outgoing terminated"}},
		{"canceled by the phone", "0 outgoing_call id=1@x\n20 callout_canceled id=1@x", []string{
			"outgoing ended ring=20 [call_id] outgoing callout_canceled"}},
		{"the other side is busy", "0 outgoing_call id=1@x\n2 remote_busy id=1@x", []string{
			"outgoing ended ring=2 [call_id] outgoing remote_busy"}},
		{"missed", "0 incoming_call id=1@x\n20 missed_call id=1@x", []string{
			"incoming missed ring=20 [call_id] incoming missed"}},
		{"missed, and ended, as some phones tell of every call", "0 incoming_call id=1@x\n20 missed_call id=1@x\n20.1 terminated_call id=1@x", []string{
			"incoming missed ring=20 [call_id] incoming missed terminated"}},
		{"ended, and missed", "0 incoming_call id=1@x\n20 terminated_call id=1@x\n20.1 missed_call id=1@x", []string{
			"incoming missed ring=20 [call_id] incoming terminated missed"}},
		{"canceled by the other side", "0 incoming_call id=1@x\n20 remote_canceled id=1@x", []string{
			"incoming missed ring=20 [call_id] incoming remote_canceled"}},
		{"answered and so not missed", "0 incoming_call id=1@x\n2 established_call id=1@x\n20 missed_call id=1@x", []string{
			"incoming ended ring=2 talk=18 [call_id] incoming established missed"}},
		{"rejected", "0 incoming_call id=1@x\n3 rejected_call id=1@x", []string{
			"incoming rejected ring=3 [call_id] incoming rejected"}},
		{"rejected, and ended", "0 incoming_call id=1@x\n3 rejected_call id=1@x\n3.1 terminated_call id=1@x", []string{
			"incoming rejected ring=3 [call_id] incoming rejected terminated"}},
		{"forwarded", "0 incoming_call id=1@x\n3 forwarded_call id=1@x", []string{
			"incoming ended ring=3 [call_id] incoming forwarded"}},
		{"unfinished: it cannot ring for so long", "0 incoming_call id=1@x\n601 dnd_on", []string{
			"incoming unfinished [call_id] incoming"}},
		{"it can ring for so long", "0 incoming_call id=1@x\n599 dnd_on", []string{
			"incoming ringing [call_id] incoming"}},
		{"unfinished: nothing for a day", "0 established_call id=1@x\n86401 dnd_on", []string{
			"unfinished [call_id] established"}},
		{"unfinished: the phone has started anew", "0 established_call id=1@x\n10 boot_completed", []string{
			"unfinished [call_id] established"}},
		{"transferred", `
			0  incoming_call id=1@x
			1  established_call id=1@x
			9  blind_transfer id=1@x
			10 transfer_finished id=1@x
			10.2 terminated_call id=1@x`, []string{
			"incoming ended ring=1 talk=9 transfers=1 [call_id] incoming established blind_transfer transfer_finished terminated"}},
		{"not transferred", `
			0  incoming_call id=1@x
			1  established_call id=1@x
			9  attended_transfer id=1@x
			10 transfer_failed id=1@x`, []string{
			"incoming active ring=1 transfers=1 [call_id] incoming established attended_transfer transfer_failed"}},
		{"on hold by the other side", `
			0  established_call id=1@x
			5  held_call id=1@x
			7  unheld_call id=1@x`, []string{
			"active hold=2 [call_id] established held unheld"}},
		{"on hold by both", `
			0  established_call id=1@x
			5  held_call id=1@x
			6  hold_call id=1@x
			7  unheld_call id=1@x
			9  resume_call id=1@x`, []string{
			"active hold=4 [call_id] established held hold unheld resume"}},
		{"joined in the middle", "5 terminated_call id=1@x duration=300", []string{
			"ended said=300 [call_id] terminated"}},
		{"only missed calls are announced", "5 missed_call remote=5001\n500 missed_call remote=5001", []string{
			"incoming missed 5001 [remote] missed",
			"incoming missed 5001 [remote] missed"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			if diff := cmp.Diff(test.want, calls(t, test.script)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// What makes no call.
func TestNoCalls(t *testing.T) {
	for _, slug := range []string{
		"boot_completed", "registered", "unregistered", "register_failed", "dnd_on", "dnd_off", "forward_on", "forward_off",
		"off_hook", "on_hook", "syslog_on", "mute_call", "unmute_call", "idle_to_busy", "busy_to_idle", "low_battery",
		"phone_state_ringing", "phone_state_talking", "phone_state_idle", "new_mwi", "headset", "transfer_finished",
		"transfer_failed", "unknown", "hold_call|resume_call", "incoming_call|dnd_on",
	} {
		if got := calls(t, "0 "+slug+" id=1@x remote=5001"); got != nil {
			t.Errorf("%s: %q", slug, got)
		}
	}
}

// Families of phones differ in what they announce, and requests overtake each other.
func TestOrder(t *testing.T) {
	for _, test := range []struct {
		what, script string
		want         []string
	}{
		{"busy before the call, idle behind it", `
			0   idle_to_busy
			0.1 incoming_call id=1@x
			2   answered_call id=1@x
			2.1 established_call id=1@x
			9   on_hook
			9.1 terminated_call id=1@x
			9.2 busy_to_idle`, []string{
			"incoming ended ring=1.9 talk=7.1 [call_id] incoming answered established terminated"}},
		{"off hook and on hook", `
			0   incoming_call remote=5001
			2   off_hook
			2   established_call remote=5001
			9   terminated_call remote=5001
			9.1 on_hook`, []string{
			"incoming ended ring=2 talk=7 5001 [remote] incoming established terminated"}},
		{"answered twice, and nothing else is told of the call", `
			0   incoming_call
			2   established_call
			2.1 answered_call
			9   terminated_call`, []string{
			"incoming ended ring=2 talk=7 [remote] incoming established answered terminated"}},
		{"the answer overtakes the ringing", "0 established_call id=1@x\n0.1 incoming_call id=1@x", []string{
			"incoming active ring=0 [call_id] established incoming"}},
		{"so it does without an id", "0 established_call remote=5001\n0.1 incoming_call remote=5001", []string{
			"incoming active ring=0 5001 [remote] established incoming"}},
		{"the end overtakes the answer", "0 incoming_call id=1@x\n5 terminated_call id=1@x\n5.1 established_call id=1@x", []string{
			"incoming ended ring=5.1 talk=0 [call_id] incoming terminated established"}},
		{"the end of hold overtakes its beginning", "0 established_call id=1@x\n5 resume_call id=1@x\n5.1 hold_call id=1@x", []string{
			"active hold=0 [call_id] established resume hold"}},
		{"later it is another hold", "0 established_call id=1@x\n5 resume_call id=1@x\n7 hold_call id=1@x", []string{
			"held hold=0 [call_id] established resume hold"}},
		{"idle overtakes the end", "0 established_call id=1@x\n5 busy_to_idle\n5.1 terminated_call id=1@x", []string{
			"ended talk=5 [call_id] established terminated"}},
		{"only idle tells the end", "0 established_call id=1@x\n5 busy_to_idle", []string{
			"ended talk=5 [call_id] established"}},
		{"idle of the call before", "0 incoming_call id=1@x\n0.1 busy_to_idle", []string{
			"incoming ringing [call_id] incoming"}},
		{"not idle after all", "0 incoming_call id=1@x\n2 busy_to_idle\n4 established_call id=1@x", []string{
			"incoming active ring=4 [call_id] incoming established"}},
		{"told again", `
			0   incoming_call id=1@x
			3   incoming_call id=1@x
			4   established_call id=1@x
			7   established_call id=1@x
			9   hold_call id=1@x
			12  hold_call id=1@x
			19  terminated_call id=1@x
			25  terminated_call id=1@x`, []string{
			"incoming ended ring=4 talk=15 hold=10 [call_id] incoming incoming established established hold hold terminated terminated"}},
		{"told again without an id", `
			0   incoming_call remote=5001
			3   incoming_call remote=5001
			4   missed_call remote=5001
			7   missed_call remote=5001`, []string{
			"incoming missed ring=4 5001 [remote] incoming incoming missed missed"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			if diff := cmp.Diff(test.want, calls(t, test.script)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// Which of a phone's calls an event is of.
func TestOverlappingCalls(t *testing.T) {
	for _, test := range []struct {
		what, script string
		want         []string
	}{
		{"one held while the other is dialed, by id", `
			0  incoming_call id=1@x remote=5001
			1  established_call id=1@x
			9  hold_call id=1@x
			10 outgoing_call id=2@x remote=5002
			12 established_call id=2@x
			20 terminated_call id=2@x
			21 resume_call id=1@x
			30 terminated_call id=1@x`, []string{
			"incoming ended ring=1 talk=29 hold=12 5001 [call_id] incoming established hold resume terminated",
			"outgoing ended ring=2 talk=8 5002 [call_id] outgoing established terminated"}},
		{"by number", `
			0  incoming_call remote=5001
			1  established_call remote=5001
			9  hold_call remote=5001
			10 outgoing_call remote=5002
			12 established_call remote=5002
			20 terminated_call remote=5001
			30 terminated_call remote=5002`, []string{
			"incoming ended ring=1 talk=19 hold=11 5001 [remote] incoming established hold terminated",
			"outgoing ended ring=2 talk=18 5002 [remote] outgoing established terminated"}},
		{"by what can happen next", `
			0  incoming_call
			1  established_call
			9  hold_call
			10 outgoing_call
			12 established_call
			20 terminated_call
			21 resume_call
			30 terminated_call`, []string{
			"incoming ended ring=1 talk=29 hold=12 [remote] incoming established hold resume terminated",
			"outgoing ended ring=2 talk=8 [remote] outgoing established terminated"}},
		{"a second call rings and is missed", `
			0  outgoing_call
			1  established_call
			9  incoming_call
			20 missed_call
			30 terminated_call`, []string{
			"outgoing ended ring=1 talk=29 [remote] outgoing established terminated",
			"incoming missed ring=11 [remote] incoming missed"}},
		{"an id that only some events tell", `
			0  incoming_call remote=5001
			1  established_call id=1@x remote=5001
			9  terminated_call remote=5001`, []string{
			"incoming ended ring=1 talk=8 5001 [call_id] incoming established terminated"}},
		{"ids tell calls apart that have one number", `
			0  incoming_call id=1@x remote=5001
			1  incoming_call id=2@x remote=5001
			2  missed_call id=1@x remote=5001
			3  established_call id=2@x remote=5001`, []string{
			"incoming missed ring=2 5001 [call_id] incoming missed",
			"incoming active ring=2 5001 [call_id] incoming established"}},
		{"numbers with and without a plus sign", `
			0  incoming_call remote=+4930123456
			1  established_call remote=4930123456`, []string{
			"incoming active ring=1 +4930123456 [remote] incoming established"}},
		{"one after the other from one number", `
			0  incoming_call remote=5001
			9  missed_call remote=5001
			12 incoming_call remote=5001
			21 missed_call remote=5001`, []string{
			"incoming missed ring=9 5001 [remote] incoming missed",
			"incoming missed ring=9 5001 [remote] incoming missed"}},
		{"so, and the end of the first was not announced", `
			0  incoming_call remote=5001
			30 incoming_call remote=5001
			33 established_call remote=5001`, []string{
			"incoming unfinished 5001 [remote] incoming",
			"incoming active ring=3 5001 [remote] incoming established"}},
		{"from several at once", `
			0  incoming_call remote=5001
			1  incoming_call remote=5002
			2  missed_call remote=5001
			3  missed_call remote=5002`, []string{
			"incoming missed ring=2 5001 [remote] incoming missed",
			"incoming missed ring=2 5002 [remote] incoming missed"}},
		{"a phone's own number of a call, used again", `
			0   incoming_call id=33093 remote=5001
			1   established_call id=33093
			5   terminated_call id=33093
			7   incoming_call id=33093 remote=5002
			9   missed_call id=33093`, []string{
			"incoming ended ring=1 talk=4 5001 [call_id] incoming established terminated",
			"incoming missed ring=2 5002 [call_id] incoming missed"}},
		{"so, and the end of the first was not announced", `
			0   incoming_call id=33093 remote=5001
			1   established_call id=33093
			500 incoming_call id=33093 remote=5002`, []string{
			"incoming unfinished ring=1 5001 [call_id] incoming established",
			"incoming ringing 5002 [call_id] incoming"}},
		{"two phones with one id", `
			0  incoming_call id=1@x mac=00:0b:82:00:00:01
			0  incoming_call id=1@x mac=00:0b:82:00:00:02
			2  established_call id=1@x mac=00:0b:82:00:00:02
			2  missed_call id=1@x mac=00:0b:82:00:00:01`, []string{
			"incoming missed ring=2 [call_id] incoming missed",
			"incoming active ring=2 [call_id] incoming established"}},
		{"what is told long after the end is of no call", `
			0  incoming_call remote=5001
			5  terminated_call remote=5001
			8  transfer_finished remote=5001
			30 transfer_failed remote=5001`, []string{
			"incoming ended ring=5 5001 [remote] incoming terminated transfer_finished"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			if diff := cmp.Diff(test.want, calls(t, test.script)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// An ambiguous event counts as far as all that it may be agree.
func TestAmbiguousEvents(t *testing.T) {
	for _, test := range []struct {
		what, script string
		want         []string
	}{
		{"whichever it is, it is answered", "0 incoming_call id=1@x\n1 established_call|answered_call id=1@x", []string{
			"incoming active ring=1 [call_id] incoming unknown"}},
		{"on hold or not", "0 incoming_call id=1@x\n1 established_call id=1@x\n5 hold_call|resume_call id=1@x", []string{
			"incoming active ring=1 [call_id] incoming established unknown"}},
		{"a call, whoever called", "0 incoming_call|outgoing_call id=1@x", []string{
			"unfinished [call_id] unknown"}},
		{"a call whose id says who called", "0 incoming_call|outgoing_call id=1-5060-9@BJC.BGI.EA.FA ip=192.168.40.50", []string{
			"outgoing dialing [call_id] unknown"}},
		{"whichever it is, it is over", "0 incoming_call id=1@x remote=5001\n20 terminated_call|missed_call|rejected_call id=1@x", []string{
			"incoming ended ring=20 5001 [call_id] incoming unknown"}},
		{"over, without an id", "0 outgoing_call remote=5001\n9 established_call remote=5001\n60 remote_busy|terminated_call remote=5001", []string{
			"outgoing ended ring=9 talk=51 5001 [remote] outgoing established unknown"}},
		{"over, and nothing before", "5 missed_call|rejected_call remote=5001", []string{
			"incoming ended 5001 [remote] unknown"}},
		{"over or not", "0 incoming_call id=1@x\n20 terminated_call|established_call id=1@x", []string{
			"incoming ringing [call_id] incoming unknown"}},
		{"over, or of the phone alone", "0 incoming_call id=1@x\n20 terminated_call|on_hook id=1@x", []string{
			"incoming ringing [call_id] incoming unknown"}},
		{"over, if the transfer has not failed", "0 incoming_call id=1@x\n20 transfer_finished|transfer_failed id=1@x", []string{
			"incoming ringing [call_id] incoming unknown"}},
		{"nothing is known of it", "0 incoming_call id=1@x\n2 unknown id=1@x", []string{
			"incoming ringing [call_id] incoming unknown"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			if diff := cmp.Diff(test.want, calls(t, test.script)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// Which side is which.
func TestSides(t *testing.T) {
	for _, test := range []struct {
		what, script string
		want         []string
	}{
		{"URIs", "0 incoming_call local=sip:5002@pbx;user=phone remote=\"Ann\"<sip:+4930123456@pbx>", []string{
			"incoming ringing 5002 +4930123456 [remote] incoming"}},
		{"a name that is the number", "0 incoming_call remote=5001 display_remote=5001\n1 established_call remote=5001 display_remote=Ann\n2 terminated_call remote=5001 display_remote=5001", []string{
			"incoming ended ring=1 talk=1 5001 Ann [remote] incoming established terminated"}},
		{"the phone says who called", "0 established_call calldirection=called id=1@x", []string{
			"incoming active [call_id] established"}},
		{"an id that the phone made", "0 established_call id=1-5060-9@BJC.BGI.EA.FA", []string{
			"outgoing active [call_id] established"}},
		{"an id that another phone made", "0 established_call id=1-5060-9@BJC.BGI.EA.FB", []string{
			"incoming active [call_id] established"}},
		{"Snom says caller and called: an incoming call", "0 incoming_call mac=00:04:13:00:00:01 local=5002 remote=5001", []string{
			"incoming ringing 5002 5001 [remote] incoming"}},
		{"and an outgoing one", `
			0 outgoing_call    mac=00:04:13:00:00:01 local=5001 remote=5002 display_local=Ann display_remote=Me
			2 established_call mac=00:04:13:00:00:01 local=5001 remote=5002
			9 incoming_call    mac=00:04:13:00:00:01 local=5002 remote=5003`, []string{
			"outgoing active ring=2 5002 5001 Ann [remote] outgoing established",
			"incoming ringing 5002 5003 [remote] incoming"}},
		{"by its user agent", "0 outgoing_call mac= agent=Snom local=5001 remote=5002", []string{
			"outgoing dialing 5002 5001 [remote] outgoing"}},
		{"other vendors' phones do not", "0 outgoing_call mac=00:15:65:00:00:01 local=5001 remote=5002", []string{
			"outgoing dialing 5001 5002 [remote] outgoing"}},
		{"variables of another vendor", "0 incoming_call mac=00:08:5d:00:00:01 REMOTENUMBER=5001 SIPUSERNAME=5002", []string{
			"incoming ringing 5002 5001 [remote] incoming"}},
		{"durations that are none", "0 terminated_call id=1@x duration=1:02\n1 terminated_call id=2@x duration=99999999999", []string{
			"ended [call_id] terminated", "ended [call_id] terminated"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			if diff := cmp.Diff(test.want, calls(t, test.script)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

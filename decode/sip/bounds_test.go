package sip

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"actionurl/capture"
	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
	"actionurl/decode/stream"
)

var on = &capture.Interface{Capture: "test.pcap", Link: capture.LinkEthernet}

// endpoint returns the endpoint of a host of 10.0.0.0/8.
func endpoint(host int) packet.Endpoint {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], 10<<24|uint32(host))
	return packet.EndpointOf(netip.AddrPortFrom(netip.AddrFrom4(b), 5060))
}

func address(host int) netip.Addr { return endpoint(host).AddrPort().Addr() }

// ignore takes the end of a call.
func ignore(*Call, int64) {}

// say hands a message to a Tracker, in the second that is its frame.
func say(t *Tracker, second int, from, to int, message string) {
	NewReader(t.Message, nil).Datagram(&packet.Datagram{
		Origin: packet.Origin{Interface: on, Frame: second, Time: int64(second) * 1e9},
		Src:    endpoint(from), Dst: endpoint(to), Payload: []byte(message),
	})
}

// plain returns a message with a Call-ID.
func plain(start, id, cseq string, fields ...string) string {
	return start + "\r\nFrom: <sip:1@a>;tag=1\r\nTo: <sip:2@a>\r\nCall-ID: " + id + "\r\nCSeq: " + cseq + "\r\n" +
		strings.Join(append(fields, ""), "\r\n") + "\r\n"
}

// Beyond the bound the calls that have ended go first, then those silent for
// longest; the latter are counted.
func TestCallsBound(t *testing.T) {
	ends := 0
	tracker := NewTracker(func(*Call, int64) { ends++ })
	const over = 100
	id := func(i int) string { return fmt.Sprint("call-", i) }
	say(tracker, 1, 1, 2, plain("INVITE sip:2@a SIP/2.0", "first", "1 INVITE"))
	say(tracker, 1, 1, 2, plain("INVITE sip:2@a SIP/2.0", "ended", "1 INVITE"))
	say(tracker, 1, 1, 2, plain("BYE sip:2@a SIP/2.0", "ended", "2 BYE"))
	for i := range maxCalls + over {
		say(tracker, 2, 1, 2, plain("INVITE sip:2@a SIP/2.0", id(i), "1 INVITE"))
		say(tracker, 2, 1, 2, plain("UPDATE sip:2@a SIP/2.0", "first", "2 UPDATE")) // which is not silent
	}
	if n := len(tracker.calls); n != maxCalls {
		t.Errorf("%d calls; expected %d", n, maxCalls)
	}
	if want := over + 1; tracker.Forgotten != want { // one for "first"; that of "ended" was none
		t.Errorf("%d forgotten; expected %d", tracker.Forgotten, want)
	}
	if tracker.calls["first"] == nil || tracker.calls["ended"] != nil || tracker.calls[id(0)] != nil || tracker.calls[id(over+1)] == nil {
		t.Error("the wrong calls were forgotten")
	}
	if p := tracker.phones[address(1)]; len(*p) != maxOfPhone {
		t.Errorf("%d calls of the address; expected %d", len(*p), maxOfPhone)
	}
	tracker.Flush(0)
	if want := 2 * (maxCalls + over + 2); ends != want || len(tracker.phones) != 0 || tracker.ends != 0 {
		t.Errorf("%d ends were told of, expected %d; %d addresses and %d ends are left", ends, want, len(tracker.phones), tracker.ends)
	}
}

// One Call-ID, from ever more addresses.
func TestEndsBound(t *testing.T) {
	tracker := NewTracker(ignore)
	for i := range 10 * maxEnds {
		say(tracker, 1, 1, 2+i, plain("INVITE sip:2@a SIP/2.0", "group", "1 INVITE"))
	}
	if tracker.ends != maxEnds || len(tracker.phones) != maxEnds {
		t.Errorf("%d ends, %d addresses; expected %d", tracker.ends, len(tracker.phones), maxEnds)
	}
}

// Ever more calls, each from as many addresses as it can have.
func TestAllEndsBound(t *testing.T) {
	tracker := NewTracker(ignore)
	for i := range 2 * maxAllEnds {
		call := i / maxEnds
		say(tracker, 1, 2*call, 1000*call+1+2*i, plain("INVITE sip:2@a SIP/2.0", fmt.Sprint("group-", call), "1 INVITE"))
		if tracker.ends > maxAllEnds+maxEnds {
			t.Fatalf("%d ends", tracker.ends)
		}
	}
	if tracker.Forgotten == 0 {
		t.Error("no call was forgotten")
	}
}

func TestRegistrationsBound(t *testing.T) {
	tracker := NewTracker(ignore)
	for i := range 4 * maxRegistrars {
		tracker.registrations(address(i))
		if n := len(tracker.young) + len(tracker.old); n > 2*maxRegistrars {
			t.Fatalf("registrations of %d addresses", n)
		}
	}
}

// A message in a stream that does not end, and ever more of them.
func TestPartsBound(t *testing.T) {
	r := NewReader(func(*Message) {}, nil)
	at := &stream.Mark{Origin: packet.Origin{Interface: on}}
	line := []byte("INVITE sip:2@a SIP/2.0\r\n")
	rest := []byte("Subject: " + strings.Repeat("x", 1000) + "\r\n")
	c := new(stream.Conn)
	r.Data(c, 0, line, at)
	for range 2 * maxMessage / len(rest) {
		r.Data(c, 0, rest, at)
		if r.parts > maxMessage {
			t.Fatalf("%d bytes of a message are kept", r.parts)
		}
	}
	if r.Counts.Unread != 1 || r.parts != 0 {
		t.Errorf("%d messages unread, %d bytes are kept", r.Counts.Unread, r.parts)
	}
	for range 2 * maxParts / len(rest) {
		c := new(stream.Conn)
		r.Data(c, 0, line, at)
		r.Data(c, 0, rest, at)
		if r.parts > maxParts {
			t.Fatalf("%d bytes of messages are kept", r.parts)
		}
	}
}

func TestLongNames(t *testing.T) {
	for n, unread := range map[int]int{maxCallID: 0, maxCallID + 1: 1} {
		r := NewReader(func(*Message) {}, nil)
		r.Datagram(&packet.Datagram{Origin: packet.Origin{Interface: on}, Payload: []byte(plain("BYE sip:2@a SIP/2.0", strings.Repeat("x", n), "1 BYE"))})
		if r.Counts.Unread != unread {
			t.Errorf("a Call-ID of %d bytes: %d unread", n, r.Counts.Unread)
		}
	}
	for n, want := range map[int]int{maxMethod: maxMethod, maxMethod + 1: -1} {
		if got := methodLength([]byte(strings.Repeat("X", n) + " ")); got != want {
			t.Errorf("a method of %d letters has %d", n, got)
		}
	}
}

// The longest texts, as many calls as are followed, and more.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("fills memory")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	tracker := NewTracker(ignore)
	long := strings.Repeat("x", 4*maxText)
	for i := range 2 * maxCalls {
		id := fmt.Sprintf("%0*d", maxCallID, i)
		m := "INVITE sip:2@a SIP/2.0\r\nFrom: \"" + long + "\" <sip:" + long + "@a>;tag=1\r\nTo: \"" + long + "\" <sip:" + long + "@a>\r\nCall-ID: " + id + "\r\nCSeq: 1 INVITE\r\n\r\n"
		say(tracker, 1, 2*i, 2*i+1, m)
		say(tracker, 1, i, 1, plain("REGISTER sip:a SIP/2.0", "r", "1 REGISTER"))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	const limit = 40 << 20 // maxCalls with their longest texts at two ends, and the registrations
	if grown := int(after.HeapAlloc) - int(before.HeapAlloc); grown > limit {
		t.Errorf("%d MiB; expected at most %d", grown>>20, limit>>20)
	}
	if n := len(tracker.young) + len(tracker.old); n > 2*maxRegistrars {
		t.Errorf("%d registrations", n)
	}
	if tracker.Forgotten != maxCalls {
		t.Errorf("%d calls forgotten; expected %d", tracker.Forgotten, maxCalls)
	}
}

// A call is forgotten a while after its end, or of its latest message.
func TestExpiry(t *testing.T) {
	tracker := NewTracker(ignore)
	const silence, linger = int(silenceTime / 1e9), int(lingerTime / 1e9)
	say(tracker, 1, 1, 2, plain("INVITE sip:2@a SIP/2.0", "silent", "1 INVITE"))
	say(tracker, 1, 1, 2, plain("INVITE sip:2@a SIP/2.0", "ended", "1 INVITE"))
	say(tracker, 2, 1, 2, plain("BYE sip:2@a SIP/2.0", "ended", "2 BYE"))
	at := func(second int) string {
		say(tracker, second, 8, 9, plain("CANCEL sip:9@a SIP/2.0", fmt.Sprint("other", second), "1 CANCEL"))
		return fmt.Sprint(tracker.calls["silent"] != nil, tracker.calls["ended"] != nil)
	}
	for _, test := range []struct {
		second int
		want   string
	}{{2 + linger, "true true"}, {3 + linger, "true false"}, {1 + silence, "true false"}, {2 + silence, "false false"}} {
		if got := at(test.second); got != test.want {
			t.Errorf("after %d s: %s; expected %s", test.second, got, test.want)
		}
	}
	if tracker.Forgotten != 0 {
		t.Errorf("%d forgotten", tracker.Forgotten)
	}
}

func TestRegistrations(t *testing.T) {
	const contact = "Contact: <sip:1@10.0.0.1>"
	request := func(cseq string, fields ...string) string {
		return plain("REGISTER sip:a SIP/2.0", "reg", cseq+" REGISTER", fields...)
	}
	response := func(status, cseq string, fields ...string) string {
		return plain("SIP/2.0 "+status+" Whatever", "reg", cseq+" REGISTER", fields...)
	}
	for _, test := range []struct {
		what     string
		messages []string // of the phone and the registrar in turn
		want     string
	}{
		{"registered", []string{request("1", contact, "Expires: 3600"), response("200", "1", contact+";expires=3600")}, "registered 200 REGISTER"},
		{"after a challenge", []string{request("1", contact), response("401", "1"), request("2", contact), response("200", "2", contact)}, "registered 200 REGISTER"},
		{"taken back", []string{request("3", contact, "Expires: 0"), response("200", "3")}, "unregistered 200 REGISTER"},
		{"taken back, while another phone's binding stays", []string{request("3", contact+";expires=0"), response("200", "3", "Contact: <sip:1@10.0.0.7>;expires=90")}, "unregistered 200 REGISTER"},
		{"all taken back", []string{request("3", "Contact: *", "Expires: 0"), response("200", "3")}, "unregistered 200 REGISTER"},
		{"refused", []string{request("1", contact), response("403", "1")}, "register_failed 403 REGISTER"},
		{"only challenged", []string{request("1", contact), response("401", "1")}, ""},
		{"no answer", []string{request("1", contact)}, ""},
	} {
		tracker := NewTracker(ignore)
		for i, m := range test.messages {
			from, to := 1, 2
			if i%2 == 1 {
				from, to = to, from
			}
			say(tracker, 10+i, from, to, m)
		}
		q := &actionurl.Question{Capture: "test.pcap", Time: int64(9+len(test.messages)) * 1e9, Phone: [2]netip.Addr{address(1), address(1)},
			Kinds: []*actionurl.Kind{actionurl.Lookup("registered"), actionurl.Lookup("unregistered"), actionurl.Lookup("register_failed")}}
		got := ""
		if m, _, ok := tracker.Match(q); ok {
			got = m.Kind.Slug + " " + m.Method
		}
		if got != test.want {
			t.Errorf("%s: %q; expected %q", test.what, got, test.want)
		}
		q.Kinds = nil
		if m, _, ok := tracker.Match(q); ok {
			t.Errorf("%s: named %s", test.what, m.Kind)
		}
	}
}

// What goes on all day allocates nothing: keep-alives, registrations, requests
// and answers within a call, and copies.
func TestAllocations(t *testing.T) {
	tracker := NewTracker(ignore)
	reader := NewReader(tracker.Message, nil)
	sdp := "v=0\r\nm=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n"
	messages := []string{
		plain("OPTIONS sip:2@a SIP/2.0", "options", "1 OPTIONS"),
		plain("SIP/2.0 200 OK", "options", "1 OPTIONS"),
		plain("REGISTER sip:a SIP/2.0", "reg", "7 REGISTER", "Contact: <sip:1@10.0.0.1>", "Expires: 60"),
		plain("SIP/2.0 200 OK", "reg", "7 REGISTER", "Contact: <sip:1@10.0.0.1>;expires=60"),
		plain("NOTIFY sip:2@a SIP/2.0", "presence", "1 NOTIFY"),
		plain("INVITE sip:2@a SIP/2.0", "call", "1 INVITE"),
		plain("SIP/2.0 200 OK", "call", "1 INVITE"),
		strings.Replace(plain("INVITE sip:2@a SIP/2.0", "call", "2 INVITE", "Content-Type: application/sdp"), "<sip:2@a>", "<sip:2@a>;tag=2", 1) + sdp,
	}
	datagrams := make([]packet.Datagram, len(messages))
	for i, m := range messages {
		datagrams[i] = packet.Datagram{Origin: packet.Origin{Interface: on, Frame: 1, Time: 1e9}, Src: endpoint(1), Dst: endpoint(2), Payload: []byte(m)}
		reader.Datagram(&datagrams[i])
	}
	for i := range datagrams {
		if allocs := testing.AllocsPerRun(100, func() { reader.Datagram(&datagrams[i]) }); allocs != 0 {
			t.Errorf("%v allocations for %.40q", allocs, messages[i])
		}
	}
	if reader.Counts.Unread != 0 || len(tracker.calls) != 1 {
		t.Errorf("%+v, %d calls", reader.Counts, len(tracker.calls))
	}
}

// FuzzTracker hands a Tracker messages of any bytes, several behind one another.
func FuzzTracker(f *testing.F) {
	f.Add([]byte(plain("INVITE sip:2@a SIP/2.0", "call", "1 INVITE") + "\x00" + plain("SIP/2.0 486 Busy", "call", "1 INVITE") + "\x00" + plain("BYE sip:2@a SIP/2.0", "call", "2 BYE")))
	f.Add([]byte(plain("REGISTER sip:2@a SIP/2.0", "call", "1 REGISTER") + "\x00" + plain("SIP/2.0 200 OK", "call", "1 REGISTER")))
	f.Fuzz(func(t *testing.T, data []byte) {
		ends := 0
		tracker := NewTracker(func(c *Call, _ int64) {
			ends++
			if c.Held < 0 || c.Holds < 0 || c.Ended != 0 && c.Started > c.Ended {
				t.Errorf("%+v", c)
			}
		})
		second := 0
		for m := range strings.SplitSeq(string(data), "\x00") {
			second++
			say(tracker, second, 1+second%2, 2-second%2, m)
			for _, kinds := range [][]*actionurl.Kind{nil, {actionurl.Lookup("hold_call")}, {actionurl.Lookup("missed_call"), actionurl.Lookup("terminated_call")}} {
				tracker.Match(&actionurl.Question{Time: int64(second) * 1e9, Phone: [2]netip.Addr{address(1), address(2)}, CallID: "call", Kinds: kinds})
			}
		}
		tracker.Flush(0)
		if tracker.ends != 0 || len(tracker.phones) != 0 || tracker.open.first != nil || tracker.over.first != nil {
			t.Error("something is left")
		}
	})
}

// FuzzReader cuts a stream anywhere: what is not SIP is left alone and leaves nothing
// behind, and the messages of a connection stay the same.
func FuzzReader(f *testing.F) {
	connection := "\r\n\r\n" + plain("INVITE sip:2@a SIP/2.0", "call", "1 INVITE", "Content-Length: 4") + "v=0\n" +
		plain("OPTIONS sip:2@a SIP/2.0", "other", "1 OPTIONS", "l: 0") + plain("BYE sip:2@a SIP/2.0", "call", "2 BYE", "Content-Length: 0") + "\r\n\r\n"
	f.Add([]byte(connection), []byte{1, 30, 200, 3})
	f.Add([]byte("INVITE sip:2@a SIP/2.0\nl: 99999999\n\nrest"), []byte{30})
	f.Add([]byte("INVITABLE or not\r\n\r\nSIP/2.0 200 OK\r\n\r\n"), []byte{5, 1})
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		read := func(data []byte) (all string) {
			r := NewReader(func(m *Message) { all += string(m.Method) + " " + string(m.CallID) + string(m.Body) + "\n" }, nil)
			c := new(stream.Conn)
			at := &stream.Mark{Origin: packet.Origin{Interface: on}}
			for _, n := range cuts {
				n := min(int(n), len(data))
				r.Data(c, 0, data[:n:n], at)
				data = data[n:]
				if side := &c.State.(*Conn).sides[0]; len(side.part) != r.parts || r.parts > maxMessage || side.lost && r.parts > 0 {
					t.Fatalf("%d bytes of %d are kept", r.parts, len(side.part))
				}
			}
			r.Data(c, 0, data, at)
			r.End(c, 0, stream.Closed)
			if r.parts != 0 {
				t.Fatalf("%d bytes are left", r.parts)
			}
			return all
		}
		read(data)
		if got := read([]byte(connection)); got != "INVITE callv=0\n\nBYE call\n" {
			t.Errorf("read %q", got)
		}
	})
}

func BenchmarkTracker(b *testing.B) {
	for _, bench := range []struct{ what, message string }{
		{"OPTIONS", plain("OPTIONS sip:2@a SIP/2.0", "options", "1 OPTIONS")},
		{"its answer", plain("SIP/2.0 200 OK", "options", "1 OPTIONS")},
		{"REGISTER", plain("REGISTER sip:a SIP/2.0", "reg", "7 REGISTER", "Contact: <sip:1@10.0.0.1>", "Expires: 60")},
		{"INVITE", invite},
	} {
		b.Run(bench.what, func(b *testing.B) {
			reader := NewReader(NewTracker(ignore).Message, nil)
			d := packet.Datagram{Origin: packet.Origin{Interface: on, Frame: 1, Time: 1e9}, Src: endpoint(1), Dst: endpoint(2), Payload: []byte(bench.message)}
			b.ReportAllocs()
			for b.Loop() {
				reader.Datagram(&d)
			}
		})
	}
}

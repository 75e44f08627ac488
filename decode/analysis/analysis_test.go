package analysis

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
	"actionurl/decode/stream"
	"actionurl/decode/timeline"
)

const second = int64(1e9)

var (
	desk   = netip.MustParseAddr("192.168.40.50")
	other  = netip.MustParseAddr("192.168.40.51")
	pbx    = netip.MustParseAddr("192.168.40.10")
	server = netip.MustParseAddrPort("192.168.40.207:80")
	on     = &capture.Interface{Capture: "test.pcap", Link: capture.LinkEthernet}
)

// get is a request of a phone at a time that was answered at once.
func get(from netip.Addr, at int64, target string) *httpwire.Exchange {
	return &httpwire.Exchange{
		Origin: packet.Origin{Interface: on, Frame: int(at/1e6) + 1, Time: at},
		Client: netip.AddrPortFrom(from, 40000), Server: server,
		Method: "GET", Target: target, Version: "HTTP/1.1", Status: 200, Latency: 5e6, Done: true,
	}
}

// register is a message that makes the SIP of a phone known.
func register(from netip.Addr, at int64) *sip.Message {
	return &sip.Message{
		Origin: packet.Origin{Interface: on, Frame: 1, Time: at}, Sender: from, Receiver: pbx,
		Method: []byte("REGISTER"), CallID: []byte("r@192.168.40.50"), CSeq: 1,
	}
}

// analyze returns an Analyzer and the targets that it has emitted.
func analyze(c Config) (a *Analyzer, emitted func() string) {
	var all []string
	a = New(c, func(r *Record) error {
		all = append(all, r.Target)
		return nil
	})
	return a, func() string { return strings.Join(all, " ") }
}

// A request waits for the SIP message that may come after it, and so does all
// that came after the request.
func TestWaitForSIP(t *testing.T) {
	a, got := analyze(Config{})
	want := func(targets string) {
		t.Helper()
		if got() != targets {
			t.Fatalf("emitted %q, want %q", got(), targets)
		}
	}
	a.Exchange(get(desk, 0, "/before"))
	want("/before") // nothing is known of its SIP
	a.Message(register(desk, 0))
	x := get(desk, 1*second, "/waits")
	a.Exchange(x)
	*x = httpwire.Exchange{} // it is the wire's again
	a.Exchange(get(other, 1*second+1, "/behind"))
	want("/before")
	a.Advance(3*second, 3*second)
	want("/before")
	a.Exchange(get(other, 3*second+1, "/later"))
	want("/before /waits /behind /later")
	a.Exchange(get(desk, 4*second, "/last"))
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	want("/before /waits /behind /later /last")
}

func TestPrompt(t *testing.T) {
	a, got := analyze(Config{Prompt: true})
	a.Message(register(desk, 0))
	a.Exchange(get(desk, 1, "/x"))
	if got() != "/x" {
		t.Errorf("emitted %q", got())
	}
}

// However many requests wait, and however long they are, memory is bounded, and
// none is lost or overtaken.
func TestWaitingBound(t *testing.T) {
	for _, long := range []int{0, 60_000} {
		next := 0
		a := New(Config{}, func(r *Record) error {
			if r.Frame != next {
				t.Fatalf("frame %d follows %d", r.Frame, next-1)
			}
			next++
			return nil
		})
		a.Message(register(desk, 0))
		n := maxWaiting + 1000
		if long > 0 {
			n = 1000
		}
		target := "/" + strings.Repeat("x", long)
		for i := range n {
			x := get(desk, 1, target)
			x.Frame = i
			a.Exchange(x)
			if a.waiting.n() > maxWaiting+1 || a.waiting.text > maxWaitingText+long+100 {
				t.Fatalf("%d requests with %d bytes wait", a.waiting.n(), a.waiting.text)
			}
		}
		if next == 0 {
			t.Error("all of them wait")
		}
		a.Flush()
		if next != n {
			t.Errorf("%d of %d requests", next, n)
		}
	}
}

// A queue keeps its order, and no more memory than what has waited needed.
func TestQueue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var q queue
	in, out := 0, 0
	for range 10_000 {
		for range random.IntN(10) {
			q.push(&httpwire.Exchange{Target: "/x", Origin: packet.Origin{Frame: in}})
			in++
		}
		for q.n() > 50 || q.n() > 0 && random.IntN(4) > 0 {
			if x := q.pop(); x.Frame != out {
				t.Fatalf("frame %d follows %d", x.Frame, out-1)
			}
			out++
		}
	}
	if in-out != q.n() || q.text != 2*q.n() || cap(q.all) > 256 {
		t.Errorf("%d in, %d out, %d left with %d bytes, %d places", in, out, q.n(), q.text, cap(q.all))
	}
}

// After an error nothing is emitted any more.
func TestErr(t *testing.T) {
	failed := errors.New("failed")
	calls := 0
	a := New(Config{Call: func(*Call) error { calls++; return nil }}, func(r *Record) error {
		if r.Frame > 1 {
			return failed
		}
		return nil
	})
	a.Exchange(get(desk, 0, "/incoming?mac=000b82123432&remote=5003"))
	if a.Err() != nil {
		t.Fatal(a.Err())
	}
	a.Exchange(get(desk, second, "/x"))
	if a.Err() != failed || a.Flush() != failed || calls != 0 {
		t.Errorf("error %v, %d calls", a.Err(), calls)
	}
}

// Saved events make the calls that they made before, and of what is wrong with
// them what was found then.
func TestEvent(t *testing.T) {
	var records, calls []string
	c := Config{Call: func(c *Call) error {
		calls = append(calls, fmt.Sprintf("%v %s %s %v", c.Direction, c.Remote, c.State(), slices.Equal(c.FromSIP, []timeline.Part{timeline.RemotePart})))
		return nil
	}}
	var events []func(a *Analyzer) error
	first := New(Config{}, func(r *Record) error {
		x, e, found := *r.Exchange, *r.Event, slices.Clone(r.Findings)
		events = append(events, func(a *Analyzer) error { return a.Event(&x, &e, found) })
		return nil
	})
	first.Exchange(get(desk, second, "/incoming?mac=000b82123432&token=T"))
	first.Exchange(get(desk, 2*second, "/established?mac=000b82123432"))
	again := New(c, func(r *Record) error {
		records = append(records, fmt.Sprintf("%s %s %v", r.Event.Kind.Slug, r.Event.PhoneMAC, finding.SetOf(r.Findings).Slugs()))
		return nil
	})
	for i, event := range events {
		if err := event(again); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			again.SIPCall(packet.MAC{0, 0x0b, 0x82, 0x12, 0x34, 0x32}, desk, second, &sip.Call{Remote: sip.Party{User: "5003"}, Started: second})
		}
	}
	if err := again.Flush(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"incoming_call 00:0b:82:12:34:32 [secret_in_url]", "established_call 00:0b:82:12:34:32 []"}, records); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"incoming 5003 active true"}, calls); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A SIP message names the event of a request that has its Call-ID, and what SIP
// knows of the call fills in what no event says.
func TestSIPNamesEvents(t *testing.T) {
	message := func(at int64, from, to netip.Addr, method string, status int) *sip.Message {
		return &sip.Message{
			Origin: packet.Origin{Interface: on, Frame: int(at/1e6) + 1, Time: at}, Sender: from, Receiver: to,
			Method: []byte(method), Status: status, CallID: []byte("3f1c6a2e@192.168.40.10"), CSeq: 1,
			From: []byte(`"Jane" <sip:5003@pbx>;tag=1`), To: []byte("<sip:101@pbx>"),
		}
	}
	var records, calls []string
	a := New(Config{Call: func(c *Call) error {
		calls = append(calls, fmt.Sprintf("%v %s %s %s", c.Direction, c.Remote, c.DisplayRemote, c.State()))
		return nil
	}}, func(r *Record) error {
		records = append(records, fmt.Sprintf("%s %s %s", r.Event.Kind.Slug, r.Event.By, r.Event.SIP.Method))
		return nil
	})
	a.Message(message(1*second, pbx, desk, "INVITE", 0))
	a.Exchange(get(desk, 1*second+50e6, "/x?mac=000b82123432&call-id=3f1c6a2e@192.168.40.10"))
	a.Message(message(9*second, desk, pbx, "INVITE", 200))
	a.Message(message(20*second, desk, pbx, "BYE", 0))
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"incoming_call sip INVITE"}, records); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"incoming 5003 Jane ended"}, calls); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A frame says which phone sent a request, unless it comes from a router: another
// connection through that shows it, though it brought no request.
func TestRouterByConnection(t *testing.T) {
	const source = "00:0b:82:12:34:32" // of a vendor of phones, which makes routers, too
	from, _ := packet.ParseMAC(source)
	for _, through := range []bool{false, true} {
		var macs []string
		a := New(Config{}, func(r *Record) error {
			macs = append(macs, r.Event.PhoneMAC.String())
			return nil
		})
		if through {
			a.Attempt(&stream.Attempt{Origin: packet.Origin{Interface: on}, Client: netip.AddrPortFrom(other, 1), Server: server, ClientMAC: from, Refused: true})
		}
		x := get(desk, second, "/incoming?remote=5003")
		x.Source = from
		a.Exchange(x)
		want := source
		if through {
			want = packet.MAC{}.String()
		}
		if diff := cmp.Diff([]string{want}, macs); diff != "" {
			t.Errorf("through a router: %v (-want +got):\n%s", through, diff)
		}
	}
}

package verdict_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/gopacket/layers"

	"actionurl/capture/capturetest"
	"actionurl/decode"
	"actionurl/decode/verdict"
)

const (
	server  = "192.168.40.207:8085"
	ok      = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	bad     = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
	missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
)

// A site is a capture in the making.
type site struct {
	*capturetest.Capture
	port int
}

// say lets a phone, by the last byte of its address, send a request.
func (s *site) say(phone int, server, target, answer string) {
	s.Wait(15 * time.Second)
	s.port++
	k := s.Conn(fmt.Sprintf("192.168.40.%d:%d", phone, 40000+s.port), server).Open()
	k.Send("GET " + target + " HTTP/1.1\r\nHost: " + server + "\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b821234" + fmt.Sprintf("%02x", phone) + "\r\n\r\n")
	if answer != "" {
		k.Reply(answer)
	}
	k.Close()
}

// refuse lets a phone try to connect in vain.
func (s *site) refuse(phone int, server string) {
	s.Wait(15 * time.Second)
	s.port++
	k := s.Conn(fmt.Sprintf("192.168.40.%d:%d", phone, 40000+s.port), server)
	k.Segment(true, layers.TCP{SYN: true, Seq: k.Client}, "")
	k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
}

// verdictOn returns the verdict on a capture.
func verdictOn(t *testing.T, make func(*site)) *verdict.Verdict {
	t.Helper()
	s := &site{Capture: capturetest.New()}
	make(s)
	collector := verdict.New()
	p := decode.New(decode.Config{
		Wire:     decode.Wire{ResponseTimeout: 10 * time.Second},
		Analysis: decode.Analysis{SlowResponse: time.Second, Found: collector.Found},
	},
		func(r *decode.Record) error { collector.Record(r); return nil })
	if err := errors.Join(p.Batch(capturetest.Batch("site.pcap", s.Frames)), p.Flush()); err != nil {
		t.Fatal(err)
	}
	for _, phone := range p.Phones() {
		if phone.Silent {
			collector.Silent(phone)
		}
	}
	return collector.Verdict()
}

// TestSilent shows phones that announced nothing.
func TestSilent(t *testing.T) {
	v := verdictOn(t, func(s *site) {
		s.say(50, server, "/000b82123432.cfg", missing)
		s.say(51, server, "/000b82123433.cfg", missing)
	})
	if v.Silent != 2 || len(v.Phones) != 0 || v.First == 0 || v.Last <= v.First {
		t.Errorf("%+v", v)
	}
	v = verdictOn(t, func(s *site) {
		s.refuse(50, server)
		s.refuse(51, server)
		s.say(52, "192.168.40.9:80", "/000b82123434.cfg", missing)
	})
	if v.Silent != 1 || len(v.Causes) != 1 || v.Causes[0].All {
		t.Errorf("tried: %+v", v)
	}
}

func TestCauses(t *testing.T) {
	const good = "/cti?e=incoming&call-id=1-5060-1@A&mac=000b821234"
	many := func(s *site, from, to, each int) {
		for phone := from; phone <= to; phone++ {
			for range each {
				s.say(phone, server, good+fmt.Sprintf("%02x", phone), ok)
			}
		}
	}
	for _, c := range []struct {
		name string
		make func(*site)
		want []string // severity, phones, what, apart
	}{
		{"every request is taken", func(s *site) { many(s, 50, 55, 2) }, nil},
		{"an unreplaced variable is the 400's cause", func(s *site) {
			many(s, 50, 55, 2)
			for range 3 {
				s.say(60, server, "/cti?e=incoming&call-id=$call_id&mac=000b8212343c", bad)
			}
		}, []string{"error 34:3c: all 3 requests answered 400; only these send $call_id unreplaced (6 other phones work)"}},
		{"what working phones send, too, sets nobody apart", func(s *site) {
			s.say(50, server, "/cti?e=incoming&call-id=$call_id&mac=000b82123432", ok)
			s.say(60, server, "/cti?e=incoming&call-id=$call_id&mac=000b8212343c", bad)
		}, []string{
			"error 34:3c: the only request answered 400; 1 other phone works",
			"warning all: unresolved_variable",
		}},
		{"another path", func(s *site) {
			many(s, 50, 55, 1)
			s.say(60, server, "/ctl?e=incoming&mac=000b8212343c", missing)
			s.say(61, server, "/ctl?e=incoming&mac=000b8212343d", missing)
		}, []string{"error 34:3c 34:3d: all 2 requests answered 404; only these ask for /ctl (6 other phones work)"}},
		{"each phone's own reason", func(s *site) {
			many(s, 50, 55, 1)
			s.say(60, server, "/ctl?e=incoming&mac=000b8212343c", bad)
			s.say(61, server, "/cti?e=incoming&call-id=$call_id&mac=000b8212343d", bad)
		}, []string{
			"error 34:3c: the only request answered 400; only these ask for /ctl (6 other phones work)",
			"error 34:3d: the only request answered 400; only these send $call_id unreplaced (6 other phones work)",
		}},
		{"a server that fails now and then", func(s *site) {
			many(s, 50, 55, 3)
			s.say(50, server, good+"32", bad)
			s.say(51, server, good+"33", bad)
		}, []string{"error 34:32 34:33: 2 of 8 requests answered 400"}},
		{"a server that takes nothing", func(s *site) {
			for phone := 50; phone < 53; phone++ {
				s.say(phone, server, good+fmt.Sprintf("%02x", phone), missing)
			}
		}, []string{"error all: all 3 requests answered 404"}},
		{"a server that was down for a while", func(s *site) {
			s.refuse(50, server)
			many(s, 50, 51, 2)
		}, []string{"warning 34:32: 1 connection refused at " + server}},
		{"no answer", func(s *site) {
			many(s, 50, 51, 2)
			s.say(52, server, good+"34", "")
		}, []string{"error 34:34: the only request not answered before the connection was closed; 2 other phones work"}},
		{"several servers", func(s *site) {
			many(s, 50, 51, 1)
			s.say(52, "192.168.40.208:80", good+"34", "HTTP/1.1 301 Moved Permanently\r\nContent-Length: 0\r\n\r\n")
			s.say(53, "192.168.40.208:80", good+"35", "")
		}, []string{
			"error 34:34: the only request to 192.168.40.208:80 redirected (301), which phones do not follow",
			"error 34:35: the only request to 192.168.40.208:80 not answered before the connection was closed",
		}},
		{"one event of a phone whose others arrive", func(s *site) {
			many(s, 50, 51, 1)
			s.refuse(50, "192.168.40.207:9999")
		}, []string{"error 34:32: 1 connection refused at 192.168.40.207:9999; other events of the phone reach " + server}},
		{"phones of which nothing arrives", func(s *site) {
			many(s, 50, 51, 1)
			s.refuse(52, "192.168.40.207:9999")
		}, []string{"error 34:34: nothing arrives: 1 connection refused at 192.168.40.207:9999; 2 other phones use " + server}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := verdictOn(t, c.make)
			var got []string
			for _, cause := range v.Causes {
				var who []string
				for _, p := range cause.Phones {
					who = append(who, p.MAC.String()[len("00:0b:82:12:"):])
				}
				if cause.All {
					who = []string{"all"}
				}
				line := cause.Severity.String() + " " + strings.Join(who, " ") + ": "
				if cause.Kind.String() == "unresolved_variable" {
					line += cause.Kind.String()
				} else {
					line += cause.What
				}
				if cause.Apart != "" {
					line += "; " + cause.Apart
				}
				got = append(got, line)
			}
			if diff := gocmp.Diff(c.want, got); diff != "" {
				t.Error("-want +got\n" + diff)
			}
			if failing := slices.ContainsFunc(c.want, func(s string) bool { return strings.HasPrefix(s, "error") }); failing != (v.Failing > 0) {
				t.Errorf("%d phones fail", v.Failing)
			}
		})
	}
}

// TestHints holds what to do against how requests failed.
func TestHints(t *testing.T) {
	const good = "/cti?e=incoming&mac=000b82123432"
	answer := func(status string) string { return "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n" }
	crm := capturetest.Question{ID: 1, Name: "crm.example.com"}
	named := func(s *site) {
		s.Conn("192.168.40.50:50000", server).Open().Send("GET " + good + " HTTP/1.1\r\nHost: crm.example.com\r\n\r\n").Reply(ok).Close()
	}
	for _, c := range []struct {
		name string
		make func(*site)
		want string // in the line of the first cause
	}{
		{"a path that is not there", func(s *site) {
			s.say(50, server, good, ok)
			s.say(51, server, "/ctl?e=incoming&mac=000b82123433", missing)
		}, "only these ask for /ctl (1 other phone works): correct the path"},
		{"a path whose script fails", func(s *site) {
			s.say(50, server, good, ok)
			s.say(51, server, "/ctl?e=incoming&mac=000b82123433", answer("500 Internal Server Error"))
		}, "only these ask for /ctl (1 other phone works): the server took the request and failed in it"},
		{"one event of a phone alone", func(s *site) {
			s.say(50, server, good, ok)
			s.say(50, server, "/end?e=terminated&mac=000b82123432", missing)
		}, "1 of 2 requests answered 404; only these ask for /end: correct the path"},
		{"a form that the server does not take", func(s *site) {
			s.say(50, server, good, ok)
			s.say(50, server, good+"&display_remote=Jane Doe", bad)
		}, "only these have unescaped spaces: put a tolerant proxy in front"},
		{"a redirect to https", func(s *site) {
			s.say(50, server, good, "HTTP/1.1 301 Moved Permanently\r\nLocation: https://crm.example.com/cti?e=incoming&token=x\r\nContent-Length: 0\r\n\r\n")
		}, "configure the URL that the server redirects to, as https://crm.example.com/cti"},
		{"a redirect to a page for people", func(s *site) {
			s.say(50, server, good, "HTTP/1.1 302 Found\r\nLocation: /web/login/?next=/cti\r\nContent-Length: 0\r\n\r\n")
		}, "the server sends the phones to /web/login/: let it take"},
		{"a way on which requests get lost", func(s *site) {
			k := s.Conn("192.168.40.50:50000", server).Open()
			seq := k.Client
			for range 2 {
				k.Client = seq
				k.Push(true, "GET "+good+" HTTP/1.1\r\nHost: "+server+"\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b82123432\r\n\r\n")
			}
			s.say(51, server, "/cti?e=incoming&mac=000b82123433", ok)
		}, "never acknowledged by the server; 1 other phone works: connections come about, but requests do not get through"},
		{"a request that the server got in part", func(s *site) { s.say(50, server, good, answer("408 Request Timeout")) }, "the server got the request in part: look for"},
		{"a server that limits requests", func(s *site) { s.say(50, server, good, answer("429 Too Many Requests")) }, "the server limits how often it is asked"},
		{"a phone that does not wait", func(s *site) {
			s.Conn("192.168.40.50:50000", server).Open().Send("GET " + good + " HTTP/1.1\r\nHost: " + server + "\r\n\r\n").Reset(true)
		}, "the only request not answered before the phone reset the connection; : the phone did not wait for the answer"},
		{"a server that resets", func(s *site) {
			s.Conn("192.168.40.50:50000", server).Open().Send("GET " + good + " HTTP/1.1\r\nHost: " + server + "\r\n\r\n").Reset(false)
		}, "the only request not answered before the server reset the connection; : check the server's log"},
		{"a way on which answers get lost", func(s *site) {
			k := s.Conn("192.168.40.50:50000", server)
			for range 3 {
				k.Segment(true, layers.TCP{SYN: true, Seq: k.Client}, "")
				k.Segment(false, layers.TCP{SYN: true, ACK: true, Seq: k.Server, Ack: k.Client + 1}, "")
				s.Wait(2 * time.Second)
			}
		}, "nothing arrives: 1 connection to " + server + " failed: its answers (SYN/ACK) do not reach the phone; : correct the route from the server back"},
		{"nothing behind a proxy", func(s *site) { s.say(50, server, good, answer("502 Bad Gateway")) }, "the service behind the server does not answer"},
		{"a proxy that wants a password", func(s *site) { s.say(50, server, good, answer("407 Proxy Authentication Required")) }, "the proxy asks for credentials"},
		{"plain HTTP to a port for https", func(s *site) { s.say(50, "192.168.40.207:443", good, bad) }, "the port takes https"},
		{"plain HTTP to a port that answers in TLS", func(s *site) {
			s.say(50, server, good, "\x15\x03\x03\x00\x02\x02\x0a")
		}, "the only request answered in TLS; : the port takes https"},
		{"TLS to a port for HTTP", func(s *site) {
			s.say(50, "192.168.40.207:80", good, ok)
			s.Conn("192.168.40.50:50000", server).Open().Send(capturetest.ClientHello("crm.example.com")).Reply(bad).Close()
		}, "the server speaks plain HTTP on that port; other events of the phone reach 192.168.40.207:80: begin the phone's Action URL with http://"},
		{"a server that was down for a while", func(s *site) {
			s.refuse(50, server)
			s.say(50, server, good, ok)
		}, "1 connection refused at " + server + "; : the server took other requests"},
		{"another host than that of the others", func(s *site) {
			s.say(50, server, good, ok)
			s.refuse(51, "192.168.40.208:8085")
		}, "1 connection refused at 192.168.40.208:8085; 1 other phone uses " + server + ": if that is for Action URLs"},
		{"a name that nobody knows", func(s *site) {
			named(s)
			s.Ask("192.168.40.51:50000", "192.168.40.1", crm)
			s.Resolve("192.168.40.51:50000", "192.168.40.1", crm, layers.DNSResponseCodeNXDomain)
		}, "nothing arrives: 1 DNS lookup of crm.example.com failed: no such name (NXDOMAIN), says 192.168.40.1; : correct the name in the phone's Action URL or in DNS"},
		{"a DNS server that is not there", func(s *site) {
			named(s)
			for range 2 {
				s.Ask("192.168.40.51:50000", "192.168.40.1", crm)
				s.Wait(5 * time.Second)
			}
		}, "nothing arrives: 1 DNS lookup of crm.example.com failed: no answer from 192.168.40.1; : check the DNS server in the phone's network settings"},
		{"another port of the host, with other events of the phone", func(s *site) {
			s.say(50, server, good, ok)
			s.refuse(50, "192.168.40.207:8086")
		}, "refused at 192.168.40.207:8086; other events of the phone reach " + server + ": the port is probably mistyped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			causes := verdictOn(t, c.make).Causes
			if len(causes) != 1 {
				t.Fatalf("%+v", causes)
			}
			line := causes[0].What + "; " + causes[0].Apart + ": " + causes[0].Hint
			if !strings.Contains(line, c.want) {
				t.Errorf("%s\nwant %s", line, c.want)
			}
		})
	}
}

// TestServers holds the counts and quantiles of a server against latencies
// that are known.
func TestServers(t *testing.T) {
	for _, rounds := range []int{1, 7} { // kept as they are, and counted
		testServers(t, rounds)
	}
}

func testServers(t *testing.T, rounds int) {
	t.Helper()
	v := verdictOn(t, func(s *site) {
		for i := 1; i <= 100*rounds; i++ {
			s.Wait(time.Second)
			k := s.Conn(fmt.Sprintf("192.168.40.%d:%d", 50+i%4, 40000+i), server).Open()
			k.Push(true, "GET /incoming?mac=000b82123432&remote=1 HTTP/1.1\r\n\r\n")
			s.Wait(time.Duration(1+i%100) * time.Millisecond)
			k.Reply(ok).Close()
		}
	})
	if len(v.Servers) != 1 {
		t.Fatalf("%d servers", len(v.Servers))
	}
	s := v.Servers[0]
	if s.Addr.String() != server || s.Events != 100*rounds || s.OK != 100*rounds || s.Failed != 0 || s.Phones != 1 {
		t.Errorf("%+v", s)
	}
	for _, q := range []struct {
		name      string
		got, want int64
	}{{"median", s.Median, 50e6}, {"p95", s.P95, 95e6}, {"max", s.Max, 100e6}} {
		if q.got < q.want*98/100 || q.got > q.want*102/100 {
			t.Errorf("%s %v, want %v", q.name, time.Duration(q.got), time.Duration(q.want))
		}
	}
	sum := 0
	for _, n := range s.Bars {
		sum += n
	}
	if sum != 100*rounds || len(s.Bars) < 10 {
		t.Errorf("bars %v", s.Bars)
	}
}

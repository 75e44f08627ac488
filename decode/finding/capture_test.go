package finding_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/gopacket/layers"

	"actionurl/capture/capturetest"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
)

const (
	server = "192.168.40.207:80"
	answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
)

func get(target string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: 192.168.40.207\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.64\r\n\r\n"
}

// checkScene checks what is found in a capture of phones with these templates.
func checkScene(t *testing.T, make func(*capturetest.Capture), templates, want []string) {
	t.Helper()
	c := capturetest.New()
	make(c)
	got := findings(t, decode.Analysis{Templates: typed(t, templates...)}, c.Frames)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// findings returns what is found in a capture: for each record that has some a
// line with its frame, then those of no single request.
func findings(t *testing.T, c decode.Analysis, frames []capturetest.Frame) []string {
	t.Helper()
	var lines, loose []string
	var tally finding.Tally
	c.SlowResponse = time.Second
	c.Found = func(o *finding.Occurrence) {
		tally.AddAll(o)
		line := fmt.Sprintf("%s ×%d", o.Kind, o.Times)
		if o.Severity != o.Kind.Severity() {
			line = o.Severity.String() + " " + line
		}
		if o.Frame > 0 {
			line += fmt.Sprintf(" from %d", o.Frame)
		}
		if o.Phone != (finding.Phone{}) {
			line += " of " + o.Phone.String()
		}
		for _, s := range tally.Summaries() {
			if s.Kind == o.Kind && s.Severity == o.Severity && s.Details != "" {
				line += ": " + s.Details
			}
		}
		loose = append(loose, line)
	}
	p := decode.New(decode.Config{Wire: decode.Wire{ResponseTimeout: 10 * time.Second}, Analysis: c}, func(r *decode.Record) error {
		if len(r.Findings) > 0 {
			lines = append(lines, fmt.Sprintf("%d %s", r.Frame, strings.Join(finding.SetOf(r.Findings).Slugs(), " ")))
		}
		return nil
	})
	if err := p.Batch(capturetest.Batch("test.pcap", frames)); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	return append(lines, loose...)
}

// typed are templates, in lines of the form EVENT=URL.
func typed(t *testing.T, lines ...string) []*actionurl.Template {
	t.Helper()
	var all []*actionurl.Template
	for _, line := range lines {
		name, url, _ := strings.Cut(line, "=")
		template, err := actionurl.ParseTemplate(actionurl.Lookup(name), url)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, template)
	}
	return all
}

// TestConnections shows what is found of connections without a request.
func TestConnections(t *testing.T) {
	const phone, pc, https = "192.168.40.50", "192.168.40.10", "192.168.40.207:443"
	event := func(c *capturetest.Capture) {
		k := c.Conn(phone+":49152", server).Open()
		k.Send(get("/incoming?mac=000b82123432&remote=5003"))
		k.Reply(answer).Close()
	}
	syn := func(k *capturetest.Conn) { k.Segment(true, layers.TCP{SYN: true, Seq: k.Client}, "") }
	refuse := func(c *capturetest.Capture, from string, n int) {
		k := c.Conn(fmt.Sprintf("%s:%d", from, 50000+n), server)
		syn(k)
		k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
	}
	retry := func(c *capturetest.Capture, to string, waits ...time.Duration) *capturetest.Conn {
		k := c.Conn(phone+":51000", to)
		syn(k)
		for _, d := range waits {
			c.Wait(d)
			syn(k)
		}
		return k
	}
	hello := func(c *capturetest.Capture, from, to, name string) {
		c.Conn(from+":52000", to).Open().OpenTLS(name).Close()
	}
	failed := func(c *capturetest.Capture, from, to, answer string) {
		k := c.Conn(from+":53000", to).Open().Send(capturetest.ClientHello("crm.example.com"))
		if answer == "reset" {
			k.Reset(false)
			return
		}
		k.Reply(answer).Close()
	}
	other := func(c *capturetest.Capture, server, target string) {
		k := c.Conn(phone+":54000", server).Open()
		k.Send("GET " + target + " HTTP/1.1\r\nHost: x\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b82123432\r\n\r\n")
		k.Reply(answer).Close()
	}
	tests := []struct {
		name      string
		make      func(c *capturetest.Capture)
		templates []string
		want      []string
	}{
		{"refused, before the first event and after", func(c *capturetest.Capture) {
			refuse(c, phone, 1)
			event(c)
			refuse(c, phone, 2)
		}, nil, []string{"warning refused ×2 from 2 of 00:0b:82:12:34:32: 192.168.40.207:80"}},
		{"refused: a phone, and no server is known", func(c *capturetest.Capture) {
			refuse(c, phone, 1)
		}, nil, []string{"refused ×1 from 2 of 00:0b:82:12:34:32: 192.168.40.207:80"}},
		{"refused, not: not a phone", func(c *capturetest.Capture) {
			refuse(c, pc, 1)
		}, nil, nil},
		{"refused, not: a port that is not usual for HTTP", func(c *capturetest.Capture) {
			k := c.Conn(phone+":50001", "192.168.40.207:5222")
			syn(k)
			k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
		}, nil, nil},
		{"encrypted: in a tunnel through a proxy, and the phone does not take the certificate", func(c *capturetest.Capture) {
			k := c.Conn(phone+":53000", "192.168.40.3:3128").Open()
			k.Send("CONNECT crm.example.com:443 HTTP/1.1\r\n\r\n").Reply("HTTP/1.1 200 OK\r\n\r\n")
			k.Send(capturetest.ClientHello("crm.example.com")).Send("\x15\x03\x03\x00\x02\x02\x30").Close()
		}, []string{"incoming_call=https://crm.example.com/in?mac=$mac"}, []string{
			"error encrypted ×1 from 8 of 00:0b:82:12:34:32: the phone does not accept the server's certificate (unknown_ca): crm.example.com at 192.168.40.3:3128",
		}},
		{"encrypted: a proxy refuses the tunnel", func(c *capturetest.Capture) {
			k := c.Conn(phone+":53000", "192.168.40.3:3128").Open()
			k.Send("CONNECT crm.example.com:443 HTTP/1.1\r\n\r\n").Reply("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n").Close()
		}, []string{"incoming_call=https://crm.example.com/in?mac=$mac"}, []string{
			"error encrypted ×1 from 4 of 00:0b:82:12:34:32: the proxy answers CONNECT with 407: crm.example.com at 192.168.40.3:3128",
		}},
		{"encrypted, not: a proxy asks for credentials, and gets them", func(c *capturetest.Capture) {
			k := c.Conn(phone+":53000", "192.168.40.3:3128").Open()
			k.Send("CONNECT crm.example.com:443 HTTP/1.1\r\n\r\n").Reply("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
			k.Send("CONNECT crm.example.com:443 HTTP/1.1\r\nProxy-Authorization: Basic eA==\r\n\r\n").Reply("HTTP/1.1 200 OK\r\n\r\n").Close()
		}, []string{"incoming_call=https://crm.example.com/in?mac=$mac"}, nil},
		{"unreachable: the server's answers do not reach the phone", func(c *capturetest.Capture) {
			k := c.Conn(phone+":51000", "192.168.40.207:80")
			for range 3 {
				syn(k)
				k.Segment(false, layers.TCP{SYN: true, ACK: true, Seq: k.Server, Ack: k.Client + 1}, "")
				c.Wait(2 * time.Second)
			}
		}, nil, []string{"unreachable ×1 from 5 of 00:0b:82:12:34:32: 192.168.40.207:80 (its answers (SYN/ACK) do not reach the phone)"}},
		{"unreachable, not: the phone gets the second answer", func(c *capturetest.Capture) {
			k := c.Conn(phone+":51000", "192.168.40.207:80")
			for range 3 {
				syn(k)
				k.Segment(false, layers.TCP{SYN: true, ACK: true, Seq: k.Server, Ack: k.Client + 1}, "")
				c.Wait(2 * time.Second)
			}
			k.Segment(true, layers.TCP{ACK: true, Seq: k.Client + 1, Ack: k.Server + 1}, "")
		}, nil, nil},
		{"unreachable: a firewall says so, at once and for each copy of the SYN", func(c *capturetest.Capture) {
			k := c.Conn(phone+":51000", "192.168.40.207:80")
			for range 3 {
				syn(k)
				k.Reject("192.168.40.1", 13)
				c.Wait(time.Second)
			}
		}, nil, []string{"unreachable ×1 from 2 of 00:0b:82:12:34:32: 192.168.40.207:80 (administratively prohibited, says 192.168.40.1)"}},
		{"unreachable, not: the message quotes another SYN, or comes after the answer", func(c *capturetest.Capture) {
			k := c.Conn(phone+":51000", "192.168.40.207:80")
			syn(k)
			k.Client += 7
			k.Reject("192.168.40.1", 13)
			k.Client -= 7
			k = c.Conn(phone+":51001", "192.168.40.207:80").Open()
			k.Client--
			k.Reject("192.168.40.1", 1)
		}, nil, nil},
		{"refused: another host, of a phone that announces nothing", func(c *capturetest.Capture) {
			event(c)
			k := c.Conn("192.168.40.51:50001", "192.168.40.208:80")
			syn(k)
			k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
		}, nil, []string{"warning refused ×1 from 13 of 00:0b:82:12:34:33: 192.168.40.208:80"}},
		{"refused, not: another host, of a phone whose events arrive", func(c *capturetest.Capture) {
			event(c)
			k := c.Conn(phone+":50001", "192.168.40.208:80")
			syn(k)
			k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
		}, nil, nil},
		{"refused, not: another host, and a port at which no events are taken", func(c *capturetest.Capture) {
			event(c)
			k := c.Conn("192.168.40.51:50001", "192.168.40.208:443")
			syn(k)
			k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
		}, nil, nil},
		{"refused: another port of a server that takes events", func(c *capturetest.Capture) {
			event(c)
			k := c.Conn("192.168.40.51:50001", "192.168.40.207:5222")
			syn(k)
			k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
		}, nil, []string{"refused ×1 from 13 of 00:0b:82:12:34:33: 192.168.40.207:5222"}},
		{"refused, a warning: the phone's provisioning is at that host", func(c *capturetest.Capture) {
			other(c, "192.168.40.207:8090", "/cfg000b82123432.xml")
			refuse(c, phone, 1)
		}, nil, []string{"warning refused ×1 from 13 of 00:0b:82:12:34:32: 192.168.40.207:80"}},
		{"refused: two phones behind one router are known by their user agents alone", func(c *capturetest.Capture) {
			for i, client := range []string{"10.0.0.2", "10.0.0.3"} {
				k := c.Conn(client+":50001", "192.168.40.207:80")
				syn(k)
				k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
				if i > 0 {
					continue
				}
				k = c.Conn(client+":50002", "192.168.40.99:80").Open()
				k.Send("GET /cfg.xml HTTP/1.1\r\nUser-Agent: Grandstream Model HW GXP2170 SW 1.0.11.79\r\n\r\n")
				k.Reply(answer).Close()
			}
		}, nil, []string{"refused ×1 from 2 of 10.0.0.2: 192.168.40.207:80"}},
		{"refused: a template names it", func(c *capturetest.Capture) {
			refuse(c, phone, 1)
		}, []string{"incoming_call=192.168.40.207/mac=$mac"}, []string{"refused ×1 from 2 of 00:0b:82:12:34:32: 192.168.40.207:80"}},
		{"refused: a phone, and another port of the template's server", func(c *capturetest.Capture) {
			refuse(c, phone, 1)
		}, []string{"incoming_call=192.168.40.207:8080/mac=$mac"}, []string{"refused ×1 from 2 of 00:0b:82:12:34:32: 192.168.40.207:80"}},
		{"refused, not: not a phone, and another port of the template's server", func(c *capturetest.Capture) {
			refuse(c, pc, 1)
		}, []string{"incoming_call=192.168.40.207:8080/mac=$mac"}, nil},

		{"unreachable", func(c *capturetest.Capture) {
			event(c)
			retry(c, server, time.Second, 2*time.Second)
		}, nil, []string{"warning unreachable ×1 from 14 of 00:0b:82:12:34:32: 192.168.40.207:80"}},
		{"unreachable: one copy, and the capture goes on", func(c *capturetest.Capture) {
			retry(c, server, time.Second)
			c.Wait(2 * time.Second)
			event(c)
		}, nil, []string{"warning unreachable ×1 from 2 of 00:0b:82:12:34:32: 192.168.40.207:80"}},
		{"unreachable, not: the capture ends too soon", func(c *capturetest.Capture) {
			event(c)
			retry(c, server, time.Second)
		}, nil, nil},
		{"unreachable, not: answered in the end", func(c *capturetest.Capture) {
			event(c)
			k := retry(c, server, time.Second, 2*time.Second)
			k.Client++
			k.Segment(false, layers.TCP{SYN: true, ACK: true, Seq: k.Server, Ack: k.Client}, "")
		}, nil, nil},
		{"unreachable, not: one direction only", func(c *capturetest.Capture) {
			event(c)
			k := retry(c, server, time.Second, 2*time.Second)
			k.Client++
			k.Server++
			k.Push(true, get("/incoming?mac=000b82123432&remote=5003"))
		}, nil, nil},
		{"unreachable, not: each frame is there twice", func(c *capturetest.Capture) {
			event(c)
			retry(c, server, 0)
			c.Wait(10 * time.Second)
			event(c)
		}, nil, nil},
		{"unreachable, not: another server", func(c *capturetest.Capture) {
			event(c)
			retry(c, "192.168.40.99:80", time.Second, 2*time.Second)
		}, nil, nil},

		{"encrypted: a phone and the server of its events", func(c *capturetest.Capture) {
			hello(c, phone, https, "pbx.example.com")
			event(c)
		}, nil, []string{"encrypted ×1 from 4 of 00:0b:82:12:34:32: pbx.example.com at 192.168.40.207:443 (TLS 1.2)"}},
		{"encrypted: another phone, by its frames", func(c *capturetest.Capture) {
			event(c)
			hello(c, "192.168.40.51", https, "")
		}, nil, []string{"encrypted ×1 from 15 of 00:0b:82:12:34:33: 192.168.40.207:443 (TLS 1.2)"}},
		{"encrypted, not: a browser", func(c *capturetest.Capture) {
			event(c)
			hello(c, pc, https, "pbx.example.com")
		}, nil, nil},
		{"encrypted, not: another server", func(c *capturetest.Capture) {
			event(c)
			hello(c, phone, "192.168.40.99:443", "update.example.com")
		}, nil, nil},
		{"encrypted: the name is that of a template", func(c *capturetest.Capture) {
			hello(c, pc, "192.168.40.99:443", "CRM.example.com")
		}, []string{"incoming_call=https://crm.example.com/in?r=$remote"}, []string{"encrypted ×1 from 4 of 192.168.40.10: CRM.example.com at 192.168.40.99:443 (TLS 1.2)"}},
		{"encrypted, not: without a name, and the template has one", func(c *capturetest.Capture) {
			hello(c, pc, "192.168.40.99:443", "")
		}, []string{"incoming_call=https://crm.example.com/in?r=$remote"}, nil},
		{"encrypted: the address is that of a template", func(c *capturetest.Capture) {
			hello(c, pc, https, "")
		}, []string{"incoming_call=https://192.168.40.207/in?r=$remote"}, []string{"encrypted ×1 from 4 of 192.168.40.10: 192.168.40.207:443 (TLS 1.2)"}},
		{"encrypted: a phone speaks TLS alone", func(c *capturetest.Capture) {
			hello(c, phone, https, "")
		}, nil, []string{"encrypted ×1 from 4 of 00:0b:82:12:34:32: 192.168.40.207:443 (TLS 1.2)"}},
		{"encrypted: the handshake fails", func(c *capturetest.Capture) {
			failed(c, phone, https, "\x15\x03\x01\x00\x02\x02\x46")
		}, nil, []string{"error encrypted ×1 from 4 of 00:0b:82:12:34:32: no version in common: the phone offers TLS 1.3 at most (protocol_version from the server): crm.example.com at 192.168.40.207:443"}},
		{"encrypted: the server speaks HTTP", func(c *capturetest.Capture) {
			failed(c, phone, https, "HTTP/1.1 400 Bad Request\r\n\r\n")
		}, nil, []string{"error encrypted ×1 from 4 of 00:0b:82:12:34:32: the server speaks plain HTTP on that port: crm.example.com at 192.168.40.207:443"}},
		{"encrypted: reset in the handshake, and opened at another time", func(c *capturetest.Capture) {
			failed(c, phone, https, "reset")
			hello(c, phone, https, "crm.example.com")
		}, nil, []string{
			"warning encrypted ×1 from 4 of 00:0b:82:12:34:32: the server reset the connection in the handshake: crm.example.com at 192.168.40.207:443",
			"encrypted ×1 from 10 of 00:0b:82:12:34:32: crm.example.com at 192.168.40.207:443 (TLS 1.2)",
		}},
		{"encrypted, not: a browser's handshake fails", func(c *capturetest.Capture) {
			failed(c, pc, https, "reset")
		}, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { checkScene(t, test.make, test.templates, test.want) })
	}
}

// Lookups of a server's name that fail, and what looks like it.
func TestLookups(t *testing.T) {
	const phone, pc, dns = "192.168.40.50", "192.168.40.10", "192.168.40.1"
	const no, fine = layers.DNSResponseCodeNXDomain, layers.DNSResponseCodeNoErr
	q := func(name string) capturetest.Question { return capturetest.Question{ID: 7, Name: name} }
	fail := func(c *capturetest.Capture, who, name string) {
		c.Ask(who+":50000", dns, q(name))
		c.Resolve(who+":50000", dns, q(name), no)
		c.Wait(time.Minute)
	}
	find := func(c *capturetest.Capture, who, name string) {
		c.Ask(who+":50000", dns, q(name))
		c.Resolve(who+":50000", dns, q(name), fine, "192.168.40.207")
		c.Wait(time.Minute)
	}
	event := func(c *capturetest.Capture, who, host string) {
		k := c.Conn(who+":49152", server).Open()
		k.Send("GET /incoming?event=incoming&mac=000b821234" + map[string]string{phone: "32", "192.168.40.51": "33"}[who] + "&remote=5003 HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
		k.Reply(answer).Close()
	}
	crm := []string{"incoming_call=http://crm.example.com:8080/incoming?mac=$mac&remote=$remote"}
	tests := []struct {
		name      string
		templates []string
		make      func(c *capturetest.Capture)
		want      []string
	}{
		{"of a template", crm, func(c *capturetest.Capture) {
			fail(c, phone, "crm.example.com")
			fail(c, phone, "CRM.example.com")
		}, []string{"dns_failure ×2 from 2 of 00:0b:82:12:34:32: crm.example.com (no such name (NXDOMAIN), says 192.168.40.1)"}},
		{"of a template with https", []string{"incoming_call=https://crm.example.com/incoming?mac=$mac"}, func(c *capturetest.Capture) {
			fail(c, phone, "crm.example.com")
		}, []string{"dns_failure ×1 from 2 of 00:0b:82:12:34:32: crm.example.com (no such name (NXDOMAIN), says 192.168.40.1)"}},
		{"of a template, behind a router", crm, func(c *capturetest.Capture) {
			fail(c, "10.0.0.9", "crm.example.com")
		}, []string{"dns_failure ×1 from 2 of 10.0.0.9: crm.example.com (no such name (NXDOMAIN), says 192.168.40.1)"}},
		{"by one who asks on behalf of others", crm, func(c *capturetest.Capture) {
			c.Ask(phone+":50000", dns, q("crm.example.com"))
			c.Ask(dns+":50000", "9.9.9.9", q("crm.example.com"))
			c.Resolve(dns+":50000", "9.9.9.9", q("crm.example.com"), no)
			c.Resolve(phone+":50000", dns, q("crm.example.com"), no)
		}, []string{"dns_failure ×1 from 4 of 00:0b:82:12:34:32: crm.example.com (no such name (NXDOMAIN), says 192.168.40.1)"}},
		{"of a host that takes another phone's events", nil, func(c *capturetest.Capture) {
			event(c, "192.168.40.51", "crm.example.com:80")
			fail(c, phone, "crm.example.com")
			fail(c, pc, "crm.example.com")
		}, []string{"dns_failure ×1 from 13 of 00:0b:82:12:34:32: crm.example.com (no such name (NXDOMAIN), says 192.168.40.1)"}},
		{"of a host that takes the phone's events", nil, func(c *capturetest.Capture) {
			event(c, phone, "crm.example.com")
			fail(c, phone, "crm.example.com")
		}, []string{"warning dns_failure ×1 from 13 of 00:0b:82:12:34:32: crm.example.com (no such name (NXDOMAIN), says 192.168.40.1)"}},
		{"and succeed later", crm, func(c *capturetest.Capture) {
			fail(c, phone, "crm.example.com")
			find(c, phone, "crm.example.com")
		}, []string{"warning dns_failure ×1 from 2 of 00:0b:82:12:34:32: crm.example.com (no such name (NXDOMAIN), says 192.168.40.1)"}},
		{"and succeed at another server", crm, func(c *capturetest.Capture) {
			c.Ask(phone+":50000", dns, q("crm.example.com"))
			c.Wait(5 * time.Second)
			c.Ask(phone+":50000", "192.168.40.2", q("crm.example.com"))
			c.Resolve(phone+":50000", "192.168.40.2", q("crm.example.com"), fine, "192.168.40.207")
		}, nil},
		{"without an answer", crm, func(c *capturetest.Capture) {
			for range 3 {
				c.Ask(phone+":50000", dns, q("crm.example.com"))
				c.Wait(2 * time.Second)
			}
		}, []string{"dns_failure ×1 from 2 of 00:0b:82:12:34:32: crm.example.com (no answer from 192.168.40.1)"}},
		{"of another name, of a phone that announces nothing", crm, func(c *capturetest.Capture) {
			fail(c, phone, "crm.exmaple.com")
		}, []string{"notice dns_failure ×1 from 2 of 00:0b:82:12:34:32: crm.exmaple.com (no such name (NXDOMAIN), says 192.168.40.1)"}},
		{"of another name, of a phone that announces something", nil, func(c *capturetest.Capture) {
			event(c, phone, "crm.example.com")
			fail(c, phone, "0.pool.ntp.org")
		}, nil},
		{"of another name, of none that is a phone", crm, func(c *capturetest.Capture) {
			fail(c, pc, "0.pool.ntp.org")
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { checkScene(t, test.make, test.templates, test.want) })
	}
}

// A heard is a request in a capture of requests: when, which phone, which target.
type heard struct {
	after  time.Duration // the one before
	phone  int           // its address is 192.168.40.50 and so on
	target string        // after "POST ", with a body that follows a space
	answer string        // "" for 200
	server string        // "" for the usual one
}

// speak makes a capture of requests, each on a connection of its own.
func speak(all []heard) []capturetest.Frame {
	c := capturetest.New()
	for i, s := range all {
		c.Wait(s.after)
		k := c.Conn(fmt.Sprintf("192.168.40.%d:%d", 50+s.phone, 49152+i), cmp.Or(s.server, server)).Open()
		if posted, ok := strings.CutPrefix(s.target, "POST "); ok {
			target, body, _ := strings.Cut(posted, " ")
			k.Send(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: 192.168.40.207\r\nContent-Length: %d\r\n\r\n%s", target, len(body), body))
		} else {
			k.Send("GET " + s.target + " HTTP/1.1\r\nHost: 192.168.40.207\r\n\r\n")
		}
		switch s.answer {
		case "":
			k.Reply(answer)
		case "none":
		default:
			k.Reply("HTTP/1.1 " + s.answer + " x\r\nContent-Length: 0\r\n\r\n")
		}
	}
	return c.Frames
}

// TestHistory shows what is found of events together, and what looks like it
// and is none. A request and its answer are seven frames.
func TestHistory(t *testing.T) {
	const second = time.Second
	call := func(slug, id string) string {
		return "/" + slug + "?mac=000b82123432&remote=4930123456&call-id=" + id
	}
	plain := func(slug string) string { return "/" + slug + "?mac=000b82123432" }
	poly := func(reference string) string {
		return "POST /pa <CallStateChangeEvent CallReference='" + reference + "' CallState='Disconnected'><MACAddress>0004f2123432</MACAddress></CallStateChangeEvent>"
	}
	tests := []struct {
		name string
		said []heard
		want []string
	}{
		{"repeated: of a call with an id", []heard{{0, 0, call("missed_call", "a@b"), "", ""}, {5 * second, 0, call("missed_call", "a@b"), "", ""}}, []string{"11 repeated"}},
		{"repeated: at once", []heard{{0, 0, plain("off_hook"), "", ""}, {second / 2, 0, plain("off_hook"), "", ""}}, []string{"11 repeated"}},
		{"repeated: as the server did not take it", []heard{{0, 0, plain("off_hook"), "503", ""}, {5 * second, 0, plain("off_hook"), "", ""}}, []string{"4 http_error", "11 repeated"}},
		{"repeated, not: it may have happened again", []heard{{0, 0, plain("off_hook"), "", ""}, {5 * second, 0, plain("off_hook"), "", ""}}, nil},
		{"repeated, not: held again, and what came between is not announced", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {second, 0, call("established_call", "a@b"), "", ""},
			{second, 0, call("hold_call", "a@b"), "", ""}, {5 * second, 0, call("hold_call", "a@b"), "", ""}}, nil},
		{"repeated, not: after 10 s", []heard{{0, 0, call("missed_call", "a@b"), "", ""}, {11 * second, 0, call("missed_call", "a@b"), "", ""}}, nil},
		{"repeated, not: the clock was set back in between", []heard{{0, 0, plain("off_hook"), "", ""}, {-3600 * second, 0, plain("off_hook"), "", ""}}, nil},
		{"repeated, not: another call", []heard{{0, 0, call("missed_call", "a@b"), "", ""}, {second, 0, call("missed_call", "c@d"), "", ""}}, nil},
		{"repeated, not: to another server", []heard{
			{0, 0, call("missed_call", "a@b"), "", ""}, {second / 2, 0, call("missed_call", "a@b"), "", "192.168.40.208:80"}}, nil},
		{"repeated: posted again", []heard{{0, 0, poly("41aa9c00"), "", ""}, {second / 2, 0, poly("41aa9c00"), "", ""}}, []string{"11 repeated"}},
		{"repeated, not: another call that is posted", []heard{{0, 0, poly("41aa9c00"), "", ""}, {second / 2, 0, poly("41aa9d00"), "", ""}}, nil},
		{"repeated, not: another phone without a name", []heard{{0, 1, "/off_hook?local=1&language=en", "", ""}, {second / 2, 2, "/off_hook?local=1&language=en", "", ""}}, nil},
		{"repeated, not: answered and established are a pair", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("answered_call", "a@b"), "", ""}, {0, 0, call("established_call", "a@b"), "", ""}}, nil},
		{"repeated, not: which event it is is not known", []heard{{0, 0, "/mac=000b82123432&local=1", "", ""}, {second / 2, 0, "/mac=000b82123432&local=1", "", ""}}, nil},

		{"fan_out: a group rings", []heard{
			{0, 0, "/incoming?mac=000b82123432&remote=4930123456", "", ""}, {second / 5, 1, "/incoming?mac=000b82123433&remote=4930123456", "", ""},
			{second / 5, 2, "/incoming?mac=000b82123434&remote=4930123456", "", ""}}, []string{"11 fan_out", "18 fan_out"}},
		{"fan_out: by the call id", []heard{
			{0, 0, "/incoming?mac=000b82123432&call-id=a@b", "", ""}, {second, 1, "/incoming?mac=000b82123433&call-id=a@b", "", ""}}, []string{"11 fan_out"}},
		{"fan_out, not: a phone's own numbers of its calls", []heard{
			{0, 0, "/incoming?mac=249ad8123432&call_id=33093", "", ""}, {second, 1, "/incoming?mac=249ad8123433&call_id=33093", "", ""}}, nil},
		{"fan_out, not: callers without a number", []heard{
			{0, 0, "/incoming?mac=000b82123432&remote=anonymous", "", ""}, {second, 1, "/incoming?mac=000b82123433&remote=anonymous", "", ""}}, nil},
		{"fan_out, not: the caller tries another phone", []heard{
			{0, 0, "/incoming?mac=000b82123432&remote=4930123456", "", ""}, {20 * second, 1, "/incoming?mac=000b82123433&remote=4930123456", "", ""}}, nil},
		{"fan_out, not: the clock was set back in between", []heard{
			{0, 0, "/incoming?mac=000b82123432&remote=4930123456", "", ""}, {-3600 * second, 1, "/incoming?mac=000b82123433&remote=4930123456", "", ""}}, nil},
		{"fan_out, not: one phone, two calls", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {second, 0, call("incoming_call", "c@d"), "", ""}}, nil},

		{"register_flood: the fifth within ten minutes", []heard{
			{0, 0, plain("register_failed"), "", ""}, {30 * second, 0, plain("register_failed"), "", ""}, {30 * second, 0, plain("register_failed"), "", ""},
			{30 * second, 0, plain("register_failed"), "", ""}, {30 * second, 0, plain("register_failed"), "", ""}}, []string{"32 register_flood"}},
		{"register_flood, not: it registered between", []heard{
			{0, 0, plain("register_failed"), "", ""}, {30 * second, 0, plain("register_failed"), "", ""}, {30 * second, 0, plain("register_failed"), "", ""},
			{30 * second, 0, plain("registered"), "", ""}, {30 * second, 0, plain("register_failed"), "", ""}, {30 * second, 0, plain("register_failed"), "", ""}}, nil},
		{"register_flood, not: once in a while", []heard{
			{0, 0, plain("register_failed"), "", ""}, {300 * second, 0, plain("register_failed"), "", ""}, {300 * second, 0, plain("register_failed"), "", ""},
			{300 * second, 0, plain("register_failed"), "", ""}, {300 * second, 0, plain("register_failed"), "", ""}}, nil},

		{"out_of_order: an answer before the ringing", []heard{
			{0, 0, call("established_call", "a@b"), "", ""}, {second / 2, 0, call("incoming_call", "a@b"), "", ""}}, []string{"11 out_of_order"}},
		{"out_of_order: on hold behind the end", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {second, 0, call("established_call", "a@b"), "", ""},
			{10 * second, 0, call("terminated_call", "a@b"), "", ""}, {second / 2, 0, call("hold_call", "a@b"), "", ""}}, []string{"25 out_of_order"}},
		{"out_of_order, not: nothing shows that it is one call", []heard{
			{0, 0, plain("established_call"), "", ""}, {second / 2, 0, plain("incoming_call"), "", ""}}, nil},
		{"out_of_order, not: the end is announced in two ways", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {9 * second, 0, call("missed_call", "a@b"), "", ""}, {second / 2, 0, call("terminated_call", "a@b"), "", ""}}, nil},
		{"out_of_order, not: joined in the middle", []heard{
			{0, 0, call("resume_call", "a@b"), "", ""}, {second, 0, call("hold_call", "a@b"), "", ""}, {second, 0, call("terminated_call", "a@b"), "", ""}}, nil},
		{"out_of_order, not: a phone's number is used again", []heard{
			{0, 0, call("incoming_call", "33093"), "", ""}, {second, 0, call("established_call", "33093"), "", ""}, {second, 0, call("terminated_call", "33093"), "", ""},
			{60 * second, 0, call("incoming_call", "33093"), "", ""}}, nil},

		{"missing_event: it is idle, and did not say that the call is over", []heard{
			{0, 0, call("incoming_call", "c@d"), "", ""}, {9 * second, 0, call("terminated_call", "c@d"), "", ""},
			{60 * second, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""}, {60 * second, 0, plain("busy_to_idle"), "", ""}},
			[]string{"missing_event ×1 from 32 of 00:0b:82:12:34:32: terminated_call"}},
		{"missing_event: resumed, and did not say that it was held", []heard{
			{0, 0, call("hold_call", "c@d"), "", ""}, {9 * second, 0, call("terminated_call", "c@d"), "", ""},
			{60 * second, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""}, {9 * second, 0, call("resume_call", "a@b"), "", ""},
			{9 * second, 0, call("terminated_call", "a@b"), "", ""}},
			[]string{"missing_event ×1 from 32 of 00:0b:82:12:34:32: hold_call"}},
		{"missing_event: it talks in another call, and did not say that this one is held or over", []heard{
			{0, 0, call("incoming_call", "c@d"), "", ""}, {2 * second, 0, call("established_call", "c@d"), "", ""}, {2 * second, 0, call("hold_call", "c@d"), "", ""},
			{9 * second, 0, call("terminated_call", "c@d"), "", ""}, {60 * second, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""},
			{60 * second, 0, call("incoming_call", "e@f"), "", ""}, {2 * second, 0, call("established_call", "e@f"), "", ""}},
			[]string{"missing_event ×1 from 53 of 00:0b:82:12:34:32: terminated_call"}},
		{"missing_event, not: it is held", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""}, {60 * second, 0, call("hold_call", "a@b"), "", ""},
			{0, 0, call("incoming_call", "e@f"), "", ""}, {2 * second, 0, call("established_call", "e@f"), "", ""}, {9 * second, 0, call("terminated_call", "e@f"), "", ""}}, nil},
		{"missing_event, not: the phone does not announce holding", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""},
			{60 * second, 0, call("incoming_call", "e@f"), "", ""}, {2 * second, 0, call("established_call", "e@f"), "", ""}, {9 * second, 0, call("terminated_call", "e@f"), "", ""}}, nil},
		{"missing_event, not: it is announced after the other", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""},
			{60 * second, 0, call("incoming_call", "e@f"), "", ""}, {2 * second, 0, call("established_call", "e@f"), "", ""}, {second / 2, 0, call("hold_call", "a@b"), "", ""},
			{9 * second, 0, call("terminated_call", "e@f"), "", ""}}, nil},
		{"missing_event, not: only one of them has an id", []heard{
			{0, 0, call("hold_call", "c@d"), "", ""}, {9 * second, 0, call("terminated_call", "c@d"), "", ""},
			{60 * second, 0, plain("incoming_call"), "", ""}, {2 * second, 0, plain("established_call"), "", ""},
			{60 * second, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""},
			{60 * second, 0, plain("incoming_call"), "", ""}, {2 * second, 0, plain("established_call"), "", ""}}, nil},
		{"missing_event, not: the phone announces no call's end, nor of holding", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""}, {9 * second, 0, call("resume_call", "a@b"), "", ""},
			{60 * second, 0, plain("busy_to_idle"), "", ""}}, nil},
		{"missing_event, not: the capture ends in the call", []heard{
			{0, 0, call("incoming_call", "c@d"), "", ""}, {9 * second, 0, call("terminated_call", "c@d"), "", ""},
			{0, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""}}, nil},
		{"missing_event, not: the capture begins in the call", []heard{
			{0, 0, call("hold_call", "c@d"), "", ""}, {9 * second, 0, call("terminated_call", "c@d"), "", ""},
			{0, 0, call("resume_call", "a@b"), "", ""}, {9 * second, 0, plain("busy_to_idle"), "", ""}}, nil},
		{"missing_event, not: the capture begins when it is answered", []heard{
			{0, 0, call("incoming_call", "c@d"), "", ""}, {9 * second, 0, call("terminated_call", "c@d"), "", ""},
			{60 * second, 0, call("established_call", "a@b"), "", ""}, {60 * second, 0, plain("busy_to_idle"), "", ""}}, nil},
		{"missing_event, not: the end is announced late", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""}, {60 * second, 0, plain("busy_to_idle"), "", ""},
			{second / 2, 0, call("terminated_call", "a@b"), "", ""}}, nil},
		{"missing_event, not: it was passed on", []heard{
			{0, 0, call("hold_call", "c@d"), "", ""}, {9 * second, 0, call("terminated_call", "c@d"), "", ""},
			{0, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""}, {9 * second, 0, call("blind_transfer", "a@b"), "", ""},
			{9 * second, 0, plain("busy_to_idle"), "", ""}}, nil},
		{"missing_event, not: it was never answered", []heard{
			{0, 0, call("outgoing_call", "a@b"), "", ""}, {20 * second, 0, plain("busy_to_idle"), "", ""}}, nil},

		{"duration_mismatch", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""},
			{60 * second, 0, call("terminated_call", "a@b") + "&duration=65", "", ""}}, []string{"18 duration_mismatch"}},
		{"duration_mismatch, not: within 2 s", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""},
			{60 * second, 0, call("terminated_call", "a@b") + "&duration=61", "", ""}}, nil},
		{"duration_mismatch, not: without the time on hold", []heard{
			{0, 0, call("incoming_call", "a@b"), "", ""}, {2 * second, 0, call("established_call", "a@b"), "", ""},
			{10 * second, 0, call("hold_call", "a@b"), "", ""}, {30 * second, 0, call("resume_call", "a@b"), "", ""},
			{20 * second, 0, call("terminated_call", "a@b") + "&duration=30", "", ""}}, nil},
		{"duration_mismatch, not: the server kept the phone waiting", []heard{
			{0, 0, call("incoming_call", "a@b"), "none", ""}, {9 * second, 0, call("established_call", "a@b"), "", ""},
			{60 * second, 0, call("terminated_call", "a@b") + "&duration=67", "", ""}}, []string{"4 no_response"}},
		{"duration_mismatch, not: joined in the middle", []heard{
			{0, 0, call("hold_call", "a@b"), "", ""}, {9 * second, 0, call("terminated_call", "a@b") + "&duration=600", "", ""}}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := gocmp.Diff(test.want, findings(t, decode.Analysis{}, speak(test.said))); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// TestTemplates shows what is found of templates.
func TestTemplates(t *testing.T) {
	const mac = "mac=000b82123432"
	busy := []heard{
		{0, 0, "/busy?" + mac, "", ""}, {20 * time.Second, 0, "/busy?" + mac, "", ""}, {20 * time.Second, 0, "/busy?" + mac, "", ""},
	}
	known := []string{"idle_to_busy=192.168.40.207/busy?mac=$mac", "busy_to_idle=192.168.40.207/idle?mac=$mac"}
	long := strings.Repeat("x", 250)
	tests := []struct {
		name      string
		said      []heard
		templates []string
		profiled  bool
		want      []string
	}{
		{"never_sent", busy, known, true, []string{"never_sent ×1 of 00:0b:82:12:34:32: busy_to_idle"}},
		{"never_sent, not: it has no template", busy, known[:1], true, nil},
		{"never_sent, not: too few to know", busy[:2], known, true, nil},
		{"never_sent, not: by https it cannot be seen", busy, []string{known[0], "busy_to_idle=https://192.168.40.207/idle?mac=$mac"}, true, nil},
		{"never_sent, not: it may be one of those that are ambiguous", busy, []string{"idle_to_busy=192.168.40.207/busy?mac=$mac", "busy_to_idle=192.168.40.207/busy?mac=$mac"}, true,
			[]string{"4 ambiguous_templates", "11 ambiguous_templates", "18 ambiguous_templates"}},

		{"never_sent, not: it may be one of those that are announced together", append(slices.Clone(busy), heard{20 * time.Second, 0, "/end?" + mac, "", ""}),
			[]string{known[0], "busy_to_idle=192.168.40.207/end?mac=$mac", "unregistered=192.168.40.207/end?mac=$mac"}, true, []string{"25 ambiguous_templates"}},
		{"unknown_template", []heard{{0, 0, "/in?remote=5003&" + mac, "", ""}}, known, true, []string{"4 unknown_template"}},
		{"unknown_template, not: there is no profile", []heard{{0, 0, "/in?remote=5003&" + mac, "", ""}}, known, false, nil},
		{"unknown_template, not: another server's", []heard{{0, 0, "/in?remote=5003&" + mac, "", ""}}, []string{"idle_to_busy=192.168.40.208/busy?mac=$mac"}, true, nil},
		{"unknown_template, not: it is explained", busy[:1], known, true, nil},

		{"too_long: for the phones that were seen", busy[:1], append(known, "hold_call=192.168.40.207/"+long), true, []string{"too_long ×1: 265 bytes of 256"}},
		{"too_long, not: no phone of such a vendor", nil, append(known, "hold_call=192.168.40.207/"+long), true, nil},

		{"secret_in_url: before the host", nil, []string{"hold_call=http://user:geheim@192.168.40.207/hold"}, true, []string{"secret_in_url ×1: a password before the host"}},
		{"secret_in_url, not: a user alone, and an address in the path", nil, []string{"hold_call=http://user@192.168.40.207/hold?u=a:b@c"}, true, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := findings(t, decode.Analysis{Templates: typed(t, test.templates...), Profiled: test.profiled}, speak(test.said))
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

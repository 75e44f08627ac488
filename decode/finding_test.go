package decode

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket/layers"

	"actionurl/capture/capturetest"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
)

// findings returns what is found in a capture: for each record that has some a
// line with its frame, then those of no single request.
func findings(t *testing.T, c Config, frames []capturetest.Frame) []string {
	t.Helper()
	var lines, loose []string
	var tally finding.Tally
	c.ResponseTimeout, c.SlowResponse = 10*time.Second, time.Second
	c.Found = func(o *finding.Occurrence) {
		tally.AddAll(o)
		line := fmt.Sprintf("%s ×%d", o.Kind, o.Times)
		if o.Frame > 0 {
			line += fmt.Sprintf(" from %d", o.Frame)
		}
		if o.Phone != (finding.Phone{}) {
			line += " of " + o.Phone.String()
		}
		for _, s := range tally.Summaries() {
			if s.Kind == o.Kind && s.Details != "" {
				line += ": " + s.Details
			}
		}
		loose = append(loose, line)
	}
	p := New(c, func(r *Record) error {
		if len(r.Findings) > 0 {
			lines = append(lines, fmt.Sprintf("%d %s", r.Frame, strings.Join(finding.SetOf(r.Findings).Slugs(), " ")))
		}
		return nil
	})
	if err := p.Batch(batch(frames)); err != nil {
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
		k := c.Conn(from+":52000", to).Open()
		k.Send(capturetest.ClientHello(name)).Close()
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
		}, nil, []string{"refused ×2 from 2 of 00:0b:82:12:34:32: 192.168.40.207:80"}},
		{"refused, not: nothing tells that the server takes Action URLs", func(c *capturetest.Capture) {
			refuse(c, phone, 1)
		}, nil, nil},
		{"refused: a template tells", func(c *capturetest.Capture) {
			refuse(c, phone, 1)
		}, []string{"incoming_call=192.168.40.207/mac=$mac"}, []string{"refused ×1 from 2 of 192.168.40.50: 192.168.40.207:80"}},
		{"refused, not: another port of the template's server", func(c *capturetest.Capture) {
			refuse(c, phone, 1)
		}, []string{"incoming_call=192.168.40.207:8080/mac=$mac"}, nil},

		{"unreachable", func(c *capturetest.Capture) {
			event(c)
			retry(c, server, time.Second, 2*time.Second)
		}, nil, []string{"unreachable ×1 from 14 of 00:0b:82:12:34:32: 192.168.40.207:80"}},
		{"unreachable: one copy, and the capture goes on", func(c *capturetest.Capture) {
			retry(c, server, time.Second)
			c.Wait(2 * time.Second)
			event(c)
		}, nil, []string{"unreachable ×1 from 2 of 00:0b:82:12:34:32: 192.168.40.207:80"}},
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
		}, nil, []string{"encrypted ×1 from 4 of 00:0b:82:12:34:32: pbx.example.com at 192.168.40.207:443"}},
		{"encrypted: another phone, by its frames", func(c *capturetest.Capture) {
			event(c)
			hello(c, "192.168.40.51", https, "")
		}, nil, []string{"encrypted ×1 from 15 of 00:0b:82:12:34:33: 192.168.40.207:443"}},
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
		}, []string{"incoming_call=https://crm.example.com/in?r=$remote"}, []string{"encrypted ×1 from 4 of 192.168.40.10: CRM.example.com at 192.168.40.99:443"}},
		{"encrypted, not: without a name, and the template has one", func(c *capturetest.Capture) {
			hello(c, pc, "192.168.40.99:443", "")
		}, []string{"incoming_call=https://crm.example.com/in?r=$remote"}, nil},
		{"encrypted: the address is that of a template", func(c *capturetest.Capture) {
			hello(c, pc, https, "")
		}, []string{"incoming_call=https://192.168.40.207/in?r=$remote"}, []string{"encrypted ×1 from 4 of 192.168.40.10: 192.168.40.207:443"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := capturetest.New()
			test.make(c)
			got := findings(t, Config{Templates: typed(t, test.templates...)}, c.Frames)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

package dns_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture/capturetest"
	"actionurl/decode/dns"
	"actionurl/decode/packet"
)

const (
	phone  = "192.168.40.50:40000"
	first  = "192.168.40.1"
	second = "192.168.40.2"
)

// lookups returns what a Reader makes of the datagrams of a capture.
func lookups(c *capturetest.Capture) []string {
	lines := []string{}
	r := dns.NewReader(func(l *dns.Lookup) {
		lines = append(lines, fmt.Sprintf("%d %s of %v (%v) at %v: %v", l.Frame, l.Name, l.Client, l.ClientMAC, l.Server, l.Outcome))
	})
	d := packet.NewDecoder(func(*packet.Segment) {}, packet.Config{Datagram: r.Datagram})
	b := capturetest.Batch("test.pcap", c.Frames)
	for i := range b.Frames {
		d.Decode(&b.Frames[i])
	}
	return lines
}

func TestReader(t *testing.T) {
	v4 := capturetest.Question{ID: 7, Name: "CRM.example.com"}
	v6 := capturetest.Question{ID: 8, Name: "crm.example.com", IPv6: true}
	const (
		no      = layers.DNSResponseCodeNXDomain
		failure = layers.DNSResponseCodeServFail
		fine    = layers.DNSResponseCodeNoErr
	)
	of := func(frame int, outcome string) string {
		return fmt.Sprintf("%d crm.example.com of 192.168.40.50 (00:0b:82:12:34:32) at 192.168.40.1: %s", frame, outcome)
	}
	tests := []struct {
		name   string
		script func(*capturetest.Capture)
		want   []string
	}{
		{"found", func(c *capturetest.Capture) {
			c.Ask(phone, first, v4)
			c.Resolve(phone, first, v4, fine, "192.168.40.207")
		}, nil},
		{"no such name", func(c *capturetest.Capture) {
			c.Ask(phone, first, v4)
			c.Resolve(phone, first, v4, no)
		}, []string{of(2, "no such name (NXDOMAIN)")}},
		{"no such name, asked for both addresses, in a capture with each frame twice", func(c *capturetest.Capture) {
			c.Ask(phone, first, v4)
			c.Ask(phone, first, v6)
			c.Resolve(phone, first, v4, no)
			c.Resolve(phone, first, v4, no)
			c.Resolve(phone, first, v6, no)
		}, []string{of(3, "no such name (NXDOMAIN)")}},
		{"twice", func(c *capturetest.Capture) {
			for range 2 {
				c.Ask(phone, first, v4)
				c.Resolve(phone, first, v4, no)
				c.Wait(time.Minute)
			}
		}, []string{of(2, "no such name (NXDOMAIN)"), of(4, "no such name (NXDOMAIN)")}},
		{"no answer", func(c *capturetest.Capture) {
			for range 3 {
				c.Ask(phone, first, v4)
				c.Wait(3 * time.Second)
			}
		}, []string{of(2, "no answer")}},
		{"no answer to either query", func(c *capturetest.Capture) {
			for range 2 {
				c.Ask(phone, first, v4)
				c.Ask(phone, first, v6)
				c.Wait(3 * time.Second)
			}
		}, []string{of(3, "no answer")}},
		{"no answer, the query captured twice", func(c *capturetest.Capture) {
			c.Ask(phone, first, v4)
			c.Ask(phone, first, v4)
		}, nil},
		{"another query, when the address is too old", func(c *capturetest.Capture) {
			c.Ask(phone, first, v4)
			c.Wait(3 * time.Second)
			c.Ask(phone, first, capturetest.Question{ID: 9, Name: "crm.example.com"})
		}, nil},
		{"the first server does not answer, the second does", func(c *capturetest.Capture) {
			c.Ask(phone, first, v4)
			c.Wait(5 * time.Second)
			c.Ask(phone, second, v4)
			c.Resolve(phone, second, v4, fine, "192.168.40.207")
		}, []string{of(2, "no answer"), strings.Replace(of(3, "found"), first, second, 1)}},
		{"the first server does not answer, the second knows no such name", func(c *capturetest.Capture) {
			c.Ask(phone, first, v4)
			c.Wait(5 * time.Second)
			c.Ask(phone, second, v4)
			c.Resolve(phone, second, v4, no)
		}, []string{of(2, "no answer"), strings.Replace(of(3, "no such name (NXDOMAIN)"), first, second, 1)}},
		{"found after a minute", func(c *capturetest.Capture) {
			c.Ask(phone, first, v4)
			c.Resolve(phone, first, v4, failure)
			c.Wait(time.Minute)
			c.Ask(phone, first, v4)
			c.Resolve(phone, first, v4, fine, "192.168.40.207")
		}, []string{of(2, "server failure (SERVFAIL)"), of(4, "found")}},
		{"no IPv6 address", func(c *capturetest.Capture) {
			c.Ask(phone, first, v4)
			c.Ask(phone, first, v6)
			c.Resolve(phone, first, v4, fine, "192.168.40.207")
			c.Resolve(phone, first, v6, fine)
		}, nil},
		{"a failure for IPv6 alone", func(c *capturetest.Capture) {
			c.Ask(phone, first, v4)
			c.Ask(phone, first, v6)
			c.Resolve(phone, first, v4, fine, "192.168.40.207")
			c.Resolve(phone, first, v6, failure)
		}, nil},
		{"no IPv4 address", func(c *capturetest.Capture) {
			c.Ask(phone, first, v4)
			c.Resolve(phone, first, v4, fine)
		}, []string{of(2, "no address")}},
		{"the query is not captured", func(c *capturetest.Capture) {
			c.Resolve(phone, first, v4, layers.DNSResponseCodeRefused)
		}, []string{"1 crm.example.com of 192.168.40.50 (00:00:00:00:00:00) at 192.168.40.1: refused (REFUSED)"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := capturetest.New()
			test.script(c)
			if diff := cmp.Diff(append([]string{}, test.want...), lookups(c)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is no query for the address of a host, or is damaged, is left out.
func TestOthers(t *testing.T) {
	m := layers.DNS{ID: 7, QR: true, ResponseCode: layers.DNSResponseCodeNXDomain,
		Questions: []layers.DNSQuestion{{Name: []byte("crm.example.com"), Type: layers.DNSTypeA, Class: layers.DNSClassIN}}}
	whole := string(capturetest.Serialize(&m))
	send := func(payload string) []string {
		c := capturetest.New()
		c.Datagram(first+":53", phone, payload)
		return lookups(c)
	}
	if got := send(whole); len(got) != 1 {
		t.Fatalf("the whole: %q", got)
	}
	for n := range whole {
		if got := send(whole[:n]); len(got) > 0 {
			t.Errorf("%d bytes of it: %q", n, got)
		}
	}
	change := func(at int, b ...byte) string { return whole[:at] + string(b) + whole[at+len(b):] }
	for name, payload := range map[string]string{
		"a query to it":          change(2, 0x01),
		"a notification":         change(2, 0xa0),
		"two questions":          change(5, 2),
		"a pointer for a name":   change(12, 0xc0, 0x0c),
		"a name with a blank":    change(13, ' '),
		"the root":               whole[:12] + "\x00\x00\x01\x00\x01",
		"a service":              change(len(whole)-3, 33),
		"another class":          change(len(whole)-1, 3),
		"an error of the format": change(3, 1),
		"it goes on over TCP":    change(2, 0x82, 0),
		"a name of 300 bytes":    whole[:12] + strings.Repeat("\x09123456789", 30) + "\x00\x00\x01\x00\x01",
	} {
		if got := send(payload); len(got) > 0 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// FuzzReader compares what is read with gopacket.
func FuzzReader(f *testing.F) {
	for _, code := range []layers.DNSResponseCode{layers.DNSResponseCodeNoErr, layers.DNSResponseCodeNXDomain} {
		c := capturetest.New()
		c.Resolve(phone, first, capturetest.Question{ID: 7, Name: "crm.example.com"}, code)
		f.Add(c.Frames[0].Data[42:])
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var got []dns.Lookup
		r := dns.NewReader(func(l *dns.Lookup) { got = append(got, *l) })
		from, to := packet.EndpointOf(netip.MustParseAddrPort(first+":53")), packet.EndpointOf(netip.MustParseAddrPort(phone))
		r.Datagram(&packet.Datagram{Origin: packet.Origin{Time: 1772438400e9}, Src: from, Dst: to, Payload: payload})
		if len(got) == 0 {
			return
		}
		var m layers.DNS
		if err := m.DecodeFromBytes(payload, gopacket.NilDecodeFeedback); err != nil && len(m.Questions) == 0 {
			return // gopacket reads all of a message, or nothing
		}
		if name := strings.ToLower(string(m.Questions[0].Name)); len(got) != 1 || got[0].Name != name || !m.QR {
			t.Errorf("%+v, gopacket reads %s", got, name)
		}
	})
}

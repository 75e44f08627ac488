package decode

import (
	"fmt"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"actionurl/capture/capturetest"
)

// TestSilentPhones shows which ends are phones although they announce nothing.
func TestSilentPhones(t *testing.T) {
	const pbx, phone, other, far = "192.168.40.10:5060", "192.168.40.50:5060", "192.168.40.51:5060", "192.168.40.20:5060"
	register := func(c *capturetest.Capture, from, user string) {
		s := c.SIPCall(from, pbx, "<sip:"+user+"@pbx>", "<sip:"+user+"@pbx>", user)
		s.Request(true, "REGISTER", "").Respond(false, 200, "REGISTER", "")
	}
	call := func(c *capturetest.Capture, from, to, caller, callee, id string) {
		c.SIPCall(from, to, "<sip:"+caller+"@pbx>", "<sip:"+callee+"@pbx>", id).Request(true, "INVITE", "").Respond(false, 486, "INVITE", "")
	}
	for _, test := range []struct {
		name string
		make func(*capturetest.Capture)
		want []string
	}{
		{"one that registers", func(c *capturetest.Capture) { register(c, far, "101") }, []string{"192.168.40.20 101"}},
		{"one that is called, with a phone's frames", func(c *capturetest.Capture) {
			call(c, pbx, phone, "5001", "101", "a")
			call(c, phone, pbx, "101", "5001", "b")
			call(c, pbx, far, "101", "5001", "c")
		}, []string{"192.168.40.50 101"}},
		{"one that fetches its settings", func(c *capturetest.Capture) {
			c.Conn("192.168.40.20:50000", "192.168.40.207:80").Open().
				Send("GET /805ec0aabbcc.cfg HTTP/1.1\r\nUser-Agent: Yealink SIP-T46S 66.85.0.5 80:5e:c0:aa:bb:cc\r\n\r\n").Close()
		}, []string{"192.168.40.20"}},
		{"those that are called and only answer; not a PBX that speaks for several", func(c *capturetest.Capture) {
			call(c, pbx, phone, "5001", "101", "a")
			call(c, pbx, other, "5002", "102", "b")
		}, []string{"192.168.40.50 101", "192.168.40.51 102"}},
		{"one that speaks TLS alone", func(c *capturetest.Capture) {
			c.Conn("192.168.40.50:50000", "192.168.40.207:443").Open().OpenTLS("crm.example.com").Close()
		}, []string{"192.168.40.50"}},
		{"not: a browser that speaks TLS", func(c *capturetest.Capture) {
			c.Conn("192.168.40.20:50000", "192.168.40.207:443").Open().OpenTLS("crm.example.com").Close()
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := capturetest.New()
			test.make(c)
			p := New(Config{Wire: Wire{ResponseTimeout: 10 * time.Second}}, func(*Record) error { return nil })
			if err := p.Batch(batch(c.Frames)); err != nil {
				t.Fatal(err)
			}
			if err := p.Flush(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, phone := range p.Phones() {
				got = append(got, strings.TrimSpace(fmt.Sprint(phone.Addresses[0], " ", strings.Join(phone.Accounts, " "))))
				if !phone.Silent || phone.Events > 0 {
					t.Errorf("%+v", phone)
				}
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

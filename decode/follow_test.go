package decode

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"actionurl/capture/capturetest"
)

// TestFollowed shows which requests are one event with the one before: sent
// again with credentials, or to where a redirect points.
func TestFollowed(t *testing.T) {
	const event = "/cti?event=incoming&mac=000b82123432&remote=5003"
	challenge := "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"x\"\r\nContent-Length: 0\r\n\r\n"
	to := func(location string) string {
		return "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n"
	}
	get := func(target string, credentials bool) string {
		s := "GET " + target + " HTTP/1.1\r\nHost: 192.168.40.207\r\n"
		if credentials {
			s += "Authorization: Digest username=\"x\"\r\n"
		}
		return s + "\r\n"
	}
	type exchange struct {
		after    time.Duration
		conn     int
		request  string
		response string
	}
	for _, test := range []struct {
		name string
		all  []exchange
		want []string // events, in order: status, then the status as sent where that is another
	}{
		{"a challenge, on the same connection", []exchange{{0, 0, get(event, false), challenge}, {0, 0, get(event, true), answer}}, []string{"200 sent 401", "200 none"}},
		{"a challenge, on the next connection", []exchange{{0, 0, get(event, false), challenge}, {0, 1, get(event, true), answer}}, []string{"200 sent 401", "200 none"}},
		{"a challenge, and another event between", []exchange{{0, 0, get(event, false), challenge}, {0, 2, get(event+"&n=2", false), answer}, {0, 1, get(event, true), answer}},
			[]string{"200 sent 401", "200", "200 none"}},
		{"credentials that are refused", []exchange{{0, 0, get(event, false), challenge}, {0, 0, get(event, true), challenge}}, []string{"401 sent 401", "401 none"}},
		{"credentials that are refused once", []exchange{{0, 0, get(event, false), challenge}, {0, 0, get(event, true), challenge}, {0, 0, get(event, true), answer}}, []string{"200 sent 401", "401 none", "200 none"}},
		{"a challenge that is not met", []exchange{{0, 0, get(event, false), challenge}, {0, 0, get(event, false), challenge}}, []string{"401", "401"}},
		{"a challenge that is met too late", []exchange{{0, 0, get(event, false), challenge}, {3 * time.Second, 0, get(event, true), answer}}, []string{"401", "200"}},
		{"another target", []exchange{{0, 0, get(event, false), challenge}, {0, 0, get(event+"1", true), answer}}, []string{"401", "200"}},
		{"a redirect, within the host", []exchange{{0, 0, get("/crm?event=hold", false), to("/crm/?event=hold")}, {0, 0, get("/crm/?event=hold", false), answer}}, []string{"200 sent 302", "200 none"}},
		{"a redirect, to a URL", []exchange{{0, 0, get("/crm?event=hold", false), to("http://192.168.40.207:80/crm/?event=hold")}, {0, 1, get("/crm/?event=hold", false), answer}}, []string{"200 sent 302", "200 none"}},
		{"a redirect that is not followed", []exchange{{0, 0, get("/crm?event=hold", false), to("/crm/?event=hold")}, {0, 0, get("/crm?event=unhold", false), answer}}, []string{"302", "200"}},
		{"a redirect to another host", []exchange{{0, 0, get("/crm?event=hold", false), to("https://crm.example.com/?event=hold")}, {0, 1, get("/?event=hold", false), answer}}, []string{"302", "200"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := capturetest.New()
			conns := map[int]*capturetest.Conn{}
			for _, x := range test.all {
				c.Wait(x.after)
				if conns[x.conn] == nil {
					conns[x.conn] = c.Conn(fmt.Sprintf("192.168.40.50:%d", 40000+x.conn), server).Open()
				}
				conns[x.conn].Send(x.request).Reply(x.response)
			}
			var got []string
			p := New(Config{Wire: Wire{ResponseTimeout: 10 * time.Second}}, func(r *Record) error {
				line := fmt.Sprint(r.Status)
				if r.Sent != nil {
					line += fmt.Sprintf(" sent %d", r.Sent.Status)
				}
				if r.Event == nil {
					line += " none"
				}
				got = append(got, line)
				if r.Sent != nil && r.Status == 200 && len(r.Findings) > 0 {
					t.Errorf("findings %v", r.Findings)
				}
				return nil
			})
			if err := p.Batch(batch(c.Frames)); err != nil {
				t.Fatal(err)
			}
			if err := p.Flush(); err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

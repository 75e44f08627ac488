package finding

import (
	"strings"
	"testing"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/phone"
	"actionurl/decode/timeline"
)

// TestExchange shows each finding of a single request, and beside it what looks
// like it and is none.
func TestExchange(t *testing.T) {
	cut := func(x *httpwire.Exchange) { x.Cut = true }
	gap := func(x *httpwire.Exchange) { x.Gap = true }
	latency := func(ms int64) func(*httpwire.Exchange) {
		return func(x *httpwire.Exchange) { x.Latency = ms * 1e6 }
	}
	const incoming = "/incoming?mac=000b82123432&remote=5003"
	yes := []string{"incoming_call=/i?m=$mac&r=$remote&n=$display_remote&p=$phone_ip&d=$duration", "outgoing_call=/o?n=$display_remote"}
	tests := []struct {
		name      string
		x         *httpwire.Exchange
		templates []string
		want      string
	}{
		{"nothing", get(incoming), nil, ""},
		{"no event", get("/favicon.ico", status(404)), nil, ""},

		{"no_response: time-out", get(incoming, unanswered(httpwire.Timeout)), nil, "no_response[timeout]"},
		{"no_response: reset", get(incoming, unanswered(httpwire.ResetByPeer)), nil, "no_response[reset]"},
		{"no_response: closed", get(incoming, unanswered(httpwire.ClosedFirst)), nil, "no_response[closed]"},
		{"no_response, not: one direction, or the capture ends", get(incoming, unanswered(httpwire.NotCaptured)), nil, ""},
		{"no_response, not: there is a hole", get(incoming, unanswered(httpwire.Timeout), gap), nil, "capture_gap"},
		{"capture_gap: the status may be another's", get(incoming, status(404), gap), nil, "capture_gap http_error[404]"},

		{"not_http", get(incoming, unanswered(httpwire.NotHTTP), reply("OK\r\n\x16")), nil, `not_http["OK\r\n\x16" from 192.168.40.207:80]`},

		{"http_error", get(incoming, status(404)), nil, "http_error[404]"},
		{"http_error of a server", get(incoming, status(503)), nil, "http_error[503]"},
		{"redirect", get(incoming, status(301)), nil, "redirect[301]"},
		{"redirect, not: nothing is new", get(incoming, status(304)), nil, ""},
		{"http_error, not", get(incoming, status(204)), nil, ""},
		{"http_error, not: a request without a status line", get(incoming, status(0)), nil, ""},

		{"slow_response", get(incoming, latency(3501)), nil, "slow_response[3.5s]"},
		{"slow_response, not", get(incoming, latency(999)), nil, ""},

		{"cut_head", get(incoming, cut), nil, "cut_head"},
		{"cut_head of no event", get("/favicon.ico", cut), nil, "cut_head"},

		{"unresolved_variable of another family", get("/incoming?ip=$ip&remote=5003", agent(grandstream)), nil, "unresolved_variable[$ip (expected $phone_ip)]"},
		{"unresolved_variable of the other family", get("/incoming?ip=$phone_ip&remote=5003", agent(yealink)), nil, "unresolved_variable[$phone_ip (expected $ip)]"},
		{"unresolved_variable of another generation", get("/hold?remote=5003&id=$call_id", agent(grandstream)), nil, "unresolved_variable[$call_id (expected $call-id)]"},
		{"unresolved_variable that none knows", get("/hold?remote=5003&l=$local_uri", agent(yealink)), nil, "unresolved_variable[$local_uri]"},
		{"unresolved_variable of a phone of no known family", get("/hold?remote=$remote"), nil, "unresolved_variable[$remote]"},
		{"unresolved_variable of an event that is not known", get("/x?remote=$remote", agent(grandstream)), nil, "unresolved_variable[$remote]"},
		{"unresolved_variable, not: there is no far side yet", get("/off-hook?remote=$remote", agent(grandstream)), nil, ""},
		{"unresolved_variable, not: the caller has no name", get("/incoming?remote=5003&n=$display_remote", agent(grandstream)), nil, ""},
		{"escaped_ampersand", get("/incoming?a&amp;remote=5003&amp;local=5001", agent(yealink)), nil, "escaped_ampersand[amp;remote]"},
		{"escaped_ampersand, not: part of a value", get("/incoming?remote=5003&name=A&amp;B&x=1"), nil, ""},
		{"unresolved_variable in braces", get("/incoming?remote=5003&m={mac}&i=${ip}", agent(yealink)), nil, "unresolved_variable[{mac} (expected $mac)] unresolved_variable[${ip} (expected $ip)]"},
		{"unresolved_variable without its last sign", get("/incoming?number=5003&n=$$INCOMINGNAME$"), nil, "unresolved_variable[$$INCOMINGNAME$]"},
		{"unresolved_variable that is escaped", get("/incoming?remote=5003&m=%24mac", agent(yealink)), nil, "unresolved_variable[%24mac (expected $mac)]"},
		{"unresolved_variable, not: a text in braces", get("/incoming?remote=5003&n={x}", agent(yealink)), nil, ""},
		{"unresolved_variable, not: a price", get("/incoming?remote=5003&n=$100"), nil, ""},

		{"empty_variable", get("/incoming?mac=000b82123432&remote="), nil, "empty_variable[remote]"},
		{"empty_variable of a template", get("/i?m=&r=5003&n=&p=192.168.40.50&d="), yes, "empty_variable[mac]"},
		{"empty_variable, not: of the hook", get("/off-hook?mac=000b82123432&remote="), nil, ""},
		{"empty_variable, not: a name", get("/incoming?remote=5003&display_remote="), nil, ""},
		{"empty_variable, not: text of the template", get("/incoming?remote=5003&debug&x="), nil, ""},

		{"bad_value of mac", get("/incoming?mac=reception&remote=5003"), nil, "bad_value[mac=reception]"},
		{"bad_value of duration", get("/terminated?remote=5003&duration=1:02"), nil, "bad_value[duration=1:02]"},
		{"bad_value of phone_ip", get("/incoming?phone_ip=192.168.40&remote=5003"), nil, "bad_value[phone_ip=192.168.40]"},
		{"bad_value of battery", get("/low_battery?mac=000b82123432&battery=101"), nil, "bad_value[battery=101]"},
		{"bad_value, not", get("/low_battery?mac=00-0B-82.12:34:32&battery=19"), nil, ""},

		{"ip_mismatch", get("/incoming?phone_ip=192.168.1.5&remote=5003"), nil, "ip_mismatch[192.168.1.5 from 192.168.40.50]"},
		{"ip_mismatch, not", get("/incoming?phone_ip=192.168.40.50&remote=5003"), nil, ""},
		{"ip_mismatch, not: the sender's is mapped into IPv6", get("/incoming?phone_ip=192.168.40.50&remote=5003", client("::ffff:192.168.40.50")), nil, ""},
		{"ip_mismatch, not: a phone with both versions of IP", get("/incoming?phone_ip=192.168.40.50&remote=5003", client("2001:db8::50")), nil, ""},
		{"ip_mismatch, not: a key that may be anything's", get("/incoming?ip=8.8.8.8&remote=5003"), nil, ""},

		{"mac_mismatch", get("/incoming?mac=000b82999999&remote=5003", agent(grandstream)), nil, "mac_mismatch[00:0b:82:99:99:99 in the URL, 00:0b:82:12:34:32 outside]"},
		{"mac_mismatch, not: spelled in another way", get("/incoming?mac=00:0B:82:12:34:32&remote=5003", agent(grandstream)), nil, ""},

		{"raw_blank", get("/incoming?remote=5003&display_remote=Jane Doe"), nil, "raw_blank[display_remote]"},
		{"raw_blank in a key", get("/incoming?remote=5003&display_remote =Jane"), nil, "raw_blank"},
		{"raw_blank, not: it is escaped", get("/incoming?remote=5003&display_remote=Jane%20Doe"), nil, ""},

		{"raw_plus", get("/incoming?remote=+4930123456&local=1"), nil, "raw_plus[remote]"},
		{"raw_plus of a template", get("/o?n=A+B"), yes, "raw_plus[display_remote]"},
		{"raw_plus, not: it is escaped", get("/incoming?remote=%2B4930123456&x=a+b"), nil, ""},
		{"raw_plus, not: a blank in the template's text", get("/incoming?title=Incoming+call&remote=5003"), nil, ""},

		{"split_value", get("/incoming?remote=5003&display_remote=A&B Ltd&local=1"), nil, "raw_blank[display_remote] split_value[display_remote]"},
		{"split_value of a template", get("/o?n=a=b"), yes, "split_value[display_remote]"},
		{"split_value, not: it is escaped", get("/incoming?remote=5003&display_remote=A%26B&local=1"), nil, ""},
		{"split_value, not: text of the template", get("/incoming?remote=5003&x=YWJj==&flag"), nil, ""},
		{"split_value, not: another template's pairs", get("/o?n=Jane&x=1"), yes, ""},

		{"secret_in_url", get("/incoming?remote=5003&token=T"), nil, "secret_in_url[token]"},
		{"secret_in_url in the path form", get("/password=geheim&remote=5003&local=1"), nil, "secret_in_url[password]"},
		{"secret_in_url by its length", get("/incoming?remote=5003&key=0123456789abcdef"), nil, "secret_in_url[key]"},
		{"secret_in_url before the host of a URL in it", get("/incoming?remote=5003&to=http://user:geheim@10.0.0.1/x"), nil, "secret_in_url[a password before the host]"},
		{"secret_in_url before the host of an escaped URL in it", get("/incoming?remote=5003&to=http%3A%2F%2Fuser%3Ageheim%4010.0.0.1"), nil, "secret_in_url[a password before the host]"},
		{"secret_in_url in an absolute target", get("http://user:geheim@192.168.40.207/incoming?remote=5003"), nil, "secret_in_url[a password before the host]"},
		{"secret_in_url in the host", get("/incoming?remote=5003", func(x *httpwire.Exchange) { x.Host = "user:geheim@192.168.40.207" }), nil, "secret_in_url[a password before the host]"},
		{"secret_in_url, not: a user alone", get("http://user@192.168.40.207/incoming?remote=5003&u=a:b@c"), nil, ""},
		{"bad_value, without what may be a secret after it", get("/i?m=000b82123432&r=5003&n=x&p=192.168.40.50&d=5&token=geheim"), yes, "secret_in_url[token] bad_value[duration=5]"},
		{"bad_value, without what may be a secret behind another separator", get("/i?m=000b82123432&r=5003&n=x&p=192.168.40.50&d=5;token=geheim"), yes, "bad_value[duration=5] split_value[duration]"},
		{"secret_in_url, not: a key of the phone", get("/incoming?remote=5003&key=ASW:33093"), nil, ""},
		{"secret_in_url, not: nothing in it", get("/incoming?remote=5003&token="), nil, ""},
		{"secret_in_url, not: a word that ends so", get("/incoming?remote=5003&monkey=0123456789abcdef&bypass=1"), nil, ""},

		{"too_long", get("/incoming?remote=5003&local="+strings.Repeat("1", 240), agent(grandstream)), nil, "too_long[289 bytes of 256]"},
		{"too_long, not: another family", get("/incoming?remote=5003&local="+strings.Repeat("1", 240), agent(yealink)), nil, ""},
		{"too_long, not: the template is short", get("/o?n="+strings.Repeat("x", 300), agent(grandstream)), yes, ""},

		{"ambiguous_templates", get("/x=000b82123432"), []string{"hold_call=/x=$mac", "resume_call=/x=$mac"}, "ambiguous_templates[hold_call or resume_call]"},
		{"ambiguous_templates, not: none is known", get("/x?mac=000b82123432&local=1"), nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := actionurl.NewDecoder(actionurl.Config{Templates: templates(t, test.templates...)}, phone.NewRegistry())
			c := NewChecker(Config{Slow: 1e9}, phone.NewRegistry())
			e := d.Decode(test.x)
			if strings.Contains(test.name, "no event") == (e != nil) {
				t.Fatalf("event %+v", e)
			}
			if got := render(c.Check(test.x, e, nil, nil)); got != test.want {
				t.Errorf("GET %s\n got %s\nwant %s", test.x.Target, got, test.want)
			}
		})
	}
}

// TestSecretStaysSecret looks for the value of a secret in what is said of it.
func TestSecretStaysSecret(t *testing.T) {
	x := get("/incoming?remote=5003&token=GEHEIM")
	c := NewChecker(Config{}, phone.NewRegistry())
	var tally Tally
	for _, f := range c.Check(x, actionurl.NewDecoder(actionurl.Config{}, phone.NewRegistry()).Decode(x), nil, nil) {
		tally.Add(&f, &Place{})
	}
	all := tally.Summaries()
	if len(all) != 1 || strings.Contains(all[0].Message(), "GEHEIM") || !strings.Contains(all[0].Message(), "token") {
		t.Errorf("%+v", all)
	}
}

func TestCatalog(t *testing.T) {
	slugs := map[string]bool{}
	last := Error
	for _, k := range Kinds() {
		if k.String() == "" || k.Meaning() == "" || k.Hint() == "" || k.Example() == "" || k.Recognized() == "" || k.Silent() == "" || slugs[k.String()] {
			t.Errorf("%d: %q, %q, %q", k, k, k.Meaning(), k.Hint())
		}
		if strings.HasSuffix(k.Meaning(), ".") || strings.HasSuffix(k.Hint(), ".") {
			t.Errorf("%s: a full stop at the end", k)
		}
		if k.Severity() < last {
			t.Errorf("%s is graver than the one before", k)
		}
		last = k.Severity()
		slugs[k.String()] = true
	}
}

func TestCheckAllocs(t *testing.T) {
	x := get("/pbx/event?e=incoming&mac=000b82123432&remote=%2B4930123456&display_remote=J%C3%BCrgen&call-id=3f1c6a2e@192.168.40.10", agent(grandstream))
	e := actionurl.NewDecoder(actionurl.Config{}, phone.NewRegistry()).Decode(x)
	c := NewChecker(Config{Slow: 1e9}, phone.NewRegistry())
	phone := new(timeline.Phone)
	if n := testing.AllocsPerRun(100, func() {
		x.Time += 20e9
		if found := c.Check(x, e, phone, nil); len(found) > 0 {
			t.Fatal(render(found))
		}
	}); n != 0 {
		t.Errorf("%v allocations where nothing is found", n)
	}
	x.Status = 404
	if n := testing.AllocsPerRun(100, func() { c.Check(x, e, phone, nil) }); n != 0 {
		t.Errorf("%v allocations where something is found", n)
	}
}

func BenchmarkCheck(b *testing.B) {
	x := get("/pbx/event?e=incoming&m=000b82123432&r=%2B4930123456&n=J%C3%BCrgen&call-id=3f1c6a2e@192.168.40.10", agent(grandstream))
	e := actionurl.NewDecoder(actionurl.Config{}, phone.NewRegistry()).Decode(x)
	c := NewChecker(Config{Slow: 1e9}, phone.NewRegistry())
	phone := new(timeline.Phone)
	for b.Loop() {
		x.Time += 20e9
		c.Check(x, e, phone, nil)
	}
}

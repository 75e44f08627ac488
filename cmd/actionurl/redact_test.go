package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/files"
	"actionurl/capture/pcapfile"
	"actionurl/report"
	"actionurl/report/formats"
	"actionurl/report/publish"
)

// A plant is values that must not be shown, and a capture that has them wherever a
// sender can put them.
type plant struct {
	rand    *rand.Rand
	c       *capturetest.Capture
	values  []string // in the spelling that is looked for first
	macs    []string // twelve digits
	conns   int
	numbers []string
	names   []string
	secrets []string
	addrs   []string
}

// newPlant plants values, some of which are the beginning of others.
func newPlant(seed uint64) *plant {
	p := &plant{rand: rand.New(rand.NewPCG(seed, 1)), c: capturetest.New()}
	number := fmt.Sprintf("%d%d", 7100+p.rand.IntN(900), 1+p.rand.IntN(9)) // no multiple of ten, as times are
	for strings.Contains(fmt.Sprint(capturetest.Start.UnixNano()), number) {
		number = fmt.Sprintf("%d%d", 7100+p.rand.IntN(900), 1+p.rand.IntN(9))
	}
	p.numbers = []string{number, number + "5", number + "57", "+4930" + number + "66", "0049 30 9" + number}
	stem := "Qu" + strings.Repeat("ix", 1+p.rand.IntN(2)) + "ora"
	p.names = []string{stem, stem + "th", stem + " Zwölfbäum", stem + "th & Vizzini", "Жуковская " + stem}
	for range 3 {
		p.secrets = append(p.secrets, fmt.Sprintf("zk%dw!q", p.rand.IntN(1e6)), fmt.Sprintf("%016x%016x", p.rand.Uint64(), p.rand.Uint64()))
	}
	for i := range 4 {
		p.macs = append(p.macs, fmt.Sprintf("000b82%06x", 0xa00000+p.rand.IntN(0x5fffff)))
		p.addrs = append(p.addrs, fmt.Sprintf("10.%d.%d.%d", 100+p.rand.IntN(150), 100+p.rand.IntN(150), 50+i))
	}
	p.addrs = append(p.addrs, fmt.Sprintf("fd12:3456:789a:%x::77", 0x1000+p.rand.IntN(0xeffe)))
	p.values = slices.Concat(p.numbers, p.names, p.secrets, p.addrs, []string{stem + "-pbx.example.net"})
	return p
}

// of returns one of several.
func of[T any](p *plant, all []T) T { return all[p.rand.IntN(len(all))] }

// spelled returns a value as it may stand in a URL.
func (p *plant) spelled(s string) string {
	switch p.rand.IntN(6) {
	case 0:
		return url.QueryEscape(s)
	case 1:
		return url.PathEscape(s)
	case 2:
		all := ""
		for i := range len(s) {
			all += fmt.Sprintf("%%%02x", s[i])
		}
		return all
	case 3:
		return strings.ToUpper(s)
	case 4:
		return url.QueryEscape(url.QueryEscape(s))
	}
	return strings.ReplaceAll(s, "\n", "")
}

// mac returns a MAC address in one of its spellings.
func (p *plant) mac(m string) string {
	b := []string{m[:2], m[2:4], m[4:6], m[6:8], m[8:10], m[10:]}
	s := of(p, []string{m, strings.Join(b, ":"), strings.Join(b, "-"), m[:4] + "." + m[4:8] + "." + m[8:], m[:6] + "-" + m[6:]})
	if p.rand.IntN(2) == 0 {
		s = strings.ToUpper(s)
	}
	return s
}

// request adds a request of a phone.
func (p *plant) request(phone, server, target, host, agent, more, body string) {
	p.conns++
	k := p.c.Conn(fmt.Sprintf("%s:%d", phone, 40000+p.conns), server+":8088").Open()
	head := "GET "
	if body != "" {
		head, more = "POST ", fmt.Sprintf("%sContent-Length: %d\r\n", more, len(body))
	}
	head += target + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: " + agent + "\r\n" + more + "\r\n" + body
	cut := p.rand.IntN(len(head))
	k.Push(true, head[:cut]) // a value may be split
	k.Send(head[cut:])
	switch p.rand.IntN(4) {
	case 0:
		k.Reply("HTTP/1.1 302 Found\r\nLocation: http://" + of(p, p.addrs[:4]) + "/" + url.PathEscape(of(p, p.names)) + "\r\nContent-Length: 0\r\n\r\n")
	case 1:
		k.Reply("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
	case 2:
		k.Reply("SSH-2.0-" + of(p, p.numbers[:3]) + " of " + p.names[0] + "\r\n")
	default:
		k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	}
	k.Close()
}

// grow adds requests that have the values in targets, bodies and headers.
func (p *plant) grow(n int) {
	events := []string{"incoming", "established", "terminated", "hold", "registered", "missed"}
	for range n {
		i := p.rand.IntN(3)
		m, phone, server := p.macs[i], p.addrs[i], p.addrs[3]
		number, other, name, secret := of(p, p.numbers), of(p, p.numbers), of(p, p.names), of(p, p.secrets)
		callID := number + "-5060-" + strings.ReplaceAll(phone, ".", "-") + "@" + phone
		e := of(p, events)
		host := of(p, []string{server, server + ":8088", p.names[0] + "-pbx.example.net", "admin:" + secret + "@" + server, strings.ReplaceAll(phone, ".", "-") + ".example"})
		agent := of(p, []string{
			"Grandstream Model HW GXP2135 SW 1.0.7.97 DevId " + p.mac(m), "Yealink SIP-T46U 108.86.0.45 " + p.mac(m),
			"Fanvil X5U 2.12.1.5 " + m, "acme/" + number, "phone of " + name + " (" + phone + ")",
		})
		more := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(number+":"+secret)) + "\r\nCookie: sid=" + secret + "; who=" + url.QueryEscape(name) + "\r\n"
		body := ""
		target := of(p, []string{
			"/" + e + "?mac=" + p.mac(m) + "&local=" + p.spelled(number) + "&remote=" + p.spelled(other) + "&display_remote=" + p.spelled(name) + "&call-id=" + p.spelled(callID),
			"/mac=" + p.mac(m) + "&local=sip:" + number + "@" + phone + "&remote=" + p.spelled("sip:"+other+"@"+p.names[0]+"-pbx.example.net") + "&token=" + p.spelled(secret),
			"/pbx/" + p.mac(m) + "/" + e + "/" + p.spelled(number) + "?phone_ip=" + phone + "&password=" + p.spelled(secret) + "&n=" + p.spelled(name),
			"http://" + number + ":" + url.QueryEscape(secret) + "@" + server + "/" + e + "?caller=" + p.spelled("tel:"+other) + "&mac=" + m,
			"/cb?event=" + e + "&mac=" + m + "&first=" + p.spelled(strings.Fields(name)[0]) + "&last=" + p.spelled(strings.Fields(name)[len(strings.Fields(name))-1]) + "&ext" + number + "=1",
			"/" + p.spelled(name) + "/" + e + "?" + p.spelled(number) + "&u=" + base64.StdEncoding.EncodeToString([]byte(name+":"+secret)) + "&mac=" + m,
			"/e?event=" + e + "&mac=" + m + "&to=http%3A%2F%2F" + number + "%3A" + url.QueryEscape(url.QueryEscape(secret)) + "%40" + phone + "%2F" + url.QueryEscape(name),
			"/e?event=" + e + "&mac=" + m + "&ip6=" + p.spelled(p.addrs[4]) + "&at=[" + p.addrs[4] + "]:80&x=ip" + phone + "&y=" + strings.ReplaceAll(phone, ".", "_"),
		})
		switch p.rand.IntN(6) {
		case 0:
			body, more = "event="+e+"&mac="+m+"&caller="+url.QueryEscape(name)+"&number="+other+"&token="+secret, more+"Content-Type: application/x-www-form-urlencoded\r\n"
		case 1:
			body, more = fmt.Sprintf(`{"event":%q,"mac":%q,"callerName":%q,"number":%q,"apikey":%q}`, e, m, name, other, secret), more+"Content-Type: application/json\r\n"
		case 2:
			body, more = "<event><name>"+e+"</name><mac>"+m+"</mac><caller>"+name+"</caller><remote>"+other+"</remote></event>", more+"Content-Type: text/xml\r\n"
		}
		p.request(phone, server, target, host, agent, more, body)
	}
	call := p.c.SIPCall(p.addrs[0]+":5060", p.addrs[3]+":5060", p.numbers[0], `"`+p.names[2]+`" <sip:`+p.numbers[3]+`@`+p.names[0]+`-pbx.example.net>`, p.numbers[0]+"-"+p.names[0]+"@"+p.addrs[0])
	call.Answered()
	refused := p.c.Conn(p.addrs[0]+":50000", p.addrs[3]+":8089")
	refused.Reset(false)
}

// forbidden returns what must not stand in an output, in lower case.
func (p *plant) forbidden() []string {
	var all []string
	add := func(values ...string) {
		for _, v := range values {
			if v = strings.ToLower(v); len(v) > 3 && !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	for _, v := range p.values {
		add(v, url.QueryEscape(v), url.PathEscape(v), strings.Trim(fmt.Sprintf("%q", v), `"`), strings.ReplaceAll(v, ".", "-"), strings.ReplaceAll(v, ".", "_"))
		every := ""
		for i := range len(v) {
			every += fmt.Sprintf("%%%02x", v[i])
		}
		add(every)
	}
	for _, name := range p.names {
		for word := range strings.FieldsSeq(name) {
			add(word)
		}
	}
	for _, m := range p.macs {
		add(m, m[:6]+"-"+m[6:], m[:4]+"."+m[4:8]+"."+m[8:])
		for _, separator := range []string{":", "-", "%3a"} {
			add(strings.Join([]string{m[:2], m[2:4], m[4:6], m[6:8], m[8:10], m[10:]}, separator))
		}
	}
	for _, secret := range p.secrets {
		for _, user := range slices.Concat(p.numbers, p.names) {
			add(base64.StdEncoding.EncodeToString([]byte(user + ":" + secret)))
		}
	}
	return all
}

// packed is base64 in which a page has its data.
var packed = regexp.MustCompile(`[A-Za-z0-9+/]{60,}={0,2}`)

// unpacked returns an output with what is compressed in it.
func unpacked(t *testing.T, out []byte) string {
	var more bytes.Buffer
	rest := packed.ReplaceAllFunc(out, func(text []byte) []byte {
		data, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil {
			return text
		}
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return text
		}
		if _, err := io.Copy(&more, z); err != nil {
			t.Error(err)
		}
		return nil
	})
	return strings.ToLower(string(rest) + more.String())
}

// Nothing that is planted is in any output of any view and format, on standard
// error, in what is sent, or in a message.
func TestRedact(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for seed := range uint64(3) {
		p := newPlant(seed)
		p.grow(120)
		dir := t.TempDir()
		in := func(name string) string { return filepath.Join(dir, name) }
		capture := in(p.numbers[1] + "-" + p.names[1] + "-" + p.macs[0] + ".pcap")
		var pcap bytes.Buffer
		if err := p.c.WritePcap(&pcap); err != nil {
			t.Fatal(err)
		}
		damaged := append(pcap.Bytes(), "\xff\xff\xff\xff half a record"...)
		profile := in(p.macs[1] + ".yaml")
		for name, data := range map[string][]byte{
			capture: damaged, in("key"): []byte("a key of thirty-two bytes, really"),
			profile:        []byte("events:\n  hold_call: \"http://u:" + p.secrets[1] + "@" + p.addrs[3] + "/pbx/$mac/hold/$local?phone_ip=$phone_ip&password=$x&n=$display_remote\"\nphones:\n  " + p.macs[0] + ": {name: \"" + p.names[1] + "\"}\n"),
			in("bad.yaml"): []byte("events:\n  hold_call: [\"10.0.0.1/?x=$remote\", \"" + p.secrets[1] + "\"]\n  \"" + p.names[0] + "\": " + p.numbers[2] + "\n"),
		} {
			if err := os.WriteFile(name, data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		homer, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer homer.Close()
		var commands [][]string
		for _, view := range report.Views() {
			for _, format := range formats.All().Names() {
				commands = append(commands, []string{"analyze", "-v", "--notes", "--view", view, "--format", format, capture})
			}
			commands = append(commands, []string{"analyze", "--redact-key", in("key"), "-p", profile, "--view", view, "--format", "ndjson", capture})
		}
		commands = append(commands,
			[]string{"check", "--notes", capture}, []string{"check", "-p", in("bad.yaml"), capture}, []string{"analyze", "-p", profile, "--format", "html", capture},
			[]string{"analyze", "--format", "ndjson", "--complete", "--columns", "+template,content_type,body_size,other_mac,phone_name,also,user_agent,vars.*", capture},
			[]string{"analyze", "--phone", p.macs[3], capture}, []string{"analyze", "--match", p.names[0], "--event", "dnd_on", capture},
			[]string{"analyze", in(p.numbers[1] + "-none.pcap")}, []string{"analyze", "-o", in(p.names[0] + "/x.csv"), capture},
			[]string{"analyze", "--hep", homer.LocalAddr().String(), "--format", "csv", capture},
			[]string{"learn", capture}, []string{"learn", "-o", "-", capture}, []string{"learn", "--format", "ndjson", "--redact-key", in("key"), capture},
			[]string{"analyze", "-w", in("x.pcapng"), capture}, []string{"frames", capture, "1-9"},
		)
		forbidden := p.forbidden()
		plain, shown := 0, 0
		for _, args := range commands {
			var out, stderr bytes.Buffer
			if slices.Contains(args, "--hep") {
				homer.SetReadDeadline(time.Now().Add(5 * time.Second))
			}
			status := execute(t.Context(), nil, append([]string{args[0], "--redact", "all"}, args[1:]...), strings.NewReader(""), &out, &stderr)
			check := func(what, text string) {
				for _, v := range forbidden {
					if i := strings.Index(text, v); i >= 0 {
						t.Errorf("seed %d, %s (status %d), %s: %q is shown: …%s…", seed, strings.Join(args, " "), status, what, v, text[max(0, i-60):min(len(text), i+len(v)+40)])
						return
					}
				}
			}
			if slices.Contains(args, "--hep") {
				packet := make([]byte, 1<<16)
				n, _, err := homer.ReadFrom(packet)
				for packets := 0; err == nil || packets == 0; packets++ {
					if packets == 0 && err != nil {
						t.Fatal(err)
					}
					check("HEP", strings.ToLower(string(packet[:n])))
					for _, addr := range p.addrs {
						if bytes.Contains(packet[:n], netip.MustParseAddr(addr).AsSlice()) {
							t.Errorf("HEP has the bytes of %s", addr)
						}
					}
					homer.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
					n, _, err = homer.ReadFrom(packet)
				}
			}
			check("standard output", unpacked(t, out.Bytes()))
			check("standard error", unpacked(t, stderr.Bytes()))
			shown += out.Len()
			if args[0] == "frames" || slices.Contains(args, "-w") {
				if status != statusUsage || out.Len() > 0 || !strings.Contains(stderr.String(), "--redact cannot change") {
					t.Errorf("%q: status %d, %s", args, status, stderr.String())
				}
				continue
			}
			var open bytes.Buffer // the values are there without the flag
			execute(context.Background(), nil, args, strings.NewReader(""), &open, &open)
			text := unpacked(t, open.Bytes())
			if slices.ContainsFunc(forbidden, func(v string) bool { return strings.Contains(text, v) }) {
				plain++
			}
		}
		if plain < len(commands)/2 || shown == 0 {
			t.Errorf("%d of %d commands show a value without --redact", plain, len(commands))
		}
	}
}

// write writes the capture of the plant to a file.
func (p *plant) write(t *testing.T, file string) {
	t.Helper()
	var pcap bytes.Buffer
	if err := p.c.WritePcap(&pcap); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pcap.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// absent reports an error where a text has what is forbidden.
func absent(t *testing.T, what, text string, forbidden []string) {
	t.Helper()
	text = strings.ToLower(text)
	for _, v := range forbidden {
		if i := strings.Index(text, v); i >= 0 {
			t.Errorf("%s: %q is shown: …%s…", what, v, text[max(0, i-60):min(len(text), i+len(v)+40)])
			return
		}
	}
}

// What is published, and what lies in the spool, has nothing that is planted; nor has
// a Parquet file, which is read back.
func TestRedactPublished(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	p := newPlant(7)
	p.grow(60)
	dir := t.TempDir()
	file, spool, parquet := filepath.Join(dir, p.numbers[1]+".pcap"), filepath.Join(dir, "spool"), filepath.Join(dir, "x.parquet")
	p.write(t, file)
	url, _ := natsServer(t)
	ctx := t.Context()
	execute := func(args ...string) string {
		var out, stderr bytes.Buffer
		execute(ctx, nil, args, strings.NewReader(""), &out, &stderr)
		return out.String() + stderr.String()
	}
	absent(t, "output", execute("analyze", "--redact", "all", "--publish", url, "--sensor", "hq", "--spool-dir", spool, file), p.forbidden())
	c, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	st, err := js.Stream(t.Context(), publish.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	n := st.CachedInfo().State.LastSeq
	for seq := range n {
		m, err := st.GetMsg(t.Context(), seq+1)
		if err != nil {
			t.Fatal(err)
		}
		absent(t, "message", fmt.Sprintf("%s %v %s", m.Subject, m.Header, m.Data), p.forbidden())
	}
	if n < 60 {
		t.Errorf("%d messages", n)
	}
	ctx, interrupt := context.WithTimeout(ctx, time.Second)
	defer interrupt()
	execute("analyze", "--redact", "all", "--publish", "nats://127.0.0.1:1", "--sensor", "none", "--spool-dir", spool, file) // which waits there
	ctx = t.Context()
	kept := 0
	filepath.WalkDir(spool, func(name string, _ os.DirEntry, _ error) error {
		if data, err := os.ReadFile(name); err == nil {
			kept += len(data)
			absent(t, "spool", name+string(data), p.forbidden())
		}
		return nil
	})
	execute("analyze", "--redact", "all", "--complete", "-o", parquet, file)
	rows := execute("report", "--format", "ndjson", parquet)
	absent(t, "Parquet", rows, p.forbidden())
	if strings.Count(rows, "\n") < 60 {
		t.Errorf("%d rows", strings.Count(rows, "\n"))
	}
}

// Each set replaces what is of it, whatever the others do.
func TestRedactSets(t *testing.T) {
	for seed := range uint64(2) {
		p := newPlant(seed)
		p.grow(150)
		file := filepath.Join(t.TempDir(), "x.pcap")
		p.write(t, file)
		whole := *p
		for set, keep := range map[string]func(*plant){
			"numbers":   func(p *plant) { p.values, p.names, p.secrets, p.macs = p.numbers, nil, nil, nil },
			"names":     func(p *plant) { p.values, p.secrets, p.macs = p.names, nil, nil },
			"secrets":   func(p *plant) { p.values, p.names, p.macs = p.secrets, nil, nil },
			"addresses": func(p *plant) { p.values, p.names, p.secrets = p.addrs, nil, nil },
		} {
			own := whole
			keep(&own)
			for _, format := range []string{"ndjson", "html"} {
				for _, view := range []string{"events", "requests", "calls", "findings"} {
					if format == "html" && view != "events" {
						continue
					}
					var out, stderr bytes.Buffer
					args := []string{"analyze", "-v", "--notes", "--redact", set, "--view", view, "--format", format, file}
					execute(t.Context(), nil, args, strings.NewReader(""), &out, &stderr)
					absent(t, strings.Join(args, " "), unpacked(t, out.Bytes())+stderr.String(), own.forbidden())
				}
			}
		}
	}
}

// redactedKeys are the columns and keys of a plain run that must not be in a redacted one.
var redactedKeys = []string{"src_ip", "dest_ip", "host", "phone_mac", "phone_ip", "call_id", "local", "remote", "display_remote", "phone_name", "other_mac", "addr", "from"}

// Of the captures of testdata, no value of a plain run is in a redacted one, which has
// as many rows of each view; redacting what was saved gives the same as redacting at
// once.
func TestRedactTestdata(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	captures, err := filepath.Glob("../../testdata/*.pcap*")
	if err != nil {
		t.Fatal(err)
	}
	real, err := filepath.Glob("../../testdata/real/*.pcap*")
	if err != nil {
		t.Fatal(err)
	}
	values := 0
	for _, file := range append(captures, real...) {
		output := func(args ...string) (string, string) {
			var out, stderr bytes.Buffer
			execute(t.Context(), nil, args, strings.NewReader(""), &out, &stderr)
			return out.String(), stderr.String()
		}
		saved := filepath.Join(t.TempDir(), "saved.ndjson")
		output("analyze", "--view", "requests", "--complete", "-o", saved, file)
		plain, err := os.ReadFile(saved)
		if err != nil {
			continue // nothing can be read
		}
		var forbidden []string
		for line := range bytes.Lines(plain) {
			var row map[string]any
			if err := json.Unmarshal(line, &row); err != nil {
				t.Fatal(err)
			}
			forbidden = sensitive(row, forbidden)
		}
		values += len(forbidden)
		forbidden = slices.Compact(slices.Sorted(slices.Values(forbidden)))
		check := func(text string, args []string) {
			text = strings.ToLower(text)
			for _, v := range forbidden {
				if i := strings.Index(text, v); i >= 0 {
					t.Errorf("%s, %s: %q is shown: …%s…", file, strings.Join(args, " "), v, text[max(0, i-60):min(len(text), i+len(v)+40)])
					return
				}
			}
		}
		for _, view := range report.Views() {
			args := []string{"analyze", "-v", "--redact", "all", "--view", view, "--format", "ndjson", file}
			out, stderr := output(args...)
			check(out+stderr, args)
			open, _ := output("analyze", "--view", view, "--format", "ndjson", file)
			if a, b := strings.Count(out, "\n"), strings.Count(open, "\n"); a != b {
				t.Errorf("%s: %d rows of %s, %d without --redact", file, a, view, b)
			}
			args[0], args[len(args)-1] = "report", saved
			again, stderr := output(args...)
			check(again+stderr, args)
			if a, b := strings.Count(again, "\n"), strings.Count(open, "\n"); a != b && view != "findings" {
				t.Errorf("%s: %d rows of %s of saved events, %d without --redact", file, a, view, b)
			}
		}
	}
	if values < 500 {
		t.Errorf("%d values", values)
	}
}

// sensitive appends the values of a row, in lower case, that must not be shown.
func sensitive(row map[string]any, all []string) []string {
	for key, value := range row {
		switch v := value.(type) {
		case map[string]any:
			all = sensitive(v, all)
		case string:
			if v = strings.ToLower(v); len(v) > 3 && slices.Contains(redactedKeys, key) && v[0] != '$' && v != "100%" {
				all = append(all, v)
			}
		}
	}
	return all
}

// Keys of TLS, and the key of redaction, are in no output: not in a message, on a page
// or in the frames that are written.
func TestKeysAreShownNowhere(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	const real = "../../testdata/real/"
	var forbidden []string
	for _, name := range []string{real + "tls.keys", real + "tls.pem"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			words := strings.Fields(line)
			if len(words) == 0 || len(words[len(words)-1]) < 32 || line[0] == '#' {
				continue
			}
			secret := words[len(words)-1] // after a label and the client's random number, which is in the frames
			forbidden = append(forbidden, secret, strings.ToUpper(secret))
			if raw, err := hex.DecodeString(secret); err == nil {
				forbidden = append(forbidden, string(raw))
			} // not of the PEM: the modulus is in the certificate, too
		}
	}
	const key = "the-key-of-redaction-in-a-file"
	if err := os.WriteFile(in("key"), []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	forbidden = append(forbidden, key)
	embedded := in("embedded.pcapng") // with the keys in a Decryption Secrets Block
	embed(t, real+"tls.pcap", real+"tls.keys", embedded)
	decrypted := 0
	for _, args := range [][]string{
		{"analyze", "-v", "--format", "ndjson", "--complete"}, {"analyze", "-v", "--format", "html"}, {"analyze", "-w", in("w.pcapng")}, {"check", "--notes"},
		{"analyze", "--redact", "all", "--redact-key", in("key"), "--format", "trace"}, {"learn"},
	} {
		for _, with := range [][]string{{"--keylog", real + "tls.keys", "--tls-key", real + "tls.pem", real + "tls.pcap"}, {embedded}} {
			var out, stderr bytes.Buffer
			args := append(slices.Clone(args), with...)
			execute(t.Context(), nil, args, strings.NewReader(""), &out, &stderr)
			if strings.Contains(out.String(), "tls") || strings.Contains(stderr.String(), "TLS connections decrypted") {
				decrypted++
			}
			text := out.String() + unpacked(t, out.Bytes()) + stderr.String()
			if data, err := os.ReadFile(in("w.pcapng")); err == nil {
				text += string(data)
				os.Remove(in("w.pcapng"))
			}
			for _, secret := range forbidden {
				if strings.Contains(text, secret) {
					t.Errorf("%s: a key is shown: %.20q", strings.Join(args, " "), secret)
				}
			}
		}
	}
	if decrypted < 6 || len(forbidden) < 20 {
		t.Errorf("%d runs decrypt, %d secrets", decrypted, len(forbidden))
	}
}

// embed writes a capture with the secrets of a key log in it.
func embed(t *testing.T, pcap, keyLog, to string) {
	t.Helper()
	secrets, err := os.ReadFile(keyLog)
	if err != nil {
		t.Fatal(err)
	}
	in, err := files.Open(t.Context(), []string{pcap}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out bytes.Buffer
	w := pcapfile.NewWriter(&out)
	if err := w.Secret(&capture.Secret{Kind: 0x544c534b, Data: secrets}); err != nil {
		t.Fatal(err)
	}
	var b capture.Batch
	for in.Next(&b) == nil {
		for i := range b.Frames {
			if err := w.Frame(&b.Frames[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, out.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

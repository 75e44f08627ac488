package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"actionurl/capture/capturetest"
	"actionurl/report"
	"actionurl/report/formats"
)

// evil is what a terminal would act on: it sets the title, writes to the
// clipboard, turns the line around, and returns to its beginning.
const evil = "\x1b]0;x\x07\x1b]52;c;eA==\x07\u202e\u009b2J\x7f\xff\r"

// evilCapture writes a capture that has it in all that a sender can choose.
func evilCapture(t *testing.T, file string) {
	t.Helper()
	c := capturetest.New()
	escaped := url.QueryEscape(evil)
	for i, target := range []string{
		"/?event=hold&mac=000b82123432&lo" + escaped + "=1&display_remote=" + escaped,
		"/?event=hold&mac=000b82123432&raw=" + strings.TrimSuffix(evil, "\r"),
		"/" + escaped + "?event=" + escaped + "&call-id=" + escaped + "@10.0.0.1&local=" + escaped + "&remote=" + escaped,
		"/q?x=$foo[" + escaped + "]&password=" + escaped,
	} {
		k := c.Conn(fmt.Sprint("192.168.40.50:", 40000+i), "192.168.40.207:80").Open()
		k.Send("GET " + target + " HTTP/1.1\r\nHost: " + strings.TrimSuffix(evil, "\r") + "\r\nUser-Agent: Grandstream Model HW GXP2170 SW " + strings.TrimSuffix(evil, "\r") + " DevId 000b82123432\r\n\r\n")
		k.Reply("HTTP/1.1 404 " + evil + "\nLocation: " + evil + "\n\n")
		k.Close()
	}
	call := c.SIPCall("192.168.40.50:5060", "192.168.40.10:5060", evil[:len(evil)-1], `"`+evil[:len(evil)-1]+`" <sip:5001@x>`, evil[:len(evil)-1])
	call.Answered()
	tls := c.Conn("192.168.40.50:41000", "192.168.40.207:443").Open()
	tls.Send("\x16\x03\x01\x00\x05hello").Reply(evil)
	tls.Close()
	var pcap bytes.Buffer
	if err := c.WritePcap(&pcap); err != nil {
		t.Fatal(err)
	}
	damaged := append(pcap.Bytes(), "\xff\xff\xff\xff half a record"...)
	if err := os.WriteFile(file, damaged, 0o666); err != nil {
		t.Fatal(err)
	}
}

// Whatever senders and file names contain, nothing that people read has a byte
// that a terminal would act on, except the ends of lines.
func TestNothingActsOnTerminals(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	capture, profile, saved := in("capture"+evil+".pcap"), in("profile"+evil+".yaml"), in("saved"+evil+".ndjson")
	evilCapture(t, capture)
	quoted := fmt.Sprintf("%q", strings.ReplaceAll(evil, "\xff", ""))
	for name, text := range map[string]string{
		profile: "events:\n  hold_call: [\"10.0.0.1/?x=$remote\", " + quoted + "]\n  resume_call: 10.0.0.1/?x=$local\n  " + quoted + ": x\nphones:\n  000b82123432: {name: " + quoted + "}\n" + quoted + ": 1\n",
		saved:   `{"time":"2026-03-02T08:00:00Z","src_ip":"10.0.0.1","target":` + string(report.AppendString(nil, evil)) + `,"event":"hold_call","label":"x","findings":["x"]}` + "\n{" + evil + "}\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	commands := [][]string{
		{"learn", capture}, {"learn", "-v", "-o", in("learned" + evil + ".yaml"), capture}, {"learn", "-o", "-", capture},
		{"profile", "check", profile}, {"profile", "show", profile}, {"profile", "check", in("none" + evil)},
		{"analyze", "-p", profile, capture}, {"analyze", "-p", profile, "--skip-bad-profiles", "-v", capture},
		{"analyze", in("none" + evil)}, {"analyze", saved}, {"analyze", "-f", "port " + evil, capture}, {"analyze", "--" + evil}, {evil},
		{"analyze", "--phone", evil, capture}, {"analyze", "-o", in("none" + evil + "/x.csv"), capture}, {"analyze", "-o", capture, capture},
		{"report", saved}, {"report", capture}, {"check", capture}, {"check", "--notes", capture}, {"frames", capture, "1-99"},
	}
	for _, view := range report.Views() {
		for _, format := range formats.All() {
			if !format.Binary { // which no terminal gets
				commands = append(commands, []string{"analyze", "-v", "--view", view, "--format", format.Name, capture})
			}
		}
	}
	for _, args := range commands {
		var out, messages bytes.Buffer
		execute(t.Context(), nil, args, strings.NewReader(evil), &out, &messages)
		if out.Len()+messages.Len() == 0 {
			t.Errorf("%q prints nothing", args)
		}
		crlf := strings.Contains(strings.Join(args, " "), "--format csv")
		for what, text := range map[string]string{"standard output": out.String(), "standard error": messages.String()} {
			if crlf {
				text = strings.ReplaceAll(text, "\r\n", "\n")
			}
			for at, c := range text {
				_, n := utf8.DecodeRuneInString(text[at:])
				if c == utf8.RuneError && n == 1 || c != '\n' && c != '\t' && unicode.In(c, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) {
					t.Errorf("%q: %q on %s: %q", args, c, what, text[max(0, at-60):min(len(text), at+20)])
					break
				}
			}
		}
	}
	written, err := os.ReadFile(in("learned" + evil + ".yaml"))
	if err != nil || bytes.ContainsAny(written, "\x1b\x07\r\x7f\u202e") {
		t.Errorf("%v, a profile of\n%q", err, written)
	}
}

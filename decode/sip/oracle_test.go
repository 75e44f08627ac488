package sip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/pcapfile"
	"actionurl/decode/packet"
)

// dissected returns a line for each SIP message that tshark finds: its frame,
// method or status, the CSeq and the Call-ID.
func dissected(t *testing.T, file string) []string {
	t.Helper()
	out, err := exec.Command("tshark", "-n", "-r", file, "-Y", "sip.Method || sip.Status-Code", "-T", "fields", "-E", "separator=|", "-E", "occurrence=f",
		"-e", "frame.number", "-e", "sip.Method", "-e", "sip.Status-Code", "-e", "sip.CSeq.seq", "-e", "sip.CSeq.method", "-e", "sip.Call-ID").Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() != 2 { // 2 for a file that is cut short
		t.Fatalf("tshark: %v", err)
	}
	return strings.Fields(string(out))
}

// read returns the same of what is read here: datagrams, and segments that
// begin with a message.
func read(t *testing.T, file string) (lines []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	message := func(at *packet.Origin, data []byte) bool {
		var m Message
		if Begins(data) != Yes || !m.Parse(data) {
			return false
		}
		method, status := string(m.Method), ""
		if m.Status > 0 {
			method, status = "", fmt.Sprint(m.Status)
		}
		lines = append(lines, fmt.Sprintf("%d|%s|%s|%d|%s|%s", at.Frame, method, status, m.CSeq, m.Method, m.CallID))
		return true
	}
	d := packet.NewDecoder(func(s *packet.Segment) { message(&s.Origin, s.Payload) },
		packet.Config{Datagram: func(p *packet.Datagram) bool { return message(&p.Origin, p.Payload) }})
	source, err := pcapfile.Open(filepath.Base(file), f)
	if err != nil {
		t.Fatal(err)
	}
	var b capture.Batch
	for {
		if err := source.Next(&b); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return lines
		}
		for i := range b.Frames {
			d.Decode(&b.Frames[i])
		}
	}
}

func compare(t *testing.T, file string) int {
	t.Helper()
	want := dissected(t, file)
	if diff := cmp.Diff(want, read(t, file), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-tshark +read):\n%s", file, diff)
	}
	return len(want)
}

// The captures that others made and that have SIP in them.
func TestOracleOnCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("no tshark")
	}
	files, messages := 0, 0
	for file := range capturetest.Corpus(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("SIP/2.0\r\n")) || bytes.Contains(data, []byte("SIP/2.0 200")) {
			files++
			messages += compare(t, file)
		}
	}
	t.Logf("%d messages in %d captures", messages, files)
	if messages == 0 {
		t.Error("none was compared")
	}
}

// Calls that were recorded of real phones.
func TestOracleOnRecorded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("no tshark")
	}
	files, err := filepath.Glob("../../testdata/real/sip-*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	for _, file := range files {
		if compare(t, file) == 0 {
			t.Errorf("%s has no message", file)
		}
	}
}

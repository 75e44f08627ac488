package hep

import (
	"encoding/hex"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/report"
)

// event returns an event of a call.
func event(client, server string) *decode.Record {
	x := &httpwire.Exchange{
		Origin: packet.Origin{Interface: &capture.Interface{Capture: "eth1"}, Frame: 4, Time: 1772438400123456789},
		Client: netip.MustParseAddrPort(client), Server: netip.MustParseAddrPort(server),
		Method: "GET", Target: "/incoming", Version: "HTTP/1.1", ContentLength: -1, Done: true, Status: 200, Latency: 5e6,
	}
	return &decode.Record{Exchange: x, Event: &actionurl.Event{Kind: actionurl.Lookup("incoming_call"), By: actionurl.ByName, CallID: "860888843-5060-9@BJC.BGI.EA.FA"}}
}

// packets returns the packets of records.
func packets(t *testing.T, records ...*decode.Record) [][]byte {
	t.Helper()
	homer, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer homer.Close()
	s, err := New(homer.LocalAddr().String(), "hq", report.Plain().Named("ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all [][]byte
	for _, r := range records {
		if err := s.Record(r); err != nil {
			t.Fatal(err)
		}
		if r.Event == nil {
			continue
		}
		buf := make([]byte, maxPacket)
		homer.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, _, err := homer.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, buf[:n])
	}
	if sent, failed := s.Sent(); sent != len(all) || failed != 0 {
		t.Errorf("%d sent, %d failed; want %d sent", sent, failed, len(all))
	}
	return all
}

// What Homer's own decoder (hep-js) read is what is sent.
func TestPacket(t *testing.T) {
	other := event("192.168.40.50:40001", "192.168.40.207:80")
	other.Event = nil // is not sent
	got := packets(t, other, event("192.168.40.50:40001", "192.168.40.207:80"))
	line := `{"time":"2026-03-02T08:00:00.123456789Z","sensor":"hq","capture":"eth1","frame":4,"src_ip":"192.168.40.50","src_port":40001,"dest_ip":"192.168.40.207","dest_port":80,` +
		`"method":"GET","target":"/incoming","version":"HTTP/1.1","status":200,"latency_ms":5,"event":"incoming_call","label":"Incoming Call","by":"name","call_id":"860888843-5060-9@BJC.BGI.EA.FA"}`
	want := "48455033 01f3" + // HEP3
		"0000 0001 0007 02" + "0000 0002 0007 06" + // IPv4, TCP
		"0000 0003 000a c0a82832" + "0000 0004 000a c0a828cf" +
		"0000 0007 0008 9c41" + "0000 0008 0008 0050" +
		"0000 0009 000a 69a54380" + "0000 000a 000a 0001e240" + // 2026-03-02 08:00:00.123456
		"0000 000b 0007 64" + "0000 000c 000a 000007ea" + // a log, of agent 2026
		"0000 0011 0024 " + hex.EncodeToString([]byte("860888843-5060-9@BJC.BGI.EA.FA")) +
		"0000 0013 0008 6871" +
		"0000 000f LLLL " + hex.EncodeToString([]byte(line))
	size := hex.EncodeToString([]byte{byte((6 + len(line)) >> 8), byte(6 + len(line))})
	want = strings.ReplaceAll(strings.Replace(want, "LLLL", size, 1), " ", "")
	want = want[:8] + hex.EncodeToString([]byte{byte(len(want) / 2 >> 8), byte(len(want) / 2)}) + want[12:]
	if h := hex.EncodeToString(got[0]); h != want {
		t.Errorf("got  %s\nwant %s", h, want)
	}
}

// hepJS is Homer's own decoder, in the version that the test was written with.
const hepJS = "hep-js@1.0.22"

// installed installs Homer's decoder in a folder of the test's, and returns that.
// Without npm the test is skipped, but not where CI is set.
func installed(t *testing.T) string {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") != "" {
		missing = t.Fatalf
	}
	for _, tool := range []string{"npm", "node"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing("%s needs %s: %v", hepJS, tool, err)
		}
	}
	dir := t.TempDir()
	install := exec.CommandContext(t.Context(), "npm", "install", "--no-audit", "--no-fund", "--prefix", dir, "--cache", filepath.Join(dir, "cache"), hepJS)
	if said, err := install.CombinedOutput(); err != nil {
		missing("npm install %s: %v\n%s", hepJS, err, said)
	}
	return dir
}

// Homer's own decoder reads the packets.
func TestHomer(t *testing.T) {
	modules := filepath.Join(installed(t), "node_modules")
	for _, test := range []struct {
		client, server string
		family         float64
		src, dst       string
	}{
		{"192.168.40.50:40001", "192.168.40.207:80", 2, "192.168.40.50", "192.168.40.207"},
		{"[2001:db8::50]:40001", "[2001:db8::7]:80", 10, "", ""}, // of which it skips the addresses
	} {
		p := packets(t, event(test.client, test.server))[0]
		cmd := exec.Command("node", "-e", "process.stdout.write(JSON.stringify(require('hep-js').decapsulate(Buffer.from(process.argv[1], 'hex'))))", hex.EncodeToString(p))
		cmd.Stderr = os.Stderr
		cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Payload string
			Rcinfo  map[string]any
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for key, want := range map[string]any{
			"protocolFamily": test.family, "protocol": 6.0, "srcPort": 40001.0, "dstPort": 80.0,
			"timeSeconds": 1772438400.0, "timeUseconds": 123456.0, "payloadType": 100.0, "captureId": 2026.0,
			"correlation_id": "860888843-5060-9@BJC.BGI.EA.FA",
		} {
			if got.Rcinfo[key] != want {
				t.Errorf("%s: %s is %v, want %v, in %s", test.client, key, got.Rcinfo[key], want, out)
			}
		}
		for key, want := range map[string]string{"srcIp": test.src, "dstIp": test.dst} {
			text, _ := got.Rcinfo[key].(string)
			if text != want {
				t.Errorf("%s is %v, want %s, in %s", key, got.Rcinfo[key], want, out)
			}
		}
		if !strings.HasPrefix(got.Payload, `{"time":"2026-03-02T08:00:00.123456789Z"`) {
			t.Errorf("payload %s", got.Payload)
		}
	}
}

// That nobody listens does not end a run.
func TestNobody(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s, err := New(l.LocalAddr().String(), "", report.Plain().Named("ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 10 {
		if err := s.Record(event("192.168.40.50:40001", "192.168.40.207:80")); err != nil {
			t.Fatal(err)
		}
	}
}

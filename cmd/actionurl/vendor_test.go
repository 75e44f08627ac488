package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"actionurl/capture/capturetest"
)

// acme is all that the program has to learn of a vendor.
const acme = `package vendor

var acme = Vendor{
	Name: "acme", Label: "Acme",
	Agents:    []string{"acmephone"},
	Blocks:    []string{"02:ac:3e"},
	Form:      Dollars,
	MaxURL:    60,
	Variables: []Variable{{"WHO", Remote, "number of the far side", false}},
	Settings:  []Setting{{"bell.ring", "incoming_call", Observed}},
}
`

// A vendor is one file and a line of the list: the program that is built with
// both knows its phones in each command. Nothing is written into the tree.
func TestAddingAVendorIsAFile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	dir := t.TempDir()
	vendors, err := filepath.Abs("../../decode/vendor")
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(vendors, "list.go"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(vendors, "acme.go"): write("acme.go", []byte(acme)),
		filepath.Join(vendors, "list.go"): write("list.go", bytes.Replace(list, []byte("{\n"), []byte("{\n\t&acme,\n"), 1)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "actionurl")
	if out, err := exec.Command("go", "build", "-overlay", write("overlay.json", overlay), "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	capture := capturetest.New()
	capture.Conn("192.168.40.50:40000", "192.168.40.207:80").Open().
		Send("GET /ring?who=5001 HTTP/1.1\r\nHost: 192.168.40.207\r\nUser-Agent: Acmephone Desk One 1.2.3 MAC:02-AC-3E-00-00-01\r\n\r\n").
		Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").Close()
	var pcap bytes.Buffer
	if err := capture.WritePcap(&pcap); err != nil {
		t.Fatal(err)
	}
	write("acme.pcap", pcap.Bytes())
	write("02ac3e000001.cfg", []byte("bell.ring = http://192.168.40.207/ring?who=$$WHO$$&from=$$REMOTENUMBER$$&and=much&more=text\n"))
	for _, test := range []struct {
		args string
		want []string
	}{
		{"analyze --format ndjson acme.pcap", []string{`"phone_mac":"02:ac:3e:00:00:01"`, `"phone_product":"Desk One"`, `"phone_version":"1.2.3"`, `"who":"5001"`}},
		{"analyze --view phones --format csv acme.pcap", []string{"Acme"}},
		{"learn acme.pcap", []string{"Acme phone"}},
		{"profile show --format csv 02ac3e000001.cfg", []string{"template,02:ac:3e:00:00:01,incoming_call,", ",acme,bell.ring,observed,"}},
		{"profile check 02ac3e000001.cfg", []string{"Acme phones do not replace $$REMOTENUMBER$$", "Acme phones store at most 60"}},
		{"catalog --vendor acme", []string{"bell.ring", "$$WHO$$", "02:ac:3e"}},
	} {
		cmd := exec.Command(program, strings.Fields(test.args)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v", test.args, err)
		}
		for _, want := range test.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s does not say %q:\n%s", test.args, want, out)
			}
		}
	}
}

package packet_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/packet"
)

// A frame is shown as gopacket shows it, in both forms.
func TestDissect(t *testing.T) {
	for _, e := range capturetest.Encapsulations() {
		c := capturetest.New()
		e.Scene().Make(c)
		f := frame(e.Link, c.Frames[3].Data)
		p := gopacket.NewPacket(f.Data, layers.LinkType(e.Link), gopacket.Default)
		if p.ErrorLayer() != nil {
			continue
		}
		p.Metadata().CaptureInfo = gopacket.CaptureInfo{Timestamp: time.Unix(0, f.Time).UTC(), CaptureLength: len(f.Data), Length: f.Length}
		for dump, want := range map[bool]string{false: p.String(), true: p.Dump()} {
			if dump && e.Name == "radiotap-padded" {
				continue // whose Dump has moved bytes
			}
			if diff := cmp.Diff(want, strings.Join(packet.Dissect(f, dump), "\n")+"\n"); diff != "" {
				t.Errorf("%s (-gopacket +got):\n%s", e.Name, diff)
			}
		}
	}
}

// Some link types that gopacket lacks are known all the same.
func TestDissectLinks(t *testing.T) {
	for _, e := range capturetest.Encapsulations() {
		switch e.Link {
		case capture.LinkRaw14, capture.LinkIPv4, capture.LinkIPv6, capture.LinkLinuxSLL2, capture.LinkCHDLC, capture.LinkNetAnalyzer,
			capture.LinkDSABroadcomPrepend, capture.LinkPPPHDLC, capture.LinkPPPEther, capture.LinkMPLS:
		default:
			continue
		}
		c := capturetest.New()
		e.Scene().Make(c)
		data := c.Frames[3].Data
		if text := strings.Join(packet.Dissect(frame(e.Link, data), false), "\n"); !strings.Contains(text, " = TCP\t{") || !strings.Contains(text, " = Payload\t86 byte") {
			t.Errorf("%s:\n%s", e.Name, text)
		}
		for n := range 24 {
			packet.Dissect(frame(e.Link, data[:n]), true)
		}
	}
}

// Where gopacket's decoders fail on damaged bytes, it is shown, and nothing else is
// printed. RadioTap and LinuxSLL panic on these.
func TestDissectDamaged(t *testing.T) {
	stdout := os.Stdout
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = w
	defer func() { os.Stdout = stdout }()
	for _, test := range []struct {
		link capture.LinkType
		data string
		want string
	}{
		{capture.LinkRadiotap, "\x00\x00\x09\x00\xff\xff\xff\xff\x10", "gopacket failed: runtime error: "},
		{capture.LinkLinuxSLL, "\x00\x00\x00\x01\x00\x06\x00\x0b", "gopacket failed: "},
		{capture.LinkLinuxSLL2, "\x08\x00", "gopacket failed: the frame ends in its link's header"},
		{148, "x", "gopacket failed: Unable to decode LinkType 148"},
		{capture.LinkPKTAP, "x", "gopacket failed: unable to decode link type 258"},
		{capture.LinkEthernet, "", "gopacket failed: Ethernet packet too small"},
	} {
		text := strings.Join(packet.Dissect(frame(test.link, []byte(test.data)), true), "\n")
		if !strings.Contains(text, test.want) || strings.Contains(text, "goroutine") {
			t.Errorf("%v %q:\n%s", test.link, test.data, text)
		}
	}
	for _, e := range capturetest.Encapsulations() { // GTP among them
		c := capturetest.New()
		e.Scene().Make(c)
		packet.Dissect(frame(e.Link, c.Frames[3].Data), false)
	}
	w.Close()
	if printed, err := io.ReadAll(r); err != nil || len(printed) > 0 {
		t.Errorf("gopacket printed %q, %v", printed, err)
	}
}

// FuzzDissect holds that no frame makes it panic.
func FuzzDissect(f *testing.F) {
	for _, e := range capturetest.Encapsulations() {
		c := capturetest.New()
		e.Scene().Make(c)
		f.Add(uint16(e.Link), c.Frames[3].Data)
	}
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		if len(packet.Dissect(frame(capture.LinkType(link), data), false)) == 0 {
			t.Error("no line")
		}
	})
}

// gopacket's NewPacket, which allocates and takes a thousand times what Decode
// does, is called by Dissect alone.
func TestNewPacketIsCalledByDissectAlone(t *testing.T) {
	var found []string
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if bytes.Contains(source, []byte("gopacket.NewPacket")) {
			found = append(found, filepath.Base(path))
		}
		return err
	})
	if want := []string{"dissect.go"}; err != nil || !cmp.Equal(want, found) {
		t.Errorf("it is called in %v, %v", found, err)
	}
}

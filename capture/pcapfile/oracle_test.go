package pcapfile_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/pcapfile"
)

// generated returns captures by other writers, and those of this package's
// tests that other readers know all of.
func generated(t *testing.T) map[string][]byte {
	script := capturetest.New()
	k := script.Conn("192.0.2.50:40001", "192.0.2.10:80").Open()
	k.Send("GET /event?mac=000b82123450 HTTP/1.1\r\nHost: pbx\r\n\r\n")
	k.Reply(strings.Repeat("a long reply ", 1000))
	k.Close()
	var pcap, ng bytes.Buffer
	if err := script.WritePcap(&pcap); err != nil {
		t.Fatal(err)
	}
	if err := script.WritePcapng(&ng); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"script.pcap": pcap.Bytes(), "script.pcapng": ng.Bytes()}
	frames := script.Frames
	for _, order := range byteOrders {
		for _, c := range []struct {
			what        string
			magic, unit uint32
		}{{"microseconds", magicMicro, 1000}, {"nanoseconds", magicNano, 1}} {
			f := (&file{order: order}).pcap(c.magic, 1)
			for i, frame := range frames {
				f.record(uint32(frame.Time.Unix()), uint32(frame.Time.Nanosecond()+123456*i)/c.unit, string(frame.Data[:min(len(frame.Data), 300)]), max(0, len(frame.Data)-300))
			}
			files[fmt.Sprintf("%s %s.pcap", c.what, order)] = f.data
		}
		f := (&file{order: order}).section()
		f.on(capture.LinkEthernet, 0).
			on(capture.LinkEthernet, 300, f.resolution(9), f.offset(1_000_000_000)).
			on(capture.LinkEthernet, 0, f.resolution(3)).
			block(blockNames, make([]byte, 4))
		for i, frame := range frames {
			units := uint64(frame.Time.UnixMicro()) + uint64(i)
			switch i % 3 {
			case 1:
				units = units*1000 - 1_000_000_000*1e9 + uint64(i)
			case 2:
				units /= 1000
			}
			f.enhanced(uint32(i%3), units, string(frame.Data[:min(len(frame.Data), 300)]), max(0, len(frame.Data)-300))
		}
		files[fmt.Sprintf("interfaces %s.pcapng", order)] = f.data
	}
	return files
}

func TestTShark(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip(err)
	}
	capinfos, err := exec.LookPath("capinfos")
	if err != nil {
		t.Skip(err)
	}
	for what, data := range generated(t) {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			frames, _, _ := readAll(t, bytes.NewReader(data))
			var got strings.Builder
			for _, f := range frames {
				fmt.Fprintf(&got, "%d.%09d\t%d\t%d\n", f.Time/1e9, f.Time%1e9, len(f.Data), f.Length)
			}
			want := output(t, tshark, "-n", "-r", path, "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.cap_len", "-e", "frame.len")
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("frames (-tshark +got):\n%s", diff)
			}
			count := strings.TrimSpace(output(t, capinfos, "-T", "-r", "-c", "-M", path))
			if !strings.HasSuffix(count, "\t"+strconv.Itoa(len(frames))) {
				t.Errorf("%d frames; capinfos: %q", len(frames), count)
			}
		})
	}
}

// output returns what a program writes.
func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	return string(out)
}

func TestPcapgo(t *testing.T) {
	for what, data := range generated(t) {
		t.Run(what, func(t *testing.T) { comparePcapgo(t, data) })
	}
}

// Captures that others made are read as gopacket reads them, where it can.
func TestPcapgoOnCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	read := 0
	for path := range capturetest.Corpus(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pcapfile.Open(name, bytes.NewReader(data)); err != nil {
			t.Logf("%s: %v", path, err)
			continue
		}
		read++
		t.Run(filepath.Base(path), func(t *testing.T) { comparePcapgo(t, data) })
	}
	t.Logf("%d captures", read)
}

// comparePcapgo compares the frames before the first damage with those of
// gopacket's readers, which end at damage or pass more than it.
func comparePcapgo(t *testing.T, data []byte) {
	t.Helper()
	got, problems, err := readAll(t, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) > 0 {
		got = got[:problems[0].Frame]
	}
	next, err := pcapgoReader(data)
	if err != nil {
		t.Skip(err)
	}
	for n, f := range got {
		theirs, info, err := next()
		if err == io.EOF {
			t.Fatalf("%d frames; gopacket: %d", len(got), n)
		}
		if err != nil {
			t.Skipf("gopacket stops at frame %d: %v", n+1, err)
		}
		want := frame{f.Link, 0, info.Length, string(theirs)}
		if !info.Timestamp.IsZero() { // as that of a simple packet is
			want.Time = info.Timestamp.UnixNano()
		}
		if diff := cmp.Diff(want, f); diff != "" {
			t.Fatalf("frame %d (-gopacket +got):\n%s", n+1, diff)
		}
	}
	if _, _, err := next(); len(problems) == 0 && err != io.EOF {
		t.Errorf("gopacket reads more than %d frames, error %v", len(got), err)
	}
}

// pcapgoReader returns the function of gopacket that reads a capture.
func pcapgoReader(data []byte) (func() ([]byte, gopacket.CaptureInfo, error), error) {
	if bytes.HasPrefix(data, []byte("\n\r\r\n")) {
		r, err := pcapgo.NewNgReader(bytes.NewReader(data), pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
		if err != nil {
			return nil, err
		}
		return r.ReadPacketData, nil
	}
	r, err := pcapgo.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.SetSnaplen(262144) // it refuses frames longer than the header says
	return r.ReadPacketData, nil
}

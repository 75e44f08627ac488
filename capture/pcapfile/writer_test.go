package pcapfile_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket/pcapgo"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
)

// written returns the capture that a Writer makes of the frames.
func written(t *testing.T, frames []capture.Frame, secrets ...capture.Secret) []byte {
	t.Helper()
	var out bytes.Buffer
	w := pcapfile.NewWriter(&out)
	for i := range secrets {
		if err := w.Secret(&secrets[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range frames {
		if err := w.Frame(&frames[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// framesOf are frames of interfaces of several kinds.
func framesOf() []capture.Frame {
	eth := &capture.Interface{Capture: "eth1", Link: capture.LinkEthernet}
	cooked := &capture.Interface{Capture: "a file, with a \"name\" of some length.pcap", Link: capture.LinkLinuxSLL2}
	var frames []capture.Frame
	for i := range 8 {
		on := eth
		if i%3 == 1 {
			on = cooked
		}
		data := bytes.Repeat([]byte{byte(i)}, 20+i)
		frames = append(frames, capture.Frame{Data: data, Time: 1772438400_123456789 + int64(i)*1e9 + 1, Number: i + 1, Length: len(data) + 100*(i%2), Interface: on})
	}
	return frames
}

// What is written is read again, with every nanosecond.
func TestWriter(t *testing.T) {
	want := framesOf()
	secret := capture.Secret{Kind: 0x544c534b, Data: []byte("CLIENT_RANDOM 01 02\n")}
	data := written(t, want, secret)
	data = append(data, written(t, want[:2])...) // sections may follow each other
	r, err := pcapfile.Open("x", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var got []capture.Frame
	var b capture.Batch
	for err = r.Next(&b); err == nil; err = r.Next(&b) {
		for _, p := range b.Problems {
			t.Error(&p)
		}
		for _, s := range b.Secrets {
			if diff := cmp.Diff(secret, s); diff != "" {
				t.Errorf("the secret (-want +got):\n%s", diff)
			}
		}
		for _, f := range b.Frames {
			f.Data = bytes.Clone(f.Data)
			got = append(got, f)
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	want = append(want, want[:2]...)
	for i := range want {
		want[i].Number = i + 1
		want[i].Interface = &capture.Interface{Capture: "x", Link: want[i].Interface.Link}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
}

// More interfaces than a section of ours may have go on in another one.
func TestWriterOfManyInterfaces(t *testing.T) {
	frame := capture.Frame{Data: make([]byte, 60), Length: 60}
	var frames []capture.Frame
	for i := range 5000 {
		frame.Interface = &capture.Interface{Capture: "x", Link: capture.LinkType(i)}
		frames = append(frames, frame)
	}
	r, err := pcapfile.Open("x", bytes.NewReader(written(t, frames)))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var b capture.Batch
	for r.Next(&b) == nil {
		for i := range b.Frames {
			if b.Frames[i].Interface.Link != capture.LinkType(n) {
				t.Fatalf("frame %d is of link type %d", n, b.Frames[i].Interface.Link)
			}
			n++
		}
		for i := range b.Problems {
			t.Fatal(&b.Problems[i])
		}
	}
	if n != len(frames) {
		t.Errorf("%d frames of %d", n, len(frames))
	}
}

// What is written is read by pcapgo, frame by frame. Of link types it reads 8 bits.
func TestPcapgoReadsWhatIsWritten(t *testing.T) {
	frames := framesOf()
	file := append(written(t, frames, capture.Secret{Kind: 0x544c534b, Data: []byte("CLIENT_RANDOM 01 02\n")}), written(t, frames)...)
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range append(frames, frames...) {
		data, info, err := r.ReadPacketData()
		if err != nil {
			t.Fatalf("frame %d: %v", i+1, err)
		}
		on, err := r.Interface(info.InterfaceIndex)
		if err != nil {
			t.Fatal(err)
		}
		got := capture.Frame{Data: data, Time: info.Timestamp.UnixNano(), Number: f.Number, Length: info.Length,
			Interface: &capture.Interface{Capture: on.Name, Link: capture.LinkType(on.LinkType)}}
		f.Interface = &capture.Interface{Capture: f.Interface.Capture, Link: f.Interface.Link & 0xff}
		if diff := cmp.Diff(f, got); diff != "" {
			t.Errorf("frame %d (-written +pcapgo):\n%s", i+1, diff)
		}
	}
	if _, _, err := r.ReadPacketData(); err != io.EOF {
		t.Errorf("after the last frame: %v", err)
	}
}

func TestTSharkReadsWhatIsWritten(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "x.pcapng")
	if err := os.WriteFile(file, written(t, framesOf()), 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tshark, "-r", file, "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len", "-e", "frame.interface_name", "-e", "frame.encap_type").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 8 {
		t.Fatalf("%d frames:\n%s", len(lines), out)
	}
	for i, want := range []string{
		"1772438400.123456790\t20\t20\teth1\t1",
		"1772438401.123456790\t121\t21\ta file, with a \"name\" of some length.pcap\t210",
	} {
		if lines[i] != want {
			t.Errorf("frame %d: %q, want %q", i+1, lines[i], want)
		}
	}
}

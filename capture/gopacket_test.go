package capture_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/pcapfile"
)

// script returns a capture of many frames, as pcap.
func script(t testing.TB) []byte {
	t.Helper()
	c := capturetest.New()
	k := c.Conn("192.0.2.50:40001", "192.0.2.10:80").Open()
	k.Send("GET /incoming HTTP/1.1\r\n\r\n").Reply(strings.Repeat("a long reply ", 100_000)).Close()
	var file bytes.Buffer
	if err := c.WritePcap(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// Any data source of gopacket's is a Source, and a capture file is a data source
// of gopacket's.
func Example() {
	c := capturetest.New()
	c.Conn("192.0.2.50:40001", "192.0.2.10:80").Open().Send("GET /incoming HTTP/1.1\r\n\r\n")
	var file bytes.Buffer
	c.WritePcap(&file)

	theirs, err := pcapgo.NewReader(bytes.NewReader(file.Bytes()))
	if err != nil {
		fmt.Println(err)
		return
	}
	source := capture.From(theirs, capture.LinkType(theirs.LinkType()))
	var b capture.Batch
	for source.Next(&b) == nil {
		fmt.Println(len(b.Frames), "frames")
	}

	ours, err := pcapfile.Open("phone.pcap", &file)
	if err != nil {
		fmt.Println(err)
		return
	}
	for p := range gopacket.NewPacketSource(ours, layers.LinkTypeEthernet).Packets() {
		fmt.Println(p.Metadata().CaptureLength, p.TransportLayer().TransportFlow())
	}
	// Output:
	// 5 frames
	// 60 40001->80
	// 60 80->40001
	// 60 40001->80
	// 80 40001->80
	// 60 80->40001
}

// A record is a frame with its bytes copied.
type record struct {
	Number, Length int
	Time           int64
	Data           string
}

// records reads a source to its end.
func records(t *testing.T, source capture.Source) (all []record, problems []string) {
	t.Helper()
	var b capture.Batch
	for {
		err := source.Next(&b)
		for _, f := range b.Frames {
			all = append(all, record{f.Number, f.Length, f.Time, string(f.Data)})
		}
		for _, p := range b.Problems {
			problems = append(problems, p.Error())
		}
		if err == io.EOF {
			if again := source.Next(&b); again != io.EOF {
				t.Errorf("after the end: %v", again)
			}
			return all, problems
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func open(t testing.TB, file []byte) *pcapfile.Reader {
	t.Helper()
	r, err := pcapfile.Open("phone.pcap", bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What goes through gopacket's interfaces, in both directions, is the same.
func TestFrom(t *testing.T) {
	file := script(t)
	want, _ := records(t, open(t, file))
	theirs, err := pcapgo.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for what, source := range map[string]gopacket.PacketDataSource{
		"pcapgo": theirs, "pcapfile": open(t, file), "without zero copy": copying{open(t, file)},
	} {
		got, problems := records(t, capture.From(source, capture.LinkEthernet))
		if diff := cmp.Diff(want, got); diff != "" || len(want) < 900 || len(problems) > 0 {
			t.Errorf("%s: %d frames, problems %v (-want +got):\n%s", what, len(want), problems, diff)
		}
	}
}

// copying is a source without zero copy.
type copying struct{ r *pcapfile.Reader }

func (c copying) ReadPacketData() ([]byte, gopacket.CaptureInfo, error) { return c.r.ReadPacketData() }

// A live is a data source that returns what its steps say: errors, frames of so
// many milliseconds, and io.EOF at their end.
type live struct{ steps []any }

func (l *live) ReadPacketData() ([]byte, gopacket.CaptureInfo, error) {
	if len(l.steps) == 0 {
		return nil, gopacket.CaptureInfo{}, io.EOF
	}
	step := l.steps[0]
	l.steps = l.steps[1:]
	switch step := step.(type) {
	case int:
		return []byte{byte(step)}, gopacket.CaptureInfo{Timestamp: time.UnixMilli(int64(step)), CaptureLength: 1, Length: 1}, nil
	case []byte:
		return step, gopacket.CaptureInfo{Timestamp: time.UnixMilli(1), CaptureLength: len(step), Length: len(step)}, nil
	case error:
		return nil, gopacket.CaptureInfo{}, step
	}
	return []byte{}, gopacket.CaptureInfo{Timestamp: time.Unix(0, 0)}, nil // as bsdbpf where nothing came
}

// A time-out hands on the frames that are there, or else the time; what is wrong
// is a problem; only io.EOF ends a handle.
func TestFromLive(t *testing.T) {
	const nothing = "nothing"
	broken := errors.New("broken")
	for _, test := range []struct {
		what  string
		steps []any
		want  string
	}{
		{"the time-outs of pcap, afpacket, bsdbpf and others", []any{
			1, errors.New("Timeout Expired"), 2, 3, errors.New("packet poll timeout expired"), 4, nothing, 5, syscall.EINTR, 6, syscall.EAGAIN, 7, os.ErrDeadlineExceeded, 8},
			"[1] [2 3] [4] [5] [6] [7] [8]"},
		{"no frame", []any{syscall.EAGAIN, syscall.EAGAIN, 1, syscall.EAGAIN, syscall.EAGAIN}, "[] now 0, [] now 0, [1] [] now 1"},
		{"frames that keep coming", []any{1, 8, 15, 22, 29, 36, 43}, "[1 8 15 22] [29 36 43]"},
		{"a problem", []any{1, 2, broken, 3, io.ErrUnexpectedEOF}, "[1 2] gopacket:3: broken, [3] gopacket:4: unexpected EOF"},
		{"too large a frame", []any{1, make([]byte, 1<<18+1), 2},
			"[1] gopacket:3: a frame of 262145 bytes, more than the 262144 that it can have, [2]"},
		{"the end", []any{}, ""},
	} {
		source := capture.From(&live{test.steps}, capture.LinkEthernet)
		var got []string
		var b capture.Batch
		for source.Next(&b) == nil {
			var ms []int64
			for _, f := range b.Frames {
				ms = append(ms, f.Time/1e6)
			}
			got = append(got, fmt.Sprint(ms))
			for _, p := range b.Problems {
				got = append(got, p.Error()+",")
			}
			if len(b.Frames)+len(b.Problems) == 0 {
				got = append(got, fmt.Sprintf("now %d,", b.Now/1e6))
			}
		}
		if joined := strings.TrimSuffix(strings.Join(got, " "), ","); joined != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.what, joined, test.want)
		}
	}
}

// A handle that does nothing but fail ends.
func TestFromBroken(t *testing.T) {
	broken := errors.New("broken")
	steps := make([]any, 1000)
	for i := range steps {
		steps[i] = broken
	}
	source := capture.From(&live{steps}, capture.LinkEthernet)
	var b capture.Batch
	problems := 0
	var err error
	for ; err == nil; err = source.Next(&b) {
		problems += len(b.Problems)
	}
	if err != broken || problems != 100 {
		t.Errorf("%v after %d problems", err, problems)
	}
	if err := source.Next(&b); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// The two time-outs that are known by their text are so in gopacket's source.
func TestTimeoutTexts(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/gopacket").Output()
	if err != nil {
		t.Skip(err)
	}
	for file, text := range map[string]string{
		"pcap/pcap.go": `case NextErrorTimeoutExpired:` + "\n\t\t" + `return "Timeout Expired"`, "afpacket/afpacket.go": `ErrTimeout = errors.New("packet poll timeout expired")`,
	} {
		source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), file))
		if err != nil || !bytes.Contains(source, []byte(text)) {
			t.Errorf("%s has no %s, %v", file, text, err)
		}
	}
}

// A failing is a source that has a frame and a problem, then an error.
type failing struct{ calls int }

func (f *failing) Next(b *capture.Batch) error {
	b.Reset()
	if f.calls++; f.calls > 1 {
		return os.ErrPermission
	}
	b.Frames = append(b.Frames, capture.Frame{Data: []byte("frame"), Time: 1_700_000_000_123_456_789, Length: 9, Interface: &capture.Interface{Link: 276}})
	b.Problems = append(b.Problems, capture.Problem{Capture: "x", Frame: 1, Offset: -1, Err: io.ErrNoProgress})
	return nil
}

func TestPackets(t *testing.T) {
	p := capture.NewPackets(&failing{})
	data, info, err := p.ZeroCopyReadPacketData()
	if err != nil || string(data) != "frame" || info.CaptureLength != 5 || info.Length != 9 ||
		info.Timestamp.UnixNano() != 1_700_000_000_123_456_789 || info.AncillaryData[0].(*capture.Interface).Link != capture.LinkLinuxSLL2 {
		t.Errorf("%q %+v %v", data, info, err)
	}
	var got []string
	for range 4 {
		_, _, err := p.ReadPacketData()
		got = append(got, fmt.Sprint(err))
	}
	if want := []string{"x:2: multiple Read calls return no data or error", "permission denied", "EOF", "EOF"}; !cmp.Equal(want, got) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestPacketsAllocate(t *testing.T) {
	r := open(t, script(t))
	if _, _, err := r.ZeroCopyReadPacketData(); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(500, func() { r.ZeroCopyReadPacketData() }); n > 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

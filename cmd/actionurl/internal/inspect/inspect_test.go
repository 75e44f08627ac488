package inspect

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/files"
	"actionurl/decode"
)

func TestParseRange(t *testing.T) {
	for text, want := range map[string]Range{
		"1": {1, 1}, "17-20": {17, 20}, "5-5": {5, 5}, "1-9223372036854775807": {1, 9223372036854775807},
		"0": {}, "0-3": {}, "5-3": {}, "": {}, "-": {}, "-3": {}, "3-": {}, "1-2-3": {}, "+1": {}, "x": {}, "1 ": {}, "9223372036854775808": {},
		"99999999999999999999": {}, "1-99999999999999999999": {}, "0x10": {}, "1_0": {},
	} {
		got, err := ParseRange(text)
		if got != want || (err == nil) != (want != Range{}) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// shown returns what Show prints of a source.
func shown(t *testing.T, in capture.Source, c Config) (stdout, stderr string, err error) {
	t.Helper()
	var out, complaints bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaints
	c.Decode.ResponseTimeout, c.Decode.SlowResponse = 10*time.Second, time.Second
	err = Show(c, in)
	return out.String(), complaints.String(), err
}

func open(t *testing.T, names ...string) *files.Captures {
	t.Helper()
	in, err := files.Open(t.Context(), names, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

// write writes a capture.
func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// ours returns what the program made of each frame, behind its number.
func ours(out string) (all []string) {
	number := ""
	for block := range strings.SplitSeq(strings.TrimSpace(out), "\n\n") {
		place, rest, _ := strings.Cut(block, "\n")
		number = place[strings.LastIndexByte(place, ':')+1:]
		_, rest, _ = strings.Cut(rest, "\nactionurl:\n")
		for line := range strings.Lines(rest) {
			all = append(all, number+" "+strings.Join(strings.Fields(line), " "))
		}
	}
	return all
}

func TestShow(t *testing.T) {
	c := capturetest.New()
	k := c.Conn("192.168.40.50:40001", "192.168.40.207:80").Open()
	k.Push(true, "GET /cti?e=incoming&m=000b82123432&n=Jane")
	k.Push(true, " Doe HTTP/1.1\r\nHost: x\r\n\r\n")
	k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	k.Close()
	k.Reset(true)
	joined := c.Conn("192.168.40.51:40002", "192.168.40.207:80")
	joined.Push(true, "GET /cti?e=on_hook&m=000b82123433\x1b[2J HTTP/1.1\r\n\r\n")
	c.Add(c.Frames[len(c.Frames)-1].Data)
	joined.Client += 10
	joined.Push(true, "late")
	c.Datagram("192.168.40.50:5060", "192.168.40.10:5060", "OPTIONS sip:x SIP/2.0\r\nSubject: a\x1b[31m\x07\r\n\r\n")
	var file bytes.Buffer
	if err := c.WritePcap(&file); err != nil {
		t.Fatal(err)
	}
	out, complaints, err := shown(t, open(t, write(t, "a.pcap", file.Bytes())), Config{Frames: []Range{{1, 6}, {8, 8}, {11, 16}}})
	if err != nil || complaints != "" {
		t.Errorf("%v, %s", err, complaints)
	}
	const (
		to, from = "192.168.40.50:40001 > 192.168.40.207:80, ", "192.168.40.207:80 > 192.168.40.50:40001, "
		request  = "GET /cti?e=incoming&m=000b82123432&n=Jane Doe: status 200 after 1ms"
		other    = "192.168.40.51:40002 > 192.168.40.207:80, "
		hook     = `GET /cti?e=on_hook&m=000b82123433\x1b[2J: no response (not_captured)`
	)
	want := []string{
		"1 segment " + to + "the beginning (SYN)",
		"2 segment " + from + "the beginning (SYN)",
		"3 segment " + to + "an acknowledgement",
		"4 segment " + to + "bytes 0-40",
		"4 request frame 5: " + request,
		"5 segment " + to + "bytes 41-66",
		"5 request " + request,
		"5 event incoming_call (Incoming Call), by name, of 00:0b:82:12:34:32",
		"5 values e=incoming m=000b82123432 n=Jane Doe",
		"6 segment " + from + "bytes 0-39",
		"6 request frame 5: " + request,
		"8 segment " + to + "the end (FIN)",
		"11 segment " + to + "an acknowledgement",
		"12 segment " + to + "a reset (RST)",
		"13 segment " + other + "bytes 0-49; counted from the first byte captured",
		"13 request " + hook,
		"13 event on_hook (On Hook), by name, of 00:0b:82:12:34:33",
		`13 values e=on_hook m=000b82123433\x1b[2J`,
		"14 segment " + other + "bytes 0-49; counted from the first byte captured; 50 bytes read before",
		"15 segment " + other + "bytes 60-63; counted from the first byte captured; 10 bytes before them not captured so far",
		"15 lost 10 bytes from 192.168.40.51:40002 to 192.168.40.207:80 are missing",
		"15 lost a message from 192.168.40.51:40002 to 192.168.40.207:80 is lost in part",
		"16 no TCP segment",
	}
	got := slices.DeleteFunc(ours(out), func(line string) bool { return strings.Contains(line, " finding ") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, out)
	}
	if !strings.Contains(out, "finding   raw_blank: ") {
		t.Errorf("no finding of the blank:\n%s", out)
	}
	if strings.ContainsAny(out, "\x1b\x07\t") {
		t.Errorf("control characters: %q", out)
	}
}

// A row is a request's place.
type row struct {
	capture string
	frame   int
}

// rowsOf returns the requests of a source, a line each, by their rows.
func rowsOf(t *testing.T, in capture.Source) map[row]string {
	t.Helper()
	all := map[row]string{}
	p := decode.New(decode.Config{}, func(r *decode.Record) error {
		all[row{filepath.Base(r.Interface.Capture), r.Frame}] += r.Method + " " + r.Target + "\n"
		return nil
	})
	var b capture.Batch
	for in.Next(&b) == nil {
		p.Batch(&b)
	}
	p.Flush()
	return all
}

// The frames of rows are those whose requests they are.
func checkRows(t *testing.T, in capture.Source, want map[row]string) {
	t.Helper()
	out, _, err := shown(t, in, Config{Frames: []Range{{1, 100_000}}})
	if !errors.Is(err, ErrMissing) {
		t.Error(err)
	}
	for block := range strings.SplitSeq(out, "\n\n") {
		place, rest, _ := strings.Cut(block, "\n")
		i := strings.LastIndexByte(place, ':')
		at := row{capture: filepath.Base(place[:max(i, 0)])}
		fmt.Sscan(place[i+1:], &at.frame)
		for request := range strings.Lines(want[at]) {
			if method, _, _ := strings.Cut(request, " "); !strings.Contains(rest, "  request   "+method+" ") {
				t.Errorf("%s is not %s:\n%s", place, request, rest)
			}
		}
		delete(want, at)
	}
	if len(want) > 0 {
		t.Errorf("rows have no frame: %v", want)
	}
}

// The numbers are those that rows name, however captures are packed and merged.
func TestNumbersAreThoseOfRows(t *testing.T) {
	dir := t.TempDir()
	rows := 0
	err := filepath.WalkDir("../../../../testdata", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.Contains(filepath.Ext(path), "pcap") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		z.Write(data)
		name := filepath.Join(dir, filepath.Base(path))
		if err := errors.Join(z.Close(), os.WriteFile(name, packed.Bytes(), 0o666)); err != nil {
			return err
		}
		want := rowsOf(t, open(t, path))
		rows += len(want)
		checkRows(t, open(t, name), want)
		return nil
	})
	if err != nil || rows < 100 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	checkRows(t, open(t, dir), rowsOf(t, open(t, dir)))
}

func TestMissing(t *testing.T) {
	c := capturetest.New()
	for range 3 {
		c.Datagram("10.0.0.1:5004", "10.0.0.2:5004", "x")
	}
	var file bytes.Buffer
	if err := c.WritePcap(&file); err != nil {
		t.Fatal(err)
	}
	whole, cut := write(t, "whole.pcap", file.Bytes()), write(t, "cut.pcap", file.Bytes()[:file.Len()-10])
	for _, test := range []struct {
		name   string
		frames []Range
		shown  int
		stderr string
		want   error
	}{
		{whole, []Range{{3, 3}, {1, 2}, {1, 3}}, 3, "", nil},
		{whole, []Range{{4, 4}}, 0, "actionurl: not in the capture: frame 4; its last frame is 3\n", ErrMissing},
		{whole, []Range{{2, 9}, {12, 13}}, 2, "actionurl: not in the capture: frames 4-9; its last frame is 3\nactionurl: not in the capture: frames 12-13; its last frame is 3\n", ErrMissing},
		{cut, []Range{{3, 3}}, 1, "actionurl: " + cut + ":3: at byte 176: the file ends in a frame, after 50 bytes of 60\n", ErrDamaged},
	} {
		out, complaints, err := shown(t, open(t, test.name), Config{Frames: test.frames})
		if n := strings.Count(out, "\nactionurl:\n"); n != test.shown || complaints != test.stderr || err != test.want {
			t.Errorf("%v of %s: %d frames, %v\n%s", test.frames, test.name, n, err, complaints)
		}
	}
}

// flood is a source of frames of 64 KiB, a batch each.
type flood struct{ frames, n int }

func (f *flood) Next(b *capture.Batch) error {
	b.Reset()
	if f.n == f.frames {
		return io.EOF
	}
	f.n++
	b.Frames = append(b.Frames, capture.Frame{Data: make([]byte, 64<<10), Number: f.n, Interface: &capture.Interface{Capture: "x", Link: capture.LinkEthernet}})
	return nil
}

// What is held is bounded: frames are printed before the end where there are many.
func TestBound(t *testing.T) {
	out, complaints, err := shown(t, &flood{frames: 1000}, Config{Frames: []Range{{1, 1000}}})
	if n := strings.Count(out, "\nPACKET: "); err != nil || n != 1000 {
		t.Errorf("%d frames, %v", n, err)
	}
	if want := "actionurl: warning: 756 frames printed before the end of the capture; what was found later is missing\n"; complaints != want {
		t.Errorf("got %q, want %q", complaints, want)
	}
}

// troubled is a source of problems alone.
type troubled struct{ left int }

func (s *troubled) Next(b *capture.Batch) error {
	b.Reset()
	if s.left--; s.left < 0 {
		return io.EOF
	}
	b.Problems = append(b.Problems, capture.Problem{Capture: "x", Err: errors.New("is damaged")})
	return nil
}

// Of many problems the first are reported, and how many there are.
func TestProblemsBound(t *testing.T) {
	_, complaints, err := shown(t, &troubled{maxProblems + 7}, Config{})
	if n := strings.Count(complaints, "is damaged\n"); n != maxProblems || !strings.Contains(complaints, ": 7 further problems not shown\n") || !errors.Is(err, ErrDamaged) {
		t.Errorf("%d problems of %d: %v\n%s", n, maxProblems+7, err, complaints)
	}
}

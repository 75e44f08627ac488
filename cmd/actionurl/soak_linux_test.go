package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"actionurl/capture/capturetest"
)

var soak = flag.Duration("soak", 5*time.Second, "how long TestSoak sends frames as fast as it can")

// A soaked is how a run of sniff is at a time.
type soaked struct {
	memory      int // kB that are its own
	descriptors int
	goroutines  int
}

// TestSoak sends frames as fast as can be, for as long as -soak says: memory, files
// and goroutines stay as they are, each frame is read or counted as lost, and the
// rows are those of the frames that were not lost, as they are read from -w. A short
// run is stopped for a time, so that frames are lost.
//
//	go test ./cmd/actionurl -run '^TestSoak$' -soak 10m -timeout 20m -v
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	tcpreplay, err := exec.LookPath("tcpreplay")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "actionurl")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l := newLab(t, program)
	file := filepath.Join(dir, "soak.pcap")
	segments := soakCapture(t, file)
	rows, kept := filepath.Join(dir, "events.ndjson.gz"), filepath.Join(dir, "kept.pcapng")
	short, ring, loops := *soak < time.Minute, "64MiB", 100 // loops of one tcpreplay
	if short {
		ring, loops = "4MiB", 10
	}
	s := l.start(program, "sniff", "-i", "span0", "--ring-size", ring, "-o", rows, "-w", kept, "--metrics", ":9100", "--columns", soakColumns)

	sent := 0
	var samples []soaked
	began := time.Now()
	for time.Since(began) < *soak {
		replay := exec.Command(tcpreplay, "--topspeed", "--preload-pcap", "--unique-ip", "--loop", strconv.Itoa(loops), "-i", "span1", file)
		var said bytes.Buffer
		replay.Stdout, replay.Stderr = &said, &said
		if err := replay.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- replay.Wait() }()
		if short && sent == 0 {
			samples = append(samples, l.soaked(s))
			s.cmd.Process.Signal(syscall.SIGSTOP)
			if err := <-ended; err != nil {
				t.Fatalf("%v\n%s", err, said.String())
			}
			s.cmd.Process.Signal(syscall.SIGCONT)
			ended <- nil
		}
		for running := true; running; {
			select {
			case err := <-ended:
				if running = false; err != nil {
					t.Fatalf("%v\n%s", err, said.String())
				}
			case <-time.After(time.Second):
				samples = append(samples, l.soaked(s))
			}
		}
		if failed := number(t, said.String(), `Failed packets: *(\d+)`); failed > 0 {
			t.Fatalf("%d packets were not sent", failed)
		}
		sent += loops * segments
	}
	took := time.Since(began)
	await(t, "the rest to be read", func() bool { return l.metric(`actionurl_interface_unread_frames{interface="span0"}`) == 0 })
	first, last := samples[len(samples)/4], soaked{}
	await(t, fmt.Sprintf("end that is like %+v", first), func() bool { // what curl was connected to ends a little after it
		last = l.soaked(s)
		return last.descriptors <= first.descriptors && last.goroutines <= first.goroutines
	})
	cpu := s.cpu()
	s.stop(os.Interrupt)
	said := s.messages.String()

	read := number(t, said, `actionurl: (\d+) frames, `)
	came, dropped := number(t, said, `span0: (\d+) frames passed`), number(t, said, `filter, (\d+) dropped`)
	unread := 0
	if strings.Contains(said, " unread at the end") {
		unread = number(t, said, `(\d+) unread at the end`)
	}
	t.Logf("%v: %d frames sent that pass the filter (%.0f/s), %d read, %d dropped, %d unread; %.2f µs of cpu for each that was read",
		took.Round(time.Second), sent, float64(sent)/took.Seconds(), read, dropped, unread, float64(cpu.Microseconds())/float64(read))
	if came != sent || read+dropped+unread != sent {
		t.Errorf("of %d frames %d came, and %d were read, %d dropped and %d left:\n%s", sent, came, read, dropped, unread, said)
	}

	t.Logf("after a quarter %+v, in the end %+v", first, last)
	// What is known of phones and connections fills up to its bounds, slowly where the
	// machine is busy: 56 MB of live heap here, half as much again until it is collected.
	const full = 128 << 10 // kB
	if last.memory > max(full, first.memory*5/4) {
		t.Errorf("the memory grew from %d to %d kB", first.memory, last.memory)
	}

	again := filepath.Join(dir, "again.ndjson.gz")
	if out, err := exec.Command(program, "analyze", "-o", again, "--columns", soakColumns, kept).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	n, sum := sumOf(t, rows)
	if m, other := sumOf(t, again); n != m || sum != other || n == 0 {
		t.Errorf("%d rows, and %d of the frames that were kept:\n%s", n, m, said)
	}
	if dropped == 0 && n != sent/11 || dropped > 0 && n >= sent/11 || short && dropped == 0 {
		t.Errorf("%d rows of %d requests", n, sent/11)
	}
	t.Logf("%d rows, as many of the frames that were kept, and the same\n%s", n, said)
}

const soakColumns = "src_ip,target,status"

// soakCapture writes a capture of calls beside RTP, and returns the number of its
// TCP segments, 11 of each request.
func soakCapture(t *testing.T, file string) int {
	t.Helper()
	const conns = 2000
	c := capturetest.New()
	for i := range conns {
		k := c.Conn(fmt.Sprintf("10.1.%d.%d:5000", i/200, 1+i%200), "10.2.0.1:80").Open()
		agent := "Grandstream Model HW GXP2170 SW 1.0.11.64" // known by its address, which changes with each loop
		if i%2 == 0 {
			agent += fmt.Sprintf(" DevId 000b82%06x", i)
		}
		k.Send(fmt.Sprintf("GET /?event=hold&n=%d HTTP/1.1\r\nUser-Agent: %s\r\n\r\n", i, agent))
		k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		k.Close()
		if len(c.Frames) != 11+i*33 {
			t.Fatalf("%d frames of %d connections", len(c.Frames), i+1)
		}
		for range 22 {
			c.Datagram("10.1.0.1:4000", "10.2.0.2:4000", strings.Repeat("v", 172))
		}
	}
	var pcap bytes.Buffer
	if err := c.WritePcap(&pcap); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pcap.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return 11 * conns
}

// soaked returns how a run is.
func (l *lab) soaked(s *sensor) soaked {
	memory, _ := strconv.Atoi(strings.TrimSuffix(s.status("RssAnon")[0], " kB"))
	files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	return soaked{memory, len(files), l.metric("go_goroutines")}
}

// metric returns a value that is served.
func (l *lab) metric(name string) int {
	l.t.Helper()
	for line := range strings.Lines(l.run("curl", "-sf", "http://127.0.0.1:9100/metrics")) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil {
				l.t.Fatal(err)
			}
			return n
		}
	}
	l.t.Fatalf("no metric %s", name)
	return 0
}

// cpu returns the time that a run has taken so far.
func (s *sensor) cpu() time.Duration {
	s.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')'):]))
	user, _ := strconv.Atoi(fields[12])
	system, _ := strconv.Atoi(fields[13])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// number returns the number that an expression finds in a text.
func number(t *testing.T, text, expr string) int {
	t.Helper()
	found := regexp.MustCompile(expr).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in\n%s", expr, text)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// soakSeed makes the sums of two files comparable.
var soakSeed = maphash.MakeSeed()

// sumOf returns the number of rows in a file, without the losses, and a sum that is
// the same for the same rows in another order.
func sumOf(t *testing.T, name string) (n int, sum uint64) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(r); ; {
		var row struct {
			Src    string `json:"src_ip"`
			Target string
			Status int
		}
		if err := d.Decode(&row); err == io.EOF {
			return n, sum
		} else if err != nil {
			t.Fatalf("%s: row %d: %v", name, n+1, err)
		}
		if row.Target == "" {
			continue
		}
		n++
		sum += maphash.String(soakSeed, fmt.Sprint(row))
	}
}

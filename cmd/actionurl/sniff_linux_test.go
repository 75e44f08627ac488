package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"actionurl/capture/capturetest"
)

// phoneAgent is what the phones of these tests say that they are.
const phoneAgent = "Grandstream Model HW GXP2170 SW 1.0.11.64 DevId 000b82123432"

// A lab is a network of its own: a server, a phone that is connected to it by
// the cable srv0, and the cable span0, span1 that carries what a test puts on it.
type lab struct {
	t       *testing.T
	program string   // the command, as users get it
	phone   []string // runs a command where the phone is
	server  *http.Server

	mu       sync.Mutex
	answered map[string]time.Time // by target
	asked    time.Time            // for /none
}

// newLab makes a lab on the test's own thread. In CI it must be possible.
func newLab(t *testing.T, program string) *lab {
	t.Helper()
	runtime.LockOSThread() // and never unlocked: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no network namespace: %v", err)
		}
		t.Skipf("no network namespace: %v", err)
	}
	elsewhere := exec.Command("unshare", "--net", "sleep", "600")
	if err := elsewhere.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		elsewhere.Process.Kill()
		elsewhere.Wait()
	})
	l := &lab{t: t, program: program, answered: map[string]time.Time{}}
	pid := strconv.Itoa(elsewhere.Process.Pid)
	l.phone = []string{"nsenter", "--net=/proc/" + pid + "/ns/net"}
	here, _ := os.Readlink("/proc/thread-self/ns/net")
	await(t, "namespace of the phone", func() bool {
		there, err := os.Readlink("/proc/" + pid + "/ns/net")
		return err == nil && there != here
	})
	l.run("ip", "link", "set", "lo", "up")
	l.run("ip", "link", "add", "srv0", "type", "veth", "peer", "name", "phone0", "netns", pid)
	l.run("ip", "addr", "add", "10.9.0.1/24", "dev", "srv0")
	l.run("ip", "link", "set", "srv0", "up")
	l.atPhone("ip", "addr", "add", "10.9.0.2/24", "dev", "phone0")
	l.atPhone("ip", "link", "set", "phone0", "up")
	l.cable()
	l.serve()
	return l
}

// cable connects span0 and span1. Nothing is on it but what a test sends.
func (l *lab) cable() {
	l.run("ip", "link", "add", "span0", "type", "veth", "peer", "name", "span1")
	for _, name := range []string{"span0", "span1"} {
		l.run("ip", "link", "set", "dev", name, "addrgenmode", "none")
		l.run("ip", "link", "set", name, "up")
	}
}

func (l *lab) run(args ...string) string {
	l.t.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		l.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (l *lab) atPhone(args ...string) string {
	l.t.Helper()
	return l.run(append(slices.Clone(l.phone), args...)...)
}

// serve begins to answer requests, those for /none late.
func (l *lab) serve() {
	listener, err := net.Listen("tcp", "10.9.0.1:8080")
	if err != nil {
		l.t.Fatal(err)
	}
	l.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/none" {
			l.mu.Lock()
			l.asked = time.Now()
			l.mu.Unlock()
			time.Sleep(3 * time.Second)
		}
		l.mu.Lock()
		l.answered[r.RequestURI] = time.Now()
		l.mu.Unlock()
	})}
	go l.server.Serve(listener)
	l.t.Cleanup(func() { l.server.Close() })
}

// announce lets the phone send a request.
func (l *lab) announce(target string) {
	l.t.Helper()
	l.atPhone("curl", "-s", "-A", phoneAgent, "--max-time", "10", "http://10.9.0.1:8080"+target)
}

// send sends frames on the cable.
func (l *lab) send(frames []capturetest.Frame) {
	l.t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	defer unix.Close(fd)
	i, err := net.InterfaceByName("span1")
	if err != nil {
		l.t.Fatal(err)
	}
	for _, f := range frames {
		if err := unix.Sendto(fd, f.Data, 0, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
			l.t.Fatal(err)
		}
	}
}

// A sensor is a run of sniff.
type sensor struct {
	t        *testing.T
	cmd      *exec.Cmd
	stdout   io.ReadCloser
	messages watched
	ended    chan error

	mu   sync.Mutex
	rows []sensed
}

// A sensed is a row, and when it came.
type sensed struct {
	text string
	at   time.Time
}

// sniff starts sniff and waits until it watches.
func (l *lab) sniff(args ...string) *sensor {
	l.t.Helper()
	return l.start(append([]string{l.program, "sniff", "--ring-size", "8MiB"}, args...)...)
}

func (l *lab) start(args ...string) *sensor {
	l.t.Helper()
	s := &sensor{t: l.t, cmd: exec.Command(args[0], args[1:]...), ended: make(chan error, 1)}
	s.cmd.Stderr = &s.messages
	var err error
	var out *os.File
	if s.stdout, out, err = os.Pipe(); err != nil {
		l.t.Fatal(err)
	}
	s.cmd.Stdout = out
	if err := s.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	out.Close()
	go func() { s.ended <- s.cmd.Wait() }()
	go s.read()
	l.t.Cleanup(func() {
		s.cmd.Process.Kill()
		s.stdout.Close()
	})
	await(l.t, "start of "+strings.Join(args, " "), func() bool { return strings.Contains(s.messages.String(), "watching") || len(s.ended) > 0 })
	return s
}

func (s *sensor) read() {
	lines := bufio.NewScanner(s.stdout)
	for lines.Scan() {
		s.mu.Lock()
		s.rows = append(s.rows, sensed{strings.TrimRight(lines.Text(), "\r"), time.Now()})
		s.mu.Unlock()
	}
}

// all returns the rows that came so far.
func (s *sensor) all() []sensed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rows)
}

// row waits for a row with a text in it.
func (s *sensor) row(text string) sensed {
	s.t.Helper()
	var found sensed
	await(s.t, "row with "+text, func() bool {
		for _, r := range s.all() {
			if strings.Contains(r.text, text) {
				found = r
				return true
			}
		}
		return false
	})
	return found
}

// wait waits for the end of the run and returns its exit status.
func (s *sensor) wait() int {
	s.t.Helper()
	select {
	case err := <-s.ended:
		s.ended <- err
		var exit *exec.ExitError
		switch {
		case err == nil:
			return 0
		case errors.As(err, &exit):
			return exit.ExitCode()
		}
		s.t.Fatal(err)
	case <-time.After(10 * time.Second):
		s.t.Fatalf("it does not end; it said\n%s", s.messages.String())
	}
	return -1
}

// stop ends the run by a signal, and wants it to end well, with a summary.
func (s *sensor) stop(how os.Signal) {
	s.t.Helper()
	s.cmd.Process.Signal(how)
	s.done()
}

func (s *sensor) done() {
	s.t.Helper()
	if status := s.wait(); status != 0 || !strings.Contains(s.messages.String(), " dropped") {
		s.t.Errorf("exit status %d, and no summary in\n%s", status, s.messages.String())
	}
}

// status returns a line of /proc/PID/task/*/status for each thread.
func (s *sensor) status(key string) []string {
	s.t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", s.cmd.Process.Pid))
	if err != nil || len(files) == 0 {
		s.t.Fatal("no threads", err)
	}
	var values []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		for line := range strings.Lines(string(data)) {
			if value, ok := strings.CutPrefix(line, key+":"); ok {
				values = append(values, strings.TrimSpace(value))
			}
		}
	}
	return values
}

// TestSniff runs the command, as users get it, in networks of its own.
func TestSniff(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir, err := os.MkdirTemp("", "actionurl-sniff-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // for others than root, too
		t.Fatal(err)
	}
	program := filepath.Join(dir, "actionurl")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, *lab)
	}{
		{"rows", testRows},
		{"table", testTable},
		{"enough", testEnough},
		{"closed pipe", testClosedPipe},
		{"interface", testInterface},
		{"files", testFiles},
		{"folder", testFolder},
		{"rights", testRights},
		{"other commands", testOtherCommands},
		{"metrics", testMetrics},
		{"keys", testKeys},
		{"replay", testReplay},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, newLab(t, program)) })
	}
}

// Each request is one row, soon after its response or when the time for it is
// over, with a flood beside it, in a VLAN and from another interface.
func testRows(t *testing.T, l *lab) {
	kept := filepath.Join(t.TempDir(), "kept.pcapng")
	s := l.sniff("-i", "srv0", "-i", "span0", "--format", "ndjson", "--response-timeout", "1s", "-w", kept)
	flood, err := net.Dial("udp", "10.9.0.2:4000")
	if err != nil {
		t.Fatal(err)
	}
	defer flood.Close()
	stop := make(chan struct{})
	flooded := 0
	var over sync.WaitGroup
	over.Go(func() {
		rtp := make([]byte, 172)
		for {
			select {
			case <-stop:
				return
			default:
				flood.Write(rtp) // refused at times, by ICMP
				flooded++
			}
		}
	})
	var late []time.Duration
	for i := range 9 {
		target := fmt.Sprintf("/?event=hold&mac=000b82123432&n=%d", i)
		l.announce(target)
		row := s.row(target)
		l.mu.Lock()
		late = append(late, row.at.Sub(l.answered[target]))
		l.mu.Unlock()
	}
	close(stop)
	over.Wait()
	slices.Sort(late)
	t.Logf("rows after %v of the responses, beside %d datagrams", late, flooded)
	// The machine may be busy with something else at times.
	if third := late[len(late)/3]; third > 100*time.Millisecond {
		t.Errorf("two thirds of the rows came %v or more after their responses", third)
	}

	c := capturetest.New()
	k := c.Conn("192.168.40.50:49152", "192.168.40.207:80")
	k.VLANs = []uint16{100, 40}
	k.Open().Send("GET /tagged?event=hold HTTP/1.1\r\nUser-Agent: " + phoneAgent + "\r\n\r\n")
	k.Reply("HTTP/1.1 204 No Content\r\n\r\n")
	l.send(c.Frames)
	tagged := s.row("/tagged").text
	if !strings.Contains(tagged, `"vlan":[100,40]`) || !strings.Contains(tagged, `"capture":"span0"`) || !strings.Contains(tagged, `"status":204`) {
		t.Errorf("the tagged request is %s", tagged)
	}

	l.atPhone("sh", "-c", "curl -s -A '"+phoneAgent+"' --max-time 5 'http://10.9.0.1:8080/none?event=hold' >/dev/null 2>&1 & sleep 0.1")
	silent := s.row("/none")
	l.mu.Lock()
	after := silent.at.Sub(l.asked)
	l.mu.Unlock()
	if after < 900*time.Millisecond || after > 1500*time.Millisecond || !strings.Contains(silent.text, `"no_response":"timeout"`) {
		t.Errorf("after %v without a response: %s", after, silent.text)
	}
	s.stop(os.Interrupt)

	seen := map[string]int{}
	for _, r := range s.all() {
		var row struct{ Target string }
		if err := json.Unmarshal([]byte(r.text), &row); err != nil {
			t.Errorf("%v: %s", err, r.text)
		}
		seen[row.Target]++
	}
	for target, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", target, n)
		}
	}
	if len(seen) != 11 {
		t.Errorf("%d requests, want 11", len(seen))
	}
	if !strings.Contains(s.messages.String(), "srv0: ") || strings.Contains(s.messages.String(), "warning: ") {
		t.Errorf("the summary is\n%s", s.messages.String())
	}
	wireshark(t, kept, seen)
}

// wireshark checks that tshark finds these requests in a capture.
func wireshark(t *testing.T, file string, want map[string]int) {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Log(err)
		return
	}
	out, err := exec.Command(tshark, "-r", file, "-d", "tcp.port==8080,http", "-Y", "http.request", "-T", "fields", "-e", "http.request.uri").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(out))
	if len(got) != len(want) {
		t.Errorf("tshark finds %d requests, want %d", len(got), len(want))
	}
	for _, uri := range got {
		if want[uri] == 0 {
			t.Errorf("tshark finds %s", uri)
		}
	}
}

// A table's rows come one by one, too.
func testTable(t *testing.T, l *lab) {
	s := l.sniff("-i", "any", "--columns", "event,status,vars")
	l.announce("/?event=hold")
	s.row("Hold Call")
	l.announce("/?event=unhold")
	s.row("Resume Call")
	s.stop(syscall.SIGTERM)
	want := []string{"event                  status        vars", "Hold Call              200           event=hold", "Resume Call            200           event=unhold"}
	for i, r := range s.all() {
		if i >= len(want) || r.text != want[i] {
			t.Errorf("line %d: %q", i+1, r.text)
		}
	}
}

// A run ends after -c events, and after --duration.
func testEnough(t *testing.T, l *lab) {
	s := l.sniff("-i", "srv0", "-c", "2", "--format", "csv", "--columns", "target")
	for i := range 3 {
		l.announce(fmt.Sprint("/?event=hold&n=", i))
	}
	s.done()
	if rows := s.all(); len(rows) != 3 || rows[2].text != "/?event=hold&n=1" {
		t.Errorf("rows %v", rows)
	}
	began := time.Now()
	s = l.sniff("-i", "srv0", "--duration", "500ms")
	s.done()
	if took := time.Since(began); took < 500*time.Millisecond || took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
}

// Who reads the output may go away, though nothing is to be written.
func testClosedPipe(t *testing.T, l *lab) {
	s := l.sniff("-i", "srv0", "--format", "csv", "--columns", "target")
	l.announce("/?event=hold")
	s.row("/?event=hold")
	s.stdout.Close()
	s.done()
}

// An interface may go down, be removed and come back, though no right is left
// to open another socket.
func testInterface(t *testing.T, l *lab) {
	s := l.sniff("-i", "span0", "--format", "csv", "--columns", "target")
	said := func(what string) {
		t.Helper()
		await(t, what, func() bool { return strings.Contains(s.messages.String(), what) })
	}
	scene := func(n int) {
		c := capturetest.New()
		k := c.Conn(fmt.Sprint("192.168.40.50:", 49152+n), "192.168.40.207:80").Open()
		k.Send(fmt.Sprintf("GET /?event=hold&n=%d HTTP/1.1\r\nUser-Agent: %s\r\n\r\n", n, phoneAgent))
		k.Reply("HTTP/1.1 204 No Content\r\n\r\n")
		l.send(c.Frames)
		s.row(fmt.Sprint("n=", n))
	}
	scene(1)
	l.run("ip", "link", "set", "span0", "down")
	said("span0 is down")
	l.run("ip", "link", "set", "span0", "up")
	said("span0 is up")
	scene(2)
	l.run("ip", "link", "del", "span0")
	said("span0 is gone")
	l.cable()
	await(t, "the interface again", func() bool { return strings.Count(s.messages.String(), "span0 is up") == 2 })
	scene(3)
	s.stop(os.Interrupt)
}

// Files are begun anew by SIGHUP, and by the time.
func testFiles(t *testing.T, l *lab) {
	dir := t.TempDir()
	file := filepath.Join(dir, "events.csv")
	s := l.sniff("-i", "srv0", "-o", file, "--columns", "target")
	content := func(name string) string {
		data, _ := os.ReadFile(filepath.Join(dir, name))
		return string(data)
	}
	l.announce("/?event=hold&n=1")
	await(t, "first row", func() bool { return content("events.csv") == "target\r\n/?event=hold&n=1\r\n" })
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	s.cmd.Process.Signal(syscall.SIGHUP)
	await(t, "new file", func() bool { _, err := os.Stat(file); return err == nil })
	l.announce("/?event=hold&n=2")
	await(t, "second row", func() bool { return content("events.csv") == "target\r\n/?event=hold&n=2\r\n" })
	s.stop(os.Interrupt)
	if got := content("events.csv.1"); got != "target\r\n/?event=hold&n=1\r\n" {
		t.Errorf("the moved file holds %q", got)
	}

	s = l.sniff("-i", "srv0", "-o", filepath.Join(dir, "by-%H%M%S.ndjson.gz"), "--rotate", "1s", "--columns", "target")
	for i := range 3 {
		l.announce(fmt.Sprint("/?event=hold&n=", i))
		time.Sleep(time.Second)
	}
	s.stop(os.Interrupt)
	names, err := filepath.Glob(filepath.Join(dir, "by-*"))
	if err != nil || len(names) != 3 {
		t.Errorf("files %v, %v", names, err)
	}
	all := l.run(append([]string{"gzip", "-dc"}, names...)...)
	if want := "{\"target\":\"/?event=hold&n=0\"}\n{\"target\":\"/?event=hold&n=1\"}\n{\"target\":\"/?event=hold&n=2\"}\n"; all != want {
		t.Errorf("they hold %q", all)
	}
}

// The folder of the outputs may be removed and made anew, though only what the
// sandbox leaves can be opened: what was lost is known, and the rest is written.
func testFolder(t *testing.T, l *lab) {
	for _, rotate := range []bool{false, true} {
		for _, hangup := range []bool{false, true} {
			dir := filepath.Join(t.TempDir(), "out")
			if err := os.Mkdir(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			args := []string{"-i", "srv0", "-o", filepath.Join(dir, "events.csv"), "-w", filepath.Join(dir, "w.pcapng"), "--columns", "target"}
			if rotate {
				args = []string{"-i", "srv0", "-o", filepath.Join(dir, "events%Y.csv"), "-w", filepath.Join(dir, "w%Y.pcapng"), "--columns", "target", "--rotate", "24h"}
			}
			s := l.sniff(args...)
			l.announce("/?event=hold&n=1")
			await(t, "first row", func() bool {
				files, _ := filepath.Glob(filepath.Join(dir, "*events*"))
				hidden, _ := filepath.Glob(filepath.Join(dir, ".events*"))
				for _, f := range append(files, hidden...) {
					if data, _ := os.ReadFile(f); bytes.Contains(data, []byte("n=1")) {
						return true
					}
				}
				return false
			})
			if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o777)); err != nil {
				t.Fatal(err)
			}
			if hangup {
				s.cmd.Process.Signal(syscall.SIGHUP)
			}
			await(t, "the new file", func() bool { return strings.Count(s.messages.String(), ": started a new file\n") == 2 })
			l.announce("/?event=hold&n=2")
			time.Sleep(300 * time.Millisecond)
			s.cmd.Process.Signal(os.Interrupt)
			if status := s.wait(); status != statusFailed || !strings.Contains(s.messages.String(), ": 1 row lost: the file was removed; ") {
				t.Errorf("rotate %t, hangup %t: exit status %d:\n%s", rotate, hangup, status, s.messages.String())
			}
			files, _ := filepath.Glob(filepath.Join(dir, "*"))
			rows, frames := "", 0
			for _, f := range files {
				data, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				info, _ := os.Stat(f)
				if strings.HasSuffix(f, ".csv") {
					rows = string(data)
				} else if frames = len(data); info.Mode() != 0o600 {
					t.Errorf("%s has mode %v", f, info.Mode())
				}
			}
			if rows != "target\r\n/?event=hold&n=2\r\n" || frames == 0 {
				t.Errorf("rotate %t, hangup %t: rows %q, %d bytes of frames in %q:\n%s", rotate, hangup, rows, frames, files, s.messages.String())
			}
		}
	}
}

// One right is enough, and no thread keeps any.
func testRights(t *testing.T, l *lab) {
	nobody := []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
	without := exec.Command(nobody[0], append(slices.Clone(nobody[1:]), l.program, "sniff", "-i", "srv0")...)
	out, err := without.CombinedOutput()
	want := "actionurl: srv0: no permission to capture; grant it with: sudo setcap cap_net_raw+ep " + l.program + "\n"
	if err == nil || without.ProcessState.ExitCode() != statusFailed || string(out) != want {
		t.Errorf("without the right: %v\n%s", err, out)
	}

	command := append(slices.Clone(nobody), "--inh-caps=+net_raw", "--ambient-caps=+net_raw", l.program, "sniff", "-v", "-i", "srv0", "--format", "csv", "--columns", "target")
	for _, s := range []*sensor{
		l.start(command...),
		l.sniff("-v", "-i", "srv0", "--format", "csv", "--columns", "target"),
		l.sniff("-v", "-i", "srv0", "--format", "csv", "--columns", "target", "-o", "/dev/stdout"),
	} {
		l.announce("/?event=hold")
		s.row("/?event=hold")
		for key, want := range map[string]string{
			"CapEff": "0000000000000000", "CapPrm": "0000000000000000", "CapInh": "0000000000000000", "CapAmb": "0000000000000000",
			"NoNewPrivs": "1", "Seccomp": "2",
		} {
			for _, got := range s.status(key) {
				if got != want {
					t.Errorf("%s of a thread is %s, want %s", key, got, want)
				}
			}
		}
		s.stop(os.Interrupt)
		if said := s.messages.String(); !strings.Contains(said, "sandboxed; can only use what is open\n") || strings.Contains(said, "BUG") {
			t.Errorf("--verbose says\n%s", s.messages.String())
		}
	}

	// A folder that only root's rights open cannot be given up to.
	dir := t.TempDir()
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := l.sniff("-i", "srv0", "-o", filepath.Join(dir, "%H.csv"), "--rotate", "1h")
	if status := s.wait(); status != statusFailed || !strings.Contains(s.messages.String(), "without the rights of root: permission denied") {
		t.Errorf("exit status %d:\n%s", status, s.messages.String())
	}
}

// Every command that reads what strangers made is shut in while it reads.
func testOtherCommands(t *testing.T, l *lab) {
	for _, args := range []string{"analyze -", "learn -", "report -", "check -", "check --fail-on warning -", "frames - 1", "analyze --redact all -", "profile check", "profile show"} {
		command, _, _ := strings.Cut(args, " ")
		words := strings.Fields(args)
		input, feed, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if command == "profile" { // reads no standard input
			pipe := filepath.Join(t.TempDir(), "site.yaml")
			if err := unix.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			words = append(words, pipe)
		}
		cmd := exec.Command(l.program, words...)
		cmd.Stdin = input
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		input.Close()
		switch {
		case command == "report":
			feed.WriteString("{\"time\":")
		case command != "profile":
			capturetest.New().WritePcap(feed)
		}
		s := &sensor{t: t, cmd: cmd}
		await(t, args+" to be shut in", func() bool {
			for key, want := range map[string]string{"CapEff": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"} {
				if slices.ContainsFunc(s.status(key), func(got string) bool { return got != want }) {
					return false
				}
			}
			return true
		})
		feed.Close()
		if command == "profile" {
			cmd.Process.Kill()
		}
		cmd.Wait()
	}
}

// The counts are served to who is on the same machine.
func testMetrics(t *testing.T, l *lab) {
	s := l.sniff("-i", "srv0", "--metrics", ":9100", "--format", "csv", "--columns", "target")
	l.announce("/?event=hold")
	s.row("/?event=hold")
	got := l.run("curl", "-sf", "http://127.0.0.1:9100/metrics")
	for _, want := range []string{`actionurl_events_total{event="hold_call"} 1`, `actionurl_interface_dropped_frames_total{interface="srv0"} 0`} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if got := l.run("curl", "-sf", "http://127.0.0.1:9100/healthz"); got != "ok\n" {
		t.Errorf("/healthz says %q", got)
	}
	if err := exec.Command("curl", "-s", "--max-time", "2", "http://10.9.0.1:9100/metrics").Run(); err == nil {
		t.Error("served to others")
	}
	s.stop(os.Interrupt)
}

// A capture that is replayed as fast as can be, over and over: every request
// is one row, nothing is dropped, and neither the heap nor the files grow.
func testReplay(t *testing.T, l *lab) {
	tcpreplay, err := exec.LookPath("tcpreplay")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	const conns, loops = 400, 25
	c := capturetest.New()
	for i := range conns {
		k := c.Conn(fmt.Sprintf("10.1.%d.%d:5000", i/200, 1+i%200), "10.2.0.1:80").Open()
		k.Send(fmt.Sprintf("GET /?event=hold&n=%d HTTP/1.1\r\nUser-Agent: %s\r\n\r\n", i, phoneAgent))
		k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		k.Close()
		for range 40 {
			c.Datagram("10.1.0.1:4000", "10.2.0.2:4000", strings.Repeat("v", 172))
		}
	}
	file := filepath.Join(t.TempDir(), "replay.pcap")
	var pcap bytes.Buffer
	if err := c.WritePcap(&pcap); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pcap.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	s := l.sniff("-i", "span0", "--format", "csv", "--columns", "src_ip,target", "-w", filepath.Join(t.TempDir(), "w.pcapng"))
	replay := exec.Command(tcpreplay, "--topspeed", "--preload-pcap", "--unique-ip", "--loop", strconv.Itoa(loops), "-i", "span1", file)
	var said bytes.Buffer
	replay.Stdout, replay.Stderr = &said, &said
	if err := replay.Start(); err != nil {
		t.Fatal(err)
	}
	memory := func() int {
		kB, _ := strconv.Atoi(strings.TrimSuffix(s.status("RssAnon")[0], " kB"))
		return kB
	}
	descriptors := func() int {
		all, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
		return len(all)
	}
	await(t, "a fifth of the rows", func() bool { return len(s.all()) > conns*loops/5 })
	memoryBefore, descriptorsBefore := memory(), descriptors()
	if err := replay.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	await(t, "all rows", func() bool { return len(s.all()) > conns*loops })
	memoryAfter, descriptorsAfter := memory(), descriptors()
	t.Logf("%d kB and %d descriptors, then %d kB and %d\n%s", memoryBefore, descriptorsBefore, memoryAfter, descriptorsAfter, said.String())
	if memoryAfter > memoryBefore+24<<10 {
		t.Errorf("the heap grew from %d to %d kB", memoryBefore, memoryAfter)
	}
	if descriptorsAfter > descriptorsBefore {
		t.Errorf("the open files became %d of %d", descriptorsAfter, descriptorsBefore)
	}
	s.stop(os.Interrupt)
	seen := map[string]bool{}
	for _, r := range s.all() {
		if seen[r.text] {
			t.Errorf("%s is there twice", r.text)
		}
		seen[r.text] = true
	}
	if !strings.Contains(s.messages.String(), " passed the filter, 0 dropped") || strings.Contains(s.messages.String(), "warning: ") {
		t.Errorf("the summary is\n%s", s.messages.String())
	}
}

// A phone's requests over TLS are rows, with a key log that grows while they come:
// at once, or later than the connection; as a file, or as a pipe.
func testKeys(t *testing.T, l *lab) {
	for _, late := range []time.Duration{0, 700 * time.Millisecond} {
		for _, piped := range []bool{false, true} {
			l.overTLS(late, piped)
		}
	}
}

func (l *lab) overTLS(late time.Duration, piped bool) {
	t := l.t
	name := filepath.Join(t.TempDir(), "keys")
	create := func() error { return os.WriteFile(name, nil, 0o600) }
	if piped {
		create = func() error { return unix.Mkfifo(name, 0o600) }
	}
	if err := create(); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "10.9.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Listener.Close()
	server.Listener = listener
	server.TLS = &tls.Config{KeyLogWriter: &delayed{appender(name), late}}
	server.StartTLS()
	defer server.Close()

	s := l.sniff("-i", "srv0", "--format", "ndjson", "--keylog", name)
	for i := range 3 {
		l.atPhone("curl", "-sk", "--http1.1", "-A", phoneAgent, "--max-time", "10", fmt.Sprintf("%s/crm?event=incoming_call&mac=000b82123432&n=%d", server.URL, i))
	}
	for i := range 3 {
		row := s.row(fmt.Sprintf("&n=%d", i))
		if !strings.Contains(row.text, `"tls":"TLS 1.3 `) || !strings.Contains(row.text, `"status":404`) {
			t.Errorf("keys %v later, piped %v: row %s", late, piped, row.text)
		}
	}
	s.stop(os.Interrupt)
	if want := "3 TLS connections decrypted"; !strings.Contains(s.messages.String(), want) {
		t.Errorf("keys %v later, piped %v: no %q in %s", late, piped, want, s.messages.String())
	}
}

// An appender opens its file for each line: a pipe has no writer before and between.
type appender string

func (a appender) Write(b []byte) (int, error) {
	file, err := os.OpenFile(string(a), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return file.Write(b)
}

// delayed writes later, as if over a network.
type delayed struct {
	to io.Writer
	by time.Duration
}

func (d *delayed) Write(b []byte) (int, error) {
	line := bytes.Clone(b)
	if d.by == 0 {
		return d.to.Write(line)
	}
	time.AfterFunc(d.by, func() { d.to.Write(line) })
	return len(b), nil
}

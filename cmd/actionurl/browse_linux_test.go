package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"actionurl/report"
)

// A screen is the command in a terminal of its own, which tmux makes.
type screen struct {
	t      *testing.T
	socket string
	pid    int  // of the command
	over   bool // it has ended
}

// tmux returns the path of tmux. In CI it must be there.
func tmux(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("tmux")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}

// browse runs browse in a terminal of a size, from a shell in a folder.
func startBrowse(t *testing.T, program, dir, size string, args ...string) *screen {
	t.Helper()
	s := &screen{t: t, socket: filepath.Join(t.TempDir(), "tmux")}
	width, height, _ := strings.Cut(size, "x")
	start := exec.Command(tmux(t), "-f", "/dev/null", "-S", s.socket, "new-session", "-d", "-x", width, "-y", height, "-c", dir, "env", "PS1=$ ", "ENV=", "TERM=tmux-256color", "sh")
	start.Env = append(os.Environ(), "SHELL=/bin/sh", "LC_ALL=C.UTF-8")
	if out, err := start.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() { exec.Command("tmux", "-S", s.socket, "kill-server").Run() })
	s.tmux("set-option", "-g", "escape-time", "10")
	s.await("$")
	pidFile := filepath.Join(t.TempDir(), "pid")
	s.tmux("send-keys", "-l", fmt.Sprintf("stty -a >%s.before; sh -c 'echo $$ >%s; exec %s browse %s'; echo ended $?; stty -a >%s.after", pidFile, pidFile, program, strings.Join(args, " "), pidFile))
	s.tmux("send-keys", "Enter")
	await(t, "command", func() bool {
		text, _ := os.ReadFile(pidFile)
		s.pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return s.pid > 0
	})
	t.Cleanup(func() {
		if s.over {
			before, _ := os.ReadFile(pidFile + ".before")
			await(t, "terminal as it was", func() bool {
				after, _ := os.ReadFile(pidFile + ".after")
				return string(after) == string(before)
			})
		}
	})
	return s
}

func (s *screen) tmux(args ...string) string {
	s.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", s.socket}, args...)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// press presses keys.
func (s *screen) press(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		s.tmux("send-keys", key)
		time.Sleep(30 * time.Millisecond) // an escape is a key of its own
	}
}

// typed types a text.
func (s *screen) typed(text string) {
	s.t.Helper()
	s.tmux("send-keys", "-l", text)
}

func (s *screen) shown() string { return s.tmux("capture-pane", "-p") }

// await waits until the terminal shows all of these texts.
func (s *screen) await(texts ...string) string {
	s.t.Helper()
	var shown string
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		shown = s.shown()
		all := true
		for _, text := range texts {
			all = all && strings.Contains(shown, text)
		}
		if all {
			return shown
		}
	}
	s.t.Fatalf("no %q in the terminal:\n%s", texts, shown)
	return ""
}

// left waits until the command has ended and the terminal shows what was there.
func (s *screen) left(status int) {
	s.t.Helper()
	shown := s.await(fmt.Sprintf("ended %d", status))
	s.over = true
	if strings.Contains(shown, "[1 verdict]") {
		s.t.Errorf("the alternate screen was not left:\n%s", shown)
	}
}

// TestBrowse uses the screen as somebody at a terminal does.
func TestBrowse(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	tmux(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "actionurl")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	deployment, err := filepath.Abs("../../testdata/deployment.pcap")
	if err != nil {
		t.Fatal(err)
	}
	held, err := filepath.Abs("../../testdata/real/sip-held.pcap")
	if err != nil {
		t.Fatal(err)
	}

	t.Run("capture", func(t *testing.T) {
		s := startBrowse(t, program, dir, "80x24", deployment)
		s.await("[4 events]", "34:32  Incoming Call", "1 of 4 events")
		s.press("Down", "Down")
		s.await("3 of 4 events")
		s.press("/")
		s.typed("status:404")
		s.await("filter: status:404", "1 of 1 event (of 4)")
		s.press("Enter", "x")
		s.await("─ Incoming Call ──▶│", "404 ✗")
		s.press("s")
		s.await("save 1 call to: actionurl.pcapng")
		s.press("Enter")
		s.await("saved ", " frames to actionurl.pcapng")
		out, err := exec.Command(program, "analyze", "--view", "calls", "--format", "csv", "--columns", "events", filepath.Join(dir, "actionurl.pcapng")).Output()
		if err != nil || !strings.Contains(string(out), "incoming_call established_call terminated_call") {
			t.Errorf("%v\n%s", err, out)
		}
		s.tmux("resize-window", "-x", "200", "-y", "50")
		s.await("│ GET /crm?e=incoming")
		s.press("Escape")
		s.await("1 of 1 event (of 4)")
		s.press("Escape")
		s.await("3 of 4 events")
		s.press("1")
		s.await("✗ 34:32", "nothing arrives: 1 TLS connection")
		s.tmux("resize-window", "-x", "80", "-y", "24")
		s.press("2")
		s.await("1 of 3 phones", "34:34  192.168.40.52")
		s.press("q")
		s.left(0)
	})
	t.Run("wide", func(t *testing.T) {
		s := startBrowse(t, program, dir, "200x50", held)
		s.await("1 of 5 events", "│ GET /call-id=")
		s.press("3", "Enter", "Down", "Down")
		s.await("INVITE", "Hold Call", "║", "│ GET /call-id=")
		s.press("C-c")
		s.left(0)
	})
	t.Run("suspended", func(t *testing.T) {
		s := startBrowse(t, program, dir, "80x24", deployment)
		s.await("1 of 4 events")
		s.press("C-z")
		s.left(128 + int(syscall.SIGTSTP))
		s.typed("clear; fg; echo then $?")
		s.press("Enter")
		s.await("1 of 4 events")
		s.press("Down")
		s.await("2 of 4 events")
		s.press("q")
		s.await("then 0")
	})
	t.Run("no color", func(t *testing.T) {
		t.Setenv("NO_COLOR", "1")
		s := startBrowse(t, program, dir, "80x24", deployment)
		s.await("✗ 08:01:03.024")
		if colored := s.tmux("capture-pane", "-p", "-e"); strings.Contains(colored, "\x1b[31m") {
			t.Errorf("%q", colored)
		}
		s.press("F10")
		s.left(0)
	})
	t.Run("names", func(t *testing.T) {
		names := []string{"会议室", "\U0001f600 Desk", "قاعة \u202eالاجتماع", "e\u0301te\u0301", "plain"}
		var events strings.Builder
		for i, name := range names {
			fmt.Fprintf(&events, `{"time":"2026-03-02T08:00:0%d.000Z","capture":"a.pcap","frame":%d,"src_ip":"192.168.40.%d","src_port":40000,"dest_ip":"192.168.40.207","dest_port":80,"method":"GET","host":"x","target":"/e?event=hold","version":"HTTP/1.1","status":200,"latency_ms":2,"event":"hold_call","label":"Hold Call","by":"name","phone_ip":"192.168.40.%d","phone_name":%q}`+"\n", i, i+1, 50+i, 50+i, name)
		}
		file := filepath.Join(dir, "names.ndjson")
		if err := os.WriteFile(file, []byte(events.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		s := startBrowse(t, program, dir, "80x24", file)
		s.await("1 of 5 events")
		at := map[int]bool{}
		for line := range strings.Lines(s.shown()) {
			if before, _, ok := strings.Cut(line, "Hold Call"); ok {
				at[report.Width(before)] = true
			}
			if strings.Contains(line, "\u202e") {
				t.Errorf("the direction is changed: %q", line)
			}
		}
		if len(at) != 1 {
			t.Errorf("the column begins at %v:\n%s", at, s.shown())
		}
		s.press("s")
		s.await("actionurl.ndjson")
		s.press("C-u")
		s.typed("x.pcapng")
		s.press("Enter")
		s.await("saved events hold no frames")
		s.press("Escape", "q")
		s.left(0)
	})
	t.Run("pipe", func(t *testing.T) {
		s := startBrowse(t, program, dir, "80x24", "- <", deployment)
		s.await("1 of 4 events")
		s.press("Enter", "G")
		s.await("Layer 4")
		s.press("F10")
		s.left(0)
	})
	t.Run("damaged", func(t *testing.T) {
		cut, err := filepath.Abs("../../testdata/cut.pcap")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(cut, filepath.Join(dir, "cut.pcap")); err != nil { // a longer name breaks the line
			t.Fatal(err)
		}
		s := startBrowse(t, program, dir, "80x24", "cut.pcap")
		s.await("of 3 events")
		s.press("m")
		if text := s.await("the file ends in a frame", "no problem found"); strings.Contains(text, "exit status") {
			t.Errorf("the messages name a status that is not the one of the end:\n%s", text)
		}
		s.press("F10")
		s.left(0)
	})
	t.Run("sensors", func(t *testing.T) {
		url, _ := natsServer(t)
		s := startBrowse(t, program, dir, "120x24", url, "--lateness", "1s")
		s.await("LIVE")
		if status := execute(t.Context(), nil, []string{"analyze", "--publish", url, "--sensor", "hq", "--spool-dir", t.TempDir(), "-o", os.DevNull, "--format", "ndjson", deployment}, nil, io.Discard, io.Discard); status != statusDone {
			t.Fatalf("exit status %d", status)
		}
		s.await("sensor", "hq", "Terminate Call", "of 4 events")
		s.press("F10")
		s.left(0)
	})
	t.Run("closed", func(t *testing.T) {
		s := startBrowse(t, program, dir, "80x24", deployment)
		s.await("1 of 4 events")
		s.tmux("kill-server")
		await(t, "end", func() bool { return syscall.Kill(s.pid, 0) != nil })
	})
	t.Run("terminated", func(t *testing.T) {
		s := startBrowse(t, program, dir, "80x24", deployment)
		s.await("1 of 4 events")
		syscall.Kill(s.pid, syscall.SIGTERM)
		s.left(0)
	})
	t.Run("live", func(t *testing.T) { testBrowseLive(t, newLab(t, program), dir) })
}

// Live, calls appear with their first event and are updated, and the list follows
// until one moves in it.
func testBrowseLive(t *testing.T, l *lab, dir string) {
	s := startBrowse(t, l.program, dir, "80x24", "-i", "srv0")
	s.await("LIVE", "0 lost", "nothing yet")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("not %q while the screen is drawn", want)
		}
	}
	l.announce("/?event=incoming_call&remote=1001&call-id=a1")
	s.await("Incoming Call", "1 of 1 event")
	s.press("3")
	s.await("1001", "ringing", "1 of 1 call")
	l.announce("/?event=established_call&remote=1001&call-id=a1")
	s.await("active")
	l.announce("/?event=terminated_call&remote=1001&call-id=a1")
	s.await("ended")
	s.press("4")
	s.await("3 of 3 events")
	s.press("Up")
	s.await("2 of 3 events", "stands still: 0 new")
	l.announce("/?event=dnd_on")
	s.await("2 of 4 events", "stands still: 1 new")
	s.press("p")
	s.await("PAUSED")
	l.announce("/?event=dnd_off")
	time.Sleep(300 * time.Millisecond)
	s.press("End")
	s.await("4 of 4 events")
	s.press("p")
	s.await("5 of 5 events", "DND Off")
	s.press("Enter", "G")
	s.await("Layer 4", "TCP")
	s.press("Escape")
	s.await("5 of 5 events")
	s.press("s")
	s.await("save 5 events to:")
	s.press("C-u")
	s.typed("live.pcapng")
	s.press("Enter")
	s.await("frames to live.pcapng")
	out, err := exec.Command(l.program, "analyze", "--format", "csv", "--columns", "event", filepath.Join(dir, "live.pcapng")).Output()
	if err != nil || strings.Count(string(out), "\n") != 6 {
		t.Errorf("%v\n%s", err, out)
	}
	s.press("q")
	s.left(0)
}

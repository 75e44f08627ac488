package browse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/teatest/v2"

	"actionurl/capture/files"
	"actionurl/cmd/actionurl/internal/run"
	"actionurl/decode"
	"actionurl/decode/httpwire"
	"actionurl/report"
	"actionurl/report/formats"
	"actionurl/report/redact"
)

const testdata = "../../../../testdata/"

// A probe is a model that can be asked what it shows.
type probe struct{ *model }

type shownMsg chan string

func (p probe) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if reply, ok := msg.(shownMsg); ok {
		p.View()
		var all []string
		for _, l := range p.lines {
			var text strings.Builder
			for _, part := range l {
				text.WriteString(part.text)
			}
			all = append(all, strings.TrimRight(text.String(), " "))
		}
		reply <- strings.Join(all, "\n")
		return p, nil
	}
	_, cmd := p.model.Update(msg)
	return p, cmd
}

// A session is a screen that a test looks at.
type session struct {
	*teatest.TestModel
	t      *testing.T
	screen *Screen
}

// begin shows captures on a screen of a size.
func begin(t *testing.T, c Config, width, height int, captures ...string) *session {
	t.Helper()
	return beginWith(t, c, run.Config{}, width, height, captures...)
}

// beginWith is begin with what a run is to do besides.
func beginWith(t *testing.T, c Config, config run.Config, width, height int, captures ...string) *session {
	t.Helper()
	c.Zone, c.Clock, c.Frames, c.Name = time.UTC, "utc", config.Redact == nil, filepath.Base(captures[0])
	screen, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	in, err := files.Open(t.Context(), captures, nil)
	if err != nil {
		t.Fatal(err)
	}
	config.Output = "-"
	config.Options.Clock = utc(t)
	config.Decode.ResponseTimeout, config.Decode.SlowResponse = 10*time.Second, time.Second
	screen.Attach(&config)
	if err := run.Captures(config, in); err != nil && !errors.Is(err, run.ErrDamaged) {
		t.Fatal(err)
	}
	screen.store.ended = true
	return show(t, screen, width, height)
}

func show(t *testing.T, screen *Screen, width, height int) *session {
	t.Helper()
	m, err := newModel(screen)
	if err != nil {
		t.Fatal(err)
	}
	s := &session{teatest.NewTestModel(t, probe{m}, teatest.WithInitialTermSize(width, height)), t, screen}
	t.Cleanup(func() {
		s.Quit()
		s.WaitFinished(t, teatest.WithFinalTimeout(10*time.Second))
		for _, p := range m.panes {
			p.close()
		}
	})
	return s
}

// shown returns the text of the screen.
func (s *session) shown() string {
	reply := make(shownMsg, 1)
	s.Send(reply)
	select {
	case text := <-reply:
		return text
	case <-time.After(10 * time.Second):
		s.t.Fatal("the screen does not answer")
		return ""
	}
}

var keyNames = map[string]rune{
	"enter": tea.KeyEnter, "esc": tea.KeyEscape, "space": tea.KeySpace, "up": tea.KeyUp, "down": tea.KeyDown, "end": tea.KeyEnd, "home": tea.KeyHome,
	"backspace": tea.KeyBackspace, "pgdown": tea.KeyPgDown, "tab": tea.KeyTab, "f1": tea.KeyF1, "f2": tea.KeyF2, "f3": tea.KeyF3, "f4": tea.KeyF4, "f6": tea.KeyF6, "f7": tea.KeyF7, "f10": tea.KeyF10,
}

// press presses keys, of which a name or a character each is given.
func (s *session) press(keys ...string) {
	for _, key := range keys {
		switch code, named := keyNames[key]; {
		case key == "ctrl+c" || key == "ctrl+u":
			s.Send(tea.KeyPressMsg{Code: rune(key[5]), Mod: tea.ModCtrl})
		case named:
			s.Send(tea.KeyPressMsg{Code: code})
		default:
			s.Type(key)
		}
	}
}

// await waits until the screen shows all of these texts, and returns it.
func (s *session) await(texts ...string) string {
	s.t.Helper()
	var text string
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		text = s.shown()
		missing := false
		for _, want := range texts {
			missing = missing || !strings.Contains(text, want)
		}
		if !missing {
			return text
		}
	}
	s.t.Fatalf("no %q on the screen:\n%s", texts, text)
	return ""
}

// Number keys choose the views, which have the columns of the other outputs.
func TestViews(t *testing.T) {
	s := begin(t, Config{}, 80, 40, testdata+"deployment.pcap")
	s.await("deployment.pcap  3 phones  1 call  4 events", "time          phone  event", "✗ 08:01:03.024  34:32  Terminate Call", "1 of 4 events")
	s.press("1")
	s.await("✗ 34:32  1 of 3 requests answered 404", "! 34:33  1 connection refused")
	s.press("2")
	s.await("phone  phone_ip", "34:34  192.168.40.52", "1 of 3 phones")
	s.press("3")
	s.await("34:32                 ended", "1 of 1 call")
	s.press("5")
	s.await("server", "192.168.40.207:8085", "1 of 1 server")
	s.press("4")
	s.await("1 of 4 events")
}

// Enter goes on from a phone to its events and their details, and Esc back.
func TestEnter(t *testing.T) {
	s := begin(t, Config{}, 80, 90, testdata+"deployment.pcap")
	s.press("2", "down", "enter")
	s.await("> phone 34:33", "Registration", "1 of 1 event (of 4)")
	s.press("enter")
	text := s.await("> event 4", "GET /crm?", "User-Agent: Grandstream", "variables", "secret_in_url", "frame, by gopacket", "- Layer 4")
	if !strings.Contains(text, "as sent\n  GET /crm?") {
		t.Errorf("no raw request in:\n%s", text)
	}
	s.press("esc", "esc")
	s.await("2 of 3 phones")
}

// The ladder of a call shows its requests and responses, and what failed.
func TestLadder(t *testing.T) {
	s := begin(t, Config{}, 80, 24, testdata+"deployment.pcap")
	s.press("3", "enter")
	s.await("34:32", "192.168.40.207:8085", "─ Incoming Call ──▶│ GET /crm?e=incoming", "◀─", "404 ✗", "6 messages")
}

// With redaction, the same calls and phones are shown, and nothing of what was sent.
func TestRedacted(t *testing.T) {
	redactor, err := redact.New(redact.Config{Set: redact.All})
	if err != nil {
		t.Fatal(err)
	}
	s := beginWith(t, Config{Why: "redacted"}, run.Config{Redact: redactor}, 120, 60, testdata+"real/sip-transferred.pcap")
	plain := begin(t, Config{}, 120, 60, testdata+"real/sip-transferred.pcap")
	sent := regexp.MustCompile(`192\.168|10\.\d+\.\d|000b82|00:0b:82|(^|\D)[1-7]00\d(\D|$)`)
	for _, view := range []string{"2", "3", "4"} {
		s.press(view)
		plain.press(view)
		counts := regexp.MustCompile(`\d+ of \d+ (event|call|phone)s?`)
		want := counts.FindString(plain.shown())
		text := s.await(want)
		if where := sent.FindString(text); where != "" || want == "" {
			t.Errorf("view %s, %s: %q is shown:\n%s", view, want, where, text)
		}
	}
	s.press("3", "enter")
	text := s.await("INVITE", "messages")
	if where := sent.FindString(text); where != "" {
		t.Errorf("%q is shown:\n%s", where, text)
	}
	s.press("esc", "4", "enter")
	text = s.await("variables", "number-")
	if where := sent.FindString(text); where != "" {
		t.Errorf("%q is shown:\n%s", where, text)
	}
}

// The words of a filter choose rows, as they are typed.
func TestFilter(t *testing.T) {
	s := begin(t, Config{}, 80, 24, testdata+"deployment.pcap")
	s.press("/", "status:4xx")
	s.await("filter: status:4xx", "1 of 1 event (of 4)")
	s.press("enter", "3")
	s.await("1 of 1 call")
	s.press("4")
	s.await("1 of 1 event (of 4)")
	s.press("esc", "/", "REGISTR", "enter")
	s.await("filter: REGISTR", "1 of 1 event (of 4)")
	s.press("esc", "/", "status:x", "enter")
	s.await("filter: status:x", "is not a status") // and can be corrected
	s.press("backspace", "404", "enter")
	s.await("filter: status:404", "1 of 1 event (of 4)", "Enter details")
	s.press("f7", "ctrl+u", "34:32", "enter")
	s.await("filter: phone:34:32", "1 of 3 events (of 4)")
}

// A search that is busy ends without anybody waiting for it.
func TestStopAtOnce(t *testing.T) {
	screen, err := New(Config{Zone: time.UTC, Clock: "utc"})
	if err != nil {
		t.Fatal(err)
	}
	find, err := newSearch(screen, query{view: phonesView, words: "x"})
	if err != nil {
		t.Fatal(err)
	}
	screen.store.mu.Lock() // which the search waits for
	defer screen.store.mu.Unlock()
	find.start()
	stopped := make(chan struct{})
	go func() {
		find.stop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(5 * time.Second):
		t.Error("stop waits")
	}
}

// A filter is of all views, and the flags of the command fill it in.
func TestFilterOfAllViews(t *testing.T) {
	s := begin(t, Config{Words: "phone:34:33"}, 80, 24, testdata+"deployment.pcap")
	for key, want := range map[string]string{"4": "1 of 1 event (of 4)", "3": "no calls (of 1)", "2": "1 of 1 phone (of 3)", "5": "1 of 1 server (of 1)"} {
		s.press(key)
		s.await("filter: phone:34:33", want)
	}
	s.press("1")
	s.await("filter: phone:34:33", "1 phone  1 event", "! 34:33  1 connection refused")
	s.press("enter")
	s.await("34:33", "1 of 1 phone (of 3)")
	s.press("esc", "esc", "/", "ctrl+u", "phone:34:34", "enter")
	s.await("✗ 34:34  nothing arrives")
	s.press("esc")
	s.await("3 phones  4 events", "✗ 34:32  1 of 3 requests answered 404")
	s.press("/", "phone:34:33", "enter", "2", "esc")
	s.await("1 of 3 phones")
	s.press("3")
	s.await("1 of 1 call")
	s.press("/", "failed event:hold", "enter", "5")
	s.await("no servers (of 1)")
}

// How many phones fail is counted again as more is read, whatever is shown.
func TestFailingCounted(t *testing.T) {
	screen, err := New(Config{Zone: time.UTC, Clock: "utc"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := newModel(screen)
	if err != nil {
		t.Fatal(err)
	}
	m.Update(m.judge()())
	if m.judge() != nil {
		t.Error("counted again, though nothing was read")
	}
	screen.store.note("something was read")
	m.judged = time.Now().Add(-countEvery)
	if m.judge() == nil {
		t.Error("not counted again")
	}
}

// The cause of a verdict leads to the events that it is about.
func TestCause(t *testing.T) {
	s := begin(t, Config{}, 80, 24, testdata+"deployment.pcap")
	s.press("1")
	s.await("✗ 34:32  1 of 3")
	s.press("enter")
	s.await("> http_error", "Terminate Call", "1 of 1 event (of 4)")
	s.press("esc", "down", "enter")
	s.await("34:34  192.168.40.52", "1 of 1 phone (of 3)")
	s.press("esc", "esc", "up", "enter", "/", "phone:34:33", "enter") // narrows what the cause has
	s.await("> http_error", "no events (of 4)")
}

// Between a list and the details beside it is a space, wherever the list is cut.
func TestDetailsBeside(t *testing.T) {
	s := begin(t, Config{}, 200, 40, testdata+"calls.pcap")
	text := s.await("findings", "raw_blank fan_out")
	if where := regexp.MustCompile(`\S│|│\S`).FindString(text); where != "" {
		t.Errorf("%q in:\n%s", where, text)
	}
	s.press("3", "enter")
	s.await("─ Incoming Call ──", " │ GET /event?event=incoming_call")
}

// Several calls that are selected make one ladder, and each row is wanted at most
// once.
func TestSeveralCalls(t *testing.T) {
	s := begin(t, Config{}, 120, 40, testdata+"calls.pcap")
	s.press("3")
	text := s.await(" calls", "1 of ")
	first := regexp.MustCompile(`1 of (\d+) calls`).FindStringSubmatch(text)
	if first == nil || first[1] < "3" {
		t.Fatalf("too few calls:\n%s", text)
	}
	s.press("space", "space")
	s.await("2 selected", "* ")
	s.press("enter")
	s.await("> 2 calls", "phone", "server", "──▶│")
	s.press("esc", "esc")
	s.await("3 of " + first[1] + " calls")
}

// Esc and a key that follow each other at once may come as one.
func TestEscapeAtOnce(t *testing.T) {
	s := begin(t, Config{}, 80, 24, testdata+"deployment.pcap")
	s.press("4", "enter")
	s.await("> event 1")
	s.Send(tea.KeyPressMsg{Code: '2', Mod: tea.ModAlt})
	s.await("1 of 3 phones")
	s.press("/", "x")
	s.Send(tea.KeyPressMsg{Code: '3', Mod: tea.ModAlt})
	s.await("1 of 1 call")
}

// The mouse chooses views and rows.
func TestMouse(t *testing.T) {
	s := begin(t, Config{}, 80, 24, testdata+"deployment.pcap")
	s.await("1 of 4 events")
	s.Send(tea.MouseClickMsg{X: 15, Y: 1, Button: tea.MouseLeft})
	s.await("1 of 3 phones")
	s.Send(tea.MouseClickMsg{X: 5, Y: 5, Button: tea.MouseLeft})
	s.await("2 of 3 phones")
	s.Send(tea.MouseClickMsg{X: 5, Y: 5, Button: tea.MouseLeft})
	s.await("> phone 34:33", "1 of 1 event")
	s.Send(tea.MouseWheelMsg{X: 5, Y: 5, Button: tea.MouseWheelDown})
	s.await("1 of 1 event")
}

// Keys lists the keys, and m the messages of the run.
func TestHelp(t *testing.T) {
	for _, key := range []string{"?", "h", "f1"} {
		s := begin(t, Config{}, 80, 40, testdata+"cut.pcap")
		s.press(key)
		s.await("verdict, phones, calls, events, servers", "curl command", "F10")
		s.press("/", "curl", "enter")
		s.await("1 line with it")
		s.press("esc", "esc", "m")
		s.await("28 frames, 3 HTTP requests, 3 Action URLs\n") // all of which are shown
	}
}

// A small terminal shows what fits, and none crashes it.
func TestSizes(t *testing.T) {
	s := begin(t, Config{}, 80, 24, testdata+"calls.pcap")
	s.await("1 of 22 events") // so the size of the beginning is known
	for _, size := range [][2]int{{1, 1}, {2, 3}, {10, 4}, {20, 5}, {40, 10}, {121, 3}, {400, 100}, {80, 24}} {
		s.Send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		for _, keys := range [][]string{{"1"}, {"2"}, {"enter"}, {"3"}, {"enter"}, {"enter"}, {"esc"}, {"esc"}, {"4"}, {"enter"}, {"esc"}, {"5"}, {"enter"}, {"/"}, {"x"}, {"esc"}, {"f7"}, {"esc"}, {"?"}} {
			s.press(keys...)
			text := s.shown()
			if n := strings.Count(text, "\n") + 1; n > max(1, size[1]) {
				t.Errorf("%v: %d lines", size, n)
			}
			for line := range strings.Lines(text) {
				if report.Width(strings.TrimSuffix(line, "\n")) > size[0] {
					t.Errorf("%v: too wide: %q", size, line)
				}
			}
		}
	}
	s.press("esc", "4")
	s.await(" events")
}

// What is typed stays on the screen, and with it the cursor.
func TestPromptIsSeen(t *testing.T) {
	for _, c := range []struct {
		text   string
		left   int // how far the cursor is from the end
		width  int
		want   string
		column int
	}{
		{"hold", 0, 20, "hold", 13},
		{"hold", 2, 20, "hold", 11},
		{"phone:34:32 hold", 0, 20, "34:32 hold", 19},
		{"phone:34:32 日本語", 0, 20, ":32 日本語", 19},
		{"phone:34:32 hold", 8, 20, "phone:34:32 hold", 17},
		{"hold", 0, 5, "", 9},
	} {
		p := newPrompt("filter: ", c.text, nil)
		p.at -= c.left
		if text, column := p.seen(c.width); text != c.want || column != c.column {
			t.Errorf("%q in %d columns: %q, the cursor at %d; want %q, %d", c.text, c.width, text, column, c.want, c.column)
		}
	}
	s := begin(t, Config{}, 20, 8, testdata+"calls.pcap")
	s.press("/", "p", "h", "o", "n", "e", ":", "3", "4", ":", "3", "4", "x", "y", "z")
	s.await("4:34xyz")
}

// Also on a narrow screen the keys are listed whole.
func TestNarrowHelp(t *testing.T) {
	s := begin(t, Config{}, 40, 12, testdata+"cut.pcap")
	s.press("?")
	s.await("go on: phone to its events, call to", "its ladder, event to its details")
}

// In a small terminal are what matters most: a row, the field at hand, the view, and
// how much there is.
func TestSmall(t *testing.T) {
	s := begin(t, Config{}, 40, 6, testdata+"calls.pcap")
	s.await("3 phones  6 calls  22 events", "[1] [2] [3] [4 events] [5]", "34:32")
	s.Send(tea.WindowSizeMsg{Width: 40, Height: 5})
	s.await("34:32")
	s.press("end")
	s.await("34:33", "22 of 22")
	s.Send(tea.MouseClickMsg{X: 14, Y: 1, Button: tea.MouseLeft})
	s.await("[5]")
	s.Send(tea.MouseClickMsg{X: 5, Y: 1, Button: tea.MouseLeft})
	s.await("[2 phones]", "34:32")
	s.press("f7", "tab", "tab")
	s.await("server   HOST")
	s.press("up", "up", "up")
	s.await("text     text that")
}

// A curl command sends the request that the phone sent.
func TestCurl(t *testing.T) {
	path, err := exec.LookPath("curl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, target := range []string{"/a?b=c&d=%2B4", "/mac=00&local=It's me", "/x?n=Müller[1]{2}", "no/slash", "/a/../b", "/e?x=\x1b[2J$(id)`id`"} {
		at := netip.MustParseAddrPort(listener.Addr().String())
		for _, host := range []string{at.String(), "crm.example.com:" + strconv.Itoa(int(at.Port()))} {
			r := &decode.Record{Exchange: &httpwire.Exchange{Method: "POST", Target: target, Host: host, Server: at, UserAgent: "Phone 'x' 1", ContentType: "text/plain", Body: []byte("a=1 '2'")}}
			command := strings.Replace(curl(r), "curl", path+" -s --max-time 5", 1)
			if report.Visible(command) != command {
				t.Errorf("%q", command)
			}
			sent := make(chan string)
			go func() {
				c, err := listener.Accept()
				if err != nil {
					sent <- err.Error()
					return
				}
				defer c.Close()
				b := make([]byte, 4096)
				n, _ := c.Read(b)
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				sent <- string(b[:n])
			}()
			if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", command, err, out)
				listener.Close()
				return
			}
			got := <-sent
			for _, want := range []string{"POST " + target + " HTTP/1.1\r\n", "Host: " + host + "\r\n", "User-Agent: Phone 'x' 1\r\n", "Content-Type: text/plain\r\n", "\r\n\r\na=1 '2'"} {
				if !strings.Contains(got, want) {
					t.Errorf("%s\nsent %q\nwant %q", command, got, want)
				}
			}
		}
	}
}

// Saved rows are those that the other commands write.
func TestSaveRows(t *testing.T) {
	capture, err := filepath.Abs(testdata + "deployment.pcap")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for v, view := range map[string]string{"4": "events", "3": "calls", "2": "phones"} {
		s := begin(t, Config{}, 80, 24, capture)
		s.press(v, "s", "ctrl+u", view+".csv", "enter")
		s.await("to " + view + ".csv")
		text, err := os.ReadFile(view + ".csv")
		if err != nil || !bytes.Contains(text, []byte("00:0b:82:12:34:32")) {
			t.Errorf("%s: %v\n%s", view, err, text)
		}
	}
	s := begin(t, Config{}, 80, 24, capture)
	s.press("down", "down", "space", "s", "enter")
	s.await("saved", "actionurl.pcapng")
	in, err := files.Open(t.Context(), []string{"actionurl.pcapng"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	config := run.Config{Output: "-", Stdout: &out, Stderr: io.Discard}
	config.Options.Clock = utc(t)
	config.Decode.ResponseTimeout = 10 * time.Second
	config.Filter.View, config.Options.Format = "events", ndjson(t)
	if err := run.Captures(config, in); err != nil || strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), `"event":"terminated_call"`) {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// What came off the wire is escaped in each pane, and crashes none.
func TestEscaped(t *testing.T) {
	captures, err := filepath.Glob(testdata + "*.pcap")
	if err != nil {
		t.Fatal(err)
	}
	more, _ := filepath.Glob(testdata + "encap/g*.pcap")
	named := filepath.Join(t.TempDir(), "a\x1b[31m\u202e.pcap")
	data, err := os.ReadFile(testdata + "deployment.pcap")
	if err := errors.Join(err, os.WriteFile(named, data, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, capture := range append(append(captures, more...), named) {
		for _, width := range []int{80, 150} {
			s := begin(t, Config{}, width, 30, capture)
			s.await(report.Visible(filepath.Base(capture)))
			for _, keys := range [][]string{{"4"}, {"enter"}, {"pgdown"}, {"esc", "end", "enter"}, {"esc", "x"}, {"esc", "y"}, {"esc", "3"}, {"enter"}, {"end"}, {"1"}, {"2"}, {"enter"}, {"m"}} {
				s.press(keys...)
				if text := s.shown(); regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f-\x9f\x{ad}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`).MatchString(text) {
					t.Errorf("%s: %q", capture, text)
				}
			}
		}
	}
}

// A line of the screen is as wide as it is to be, and sends nothing else than its style.
func TestFit(t *testing.T) {
	for _, text := range []string{"", "a\x1b[2Jb", "\u202e会议室\x00", "e\u0301\u200d", "\xff\r\n\t"} {
		for width := range 20 {
			got := textLine(text, plain).fit(width).append(nil, true)
			if s := string(got); report.Visible(s) != s || report.Width(s) != width {
				t.Errorf("%q in %d columns is %q", text, width, s)
			}
		}
	}
}

// The oldest requests are forgotten, with the calls that had no later ones.
func TestForget(t *testing.T) {
	s := newStore()
	for i := range maxEvents + 1000 {
		s.seal(s.lines)
		s.seal(s.closed)
		s.lines.add([]byte("x\n"))
		s.index = append(s.index, entry{int32(i / 2), 0})
		if i%2 == 0 {
			s.calls = append(s.calls, call{at: -1})
		}
		s.call(i / 2).last = int32(i)
		if i%2 == 1 {
			s.end(i/2, "row")
		}
		s.forget()
	}
	first, end := s.bounds()
	if n := end - first; end != maxEvents+1000 || n > maxEvents || n < maxEvents-blockLines || len(s.index) != n {
		t.Errorf("%d to %d, %d in the index", first, end, len(s.index))
	}
	if s.firstCall > first/2 || s.firstCall < first/2-1 && len(s.calls) < maxCalls || s.closed.gone == 0 {
		t.Errorf("calls from %d on, %d blocks forgotten", s.firstCall, s.closed.gone)
	}
	c := newCursor(s)
	defer c.close()
	if line := c.events.line(first - 1); line != nil {
		t.Errorf("%q is kept", line)
	}
	for _, n := range []int{first, end - 1, first + blockLines, end - blockLines} {
		if line := c.events.line(n); string(line) != "x\n" {
			t.Errorf("line %d is %q", n, line)
		}
	}
	if row := c.row(*s.call(s.firstCall + 1)); row != "row" {
		t.Errorf("a row is %q", row)
	}
}

// A run that cannot begin has no screen.
func TestCannotBegin(t *testing.T) {
	screen, err := New(Config{Stdin: strings.NewReader(""), Stdout: io.Discard, Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	wrong := io.ErrUnexpectedEOF
	if err := screen.Run(t.Context(), func(context.Context) error { return wrong }); err != wrong {
		t.Error(err)
	}
}

func ndjson(t *testing.T) report.Format {
	t.Helper()
	return formats.All().Named("ndjson")
}

func utc(t *testing.T) *report.Clock {
	t.Helper()
	clock, err := report.NewClock("utc")
	if err != nil {
		t.Fatal(err)
	}
	return clock
}

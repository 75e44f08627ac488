package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"actionurl/capture/capturetest"
	"actionurl/decode"
)

// traced returns what is written of a capture.
func traced(t *testing.T, build func(*capturetest.Capture)) []byte {
	t.Helper()
	c := capturetest.New()
	build(c)
	var out bytes.Buffer
	w := New(&out)
	d := decode.New(decode.Config{
		Wire:     decode.Wire{ResponseTimeout: 10 * time.Second},
		Analysis: decode.Analysis{Found: w.Found, Call: w.Call},
	}, w.Record)
	if err := errors.Join(d.Batch(capturetest.Batch("a.pcap", c.Frames)), d.Flush(), w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type traceEvent struct {
	Name, Ph, Cat, Cname string
	Pid, Tid             int
	Ts, Dur              float64
	Args                 map[string]any
}

// Two calls of a phone that overlap are slices of two threads; events are
// instants of the first.
func TestTrace(t *testing.T) {
	out := traced(t, func(c *capturetest.Capture) {
		for i, event := range []string{"incoming&call-id=a&r=5002", "established&call-id=a", "incoming&call-id=b&r=</script>", "terminated&call-id=a", "terminated&call-id=b"} {
			k := c.Conn(fmt.Sprintf("192.168.40.50:%d", 40000+i), "192.168.40.207:80").Open()
			k.Send("GET /cti?m=000b82123432&e=" + event + " HTTP/1.1\r\nHost: cti\r\n\r\n")
			status := "200 OK"
			if i == 1 {
				status = "503 Busy"
			}
			k.Reply("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n").Close()
			c.Wait(time.Second)
		}
	})
	var all []traceEvent
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	var got []string
	for _, e := range all {
		switch e.Ph {
		case "M":
			got = append(got, fmt.Sprintf("%s %d: %v", e.Name, e.Tid, e.Args["name"]))
		case "X":
			got = append(got, fmt.Sprintf("%s %d: %s at %.1f s for %.1f s", e.Cat, e.Tid, e.Name, e.Ts/1e6, e.Dur/1e6))
		case "i":
			got = append(got, fmt.Sprintf("%s %d: %s at %.1f s, %v %s", e.Cat, e.Tid, e.Name, e.Ts/1e6, e.Args["status"], e.Cname))
		}
	}
	want := `process_name 0: Action URLs from 2026-03-02T08:00:00.003Z
thread_name 4: 00:0b:82:12:34:32
event 4: Incoming Call at 0.0 s, 200 
event 4: Establish Call at 1.0 s, 503 terrible
event 4: Incoming Call at 2.0 s, 200 
event 4: Terminate Call at 3.0 s, 200 
event 4: Terminate Call at 4.0 s, 200 
call 4: incoming at 0.0 s for 3.0 s
thread_name 5: 00:0b:82:12:34:32
call 5: incoming at 2.0 s for 2.0 s`
	if g := strings.Join(got, "\n"); g != want {
		t.Errorf("got\n%s\nwant\n%s", g, want)
	}
}

// Without an event there is an empty trace.
func TestEmpty(t *testing.T) {
	if got := string(traced(t, func(*capturetest.Capture) {})); got != "[]\n" {
		t.Errorf("got %q", got)
	}
}

// What was written so far is a trace, for viewers that take an array without its
// end.
func TestFlush(t *testing.T) {
	var out bytes.Buffer
	w := New(&out)
	w.begin(5e9)
	if err := w.Flush(); err != nil || !json.Valid([]byte(out.String()+"]")) {
		t.Errorf("%v: %s", err, out.String())
	}
}

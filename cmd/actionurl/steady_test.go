package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"actionurl/capture/capturetest"
)

// busy writes a capture of connections with a request each, of a thousand
// phones in turn, and of datagrams between them.
func busy(t *testing.T, conns int) string {
	t.Helper()
	c := capturetest.New()
	for n := range conns {
		phone := n % 1000
		addr := fmt.Sprintf("10.20.%d.%d:%d", phone/50, 50+phone%50, 1024+n/1000%60000)
		k := c.Conn(addr, "10.1.1.12:80")
		k.Open().Send(fmt.Sprintf("GET /hook?event=%s&mac=000b82%06x&local=%d&remote=555%d&call-id=%d-5060-1@BA.CA.A.F HTTP/1.1\r\n"+
			"Host: pbx.example\r\nUser-Agent: Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b82%06x\r\n\r\n",
			[]string{"incoming_call", "established_call", "terminated_call"}[n/1000%3], phone, 5000+phone, n/3000, n/3000*1000+phone, phone))
		k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
		k.Close()
		c.Datagram("10.20.0.50:5004", "10.1.1.12:5004", "\x80"+strings.Repeat("x", 171))
		c.Wait(10 * time.Millisecond)
	}
	name := filepath.Join(t.TempDir(), "busy.pcap")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := c.WritePcap(f); err != nil {
		t.Fatal(err)
	}
	return name
}

// In the steady state neither a frame nor a connection allocates: what is kept
// for them is used again, and the strings of many requests share memory. Where
// calls are kept, each has texts of its own: three here, of three events.
func TestSteadyState(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads large captures")
	}
	few, many := busy(t, 9_000), busy(t, 18_000)
	const template = "incoming_call=10.1.1.12/hook?event=incoming_call&mac=$mac&local=$local&remote=$remote&call-id=$call-id"
	for _, test := range []struct {
		args  []string
		calls float64
	}{
		{[]string{"--view", "requests"}, 0},
		{[]string{"--view", "requests", "-t", template}, 0},
		{[]string{"--view", "events"}, 1},
	} {
		args := append([]string{"analyze", "--format", "ndjson"}, test.args...)
		allocations := func(name string) uint64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if status := execute(t.Context(), nil, append(args, name), strings.NewReader(""), io.Discard, io.Discard); status != statusDone {
				t.Fatalf("exit status %d", status)
			}
			runtime.ReadMemStats(&after)
			return after.Mallocs - before.Mallocs
		}
		allocations(few) // what is allocated once for a process
		a, b := allocations(few), allocations(many)
		if each := (float64(b) - float64(a)) / 9_000; each > test.calls+0.1 {
			t.Errorf("%v: %d connections allocate %d times, twice as many %d times: %.2f each", args[3:], 9_000, a, b, each)
		}
	}
}

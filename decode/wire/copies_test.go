package wire

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/httpwire"
)

// A translator changes addresses and ports of a frame, of Ethernet and IPv4: the
// client's and the server's, to what is not zero.
type translator struct {
	client, server         [4]byte
	clientPort, serverPort uint16
}

func (n translator) frame(f []byte, fromClient bool) []byte {
	f = slices.Clone(f)
	const src, dst, ports = 26, 30, 34
	put := func(address, port int, to [4]byte, toPort uint16) {
		if to != [4]byte{} {
			copy(f[address:], to[:])
		}
		if toPort != 0 {
			binary.BigEndian.PutUint16(f[port:], toPort)
		}
	}
	clientAt, serverAt := 0, 1
	if !fromClient {
		clientAt, serverAt = 1, 0
	}
	put([]int{src, dst}[clientAt], ports+2*clientAt, n.client, n.clientPort)
	put([]int{src, dst}[serverAt], ports+2*serverAt, n.server, n.serverPort)
	copy(f, []byte{2, 0, 0, 0, 9, 9, 2, 0, 0, 0, 9, 8})
	f[22]-- // the time to live
	return f
}

// rows returns the requests of frames of several captures, as lines.
func rows(frames []capture.Frame) []string {
	var lines []string
	d := New(Config{ResponseTimeout: 10 * time.Second}, &sink{exchange: func(x *httpwire.Exchange) {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%v %s %d %v %v", x.Client.Addr(), x.Target, x.Status, x.NoResponse, x.Also)))
	}})
	d.Batch(&capture.Batch{Frames: frames})
	d.Flush()
	return lines
}

// The same request before and after a translator is one, wherever it sits and
// whatever it changes.
func TestCopies(t *testing.T) {
	nat := func(client, server string, clientPort, serverPort uint16) translator {
		n := translator{clientPort: clientPort, serverPort: serverPort}
		fmt.Sscanf(client, "%d.%d.%d.%d", &n.client[0], &n.client[1], &n.client[2], &n.client[3])
		fmt.Sscanf(server, "%d.%d.%d.%d", &n.server[0], &n.server[1], &n.server[2], &n.server[3])
		return n
	}
	type frames = []capturetest.Frame
	talk := func(c *capturetest.Capture) {
		k := c.Conn(phone+":40000", server).Open()
		k.Send(get("/1")).Reply(answer)
		k.Send(get("/2")).Reply("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").Close()
	}
	fromClient := func(f []byte) bool { return string(f[26:30]) == "\xc0\xa8\x28\x32" }
	for _, test := range []struct {
		name string
		n    translator
		also string
	}{
		{"the client's address", nat("10.9.9.9", "", 0, 0), "10.9.9.9:40000 > 192.168.40.207:80"},
		{"the client's address and port", nat("10.9.9.9", "", 6000, 0), "10.9.9.9:6000 > 192.168.40.207:80"},
		{"the server's", nat("", "172.17.0.2", 0, 8080), "192.168.40.50:40000 > 172.17.0.2:8080"},
		{"both", nat("172.17.0.1", "172.17.0.2", 6000, 8080), "172.17.0.1:6000 > 172.17.0.2:8080"},
	} {
		want := []string{
			"192.168.40.50 /1 200  [" + test.also + "]",
			"192.168.40.50 /2 404  [" + test.also + "]",
		}
		t.Run(test.name, func(t *testing.T) {
			for _, delay := range []time.Duration{0, 300 * time.Microsecond, 5 * time.Millisecond} {
				c := capturetest.New()
				talk(c)
				var all frames
				for _, f := range c.Frames {
					all = append(all, f, capturetest.Frame{Time: f.Time.Add(delay), Data: test.n.frame(f.Data, fromClient(f.Data))})
				}
				slices.SortStableFunc(all, func(a, b capturetest.Frame) int { return a.Time.Compare(b.Time) })
				if diff := cmp.Diff(want, rows(batch(all).Frames)); diff != "" && delay < time.Millisecond {
					t.Errorf("in one capture, %v later (-want +got):\n%s", delay, diff)
				}
			}
			// Two captures, of which one is late by its clock.
			c := capturetest.New()
			talk(c)
			other := &capture.Interface{Capture: "other.pcap", Link: capture.LinkEthernet}
			first := batch(c.Frames).Frames
			for i := range c.Frames {
				c.Frames[i].Time = c.Frames[i].Time.Add(300 * time.Millisecond)
				c.Frames[i].Data = test.n.frame(c.Frames[i].Data, fromClient(c.Frames[i].Data))
			}
			second := batch(c.Frames).Frames
			for i := range second {
				second[i].Interface = other
			}
			got := rows(append(first, second...))
			if diff := cmp.Diff([]string{"192.168.40.50 /1 200  []", "192.168.40.50 /2 404  []"}, got); diff != "" {
				t.Errorf("in two captures (-want +got):\n%s", diff)
			}
			// Only the copy has the answer.
			c = capturetest.New()
			talk(c)
			var half frames
			for _, f := range c.Frames {
				if fromClient(f.Data) {
					half = append(half, f)
				}
				half = append(half, capturetest.Frame{Time: f.Time.Add(100 * time.Microsecond), Data: test.n.frame(f.Data, fromClient(f.Data))})
			}
			if diff := cmp.Diff(want, rows(batch(half).Frames)); diff != "" {
				t.Errorf("with answers of the copy alone (-want +got):\n%s", diff)
			}
		})
	}
}

// Two requests stay two, however alike they are: of phones of a ring group, or
// of a phone that repeats one.
func TestNoCopies(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(c *capturetest.Capture)
		want int
	}{
		{"phones of a group, at once", func(c *capturetest.Capture) {
			var all []*capturetest.Conn
			for i := range 3 {
				k := c.Conn(fmt.Sprintf("192.168.40.%d:40000", 50+i), server)
				k.Client += uint32(i) * 77_777
				k.Server += uint32(i) * 55_555
				all = append(all, k.Open())
			}
			for _, k := range all {
				k.Push(true, get("/ring"))
			}
			for _, k := range all {
				k.Reply(answer)
			}
		}, 3},
		{"phones with the same numbers, one after the other", func(c *capturetest.Capture) {
			for i := range 3 {
				c.Conn(fmt.Sprintf("192.168.40.%d:40000", 50+i), server).Open().Send(get("/ring")).Reply(answer).Close()
			}
		}, 3},
		{"a phone that repeats", func(c *capturetest.Capture) {
			for i := range 3 {
				c.Conn(fmt.Sprintf("192.168.40.50:%d", 40000+i), server).Open().Send(get("/again"))
			}
		}, 3},
		{"a second later", func(c *capturetest.Capture) {
			c.Conn("192.168.40.50:40000", server).Open().Send(get("/x"))
			c.Wait(time.Second)
			c.Conn("192.168.40.51:40000", server).Open().Send(get("/x"))
		}, 2},
		{"others", func(c *capturetest.Capture) {
			c.Conn("192.168.40.50:40000", server).Open().Push(true, get("/x"))
			c.Conn("192.168.40.51:40000", server).Open().Push(true, get("/y"))
			c.Conn("192.168.40.52:40000", server).Open().Push(true, strings.Replace(get("/x"), "Host: ", "Host: x", 1))
			c.Conn("192.168.40.53:40000", server).Open().Push(true, strings.Replace(get("/x"), "GET", "PUT", 1))
		}, 4},
	} {
		c := capturetest.New()
		test.make(c)
		if got := rows(batch(c.Frames).Frames); len(got) != test.want {
			t.Errorf("%s: %d requests of %d: %v", test.name, len(got), test.want, got)
		}
	}
}

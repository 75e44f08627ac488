package capturetest

import (
	"net"
	"sync"
)

// A Tape records what the two ends of a real connection write, in order.
type Tape struct {
	mu    sync.Mutex
	Parts []TapePart
}

// A TapePart is what an end wrote at a time.
type TapePart struct {
	Client bool
	Data   string
}

// Conn returns an end of the connection whose writing is recorded.
func (t *Tape) Conn(c net.Conn, client bool) net.Conn { return taped{c, t, client} }

type taped struct {
	net.Conn
	tape   *Tape
	client bool
}

func (c taped) Write(b []byte) (int, error) {
	c.tape.mu.Lock()
	c.tape.Parts = append(c.tape.Parts, TapePart{c.client, string(b)})
	c.tape.mu.Unlock()
	return c.Conn.Write(b)
}

// Play adds a connection with what is on the tape, in segments of at most size
// bytes.
func (c *Capture) Play(t *Tape, client, server string, size int) {
	k := c.Conn(client, server).Open()
	for _, p := range t.Parts {
		for data := p.Data; data != ""; {
			n := min(size, len(data))
			if p.Client {
				k.Send(data[:n])
			} else {
				k.Reply(data[:n])
			}
			data = data[n:]
		}
	}
	k.Close()
}

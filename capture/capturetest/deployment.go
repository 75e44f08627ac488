package capturetest

import (
	"strconv"
	"time"

	"github.com/google/gopacket/layers"
)

// deployment is a site at which much is wrong.
func deployment(c *Capture) {
	const server = "192.168.40.207:8085"
	agents := []string{
		"Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b82123432",
		"Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b82123433",
	}
	port := 40600
	dial := func(phone, server string) *Conn {
		port++
		return c.Conn(phone+":"+strconv.Itoa(port), server)
	}
	say := func(phone int, query, answer string) {
		k := dial("192.168.40."+strconv.Itoa(50+phone), server).Open()
		k.Send(get("/crm?"+query, server, agents[phone]))
		k.Reply(answer).Close()
	}
	const notFound = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

	k := dial(phone2, server) // nothing listens yet
	k.Segment(true, layers.TCP{SYN: true, Seq: k.Client}, "")
	k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
	c.Wait(20 * time.Second)
	say(0, "e=incoming&m=000b82123432&r=%2B4930123456&n=Jane Doe&id=$call_id", ok)
	c.Wait(3 * time.Second)
	say(0, "e=established&m=000b82123432&r=%2B4930123456&id=$call_id", ok)
	c.Wait(40 * time.Second)
	say(0, "e=hangup_call&m=000b82123432&r=%2B4930123456&id=$call_id", notFound)
	c.Wait(time.Second)
	say(1, "e=registered&m=000b82123433&token=GEHEIM", ok)
	c.Wait(time.Second)
	dial("192.168.40.52", "192.168.40.207:443").Open().Send(ClientHello("crm.example.com")).Close()
}

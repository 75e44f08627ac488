package capturetest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/gopacket/layers"
)

// BusyHour makes the traffic of a site with 40 phones in one hour. Three of them
// fail: .54 (34:36) has a port with a wrong digit, .66 (34:42) spells a
// variable as another family does, and .78 (34:4e) was set to https, which the
// server does not speak. The others announce calls incoming calls each, their
// answers and ends.
func BusyHour(c *Capture, calls int) {
	const host = "192.168.40.207"
	port := 40000
	dial := func(phone int, server string) *Conn {
		port++
		return c.Conn("192.168.40."+strconv.Itoa(phone)+":"+strconv.Itoa(port), server)
	}
	pause := time.Hour / time.Duration(40*calls*3)
	for i := range calls {
		for phone := 50; phone < 90; phone++ {
			mac := fmt.Sprintf("000b821234%02x", phone)
			id := "$call_id"
			if phone != 66 {
				id = fmt.Sprintf("%d-5060-%d@BJC.BGI.EA.FA", 523072316+phone*100+i, i)
			}
			for _, event := range []string{"incoming", "established", "terminated"} {
				c.Wait(pause)
				switch phone {
				case 54:
					k := dial(phone, host+":8058")
					k.Segment(true, layers.TCP{SYN: true, Seq: k.Client}, "")
					k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
					continue
				case 78:
					k := dial(phone, host+":8085").Open()
					k.Send(ClientHello("crm.example.com"))
					k.Reply("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").Close()
					continue
				}
				name := "Anna"
				if phone%5 == 0 {
					name = "Anna Schmidt"
				}
				k := dial(phone, host+":8085").Open()
				k.Send(get("/cti?e="+event+"&m="+mac+"&r=01711078620&n="+name+"&call-id="+id, host+":8085", "Grandstream Model HW GXP2170 SW 1.0.11.79 DevId "+mac))
				c.Wait(time.Duration(3+(phone+i)%7) * time.Millisecond)
				if phone == 66 {
					k.Reply("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").Close()
				} else {
					k.Reply(ok).Close()
				}
			}
		}
	}
}

// NothingListens makes the connections of 12 phones to a server that is down.
func NothingListens(c *Capture) {
	for i := range 36 {
		c.Wait(5 * time.Second)
		k := c.Conn("192.168.40."+strconv.Itoa(50+i%12)+":"+strconv.Itoa(40000+i), "192.168.40.207:8085")
		k.Segment(true, layers.TCP{SYN: true, Seq: k.Client}, "")
		k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
	}
}

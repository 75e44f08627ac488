package capturetest

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/gopacket/layers"

	"actionurl/capture"
)

// A Scene is a capture that is kept in testdata.
type Scene struct {
	Name  string // of the file; pcapng by its extension, else pcap
	Shows string
	Make  func(*Capture)
	Link  capture.LinkType // of a pcap
	Cut   int              // bytes to cut off the end of the file
}

// Bytes returns the scene's file.
func (s Scene) Bytes() ([]byte, error) {
	c := New()
	s.Make(c)
	var buf bytes.Buffer
	write := func(w io.Writer) error { return c.WriteLink(w, s.Link) }
	if strings.HasSuffix(s.Name, ".pcapng") {
		write = c.WritePcapng
	}
	if err := write(&buf); err != nil {
		return nil, err
	}
	return buf.Bytes()[:buf.Len()-s.Cut], nil
}

// Addresses of the guide's example, and of a second phone.
const (
	phone  = "192.168.40.50"
	phone2 = "192.168.40.51"
	server = "192.168.40.207:80"
)

// Scenes returns the captures that are kept in testdata, except those that
// were recorded from real programs.
func Scenes() []Scene {
	scenes := []Scene{
		{Name: "guide-callid.pcap", Shows: "the guide's first example: one template with the call id (guide, page 7)", Make: guideCallID},
		{Name: "guide-events.pcap", Shows: "the guide's second example: the three templates of \"Using ActionURL Module\", in the order of Figure 4", Make: guideEvents},
		{Name: "call.pcapng", Shows: "an incoming call from ringing to its end with the phone's other events, in the query form that integrations use; VLAN 40", Make: call},
		{Name: "calls.pcap", Shows: "calls of three phones, one of them a Yealink: one rings at two phones, is answered at one, held and passed on to the third; one is rejected, one dialed in vain", Make: calls},
		{Name: "values.pcap", Shows: "values as phones send them: raw blanks, plus signs, percent signs, Latin-1, an unset and an empty variable, Call-IDs with reserved characters", Make: values},
		{Name: "responses.pcap", Shows: "what becomes of requests: answered late, with an error, a redirect, not at all, reset, closed; and one direction only", Make: responses},
		{Name: "streams.pcap", Shows: "requests over reordered, repeated and doubled segments, several in one segment, a lost segment, a join in the middle", Make: streams},
		{Name: "deployment.pcap", Shows: "a site at which much is wrong: nothing listens, a raw blank, another family's variable, a wrong path, a secret, TLS", Make: deployment},
		{Name: "silent.pcap", Shows: "a site where nothing listens: 12 phones whose connections are refused, and no request", Make: NothingListens},
		{Name: "others.pcap", Shows: "what phones and others send that is no Action URL: provisioning, firmware, phone books, a browser", Make: others},
		{Name: "snaplen.pcap", Shows: "guide-events.pcap with a snaplen of 110, which cuts inside the requests' heads", Make: func(c *Capture) {
			guideEvents(c)
			for i, f := range c.Frames {
				c.Frames[i].Length = len(f.Data)
				c.Frames[i].Data = f.Data[:min(len(f.Data), 110)]
			}
		}},
		{Name: "cut.pcap", Shows: "guide-events.pcap, cut off in the last response", Make: guideEvents, Cut: 480},
	}
	for i := range scenes {
		scenes[i].Link = capture.LinkEthernet
	}
	for _, e := range Encapsulations() {
		scenes = append(scenes, e.Scene())
	}
	return scenes
}

// get is a request as a phone sends it, and ok the answer of a server.
func get(target, host, agent string) string {
	request := "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n"
	if agent != "" {
		request += "User-Agent: " + agent + "\r\n"
	}
	return request + "Connection: close\r\n\r\n"
}

const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

// ask adds a whole connection with one request.
func ask(c *Capture, client, target, agent, answer string) {
	k := c.Conn(client, server).Open()
	k.Send(get(target, "192.168.40.207", agent))
	c.Wait(4 * time.Millisecond)
	k.Reply(answer)
	k.Close()
}

func guideCallID(c *Capture) {
	ask(c, phone+":40000", "/call-id=523072316-5062-13@BJC.BGI.EA.FA", "", ok)
}

func guideEvents(c *Capture) {
	ask(c, phone+":40001", "/remote=5003&phone_ip=192.168.40.50", "", ok)
	c.Wait(7 * time.Second)
	ask(c, phone+":40002", "/mac=000b82123432&local=5002", "", ok)
	c.Wait(12 * time.Second)
	ask(c, phone+":40003", "/call-id=860888843-5060-9@BJC.BGI.EA.FA&program_version=1.0.3.24", "", ok)
}

func call(c *Capture) {
	const agent = "Grandstream Model HW GRP2616 SW 1.0.13.59 DevId 000b82123432"
	port := 40100
	say := func(wait time.Duration, query string) {
		c.Wait(wait)
		port++
		k := c.Conn(phone+":"+strconv.Itoa(port), "192.168.40.207:8085")
		k.VLANs = []uint16{40}
		k.Open()
		k.Send(get("/pbx/event?"+query, "192.168.40.207:8085", agent))
		k.Reply(ok)
		k.Close()
	}
	const id = "&call-id=3f1c6a2e@192.168.40.10"
	say(time.Second, "e=idle_to_busy&m=000b82123432")
	say(50*time.Millisecond, "e=incoming&m=000b82123432&r=%2B4930123456&n=J%C3%BCrgen M%C3%BCller"+id)
	say(2100*time.Millisecond, "e=established&m=000b82123432&r=%2B4930123456"+id)
	say(9*time.Second, "e=hold&m=000b82123432&r=%2B4930123456"+id)
	say(31*time.Second, "e=unhold&m=000b82123432&r=%2B4930123456"+id)
	say(20*time.Second, "e=terminated&m=000b82123432&r=%2B4930123456&d=62"+id)
	say(60*time.Millisecond, "e=busy_to_idle&m=000b82123432")
}

func calls(c *Capture) {
	const (
		reception = "192.168.40.50 Grandstream_Model_HW_GRP2616_SW_1.0.13.59_DevId_000b82123432 mac=000b82123432&local=5001"
		warehouse = "192.168.40.51 Grandstream_Model_HW_GXP2135_SW_1.0.7.97_DevId_000b82123433 mac=000b82123433&local=5002"
		yealink   = "192.168.40.52 Yealink_SIP-T46U_108.86.0.45_80:5e:c0:12:34:34 mac=805ec0123434&local=sip:5003@pbx.example"
		caller    = "&remote=%2B4930123456&display_remote=J%C3%BCrgen M%C3%BCller"
	)
	port := 40400
	say := func(wait time.Duration, phone, event, more string) {
		c.Wait(wait)
		port++
		words := strings.Fields(phone)
		target := "/event?event=" + event + "&" + words[2] + more
		k := c.Conn(words[0]+":"+strconv.Itoa(port), "192.168.40.207:8085").Open()
		k.Send(get(target, "192.168.40.207:8085", strings.ReplaceAll(words[1], "_", " ")))
		k.Reply(ok)
		k.Close()
	}
	say(0, reception, "registered", "")
	say(time.Second, warehouse, "registered", "")
	say(time.Second, yealink, "registered", "")
	say(3*time.Second, warehouse, "dnd_off", "")
	// One caller rings at two phones, each of which has its own call id.
	say(5*time.Second, reception, "incoming_call", caller+"&call-id=3f1c6a2e@192.168.40.10")
	say(50*time.Millisecond, warehouse, "incoming_call", caller+"&call-id=77ab0912@192.168.40.10")
	say(4*time.Second, reception, "established_call", caller+"&call-id=3f1c6a2e@192.168.40.10")
	say(100*time.Millisecond, warehouse, "missed_call", caller+"&call-id=77ab0912@192.168.40.10")
	// It is held, a colleague is asked, and gets it.
	say(20*time.Second, reception, "hold_call", caller+"&call-id=3f1c6a2e@192.168.40.10")
	say(2*time.Second, reception, "outgoing_call", "&remote=5003&call-id=860888843-5060-9@BJC.BGI.EA.FA")
	say(200*time.Millisecond, yealink, "incoming_call", "&remote=sip:5001@pbx.example&display_remote=Reception&call_id=33093")
	say(3*time.Second, yealink, "established_call", "&remote=sip:5001@pbx.example&call_id=33093")
	say(50*time.Millisecond, reception, "established_call", "&remote=5003&call-id=860888843-5060-9@BJC.BGI.EA.FA")
	say(6*time.Second, reception, "attended_transfer", caller+"&call-id=3f1c6a2e@192.168.40.10")
	say(300*time.Millisecond, reception, "terminated_call", caller+"&duration=32&call-id=3f1c6a2e@192.168.40.10")
	say(30*time.Millisecond, reception, "terminated_call", "&remote=5003&duration=6&call-id=860888843-5060-9@BJC.BGI.EA.FA")
	say(90*time.Second, yealink, "terminated_call", "&remote=sip:5001@pbx.example&call_id=33093")
	say(20*time.Second, yealink, "incoming_call", "&remote=sip:anonymous@pbx.example&call_id=33094")
	say(2*time.Second, yealink, "rejected_call", "&remote=sip:anonymous@pbx.example&call_id=33094")
	say(5*time.Second, yealink, "dnd_on", "")
	say(10*time.Second, warehouse, "outgoing_call", "&remote=0800555555&call-id=1980986749-5060-3@BJC.BGI.EA.FB")
	say(31*time.Second, warehouse, "terminated_call", "&remote=0800555555&duration=0&call-id=1980986749-5060-3@BJC.BGI.EA.FB")
}

func values(c *Capture) {
	for i, target := range []string{
		"/mac=000b82123432&display_remote=Jane Doe&local=5002",
		"/mac=00:0B:82:12:34:32&display_remote=100%&remote=+4930123456",
		"/mac=00-0b-82-12-34-32&display_remote=A&B Ltd&local=5002",
		"/mac=000B82123432&display_remote=a=1;b=2&local=5002",
		"/mac=000b82123432&display_remote=J\xfcrgen&local=5002",
		"/mac=000b82123432&display_remote=\u5c71\u7530 \u592a\u90ce&local=5002",
		"/mac=000b82123432&remote=$remote&display_remote=&call_id=$call_id",
		"/mac=000b82123432&call-id=a%b+c?d/e\"f<g>@host",
		"/mac=000b82123432&display_remote=\x1b[2Jcleared&local==5002",
	} {
		ask(c, phone+":"+strconv.Itoa(40200+i), target, "", ok)
	}
}

func responses(c *Capture) {
	target := func(n int) string { return "/mac=000b82123432&local=" + strconv.Itoa(n) }
	dial := func(n int) *Conn { return c.Conn(phone+":"+strconv.Itoa(40300+n), server).Open() }
	send := func(n int) *Conn { return dial(n).Send(get(target(n), "192.168.40.207", "")) }

	k := send(1)
	c.Wait(3500 * time.Millisecond)
	k.Reply(ok)
	k.Close()

	send(2).Reply("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").Close()
	send(3).Reply("HTTP/1.1 301 Moved Permanently\r\nLocation: https://192.168.40.207/\r\nContent-Length: 0\r\n\r\n").Close()
	send(4)               // no answer
	send(5).Reset(false)  // the server resets
	send(6).Finish(false) // the server closes
	one := c.Conn(phone+":40307", server)
	one.Push(true, get(target(7), "192.168.40.207", "")) // nothing of the server was captured
	c.Wait(15 * time.Second)
	k = send(8)
	k.Reply("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
	k.Close()
	send(9) // the capture ends
}

func streams(c *Capture) {
	target := func(n int) string { return "/mac=000b82123432&local=" + strconv.Itoa(n) }
	request := func(n int) string { return get(target(n), "192.168.40.207", "") }
	swap := func(i, j int) { c.Frames[i].Data, c.Frames[j].Data = c.Frames[j].Data, c.Frames[i].Data }
	conn := func(n int) *Conn { return c.Conn(phone+":"+strconv.Itoa(40400+n), server) }

	k := conn(1).Open() // in three segments, the last first
	r := request(1)
	k.Push(true, r[:20])
	k.Push(true, r[20:50])
	k.Push(true, r[50:])
	swap(len(c.Frames)-1, len(c.Frames)-3)
	k.Reply(ok).Close()

	k = conn(2).Open() // sent again
	k.Push(true, request(2))
	k.Client -= uint32(len(request(2)))
	c.Wait(200 * time.Millisecond)
	k.Send(request(2)).Reply(ok).Close()

	first := len(c.Frames) // every frame twice
	k = conn(3).Open()
	k.Send(request(3)).Reply(ok).Close()
	for _, f := range c.Frames[first:] {
		c.Frames = append(c.Frames, f, f)
	}
	c.Frames = append(c.Frames[:first], c.Frames[first+(len(c.Frames)-first)/3:]...)

	k = conn(4).Open() // two in one segment
	k.Send(request(4) + request(5))
	k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").Reply(ok).Close()

	k = conn(6).Open() // the head of the first is lost in part
	r = request(6)
	k.Push(true, r[:30])
	k.Lose(true, len(r)-30)
	k.Reply(ok)
	k.Send(request(7)).Reply(ok).Close()

	k = conn(8) // joined in the middle
	k.Send(request(8)).Reply(ok).Close()

	k = conn(8) // the same ports again
	k.Client, k.Server = 90001000, 80005000
	k.Open()
	k.Send(request(9)).Reply(ok).Close()

	v6 := c.Conn("[2001:db8::50]:40410", "[2001:db8::207]:8080").Open() // IPv6, another port
	v6.Send(get(target(10), "[2001:db8::207]:8080", "")).Reply(ok).Close()

	k = conn(11) // nobody listens
	k.Segment(true, layers.TCP{SYN: true, Seq: k.Client}, "")
	k.Client++
	k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client}, "")
}

func others(c *Capture) {
	const agent = "Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b82123433"
	for i, r := range []struct{ target, agent string }{
		{"/cfg000b82123433.xml", agent},
		{"/firmware/gxp2135fw.bin", agent},
		{"/phonebook.xml?mac=000b82123433", agent},
		{"/search?remote=work&language=en", "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"},
		{"/favicon.ico", "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"},
		{"/api/status?duration=60", "curl/8.5.0"},
	} {
		ask(c, phone2+":"+strconv.Itoa(40500+i), r.target, r.agent, ok)
	}
}

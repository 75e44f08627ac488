// Package wire decodes frames up to what passes between phones and servers: HTTP
// requests with their responses, SIP messages, and connections that got no
// further.
//
//  1. packet finds the TCP segment or the UDP datagram in a frame.
//  2. stream puts the segments of each direction of a connection in order.
//  3. demux.go hands the bytes to the reader of their protocol: httpwire pairs
//     requests with their responses, sip reads messages, tls follows handshakes.
//     dns reads the datagrams of lookups.
//  4. Requests wait for their responses in ring.go, and leave in the order of
//     the frames that they stand for.
//
// What that means is not known here: it goes to a [Sink], and nothing comes back.
package wire

import (
	"fmt"
	"time"

	"actionurl/capture"
	"actionurl/decode/dns"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
	"actionurl/decode/stream"
	"actionurl/decode/tls"
)

// A Sink takes what was decoded, in the order of the capture. What it gets is
// plain data, and valid until the method returns; the strings stay valid.
type Sink interface {
	// Exchange takes a request with its response, or with why there is none. They
	// come in the order of the frames that complete the requests.
	Exchange(*httpwire.Exchange)
	// Attempt takes a connection that did not come about.
	Attempt(*stream.Attempt)
	// Handshake takes how a TLS connection began, when that is known.
	Handshake(*tls.Handshake)
	// Lookup takes a lookup of a host name that failed, or that succeeds after that.
	Lookup(*dns.Lookup)
	// Message takes a SIP message that says something of a call or a registration.
	Message(*sip.Message)
	// Advance says that the capture has reached the time now, and that no exchange
	// to come is earlier than horizon. Both are in nanoseconds since 1970-01-01 UTC.
	Advance(now, horizon int64)
}

// maxPending and maxPendingText bound the requests that wait for a response,
// and after them for those before: 16,384 of 416 bytes, and the 6 MiB of their
// strings and what is left over beside these; 14 MiB. Beyond it the oldest goes on without.
const (
	maxPending     = 16 << 10
	maxPendingText = 6 << 20
)

// maxGaps bounds the times at which the source lost frames, 24 bytes each. Those
// of a request that still waits are the latest ones.
const maxGaps = 64

const second = int64(time.Second)

// Config says how to decode frames.
type Config struct {
	ResponseTimeout time.Duration // of capture time
	VXLANPort       uint16        // a further UDP port of VXLAN; 0 for none

	// Secrets decrypt TLS, besides those that the capture holds; nil for none. More
	// may be added between batches.
	Secrets *tls.Secrets

	// Lost, unless nil, gets each loss.
	Lost func(Loss)

	// Segment, unless nil, gets each TCP segment that a frame holds, or completes,
	// before its bytes are read.
	Segment func(*capture.Frame, *packet.Segment)
}

// A Loss is something that could not be decoded, with its place.
type Loss struct {
	Capture string
	Frame   int // 1-based
	What    string
}

func (l Loss) String() string { return fmt.Sprintf("%s:%d: %s", l.Capture, l.Frame, l.What) }

// A Decoder decodes the frames of one capture, or of several merged by time.
// It is not safe for concurrent use.
type Decoder struct {
	config  Config
	sink    Sink
	packets *packet.Decoder
	streams *stream.Assembler
	http    *httpwire.Reader
	sip     *sip.Reader
	tls     *tls.Reader
	dns     *dns.Reader
	demux   *demux
	opened  [tls.Reasons]int // TLS connections, by whether they can be read
	early   int              // of them with early data

	timeout int64
	pending ring
	clock   clock
	gaps    []capture.Gap  // the latest maxGaps, in order
	crowded int            // requests that went on because too many waited
	steps   int            // of the capture's clock
	dropped int            // frames that the source lost
	frame   *capture.Frame // at hand
	seen    *capture.Frame // the latest whose time the clock has
	step    int64          // where the latest leap ended that was a step
	lost    packet.Lost
}

// New returns a Decoder that hands what it finds to a Sink.
func New(c Config, to Sink) *Decoder {
	d := &Decoder{config: c, sink: to, timeout: int64(c.ResponseTimeout)}
	if d.config.Secrets == nil {
		d.config.Secrets = tls.NewSecrets()
	}
	if c.Lost != nil {
		d.lost = func(at *packet.Origin, what string) { c.Lost(Loss{at.Interface.Capture, at.Frame, what}) }
	}
	lost := d.lost
	d.sip = sip.NewReader(to.Message, lost)
	d.dns = dns.NewReader(to.Lookup)
	d.http = httpwire.NewReader(d.exchange, httpwire.Config{Lost: lost})
	streams := &demux{http: d.http, sip: d.sip}
	d.tls = tls.NewReader(tls.Config{Found: d.handshake, Secrets: d.config.Secrets, Inside: streams})
	streams.tls = d.tls
	d.demux = streams
	d.streams = stream.NewAssembler(streams, stream.Config{Lost: lost, Failed: to.Attempt})
	d.packets = packet.NewDecoder(d.segment, packet.Config{Lost: lost, VXLANPort: c.VXLANPort, Datagram: d.datagram, Rejected: d.rejected})
	return d
}

// Batch decodes the frames of b, and lets the time pass that it gives.
func (d *Decoder) Batch(b *capture.Batch) {
	d.missed(b.Gaps)
	for _, s := range b.Secrets {
		if s.Kind == tls.KeyLogBlock {
			d.config.Secrets.AddSecrets(s.Data)
		}
	}
	d.tls.Retry(d.clock.now)
	for i := range b.Frames {
		d.frame = &b.Frames[i]
		d.packets.Decode(d.frame)
	}
	if n := len(b.Frames); n > 0 {
		d.frame = &b.Frames[n-1]
		d.read(nil)
		d.clock.frame(max(b.Now, d.frame.Time)) // of frames that a filter dropped
	} else if b.Now != 0 && d.clock.tick(b.Now) {
		d.steps++
	}
	d.seen = nil // the batch is used again
	d.settle()
	horizon := d.clock.now
	if d.pending.n > 0 {
		horizon = min(horizon, d.pending.oldest().Time)
	}
	d.sink.Advance(d.clock.now, horizon)
}

// Now returns the time that the capture has reached.
func (d *Decoder) Now() int64 { return d.clock.now }

// read lets the clock read the time of the frame at hand, once. Where it steps
// and at is known, that is reported.
func (d *Decoder) read(at *packet.Origin) {
	if d.seen == d.frame {
		return
	}
	d.seen = d.frame
	before := d.clock.now
	if d.clock.frame(d.frame.Time) {
		d.stepped(at, d.clock.now-before)
	}
}

// stepped counts a step of the capture's clock.
func (d *Decoder) stepped(at *packet.Origin, by int64) {
	d.steps++
	if at != nil && d.lost != nil {
		d.lost(at, fmt.Sprintf("the capture's clock steps by %v", time.Duration(by).Round(time.Millisecond)))
	}
}

// Flush ends the capture: what waits goes on as it is.
func (d *Decoder) Flush() {
	for x := range d.pending.all() {
		if !x.Done && d.clock.reached()-x.Clock > d.timeout {
			d.http.Expire(x)
		}
	}
	d.packets.Flush()
	d.streams.Flush()
	d.tls.Flush()
	for d.pending.n > 0 {
		d.next()
	}
}

// exchange takes a request when its head is complete.
func (d *Decoder) exchange(x *httpwire.Exchange) {
	x.TLS = d.tls.Inside()
	d.pending.insert(x)
}

// handshake takes how a TLS connection began.
func (d *Decoder) handshake(h *tls.Handshake) {
	if h.Outcome == tls.Opened || h.Unread == tls.JoinedLate {
		d.opened[h.Unread]++
	}
	if h.Early {
		d.early++
	}
	d.sink.Handshake(h)
}

func (d *Decoder) segment(s *packet.Segment) {
	d.read(&s.Origin)
	s.Clock = d.clock.reached()
	d.settle() // a response that comes too late is none
	if d.config.Segment != nil {
		d.config.Segment(d.frame, s)
	}
	d.streams.Segment(s)
	d.settle()
}

func (d *Decoder) datagram(g *packet.Datagram) bool {
	d.read(&g.Origin)
	g.Clock = d.clock.reached()
	d.settle()
	return d.sip.Datagram(g) || d.dns.Datagram(g)
}

func (d *Decoder) rejected(r *packet.Rejection) {
	d.read(&r.Origin)
	r.Clock = d.clock.reached()
	d.settle()
	d.streams.Rejected(r)
}

// settle hands on the requests at the front that wait no longer.
func (d *Decoder) settle() {
	for d.pending.n > 0 && d.settled(d.pending.oldest()) {
		d.next()
	}
}

// settled reports whether a request has its response. One that waits for it no
// longer is given up.
func (d *Decoder) settled(x *httpwire.Exchange) bool {
	switch {
	case x.Done:
		return true
	case d.clock.over(x.Clock, d.timeout):
	case d.pending.n > maxPending || d.pending.text > maxPendingText:
		d.crowded++
		d.http.GiveUp(x)
		return true
	default:
		return false
	}
	d.http.Expire(x)
	return true
}

// next hands on the oldest pending request.
func (d *Decoder) next() {
	x := d.pending.remove()
	d.judge(x)
	x.Clock = d.clock.now
	d.sink.Exchange(x)
	d.http.Release(x)
}

// judge corrects what a step of the clock or a gap of the source makes wrong in
// a request.
func (d *Decoder) judge(x *httpwire.Exchange) {
	if step := d.clock.ahead; x.NoResponse == httpwire.Answered && x.Latency >= stepSize && step >= stepSize && x.Clock < d.clock.leapt {
		x.Latency = max(0, x.Latency-step)
		if d.step != d.clock.leapt {
			d.step = d.clock.leapt
			d.stepped(&x.Origin, step)
		}
	}
	switch x.NoResponse {
	case httpwire.Answered, httpwire.NotHTTP:
		return
	}
	for _, g := range d.gaps {
		if g.To >= x.Time && g.From <= x.Time+d.timeout {
			x.Gap, x.NoResponse = true, httpwire.NotCaptured
		}
	}
}

// missed notes when the source lost frames. Of too many gaps the earliest two
// become one.
func (d *Decoder) missed(gaps []capture.Gap) {
	for _, g := range gaps {
		d.dropped += g.Frames
		if n := len(d.gaps); n > 0 && g.From-d.gaps[n-1].To < second {
			d.gaps[n-1].From = min(d.gaps[n-1].From, g.From)
			d.gaps[n-1].To = max(d.gaps[n-1].To, g.To)
			continue
		}
		if len(d.gaps) == maxGaps {
			d.gaps[1].From = d.gaps[0].From
			d.gaps = append(d.gaps[:0], d.gaps[1:]...)
		}
		d.gaps = append(d.gaps, g)
	}
}

// Place returns where a segment stands in its stream, while Config.Segment has it.
func (d *Decoder) Place(s *packet.Segment) stream.Place { return d.streams.Place(s) }

// A Summary says what was decoded, and what could not be.
type Summary struct {
	packet.Counts
	Stream  stream.Counts
	HTTP    httpwire.Counts
	SIP     sip.Counts
	Open    int // connections that are followed now, those that have just ended included
	Waiting int // bytes of them that wait for what is before them
	Crowded int // requests that were not waited for, because too many were
	Dropped int // frames that the source lost
	Steps   int // of the capture's clock
	Strays  int // frames whose time was far from the others'
	Links   []capture.LinkType
	Tunnels []packet.Tunnel
	TLS     [tls.Reasons]int // connections that were opened, by why they cannot be read
	Early   int              // connections of TLS with early data, which is not read

	TLSCrowded int // TLS connections that were not followed, because too many were
}

// Summary returns the counts so far.
func (d *Decoder) Summary() Summary {
	opened := d.opened
	opened[tls.JoinedLate] += d.demux.late
	return Summary{d.packets.Counts, d.streams.Counts, d.http.Counts, d.sip.Counts, d.streams.Open(), d.streams.Waiting(), d.crowded, d.dropped, d.steps, d.clock.strays, d.packets.Unknown, d.packets.Tunnels, opened, d.early, d.tls.Crowded}
}

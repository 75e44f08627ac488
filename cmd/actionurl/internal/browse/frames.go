package browse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"

	"actionurl/capture"
	"actionurl/capture/files"
	"actionurl/decode"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
)

const (
	// maxRing bounds the bytes of the frames that are kept of what cannot be read
	// again, 48 MiB, and 64 KiB for each hundred of them.
	maxRing = 48 << 20

	// maxRaw bounds the bytes of a request, and of its response, that are shown: 16
	// KiB.
	maxRaw = 16 << 10

	// maxHeaders is how far into a frame an IP address is looked for, in bytes: behind
	// the headers of any tunnel.
	maxHeaders = 256

	// before and after are how long, in nanoseconds, before a request and after its
	// end frames of its connection are read.
	before = 30e9
	after  = 2e9
)

// A place is where the frame of a request is, with what is needed to find the others
// of it.
type place struct {
	capture        string
	frame          int
	client, server netip.AddrPort
	time, end      int64 // of the request, and of the response
	tls            bool
}

func frameOf(r *decode.Record) place {
	p := place{
		capture: r.Interface.Capture, frame: r.Frame, client: r.Client, server: r.Server,
		time: r.Time, end: r.Time, tls: r.TLS != "",
	}
	if r.NoResponse == httpwire.Answered {
		p.end += r.Latency
	}
	return p
}

// A source opens a capture again; nil where there is none at hand.
type source func(ctx context.Context, name string) (capture.Source, io.Closer, error)

// A ring is the latest frames of what cannot be read again, in memory.
type ring struct {
	mu      sync.Mutex
	frames  []capture.Frame
	size    int
	gone    int // frames that are forgotten
	decoder *packet.Decoder
	wanted  bool
}

func newRing(vxlan uint16) *ring {
	r := new(ring)
	r.decoder = packet.NewDecoder(func(*packet.Segment) { r.wanted = true }, packet.Config{
		VXLANPort: vxlan, Datagram: func(*packet.Datagram) bool { r.wanted = true; return true },
	})
	return r
}

// add keeps the frames of a batch that can matter.
func (r *ring) add(b *capture.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range b.Frames {
		r.wanted = false
		if r.decoder.Decode(&b.Frames[i]); !r.wanted {
			continue
		}
		f := b.Frames[i]
		f.Data = bytes.Clone(f.Data)
		r.frames = append(r.frames, f)
		r.size += len(f.Data) + 80
	}
	n := 0
	for ; r.size > maxRing; n++ {
		r.size -= len(r.frames[n].Data) + 80
		r.frames[n].Data = nil
	}
	r.frames = r.frames[n:]
	r.gone += n
}

// source opens the ring as it is now.
func (r *ring) source(context.Context, string) (capture.Source, io.Closer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &held{frames: r.frames[:len(r.frames):len(r.frames)]}, io.NopCloser(nil), nil
}

// held are frames in memory.
type held struct{ frames []capture.Frame }

// Next implements [capture.Source].
func (h *held) Next(b *capture.Batch) error {
	if len(h.frames) == 0 {
		return io.EOF
	}
	b.Reset()
	n := min(len(h.frames), 4096)
	for _, f := range h.frames[:n] {
		if f.Data != nil { // forgotten meanwhile
			b.Frames = append(b.Frames, f)
		}
	}
	h.frames = h.frames[n:]
	return nil
}

// fromFiles opens a capture file.
func fromFiles(ctx context.Context, name string) (capture.Source, io.Closer, error) {
	c, err := files.Open(ctx, []string{name}, nil)
	if err != nil {
		return nil, nil, err
	}
	return c, c, nil
}

// frames are what is known of the frames of requests. The one that was looked at
// last is kept.
type frames struct {
	from    source // nil where there are no frames
	why     string // there are none
	vxlan   uint16
	want    place
	reading place
	cancel  context.CancelFunc
	got     framesMsg
}

// A framesMsg is what was read of a request.
type framesMsg struct {
	of                place
	request, response []byte
	dissected         []string
	err               error
}

// lines are what the frames of a request say.
func (f *frames) lines(of place, width int) []line {
	if f.from == nil {
		return wrapped(heading(nil, "frame"), "  ", f.why, width, dim)
	}
	if f.got.of != of {
		f.want = of
		return heading(nil, "frame …")
	}
	if f.got.err != nil {
		return wrapped(heading(nil, "frame"), "  ", f.got.err.Error(), width, plain)
	}
	var all []line
	for _, part := range []struct {
		name  string
		bytes []byte
	}{{"as sent", f.got.request}, {"response", f.got.response}} {
		if len(part.bytes) == 0 {
			continue
		}
		all = heading(all, part.name)
		for text := range strings.Lines(string(part.bytes)) {
			all = raw(all, "  ", strings.TrimRight(text, "\r\n"), width)
		}
	}
	all = heading(all, "frame, by gopacket")
	for _, l := range f.got.dissected {
		for text := range strings.Lines(l) {
			all = wrapped(all, "  ", strings.ReplaceAll(strings.TrimRight(text, "\n"), "\t", "  "), width, plain)
		}
	}
	return all
}

// read returns what reads the frames that are wanted, nil for none.
func (f *frames) read() tea.Cmd {
	if f.from == nil || f.want == f.reading || f.want == f.got.of {
		return nil
	}
	if f.cancel != nil {
		f.cancel()
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.reading, f.cancel = f.want, cancel
	of, from, vxlan := f.want, f.from, f.vxlan
	return func() tea.Msg {
		msg := readFrames(ctx, from, of, vxlan)
		if ctx.Err() != nil {
			return nil
		}
		return msg
	}
}

// took takes what was read.
func (f *frames) took(msg framesMsg) {
	f.got, f.reading = msg, place{}
}

// errForgotten is the error of a frame that is not there any more.
var errForgotten = errors.New("the frame is no longer available: it is too old")

// readFrames reads the frame that completes a request, and what its connection
// carries around it.
func readFrames(ctx context.Context, from source, of place, vxlan uint16) framesMsg {
	msg := framesMsg{of: of}
	in, closer, err := from(ctx, of.capture)
	if err != nil {
		msg.err = err
		return msg
	}
	defer closer.Close()
	var at *capture.Frame
	var sent sentBytes
	var sender, receiver packet.Endpoint
	http := of.client.IsValid()
	var client []byte // its address, which the frames have in their headers
	if http {
		sender, receiver = packet.EndpointOf(of.client), packet.EndpointOf(of.server)
		client = of.client.Addr().AsSlice()
	}
	d := packet.NewDecoder(func(s *packet.Segment) {
		switch {
		case !http:
			if at.Number == of.frame {
				msg.request = append(msg.request, s.Payload...)
			}
		case s.Time < of.time-before || of.tls:
		case s.Src == sender && s.Dst == receiver && at.Number <= of.frame:
			sent.add(s)
		case s.Src == receiver && s.Dst == sender && at.Number > of.frame && len(msg.response) < maxRaw:
			msg.response = append(msg.response, s.Payload[:min(len(s.Payload), maxRaw-len(msg.response))]...)
		}
	}, packet.Config{VXLANPort: vxlan, Datagram: func(d *packet.Datagram) bool {
		if !http && at.Number == of.frame {
			msg.request = append(msg.request, d.Payload...)
		}
		return true
	}})
	found := false
	var b capture.Batch
	for {
		err := in.Next(&b)
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			break
		}
		if err != nil {
			msg.err = err
			return msg
		}
		past := false
		for i := range b.Frames {
			at = &b.Frames[i]
			if at.Interface.Capture != of.capture {
				continue
			}
			if at.Number == of.frame {
				found = true
				msg.dissected = packet.Dissect(at, false)
			}
			if past = found && at.Time > of.end+after; past {
				break
			}
			if at.Number == of.frame || at.Time >= of.time-before && bytes.Contains(at.Data[:min(len(at.Data), maxHeaders)], client) {
				d.Decode(at)
			}
		}
		if past {
			break
		}
	}
	if !found {
		msg.err = errForgotten
	}
	if http {
		msg.request = sent.message()
	}
	if i := bytes.Index(msg.response, []byte("HTTP/")); i > 0 { // of the request before
		msg.response = msg.response[i:]
	}
	return msg
}

// sentBytes are the latest bytes of a direction.
type sentBytes struct {
	bytes []byte
	next  uint32
}

// add adds a segment. After a hole only what follows is kept.
func (b *sentBytes) add(s *packet.Segment) {
	switch {
	case len(s.Payload) == 0 || int32(s.Seq+uint32(len(s.Payload))-b.next) <= 0 && len(b.bytes) > 0: // a repetition
		return
	case s.Seq != b.next:
		b.bytes = b.bytes[:0]
	}
	b.bytes = append(b.bytes, s.Payload...)
	b.bytes = b.bytes[max(0, len(b.bytes)-4*maxRaw):]
	b.next = s.Seq + uint32(len(s.Payload))
}

// message returns the latest message: what follows the end of the one before.
func (b *sentBytes) message() []byte {
	whole := b.bytes
	trimmed := bytes.TrimRight(whole, "\r\n")
	if i := bytes.LastIndex(trimmed, []byte("\r\n\r\n")); i >= 0 && httpLine(whole[i+4:]) {
		whole = whole[i+4:]
	}
	return whole[:min(len(whole), maxRaw)]
}

// httpLine reports whether bytes begin with a request line.
func httpLine(b []byte) bool {
	first, _, ok := bytes.Cut(b, []byte("\n"))
	return ok && bytes.Contains(first, []byte(" HTTP/"))
}

package capture

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"
	"time"

	"github.com/google/gopacket"
)

// Packets reads a Source frame by frame, as gopacket reads its data sources. A
// Source that embeds one is a data source of gopacket's, too: read it either so
// or by Next.
//
// The AncillaryData of a frame is its *Interface. A [Problem] is returned as an
// error, and the next call goes on after it; after any other error it returns
// io.EOF. Where a live source has no frame, it waits for one.
type Packets struct {
	source    Source
	batch     Batch
	frame     int // of batch, the next
	problem   int // of batch, the next
	ended     bool
	ancillary []any
}

var (
	_ gopacket.PacketDataSource         = (*Packets)(nil)
	_ gopacket.ZeroCopyPacketDataSource = (*Packets)(nil)
)

// NewPackets returns the Packets of a source.
func NewPackets(source Source) Packets { return Packets{source: source} }

// ZeroCopyReadPacketData implements [gopacket.ZeroCopyPacketDataSource]. The data
// is valid until the next call.
func (p *Packets) ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error) {
	for p.frame == len(p.batch.Frames) {
		if p.problem < len(p.batch.Problems) {
			p.problem++
			problem := p.batch.Problems[p.problem-1]
			return nil, gopacket.CaptureInfo{}, &problem
		}
		if p.ended {
			return nil, gopacket.CaptureInfo{}, io.EOF
		}
		p.frame, p.problem = 0, 0
		if err := p.source.Next(&p.batch); err != nil {
			p.batch.Reset()
			p.ended = true
			return nil, gopacket.CaptureInfo{}, err
		}
	}
	f := &p.batch.Frames[p.frame]
	p.frame++
	if len(p.ancillary) == 0 || p.ancillary[0] != any(f.Interface) {
		p.ancillary = []any{f.Interface}
	}
	return f.Data, gopacket.CaptureInfo{
		Timestamp: time.Unix(0, f.Time).UTC(), CaptureLength: len(f.Data), Length: max(f.Length, len(f.Data)), AncillaryData: p.ancillary,
	}, nil
}

// ReadPacketData implements [gopacket.PacketDataSource].
func (p *Packets) ReadPacketData() ([]byte, gopacket.CaptureInfo, error) {
	data, info, err := p.ZeroCopyReadPacketData()
	return slices.Clone(data), info, err
}

const (
	// MaxFrame is the largest frame that is believed, in bytes: the snaplen limit
	// of libpcap (MAXIMUM_SNAPLEN).
	MaxFrame = 256 << 10

	// copiedBytes and copiedFrames bound a batch that frames are copied into: 512
	// KiB, in which there is always room for one more frame, and 1,024 frames of
	// 56 bytes, 56 KiB.
	copiedBytes  = 2 * MaxFrame
	copiedFrames = 1024

	// copiedTime is the capture time that such a batch spans, in nanoseconds: a
	// live handle that never times out, as frames keep coming, has them handed on.
	copiedTime = 20e6

	// maxFailures is how many errors in a row, without a frame, end a source of
	// gopacket's: one that does not get past its damage.
	maxFailures = 100
)

// From returns a Source of what any data source of gopacket's reads: pcapgo's
// files, or a live handle of pcap, afpacket or bsdbpf. Each frame is copied once,
// into memory of the batch.
//
// A live handle needs a time-out: it is when the frames that are there are handed
// on, and the time alone where there are none. Any other error is a Problem of
// the batch, and reading goes on; io.EOF ends it.
func From(source gopacket.PacketDataSource, link LinkType) Source {
	c := &copied{read: source.ReadPacketData, on: &Interface{Capture: "gopacket", Link: link}}
	if z, ok := source.(gopacket.ZeroCopyPacketDataSource); ok {
		c.read = z.ZeroCopyReadPacketData
	}
	return c
}

// copied is a Source of one of gopacket's.
type copied struct {
	read     func() ([]byte, gopacket.CaptureInfo, error)
	on       *Interface
	frames   int // read so far
	failures int // since the last frame
	now      int64
	ended    bool
}

// Next implements [Source].
func (c *copied) Next(b *Batch) error {
	b.Reset()
	if c.ended {
		return io.EOF
	}
	if b.memory == nil {
		b.memory = make([]byte, copiedBytes)
	}
	for used := 0; len(b.Frames) < copiedFrames && copiedBytes-used >= MaxFrame; {
		data, info, err := c.read()
		switch {
		case errors.Is(err, io.EOF):
			c.ended = true
			if len(b.Frames) == 0 {
				return io.EOF
			}
			return nil
		case timedOut(data, info, err):
			b.Now = c.now
			return nil
		case err == nil && len(data) > MaxFrame:
			c.frames++
			err = fmt.Errorf("a frame of %d bytes, more than the %d that it can have", len(data), MaxFrame)
		}
		if err != nil {
			if c.failures++; c.failures > maxFailures {
				c.ended = true
				return err
			}
			b.Problems = append(b.Problems, Problem{Capture: c.on.Capture, Frame: c.frames, Offset: -1, Err: err})
			return nil
		}
		c.failures = 0
		c.frames++
		f := Frame{Data: b.memory[used : used+copy(b.memory[used:], data)], Number: c.frames, Length: max(info.Length, len(data)), Interface: c.on}
		if !info.Timestamp.IsZero() { // as in a simple packet block
			f.Time = info.Timestamp.UnixNano()
		}
		used += len(data)
		c.now = max(c.now, f.Time)
		b.Frames = append(b.Frames, f)
		if f.Time-b.Frames[0].Time >= copiedTime {
			break
		}
	}
	return nil
}

// timedOut reports whether a live handle had no frame in time. pcap and afpacket
// have an error of their own for that, known here by its text, as they need cgo or
// Windows; bsdbpf returns an empty frame of 1970.
func timedOut(data []byte, info gopacket.CaptureInfo, err error) bool {
	if err == nil {
		return len(data) == 0 && info.Length == 0 && info.Timestamp.Unix() == 0
	}
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, syscall.EINTR) ||
		err.Error() == "Timeout Expired" || err.Error() == "packet poll timeout expired"
}

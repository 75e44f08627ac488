package run

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
	"actionurl/decode"
	"actionurl/decode/keep"
	"actionurl/decode/packet"
	"actionurl/report/output"
)

// keepTime is how much longer than a response may take the frames of a
// connection are kept: from its beginning to its first request.
const keepTime = 30 * time.Second

// frames writes the frames of the connections whose requests are shown.
type frames struct {
	out     *output.Series
	writer  *pcapfile.Writer // of the output at hand
	keeper  *keep.Keeper
	secrets bool  // write those that decrypt them, too
	failed  error // of close
	hold    int64 // how long a frame may wait, in nanoseconds of capture time
}

// newFrames begins to write frames. It makes the decoder pass on its segments.
func newFrames(to output.Destination, c *decode.Config, secrets bool) (*frames, error) {
	f := &frames{secrets: secrets, hold: int64(c.ResponseTimeout + keepTime)}
	var err error
	if f.out, err = output.New(to, f.begin); err != nil {
		return nil, err
	}
	f.keeper = keep.New(f.hold, func(frame *capture.Frame) error {
		if err := f.out.At(frame.Time); err != nil {
			return err
		}
		return f.writer.Frame(frame)
	})
	c.Segment = func(frame *capture.Frame, s *packet.Segment) {
		f.keeper.Frame(frame, s) // Advance returns its error
	}
	return f, nil
}

// A framePart is the capture in one output.
type framePart struct{ *pcapfile.Writer }

// Close implements [output.Part].
func (p framePart) Close() error { return p.Flush() }

func (f *frames) begin(out *output.Output) (output.Part, error) {
	if width, _ := out.Terminal(); width > 0 {
		return nil, errors.New("-w: standard output is a terminal; expected the name of a file to write")
	}
	if out.Continued && !out.Compressed && !beginsLikePcapng(out.Name) {
		return nil, fmt.Errorf("%s: is not a pcapng capture, so frames cannot be added to it; expected another file to write", out.Name)
	}
	f.writer = pcapfile.NewWriter(out)
	return framePart{f.writer}, nil
}

func beginsLikePcapng(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	return err == nil && magic == [4]byte{0x0a, 0x0d, 0x0d, 0x0a}
}

// batch writes the frames that are known to matter at the capture time now, and
// the secrets that decrypt them where that is asked for.
func (f *frames) batch(b *capture.Batch, now int64) error {
	for i := range b.Secrets {
		if !f.secrets {
			break
		}
		if err := f.out.Beside(now); err != nil {
			return err
		}
		if err := f.writer.Secret(&b.Secrets[i]); err != nil {
			return err
		}
	}
	return f.keeper.Advance(now)
}

// losses returns which frames are missing.
func (f *frames) losses() []decode.LossCount {
	var all []decode.LossCount
	if n := f.keeper.Counts.Missed; n > 0 {
		all = append(all, decode.LossCount{Key: "frames_not_kept", N: n, Thing: "frame", How: "missing for -w: the buffer was full before they were wanted"})
	}
	if n := f.keeper.Counts.Forgotten; n > 0 {
		all = append(all, decode.LossCount{Key: "connections_not_kept", N: n, Thing: "connection", How: "cut short for -w: too many open"})
	}
	return all
}

func (f *frames) close() error {
	f.failed = f.keeper.Flush()
	f.failed = cmp.Or(f.failed, f.out.Close())
	return f.failed
}

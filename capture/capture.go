// Package capture describes captured frames and where they come from.
//
// gopacket's interfaces and numbers are this package's own: every source here is
// one of gopacket's data sources, [From] reads any of them (on Windows and the
// BSDs all frames come this way), and package decode/packet decodes headers by its
// layers. It does not read capture files nor Linux's interfaces here, as pcapgo
// cuts link types to 8 bits, allocates what a damaged length claims and ends a
// truncated pcapng without a word, and afpacket needs cgo. Between this program's
// stages frames go in batches, not one by one, as a call for each costs more than
// the look that drops RTP.
//
// A [Source] fills a [Batch] with frames that point into memory of the source;
// whoever needs a byte for longer copies it. Damage in a capture is not an
// error of reading: it travels in the batch, as a [Problem] with its place,
// and reading goes on where it can.
//
// The package knows no protocol above the link-layer header type.
package capture

import (
	"fmt"
	"slices"
)

// An Interface is what frames were captured on: an interface described in a
// capture file, or a live one.
type Interface struct {
	Capture string // the file as it was named, or the live interface's name
	Link    LinkType
	Sensor  string // the name of the machine that captured; empty for this one
}

// Sensors are names of sensors, in the order in which they were added.
type Sensors []string

// maxSensors bounds them: 8 names of at most 64 bytes. What more than 8 sites see is
// seen everywhere.
const maxSensors = 8

// Add adds a name, unless it is empty, there already, or one too many.
func (s *Sensors) Add(name string) {
	if name != "" && len(*s) < maxSensors && !slices.Contains(*s, name) {
		*s = append(*s, name)
	}
}

// A Frame is one captured frame.
type Frame struct {
	Data      []byte // the bytes captured; valid until the source's next call of Next
	Time      int64  // nanoseconds since 1970-01-01 UTC
	Number    int    // 1-based, counted for each capture file
	Length    int    // bytes on the wire, at least len(Data) unless the capture lies
	Interface *Interface
}

// A Batch is a run of frames in the order of their capture, and the problems
// and secrets met in reading them. It is made to be reused.
type Batch struct {
	Frames   []Frame
	Problems []Problem
	Secrets  []Secret
	Gaps     []Gap

	// Now is the time that the capture has reached, in nanoseconds since
	// 1970-01-01 UTC: frames that follow are not earlier. A live source sets it
	// also where no frame came, so that a wait for a response can end. It is 0
	// where it is not known.
	Now int64

	memory []byte // of the frames that From copied
}

// A Secret is what a capture holds for its own decryption, such as the keys of
// TLS sessions.
type Secret struct {
	Kind uint32 // 0x544c534b for a TLS key log (draft-ietf-opsawg-pcapng, section 4.7)
	Data []byte // a copy
}

// A Gap is a time in which a source lost frames, as it could not keep up: from
// From to To, in nanoseconds since 1970-01-01 UTC.
type Gap struct {
	From, To int64
	Frames   int // 0 where it is not known how many
}

// maxGaps bounds the gaps of a batch: what one batch may hold is seconds.
const maxGaps = 64

// Miss adds a gap. Of too many the latest become one.
func (b *Batch) Miss(g Gap) {
	if n := len(b.Gaps); n == maxGaps {
		last := &b.Gaps[n-1]
		last.From, last.To, last.Frames = min(last.From, g.From), max(last.To, g.To), last.Frames+g.Frames
		return
	}
	b.Gaps = append(b.Gaps, g)
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.Frames = b.Frames[:0]
	b.Problems = b.Problems[:0]
	b.Secrets = b.Secrets[:0]
	b.Gaps = b.Gaps[:0]
	b.Now = 0
}

// A Source yields frames.
type Source interface {
	// Next replaces the content of b by the frames that follow: at least one
	// frame, problem, secret or gap, or the time, or else an error. The error is io.EOF
	// at the end and otherwise one of reading; after an error there is nothing more
	// to read. The frames' bytes are valid until the next call.
	Next(b *Batch) error
}

// A Problem is damage in a capture, with its place.
type Problem struct {
	Capture string // the file as it was named
	Frame   int    // number of the last frame that could be read before it; 0 for none
	Offset  int64  // byte offset in the capture at which the damaged part begins; -1 where it is not a matter of bytes
	Err     error

	// Harmless says that nothing is missing: it is worth knowing only.
	Harmless bool
}

// Error names the place as compilers do: the capture, the number of the frame
// that could not be read, the byte.
func (p *Problem) Error() string {
	if p.Offset < 0 {
		return fmt.Sprintf("%s:%d: %v", p.Capture, p.Frame+1, p.Err)
	}
	return fmt.Sprintf("%s:%d: at byte %d: %v", p.Capture, p.Frame+1, p.Offset, p.Err)
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

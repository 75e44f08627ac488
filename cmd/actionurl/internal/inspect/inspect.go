// Package inspect shows single frames: what gopacket decodes in them, and what
// this program made of them.
//
//  1. The frames that are asked for are held while the capture is decoded.
//  2. The decoder says where their segments stand in their streams, what could
//     not be decoded, and which requests, events and findings are theirs.
//  3. At the end, as findings may be made late, each frame is printed.
package inspect

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"actionurl/capture"
	"actionurl/capture/files"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/report"
)

// maxHeld bounds the frames that are held and what is known of them, in bytes: 16
// MiB. Beyond it all are printed as they are.
const maxHeld = 16 << 20

// heldCost is what a frame takes beside its bytes and lines: its findings, and its
// place in the index.
const heldCost = int(unsafe.Sizeof(held{})) + 300

// maxProblems is how many problems of the input are reported.
const maxProblems = 10

// A Range is the frames from First to Last, counted from 1 for each capture file.
type Range struct{ First, Last int }

// ParseRange reads "N" or "N-M".
func ParseRange(text string) (Range, error) {
	first, last, through := strings.Cut(text, "-")
	from, err := strconv.ParseUint(first, 10, 63)
	to := from
	if err == nil && through {
		to, err = strconv.ParseUint(last, 10, 63)
	}
	if err != nil || from == 0 || to < from || to > math.MaxInt {
		return Range{}, fmt.Errorf("expected a frame's number such as 17, counted from 1, or a range such as 17-20")
	}
	return Range{int(from), int(to)}, nil
}

// String names the frames.
func (r Range) String() string {
	if r.First == r.Last {
		return fmt.Sprintf("frame %d", r.First)
	}
	return fmt.Sprintf("frames %d-%d", r.First, r.Last)
}

// A Config says what to show.
type Config struct {
	Decode decode.Config // Found, Lost and Segment are Show's
	Frames []Range
	Dump   bool // the bytes of each layer, too

	Stdout, Stderr io.Writer
}

// Errors of Show.
var (
	ErrMissing = errors.New("not every frame is there")
	ErrDamaged = errors.New("part of the input is damaged")
)

// Show prints frames of a capture, or of each of several that are merged. It
// returns the first error of writing or reading, else ErrMissing for frames that
// no capture has, or ErrDamaged; both have been reported.
func Show(c Config, in capture.Source) error {
	s := &shower{Config: c, out: bufio.NewWriter(c.Stdout), index: map[key]*held{}, streams: map[stream]*requests{}}
	s.Decode.Segment, s.Decode.Lost, s.Decode.Found = s.segment, s.lost, s.found
	s.decoder = decode.New(s.Decode, s.record)
	reading := s.read(in)
	s.decoder.Flush()
	s.print()
	if err := s.out.Flush(); err != nil {
		return files.Named("standard output", err)
	}
	if reading != nil {
		return reading
	}
	if s.early > 0 {
		report.Logf(c.Stderr, "warning: %s printed before the end of the capture; what was found later is missing", report.Plural(s.early, "frame"))
	}
	if more := s.notes - maxProblems; more > 0 {
		report.Logf(c.Stderr, "%s not shown", report.Plural(more, "further problem"))
	}
	missing := false
	for _, r := range c.Frames {
		if r.First = max(r.First, s.last+1); r.First <= r.Last {
			report.Logf(c.Stderr, "not in the capture: %v; its last frame is %d", r, s.last)
			missing = true
		}
	}
	switch {
	case missing:
		return ErrMissing
	case s.damaged > 0:
		return ErrDamaged
	}
	return nil
}

// A shower shows the frames of one run.
type shower struct {
	Config
	out     *bufio.Writer
	decoder *decode.Pipeline

	held    []*held
	index   map[key]*held
	streams map[stream]*requests // of the frames that are held
	size    int                  // bytes of all that
	early   int                  // frames printed before the end
	begun   bool                 // a frame was printed
	last    int                  // the highest number of a frame
	notes   int                  // problems of the input
	damaged int                  // of these, those that cost something
}

// A key is a frame's place.
type key struct {
	capture string
	frame   int
}

// A stream is a direction of a connection.
type stream struct {
	capture  string
	from, to netip.AddrPort
}

// A held frame is one that is to be shown.
type held struct {
	frame    capture.Frame // with bytes of its own
	streams  []stream      // that it has bytes of
	lines    []string      // what is known of it
	requests []string      // those that it completes
	findings finding.Tally
}

// requests are those that a stream carries, or answers, in the order of their
// frames.
type requests struct {
	answers bool
	all     []request
}

// A request is a line, and the frame that it stands for.
type request struct {
	frame int
	line  string
}

// read decodes the capture, and holds the frames that are to be shown.
func (s *shower) read(in capture.Source) error {
	var b capture.Batch
	for {
		err := in.Next(&b)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range b.Problems {
			if !b.Problems[i].Harmless {
				s.damaged++
			}
			if s.notes++; s.notes <= maxProblems {
				report.Logf(s.Stderr, "%v", &b.Problems[i])
			}
		}
		for i := range b.Frames {
			s.hold(&b.Frames[i])
		}
		s.decoder.Batch(&b)
		if s.size > maxHeld {
			s.early += len(s.held)
			s.print()
			if s.out.Flush() != nil {
				return nil // Show returns it
			}
		}
	}
}

// hold holds a frame if it is to be shown.
func (s *shower) hold(f *capture.Frame) {
	s.last = max(s.last, f.Number)
	if !slices.ContainsFunc(s.Frames, func(r Range) bool { return r.First <= f.Number && f.Number <= r.Last }) {
		return
	}
	h := &held{frame: *f}
	h.frame.Data = slices.Clone(f.Data)
	s.held = append(s.held, h)
	s.index[key{f.Interface.Capture, f.Number}] = h
	s.size += len(f.Data) + heldCost
}

// add adds a line of what is known of a frame.
func (s *shower) add(lines *[]string, format string, args ...any) {
	line := report.Visible(fmt.Sprintf(format, args...))
	*lines = append(*lines, line)
	s.size += len(line) + 16
}

func (s *shower) segment(f *capture.Frame, t *packet.Segment) {
	h := s.index[key{f.Interface.Capture, f.Number}]
	if h == nil {
		return
	}
	on := stream{f.Interface.Capture, t.Src.AddrPort(), t.Dst.AddrPort()}
	n := len(t.Payload) + t.Cut
	if n > 0 {
		h.streams = append(h.streams, on)
		if s.streams[on] == nil {
			s.streams[on] = new(requests)
		}
	}
	what := "an acknowledgement"
	switch {
	case t.SYN:
		what = "the beginning (SYN)"
	case t.RST:
		what = "a reset (RST)"
	case n > 0:
		what = "bytes " + s.place(t, n)
	case t.FIN:
		what = "the end (FIN)"
	}
	s.add(&h.lines, "segment   %v > %v, %s", on.from, on.to, what)
}

// place says where the n bytes of a segment stand in its stream.
func (s *shower) place(t *packet.Segment, n int) string {
	place := s.decoder.Place(t)
	text := fmt.Sprintf("%d-%d", place.Offset, int(place.Offset)+n-1)
	for _, note := range []struct {
		holds bool
		text  string
	}{
		{t.FIN, "the last"},
		{place.Joined, "counted from the first byte captured"},
		{t.Cut > 0, report.Plural(t.Cut, "byte") + " not captured"},
		{place.Repeats > 0, report.Plural(place.Repeats, "byte") + " read before"},
		{place.Missing > 0, report.Plural(place.Missing, "byte") + " before them not captured so far"},
	} {
		if note.holds {
			text += "; " + note.text
		}
	}
	return text
}

func (s *shower) lost(l decode.Loss) {
	if h := s.index[key{l.Capture, l.Frame}]; h != nil {
		s.add(&h.lines, "lost      %s", l.What)
	}
}

func (s *shower) found(o *finding.Occurrence) {
	if h := s.index[key{o.Place.Capture, o.Frame}]; h != nil {
		h.findings.AddAll(o)
	}
}

func (s *shower) record(r *decode.Record) error {
	at := key{r.Interface.Capture, r.Frame}
	line := requestLine(r)
	for i, on := range []stream{{at.capture, r.Client, r.Server}, {at.capture, r.Server, r.Client}} {
		if of := s.streams[on]; of != nil {
			of.answers = i == 1
			of.all = append(of.all, request{at.frame, line})
			s.size += len(line) + 64
		}
	}
	h := s.index[at]
	if h == nil {
		return nil
	}
	s.add(&h.requests, "request   %s", line)
	if r.Event != nil {
		s.add(&h.requests, "event     %s", eventLine(r.Event))
		var values []string
		for _, v := range r.Event.Vars {
			values = append(values, v.Name+"="+v.Value)
		}
		if len(values) > 0 {
			s.add(&h.requests, "values    %s", strings.Join(values, " "))
		}
	}
	place := r.Place()
	for i := range r.Findings {
		h.findings.Add(&r.Findings[i], &place)
	}
	return nil
}

func requestLine(r *decode.Record) string {
	end := "no response (" + r.NoResponse.String() + ")"
	if r.NoResponse == httpwire.Answered {
		end = fmt.Sprintf("status %d after %v", r.Status, time.Duration(r.Latency))
	}
	return fmt.Sprintf("%s %s: %s", r.Method, r.Target, end)
}

func eventLine(e *actionurl.Event) string {
	what := e.Kind.Slug
	if e.Kind.Label != "" {
		what += " (" + e.Kind.Label + ")"
	}
	if len(e.Candidates) > 1 {
		var slugs []string
		for _, k := range e.Candidates {
			slugs = append(slugs, k.Slug)
		}
		what += ", one of " + strings.Join(slugs, ", ")
	}
	if e.By != "" {
		what += ", by " + string(e.By)
	}
	return what + ", of " + finding.Phone{MAC: e.PhoneMAC, Addr: e.PhoneIP}.String()
}

// print prints the frames that are held, and forgets them.
func (s *shower) print() {
	for _, h := range s.held {
		if s.begun {
			fmt.Fprintln(s.out)
		}
		s.begun = true
		f := &h.frame
		fmt.Fprintf(s.out, "%s:%d\n", report.Visible(f.Interface.Capture), f.Number)
		for _, line := range packet.Dissect(f, s.Dump) {
			fmt.Fprintln(s.out, report.Visible(strings.ReplaceAll(line, "\t", "  ")))
		}
		lines := slices.Concat(h.lines, h.requests)
		if len(h.requests) == 0 {
			lines = append(lines, s.others(h)...)
		}
		for _, found := range h.findings.Summaries() {
			lines = append(lines, report.Visible(fmt.Sprintf("finding   %v: %s; %s", found.Kind, found.Message(), found.Hint())))
		}
		if len(lines) == 0 {
			lines = []string{"no TCP segment"}
		}
		fmt.Fprintln(s.out, "actionurl:")
		for _, line := range lines {
			fmt.Fprintln(s.out, "  "+line)
		}
	}
	s.held, s.size = nil, 0
	clear(s.index)
	clear(s.streams)
}

// others returns the requests of which a frame that completes none may have a
// part, or the response: of what the client sends the next one, of what the server
// sends the one before.
func (s *shower) others(h *held) (lines []string) {
	for _, on := range h.streams {
		of := s.streams[on]
		i, _ := slices.BinarySearchFunc(of.all, h.frame.Number, func(r request, n int) int { return cmp.Compare(r.frame, n) })
		if of.answers {
			i--
		}
		if i >= 0 && i < len(of.all) {
			lines = append(lines, report.Visible(fmt.Sprintf("request   frame %d: %s", of.all[i].frame, of.all[i].line)))
		}
	}
	return lines
}

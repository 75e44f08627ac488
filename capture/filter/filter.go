package filter

import "actionurl/capture"

// A Filter takes the frames that do not match an expression out of batches.
// The frames may be of several captures and link types.
type Filter struct {
	expr     *Expr
	programs map[capture.LinkType]*Program // nil for those that it cannot be compiled for
	refused  map[capture.Interface]bool    // of these link types, with their captures: a problem was reported
	dropped  int

	link    capture.LinkType // of the last frame
	program *Program         // for link, if it is in programs
}

// New returns a filter of an expression.
func New(e *Expr) *Filter {
	return &Filter{expr: e, programs: map[capture.LinkType]*Program{}, refused: map[capture.Interface]bool{}}
}

// Dropped returns how many frames were taken out.
func (f *Filter) Dropped() int { return f.dropped }

// Batch takes the frames that do not match out of a batch, in place: the others
// keep their numbers, and there may be none. Time passes in the batch as if all
// were there. Of a link type that the expression
// cannot be compiled for all frames are taken out, and a problem with the first
// of each capture says so.
func (f *Filter) Batch(b *capture.Batch) {
	if n := len(b.Frames); n > 0 {
		b.Now = max(b.Now, b.Frames[n-1].Time)
	}
	kept := b.Frames[:0]
	for i := range b.Frames {
		frame := &b.Frames[i]
		if f.program == nil || frame.Interface.Link != f.link {
			f.use(frame, b)
		}
		if f.program != nil && f.program.Match(frame.Data, frame.Length) {
			kept = append(kept, *frame)
		}
	}
	f.dropped += len(b.Frames) - len(kept)
	b.Frames = kept
}

// use finds the program for a frame.
func (f *Filter) use(frame *capture.Frame, b *capture.Batch) {
	f.link = frame.Interface.Link
	p, ok := f.programs[f.link]
	if !ok {
		p, _ = f.expr.Compile(f.link)
		f.programs[f.link] = p
	}
	if f.program = p; p != nil || f.refused[*frame.Interface] {
		return
	}
	f.refused[*frame.Interface] = true
	_, err := f.expr.Compile(f.link)
	b.Problems = append(b.Problems, capture.Problem{
		Capture: frame.Interface.Capture, Frame: frame.Number - 1, Offset: -1, Err: err,
	})
}

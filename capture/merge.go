package capture

import "io"

// Merge returns a source of the frames of several, in the order of their
// times. Frames of one source keep their order.
func Merge(sources ...Source) Source {
	if len(sources) == 1 {
		return sources[0]
	}
	m := &merged{}
	for _, s := range sources {
		m.inputs = append(m.inputs, &input{source: s})
	}
	return m
}

// merged is a source of several.
type merged struct {
	inputs []*input // those that are not at their end
}

// An input is a source with the batch that its frames are taken from.
type input struct {
	source Source
	batch  Batch
	next   int // frame of batch
}

func (m *merged) Next(b *Batch) error {
	b.Reset()
	// A batch that is used up may be replaced now, but not before: frames of
	// it were handed out.
	for i := 0; i < len(m.inputs); {
		in := m.inputs[i]
		if in.next < len(in.batch.Frames) {
			i++
			continue
		}
		in.next = 0
		switch err := in.source.Next(&in.batch); err {
		case nil:
			b.Problems = append(b.Problems, in.batch.Problems...)
		case io.EOF:
			m.inputs = append(m.inputs[:i], m.inputs[i+1:]...)
		default:
			return err
		}
	}
	if len(m.inputs) == 0 && len(b.Problems) == 0 {
		return io.EOF
	}
	for {
		var first *input
		for _, in := range m.inputs {
			if in.next == len(in.batch.Frames) {
				return nil
			}
			if first == nil || in.batch.Frames[in.next].Time < first.batch.Frames[first.next].Time {
				first = in
			}
		}
		if first == nil {
			return nil
		}
		b.Frames = append(b.Frames, first.batch.Frames[first.next])
		first.next++
	}
}

package run

import (
	"io"

	"actionurl/capture"
	"actionurl/capture/files"
	"actionurl/decode"
	"actionurl/decode/learn"
)

// Learned is what captures show of the templates of the phones.
type Learned struct {
	*learn.Lesson
	Others int      // HTTP requests that are not Action URLs
	Losses []string // what could not be decoded, each kind with its count
}

// Learn learns from captures. Where reading fails, it returns what was learned
// until then with the error.
func Learn(c decode.Config, in *files.Captures, stderr io.Writer) (*Learned, error) {
	defer in.Close()
	r := &run{in: captures{in}, progress: newProgress(stderr, captures{in}), sum: summary{w: stderr}}
	learner, others := learn.New(), 0
	r.pipeline = decode.New(c, func(rec *decode.Record) error {
		if !learner.Add(rec.Exchange, rec.Event) {
			others++
		}
		return nil
	})
	learner.Role = r.pipeline.Role
	_, reading := r.each(in, func(b *capture.Batch) error {
		r.progress.clear()
		r.sum.problems(b.Problems)
		err := r.pipeline.Batch(b)
		r.progress.update()
		return err
	})
	r.pipeline.Flush()
	r.progress.clear()
	l := &Learned{learner.Lesson(), others, r.pipeline.Summary().Losses()}
	if reading == nil && r.sum.damaged > 0 {
		reading = ErrDamaged
	}
	return l, reading
}

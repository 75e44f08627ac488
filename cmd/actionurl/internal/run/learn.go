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
	Others int                // HTTP requests that are not Action URLs
	Losses []decode.LossCount // what could not be decoded
}

// Learn learns from captures. Where reading fails, it returns what was learned
// until then with the error.
func Learn(c decode.Config, in *files.Captures, stderr io.Writer) (*Learned, error) {
	defer in.Close()
	r := &run{in: captures{in}, progress: newProgress(stderr, captures{in}), sum: summary{w: stderr}}
	var learner *learn.Learner
	others := 0
	p := decode.New(c, func(rec *decode.Record) error {
		if !learner.Add(rec.Exchange, rec.Event) {
			others++
		}
		return nil
	})
	learner = learn.New(p.Role)
	_, reading := r.each(in, func(b *capture.Batch) error {
		for i := range b.Problems {
			r.problem(&b.Problems[i])
		}
		err := p.Batch(b)
		r.progress.update()
		return err
	})
	p.Flush()
	r.progress.clear()
	sum := p.Summary()
	l := &Learned{learner.Lesson(), others, sum.Losses(false)}
	if reading == nil && r.sum.damaged > 0 {
		reading = ErrDamaged
	}
	return l, reading
}

package run

import (
	"context"
	"errors"
	"io"

	"actionurl/capture"
	"actionurl/capture/files"
	"actionurl/decode"
	"actionurl/decode/learn"
	"actionurl/report"
	"actionurl/report/saved"
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
	r := &run{in: captures{in}, progress: newProgress(stderr, captures{in}, nil), sum: summary{w: stderr}}
	var learner *learn.Learner
	others := 0
	p := decode.New(c, func(rec *decode.Record) error {
		if !learner.Add(rec.Exchange, rec.Event) {
			others++
		}
		return nil
	})
	learner = learn.New(p.Role)
	_, reading := each(in, func(b *capture.Batch) error {
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
	return r.learned(&Learned{learner.Lesson(), others, sum.Losses(false)}, reading)
}

// learned returns what was learned, and how reading ended.
func (r *run) learned(l *Learned, reading error) (*Learned, error) {
	if reading == nil && r.sum.damaged > 0 {
		reading = ErrDamaged
	}
	return l, reading
}

// LearnSaved learns from saved events of these names, of which "-" is stdin.
func LearnSaved(ctx context.Context, names []string, stdin io.Reader, stderr io.Writer) (*Learned, error) {
	in, err := saved.Open(ctx, names, stdin, func() {})
	if err != nil {
		return nil, err
	}
	defer in.Close()
	r := &run{Config: Config{Stderr: stderr}, sum: summary{w: stderr}}
	learner := learn.New(nil)
	l := &Learned{}
	for {
		rec, err := in.Next()
		problem := (*report.Problem)(nil)
		switch {
		case errors.As(err, &problem):
			r.problem(problem)
			continue
		case errors.Is(err, io.EOF):
			err = nil
		case err == nil:
			if rec.Kind == report.SavedRequest && !learner.Add(rec.Request.Exchange, rec.Request.Event) {
				l.Others++
			}
			continue
		}
		l.Lesson = learner.Lesson()
		return r.learned(l, err)
	}
}

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
	"actionurl/report/redact"
	"actionurl/report/saved"
)

// Learned is what captures show of the templates of the phones.
type Learned struct {
	*learn.Lesson
	Others int                // HTTP requests that are not Action URLs
	Losses []decode.LossCount // what could not be decoded
}

// A LearnConfig says how to learn.
type LearnConfig struct {
	Decode  decode.Config
	Secrets bool             // show them
	Redact  *redact.Redactor // of all that is written; nil for nothing
	Stderr  io.Writer
}

// Learn learns from captures. Where reading fails, it returns what was learned
// until then with the error.
func Learn(c LearnConfig, in *files.Captures) (*Learned, error) {
	defer in.Close()
	r := c.run()
	r.in, r.progress = captures{in}, newProgress(c.Stderr, captures{in}, nil)
	var learner *learn.Learner
	others := 0
	p := decode.New(c.Decode, func(rec *decode.Record) error {
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
	return r.learned(&Learned{c.lesson(learner), others, sum.Losses(false)}, reading)
}

func (c *LearnConfig) run() *run {
	return &run{Config: Config{Stderr: c.Stderr, Redact: c.Redact}, sum: summary{w: c.Stderr}}
}

// lesson returns what was learned, as it is shown.
func (c *LearnConfig) lesson(l *learn.Learner) *learn.Lesson {
	lesson := l.Lesson(c.Secrets)
	if c.Redact != nil {
		c.Redact.Lesson(lesson)
	}
	return lesson
}

// learned returns what was learned, and how reading ended.
func (r *run) learned(l *Learned, reading error) (*Learned, error) {
	if reading == nil && r.sum.damaged > 0 {
		reading = ErrDamaged
	}
	return l, reading
}

// LearnSaved learns from saved events in files of these names; "-" is stdin.
func LearnSaved(ctx context.Context, c LearnConfig, names []string, stdin io.Reader) (*Learned, error) {
	in, err := saved.Open(ctx, names, stdin, func() {})
	if err != nil {
		return nil, err
	}
	defer in.Close()
	r := c.run()
	r.progress = newProgress(c.Stderr, &records{Records: in}, nil)
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
			r.progress.update()
			continue
		}
		r.progress.clear()
		l.Lesson = c.lesson(learner)
		return r.learned(l, err)
	}
}

// Summarize prints the closing summary; profiled says that a profile was written.
func (l *Learned) Summarize(c LearnConfig, profiled bool) {
	open := 0
	for i := range l.Shapes {
		if l.Shapes[i].Event.Kind == nil {
			open++
		}
	}
	report.Logf(c.Stderr, "%s of %s, %s, %d with an open event; %s skipped", report.Plural(l.Requests, "request"), report.Plural(l.Phones, "phone"),
		report.Plural(len(l.Shapes), "shape"), open, report.Plural(l.Others, "other HTTP request"))
	if open > 0 && !profiled {
		report.Logf(c.Stderr, "-o site.yaml writes a profile; fill in what is open there")
	}
	switch secret := l.Secrets(); {
	case secret == 0:
	case c.Secrets:
		report.Logf(c.Stderr, "warning: %s may hold a secret, and so does the profile", report.Plural(secret, "shape"))
	default:
		report.Logf(c.Stderr, "%s with what may be a secret, which is a variable in the template; --show-secrets shows it", report.Plural(secret, "shape"))
	}
	losses := append([]decode.LossCount{
		{N: l.Long, Thing: "URL", How: "too long to learn from"},
		{N: l.Crowded, Thing: "request", How: "of further shapes: too many shapes"},
	}, l.Losses...)
	for _, loss := range losses {
		if loss.N > 0 {
			report.Logf(c.Stderr, "warning: %v", loss)
		}
	}
}

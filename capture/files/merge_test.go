package files

import (
	"errors"
	"io"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/capture"
)

// A step is what a source returns from one call of Next.
type step struct {
	frames   []frame
	problems []string
	secrets  int
	err      error
}

// A frame is what identifies a frame in these tests.
type frame struct {
	Time int64
	Data string
}

// A script is a source that returns its steps. It keeps all frames in one
// memory, which the next call overwrites.
type script struct {
	steps  []step
	memory [64]byte
}

var _ capture.Source = (*script)(nil)

func (s *script) Next(b *capture.Batch) error {
	b.Reset()
	for i := range s.memory {
		s.memory[i] = '?'
	}
	if len(s.steps) == 0 {
		return io.EOF
	}
	now := s.steps[0]
	s.steps = s.steps[1:]
	free := s.memory[:]
	for _, f := range now.frames {
		n := copy(free, f.Data)
		b.Frames = append(b.Frames, capture.Frame{Time: f.Time, Data: free[:n:n]})
		free = free[n:]
	}
	for _, p := range now.problems {
		b.Problems = append(b.Problems, capture.Problem{Err: errors.New(p)})
	}
	b.Secrets = append(b.Secrets, make([]capture.Secret, now.secrets)...)
	return now.err
}

// partOf returns the steps as a part that is not opened before its first frame
// is due.
func partOf(steps []step) part {
	p := part{first: math.MinInt64, open: func() (capture.Source, error) { return &script{steps: steps}, nil }}
	for _, s := range steps {
		if len(s.frames) > 0 {
			p.first = s.frames[0].Time
			break
		}
	}
	return p
}

func TestMerge(t *testing.T) {
	broken := errors.New("input/output error")
	for _, test := range []struct {
		what     string
		sources  [][]step
		frames   []frame
		problems []string
		err      error
	}{
		{
			what: "no source",
		}, {
			what:    "one source",
			sources: [][]step{{{frames: []frame{{2, "a"}, {1, "b"}}}, {problems: []string{"damage"}}, {frames: []frame{{3, "c"}}}}},
			frames:  []frame{{2, "a"}, {1, "b"}, {3, "c"}}, problems: []string{"damage"},
		}, {
			what:    "sources without a frame",
			sources: [][]step{{}, {}, {}},
		}, {
			what: "order of time",
			sources: [][]step{
				{{frames: []frame{{1, "a1"}, {4, "a4"}}}, {frames: []frame{{6, "a6"}}}},
				{{frames: []frame{{2, "b2"}}}, {frames: []frame{{3, "b3"}}}, {frames: []frame{{5, "b5"}, {7, "b7"}, {8, "b8"}}}},
				{},
			},
			frames: []frame{{1, "a1"}, {2, "b2"}, {3, "b3"}, {4, "a4"}, {5, "b5"}, {6, "a6"}, {7, "b7"}, {8, "b8"}},
		}, {
			what: "one after the other, the later named first",
			sources: [][]step{
				{{frames: []frame{{10, "b"}, {11, "c"}}}},
				{{frames: []frame{{1, "a"}}}},
			},
			frames: []frame{{1, "a"}, {10, "b"}, {11, "c"}},
		}, {
			what: "the same time: the source named first",
			sources: [][]step{
				{{frames: []frame{{1, "a"}, {1, "b"}}}},
				{{frames: []frame{{1, "c"}}}},
			},
			frames: []frame{{1, "a"}, {1, "b"}, {1, "c"}},
		}, {
			// Clocks are set back; the frames of a connection must not change places.
			what: "order within a source although its times go back",
			sources: [][]step{
				{{frames: []frame{{5, "a5"}, {1, "a1"}, {6, "a6"}}}},
				{{frames: []frame{{2, "b2"}, {7, "b7"}}}},
			},
			frames: []frame{{2, "b2"}, {5, "a5"}, {1, "a1"}, {6, "a6"}, {7, "b7"}},
		}, {
			what: "problems",
			sources: [][]step{
				{{problems: []string{"first"}}, {frames: []frame{{1, "a"}}, problems: []string{"second"}}, {problems: []string{"third"}}},
				{{frames: []frame{{2, "b"}}}, {problems: []string{"fourth"}}},
			},
			frames:   []frame{{1, "a"}, {2, "b"}},
			problems: []string{"first", "second", "third", "fourth"},
		}, {
			what: "error",
			sources: [][]step{
				{{frames: []frame{{1, "a"}, {9, "b"}}}},
				{{frames: []frame{{2, "c"}}}, {err: broken}},
			},
			frames: []frame{{1, "a"}, {2, "c"}}, err: broken,
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			var parts []part
			for _, steps := range test.sources {
				parts = append(parts, partOf(steps))
			}
			frames, problems, err := drain(t, merge(parts))
			if diff := cmp.Diff(test.frames, frames); diff != "" {
				t.Errorf("frames (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.problems, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if err != test.err {
				t.Errorf("error %v, want %v", err, test.err)
			}
		})
	}
}

// drain reads a source to its end, which is no error, and copies the frames'
// bytes before it reads on.
func drain(t *testing.T, s capture.Source) (frames []frame, problems []string, err error) {
	t.Helper()
	var b capture.Batch
	for range 100 {
		if err := s.Next(&b); err == io.EOF {
			return frames, problems, nil
		} else if err != nil {
			return frames, problems, err
		}
		if len(b.Frames)+len(b.Problems) == 0 {
			t.Fatal("Next returned neither a frame nor a problem nor an error")
		}
		for _, f := range b.Frames {
			frames = append(frames, frame{f.Time, string(f.Data)})
		}
		for _, p := range b.Problems {
			problems = append(problems, p.Err.Error())
		}
	}
	t.Fatal("the source does not end")
	return nil, nil, nil
}

// However many problems and secrets come before a frame, a batch has few.
func TestMergeBounds(t *testing.T) {
	damaged := func(n int, first int64) []step {
		steps := make([]step, n)
		for i := range steps {
			steps[i] = step{problems: []string{"damaged"}}
			if i%2 == 1 {
				steps[i] = step{secrets: 1}
			}
		}
		return append(steps, step{frames: []frame{{first, "frame"}}})
	}
	const n = 10_000
	source := merge([]part{partOf(damaged(n, 2)), partOf(damaged(n, 1))})
	var b capture.Batch
	var times []int64
	problems, secrets := 0, 0
	for source.Next(&b) == nil {
		if len(b.Problems) > maxProblems || len(b.Secrets) > maxSecrets {
			t.Fatalf("a batch of %d problems and %d secrets", len(b.Problems), len(b.Secrets))
		}
		problems, secrets = problems+len(b.Problems), secrets+len(b.Secrets)
		for _, f := range b.Frames {
			times = append(times, f.Time)
		}
	}
	if problems != n || secrets != n || !cmp.Equal(times, []int64{1, 2}) {
		t.Errorf("%d problems, %d secrets, frames at %v", problems, secrets, times)
	}
}

// A packed source is one that takes memory, and of which little may be in it.
type packed struct {
	script
	memory int
	narrow bool
}

func (p *packed) Memory() int { return p.memory }
func (p *packed) Narrow()     { p.narrow = true }

// Captures that overlap are bounded in number and in memory; those that follow
// each other are not.
func TestMergeOpen(t *testing.T) {
	for name, test := range map[string]struct {
		n, memory, apart int
		want             string
	}{
		"one that takes all": {1, 2 * maxMemory, 0, ""},
		"enough":             {maxOpen, maxMemory / maxOpen, 0, ""},
		"many":               {maxOpen + 1, 0, 0, "more than 256 captures overlap in time; merge some of them first"},
		"large ones":         {3, maxMemory/2 - 1, 0, "decompressing captures that overlap in time takes more than 128 MiB; decompress some of them first"},
		"a ring":             {2 * maxOpen, maxMemory, 10, ""},
	} {
		var parts []part
		var sources []*packed
		for i := range test.n {
			first := int64(i * test.apart)
			p := &packed{memory: test.memory, script: script{steps: []step{{frames: []frame{{first, "a"}, {first + 5, "b"}}}}}}
			sources = append(sources, p)
			parts = append(parts, part{first, func() (capture.Source, error) { return p, nil }})
		}
		source, frames, err := merge(parts), 0, error(nil)
		for b := (capture.Batch{}); err == nil; err = source.Next(&b) {
			frames += len(b.Frames)
		}
		got := ""
		if err != io.EOF {
			got = err.Error()
		}
		if got != test.want || got == "" && frames != 2*test.n {
			t.Errorf("%s: %d frames, error %q, want %q", name, frames, got, test.want)
		}
		for i, p := range sources {
			if got == "" && p.narrow != (test.apart == 0 && i >= maxWide) {
				t.Errorf("%s: source %d is narrow: %v", name, i, p.narrow)
			}
		}
	}
}

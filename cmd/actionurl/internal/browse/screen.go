package browse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"

	"actionurl/cmd/actionurl/internal/run"
	"actionurl/decode/sip"
	"actionurl/report"
	"actionurl/report/output"
)

// gcPercent is how much the heap may grow, in percent, before it is collected. It is
// mostly compressed lines, which are no garbage and have no pointers to follow.
const gcPercent = 20

// A Config says what a screen shows.
type Config struct {
	Name  string // of what is read
	Live  bool   // it does not end by itself
	Words string // of the filter, at the beginning
	Clock string // the form of times
	Zone  *time.Location
	Color bool

	// Frames says that captures can be read again by their names, else Why not.
	// Ring says that the latest frames are kept in memory instead.
	Frames bool
	Ring   bool
	Why    string
	VXLAN  uint16

	Stdin  io.Reader // of keys
	Stdout io.Writer
}

// A Screen shows what a run makes.
type Screen struct {
	Config
	store  *store
	taker  *taker
	frames *frames
	fields *fields
	ring   *ring

	sensors bool // what is shown is of several

	program *tea.Program // while it runs

	ready sync.Once
	shut  chan struct{} // closed when the rights are dropped
}

// ErrTerminal is the error of a screen without a terminal.
var ErrTerminal = errors.New("expected a terminal")

// New returns a screen.
func New(c Config) (*Screen, error) {
	c.Name = report.Visible(c.Name)
	s := &Screen{Config: c, store: newStore(), shut: make(chan struct{}), frames: &frames{why: c.Why, vxlan: c.VXLAN}}
	var err error
	if s.taker, err = newTaker(s.store, c.Clock); err != nil {
		return nil, err
	}
	if s.fields, err = newFields(c.Clock); err != nil {
		return nil, err
	}
	switch {
	case c.Ring:
		s.ring = newRing(c.VXLAN)
		s.frames.from = s.ring.source
	case c.Frames:
		s.frames.from = fromFiles
	}
	return s, nil
}

// Attach has a run hand to the screen what it makes.
func (s *Screen) Attach(c *run.Config) {
	c.Stdout, c.Stderr = io.Discard, s.taker
	c.Options.Format = report.Format{Name: "screen", Run: func(_ io.Writer, o report.Options) (report.Run, error) {
		s.sensors = o.Sensors
		var err error
		s.taker.grids, err = newGrids(s.Clock, o.Sensors)
		return s.taker, err
	}}
	c.Filter = report.Filter{View: report.Events} // which the screen has of its own
	c.Together = true
	c.Decode.Message = s.taker.message
	if c.Redact != nil {
		s.ring, s.frames.from, s.frames.why = nil, nil, "with --redact there are no frames: they are as they were captured"
		c.Decode.Message = func(m *sip.Message) { s.taker.message(c.Redact.SIP(m)) }
	}
	c.Reached = func(p run.Progress) {
		s.store.mu.Lock()
		s.store.state = runState{p.Read, p.Size, p.Lost}
		s.store.changed++
		s.store.mu.Unlock()
	}
	if s.ring != nil {
		c.Batch = s.ring.add
	}
}

// Ready says that the run has opened what it reads, and dropped its rights.
func (s *Screen) Ready() { s.ready.Do(func() { close(s.shut) }) }

// Run runs the screen over a run, which reads until its context ends. It returns the
// error of the run where that could not begin, and else nil or that of the
// terminal.
func (s *Screen) Run(ctx context.Context, read func(context.Context) error) error {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // the terminal is closed
	defer signal.Stop(hangup)
	go func() {
		select {
		case <-hangup:
			cancel()
		case <-ctx.Done():
		}
	}()
	ended := make(chan error, 1)
	go func() {
		var err error
		defer func() {
			s.store.mu.Lock()
			s.store.ended = true
			s.store.changed++
			s.store.mu.Unlock()
			ended <- err
		}()
		defer s.store.recovered()
		if err = read(ctx); err != nil {
			s.store.note(err.Error())
		}
	}()
	select {
	case <-s.shut:
	case err := <-ended:
		select {
		case <-s.shut: // and it has read all
			ended <- nil
		default:
			return cmp.Or(s.crashed(), err)
		}
	}
	m, err := newModel(s)
	if err != nil {
		return err
	}
	s.program = tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(s.Stdin), tea.WithOutput(s.Stdout), tea.WithoutSignalHandler())
	go func() {
		select {
		case c := <-s.store.crashes:
			s.store.crashes <- c
			cancel()
		case <-ctx.Done():
		}
	}()
	_, err = s.program.Run()
	cancel()
	select {
	case <-ended:
	case <-time.After(closing): // it may wait for a network
	}
	if crashed := s.crashed(); crashed != nil {
		return crashed
	}
	if errors.Is(err, tea.ErrProgramKilled) && !errors.Is(err, tea.ErrProgramPanic) || errors.Is(err, tea.ErrInterrupted) {
		return nil
	}
	return err
}

// suspend leaves the terminal to the shell until that continues the program. The
// library's own waits for a signal, which never comes where no shell is there.
func (s *Screen) suspend() tea.Msg {
	if s.program.ReleaseTerminal() == nil {
		stop()
		s.program.RestoreTerminal()
	}
	return nil
}

// closing is how long the run may take to end after the screen has.
const closing = 5 * time.Second

// crashed returns a panic of a goroutine as an error, nil for none. The terminal is
// as it was by then.
func (s *Screen) crashed() error {
	select {
	case c := <-s.store.crashes:
		return fmt.Errorf("crashed: %v\n%s", c.what, c.stack)
	default:
		return nil
	}
}

// Terminal returns what keys come from: stdin, or the terminal itself where that is
// a capture. It returns ErrTerminal where there is none, or none that can move its
// cursor, as TERM says.
func Terminal(stdin io.Reader, stdout io.Writer, piped bool) (keys io.Reader, err error) {
	if name := os.Getenv("TERM"); !output.IsTerminal(stdout) || runtime.GOOS != "windows" && (name == "" || name == "dumb") {
		return nil, ErrTerminal
	}
	if !piped && output.IsTerminal(stdin) {
		return stdin, nil
	}
	tty, _, err := tea.OpenTTY()
	if err != nil {
		return nil, ErrTerminal
	}
	return tty, nil
}

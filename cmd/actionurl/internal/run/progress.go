package run

import (
	"fmt"
	"io"
	"time"

	"actionurl/report/output"
)

// progressInterval is how often the progress is shown anew.
const progressInterval = 200 * time.Millisecond

// A progress shows on a terminal how much of the input has been read.
type progress struct {
	w     io.Writer // nil if nothing is to be shown
	in    input
	next  time.Time
	shown bool
}

func newProgress(w io.Writer, in input) *progress {
	p := &progress{in: in, next: time.Now().Add(progressInterval)}
	if _, live := in.(*Live); !live && output.IsTerminal(w) {
		p.w = w
	}
	return p
}

// update shows how much was read, now and then.
func (p *progress) update() {
	if p.w == nil || time.Now().Before(p.next) {
		return
	}
	p.next = time.Now().Add(progressInterval)
	p.shown = true
	read, size := p.in.Progress()
	done := float64(read) / 1e6
	if size > 0 {
		fmt.Fprintf(p.w, "\r\x1b[K%.1f of %.1f MB, %.0f %%", done, float64(size)/1e6, 1e8*done/float64(size))
	} else {
		fmt.Fprintf(p.w, "\r\x1b[K%.1f MB", done)
	}
}

// clear takes it off the screen, before something else is written.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

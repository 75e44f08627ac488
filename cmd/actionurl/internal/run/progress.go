package run

import (
	"fmt"
	"io"
	"time"

	"actionurl/report/output"
)

// progressInterval is how often the progress is shown anew.
const progressInterval = 200 * time.Millisecond

// A progress shows on a terminal how much of the input has been read. It stays
// until something else is written there.
type progress struct {
	w     io.Writer // nil if nothing is to be shown
	in    input
	began time.Time
	next  time.Time
	shown bool

	reached func(Progress) // gets it, too; nil for none
	lost    int
}

func newProgress(w io.Writer, in input, reached func(Progress)) *progress {
	now := time.Now()
	p := &progress{in: in, began: now, next: now.Add(progressInterval), reached: reached}
	if _, read := in.(*collected); read {
		return p
	}
	if _, live := in.(*Live); !live && output.IsTerminal(w) {
		p.w = w
	}
	return p
}

// update shows how much was read, now and then.
func (p *progress) update() {
	if p.w == nil && p.reached == nil {
		return
	}
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(progressInterval)
	read, size := p.in.Progress()
	if p.reached != nil {
		p.reached(Progress{Read: read, Size: size, Lost: p.lost})
	}
	if p.w == nil {
		return
	}
	p.shown = true
	fmt.Fprintf(p.w, "\r\x1b[K%s", progressText(read, size, now.Sub(p.began)))
}

// progressText renders how many bytes were read of how many, 0 if that is not
// known, in a time.
func progressText(read, size int64, took time.Duration) string {
	done, rate := float64(read)/1e6, float64(read)/1e6/took.Seconds()
	if size <= 0 {
		return fmt.Sprintf("%.1f MB, %.1f MB/s", done, rate)
	}
	text := fmt.Sprintf("%.1f of %.1f MB, %.0f %%, %.1f MB/s", done, float64(size)/1e6, 100*float64(read)/float64(size), rate)
	if read > 0 {
		left := time.Duration(float64(took) * float64(size-read) / float64(read))
		text += fmt.Sprintf(", %v left", max(left, 0).Round(time.Second))
	}
	return text
}

// clear takes it off the screen, before something else is written there.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

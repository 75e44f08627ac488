package live

import (
	"math"
	"time"

	"actionurl/capture"
)

// batchFrames bounds a batch: 4,096 frames of 56 bytes, 224 KiB.
const batchFrames = 4096

// A queue is a tap with the block of it that is being handed out.
type queue struct {
	tap  tap
	port *port

	frames []capture.Frame // of the block
	next   int             // frame of the block that was not handed out yet
	used   int             // blocks handed out, which the tap gets back with the next call of Next
}

// fill gets the next block if the last is used up, and reports whether there is
// a frame.
func (q *queue) fill() bool {
	if q.next < len(q.frames) {
		return true
	}
	q.next = 0
	q.frames = q.tap.read(q.frames[:0])
	return len(q.frames) > 0
}

// merge moves frames to b, in the order of their times: those for which it is
// sure that no earlier one can come. That are those not later than the first of
// every other queue, or than what all queues have surely reached now. What is
// later than stop, if it is set, is not looked at.
func (s *Source) merge(b *capture.Batch, now time.Time, stop *time.Time) {
	for _, p := range s.ports {
		for _, q := range p.queues {
			q.tap.free(q.used)
			q.used = 0
		}
	}
	end := int64(math.MaxInt64)
	if stop != nil {
		end = stop.UnixNano()
	}
	for len(b.Frames) < batchFrames {
		first, limit := s.first(now.Add(-delay).UnixNano())
		if first == nil {
			break
		}
		due := first.due()
		if due > limit && due <= now.UnixNano() || due > end {
			break
		}
		// A frame from the future means that the clock was set back. Waiting
		// for its time would not help.
		first.move(b, min(max(limit, due), end))
	}
}

// first returns the queue whose frame is the earliest, nil if there is none,
// and the time up to which its frames are earlier than those of the others,
// where a queue without a frame has surely come to sure.
func (s *Source) first(sure int64) (*queue, int64) {
	var first *queue
	limit := int64(math.MaxInt64)
	for _, p := range s.ports {
		for _, q := range p.queues {
			if !q.fill() {
				limit = min(limit, sure)
				continue
			}
			if first == nil || q.due() < first.due() {
				first, q = q, first
			}
			if q != nil {
				limit = min(limit, q.due())
			}
		}
	}
	return first, limit
}

// due returns the time of the next frame.
func (q *queue) due() int64 { return q.frames[q.next].Time }

// move moves the frames of q to b, up to the first that is later than limit.
func (q *queue) move(b *capture.Batch, limit int64) {
	for q.next < len(q.frames) && q.due() <= limit && len(b.Frames) < batchFrames {
		f := &q.frames[q.next]
		q.port.frames++
		f.Number = q.port.frames
		b.Frames = append(b.Frames, *f)
		q.next++
	}
	if q.next == len(q.frames) {
		q.used++
	}
}

// waits returns the taps to wait for, and how long: until the first frame that
// is held back is due, and not longer than rest.
func (s *Source) waits(now time.Time, rest time.Duration) ([]tap, time.Duration) {
	s.idle = s.idle[:0]
	for _, p := range s.ports {
		for _, q := range p.queues {
			if q.next == len(q.frames) {
				s.idle = append(s.idle, q.tap)
			} else {
				rest = min(rest, time.Unix(0, q.due()).Add(delay).Sub(now))
			}
		}
	}
	return s.idle, max(rest, 0)
}

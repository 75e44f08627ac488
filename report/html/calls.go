package html

import (
	"strconv"

	"actionurl/decode/actionurl"
	"actionurl/decode/timeline"
	"actionurl/report"
)

// calls are the calls of a chunk, a line of JSON each, and the chunks before.
type calls struct {
	chunks
	n    int
	text []byte
}

// An openCall is a call that is not closed: its number, and how many of its events
// are on the page.
type openCall struct{ number, events int }

// add adds a call. Of one that consists of events on the page alone, the line names
// those at which it began, was answered and ended, 1-based, 0 for none:
//
//	[number, direction, state, events, began, answered, ended]
//
// Of others it has times, in milliseconds from the first event:
//
//	[number, direction, state, phone, "first", began, answered, ended, last, [held …], remote, name, local, call id, SIP]
func (c *calls) add(call *timeline.Call, open openCall, phone int64, t *tables) error {
	out := append(c.text, '[')
	for _, n := range []int64{int64(open.number), t.texts.add(call.Direction.String()), t.texts.add(string(call.State()))} {
		out = append(strconv.AppendInt(out, n, 10), ',')
	}
	began, answered, ended := stepAt(call, call.Began), stepAt(call, call.Established), stepAt(call, call.Over)
	if open.number > 0 && open.events == len(call.Steps) && call.SIP == nil && began >= 0 && answered >= 0 && ended >= 0 {
		for _, n := range []int{open.events, began, answered, ended} {
			out = append(strconv.AppendInt(out, int64(n), 10), ',')
		}
		out = endArray(out)
	} else {
		out = appendTimes(append(strconv.AppendInt(out, phone, 10), ','), call)
	}
	c.text = append(out, '\n')
	if c.n++; c.n == chunkRows || len(c.text) > chunkBytes {
		return c.pack()
	}
	return nil
}

// stepAt returns the number of the step of a time, 1-based; 0 for no time, -1 where
// no step has it.
func stepAt(c *timeline.Call, at int64) int {
	if at == 0 {
		return 0
	}
	for i := range c.Steps {
		if c.Steps[i].Time == at {
			return i + 1
		}
	}
	return -1
}

// appendTimes renders a call by itself.
func appendTimes(out []byte, call *timeline.Call) []byte {
	offset := func(at int64) {
		if at == 0 {
			out = append(out, "null,"...)
			return
		}
		out = append(strconv.AppendFloat(out, float64(at-call.First)/1e6, 'g', 16, 64), ',')
	}
	out = append(out, '"')
	out = append(strconv.AppendInt(out, call.First, 10), `",`...)
	offset(call.Began)
	offset(call.Established)
	offset(call.Over)
	offset(call.Last)
	out = append(out, '[')
	for _, s := range call.Steps { // where it was held, and where no more
		on := "1,"
		switch s.Kind.Act {
		case actionurl.Holds, actionurl.FarHolds:
		case actionurl.Resumes, actionurl.FarResumes:
			on = "0,"
		default:
			continue
		}
		out = strconv.AppendFloat(out, float64(s.Time-call.First)/1e6, 'g', 16, 64)
		out = append(append(out, ','), on...)
	}
	out = append(endArray(out), ',')
	for _, text := range [...]string{call.Remote, call.DisplayRemote, call.Local, call.ID} {
		out = append(report.AppendString(out, text), ',')
	}
	if s := call.SIP; s != nil {
		out = append(out, '[')
		offset(s.Started)
		offset(s.Rang)
		offset(s.Answer)
		offset(s.Ended)
		out = append(endArray(out), ',')
	}
	return endArray(out)
}

// pack compresses the chunk.
func (c *calls) pack() error {
	if c.n == 0 {
		return nil
	}
	err := c.chunks.add(c.n, maxCalls, maxCallsPacked, c.text)
	c.n, c.text = 0, c.text[:0]
	return err
}

package report

import "strconv"

// A Loss is what a live capture lost in a span of time.
type Loss struct {
	Since, Time int64  // the span, in nanoseconds since 1970-01-01 UTC
	Interface   string // where it was lost; empty for what was lost behind all of them
	Counts      []LossCount
}

// A LossCount is how much was lost of one kind.
type LossCount struct {
	Name string // a key in snake case
	N    int64
}

// Loss writes a loss among the rows, if the format has a place for what is no
// row. NDJSON has: an object with the keys time and capture_loss,
//
//	{"time":"…","capture_loss":{"interface":"eth1","since":"…","dropped":12}}
//
// so that who reads the rows between since and time knows what is not there.
func (r *Rows[R]) Loss(l *Loss) error {
	j, ok := r.Sink.(*ndjson)
	if !ok {
		return nil
	}
	line := append(j.day.append(append(j.buf, `{"time":"`...), l.Time), `","capture_loss":{`...)
	if l.Interface != "" {
		line = append(append(line, `"interface":`...), appendString(nil, l.Interface)...)
		line = append(line, ',')
	}
	line = append(j.day.append(append(line, `"since":"`...), l.Since), '"')
	for _, c := range l.Counts {
		line = append(append(append(line, `,"`...), c.Name...), `":`...)
		line = strconv.AppendInt(line, c.N, 10)
	}
	j.buf = append(line, "}}\n"...)
	return j.Flush()
}

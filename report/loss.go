package report

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
	members := []member{{"interface", Text(l.Interface)}, {"since", Value{kind: instant, num: l.Since}}}
	for _, c := range l.Counts {
		members = append(members, member{c.Name, Number(c.N)})
	}
	if err := j.beside([]member{{"time", Value{kind: instant, num: l.Time}}}, "capture_loss", members); err != nil {
		return err
	}
	return j.Flush()
}

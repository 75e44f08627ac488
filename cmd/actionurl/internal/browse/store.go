package browse

import (
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"actionurl/decode/finding"
	"actionurl/decode/timeline"
	"actionurl/report"
)

// Bounds on what is kept, 215 MiB in all. A million real events take half of it.
const (
	// maxEvents bounds the requests, and maxBytes their compressed lines: 112 MiB,
	// and 8 MiB of the places in the index, 8 bytes each.
	maxEvents = 1 << 20
	maxBytes  = 112 << 20

	// maxCalls bounds the calls: 512 Ki of 16 bytes, 8 MiB, and of about 40 of
	// their compressed rows, 20 MiB.
	maxCalls = 512 << 10

	// maxBeside bounds what is kept beside the requests: 64 Ki lines of about 250
	// bytes, 16 MiB.
	maxBeside = 64 << 10

	// maxMessages bounds the SIP messages: 256 Ki of 112 bytes, 28 MiB, and maxTexts
	// their texts, of at most maxText bytes, 256 KiB.
	maxMessages = 256 << 10
	maxTexts    = 4 << 10
	maxText     = 64

	// maxNotes bounds the messages of the run.
	maxNotes = 200
)

// A store keeps what a run has made so far. Its lock is held for short.
type store struct {
	mu      sync.Mutex
	changed uint64 // counts up

	lines  *lines
	index  []entry // of the lines that are kept
	beside []aside
	lost   int // of beside

	calls     []call // by number, from firstCall on
	firstCall int
	open      map[int]report.GridRow // the rows of calls that are not over, by number
	closed    *lines                 // the rows of calls that are over, in the order of their ends
	left      []int16                // how many of each of its blocks are kept
	phones    []phone
	messages  []message // a ring, once it is full
	oldest    int       // in messages
	silent    int       // messages that are forgotten

	notes []string // messages of the run
	ended bool     // the run is over
	state runState

	crashes chan crash // of goroutines
}

// A crash is a panic that was recovered, so that the terminal can be restored
// before it goes on.
type crash struct {
	what  any
	stack []byte
}

// recovered recovers a panic, where it is deferred.
func (s *store) recovered() {
	if what := recover(); what != nil {
		select {
		case s.crashes <- crash{what, debug.Stack()}:
		default: // there is one already
		}
	}
}

// An entry is where a request belongs: a call and a phone by their numbers, -1 for
// none.
type entry struct{ call, phone int32 }

// An aside is a line that is beside the requests, after as many of them.
type aside struct {
	after int
	line  string
}

// A call is where the row of one is.
type call struct {
	id   uint64 // of its SIP, see idOf; 0 for none
	last int32  // its latest request
	at   int32  // its row in closed; -1 while it is open
}

func (c *call) over() bool { return c.at >= 0 }

// A phone is the row of one.
type phone struct {
	row      report.GridRow
	mac      string
	accounts []string
	findings finding.Set
	silent   *timeline.Phone // that announced nothing; nil for one that did
}

// A message is a SIP message.
type message struct {
	time     int64
	id       uint64 // of its Call-ID
	from, to netip.Addr
	text     string // its first line, in short
	capture  string
	frame    int32
	failed   bool
}

// A runState is what the header shows of the run.
type runState struct {
	read, size int64
	lost       int
}

func newStore() *store {
	return &store{lines: newLines(), closed: newLines(), open: map[int]report.GridRow{}, crashes: make(chan crash, 1)}
}

// seal compresses the latest block of lines where it is full. Whoever adds lines
// calls it, without the lock: compressing takes a millisecond, and longer where the
// thread loses the processor meanwhile.
func (s *store) seal(l *lines) {
	if !l.full() {
		return
	}
	l.compress()
	s.mu.Lock()
	l.seal()
	s.mu.Unlock()
}

// end keeps the last row of a call.
func (s *store) end(n int, row report.GridRow) {
	c := s.call(n)
	if c == nil {
		return
	}
	at := s.closed.end()
	if at%blockLines == 0 {
		s.left = append(s.left, 0)
	}
	s.left[at/blockLines]++
	s.closed.add([]byte(row + "\n"))
	c.at = int32(at)
	delete(s.open, n)
}

// forget forgets the oldest requests where there are too many.
func (s *store) forget() {
	for len(s.index) > maxEvents || s.lines.size > maxBytes {
		s.lines.forget()
		s.index = s.index[blockLines:]
	}
	first := s.lines.first()
	for len(s.calls) > maxCalls || len(s.calls) > 0 && s.calls[0].over() && int(s.calls[0].last) < first {
		if c := &s.calls[0]; c.over() {
			s.left[c.at/blockLines]--
		}
		delete(s.open, s.firstCall)
		s.calls = s.calls[1:]
		s.firstCall++
	}
	for len(s.closed.blocks) > 0 && s.left[s.closed.gone] <= 0 {
		s.closed.forget()
	}
}

// accountsOf returns the accounts of the phone of a request.
func (s *store) accountsOf(n int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := n - s.lines.first(); i >= 0 && i < len(s.index) {
		if p := s.index[i].phone; p >= 0 {
			return s.phones[p].accounts
		}
	}
	return nil
}

// call returns a call by its number; nil where it is forgotten.
func (s *store) call(n int) *call {
	if i := n - s.firstCall; i >= 0 && i < len(s.calls) {
		return &s.calls[i]
	}
	return nil
}

// bounds returns the numbers of the first request and of that after the latest.
func (s *store) bounds() (first, end int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines.first(), s.lines.end()
}

// events returns the requests of a call or of a phone.
func (s *store) events(of func(entry) bool) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []int
	for i, e := range s.index {
		if of(e) {
			all = append(all, s.lines.first()+i)
		}
	}
	return all
}

// note keeps a message of the run.
func (s *store) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimRight(line, "\n"), "actionurl: ")
		s.notes = append(s.notes, line)
	}
	s.notes = slices.Delete(s.notes, 0, max(0, len(s.notes)-maxNotes))
	s.changed++
}

package decode

import (
	"actionurl/decode/httpwire"
	"actionurl/decode/sip"
	"actionurl/decode/stream"
	"actionurl/decode/tls"
	"actionurl/decode/wire"
)

// Bounds on what has left wire and has not reached analysis: 4 MiB in all.
const (
	// chunks are how many there are: one that wire fills, one that analysis reads,
	// and two for when one of them is slower for a while.
	chunks = 4

	// chunkItems bounds the items of a chunk: 256 exchanges of 416 bytes, messages
	// of 376, attempts of 220 or handshakes of 240; 300 KiB where it had each of them.
	chunkItems = 256

	// chunkMarks bounds the ends of batches in a chunk, 600 bytes each.
	chunkMarks = 16

	// chunkText bounds the text and bodies of a chunk: 256 KiB, and one item more of
	// at most 128.
	chunkText = 256 << 10
)

// A relay is the Sink of wire. It hands what it takes to another one, in the same
// order: at once, or in chunks to a goroutine that runs beside wire. Chunks come
// back to be used again, so no more is allocated than there are chunks.
type relay struct {
	to      wire.Sink
	reached func(mark) error // takes the end of a batch

	at   *chunk // that is filled; nil where nothing runs beside
	full chan *chunk
	free chan *chunk
	stop chan struct{} // closed on the first error
	done chan struct{} // closed when all is handed over
	err  error         // the first of reached and do; wire's side reads it when stop or done is closed
}

// A chunk is a part of what wire finds.
type chunk struct {
	items      []item // in their order; each is the next of its slice
	exchanges  []httpwire.Exchange
	messages   []sip.Message
	attempts   []stream.Attempt
	handshakes []tls.Handshake
	advances   []advance
	marks      []mark
	calls      []func() error
	bytes      []byte // that messages point into
	text       int    // bytes of the strings and bodies of exchanges
}

// An item says what is next in a chunk.
type item uint8

const (
	anExchange item = iota
	aMessage
	anAttempt
	aHandshake
	anAdvance
	aMark
	aCall
)

type advance struct{ now, horizon int64 }

// A mark is the end of a batch of frames: what was decoded until then, and the time
// that they reached.
type mark struct {
	decoded wire.Summary
	now     int64
}

var _ wire.Sink = (*relay)(nil)

// begin begins to hand over on a goroutine of its own. It calls failed, unless nil,
// on the first error.
func (r *relay) begin(failed func()) {
	r.full, r.free = make(chan *chunk, chunks), make(chan *chunk, chunks)
	r.stop, r.done = make(chan struct{}), make(chan struct{})
	for range chunks - 1 {
		r.free <- new(chunk)
	}
	r.at = new(chunk)
	go r.run(failed)
}

// run hands over until full is closed. After an error the chunks only go back.
func (r *relay) run(failed func()) {
	defer close(r.done)
	for b := range r.full {
		if r.err == nil {
			if r.err = b.replay(r.to, r.reached); r.err != nil {
				close(r.stop)
				if failed != nil {
					failed()
				}
			}
		}
		b.reset()
		r.free <- b
	}
}

// error returns the first error, if there was one by now.
func (r *relay) error() error {
	if r.at != nil {
		select {
		case <-r.stop:
		default:
			return nil
		}
	}
	return r.err
}

// handOn hands on what is in the chunk, and waits for one that is empty.
func (r *relay) handOn() {
	if r.at != nil && len(r.at.items) > 0 {
		r.full <- r.at
		r.at = <-r.free
	}
}

// end waits until all is handed over. What comes then is handed over at once.
func (r *relay) end() {
	if r.at == nil {
		return
	}
	r.handOn()
	r.at = nil
	close(r.full)
	<-r.done
}

// do calls a function when all before it is handed over. After an error nothing
// is called any more.
func (r *relay) do(call func() error) {
	switch {
	case r.at != nil:
		r.at.calls = append(r.at.calls, call)
		r.add(aCall, 0)
	case r.err == nil:
		r.err = call()
	}
}

// add adds an item with this much text, which the chunk has already.
func (r *relay) add(i item, text int) {
	b := r.at
	b.items = append(b.items, i)
	b.text += text
	if len(b.items) == chunkItems || len(b.marks) == chunkMarks || b.text+len(b.bytes) > chunkText {
		r.handOn()
	}
}

// mark marks the end of a batch.
func (r *relay) mark(m mark) {
	switch {
	case r.at != nil:
		r.at.marks = append(r.at.marks, m)
		r.add(aMark, 0)
	case r.err == nil:
		r.err = r.reached(m)
	}
}

// Exchange implements [wire.Sink].
func (r *relay) Exchange(x *httpwire.Exchange) {
	if r.at == nil {
		r.to.Exchange(x)
		return
	}
	r.at.exchanges = append(room(r.at.exchanges), *x)
	r.add(anExchange, x.TextSize()+len(x.Body))
}

// Message implements [wire.Sink].
func (r *relay) Message(m *sip.Message) {
	if r.at == nil {
		r.to.Message(m)
		return
	}
	var own sip.Message
	own, r.at.bytes = m.AppendTo(r.at.bytes)
	r.at.messages = append(room(r.at.messages), own)
	r.add(aMessage, 0)
}

// room returns a slice that has room for all items that a chunk may have, so that it
// is made once.
func room[E any](s []E) []E {
	if s == nil {
		s = make([]E, 0, chunkItems)
	}
	return s
}

// Attempt implements [wire.Sink].
func (r *relay) Attempt(a *stream.Attempt) {
	if r.at == nil {
		r.to.Attempt(a)
		return
	}
	r.at.attempts = append(r.at.attempts, *a)
	r.add(anAttempt, 0)
}

// Handshake implements [wire.Sink].
func (r *relay) Handshake(h *tls.Handshake) {
	if r.at == nil {
		r.to.Handshake(h)
		return
	}
	r.at.handshakes = append(r.at.handshakes, *h)
	r.add(aHandshake, len(h.Name)+len(h.Protocol)+len(h.Answer))
}

// Advance implements [wire.Sink].
func (r *relay) Advance(now, horizon int64) {
	if r.at == nil {
		r.to.Advance(now, horizon)
		return
	}
	r.at.advances = append(r.at.advances, advance{now, horizon})
	r.add(anAdvance, 0)
}

// replay hands what is in a chunk to a Sink, and its marks, up to the first error of
// a mark or a call.
func (b *chunk) replay(to wire.Sink, reached func(mark) error) error {
	exchanges, messages, attempts, handshakes := b.exchanges, b.messages, b.attempts, b.handshakes
	advances, marks, calls := b.advances, b.marks, b.calls
	for _, i := range b.items {
		switch i {
		case anExchange:
			to.Exchange(&exchanges[0])
			exchanges = exchanges[1:]
		case aMessage:
			to.Message(&messages[0])
			messages = messages[1:]
		case anAttempt:
			to.Attempt(&attempts[0])
			attempts = attempts[1:]
		case aHandshake:
			to.Handshake(&handshakes[0])
			handshakes = handshakes[1:]
		case anAdvance:
			to.Advance(advances[0].now, advances[0].horizon)
			advances = advances[1:]
		case aMark:
			if err := reached(marks[0]); err != nil {
				return err
			}
			marks = marks[1:]
		case aCall:
			if err := calls[0](); err != nil {
				return err
			}
			calls = calls[1:]
		}
	}
	return nil
}

// reset empties a chunk and keeps its memory, except of what is rarely as large.
func (b *chunk) reset() {
	if cap(b.bytes) > chunkText {
		b.bytes = nil
	}
	clear(b.calls)
	*b = chunk{
		b.items[:0], b.exchanges[:0], b.messages[:0], b.attempts[:0], b.handshakes[:0], b.advances[:0], b.marks[:0], b.calls[:0], b.bytes[:0], 0,
	}
}

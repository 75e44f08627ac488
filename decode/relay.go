package decode

import (
	"actionurl/decode/httpwire"
	"actionurl/decode/sip"
	"actionurl/decode/stream"
	"actionurl/decode/tls"
	"actionurl/decode/wire"
)

// Bounds on what has left wire and has not reached analysis: 5 MiB in all.
const (
	// chunks are how many there are: one that wire fills, one that analysis reads,
	// and two for when one of them is slower for a while.
	chunks = 4

	// chunkItems bounds the items of a chunk: 512 exchanges of 416 bytes, messages
	// of 376, attempts of 180 or handshakes of 240; 600 KiB where it had each of them.
	chunkItems = 512

	// chunkText bounds the text and bodies of a chunk: 512 KiB, and one item more.
	chunkText = 512 << 10
)

// A relay is the Sink of wire. It hands what it takes to another one, in the same
// order: at once, or in chunks to a goroutine that runs beside wire. Chunks come
// back to be used again, so no more is allocated than there are chunks.
type relay struct {
	to   wire.Sink
	at   *chunk // that is filled; nil where nothing runs beside
	full chan *chunk
	free chan *chunk
	stop chan struct{} // closed on the first error
	done chan struct{} // closed when all is handed over
	err  error         // the first of do; wire's side reads it when stop or done is closed
}

// A chunk is a part of what wire finds.
type chunk struct {
	items      []item // in their order; each is the next of its slice
	exchanges  []httpwire.Exchange
	messages   []sip.Message
	attempts   []stream.Attempt
	handshakes []tls.Handshake
	advances   []advance
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
	aCall
)

type advance struct{ now, horizon int64 }

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
			if r.err = b.replay(r.to); r.err != nil {
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
	if len(b.items) == chunkItems || b.text+len(b.bytes) > chunkText {
		r.handOn()
	}
}

// Exchange implements [wire.Sink].
func (r *relay) Exchange(x *httpwire.Exchange) {
	if r.at == nil {
		r.to.Exchange(x)
		return
	}
	r.at.exchanges = append(r.at.exchanges, *x)
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
	r.at.messages = append(r.at.messages, own)
	r.add(aMessage, 0)
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

// replay hands what is in a chunk to a Sink, up to the first error of a call.
func (b *chunk) replay(to wire.Sink) error {
	exchanges, messages, attempts, handshakes, advances, calls := b.exchanges, b.messages, b.attempts, b.handshakes, b.advances, b.calls
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
		b.items[:0], b.exchanges[:0], b.messages[:0], b.attempts[:0], b.handshakes[:0], b.advances[:0], b.calls[:0], b.bytes[:0], 0,
	}
}

package decode

import (
	"actionurl/decode/dns"
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

	// chunkItems bounds the items of a chunk: 256 exchanges of 416 bytes, messages of
	// 376, or calls, which hold at most 640 as the end of a batch; 370 KiB where it had
	// each of them.
	chunkItems = 256

	// chunkText bounds the text and bodies of a chunk: 256 KiB, and one item more of
	// at most 128.
	chunkText = 256 << 10
)

// A relay is the Sink of wire. It hands what it takes to another one, in the same
// order: at once, or in chunks to a goroutine that runs beside wire. Chunks come
// back to be used again.
type relay struct {
	to wire.Sink

	at   *chunk // that is filled; nil where nothing runs beside
	full chan *chunk
	free chan *chunk
	stop chan struct{} // closed on the first error
	done chan struct{} // closed when all is handed over
	err  error         // the first of do; wire's side reads it when stop or done is closed
}

// A chunk is a part of what wire finds.
type chunk struct {
	items     []kind // in their order; each is the next of its slice
	exchanges []httpwire.Exchange
	messages  []sip.Message
	calls     []func() error
	bytes     []byte // that messages point into
	text      int    // bytes of the strings and bodies of the others
}

// A kind says what an item is.
type kind uint8

const (
	anExchange kind = iota
	aMessage
	aCall
)

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

// add adds an item, which is in its slice already, and hands on a chunk that is full.
func (r *relay) add(k kind) {
	b := r.at
	b.items = append(b.items, k)
	if len(b.items) == chunkItems || b.text+len(b.bytes) > chunkText {
		r.handOn()
	}
}

// do calls a function when all before it is handed over. After an error nothing is
// called any more.
func (r *relay) do(call func() error) {
	switch {
	case r.at != nil:
		r.at.calls = append(r.at.calls, call)
		r.add(aCall)
	case r.err == nil:
		r.err = call()
	}
}

// Exchange implements [wire.Sink].
func (r *relay) Exchange(x *httpwire.Exchange) {
	if r.at == nil {
		r.to.Exchange(x)
		return
	}
	r.at.exchanges = append(room(r.at.exchanges), *x)
	r.at.text += x.Size()
	r.add(anExchange)
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
	r.add(aMessage)
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
	own := *a
	r.do(func() error {
		r.to.Attempt(&own)
		return nil
	})
}

// Handshake implements [wire.Sink].
func (r *relay) Handshake(h *tls.Handshake) {
	own := *h
	if r.at != nil {
		r.at.text += len(h.Name) + len(h.Protocol) + len(h.Answer)
	}
	r.do(func() error {
		r.to.Handshake(&own)
		return nil
	})
}

// Lookup implements [wire.Sink].
func (r *relay) Lookup(l *dns.Lookup) {
	own := *l
	if r.at != nil {
		r.at.text += len(l.Name)
	}
	r.do(func() error {
		r.to.Lookup(&own)
		return nil
	})
}

// Advance implements [wire.Sink].
func (r *relay) Advance(now, horizon int64) {
	r.do(func() error {
		r.to.Advance(now, horizon)
		return nil
	})
}

// replay hands what is in a chunk to a Sink, and calls its functions, up to the
// first error of one.
func (b *chunk) replay(to wire.Sink) error {
	exchanges, messages, calls := b.exchanges, b.messages, b.calls
	for _, k := range b.items {
		switch k {
		case anExchange:
			to.Exchange(&exchanges[0])
			exchanges = exchanges[1:]
		case aMessage:
			to.Message(&messages[0])
			messages = messages[1:]
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
	*b = chunk{b.items[:0], b.exchanges[:0], b.messages[:0], b.calls[:0], b.bytes[:0], 0}
}

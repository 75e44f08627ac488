package tls

import (
	"bytes"
	"crypto"
	"hash"

	"actionurl/decode/stream"
)

// Config says what a Reader does with what it reads.
type Config struct {
	// Found gets each handshake when its outcome is known, or the connection is
	// over. It is valid until Found returns.
	Found func(*Handshake)

	// Secrets decrypt connections; nil for none.
	Secrets *Secrets

	// Inside takes what is inside of connections that are decrypted. Sequence
	// numbers are those of the records, so that they compare with
	// acknowledgements. It is valid iff Secrets is not nil.
	Inside stream.Receiver
}

// A Reader follows connections that begin with a ClientHello. It implements
// [stream.Receiver] for these.
type Reader struct {
	config  Config
	kept    int        // bytes in parts of messages
	held    int        // bytes in parts of records, and in records that wait for keys
	within  *Handshake // of the connection whose inside is handed on; else nil
	waiting []*waiting // oldest first
	tried   int        // Secrets.added when they were tried last
}

// Inside returns version and cipher suite of the connection whose inside is handed
// on to Config.Inside, empty outside of that.
func (r *Reader) Inside() string {
	if r.within == nil {
		return ""
	}
	return r.within.Version.String() + " " + SuiteName(r.within.Suite)
}

var _ stream.Receiver = (*Reader)(nil)

// NewReader returns a Reader.
func NewReader(c Config) *Reader { return &Reader{config: c} }

// Begins reports whether data begin like a ClientHello. Fewer than six bytes may.
func Begins(data []byte) (yes, perhaps bool) {
	like := [...]int{handshake, 3, -1, -1, -1, clientHello}
	for i, b := range data[:min(len(data), len(like))] {
		if like[i] >= 0 && int(b) != like[i] {
			return false, false
		}
	}
	return len(data) >= len(like), len(data) > 0 && len(data) < len(like)
}

// Continues reports whether data begin like an encrypted record, in the middle of
// a connection.
func Continues(data []byte) bool {
	if len(data) < recordHead || data[0] != applicationData || data[1] != 3 || data[2] > byte(TLS12&0xff) {
		return false
	}
	size := int(data[3])<<8 | int(data[4])
	return size > 0 && size <= maxRecord
}

// A Conn is what a Reader keeps of a connection, in its State: 500 bytes, and
// where there are secrets 800 more at most.
type Conn struct {
	h      Handshake
	sides  [2]half
	client stream.Side
	over   bool // the handshake
	said   bool // Found was called
	lost   bool // what comes is of no use
	open   *opening
}

// An opening is what it takes to decrypt a connection.
type opening struct {
	inside any // state of Config.Inside

	clientRandom, serverRandom [32]byte
	session, ticket            []byte // that the server gave, and that the client has
	offered                    Version
	extended, etm              bool       // RFC 7627 and 7366
	hello                      []byte     // the ClientHello, until its hash is known
	transcript                 transcript // of the handshake up to the client's key
	exchanged                  bool
	master                     []byte
	failed                     Reason // Decrypted until it is known

	waiting *waiting // for keys; nil if it does not
	spoke   bool     // the client has, inside
}

// A transcript hashes a handshake, up to TLS 1.1 twice.
type transcript []hash.Hash

func (t transcript) write(b []byte) {
	for _, h := range t {
		h.Write(b)
	}
}

func (t transcript) sum() (all []byte) {
	for _, h := range t {
		all = h.Sum(all)
	}
	return all
}

// A half is one direction of a connection.
type half struct {
	head    [recordHead]byte // of the record
	size    int              // bytes of head
	left    int              // bytes of the record to come
	message []byte           // handshake message in part: its head, and what is kept of the rest
	body    int              // bytes of the message to come
	alert   []byte           // level and description

	begun     bool // bytes came
	changed   bool // ChangeCipherSpec: what follows is encrypted
	encrypted int  // records

	keys   *keys
	record []byte // encrypted, in part
	seq    uint32 // of the record
	next   uint32 // behind the bytes that came
	missed bool   // records are missing before the next one
	hole   uint32 // sequence number from which they are; valid iff missed
}

// Data implements [stream.Receiver].
func (r *Reader) Data(c *stream.Conn, sd stream.Side, data []byte, seq uint32, at *stream.Mark) (skip int64) {
	conn, _ := c.State.(*Conn)
	if conn == nil {
		conn = &Conn{client: sd, h: Handshake{Origin: at.Origin, Client: c.Addr(sd), Server: c.Addr(sd.Other()), Alert: NoAlert}}
		if r.config.Secrets.Any() {
			conn.open = new(opening)
		}
		c.State = conn
	}
	h := &conn.sides[sd]
	if !conn.over && sd != conn.client && !h.begun && !isRecord(data) {
		conn.h.Answer = string(data[:min(len(data), maxAnswer)])
		r.end(c, conn, NotTLS, false, at)
	}
	h.begun = true
	h.next = seq + uint32(len(data))
	if h.missed && h.left == 0 && h.size == 0 && !isRecord(data) {
		return 0 // behind a hole: wait for a segment that begins with a record
	}
	for len(data) > 0 && !conn.done() {
		if h.left > 0 {
			n := min(h.left, len(data))
			h.left -= n
			r.fragment(c, conn, sd, data[:n], at)
			data, seq = data[n:], seq+uint32(n)
			continue
		}
		if h.size == 0 {
			h.seq = seq
		}
		n := copy(h.head[h.size:], data)
		data, seq = data[n:], seq+uint32(n)
		if h.size += n; h.size == len(h.head) {
			h.size = 0
			r.begin(c, conn, sd, at)
		}
	}
	if conn.done() {
		return stream.Forever
	}
	return 0
}

// done reports whether nothing that comes is of use.
func (c *Conn) done() bool { return c.over && (c.lost || c.h.Outcome != Opened || !c.reads()) }

// reads reports whether the connection is decrypted.
func (c *Conn) reads() bool { return c.open != nil && c.open.failed == Decrypted }

// isRecord reports whether data begin like a record; too few bytes may.
func isRecord(data []byte) bool {
	return data[0] >= changeCipherSpec && data[0] <= applicationData && (len(data) < 2 || data[1] == 3)
}

// Content types of records and types of handshake messages (RFC 8446, sections
// 5.1 and 4; RFC 5246, section 7.4).
const (
	recordHead = 5 // bytes

	changeCipherSpec = 20
	alert            = 21
	handshake        = 22
	applicationData  = 23

	clientHello       = 1
	serverHello       = 2
	newSessionTicket  = 4
	clientKeyExchange = 16
	keyUpdate         = 24
)

// begin begins a record, of which the head is there.
func (r *Reader) begin(c *stream.Conn, conn *Conn, sd stream.Side, at *stream.Mark) {
	h := &conn.sides[sd]
	h.left = int(h.head[3])<<8 | int(h.head[4])
	if h.head[0] < changeCipherSpec || h.head[0] > applicationData || h.head[1] != 3 || h.left > maxRecord {
		if conn.lost = true; !conn.over {
			r.end(c, conn, Unknown, false, at)
		}
		return
	}
	switch {
	case h.head[0] == changeCipherSpec:
		h.changed = true
	case h.head[0] == alert && conn.changed(h) && !conn.over:
		r.end(c, conn, Rejected, sd == conn.client, at)
	case h.head[0] == applicationData || conn.changed(h):
		h.encrypted++
		if conn.h.Version == 0 && sd == conn.client && conn.h.offersEarly {
			conn.h.Early = true
		}
		if !conn.over {
			r.encrypted(c, conn, sd, h.left, at)
		}
	}
}

// changed reports whether a ChangeCipherSpec of a side says that what follows is
// encrypted. In TLS 1.3 it says nothing (RFC 8446, section D.4).
func (c *Conn) changed(h *half) bool { return h.changed && c.h.Version != 0 && c.h.Version < TLS13 }

// encrypted takes note of an encrypted record of a side. Where both have sent
// one that is no alert, the handshake is over.
func (r *Reader) encrypted(c *stream.Conn, conn *Conn, sd stream.Side, size int, at *stream.Mark) {
	// The client's first record in TLS 1.3 is a Finished message of at least 36
	// bytes, or an alert of 2; both carry a type and a tag of 8 or 16 bytes (RFC
	// 8446, sections 5.2 and 4.4.4).
	const mostOfAlert = 2 + 1 + 16
	switch {
	case conn.h.Version == TLS13 && sd == conn.client && conn.sides[sd].encrypted == 1 && size <= mostOfAlert:
		r.end(c, conn, Rejected, true, at)
	case conn.sides[sd.Other()].encrypted > 0 && (conn.h.Version != TLS13 || sd == conn.client):
		r.end(c, conn, Opened, false, at)
	}
}

// fragment takes bytes of a record.
func (r *Reader) fragment(c *stream.Conn, conn *Conn, sd stream.Side, data []byte, at *stream.Mark) {
	h := &conn.sides[sd]
	kind := h.head[0]
	switch {
	case kind == changeCipherSpec:
	case kind == applicationData || conn.changed(h):
		if conn.reads() {
			r.hold(c, conn, sd, data, at)
		}
	case kind == handshake:
		r.messages(conn, sd, data)
	case kind == alert:
		h.alert = append(h.alert, data[:min(len(data), 2-len(h.alert))]...)
		if h.left == 0 && len(h.alert) == 2 {
			r.alert(c, conn, sd, Alert(h.alert[1]), h.alert[0], at)
			h.alert = h.alert[:0]
		}
	}
}

// alert takes an alert of a side.
func (r *Reader) alert(c *stream.Conn, conn *Conn, sd stream.Side, a Alert, level byte, at *stream.Mark) {
	const fatal = 2
	byClient := sd == conn.client
	switch {
	case conn.over:
	case a == CloseNotify:
		r.end(c, conn, Closed, byClient, at)
	case level == fatal:
		conn.h.Alert = a
		r.end(c, conn, Rejected, byClient, at)
	}
}

// messages takes bytes of handshake messages, of which only those that say
// something here are kept.
func (r *Reader) messages(c *Conn, sd stream.Side, data []byte) {
	const head = 4
	h := &c.sides[sd]
	for len(data) > 0 && !c.over {
		if len(h.message) < head {
			n := min(head-len(h.message), len(data))
			r.store(h, data[:n])
			data = data[n:]
			if len(h.message) < head {
				return
			}
			h.body = int(h.message[1])<<16 | int(h.message[2])<<8 | int(h.message[3])
			c.open.digest(h.message[0], h.message)
		}
		kind := h.message[0]
		n := min(h.body, len(data))
		c.open.digest(kind, data[:n])
		if c.wants(kind) && len(h.message)+n <= maxHello && r.kept+n <= maxKept {
			r.store(h, data[:n])
		}
		data = data[n:]
		if h.body -= n; h.body > 0 {
			return
		}
		c.message(r.config.Secrets, sd, kind, h.message, reader(h.message[head:]))
		r.drop(h)
	}
}

// wants reports whether messages of a type are kept.
func (c *Conn) wants(kind byte) bool {
	return kind == clientHello || kind == serverHello || c.open != nil && (kind == clientKeyExchange || kind == newSessionTicket)
}

// digest adds bytes of a message to the transcript. The hellos are added when
// the second tells of which hash it is.
func (o *opening) digest(kind byte, data []byte) {
	if o != nil && kind != clientHello && kind != serverHello {
		o.transcript.write(data)
	}
}

// message takes a whole handshake message, or as much of it as is kept.
func (c *Conn) message(secrets *Secrets, sd stream.Side, kind byte, whole []byte, body reader) {
	switch {
	case kind == clientHello && sd == c.client:
		c.h.clientHello(body, c.open)
		if c.open != nil {
			c.open.hello = bytes.Clone(whole)
		}
	case kind == serverHello && sd != c.client:
		c.h.serverHello(body, c.open)
		if c.open != nil && c.h.Version != 0 {
			c.open.begin(&c.h, whole)
		}
	case kind == clientKeyExchange && sd == c.client && c.open != nil && c.h.Version != 0:
		c.open.exchange(secrets, &c.h, body)
	case kind == newSessionTicket && sd != c.client && c.open != nil && c.h.Version < TLS13:
		body.skip(4) // how long it is good for
		secrets.remember(body.vector(2), c.open.master)
	}
}

// begin begins the transcript with the hellos.
func (o *opening) begin(h *Handshake, serverHello []byte) {
	hashes := []crypto.Hash{suiteOf(h.Suite).prf}
	if h.Version < TLS12 {
		hashes = []crypto.Hash{crypto.MD5, crypto.SHA1}
	}
	for _, of := range hashes {
		if of.Available() {
			o.transcript = append(o.transcript, of.New())
		}
	}
	o.transcript.write(o.hello)
	o.transcript.write(serverHello)
	o.hello = nil
}

// exchange takes the client's key: the premaster secret, encrypted with the
// server's (RFC 5246, section 7.4.7.1; RFC 7627, section 4).
func (o *opening) exchange(secrets *Secrets, h *Handshake, body reader) {
	o.exchanged = true
	s := suiteOf(h.Suite)
	if !s.rsa || o.master != nil {
		return
	}
	encrypted := body
	if h.Version > SSL30 {
		encrypted = body.vector(2)
	}
	premaster := secrets.premaster(encrypted, o.offered)
	if premaster == nil {
		return
	}
	if o.extended {
		o.master = prf(h.Version, s.prf, 48, premaster, "extended master secret", o.transcript.sum())
	} else {
		o.master = prf(h.Version, s.prf, 48, premaster, "master secret", o.clientRandom[:], o.serverRandom[:])
	}
	secrets.remember(o.session, o.master)
}

// unlock makes the keys of a connection, where its secrets are known, or says
// why there are none.
func (c *Conn) unlock(secrets *Secrets) {
	o := c.open
	s := suiteOf(c.h.Suite)
	client, server := &c.sides[c.client], &c.sides[c.client.Other()]
	o.failed = Decrypted
	switch {
	case c.h.Version <= SSL30:
		o.failed = OldVersion
	case s.cipher == unread:
		o.failed = UnknownSuite
	case c.h.Version == TLS13:
		client.keys = trafficKeys(s, secrets.log(logKey{"CLIENT_TRAFFIC_SECRET_0", o.clientRandom}))
		server.keys = trafficKeys(s, secrets.log(logKey{"SERVER_TRAFFIC_SECRET_0", o.clientRandom}))
		if client.keys == nil && server.keys == nil {
			o.failed = NoKey
		}
	default:
		if logged := secrets.log(logKey{"CLIENT_RANDOM", o.clientRandom}); logged != nil {
			o.master = logged
		}
		if o.master == nil && !o.exchanged {
			if o.master = secrets.session(o.session); o.master == nil {
				o.master = secrets.session(o.ticket)
			}
		}
		switch {
		case o.master != nil:
			client.keys, server.keys = sessionKeys(c.h.Version, s, o.master, o.clientRandom[:], o.serverRandom[:], o.etm)
			secrets.remember(o.session, o.master)
		case o.exchanged:
			o.failed = NoKey
		default:
			o.failed = NoSession
		}
	}
}

// locked reports whether keys of a connection are missing that a key log may
// hold.
func (c *Conn) locked() bool {
	failed := c.open.failed
	return failed == NoKey || failed == NoSession || failed == Decrypted && (c.sides[0].keys == nil || c.sides[1].keys == nil)
}

// hold takes bytes of an encrypted record, and decrypts it when it is whole.
func (r *Reader) hold(c *stream.Conn, conn *Conn, sd stream.Side, data []byte, at *stream.Mark) {
	h := &conn.sides[sd]
	if h.left > 0 || len(h.record) > 0 {
		if r.held+len(data) > maxRecords {
			lost := len(h.record) + len(data) + h.left
			r.release(h)
			r.lose(c, conn, sd, h.seq, lost, at)
			h.head[0] = changeCipherSpec // its rest is passed over
			return
		}
		h.record = append(h.record, data...)
		r.held += len(data)
		if h.left > 0 {
			return
		}
		data = h.record
		r.release(h)
	}
	r.decrypt(c, conn, sd, record{h.head[0], h.seq, data}, at)
}

// release lets go of a record that has come in part.
func (r *Reader) release(h *half) {
	r.held -= len(h.record)
	h.record = nil
}

// A record is an encrypted one: its content type, the sequence number of its
// head, and what follows the head.
type record struct {
	kind byte
	seq  uint32
	data []byte
}

// decrypt decrypts a record, and hands on what is in it.
func (r *Reader) decrypt(c *stream.Conn, conn *Conn, sd stream.Side, x record, at *stream.Mark) {
	h, o := &conn.sides[sd], conn.open
	switch {
	case conn.h.Version == 0:
		return // early data (RFC 8446, section 2.3)
	case o.waiting == nil && conn.sides[0].keys == nil && conn.sides[1].keys == nil:
		r.unlock(c, conn, at.Time)
	}
	switch {
	case o.waiting != nil:
		r.wait(c, conn, &part{side: sd, record: x, mark: *at})
		return
	case h.keys == nil:
		return
	}
	var plain []byte
	var inner byte
	var ok bool
	if h.missed {
		plain, inner, ok = h.keys.resume(x.kind, x.data, stream.After(h.hole, x.seq))
	} else {
		plain, inner, ok = h.keys.open(x.kind, x.data)
	}
	if !ok {
		if conn.h.Version == TLS13 && h.keys.number == 0 {
			return // still of the handshake, which has keys of its own
		}
		r.lose(c, conn, sd, x.seq, len(x.data), at)
		return
	}
	h.missed = false
	switch {
	case inner == applicationData && len(plain) > 0:
		if !o.spoke {
			if sd != conn.client && conn.h.offersHTTP2 {
				return // in HTTP/1 the client speaks first
			}
			o.spoke = true
			if sd == conn.client && bytes.HasPrefix(plain, []byte(prefaceHTTP2)) {
				o.failed = HTTP2
			}
			r.found(conn)
			if !conn.reads() {
				return
			}
		}
		r.inside(c, conn, func() { r.config.Inside.Data(c, sd, plain, x.seq, at) })
	case inner == handshake && conn.h.Version == TLS13 && len(plain) > 0 && plain[0] == keyUpdate:
		h.keys = h.keys.next()
	}
}

// prefaceHTTP2 begins what a client says in HTTP/2 (RFC 9113, section 3.4).
const prefaceHTTP2 = "PRI * HTTP/2.0\r\n"

// lose says that bytes of what is inside are missing, from the record or the
// hole at a sequence number on.
func (r *Reader) lose(c *stream.Conn, conn *Conn, sd stream.Side, from uint32, n int, at *stream.Mark) {
	if conn.open.waiting != nil {
		r.wait(c, conn, &part{side: sd, hole: n, record: record{seq: from}, mark: *at})
		return
	}
	h := &conn.sides[sd]
	if !h.missed {
		h.missed, h.hole = true, from
	}
	r.inside(c, conn, func() { r.config.Inside.Gap(c, sd, from, n, false, at) })
}

// inside calls Config.Inside with its own state of the connection.
func (r *Reader) inside(c *stream.Conn, conn *Conn, call func()) {
	c.State, r.within = conn.open.inside, &conn.h
	call()
	conn.open.inside, c.State, r.within = c.State, conn, nil
}

// Gap implements [stream.Receiver]. Bytes of an encrypted record cost that
// record, and what follows up to a segment that begins with one.
func (r *Reader) Gap(c *stream.Conn, sd stream.Side, _ uint32, n int, cut bool, at *stream.Mark) (skip int64) {
	conn := c.State.(*Conn)
	h := &conn.sides[sd]
	if h.encrypted == 0 {
		conn.lost = true
		if !conn.over {
			r.end(c, conn, Unknown, false, at)
		}
		return stream.Forever
	}
	from := h.next
	if h.left > 0 || h.size > 0 {
		from = h.seq
	}
	h.next += uint32(n)
	r.release(h)
	if conn.reads() && (h.keys != nil || conn.open.waiting != nil) {
		r.lose(c, conn, sd, from, stream.After(from, h.next), at)
	}
	if h.left >= n { // the end of the record is known
		h.left -= n
		h.head[0] = changeCipherSpec // its rest is passed over
	} else {
		h.left, h.size = 0, 0
	}
	if !h.missed {
		h.missed, h.hole = true, from
	}
	if conn.done() {
		return stream.Forever
	}
	return 0
}

// End implements [stream.Receiver].
func (r *Reader) End(c *stream.Conn, sd stream.Side, how stream.End, at *stream.Mark) {
	conn := c.State.(*Conn)
	if !conn.over {
		// Where the capture holds one direction only, the other may have said all
		// that was needed.
		whole := c.Seen(0) && c.Seen(1) && conn.sides[conn.client].encrypted == 0
		switch {
		case how == stream.Reset && whole:
			r.end(c, conn, Reset, sd == conn.client, at)
		case how == stream.Closed && whole:
			r.end(c, conn, Closed, sd == conn.client, at)
		default:
			r.end(c, conn, Unknown, false, at)
		}
	}
	switch {
	case conn.h.Outcome != Opened || !conn.reads():
	case conn.open.waiting != nil:
		r.wait(c, conn, &part{side: sd, end: true, how: how, mark: *at})
	default:
		r.found(conn)
		r.inside(c, conn, func() { r.config.Inside.End(c, sd, how, at) })
	}
	for i := range conn.sides {
		if h := &conn.sides[i]; how != stream.Closed || stream.Side(i) == sd {
			r.release(h)
		}
	}
}

// end ends the handshake with its outcome.
func (r *Reader) end(c *stream.Conn, conn *Conn, how Outcome, byClient bool, at *stream.Mark) {
	conn.over = true
	if part := conn.sides[conn.client].message; len(part) > 4 && part[0] == clientHello { // cut off, but it may name the server
		conn.h.clientHello(reader(part[4:]), nil)
	}
	r.drop(&conn.sides[0])
	r.drop(&conn.sides[1])
	conn.h.Outcome, conn.h.ByClient = how, byClient
	if how == Opened && conn.reads() {
		if conn.open.waiting == nil && conn.sides[0].keys == nil && conn.sides[1].keys == nil {
			r.unlock(c, conn, at.Time)
		}
		if conn.reads() && (conn.open.waiting != nil || conn.h.offersHTTP2) {
			return // the keys, or the first bytes, are to come
		}
	}
	r.found(conn)
}

// found calls Found, once.
func (r *Reader) found(c *Conn) {
	if c.said {
		return
	}
	c.said = true
	if c.h.Outcome == Opened {
		c.h.Unread = NoKey
		if c.open != nil {
			c.h.Unread = c.open.failed
		}
	}
	r.config.Found(&c.h)
}

// store keeps bytes of a message.
func (r *Reader) store(h *half, data []byte) {
	h.message = append(h.message, data...)
	r.kept += len(data)
}

// drop lets go of the bytes of a message.
func (r *Reader) drop(h *half) {
	r.kept -= len(h.message)
	h.message = nil
}

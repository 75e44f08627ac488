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
	kept    int        // bytes in parts of messages, and in hellos that are kept
	held    int        // bytes in parts of records, and in records that wait for keys
	within  *Conn      // whose inside is handed on; else nil
	waiting []*waiting // oldest first
	tried   int        // Secrets.added when they were tried last
	open    int        // connections whose handshake is not over
	past    Conn       // state of all that are not followed

	Crowded int // connections that were not followed, because too many were
}

// Inside returns version and cipher suite of the connection whose inside is handed
// on to Config.Inside, empty outside of that.
func (r *Reader) Inside() string {
	if r.within == nil {
		return ""
	}
	return r.within.version.String() + " " + SuiteName(r.within.suite)
}

var _ stream.Receiver = (*Reader)(nil)

// NewReader returns a Reader.
func NewReader(c Config) *Reader { return &Reader{config: c, past: Conn{over: true, lost: true}} }

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

// A Conn is what a Reader keeps of a connection, in its State: 500 bytes during
// the handshake, and where there are secrets 1 KiB more; 300 bytes after it, and
// with keys 400 more.
type Conn struct {
	h       *Handshake // until Found has it
	sides   [2]half
	open    *opening // nil without secrets
	version Version  // that the server chose; 0 without its hello
	suite   uint16   // valid iff version is not 0
	client  stream.Side
	over    bool // the handshake
	opened  bool // by it
	lost    bool // what comes is of no use
}

// An opening is what it takes to read what is inside of a connection.
type opening struct {
	inside   any       // state of Config.Inside
	exchange *exchange // until the keys are made
	renewal  *exchange // of a renegotiation, until both sides have its keys
	waiting  *waiting  // for keys; nil if it does not
	failed   Reason    // Decrypted until it is known
	spoke    bool      // the client has, inside
}

// An exchange is what the keys are made of.
type exchange struct {
	clientRandom, serverRandom [32]byte
	session                    []byte    // id that the server gave
	ticket                     sessionID // that the client has
	offered                    Version
	extended, etm              bool       // RFC 7627 and 7366
	hello                      []byte     // the ClientHello, until its hash is known; counted in Reader.kept
	transcript                 transcript // of the handshake up to the client's key
	exchanged                  bool       // the client has sent its key
	holed                      bool       // bytes of the handshake are missing
	renewed                    bool       // one side uses its keys; of a renegotiation
	master                     []byte
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
	message []byte // handshake message in part: its head, and what is kept of the rest
	record  []byte // encrypted, in part
	keys    *keys

	left      int32            // bytes of the record to come
	body      int32            // bytes of the message to come
	encrypted int32            // records
	seq       uint32           // of the record
	next      uint32           // behind the bytes that came
	hole      uint32           // sequence number from which records are missing; valid iff missed
	head      [recordHead]byte // of the record
	size      uint8            // bytes of head
	alert     [2]byte          // level and description
	alerted   uint8            // bytes of alert
	begun     bool             // bytes came
	changed   bool             // ChangeCipherSpec: what follows is encrypted
	blind     bool             // bytes of its handshake are missing: what is not encrypted is passed over
	missed    bool             // records are missing before the next one
	spoke     bool             // inside, or might have in what cannot be read
}

// Data implements [stream.Receiver].
func (r *Reader) Data(c *stream.Conn, sd stream.Side, data []byte, seq uint32, at *stream.Mark) (skip int64) {
	conn, _ := c.State.(*Conn)
	if conn == nil && r.open == maxHandshakes {
		r.Crowded++
		c.State = &r.past
		return stream.Forever
	}
	if conn == nil {
		r.open++
		conn = &Conn{client: sd, h: &Handshake{Origin: at.Origin, Client: c.Addr(sd), Server: c.Addr(sd.Other()), Alert: NoAlert}}
		if r.config.Secrets.Any() {
			conn.open = &opening{exchange: new(exchange)}
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
			n := min(int(h.left), len(data))
			h.left -= int32(n)
			r.fragment(c, conn, sd, data[:n], at)
			data, seq = data[n:], seq+uint32(n)
			continue
		}
		if h.size == 0 {
			h.seq = seq
		}
		n := copy(h.head[h.size:], data)
		data, seq = data[n:], seq+uint32(n)
		if h.size += uint8(n); int(h.size) == len(h.head) {
			h.size = 0
			r.begin(c, conn, sd, at)
		}
	}
	return r.skip(c, conn)
}

// skip returns how many of the next bytes of a connection do not matter. Where
// none does, and nothing was read of what is inside, it is not followed any more.
func (r *Reader) skip(c *stream.Conn, conn *Conn) int64 {
	switch {
	case !conn.done():
		return 0
	case !conn.opened || !conn.reads():
		c.State = &r.past
	}
	return stream.Forever
}

// done reports whether nothing that comes is of use.
func (c *Conn) done() bool { return c.over && (c.lost || !c.opened || !c.reads()) }

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

	passed           = 0 // none of theirs: the rest of the record is passed over
	changeCipherSpec = 20
	alert            = 21
	handshake        = 22
	applicationData  = 23

	clientHello       = 1
	serverHello       = 2
	newSessionTicket  = 4
	clientKeyExchange = 16
)

// begin begins a record, of which the head is there.
func (r *Reader) begin(c *stream.Conn, conn *Conn, sd stream.Side, at *stream.Mark) {
	h := &conn.sides[sd]
	h.left = int32(h.head[3])<<8 | int32(h.head[4])
	if h.head[0] < changeCipherSpec || h.head[0] > applicationData || h.head[1] != 3 || h.left > maxRecord {
		if conn.lost = true; !conn.over {
			r.end(c, conn, Unknown, false, at)
		}
		return
	}
	switch {
	case h.head[0] == changeCipherSpec && !conn.changed(h):
		h.changed = true
		h.head[0] = passed // it is not encrypted
	case h.head[0] == alert && conn.changed(h) && !conn.over:
		r.end(c, conn, Rejected, sd == conn.client, at)
	case h.head[0] == applicationData || conn.changed(h):
		h.encrypted++
		if conn.version == 0 && sd == conn.client && conn.h != nil && conn.h.offersEarly {
			conn.h.Early, h.spoke = true, true
		}
		if !conn.over {
			r.encrypted(c, conn, sd, int(h.left), at)
		}
	}
}

// changed reports whether a ChangeCipherSpec of a side says that what follows is
// encrypted. In TLS 1.3 it says nothing (RFC 8446, section D.4).
func (c *Conn) changed(h *half) bool { return h.changed && c.version != 0 && c.version < TLS13 }

// encrypted takes note of an encrypted record of a side. Where both have sent
// one that is no alert, the handshake is over.
func (r *Reader) encrypted(c *stream.Conn, conn *Conn, sd stream.Side, size int, at *stream.Mark) {
	// The client's first record in TLS 1.3 is a Finished message of at least 36
	// bytes, or an alert of 2; both carry a type and a tag of 8 or 16 bytes (RFC
	// 8446, sections 5.2 and 4.4.4).
	const mostOfAlert = 2 + 1 + 16
	switch {
	case conn.version == TLS13 && sd == conn.client && conn.sides[sd].encrypted == 1 && !conn.sides[sd].blind && size <= mostOfAlert:
		r.end(c, conn, Rejected, true, at)
	case conn.sides[sd.Other()].encrypted > 0 && (conn.version != TLS13 || sd == conn.client):
		r.end(c, conn, Opened, false, at)
	}
}

// fragment takes bytes of a record.
func (r *Reader) fragment(c *stream.Conn, conn *Conn, sd stream.Side, data []byte, at *stream.Mark) {
	h := &conn.sides[sd]
	kind := h.head[0]
	switch {
	case kind == passed:
	case kind == applicationData || conn.changed(h):
		if conn.reads() {
			r.hold(c, conn, sd, data, at)
		}
	case h.blind || conn.over:
	case kind == handshake:
		r.messages(conn, sd, data, conn.h, conn.exchange())
	case kind == alert:
		h.alerted += uint8(copy(h.alert[h.alerted:], data))
		if h.left == 0 && int(h.alerted) == len(h.alert) {
			h.alerted = 0
			r.alert(c, conn, sd, Alert(h.alert[1]), h.alert[0], at)
		}
	}
}

// alert takes an alert of a side.
func (r *Reader) alert(c *stream.Conn, conn *Conn, sd stream.Side, a Alert, level byte, at *stream.Mark) {
	const fatal = 2
	byClient := sd == conn.client
	switch {
	case a == CloseNotify:
		r.end(c, conn, Closed, byClient, at)
	case level == fatal:
		conn.h.Alert = a
		r.end(c, conn, Rejected, byClient, at)
	}
}

// exchange returns what the keys of the handshake are made of, nil for none.
func (c *Conn) exchange() *exchange {
	if c.open == nil {
		return nil
	}
	return c.open.exchange
}

// messages takes bytes of handshake messages, of which only those that say
// something here are kept. What the hellos say goes to to, and what keys are made
// of to x.
func (r *Reader) messages(c *Conn, sd stream.Side, data []byte, to *Handshake, x *exchange) {
	const head = 4
	h := &c.sides[sd]
	for len(data) > 0 {
		if len(h.message) < head {
			n := min(head-len(h.message), len(data))
			r.store(h, data[:n])
			data = data[n:]
			if len(h.message) < head {
				return
			}
			h.body = int32(h.message[1])<<16 | int32(h.message[2])<<8 | int32(h.message[3])
			x.digest(h.message[0], h.message)
		}
		kind := h.message[0]
		n := min(int(h.body), len(data))
		x.digest(kind, data[:n])
		size := int(h.message[1])<<16 | int(h.message[2])<<8 | int(h.message[3])
		if c.wants(kind) && len(h.message)-head == size-int(h.body) { // its beginning, without a hole
			r.store(h, data[:max(0, min(n, maxHello-len(h.message), maxKept-r.kept))])
		}
		data = data[n:]
		if h.body -= int32(n); h.body > 0 {
			return
		}
		r.message(c, sd, to, x, h.message, len(h.message)-head < size)
		r.drop(h)
	}
}

// wants reports whether messages of a type are kept.
func (c *Conn) wants(kind byte) bool {
	return kind == clientHello || kind == serverHello || c.open != nil && (kind == clientKeyExchange || kind == newSessionTicket)
}

// digest adds bytes of a message to the transcript. The hellos are added when
// the second tells of which hash it is.
func (x *exchange) digest(kind byte, data []byte) {
	if x != nil && kind != clientHello && kind != serverHello {
		x.transcript.write(data)
	}
}

// message takes a handshake message, or its beginning where it is cut.
func (r *Reader) message(c *Conn, sd stream.Side, to *Handshake, x *exchange, message []byte, cut bool) {
	secrets, kind, body := r.config.Secrets, message[0], reader(message[4:])
	switch {
	case kind == clientHello && sd == c.client:
		to.clientHello(body, x)
		if x != nil {
			r.dropHello(x)                      // of before a HelloRetryRequest
			x.holed = cut || r.kept > maxKept/2 // half is for hellos in part
			if !x.holed {
				x.hello = message
				r.kept += cap(message) // the caller drops it
			}
		}
	case kind == serverHello && sd != c.client && !cut:
		to.serverHello(body, x)
		c.version, c.suite = to.Version, to.Suite
		if x != nil && c.version != 0 && x.transcript == nil { // a second one is none of this handshake
			x.begin(c, message)
			r.dropHello(x)
		}
	case x == nil || c.version == 0:
	case kind == clientKeyExchange && sd == c.client:
		x.take(secrets, c, body)
	case kind == newSessionTicket && sd != c.client && c.version < TLS13:
		x.resume(secrets) // the session may be an earlier one's
		body.skip(4)      // how long it is good for
		secrets.remember(body.vector(2), x.master)
	}
}

// begin begins the transcript with the hellos.
func (x *exchange) begin(c *Conn, serverHello []byte) {
	if c.version == TLS13 {
		return // its keys are those of a log
	}
	hashes := []crypto.Hash{suiteOf(c.suite).prf}
	if c.version < TLS12 {
		hashes = []crypto.Hash{crypto.MD5, crypto.SHA1}
	}
	for _, of := range hashes {
		if of.Available() {
			x.transcript = append(x.transcript, of.New())
		}
	}
	x.transcript.write(x.hello)
	x.transcript.write(serverHello)
}

// take takes the client's key: the premaster secret, encrypted with the server's
// (RFC 5246, section 7.4.7.1; RFC 7627, section 4).
func (x *exchange) take(secrets *Secrets, c *Conn, body reader) {
	x.exchanged = true
	s := suiteOf(c.suite)
	if !s.rsa || x.master != nil {
		return
	}
	encrypted := body
	if c.version > SSL30 {
		encrypted = body.vector(2)
	}
	premaster := secrets.premaster(encrypted, x.offered)
	if premaster == nil || x.extended && x.holed {
		return
	}
	if x.extended {
		x.master = prf(c.version, s.prf, 48, premaster, "extended master secret", x.transcript.sum())
	} else {
		x.master = prf(c.version, s.prf, 48, premaster, "master secret", x.clientRandom[:], x.serverRandom[:])
	}
	secrets.remember(x.session, x.master)
}

// resume takes the master secret of the session that a connection resumes, where it is
// known: then the client sends no key.
func (x *exchange) resume(secrets *Secrets) {
	if x.master != nil || x.exchanged {
		return
	}
	if x.master = secrets.sessions[idOf(x.session)]; x.master == nil {
		x.master = secrets.sessions[x.ticket]
	}
}

// unlock makes the keys of a connection, where its secrets are known, or says
// why there are none.
func (c *Conn) unlock(secrets *Secrets) {
	x := c.open.exchange
	s := suiteOf(c.suite)
	client, server := &c.sides[c.client], &c.sides[c.client.Other()]
	c.open.failed = Decrypted
	switch {
	case c.version == 0: // its hello was too much
		c.open.failed = JoinedLate
	case c.version <= SSL30:
		c.open.failed = OldVersion
	case s.cipher == unread, c.version > TLS13, (c.version == TLS13) != (c.suite>>8 == 0x13): // whose suites are its own (RFC 8446, appendix B.4)
		c.open.failed = UnknownSuite
	case c.version == TLS13:
		client.keys = trafficKeys(s, secrets.log(logKey{clientTraffic, x.clientRandom}))
		server.keys = trafficKeys(s, secrets.log(logKey{serverTraffic, x.clientRandom}))
		if client.keys == nil && server.keys == nil {
			c.open.failed = NoKey
		}
	default:
		client.keys, server.keys = x.keys(secrets, c.version, s)
		switch {
		case client.keys != nil:
		case x.exchanged:
			c.open.failed = NoKey
		default:
			c.open.failed = NoSession
		}
	}
}

// keys makes the keys of both sides, up to TLS 1.2; nil where the master secret is not
// known.
func (x *exchange) keys(secrets *Secrets, v Version, s *suite) (client, server *keys) {
	if logged := secrets.log(logKey{masterSecret, x.clientRandom}); logged != nil {
		x.master = logged
	}
	if x.resume(secrets); x.master == nil {
		return nil, nil
	}
	secrets.remember(x.session, x.master)
	return sessionKeys(v, s, x.master, x.clientRandom[:], x.serverRandom[:], x.etm)
}

// renegotiate takes handshake messages that come encrypted, up to TLS 1.2 (RFC 5246,
// section 7.4.1): those of the first handshake's end say nothing.
func (r *Reader) renegotiate(conn *Conn, sd stream.Side, messages []byte) {
	o, version, suite := conn.open, conn.version, conn.suite
	if sd == conn.client && len(messages) > 0 && messages[0] == clientHello && len(conn.sides[sd].message) == 0 {
		r.endRenewal(conn)
		o.renewal = new(exchange)
	}
	if o.renewal == nil {
		return
	}
	if r.messages(conn, sd, messages, new(Handshake), o.renewal); conn.version != version {
		conn.version, conn.suite = version, suite // it has to be the same version
		r.endRenewal(conn)
	}
}

// renew has a side use the keys of a renegotiation: it has sent its ChangeCipherSpec.
func (r *Reader) renew(conn *Conn, sd stream.Side) {
	x := conn.open.renewal
	if x == nil || x.transcript == nil { // no ServerHello has come
		return
	}
	client, server := x.keys(r.config.Secrets, conn.version, suiteOf(conn.suite))
	if x.renewed || client == nil {
		r.endRenewal(conn)
	}
	switch x.renewed = true; {
	case client == nil: // what follows is lost, and said to be
	case sd == conn.client:
		conn.sides[sd].keys = client
	default:
		conn.sides[sd].keys = server
	}
}

// endRenewal ends a renegotiation, where there is one.
func (r *Reader) endRenewal(conn *Conn) {
	if x := conn.open.renewal; x != nil {
		r.dropHello(x)
		r.drop(&conn.sides[0])
		r.drop(&conn.sides[1])
		conn.open.renewal = nil
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
			lost := len(h.record) + len(data) + int(h.left)
			r.release(h)
			r.lose(c, conn, sd, h.seq, lost, at)
			h.head[0] = passed
			return
		}
		r.held -= cap(h.record)
		h.record = append(h.record, data...)
		r.held += cap(h.record)
		if h.left > 0 {
			return
		}
		data = h.record
		r.release(h)
	}
	r.decrypt(c, conn, sd, record{h.head[0], conn.over, h.seq, data}, at)
}

// release lets go of a record that has come in part.
func (r *Reader) release(h *half) {
	r.held -= cap(h.record)
	h.record = nil
}

// A record is an encrypted one: its content type, whether it came when the handshake was
// over, the sequence number of its head, and what follows the head.
type record struct {
	kind byte
	over bool
	seq  uint32
	data []byte
}

// decrypt decrypts a record, and hands on what is in it.
func (r *Reader) decrypt(c *stream.Conn, conn *Conn, sd stream.Side, x record, at *stream.Mark) {
	h, o := &conn.sides[sd], conn.open
	switch {
	case conn.version == 0:
		return // early data (RFC 8446, section 2.3)
	case o.waiting == nil && conn.sides[0].keys == nil && conn.sides[1].keys == nil:
		r.unlock(c, conn, at.Time)
	}
	switch {
	case o.waiting != nil:
		r.wait(c, conn, &part{side: sd, record: x, mark: *at})
		return
	}
	var plain []byte
	var inner byte
	var ok bool
	switch {
	case h.keys == nil: // the other side's are there
	case h.missed:
		plain, inner, ok = h.keys.resume(x.kind, x.data, stream.After(h.hole, x.seq))
	default:
		plain, inner, ok = h.keys.open(x.kind, x.data)
	}
	if !ok {
		if none := h.keys == nil || h.keys.number == 0; none && conn.version == TLS13 && (!x.over || sd == conn.client) {
			return // still of the handshake, which has keys of its own
		}
		r.lose(c, conn, sd, x.seq, len(x.data), at)
		return
	}
	h.missed = false
	switch {
	case inner == applicationData && len(plain) > 0:
		first := !h.spoke
		h.spoke = true
		if !o.spoke {
			if sd != conn.client && conn.h != nil && conn.h.offersHTTP2 {
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
		r.inside(c, conn, func() {
			c.Begin(sd, first)
			r.config.Inside.Data(c, sd, plain, x.seq, at)
			c.Begin(sd, false)
		})
	case inner == handshake && conn.version < TLS13:
		r.renegotiate(conn, sd, plain)
	case inner == changeCipherSpec:
		r.renew(conn, sd)
	case inner == handshake && endsWithKeyUpdate(plain):
		h.keys = h.keys.next()
	}
}

// endsWithKeyUpdate reports whether the last message of a record is a KeyUpdate, of one
// byte. Others may come before it, or go on from the record before (RFC 8446, section
// 5.1).
func endsWithKeyUpdate(record []byte) bool {
	const head = "\x18\x00\x00\x01" // type and length
	n := len(record) - len(head) - 1
	return n >= 0 && string(record[n:n+len(head)]) == head
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
	h.spoke = true
	if !h.missed {
		h.missed, h.hole = true, from
	}
	if x := conn.open.renewal; x != nil {
		x.holed = true // its messages may be among them
	}
	r.inside(c, conn, func() { r.config.Inside.Gap(c, sd, from, n, false, at) })
}

// inside calls Config.Inside with its own state of the connection.
func (r *Reader) inside(c *stream.Conn, conn *Conn, call func()) {
	c.State, r.within = conn.open.inside, conn
	call()
	conn.open.inside, c.State, r.within = c.State, conn, nil
}

// Gap implements [stream.Receiver]. Bytes of an encrypted record cost that
// record, and what follows up to a segment that begins with one.
func (r *Reader) Gap(c *stream.Conn, sd stream.Side, _ uint32, n int, cut bool, at *stream.Mark) (skip int64) {
	conn := c.State.(*Conn)
	h := &conn.sides[sd]
	switch {
	case h.encrypted > 0:
	case conn.version == 0 || conn.over: // without the server's hello nothing is known
		conn.lost = true
		if !conn.over {
			conn.h.Unread = JoinedLate
			r.end(c, conn, Unknown, false, at)
		}
		return r.skip(c, conn)
	default:
		r.blind(conn, sd)
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
	if int(h.left) >= n { // the end of the record is known
		h.left -= int32(n)
		h.head[0] = passed
	} else {
		h.left, h.size = 0, 0
	}
	if !h.missed {
		h.missed, h.hole = true, from
	}
	return r.skip(c, conn)
}

// blind passes over the rest of a side's handshake, of which bytes are missing: the
// client's key may be among them, and the transcript lacks them.
func (r *Reader) blind(conn *Conn, sd stream.Side) {
	h := &conn.sides[sd]
	h.blind = true
	r.drop(h)
	if conn.open != nil && conn.open.exchange != nil {
		conn.open.exchange.holed = true
		conn.open.exchange.exchanged = conn.open.exchange.exchanged || sd == conn.client
	}
}

// End implements [stream.Receiver].
func (r *Reader) End(c *stream.Conn, sd stream.Side, how stream.End, at *stream.Mark) {
	conn := c.State.(*Conn)
	if !conn.over {
		// Where the capture holds one direction only, the other may have said all
		// that was needed.
		whole := c.Seen(0) && c.Seen(1) && conn.sides[conn.client].encrypted == 0 && !conn.sides[0].blind && !conn.sides[1].blind
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
	case !conn.opened || !conn.reads():
	case conn.open.waiting != nil:
		r.wait(c, conn, &part{side: sd, end: true, how: how, mark: *at})
	default:
		r.found(conn)
		r.inside(c, conn, func() { r.config.Inside.End(c, sd, how, at) })
	}
	if conn.open != nil {
		r.endRenewal(conn)
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
	r.open--
	if part := conn.sides[conn.client].message; len(part) > 4 && part[0] == clientHello { // cut off, but it may name the server
		conn.h.clientHello(reader(part[4:]), nil)
	}
	r.drop(&conn.sides[0])
	r.drop(&conn.sides[1])
	if conn.open != nil {
		r.dropHello(conn.open.exchange)
	}
	conn.h.Outcome, conn.h.ByClient = how, byClient
	conn.opened = how == Opened
	if how == Opened && conn.reads() {
		if conn.open.waiting == nil && conn.sides[0].keys == nil && conn.sides[1].keys == nil {
			r.unlock(c, conn, at.Time)
		}
		if conn.reads() && (conn.open.waiting != nil || conn.h.offersHTTP2) {
			return // the keys, or the first bytes, are to come
		}
	}
	r.forget(conn) // without found's exchange no keys can be made
	r.found(conn)
}

// found calls Found when the handshake is over, once. What only the handshake
// needs is let go.
func (r *Reader) found(c *Conn) {
	if c.h == nil || !c.over {
		return
	}
	if c.opened {
		c.h.Unread = NoKey
		if c.open != nil {
			c.h.Unread = c.open.failed
		}
	}
	r.config.Found(c.h)
	c.h = nil
	if c.open != nil {
		c.open.exchange = nil
	}
	if !c.opened || !c.reads() {
		r.release(&c.sides[0])
		r.release(&c.sides[1])
		if c.open != nil {
			r.endRenewal(c)
		}
	}
}

// store keeps bytes of a message.
func (r *Reader) store(h *half, data []byte) {
	r.kept -= cap(h.message)
	h.message = append(h.message, data...)
	r.kept += cap(h.message)
}

// drop lets go of the bytes of a message.
func (r *Reader) drop(h *half) {
	r.kept -= cap(h.message)
	h.message = nil
}

// dropHello lets go of the ClientHello of an exchange.
func (r *Reader) dropHello(x *exchange) {
	r.kept -= cap(x.hello)
	x.hello = nil
}

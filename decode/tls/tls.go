// Package tls follows TLS connections as far as they can be read without a
// key: to the end of the handshake, or to the reason why it failed.
//
//  1. A [Reader] splits the bytes of each side into records (RFC 8446,
//     section 5.1; RFC 5246, section 6.2).
//  2. The hellos say who is asked for, and which version and cipher suite the
//     ends agree on.
//  3. Records that are encrypted on both sides say that the handshake is over;
//     an alert, an answer that is not TLS, or an early end, that it failed.
//
// A connection whose beginning was not captured is not followed, nor is one
// that lost bytes within its handshake.
package tls

import (
	"fmt"
	"net/netip"

	"actionurl/decode/packet"
	"actionurl/decode/stream"
)

const (
	// maxHello bounds the bytes kept of a hello that is split over records or
	// segments; browsers' are 2 KiB at most.
	maxHello = 4 << 10

	// maxKept bounds the bytes of all such hellos: 4 MiB.
	maxKept = 4 << 20

	// maxAnswer bounds the bytes kept of an answer that is not TLS.
	maxAnswer = 64
)

// An Outcome is how a handshake ended.
type Outcome uint8

const (
	Unknown  Outcome = iota // the capture does not show it
	Opened                  // the ends speak encrypted
	Rejected                // an end sent a fatal alert
	NotTLS                  // the server's answer is not TLS
	Reset                   // the connection was reset
	Closed                  // the connection was closed
)

// A Handshake is how a TLS connection began.
type Handshake struct {
	packet.Origin  // of the ClientHello
	Client, Server netip.AddrPort

	Name     string  // of the server that the client asks for (RFC 6066, section 3); empty for none
	Offered  Version // the highest that the client speaks
	Version  Version // that the server chose; 0 without its hello
	Suite    uint16  // cipher suite that the server chose; valid iff Version is not 0
	Protocol string  // by ALPN: the server's choice, else the client's first offer; empty for none (RFC 7301)

	Outcome  Outcome
	ByClient bool   // the end that rejected, reset or closed is the client
	Alert    Alert  // of Rejected; NoAlert where the alert is encrypted
	Answer   string // of NotTLS: its first bytes, at most 64
}

// A Version is a protocol version as it is sent.
type Version uint16

// The versions (RFC 6101, 2246, 4346, 5246, 8446).
const (
	SSL30 Version = 0x0300
	TLS10 Version = 0x0301
	TLS11 Version = 0x0302
	TLS12 Version = 0x0303
	TLS13 Version = 0x0304
)

// String returns the version's usual name.
func (v Version) String() string {
	switch {
	case v == SSL30:
		return "SSL 3.0"
	case v >= TLS10 && v <= TLS13:
		return fmt.Sprintf("TLS 1.%d", v-TLS10)
	}
	return fmt.Sprintf("version 0x%04x", uint16(v))
}

// An Alert is the description of an alert (RFC 8446, section 6).
type Alert uint8

// Alerts that have a meaning here, and NoAlert, which is not assigned.
const (
	CloseNotify       Alert = 0
	HandshakeFailure  Alert = 40
	BadCertificate    Alert = 42
	UnknownCA         Alert = 48
	AccessDenied      Alert = 49
	ProtocolVersion   Alert = 70
	InsufficientLevel Alert = 71
	NoAlert           Alert = 255
)

// Certificate reports whether the sender of the alert does not accept the
// other's certificate.
func (a Alert) Certificate() bool { return a >= BadCertificate && a <= AccessDenied }

// String returns the alert's name.
func (a Alert) String() string {
	switch a {
	case CloseNotify:
		return "close_notify"
	case 10:
		return "unexpected_message"
	case 20:
		return "bad_record_mac"
	case HandshakeFailure:
		return "handshake_failure"
	case 41:
		return "no_certificate"
	case BadCertificate:
		return "bad_certificate"
	case 43:
		return "unsupported_certificate"
	case 44:
		return "certificate_revoked"
	case 45:
		return "certificate_expired"
	case 46:
		return "certificate_unknown"
	case 47:
		return "illegal_parameter"
	case UnknownCA:
		return "unknown_ca"
	case AccessDenied:
		return "access_denied"
	case 50:
		return "decode_error"
	case 51:
		return "decrypt_error"
	case ProtocolVersion:
		return "protocol_version"
	case InsufficientLevel:
		return "insufficient_security"
	case 80:
		return "internal_error"
	case 86:
		return "inappropriate_fallback"
	case 109:
		return "missing_extension"
	case 112:
		return "unrecognized_name"
	case 116:
		return "certificate_required"
	case 120:
		return "no_application_protocol"
	}
	return fmt.Sprintf("alert %d", uint8(a))
}

// Begins reports whether data begin like a ClientHello.
func Begins(data []byte) bool {
	return len(data) >= 6 && data[0] == handshake && data[1] == 3 && data[5] == clientHello
}

// A Reader follows connections that begin with a ClientHello. Its methods are
// those of a [stream.Receiver].
type Reader struct {
	found func(*Handshake)
	kept  int // bytes in parts of hellos
}

// NewReader returns a Reader that calls found with each handshake when its
// outcome is known, or the connection is over. It is valid until found returns.
func NewReader(found func(*Handshake)) *Reader { return &Reader{found: found} }

// A Conn is what a Reader keeps of a connection, in its State: 350 bytes.
type Conn struct {
	h      Handshake
	sides  [2]half
	client stream.Side
	over   bool // found was called
}

// A half is one direction of a connection.
type half struct {
	head    [5]byte // of the record
	size    int     // bytes of head
	left    int     // bytes of the record to come
	message []byte  // handshake message in part: its head, and the rest of a hello
	body    int     // bytes of the message to come
	alert   []byte  // level and description

	begun     bool // bytes came
	changed   bool // ChangeCipherSpec: what follows is encrypted
	encrypted int  // records
}

// Data takes the next bytes that a side sends.
func (r *Reader) Data(c *stream.Conn, sd stream.Side, data []byte, at *stream.Mark) (skip int64) {
	conn, _ := c.State.(*Conn)
	if conn == nil {
		conn = &Conn{client: sd, h: Handshake{Origin: at.Origin, Client: c.Addr(sd), Server: c.Addr(sd.Other()), Alert: NoAlert}}
		c.State = conn
	}
	h := &conn.sides[sd]
	if !conn.over && sd != conn.client && !h.begun && !record(data) {
		conn.h.Answer = string(data[:min(len(data), maxAnswer)])
		r.end(conn, NotTLS, false)
	}
	h.begun = true
	for len(data) > 0 && !conn.over {
		if h.left > 0 {
			n := min(h.left, len(data))
			h.left -= n
			r.fragment(conn, sd, data[:n])
			data = data[n:]
			continue
		}
		n := copy(h.head[h.size:], data)
		data = data[n:]
		if h.size += n; h.size == len(h.head) {
			h.size = 0
			r.begin(conn, sd)
		}
	}
	if conn.over {
		return stream.Forever
	}
	return 0
}

// record reports whether data begin like a record; too few bytes may.
func record(data []byte) bool {
	return data[0] >= changeCipherSpec && data[0] <= applicationData && (len(data) < 2 || data[1] == 3)
}

// Content types of records and types of handshake messages (RFC 8446, sections
// 5.1 and 4).
const (
	changeCipherSpec = 20
	alert            = 21
	handshake        = 22
	applicationData  = 23

	clientHello = 1
	serverHello = 2
)

// begin begins a record, of which the head is there.
func (r *Reader) begin(c *Conn, sd stream.Side) {
	h := &c.sides[sd]
	h.left = int(h.head[3])<<8 | int(h.head[4])
	const most = 1<<14 + 2048 // RFC 5246, section 6.2.3
	if h.head[0] < changeCipherSpec || h.head[0] > applicationData || h.head[1] != 3 || h.left > most {
		r.end(c, Unknown, false)
		return
	}
	// In TLS 1.3 a ChangeCipherSpec changes nothing (RFC 8446, section D.4).
	changed := h.changed && c.h.Version != 0 && c.h.Version < TLS13
	switch {
	case h.head[0] == changeCipherSpec:
		h.changed = true
	case h.head[0] == alert && changed:
		r.end(c, Rejected, sd == c.client)
	case h.head[0] == applicationData || changed:
		h.encrypted++
		r.encrypted(c, sd, h.left)
	}
}

// encrypted takes an encrypted record of a side. Where both have sent one that
// is no alert, the handshake is over.
func (r *Reader) encrypted(c *Conn, sd stream.Side, size int) {
	other := &c.sides[sd.Other()]
	// The client's first record in TLS 1.3 is a Finished message of at least 36
	// bytes, or an alert of 2; both carry a type and a tag of 8 or 16 bytes (RFC
	// 8446, sections 5.2 and 4.4.4).
	const mostOfAlert = 2 + 1 + 16
	switch {
	case c.h.Version == TLS13 && sd == c.client && c.sides[sd].encrypted == 1 && size <= mostOfAlert:
		r.end(c, Rejected, true)
	case other.encrypted > 0 && (c.h.Version != TLS13 || sd == c.client):
		r.end(c, Opened, false)
	}
}

// fragment takes bytes of a record.
func (r *Reader) fragment(c *Conn, sd stream.Side, data []byte) {
	h := &c.sides[sd]
	if h.encrypted > 0 {
		return
	}
	switch h.head[0] {
	case handshake:
		r.messages(c, sd, data)
	case alert:
		h.alert = append(h.alert, data[:min(len(data), 2-len(h.alert))]...)
		if h.left == 0 && len(h.alert) == 2 {
			r.alert(c, sd, h.alert[0], Alert(h.alert[1]))
			h.alert = h.alert[:0]
		}
	}
}

// alert takes an alert of a side.
func (r *Reader) alert(c *Conn, sd stream.Side, level byte, a Alert) {
	const fatal = 2
	byClient := sd == c.client
	switch {
	case a == CloseNotify:
		r.end(c, Closed, byClient)
	case level == fatal:
		c.h.Alert = a
		r.end(c, Rejected, byClient)
	}
}

// messages takes bytes of handshake messages, of which only hellos are kept.
func (r *Reader) messages(c *Conn, sd stream.Side, data []byte) {
	const head = 4
	h := &c.sides[sd]
	for len(data) > 0 && !c.over {
		if len(h.message) < head {
			n := min(head-len(h.message), len(data))
			r.keep(h, data[:n])
			data = data[n:]
			if len(h.message) < head {
				return
			}
			h.body = int(h.message[1])<<16 | int(h.message[2])<<8 | int(h.message[3])
		}
		n := min(h.body, len(data))
		if hello := h.message[0] == clientHello || h.message[0] == serverHello; hello && len(h.message)+n <= maxHello && r.kept+n <= maxKept {
			r.keep(h, data[:n])
		}
		data = data[n:]
		if h.body -= n; h.body > 0 {
			return
		}
		switch body := reader(h.message[head:]); {
		case h.message[0] == clientHello && sd == c.client:
			c.h.clientHello(body)
		case h.message[0] == serverHello && sd != c.client:
			c.h.serverHello(body)
		}
		r.drop(h)
	}
}

// keep keeps bytes of a message.
func (r *Reader) keep(h *half, data []byte) {
	h.message = append(h.message, data...)
	r.kept += len(data)
}

// drop lets go of the bytes of a message.
func (r *Reader) drop(h *half) {
	r.kept -= len(h.message)
	h.message = nil
}

// Gap says that bytes of a side are missing. Within an encrypted record they do
// not matter.
func (r *Reader) Gap(c *stream.Conn, sd stream.Side, n int) (skip int64) {
	conn := c.State.(*Conn)
	h := &conn.sides[sd]
	if h.encrypted > 0 && h.left >= n {
		h.left -= n
		return 0
	}
	r.end(conn, Unknown, false)
	return stream.Forever
}

// End says that a side sends no more.
func (r *Reader) End(c *stream.Conn, sd stream.Side, how stream.End) {
	conn := c.State.(*Conn)
	switch how {
	case stream.Reset:
		r.end(conn, Reset, sd == conn.client)
	case stream.Closed:
		r.end(conn, Closed, sd == conn.client)
	default:
		r.end(conn, Unknown, false)
	}
}

// end calls found, once, with the outcome.
func (r *Reader) end(c *Conn, how Outcome, byClient bool) {
	if c.over {
		return
	}
	c.over = true
	r.drop(&c.sides[0])
	r.drop(&c.sides[1])
	c.h.Outcome, c.h.ByClient = how, byClient
	r.found(&c.h)
}

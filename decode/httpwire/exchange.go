// Package httpwire reads HTTP/1 from the two byte streams of a connection and
// pairs each request with its response.
//
// Which streams are HTTP is told by their content, never by a port, and which
// end is the client by who sends requests. Of a message only the head is read;
// a body is counted and skipped. What a phone sends is taken as it comes: raw
// blanks and bytes above 0x7f in a target, missing versions, bare line feeds.
//
// Where bytes are missing, the reader loses the message that they belong to
// and goes on with the next segment that begins like a message.
package httpwire

import (
	"net/netip"

	"actionurl/decode/packet"
	"actionurl/decode/stream"
)

// A Reason says why a request has no response.
type Reason uint8

const (
	Answered    Reason = iota // it has one
	Timeout                   // none came in time
	ResetByPeer               // the connection was reset first
	ClosedFirst               // the server closed the connection first
	NotCaptured               // the capture ended first, or lacks that part of the connection
)

// String returns the name used in every output.
func (r Reason) String() string {
	return [...]string{"", "timeout", "reset", "closed", "not_captured"}[r]
}

// An Exchange is an HTTP request, and the response to it where there is one. Its
// strings stay valid, but share memory with those of others: one that is kept
// for long is to be cloned.
type Exchange struct {
	// Origin is the frame that completes the request's head.
	packet.Origin

	Client, Server netip.AddrPort

	Method    string
	Target    string // exactly as sent; any bytes but line feeds
	Host      string // of the Host header
	Version   string // "HTTP/1.1"; empty where the request has none
	UserAgent string

	ContentLength int64 // as the request says; -1 for nothing said
	Cut           bool  // the capture holds only the beginning of its head
	Gap           bool  // bytes of its connection are missing between it and its response

	Status  int   // of the response; 0 if none, or without a status line
	Latency int64 // nanoseconds from Time to the response's first byte; valid iff NoResponse == Answered

	// Done is set when Status, Latency and NoResponse are final.
	Done       bool
	NoResponse Reason

	conn   *conn
	next   *Exchange   // in the connection's queue
	side   stream.Side // the client's
	ack    uint32      // what the client had received when it began to send it
	end    uint32      // sequence number behind its head
	hasAck bool
}

// TextSize returns how many bytes the strings of the exchange take.
func (x *Exchange) TextSize() int {
	return len(x.Target) + len(x.Host) + len(x.UserAgent) + len(x.Version)
}

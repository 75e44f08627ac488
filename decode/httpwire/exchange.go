// Package httpwire reads HTTP/1 from the two byte streams of a connection and
// pairs each request with its response.
//
// Content decides which streams are HTTP, never a port, and the end that sends
// requests is the client. Only the head of a message is read; a body is counted
// and skipped. What a phone sends is read as it comes: raw spaces and bytes above
// 0x7f in a target, missing versions, bare line feeds.
//
// Where bytes are missing, the reader makes an exchange of a request whose line
// is complete, gives up what is left of the message, and goes on with the next
// segment that begins like one.
//
// Responses belong to requests in their order (RFC 9112, section 9.3.2). After a
// hole sequence numbers decide: a response begins where the client's
// acknowledgement stood when it sent the request (pairing.go).
package httpwire

import (
	"net/netip"

	"actionurl/decode/packet"
	"actionurl/decode/stream"
)

// A Reason says why a request has no response.
type Reason uint8

const (
	Answered       Reason = iota // it has one
	Timeout                      // none came in time
	ResetByPeer                  // the server reset the connection first
	ClosedFirst                  // the server closed its side first, maybe after the client
	NotCaptured                  // the capture ended first, or lacks that part of the connection
	NotHTTP                      // what came is not HTTP
	Unacknowledged               // nor has the server acknowledged the request: it did not reach it
	Aborted                      // the client reset the connection first
	Reasons                      // how many there are
)

// String returns the name used in every output.
func (r Reason) String() string {
	return [Reasons]string{"", "timeout", "reset", "closed", "not_captured", "not_http", "unacknowledged", "aborted"}[r]
}

// An Exchange is an HTTP request, and the response to it where there is one. Its
// strings stay valid, but share memory with those of others: clone one that is
// kept for long.
type Exchange struct {
	// Origin is the frame that completes the request's head, or the last one
	// that has a part of a head that is cut.
	packet.Origin

	Client, Server netip.AddrPort

	Method    string
	Target    string // exactly as sent; any bytes except line feeds
	Host      string // of the Host header
	Version   string // "HTTP/1.1"; empty where the request has none
	UserAgent string

	TLS           string // version and cipher suite, of a request that was decrypted; else empty
	ContentLength int64  // as the request says; -1 if it does not
	ContentType   string
	Credentials   bool // the request has some (RFC 9110, section 11)
	// Body is the beginning of what a POST sends, at most MaxBody bytes, without
	// what chunks add. BodySize is how many bytes came of any request's body.
	// Neither is final before Done, and what Body holds is not changed.
	Body     []byte
	BodySize int64

	Late bool // it was collected out of turn: rows of later times were written before it

	Cut bool // the capture holds only the beginning of its head
	Gap bool // the capture lost something while it waited for its response

	Status   int    // of the response; 0 if none, or without a status line
	Location string // of a redirect, at most 512 bytes; empty for none
	Latency  int64  // nanoseconds from Time to the response's first byte; valid iff NoResponse == Answered
	Reply    string // the first bytes of what came in place of a response; empty unless NoResponse == NotHTTP

	// Also is where else the same request was seen, as before and after an address
	// translator: "IP:port > IP:port".
	Also []string

	// Done is set when Status, Latency, NoResponse and Reply are final.
	Done       bool
	NoResponse Reason

	conn      *conn
	next      *Exchange   // in the connection's queue
	first     *Exchange   // of which it is a copy, if its uses are firstUses; nil for none
	side      stream.Side // the client's
	ack       uint32      // what the client had received when it began to send it
	end       uint32      // sequence number after its head
	uses      uint32      // how often it was used for a request
	firstUses uint32
	late      int32 // requests right before it that were given up and may still be answered
	hasAck    bool
	second    bool // a copy of it has the response that Status, Location and Latency are of
	holed     bool // its head ends at a hole
	unsure    bool // the requests before it may have been missed, so its response is not known
}

// TextSize returns how many bytes the strings of the request's head take, which
// are there from the beginning on.
func (x *Exchange) TextSize() int {
	return len(x.Target) + len(x.Host) + len(x.UserAgent) + len(x.Version) + len(x.ContentType)
}

// Size returns how many bytes the strings and the body take.
func (x *Exchange) Size() int {
	return x.TextSize() + len(x.Location) + len(x.Reply) + len(x.Body) + placeCost*len(x.Also)
}

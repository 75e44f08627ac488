// Package tls follows TLS connections as far as they can be read without a
// key: to the end of the handshake, or to the reason why it failed.
//
//  1. A [Reader] splits the bytes of each side into records (RFC 8446,
//     section 5.1; RFC 5246, section 6.2).
//
//  2. The hellos say who is asked for, and which version and cipher suite the
//     ends agree on.
//
//  3. Records that are encrypted on both sides say that the handshake is over;
//     an alert, an answer that is not TLS, or an early end, that it failed.
//
//  4. Where [Secrets] hold the keys of a connection, its records are decrypted,
//     and what is inside is handed on like the bytes of any stream: a hole
//     costs the records that it hits, and the next that can be read goes on. So is
//     a renegotiation, and what follows it.
//
//  5. While a key log grows, a connection without keys waits for them a while:
//     what it says is kept, and read when they come.
//
// A connection whose hellos were not captured whole is not followed. Early data
// (RFC 8446, section 2.3) is not read.
package tls

import (
	"fmt"
	"net/netip"

	"actionurl/decode/packet"
)

const (
	// maxHello bounds the bytes kept of a hello; browsers' are 2 KiB at most. What
	// is beyond is not read.
	maxHello = 4 << 10

	// maxKept bounds the bytes of all hellos that have come in part, or whose
	// answer is to come: 2 MiB.
	maxKept = 2 << 20

	// maxHandshakes bounds the connections whose handshake is not over: 8,192 of 512
	// bytes and what the hellos say, at most 1 KiB or so; where there are secrets, of
	// 1 KiB more. 12 MiB, 20 with secrets. Others are not followed, and counted.
	maxHandshakes = 8 << 10

	// maxRecord bounds the bytes of a record (RFC 5246, section 6.2.3).
	maxRecord = 1<<14 + 2048

	// maxRecords bounds the bytes of all records that have come in part, and of the
	// connections that wait for keys: 8 MiB. What is beyond is lost.
	maxRecords = 8 << 20

	// maxWaiting bounds those of a connection that waits for keys.
	maxWaiting = 128 << 10

	// maxWait is how long a connection waits for keys, in nanoseconds of capture
	// time.
	maxWait = 5e9

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

	Unread Reason // why what is inside cannot be read; of Opened, and JoinedLate of Unknown
	Early  bool   // the client sent data before the server's hello, which is not read (RFC 8446, section 2.3)

	offersEarly, offersHTTP2 bool
}

// A Reason says why a connection cannot be read.
type Reason uint8

const (
	Decrypted    Reason = iota // it can
	NoKey                      // nothing given decrypts it
	NoSession                  // it resumes a session whose handshake was not captured
	UnknownSuite               // of a cipher suite that is only named
	OldVersion                 // SSL 3.0
	HTTP2                      // HTTP/2 is inside
	JoinedLate                 // its beginning was not captured, or not whole
	Reasons                    // how many there are
)

// String returns the reason in words.
func (r Reason) String() string {
	return [...]string{
		"decrypted", "no key", "resumed without its first handshake", "unknown cipher suite",
		"SSL 3.0", "HTTP/2 inside", "joined late",
	}[r]
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
	CloseNotify          Alert = 0
	HandshakeFailure     Alert = 40
	BadCertificate       Alert = 42
	UnknownCA            Alert = 48
	AccessDenied         Alert = 49
	ProtocolVersion      Alert = 70
	InsufficientSecurity Alert = 71
	NoAlert              Alert = 255
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
	case InsufficientSecurity:
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
